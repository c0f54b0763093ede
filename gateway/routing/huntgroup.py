"""Who of a group is rung: every member that is free, at once; the first to lift gets the call."""

from collections.abc import Callable, Collection, Sequence


def members_to_ring(
    members: Sequence[str], *, is_free: Callable[[str], bool], passed_over: Collection[str] = ()
) -> list[str]:
    """Free members in the group's order, without those that declined this call or were rung for it."""
    return [member for member in members if member not in passed_over and is_free(member)]
