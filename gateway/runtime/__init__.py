"""What carries events in and actions out: the pump, its timers, the trace, and the supervisor. Decides
nothing.
"""
