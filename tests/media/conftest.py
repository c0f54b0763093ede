"""A core with lines made of Python, in virtual time."""

from collections.abc import Callable, Iterator

import pytest

from gateway.media.core import CorePort, CoreSettings, SignalCore, WireAudio
from gateway.model.events import Event
from gateway.model.numbers import NodeId, PortId, ToneKind
from gateway.model.plan import Hears, Node, Plan, PortNode
from tests.media.lines import Line

RUSSIAN_TONES = (
    (ToneKind.DIAL, (425.0,), ()),
    (ToneKind.RINGBACK, (425.0,), (1_000, 4_000)),
    (ToneKind.BUSY, (425.0,), (350, 350)),
    (ToneKind.CONGESTION, (425.0,), (175, 175)),
)


class Rig:
    """Two lines (nodes 1 and 2), four RTP sockets in memory, and shorthand for plans."""

    def __init__(self, core: SignalCore, lines: tuple[Line, ...]) -> None:
        self.core = core
        self.lines = lines
        self.generation = 0
        self.events: list[Event] = []
        self.ports = tuple(PortNode(NodeId(n + 1), PortId(f"fxs{n + 1}")) for n in range(len(lines)))

    def apply(self, *nodes: Node, hears: tuple[tuple[int, int, float] | tuple[int, int], ...] = ()) -> None:
        """A plan of these nodes; a port that is not among them is there as it is by default."""
        self.generation += 1
        given = {node.id for node in nodes}
        whole = [*nodes, *(port for port in self.ports if port.id not in given)]
        edges = tuple(Hears(NodeId(edge[0]), NodeId(edge[1]), *edge[2:]) for edge in hears)
        self.core.apply(Plan(self.generation, tuple(sorted(whole, key=lambda node: node.id)), edges))

    def ticks(self, ms: int, each: Callable[[], None] | None = None) -> None:
        """Let time pass; keep the events."""
        for _ in range(ms // 10):
            self.core.tick()
            if each is not None:
                each()
            self.events.extend(self.core.events())

    def forget(self) -> None:
        """What was heard and happened until now does not count."""
        self.events.clear()
        for line in self.lines:
            line.forgets()


@pytest.fixture
def rig() -> Iterator[Rig]:
    lines = (Line(), Line())
    ports = tuple(CorePort(NodeId(n + 1), WireAudio(line.exchange, 0)) for n, line in enumerate(lines))
    core = SignalCore(CoreSettings(ports=ports, tones=RUSSIAN_TONES, rtp_sockets=4, media_lost_ms=2_000))
    yield Rig(core, lines)
    core.close()
