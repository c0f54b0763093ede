"""Timers as values: an action starts one, an event names the one that expired; a stale one is dropped by its
serial.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class TimerId:
    """One run of one timer.

    ``owner`` is the machine (``fxs(fxs1)``, ``call(17)``), ``name`` the timer in that machine's table,
    ``serial`` comes from the id counter, so that an expiry which was already on its way when the timer was
    stopped matches nothing.
    """

    owner: str
    name: str
    serial: int
