"""RTP on real UDP sockets and the audio thread: loopback only, in real time."""

import select
import socket
import struct
import time

import pytest

from gateway.errors import HardwareError
from gateway.media.core import CoreSettings, RtpTransport, SignalCore
from gateway.model.events import DigitHeard, DigitSource, DigitsSent, Event
from gateway.model.numbers import Codec, NodeId
from gateway.model.plan import DigitsNode, Hears, Plan, RtpNode

pytestmark = pytest.mark.real

FIRST_PORT = 47_200
PATIENCE_S = 20.0


def core_at(first_port: int, sockets: int = 2, rtcp_interval_ms: int = 0) -> SignalCore:
    return SignalCore(
        CoreSettings(
            ports=(),
            rtp_transport=RtpTransport.UDP,
            rtp_first_port=first_port,
            rtp_sockets=sockets,
            rtcp_interval_ms=rtcp_interval_ms,
        )
    )


def wait_for(core: SignalCore, wanted: int, kind: type[Event]) -> list[Event]:
    """Events of a kind, until there are so many; the descriptor wakes us."""
    seen: list[Event] = []
    while len(seen) < wanted:
        ready, _, _ = select.select([core], [], [], PATIENCE_S)
        assert ready, f"only {seen} after {PATIENCE_S} s"
        seen += [event for event in core.events() if isinstance(event, kind)]
    return seen


def test_digits_pass_between_two_cores_over_udp() -> None:
    sender, receiver = core_at(FIRST_PORT), core_at(FIRST_PORT + 10)
    to, back = ("127.0.0.1", FIRST_PORT + 10), ("127.0.0.1", FIRST_PORT)
    digits = DigitsNode(NodeId(1_001), "204")
    sending = RtpNode(NodeId(1_000), 0, to, Codec.PCMA, 101)
    receiver.apply(Plan(1, (RtpNode(NodeId(1_000), 0, back, Codec.PCMA, 101),), ()))
    receiver.start_audio()
    sender.start_audio()
    sender.apply(Plan(1, (sending, digits), (Hears(NodeId(1_000), NodeId(1_001)),)))
    heard = wait_for(receiver, 3, DigitHeard)
    assert [(event.digit, event.source) for event in heard] == [(d, DigitSource.RTP_EVENT) for d in "204"]  # type: ignore[union-attr]
    assert wait_for(sender, 1, DigitsSent) == [DigitsSent(NodeId(1_001))]
    figures = receiver.statistics()
    assert figures.running
    assert figures.rtp_node(NodeId(1_000)).latched == back
    sender.close()
    receiver.close()


@pytest.mark.parametrize("mux", [False, True])
def test_two_cores_tell_each_other_by_rtcp_what_they_hear(mux: bool) -> None:
    """RFC 3550 section 6: on the odd port of the pair, or on RTP's own (RFC 5761)."""
    ports = (FIRST_PORT + 70, FIRST_PORT + 80)
    cores = [core_at(port, rtcp_interval_ms=300) for port in ports]
    for core, other in zip(cores, reversed(ports), strict=True):
        node = RtpNode(NodeId(1_000), 0, ("127.0.0.1", other), Codec.G722, None, rtcp_mux=mux)
        core.apply(Plan(1, (node,), ()))
        core.start_audio()
    ends = time.monotonic() + PATIENCE_S
    while not all(any(rtp.round_trip_ms is not None for rtp in core.statistics().rtp) for core in cores):
        assert time.monotonic() < ends, [core.statistics().rtp for core in cores]
        select.select([*cores], [], [], 0.02)  # nothing happens there: a pause that an event would end
    for core in cores:
        figures = core.statistics().rtp_node(NodeId(1_000))
        assert figures.malformed == figures.foreign == 0
        assert figures.rtcp_sent >= 1
        assert figures.rtcp_received >= 1
        assert figures.round_trip_ms is not None
        assert figures.round_trip_ms < 100  # the same machine, however busy
        assert figures.remote_lost_percent is not None
        core.close()


def test_a_port_that_is_taken_is_named_with_the_remedy() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", FIRST_PORT + 23))
        with pytest.raises(HardwareError, match=f"UDP port {FIRST_PORT + 23} .* another first_port"):
            core_at(FIRST_PORT + 20)
    core_at(FIRST_PORT + 20).close()  # and everything bound on the way is free again


def test_a_flood_on_one_socket_leaves_the_other_whole() -> None:
    core = core_at(FIRST_PORT + 40)
    here = [("127.0.0.1", FIRST_PORT + 40 + 2 * n) for n in range(2)]
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as party,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flood,
    ):
        party.bind(("127.0.0.1", 0))
        nodes = tuple(RtpNode(NodeId(1_000 + n), n, party.getsockname(), Codec.PCMA, 101) for n in range(2))
        core.apply(Plan(1, nodes, ()))
        core.start_audio()
        party.settimeout(PATIENCE_S)
        for number in range(50):
            party.recv(2_000)  # paced by the core's own packets: 20 ms each, of two nodes
            party.recv(2_000)
            packet = struct.pack("!BBHII", 0x80, 8, number, 160 * number, 9) + b"\xd5" * 160
            party.sendto(packet, here[0])
            for _ in range(100):
                flood.sendto(b"\x80\x08" + b"x" * 300, here[1])
        while core.statistics().rtp_node(NodeId(1_000)).received < 50:
            party.recv(2_000)
        figures = core.statistics().rtp_node(NodeId(1_000))
        assert (figures.received, figures.malformed, figures.foreign) == (50, 0, 0)
        assert core.statistics().rtp_node(NodeId(1_001)).latched is None
    core.close()


def test_audio_starts_and_stops_and_starts_again() -> None:
    core = core_at(FIRST_PORT + 60)
    for _ in range(3):
        core.start_audio()
        with pytest.raises(HardwareError, match="audio thread"):
            core.start_audio()
        core.stop_audio()
        core.stop_audio()
    core.tick()
    core.close()
