"""What of the RPi.GPIO driver needs no kernel: what it makes of a library's callbacks and refusals.

The rest is in tests/contracts and tests/guest, with rpi-lgpio on the guest's kernel (`inv guest`).
"""

import asyncio
import os
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from gateway.drivers import rpi_gpio
from gateway.drivers.gpio import Chip, Edge, Pin
from gateway.drivers.pin_loops import PinLoops
from gateway.drivers.rpi_gpio import RpiGpioPins, library
from gateway.errors import Bug, HardwareError, PinError

CURRENT = Pin("header", 5, pull="down")
LOOP = Pin("header", 17, active_low=True)


class Library(SimpleNamespace):
    """As much of RPi.GPIO as the driver uses, with its levels in a dictionary."""

    BCM, OUT, IN, BOTH, PUD_OFF, PUD_DOWN, PUD_UP = 11, 0, 1, 33, 20, 21, 22

    def __init__(self) -> None:
        super().__init__(levels={5: 0, 17: 0}, calls=[], callback=None, refuses="")

    def setwarnings(self, wanted: bool) -> None:
        self.calls.append(("warnings", wanted))

    def setmode(self, mode: int) -> None:
        self.calls.append(("mode", mode))

    def setup(self, line: int, direction: int, **more: int) -> None:
        if self.refuses == "setup":
            raise RuntimeError("GPIO busy")
        self.calls.append(("setup", line, direction, more))

    def output(self, line: int, level: int) -> None:
        self.levels[line] = level

    def input(self, line: int) -> int:
        if self.refuses == "input":
            raise RuntimeError("the chip is gone")
        level: int = self.levels[line]
        return level

    def add_event_detect(self, line: int, edge: int, callback: Callable[[int], None]) -> None:
        if self.refuses == "edges":
            raise RuntimeError("Failed to add edge detection")
        self.callback = callback

    def remove_event_detect(self, line: int) -> None:
        self.callback = None

    def cleanup(self, lines: list[int]) -> None:
        self.calls.append(("cleanup", lines))


@pytest.fixture
def gpio(monkeypatch: pytest.MonkeyPatch) -> Library:
    chip = Chip("/dev/gpiochip4", "gpiochip4", "pinctrl-rp1", ("raspberrypi,rp1-gpio",))
    monkeypatch.setattr(rpi_gpio, "list_chips", lambda gpiod: [chip])
    monkeypatch.setattr(rpi_gpio, "gpiod_library", lambda: None)
    monkeypatch.delenv(rpi_gpio.CHIP_VARIABLE, raising=False)
    return Library()


def heard(gpio: Library, *levels: int) -> list[Edge]:
    """What is told when the library calls back once for each of these levels."""
    told: list[Edge] = []

    async def hear() -> None:
        pins = RpiGpioPins({}, [CURRENT], gpio)
        pins.start(told.append, lambda reason: told.append(Edge(CURRENT, False, 0)))
        for level in levels:
            gpio.levels[5] = level
            gpio.callback(5)
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        pins.stop()

    asyncio.run(hear())
    return told


def test_outputs_begin_at_the_level_that_they_were_given_and_inputs_get_their_pull(gpio: Library) -> None:
    pins = RpiGpioPins({LOOP: False}, [CURRENT], gpio)
    assert ("setup", 17, gpio.OUT, {"initial": 1}) in gpio.calls
    assert ("setup", 5, gpio.IN, {"pull_up_down": gpio.PUD_DOWN}) in gpio.calls
    pins.drive(LOOP, True)
    assert gpio.levels[17] == 0
    assert pins.level(LOOP)
    pins.close()
    assert gpio.calls[-1] == ("cleanup", [5])  # outputs stay what they are


def test_the_chip_of_the_header_is_named_to_rpi_lgpio(gpio: Library) -> None:
    RpiGpioPins({LOOP: False}, [], gpio)
    assert os.environ[rpi_gpio.CHIP_VARIABLE] == "4"


def test_edges_are_told_with_the_level_read_at_the_callback(gpio: Library) -> None:
    assert [edge.high for edge in heard(gpio, 1, 0, 1)] == [True, False, True]


def test_a_callback_without_a_change_was_a_pulse_and_is_told_as_one(gpio: Library) -> None:
    edges = heard(gpio, 1, 1)
    assert [(edge.high, edge.missed) for edge in edges] == [(True, False), (False, True), (True, False)]


def test_what_the_library_refuses_names_the_pin(gpio: Library) -> None:
    gpio.refuses = "setup"
    with pytest.raises(PinError, match="pin header:17 cannot be had: GPIO busy; is another program using it"):
        RpiGpioPins({LOOP: False}, [], gpio)
    gpio.refuses = "edges"
    with pytest.raises(PinError, match="edges of pin header:5 cannot be had: Failed to add edge detection"):
        heard(gpio)
    gpio.refuses = ""
    pins = RpiGpioPins({}, [CURRENT], gpio)
    gpio.refuses = "input"
    with pytest.raises(HardwareError, match="header:5 cannot be read: the chip is gone"):
        pins.level(CURRENT)


def test_a_machine_without_the_library_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "RPi", None)
    with pytest.raises(HardwareError, match=r"RPi.GPIO is missing: pip install 'cityline\[rpi-gpio\]'"):
        library()


class Timing:
    """As much of an event loop as times a train, in virtual time: what is due, in its order."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._due: list[tuple[float, asyncio.TimerHandle]] = []

    def time(self) -> float:
        return self.now_s

    def call_at(self, at_s: float, callback: Callable[..., None], *args: object) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(at_s, callback, args, self)  # type: ignore[arg-type]
        self._due.append((at_s, handle))
        return handle

    def get_debug(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, object]) -> None:
        raise AssertionError(context)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        self._due = [(at_s, one) for at_s, one in self._due if one is not handle]

    def run(self, late_s: float = 0.0) -> None:
        while self._due:
            at_s, handle = self._due.pop(0)
            self.now_s = at_s + late_s
            handle._run()


@pytest.fixture
def switched(gpio: Library) -> tuple[PinLoops, Timing, list[tuple[int, bool]], list[str]]:
    """One closed loop: its worker, its time, what the pin did and at which ms, what failed."""
    timing, worked, failures = Timing(), [], []
    pins = RpiGpioPins({LOOP: True}, [], gpio)
    output = gpio.output

    def note(line: int, level: int) -> None:
        if gpio.refuses == "output":
            raise RuntimeError("the chip is gone")
        output(line, level)
        worked.append((round(timing.now_s * 1_000), level == 0))

    gpio.output = note
    loops = PinLoops(pins, [LOOP], lambda place, error: failures.append(str(error)), lambda: timing)  # type: ignore[arg-type]
    return loops, timing, worked, failures


Switched = tuple[PinLoops, Timing, list[tuple[int, bool]], list[str]]


@pytest.mark.parametrize("late_s", [0.0, 0.004])
def test_a_train_of_breaks_ends_closed_and_lateness_never_adds_up(switched: Switched, late_s: float) -> None:
    loops, timing, worked, failures = switched
    loops.work(0, (60, 40, 60))
    timing.run(late_s)
    late_ms = round(late_s * 1_000)
    assert worked == [(0, False), (60 + late_ms, True), (100 + late_ms, False), (160 + late_ms, True)]
    assert failures == []


def test_a_loop_that_is_opened_in_the_middle_of_a_train_stays_open(switched: Switched) -> None:
    loops, timing, worked, _ = switched
    loops.work(0, (60, 40, 60))
    loops.close()
    timing.run()
    assert worked == [(0, False), (0, False)]


@pytest.mark.parametrize("breaks_ms", [(), (60, 0, 60), (-1,)])
def test_what_is_no_train_is_refused(switched: Switched, breaks_ms: tuple[int, ...]) -> None:
    with pytest.raises(Bug, match="cannot be worked"):
        switched[0].work(0, breaks_ms)
    assert switched[2] == []


def test_a_second_train_waits_for_nobody_and_is_refused(switched: Switched) -> None:
    loops, timing, worked, _ = switched
    loops.work(0, (60,))
    with pytest.raises(Bug, match="under way"):
        loops.work(0, (80,))
    timing.run()
    loops.work(0, (80,))
    timing.run()
    assert worked == [(0, False), (60, True), (60, False), (140, True)]


def test_a_pin_that_does_not_obey_in_a_train_is_told_and_ends_it(switched: Switched, gpio: Library) -> None:
    loops, timing, worked, failures = switched
    loops.work(0, (60, 40, 60))
    gpio.refuses = "output"
    timing.run()
    assert worked == [(0, False)]
    assert failures == ["pin header:17 cannot be set: the chip is gone"]
