"""A line's audio through a real ALSA device, in real time: the core streams through alsa-lib, PulseAudio is
the card.

Port 1 is such a card, with a telephone's twin (two-wire line, hybrid) at the other end of the cable; port 2
is a twin beside it. Everything that has to be on time runs in C: the interpreter may be as busy as it likes.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from gateway.errors import HardwareError
from gateway.media.core import CardAudio, CorePort, CoreSettings, SignalCore, WireAudio
from gateway.model.numbers import NodeId, PortId
from gateway.model.plan import Hears, Plan, PortNode, ToneNode, ToneSegment
from gateway.simulator.meters import tone_dbm0
from gateway.simulator.wires import Wire, WireSettings
from tests.alsa.cables import Cable, plugged
from tests.alsa.load import busy_interpreter, windows_off

pytestmark = [pytest.mark.real, pytest.mark.slow]

CARD, WIRE = NodeId(1), NodeId(2)
SAMPLES_PER_S = 8_000
CONVERGENCE_S = 5.0
PART_S = 8.0
SETTLE_S = 0.5
NEAR_HZ, FAR_HZ = 1_000.0, 700.0
SENT_DBM0 = -10.0
WIRE_LOSS_DB = 1.0
ATTEMPTS = 3
"""A shared machine stalls by itself now and then: only a difference that shows every time is ours."""


TICKS_PER_S = 100
STUCK_S = 30.0
"""A core that is so much behind has stopped."""


def passes(core: SignalCore, seconds: float) -> None:
    """So many of the core's own ticks go by: what is measured is the sound of so long, on any machine.

    It is asked when they should be there, and not before: nothing disturbs it meanwhile.
    """
    wanted = core.statistics().ticks + round(seconds * TICKS_PER_S)
    gives_up_s = time.monotonic() + seconds + STUCK_S
    while (missing := wanted - core.statistics().ticks) > 0:
        if time.monotonic() > gives_up_s:
            raise AssertionError(f"the core has stopped: {missing} ticks did not come")
        time.sleep(missing / TICKS_PER_S)


class End:
    """A core that joins a card and a two-wire line, and the person on that line."""

    def __init__(self, device: str, *, canceller: bool) -> None:
        self.wire = Wire(WireSettings(erl_db=20.0, noise_dbm0=-100.0, loss_db=WIRE_LOSS_DB))
        self.wire.set_loop(True)
        self.person = self.wire.device
        ports = (
            CorePort(CARD, CardAudio(device)),
            CorePort(WIRE, WireAudio(self.wire.exchange, self.wire.line)),
        )
        self.core = SignalCore(CoreSettings(ports=ports, rtp_sockets=1))
        self.join(1, canceller=canceller)
        self.core.start_audio()

    def join(self, generation: int, *, canceller: bool) -> None:
        """The card hears the person and the person hears the card."""
        nodes = (
            PortNode(CARD, PortId("fxo1"), canceller=canceller),
            PortNode(WIRE, PortId("fxs1"), canceller=canceller),
        )
        self.core.apply(Plan(generation, nodes, (Hears(CARD, WIRE), Hears(WIRE, CARD))))


@contextmanager
def call(cable: Cable) -> Iterator[tuple[End, End]]:
    """The office's end and the telephone's end of a cable, talking."""
    far = End(cable.far, canceller=False)
    near = End(cable.near, canceller=True)
    try:
        yield near, far
    finally:
        near.core.close()
        far.core.close()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a stretch of conversation cost: card faults and ticks given up of both ends; 20 ms windows off by
    1 dB.
    """

    faults: int
    off_near: int
    off_far: int
    windows: int

    @property
    def lost(self) -> int:
        return self.faults + self.off_near + self.off_far


def faults(end: End) -> int:
    figures = end.core.statistics()
    card = figures.port(CARD)
    return card.capture_xruns + card.playback_xruns + card.lost_frames + card.slips + figures.ticks_missed


def converse(near: End, far: End, seconds: float) -> Outcome:
    """Both ends say a tone all the time; how much of it did not arrive."""
    before = faults(near) + faults(far)
    near_start, far_start = near.person.position, far.person.position
    passes(near.core, seconds)
    expected_dbm0 = SENT_DBM0 - 2 * WIRE_LOSS_DB
    off_near, windows = windows_off(near.person, near_start, FAR_HZ, expected_dbm0)
    off_far, _ = windows_off(far.person, far_start, NEAR_HZ, expected_dbm0)
    return Outcome(faults(near) + faults(far) - before, off_near, off_far, windows)


def say_tones(near: End, far: End) -> None:
    """Both say a tone for ever, without cancellers: what arrives is then the cable's doing alone."""
    near.join(2, canceller=False)
    for end, frequency_hz in ((near, NEAR_HZ), (far, FAR_HZ)):
        end.person.hush()
        end.person.say_tone((frequency_hz,), SENT_DBM0)
    passes(near.core, SETTLE_S)


def test_a_busy_interpreter_costs_a_conversation_nothing() -> None:
    with plugged(1) as (cable,), call(cable) as (near, far):
        near.person.say_speech(1, -15.0, int(CONVERGENCE_S * 1_000))
        passes(near.core, CONVERGENCE_S)
        card = near.core.statistics().port(CARD)
        print(f"echo: after {card.echo_delay_ms} ms, ERL {card.erl_db:.1f} dB, ERLE {card.erle_db:.1f} dB")
        say_tones(near, far)
        for _ in range(ATTEMPTS):
            calm = converse(near, far, PART_S)
            with busy_interpreter():
                busy = converse(near, far, PART_S)
            print(f"calm {calm}; busy {busy}")
            if busy.lost <= calm.lost:
                break
        assert busy.lost <= calm.lost
        assert busy.windows > PART_S * 45
        figures = near.core.statistics()
        print(f"tick: mean {figures.tick_us_mean:.0f} µs, worst {figures.tick_us_max:.0f} µs")
        print(f"ticks that began late: {figures.ticks_late} of {figures.ticks}")


def test_the_delay_of_the_reference_path_is_measured() -> None:
    noise, seed = array("h"), 1
    for _ in range(SAMPLES_PER_S * 5):
        seed = (seed * 1_103_515_245 + 12_345) & 0x7FFF_FFFF
        noise.append((seed >> 18) - 4_096)
    with plugged(1) as (cable,):
        # The card hears what it plays itself: nothing but the cable lies between.
        audio = CardAudio(f"{cable.near}_play", capture=f"{cable.far}_hear")
        wire = Wire(WireSettings(noise_dbm0=-100.0))
        wire.set_loop(True)
        ports = (CorePort(CARD, audio), CorePort(WIRE, WireAudio(wire.exchange, wire.line)))
        core = SignalCore(CoreSettings(ports=ports, rtp_sockets=1))
        nodes = (PortNode(CARD, PortId("fxo1")), PortNode(WIRE, PortId("fxs1"), canceller=False))
        core.apply(Plan(1, nodes, (Hears(CARD, WIRE),)))
        core.start_audio()
        wire.device.say_clip(noise.tobytes(), -6.0)
        passes(core, 4.0)
        card = core.statistics().port(CARD)
        core.close()
    print(f"delay {card.echo_delay_ms} ms, ERL {card.erl_db:.1f} dB, ERLE {card.erle_db:.1f} dB")
    assert card.echo_delay_ms is not None
    assert 15 <= card.echo_delay_ms <= 90
    assert card.erle_db > 20
    assert card.spoken_dbm0 < card.captured_dbm0 - 20


def test_the_sides_of_a_stereo_card_are_two_lines() -> None:
    sent_hz = {NodeId(1): 700.0, NodeId(2): 1_100.0}
    tones = [ToneNode(NodeId(10 + n), (ToneSegment((hz,), SENT_DBM0, 0),)) for n, hz in sent_hz.items()]
    near_sides = tuple(CorePort(NodeId(n), CardAudio("near0", side=n - 1)) for n in (1, 2))
    far_sides = tuple(CorePort(NodeId(n), CardAudio("far0", side=n - 1)) for n in (1, 2))
    wires = [Wire(WireSettings(erl_db=30.0, noise_dbm0=-100.0, loss_db=0.0)) for _ in (1, 2)]
    people = tuple(CorePort(NodeId(2 + n), WireAudio(w.exchange, w.line)) for n, w in enumerate(wires, 1))
    with plugged(1, sides=2):
        near = SignalCore(CoreSettings(ports=near_sides, rtp_sockets=0))
        far = SignalCore(CoreSettings(ports=far_sides + people, rtp_sockets=0))
        lines = [PortNode(NodeId(n), PortId(f"line{n}"), canceller=False) for n in (1, 2, 3, 4)]
        hears = [Hears(NodeId(n), NodeId(10 + n)) for n in (1, 2)]
        near.apply(Plan(1, (*lines[:2], *tones), tuple(hears)))
        far.apply(Plan(1, tuple(lines), (Hears(NodeId(3), NodeId(1)), Hears(NodeId(4), NodeId(2)))))
        for wire in wires:
            wire.set_loop(True)
        far.start_audio()
        near.start_audio()
        passes(near, 2.0)
        heard = [
            wire.device.heard(wire.device.position - SAMPLES_PER_S // 5, wire.device.position)
            for wire in wires
        ]
        near.close()
        far.close()
    levels = [[tone_dbm0(sound, hz) for hz in sent_hz.values()] for sound in heard]
    print(f"left hears {levels[0]}, right hears {levels[1]}")
    assert levels[0][0] == pytest.approx(SENT_DBM0, abs=1.0)
    assert levels[1][1] == pytest.approx(SENT_DBM0, abs=1.0)
    assert max(levels[0][1], levels[1][0]) < SENT_DBM0 - 50


def test_a_stalled_card_is_counted_and_comes_back() -> None:
    with plugged(1) as (cable,), call(cable) as (near, far):
        say_tones(near, far)
        passes(near.core, 1.0)
        before = faults(near)
        with cable.stalled():
            passes(near.core, 0.5)
        passes(near.core, 3.0)
        start = near.person.position
        lost = faults(near) - before
        passes(near.core, 1.0)
        off, windows = windows_off(near.person, start, FAR_HZ, SENT_DBM0 - 2 * WIRE_LOSS_DB)
        card = near.core.statistics().port(CARD)
    print(f"faults {lost}, then {off} of {windows} windows off; {card}")
    assert lost > 0
    assert not card.card_gone
    assert off < windows // 4


def test_a_device_that_only_plays_is_refused_with_its_name() -> None:
    with plugged(1) as (cable,):
        ports = (CorePort(CARD, CardAudio(cable.near, capture="nothing_here")),)
        with pytest.raises(HardwareError, match=r"near0 \(capture nothing_here\) of node 1"):
            SignalCore(CoreSettings(ports=ports, rtp_sockets=1))


def test_a_card_that_dies_is_told_and_the_other_ports_go_on() -> None:
    with plugged(1) as (cable,):
        near = End(cable.near, canceller=True)
        passes(near.core, 0.3)
        assert not near.core.statistics().port(CARD).card_gone
    ticks = near.core.statistics().ticks
    passes(near.core, 3.0)
    figures = near.core.statistics()
    near.core.close()
    assert figures.ticks > ticks + 50
    assert figures.port(WIRE).failures == 0
    assert figures.port(CARD).card_gone
