"""What hangs on the pins of an arm64 guest's PL061: this side works them through QEMU's qtest socket.

The guest's tests ask for it on their console, a line ``outside: WORD ...`` each, and get one line back.
Levels and edges are right; times are those of two programs that share a machine, and show nothing.
"""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path
from typing import Any

from tests.guest.sim_chip import LINES_OF_PL061, Outside
from tools.progress import SetupError, pause

CONNECT_TRIES = 100
CONNECT_PAUSE_S = 0.1
ASKED = "outside: "


class Pl061:
    """The chip's pins from outside: `level` of an output, `pull` of an input, as `Outside` wants it."""

    def __init__(self, qmp: Path, qtest: Path) -> None:
        self._path = _path_of_chip(qmp)
        self._levels = [False] * LINES_OF_PL061
        self._answers: list[str] = []
        self._answered = threading.Condition()
        self._asking = threading.Lock()
        self._socket = _connect(qtest)
        threading.Thread(target=self._listen, daemon=True).start()
        self._ask(f"irq_intercept_out {self._path}")

    def level(self, line: int) -> bool:
        """Of an output."""
        return self._levels[line]

    def pull(self, line: int, high: bool) -> None:
        """What the outside does to an input."""
        self._ask(f"set_irq_in {self._path} unnamed-gpio-in {line} {int(high)}")

    def _ask(self, command: str) -> None:
        with self._asking:
            self._socket.sendall(f"{command}\n".encode("ascii"))
            with self._answered:
                self._answered.wait_for(lambda: self._answers, timeout=30)
                answer = self._answers.pop() if self._answers else "no answer"
        if not answer.startswith("OK"):
            raise SetupError(f"QEMU does not {command}: {answer}")

    def _listen(self) -> None:
        for text in self._socket.makefile("r", encoding="ascii"):
            words = text.split()
            if words[:1] == ["IRQ"]:
                self._levels[int(words[2])] = words[1] == "raise"
            elif words:
                with self._answered:
                    self._answers.append(text)
                    self._answered.notify_all()


def _connect(path: Path) -> socket.socket:
    for _ in range(CONNECT_TRIES):
        found = socket.socket(socket.AF_UNIX)
        try:
            found.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            found.close()
            pause(CONNECT_PAUSE_S)
        else:
            return found
    raise SetupError(f"QEMU did not open {path}")


def _path_of_chip(qmp: Path) -> str:
    """Where QEMU's tree of objects has the PL061: a number that no documentation promises."""
    with _connect(qmp) as connection, connection.makefile("rw", encoding="utf-8") as lines:
        lines.readline()  # the greeting
        _execute(lines, "qmp_capabilities")
        for child in _execute(lines, "qom-list", path="/machine/unattached"):
            if child["type"] == "child<pl061>":
                return f"/machine/unattached/{child['name']}"
    raise SetupError("QEMU's machine has no PL061")


def _execute(lines: Any, command: str, **arguments: str) -> Any:
    lines.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
    lines.flush()
    while "return" not in (answer := json.loads(lines.readline())):
        if "error" in answer:
            raise SetupError(f"QEMU refuses {command}: {answer['error']['desc']}")
    return answer["return"]


class Answers:
    """Obeys the guest's lines by working a telephone and a city line on the chip."""

    def __init__(self, chip: Pl061) -> None:
        self._chip = chip
        self._outside = Outside(chip).__enter__()

    def to(self, words: str) -> str:
        """One line; "ok" where there is nothing to tell."""
        match words.split():
            case ["lifted", state]:
                self._outside.lifted = state == "1"
            case ["rings", state]:
                self._outside.city_rings = state == "1"
            case ["pull", line, level]:
                self._chip.pull(int(line), level == "1")
            case ["level", line]:
                return str(int(self._chip.level(int(line))))
            case ["changes"]:
                return json.dumps(self._outside.changes)
            case ["fresh"]:
                self._outside.lifted = self._outside.city_rings = False
                self._outside.changes.clear()
            case _:
                return f"what is {words}?"
        return "ok"
