"""The frame of the guest kernels: what needs no kernel to be tried."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.guest.__main__ import main
from tools.guest.guests import GUESTS
from tools.guest.kernel import find_modules, needs_of
from tools.progress import ROOT, SetupError


def write_module(home: Path, folder: str, name: str, depends: str) -> Path:
    path = home / "image/lib/modules/6.1/kernel" / folder / f"{name}.ko"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x7fELF\0license=GPL\0depends=" + depends.encode() + b"\0name=x\0")
    return path


def test_modules_come_after_those_they_depend_on_and_each_once(tmp_path: Path) -> None:
    loop = write_module(tmp_path, "sound/drivers", "snd-aloop", "snd-pcm,snd")
    pcm = write_module(tmp_path, "sound/core", "snd-pcm", "snd,snd-timer")
    timer = write_module(tmp_path, "sound/core", "snd-timer", "snd")
    core = write_module(tmp_path, "sound/core", "snd", "soundcore")
    base = write_module(tmp_path, "sound", "soundcore", "")
    assert needs_of(pcm) == ["snd", "snd-timer"]
    assert find_modules(tmp_path, "6.1", ["snd_timer", "snd-aloop"]) == [base, core, timer, pcm, loop]


def test_a_module_that_the_kernel_lacks_is_named(tmp_path: Path) -> None:
    write_module(tmp_path, "drivers/gpio", "gpio-new", "gpio-core")
    with pytest.raises(SetupError, match="has no module gpio-core"):
        find_modules(tmp_path, "6.1", ["gpio-new"])


def test_a_guest_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(SystemExit, match="no guest moon; there is pl061, pins"):
        main(["moon"])


def test_every_guest_has_tests_that_exist_and_what_all_guests_have() -> None:
    for guest in GUESTS.values():
        assert guest.tests
        assert [name for name in guest.tests if not (ROOT / name.split("::")[0]).exists()] == []
        assert "python3" in guest.debian
        assert "pytest" in guest.site


def test_no_test_of_the_guests_is_left_out_of_all_of_them() -> None:
    """A file in tests/guest that no guest lists would never run, and nobody would notice."""
    listed = {ROOT / name for guest in GUESTS.values() for name in guest.tests}
    orphans = [
        path for path in (ROOT / "tests/guest").rglob("test_*.py") if not listed & {path, *path.parents}
    ]
    assert orphans == []
