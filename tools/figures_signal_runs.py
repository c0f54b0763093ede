"""Runs the C benchmarks of native/bench and gathers what they measured, ours and the peers', in one run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tools.figures_signal_sounds import Use, as_wav, hours, read_split
from tools.figures_signal_targets import OURS, SPANDSP, SPEEX, X86
from tools.progress import ROOT, say

NATIVE = ROOT / "native"
OUT = "out-signal"  # a directory of its own: tests and benchmarks of others go on meanwhile
PROGRAMS = (
    "dtmf",
    "leak",
    "progress",
    "learner",
    "callerid",
    "identity",
    "jitter",
    "path",
    "codecs",
    "levels",
    "canceller",
    "machines",
    "detectors",
    "talkoff",
    "tick",
)
SPEECH_S = 60
DETECTOR_SAMPLES = 80_000
CANCELLER_SAMPLES = 16_000
G722_SAMPLES = 160_000
OURS_SPAN_MS = 128
CROSS = "aarch64-linux-gnu-"
EMULATORS = {OURS: f"qemu-aarch64-static -L /usr/{CROSS[:-1]}", X86: "qemu-x86_64-static"}
TICKS = 60
TICKS_PER_S = 100
LEGS = (2, 4, 8, 16, 32, 64, 128, 256)
SIGNALS = ("silence", "noise", "voice", "digits", "busy")
LINES_AND_LEGS = (8, 16)

# The clauses that native/tests/test_echo_g168.c tells, in its words.
CLAUSES = {
    "G.168 2A, Fig. 9 and 10a": "g168_2A",
    "G.168 2B, Fig. 11 and 12a": "g168_2B",
    "G.168 2B after a path change": "g168_2B_change",
    "G.168 2C": "g168_2C",
    "G.168 3A": "g168_3A",
    "G.168 3B": "g168_3B",
    "G.168 3C": "g168_3C",
    "G.168 4": "g168_4",
    "G.168 5": "g168_5",
    "G.168 6, tones and DTMF": "g168_6",
    "G.168 7": "g168_7",
    "G.168 9, distance from the background": "g168_9",
}
CLAUSE_TOLD = re.compile(r"canceller: (?P<clause>.+): (?P<met>\d+) of (?P<tried>\d+), least margin")


@dataclass(frozen=True, slots=True)
class Value:
    """A measured figure; `of` is the number of trials where it counts them, else 0."""

    value: float
    of: float = 0.0


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a chart."""

    figure: str
    who: str
    x: float
    y: float
    value: float


@dataclass(slots=True)
class Measures:
    """Everything that a run has measured, by figure and by whose it is."""

    values: dict[tuple[str, str], Value] = field(default_factory=dict)
    points: list[Point] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def put(self, figure: str, who: str, value: float, of: float = 0.0) -> None:
        """Keep a figure."""
        self.values[figure, who] = Value(value, of)

    def get(self, figure: str, who: str) -> Value | None:
        """A figure, or None where it was not measured."""
        return self.values.get((figure, who))


class BenchError(Exception):
    """A benchmark did not do what it is for; the text says which."""


# ---------------------------------------------------------------- running
def build(programs: Iterable[str]) -> None:
    """Compile these benchmarks; BenchError with make's words."""
    targets = [f"{OUT}/bench_{name}" for name in programs]
    _run(["make", "-s", "-C", str(NATIVE), f"OUT={OUT}", *targets])


def _run(command: list[str], *, given: str = "", accepted: tuple[int, ...] = (0,)) -> str:
    ended = subprocess.run(command, input=given, capture_output=True, text=True, check=False, cwd=ROOT)
    if ended.returncode not in accepted:
        raise BenchError(f"{' '.join(command)}: code {ended.returncode}\n{ended.stdout}\n{ended.stderr}")
    return ended.stdout


def _program(name: str) -> str:
    return str(NATIVE / OUT / f"bench_{name}")


def rows_of(said: str) -> list[dict[str, object]]:
    """The JSON objects that a benchmark printed, one a line."""
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def _number(row: dict[str, object], name: str) -> float:
    value = row[name]
    if not isinstance(value, int | float):
        raise BenchError(f"{name} is no number in {row}")
    return float(value)


def instructions(command: list[str]) -> float:
    """Instructions that `work` takes in that program, by callgrind: the same every time."""
    with tempfile.NamedTemporaryFile(prefix="callgrind.") as out:
        tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}", "--toggle-collect=work*"]
        ended = subprocess.run([*tool, *command], capture_output=True, text=True, check=False)
    told = re.search(r"Collected : (\d+)", ended.stderr)
    if ended.returncode or told is None or int(told[1]) == 0:
        raise BenchError(f"{' '.join(command)}: callgrind counted nothing\n{ended.stderr}")
    return float(told[1])


# ---------------------------------------------------------------- plain benchmarks
def simple(found: Measures, program: str, *words: str, quick: bool) -> None:
    """Run a benchmark that prints figure, who, value, of (and points)."""
    say(f"bench_{program} {' '.join(words)}")
    options = ["--json", *(["--quick"] if quick else [])]
    for row in rows_of(_run([_program(program), *options, *words])):
        figure, who = str(row["figure"]), str(row["who"])
        if "x" in row:
            y = _number(row, "y") if "y" in row else 0.0
            found.points.append(Point(figure, who, _number(row, "x"), y, _number(row, "value")))
        else:
            found.put(figure, who, _number(row, "value"), _number(row, "of"))


# ---------------------------------------------------------------- the canceller
OFFICE = {
    ("ours", "first 2 s"): ("ec_office_first", OURS),
    ("libspeexdsp", "first 2 s"): ("ec_office_first", SPEEX),
    ("ours, NLP", "first 2 s"): ("ec_office_first_nlp", OURS),
    ("ours, delay known", "first 2 s"): ("ec_office_first_known", OURS),
    ("ours", "6..10 s, to a perfect one"): ("ec_office_later", OURS),
    ("libspeexdsp", "6..10 s, to a perfect one"): ("ec_office_later", SPEEX),
    ("ours", "1 s after double talk"): ("ec_office_after", OURS),
    ("libspeexdsp", "1 s after double talk"): ("ec_office_after", SPEEX),
    ("ours", "change by double talk"): ("ec_change", OURS),
    ("libspeexdsp", "change by double talk"): ("ec_change", SPEEX),
    ("ours, NLP", "near end in double talk, level"): ("ec_near", OURS),
    ("ours, NLP", "near end in double talk, SDR"): ("ec_sdr", OURS),
}


def canceller(found: Measures, *, quick: bool) -> None:
    """Convergence, Fig. 11 and (not when quick) the office with held-out talkers."""
    options = ["--json", *(["--quick"] if quick else [])]
    speech: list[str] = []
    if not quick:
        split = read_split()
        talkers = [split.talker(Use.HELD_OUT, which) for which in (0, 1)]
        speech = ["--speech", *(str(as_wav(group, SPEECH_S)) for group in talkers)]
        found.notes.append(f"canceller: far end {talkers[0].name}, near end {talkers[1].name}")
    for words in (speech, ["figure11"]):
        say(f"bench_canceller {' '.join(words)}")
        for row in rows_of(_run([_program("canceller"), *options, *words])):
            _canceller_row(found, row)


def _canceller_row(found: Measures, row: dict[str, object]) -> None:
    who = str(row["canceller"])
    match row["figure"]:
        case "convergence" if who in {OURS, SPEEX, SPANDSP}:
            name = f"ec_{row['span_ms']}"
            for part in ("median_s", "steady_median_db", "steady_worst_db"):
                found.put(f"{name}_{part}", who, _number(row, part))
            found.put(f"{name}_reached", who, _number(row, "reached"), _number(row, "cases"))
        case "figure 11":
            found.put("ec_figure_11", who, _number(row, "met"), _number(row, "tried"))
        case "speech":
            known = OFFICE.get((who, str(row["phase"])))
            if known is not None:
                found.put(f"{known[0]}_median_db", known[1], _number(row, "median_db"))
                found.put(f"{known[0]}_worst_db", known[1], _number(row, "worst_db"))


def neon(found: Measures) -> None:
    """Nanoseconds a sample of the NEON build under qemu, and of our x86-64 build under qemu likewise.

    No board's time: qemu translates both to this machine's instructions. What may be compared are the two.
    """
    if any(
        shutil.which(tool) is None for tool in (f"{CROSS}gcc", *(e.split()[0] for e in EMULATORS.values()))
    ):
        return
    say("bench_canceller for aarch64, under qemu")
    out = f"{OUT}-neon"
    built = f"{out}/bench_canceller"
    _run(["make", "-s", "-C", str(NATIVE), f"OUT={out}", f"CROSS={CROSS}", built])
    for who, program in ((OURS, str(NATIVE / built)), (X86, _program("canceller"))):
        for row in rows_of(_run([*EMULATORS[who].split(), program, "--json", "cost"])):
            if row["canceller"] == OURS and row["span_ms"] == OURS_SPAN_MS:
                found.put("ec_neon_ns", who, _number(row, "ns_per_sample"))


def clauses(found: Measures) -> None:
    """The clauses of G.168 as native/tests/test_echo_g168.c judges them, the whole grid; no peer."""
    say("test_echo_g168 --all: G.168 clause by clause")
    program = f"{OUT}/test_echo_g168"
    _run(["make", "-s", "-C", str(NATIVE), f"OUT={OUT}", "SANITIZERS=", program])
    # 1: a clause is not met everywhere, which is what the row is to say.
    read_clauses(found, _run([str(NATIVE / program), "--all"], accepted=(0, 1)))


def read_clauses(found: Measures, said: str) -> None:
    """What the test told of each clause; BenchError when it told of none."""
    told = [match for match in map(CLAUSE_TOLD.match, said.splitlines()) if match]
    if not told:
        raise BenchError("test_echo_g168 told of no clause")
    for match in told:
        if match["clause"] in CLAUSES:
            found.put(CLAUSES[match["clause"]], OURS, float(match["met"]), float(match["tried"]))


# ---------------------------------------------------------------- recordings
def talkoff(found: Measures) -> None:
    """Every recording at five speeds; each event is false."""
    split = read_split()
    for use, name in ((Use.HELD_OUT, "held_out"), (Use.TUNING, "tuning")):
        groups = split.of(use)
        say(f"bench_talkoff: {use.value}, {hours(groups):.1f} h at five speeds")
        listed = "".join(f"{group.raw}\n" for group in groups)
        measured = Measures()
        for row in rows_of(_run([_program("talkoff"), "--json", "-"], given=listed)):
            measured.put(str(row["figure"]), str(row["who"]), _number(row, "value"))
        for row in rows_of(_run([_program("machines"), "--json", "-"], given=listed)):
            figure = str(row["figure"]).replace("answer_false", f"{name}_answer", 1)
            found.put(figure, str(row["who"]), _number(row, "value"))
        _keep_talkoff(found, measured, name, f"{use.value}: {', '.join(group.name for group in groups)}")


def _keep_talkoff(found: Measures, measured: Measures, name: str, words: str) -> None:
    for (figure, who), value in measured.values.items():
        found.put(figure.replace("talkoff", name, 1), who, value.value)
    for who in (OURS, SPANDSP):
        parts = [measured.get(f"talkoff_{kind}", who) for kind in ("busy", "congestion")]
        if None not in parts:
            found.put(f"{name}_busy_or_congestion", who, sum(part.value for part in parts if part))
    heard = measured.get("talkoff_hours", OURS)
    if heard is None:
        raise BenchError("bench_talkoff told no hours")
    bound = 3 / heard.value
    found.notes.append(
        f"talk-off, {words}: {heard.value:.1f} h heard (five speeds); "
        f"none found means fewer than {bound:.2f} an hour (95 %)"
    )


# ---------------------------------------------------------------- instructions
def costs(found: Measures, *, quick: bool) -> None:
    """Instructions a sample of canceller and detectors, and a second of ticks as legs grow."""
    say("callgrind: canceller, detectors")
    for who in (OURS, SPEEX):
        count = instructions([_program("canceller"), "count", who, "1024"])
        found.put("ec_instructions_128", who, count / CANCELLER_SAMPLES)
    for detector, theirs, figure in (
        ("dtmf", "peer_dtmf", "dtmf_instructions"),
        ("tones", "peer_tones", "tones_instructions"),
        ("callerid", "peer_bell202", "callerid_instructions"),
    ):
        ours, peer = max(
            (_pair(detector, theirs, signal) for signal in (SIGNALS[2:3] if quick else SIGNALS)),
            key=lambda pair: pair[0] / pair[1],
        )
        found.put(figure, OURS, ours)
        found.put(figure, SPANDSP, peer)
    for way in ("encode", "decode"):
        for who in (OURS, SPANDSP):
            count = instructions([_program("codecs"), who, way])
            found.put(f"g722_{way}_instructions", who, count / G722_SAMPLES)
    if not quick:
        _legs(found)


def _pair(detector: str, theirs: str, signal: str) -> tuple[float, float]:
    """Instructions a sample of our detector and of libspandsp's on that signal."""
    ours, peer = (
        instructions([_program("detectors"), name, signal]) / DETECTOR_SAMPLES for name in (detector, theirs)
    )
    return ours, peer


def _ticks(lines: int, legs: int, *words: str) -> float:
    """Millions of instructions a second of 10 ms ticks."""
    count = instructions([_program("tick"), str(lines), str(legs), str(TICKS), *words])
    return count / TICKS * TICKS_PER_S / 1e6


def _legs(found: Measures) -> None:
    say("callgrind: ticks of 8 lines and 16 legs, and of 2..256 legs")
    found.put("tick_instructions_per_s", OURS, _ticks(*LINES_AND_LEGS))
    measured = [(legs, _ticks(0, legs)) for legs in LEGS]
    slope, start = line_through(measured)
    worst = max(abs(value - (start + slope * legs)) / value for legs, value in measured)
    found.put("leg_instructions_per_s", OURS, slope)
    few, many = LEGS[1], LEGS[4]
    for codec, name in (("g722", "leg_wide_instructions_per_s"), ("opus", "leg_opus_instructions_per_s")):
        more = _ticks(0, many, codec) - _ticks(0, few, codec)
        found.put(name, OURS, more / (many - few))
    found.put("leg_nonlinearity_percent", OURS, 100 * worst)
    found.points += [Point("legs", OURS, legs, 0, value) for legs, value in measured]


def line_through(points: list[tuple[int, float]]) -> tuple[float, float]:
    """Slope and start of the line with the least relative squares."""
    weights = [1 / value**2 for _, value in points]
    total = sum(weights)
    x_mean = sum(w * x for w, (x, _) in zip(weights, points, strict=True)) / total
    y_mean = sum(w * y for w, (_, y) in zip(weights, points, strict=True)) / total
    pairs = list(zip(weights, points, strict=True))
    slope = sum(w * (x - x_mean) * (y - y_mean) for w, (x, y) in pairs) / sum(
        w * (x - x_mean) ** 2 for w, (x, _) in pairs
    )
    return slope, y_mean - slope * x_mean


def speech_file() -> Path:
    """Held-out speech for what needs a voice over a tone or in lost packets."""
    split = read_split()
    return split.talker(Use.HELD_OUT, 0).raw


def endings_files() -> list[Path]:
    """Held-out speech and music that calls end in which teach nothing."""
    return [group.raw for group in read_split().of(Use.HELD_OUT)]
