"""Message lamps between the control interface, the exchange and the disk."""

from collections.abc import Callable, Collection
from typing import Protocol

from gateway.errors import CitylineError
from gateway.model.events import Event, LampSet
from gateway.model.plain import Plain, to_plain


class LampKeeper(Protocol):
    """What remembers over a restart for whom a message waits."""

    on: frozenset[str]

    def keep(self, extension: str, on: bool) -> None:
        """Remember it; returns when it is on the disk."""
        ...


class ForgetfulLamps:
    """Remembers as long as it lives: for the bench."""

    def __init__(self) -> None:
        self.on: frozenset[str] = frozenset()

    def keep(self, extension: str, on: bool) -> None:
        """Remember it."""
        self.on = self.on | {extension} if on else self.on - {extension}


class LampRefusedError(CitylineError):
    """A lamp cannot be set; the text says why and what to do."""


def light_again(lamps: LampKeeper, extensions: Collection[str], feed: Callable[[Event], None]) -> None:
    """After a start: what waited before waits still. Who is no extension any more is forgotten."""
    for extension in sorted(lamps.on):
        if extension in extensions:
            feed(LampSet(extension, on=True))
        else:
            lamps.keep(extension, on=False)


def set_lamp(
    words: str, lamps: LampKeeper, extensions: Collection[str], feed: Callable[[Event], None]
) -> Plain:
    """``101 on`` or ``101 off``: confirmed when it is on the disk. `LampRefusedError` for anything else."""
    number, _, state = words.strip().partition(" ")
    if number not in extensions:
        known = ", ".join(sorted(extensions)[:12])
        raise LampRefusedError(f"{number[:20]!r} is no extension of this office; there are: {known}")
    if state not in ("on", "off"):
        raise LampRefusedError(f'a lamp is "on" or "off", not {state[:20]!r}')
    feed(LampSet(number, on=state == "on"))
    if (number in lamps.on) is not (state == "on"):
        raise LampRefusedError("it could not be written to the disk: see the alarms of `cityline status`")
    return to_plain(sorted(lamps.on), tagged=False)
