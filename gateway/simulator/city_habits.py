"""What differs from one exchange of the city to another: which digits it takes, and how it tells that a party
has left. What its usual tones are is its `CityCharacter`.

The special information tone is that of ITU-T E.180, the howler the North American one.
"""

from dataclasses import dataclass
from enum import StrEnum

from gateway.model.settings import PulseDigits
from gateway.simulator.city_character import CityCharacter, CityTone

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


def farewell_tones(farewell: Farewell, character: CityCharacter) -> tuple[tuple[CityTone, int], ...]:
    """The tones of a farewell one after another, and how long each lasts in ms (0: for ever); none where the
    exchange plays none.
    """
    dial = character.dial
    match farewell:
        case Farewell.BUSY:
            return ((character.busy, 0),)
        case Farewell.CONGESTION:
            return ((character.congestion, 0),)
        case Farewell.DIAL_TONE:
            return ((dial, 0),)
        case Farewell.STUTTER:
            return ((CityTone(dial.frequencies_hz, STUTTER_MS, dial.level_dbm0), 0),)
        case Farewell.SIT:
            return tuple((CityTone((hz,)), SIT_BURST_MS) for hz in SIT_HZ)
        case Farewell.HOWLER:
            return ((CityTone(HOWLER_HZ, HOWLER_MS, HOWLER_DBM0), 0),)
        case Farewell.LOOP_BREAK | Farewell.POLARITY | Farewell.CODE | Farewell.NOTHING:
            return ()
