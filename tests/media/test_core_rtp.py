"""RTP through the core's memory queues: audio, digits both ways, muting, symmetric RTP, lost media; random
packets.
"""

import struct
from collections import deque
from collections.abc import Callable
from itertools import chain, pairwise, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Bug
from gateway.media.core import CoreSettings, PlanRefused, RtpTransport, SignalCore
from gateway.model.events import DigitHeard, DigitSource, DigitsSent, DigitStarted, MediaLost
from gateway.model.numbers import Codec, NodeId, PortId
from gateway.model.plan import Detectors, DigitsNode, PortNode, RtpNode
from tests.media.conftest import Rig
from tests.media.lines import level_dbm0, sine

HERE = ("192.0.2.1", 4_000)
ELSEWHERE = ("198.51.100.9", 9_999)


def rtp(
    number: int, remote: tuple[str, int] | None = HERE, *, events: int | None = 101, **rest: object
) -> RtpNode:
    socket = number - 1_000
    return RtpNode(NodeId(number), socket, remote, Codec.PCMA, events, **rest)  # type: ignore[arg-type]


def looped(rig: Rig, from_socket: int, to_socket: int, address: tuple[str, int] = HERE) -> Callable[[], None]:
    """What a wire does: packets sent by one socket arrive at another."""

    def carry() -> None:
        for packet, _ in rig.core.rtp_take(from_socket):
            assert rig.core.rtp_give(to_socket, packet, address)

    return carry


@pytest.mark.parametrize(
    ("codec", "frame_ms"),
    [(codec, ms) for codec in Codec for ms in (10, 20, 30, 60) if codec is not Codec.OPUS or ms != 30],
)
def test_a_line_is_heard_at_the_other_end_of_an_rtp_stream(rig: Rig, codec: Codec, frame_ms: int) -> None:
    rig.lines[0].says(sine(1_000, -10))
    opus_type = 107 if codec is Codec.OPUS else None
    one = RtpNode(NodeId(1_000), 0, HERE, codec, None, frame_ms, opus_type=opus_type)
    other = RtpNode(NodeId(1_001), 1, HERE, codec, None, sends=False, opus_type=opus_type)
    rig.apply(one, other, hears=((1_000, 1), (2, 1_001)))
    rig.ticks(300, looped(rig, 0, 1))
    rig.forget()
    rig.ticks(1_000, looped(rig, 0, 1))
    heard = rig.lines[1].heard
    coded_db = 0.2 if opus_type is None else 0.5
    assert level_dbm0(heard, 1_000) == pytest.approx(-10, abs=coded_db)
    windows = [level_dbm0(heard[n : n + 400], 1_000) for n in range(0, len(heard), 400)]
    assert min(windows) > -10.5 - 3 * (coded_db - 0.2)  # no gap
    figures = rig.core.statistics().rtp_node(NodeId(1_001))
    assert (figures.malformed, figures.foreign, figures.late, figures.queue_dropped) == (0, 0, 0, 0)
    assert figures.spoken_dbm0 == pytest.approx(-10, abs=coded_db)


def test_what_goes_out_follows_rfc_3550(rig: Rig) -> None:
    rig.apply(rtp(1_000))
    rig.ticks(200)
    packets = rig.core.rtp_take(0)
    headers = [struct.unpack("!BBHII", packet[:12]) for packet, _ in packets]
    assert {destination for _, destination in packets} == {HERE}
    assert len(packets) == 10
    assert [first for first, *_ in headers] == [0x80] * 10
    assert [kind for _, kind, *_ in headers] == [0x88] + [0x08] * 9  # the marker begins the stream
    assert [(b[2] - a[2]) & 0xFFFF for a, b in pairwise(headers)] == [1] * 9
    assert [(b[3] - a[3]) & 0xFFFF_FFFF for a, b in pairwise(headers)] == [160] * 9
    assert len({ssrc for *_, ssrc in headers}) == 1


def test_what_was_lost_is_told_by_rtcp() -> None:
    """RFC 3550 section 6.4.1, in virtual time: every tenth packet of one way is lost; 40 ms pass on it."""
    core = SignalCore(CoreSettings(ports=(), rtp_sockets=2, rtcp_interval_ms=5_000))
    rig = Rig(core, ())
    rig.apply(rtp(1_000, events=None), rtp(1_001, events=None))
    under_way: deque[tuple[int, bytes]] = deque()
    seen: list[tuple[int, int]] = []  # when, and to which port, reports went
    speech = now_ms = 0

    def carry() -> None:
        nonlocal speech, now_ms
        now_ms += 10
        for packet, (_, port) in rig.core.rtp_take(0):
            control = packet[1] in (200, 201)
            seen.extend([(now_ms, port)] if control else [])
            speech += not control
            if control or speech % 10:
                under_way.append((now_ms + 40, packet))
        while under_way and under_way[0][0] <= now_ms:
            assert rig.core.rtp_give(1, under_way.popleft()[1], HERE)
        for packet, _ in rig.core.rtp_take(1):
            assert rig.core.rtp_give(0, packet, HERE)

    rig.ticks(60_000, carry)
    near, far = (core.statistics().rtp_node(NodeId(node)) for node in (1_000, 1_001))
    assert near.remote_lost_percent == pytest.approx(10, abs=2)
    assert far.remote_lost_percent == 0
    assert far.lost_percent == pytest.approx(10, abs=0.5)
    assert near.lost_percent == 0
    assert near.round_trip_ms == pytest.approx(50, abs=11)  # ticks of 10 ms
    assert near.rtcp_sent == len(seen) == far.rtcp_received
    assert {port for _, port in seen} == {HERE[1] + 1}
    gaps = [b - a for (a, _), (b, _) in pairwise(seen)]
    assert all(2_500 <= gap <= 7_510 for gap in gaps)
    assert len(set(gaps)) > 1
    assert (near.malformed, near.foreign) == (0, 0)
    assert core.rtp_give(0, b"\x80\xc9\x00\x01\x00\x00\x00\x09", ELSEWHERE)
    assert core.rtp_give(0, b"\x80\xc9\x00\x09\x00\x00\x00\x09", HERE)
    core.tick()
    figures = core.statistics().rtp_node(NodeId(1_000))
    assert (figures.malformed, figures.foreign, figures.rtcp_received) == (1, 1, near.rtcp_received)
    core.close()


def test_another_seed_gives_other_first_numbers() -> None:
    seen = set()
    for seed in (1, 2, 3):
        core = SignalCore(CoreSettings(ports=(), rtp_sockets=2, seed=seed))
        rig = Rig(core, ())
        rig.apply(rtp(1_000), rtp(1_001))
        rig.ticks(20)
        for socket in (0, 1):
            seen.add(core.rtp_take(socket)[0][0][2:12])
        core.close()
    assert len(seen) == 6


def test_digits_go_out_as_events_and_not_as_sound(rig: Rig) -> None:
    digits = DigitsNode(NodeId(1_002), "1590*#", tone_ms=90, pause_ms=70)
    rig.apply(rtp(1_000), rtp(1_001, detectors=Detectors.DTMF), digits, hears=((1_000, 1_002), (2, 1_001)))
    rig.ticks(1_200, looped(rig, 0, 1))
    heard = [event for event in rig.events if isinstance(event, DigitHeard)]
    assert [event.digit for event in heard] == list("1590*#")
    assert {(event.node, event.source) for event in heard} == {(1_001, DigitSource.RTP_EVENT)}
    assert {event.duration_ms for event in heard} == {90}
    assert sum(isinstance(event, DigitStarted) for event in rig.events) == 6
    assert rig.events.count(DigitsSent(NodeId(1_002))) == 1
    assert max(map(abs, rig.lines[1].heard)) < 100


def test_digits_go_in_band_to_a_party_that_takes_no_events(rig: Rig) -> None:
    digits = DigitsNode(NodeId(1_002), "42")
    listening = rtp(1_001, events=None, detectors=Detectors.DTMF)
    rig.apply(rtp(1_000, events=None), listening, digits, hears=((1_000, 1_002),))
    rig.ticks(800, looped(rig, 0, 1))
    heard = [event for event in rig.events if isinstance(event, DigitHeard)]
    assert [(event.digit, event.source) for event in heard] == [
        ("4", DigitSource.IN_BAND),
        ("2", DigitSource.IN_BAND),
    ]


@pytest.mark.parametrize("events", [101, None])
def test_a_pressed_digit_is_kept_from_who_takes_events(rig: Rig, events: int | None) -> None:
    rig.apply(DigitsNode(NodeId(1_002), "5", tone_ms=500), hears=((1, 1_002),))
    rig.ticks(700)
    pressed = rig.lines[0].heard
    rig.forget()
    rig.lines[0].says(chain(repeat(0, 1_600), pressed))
    listening = PortNode(NodeId(1), PortId("fxs1"), Detectors.DTMF)
    rig.apply(listening, rtp(1_000, events=events), rtp(1_001, events=events), hears=((1_000, 1), (2, 1_001)))
    rig.ticks(1_500, looped(rig, 0, 1))
    loud_ms = sum(abs(sample) > 1_000 for sample in rig.lines[1].heard) / 8
    assert loud_ms <= 25 if events else loud_ms > 300


def test_rtp_goes_to_where_it_comes_from(rig: Rig) -> None:
    rig.apply(rtp(1_000), rtp(1_001))
    rig.ticks(200, looped(rig, 0, 1, ELSEWHERE))
    assert {destination for _, destination in rig.core.rtp_take(1)[-3:]} == {ELSEWHERE}
    assert rig.core.statistics().rtp_node(NodeId(1_001)).latched == ELSEWHERE


def test_a_stranger_is_not_heard_once_the_party_speaks(rig: Rig) -> None:
    rig.apply(rtp(1_000), rtp(1_001))
    rig.ticks(200, looped(rig, 0, 1))
    for number in range(100):
        forged = struct.pack("!BBHII", 0x80, 8, number, 160 * number, 666) + b"\x2a" * 160
        rig.core.rtp_give(1, forged, ELSEWHERE)
        rig.ticks(20, looped(rig, 0, 1))
    figures = rig.core.statistics().rtp_node(NodeId(1_001))
    assert figures.foreign == 100
    assert figures.latched == HERE
    assert figures.spoken_dbm0 < -60


def test_lost_media_is_told_once(rig: Rig) -> None:
    rig.apply(rtp(1_000), rtp(1_001))
    rig.ticks(1_000, looped(rig, 0, 1))
    rig.forget()
    rig.ticks(5_000)
    assert [event for event in rig.events if event.node == 1_001] == [MediaLost(NodeId(1_001), 2_000)]  # type: ignore[union-attr]


def test_a_party_on_hold_gets_its_music_and_is_not_missed(rig: Rig) -> None:
    rig.lines[0].says(sine(440, -10))
    rig.apply(rtp(1_000, receives=False), hears=((1_000, 1), (2, 1_000)))
    rig.ticks(5_000, looped(rig, 0, 0))
    assert rig.events == []
    assert not any(rig.lines[1].heard)
    figures = rig.core.statistics().rtp_node(NodeId(1_000))
    assert figures.sent == 250
    assert figures.heard_dbm0 == pytest.approx(-10, abs=0.2)


def test_a_stream_goes_on_when_only_its_parameters_change(rig: Rig) -> None:
    rig.apply(rtp(1_000))
    rig.ticks(100)
    before = rig.core.rtp_take(0)[-1][0]
    rig.apply(rtp(1_000, ("192.0.2.7", 7_000), sends=True))
    rig.ticks(100)
    after, destination = rig.core.rtp_take(0)[0]
    assert destination == ("192.0.2.7", 7_000)
    assert after[8:12] == before[8:12]
    assert struct.unpack("!H", after[2:4])[0] == (struct.unpack("!H", before[2:4])[0] + 1) & 0xFFFF


def test_another_node_on_the_same_socket_is_another_stream(rig: Rig) -> None:
    rig.apply(rtp(1_000))
    rig.ticks(100)
    before = rig.core.rtp_take(0)[-1][0]
    rig.apply(RtpNode(NodeId(1_005), 0, HERE, Codec.PCMA, 101))
    rig.ticks(100)
    assert rig.core.rtp_take(0)[0][0][8:12] != before[8:12]


def test_ipv6_addresses_pass(rig: Rig) -> None:
    rig.apply(rtp(1_000, ("2001:db8::5", 4_000)))
    rig.ticks(40)
    assert rig.core.rtp_take(0)[0][1] == ("2001:db8::5", 4_000)


@pytest.mark.parametrize("remote", [("phone.example", 4_000), ("192.0.2.1", 0), ("192.0.2.1", 70_000)])
def test_an_address_that_is_none_is_refused(rig: Rig, remote: tuple[str, int]) -> None:
    with pytest.raises(PlanRefused, match="RTP node 1000"):
        rig.apply(rtp(1_000, remote))


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (RtpNode(NodeId(1_000), 4, HERE, Codec.PCMA, 101), "socket 4"),
        (RtpNode(NodeId(1_000), 0, HERE, Codec.PCMA, 200), "payload type"),
        (RtpNode(NodeId(1_000), 0, HERE, Codec.PCMA, 101, frame_ms=25), "frame length"),
    ],
)
def test_an_rtp_node_that_cannot_be_is_refused(rig: Rig, node: RtpNode, text: str) -> None:
    with pytest.raises(PlanRefused, match=text):
        rig.apply(node)


def test_giving_and_taking_have_bounds(rig: Rig) -> None:
    with pytest.raises(ValueError, match="RTP socket 9"):
        rig.core.rtp_give(9, b"x" * 20, HERE)
    with pytest.raises(ValueError, match="RTP socket 0"):
        rig.core.rtp_give(0, b"x" * 1_000, HERE)
    assert [rig.core.rtp_give(0, b"x" * 20, HERE) for _ in range(33)] == [True] * 32 + [False]


def test_there_are_no_queues_on_udp() -> None:
    core = SignalCore(
        CoreSettings(ports=(), rtp_transport=RtpTransport.UDP, rtp_first_port=47_110, rtp_sockets=1)
    )
    with pytest.raises(Bug, match="only when RTP is in memory"):
        core.rtp_give(0, b"x" * 20, HERE)
    core.close()


# --- foreign bytes ------------------------------------------------------------------------------------------

FUZZED = SignalCore(CoreSettings(ports=(), rtp_sockets=1))
FUZZED_RIG = Rig(FUZZED, ())
FUZZED_RIG.apply(rtp(1_000))

HEADERS = st.builds(
    lambda first, kind, number, stamp, rest: struct.pack("!BBHII", first, kind, number, stamp, 7) + rest,
    st.sampled_from([0x80, 0x90, 0xA0, 0xB1, 0x8F]),
    st.sampled_from([0x08, 0x00, 0x65, 0xE5, 0x0D, 0x48]),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFF_FFFF),
    st.binary(max_size=600),
)


@given(st.lists(st.one_of(st.binary(max_size=640), HEADERS), max_size=30))
def test_any_packets_are_accepted_or_counted(packets: list[bytes]) -> None:
    def counted() -> int:
        figures = FUZZED.statistics().rtp_node(NodeId(1_000))
        return figures.received + figures.malformed + figures.foreign

    before = counted() if FUZZED.statistics().ticks else 0
    for packet in packets:
        assert FUZZED.rtp_give(0, packet, HERE)
    FUZZED_RIG.ticks(10)
    # A well-formed packet may also hold an event that is none: that counts as both.
    assert counted() - before >= len(packets)
    FUZZED.rtp_take(0)
