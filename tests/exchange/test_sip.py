"""SIP parties: registered telephones called and calling, forks, early media, hold, digits, the SIP process
gone.
"""

from dataclasses import replace

import pytest

from gateway.media.sdp import parse_description
from gateway.model import actions as act
from gateway.model import events as ev
from gateway.model.causes import Cause, Evidence
from gateway.model.numbers import Codec, DialogId, ToneKind
from gateway.model.plan import Detectors, RtpNode
from gateway.model.settings import SipSettings
from tests.exchange.world import SipTelephone, Telephone, World, offer, office


@pytest.fixture
def darya(world: World) -> SipTelephone:
    telephone = world.sip_telephone("201")
    telephone.registers()
    return telephone


def rtp(world: World) -> list[RtpNode]:
    return [node for node in world.plan.nodes if isinstance(node, RtpNode)]


# --- we call them -----------------------------------------------------------------------------------------


def test_a_registered_telephone_is_invited_and_answers(
    world: World, anna: Telephone, darya: SipTelephone
) -> None:
    anna.lifts()
    anna.dials("201")
    (invite,) = darya.invites
    assert (invite.caller, invite.caller_name, invite.contact) == ("101", "Anna", "sip:phone@192.0.2.50")
    offered = parse_description(invite.sdp)
    assert (offered.address, offered.port, offered.codecs) == (
        "192.0.2.1",
        16_384,
        (Codec.PCMA, Codec.PCMU),
    )
    assert anna.hears == {"ringback"}
    darya.rings()
    darya.answers()
    assert anna.hears == {"201"}
    assert world.hears("201") == {"fxs1"}
    (node,) = rtp(world)
    assert (node.socket, node.remote, node.codec) == (0, ("192.0.2.50", 40_000), Codec.PCMA)
    assert world.answered[0].evidence is Evidence.SIP


@pytest.mark.parametrize("wanted", [False, True])
def test_silence_goes_out_as_comfort_noise_if_the_office_and_the_telephone_want_it(wanted: bool) -> None:
    settings = replace(office(), sip=SipSettings(comfort_noise=wanted))
    world = World(settings)
    anna, darya = world.telephone("101"), world.sip_telephone("201")
    darya.registers()
    anna.lifts()
    anna.dials("201")
    (invite,) = darya.invites
    assert parse_description(invite.sdp).comfort_noise == wanted
    darya.answers(sdp=offer().replace("RTP/AVP 8", "RTP/AVP 8 13"))
    (node,) = rtp(world)
    assert node.comfort_noise == wanted


def test_hanging_up_says_goodbye_and_frees_the_socket(
    world: World, anna: Telephone, darya: SipTelephone
) -> None:
    anna.lifts()
    anna.dials("201")
    darya.answers()
    anna.hangs_up()
    assert darya.told(act.SipHangup) == [act.SipHangup(darya.invites[0].dialog, Cause.NORMAL_CLEARING)]
    assert world.exchange.view().rtp_sockets_used == 0
    assert rtp(world) == []


@pytest.mark.parametrize(
    ("status", "cause", "tone"),
    [
        (486, Cause.USER_BUSY, "busy"),
        (603, Cause.CALL_REJECTED, "busy"),
        (404, Cause.UNALLOCATED_NUMBER, "congestion"),
        (503, Cause.TEMPORARY_FAILURE, "congestion"),
    ],
)
def test_a_refusal_has_its_cause_and_tone(
    world: World, anna: Telephone, darya: SipTelephone, status: int, cause: Cause, tone: str
) -> None:
    anna.lifts()
    anna.dials("201")
    darya.refuses(status)
    assert anna.hears == {tone}
    assert (world.ended[0].cause, world.ended[0].evidence) == (cause, Evidence.SIP)


def test_a_telephone_that_is_not_registered_cannot_be_rung(world: World, anna: Telephone) -> None:
    anna.lifts()
    anna.dials("201")
    assert anna.hears == {"congestion"}
    assert world.ended[0].cause is Cause.SUBSCRIBER_ABSENT


def test_every_binding_rings_and_the_first_answer_wins(
    world: World, anna: Telephone, darya: SipTelephone
) -> None:
    darya.registers("sip:desk")
    anna.lifts()
    anna.dials("201")
    assert len(darya.invites) == 2
    darya.answers(1)
    assert darya.told(act.SipHangup) == [act.SipHangup(darya.invites[0].dialog, Cause.NORMAL_CLEARING)]
    assert anna.hears == {"201"}
    assert world.exchange.view().rtp_sockets_used == 1


def test_an_answer_that_crosses_our_cancel_is_taken_back(
    world: World, anna: Telephone, darya: SipTelephone
) -> None:
    anna.lifts()
    anna.dials("201")
    anna.hangs_up()
    darya.answers()
    assert len(darya.told(act.SipHangup)) == 2
    assert world.answered == []


def test_an_answer_without_usable_media_ends_the_call(
    world: World, anna: Telephone, darya: SipTelephone
) -> None:
    anna.lifts()
    anna.dials("201")
    world.feed(ev.RemoteAnswered(darya.invites[0].dialog, "v=0\r\n"))
    assert world.ended[0].cause is Cause.INCOMPATIBLE
    assert darya.told(act.SipHangup) == [act.SipHangup(darya.invites[0].dialog, Cause.INCOMPATIBLE)]


def test_unregistering_takes_the_binding_away(world: World, anna: Telephone, darya: SipTelephone) -> None:
    world.feed(ev.Unregistered("201", "sip:phone@192.0.2.50"))
    anna.lifts()
    anna.dials("201")
    assert darya.invites == []


# --- they call us -----------------------------------------------------------------------------------------


def test_a_sip_telephone_calls_an_analog_one(world: World, anna: Telephone, darya: SipTelephone) -> None:
    dialog = darya.calls("101")
    assert anna.rings
    assert world.sip == [act.SipRing(dialog)]
    anna.lifts()
    (answer,) = darya.told(act.SipAnswer)
    assert isinstance(answer, act.SipAnswer)
    assert parse_description(answer.sdp).codecs == (Codec.PCMA,)
    assert anna.hears == {"201"}
    assert world.hears("201") == {"fxs1"}
    darya.hangs_up(dialog)
    assert anna.hears == {"busy"}
    assert world.exchange.view().rtp_sockets_used == 0


@pytest.mark.parametrize(("number", "status"), [("77", 404), ("10", 484), ("202", 480)])
def test_what_cannot_be_reached_is_refused_with_its_status(
    world: World, darya: SipTelephone, number: str, status: int
) -> None:
    dialog = darya.calls(number)
    assert world.sip == [act.SipRefuse(dialog, status)]
    assert len(world.started) == len(world.ended) == 1


def test_a_busy_extension_is_486(world: World, anna: Telephone, darya: SipTelephone) -> None:
    anna.lifts()
    dialog = darya.calls("101")
    assert world.sip == [act.SipRefuse(dialog, 486)]


def test_an_offer_that_we_cannot_do_is_refused_and_no_call(world: World, darya: SipTelephone) -> None:
    text = offer().replace("PCMA", "G729").replace("PCMU", "G723").replace("RTP/AVP 8 0", "RTP/AVP 18 4")
    world.feed(ev.InviteReceived(DialogId(1), "201", "", "101", text))
    assert world.sip == [act.SipRefuse(DialogId(1), 488)]
    assert world.journal == []
    assert world.exchange.view().rtp_sockets_used == 0


def test_the_caller_cancels(world: World, anna: Telephone, darya: SipTelephone) -> None:
    dialog = darya.calls("101")
    darya.hangs_up(dialog)
    assert not anna.rings
    assert world.ended[0].ended_by == "201"


def test_without_a_free_socket_a_caller_is_refused(world: World) -> None:
    for number in range(9):
        world.feed(ev.InviteReceived(DialogId(2 * number + 1), "202", "", "610", offer()))
    refused = [one for one in world.sip if isinstance(one, act.SipRefuse)]
    assert refused == [act.SipRefuse(DialogId(17), 503)]
    assert len(world.calls) == 8


def test_a_sip_caller_hears_the_city_before_anybody_answers(world: World, darya: SipTelephone) -> None:
    city = world.city(1)
    dialog = darya.calls("9123456")
    city.sounds(ToneKind.DIAL)
    city.takes_digits()
    (ring,) = darya.told(act.SipRing)
    assert isinstance(ring, act.SipRing)
    assert ring.dialog == dialog
    assert ring.sdp is not None
    assert world.hears("201") == {"fxo1"}
    city.sounds(ToneKind.RINGBACK)
    city.sounds(ToneKind.RINGBACK, present=False)
    world.wait(2)
    assert len(darya.told(act.SipAnswer)) == 1
    city.sounds(ToneKind.BUSY)
    assert darya.told(act.SipHangup) == [act.SipHangup(dialog, Cause.NORMAL_CLEARING)]


def test_a_sip_caller_in_a_queue_is_answered_with_music(world: World, darya: SipTelephone) -> None:
    darya.calls("610")
    assert len(darya.told(act.SipAnswer)) == 1
    assert world.hears("201") == {"music:queue"}
    world.telephone("101").lifts()
    assert world.hears("201") == {"fxs1"}
    assert len(darya.told(act.SipAnswer)) == 1


# --- the city and SIP -------------------------------------------------------------------------------------


def test_a_city_line_straight_to_a_sip_telephone_shows_who_calls() -> None:
    world = World(office(lines_to=("600", "201")))
    darya = world.sip_telephone("201")
    darya.registers()
    world.city(2).calls("4951234567", "Ivan")
    assert darya.invites == [], "who calls is not known yet"
    world.wait(2)
    (invite,) = darya.invites
    assert (invite.caller, invite.caller_name) == ("4951234567", "Ivan")
    darya.answers()
    assert world.city(2).seized
    assert world.city(2).hears == {"201"}


def test_without_caller_identity_sip_telephones_ring_after_four_seconds() -> None:
    world = World(office(lines_to=("600", "201")))
    darya = world.sip_telephone("201")
    darya.registers()
    world.city(2).calls(rings=3)
    world.wait(4.1)
    assert len(darya.invites) == 1
    assert darya.invites[0].caller == ""


def test_a_sip_telephone_that_declines_a_city_call_is_not_rung_again() -> None:
    world = World(office(lines_to=("600", "201")))
    darya = world.sip_telephone("201")
    darya.registers()
    world.city(2).calls("4951234567", rings=3)
    world.wait(3)
    darya.refuses(603)
    world.wait(5)
    assert len(darya.invites) == 1
    assert world.ended == [], "the city rings on until the caller gives up"
    world.wait(20)
    assert world.ended[0].evidence is Evidence.RINGING_STOPPED


# --- in a conversation ------------------------------------------------------------------------------------


@pytest.fixture
def talking(world: World, anna: Telephone, darya: SipTelephone) -> DialogId:
    anna.lifts()
    anna.dials("201")
    darya.answers()
    return darya.invites[0].dialog


def test_hold_by_reinvite_plays_music_to_the_other(
    world: World, anna: Telephone, darya: SipTelephone, talking: DialogId
) -> None:
    world.feed(ev.ReinviteReceived(talking, offer(direction="sendonly")))
    assert anna.hears == {"music:hold"}
    (answer,) = darya.told(act.SipAnswerReinvite)
    assert isinstance(answer, act.SipAnswerReinvite)
    assert "a=recvonly" in answer.sdp
    world.feed(ev.MediaLost(rtp(world)[0].id, 30_000))
    assert world.ended == [], "who holds may be silent"
    world.feed(ev.ReinviteReceived(talking, offer()))
    assert anna.hears == {"201"}


def test_a_telephone_holds_a_sip_party(
    world: World, anna: Telephone, darya: SipTelephone, talking: DialogId
) -> None:
    anna.flashes()
    assert world.hears("201") == {"music:hold"}
    anna.flashes()
    assert world.hears("201") == {"fxs1"}


def test_a_reinvite_may_move_the_media(world: World, talking: DialogId) -> None:
    world.feed(ev.ReinviteReceived(talking, offer(port=50_000)))
    assert rtp(world)[0].remote == ("192.0.2.50", 50_000)


def test_digits_go_both_ways_as_events_and_tones(world: World, anna: Telephone, talking: DialogId) -> None:
    assert world.port_node("fxs1").detectors is Detectors.DTMF
    node = rtp(world)[0].id
    world.feed(ev.DigitHeard(world.port_node("fxs1").id, "5", 80, ev.DigitSource.IN_BAND))
    assert world.hears("201") == {"fxs1", "digits:5"}
    world.feed(ev.DigitHeard(node, "7", 80, ev.DigitSource.RTP_EVENT))
    assert anna.hears == {"201", "digits:7"}
    world.wait(1)
    assert anna.hears == {"201"}


def test_a_sip_telephones_sound_is_searched_for_digits_where_they_go_on_as_events(
    world: World, darya: SipTelephone
) -> None:
    other = world.sip_telephone("202")
    other.registers("sip:other")
    darya.calls("202")
    other.answers()
    assert [node.detectors for node in rtp(world)] == [Detectors.DTMF, Detectors.DTMF]
    assert world.hears("202") == {"201"}
    caller, called = (node.id for node in rtp(world))
    for source in ev.DigitSource:
        world.feed(ev.DigitHeard(caller, "5", 80, source))
        assert world.hears("202") == {"201", "digits:5"}
        world.wait(1)
        world.feed(ev.DigitHeard(called, "6", 80, source))
        assert world.hears("201") == {"202", "digits:6"}
        world.wait(1)


def test_a_digit_in_the_sound_of_a_sip_telephone_is_heard_by_a_telephone_as_it_is(
    world: World, anna: Telephone, talking: DialogId
) -> None:
    assert rtp(world)[0].detectors is Detectors.NONE
    world.feed(ev.DigitHeard(rtp(world)[0].id, "7", 80, ev.DigitSource.IN_BAND))
    assert anna.hears == {"201"}


def test_two_digits_are_sent_one_after_the_other(world: World, anna: Telephone, talking: DialogId) -> None:
    node = rtp(world)[0].id
    for digit in "12":
        world.feed(ev.DigitHeard(node, digit, 80, ev.DigitSource.RTP_EVENT))
    assert anna.hears == {"201", "digits:1"}
    world.wait(0.25)
    assert anna.hears == {"201", "digits:2"}


def test_media_that_stays_away_clears_the_call(world: World, anna: Telephone, talking: DialogId) -> None:
    world.feed(ev.MediaLost(rtp(world)[0].id, 30_000))
    assert anna.hears == {"congestion"}
    assert (world.ended[0].cause, world.ended[0].evidence) == (Cause.RECOVERY_ON_TIMER, Evidence.MEDIA)


# --- the SIP process --------------------------------------------------------------------------------------


def test_losing_the_sip_process_clears_its_calls_and_no_others(
    world: World, anna: Telephone, darya: SipTelephone, talking: DialogId
) -> None:
    boris, vera = world.telephone("102"), world.telephone("103")
    boris.lifts()
    boris.dials("103")
    vera.lifts()
    world.feed(ev.RemoteEnded(talking, 41))
    world.feed(ev.SipStackDown("killed"))
    assert anna.hears == {"congestion"}
    assert (world.ended[0].cause, world.ended[0].evidence) == (
        Cause.TEMPORARY_FAILURE,
        Evidence.SIP_STACK_LOST,
    )
    assert boris.hears == {"fxs3"}
    world.feed(ev.SipStackUp(2))
    anna.hangs_up()
    anna.lifts()
    anna.dials("201")
    assert len(darya.invites) == 2, "it rings without registering again"


def test_dialogs_that_the_lost_process_did_not_name_are_cleared_too(
    world: World, anna: Telephone, talking: DialogId
) -> None:
    world.feed(ev.SipStackDown("killed"))
    assert world.ended[0].evidence is Evidence.SIP_STACK_LOST
    assert world.exchange.view().rtp_sockets_used == 0


def test_people_are_told_why_sip_is_down_once_a_reason(world: World) -> None:
    for reason in ("killed", "killed", "no room"):
        world.feed(ev.SipStackDown(reason))
    world.feed(ev.SipStackUp(2))
    world.feed(ev.SipStackDown("no room"))
    told = [action.text for _, action in world.done if isinstance(action, act.RaiseAlarm)]
    assert [alarm.text.rpartition(": ")[2] for alarm in world.alarms] == ["no room"], "the others are cured"
    assert [text.rpartition(": ")[2] for text in told] == ["killed", "no room", "no room"]


def test_without_the_sip_process_its_telephones_cannot_be_rung(
    world: World, anna: Telephone, darya: SipTelephone
) -> None:
    world.feed(ev.SipStackDown("killed"))
    anna.lifts()
    anna.dials("201")
    assert world.ended[0].cause is Cause.NETWORK_OUT_OF_ORDER


def test_shutdown_clears_everything(world: World, anna: Telephone, talking: DialogId) -> None:
    world.city(1).calls("4951234567")
    world.wait(3)
    world.feed(ev.ShutdownRequested())
    assert world.calls == ()
    assert world.ringing == set()
    assert world.loops == set()
    assert {ended.evidence for ended in world.ended} == {Evidence.ADMINISTRATOR}


def test_a_reinvite_that_cannot_be_done_is_refused_and_the_call_goes_on(
    world: World, anna: Telephone, talking: DialogId
) -> None:
    """RFC 3261 section 14.2."""
    fax = offer().split("m=")[0] + "m=image 40000 udptl t38\r\n"
    world.feed(ev.ReinviteReceived(talking, fax))
    assert world.sip[-1] == act.SipRefuseReinvite(talking, 488)
    assert anna.hears == {"201"}
    anna.hangs_up()
    assert world.sip[-1] == act.SipHangup(talking, 16)


def test_an_answer_that_cannot_be_done_ends_the_call(world: World, talking: DialogId) -> None:
    world.feed(ev.ReinviteReceived(talking, ""))
    world.feed(ev.ReinviteAnswered(talking, "v=0\r\n"))
    assert world.sip[-1] == act.SipHangup(talking, 88)
    assert world.ended[-1].cause is Cause.INCOMPATIBLE


def test_the_answer_to_our_offer_in_a_reinvite_resumes_and_moves_the_media(
    world: World, anna: Telephone, talking: DialogId
) -> None:
    world.feed(ev.ReinviteReceived(talking, offer(direction="sendonly")))
    assert anna.hears == {"music:hold"}
    world.feed(ev.ReinviteReceived(talking, ""))
    world.feed(ev.ReinviteAnswered(talking, offer(port=50_000)))
    assert anna.hears == {"201"}
    (media,) = [node for node in world.plan.nodes if isinstance(node, RtpNode)]
    assert media.remote == ("192.0.2.50", 50_000)


def test_an_invite_without_an_offer_gets_ours_with_the_answer(world: World) -> None:
    """RFC 3261 section 13.2.1: the telephone's answer comes with its ACK."""
    world.sip_telephone("201").registers()
    anna = world.telephone("101")
    world.feed(ev.InviteReceived(DialogId(1), "201", "", "101", ""))
    assert anna.rings
    anna.lifts()
    (answer,) = [action for action in world.sip if isinstance(action, act.SipAnswer)]
    assert "m=audio" in answer.sdp
    assert anna.hears == set(), "where to send is not known yet"
    world.feed(ev.ReinviteAnswered(DialogId(1), offer()))
    assert anna.hears == {"201"}
