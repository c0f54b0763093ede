"""What a person makes of what an ear hears: tones by their frequency and cadence, speech, silence.

An own table of the Russian tones (consultant.ru LAW_93993, table 1), not the exchange's, and no code of its
detectors: a tone that leaves the exchange wrong is not recognised here.
"""

from dataclasses import dataclass
from enum import StrEnum

from gateway.simulator import meters
from gateway.simulator.meters import Match, Stretch
from gateway.simulator.wires import SAMPLES_PER_MS, Device

TONE_HZ = 425.0
TONE_TOLERANCE_HZ = 25.0
QUIET_DBM0 = -50.0
HOWLER_HZ = (1400.0, 2060.0, 2450.0, 2600.0)
LAG_MS = 200.0
"""How much later than it was said a sound may be heard."""
LISTENS_MS = 6_200
SETTLING_MS = 1_100
"""A tone that has lasted longer than the longest burst (ringback 1.1 s) is a dial tone."""


class Heard(StrEnum):
    """What a person would say that they hear."""

    SILENCE = "silence"
    DIAL = "dial tone"
    RINGBACK = "ringback"
    BUSY = "busy tone"
    CONGESTION = "congestion tone"
    HOWLER = "howler"
    TONE = "a tone"
    SOUND = "speech or music"


@dataclass(frozen=True, slots=True)
class _Cadence:
    kind: Heard
    on_ms: tuple[int, int]
    off_ms: tuple[int, int]


CADENCES = (
    _Cadence(Heard.RINGBACK, (900, 1_100), (3_600, 4_400)),
    _Cadence(Heard.BUSY, (300, 400), (300, 400)),
    _Cadence(Heard.CONGESTION, (150, 200), (150, 200)),
)
EDGE_MS = 10  # the meter's own error


class Ear:
    """The ear of a telephone or of a city subscriber, and its mouth's memory, by time."""

    def __init__(self, device: Device) -> None:
        self.device = device

    @property
    def now_ms(self) -> float:
        """The ear's clock: milliseconds of sound so far."""
        return self.device.position / SAMPLES_PER_MS

    def heard(self, start_ms: float, stop_ms: float) -> bytes:
        """Samples heard between two times of the ear's clock."""
        return self.device.heard(round(start_ms * SAMPLES_PER_MS), round(stop_ms * SAMPLES_PER_MS))

    def said(self, start_ms: float, stop_ms: float) -> bytes:
        """Samples that the mouth said meanwhile."""
        return self.device.said(round(start_ms * SAMPLES_PER_MS), round(stop_ms * SAMPLES_PER_MS))

    def last(self, duration_ms: float) -> bytes:
        """The last so many milliseconds."""
        return self.heard(self.now_ms - duration_ms, self.now_ms)

    def level_dbm0(self, duration_ms: float = 500.0) -> float:
        """Level over the last so many milliseconds."""
        return meters.level_dbm0(self.last(duration_ms))

    def cadence(self, duration_ms: float, frequency_hz: float = TONE_HZ) -> list[Stretch]:
        """When a tone was there, over the last so many milliseconds."""
        return meters.cadence(self.last(duration_ms), frequency_hz)

    def hears(self) -> Heard:
        """What is heard just now, judged from the last seconds."""
        stretches = self.cadence(LISTENS_MS)
        kind = _tone(stretches)
        if kind is not None:
            return kind
        recent = self.last(400)
        if _is_howler(recent):
            return Heard.HOWLER
        return Heard.SILENCE if meters.level_dbm0(recent) < QUIET_DBM0 else Heard.SOUND

    def finds(self, speaker: "Ear", duration_ms: float = 1_000.0) -> Match:
        """How much of what ``speaker`` said in the last milliseconds is heard here (at most 200 ms later)."""
        end_ms = speaker.now_ms - LAG_MS
        reference = speaker.said(end_ms - duration_ms, end_ms)
        return meters.match(reference, self.heard(self.now_ms - duration_ms - LAG_MS, self.now_ms))


def _tone(stretches: list[Stretch]) -> Heard | None:
    """The tone that lasts now: a steady one, a known cadence, a burst that has only begun, or None."""
    if not any(stretch.on for stretch in stretches):
        return None
    last = stretches[-1]
    if last.on and last.duration_ms > SETTLING_MS + 100:
        return Heard.DIAL
    whole = stretches[1:-1]  # the first may have begun before, the last is not over
    for cadence in CADENCES:
        if _fits(cadence, whole, last):
            return cadence.kind
    return Heard.TONE if last.on and last.duration_ms >= 50 else None


def _fits(cadence: _Cadence, whole: list[Stretch], last: Stretch) -> bool:
    limit_ms = (cadence.on_ms if last.on else cadence.off_ms)[1] + EDGE_MS
    if last.duration_ms > limit_ms or not any(stretch.on for stretch in whole):
        return False
    recent = whole[-4:]
    return all(_within(stretch, cadence) for stretch in recent)


def _within(stretch: Stretch, cadence: _Cadence) -> bool:
    low_ms, high_ms = cadence.on_ms if stretch.on else cadence.off_ms
    return low_ms - EDGE_MS <= stretch.duration_ms <= high_ms + EDGE_MS


def _is_howler(samples: bytes) -> bool:
    level = meters.level_dbm0(samples)
    return level > QUIET_DBM0 and all(
        meters.tone_dbm0(samples, frequency_hz) > level - 12.0 for frequency_hz in HOWLER_HZ
    )
