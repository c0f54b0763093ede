"""Who a modem is: the first commands on a serial port that may be one, before it belongs to any of ours.

Pure: lines in, the next command out, and in the end an identity. What does not answer, or is no modem, ends
without one.
"""

import re
from dataclasses import dataclass

from gateway.line.modem_families import Family, family_of

TRIES = 3
"""Of the first AT: some modems sleep, others have half a command of somebody else in their buffer."""
LINES_MAX = 200
"""A port that only talks is no modem."""
IMEI = re.compile(r"[0-9]{15}")


@dataclass(frozen=True, slots=True)
class Identity:
    """A modem that has said who it is."""

    imei: str
    maker: str
    model: str
    firmware: str

    @property
    def family(self) -> Family | None:
        """Its dialect; None when nobody here speaks it."""
        return family_of(self.maker, self.model)


_QUESTIONS = ("AT", "ATE0", "AT+CGSN", "AT+CGMI", "AT+CGMM", "AT+CGMR")
_MAY_FAIL = ("ATE0", "AT+CGMR")


class ModemProbe:
    """One conversation. `command` is what to send now; None when it is over."""

    def __init__(self) -> None:
        self.identity: Identity | None = None
        self.over = False
        self._place = 0
        self._tries = 1
        self._lines = 0
        self._said: list[str] = []
        self._answers: dict[str, str] = {}

    @property
    def command(self) -> str | None:
        """What is asked just now."""
        return None if self.over else _QUESTIONS[self._place]

    def hear(self, line: str) -> bool:
        """A line of the port; True when there is another command to send (or it is over)."""
        self._lines += 1
        if self.over or self._lines > LINES_MAX:
            self.over = True
            return True
        if line == "OK":
            return self._answered(self._said)
        if line == "ERROR" or line.startswith("+CME ERROR") or line == "COMMAND NOT SUPPORT":
            if self.command not in _MAY_FAIL:
                self.over = True
                return True
            return self._answered([])
        if line != self.command:
            self._said.append(line)
        return False

    def silence(self) -> bool:
        """Nothing in time; True when to ask again (or it is over)."""
        if self._place == 0 and self._tries < TRIES:
            self._tries += 1
        else:
            self.over = True
        return True

    def _answered(self, said: list[str]) -> bool:
        question = _QUESTIONS[self._place]
        if question == "AT+CGSN":
            found = [line for line in said if IMEI.search(line)]
        else:
            found = [line for line in said if not line.startswith(("^", "RING", "+C"))]
        self._answers[question] = re.sub(r"^\+[A-Z]+: ?", "", found[0])[:48] if found else ""
        self._said = []
        self._place += 1
        if self._place == len(_QUESTIONS):
            self._conclude()
        return True

    def _conclude(self) -> None:
        self.over = True
        imei = IMEI.search(self._answers["AT+CGSN"])
        if imei is not None:
            maker, model, firmware = (self._answers[text] for text in _QUESTIONS[3:])
            self.identity = Identity(imei.group(), maker, model, firmware)
