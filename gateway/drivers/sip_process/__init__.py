"""The SIP process: sofia-sip, digests and limits, in a process of its own (``python -m
gateway.drivers.sip_process``).
"""
