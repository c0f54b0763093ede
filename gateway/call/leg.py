"""One party's side of a call: who it is, on which line or dialog, and what digits are on their way to it."""

from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from gateway.model.machine import Step
from gateway.model.numbers import CallId, LegId, NodeId
from gateway.model.signals import Alert, Order


class PartyLine(Protocol):
    """What carries a party: an FXS line, an FXO line, a modem or a SIP dialog. All take the same orders."""

    key: str

    @property
    def state_name(self) -> str:
        """The machine's state, for people."""
        ...

    @property
    def audible(self) -> bool:
        """Whether the party hears what we send: an unanswered city caller does not."""
        ...

    @property
    def takes_digits_apart(self) -> bool:
        """Whether digits go to it beside the audio: as events (RFC 4733), or by a modem's network."""
        ...

    @property
    def wideband(self) -> bool:
        """Whether the party speaks wideband, or has offered to while nothing is agreed."""
        ...

    def order(self, event: Order, step: Step) -> None:
        """Carry out an order of the call."""
        ...

    def permits(self, event: type[object]) -> bool:
        """Whether it can take that order now."""
        ...


@dataclass(slots=True, eq=False)
class Leg:
    """A party on its line. ``via`` is the port or the SIP contact; ``withheld``: it hides its number;
    ``digits`` wait to be sent to it.
    """

    id: LegId
    call: CallId
    line: PartyLine
    node: NodeId
    number: str
    name: str
    via: str
    withheld: bool = False
    digits: deque[tuple[NodeId, str]] = field(default_factory=deque)

    @property
    def key(self) -> str:
        """The key of its line's machine: the ``source`` of its news."""
        return self.line.key

    def alert(self, cadence_ms: tuple[int, ...] = (), *, pending: bool = False) -> Alert:
        """The order to ring a station for this caller. ``pending``: who that is may still be told."""
        return Alert(self.number, self.name, self.line.wideband, self.withheld, pending, cadence_ms)

    def send_digit(self, digit: str, step: Step) -> None:
        """Queue a digit to be sent to this party."""
        self.digits.append((NodeId(step.new_id()), digit))

    def digits_sent(self, node: NodeId) -> None:
        """The signal core has sent what this node holds."""
        if self.digits and self.digits[0][0] == node:
            self.digits.popleft()
