"""Slow outputs on an MCP23017: the kernel's driver of the chip, on a simulated I2C bus whose registers we
read."""

import fcntl
import os
import struct
from collections.abc import Iterator
from ctypes import addressof, create_string_buffer
from pathlib import Path

import pytest

from gateway.drivers.gpio import Pin, library, list_chips
from gateway.drivers.gpiod_pins import GpiodPins
from gateway.drivers.line_modules import GpioLineModules
from gateway.drivers.relay import PinRelay
from gateway.errors import HardwareError
from gateway.model.numbers import PortId
from gateway.model.settings import RelaySettings
from tests.guest.pins import FXO, FXS, city_port, telephone_port
from tests.guest.sim_chip import LOOP_SWITCH, SimChip
from tests.guest.waiting import until

LABEL, ADDRESS = "mcp23017", 0x20
IODIR, OLAT = 0x00, 0x14
"""Registers of port A in the bank layout that the kernel uses (data sheet table 3-3): direction, output
latch."""
I2C_SLAVE_FORCE, I2C_SMBUS = 0x0706, 0x0720
READ, WORD_DATA = 1, 3
ADAPTERS = Path("/sys/bus/i2c/devices")


class Registers:
    """The simulated chip's registers, 16 bits each, as its own pins would follow them."""

    def __init__(self) -> None:
        (self._adapter,) = [path for path in ADAPTERS.glob("i2c-*") if "stub" in (path / "name").read_text()]
        self._bus = os.open(f"/dev/{self._adapter.name}", os.O_RDWR)
        fcntl.ioctl(self._bus, I2C_SLAVE_FORCE, ADDRESS)

    def plug(self) -> None:
        (self._adapter / "new_device").write_text(f"{LABEL} {ADDRESS:#x}")

    def unplug(self) -> None:
        (self._adapter / "delete_device").write_text(f"{ADDRESS:#x}")
        os.close(self._bus)

    def word(self, register: int) -> int:
        told = create_string_buffer(34)
        fcntl.ioctl(self._bus, I2C_SMBUS, struct.pack("BBIP", READ, register, WORD_DATA, addressof(told)))
        return int(struct.unpack_from("H", told.raw)[0])

    def drives(self, line: int) -> bool:
        """Whether that line is an output, and high."""
        return not self.word(IODIR) >> line & 1 and bool(self.word(OLAT) >> line & 1)


@pytest.fixture
def registers() -> Iterator[Registers]:
    made = Registers()
    made.plug()
    until(lambda: any(chip.label == LABEL for chip in list_chips(library())))
    yield made
    made.unplug()


@pytest.fixture
def chip() -> Iterator[SimChip]:
    made = SimChip("guest")
    yield made
    made.remove()


def test_the_kernel_says_that_it_is_an_expander_and_that_the_other_is_none(
    registers: Registers, chip: SimChip
) -> None:
    assert {found.label: found.slow for found in list_chips(library())} == {LABEL: True, chip.label: False}


def test_a_city_line_is_seized_over_it_and_let_go_at_the_end(registers: Registers, chip: SimChip) -> None:
    modules = GpioLineModules([city_port(chip.label, loop_switch=f"{LABEL}:3")])
    assert not registers.word(IODIR) >> 3 & 1
    assert not registers.drives(3)
    modules.set_loop(FXO, True)
    assert registers.drives(3)
    modules.set_loop(FXO, False)
    assert not registers.drives(3)
    modules.set_loop(FXO, True)
    modules.stop()
    assert not registers.drives(3)


def test_inputs_on_it_are_refused_with_the_reason(registers: Registers) -> None:
    reason = r"mcp23017:1 is an input whose edges count, and gpiochip\d+ \(mcp23017\) is an expander"
    with pytest.raises(HardwareError, match=reason):
        GpiodPins({}, [Pin(LABEL, 1)])


def test_a_bell_cannot_be_rung_through_it(registers: Registers, chip: SimChip) -> None:
    with pytest.raises(HardwareError, match="mcp23017:2 is F/R, which rings the bell, and"):
        GpioLineModules([telephone_port(chip.label, forward_reverse=f"{LABEL}:2")])
    GpiodPins({Pin(chip.label, LOOP_SWITCH): False}, []).close()  # what it had taken is free again


def test_ringing_power_may_be_on_it_and_is_switched_in_time(registers: Registers, chip: SimChip) -> None:
    modules = GpioLineModules([telephone_port(chip.label, ring_mode=f"{LABEL}:4")])
    assert modules.ringer is not None
    modules.start_ringing(FXS, (1_000, 4_000), 25)
    until(lambda: registers.drives(4))
    until(lambda: not registers.drives(4))
    told = modules.ringer.statistics(modules.places[FXS])
    modules.stop()
    assert (told.bursts, told.failures) == (1, 0)
    assert told.half_periods in range(48, 51)
    assert told.worst_half_us <= 2_000


def test_the_power_fail_relay_may_be_on_it(registers: Registers) -> None:
    relay = PinRelay(RelaySettings(f"{LABEL}:15", PortId("fxo1")))
    seen = []
    for _ in range(4):
        relay.toggle()
        seen.append(registers.drives(15))
    relay.stop()
    assert seen == [True, False, True, False]
