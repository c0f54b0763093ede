"""Alarms as the runtime keeps them for people."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that was raised, with its time."""

    wall_ns: int
    about: str
    text: str
