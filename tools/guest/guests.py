"""The guests: an architecture, the subjects that share it, and how fast it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tools.guest.architecture import AMD64, ARM64, Architecture
from tools.guest.out_of_tree import OutOfTree
from tools.guest.subjects import EXPANDER, OFFICE, PINS, PL061, RPI_LGPIO, SOUND, TESTING, Subject

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Guest:
    """A guest. One instruction takes 2^``shift`` ns of its time, so that how busy this machine is does not
    show inside.
    """

    name: str
    architecture: Architecture
    subjects: tuple[Subject, ...]
    shift: int | None
    """None: real time."""
    only: tuple[str, ...] = ()
    """These tests instead of the subjects' own."""
    outside: bool = False
    """Whether somebody out here works its PL061's pins."""
    boots: int = 1
    """How often it may be booted until its tests pass: loop-back cards are late at times on a busy host."""
    memory_mb: int = 768
    limit_s: int = 1_500

    @property
    def modules(self) -> tuple[str, ...]:
        """Of Debian's kernel, to be loaded."""
        return self._each(lambda subject: subject.modules)

    @property
    def out_of_tree(self) -> tuple[OutOfTree, ...]:
        """Modules to be built and loaded after those."""
        return self._each(lambda subject: subject.out_of_tree)

    @property
    def options(self) -> dict[str, str]:
        """What insmod is told, by module."""
        return dict(self._each(lambda subject: subject.options))

    @property
    def debian(self) -> tuple[str, ...]:
        """Packages of the root."""
        return self._each(lambda subject: subject.debian)

    @property
    def site(self) -> tuple[str, ...]:
        """Beginnings of names in the virtual environment's site-packages."""
        return self._each(lambda subject: subject.site)

    @property
    def pip(self) -> tuple[str, ...]:
        """Requirements for a folder of its own."""
        return self._each(lambda subject: subject.pip)

    @property
    def tests(self) -> tuple[str, ...]:
        """Files and folders for pytest."""
        return self.only or self._each(lambda subject: subject.tests)

    def _each(self, of: Callable[[Subject], tuple[T, ...]]) -> tuple[T, ...]:
        return tuple(dict.fromkeys(one for subject in (TESTING, *self.subjects) for one in of(subject)))


GUESTS = {
    guest.name: guest
    for guest in (
        Guest("pl061", ARM64, (PL061,), shift=None, outside=True),
        Guest(
            "pins", AMD64, (PINS, RPI_LGPIO, EXPANDER), shift=2
        ),  # 250 million instructions a second: a slow board
        Guest("sound", AMD64, (SOUND, OFFICE), shift=0, boots=2),
    )
}
