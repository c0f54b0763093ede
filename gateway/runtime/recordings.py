"""Stores the recordings of all lines in the state directory: a bundle a file, a directory a port.

Each is written as a whole as soon as its call is over, so that a kill loses only what was still going on. The
last ones of each line stay, none longer than the office says, and all together in the room that it gives.
"""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue

from gateway.drivers.state_directory import StateError
from gateway.drivers.whole_file import replace_file
from gateway.model.settings import RecorderSettings
from gateway.records.recordings import over, recordings
from gateway.runtime.bundle import SUFFIX, Bundle, write_bundle
from gateway.runtime.silencing import without_pressed_digits

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_log = logging.getLogger(__name__)


def file_name(bundle: Bundle) -> str:
    """When it began and why: sorts by time."""
    moment = _EPOCH + timedelta(microseconds=bundle.header.began_ns // 1_000)
    return f"{moment.strftime('%Y%m%dT%H%M%S')}.{moment.microsecond // 1_000:03d}-{bundle.header.why}{SUFFIX}"


class RecordingStore:
    """Writes bundles on a thread of its own and erases what is over; `FlightRecorder`'s ``store``.

    ``on_trouble`` gets one sentence for people, from that thread, the first time that the disk refuses.
    """

    def __init__(
        self,
        directory: Path,
        settings: RecorderSettings,
        *,
        wall_ns: Callable[[], int],
        on_trouble: Callable[[str], None],
    ) -> None:
        self._directory = directory
        self._settings = settings
        self._wall_ns = wall_ns
        self._on_trouble = on_trouble
        self._troubled = False
        self._waiting: SimpleQueue[Bundle | threading.Event | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="flight recorder", daemon=True)
        self._thread.start()

    def store(self, bundle: Bundle) -> None:
        """Queue a bundle; never waits."""
        self._waiting.put(bundle)

    def flush(self) -> None:
        """Return when everything so far is on the disk."""
        done = threading.Event()
        self._waiting.put(done)
        done.wait()

    def close(self) -> None:
        """Write what waits, and end the thread."""
        self._waiting.put(None)
        self._thread.join()

    def erase_old(self) -> None:
        """Queue a look for what is over by age; once an hour is enough."""
        self._waiting.put(threading.Event())

    def _run(self) -> None:
        while (work := self._waiting.get()) is not None:
            try:
                if isinstance(work, Bundle):
                    path = self._directory / work.header.port / file_name(work)
                    replace_file(path, write_bundle(without_pressed_digits(work)))
                for one in over(recordings(self._directory), self._settings, self._wall_ns()):
                    one.path.unlink(missing_ok=True)
            except (OSError, StateError) as error:
                _log.warning("the flight recorder cannot write: %s", error)
                if not self._troubled:
                    self._troubled = True
                    self._on_trouble(f"A recording of a line was lost: {error}. Make room on the disk.")
            if isinstance(work, threading.Event):
                work.set()
