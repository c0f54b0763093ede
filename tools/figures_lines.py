"""`inv bench lines`: the figures of lines and boards, one table.

Each source is a module with ``rows()``; it yields rows of ``tools.figures_process.Row``. A source that is not
built is not in the table; one that needs a guest or a card says in its own words why it measured nothing.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator

from tools.figures_process import Row

SOURCES = (
    "tools.figures_lines_guest",
    "tools.figures_lines_cards",
    "tools.figures_lines_office",
    "tools.figures_lines_calibration",
)
"""Edges and ringing in the guest, cards on one core, office-days a minute, calls until 95 % confidence."""


def rows(sources: tuple[str, ...] = SOURCES) -> Iterator[Row]:
    """Every row of every source that is there, in the order of the sources."""
    for name in sources:
        if importlib.util.find_spec(name) is not None:
            yield from importlib.import_module(name).rows()
