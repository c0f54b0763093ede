"""The GPIO driver on the guest's kernel, beyond the contract: its ringing measured, its pins after `kill -9`,
what it says when pins cannot be had, edges that the kernel had to drop.
"""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from gateway.drivers.gpio import Pin
from gateway.drivers.gpiod_pins import GpiodPins
from gateway.drivers.line_modules import GpioLineModules
from gateway.errors import HardwareError
from gateway.model.events import Event, HookEdge
from tests.guest.pins import FXO, FXS, ports
from tests.guest.sim_chip import FORWARD_REVERSE, HOOK, LOOP_SWITCH, RING_MODE, SimChip
from tests.guest.waiting import until

CRASHING = """
import asyncio, sys, time
from gateway.drivers.line_modules import GpioLineModules
from tests.guest.pins import FXO, FXS, ports

async def ring():
    modules = GpioLineModules(ports("guest"))
    modules.start(lambda event: None)
    modules.set_loop(FXO, True)
    modules.start_ringing(FXS, (1_000, 4_000), 25)
    print("rings", flush=True)
    await asyncio.sleep(60)

asyncio.run(ring())
"""


@pytest.fixture
def chip() -> Iterator[SimChip]:
    made = SimChip("guest")
    yield made
    made.remove()


def busy(ending: threading.Event) -> None:
    while not ending.is_set():
        sum(range(1_000))


def test_ringing_is_25_hz_within_1_percent_and_2_ms_beside_busy_python_threads(chip: SimChip) -> None:
    modules = GpioLineModules(ports(chip.label))
    assert modules.ringer is not None
    ending = threading.Event()
    threads = [threading.Thread(target=busy, args=(ending,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    modules.start_ringing(FXS, (1_000, 4_000), 25)
    place = modules.places[FXS]
    until(lambda: modules.ringer.statistics(place).bursts == 2)
    until(lambda: not modules.ringer.statistics(place).power)  # in the pause of 4 s nothing counts on
    told = modules.ringer.statistics(place)
    ending.set()
    for thread in threads:
        thread.join()
    modules.stop()
    print(told)
    assert told.bursts == 2
    assert told.half_periods == pytest.approx(2 * 49, abs=1)  # 25 Hz is 50 half periods in a burst of 1 s
    assert told.worst_half_us <= 2_000
    assert told.failures == 0


def test_after_kill_9_in_a_burst_the_pins_are_at_rest_and_the_loop_is_open(chip: SimChip) -> None:
    gateway = subprocess.Popen([sys.executable, "-c", CRASHING], stdout=subprocess.PIPE, cwd="/project")
    assert gateway.stdout is not None
    assert gateway.stdout.readline() == b"rings\n"
    until(lambda: chip.level(RING_MODE) and chip.level(LOOP_SWITCH))
    os.kill(gateway.pid, signal.SIGKILL)
    gateway.wait()
    gateway.stdout.close()
    until(lambda: not chip.level(RING_MODE))
    assert not chip.level(LOOP_SWITCH)
    # And the lines can be had again at once.
    with_guard = GpioLineModules(ports(chip.label))
    assert chip.level(FORWARD_REVERSE)
    with_guard.stop()


def test_pins_that_somebody_else_has_are_refused_by_name(chip: SimChip) -> None:
    owner = GpiodPins({Pin(chip.label, LOOP_SWITCH): False}, [])
    with pytest.raises(HardwareError, match=r"guest:6 cannot be had: .*is another program using them"):
        GpioLineModules(ports(chip.label))
    owner.close()
    GpioLineModules(ports(chip.label)).stop()


def test_a_line_that_the_chip_does_not_have_is_refused(chip: SimChip) -> None:
    with pytest.raises(HardwareError, match="guest:77 cannot be had"):
        GpiodPins({}, [Pin(chip.label, 77)])
    with pytest.raises(HardwareError, match=r"no GPIO chip 'nowhere' here; there is gpiochip\d+ \(guest\)"):
        GpiodPins({}, [Pin("nowhere", 1)])


def test_an_active_low_input_reads_and_reports_the_other_way_round(chip: SimChip) -> None:
    pin = Pin(chip.label, HOOK, active_low=True)
    pins = GpiodPins({}, [pin])
    chip.pull(HOOK, True)
    assert not pins.level(pin)
    (edge,) = pins.read_edges(pins.input_fds[0])
    assert (edge.pin, edge.high, edge.missed) == (pin, False, False)
    chip.pull(HOOK, False)
    assert pins.level(pin)
    assert [edge.high for edge in pins.read_edges(pins.input_fds[0])] == [True]
    assert pins.read_edges(pins.input_fds[0]) == []
    pins.close()


def test_edges_that_the_kernel_dropped_do_not_leave_a_wrong_level_behind(chip: SimChip) -> None:
    heard: list[Event] = []

    async def storm() -> None:
        modules = GpioLineModules(ports(chip.label))
        modules.start(heard.append)
        for _ in range(200):  # far more than the kernel keeps; nobody reads meanwhile
            chip.pull(HOOK, True)
            chip.pull(HOOK, False)
        chip.pull(HOOK, True)
        await asyncio.sleep(0.2)
        modules.stop()

    asyncio.run(storm())
    edges = [event for event in heard if isinstance(event, HookEdge)]
    assert len(edges) < 401
    assert edges[-1].off_hook
    assert [edge.at_ns for edge in edges] == sorted(edge.at_ns for edge in edges)


def test_a_handset_that_is_off_at_the_start_is_told(chip: SimChip) -> None:
    heard: list[Event] = []
    chip.pull(HOOK, True)

    async def begin() -> None:
        modules = GpioLineModules(ports(chip.label))
        modules.start(heard.append)
        modules.stop()

    asyncio.run(begin())
    assert [(event.port, event.off_hook) for event in heard if isinstance(event, HookEdge)] == [(FXS, True)]
    assert FXO not in {getattr(event, "port", None) for event in heard}
