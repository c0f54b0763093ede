"""What each party of a call hears, from the state of the call alone."""

from collections.abc import Iterator

from gateway.call.call import Call
from gateway.call.leg import Leg
from gateway.call.states import CallState
from gateway.line.fxs import Fxs
from gateway.media.plan import Digits, Music, Party, Tone, Wish
from gateway.model.numbers import ToneKind
from gateway.model.signals import NoteDigit


def wishes_of(call: Call) -> Iterator[Wish]:
    """Everything that is to be heard in this call."""
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


def _held(call: Call) -> Iterator[Wish]:
    """The held party hears music; a telephone that holds hears dial tone, as it would before dialling."""
    for leg in (call.caller, call.other):
        if leg is None:
            continue
        if leg.key not in call.holders:
            yield from _to(leg, Music(call.board.office.hold_music))
        elif isinstance(leg.line, Fxs):
            yield from _to(leg, Tone(ToneKind.DIAL))


def listens_for_digits(leg: Leg | None, call: Call | None) -> bool:
    """Whether digits in this party's audio matter: they go on as events, or the journal wants them."""
    partner = call.partner(leg) if call is not None and leg is not None else None
    return partner is not None and (partner.line.takes_digits_apart or partner.line.permits(NoteDigit))
