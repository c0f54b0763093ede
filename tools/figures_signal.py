"""`inv bench signal`: every signal block beside its peer in the same run, against the signal core's targets.

Prints one table: the peer's figure of this run, ours, the target, and whether it is reached or by how much it
falls short. Costs are instructions, counted by callgrind, so that other work on the machine does not matter.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path

from tools import figures_signal_runs as runs
from tools.figures_signal_charts import draw_all
from tools.figures_signal_runs import Measures, Value
from tools.figures_signal_sounds import convert, read_split
from tools.figures_signal_targets import OURS, ROWS, Row
from tools.packages import TO_MEASURE_SIGNALS
from tools.progress import SetupError
from tools.setup_steps import install_packages


class Verdict(Enum):
    """How a figure stands to its target."""

    REACHED = "reached"
    SHORT = "falls short"
    NO_TARGET = "told"
    NOT_BUILT = "not built"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table, ready to print."""

    block: str
    name: str
    peer: str
    ours: str
    target: str
    verdict: Verdict
    words: str


# ---------------------------------------------------------------- judging
def judge(row: Row, ours: Value | None, peer: Value | None) -> tuple[Verdict, str]:
    """Whether the figure reaches its target, and in words by how much it does not."""
    if not row.figure:
        return Verdict.NOT_BUILT, row.why
    if ours is None:
        return Verdict.NOT_MEASURED, row.why
    target = row.target
    if target.every_trial:
        return _short_by(ours.of - ours.value, f"{ours.of - ours.value:g} of {ours.of:g} not")
    if target.of_peer is not None:
        if peer is None:
            return Verdict.NOT_MEASURED, f"{row.peer} is not here"
        limit = target.of_peer * peer.value
        return _short_by(
            ours.value - limit, f"by {_figure(ours.value - limit, row.unit)} of {_figure(limit, row.unit)}"
        )
    if target.at_most is not None:
        return _short_by(ours.value - target.at_most, f"by {_figure(ours.value - target.at_most, row.unit)}")
    if target.at_least is not None:
        return _short_by(
            target.at_least - ours.value, f"by {_figure(target.at_least - ours.value, row.unit)}"
        )
    return Verdict.NO_TARGET, ""


def _short_by(missing: float, words: str) -> tuple[Verdict, str]:
    return (Verdict.SHORT, words) if missing > 0 else (Verdict.REACHED, "")


def _figure(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 20 else 2
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"
    if text in {"0", "-0", ""} and value:
        text = f"{value:.1g}"
    return f"{text} {unit}".strip()


def _shown(value: Value | None, unit: str) -> str:
    if value is None:
        return "–"
    return f"{value.value:g}/{value.of:g}" if value.of else _figure(value.value, unit)


def lines_of(found: Measures) -> list[Line]:
    """The table: a line a row, in the order of the targets."""
    lines = []
    for row in ROWS:
        ours = found.get(row.figure, OURS)
        peer = found.get(row.figure, row.peer) if row.peer else None
        verdict, words = judge(row, ours, peer)
        target = f"{row.target} {row.unit}" if row.unit and row.target.of_peer is None else str(row.target)
        lines.append(
            Line(
                row.block,
                row.name,
                f"{_shown(peer, row.unit)} {row.peer}".strip() if peer else "–",
                _shown(ours, row.unit),
                target if row.figure else "",
                verdict,
                words,
            )
        )
    return lines


# ---------------------------------------------------------------- measuring
def measure(*, quick: bool, charts: bool) -> Measures:
    """Run everything; BenchError where a benchmark fails."""
    found = Measures()
    runs.build(runs.PROGRAMS)
    speech: list[str] = []
    endings: list[str] = []
    if not quick:
        convert(read_split())
        speech = [str(runs.speech_file())]
        endings = [str(path) for path in runs.endings_files()]
    runs.simple(found, "dtmf", quick=quick)
    runs.simple(found, "leak", quick=quick)
    runs.simple(found, "progress", *speech, quick=quick)
    runs.simple(found, "learner", *endings, quick=quick)
    runs.simple(found, "callerid", quick=quick)
    runs.simple(found, "identity", *speech, quick=quick)
    runs.simple(found, "jitter", *speech, quick=quick)
    runs.simple(found, "path", *speech, quick=quick)
    runs.simple(found, "codecs", *speech, quick=quick)
    runs.simple(found, "levels", *speech, quick=quick)
    runs.canceller(found, quick=quick)
    runs.simple(found, "machines", quick=quick)
    if charts:
        runs.simple(found, "dtmf", "map", quick=quick)
        runs.simple(found, "dtmf", "curve", quick=quick)
        runs.simple(found, "callerid", "curve", quick=quick)
        runs.simple(found, "canceller", "series", quick=quick)
    runs.costs(found, quick=quick)
    runs.neon(found)
    if not quick:
        runs.clauses(found)
        runs.talkoff(found)
    return found


# ---------------------------------------------------------------- printing
def as_text(lines: list[Line], notes: list[str]) -> str:
    """The table for people."""
    heads = ("", "peer in this run", "ours", "target", "")
    cells = [
        (line.name, line.peer, line.ours, line.target, f"{line.verdict.value} {line.words}".strip())
        for line in lines
    ]
    widths = [max(len(row[column]) for row in [heads, *cells]) for column in range(len(heads))]
    out = []
    block = ""
    for line, row in zip(lines, cells, strict=True):
        if line.block != block:
            block = line.block
            out += ["", block.upper()]
            out.append(
                "  "
                + "  ".join(f"{head:{width}}" for head, width in zip(heads, widths, strict=True)).rstrip()
            )
        out.append(
            "  " + "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        )
    short = sum(line.verdict is Verdict.SHORT for line in lines)
    reached = sum(line.verdict is Verdict.REACHED for line in lines)
    out += [
        "",
        *notes,
        f"{reached} reached, {short} fall short, {len(lines) - reached - short} have no verdict",
    ]
    return "\n".join(out)


def as_json(lines: list[Line], found: Measures) -> str:
    """The table and every figure behind it, also those without a row."""
    rows = [{**asdict(line), "verdict": line.verdict.value} for line in lines]
    figures = [
        {"figure": figure, "who": who, "value": value.value, "of": value.of}
        for (figure, who), value in found.values.items()
    ]
    return json.dumps({"rows": rows, "figures": figures, "notes": found.notes}, ensure_ascii=False, indent=1)


def main() -> int:
    """`python -m tools.figures_signal [--json] [--quick] [--plots DIR]`."""
    parser = argparse.ArgumentParser(prog="inv bench signal", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--quick", action="store_true", help="fewer trials, no recordings, no clauses of G.168"
    )
    parser.add_argument("--plots", type=Path, help="draw the charts as SVG into this directory")
    asked = parser.parse_args()
    try:
        install_packages(TO_MEASURE_SIGNALS[:1] if asked.quick else TO_MEASURE_SIGNALS)
        found = measure(quick=asked.quick, charts=asked.plots is not None)
    except (runs.BenchError, SetupError) as error:
        print(f"bench signal: {error}", file=sys.stderr)
        return 1
    lines = lines_of(found)
    print(as_json(lines, found) if asked.json else as_text(lines, found.notes))
    if asked.plots is not None:
        draw_all(found, asked.plots)
    return 0


if __name__ == "__main__":
    sys.exit(main())
