"""Calls over one drawn exchange, in virtual time; each call that goes wrong leaves its recording."""

from __future__ import annotations

import wave
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from gateway.bench.campaign import through
from gateway.bench.campaign.calls import AT_DESK, NUMBERS_BEGIN, CallResult, Fault, Kind, Scene, play
from gateway.bench.campaign.script import Script, run_together
from gateway.bench.office import Office, read_office
from gateway.config.load import Configuration
from gateway.line import learning
from gateway.model.learned import BelievedTone, LineKnowledge
from gateway.model.numbers import ToneKind
from gateway.model.settings import OutgoingRuleSettings, TrunkGroupSettings
from gateway.simulator.ear import Ear
from gateway.simulator.random_exchange import MEMORY_MS, DrawnExchange, draw_exchange
from gateway.simulator.wires import RATE_HZ, SAMPLE_BYTES, SAMPLES_PER_MS

CALLS_EACH_LINE = 20
TALK_MS = (2_000, 20_000)
THROUGH_SHARE = 0.2
"""Of the exchanges whose calls go out again over the second line."""
TELEPHONES = ("101", "103")
"""Who answers line 1, and line 2."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What a line has learned of its busy tone, against what the exchange really sends.

    ``sure_after`` is the number of tones heard after which the confidence was 95 %, None when it never was.
    """

    line: int
    endings: int
    sure_after: int | None
    error_hz: float | None = None
    error_ms: float | None = None


@dataclass(slots=True)
class BatchResult:
    """What came of the calls of one exchange; ``seed`` draws it again."""

    seed: int
    country: str
    through: bool
    calls: tuple[CallResult, ...] = ()
    virtual_ms: int = 0
    learned: tuple[Learned, ...] = ()


def office_of(exchange: DrawnExchange, *, forwards: bool) -> Configuration:
    """The sample office in that country: each line to a telephone, or the first line out over the second."""
    configuration = read_office("office")
    office = configuration.office
    first, second = office.city_lines
    to = through.FORWARD_TO if forwards else TELEPHONES[0]
    lines = (replace(first, destination=to), replace(second, destination=TELEPHONES[1]))
    trunks = tuple(TrunkGroupSettings(line.name, (line.name,)) for line in lines)
    out = second.name if forwards else first.name
    rules = (
        OutgoingRuleSettings(NUMBERS_BEGIN[0], out, min_digits=7, max_digits=7),
        OutgoingRuleSettings(NUMBERS_BEGIN[1], second.name, min_digits=7, max_digits=7),
    )
    office = replace(office, country=exchange.country, city_lines=lines, trunk_groups=trunks, outgoing=rules)
    return replace(configuration, office=office)


def play_batch(seed: int, out: Path | None = None, country: str = "") -> BatchResult:
    """Draw an exchange and make its calls. Recordings of exceptions go into ``out``."""
    random = Random(seed)
    forwards = random.random() < THROUGH_SHARE
    exchange = draw_exchange(random, country=country)
    office = Office(
        office_of(exchange, forwards=forwards),
        seed=random.getrandbits(32),
        circuits=exchange.circuits,
    )
    result = BatchResult(seed, exchange.country, forwards)
    try:
        if forwards:
            run_together(office, [_through(office, result, Random(random.getrandbits(64)), out)])
        else:
            lines = (_line(office, place, result, random.getrandbits(64), out) for place in range(2))
            run_together(office, list(lines))
        result.virtual_ms = office.now_ms
        result.learned = tuple(_learned(office, exchange))
    finally:
        office.close()
    return result


def _learned(office: Office, exchange: DrawnExchange) -> Iterator[Learned]:
    lines = zip(office.calibration.knowledge, exchange.circuits, strict=True)
    for place, (known, circuit) in enumerate(lines):
        busy, count = circuit.character.busy, len(known.endings)
        after = next((n for n in range(count + 1) if _sure_busy(known, n)), None)
        sure = _sure_busy(known, count)
        if not sure:
            yield Learned(place + 1, count, after)
            continue
        off_hz = (a - b for a, b in zip(sure[0].frequencies_hz, busy.frequencies_hz, strict=False))
        off_ms = (sure[0].on_ms - busy.cadence_ms[0], sure[0].off_ms - busy.cadence_ms[1])
        yield Learned(place + 1, count, after, max(map(abs, off_hz)), max(map(abs, off_ms)))


def _sure_busy(known: LineKnowledge, endings: int) -> list[BelievedTone]:
    tones = learning.sure_tones(replace(known, endings=known.endings[:endings]))
    return [tone for tone in tones if tone.kind is ToneKind.BUSY]


def _line(office: Office, place: int, result: BatchResult, seed: int, out: Path | None) -> Script:
    """The calls of one line, one after the other; each has chance of its own."""
    random = Random(seed)
    kinds, weights = zip(*AT_DESK, strict=True)
    for number in range(CALLS_EACH_LINE):
        (kind,) = random.choices(kinds, weights)
        scene = _scene(office, place, number, kind, random)
        result.calls += (scene.result,)
        if office.line_row(scene.city.port).state != "idle":
            scene.result.fails(Fault.HANGING, "not idle when the next call begins: the rest is left out")
            return
        yield from play(scene, kind)
        _judge(scene, result, out)


def _through(office: Office, result: BatchResult, random: Random, out: Path | None) -> Script:
    """Calls from the city on line 1 that leave again on line 2."""
    for number in range(CALLS_EACH_LINE):
        kind = random.choice((Kind.THROUGH_CALLER_LEAVES, Kind.THROUGH_CALLED_LEAVES))
        scene = _scene(office, 0, number, kind, random)
        result.calls += (scene.result,)
        yield from through.play(scene, office.city_line(2), kind)
        _judge(scene, result, out)


def _scene(office: Office, place: int, number: int, kind: Kind, random: Random) -> Scene:
    made = CallResult(number, place + 1, kind, office.now_ms, talked_ms=random.randint(*TALK_MS))
    city = office.city_line(place + 1)
    return Scene(office, city, office.telephone(TELEPHONES[place]), Random(random.getrandbits(64)), made)


def _judge(scene: Scene, result: BatchResult, out: Path | None) -> None:
    alarms = scene.office.alarms
    for alarm in alarms:
        scene.result.fails(Fault.ALARM, f"{alarm.about}: {alarm.text}")
    alarms.clear()
    if scene.result.findings and out is not None:
        write_recording(scene, out / f"{result.seed}-line{scene.result.line}-call{scene.result.number}.wav")


def write_recording(scene: Scene, path: Path) -> None:
    """The call as a WAV: what the city's end said, what it heard; both lines of a call that goes through."""
    path.parent.mkdir(parents=True, exist_ok=True)
    began_ms = scene.result.began_ms
    lines = scene.office.board.city.lines if scene.result.kind in through.KINDS else (scene.city,)
    sides = [side for line in lines for side in _sides(line.ear, began_ms, scene.now_ms)]
    length = min(len(side) for side in sides)
    samples = array("h", (0,)) * (length * len(sides))
    for place, side in enumerate(sides):
        samples[place :: len(sides)] = side[len(side) - length :]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(sides))
        file.setsampwidth(SAMPLE_BYTES)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())


def _sides(ear: Ear, began_ms: int, now_ms: int) -> Iterator[array[int]]:
    device = ear.device
    length = min(now_ms - began_ms, MEMORY_MS) * SAMPLES_PER_MS
    for copy in (device.said, device.heard):
        yield array("h", copy(device.position - length, device.position))
