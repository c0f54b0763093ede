"""The signal core through its one crossing, in virtual time: who hears whom, tones, recordings, digits,
detectors.
"""

import math
from array import array
from itertools import chain, islice, pairwise, repeat

import pytest

from gateway.errors import Bug, HardwareError
from gateway.media.core import CardAudio, CorePort, CoreSettings, Fault, PlanRefused, SignalCore, SilentAudio
from gateway.model.events import (
    CallerIdHeard,
    DigitHeard,
    DigitSource,
    DigitsSent,
    DigitStarted,
    PromptEnded,
    ToneHeard,
)
from gateway.model.learned import IdentityScheme
from gateway.model.numbers import NodeId, PortId, ToneKind
from gateway.model.plan import (
    Detectors,
    DigitsNode,
    Hears,
    Plan,
    PlayerNode,
    PortNode,
    ToneNode,
    ToneSegment,
)
from tests.media.conftest import Rig
from tests.media.lines import amplitude, frequency_of, level_dbm0, sine

CITY_TONES = Detectors.CALL_PROGRESS | Detectors.DIAL_TONE
BUSY = (ToneSegment((425.0,), -10.0, 350), ToneSegment((), 0.0, 350))


def port(number: int, detectors: Detectors = Detectors.NONE, *, muted: bool = False) -> PortNode:
    return PortNode(NodeId(number), PortId(f"fxs{number}"), detectors, capture_muted=muted)


# --- who hears whom -----------------------------------------------------------------------------------------


def test_each_line_hears_the_other_and_not_itself(rig: Rig) -> None:
    rig.lines[0].says(sine(500, -10))
    rig.lines[1].says(sine(800, -15))
    rig.apply(hears=((1, 2), (2, 1)))
    rig.ticks(100)
    rig.forget()
    rig.ticks(500)
    assert level_dbm0(rig.lines[0].heard, 800) == pytest.approx(-15, abs=0.1)
    assert level_dbm0(rig.lines[1].heard, 500) == pytest.approx(-10, abs=0.1)
    assert level_dbm0(rig.lines[0].heard, 500) < -60
    assert level_dbm0(rig.lines[1].heard, 800) < -60


def test_one_direction_alone_is_one_direction(rig: Rig) -> None:
    rig.lines[0].says(sine(500, -10))
    rig.lines[1].says(sine(800, -10))
    rig.apply(hears=((1, 2),))
    rig.ticks(300)
    assert level_dbm0(rig.lines[0].heard, 800) > -12
    assert not any(rig.lines[1].heard)


@pytest.mark.parametrize("gain_db", [-20.0, -6.0, 0.0, 6.0])
def test_an_edge_has_its_gain(rig: Rig, gain_db: float) -> None:
    rig.lines[1].says(sine(1000, -20))
    rig.apply(hears=((1, 2, gain_db),))
    rig.ticks(100)
    rig.forget()
    rig.ticks(500)
    assert level_dbm0(rig.lines[0].heard, 1000) == pytest.approx(-20 + gain_db, abs=0.1)


def test_a_line_has_its_own_gains_both_ways(rig: Rig) -> None:
    rig.lines[0].says(sine(500, -20))
    rig.lines[1].says(sine(800, -20))
    quiet = PortNode(NodeId(1), PortId("fxs1"), spoken_gain_db=6.0, heard_gain_db=-4.0)
    rig.apply(quiet, hears=((1, 2), (2, 1)))
    rig.ticks(100)
    rig.forget()
    rig.ticks(500)
    assert level_dbm0(rig.lines[0].heard, 800) == pytest.approx(-24, abs=0.1)
    assert level_dbm0(rig.lines[1].heard, 500) == pytest.approx(-14, abs=0.1)
    figures = rig.core.statistics()
    assert [figure.spoken_gain_db for figure in figures.ports] == pytest.approx([6.0, 0.0], abs=0.01)


def test_automatic_gain_raises_no_tone(rig: Rig) -> None:
    rig.lines[0].says(sine(500, -30))
    rig.apply(PortNode(NodeId(1), PortId("fxs1"), automatic_gain=True), hears=((2, 1),))
    rig.ticks(3_000)
    rig.forget()
    rig.ticks(500)
    assert level_dbm0(rig.lines[1].heard, 500) == pytest.approx(-30, abs=0.2)


def test_a_muted_capture_reaches_nobody_and_no_detector(rig: Rig) -> None:
    rig.lines[1].says(sine(425, -10))
    rig.apply(port(2, Detectors.CALL_PROGRESS, muted=True), hears=((1, 2),))
    rig.ticks(2_000)
    assert not any(rig.lines[0].heard)
    assert rig.events == []


@pytest.mark.parametrize(
    ("fault", "heard_hz"), [(Fault.NONE, 800), (Fault.CROSSED_WIRE, 500), (Fault.DIRECTION_MUTED, None)]
)
def test_deliberate_faults_are_noticed(rig: Rig, fault: Fault, heard_hz: int | None) -> None:
    rig.lines[0].says(sine(800, -10))
    rig.lines[1].says(sine(500, -10))
    rig.core.set_fault(fault)
    # Without cancellers: a line that hears itself would find itself cancelled.
    rig.apply(*(PortNode(port.id, port.port, canceller=False) for port in rig.ports), hears=((2, 1),))
    rig.ticks(500)
    levels = {hz: level_dbm0(rig.lines[1].heard, hz) for hz in (500, 800)}
    assert [hz for hz, level in levels.items() if level > -20] == ([heard_hz] if heard_hz else [])


# --- tones and recordings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("frequency_hz", "dbm0"), [(425.0, -10.0), (350.0, -25.0), (1400.0, -3.0)])
def test_a_tone_has_its_frequency_and_level(rig: Rig, frequency_hz: float, dbm0: float) -> None:
    tone = ToneNode(NodeId(1000), (ToneSegment((frequency_hz,), dbm0, 0),))
    rig.apply(tone, hears=((1, 1000),))
    rig.ticks(100)
    rig.forget()
    rig.ticks(1_000)
    assert level_dbm0(rig.lines[0].heard, frequency_hz) == pytest.approx(dbm0, abs=0.05)
    assert frequency_of(rig.lines[0].heard) == pytest.approx(frequency_hz, abs=0.1)


def test_a_sharp_tone_would_be_noticed(rig: Rig) -> None:
    rig.core.set_fault(Fault.TONE_SHARP)
    rig.apply(ToneNode(NodeId(1000), (ToneSegment((425.0,), -10.0, 0),)), hears=((1, 1000),))
    rig.ticks(500)
    assert frequency_of(rig.lines[0].heard[160:]) == pytest.approx(425 * 1.15, abs=0.5)


def test_a_cadence_keeps_its_times(rig: Rig) -> None:
    rig.apply(ToneNode(NodeId(1000), BUSY), hears=((1, 1000),))
    rig.ticks(2_100)
    loud = [any(abs(s) > 100 for s in rig.lines[0].heard[n : n + 80]) for n in range(0, 16_800, 80)]
    edges = [n for n in range(1, len(loud)) if loud[n] != loud[n - 1]]
    assert [later - earlier for earlier, later in pairwise(edges)] == [35] * (len(edges) - 1)
    assert len(edges) == 6


def test_a_tone_that_stays_in_the_plan_does_not_begin_again(rig: Rig) -> None:
    tone = ToneNode(NodeId(1000), (ToneSegment((425.0,), -10.0, 0),))
    for number in range(50):
        rig.apply(tone, ToneNode(NodeId(1001 + number), BUSY), hears=((1, 1000),))
        rig.ticks(10)
    steady = rig.lines[0].heard[200:]
    assert max(abs(b - a) for a, b in pairwise(steady)) < amplitude(-10) * 0.34


def test_a_recording_is_played_to_its_end_and_no_further(rig: Rig) -> None:
    clip = array("h", range(1, 1001))
    rig.core.load_clip("greeting", clip.tobytes())
    rig.apply(PlayerNode(NodeId(1000), "greeting"), hears=((1, 1000),))
    rig.ticks(300)
    assert rig.lines[0].heard[80:1080] == clip
    assert not any(rig.lines[0].heard[1080:])
    assert rig.events == [PromptEnded(NodeId(1000))]


def test_music_goes_round_without_an_end(rig: Rig) -> None:
    clip = array("h", range(1, 1001))
    rig.core.load_clip("hold", clip.tobytes())
    rig.apply(PlayerNode(NodeId(1000), "hold", looped=True), hears=((1, 1000),))
    rig.ticks(400)
    assert rig.lines[0].heard[80:3080] == clip * 3
    assert rig.events == []


@pytest.mark.parametrize("samples", [b"", b"\0\0\0"])
def test_half_a_sample_is_no_recording(rig: Rig, samples: bytes) -> None:
    with pytest.raises(ValueError, match="whole 16-bit samples"):
        rig.core.load_clip("broken", samples)


# --- digits and detectors -----------------------------------------------------------------------------------


def test_digits_go_to_a_line_and_come_from_one(rig: Rig) -> None:
    digits = DigitsNode(NodeId(1000), "204#", tone_ms=80, pause_ms=80)
    rig.apply(digits, hears=((1, 1000),))
    rig.ticks(1_000)
    assert rig.events == [DigitsSent(NodeId(1000))]
    sent = rig.lines[0].heard
    rig.forget()
    rig.lines[1].says(iter(sent))
    rig.apply(port(2, Detectors.DTMF))
    rig.ticks(1_200)
    heard = [event for event in rig.events if isinstance(event, DigitHeard)]
    assert [event.digit for event in heard] == list("204#")
    assert all(event.node == 2 and event.source is DigitSource.IN_BAND for event in heard)
    assert all(70 <= event.duration_ms <= 90 for event in heard)
    assert sum(isinstance(event, DigitStarted) for event in rig.events) == 4


def test_dial_tone_that_we_play_does_not_hide_a_digit(rig: Rig) -> None:
    digits = DigitsNode(NodeId(1001), "7", low_dbm0=-16.0, high_dbm0=-14.0)
    rig.apply(digits, hears=((1, 1001),))
    rig.ticks(300)
    pressed = rig.lines[0].heard
    rig.forget()
    rig.lines[1].echo = (0.35, 12)
    rig.lines[1].says(chain(repeat(0, 8_000), pressed))
    dial = ToneNode(NodeId(1002), (ToneSegment((425.0,), -10.0, 0),))
    rig.apply(port(2, Detectors.DTMF), dial, hears=((2, 1002),))
    rig.ticks(1_500)
    assert [event.digit for event in rig.events if isinstance(event, DigitHeard)] == ["7"]


def test_busy_tone_is_recognised_and_its_end_too(rig: Rig) -> None:
    burst = list(islice(sine(425, -20), 2_800))
    rig.lines[1].says(chain.from_iterable(chain(burst, repeat(0, 2_800)) for _ in range(4)))
    rig.apply(port(2, Detectors.CALL_PROGRESS))
    rig.ticks(5_000)
    assert [(event.kind, event.present) for event in rig.events if isinstance(event, ToneHeard)] == [
        (ToneKind.BUSY, True),
        (ToneKind.BUSY, False),
    ]


def test_the_dial_tone_of_the_city_is_recognised(rig: Rig) -> None:
    rig.lines[1].says(chain(islice(sine(425, -15), 16_000), repeat(0, 8_000)))
    rig.apply(port(2, CITY_TONES))
    rig.ticks(3_000)
    assert [(event.kind, event.present) for event in rig.events if isinstance(event, ToneHeard)] == [
        (ToneKind.DIAL, True),
        (ToneKind.DIAL, False),
    ]


def test_ringback_is_never_taken_for_dial_tone(rig: Rig) -> None:
    burst = list(islice(sine(425, -20), 8_000))
    rig.lines[1].says(chain.from_iterable(chain(burst, repeat(0, 32_000)) for _ in range(2)))
    rig.apply(port(2, CITY_TONES))
    rig.ticks(9_000)
    kinds = {event.kind for event in rig.events if isinstance(event, ToneHeard)}
    assert kinds == {ToneKind.RINGBACK}


def test_dial_tone_is_only_listened_for_while_it_is_due(rig: Rig) -> None:
    rig.lines[1].says(sine(425, -15))
    rig.apply(port(2, Detectors.CALL_PROGRESS))
    rig.ticks(3_000)
    assert rig.events == []
    rig.apply(port(2, CITY_TONES))
    rig.ticks(2_000)
    rig.apply(port(2, Detectors.CALL_PROGRESS))
    rig.ticks(20)
    assert rig.events == [
        ToneHeard(NodeId(2), ToneKind.DIAL, present=True, cycles=0),
        ToneHeard(NodeId(2), ToneKind.DIAL, present=False, cycles=0),
    ]


def test_detectors_that_are_not_asked_for_say_nothing(rig: Rig) -> None:
    rig.lines[1].says(sine(425, -15))
    rig.apply()
    rig.ticks(3_000)
    assert rig.events == []


# --- caller identity: Bell 202, MDMF (GR-30), made here from the definition ---------------------------------


def fsk(message: bytes) -> list[int]:
    """Channel seizure, mark, then the bytes with start and stop bits, at 1200 bit/s and -15 dBm0."""
    bits = [number % 2 for number in range(300)] + [1] * 180
    for byte in message:
        bits += [0, *((byte >> place) & 1 for place in range(8)), 1]
    bits += [1] * 20
    samples, phase, peak = [], 0.0, amplitude(-15)
    for number in range(int(len(bits) * 8_000 / 1_200)):
        phase += 2 * math.pi * (1_200 if bits[int(number * 1_200 / 8_000)] else 2_200) / 8_000
        samples.append(round(peak * math.sin(phase)))
    return samples


def mdmf(*fields: tuple[int, bytes], kind: int = 0x80) -> bytes:
    body = b"".join(bytes((field, len(value))) + value for field, value in fields)
    message = bytes((kind, len(body))) + body
    return message + bytes((-sum(message) & 0xFF,))


def test_the_caller_is_read_from_a_city_line(rig: Rig) -> None:
    burst = fsk(mdmf((1, b"11221015"), (2, b"4951234567"), (7, b"IVANOV")))
    rig.lines[1].says(chain(repeat(0, 4_000), burst))
    rig.apply(port(2, Detectors.CALLER_ID))
    rig.ticks(2_500)
    assert rig.events == [
        CallerIdHeard(NodeId(2), "4951234567", "IVANOV", withheld=False, scheme=IdentityScheme.BELL202)
    ]


def test_a_call_that_also_tells_the_lamp_is_still_a_call(rig: Rig) -> None:
    lamp = (0x0B, b"\xff")
    rig.lines[1].says(chain(repeat(0, 4_000), fsk(mdmf((2, b"4951234567"), lamp))))
    rig.apply(port(2, Detectors.CALLER_ID))
    rig.ticks(2_500)
    assert rig.events == [
        CallerIdHeard(NodeId(2), "4951234567", "", withheld=False, scheme=IdentityScheme.BELL202)
    ]


def test_a_message_about_the_lamp_alone_is_no_call(rig: Rig) -> None:
    rig.lines[1].says(chain(repeat(0, 4_000), fsk(mdmf((0x0B, b"\xff"), kind=0x82))))
    rig.apply(port(2, Detectors.CALLER_ID))
    rig.ticks(2_500)
    assert rig.events == []


def test_the_caller_is_read_from_digits_and_they_are_no_dialling(rig: Rig) -> None:
    groups = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
    keys = ("123A", "456B", "789C", "*0#D")
    samples = [0] * 4_000
    for digit in "A4951234567C":
        row = next(number for number, line in enumerate(keys) if digit in line)
        low, high = sine(groups[0][row], -12), sine(groups[1][keys[row].index(digit)], -10)
        samples += [next(low) + next(high) for _ in range(560)] + [0] * 560
    rig.lines[1].says(iter(samples))
    rig.apply(port(2, Detectors.CALLER_ID))
    rig.ticks(2_500)
    assert rig.events == [
        CallerIdHeard(NodeId(2), "4951234567", "", withheld=False, scheme=IdentityScheme.DTMF)
    ]


def test_a_withheld_number_is_told_as_such(rig: Rig) -> None:
    rig.lines[1].says(chain(repeat(0, 4_000), fsk(mdmf((1, b"11221015"), (4, b"P")))))
    rig.apply(port(2, Detectors.CALLER_ID))
    rig.ticks(2_500)
    assert rig.events == [CallerIdHeard(NodeId(2), "", "", withheld=True, scheme=IdentityScheme.BELL202)]


# --- echo ---------------------------------------------------------------------------------------------------


def noise(seed: int, dbm0: float, count: int) -> list[int]:
    peak, samples = amplitude(dbm0), []
    for _ in range(count):
        seed = (seed * 1_103_515_245 + 12_345) & 0x7FFF_FFFF
        samples.append(round((seed / 0x4000_0000 - 1) * peak))
    return samples


@pytest.mark.parametrize("bypassed", [False, True])
def test_a_hybrids_echo_is_cancelled_and_without_the_canceller_it_is_not(rig: Rig, bypassed: bool) -> None:
    rig.core.set_fault(Fault.CANCELLER_BYPASSED if bypassed else Fault.NONE)
    rig.lines[1].echo = (0.3, 40)
    rig.lines[0].says(iter(noise(7, -15, 40_000)))
    rig.apply(hears=((1, 2), (2, 1)))
    rig.ticks(4_000)
    figures = rig.core.statistics().port(NodeId(2))
    assert (figures.captured_dbm0 - figures.spoken_dbm0 > 25) is not bypassed
    if not bypassed:
        assert figures.converged
        assert figures.erl_db == pytest.approx(-20 * math.log10(0.3), abs=1.5)


# --- refusals and life --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nodes", "hears", "text", "node"),
    [
        ((), ((1, 77),), "there is no node 77", 77),
        ((), ((78, 1),), "there is no node 78", 78),
        ((PlayerNode(NodeId(9), "nothing"),), (), "clip 'nothing', which is not loaded", 9),
        ((DigitsNode(NodeId(9), ""),), (), "1 to 64", 9),
        ((DigitsNode(NodeId(9), "12x"),), (), "digits node 9 has a digit", 9),
        ((ToneNode(NodeId(9), ()),), (), "1 to 16", 9),
        ((ToneNode(NodeId(9), (ToneSegment((5000.0,), -10.0, 0),)),), (), "tone node 9", 9),
        ((ToneNode(NodeId(9), BUSY),), ((9, 1),), "node 9 cannot hear", 9),
        ((PortNode(NodeId(9), PortId("fxs9")),), (), "node 9 (fxs9) is no port", 9),
        ((), ((1, 2), (1, 2)), "given twice", 1),
        ((), ((1, 2, 55.0),), "gain outside", 1),
        ((PortNode(NodeId(1), PortId("fxs1"), heard_gain_db=-31.0),), (), "gain of its own outside", 1),
    ],
)
def test_a_refused_plan_names_the_node(rig: Rig, nodes: tuple, hears: tuple, text: str, node: int) -> None:
    with pytest.raises(PlanRefused) as caught:
        rig.apply(*nodes, hears=hears)
    assert text in str(caught.value)
    assert caught.value.node == node
    rig.ticks(20)


def test_nodes_given_twice_are_refused(rig: Rig) -> None:
    twice = (PortNode(NodeId(1), PortId("fxs1")), PortNode(NodeId(1), PortId("fxs1")))
    with pytest.raises(PlanRefused, match="node 1 is given twice"):
        rig.core.apply(Plan(1, twice, ()))


def test_an_unordered_plan_is_refused(rig: Rig) -> None:
    nodes = (PortNode(NodeId(2), PortId("fxs2")), PortNode(NodeId(1), PortId("fxs1")))
    with pytest.raises(PlanRefused, match="out of order"):
        rig.core.apply(Plan(1, nodes, (Hears(NodeId(1), NodeId(2)),)))


def test_a_closed_core_says_so() -> None:
    core = SignalCore(CoreSettings(ports=(CorePort(NodeId(1), SilentAudio()),)))
    core.tick()
    core.close()
    core.close()
    with pytest.raises(Bug, match="after close"):
        core.tick()


def test_a_sound_card_that_is_not_there_is_named() -> None:
    ports = (CorePort(NodeId(3), CardAudio("hw:CARD=nosuchcard")),)
    with pytest.raises(HardwareError, match="hw:CARD=nosuchcard of node 3"):
        SignalCore(CoreSettings(ports=ports, rtp_sockets=0))


def test_two_cores_in_one_process_are_strangers() -> None:
    ports = (CorePort(NodeId(1), SilentAudio()),)
    one, other = (SignalCore(CoreSettings(ports=ports, rtp_sockets=1, seed=seed)) for seed in (1, 2))
    one.tick()
    assert (one.statistics().ticks, other.statistics().ticks) == (1, 0)
    one.close()
    other.tick()
    other.close()
