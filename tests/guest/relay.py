"""The power-fail relay's driver on a gpio-sim chip, and the coil that hangs on its pin.

The charge pump is told by its purpose: held is a pin that has changed within the last 500 ms, four times or
more in a row. It shares no code with the twin.
"""

import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self

from gateway.drivers.relay import PinRelay
from gateway.model.numbers import PortId
from gateway.model.settings import RelaySettings
from tests.guest.sim_chip import SimChip

if TYPE_CHECKING:
    from tests.contracts.test_relay import RelayBench

PUMP, IN_USE = 8, 9
HOLDS_S = 0.5
CHANGES = 4
LOOK_S = 0.002


def settings(chip: str) -> RelaySettings:
    return RelaySettings(f"{chip}:{PUMP}", PortId("fxo1"), in_use=f"{chip}:{IN_USE}")


class Coil:
    """Looks at the pin until the ``with`` ends."""

    def __init__(self, chip: SimChip) -> None:
        self._chip = chip
        self._level = chip.level(PUMP)
        self._changed_s = -HOLDS_S
        self._changes = 0
        self.let_go_s: float | None = None
        """When it was released last (CLOCK_MONOTONIC)."""
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()

    @property
    def held(self) -> bool:
        return self._changes >= CHANGES

    def _look(self) -> None:
        while not self._ending.wait(LOOK_S):
            now_s, level = time.monotonic(), self._chip.level(PUMP)
            if level is not self._level:
                self._level, self._changed_s = level, now_s
                self._changes += 1
            elif now_s - self._changed_s >= HOLDS_S:
                if self.held:
                    self.let_go_s = now_s
                self._changes = 0


def on_gpio_sim() -> "Iterator[RelayBench]":
    from tests.contracts.test_relay import RelayBench

    chip = SimChip("relay")
    try:
        relay = PinRelay(settings(chip.label))
        with Coil(chip) as coil:
            yield RelayBench(
                relay,
                held=lambda: coil.held,
                talks=lambda on: chip.pull(IN_USE, on),
                run=lambda ms: time.sleep(ms / 1_000),
            )
            relay.stop()
    finally:
        chip.remove()
