"""Waiting in the guest, where the world outside is a thread or another process and time is real."""

import threading
import time
from collections.abc import Callable

PATIENCE_S = 30.0
LOOK_S = 0.002


def until(condition: Callable[[], object]) -> None:
    """Return when it holds; fail when it does not within `PATIENCE_S`."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(LOOK_S)
