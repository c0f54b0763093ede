"""The store of recordings: the last ones of each line stay, none for too long, and none is half written."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.bench.office import Office, read_office
from gateway.model.settings import RecorderSettings
from gateway.records.recordings import DISTURBANCES_KEPT, Recording, line_of, over, recordings
from gateway.runtime.bundle import Bundle, read_bundle
from gateway.runtime.recordings import RecordingStore

NOW_NS = 1_795_428_000 * 10**9
DAY_NS = 86_400 * 10**9
Store = Callable[..., RecordingStore]


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    stored: list[Bundle] = []
    office = Office(read_office(), store=stored.append)
    office.run(1_000)
    office.telephone("101").lifts()
    office.run(1_000)
    office.telephone("101").hangs_up()
    office.run(5_000)
    office.close()
    return stored[0]


def _at(bundle: Bundle, began_ns: int, why: str = "call", port: str = "fxs1") -> Bundle:
    return replace(bundle, header=replace(bundle.header, began_ns=began_ns, why=why, port=port))


def test_recordings_are_listed_newest_first_and_read_back(bundle: Bundle, tmp_path: Path) -> None:
    store = RecordingStore(tmp_path, RecorderSettings(), wall_ns=lambda: NOW_NS, on_trouble=pytest.fail)
    for hour in (3, 1, 2):
        store.store(_at(bundle, NOW_NS - hour * 3_600 * 10**9 + 123_000_000))
    store.store(_at(bundle, NOW_NS, port="fxo1"))
    store.close()
    kept = recordings(tmp_path, "fxs1")
    assert [one.name for one in kept] == [
        "20261123T090000.123-call",
        "20261123T080000.123-call",
        "20261123T070000.123-call",
    ]
    assert read_bundle(kept[0].path).header == _at(bundle, NOW_NS - 3_600 * 10**9 + 123_000_000).header
    assert kept[0].path.stat().st_mode & 0o777 == 0o600
    assert len(recordings(tmp_path)) == 4
    assert line_of(kept[0].path) == "101"
    assert list(tmp_path.rglob("*.new")) == []


def test_only_so_many_of_a_line_stay(bundle: Bundle, tmp_path: Path) -> None:
    settings = RecorderSettings(calls=2)
    store = RecordingStore(tmp_path, settings, wall_ns=lambda: NOW_NS, on_trouble=pytest.fail)
    for second in range(4):
        store.store(_at(bundle, NOW_NS + second * 10**9))
    for second in range(DISTURBANCES_KEPT + 3):
        store.store(_at(bundle, NOW_NS + second * 10**9, "disturbance"))
    store.close()
    whys = [one.why for one in recordings(tmp_path)]
    assert (whys.count("call"), whys.count("disturbance")) == (2, DISTURBANCES_KEPT)


def test_old_ones_are_erased_without_a_new_one(bundle: Bundle, tmp_path: Path) -> None:
    now = [NOW_NS]
    store = RecordingStore(
        tmp_path, RecorderSettings(keep_days=7), wall_ns=lambda: now[0], on_trouble=pytest.fail
    )
    store.store(_at(bundle, NOW_NS))
    store.flush()
    assert len(recordings(tmp_path)) == 1
    now[0] += 7 * DAY_NS + 1
    store.erase_old()
    store.close()
    assert recordings(tmp_path) == []


def test_a_disk_that_refuses_is_told_once_and_nothing_stops(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "fxs1").write_text("in the way")
    told: list[str] = []
    store = RecordingStore(tmp_path, RecorderSettings(), wall_ns=lambda: NOW_NS, on_trouble=told.append)
    store.store(_at(bundle, NOW_NS))
    store.store(_at(bundle, NOW_NS + 10**9))
    store.store(_at(bundle, NOW_NS, port="fxo1"))
    store.close()
    assert len(told) == 1
    assert "Make room on the disk" in told[0]
    assert len(recordings(tmp_path)) == 1
    assert not any(thread.name == "flight recorder" for thread in threading.enumerate())


def test_files_that_are_no_recordings_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "fxs1").mkdir()
    for name in (
        "notes.txt",
        "mine.bundle",
        "20269999T999999.999-call.bundle",
        "20261123T090000.123-what.bundle",
    ):
        (tmp_path / "fxs1" / name).write_text("x")
    assert recordings(tmp_path) == []
    assert line_of(tmp_path / "fxs1" / "mine.bundle") == ""


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["fxs1", "fxo1"]),
            st.sampled_from(["call", "disturbance", "manual"]),
            st.integers(0, 20 * DAY_NS),
            st.integers(1, 3_000_000),
        ),
        max_size=60,
    ),
    st.integers(1, 10),
    st.integers(1, 12),
    st.integers(1, 40),
)
def test_what_stays_is_few_young_and_small(
    made: list[tuple[str, str, int, int]], calls: int, keep_days: int, disk_mb: int
) -> None:
    kept = [
        Recording(Path(f"{place}"), port, NOW_NS - age_ns, why, size)
        for place, (port, why, age_ns, size) in enumerate(sorted(made, key=lambda one: one[2]))
    ]
    limits = RecorderSettings(calls=calls, keep_days=keep_days, disk_mb=disk_mb)
    gone = list(over(kept, limits, NOW_NS))
    stays = [one for one in kept if one not in gone]
    assert sum(one.size_bytes for one in stays) <= disk_mb * 1_000_000
    assert all(one.began_ns >= NOW_NS - keep_days * DAY_NS for one in stays)
    for port in ("fxs1", "fxo1"):
        for why, most in (("call", calls), ("manual", calls), ("disturbance", DISTURBANCES_KEPT)):
            assert len([one for one in stays if (one.port, one.why) == (port, why)]) <= most
    if len(kept) <= 1 and all(one.began_ns >= NOW_NS - keep_days * DAY_NS for one in kept):
        assert gone == [one for one in kept if one.size_bytes > disk_mb * 1_000_000]
