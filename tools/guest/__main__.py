"""`python -m tools.guest [NAME ...]`: make what is missing, run these guests (all), print what they print."""

from __future__ import annotations

import os
import sys

from tools.guest.architecture import CACHE
from tools.guest.boot import boot
from tools.guest.guests import GUESTS, Guest
from tools.guest.kernel import fetch_image, find_modules, kernel_release
from tools.guest.out_of_tree import build_module
from tools.guest.root import make_initrd, make_root
from tools.packages import TO_RUN_GUEST
from tools.progress import ROOT, SetupError, say
from tools.setup_steps import install_packages


def main(names: list[str]) -> int:
    """The first exit code of a guest's pytest that is not 0; 1 also when a guest never said one."""
    unknown = sorted(set(names) - set(GUESTS))
    if unknown:
        sys.exit(f"cityline: no guest {', '.join(unknown)}; there is {', '.join(GUESTS)}")
    try:
        codes = [run_guest(guest) for name, guest in GUESTS.items() if not names or name in names]
    except SetupError as error:
        sys.exit(f"cityline: {error}")
    return next((code for code in codes if code), 0)


def run_guest(guest: Guest) -> int:
    """The exit code of pytest inside that guest."""
    say(f"guest {guest.name}")
    install_packages((*TO_RUN_GUEST, *guest.architecture.packages))
    release = kernel_release(guest.architecture)
    home = CACHE / release
    home.mkdir(parents=True, exist_ok=True)
    kernel = fetch_image(guest.architecture, home, release)
    modules = find_modules(home, release, guest.modules)
    modules += [build_module(home, release, module) for module in guest.out_of_tree]
    base = make_root(guest, home)
    initrd = make_initrd(guest, home, base, modules)
    code = boot(guest, kernel, initrd)
    for _ in range(guest.boots - 1):
        if code != 0:
            say(f"guest {guest.name} failed; what it told stands above. It is booted again")
            code = boot(guest, kernel, initrd)
    return code


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(sys.argv[1:]))
