"""Takes digits out of recorded conversations: whoever may listen to them may not learn anybody's PIN.

The digits that the exchange was told of are taken out when they are recorded. In most conversations nobody
listens for digits, though; so before a bundle is written both its streams go through a DTMF receiver of their
own, and what it finds while people talk becomes silence. On the storing thread, some hundred times faster
than it was said.
"""

from collections.abc import Iterator
from dataclasses import replace

from gateway.media.core import CorePort, CoreSettings, SignalCore, WireAudio
from gateway.model.actions import ApplyPlan
from gateway.model.events import DigitHeard, DigitStarted
from gateway.model.numbers import NodeId, PortId
from gateway.model.plan import Detectors, Plan, PortNode, RtpNode
from gateway.runtime.bundle import TICK_BYTES, Bundle, Sound
from gateway.simulator.wires import Recording

BEFORE_TICKS, AFTER_TICKS = 6, 4
"""Silenced around a digit: its beginning is told when it has lasted 40 ms."""
_STREAMS = (NodeId(1), NodeId(2))
_PLAN = Plan(
    1, tuple(PortNode(node, PortId(f"stream{node}"), Detectors.DTMF, canceller=False) for node in _STREAMS)
)


def without_pressed_digits(bundle: Bundle) -> Bundle:
    """The bundle with every digit that was pressed while people talked taken out of its sounds."""
    node = NodeId(bundle.header.node)
    talking = {plan.generation for plan in _plans(bundle) if node in who_talks(plan)}
    sounds, silenced = [], list(bundle.header.silenced)
    for sound in bundle.sounds:
        found = [one for one in _pressed(sound) if _talks(sound, one[0], talking)]
        silenced += found
        sounds.append(_silenced(sound, found))
    return replace(bundle, sounds=tuple(sounds), header=replace(bundle.header, silenced=tuple(silenced)))


def who_talks(plan: Plan) -> frozenset[NodeId]:
    """Ports that hear another party, or that another party hears."""
    parties = {node.id for node in plan.nodes if isinstance(node, PortNode | RtpNode)}
    pairs = [edge for edge in plan.hears if edge.listener in parties and edge.source in parties]
    return frozenset(one for edge in pairs for one in (edge.listener, edge.source))


def _plans(bundle: Bundle) -> Iterator[Plan]:
    for part in bundle.parts:
        yield part.plan
        for _, _, actions in part.steps:
            yield from (action.plan for action in actions if isinstance(action, ApplyPlan))


def _talks(sound: Sound, tick: int, talking: set[int]) -> bool:
    """Whether people could hear each other in that tick; where it is not known they could."""
    generation = next((turn for at, turn in reversed(sound.generations) if at <= tick), None)
    return generation is None or generation in talking


def _pressed(sound: Sound) -> list[tuple[int, int]]:
    """Tick ranges of the digits in either stream."""
    lines = [Recording(stream) for stream in (sound.heard, sound.played)]
    ports = tuple(
        CorePort(node, WireAudio(line.exchange, line.line))
        for node, line in zip(_STREAMS, lines, strict=True)
    )
    core = SignalCore(CoreSettings(ports=ports, rtp_sockets=0))
    core.apply(_PLAN)
    began: dict[NodeId, int] = {}
    found: list[tuple[int, int]] = []
    for tick in range(sound.ticks):
        core.tick()
        for event in core.events():
            if isinstance(event, DigitStarted):
                began[event.node] = tick
            elif isinstance(event, DigitHeard):
                first = min(began.pop(event.node, tick), event.start_ms // 10)
                found.append((first - BEFORE_TICKS, tick + AFTER_TICKS))
    core.close()
    found += [(first - BEFORE_TICKS, sound.ticks) for first in began.values()]
    return [(sound.first_tick + max(first, 0), sound.first_tick + last) for first, last in found]


def _silenced(sound: Sound, ranges: list[tuple[int, int]]) -> Sound:
    heard, played = bytearray(sound.heard), bytearray(sound.played)
    for first, last in ranges:
        begin = (first - sound.first_tick) * TICK_BYTES
        end = min((last + 1 - sound.first_tick) * TICK_BYTES, len(heard))
        heard[begin:end] = played[begin:end] = bytes(end - begin)
    return replace(sound, heard=bytes(heard), played=bytes(played))
