"""Whether the power-fail relay may be held: pure.

The relay's resting contacts join a city line to a telephone without us. Its coil is held by a charge pump
that lives on a toggling pin, so that a process which hangs, dies or leaves the pin high lets go of it. We
toggle as long as we can carry a call: this is asked every half period, and the audio has ticked since.
Before the coil is pulled in for the first time, or again, the line must have been free for a while:
somebody may be talking on it.
"""

from enum import Enum, auto

from gateway.model.numbers import NS_PER_MS

AUDIO_STILL_MS = 1_000
"""Without a tick for so long, we can carry no call. With the charge pump's `release_ms` (at most 1,000) the
relay lets go within 2 s."""
LINE_FREE_MS = 1_000
"""A pulse dialled on the lifeline breaks its loop for a tenth of that; an exchange's own break is shorter."""


class LifelineState(Enum):
    """Where the line is."""

    WAITING = auto()
    """The relay is released, and somebody talks on the line through it."""
    HELD = auto()
    """The line is ours."""
    RELEASED = auto()
    """The relay is let go, or never was held, since no call could be carried."""


class Lifeline:
    """One relay. `step` says whether the pin is to be toggled now."""

    def __init__(self) -> None:
        self.state = LifelineState.RELEASED
        self._ticks: int | None = None
        self._ticked_ns: int | None = None
        self._free_ns: int | None = None

    def step(self, now_ns: int, *, audio_ticks: int, line_in_use: bool) -> bool:
        """Whether to toggle. ``line_in_use``: current flows in the line, as far as the board sees it."""
        if self._ticks is not None and audio_ticks != self._ticks:
            self._ticked_ns = now_ns
        self._ticks = audio_ticks
        if self._ticked_ns is None or now_ns - self._ticked_ns > AUDIO_STILL_MS * NS_PER_MS:
            self.state, self._free_ns = LifelineState.RELEASED, None
        elif self.state is not LifelineState.HELD:
            self._wait_for_line(now_ns, line_in_use)
        return self.state is LifelineState.HELD

    def _wait_for_line(self, now_ns: int, line_in_use: bool) -> None:
        self.state = LifelineState.WAITING
        if line_in_use:
            self._free_ns = None
        elif self._free_ns is None:
            self._free_ns = now_ns
        if self._free_ns is not None and now_ns - self._free_ns >= LINE_FREE_MS * NS_PER_MS:
            self.state = LifelineState.HELD
