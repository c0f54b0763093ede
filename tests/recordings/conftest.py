"""Every bundle in this directory is a test: its line, driven with what was recorded, does what it expects.

`cityline replay FILE --keep` puts them here.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.bench.bundles import kept_difference
from gateway.runtime.bundle import SUFFIX


class KeptBundle(pytest.File):
    """A bundle, as a file with one test."""

    def collect(self) -> Iterator[pytest.Item]:
        """The one test."""
        yield KeptLine.from_parent(self, name="line")


class DifferenceError(Exception):
    """The line does something else now."""


class KeptLine(pytest.Item):
    """Drives the line."""

    def runtest(self) -> None:
        """Compare what its machines say."""
        if difference := kept_difference(self.path):
            raise DifferenceError(difference)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        """The difference, without a traceback."""
        return str(excinfo.value)

    def reportinfo(self) -> tuple[Path, None, str]:
        """By its file."""
        return self.path, None, self.path.stem


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Bundles of this directory."""
    return KeptBundle.from_parent(parent, path=file_path) if file_path.suffix == SUFFIX else None
