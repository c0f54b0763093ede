"""The signal core on cards of the guest's kernel: lines by sides, clocks of their own, xruns, a card that is
pulled out and plugged in again, mixers.

The far end of each card is another core, with a two-wire line of the bench on each side.
"""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from gateway.drivers import alsa
from gateway.drivers.card_mixer import MixerSettings, settle_mixer
from gateway.errors import HardwareError
from gateway.media.core import (
    CardAudio,
    CorePort,
    CoreSettings,
    CoreStatistics,
    PortStatistics,
    SignalCore,
    WireAudio,
)
from gateway.model.numbers import NodeId, PortId
from gateway.model.plan import Hears, Node, Plan, PortNode, ToneNode, ToneSegment
from gateway.simulator.meters import tone_dbm0
from gateway.simulator.wires import Wire, WireSettings
from tests.guest.loopback import Loopback

SHIFTS_PPM = (-300, 0, 1_000)
TICKS_PER_S = 100
PATIENCE_S = 60.0
SENT_DBM0 = -10.0
LEVEL_DB = 1.0
CROSSTALK_DB = 50.0
SETTLING_S = 25.0
STEADY_S = 20.0
WINDOWS = 3
STEPS_PPM = 2 * 5.0 / (STEADY_S * 1_000) * 1e6
"""A loop-back card moves in steps of up to a period, 5 ms: a count may lack one at each end of a window."""
SAMPLES_A_TICK = 80
CLOCK_ERROR_PPM = 150
"""A loop-back card's pointers move by 4 ms, the kernel's jiffy: its clock is known less well than that of a
USB card."""
SAMPLES_PER_S = 8_000


def tone_hz(line: int) -> float:
    """Each line says another tone."""
    return 500.0 + 150.0 * line


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)  # real time: the kernel's cards know no other


def passes(core: SignalCore, seconds: float) -> None:
    wanted = core.statistics().ticks + round(seconds * TICKS_PER_S)
    until(lambda: core.statistics().ticks >= wanted)


@dataclass
class Lines:
    """Two lines a card: the gateway's core says a tone on each, the far core brings it to a two-wire line."""

    cards: list[Loopback]
    near: SignalCore = field(init=False)
    far: SignalCore = field(init=False)
    wires: list[Wire] = field(init=False)

    def __post_init__(self) -> None:
        count = 2 * len(self.cards)
        self.wires = [Wire(WireSettings(erl_db=30.0, noise_dbm0=-100.0, loss_db=0.0)) for _ in range(count)]
        for wire in self.wires:
            wire.set_loop(True)
        far = tuple(self._port(line, "far") for line in range(count))
        people = tuple(
            CorePort(NodeId(1 + count + n), WireAudio(wire.exchange, wire.line))
            for n, wire in enumerate(self.wires)
        )
        self.far = SignalCore(CoreSettings(ports=far + people, rtp_sockets=0))
        self.near = SignalCore(
            CoreSettings(ports=tuple(self._port(line, "near") for line in range(count)), rtp_sockets=0)
        )
        self._join(count)
        self.far.start_audio()
        self.near.start_audio()

    def _port(self, line: int, end: str) -> CorePort:
        return CorePort(NodeId(1 + line), CardAudio(getattr(self.cards[line // 2], end), side=line % 2))

    def _join(self, count: int) -> None:
        lines: list[Node] = [
            PortNode(NodeId(1 + line), PortId(f"line{line}"), canceller=False) for line in range(count)
        ]
        tones: list[Node] = [
            ToneNode(NodeId(100 + line), (ToneSegment((tone_hz(line),), SENT_DBM0, 0),))
            for line in range(count)
        ]
        hears = tuple(Hears(NodeId(1 + line), NodeId(100 + line)) for line in range(count))
        self.near.apply(Plan(1, (*lines, *tones), hears))
        people: list[Node] = [
            PortNode(NodeId(1 + count + n), PortId(f"wire{n}"), canceller=False) for n in range(count)
        ]
        joined = tuple(Hears(NodeId(1 + count + n), NodeId(1 + n)) for n in range(count))
        self.far.apply(Plan(1, (*lines, *people), joined))

    def near_port(self, line: int) -> PortStatistics:
        return self.near.statistics().port(NodeId(1 + line))

    def levels(self, line: int) -> list[float]:
        """What the person of a line heard of each line's tone over the last fifth of a second."""
        device = self.wires[line].device
        sound = device.heard(device.position - SAMPLES_PER_S // 5, device.position)
        return [tone_dbm0(sound, tone_hz(other)) for other in range(len(self.wires))]

    def clear(self, line: int) -> bool:
        """Its own tone at its level, and nobody else's."""
        levels = self.levels(line)
        own = levels.pop(line)
        return abs(own - SENT_DBM0) <= LEVEL_DB and max(levels) < SENT_DBM0 - CROSSTALK_DB


@contextmanager
def lines_on(count: int) -> Iterator[Lines]:
    lines = Lines([Loopback(place) for place in range(count)])
    try:
        yield lines
    finally:
        lines.near.close()
        lines.far.close()


def shown(port: PortStatistics) -> str:
    xruns = f"xruns {port.capture_xruns} + {port.playback_xruns}"
    return f"{xruns}, {port.lost_frames} frames lost, {port.slips} slips"


def figures_of(core: SignalCore) -> str:
    now = core.statistics()
    late = f"{now.ticks_late} of {now.ticks} late, {now.ticks_missed} missed"
    return f"a tick takes {now.tick_us_mean:.0f} µs, {late}"


def faults(port: PortStatistics) -> int:
    return port.capture_xruns + port.playback_xruns + port.lost_frames + port.slips


def test_a_card_is_two_lines_that_do_not_hear_one_another() -> None:
    with lines_on(1) as lines:
        passes(lines.near, 1.5)
        heard = [lines.levels(line) for line in (0, 1)]
        print(f"left hears {heard[0]}, right hears {heard[1]} dBm0")
        until(lambda: lines.clear(0) and lines.clear(1))


@pytest.fixture
def off_clock() -> Iterator[list[Loopback]]:
    """Cards with a clock each."""
    cards = [Loopback(place) for place in range(len(SHIFTS_PPM))]
    for card, ppm in zip(cards, SHIFTS_PPM, strict=True):
        card.shift(ppm)
    yield cards
    for card in cards:
        card.shift(0)


def steady_window(core: SignalCore) -> tuple[CoreStatistics, CoreStatistics]:
    """Statistics before and after `STEADY_S` in which no card lost anything; the guest is late now and
    then when its host is busy, so there are `WINDOWS` tries.
    """
    for _ in range(WINDOWS):
        before = core.statistics()
        passes(core, STEADY_S)
        after = core.statistics()
        print(figures_of(core), *map(shown, after.ports), sep="\n")
        if sum(map(faults, after.ports)) == sum(map(faults, before.ports)):
            return before, after
    raise AssertionError(f"no {STEADY_S} s without a fault in {WINDOWS}")


def test_cards_run_by_clocks_of_their_own_and_lose_nothing(off_clock: list[Loopback]) -> None:
    clocks_ppm = [card.measure_ppm() for card in off_clock]
    print("clocks:", ", ".join(f"{ppm:.0f} ppm" for ppm in clocks_ppm))
    assert clocks_ppm == [pytest.approx(shift, abs=CLOCK_ERROR_PPM) for shift in SHIFTS_PPM]
    nodes = [NodeId(1 + place) for place in range(len(off_clock))]
    ports = tuple(CorePort(node, CardAudio(card.near)) for node, card in zip(nodes, off_clock, strict=True))
    core = SignalCore(CoreSettings(ports=ports, rtp_sockets=0))
    try:
        core.apply(Plan(1, tuple(PortNode(node, PortId(f"line{node}")) for node in nodes), ()))
        core.start_audio()
        passes(core, SETTLING_S)  # each card's steps and clock are learnt
        before, after = steady_window(core)
    finally:
        core.close()
    for clock_ppm, was, port in zip(clocks_ppm, before.ports, after.ports, strict=True):
        due = (after.ticks - before.ticks) * SAMPLES_A_TICK
        counted_ppm = ((port.captured_samples - was.captured_samples) / due - 1) * 1e6
        print(f"{clock_ppm:.0f} ppm: counted {counted_ppm:.0f}, steered {port.capture_ppm:.0f}")
        assert counted_ppm == pytest.approx(clock_ppm, abs=STEPS_PPM)


def test_a_core_that_was_held_up_finds_back_and_the_xruns_are_counted() -> None:
    with lines_on(1) as lines:
        passes(lines.near, 1.0)
        lines.near.stop_audio()
        time.sleep(0.3)
        lines.near.start_audio()
        until(lambda: lines.clear(0) and lines.clear(1))
        port = lines.near_port(0)
        print(shown(port), figures_of(lines.near))
        assert port.capture_xruns + port.playback_xruns > 0


def test_a_card_that_is_pulled_out_stops_nobody_and_comes_back_by_its_socket() -> None:
    with lines_on(2) as lines:
        card = lines.cards[0]
        passes(lines.near, 1.0)
        pulled = card.pull_out()
        until(lambda: lines.near_port(0).card_gone and lines.near_port(1).card_gone)
        ticks = lines.near.statistics().ticks
        passes(lines.near, 1.0)
        assert not lines.near_port(2).card_gone
        print(shown(lines.near_port(2)), lines.levels(2))
        until(lambda: lines.clear(2) and lines.clear(3))
        assert pulled.is_alive(), "the kernel waits until we have closed it"
        lines.near.unplug_card(NodeId(1))
        until(lambda: lines.far.statistics().port(NodeId(1)).card_gone)
        lines.far.unplug_card(NodeId(1))
        pulled.join(PATIENCE_S)
        assert not pulled.is_alive()
        with pytest.raises(HardwareError, match=r"platform:snd_aloop\.0"):
            alsa.require_card(card.socket, alsa.list_cards(alsa.library()))
        card.plug_in()
        found = alsa.require_card(card.socket, alsa.list_cards(alsa.library()))
        assert found is not None
        lines.far.plug_card(NodeId(1), card.far)
        lines.near.plug_card(NodeId(1), alsa.alsa_name(card.socket, found))
        passes(lines.near, 2.0)
        assert not lines.near_port(0).card_gone
        until(lambda: all(lines.clear(line) for line in range(4)))
        print(f"{lines.near.statistics().ticks - ticks} ticks meanwhile")


def test_a_gone_card_costs_no_spinning_thread() -> None:
    with lines_on(1) as lines:
        passes(lines.near, 1.0)
        pulled = lines.cards[0].pull_out()
        until(lambda: lines.near_port(0).card_gone)
        calls = threading.active_count()
        before = time.process_time()
        passes(lines.near, 2.0)
        spent = time.process_time() - before
        print(f"two seconds without the card cost {spent:.2f} s of processor time")
        assert spent < 1.5  # two cores, six ports; a poll that spins takes all there is
        assert threading.active_count() == calls
        lines.near.unplug_card(NodeId(1))
        lines.far.unplug_card(NodeId(1))
        pulled.join(PATIENCE_S)
    Loopback(0).plug_in()


def test_the_mixer_of_a_card_of_the_kernel_is_set_and_reads_so() -> None:
    library = alsa.library()
    card = alsa.require_card("platform:snd_dummy.0", alsa.list_cards(library))
    assert card is not None
    report = settle_mixer(card, library, MixerSettings(playback_percent=60, capture_percent=30))
    print("\n".join(report.done))
    assert report.lacking == ()
    said = subprocess.run(
        ["amixer", "-c", str(card.index), "sget", "Mic"], check=True, capture_output=True, text=True
    ).stdout
    assert "[on]" in said
    master = library.Mixer(control="Master", cardindex=card.index)
    assert abs(master.getvolume(pcmtype=library.PCM_PLAYBACK)[0] - 60) <= 2
    master.close()


def test_what_a_card_without_faders_lacks_is_named() -> None:
    library = alsa.library()
    card = alsa.require_card("platform:snd_aloop.0", alsa.list_cards(library))
    assert card is not None
    report = settle_mixer(card, library, MixerSettings(playback_percent=60))
    assert report.lacking == ("no playback fader: playback_percent = 60 has no effect",)
