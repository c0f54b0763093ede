"""The GPIO driver on the PL061 of an ARM machine, whose pins are worked from outside of the guest.

What hangs on the pins is a program on the other side of QEMU (tools/guest/pl061.py), asked over the console.
"""

import asyncio
import json
import os
import tty
from collections.abc import Iterator
from functools import cache

from gateway.drivers.gpiod_pins import GpiodPins
from gateway.drivers.line_modules import GpioLineModules
from tests.contracts.bench import Bench
from tests.guest.pins import ports
from tests.guest.sim_chip import LOOP_SWITCH

CHIP = "gpiochip0"
CONSOLE = "/dev/ttyAMA0"


@cache
def _console() -> int:
    opened = os.open(CONSOLE, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(opened)
    return opened


def ask(words: str) -> str:
    """One line to the outside, and its answer."""
    os.write(_console(), f"\noutside: {words}\n".encode("ascii"))
    answer = b""
    while not answer.endswith(b"\n"):
        answer += os.read(_console(), 4_096)
    return answer.decode("ascii").strip()


def change(words: str) -> None:
    """Ask for something that is only to be done."""
    answer = ask(words)
    assert answer == "ok", answer


def pl061() -> Iterator[Bench]:
    """The driver on the chip, and the world outside."""
    loop = asyncio.new_event_loop()
    change("fresh")
    modules = GpioLineModules(ports(CHIP))
    assert isinstance(modules.pins, GpiodPins)
    bench = Bench(
        modules,
        contact=lambda closed: change(f"lifted {int(closed)}"),
        city_rings=lambda on: change(f"rings {int(on)}"),
        run=lambda ms: loop.run_until_complete(asyncio.sleep(ms / 1_000)),
        pins=lambda: [(at, pin, high) for at, pin, high in json.loads(ask("changes"))],
        loop_closed=lambda: ask(f"level {LOOP_SWITCH}") == "1",
    )

    async def start() -> None:
        modules.start(bench.events.append)

    async def stop() -> None:
        modules.stop()

    try:
        loop.run_until_complete(start())
        yield bench
    finally:
        loop.run_until_complete(stop())
        change("fresh")
        loop.close()
