"""Brings a fresh clone to where it runs: Debian packages, virtual environment, the C core. Idempotent.

Standard library only: this runs on the system's bare python3. Each step looks first and does nothing when
there is nothing to do, so that a second start costs a fraction of a second. What a step did is remembered as
a hash of what it was made from, in the virtual environment itself: delete that, and everything is made anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.packages import TO_RUN, TO_TEST, Package, is_debian, missing
from tools.progress import ROOT, SetupError, pause, run_logged, say

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "stamps"
OLDEST_PYTHON = (3, 11)
ATTEMPTS = 3
PAUSE_S = 10.0  # before the second attempt over the network; twice that before the third

NOT_BUILT_IN = {"tests", "bench"}

# The libraries that build the C modules come first: the project itself is then built without isolation.
BUILD_TOOLS = ("pip>=23", "setuptools>=77", "wheel", "cffi>=2")


def prepare(*, testing: bool) -> None:
    """Make everything that running (or testing) needs; raises SetupError with the remedy."""
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        raise SetupError(f"Python 3.11 or newer is needed (this is {found}): Debian 12 has it as python3")
    with _alone():
        install_packages(TO_RUN + TO_TEST if testing else TO_RUN)
        make_environment()
        install_project()
        build_native()


@contextmanager
def _alone() -> Iterator[None]:
    """Two set-ups at once would trip over each other: the second waits."""
    cache = ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    with (cache / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up is running in this tree: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# ---------------------------------------------------------------- Debian packages
def install_packages(packages: tuple[Package, ...]) -> None:
    """apt-get install what is missing, as root or by sudo."""
    if not is_debian():
        names = " ".join(package.name for package in packages)
        say(f"no apt-get here: make sure of the equivalents of: {names}")
        return
    lacking = missing(packages)
    if not lacking:
        return
    for package in lacking:
        say(f"missing: {package.name:24} {package.reason}")
    apt = [*_privilege(lacking), "apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=600"]
    wanted = [package.name for package in lacking]
    _with_patience(lambda: _apt_install(apt, wanted), "the Debian archive")


def _apt_install(apt: list[str], names: list[str]) -> bool:
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    if not run_logged("apt: reading the package lists", [*apt, "update"], "apt-update", env=quiet):
        return False
    command = [*apt, "install", "--no-install-recommends", *names]
    return run_logged(f"apt: installing {len(names)} packages", command, "apt-install", env=quiet)


def _privilege(lacking: list[Package]) -> list[str]:
    """What to put before apt-get; without any right the exact command goes to the user."""
    if os.geteuid() == 0:
        return []
    names = " ".join(package.name for package in lacking)
    sudo = shutil.which("sudo")
    if sudo is None:
        raise SetupError(f"packages are missing. As root, type:\n  apt-get install {names}")
    silent = subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0
    if not silent and not sys.stdin.isatty():
        raise SetupError(f"packages are missing. Type:\n  sudo apt-get install {names}")
    if not silent:
        say("sudo will ask for your password")
        if subprocess.run([sudo, "-v"], check=False).returncode != 0:
            raise SetupError(
                f"packages are missing, and sudo refused. As root, type:\n  apt-get install {names}"
            )
    return [sudo, "--preserve-env=DEBIAN_FRONTEND"]


def _with_patience(attempt: Callable[[], bool], whom: str) -> None:
    for number in range(1, ATTEMPTS + 1):
        if attempt():
            return
        wait_s = PAUSE_S * number
        if number < ATTEMPTS:
            say(f"attempt {number} of {ATTEMPTS} failed; in case it was the network: again in {wait_s:.0f} s")
            pause(wait_s)
    raise SetupError(f"{whom} did not help in {ATTEMPTS} attempts; the log named above says why")


# ---------------------------------------------------------------- the virtual environment
def make_environment() -> None:
    """Make .venv with its own pip; one whose Python has gone away is made anew."""
    if _works(PYTHON):
        return
    if VENV.exists():
        say("the virtual environment no longer starts (its Python moved?): making it anew")
        shutil.rmtree(VENV)
    command = [sys.executable, "-m", "venv", str(VENV)]
    if not run_logged("making the virtual environment .venv", command, "venv"):
        raise SetupError("python3 -m venv failed; on Debian: apt-get install python3-venv")


def has_invoke() -> bool:
    """Whether the tasks can be listed already."""
    return _works(PYTHON, "import invoke")


def _works(python: Path, program: str = "import sys") -> bool:
    if not python.exists():
        return False
    return subprocess.run([python, "-c", program], capture_output=True, check=False).returncode == 0


def install_project() -> None:
    """Install the project (editable) with what it depends on, when pyproject.toml has changed."""
    stamp = _fingerprint([ROOT / "setup.py"], _what_is_installed())
    if _done("project", stamp):
        return
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check"]
    _pip("pip: build tools", [*pip, *BUILD_TOOLS], "pip-tools")
    for stale in (ROOT / "build").glob("temp.*"):
        shutil.rmtree(stale)
    project = [*pip, "--no-build-isolation", "-e", ".[board,dev]"]
    native = _fingerprint(native_sources())
    _pip("pip: Cityline, its libraries, the C core", project, "pip")
    _remember("native", native)
    _remember("project", stamp)


def _what_is_installed() -> str:
    """The parts of pyproject.toml that pip reads; a changed rule of a linter installs nothing."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        whole = tomllib.load(file)
    read = {name: whole.get(name) for name in ("build-system", "project")}
    return json.dumps([read, whole.get("tool", {}).get("setuptools")], sort_keys=True)


def _pip(title: str, command: list[str], log_name: str) -> None:
    _with_patience(lambda: run_logged(title, command, log_name), "pip")


# ---------------------------------------------------------------- the C core
def native_sources() -> list[Path]:
    """Everything that the compiled modules are made from."""
    native = ROOT / "native"
    found = [path for path in native.rglob("*") if path.suffix in {".c", ".h", ".py"}]
    own = [path for path in found if not NOT_BUILT_IN & set(path.relative_to(native).parts)]
    return [ROOT / "setup.py", *sorted(own)]


def build_native() -> None:
    """Compile the C modules in place, when a source has changed."""
    stamp = _fingerprint(native_sources())
    if _done("native", stamp):
        return
    # --force: distutils compares times of .c files only and would miss a changed header.
    command = [str(PYTHON), "setup.py", "build_ext", "--inplace", "--force", "--parallel", "2"]
    if not run_logged("compiling the C core", command, "native"):
        raise SetupError("the C core does not compile; the log named above says where")
    _remember("native", stamp)


# ---------------------------------------------------------------- what was done already
def _fingerprint(paths: Iterable[Path], words: str = "") -> str:
    digest = hashlib.sha256(f"{PYTHON.resolve()} {words}".encode())
    for path in paths:
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _done(step: str, stamp: str) -> bool:
    path = STAMPS / step
    return path.is_file() and path.read_text(encoding="utf-8") == stamp


def _remember(step: str, stamp: str) -> None:
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / step).write_text(stamp, encoding="utf-8")
