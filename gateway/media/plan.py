"""Who hears what, written as a `Plan`: from the exchange's wishes to the value that crosses into C, purely.

A wish is a listener and a `Sound`. A tone gets a node of its own for each listener, so that everybody hears
it from its beginning and none is cut; music has one node for all who listen, like a radio; a party is its own
node already. A node keeps its id for as long as its wish lasts, and with it its phase, its position, its
canceller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gateway.media.tones import TonePlan
from gateway.model.numbers import NodeId, ToneKind
from gateway.model.plan import (
    DigitsNode,
    Hears,
    IdentityMessage,
    IdentityNode,
    Node,
    Plan,
    PlayerNode,
    PortNode,
    RtpNode,
    ToneNode,
)


@dataclass(frozen=True, slots=True)
class Tone:
    """A call-progress tone of the office's country."""

    kind: ToneKind


@dataclass(frozen=True, slots=True)
class Music:
    """A recording, repeated for ever."""

    clip: str


@dataclass(frozen=True, slots=True)
class Party:
    """Another party's voice."""

    node: NodeId


@dataclass(frozen=True, slots=True)
class Digits:
    """Digits to be sent to the listener; ``node`` was taken when they were ordered, `DigitsSent` names it."""

    node: NodeId
    digits: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What the listener, a telephone, is told; ``node`` was taken then, `IdentitySent` names it."""

    node: NodeId
    message: IdentityMessage


@dataclass(frozen=True, slots=True)
class Spoken:
    """A recording from its beginning to its end; ``node`` was taken when it was ordered, `PromptEnded` names
    it. All who are to hear the same words at once hear one node.
    """

    node: NodeId
    clip: str


Sound = Tone | Music | Party | Digits | Identity | Spoken


@dataclass(frozen=True, slots=True)
class Wish:
    """``listener`` should hear ``sound``."""

    listener: NodeId
    sound: Sound


class PlanWriter:
    """Writes one plan after the other; remembers the ids of tone and music nodes that go on."""

    def __init__(self, tones: TonePlan, new_id: Callable[[], int]) -> None:
        self._tones = tones
        self._new_id = new_id
        self._kept: dict[tuple[NodeId | None, Tone | Music], NodeId] = {}
        self._asked: tuple[tuple[PortNode | RtpNode, ...], tuple[Wish, ...]] | None = None
        self.plan = Plan()

    def write(self, parties: Iterable[PortNode | RtpNode], wishes: Iterable[Wish]) -> Plan | None:
        """The next plan; None when it would say what the last one said."""
        asked = (tuple(parties), tuple(wishes))
        if asked == self._asked:
            return None
        self._asked = asked
        plan = self._written(*asked)
        if self.plan.generation and (plan.nodes, plan.hears) == (self.plan.nodes, self.plan.hears):
            return None
        self.plan = plan
        return plan

    def _written(self, parties: tuple[PortNode | RtpNode, ...], wishes: tuple[Wish, ...]) -> Plan:
        wanted = dict.fromkeys(_memory(wish) for wish in wishes if isinstance(wish.sound, Tone | Music))
        self._kept = {key: self._kept.get(key) or NodeId(self._new_id()) for key in wanted}
        nodes: dict[NodeId, Node] = {party.id: party for party in parties}
        edges: dict[tuple[NodeId, NodeId], Hears] = {}
        for wish in wishes:
            source = self._source(wish, nodes)
            edges[wish.listener, source] = Hears(wish.listener, source)
        return Plan(
            self.plan.generation + 1,
            tuple(nodes[node] for node in sorted(nodes)),
            tuple(edges[edge] for edge in sorted(edges)),
        )

    def _source(self, wish: Wish, nodes: dict[NodeId, Node]) -> NodeId:
        """The id of the node that makes this sound, which is put into ``nodes`` if it is not a party."""
        match wish.sound:
            case Party(node=node):
                return node
            case Digits(node=node, digits=digits):
                nodes[node] = DigitsNode(node, digits)
                return node
            case Identity(node=node, message=message):
                nodes[node] = IdentityNode(node, wish.listener, message)
                return node
            case Spoken(node=node, clip=clip):
                nodes[node] = PlayerNode(node, clip)
                return node
            case Tone(kind=kind):
                node = self._kept[_memory(wish)]
                nodes[node] = ToneNode(node, self._tones.segments(kind))
                return node
            case Music(clip=clip):
                node = self._kept[_memory(wish)]
                nodes[node] = PlayerNode(node, clip, looped=True)
                return node


def _memory(wish: Wish) -> tuple[NodeId | None, Tone | Music]:
    """Tones are remembered by listener, music by clip."""
    assert isinstance(wish.sound, Tone | Music)
    return (wish.listener if isinstance(wish.sound, Tone) else None, wish.sound)
