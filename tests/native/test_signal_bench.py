"""`inv bench signal` itself: it judges by the target and sees a receiver that fails."""

from __future__ import annotations

import json
import wave
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tools import figures_signal, figures_signal_charts, figures_signal_runs, figures_signal_sounds
from tools.figures_signal import Verdict, as_json, as_text, judge, lines_of
from tools.figures_signal_runs import BenchError, Measures, Point, Value, line_through, read_clauses, rows_of
from tools.figures_signal_sounds import Group, Split, Use, convert, read_split
from tools.figures_signal_targets import OURS, ROWS, SPANDSP, SPEEX, Row, Target
from tools.packages import TO_MEASURE_SIGNALS

FULL_RUN_ONLY = ("g168_", "ec_office", "ec_change", "ec_near", "ec_sdr", "held_out", "tuning", "tick", "leg_")
COUNTED = (
    "ec_instructions_128",
    "dtmf_instructions",
    "tones_instructions",
    "callerid_instructions",
    "g722_encode_instructions",
    "g722_decode_instructions",
)


# ---------------------------------------------------------------- judging
@pytest.mark.parametrize(
    ("target", "ours", "peer", "verdict"),
    [
        (Target(at_most=0.35), Value(0.35), None, Verdict.REACHED),
        (Target(at_most=0.35), Value(0.36), None, Verdict.SHORT),
        (Target(at_least=32), Value(32), None, Verdict.REACHED),
        (Target(at_least=32), Value(31.9), None, Verdict.SHORT),
        (Target(every_trial=True), Value(20, 20), None, Verdict.REACHED),
        (Target(every_trial=True), Value(19, 20), None, Verdict.SHORT),
        (Target(of_peer=0.25), Value(25), Value(100), Verdict.REACHED),
        (Target(of_peer=0.25), Value(26), Value(100), Verdict.SHORT),
        (Target(of_peer=0.25), Value(1), None, Verdict.NOT_MEASURED),
        (Target(at_most=1), None, Value(0), Verdict.NOT_MEASURED),
        (Target(), Value(5), None, Verdict.NO_TARGET),
    ],
)
def test_a_figure_is_judged_by_its_target(
    target: Target, ours: Value | None, peer: Value | None, verdict: Verdict
) -> None:
    assert judge(Row("block", "row", "figure", "dB", target, SPEEX), ours, peer)[0] is verdict


def test_what_falls_short_says_by_how_much() -> None:
    row = Row("block", "row", "figure", "dB", Target(at_least=32))
    assert judge(row, Value(29.5), None) == (Verdict.SHORT, "by 2.5 dB")
    row = Row("block", "row", "figure", "", Target(every_trial=True))
    assert judge(row, Value(17, 20), None) == (Verdict.SHORT, "3 of 20 not")


def test_a_block_without_a_figure_is_not_built_and_says_why() -> None:
    row = Row("codecs", "Opus", "", "", Target(), why="no library")
    assert judge(row, None, None) == (Verdict.NOT_BUILT, "no library")


def test_the_table_holds_every_row_once_and_shows_this_runs_figures() -> None:
    found = Measures()
    found.put("drift_snr_db", OURS, 59.5)
    found.put("dtmf_missed_40_ms", OURS, 0, 160)
    found.put("dtmf_missed_40_ms", SPANDSP, 7, 160)
    lines = lines_of(found)
    assert [line.name for line in lines] == [row.name for row in ROWS]
    drift = next(line for line in lines if line.name == "SNR of a 1 kHz tone")
    assert (drift.ours, drift.verdict, drift.words) == ("59.5 dB", Verdict.SHORT, "by 0.5 dB")
    digits = next(line for line in lines if line.name == "tones of 40 ms missed")
    assert (digits.peer, digits.ours, digits.verdict) == ("7/160 libspandsp", "0/160", Verdict.REACHED)
    table = as_text(lines, ["a note"])
    assert all(row.name in table for row in ROWS)
    assert "1 reached, 1 fall short" in table
    assert json.loads(as_json(lines, found))["rows"][0]["block"] == "echo canceller"


def test_no_row_stands_twice_and_every_row_with_a_share_of_a_peer_names_it() -> None:
    assert len({(row.block, row.name) for row in ROWS}) == len(ROWS)
    assert all(row.peer for row in ROWS if row.target.of_peer is not None)
    assert all(row.why for row in ROWS if not row.figure)


# ---------------------------------------------------------------- reading
def test_clauses_are_read_from_the_words_of_the_test() -> None:
    found = Measures()
    read_clauses(
        found,
        "canceller: G.168 2C: 23 of 24, least margin -1.2 dB, 0 left out that overload sin\n"
        "canceller: G.168 2A, Fig. 9 and 10a: 24 of 24, least margin 3.0 dB, 2 left out that overload sin\n",
    )
    assert found.get("g168_2C", OURS) == Value(23, 24)
    assert found.get("g168_2A", OURS) == Value(24, 24)


def test_a_test_that_tells_of_no_clause_is_an_error() -> None:
    with pytest.raises(BenchError):
        read_clauses(Measures(), "ok\n")


def test_rows_are_the_json_lines_of_a_benchmark() -> None:
    assert rows_of('words\n{"figure": "a", "value": 1}\n') == [{"figure": "a", "value": 1}]


def test_a_line_is_found_again() -> None:
    slope, start = line_through([(legs, 3.0 + 0.5 * legs) for legs in (2, 8, 64, 256)])
    assert (slope, start) == (pytest.approx(0.5), pytest.approx(3.0))


# ---------------------------------------------------------------- recordings
def test_the_split_names_each_group_once_and_judges_by_talkers_that_nothing_was_tuned_on() -> None:
    split = read_split()
    names = [group.name for group in split.groups]
    assert len(names) == len(set(names))
    assert {group.use for group in split.groups} == set(Use)
    assert all(split.talker(use, which).use is use for use in Use for which in (0, 1))


def test_the_packages_of_the_split_are_installed_on_demand() -> None:
    written = figures_signal_sounds.SPLIT.read_text(encoding="utf-8")
    wanted = {line.split('"')[1] for line in written.splitlines() if line.startswith("package = ")}
    assert wanted <= {package.name for package in TO_MEASURE_SIGNALS}


def test_recordings_are_joined_with_pauses_and_what_is_broken_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures_signal_sounds, "CACHE", tmp_path / "cache")
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    for name, value in (("a", 1), ("b", 2)):
        with wave.open(str(sounds / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8_000)
            file.writeframes(value.to_bytes(2, "little") * 8_000)
    group = Group("two words", sounds, Use.TUNING)
    convert(Split((group,), {}))
    read = group.raw.read_bytes()
    pause = bytes(8_000)
    assert read == b"\x01\x00" * 8_000 + pause + b"\x02\x00" * 8_000 + pause
    assert group.hours == pytest.approx(3 / 3600)


# ---------------------------------------------------------------- charts
def test_charts_are_svg_whose_points_lie_in_the_picture(tmp_path: Path) -> None:
    found = Measures()
    for who in (OURS, SPEEX):
        found.points += [Point("erle", who, x, 0, 100.0 * x - 90) for x in range(19)]
        found.put("jitter_wifi_delay_ms", who, 40)
        found.put("jitter_wifi_late_percent", who, 0.5)
    grid = [(low, high) for low in (-5.0, 0.0, 5.0) for high in (-5.0, 0.0, 5.0)]
    found.points += [Point("dtmf_map", OURS, low, high, 0.5) for low, high in grid]
    written = figures_signal_charts.draw_all(found, tmp_path)
    assert {path.name for path in written} == {"erle.svg", "jitter.svg", "dtmf_map.svg"}
    for path in written:
        picture = ElementTree.parse(path).getroot()
        width, height = float(picture.attrib["width"]), float(picture.attrib["height"])
        dots = [mark for mark in picture.iter() if mark.tag.endswith("circle")]
        assert all(0 <= float(dot.attrib["cx"]) <= width for dot in dots)
        assert all(0 <= float(dot.attrib["cy"]) <= height for dot in dots)
    titles = (tmp_path / "dtmf_map.svg").read_text(encoding="utf-8").count("<title>")
    assert titles == len(grid)


def test_places_on_an_axis_are_round() -> None:
    assert figures_signal_charts.steps(0, 18) == [0, 5, 10, 15]
    assert figures_signal_charts.shade(0) == "#ffffff"


# ---------------------------------------------------------------- the benchmarks themselves
@pytest.fixture(scope="module")
def quick_run() -> Measures:
    found = Measures()
    programs = ("dtmf", "leak", "progress", "learner", "callerid", "identity", "jitter", "path", "levels")
    programs += ("codecs", "machines")
    figures_signal_runs.build((*programs, "canceller"))
    for program in programs:
        figures_signal_runs.simple(found, program, quick=True)
    figures_signal_runs.canceller(found, quick=True)
    figures_signal_runs.neon(found)
    return found


@pytest.mark.slow
def test_every_row_that_needs_no_recordings_is_measured_beside_its_peer(quick_run: Measures) -> None:
    rows = [
        row
        for row in ROWS
        if row.figure and not row.figure.startswith(FULL_RUN_ONLY) and row.figure not in COUNTED
    ]
    assert len(rows) > 50
    missing = [row.figure for row in rows if quick_run.get(row.figure, OURS) is None]
    # A time is told only of what was found at all.
    missing += [
        row.figure
        for row in rows
        if row.peer and quick_run.get(row.figure, row.peer) is None and not row.figure.endswith("latest_ms")
    ]
    assert not missing


@pytest.mark.slow
def test_the_benchmarks_see_a_receiver_fail(quick_run: Measures) -> None:
    """libspandsp's known limits: a benchmark that lets them pass would let ours pass too."""
    missed = quick_run.get("dtmf_missed_1_5_percent_2_hz", SPANDSP)
    busy = quick_run.get("busy_snr_10", SPANDSP)
    weak = quick_run.get("callerid_bell202_minus_44_percent", SPANDSP)
    diverged = quick_run.get("ec_128_reached", SPANDSP)
    turned = quick_run.get("answer_little_turns_taken", SPANDSP)
    xrun = quick_run.get("ec_after_xrun", SPEEX)
    assert missed is not None
    assert missed.value > missed.of / 2
    assert busy is not None
    assert busy.value < busy.of
    assert weak is not None
    assert weak.value == 100
    assert diverged is not None
    assert diverged.value < diverged.of
    assert turned is not None
    assert turned.value > 0
    assert xrun is not None
    assert xrun.value < xrun.of


@pytest.mark.slow
def test_the_network_takes_from_both_jitter_buffers_alike(quick_run: Measures) -> None:
    """Nothing is late without jitter beyond a packet, and Wi-Fi's stalls cost either buffer delay."""
    for who in (OURS, SPEEX):
        calm = quick_run.get("jitter_loss_1_delay_ms", who)
        stalls = quick_run.get("jitter_wifi_delay_ms", who)
        assert calm is not None
        assert stalls is not None
        assert 10 <= calm.value <= 80
        assert 10 <= stalls.value <= 300


@pytest.mark.slow
def test_the_levels_hear_the_peers_gain_raise_noise(quick_run: Measures) -> None:
    """libspeexdsp's known limit, and a sum of eight that does clip without a limiter."""
    raised = quick_run.get("levels_noise_raised_db", SPEEX)
    unlimited = quick_run.get("levels_clipped_without_limiter", OURS)
    assert raised is not None
    assert raised.value > 10
    assert unlimited is not None
    assert unlimited.value > 100


def test_a_benchmark_that_fails_is_an_error_with_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures_signal_runs, "_program", lambda _name: "/bin/false")
    with pytest.raises(BenchError, match="code 1"):
        figures_signal_runs.simple(Measures(), "dtmf", quick=True)


def test_the_command_ends_with_one_when_a_benchmark_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*, quick: bool, charts: bool) -> Measures:
        raise BenchError(f"no good, {quick}, {charts}")

    monkeypatch.setattr("sys.argv", ["inv bench signal", "--quick"])
    monkeypatch.setattr(figures_signal, "install_packages", lambda _packages: None)
    monkeypatch.setattr(figures_signal, "measure", fails)
    assert figures_signal.main() == 1
    assert "no good, True, False" in capsys.readouterr().err
