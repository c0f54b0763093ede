"""What each party hears: the plan, country tone plans, session descriptions, and the one crossing into C
(`core`).
"""
