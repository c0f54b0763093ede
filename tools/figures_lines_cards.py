"""Sound cards on one core until a tick is used up: native/bench/bench_cards.c, for `inv bench lines`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

from tools.figures_process import Row
from tools.progress import ROOT

NATIVE = ROOT / "native"
OUT = "out-cards"
PROGRAM = f"{OUT}/bench_cards"
TICK_US = 10_000


def rows() -> Iterator[Row]:
    """Cost of a tick by cards (two lines each, everything on), then how many cards fill it."""
    make = ["make", "-s", "-C", str(NATIVE), f"OUT={OUT}", PROGRAM]
    subprocess.run(make, check=True)
    said = subprocess.run([str(NATIVE / PROGRAM), "--json"], check=True, capture_output=True, text=True)
    for line in said.stdout.splitlines():
        figure = json.loads(line)
        if figure["figure"] == "cards_tick_us":
            cards, lines = round(figure["x"]), round(figure["y"])
            share = f"{100 * figure['value'] / TICK_US:.1f} % of one core"
            yield f"a tick, sound cards {cards}, lines {lines}", figure["value"], "µs", share
        else:
            beside = "by the last row; the kernel's calls are not in it, 16 cards are the core's limit"
            yield "sound cards that fill a core's tick", figure["value"], "cards", beside
