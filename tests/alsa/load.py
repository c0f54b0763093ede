"""An interpreter that is as busy as it can be, and a look at whether a tone arrived whole all the same."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.simulator.meters import tone_dbm0
from gateway.simulator.wires import Device

BUSY_THREADS = 4
SAMPLE_BYTES = 2
WINDOW_SAMPLES = 160
TOLERANCE_DB = 1.0


@contextmanager
def busy_interpreter() -> Iterator[None]:
    """Four Python threads that never rest, and one large json.dumps after another."""
    stop = threading.Event()
    large = [{"line": number, "text": "x" * 50, "levels": list(range(20))} for number in range(20_000)]

    def spin() -> None:
        number = 0
        while not stop.is_set():
            number = (number * 31 + 7) % 1_000_003

    def dump() -> None:
        while not stop.is_set():
            json.dumps(large)

    threads = [threading.Thread(target=spin) for _ in range(BUSY_THREADS)] + [threading.Thread(target=dump)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def windows_off(ear: Device, start: int, frequency_hz: float, expected_dbm0: float) -> tuple[int, int]:
    """20 ms windows since ``start`` (a position) whose tone is more than 1 dB off; how many there were."""
    heard = ear.heard(start, ear.position)
    step = WINDOW_SAMPLES * SAMPLE_BYTES
    levels = [tone_dbm0(heard[at : at + step], frequency_hz) for at in range(0, len(heard) - step, step)]
    return sum(abs(level - expected_dbm0) > TOLERANCE_DB for level in levels), len(levels)
