"""How a number is dialled into a city line: tones or pulses, pauses, a second dial tone; purely.

A dial string is what a number becomes on its line: digits, ``,`` for a pause of two seconds, ``w`` for a wait
until dial tone is heard. It is taken apart here; what takes time (tones, breaks of the loop) happens in C.

Pulses: ten breaks a second, two thirds of each open (67/33 ms, Europe and Russia) or 61/39 (North America,
Japan); a 0 is ten breaks. New Zealand counts backwards (10 - n), Sweden one more (n + 1).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from gateway.model.settings import DialMode, PulseDigits

PAUSE, WAIT_FOR_TONE = ",", "w"
PAUSE_MS = 2_000
INTERDIGIT_MS = 800
"""From the last pulse of a digit to the first of the next."""


@dataclass(frozen=True, slots=True)
class Pulses:
    """How this line's exchange wants its pulses."""

    break_ms: int = 67
    make_ms: int = 33
    digits: PulseDigits = PulseDigits.NORMAL

    def train_ms(self, digit: str) -> tuple[int, ...]:
        """Open, closed, open ... for one digit ``0-9``, ends with the last break."""
        breaks = breaks_of(digit, self.digits)
        return ((self.break_ms, self.make_ms) * breaks)[:-1]


def breaks_of(digit: str, digits: PulseDigits) -> int:
    """The number of breaks of a digit; ValueError for what is none (``*``, ``#``)."""
    value = int(digit)
    match digits:
        case PulseDigits.NORMAL:
            return value or 10
        case PulseDigits.NEW_ZEALAND:
            return 10 - value
        case PulseDigits.SWEDEN:
            return value + 1


def pulses_of(country: str) -> Pulses:
    """A country's pulses; Europe's where nobody knows better."""
    match country.lower():
        case "us" | "ca" | "jp":
            return Pulses(61, 39)
        case "nz":
            return Pulses(digits=PulseDigits.NEW_ZEALAND)
        case "se":
            return Pulses(digits=PulseDigits.SWEDEN)
        case _:
            return Pulses()


FLASH_MS = {"us": 600, "ca": 600, "nz": 600, "fr": 250, "ru": 80, "gb": 90}
"""The break that asks an exchange for another call; 100 ms elsewhere (hardware facts, section 4)."""


def flash_of(country: str) -> int:
    """A country's flash, ms."""
    return FLASH_MS.get(country.lower(), 100)


@dataclass(frozen=True, slots=True)
class Tones:
    """Digits in DTMF, one after another."""

    digits: str


@dataclass(frozen=True, slots=True)
class PulseDigit:
    """One digit in breaks of the loop."""

    digit: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait for so long."""

    ms: int


@dataclass(frozen=True, slots=True)
class AwaitTone:
    """Wait for dial tone."""


Part = Tones | PulseDigit | Pause | AwaitTone


def parts_of(dial_string: str, mode: DialMode) -> Iterator[Part]:
    """A dial string in its order. In ``AUTO`` the first digit stands alone, for it is the trial. ``*`` and
    ``#`` have no pulses: they are sent as tones, and so are the digits after them.
    """
    trial = mode is DialMode.AUTO
    for kind, letters in groupby(dial_string, key=_kind):
        run = "".join(letters)
        if kind == PAUSE:
            yield Pause(PAUSE_MS * len(run))
        elif kind == WAIT_FOR_TONE:
            yield AwaitTone()
        elif mode is DialMode.PULSE:
            yield from _pulsed(run)
        else:
            yield from (Tones(part) for part in ((run[:1], run[1:]) if trial else (run,)) if part)
            trial = False


def _kind(letter: str) -> str:
    return letter if letter in (PAUSE, WAIT_FOR_TONE) else "digit"


def _pulsed(digits: str) -> Iterator[Part]:
    for place, digit in enumerate(digits):
        if not digit.isdecimal():
            yield Tones(digits[place:])
            return
        yield PulseDigit(digit)
