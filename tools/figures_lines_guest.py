"""Pins on a kernel of their own: how soon an edge is acted on, and how even the half periods of ringing are.

Measured in the guest `pins` in virtual time, so that the figures are this code's and not this machine's.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tools.figures_process import Row
from tools.guest.__main__ import run_guest
from tools.guest.boot import console_of
from tools.guest.guests import GUESTS
from tools.progress import SetupError

TESTS = ("tests/guest/test_figures.py",)
FIGURE = re.compile(r"^figure: (\{.*\})", re.MULTILINE)
UNIT_US = 62.5
"""Of the ringer's bins of lateness: less than 2^i units, and in the last all later ones."""


def rows() -> Iterator[Row]:
    """Edge to action, then the histogram; one row that says why where no guest can run."""
    guest = replace(GUESTS["pins"], only=TESTS)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # stdout is the table's
            code = run_guest(guest)
    except SetupError as error:
        yield "pins on a guest kernel", 0.0, "", f"not measured: {error}"
        return
    text = console_of(guest).read_text(encoding="utf-8", errors="replace")
    found = {told["name"]: told for told in map(json.loads, FIGURE.findall(text))}
    if code or len(found) < 2:
        yield "pins on a guest kernel", 0.0, "", f"not measured: the guest ended with {code}"
        return
    yield from _edges(found["edge to action"])
    yield from _ringing(found["ringing"])


def _edges(told: dict[str, Any]) -> Iterator[Row]:
    about = "kernel's stamp of an edge to a pin driven for it"
    yield "edge to action in the guest, median", told["median_ms"], "ms", about
    yield "  99 of 100", told["p99_ms"], "ms", ""
    yield "  the worst", told["worst_ms"], "ms", ""


def _ringing(told: dict[str, Any]) -> Iterator[Row]:
    about = f"{told['half_periods']} of them, beside 4 busy Python threads; limit 2"
    yield "half period of ringing, worst error", told["worst_us"] / 1_000, "ms", about
    last = len(told["late"]) - 1
    for number, count in enumerate(told["late"]):
        if count:
            bound = f"less than {UNIT_US * 2**number:g} µs late" if number < last else "later"
            yield f"  half periods {bound}", float(count), "", ""
