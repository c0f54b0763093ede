"""Texts of the bench's prompt: a plan, a status and a sound in words."""

from collections.abc import Mapping, Sequence

from gateway.model.numbers import NodeId
from gateway.model.plan import (
    DigitsNode,
    IdentityForm,
    IdentityMessage,
    IdentityNode,
    Node,
    Plan,
    PlayerNode,
    PortNode,
    RtpNode,
    ToneNode,
)
from gateway.model.view import ExchangeView
from gateway.simulator import meters
from gateway.simulator.display import Shown
from gateway.simulator.ear import Ear, Heard

NOTHING = "nobody hears anything"


def hearing(heard: Heard, ear: Ear) -> str:
    """What an ear hears, with its level."""
    return f"{heard} ({meters.level_dbm0(ear.last(500)):.0f} dBm0)"


def display(shown: Sequence[Shown], *, lamp: bool) -> str:
    """What a telephone's display shows: its last call, and its message lamp."""
    last = str(shown[-1]) + (" (in the call)" if shown[-1].in_call else "") if shown else "no call yet"
    return f"{last}; message lamp {'on' if lamp else 'off'}"


def node_text(node: Node, names: Mapping[str, str]) -> str:
    """One node of a plan."""
    match node:
        case PortNode(port=port):
            return names.get(port, str(port))
        case RtpNode(remote=remote, codec=codec):
            where = f"{remote[0]}:{remote[1]}" if remote is not None else "nowhere yet"
            return f"RTP {where} {codec}"
        case ToneNode(segments=segments):
            parts = [
                f"{'+'.join(f'{hz:.0f}' for hz in segment.frequencies_hz) or 'silence'}"
                + (f" {segment.duration_ms} ms" if segment.duration_ms else "")
                for segment in segments
            ]
            return f"tone {', '.join(parts)}"
        case PlayerNode(clip=clip):
            return f"music {clip}"
        case DigitsNode(digits=digits):
            return f"digits {digits}"
        case IdentityNode(message=message):
            return told(message)


def told(message: IdentityMessage) -> str:
    """What a telephone is told, in words."""
    if message.form in (IdentityForm.LAMP_MDMF, IdentityForm.LAMP_SDMF):
        return f"message lamp {'on' if message.lamp_on else 'off'}"
    absent = "private" if message.private else "unknown"
    return " ".join(("caller", message.number or absent, message.name)).rstrip()


def plan_text(plan: Plan, names: Mapping[str, str]) -> str:
    """Who hears whom."""
    known: dict[NodeId, str] = {node.id: node_text(node, names) for node in plan.nodes}
    rows = [
        f"{known.get(edge.listener, '?')} hears {known.get(edge.source, '?')}"
        + (f" ({edge.gain_db:+.0f} dB)" if edge.gain_db else "")
        for edge in plan.hears
    ]
    return "\n".join([f"plan {plan.generation}:", *(rows or [NOTHING])])


def status_text(view: ExchangeView, sip_extensions: Sequence[str] = ()) -> str:
    """Lines, calls, telephones; ``sip_extensions`` are those that should be registered."""
    lines = [
        f"{row.port:6} {row.name:8} {row.state}" + (f"  {row.failure}" if row.failure else "")
        for row in view.lines
    ]
    calls = [
        f"call {row.call}: {row.calling or '?'} -> {row.called or '?'}, {row.state}"
        + (f", line {row.line}" if row.line else "")
        for row in view.calls
    ]
    registered = [row.extension for row in view.registrations]
    sip = f"registered: {', '.join(registered)}" if registered else "no SIP telephone is registered"
    missing = [number for number in sip_extensions if number not in registered]
    absent = f"; not registered: {', '.join(missing)}" if registered and missing else ""
    return "\n".join([*lines, *(calls or ["no call"]), sip + absent])
