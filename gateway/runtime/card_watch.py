"""What the figures of the sound cards say, once a second: which has gone, which is back, whose clock is off.

Pure: a look at the signal core's figures goes in, events for the exchange come out.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.media.core import CoreStatistics, PortStatistics
from gateway.model.events import CardDrifts, Event, PortFailed, PortRestored
from gateway.model.numbers import PortId
from gateway.model.settings import AudioKind, PortSettings

WELL_LOOKS = 2
"""A card that came back has given sound between so many looks in a row, before its port counts as well."""
CLOCK_LIMIT_PPM = 500
"""Crystals of sound cards are ±50 ppm, clones ±100 to ±300: beyond this something is wrong with a card."""
CLOCK_BACK_PPM = 400
CLOCK_LOOKS = 31
"""A clock is what a card gave between the first and the last of so many looks: 30 s, in which a card whose
pointers move by a millisecond is known to 33 ppm."""
SAMPLES_A_TICK = 80


@dataclass(frozen=True, slots=True)
class Look:
    """``events`` are for the exchange; the cards of the ports ``away`` are to be brought back."""

    events: tuple[Event, ...]
    away: tuple[PortSettings, ...]


@dataclass(slots=True)
class _Watched:
    lost: bool = False
    samples: int = 0
    well: int = 0
    drifts: bool = False
    losses: tuple[int, ...] = ()
    counted: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=CLOCK_LOOKS))
    """Ticks and samples at each look since something was lost."""

    def count(self, ticks: int, samples: int, losses: tuple[int, ...]) -> None:
        """What was lost on either side counts for nothing."""
        if losses != self.losses:
            self.counted.clear()
            self.losses = losses
        self.counted.append((ticks, samples))

    @property
    def clock_ppm(self) -> int | None:
        """The card's clock against ours, None while it is not known."""
        if len(self.counted) < CLOCK_LOOKS:
            return None
        (first_tick, first), (last_tick, last) = self.counted[0], self.counted[-1]
        due = (last_tick - first_tick) * SAMPLES_A_TICK
        return round(1e6 * ((last - first) / due - 1)) if due > 0 else None


class CardWatch:
    """Watches the ports of a board that are sound cards; those of ``missing`` were not there at the start."""

    def __init__(self, ports: Iterable[PortSettings], missing: Iterable[PortId] = ()) -> None:
        self._ports = [port for port in ports if port.audio is AudioKind.ALSA]
        lost = set(missing)
        self._watched = {port.port: _Watched(lost=port.port in lost) for port in self._ports}

    def look(self, figures: CoreStatistics) -> Look:
        """Once a second."""
        events: list[Event] = []
        away: list[PortSettings] = []
        for port in self._ports:
            now, watched = figures.port(port.node), self._watched[port.port]
            events.extend(_of_presence(port, now, watched))
            if watched.lost and now.card_gone:
                away.append(port)
            if not watched.lost:
                losses = (now.capture_xruns, now.playback_xruns, now.lost_frames, figures.ticks_missed)
                watched.count(figures.ticks, now.captured_samples, losses)
                events.extend(_of_clock(port, watched))
            watched.samples = now.captured_samples
        return Look(tuple(events), tuple(away))

    def clock_ppm(self, port: PortId) -> int | None:
        """A card's clock against ours (positive: too fast), counted over the last half minute; None while it
        is not known.
        """
        return self._watched[port].clock_ppm


def _of_presence(port: PortSettings, now: PortStatistics, watched: _Watched) -> Iterable[Event]:
    if now.card_gone:
        watched.well = 0
        if not watched.lost:
            watched.lost, watched.drifts = True, False
            watched.counted.clear()
            remedy = "plug it in again, and the port works by itself"
            yield PortFailed(port.port, f"sound card {port.card} has gone or hangs: {remedy}")
        return
    watched.well = watched.well + 1 if now.captured_samples > watched.samples else 0
    if watched.lost and watched.well >= WELL_LOOKS:
        watched.lost = False
        yield PortRestored(port.port)


def _of_clock(port: PortSettings, watched: _Watched) -> Iterable[Event]:
    ppm = watched.clock_ppm
    if ppm is None:
        return
    if not watched.drifts and abs(ppm) >= CLOCK_LIMIT_PPM:
        watched.drifts = True
        yield CardDrifts(port.port, ppm, beyond=True)
    elif watched.drifts and abs(ppm) <= CLOCK_BACK_PPM:
        watched.drifts = False
        yield CardDrifts(port.port, ppm, beyond=False)
