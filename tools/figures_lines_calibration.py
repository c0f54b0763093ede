"""How many calls a city line needs until it is sure of its busy tone, over exchanges drawn at random."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from gateway.bench.campaign.batch import play_batch
from tools.figures_process import Row

SEEDS = range(1, 7)
"""Of the exchanges; `inv campaign lines` says the same of hundreds."""


def rows(seeds: range = SEEDS) -> Iterator[Row]:
    """Calls until 95 % confidence, and how far off the learned tone is."""
    lines = [line for seed in seeds for line in play_batch(seed).learned]
    sure = [line for line in lines if line.sure_after is not None]
    share = f"{len(sure)} of {len(lines)} lines, {len(seeds)} exchanges drawn at random"
    if not sure:
        yield "calibration: calls until 95 % confidence", 0, "calls", f"never: {share}"
        return
    after = [line.sure_after for line in sure if line.sure_after is not None]
    yield "calibration: calls until 95 % confidence", statistics.median(after), "calls", f"median; {share}"
    yield "  the slowest line", max(after), "calls", "calls that ended in a tone"
    worst_hz = max(line.error_hz or 0.0 for line in sure)
    worst_ms = max(line.error_ms or 0.0 for line in sure)
    yield "  its tone is off by at most", worst_hz, "Hz", f"and its cadence by {worst_ms:.1f} ms"
