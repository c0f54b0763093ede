"""What is peculiar to a city's exchange as one line shows it: its tones, its bell, how it tells who calls,
and by which signs it ends a call.

The default is an ordinary electronic exchange in Russia: tones as in LAW_93993, table 1 (425 Hz).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.simulator.wires import MessageFormat, Modulation

TONE_DBM0 = -10.0


class IdentityScheme(StrEnum):
    """How the exchange tells who calls, after the first ring."""

    NONE = "none"
    FSK = "fsk"
    DTMF_A = "dtmf A..C"  # A number C: China, Taiwan
    DTMF_D = "dtmf D..C"  # D number C: Denmark, the Netherlands, India


@dataclass(frozen=True, slots=True)
class CityTone:
    """A tone: sines at ``level_dbm0`` each; ``cadence_ms`` is on, off, on, off ..., none: for ever."""

    frequencies_hz: tuple[float, ...]
    cadence_ms: tuple[int, ...] = ()
    level_dbm0: float = TONE_DBM0


@dataclass(frozen=True, slots=True)
class CityCharacter:
    """One line's exchange. Times in ms.

    ``over_tone_dbm0`` is somebody who is heard over its busy tone (crosstalk, a line not quite cut); None:
    nobody. ``reverses``: the polarity turns at the answer and back at the end; ``breaks_ms``: so long is the
    loop without current when the far end has left (0: it is not).
    """

    dial: CityTone = field(default_factory=lambda: CityTone((425.0,)))
    ringback: CityTone = field(default_factory=lambda: CityTone((425.0,), (1_000, 4_000)))
    busy: CityTone = field(default_factory=lambda: CityTone((425.0,), (350, 350)))
    congestion: CityTone = field(default_factory=lambda: CityTone((425.0,), (175, 175)))
    ring_ms: Sequence[int] = (1_000, 4_000)
    ring_hz: int = 25
    dial_tone_after_ms: int = 250
    busy_after_ms: int = 200
    identity: IdentityScheme = IdentityScheme.FSK
    identity_after_ms: int = 600
    """From the end of the first ring."""
    modulation: Modulation = Modulation.V23
    message: MessageFormat = MessageFormat.MDMF
    identity_dbm0: float = -13.5
    over_tone_dbm0: float | None = None
    reverses: bool = False
    breaks_ms: int = 0


ORDINARY = CityCharacter()
