"""Exceptions by whose fault it is: the administrator's, the peer's, the hardware's, or ours.

A failed call is never an exception: it is cleared with a cause. These are for what stops a piece of work, and
each carries a sentence that says what to do.
"""

from dataclasses import dataclass


class CitylineError(Exception):
    """Anything of ours that a person may be shown as it is."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file: where it is, what is wrong, and what to do about it.

    ``line`` is 1-based, 0 when the file as a whole is meant; ``field`` is what it is about, as the file says
    it (``extension "101"``), or empty.
    """

    file: str
    line: int
    field: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        subject = f"{self.field}: " if self.field else ""
        return f"{where}: {subject}{self.what}" + (f" ({self.remedy})" if self.remedy else "")


class ConfigError(CitylineError):
    """The administrator's: one or more mistakes in files that people write. Never raised with an empty
    list.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class PeerError(CitylineError):
    """The other side's: bytes from the network, a modem or a recording that cannot be understood."""


class HardwareError(CitylineError):
    """The hardware's: a card, a chip or a port is not there or does not answer."""


class PinError(HardwareError):
    """A pin cannot be had. ``pin`` is as the board file says it: ``gpiochip0:17``, or the chip alone."""

    def __init__(self, pin: str, text: str) -> None:
        super().__init__(text)
        self.pin = pin


class RtpPortError(HardwareError):
    """A UDP port for speech cannot be bound."""


class Bug(CitylineError):  # noqa: N818
    """Ours: a state that cannot be. Clears the call that it concerns, writes its trace, and leaves the rest
    running.
    """
