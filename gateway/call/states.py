"""The states of a call, in a file of their own because every service leads from one to another."""

from enum import Enum, auto


class CallState(Enum):
    """Where a call is."""

    NEW = auto()
    OFFERING = auto()  # stations ring; the caller hears ringback
    SEIZING = auto()  # a city line is being seized and dialled
    PROCEEDING = auto()  # dialled; the caller hears the line, nobody has answered yet
    WAITING = auto()  # in a queue
    PRESENTED = auto()  # first in its queue, members ring
    RESTING = auto()  # no member answered: a pause before they are rung again
    TALKING = auto()
    HELD = auto()
    RECALLING = auto()  # the holder hung up: his telephone rings to take the call back
    ENDED = auto()
