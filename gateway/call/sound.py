"""What each party hears and what is listened for, from the state of lines and calls alone."""

from collections.abc import Iterator
from dataclasses import replace

from gateway.call.call import Call
from gateway.call.installation import Installation, Line
from gateway.call.leg import Leg
from gateway.call.states import CallState
from gateway.call.switchboard import Switchboard
from gateway.line.cellular import Cellular
from gateway.line.fxo import Fxo
from gateway.line.fxs import Fxs, FxsState
from gateway.media.plan import Digits, Identity, Music, Party, Tone, Wish
from gateway.model.numbers import NodeId, ToneKind
from gateway.model.plan import Detectors, PortNode, RtpNode
from gateway.model.settings import PortSettings
from gateway.model.signals import NoteDigit


class Sound:
    """The parties of the plan and their wishes. Nodes of ports are kept while they say the same."""

    def __init__(self, installation: Installation, board: Switchboard) -> None:
        self._installation = installation
        self._board = board
        self._port_nodes: dict[NodeId, PortNode] = {}

    def parties(self) -> Iterator[PortNode | RtpNode]:
        """Every port of the board, and every dialog that has media."""
        for port in self._installation.ports:
            yield self._port_node(port)
        for dialog in self._board.dialogs.values():
            node = dialog.rtp_node()
            if node is not None:
                leg = self._board.legs.get(dialog.key)
                listens = leg is not None and self._digits_matter(leg)
                detectors = self._voice(node.id) | (Detectors.DTMF if listens else Detectors.NONE)
                yield replace(node, detectors=detectors) if detectors else node

    def wishes(self) -> Iterator[Wish]:
        """What is to be heard, by lines out of a call and by the parties of calls."""
        for port in self._installation.ports:
            line = self._installation.lines[port.port]
            if isinstance(line, Fxs) and line.tone is not None:
                yield Wish(port.node, Tone(line.tone))
            if isinstance(line, Fxs) and line.bell.telling is not None:
                yield Wish(port.node, Identity(*line.bell.telling))
            if isinstance(line, Fxo) and line.outdial is not None:
                yield Wish(port.node, Digits(line.outdial.node, line.outdial.digits))
            if isinstance(line, Cellular) and line.playing is not None:
                yield Wish(port.node, Digits(*line.playing))
        for telephone in self._board.telephones.values():
            if telephone.second.beeps and telephone.line.audible:
                yield Wish(telephone.node, Tone(ToneKind.CALL_WAITING))
            if telephone.second.telling is not None:
                yield Wish(telephone.node, Identity(*telephone.second.telling))
        for _, call in sorted(self._board.calls.items()):
            yield from _wishes_of(call)

    def _port_node(self, port: PortSettings) -> PortNode:
        line = self._installation.lines[port.port]
        detectors = self._detectors(line) | self._voice(port.node)
        muted = line.state is FxsState.RINGING
        node = self._port_nodes.get(port.node)
        if node is None or (node.detectors, node.capture_muted) != (detectors, muted):
            modem = isinstance(line, Cellular)  # it has no hybrid, so nothing to cancel
            node = PortNode(
                port.node,
                port.port,
                detectors,
                canceller=not modem,
                digits_apart=modem,
                capture_muted=muted,
                spoken_gain_db=port.spoken_gain_db,
                heard_gain_db=port.heard_gain_db,
                automatic_gain=port.automatic_gain,
            )
            self._port_nodes[port.node] = node
        return node

    def _detectors(self, line: Line) -> Detectors:
        if isinstance(line, Fxo):
            if not line.in_use:
                return Detectors.CALLER_ID
            due = Detectors.DIAL_TONE if line.expects_dial_tone else Detectors.NONE
            asks = Detectors.AON if line.asks_number else Detectors.NONE
            voice = Detectors.VOICE if line.expects_voice else Detectors.NONE
            code = Detectors.DTMF if line.expects_code else Detectors.NONE
            return Detectors.CALL_PROGRESS | due | asks | voice | code
        leg = self._board.legs.get(line.key)
        if isinstance(line, Cellular):
            listens = line.listens_for_digits or (leg is not None and self._digits_matter(leg))
            return Detectors.DTMF if listens else Detectors.NONE
        if line.interrupted:
            return Detectors.NONE  # the display answers with a digit, which is nobody's
        if line.expects_digits or (leg is not None and self._digits_matter(leg)):
            return Detectors.DTMF
        return Detectors.NONE

    def _voice(self, node: NodeId) -> Detectors:
        """At both ends of a conversation over a city line: silence there must end."""
        lines = self._installation.lines.values()
        watched = any(isinstance(line, Fxo) and node in line.silence.ends for line in lines)
        return Detectors.VOICE if watched else Detectors.NONE

    def _digits_matter(self, leg: Leg) -> bool:
        """In a conversation: they go on as events, or the journal wants what is dialled straight through.
        A SIP telephone too may send a digit as mere sound.
        """
        partner = self._board.calls[leg.call].partner(leg)
        return partner is not None and (partner.line.takes_digits_apart or partner.line.permits(NoteDigit))


def _wishes_of(call: Call) -> Iterator[Wish]:
    for leg in call.legs:
        if leg.digits and leg.line.audible:
            node, digits = leg.digits[0]
            yield Wish(leg.node, Digits(node, digits))
    match call.state:
        case CallState.OFFERING:
            yield from _to(call.caller, Tone(ToneKind.RINGBACK))
        case CallState.PROCEEDING | CallState.TALKING:
            yield from _both_ways(call)
        case CallState.WAITING | CallState.PRESENTED | CallState.RESTING:
            clip = call.queue.music if call.queue is not None else call.board.office.hold_music
            yield from _to(call.caller, Music(clip))
        case CallState.HELD:
            yield from _held(call)
        case CallState.RECALLING:
            yield from _to(call.caller or call.other, Music(call.board.office.hold_music))
        case CallState.NEW | CallState.SEIZING | CallState.ENDED:
            return


def _to(leg: Leg | None, sound: Tone | Music) -> Iterator[Wish]:
    """For a party that can hear it: before the answer city and SIP callers have a ringback of their own."""
    if leg is not None and leg.line.audible:
        yield Wish(leg.node, sound)


def _both_ways(call: Call) -> Iterator[Wish]:
    one, other = call.caller, call.other
    if one is not None and other is not None and one.line.audible and other.line.audible:
        yield Wish(one.node, Party(other.node))
        yield Wish(other.node, Party(one.node))
    if call.warning is not None:
        for leg in call.legs:
            if leg.line.audible:
                yield Wish(leg.node, call.warning)


def _held(call: Call) -> Iterator[Wish]:
    """The held party hears music; a telephone that holds hears dial tone, as it would before dialling."""
    for leg in (call.caller, call.other):
        if leg is None:
            continue
        if leg.key not in call.holders:
            yield from _to(leg, Music(call.board.office.hold_music))
        elif isinstance(leg.line, Fxs):
            yield from _to(leg, Tone(ToneKind.DIAL))
