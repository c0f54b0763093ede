"""Figures of processes: every process counts, and pages that several share count once."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tools import figures_process
from tools.figures_process import all_three, children_of, memory_mb, proportional_mb

READS = "import sys, time\nwhile time.process_time() < 0.05: pass\nsys.stdin.read()"
"""A start that takes some of the kernel's ticks: so is one at rest told from one that has not begun."""


@pytest.fixture
def children() -> Iterator[list[subprocess.Popen[bytes]]]:
    made = [subprocess.Popen([sys.executable, "-c", READS], stdin=subprocess.PIPE) for _ in range(2)]
    yield made
    for child in made:
        assert child.stdin is not None
        child.stdin.close()
        child.wait()


def test_the_spare_process_is_found_beside_the_one_that_works(
    children: list[subprocess.Popen[bytes]],
) -> None:
    working, spare = (child.pid for child in children)
    assert {working, spare} <= set(children_of(os.getpid()))
    assert all_three(os.getpid(), working) == (os.getpid(), working, spare)


def test_memory_is_that_of_all_three_and_stands_beside_the_peers(
    children: list[subprocess.Popen[bytes]],
) -> None:
    three = (os.getpid(), *(child.pid for child in children))
    rows = {name: value for name, value, _unit, _beside in figures_process._memory(three)}
    whole = rows["memory at rest, all three processes"]
    parts = [
        value for name, value in rows.items() if name.startswith("memory at rest, ") and "all" not in name
    ]
    if parts:  # a kernel that tells
        assert len(parts) == 3
        assert whole == pytest.approx(sum(parts))
        assert whole < rows["  their resident sets, shared pages counted thrice"]
    assert rows["  ratio of memory"] == pytest.approx(whole / 59.0)


def test_where_the_kernel_does_not_tell_shares_the_resident_sets_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(figures_process, "proportional_mb", lambda pid: None)
    rows = list(figures_process._memory((os.getpid(),) * 3))
    name, value, _unit, beside = rows[0]
    assert name == "memory at rest, all three processes"
    assert value == pytest.approx(3 * memory_mb(os.getpid()), rel=0.05)
    assert "PSS cannot be read here" in beside


def test_a_process_that_is_gone_has_no_share() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert proportional_mb(child.pid) is None
