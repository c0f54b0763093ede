"""The world outside of a board whose modules are pins of gpio-sim and whose cards are loop-back cards of the
kernel: a person with a telephone, and the city.

The bench's telephone, exchange and two-wire lines are joined to the other ends: their contacts and ringing
edges pull the gateway's inputs, its outputs are looked at every few milliseconds, and a signal core of its
own carries the sound of each wire to the far end of a card.
"""

import asyncio
from collections.abc import Mapping

from gateway.drivers.clock import RealClock
from gateway.media.core import CardAudio, CorePort, CoreSettings, SignalCore, WireAudio
from gateway.model.events import HookEdge, LoopCurrent, RingEdge
from gateway.model.numbers import NodeId, PortId
from gateway.model.plan import Hears, Node, Plan, PortNode
from gateway.model.settings import BoardSettings, OfficeSettings
from gateway.simulator.board import SimulatedBoard
from tests.guest.loopback import Loopback
from tests.guest.sim_chip import HOOK, LOOP_CURRENT, LOOP_SWITCH, RING, RING_MODE, SimChip

LOOK_S = 0.004
FOR_EVER_MS = 3_600_000
RINGING_HZ = 25
WIRE_NODES = 100


class FarSide:
    """A telephone on `sim_chip`'s lines 0 to 2 and a city line on 4 to 6, until `close`."""

    def __init__(
        self,
        chip: SimChip,
        cards: Mapping[PortId, Loopback],
        board: BoardSettings,
        office: OfficeSettings,
        *,
        telephone: PortId,
        city_line: PortId,
    ) -> None:
        loop = asyncio.get_running_loop()
        rotary = [extension.number for extension in office.extensions]
        self.world = SimulatedBoard(RealClock(loop), board, office, rotary=rotary)
        self._chip = chip
        self._cards = cards
        self._telephone, self._city_line = telephone, city_line
        self._ports = list(cards)
        self._rings = self._loop_closed = False
        self.core = self._make_core()
        self.world.modules.start(self._pull)
        self._looking = loop.create_task(self._look())

    def _make_core(self) -> SignalCore:
        ports: list[CorePort] = []
        nodes: list[Node] = []
        hears: list[Hears] = []
        for place, port in enumerate(self._ports, start=1):
            wire, card = self.world.wires[port], NodeId(place)
            far = NodeId(WIRE_NODES + place)
            ports += [
                CorePort(card, CardAudio(self._cards[port].far)),
                CorePort(far, WireAudio(wire.exchange, wire.line)),
            ]
            nodes += [PortNode(card, PortId(f"card{place}"), canceller=False)]
            nodes += [PortNode(far, PortId(f"wire{place}"), canceller=False)]
            hears += [Hears(card, far), Hears(far, card)]
        core = SignalCore(CoreSettings(ports=tuple(ports), rtp_sockets=0))
        core.apply(Plan(1, tuple(sorted(nodes, key=_id)), tuple(hears)))
        core.start_audio()
        return core

    def node_of(self, port: PortId) -> NodeId:
        """The far core's node of a port's card."""
        return NodeId(1 + self._ports.index(port))

    async def close(self) -> None:
        """Hang up everything."""
        self._looking.cancel()
        await asyncio.gather(self._looking, return_exceptions=True)
        self.core.close()

    def _pull(self, event: object) -> None:
        """What the modules would do to the gateway's inputs."""
        match event:
            case HookEdge(off_hook=off_hook):
                self._chip.pull(HOOK, off_hook)
            case RingEdge():
                self._chip.pull(RING, True)
                self._chip.pull(RING, False)
            case LoopCurrent(present=present):
                self._chip.pull(LOOP_CURRENT, present)

    async def _look(self) -> None:
        """What the gateway's outputs do to the modules."""
        modules = self.world.modules
        while True:
            rings, closed = self._chip.level(RING_MODE), self._chip.level(LOOP_SWITCH)
            if rings is not self._rings:
                self._rings = rings
                if rings:
                    modules.start_ringing(self._telephone, (FOR_EVER_MS, 1), RINGING_HZ)
                else:
                    modules.stop_ringing(self._telephone)
            if closed is not self._loop_closed:
                self._loop_closed = closed
                modules.set_loop(self._city_line, closed)
            await asyncio.sleep(LOOK_S)


def _id(node: Node) -> int:
    return int(node.id)
