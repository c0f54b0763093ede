"""A hold queue: the order of those who wait. Only the first is ever rung for, so nobody is overtaken."""

from dataclasses import dataclass, field

from gateway.errors import Bug
from gateway.model.numbers import CallId
from gateway.model.settings import QueueSettings


@dataclass(slots=True)
class CallQueue:
    """The callers of one queue, first come first served."""

    settings: QueueSettings
    waiting: list[CallId] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Whether the next caller must go to the overflow."""
        return len(self.waiting) >= self.settings.limit

    @property
    def first(self) -> CallId | None:
        """Whose turn it is."""
        return self.waiting[0] if self.waiting else None

    def enter(self, call: CallId) -> None:
        """Wait behind everybody else; `Bug` when full or already waiting."""
        if self.full or call in self.waiting:
            raise Bug(f"call {call} cannot enter queue {self.settings.number}")
        self.waiting.append(call)

    def leave(self, call: CallId) -> None:
        """Connected, sent on or gone; the others move up. Does nothing for a call that is not waiting."""
        if call in self.waiting:
            self.waiting.remove(call)
