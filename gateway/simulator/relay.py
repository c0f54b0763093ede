"""Twin of the power-fail relay: a charge pump with a coil, in virtual or real time.

The pump: each change of the pin brings charge, and what it has leaks away; the coil pulls in above one
level and lets go below a lower one, as relays do. A pin that stands still, at either level, brings nothing.
"""

import math

from gateway.interfaces import Clock
from gateway.model.numbers import NS_PER_MS
from gateway.model.settings import RelaySettings

PULLS_IN = 0.75
LETS_GO = 0.25
"""Of the charge that a steady toggling brings; DC relays let go at 10 to 40 % of what pulls them in."""


class SimulatedRelay:
    """Implements `gateway.interfaces.Relay`. After the last change it holds for the settings'
    ``release_ms``.
    """

    def __init__(self, clock: Clock, settings: RelaySettings) -> None:
        self._clock = clock
        self._leak_ns = settings.release_ms * NS_PER_MS / math.log(1 / LETS_GO)
        half_ns = 500 * NS_PER_MS / settings.toggle_hz
        self._share = 1 - math.exp(-half_ns / self._leak_ns)
        """Of the full charge that a change brings: a steady toggling keeps it full."""
        self._charge = 0.0
        self._at_ns = clock.monotonic_ns()
        self._pulled_in = False
        self._stopped = False
        self.in_use = False
        """Somebody talks on the line; set by whoever plays the lifeline telephone."""

    def toggle(self) -> None:
        """Turn the pin over."""
        self._leak()
        if not self._stopped:
            self._charge = min(1.0, self._charge + self._share)
        self._settle()

    def line_in_use(self) -> bool:
        """What the detector at the line says."""
        return self.in_use

    def stop(self) -> None:
        """No more charge."""
        self._stopped = True

    @property
    def held(self) -> bool:
        """Whether the coil is pulled in: the line is the gateway's, and not the lifeline telephone's."""
        self._leak()
        return self._pulled_in

    def _leak(self) -> None:
        now_ns = self._clock.monotonic_ns()
        self._charge *= math.exp(-(now_ns - self._at_ns) / self._leak_ns)
        self._at_ns = now_ns
        self._settle()

    def _settle(self) -> None:
        if self._charge >= PULLS_IN:
            self._pulled_in = True
        elif self._charge <= LETS_GO:
            self._pulled_in = False
