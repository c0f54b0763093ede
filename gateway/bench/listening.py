"""A signal core that hears a recording in the place of one line, and silence on all others."""

from dataclasses import replace

from gateway.media.core import CorePort, CoreSettings, SilentAudio, WireAudio
from gateway.media.tones import tone_plan
from gateway.model.numbers import NodeId
from gateway.model.plan import Plan, PortNode
from gateway.runtime.trace import TraceHeader
from gateway.simulator.wires import Recording


def settings_for(
    configuration: TraceHeader, node: NodeId, recording: Recording, first_tick: int
) -> CoreSettings:
    """Of a core whose port ``node`` is the recording, its ticks counted from ``first_tick``."""
    line = WireAudio(recording.exchange, recording.line)
    return CoreSettings(
        ports=tuple(
            CorePort(port.node, line if port.node == node else SilentAudio())
            for port in configuration.board.ports
        ),
        tones=tone_plan(configuration.office.country).heard,
        rtp_sockets=configuration.board.rtp_sockets,
        first_tick=first_tick,
    )


def deaf(plan: Plan) -> Plan:
    """The plan without cancellers: the sound has been through them."""
    nodes = tuple(
        replace(node, canceller=False) if isinstance(node, PortNode) else node for node in plan.nodes
    )
    return replace(plan, nodes=nodes)
