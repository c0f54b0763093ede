"""Choosing a line for a call out: the first free one in the group's order that this call has not tried; a
line of which something is known to be wrong only when no other is left.
"""

from collections.abc import Callable, Collection

from gateway.model.settings import TrunkGroupSettings


def next_line(
    group: TrunkGroupSettings,
    *,
    tried: Collection[str],
    is_free: Callable[[str], bool],
    is_well: Callable[[str], bool] = lambda name: True,
) -> str | None:
    """The name of the line to seize; None when all are busy, broken or tried."""
    free = [line for line in group.lines if line not in tried and is_free(line)]
    return next(filter(is_well, free), free[0] if free else None)
