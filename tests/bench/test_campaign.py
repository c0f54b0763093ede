"""A sample of the campaign on city lines; the exchanges it draws; that it notices what must not be."""

from __future__ import annotations

import json
import wave
from pathlib import Path
from random import Random

import pytest

from gateway.bench.campaign.batch import play_batch
from gateway.bench.campaign.calls import Fault
from gateway.bench.campaign.script import Script, Until, pause, run_together
from gateway.bench.office import open_office
from gateway.model.plain import from_plain, to_plain
from gateway.simulator.random_exchange import (
    LEVEL_DBM0,
    MOST_OFF_HZ,
    MOST_OFF_PART,
    NOMINAL,
    draw_exchange,
)
from tools import campaign, figures_lines_calibration

SAMPLE = (1, 2, 5, 8, 14, 31)
"""Seeds of exchanges in three countries; two of them send calls out again over the second line."""


@pytest.mark.slow
@pytest.mark.parametrize("seed", SAMPLE)
def test_no_line_hangs_no_conversation_is_cut_and_every_caller_is_named(seed: int, tmp_path: Path) -> None:
    batch = play_batch(seed, tmp_path)
    assert [campaign.described(batch, call) for call in batch.calls if call.findings] == []
    assert len(batch.calls) >= 10
    assert sum(call.identity_sent for call in batch.calls) > 0
    assert any(call.released_ms for call in batch.calls)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two calls a line instead of twenty."""
    monkeypatch.setattr("gateway.bench.campaign.batch.CALLS_EACH_LINE", 2)


@pytest.mark.usefixtures("few")
def test_the_same_seed_makes_the_same_calls() -> None:
    assert play_batch(1) == play_batch(1)


def test_exchanges_are_drawn_beyond_the_tables_and_not_farther() -> None:
    farthest_hz = farthest_part = 0.0
    for seed in range(200):
        exchange = draw_exchange(Random(seed), country="ru")
        circuit = exchange.circuits[0]
        busy, nominal = circuit.character.busy, NOMINAL["ru"].busy
        off_hz = abs(busy.frequencies_hz[0] - nominal.frequencies_hz[0])
        parts = [abs(ms / right - 1.0) for ms, right in zip(busy.cadence_ms, nominal.cadence_ms, strict=True)]
        assert off_hz <= MOST_OFF_HZ
        assert max(parts) <= MOST_OFF_PART + 0.002
        assert LEVEL_DBM0[0] <= busy.level_dbm0 - circuit.wire.loss_db <= LEVEL_DBM0[1]
        assert not circuit.character.reverses
        assert circuit.character.breaks_ms == 0
        farthest_hz, farthest_part = max(farthest_hz, off_hz), max(farthest_part, *parts)
    assert farthest_hz > 0.95 * MOST_OFF_HZ
    assert farthest_part > 0.95 * MOST_OFF_PART


def test_a_line_that_hangs_is_noticed_and_its_recording_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exchange whose end of a call is silence: nothing can tell, and the campaign must say so."""
    monkeypatch.setattr("gateway.simulator.central_office.CityLine._busy_tone", lambda line: None)
    monkeypatch.setattr("gateway.bench.campaign.batch.CALLS_EACH_LINE", 3)
    batch = play_batch(2, tmp_path)
    hanging = [call for call in batch.calls if any(one.fault is Fault.HANGING for one in call.findings)]
    assert hanging
    call = hanging[0]
    with wave.open(str(tmp_path / f"2-line{call.line}-call{call.number}.wav")) as recording:
        assert recording.getnchannels() == 2
        assert recording.getnframes() > 8_000
    text, good = campaign.report([batch])
    assert not good
    assert "line left hanging" in text
    assert "--replay 2" in text


def test_a_wrong_name_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("gateway.simulator.central_office.CityLine._identify", lambda line: None)
    monkeypatch.setattr("gateway.bench.campaign.batch.CALLS_EACH_LINE", 2)
    batch = play_batch(3, tmp_path)
    assert any(one.fault is Fault.IDENTITY for call in batch.calls for one in call.findings)
    assert not campaign.report([batch])[1]


@pytest.mark.usefixtures("few")
def test_what_is_done_is_kept_and_a_torn_last_line_is_played_again(tmp_path: Path) -> None:
    path, header = tmp_path / "lines-1.jsonl", campaign.Header(1, "", "a product")
    batch = play_batch(1)
    campaign.State(path, header).add(batch)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"is": "BatchResult", "seed"')
    again = campaign.State(path, header)
    assert again.batches == [batch]
    assert from_plain(json.loads(path.read_text().splitlines()[1]), type(batch)) == batch
    assert to_plain(header) == json.loads(path.read_text().splitlines()[0])


@pytest.mark.usefixtures("few")
def test_another_product_begins_anew_and_keeps_the_old_figures(tmp_path: Path) -> None:
    path = tmp_path / "lines-1.jsonl"
    campaign.State(path, campaign.Header(1, "", "a product")).add(play_batch(1))
    assert campaign.State(path, campaign.Header(1, "", "another")).batches == []
    assert (tmp_path / "lines-1.jsonl.old").exists()


def test_scripts_run_side_by_side() -> None:
    office = open_office()
    told: list[tuple[str, int]] = []

    def waits(name: str, ms: int) -> Script:
        yield pause(ms)
        came = yield Until(lambda: office.now_ms >= 200, 1_000)
        told.append((name, office.now_ms if came else -1))
        assert not (yield Until(lambda: False, 50))
        told.append((name, office.now_ms))

    run_together(office, [waits("one", 100), waits("two", 300)])
    office.close()
    assert told == [("one", 200), ("one", 250), ("two", 310), ("two", 360)]


@pytest.mark.slow
def test_a_line_is_sure_of_its_busy_tone_within_ten_calls_that_end_in_it() -> None:
    figures = {
        name.strip(): value for name, value, _unit, _beside in figures_lines_calibration.rows(range(11, 13))
    }
    assert 2 <= figures["calibration: calls until 95 % confidence"] <= 10
    assert figures["its tone is off by at most"] < 1.0
