"""The SIP twin: what its telephones make of the exchange's actions, and their media on the wire."""

import struct
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Bug, PeerError
from gateway.model import actions as act
from gateway.model import events as ev
from gateway.model.events import Event
from gateway.model.numbers import Codec, DialogId
from gateway.simulator.clock import VirtualClock
from gateway.simulator.sip_media import SipMedia, read_sdp
from gateway.simulator.sip_peer import SipState
from gateway.simulator.sipstack import SimulatedSipStack

FIRST_PORT = 16_384
MS = 1_000_000
GATEWAY_SDP = (
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 8 101\r\n"
    "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
)


def sdp(port: int = FIRST_PORT, direction: str = "sendrecv") -> str:
    return GATEWAY_SDP.format(port=port, direction=direction)


class Net:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.given: dict[int, list[bytes]] = defaultdict(list)
        self.taken: dict[int, list[tuple[bytes, tuple[str, int]]]] = defaultdict(list)
        self.stack = SimulatedSipStack(self.clock, self._give, self._take, FIRST_PORT)
        self.events: list[Event] = []
        self.stack.begin(self.events.append)
        self.darya = self.stack.add_telephone("201", voice=1)
        self.egor = self.stack.add_telephone("202", voice=2)
        self.darya.registers()
        self.run(10)
        self.events.clear()

    def _give(self, socket: int, packet: bytes, source: tuple[str, int]) -> bool:
        self.given[socket].append(packet)
        return True

    def _take(self, socket: int) -> list[tuple[bytes, tuple[str, int]]]:
        packets, self.taken[socket] = self.taken[socket], []
        return packets

    def run(self, ms: int) -> None:
        self.clock.advance(self.clock.monotonic_ns() + ms * MS)

    def invite(self, dialog: int = 2, extension: str = "201") -> None:
        self.stack.perform(act.SipInvite(DialogId(dialog), extension, "sip:x", "101", "Anna", sdp()))
        self.run(10)


def test_registering_gives_a_binding_and_switching_off_takes_it_back() -> None:
    net = Net()
    net.egor.registers(60)
    net.egor.unregisters()
    net.run(10)
    contact = "sip:202@198.51.100.2:5060"
    assert net.events == [
        ev.Registered("202", contact, "198.51.100.2:5060", 60),
        ev.Unregistered("202", contact),
    ]


def test_a_telephone_rings_shows_answers_and_is_hung_up_on() -> None:
    net = Net()
    net.invite()
    assert net.darya.rings
    assert net.darya.shows == "101"
    net.darya.answers()
    net.run(10)
    [ringing, answered] = net.events
    assert ringing == ev.RemoteRinging(DialogId(2), 180, None)
    assert isinstance(answered, ev.RemoteAnswered)
    assert read_sdp(answered.sdp).codecs == (Codec.PCMA,)
    net.stack.perform(act.SipHangup(DialogId(2), 16))
    net.run(10)
    assert net.darya.state is SipState.IDLE
    assert net.darya.ended_with == 16


def test_a_telephone_in_a_call_is_busy_and_one_that_is_off_is_not_there() -> None:
    net = Net()
    net.invite(2)
    net.invite(4)
    net.invite(6, "202")
    refused = [(event.dialog, event.status) for event in net.events if isinstance(event, ev.RemoteRefused)]
    assert refused == [(4, 486), (6, 404)]


def test_after_a_hangup_nothing_more_is_heard_of_a_dialog() -> None:
    net = Net()
    net.stack.perform(act.SipInvite(DialogId(2), "201", "sip:x", "101", "Anna", sdp()))
    net.stack.perform(act.SipHangup(DialogId(2), 16))
    net.run(20)
    assert net.events == []
    assert net.darya.state is SipState.IDLE


def test_a_call_of_a_telephone_with_early_media_answer_hold_and_bye() -> None:
    net = Net()
    net.darya.calls("101")
    net.run(10)
    [invite] = net.events
    assert isinstance(invite, ev.InviteReceived)
    assert (invite.dialog, invite.caller, invite.called) == (1, "201", "101")
    net.stack.perform(act.SipRing(invite.dialog, sdp()))
    net.run(100)
    assert net.darya.state is SipState.ALERTING
    assert len(net.given[0]) == pytest.approx(4, abs=1)
    net.stack.perform(act.SipAnswer(invite.dialog, sdp()))
    net.run(10)
    net.darya.holds()
    net.run(10)
    [*_, reinvite] = net.events
    assert isinstance(reinvite, ev.ReinviteReceived)
    assert read_sdp(reinvite.sdp).direction == "sendonly"
    net.stack.perform(act.SipAnswerReinvite(invite.dialog, sdp(direction="recvonly")))
    net.run(10)
    net.darya.hangs_up()
    net.run(10)
    assert net.events[-1] == ev.RemoteEnded(invite.dialog, 16)


def test_an_action_for_a_dialog_that_never_was_is_a_bug() -> None:
    with pytest.raises(Bug, match="no dialog 9"):
        Net().stack.perform(act.SipRing(DialogId(9)))
    with pytest.raises(Bug, match="not for SIP"):
        Net().stack.perform(act.SetLoop("fxo1", True))  # type: ignore[arg-type]


class Pair:
    """Two media directly connected."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        ends = {("198.51.100.1", 40_000): 1, ("198.51.100.2", 40_000): 0}
        self.media = [
            SipMedia(self.clock, address, self._send, seed=place + 1) for place, address in enumerate(ends)
        ]
        self.packets: list[bytes] = []
        first, second = self.media
        answer = second.answer(first.describe())
        first.start(read_sdp(answer))

    def _send(self, packet: bytes, source: tuple[str, int], destination: tuple[str, int]) -> bool:
        self.packets.append(packet)
        next(media for media in self.media if media.address == destination).take(packet)
        return True

    def run(self, ms: int) -> None:
        self.clock.advance(self.clock.monotonic_ns() + ms * MS)


def test_speech_goes_over_rtp_without_a_gap() -> None:
    pair = Pair()
    one, other = pair.media
    pair.run(200)
    one.device.say_speech(1)
    pair.run(3_000)
    match = other.ear.finds(one.ear)
    assert match.correlation > 0.99
    assert abs(match.gain_db) < 0.1
    assert other.gaps == 0
    numbers = [struct.unpack_from("!HI", packet, 2) for packet in pair.packets[::2]]
    assert len(numbers) >= 150


def test_digits_go_as_events_each_once() -> None:
    pair = Pair()
    pair.run(200)
    pair.media[0].dial("1155*0#")
    pair.run(3_000)
    assert pair.media[1].digits == "1155*0#"


@given(st.lists(st.binary(max_size=200) | st.binary(max_size=40).map(lambda b: b"\x80\x65" + b), max_size=20))
def test_any_bytes_at_all_may_come_as_packets(packets: list[bytes]) -> None:
    pair = Pair()
    for packet in packets:
        pair.media[0].take(packet)
    pair.run(100)


@given(
    st.text(max_size=300) | st.lists(st.sampled_from([*sdp().splitlines(), "m=audio x", "c="])).map("\n".join)
)
def test_a_description_is_read_or_refused(text: str) -> None:
    try:
        session = read_sdp(text)
    except PeerError:
        return
    assert session.codecs
