"""A bundle is read whole or refused with a clear word; whatever bytes it is given."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.bench.bundles import replay_bundle
from gateway.bench.office import Office, read_office
from gateway.errors import CitylineError
from gateway.runtime.bundle import Bundle, BundleError, is_bundle, read_bundle, write_bundle


@pytest.fixture(scope="module")
def whole() -> bytes:
    """The bundle of a handset that was lifted for a second."""
    stored: list[Bundle] = []
    office = Office(read_office(), store=stored.append)
    office.run(1_000)
    office.telephone("101").lifts()
    office.run(1_000)
    office.telephone("101").hangs_up()
    office.run(5_000)
    office.close()
    return write_bundle(stored[0])


def _refused(path: Path) -> str:
    with pytest.raises(BundleError) as refused:
        read_bundle(path)
    return str(refused.value)


def test_a_bundle_is_known_by_its_name_or_its_bytes(whole: bytes, tmp_path: Path) -> None:
    named, renamed, other = tmp_path / "a.bundle", tmp_path / "a", tmp_path / "trace.jsonl"
    named.write_bytes(b"")
    renamed.write_bytes(whole)
    other.write_text("{}")
    assert [is_bundle(path) for path in (named, renamed, other)] == [True, True, False]
    assert not is_bundle(tmp_path / "nothing.jsonl")


def test_what_is_no_bundle_is_refused_with_what_to_do(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.bundle"
    assert "No such file" in _refused(path)
    path.write_bytes(b"not a zip file")
    assert "is damaged or no bundle" in _refused(path)
    assert "export it anew" in _refused(path)
    path.write_bytes(whole[: len(whole) // 2])
    assert "is damaged or no bundle" in _refused(path)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("readme.txt", "hello")
    assert "bundle.json" in _refused(path)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("bundle.json", '{"bundle": {"format": 99}, "sounds": []}')
    assert "is of format 99; this Cityline reads format 1" in _refused(path)


def test_a_member_that_is_too_long_is_not_unpacked(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.bundle"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bundle.json", b" " * (65 << 20))
    assert "bundle.json is longer than" in _refused(path)


def test_settings_that_came_later_have_their_defaults(whole: bytes, tmp_path: Path) -> None:
    path, older = tmp_path / "a.bundle", tmp_path / "older.bundle"
    path.write_bytes(whole)
    with zipfile.ZipFile(path) as file, zipfile.ZipFile(older, "w") as made:
        for name in file.namelist():
            raw = file.read(name)
            if name.endswith(".jsonl"):
                assert b'"first_digit_ms":15000,' in raw
                raw = raw.replace(b'"first_digit_ms":15000,', b"", 1)
            made.writestr(name, raw)
    assert read_bundle(older) == read_bundle(path)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_bytes_are_refused_or_change_nothing(
    whole: bytes, tmp_path: Path, data: st.DataObject
) -> None:
    path, good = tmp_path / "fuzzed.bundle", tmp_path / "good.bundle"
    good.write_bytes(whole)
    raw = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        # Half of the damage to where zip files have their directory.
        start = data.draw(st.sampled_from([0, max(0, len(raw) - 700)]))
        place = data.draw(st.integers(start, len(raw) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "insert", "double"])):
            case "flip":
                raw[place] ^= data.draw(st.integers(1, 255))
            case "cut":
                del raw[place : place + data.draw(st.integers(1, 40))]
            case "insert":
                raw[place:place] = data.draw(st.binary(min_size=1, max_size=8))
            case "double":
                raw[place:place] = raw[place : place + 30]
    path.write_bytes(bytes(raw))
    refusal = _refusal(lambda: read_bundle(path))
    assert refusal.startswith(str(path)) or (not refusal and read_bundle(path) == read_bundle(good))


def _refusal(work: Callable[[], object]) -> str:
    """What it is refused with; empty when it is not."""
    try:
        work()
    except CitylineError as error:
        return str(error) or "(no word)"
    return ""


JUNK = st.sampled_from(
    [b"", b"{}", b"[]", b"null", b'{"bundle":{"format":1}}', b"\xff\xfe", b"RIFF", b"1" * 5_000]
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_members_that_are_something_else_are_refused(
    whole: bytes, tmp_path: Path, data: st.DataObject
) -> None:
    path, made = tmp_path / "a.bundle", tmp_path / "made.bundle"
    path.write_bytes(whole)
    with zipfile.ZipFile(path) as file, zipfile.ZipFile(made, "w") as out:
        changed = data.draw(st.sampled_from(file.namelist()))
        for name in file.namelist():
            raw = file.read(name)
            if name == changed:
                cut = data.draw(st.integers(0, len(raw) - 2))
                raw = data.draw(st.one_of(JUNK, st.just(raw[:cut]), st.just(raw[cut + 1 :])))
            out.writestr(name, raw)
    refusal = _refusal(lambda: replay_bundle(made))
    assert changed.startswith("sound-") or refusal not in ("", "(no word)")
