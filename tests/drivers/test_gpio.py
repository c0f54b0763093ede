"""What of the GPIO driver needs no kernel: finding the chip, and a cadence that a module may ring.

The rest is in tests/contracts and tests/guest, on the guest's kernel (`inv guest`).
"""

import os

import pytest

from gateway.drivers.gpio import Chip, find_chip
from gateway.drivers.pin_guard import PinGuard, Request, Rest
from gateway.drivers.ringer import within_duty
from gateway.errors import Bug, HardwareError
from gateway.model.events import Event, HookEdge
from gateway.model.numbers import PortId
from gateway.runtime.line_modules import LineModulesByPort

PI_4 = Chip("/dev/gpiochip0", "gpiochip0", "pinctrl-bcm2711", ("brcm,bcm2711-gpio",))
PI_5 = Chip("/dev/gpiochip4", "gpiochip4", "pinctrl-rp1", ("raspberrypi,rp1-gpio",))
POWER = Chip("/dev/gpiochip0", "gpiochip0", "gpio-brcmstb@107d508500", ("brcm,bcm7445-gpio",))
EXPANDER = Chip("/dev/gpiochip5", "gpiochip5", "mcp23017")


@pytest.mark.parametrize(
    ("wanted", "chips", "found"),
    [
        ("header", [PI_4, EXPANDER], PI_4),
        ("header", [POWER, PI_5], PI_5),
        ("gpiochip5", [PI_4, EXPANDER], EXPANDER),
        ("mcp23017", [PI_4, EXPANDER], EXPANDER),
    ],
)
def test_a_chip_is_found_by_name_by_label_or_as_the_header(
    wanted: str, chips: list[Chip], found: Chip
) -> None:
    assert find_chip(wanted, chips) is found


@pytest.mark.parametrize(
    ("wanted", "chips", "said"),
    [
        ("header", [EXPANDER], r"no GPIO chip 'header' here; there is gpiochip5 \(mcp23017\)"),
        ("gpiochip0", [], "there is no GPIO chip at all"),
        (
            "mcp23017",
            [EXPANDER, Chip("/dev/gpiochip6", "gpiochip6", "mcp23017")],
            "may be gpiochip5, gpiochip6",
        ),
    ],
)
def test_a_chip_that_is_not_there_or_there_twice_is_refused(
    wanted: str, chips: list[Chip], said: str
) -> None:
    with pytest.raises(HardwareError, match=said):
        find_chip(wanted, chips)


@pytest.mark.parametrize(
    ("cadence", "rung"),
    [
        ((1_000, 4_000), (1_000, 4_000)),
        ((2_000, 4_000), (2_000, 4_000)),
        ((400, 200, 400, 2_000), (400, 200, 400, 2_000)),
        ((1_000, 1_000), (1_000, 1_995)),
        ((400, 200, 400, 400), (400, 200, 400, 1_396)),
    ],
)
def test_a_cadence_is_rung_as_it_is_or_with_a_pause_that_the_module_needs(
    cadence: tuple[int, ...], rung: tuple[int, ...]
) -> None:
    assert within_duty(cadence) == rung
    assert sum(rung[::2]) * 1_000 <= sum(rung) * 334


def test_a_guard_that_is_dismissed_touches_nothing_and_ends() -> None:
    reading, writing = os.pipe()  # no GPIO request: touching it would be an error on the guard's terminal
    guard = PinGuard([Rest(Request(reading, 0), True)])
    assert guard.pid is not None
    guard.dismiss()
    guard.dismiss()
    with pytest.raises(ProcessLookupError):
        os.kill(guard.pid, 0)
    os.close(reading)
    os.close(writing)
    assert PinGuard([]).pid is None


class Recorded:
    """Line modules that only remember."""

    def __init__(self) -> None:
        self.orders: list[tuple[object, ...]] = []

    def start(self, sink: object) -> None:
        self.orders.append(("start",))
        sink(HookEdge(PortId("fxs1"), True, 0))  # type: ignore[operator]

    def start_ringing(self, port: PortId, cadence_ms: object, frequency_hz: int, rounds: int = 0) -> None:
        self.orders.append(("ring", port))

    def stop_ringing(self, port: PortId) -> None:
        self.orders.append(("hush", port))

    def set_loop(self, port: PortId, closed: bool, breaks_ms: tuple[int, ...] = ()) -> None:
        self.orders.append(("loop", port, closed))

    def set_polarity(self, port: PortId, reverse: bool) -> None:
        self.orders.append(("polarity", port, reverse))

    def stop(self) -> None:
        self.orders.append(("stop",))


def test_orders_go_to_the_modules_that_have_the_port_and_to_no_other() -> None:
    twin, pins = Recorded(), Recorded()
    heard: list[Event] = []
    modules = LineModulesByPort({PortId("fxs1"): twin, PortId("fxs2"): pins, PortId("fxo1"): pins})
    modules.start(heard.append)
    modules.start_ringing(PortId("fxs1"), (1_000, 4_000), 25)
    modules.stop_ringing(PortId("fxs2"))
    modules.set_loop(PortId("fxo1"), True)
    modules.set_polarity(PortId("fxs2"), True)
    modules.stop()
    assert twin.orders == [("start",), ("ring", "fxs1"), ("stop",)]
    assert pins.orders == [
        ("start",),
        ("hush", "fxs2"),
        ("loop", "fxo1", True),
        ("polarity", "fxs2", True),
        ("stop",),
    ]
    assert len(heard) == 2
    with pytest.raises(Bug, match="fxs9 is no port"):
        modules.set_loop(PortId("fxs9"), True)
