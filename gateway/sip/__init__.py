"""What we say in SIP, pure: digests, rate limits, bindings, causes, and the messages between gateway and
SIP process.
"""
