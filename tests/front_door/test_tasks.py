"""The tasks: what `inv --list` shows, and how `run` hands over to the gateway."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from invoke.context import Context
from invoke.loader import FilesystemLoader

import tasks
from tools import setup_steps

ROOT = Path(__file__).resolve().parents[2]
ORDERED = {
    "bench", "build", "check", "clean", "docs", "faults", "fuzz", "guest",
    "native", "native_arm", "run", "setup", "test",
}  # fmt: skip


INVOKE = ["-m", "invoke", "--search-root", str(ROOT)]


def task_names() -> dict[str, str]:
    module, _ = FilesystemLoader(start=str(ROOT)).load("tasks")
    found = {name: value for name, value in vars(module).items() if type(value).__name__ == "Task"}
    return {name: (value.__doc__ or "") for name, value in found.items()}


def test_every_task_that_was_ordered_is_there_with_one_sentence() -> None:
    names = task_names()
    assert set(names) >= ORDERED
    for name, text in names.items():
        assert text.endswith("."), name
        assert "\n" not in text, name


def test_a_bare_python_can_read_the_set_up() -> None:
    # -S and -I: no site-packages, no environment; what the system's python3 has on a fresh Debian.
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import tools.setup_steps, tools.gates"
    subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True)


class HandedOverError(Exception):
    pass


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    words: list[str] = []

    def execv(path: object, arguments: list[str]) -> None:
        words.extend(arguments[1:])
        raise HandedOverError

    monkeypatch.setattr(os, "execv", execv)
    monkeypatch.setattr(os, "execvp", execv)
    monkeypatch.setattr(setup_steps, "prepare", lambda *, testing: words.append(f"testing={testing}"))
    monkeypatch.setattr(setup_steps, "has_invoke", lambda: False)
    return words


def test_run_becomes_the_gateway_with_what_was_asked(handed_over: list[str]) -> None:
    with pytest.raises(HandedOverError):
        tasks.run.body(Context(), story="internal", out="heard")
    assert handed_over == ["testing=False", "-m", "gateway", "run", "--story", "internal", "--out", "heard"]


def test_bench_becomes_the_figures(handed_over: list[str]) -> None:
    with pytest.raises(HandedOverError):
        tasks.bench.body(Context(), name="tick", json=True)
    assert handed_over == ["testing=True", "-m", "tools.figures", "tick", "--json"]


@pytest.mark.parametrize(
    ("words", "testing"),
    [(["run", "--story", "all"], False), (["test", "--quick"], True), ([], False), (["--list"], False)],
)
def test_a_bare_start_sets_up_what_the_task_needs_and_becomes_invoke(
    handed_over: list[str], words: list[str], testing: bool
) -> None:
    with pytest.raises(HandedOverError):
        tasks._hand_over(words)
    assert handed_over == [f"testing={testing}", *INVOKE, *(words or ["--list"])]


@pytest.mark.parametrize("words", [["--list"], [], ["clean"], ["run", "--help"]])
def test_to_list_and_to_clean_nothing_is_built(
    handed_over: list[str], monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setattr(setup_steps, "has_invoke", lambda: True)
    with pytest.raises(HandedOverError):
        tasks._hand_over(words)
    assert handed_over == [*INVOKE, *(words or ["--list"])]


def test_bench_takes_a_name(handed_over: list[str]) -> None:
    with pytest.raises(HandedOverError):
        tasks._hand_over(["bench", "tick", "--json"])
    assert handed_over == ["testing=True", *INVOKE, "bench", "--name=tick", "--json"]


def test_what_set_up_cannot_do_ends_with_a_sentence_not_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*, testing: bool) -> None:
        raise setup_steps.SetupError("type this")

    monkeypatch.setattr(setup_steps, "prepare", refuse)
    with pytest.raises(SystemExit) as ended:
        tasks._ready(testing=True)
    assert ended.value.code == "cityline: type this"
