"""The state directory: what outlives a run (journal, trace, recordings, secrets, echo delays, messages), the
control socket, and the lock of who runs.

By default ``$XDG_STATE_HOME/cityline``, that is ``~/.local/state/cityline``; only its owner may look into it.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from gateway.errors import CitylineError

SOCKET_PATH_LIMIT = 100
"""Longest path that we bind a Unix socket to as it is (sun_path holds 108 bytes with its end, unix(7))."""


class StateError(CitylineError):
    """The state directory cannot be used; the text says what to do."""


def default_state() -> Path:
    """Where the state is without --state."""
    home = os.environ.get("XDG_STATE_HOME", "")
    base = Path(home) if home.startswith("/") else Path.home() / ".local" / "state"
    return base / "cityline"


class StateDirectory:
    """Names of what is in a state directory; makes nothing by itself."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = path / "calls.sqlite"
        self.trace = path / "trace"
        self.secrets = path / "secrets.json"
        self.recordings = path / "recordings"
        self.echo_delays = path / "echo_delays.json"
        self.lamps = path / "lamps.json"
        self.messages = path / "messages"
        self.pins = path / "pins.json"
        self.line_knowledge = path / "line_knowledge.json"
        self.socket = path / "control"
        self._lock = path / "lock"

    def prepare(self) -> None:
        """Make the directory, for its owner only. Raises `StateError`."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StateError(f"{self.path}: {error.strerror}; choose another place with --state") from None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the directory while a gateway runs; `StateError` names the one that holds it already.

        The kernel gives the lock back when the process ends, however it ends.
        """
        self.prepare()
        try:
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StateError(f"{self._lock}: {error.strerror}; choose another place with --state") from None
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StateError(self._in_use(descriptor)) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def _in_use(self, descriptor: int) -> str:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        who = f" (process {holder})" if holder.isdigit() else ""
        return (
            f"{self.path}: another Cityline{who} is using it."
            " Stop that one, or give this one a place of its own with --state"
        )


@contextlib.contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """An address for ``path`` that fits a Unix socket, by its directory's descriptor when the path is too
    long.
    """
    if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
        yield str(path)
        return
    descriptor = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{path.name}"
    finally:
        os.close(descriptor)
