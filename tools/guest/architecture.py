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


AMD64 = Architecture(
    "amd64",
    "linux-image-amd64",
    (Package("qemu-system-x86", "guest: runs an amd64 kernel"),),
    ("qemu-system-x86_64",),
    "ttyS0",
)
