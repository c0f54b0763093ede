"""Holds the power-fail relay for as long as the gateway can carry a call; the decision is
`gateway.line.lifeline`.

It runs on the thread of the exchange: when that hangs, nobody toggles. Until the line is ours, its port has
failed for the exchange, with the reason.
"""

import asyncio
from collections.abc import Callable

from gateway.errors import HardwareError
from gateway.interfaces import Clock, EventSink, Relay
from gateway.line.lifeline import Lifeline, LifelineState
from gateway.model.events import PortFailed, PortRestored
from gateway.model.settings import BoardSettings, RelaySettings
from gateway.runtime.supervisor import pause
from gateway.simulator.relay import SimulatedRelay

REASONS = {
    LifelineState.WAITING: "the power-fail relay still has the line: somebody talks on it, or did just now",
    LifelineState.RELEASED: "the power-fail relay has the line: the audio stands still",
}


def make_relay(board: BoardSettings, clock: Clock) -> Relay | None:
    """The board's relay or its twin; `HardwareError` when its pins cannot be had."""
    if board.relay is None:
        return None
    if board.relay.simulated:
        return SimulatedRelay(clock, board.relay)
    from gateway.drivers.relay import PinRelay  # gpiod is only where pins are

    return PinRelay(board.relay, board.gpio)


class LifelineKeeper:
    """Asks, toggles and tells. `step` is one half period; `run` is all of them."""

    def __init__(
        self,
        settings: RelaySettings,
        relay: Relay,
        clock: Clock,
        audio_ticks: Callable[[], int],
        tell: EventSink,
    ) -> None:
        self.lifeline = Lifeline()
        self.failure = ""
        """Why the pin cannot be worked; empty while it can."""
        self._settings = settings
        self._relay = relay
        self._clock = clock
        self._audio_ticks = audio_ticks
        self._tell = tell
        self._told = ""

    def step(self) -> None:
        """Toggle if that may be, and tell the exchange who has the line."""
        try:
            in_use = self._relay.line_in_use()
            wanted = self.lifeline.step(
                self._clock.monotonic_ns(), audio_ticks=self._audio_ticks(), line_in_use=in_use
            )
            if wanted:
                self._relay.toggle()
            self.failure = ""
        except HardwareError as error:
            self.failure = str(error)
        self._report(self.failure or REASONS.get(self.lifeline.state, ""))

    def _report(self, reason: str) -> None:
        if reason == self._told:
            return
        self._told = reason
        line = self._settings.line
        self._tell(PortFailed(line, reason) if reason else PortRestored(line))

    async def run(self, stopped: asyncio.Event) -> None:
        """Half period by half period until the gateway stops."""
        while not await pause(stopped, 0.5 / self._settings.toggle_hz):
            self.step()
