"""The Debian packages that Cityline needs, each with its reason, split by what needs them."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


def _always() -> bool:
    return True


def _no_ensurepip() -> bool:
    return find_spec("ensurepip") is None or find_spec("venv") is None


def _no_python_headers() -> bool:
    return not Path(sysconfig.get_path("include"), "Python.h").is_file()


def _cross_building() -> bool:
    return platform.machine() == "x86_64"


@dataclass(frozen=True, slots=True)
class Package:
    """A Debian package, why we want it, and when (a machine may have the thing from elsewhere)."""

    name: str
    reason: str
    wanted: Callable[[], bool] = _always


TO_RUN = (
    Package("build-essential", "compiles the C core"),
    Package("pkg-config", "tells the compiler where the libraries are"),
    Package("python3-venv", "makes the virtual environment", _no_ensurepip),
    Package("python3-dev", "Python's C headers for the C modules", _no_python_headers),
    Package("libasound2-dev", "sound cards (alsa-lib)"),
    Package("libsofia-sip-ua-dev", "SIP (sofia-sip)"),
    Package("libspeexdsp-dev", "resampling between a card's 48 kHz and a line's 8 kHz"),
)

TO_TEST = (
    Package("libasound2-plugins", "tests: ALSA names for PulseAudio cables"),
    Package("pulseaudio", "tests: virtual sound cables in user space"),
    Package("libopus0", "tests: Opus, which the C core speaks where it is installed"),
    Package("libspandsp-dev", "tests: independent DTMF, tone and caller identity signals to compare with"),
    Package("sip-tester", "tests: sipp"),
    Package("baresip-core", "tests: a real SIP telephone"),
    Package("iproute2", "tests: network namespaces for SIP"),
    Package("clang", "tests: what a second compiler says of the C core"),
    Package("libclang-rt-14-dev", "tests: libFuzzer for the C parsers"),
    Package("gcc-aarch64-linux-gnu", "tests: the C core for the board", _cross_building),
    Package("libc6-dev-arm64-cross", "tests: the C core for the board", _cross_building),
    Package("qemu-user-static", "tests: runs the board's C tests here", _cross_building),
)

# The guest kernels: tools/guest, which asks for an emulator and for the headers of a kernel by itself.
TO_RUN_GUEST = (
    Package("mmdebstrap", "guest: unpacks Debian's Python for it"),
    Package("busybox-static", "guest: its shell"),
    Package("cpio", "guest: packs its root"),
)

# Only `inv bench signal` asks for these; the first is all that its --quick needs.
TO_MEASURE_SIGNALS = (
    Package("valgrind", "bench signal: counts instructions"),
    Package("sox", "bench signal: recordings to 8 kHz"),
    Package("libsox-fmt-base", "bench signal: recordings to 8 kHz"),
    Package("asterisk-core-sounds-en-wav", "bench signal: recorded prompts, English"),
    Package("asterisk-core-sounds-ru-wav", "bench signal: recorded prompts, Russian"),
    Package("asterisk-core-sounds-fr-wav", "bench signal: recorded prompts, French"),
    Package("asterisk-core-sounds-es-wav", "bench signal: recorded prompts, Spanish"),
    Package("asterisk-core-sounds-it-wav", "bench signal: recorded prompts, Italian"),
    Package("klettres-data", "bench signal: recorded letters and syllables"),
    Package("ktuberling-data", "bench signal: recorded words"),
    Package("asterisk-moh-opsound-wav", "bench signal: hold music"),
    Package("wesnoth-1.16-music", "bench signal: orchestral music"),
    Package("hyperrogue-music", "bench signal: game music"),
)


def missing(packages: tuple[Package, ...]) -> list[Package]:
    """Those of `packages` that this machine wants and has not installed.

    Raises FileNotFoundError where there is no dpkg (not a Debian).
    """
    wanted = [package for package in packages if package.wanted()]
    return [package for package in wanted if package.name not in _installed(wanted)]


def is_debian() -> bool:
    """Whether dpkg and apt-get are here."""
    return shutil.which("dpkg-query") is not None and shutil.which("apt-get") is not None


def _installed(packages: list[Package]) -> set[str]:
    # dpkg-query returns 1 when one of the names is unknown and still prints the others.
    names = [package.name for package in packages]
    answer = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *names],
        capture_output=True,
        text=True,
        check=False,
    )
    rows = (line.split() for line in answer.stdout.splitlines())
    return {row[0] for row in rows if row[1:] == ["installed"]}
