"""rpi-lgpio on the guest's kernel, beyond the contract: what the driver says, pins after `kill -9`."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.drivers import rpi_gpio
from gateway.drivers.gpio import Edge, Pin
from gateway.drivers.gpiod_pins import GpiodPins
from gateway.drivers.line_modules import GpioLineModules
from gateway.drivers.rpi_gpio import RpiGpioPins
from gateway.errors import Bug, HardwareError
from gateway.model.settings import PinLibrary
from tests.guest.pins import ports
from tests.guest.sim_chip import LOOP_CURRENT, LOOP_SWITCH, RING, SimChip
from tests.guest.waiting import until

SEIZING = """
import asyncio
from gateway.drivers.line_modules import GpioLineModules
from gateway.model.settings import PinLibrary
from tests.guest.pins import FXO, ports

async def seize():
    modules = GpioLineModules(ports("guest")[1:], library=PinLibrary.RPI_GPIO)
    modules.start(lambda event: None)
    modules.set_loop(FXO, True)
    print("seized", flush=True)
    await asyncio.sleep(60)

asyncio.run(seize())
"""


@pytest.fixture
def chip(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimChip]:
    monkeypatch.setenv("RPI_LGPIO_REVISION", "c03114")
    made = SimChip("guest")
    yield made
    rpi_gpio.library().cleanup()
    made.remove()


def test_it_is_rpi_lgpio_and_where_the_process_stands_is_left_alone(chip: SimChip) -> None:
    here = Path.cwd()
    library = rpi_gpio.library()
    assert "lgpio" in vars(library)
    assert Path.cwd() == here


def test_outputs_begin_at_rest_and_are_driven_also_active_low(chip: SimChip) -> None:
    plain, inverted = Pin(chip.label, LOOP_SWITCH), Pin(chip.label, LOOP_SWITCH + 1, active_low=True)
    pins = RpiGpioPins({plain: True, inverted: False}, [])
    assert (chip.level(LOOP_SWITCH), chip.level(LOOP_SWITCH + 1)) == (True, True)
    pins.drive(plain, False)
    pins.drive(inverted, True)
    assert (chip.level(LOOP_SWITCH), chip.level(LOOP_SWITCH + 1)) == (False, False)
    pins.close()
    assert not chip.level(LOOP_SWITCH)


def test_edges_come_with_their_levels_and_an_active_low_input_the_other_way_round(chip: SimChip) -> None:
    told: list[Edge] = []
    inputs = [Pin(chip.label, LOOP_CURRENT), Pin(chip.label, RING, active_low=True)]

    async def hear() -> None:
        pins = RpiGpioPins({}, inputs)
        pins.start(told.append, lambda reason: None)
        for line in (LOOP_CURRENT, RING):
            for high in (True, False):
                chip.pull(line, high)
                await asyncio.sleep(0.05)
        pins.stop()
        chip.pull(RING, True)
        await asyncio.sleep(0.05)
        pins.close()

    asyncio.run(hear())
    current, ring = inputs
    assert [(edge.pin, edge.high) for edge in told] == [
        (current, True),
        (current, False),
        (ring, False),
        (ring, True),
    ]
    assert [edge.at_ns for edge in told] == sorted(edge.at_ns for edge in told)


def test_a_pin_that_another_has_is_refused_by_name(chip: SimChip) -> None:
    owner = GpiodPins({Pin(chip.label, LOOP_SWITCH): False}, [])
    with pytest.raises(HardwareError, match=r"pin guest:6 cannot be had: .*is another program using it"):
        RpiGpioPins({Pin(chip.label, LOOP_SWITCH): False}, [])
    owner.close()


def test_a_second_chip_and_a_telephone_are_refused(chip: SimChip) -> None:
    with pytest.raises(HardwareError, match="knows one chip, and the pins are on guest, other"):
        RpiGpioPins({Pin(chip.label, LOOP_SWITCH): False}, [Pin("other", 1)])
    with pytest.raises(Bug, match="telephones need gpiod"):
        GpioLineModules(ports(chip.label), library=PinLibrary.RPI_GPIO)


def test_after_kill_9_the_guard_opens_the_loop(chip: SimChip) -> None:
    gateway = subprocess.Popen([sys.executable, "-c", SEIZING], stdout=subprocess.PIPE, cwd="/project")
    assert gateway.stdout is not None
    assert gateway.stdout.readline() == b"seized\n"
    assert chip.level(LOOP_SWITCH)
    os.kill(gateway.pid, signal.SIGKILL)
    gateway.wait()
    gateway.stdout.close()
    until(lambda: not chip.level(LOOP_SWITCH))
    GpiodPins({Pin(chip.label, LOOP_SWITCH): False}, []).close()  # and it is free again
