"""Choosing a line for a call out: the first free one in the group's order that this call has not tried."""

from collections.abc import Callable, Collection

from gateway.model.settings import TrunkGroupSettings


def next_line(
    group: TrunkGroupSettings, *, tried: Collection[str], is_free: Callable[[str], bool]
) -> str | None:
    """The name of the line to seize; None when all are busy, broken or tried."""
    return next((line for line in group.lines if line not in tried and is_free(line)), None)
