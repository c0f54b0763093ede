"""G.722 between SIP telephones: offered and taken where the other end of the call can hear it."""

from dataclasses import replace

import pytest

from gateway.media.sdp import parse_description
from gateway.model import actions as act
from gateway.model import events as ev
from gateway.model.numbers import Codec
from gateway.model.plan import RtpNode
from gateway.model.settings import QueueSettings, SipSettings
from tests.exchange.world import SipTelephone, Telephone, World, offer, office


@pytest.fixture
def darya(world: World) -> SipTelephone:
    telephone = world.sip_telephone("201")
    telephone.registers()
    return telephone


def rtp(world: World) -> list[RtpNode]:
    return [node for node in world.plan.nodes if isinstance(node, RtpNode)]


def codecs_of(told: list[act.Action]) -> tuple[Codec, ...]:
    (one,) = told
    assert isinstance(one, act.SipAnswer | act.SipInvite | act.SipAnswerReinvite)
    return parse_description(one.sdp).codecs


@pytest.fixture
def egor(world: World) -> SipTelephone:
    telephone = world.sip_telephone("202")
    telephone.registers()
    return telephone


def test_two_telephones_that_can_speak_wideband_do(
    world: World, darya: SipTelephone, egor: SipTelephone
) -> None:
    darya.codecs = (Codec.PCMU, Codec.PCMA, Codec.G722)
    egor.codecs = (Codec.G722, Codec.PCMA)
    darya.calls("202")
    assert codecs_of(egor.told(act.SipInvite)) == (Codec.G722, Codec.PCMA, Codec.PCMU)
    egor.answers()
    assert codecs_of(darya.told(act.SipAnswer)) == (Codec.G722,)
    assert [node.codec for node in rtp(world)] == [Codec.G722, Codec.G722]


def test_an_answer_without_g722_makes_both_speak_g711(
    world: World, darya: SipTelephone, egor: SipTelephone
) -> None:
    darya.codecs = (Codec.G722, Codec.PCMU, Codec.PCMA)
    darya.calls("202")
    egor.answers()
    assert codecs_of(darya.told(act.SipAnswer)) == (Codec.PCMU,)
    assert {node.codec for node in rtp(world)} == {Codec.PCMU, Codec.PCMA}


def test_a_caller_without_g722_is_not_made_to_pay_for_it(
    world: World, darya: SipTelephone, egor: SipTelephone
) -> None:
    egor.codecs = (Codec.G722, Codec.PCMA)
    darya.calls("202")
    assert codecs_of(egor.told(act.SipInvite)) == (Codec.PCMA, Codec.PCMU)


def test_towards_a_wire_g711_is_taken_where_there_is_a_choice(
    world: World, anna: Telephone, darya: SipTelephone
) -> None:
    darya.codecs = (Codec.G722, Codec.PCMA)
    darya.calls("101")
    anna.lifts()
    assert codecs_of(darya.told(act.SipAnswer)) == (Codec.PCMA,)


def test_a_telephone_that_has_nothing_but_g722_is_answered(
    world: World, anna: Telephone, darya: SipTelephone
) -> None:
    darya.codecs = (Codec.G722,)
    darya.calls("101")
    anna.lifts()
    assert codecs_of(darya.told(act.SipAnswer)) == (Codec.G722,)
    assert anna.hears == {"201"}


def test_hold_and_resume_keep_the_codec(world: World, darya: SipTelephone, egor: SipTelephone) -> None:
    darya.codecs = egor.codecs = (Codec.PCMA, Codec.G722)
    dialog = darya.calls("202")
    egor.answers()
    for direction in ("sendonly", "sendrecv"):
        world.feed(ev.ReinviteReceived(dialog, offer(direction=direction, codecs=darya.codecs)))
        assert {node.codec for node in rtp(world)} == {Codec.G722}
    world.feed(ev.ReinviteReceived(dialog, ""))
    assert codecs_of(darya.told(act.SipAnswerReinvite)[-1:]) == (Codec.G722, Codec.PCMA, Codec.PCMU)


def test_opus_is_offered_and_spoken_only_where_it_is_installed() -> None:
    for installed in (True, False):
        world = World(replace(office(), sip=SipSettings(opus=installed)))
        darya, egor = world.sip_telephone("201"), world.sip_telephone("202")
        darya.registers()
        egor.registers()
        darya.codecs = egor.codecs = (Codec.OPUS, Codec.PCMA)
        darya.calls("202")
        assert (Codec.OPUS in codecs_of(egor.told(act.SipInvite))) is installed
        egor.answers()
        spoken = Codec.OPUS if installed else Codec.PCMA
        assert codecs_of(darya.told(act.SipAnswer)) == (spoken,)
        assert [node.codec for node in rtp(world)] == [spoken, spoken]
        assert [node.opus_type for node in rtp(world)] == ([107, 107] if installed else [None, None])


def waiting_for_egor(codecs: tuple[Codec, ...]) -> tuple[World, SipTelephone, SipTelephone]:
    """A caller who hears a queue's music in G.711 while the only agent's telephone rings."""
    world = World(office(queue=QueueSettings("610", "Q", ("202",), "queue", overflow="104")))
    darya, egor = world.sip_telephone("201"), world.sip_telephone("202")
    darya.registers()
    egor.registers()
    darya.codecs = codecs
    egor.codecs = (Codec.G722, Codec.PCMA)
    darya.calls("610")
    assert codecs_of(darya.told(act.SipAnswer)) == (Codec.PCMA,)
    return world, darya, egor


def test_who_was_answered_by_a_queue_speaks_wideband_once_the_agent_does() -> None:
    world, darya, egor = waiting_for_egor((Codec.PCMA, Codec.G722))
    assert Codec.G722 in codecs_of(egor.told(act.SipInvite))
    egor.answers()
    (asked,) = darya.told(act.SipReinvite)
    assert isinstance(asked, act.SipReinvite)
    assert Codec.G722 in parse_description(asked.sdp).codecs
    assert {node.codec for node in rtp(world)} == {Codec.PCMA, Codec.G722}  # until they agree
    world.feed(ev.ReinviteAnswered(asked.dialog, offer(codecs=(Codec.G722,))))
    assert [node.codec for node in rtp(world)] == [Codec.G722, Codec.G722]


def test_a_caller_who_keeps_to_g711_goes_on_in_it() -> None:
    world, darya, egor = waiting_for_egor((Codec.PCMA, Codec.G722))
    egor.answers()
    (asked,) = darya.told(act.SipReinvite)
    assert isinstance(asked, act.SipReinvite)
    world.feed(ev.ReinviteAnswered(asked.dialog, offer(codecs=(Codec.PCMA,))))
    assert {node.codec for node in rtp(world)} == {Codec.PCMA, Codec.G722}


@pytest.mark.parametrize("codecs", [(Codec.PCMA,), (Codec.PCMA, Codec.PCMU)])
def test_a_caller_of_g711_alone_is_not_asked_again(codecs: tuple[Codec, ...]) -> None:
    _world, darya, egor = waiting_for_egor(codecs)
    assert Codec.G722 not in codecs_of(egor.told(act.SipInvite))
    egor.answers()
    assert darya.told(act.SipReinvite) == []
