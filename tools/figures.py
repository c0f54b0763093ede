"""The figures of `inv bench`: cost of a tick, speed of a story, delays that parties notice, cost of a call.

Costs are CPU time of the thread or process that does the work, so that other work on the machine does not
count; they stand beside figures of Asterisk 22 with PJSIP that were measured on this kind of machine.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from gateway.bench.office import Office, open_office
from gateway.bench.party import Party, most_delay_ms
from gateway.bench.playing import play
from gateway.bench.stage import Stage
from gateway.config.load import load_configuration
from gateway.config.samples import SIMULATED
from gateway.exchange import Exchange
from gateway.media.core import CorePort, CoreSettings, RtpTransport, SignalCore, WireAudio
from gateway.media.tones import tone_plan
from gateway.model.events import Event
from gateway.model.numbers import Codec, NodeId, Now, PortId
from gateway.model.plan import Detectors, Hears, Node, Plan, PortNode, RtpNode
from gateway.simulator import meters
from gateway.simulator.telephone import Telephone
from gateway.simulator.wires import Wire, WireSettings
from tools import figures_calls, figures_lines, figures_process
from tools.figures_traffic import Traffic, packets

TICK_MS = 10
TICK_US = 1_000 * TICK_MS
ANALOG_LINES = 8
SIP_LEGS = 16
BRIDGED_CALLS = 16
FIRST_RTP_NODE = 101
COUNTRY = "ru"
WINDOW_MS = 20
AUDIBLE_DBM0 = -45.0

ASTERISK_FORWARDS = (0.33, 0.47)
ASTERISK_LOOKS = (0.74, 0.93)
ASTERISK_CALLS_A_CORE = 250


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure; ``against`` says what it stands beside."""

    bench: str
    name: str
    value: float
    unit: str
    against: str = ""

    def __str__(self) -> str:
        beside = f"   ({self.against})" if self.against else ""
        return f"  {self.name:52} {self.value:10.2f} {self.unit:12}{beside}"


# ---------------------------------------------------------------- what a tick costs
def tick() -> Iterator[Figure]:
    """A tick with 8 analog lines and 16 SIP legs, everybody talking."""
    wires = [Wire(WireSettings(seed=number)) for number in range(1, ANALOG_LINES + 1)]
    for number, wire in enumerate(wires):
        wire.set_loop(True)
        wire.device.say_speech(number + 1)
    core = SignalCore(_core_settings(wires, SIP_LEGS, RtpTransport.MEMORY))
    core.apply(_talking_plan(SIP_LEGS))
    spent = _ticks(core, 300, 1_500)
    core.close()
    physics = _physics(wires, 500)
    mean = statistics.fmean(spent)
    yield Figure("tick", "mean, with the twins' physics", mean, "µs")
    yield Figure("tick", "the twins' physics alone", physics, "µs", "a board has none")
    yield Figure("tick", "mean, without the twins' physics", mean - physics, "µs")
    yield Figure("tick", "share of a core", 100 * (mean - physics) / TICK_US, "%")
    yield Figure("tick", "99th percentile, with the twins' physics", _percentile(spent, 99), "µs")


def _ticks(core: SignalCore, warm: int, count: int) -> list[float]:
    """CPU µs of each tick; RTP goes in and out between them, uncounted."""
    streams = [packets(leg) for leg in range(SIP_LEGS)]
    spent = []
    for number in range(warm + count):
        for leg in range(SIP_LEGS):
            if number % 2 == leg % 2:
                core.rtp_give(leg, next(streams[leg]), ("192.0.2.9", 20_000 + 2 * leg))
        began = time.thread_time_ns()
        core.tick()
        spent.append((time.thread_time_ns() - began) / 1_000)
        for leg in range(SIP_LEGS):
            core.rtp_take(leg)
        core.events()
    return spent[warm:]


def _physics(wires: list[Wire], count: int) -> float:
    """CPU µs that the two-wire lines take of a tick."""
    silence = bytes(160)
    began = time.thread_time_ns()
    for _ in range(count):
        for wire in wires:
            wire.tick(silence)
    return (time.thread_time_ns() - began) / 1_000 / count


def _core_settings(wires: list[Wire], sockets: int, transport: RtpTransport) -> CoreSettings:
    return CoreSettings(
        ports=tuple(
            CorePort(NodeId(number), WireAudio(wire.exchange, wire.line))
            for number, wire in enumerate(wires, 1)
        ),
        tones=tone_plan(COUNTRY).heard,
        rtp_transport=transport,
        rtp_first_port=Traffic.OUR_FIRST_PORT,
        rtp_sockets=sockets,
    )


def _talking_plan(legs: int) -> Plan:
    """Eight analog lines, each in conversation with a SIP telephone; the other legs talk to each other."""
    both = Detectors.DTMF | Detectors.CALL_PROGRESS
    ports = [NodeId(number) for number in range(1, ANALOG_LINES + 1)]
    nodes: list[Node] = [PortNode(port, PortId(f"p{port}"), both) for port in ports]
    rtp = [_rtp_node(leg, f"192.0.2.9:{20_000 + 2 * leg}") for leg in range(legs)]
    rest = [node.id for node in rtp[ANALOG_LINES:]]
    pairs = [*zip(ports, (node.id for node in rtp), strict=False), *zip(rest[::2], rest[1::2], strict=True)]
    return Plan(1, (*nodes, *rtp), _both_ways(pairs))


def _rtp_node(leg: int, remote: str) -> RtpNode:
    host, port = remote.split(":")
    return RtpNode(NodeId(FIRST_RTP_NODE + leg), leg, (host, int(port)), Codec.PCMA, 101)


def _both_ways(pairs: list[tuple[NodeId, NodeId]]) -> tuple[Hears, ...]:
    edges = [Hears(one, other) for pair in pairs for one, other in (pair, pair[::-1])]
    return tuple(sorted(edges, key=lambda edge: (edge.listener, edge.source)))


def _percentile(values: list[float], percent: int) -> float:
    return sorted(values)[len(values) * percent // 100]


# ---------------------------------------------------------------- how fast a story plays
def story() -> Iterator[Figure]:
    """Story `internal` in virtual time, and its events alone through a fresh exchange."""
    verdict = play("internal")
    yield Figure("story", "with audio", verdict.times_real, "x real time")
    events, virtual_ms = _events_of_a_call()
    rounds = 20
    began = time.process_time()
    for _ in range(rounds):
        exchange = _exchange()
        exchange.start(Now(0, 0))
        for now, event in events:
            exchange.handle(event, now)
    spent_s = (time.process_time() - began) / rounds
    yield Figure(
        "story", "without audio (its events through the exchange)", virtual_ms / 1000 / spent_s, "x real time"
    )


def _exchange() -> Exchange:
    configuration = load_configuration(SIMULATED / "office.toml", SIMULATED / "board.toml")
    return Exchange(configuration.office, configuration.board, media_address="192.0.2.1")


def _events_of_a_call() -> tuple[list[tuple[Now, Event]], int]:
    """Everything that the exchange is told while one telephone calls another and talks for ten seconds."""
    office = open_office()
    told: list[tuple[Now, Event]] = []
    handle = office.exchange.handle

    def listening(event: Event, now: Now) -> object:
        told.append((now, event))
        return handle(event, now)

    office.exchange.handle = listening  # type: ignore[method-assign, assignment]
    _call(office, talk_ms=10_000)
    office.close()
    return told, office.now_ms


def _call(office: Office, *, talk_ms: int) -> None:
    anna, boris = office.telephone("101"), office.telephone("102")
    anna.lifts()
    office.run(500)
    anna.dials("102")
    office.run_until(lambda: bool(boris.rings), 3_000, "102 rings")
    office.run(1_000)
    boris.lifts()
    office.run(talk_ms)
    anna.hangs_up()
    office.run(1_000)
    boris.hangs_up()
    office.run(2_000)


# ---------------------------------------------------------------- how late a party hears
def latency() -> Iterator[Figure]:
    """Hook-off to dial tone, answer to audio, mouth to ear, in virtual time, as the parties' ears notice."""
    office = open_office()
    anna, boris = office.telephone("101"), office.telephone("102")
    anna.lifts()
    tone_ms = _silent_for(office, anna, office.now_ms)
    anna.dials("102")
    office.run_until(lambda: bool(boris.rings), 3_000, "102 rings")
    anna.says()
    office.run(1_000)
    boris.lifts()
    audio_ms = _silent_for(office, boris, office.now_ms)
    office.close()
    yield Figure("latency", "hook-off to dial tone", tone_ms, "ms", "at most 100 ms")
    yield Figure("latency", "answer to audio", audio_ms, "ms", "at most 60 ms")
    yield from _mouth_to_ear()


def _mouth_to_ear() -> Iterator[Figure]:
    """Each path both ways; the twins have no sound card, whose periods the budget allows for."""
    stage = Stage(open_office("line-to-sip"))
    anna, boris, darya, city = stage.telephone("101"), stage.telephone("102"), stage.sip("201"), stage.city(2)
    stage.connect(anna, boris)
    yield from _both_delays(stage, anna, boris, "analog to analog", "and back")
    anna.hangs_up()
    stage.wait(500)
    boris.hangs_up()
    stage.wait(1_000)
    anna.lifts()
    stage.wait(400)
    anna.dials("201")
    stage.wait_for(lambda: darya.rings, 3_000, "201 rings")
    darya.answers()
    stage.wait(600)
    yield from _both_delays(stage, anna, darya, "analog to SIP", "SIP to analog")
    darya.hangs_up()
    anna.hangs_up()
    stage.wait(1_000)
    stage.calls(2, "4951234567")
    stage.wait_for(lambda: darya.rings, 5_000, "201 rings")
    darya.answers()
    stage.wait(600)
    yield from _both_delays(stage, city, darya, "city to SIP", "SIP to city")
    stage.calls(1, "4951234568")
    stage.wait_for(lambda: boris.rings, 5_000, "102 rings")
    boris.lifts()
    stage.wait(600)
    yield from _both_delays(stage, stage.city(1), boris, "city to analog", "analog to city")
    stage.office.close()


def _both_delays(stage: Stage, one: Party, other: Party, there: str, back: str) -> Iterator[Figure]:
    for name, speaker, listener in ((there, one, other), (back, other, one)):
        against = f"at most {most_delay_ms(speaker, listener):.0f} ms, of which the twin's cards take none"
        yield Figure("latency", f"mouth to ear, {name}", stage.delay_ms(listener, speaker), "ms", against)


def _silent_for(office: Office, listener: Telephone, since_ms: int) -> float:
    """How long after `since_ms` the listener's ear hears something, in steps of 5 ms (a click is shorter)."""
    office.run(1_000)
    for after_ms in range(0, 1_000 - WINDOW_MS, 5):
        heard = listener.ear.heard(since_ms + after_ms, since_ms + after_ms + WINDOW_MS)
        if meters.level_dbm0(heard) > AUDIBLE_DBM0:
            return after_ms
    raise SystemExit(f"bench latency: {listener.name} heard nothing for a second")


# ---------------------------------------------------------------- what a call costs
def bridged() -> Iterator[Figure]:
    """CPU of calls between two SIP telephones over real sockets, media through the core, in real time."""
    idle = _audio_cpu(calls=0, seconds=3.0)
    busy = _audio_cpu(calls=BRIDGED_CALLS, seconds=6.0)
    each = (busy - idle) / BRIDGED_CALLS
    low, high = ASTERISK_FORWARDS
    looks = f"{ASTERISK_LOOKS[0]}-{ASTERISK_LOOKS[1]} when it looks at the frames; measured elsewhere"
    yield Figure("bridged", "the core with its sockets, at rest", idle, "% of a core")
    yield Figure("bridged", "one bridged G.711 call", each, "% of a core", f"Asterisk {low}-{high}, {looks}")
    best = "to its best: less is better"
    yield Figure("bridged", "ratio to Asterisk that only forwards", each / low, "x", best)
    yield Figure("bridged", "ratio to Asterisk that looks at the frames", each / ASTERISK_LOOKS[0], "x", best)
    a_core = 100 / each
    derived = f"derived from {BRIDGED_CALLS} calls; Asterisk about {ASTERISK_CALLS_A_CORE}"
    yield Figure("bridged", "so calls a core", a_core, "calls", derived)
    yield Figure("bridged", "ratio of calls a core", a_core / ASTERISK_CALLS_A_CORE, "x", "more is better")


def _audio_cpu(*, calls: int, seconds: float) -> float:
    """Per cent of a core that this process takes while the audio thread runs with that many calls."""
    legs = 2 * calls
    core = SignalCore(_core_settings([], max(legs, 1), RtpTransport.UDP))
    nodes = [_rtp_node(leg, f"127.0.0.1:{Traffic.THEIR_FIRST_PORT + 2 * leg}") for leg in range(legs)]
    ids = [node.id for node in nodes]
    core.apply(Plan(1, tuple(nodes), _both_ways(list(zip(ids[::2], ids[1::2], strict=True)))))
    with Traffic(legs):
        core.start_audio()
        threading.Event().wait(1.0)  # streams begin, jitter buffers settle
        began, cpu = time.perf_counter(), time.process_time()
        threading.Event().wait(seconds)
        share = 100 * (time.process_time() - cpu) / (time.perf_counter() - began)
        heard = [rtp.received for rtp in core.statistics().rtp]
        core.stop_audio()
    core.close()
    if calls and min(heard) < 50 * seconds / 2:
        raise SystemExit(f"bench bridged: packets did not arrive ({min(heard)} on the poorest leg)")
    return share


def calls() -> Iterator[Figure]:
    """Complete calls between SIP telephones: through the exchange alone, and through the whole gateway."""
    core = SignalCore(_core_settings([Wire(WireSettings()) for _ in range(6)], 32, RtpTransport.MEMORY))
    for row in figures_calls.alone(core):
        yield Figure("calls", *row)
    core.close()
    for row in figures_calls.whole():
        yield Figure("calls", *row)


# ---------------------------------------------------------------- the whole process and its journal
def start() -> Iterator[Figure]:
    """The gateway of the simulated office as a process: from its start to its first answer, and at rest."""
    for row in figures_process.start():
        yield Figure("start", *row)


def journal() -> Iterator[Figure]:
    """The call journal on this disk: SQLite, WAL, synchronous=FULL."""
    for row in figures_process.journal():
        yield Figure("journal", *row)


def lines() -> Iterator[Figure]:
    """Lines and boards: edges in the guest, cards on one core, office-days a minute, calibration."""
    for row in figures_lines.rows():
        yield Figure("lines", *row)


# ---------------------------------------------------------------- the command
FIGURES: dict[str, Callable[[], Iterator[Figure]]] = {
    "tick": tick,
    "story": story,
    "latency": latency,
    "bridged": bridged,
    "calls": calls,
    "start": start,
    "journal": journal,
    "lines": lines,
}


def main() -> int:
    """`python -m tools.figures [NAME] [--json]`."""
    parser = argparse.ArgumentParser(prog="inv bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=[*FIGURES, "all"], default="all")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    names = list(FIGURES) if asked.name == "all" else [asked.name]
    found = []
    for name in names:
        if not asked.json:
            print(f"{name}: {FIGURES[name].__doc__}", flush=True)
        for figure in FIGURES[name]():
            found.append(figure)
            if not asked.json:
                print(figure, flush=True)
    if asked.json:
        print(json.dumps([asdict(figure) for figure in found], ensure_ascii=False, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
