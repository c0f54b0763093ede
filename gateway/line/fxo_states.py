"""The states of a city line, shared by the files of its services."""

from enum import Enum, auto


class FxoState(Enum):
    """What the line is doing."""

    IDLE = auto()
    NAMED = auto()  # some countries say who calls before the first ring
    RINGING = auto()  # the city calls; who calls may come between the first two rings
    RUNG = auto()  # the city calls, and who calls is known, or will not be
    ASKING = auto()  # loop closed, for the caller's number only: the city's exchange is asked for it
    ASKED = auto()  # that is over; the caller hears our ringback until somebody answers
    UNWANTED = auto()  # the city calls and nobody will answer: it rings until the caller gives up
    MEASURING = auto()  # loop closed for a look at dial tone, nobody's call
    SEIZING = auto()  # loop closed, waiting for dial tone
    DIALLING = auto()  # tones
    PULSING = auto()  # one digit in breaks of the loop
    PAUSING = auto()
    PROBING = auto()  # dialled: does dial tone break?
    AWAITING = auto()  # an access code was dialled: waiting for the next dial tone
    CALLING = auto()  # dialled: the far end has not answered
    STRAIGHT = auto()  # connected straight through to its own telephone, which dials and listens for itself
    TALKING = auto()
    GUARD = auto()  # released; not seized again yet
    SEIZE_AFTER_GUARD = auto()  # its own telephone was lifted meanwhile
    LINGERING = auto()  # released, and the loop's current does not stop
    TESTING = auto()  # seized by ourselves, to see whether it works again
    FAILED = auto()
