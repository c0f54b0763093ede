"""What a telephone is told, as the identity node of ``native/include/plan.h``."""

from collections.abc import Mapping
from typing import Any

from gateway.media.plan_refused import PlanRefused
from gateway.model.numbers import NodeId
from gateway.model.plan import IdentityNode

KIND = 6
"""``SC_NODE_IDENTITY``."""
DATE_OCTETS, NUMBER_OCTETS, NAME_OCTETS = 8, 20, 50


def write_identity(target: Any, node: IdentityNode, ports: Mapping[NodeId, int]) -> None:
    """Fill a ``struct sc_plan_node``; ``ports`` are places by node. `PlanRefused` for what does not fit."""
    message = node.message
    if node.telephone not in ports:
        raise PlanRefused(f"plan: identity node {node.id} tells {node.telephone}, which is no port", node.id)
    target.kind, target.port = KIND, ports[node.telephone]
    target.identity_form, target.modulation = int(message.form), int(message.modulation)
    target.alert, target.lamp_on = int(message.alert), message.lamp_on
    target.number_private = message.private
    target.date = _octets(node, message.date, "ascii", DATE_OCTETS)
    target.number = _octets(node, message.number, "ascii", NUMBER_OCTETS)
    target.name = _octets(node, message.name, message.letters, NAME_OCTETS)


def _octets(node: IdentityNode, text: str, letters: str, most: int) -> bytes:
    octets = text.encode(letters, "replace")
    if len(octets) > most or b"\0" in octets:
        raise PlanRefused(
            f"plan: identity node {node.id} has a text of {len(octets)} octets; {most} can be sent", node.id
        )
    return octets
