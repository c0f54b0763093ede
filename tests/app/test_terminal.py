"""The bench prompt on a terminal: a person types, the people of the simulated board move, `quit` stops the
office.
"""

import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest

from tests.app.office_files import office_files
from tests.app.test_gateway import ENVIRONMENT, READY_S

pytestmark = pytest.mark.real

CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")


class Terminal:
    """A process on a pseudo-terminal."""

    def __init__(self, *command: str) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={
                **ENVIRONMENT,
                "TERM": "xterm",
                "PROMPT_TOOLKIT_NO_CPR": "1",
                "COLUMNS": "120",
                "LINES": "40",
            },
        )
        os.close(slave)
        self.seen = ""

    def types(self, text: str) -> None:
        """Keys; a whole line when the prompt has come."""
        os.write(self.master, text.encode())

    def enters(self, line: str) -> None:
        self.shows(r"cityline> *$")
        self.types(f"{line}\r")

    def shows(self, pattern: str) -> str:
        """Wait until the pattern is on the screen; forget what was before its end."""
        deadline = time.monotonic() + READY_S
        while not (found := re.search(pattern, self.seen)):
            left = deadline - time.monotonic()
            assert left > 0, f"{pattern!r} did not come: {self.seen}"
            if select.select([self.master], [], [], left)[0]:
                self.seen += CONTROLS.sub("", self._read())
        self.seen = self.seen[found.end() :]
        return found[0]

    def _read(self) -> str:
        try:
            return os.read(self.master, 65_536).decode("utf-8", "replace")
        except OSError:  # EIO: nobody holds the other end any more
            raise AssertionError(f"it ended: {self.seen}") from None

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)


def test_people_are_moved_by_what_is_typed_and_quit_stops_the_office(tmp_path):
    files = office_files(tmp_path)
    terminal = Terminal(sys.executable, "-m", "gateway", "run", *files.arguments())
    try:
        terminal.shows("New secrets of SIP telephones. They are shown only now")
        secret = terminal.shows(r"  204  [a-z2-9]{16}").split()[1]
        terminal.enters("101 lifts")
        terminal.enters("wait 0.2")
        terminal.enters("status")
        terminal.shows(r"fxs1 +101 +dial_tone")
        terminal.enters("101 sings")
        terminal.shows("101 can: lifts")
        terminal.enters("plan")
        terminal.shows("101 hears tone 425")
        terminal.enters("quit")
        terminal.shows("Stopped: every call is ended")
        assert terminal.process.wait(READY_S) == 0
    finally:
        terminal.close()
    kept = b"".join(path.read_bytes() for path in files.state.rglob("*") if path.is_file())
    assert secret.encode() not in kept


def test_ctrl_c_and_the_end_of_input_stop_it_in_order(tmp_path):
    for key in ("\x03", "\x04"):
        files = office_files(tmp_path)
        terminal = Terminal(sys.executable, "-m", "gateway", "run", *files.arguments())
        try:
            terminal.shows("cityline>")
            terminal.types(key)
            terminal.shows("Stopped: every call is ended")
            assert terminal.process.wait(READY_S) == 0
        finally:
            terminal.close()
