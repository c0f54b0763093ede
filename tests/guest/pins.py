"""The GPIO driver on a gpio-sim chip, by each library, as the contract of line modules wants it."""

import asyncio
import os
from collections.abc import Callable, Iterator

from gateway.drivers import rpi_gpio
from gateway.drivers.line_modules import GpioLineModules
from gateway.model.numbers import NodeId, PortId
from gateway.model.settings import AudioKind, PinLibrary, PortKind, PortSettings
from tests.contracts.bench import Bench
from tests.guest.sim_chip import Outside, SimChip

FXS, FXO = PortId("fxs1"), PortId("fxo1")


def ports(chip: str) -> list[PortSettings]:
    """One telephone and one city line, on the pins of `sim_chip`."""
    return [telephone_port(chip), city_port(chip)]


def telephone_port(chip: str, **elsewhere: str) -> PortSettings:
    """The telephone; pins named are where they are said to be."""
    lines = {"hook": 0, "ring_mode": 1, "forward_reverse": 2}
    pins = {role: f"{chip}:{line}" for role, line in lines.items()}
    return _port(FXS, PortKind.FXS, 1, pins | elsewhere)


def city_port(chip: str, **elsewhere: str) -> PortSettings:
    """The city line; pins named are where they are said to be."""
    lines = {"ring": 4, "loop_current": 5, "loop_switch": 6}
    return _port(FXO, PortKind.FXO, 2, {role: f"{chip}:{line}" for role, line in lines.items()} | elsewhere)


def _port(port: PortId, kind: PortKind, node: int, pins: dict[str, str]) -> PortSettings:
    return PortSettings(port, kind, NodeId(node), AudioKind.ALSA, pins=tuple(pins.items()))


def gpio_sim() -> Iterator[Bench]:
    """By gpiod: a telephone and a city line."""
    return _on_chip(lambda chip: GpioLineModules(ports(chip)))


def rpi_lgpio() -> Iterator[Bench]:
    """By rpi-lgpio: a city line. It asks what Raspberry Pi this is (here a 4 B, revision 1.4) when it is
    imported, and holds pins until it is told to clean up or the process ends.
    """
    os.environ["RPI_LGPIO_REVISION"] = "c03114"
    return _on_chip(
        lambda chip: GpioLineModules(ports(chip)[1:], library=PinLibrary.RPI_GPIO),
        clean=lambda: rpi_gpio.library().cleanup(),
    )


def _on_chip(
    make: Callable[[str], GpioLineModules], clean: Callable[[], None] = lambda: None
) -> Iterator[Bench]:
    """A fresh chip, the driver on it, and the world outside; ``clean`` lets go of the chip."""
    chip = SimChip("contract")
    loop = asyncio.new_event_loop()

    async def do(what: object, *values: object) -> None:
        what(*values)  # type: ignore[operator]

    try:
        modules = make(chip.label)
        with Outside(chip) as outside:
            bench = Bench(
                modules,
                contact=lambda closed: setattr(outside, "lifted", closed),
                city_rings=lambda on: setattr(outside, "city_rings", on),
                run=lambda ms: loop.run_until_complete(asyncio.sleep(ms / 1_000)),
                pins=lambda: list(outside.changes),
                loop_closed=lambda: outside.loop_closed,
            )
            loop.run_until_complete(do(modules.start, bench.events.append))
            yield bench
            loop.run_until_complete(do(modules.stop))
    finally:
        clean()
        loop.close()
        chip.remove()
