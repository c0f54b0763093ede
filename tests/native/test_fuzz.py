"""The fuzzing stage itself: a harness that finds something fails, and so does one that runs nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import c_fuzz


def harness(folder: Path, text: str) -> Path:
    program = folder / "fuzz_something"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return program


def test_a_clean_run_tells_its_inputs(tmp_path: Path) -> None:
    program = harness(tmp_path, 'echo "Done 4711 runs in 61 second(s)" >&2')
    assert c_fuzz.run(program, 1) == c_fuzz.Fuzzed("fuzz_something", 4711, "")


def test_the_input_that_shows_it_is_told(tmp_path: Path) -> None:
    text = 'folder=${3#-artifact_prefix=}; printf AB > "${folder}crash-1"; exit 77'
    assert "crash-1: 4142" in c_fuzz.run(harness(tmp_path, text), 1).found


@pytest.mark.parametrize(
    "text",
    [
        'echo "ERROR: AddressSanitizer" >&2; exit 1',
        'echo "Done 5 runs in 1 second(s)" >&2; exit 77',
        'echo "Done 0 runs in 60 second(s)" >&2',
        "exit 0",
    ],
)
def test_a_finding_and_a_run_without_inputs_both_fail(tmp_path: Path, text: str) -> None:
    found = c_fuzz.run(harness(tmp_path, text), 1)
    assert found.found
    assert "FAILED" in str(found)
