"""Short messages on the disk: a file for each, whole or not there; they stay until somebody has read them.

The disk is waited for on a thread of its own. What it refuses is tried again, and stays on the SIM meanwhile.
Messages that were read are kept too, the latest of them; unread ones are never removed.
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.drivers.state_directory import StateError
from gateway.drivers.whole_file import replace_file
from gateway.interfaces import Clock
from gateway.model.actions import KeepMessage
from gateway.model.events import MessageKept
from gateway.model.numbers import NS_PER_MS
from gateway.model.plain import from_plain, to_plain

RETRY_MS = 30_000
READ_KEPT = 1_000
LARGEST_BYTES = 1 << 16

OnKept = Callable[[MessageKept], None]
Trouble = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as it stands in its file. ``sent_s`` is UTC since 1970 by the service centre."""

    port: str
    message: int
    sender: str
    sent_s: int | None
    text: str
    extension: str
    wall_ns: int
    read: bool = False


class MessageStore:
    """Implements `gateway.interfaces.MessageKeeper` in a directory. ``call_soon`` gets back to the thread
    that asked (``loop.call_soon_threadsafe``); ``on_trouble`` gets one sentence a trouble.
    """

    def __init__(
        self,
        directory: Path,
        clock: Clock,
        *,
        call_soon: Callable[[Callable[[], object]], object],
        on_trouble: Trouble,
    ) -> None:
        self.on_kept: OnKept = lambda event: None
        self._directory = directory
        self._clock = clock
        self._call_soon = call_soon
        self._on_trouble = on_trouble
        self._troubled = False
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="messages")

    def keep(self, message: KeepMessage) -> None:
        """Write it; `on_kept` when it is on the disk."""
        stored = StoredMessage(
            str(message.port),
            message.message,
            message.sender,
            message.sent_s,
            message.text,
            message.extension,
            message.wall_ns,
        )
        self._writer.submit(self._write, stored, message)

    def close(self) -> None:
        """Wait for what is being written."""
        self._writer.shutdown()

    def _write(self, stored: StoredMessage, message: KeepMessage) -> None:
        try:
            write_message(self._directory, stored)
            forget_old(self._directory)
        except StateError as error:
            text = f"A short message cannot be kept and stays on its SIM: {error}"
            self._call_soon(lambda: self._failed(text, message))
            return
        self._call_soon(lambda: self._done(message))

    def _done(self, message: KeepMessage) -> None:
        self._troubled = False
        self.on_kept(MessageKept(message.port, message.message))

    def _failed(self, text: str, message: KeepMessage) -> None:
        if not self._troubled:
            self._on_trouble(text)
        self._troubled = True
        at_ns = self._clock.monotonic_ns() + RETRY_MS * NS_PER_MS
        self._clock.call_at(at_ns, lambda: self.keep(message))


def write_message(directory: Path, stored: StoredMessage) -> None:
    """Put a message into its file. Raises `StateError`."""
    replace_file(_path(directory, stored), json.dumps(to_plain(stored), ensure_ascii=False) + "\n")


def read_messages(directory: Path) -> list[StoredMessage]:
    """Every message that can be read, the oldest first; files of others are passed over."""
    found = []
    for path in sorted(directory.glob("*.json")):
        try:
            with path.open("rb") as file:
                raw = file.read(LARGEST_BYTES)
            message: StoredMessage = from_plain(json.loads(raw.decode("utf-8")), StoredMessage)
        except (OSError, ValueError, RecursionError):
            continue  # `unreadable` names them
        found.append(message)
    return found


def unreadable(directory: Path) -> list[str]:
    """Names of files that hold no message."""
    known = {_path(directory, message).name for message in read_messages(directory)}
    return [path.name for path in sorted(directory.glob("*.json")) if path.name not in known]


def mark_read(directory: Path, message: StoredMessage) -> None:
    """Somebody has read it. Raises `StateError`."""
    write_message(directory, replace(message, read=True))


def forget_old(directory: Path) -> None:
    """Of those that were read, only the latest stay."""
    read = [message for message in read_messages(directory) if message.read]
    for message in read[:-READ_KEPT]:
        _path(directory, message).unlink(missing_ok=True)


def _path(directory: Path, message: StoredMessage) -> Path:
    return directory / f"{message.wall_ns:020d}-{message.message}.json"
