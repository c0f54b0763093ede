"""The quality gates, as stages: what each runs, how long it took, and what came of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tools.progress import ROOT, say
from tools.setup_steps import PYTHON, VENV

BIN = VENV / "bin"
WORKERS = "2"  # the machines of CI have two cores

# Tests that need real time, real kernel interfaces or foreign programs run by themselves, one after another:
# beside busy workers they would measure the workers.
APART = "real"
QUICK = "not slow and not real"

ARM_RUNNER = "qemu-aarch64-static -L /usr/aarch64-linux-gnu"


@dataclass(frozen=True, slots=True)
class Stage:
    """One gate: its name and the commands that must all return 0."""

    name: str
    commands: tuple[tuple[str, ...], ...]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a stage: the first code that was not 0, and how long it took."""

    name: str
    code: int
    seconds: float


def run_stages(stages: Sequence[Stage]) -> int:
    """Run every stage, also after a failure, and print the table; returns pytest's code if that failed."""
    outcomes = [_run(stage) for stage in stages]
    print("\n  stage                       seconds", flush=True)
    for outcome in outcomes:
        verdict = "ok" if outcome.code == 0 else f"FAILED (code {outcome.code})"
        print(f"  {outcome.name:26} {outcome.seconds:8.1f}  {verdict}")
    print(f"  {'all':26} {sum(outcome.seconds for outcome in outcomes):8.1f}", flush=True)
    failed = [outcome for outcome in outcomes if outcome.code != 0]
    from_pytest = [outcome.code for outcome in failed if outcome.name.startswith("pytest")]
    return from_pytest[0] if from_pytest else int(bool(failed))


def _run(stage: Stage) -> Outcome:
    say(f"=== {stage.name}")
    began = time.monotonic()
    for command in stage.commands:
        sys.stdout.flush()
        code = subprocess.run(command, cwd=ROOT, env={**os.environ, **stage.env}, check=False).returncode
        if code != 0:
            return Outcome(stage.name, code, time.monotonic() - began)
    return Outcome(stage.name, 0, time.monotonic() - began)


# ---------------------------------------------------------------- the gates
def static() -> list[Stage]:
    """Lint, types, import contracts, and what those cannot say."""
    return [
        Stage("ruff", ((str(BIN / "ruff"), "check", "."),)),
        Stage("mypy --strict", ((str(BIN / "mypy"),),)),
        Stage("import contracts", ((str(BIN / "lint-imports"), "--no-logo"),)),
        Stage("C warnings", ((str(PYTHON), "-m", "tools.c_warnings"),)),
    ]


def architecture() -> Stage:
    """The architecture tests alone (`test` has them among the others)."""
    return Stage("architecture", (_pytest("tests/architecture"),))


def pytest_stages(*, quick: bool, match: str = "") -> list[Stage]:
    """Python's tests: the fast ones on two workers, the real ones apart."""
    if quick:
        chosen = ("-k", match) if match else ()
        fast = _pytest("-n", WORKERS, "-m", QUICK, *chosen)
        return [Stage("pytest, quick", (fast,), {"CITYLINE_PROFILE": "quick"})]
    if match:
        return [Stage("pytest, chosen", (_pytest("-k", match),))]
    together = _pytest("-n", WORKERS, "-m", f"not {APART}")
    alone = (*own_network(), *_pytest("-m", APART))
    return [Stage("pytest, virtual time", (together,)), Stage("pytest, real time", (alone,))]


def own_network() -> tuple[str, ...]:
    """Words before a command that makes networks for its telephones: none for root.

    Others get a user namespace with a network of its own, where the machine lets them, and may do in it what
    root may (they stay who they are: our SIP process could not become nobody there). Where it does not, those
    tests fail and say so.
    """
    inside = ("sh", "-c", 'ip link set lo up && exec "$@"', "sh")
    enter = ("unshare", "--user", "--map-current-user", "--keep-caps", "--net", *inside)
    if os.geteuid() == 0:
        return ()
    try:
        possible = subprocess.run([*enter, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return ()
    return enter if possible else ()


def native() -> Stage:
    """The C core's own tests under the address and undefined-behaviour sanitizers, warnings as errors."""
    core = (str(PYTHON), "-m", "tools.c_tests")
    wires = ("make", "-s", f"-j{WORKERS}", "-C", "native/wires", "test")
    ringer = ("make", "-s", f"-j{WORKERS}", "-C", "native/ringer", "test")
    return Stage("C tests, sanitizers", (core, wires, ringer))


def native_arm() -> Stage:
    """The same tests built for the board and run under qemu-aarch64."""
    core = (str(PYTHON), "-m", "tools.c_tests", "--arm")
    # No sanitizer library runs under qemu-user.
    cross = ("CC=aarch64-linux-gnu-gcc", "SANITIZE=", f"RUNNER={ARM_RUNNER}")
    make = ("make", "-s", f"-j{WORKERS}", "test", *cross)
    beside = ("wires", "ringer")
    return Stage(
        "C tests, aarch64",
        (core, *((*make, "-C", f"native/{name}", f"BUILD=../../build/{name}-arm") for name in beside)),
    )


def guest() -> Stage:
    """The drivers on a kernel of their own, with simulated pins, under QEMU."""
    return Stage("guest kernel", ((str(PYTHON), "-m", "tools.guest"),))


def fuzz(seconds: int = 0) -> Stage:
    """Every parser of foreign bytes under libFuzzer: the gate's inputs, or a hunt of so many seconds each."""
    words = (str(seconds),) if seconds else ()
    return Stage("libFuzzer", ((str(PYTHON), "-m", "tools.c_fuzz", *words),))


def faults() -> Stage:
    """Deliberate faults: each must turn its named story red."""
    return Stage("deliberate faults", ((str(PYTHON), "-m", "tests.faults"),))


def pages() -> Stage:
    """The pages of docs/generated, written anew where the code has changed."""
    return Stage("generated pages", ((str(PYTHON), "-m", "tools.pages"),))


def wheel() -> Stage:
    """The wheel, and a look whether it is the one abi3 wheel that it should be."""
    return Stage("wheel", ((str(PYTHON), "-m", "tools.wheel", "dist"),))


def _pytest(*arguments: str) -> tuple[str, ...]:
    # Code 5 (nothing collected) is a failure too: a marker that selects nothing is a gate that tests nothing.
    return (str(PYTHON), "-m", "pytest", "-q", *arguments)
