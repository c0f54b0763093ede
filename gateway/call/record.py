"""A call's rows in the journal: one at the start, one at the answer, one at the end, never twice."""

from dataclasses import dataclass
from enum import Enum, auto

from gateway.errors import Bug
from gateway.model.actions import CallAnswered, CallEnded, CallStarted, Direction, LegEnded
from gateway.model.causes import Cause, Evidence
from gateway.model.machine import Step
from gateway.model.numbers import CallId, NodeId, Now, PortId


class Written(Enum):
    """The last row that was written."""

    NOTHING = auto()
    START = auto()
    ANSWER = auto()
    END = auto()


@dataclass(slots=True)
class CallRecord:
    """What the journal will say of one call. The start row waits until the caller's identity is known, but
    bears the time of the beginning.
    """

    call: CallId
    direction: Direction
    calling: str
    calling_name: str
    called: str
    line: str | None
    began: Now
    written: Written = Written.NOTHING
    answered_ms: int | None = None

    def start(self, step: Step) -> None:
        """Write the start row; `Bug` the second time."""
        if self.written is not Written.NOTHING:
            raise Bug(f"call {self.call} was started already")
        self.written = Written.START
        step.do(
            CallStarted(
                call=self.call,
                direction=self.direction,
                calling=self.calling,
                calling_name=self.calling_name,
                called=self.called,
                line=self.line,
                wall_ns=self.began.wall_ns,
                monotonic_ns=self.began.monotonic_ns,
            )
        )

    def ensure_started(self, step: Step) -> None:
        """Write the start row if it still waits."""
        if self.written is Written.NOTHING:
            self.start(step)

    def answer(self, connected: str, line: str | None, evidence: Evidence, step: Step) -> None:
        """Write the answer row; `Bug` the second time."""
        self.ensure_started(step)
        if self.written is not Written.START:
            raise Bug(f"call {self.call} was answered already")
        self.written = Written.ANSWER
        self.answered_ms = step.now.ms
        now = step.now
        step.do(CallAnswered(self.call, connected, line, evidence, now.wall_ns, now.monotonic_ns))

    def party_left(self, port: PortId, node: NodeId, step: Step) -> None:
        """An analog party is out of the call: what its canceller measured follows the start row."""
        self.ensure_started(step)
        now = step.now
        step.do(LegEnded(self.call, port, node, now.wall_ns, now.monotonic_ns))

    def end(self, cause: Cause, evidence: Evidence, ended_by: str, step: Step) -> None:
        """Write the end row; `Bug` the second time."""
        self.ensure_started(step)
        if self.written is Written.END:
            raise Bug(f"call {self.call} was ended already")
        self.written = Written.END
        now = step.now
        step.do(CallEnded(self.call, cause, evidence, ended_by, now.wall_ns, now.monotonic_ns))
