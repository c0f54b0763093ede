"""The processors that a guest may have: Debian's name for it, its kernel, its machine under QEMU."""

from __future__ import annotations

from dataclasses import dataclass

from tools.packages import Package
from tools.progress import ROOT

CACHE = ROOT / ".cache" / "guest"
"""What was fetched and made, in a folder for each release of a kernel."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """One processor: ``kernel`` is the metapackage whose kernel is meant, ``console`` where the guest's words
    appear.
    """

    name: str
    kernel: str
    packages: tuple[Package, ...]
    emulator: tuple[str, ...]
    console: str
    wheels: tuple[str, ...] = ()
    """What pip is told to fetch libraries for that processor."""
    cross: str = ""
    """How the names of the compiler's programs begin; empty where this machine's own will do."""


AMD64 = Architecture(
    "amd64",
    "linux-image-amd64",
    (Package("qemu-system-x86", "guest: runs an amd64 kernel"),),
    ("qemu-system-x86_64", "-cpu", "max"),  # wheels want more than the first amd64 processors had
    "ttyS0",
)

ARM64 = Architecture(
    "arm64",
    "linux-image-arm64",
    (
        Package("qemu-system-arm", "guest: runs an arm64 kernel"),
        Package("gcc-aarch64-linux-gnu", "guest: compiles the ringer for it"),
        Package("libc6-dev-arm64-cross", "guest: compiles the ringer for it"),
    ),
    ("qemu-system-aarch64", "-machine", "virt", "-cpu", "cortex-a72"),
    "ttyAMA0",
    ("--platform=manylinux2014_aarch64", "--platform=manylinux_2_28_aarch64", "--python-version=3.11"),
    "aarch64-linux-gnu-",
)
