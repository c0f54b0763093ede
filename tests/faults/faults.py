"""Deliberate faults at the seam between the exchange and the world, and the story that must notice each.

A fault takes an action on its way out and gives another one, or none. It is far from the detectors and meters
that have to find it, and no story knows of it.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from gateway.model.actions import (
    Action,
    ApplyPlan,
    CallEnded,
    SetLoop,
    SipHangup,
    StartTimer,
    StopRinging,
)
from gateway.model.plan import DigitsNode, Hears, Plan, PlayerNode, PortNode, RtpNode, ToneNode, ToneSegment
from gateway.simulator.wires import SAMPLE_BYTES, SAMPLES_PER_MS, Wire, ffi, lib

Tamper = Callable[[Action], Action | None]
ANNA, BORIS, VERA = 1, 2, 3  # nodes of 101, 102 and 103
SHARP = 1.15
LATE_MS = 100


@dataclass(frozen=True, slots=True)
class DeliberateFault:
    """``story`` must fail, with a failed check that says ``symptom``.

    ``around`` lasts as long as the story does, for what is wrong elsewhere than in an action.
    """

    name: str
    story: str
    symptom: str
    tamper: Tamper
    around: Callable[[], AbstractContextManager[None]] = nullcontext


def on_plan(change: Callable[[Plan], Plan]) -> Tamper:
    """A fault in every plan."""
    return lambda action: ApplyPlan(change(action.plan)) if isinstance(action, ApplyPlan) else action


def dropping(kind: type[Action], doomed: Callable[[Action], bool] = lambda action: True) -> Tamper:
    """A fault that loses actions."""
    return lambda action: None if isinstance(action, kind) and doomed(action) else action


def without_timer(name: str) -> Tamper:
    """The timer of that name never expires."""
    return lambda action: None if isinstance(action, StartTimer) and action.timer.name == name else action


def cross_a_wire(plan: Plan) -> Plan:
    """What 102 says goes to 103 instead of to whom he talks with."""
    crossed = {
        edge if edge.source != BORIS else replace(edge, listener=VERA)  # type: ignore[arg-type]
        for edge in plan.hears
    }
    return replace(plan, hears=tuple(sorted(crossed, key=lambda edge: (edge.listener, edge.source))))


def bridge_a_stranger(plan: Plan) -> Plan:
    """103 hears all that 101 says."""
    if not any(edge.source == ANNA for edge in plan.hears):
        return plan
    edges = {*plan.hears, Hears(VERA, ANNA)}  # type: ignore[arg-type]
    return replace(plan, hears=tuple(sorted(edges, key=lambda edge: (edge.listener, edge.source))))


def mute_a_direction(plan: Plan) -> Plan:
    """101 does not hear people."""
    people = {node.id for node in plan.nodes if isinstance(node, PortNode | RtpNode)}
    kept = tuple(edge for edge in plan.hears if not (edge.listener == ANNA and edge.source in people))
    return replace(plan, hears=kept)


def lower_by_6_db(plan: Plan) -> Plan:
    """Everybody is heard at half the amplitude."""
    people = {node.id for node in plan.nodes if isinstance(node, PortNode | RtpNode)}
    return replace(
        plan,
        hears=tuple(replace(edge, gain_db=-6.0) if edge.source in people else edge for edge in plan.hears),
    )


def _sharp(segment: ToneSegment) -> ToneSegment:
    return replace(segment, frequencies_hz=tuple(SHARP * hz for hz in segment.frequencies_hz))


def sharpen_tones(plan: Plan) -> Plan:
    """Tones are 15 % sharp."""
    nodes = tuple(
        replace(node, segments=tuple(map(_sharp, node.segments))) if isinstance(node, ToneNode) else node
        for node in plan.nodes
    )
    return replace(plan, nodes=nodes)


def stretch_cadences(plan: Plan) -> Plan:
    """Tones last 30 % longer."""
    nodes = tuple(
        replace(
            node,
            segments=tuple(
                replace(segment, duration_ms=segment.duration_ms * 13 // 10) for segment in node.segments
            ),
        )
        if isinstance(node, ToneNode)
        else node
        for node in plan.nodes
    )
    return replace(plan, nodes=nodes)


def bypass_cancellers(plan: Plan) -> Plan:
    """No canceller works."""
    nodes = tuple(
        replace(node, canceller=False) if isinstance(node, PortNode) else node for node in plan.nodes
    )
    return replace(plan, nodes=nodes)


def without_music(plan: Plan) -> Plan:
    """Players play to nobody."""
    players = {node.id for node in plan.nodes if isinstance(node, PlayerNode)}
    return replace(plan, hears=tuple(edge for edge in plan.hears if edge.source not in players))


def with_wrong_digits(plan: Plan) -> Plan:
    """Every 5 that is sent to the city becomes a 6."""
    nodes = tuple(
        replace(node, digits=node.digits.replace("5", "6")) if isinstance(node, DigitsNode) else node
        for node in plan.nodes
    )
    return replace(plan, nodes=nodes)


def without_release(action: Action) -> Action | None:
    """City lines are never let go."""
    return None if isinstance(action, SetLoop) and not action.closed else action


def unchanged(action: Action) -> Action:
    """No fault in what the exchange asks for."""
    return action


@contextmanager
def late_audio() -> Iterator[None]:
    """What a port hears of its line comes 100 ms late: a delay line between each wire and the core."""
    waiting: dict[int, deque[bytes]] = {}

    def exchange(line: Any, played: Any, captured: Any, count: int) -> int:
        code = int(lib.tw_port_exchange(line, played, captured, count))
        bytes_a_block = count * SAMPLE_BYTES
        delay_line = waiting.setdefault(
            int(ffi.cast("intptr_t", line)),
            deque([bytes(bytes_a_block)] * (LATE_MS * SAMPLES_PER_MS // count)),
        )
        delay_line.append(bytes(ffi.buffer(captured, bytes_a_block)))
        ffi.memmove(captured, delay_line.popleft(), bytes_a_block)
        return code

    late = ffi.callback("int(void *, const int16_t *, int16_t *, size_t)", exchange)
    ours = Wire.exchange
    Wire.exchange = property(lambda wire: int(ffi.cast("intptr_t", late)))  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        Wire.exchange = ours  # type: ignore[method-assign]


FAULTS = (
    DeliberateFault("a crossed wire", "internal", "101 hears 102", on_plan(cross_a_wire)),
    DeliberateFault(
        "a stranger on the line", "internal", "103 does not hear 101", on_plan(bridge_a_stranger)
    ),
    DeliberateFault("one direction muted", "internal", "101 hears 102", on_plan(mute_a_direction)),
    DeliberateFault("speech 6 dB too low", "city-out", "hears 101", on_plan(lower_by_6_db)),
    DeliberateFault("a tone 15 % sharp", "internal", "dial tone is a pure 425 Hz", on_plan(sharpen_tones)),
    DeliberateFault("a cadence 30 % long", "busy", "hears busy tone", on_plan(stretch_cadences)),
    DeliberateFault(
        "audio 100 ms late, inside", "internal", "sound from 101 to 102 takes", unchanged, late_audio
    ),
    DeliberateFault(
        "audio 100 ms late, city", "city-in", "sound from far end of fxo1 to 102 takes", unchanged, late_audio
    ),
    DeliberateFault(
        "audio 100 ms late, SIP",
        "line-to-sip",
        "sound from far end of fxo2 to 201 takes",
        unchanged,
        late_audio,
    ),
    DeliberateFault("cancellers bypassed, inside", "internal", "no echo", on_plan(bypass_cancellers)),
    DeliberateFault("cancellers bypassed, city", "city-in", "no echo", on_plan(bypass_cancellers)),
    DeliberateFault("cancellers bypassed, SIP", "line-to-sip", "no echo", on_plan(bypass_cancellers)),
    DeliberateFault("no music", "hold", "102 hears music", on_plan(without_music)),
    DeliberateFault("wrong digits dialled", "city-out", "received the number", on_plan(with_wrong_digits)),
    DeliberateFault("StopRinging dropped", "internal", "modules were treated well", dropping(StopRinging)),
    DeliberateFault("StopRinging dropped, group", "city-in", "stops ringing", dropping(StopRinging)),
    DeliberateFault("a line never released", "far-end-hangup", "line 1 is released", without_release),
    DeliberateFault("BYE never sent", "line-to-sip", "told by BYE", dropping(SipHangup)),
    DeliberateFault("the last row lost", "busy", "its rows are whole", dropping(CallEnded)),
    DeliberateFault("hook debounce never expires", "rotary", "hears dial tone", without_timer("debounce")),
    DeliberateFault("hang_up never expires", "internal", "hears a tone", without_timer("hang_up")),
    DeliberateFault(
        "first_digit never expires", "off-hook", "hears congestion tone", without_timer("first_digit")
    ),
    DeliberateFault("interdigit never expires", "wrong-number", "hears a tone", without_timer("interdigit")),
    DeliberateFault("busy_tone never expires", "off-hook", "howler", without_timer("busy_tone")),
    DeliberateFault("missing rings never noticed", "abandoned", "is quiet", without_timer("missing")),
    DeliberateFault("gap never expires", "rotary", "102 rings", without_timer("gap")),
    DeliberateFault("guard never expires", "pairing", "every line is idle", without_timer("guard")),
)
