"""A digit that a SIP telephone sends as sound, as an RFC 4733 event, or both ways: told once, heard at most
once; and what the event of a digit says.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator

import pytest

from gateway.model.events import DigitHeard, DigitSource, DigitStarted
from gateway.model.numbers import Codec, NodeId, PortId
from gateway.model.plan import Detectors, DigitsNode, PortNode
from gateway.simulator import g711
from tests.media.conftest import Rig
from tests.media.lines import sine
from tests.media.test_core_rtp import HERE, rtp

LOW_HZ, HIGH_HZ = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
KEYS = ("123A", "456B", "789C", "*0#D")
EVENTS = "0123456789*#ABCD"
FRAME = 160
EVENT_TYPE = 101
BEFORE = 5  # frames of silence, so that the jitter buffer plays
AFTER = 40


def tone(digit: str, samples: int) -> list[int]:
    """The sound of a key, -12 and -10 dBm0."""
    row = next(number for number, keys in enumerate(KEYS) if digit in keys)
    low, high = sine(LOW_HZ[row], -12), sine(HIGH_HZ[KEYS[row].index(digit)], -10)
    return [next(low) + next(high) for _ in range(samples)]


class SipTelephone:
    """Sends a packet of sound every 20 ms, and beside it, while a key is down, events."""

    def __init__(self, rig: Rig, socket: int, *, sound: bool, events: bool) -> None:
        self.rig, self.socket, self.sound, self.events = rig, socket, sound, events
        self.sequence, self.timestamp = 7, 48_000

    def packet(self, payload_type: int, timestamp: int, body: bytes) -> None:
        header = struct.pack("!BBHII", 0x80, payload_type, self.sequence, timestamp, 0x51B)
        self.sequence += 1
        assert self.rig.core.rtp_give(self.socket, header + body, HERE)

    def frame(self, samples: list[int]) -> None:
        body = g711.encode(Codec.PCMA, array("h", samples).tobytes())
        self.packet(8, self.timestamp, body)
        self.timestamp += FRAME
        self.rig.ticks(20)

    def silence(self, frames: int) -> None:
        for _ in range(frames):
            self.frame([0] * FRAME)

    def press(self, digit: str, frames: int = 5, pause: int = 4, lost_events: int = 0) -> None:
        began, heard = self.timestamp, tone(digit, frames * FRAME)
        for number in range(frames):
            if self.events and number >= lost_events:
                self.event(digit, began, (number + 1) * FRAME, ended=number == frames - 1)
            part = heard[number * FRAME :][:FRAME]
            self.frame(part if self.sound else [0] * FRAME)
        for number in range(pause):
            if self.events and number < 2:
                self.event(digit, began, frames * FRAME, ended=True)
            self.silence(1)

    def event(self, digit: str, began: int, duration: int, *, ended: bool) -> None:
        body = struct.pack("!BBH", EVENTS.index(digit), (0x80 if ended else 0) | 9, duration)
        self.packet(EVENT_TYPE, began, body)


def dial(rig: Rig, digits: str, *, sound: bool, events: bool, lost_events: int = 0) -> list[DigitHeard]:
    telephone = SipTelephone(rig, 0, sound=sound, events=events)
    telephone.silence(BEFORE)
    for digit in digits:
        telephone.press(digit, lost_events=lost_events)
    telephone.silence(AFTER)
    return [event for event in rig.events if isinstance(event, DigitHeard)]


WAYS = pytest.mark.parametrize(
    ("sound", "events", "source"),
    [
        (True, False, DigitSource.IN_BAND),
        (False, True, DigitSource.RTP_EVENT),
        (True, True, DigitSource.RTP_EVENT),
    ],
)


@WAYS
def test_a_sip_telephones_digit_is_told_once_whichever_way_it_comes(
    rig: Rig, sound: bool, events: bool, source: DigitSource
) -> None:
    rig.apply(rtp(1_000, detectors=Detectors.DTMF), hears=((1, 1_000),))
    heard = dial(rig, "11590*#", sound=sound, events=events)
    assert "".join(event.digit for event in heard) == "11590*#"
    assert {(event.node, event.source) for event in heard} == {(1_000, source)}
    assert sum(isinstance(event, DigitStarted) for event in rig.events) == 7


def test_an_event_that_comes_after_its_sound_was_told_is_no_second_digit(rig: Rig) -> None:
    rig.apply(rtp(1_000, detectors=Detectors.DTMF), hears=((1, 1_000),))
    heard = dial(rig, "77", sound=True, events=True, lost_events=4)
    assert "".join(event.digit for event in heard) == "77"


def loud_ms(samples: array[int]) -> float:
    return sum(max(map(abs, samples[n : n + 8])) > 1_000 for n in range(0, len(samples) - 8, 8))


@WAYS
@pytest.mark.parametrize("listener", ["telephone", "takes events"])
def test_its_sound_reaches_only_who_gets_it_in_no_other_way(
    rig: Rig, sound: bool, events: bool, source: DigitSource, listener: str
) -> None:
    """What is told as an event the exchange sends on: heard as well, it would be dialled twice."""
    if listener == "telephone":
        rig.apply(rtp(1_000, detectors=Detectors.DTMF), hears=((1, 1_000),))
    else:
        nodes = (rtp(1_000, detectors=Detectors.DTMF), rtp(1_001), rtp(1_002, events=None))
        rig.apply(*nodes, hears=((1_001, 1_000), (1, 1_002)))
    heard = array("h")
    before = rig.ticks

    def ticks(ms: int) -> None:
        before(ms)
        for packet, _ in rig.core.rtp_take(1):
            if packet[1] & 0x7F == 8:
                heard.frombytes(g711.decode(Codec.PCMA, packet[12:]))

    rig.ticks = ticks  # type: ignore[method-assign, assignment]
    dial(rig, "59", sound=sound, events=events)
    reached = loud_ms(rig.lines[0].heard if listener == "telephone" else heard)
    only_sound = sound and not events
    if only_sound and listener == "telephone":
        assert reached >= 180, "two digits of 100 ms, as they came"
    else:
        assert reached <= 2 * 25


def test_a_digit_of_a_line_has_its_times_its_level_and_its_twist(rig: Rig) -> None:
    def line() -> Iterator[int]:
        yield from [0] * 8_000
        yield from tone("6", 640)

    rig.lines[0].says(line())
    rig.apply(PortNode(NodeId(1), PortId("fxs1"), Detectors.DTMF))
    rig.ticks(2_000)
    (digit,) = [event for event in rig.events if isinstance(event, DigitHeard)]
    assert digit.start_ms == pytest.approx(1_000, abs=10)
    assert digit.end_ms == pytest.approx(1_080, abs=10)
    assert digit.duration_ms == pytest.approx(digit.end_ms - digit.start_ms, abs=1)
    assert digit.level_dbm0 == pytest.approx(-7.9, abs=0.5)
    assert digit.twist_db == pytest.approx(2.0, abs=0.5)


def test_times_count_from_the_cores_start_also_when_it_listens_later(rig: Rig) -> None:
    rig.ticks(3_000)
    rig.lines[0].says(iter([0] * 1_600 + tone("6", 640)))
    rig.apply(PortNode(NodeId(1), PortId("fxs1"), Detectors.DTMF))
    rig.ticks(1_000)
    (digit,) = [event for event in rig.events if isinstance(event, DigitHeard)]
    assert digit.start_ms == pytest.approx(3_200, abs=10)


def test_an_event_has_the_level_of_its_sender_and_no_twist(rig: Rig) -> None:
    rig.apply(rtp(1_000), hears=((1, 1_000),))
    (digit,) = dial(rig, "4", sound=False, events=True)
    assert (digit.level_dbm0, digit.twist_db) == (-9.0, None)
    assert digit.end_ms - digit.start_ms == digit.duration_ms == 100
    assert digit.start_ms == pytest.approx(BEFORE * 20, abs=20)


def test_after_a_digit_speech_is_heard_again(rig: Rig) -> None:
    rig.apply(rtp(1_000, detectors=Detectors.DTMF), hears=((1, 1_000),))
    telephone = SipTelephone(rig, 0, sound=True, events=True)
    telephone.silence(BEFORE)
    telephone.press("5")
    telephone.silence(15)
    rig.forget()
    voice = sine(440, -10)
    for _ in range(20):
        telephone.frame([next(voice) for _ in range(FRAME)])
    assert loud_ms(rig.lines[0].heard) > 300


def test_digits_we_send_to_a_sip_telephone_go_out_one_way(rig: Rig) -> None:
    digits = DigitsNode(NodeId(1_002), "59")
    rig.apply(rtp(1_000), digits, hears=((1_000, 1_002),))
    rig.ticks(800)
    kinds = [packet[1] & 0x7F for packet, _ in rig.core.rtp_take(0)]
    assert EVENT_TYPE in kinds
