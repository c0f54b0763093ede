"""The plan in force, for whoever asks who hears whom."""

from gateway.media.core import SignalCore
from gateway.model.echo import EchoFigures
from gateway.model.numbers import NodeId
from gateway.model.plan import Plan


class PlanKeeper:
    """Gives plans to the core and remembers the last: for whoever asks who hears whom."""

    def __init__(self, core: SignalCore) -> None:
        self._core = core
        self.plan = Plan()

    def apply(self, plan: Plan) -> None:
        """Put a plan in force."""
        self._core.apply(plan)
        self.plan = plan

    def echo(self, node: NodeId) -> EchoFigures:
        """What the canceller of a port has measured."""
        return self._core.echo(node)
