"""Choosing a line for a call out: a free one that this call has not tried, by order or by signal;
a line of which something is known to be wrong only when no other is left.
"""

from collections.abc import Callable, Collection

from gateway.model.settings import TrunkChoice, TrunkGroupSettings


def next_line(
    group: TrunkGroupSettings,
    *,
    tried: Collection[str],
    is_free: Callable[[str], bool],
    is_well: Callable[[str], bool] = lambda name: True,
    signal_dbm: Callable[[str], int] = lambda line: 0,
) -> str | None:
    """The name of the line to seize; None when all are busy, broken or tried.

    ``signal_dbm`` is how well a line hears its network; wires, which need none, have 0 and are the best.
    """
    free = [line for line in group.lines if line not in tried and is_free(line)]
    free = [line for line in free if is_well(line)] or free
    if group.choose is TrunkChoice.SIGNAL:
        return max(free, key=signal_dbm, default=None)  # of equals the first
    return next(iter(free), None)
