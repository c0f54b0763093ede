"""The power-fail relay on the guest's kernel: a gateway that hangs, dies or ends lets the line go."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.guest.relay import IN_USE, PUMP, Coil
from tests.guest.sim_chip import SimChip
from tests.guest.waiting import until

RELEASED_WITHIN_S = 2.0

HOLDING = """
import asyncio, itertools
from gateway.drivers.clock import RealClock
from gateway.drivers.relay import PinRelay
from gateway.runtime.lifeline import LifelineKeeper
from tests.guest.relay import settings

async def hold():
    relay, ticks = PinRelay(settings("lifeline")), itertools.count()
    clock = RealClock(asyncio.get_running_loop())
    keeper = LifelineKeeper(settings("lifeline"), relay, clock, lambda: next(ticks), print)
    print("holds", flush=True)
    await keeper.run(asyncio.Event())

asyncio.run(hold())
"""
"""The keeper as the gateway runs it, beside an audio thread that always ticks."""


@pytest.fixture
def chip() -> Iterator[SimChip]:
    made = SimChip("lifeline")
    yield made
    made.remove()


@pytest.fixture
def gateway(chip: SimChip) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-c", HOLDING], stdout=subprocess.PIPE, cwd="/project")
    assert process.stdout is not None
    assert process.stdout.readline() == b"holds\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def released_after_s(coil: Coil, began_s: float) -> float:
    until(lambda: not coil.held)
    assert coil.let_go_s is not None
    return coil.let_go_s - began_s


def test_a_gateway_that_hangs_lets_go_within_2_s_and_one_that_goes_on_takes_the_line_again(
    chip: SimChip, gateway: "subprocess.Popen[bytes]"
) -> None:
    with Coil(chip) as coil:
        until(lambda: coil.held)
        began_s = time.monotonic()
        os.kill(gateway.pid, signal.SIGSTOP)
        took_s = released_after_s(coil, began_s)
        print(f"released {took_s:.2f} s after SIGSTOP")
        assert took_s <= RELEASED_WITHIN_S
        os.kill(gateway.pid, signal.SIGCONT)
        until(lambda: coil.held)


def test_a_gateway_that_dies_lets_go_within_2_s(chip: SimChip, gateway: "subprocess.Popen[bytes]") -> None:
    with Coil(chip) as coil:
        until(lambda: coil.held)
        began_s = time.monotonic()
        os.kill(gateway.pid, signal.SIGKILL)
        assert released_after_s(coil, began_s) <= RELEASED_WITHIN_S


def test_a_pin_that_is_left_high_holds_nothing(chip: SimChip, gateway: "subprocess.Popen[bytes]") -> None:
    with Coil(chip) as coil:
        until(lambda: coil.held)
        os.kill(gateway.pid, signal.SIGSTOP)
        while not chip.level(PUMP):  # stopped in the low half: go on to the next
            os.kill(gateway.pid, signal.SIGCONT)
            until(lambda: chip.level(PUMP))
            os.kill(gateway.pid, signal.SIGSTOP)
        until(lambda: not coil.held)
        assert chip.level(PUMP)


def test_who_talks_on_the_line_while_the_gateway_starts_keeps_it(chip: SimChip) -> None:
    chip.pull(IN_USE, True)
    process = subprocess.Popen([sys.executable, "-c", HOLDING], stdout=subprocess.PIPE, cwd="/project")
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"holds\n"
        with Coil(chip) as coil:
            time.sleep(3)
            assert not coil.held
            chip.pull(IN_USE, False)
            until(lambda: coil.held)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
