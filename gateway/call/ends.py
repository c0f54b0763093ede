"""What the signal core says of the two ends of a conversation, and of what it has played out, brought to the
machines that it concerns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.call.states import CallState
from gateway.line.fxo import Fxo
from gateway.line.fxs import Fxs
from gateway.line.silence import BeginListening, StopListening

if TYPE_CHECKING:
    from gateway.call.installation import Installation
    from gateway.call.switchboard import Switchboard
    from gateway.model.events import DigitsSent, IdentitySent, VoiceHeard
    from gateway.model.machine import Step
    from gateway.model.numbers import NodeId


def hear_voice(installation: Installation, event: VoiceHeard, step: Step) -> None:
    """It says something of the city line that it is on, and of each whose conversation it is part of."""
    own = installation.nodes.get(event.node)
    if isinstance(own, Fxo):
        own.hear_voice(event, step)
    for line in installation.lines.values():
        if isinstance(line, Fxo) and event.node in line.silence.ends:
            line.silence.take(event, step)


def sent(
    board: Switchboard, installation: Installation, event: DigitsSent | IdentitySent, step: Step
) -> None:
    """What a node had to send is out: whoever waits for that goes on."""
    for line in installation.lines.values():
        if isinstance(line, Fxo) and line.outdial is not None and line.outdial.node == event.node:
            line.take(event, step)
        if isinstance(line, Fxs) and line.bell.telling_node == event.node:
            line.bell.take(event, step)
    for telephone in board.telephones.values():
        if telephone.second.telling_node == event.node:
            telephone.second.take(event, step)
    for leg in board.legs.values():
        leg.digits_sent(event.node)


def watch_silence(board: Switchboard, installation: Installation, step: Step) -> None:
    """Two who talk over a city line are listened to, for as long as they do."""
    for line in installation.lines.values():
        if not isinstance(line, Fxo):
            continue
        ends = _ends_of(board, line)
        if ends == line.silence.ends:
            continue
        known = frozenset({board.legs[line.key].node}) if line.far_silent and ends else frozenset()
        line.silence.take(BeginListening(ends, known) if ends else StopListening(), step)


def _ends_of(board: Switchboard, line: Fxo) -> frozenset[NodeId]:
    """The nodes of a conversation over this line in which silence is watched; none outside of one."""
    leg = board.legs.get(line.key)
    if leg is None or not line.watches_silence:
        return frozenset()
    call = board.calls[leg.call]
    partner = call.partner(leg)
    if call.state is not CallState.TALKING or partner is None:
        return frozenset()
    return frozenset({leg.node, partner.node})
