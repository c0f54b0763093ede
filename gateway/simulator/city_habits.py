"""What differs from one exchange of the city to another: its tones, and how it tells that a party has left.

Tones as in LAW_93993, table 1 (425 Hz); the special information tone as in ITU-T E.180; the howler is the
North American one.
"""

from dataclasses import dataclass
from enum import StrEnum

from gateway.model.settings import PulseDigits

TONE_HZ = (425.0,)
TONE_DBM0 = -10.0
RINGBACK_MS = (1_000, 4_000)
BUSY_MS = (350, 350)
CONGESTION_MS = (175, 175)
STUTTER_MS = (100, 100)
SIT_HZ = (950.0, 1400.0, 1800.0)
SIT_BURST_MS = 330
HOWLER_HZ = (1400.0, 2060.0, 2450.0, 2600.0)
HOWLER_DBM0 = -10.0  # each
HOWLER_MS = (100, 100)


class Farewell(StrEnum):
    """How the exchange tells us that the far end has left."""

    BUSY = "busy tone"
    CONGESTION = "congestion tone"
    DIAL_TONE = "dial tone"
    STUTTER = "stutter dial tone"
    SIT = "special information tone"
    HOWLER = "howler"
    LOOP_BREAK = "loop break"
    POLARITY = "polarity"
    CODE = "digits"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Habits:
    """What differs from exchange to exchange. With ``reverses`` the polarity turns at the answer and back at
    the end. One that does not take tones hears pulses only. ``code`` is what `Farewell.CODE` sends,
    ``break_ms`` how long the current is gone.
    """

    farewell: Farewell = Farewell.BUSY
    reverses: bool = False
    takes_tones: bool = True
    pulse_digits: PulseDigits = PulseDigits.NORMAL
    code: str = "#9"
    break_ms: int = 500
