"""The echo delays of the sound cards: kept over a restart and a kill, never in the way of a start."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.drivers.echo_delays import EchoDelays, KnownDelay

LIMIT = 1_792
CARD = "hw:CARD=line1"


class People:
    """Whoever is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def tell(self, text: str) -> None:
        self.told.append(text)


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "echo_delays.json"


def opened(path: Path, people: People) -> EchoDelays:
    return EchoDelays(path, LIMIT, people.tell)


def found(samples: int, *, card: str = CARD, port: str = "fxs1") -> list[KnownDelay]:
    return [KnownDelay(card, port, samples)]


def test_a_delay_that_stays_is_kept_over_a_restart(path, people):
    delays = opened(path, people)
    assert delays.delay_of(CARD, "fxs1") is None
    assert not delays.look(found(304))
    assert delays.look(found(304))
    delays.save()
    again = opened(path, people)
    assert again.delay_of(CARD, "fxs1") == 304
    assert again.delay_of(CARD, "fxs2") is None
    assert again.delay_of("hw:CARD=line2", "fxs1") is None
    assert people.told == []
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_delay_that_moves_about_is_not_believed(path, people):
    delays = opened(path, people)
    assert not any(delays.look(found(samples)) for samples in (304, 320, 304, 336))
    assert not delays.look([])
    assert not delays.look(found(336))
    assert delays.delay_of(CARD, "fxs1") is None


def test_a_hair_more_or_less_is_not_written_again_but_a_moved_echo_is(path, people):
    delays = opened(path, people)
    for samples in (304, 304):
        delays.look(found(samples))
    assert not any(delays.look(found(samples)) for samples in (312, 312, 312))
    assert [delays.look(found(samples)) for samples in (352, 352, 352)] == [False, True, False]
    assert delays.delay_of(CARD, "fxs1") == 352


def test_two_ports_of_a_card_have_a_delay_each(path, people):
    delays = opened(path, people)
    both = found(304) + found(512, port="fxo1")
    delays.look(both)
    assert delays.look(both)
    delays.save()
    again = opened(path, people)
    assert (again.delay_of(CARD, "fxs1"), again.delay_of(CARD, "fxo1")) == (304, 512)


GARBAGE = {
    "nothing": b"",
    "no JSON": b"304",
    "half of it": b'{"is": "StoredDelays", "delays": [{"is": "KnownDelay", "card": "hw',
    "no text": b"\xff\xfe\x00",
    "deep": b"[" * 100_000,
    "a word for a number": b'{"is":"StoredDelays","delays":[{"is":"KnownDelay","card":"a","port":"b",'
    b'"delay_samples":"long"}],"format":1}',
    "before it is sent": b'{"is":"StoredDelays","delays":[{"is":"KnownDelay","card":"a","port":"b",'
    b'"delay_samples":-1}],"format":1}',
    "beyond the canceller": b'{"is":"StoredDelays","delays":[{"is":"KnownDelay","card":"a","port":"b",'
    b'"delay_samples":1792}],"format":1}',
    "a newer form": b'{"is":"StoredDelays","delays":[],"format":2}',
}


@pytest.mark.parametrize("content", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_told_and_counts_for_nothing(path, people, content):
    path.parent.mkdir()
    path.write_bytes(content)
    delays = opened(path, people)
    assert delays.delay_of("a", "b") is None
    (text,) = people.told
    assert str(path) in text
    assert "find their delays anew" in text
    delays.look(found(304))
    delays.look(found(304))
    delays.save()
    assert opened(path, people).delay_of(CARD, "fxs1") == 304
    assert len(people.told) == 1


@given(st.binary(max_size=200))
def test_whatever_stands_there_nothing_is_raised(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("state") / "echo_delays.json"
    path.write_bytes(content)
    opened(path, People()).delay_of(CARD, "fxs1")


def test_a_delay_that_no_canceller_can_have_is_never_kept(path, people):
    delays = opened(path, people)
    assert not any(delays.look(found(LIMIT)) for _ in range(3))
    assert delays.delay_of(CARD, "fxs1") is None


def test_a_disk_that_refuses_is_told_once_and_nothing_ends(tmp_path, people):
    (tmp_path / "file").write_text("")
    delays = opened(tmp_path / "file" / "echo_delays.json", people)
    people.told.clear()
    for _ in range(3):
        delays.save()
    (text,) = people.told
    assert "are not kept" in text


def test_a_write_that_is_cut_leaves_the_old_file(path, people, monkeypatch):
    delays = opened(path, people)
    delays.look(found(304))
    delays.look(found(304))
    delays.save()

    def fails(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    delays.look(found(512))
    delays.look(found(512))
    delays.save()
    assert json.loads(path.read_text())["delays"][0]["delay_samples"] == 304
    assert "No space left" in people.told[0]


WRITER = """
import pathlib, sys
from gateway.drivers.echo_delays import EchoDelays, KnownDelay
delays = EchoDelays(pathlib.Path(sys.argv[1]), 1792, print)
while True:
    for samples in range(0, 1700, 100):
        found = [KnownDelay(f"hw:CARD=line{n}", f"fxs{n}", samples) for n in range(40)]
        delays.look(found)
        delays.look(found)
        print("saves", flush=True)
        delays.save()
"""


@pytest.mark.slow
def test_kill_9_never_leaves_a_broken_file(path, people):
    kept = 0
    for attempt in range(12):
        child = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        for _ in range(1 + attempt * 3):
            assert child.stdout.readline() == b"saves\n"
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        delays = opened(path, people)
        kept += delays.delay_of("hw:CARD=line39", "fxs39") is not None
    assert people.told == []
    assert kept >= 6
