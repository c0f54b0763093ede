"""The GPIO driver on a gpio-sim chip, as the contract of line modules wants it."""

import asyncio
from collections.abc import Iterator

from gateway.drivers.line_modules import GpioLineModules
from gateway.model.numbers import NodeId, PortId
from gateway.model.settings import AudioKind, PortKind, PortSettings
from tests.contracts.bench import Bench
from tests.guest.sim_chip import Outside, SimChip

FXS, FXO = PortId("fxs1"), PortId("fxo1")


def ports(chip: str) -> list[PortSettings]:
    """One telephone and one city line, on the pins of `sim_chip`."""
    telephone = {"hook": 0, "ring_mode": 1, "forward_reverse": 2}
    city = {"ring": 4, "loop_current": 5, "loop_switch": 6}
    return [
        _port(FXS, PortKind.FXS, 1, {role: f"{chip}:{line}" for role, line in telephone.items()}),
        _port(FXO, PortKind.FXO, 2, {role: f"{chip}:{line}" for role, line in city.items()}),
    ]


def _port(port: PortId, kind: PortKind, node: int, pins: dict[str, str]) -> PortSettings:
    return PortSettings(port, kind, NodeId(node), AudioKind.ALSA, pins=tuple(pins.items()))


def gpio_sim() -> Iterator[Bench]:
    """A fresh chip, the driver on it, and the world outside."""
    chip = SimChip("contract")
    loop = asyncio.new_event_loop()

    async def do(what: object, *values: object) -> None:
        what(*values)  # type: ignore[operator]

    try:
        modules = GpioLineModules(ports(chip.label))
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
        loop.close()
        chip.remove()
