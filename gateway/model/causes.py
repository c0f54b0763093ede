"""Why a call or a leg ended: Q.850 causes, and how we knew (supervision evidence)."""

from enum import IntEnum, StrEnum


class Cause(IntEnum):
    """ITU-T Q.850 cause values that the exchange uses."""

    UNALLOCATED_NUMBER = 1
    NORMAL_CLEARING = 16
    USER_BUSY = 17
    NO_USER_RESPONDING = 18
    NO_ANSWER = 19
    SUBSCRIBER_ABSENT = 20
    CALL_REJECTED = 21
    DESTINATION_OUT_OF_ORDER = 27
    INVALID_NUMBER = 28
    NORMAL_UNSPECIFIED = 31
    NO_CIRCUIT = 34
    NETWORK_OUT_OF_ORDER = 38
    TEMPORARY_FAILURE = 41
    CONGESTION = 42
    BEARER_NOT_AVAILABLE = 58
    INCOMPATIBLE = 88
    RECOVERY_ON_TIMER = 102
    INTERWORKING = 127


class Evidence(StrEnum):
    """How we knew that a party answered or left; both go into the call's record."""

    HOOK = "hook"  # our own telephone's contact
    SIP = "sip"  # a SIP message
    POLARITY = "polarity"
    LOOP_BREAK = "loop_break"
    BUSY_TONE = "busy_tone"
    CONGESTION_TONE = "congestion_tone"
    SIT = "sit"  # special information tone
    HOWLER = "howler"
    DIAL_TONE = "dial_tone"
    DTMF_CODE = "dtmf_code"  # the exchange's own sign that its party has gone
    SILENCE = "silence"  # nobody has spoken for long, nor after a warning
    LONGEST_CALL = "longest_call"  # no call may last longer
    VOICE = "voice"  # somebody spoke
    RINGBACK_ENDED = "ringback_ended"
    RINGING_STOPPED = "ringing_stopped"
    DIALLING_DONE = "dialling_done"
    TIMER = "timer"
    RESTART = "restart"  # the gateway was cut in the middle of the call
    SIP_STACK_LOST = "sip_stack_lost"
    HARDWARE = "hardware"  # a port or its sound card failed
    CONFIGURATION = "configuration"  # no such number, nobody to ring, no free line: we said no ourselves
    MODEM = "modem"  # a modem said so: its own words, or the list of its calls
    MEDIA = "media"  # no packet came any more
    BUG = "bug"  # a mistake of ours ended this call; the rest went on
    ADMINISTRATOR = "administrator"
