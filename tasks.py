#!/usr/bin/env python3
"""The front door: `python3 tasks.py run` on a fresh Debian 12 sets everything up and runs an office.

Started by the system's bare python3 this file makes the virtual environment and hands over to invoke
there; afterwards `.venv/bin/inv --list` shows the same tasks. What set-up does is in tools/setup_steps.py.
"""

from __future__ import annotations

import os
import shutil
import sys

from tools import gates, setup_steps
from tools.progress import ROOT, SetupError, say

# Everything but these also needs what only the tests use.
RUN_ONLY = {"run", "build", "docs"}
# These need invoke and nothing else.
READ_ONLY = {"clean", "--list", "--help"}


def _ready(*, testing: bool) -> None:
    try:
        setup_steps.prepare(testing=testing)
    except SetupError as error:
        sys.exit(f"cityline: {error}")


def _hand_over(arguments: list[str]) -> None:
    """Set up for the task asked for and become invoke in the virtual environment."""
    asked = [argument for argument in arguments if not argument.startswith("-")]
    if arguments[:1] == ["bench"] and len(asked) > 1:
        # invoke has no argument that may be left out: bench NAME is bench --name NAME.
        arguments[arguments.index(asked[1])] = f"--name={asked[1]}"
    reading = not arguments or bool(READ_ONLY & set(arguments))
    if not (reading and setup_steps.has_invoke()):
        _ready(testing=bool(asked) and asked[0] not in RUN_ONLY and not reading)
    # The user's directory stays: --out and --config are meant from there.
    command = [str(setup_steps.PYTHON), "-m", "invoke", "--search-root", str(ROOT)]
    os.execv(setup_steps.PYTHON, [*command, *(arguments or ["--list"])])


if __name__ == "__main__":
    try:
        _hand_over(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit("cityline: interrupted; the same command goes on where this stopped")

# A bare python3 has no invoke; what it runs stands above.
from invoke.context import Context  # noqa: E402
from invoke.tasks import task  # noqa: E402

CLEANED = ("build", "dist", "out", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis")


def _finish(stages: list[gates.Stage]) -> None:
    sys.exit(gates.run_stages(stages))


@task
def setup(_: Context) -> None:
    """Install what is missing for running and testing: Debian packages, .venv, the C core."""
    _ready(testing=True)
    say("everything is in place")


@task(
    help={
        "story": "play this story (or `all`) in virtual time and exit with its verdict",
        "out": "with --story: write a WAV of what each party heard into this directory",
        "listen": "address that SIP binds to (default 127.0.0.1)",
        "config": "the office (default boards/simulated/office.toml)",
        "board": "the board (default boards/simulated/board.toml)",
        "state": "directory for secrets, the journal and the socket",
    }
)
def run(
    _: Context,
    story: str = "",
    out: str = "",
    listen: str = "",
    config: str = "",
    board: str = "",
    state: str = "",
) -> None:
    """Run an office on the simulated board until Ctrl-C, or play a story."""
    _ready(testing=False)
    asked = {"story": story, "out": out, "listen": listen, "config": config, "board": board, "state": state}
    options = [word for name, value in asked.items() if value for word in (f"--{name}", value)]
    os.execv(setup_steps.PYTHON, [str(setup_steps.PYTHON), "-m", "gateway", "run", *options])


@task(
    help={
        "quick": "what runs in under two minutes: no real-time tests, fewer random examples",
        "k": "only the tests whose names match this pytest expression",
    }
)
def test(_: Context, quick: bool = False, k: str = "") -> None:
    """Test everything: lint, types, contracts, Python, C (sanitizers, aarch64, fuzzed), guest, faults."""
    _ready(testing=True)
    if k:
        _finish(gates.pytest_stages(quick=quick, match=k))
    stages = [*gates.static(), *gates.pytest_stages(quick=quick)]
    if not quick:
        stages += [gates.native(), gates.native_arm(), gates.fuzz()]
        stages += [gates.guest(), gates.faults(), gates.wheel()]
    _finish(stages)


@task
def check(_: Context) -> None:
    """Lint, types, import contracts and the architecture tests, in seconds."""
    _ready(testing=True)
    _finish([*gates.static(), gates.architecture()])


@task
def native(_: Context) -> None:
    """Run the C core's tests under the address and undefined-behaviour sanitizers."""
    _ready(testing=True)
    _finish([gates.native()])


@task
def native_arm(_: Context) -> None:
    """Build the C core's tests for the board (aarch64) and run them under qemu."""
    _ready(testing=True)
    _finish([gates.native_arm()])


@task
def guest(_: Context) -> None:
    """Boot a kernel with simulated GPIO pins under QEMU and run the drivers' tests inside it."""
    _ready(testing=True)
    _finish([gates.guest()])


@task
def fuzz(_: Context, seconds: int = 0) -> None:
    """Run libFuzzer on the parsers of the C core: the gate's fixed inputs, or with --seconds a hunt."""
    _ready(testing=True)
    _finish([gates.fuzz(seconds)])


@task
def faults(_: Context) -> None:
    """Break the exchange on purpose, fault by fault, and see that a named story notices."""
    _ready(testing=True)
    _finish([gates.faults()])


@task(
    help={
        "name": "tick, story, latency, bridged, calls, start, journal or lines (default: all); native, the "
        "C benchmarks; "
        "or signal, every signal block beside its peers (minutes; installs recordings)",
        "json": "print JSON",
        "quick": "signal: fewer trials, no recordings",
        "plots": "signal: draw the charts into this directory",
    },
)
def bench(_: Context, name: str = "", json: bool = False, quick: bool = False, plots: str = "") -> None:
    """Print the figures: cost of a tick and of a call, speed of a story, delays that parties notice."""
    _ready(testing=True)
    charts = os.path.abspath(plots) if plots else ""
    os.chdir(ROOT)
    words = ["make", "-s", "-C", str(ROOT / "native"), "bench"]
    if name == "signal":
        asked = ("--json" if json else "", "--quick" if quick else "", f"--plots={charts}" if charts else "")
        words = [str(setup_steps.PYTHON), "-m", "tools.figures_signal", *filter(None, asked)]
    elif name != "native":
        words = [str(setup_steps.PYTHON), "-m", "tools.figures"]
        words += [word for word in (name, "--json" if json else "") if word]
    os.execvp(words[0], words)


@task(
    positional=["name"],
    help={
        "name": "lines: calls over city exchanges drawn at random, with audio, in virtual time",
        "calls": "how many (default 10000); a run that was cut goes on where it stopped",
        "seed": "what the exchanges are drawn from (default 1)",
        "jobs": "processes at once (default: one a core)",
        "country": "draw exchanges of this country only (ru, de, fr, us)",
        "replay": "play one exchange again, by the seed that was printed with an exception",
    },
)
def campaign(
    _: Context,
    name: str = "lines",
    calls: int = 0,
    seed: int = 1,
    jobs: int = 0,
    country: str = "",
    replay: str = "",
) -> None:
    """Make calls by the thousand: no line left hanging, no conversation cut, caller identity right."""
    _ready(testing=False)
    asked = {"calls": calls, "seed": seed, "jobs": jobs, "country": country, "replay": replay}
    options = [word for key, value in asked.items() if value for word in (f"--{key}", str(value))]
    os.chdir(ROOT)
    words = [str(setup_steps.PYTHON), "-m", "tools.campaign", name, *options]
    os.execvp(words[0], words)


@task
def build(_: Context) -> None:
    """Build the wheel into dist/ and look whether it is the one abi3 wheel."""
    _ready(testing=False)
    _finish([gates.wheel()])


@task
def docs(_: Context) -> None:
    """Write docs/generated from the code: events, actions, timers, causes, machines, configuration."""
    _ready(testing=False)
    _finish([gates.pages()])


@task
def clean(_: Context) -> None:
    """Remove what building and testing left behind (not .venv, not an office's state)."""
    for name in CLEANED:
        shutil.rmtree(ROOT / name, ignore_errors=True)
