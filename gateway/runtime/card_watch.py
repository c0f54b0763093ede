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
CLOCK_LOOKS = 8
"""So many looks in a row must agree: a clock is known only some seconds after a start or an xrun ..."""
CLOCK_SPREAD_PPM = 100
"""... and while they differ by more it is not known yet."""


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
    clock_ppm: deque[float] = field(default_factory=lambda: deque(maxlen=CLOCK_LOOKS))


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
                events.extend(_of_clock(port, now, watched))
            watched.samples = now.captured_samples
        return Look(tuple(events), tuple(away))


def _of_presence(port: PortSettings, now: PortStatistics, watched: _Watched) -> Iterable[Event]:
    if now.card_gone:
        watched.well = 0
        if not watched.lost:
            watched.lost, watched.drifts = True, False
            watched.clock_ppm.clear()
            remedy = "plug it in again, and the port works by itself"
            yield PortFailed(port.port, f"sound card {port.card} has gone or hangs: {remedy}")
        return
    watched.well = watched.well + 1 if now.captured_samples > watched.samples else 0
    if watched.lost and watched.well >= WELL_LOOKS:
        watched.lost = False
        yield PortRestored(port.port)


def _of_clock(port: PortSettings, now: PortStatistics, watched: _Watched) -> Iterable[Event]:
    known = watched.clock_ppm
    known.append(now.capture_ppm)
    if len(known) < CLOCK_LOOKS or max(known) - min(known) > CLOCK_SPREAD_PPM:
        return
    least = min(abs(ppm) for ppm in known)
    if not watched.drifts and least >= CLOCK_LIMIT_PPM:
        watched.drifts = True
        yield CardDrifts(port.port, round(now.capture_ppm), beyond=True)
    elif watched.drifts and max(abs(ppm) for ppm in known) <= CLOCK_BACK_PPM:
        watched.drifts = False
        yield CardDrifts(port.port, round(now.capture_ppm), beyond=False)
