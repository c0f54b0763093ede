"""What the contract of line modules wants of a driver or its twin: the modules and the world outside them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.interfaces import LineModules
from gateway.model.events import Event, HookEdge
from gateway.model.numbers import NS_PER_MS


@dataclass
class Bench:
    """Modules, the world on their far side, and a record of pins: (milliseconds, pin, level)."""

    modules: LineModules
    contact: Callable[[bool], None]
    city_rings: Callable[[bool], None]
    run: Callable[[float], None]
    pins: Callable[[], list[tuple[float, str, bool]]]
    loop_closed: Callable[[], bool]
    events: list[Event] = field(default_factory=list)

    def hook_edges(self) -> list[tuple[float, bool]]:
        return [(e.at_ns / NS_PER_MS, e.off_hook) for e in self.events if isinstance(e, HookEdge)]
