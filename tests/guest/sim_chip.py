"""A chip of the kernel's gpio-sim, and what hangs on its pins: the far side of the GPIO driver's tests.

A thread looks at the outputs every millisecond, keeps their changes, and works the inputs as modules do:
a lifted handset makes the hook input pulse under ringing power (Ag1171), a closed loop switch lets current
flow 10 ms later, the city's ringing makes edges at twice its frequency. It shares no code with the driver.
"""

import os
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

CONFIG = Path("/sys/kernel/config/gpio-sim")
LINES = 12
LINES_OF_PL061 = 8
HOOK, RING_MODE, FORWARD_REVERSE = 0, 1, 2
RING, LOOP_CURRENT, LOOP_SWITCH = 4, 5, 6
OUTPUTS = {"rm": RING_MODE, "fr": FORWARD_REVERSE, "loop": LOOP_SWITCH}
LOOK_S = 0.001
PULSE_S = 0.020
"""Half a period of the hook input of a handset that is lifted under 25 Hz."""
CURRENT_S = 0.010
CITY_EDGE_S = 0.010


class Wired(Protocol):
    """A chip seen from outside."""

    def level(self, line: int) -> bool: ...

    def pull(self, line: int, high: bool) -> None: ...


class SimChip:
    """gpio-sim's chip ``label``; ``name`` is the kernel's for it, such as gpiochip0."""

    def __init__(self, label: str, lines: int = LINES) -> None:
        self._folder = CONFIG / label
        bank = self._folder / "bank0"
        bank.mkdir(parents=True)
        (bank / "num_lines").write_text(str(lines))
        (bank / "label").write_text(label)
        (self._folder / "live").write_text("1")
        self.label = label
        self.name = (bank / "chip_name").read_text().strip()
        device = (self._folder / "dev_name").read_text().strip()
        self._lines = Path("/sys/devices/platform", device, self.name)
        # Looked at a thousand times a second: opened once.
        self._values = [os.open(self._line(line) / "value", os.O_RDONLY) for line in range(lines)]
        self._pulls = [os.open(self._line(line) / "pull", os.O_WRONLY) for line in range(lines)]

    def _line(self, line: int) -> Path:
        return self._lines / f"sim_gpio{line}"

    def level(self, line: int) -> bool:
        return os.pread(self._values[line], 1, 0) == b"1"

    def pull(self, line: int, high: bool) -> None:
        """What the outside does to an input."""
        os.pwrite(self._pulls[line], b"pull-up" if high else b"pull-down", 0)

    def remove(self) -> None:
        for opened in (*self._values, *self._pulls):
            os.close(opened)
        (self._folder / "live").write_text("0")
        (self._folder / "bank0").rmdir()
        self._folder.rmdir()


class Outside:
    """A telephone on lines 0 to 2 and a city line on 4 to 6 of a chip, until the ``with`` ends."""

    def __init__(self, chip: Wired) -> None:
        self.changes: list[tuple[float, str, bool]] = []
        """(milliseconds of CLOCK_MONOTONIC, output, level)"""
        self.lifted = False
        self.city_rings = False
        self._chip = chip
        self._began_ns = time.monotonic_ns()
        self._levels = {name: chip.level(line) for name, line in OUTPUTS.items()}
        self._inputs = {HOOK: False, RING: False, LOOP_CURRENT: False}
        self._lifted_at = self._loop_at = 0.0
        self._was_lifted = False
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
    def loop_closed(self) -> bool:
        return self._levels["loop"]

    def _look(self) -> None:
        while not self._ending.wait(LOOK_S):
            now_s = time.monotonic()
            for name, line in OUTPUTS.items():
                level = self._chip.level(line)
                if level is not self._levels[name]:
                    self._levels[name] = level
                    self.changes.append((now_s * 1e3, name, level))
                    if name == "loop":
                        self._loop_at = now_s
            self._work_inputs(now_s)

    def _work_inputs(self, now_s: float) -> None:
        if self.lifted is not self._was_lifted:
            self._was_lifted, self._lifted_at = self.lifted, now_s
        hook = self.lifted
        if hook and self._levels["rm"]:
            hook = int((now_s - self._lifted_at) / PULSE_S) % 2 == 0
        self._input(HOOK, hook)
        if now_s - self._loop_at >= CURRENT_S:
            self._input(LOOP_CURRENT, self._levels["loop"])
        self._input(RING, self.city_rings and int(now_s / CITY_EDGE_S) % 2 == 0)

    def _input(self, line: int, high: bool) -> None:
        if self._inputs[line] is not high:
            self._inputs[line] = high
            self._chip.pull(line, high)
