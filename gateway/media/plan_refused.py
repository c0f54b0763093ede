"""A plan that the signal core does not take."""

from gateway.errors import Bug
from gateway.model.numbers import NodeId


class PlanRefused(Bug):
    """The core refused a plan; the old one stays in force. ``node`` is the node it complained about."""

    def __init__(self, text: str, node: NodeId) -> None:
        super().__init__(text)
        self.node = node
