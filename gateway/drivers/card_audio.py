"""A sound card recorded and played by pyalsaaudio, for the technician's measurements: 48 kHz, 16 bits, one
side of it. Calls are the signal core's business (`native/src/alsa_card.c`): while the office runs it has the
cards.
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gateway.errors import HardwareError

RATE_HZ = 48_000
PERIOD_FRAMES = 480
SIDES = 2


def record(device: str, side: int, seconds: float, library: Any) -> array[int]:
    """So many seconds of one side of a card. HardwareError when it cannot be had, or gives nothing."""
    pcm, sides = _open(device, side, library.PCM_CAPTURE, library)
    sound: array[int] = array("h")
    wanted, idle = round(seconds * RATE_HZ), 0
    try:
        while len(sound) < wanted:
            frames, raw = pcm.read()
            idle = 0 if frames > 0 else idle + 1
            if idle > RATE_HZ // PERIOD_FRAMES:
                raise HardwareError(f"sound card {device} gives no sound")
            if frames > 0:
                sound.extend(array("h", raw)[side::sides])
    except library.ALSAAudioError as error:
        raise HardwareError(f"sound card {device} cannot be recorded: {error}") from error
    finally:
        pcm.close()
    return sound[:wanted]


@contextmanager
def playing(device: str, side: int, make: Any, library: Any) -> Iterator[None]:
    """Play what ``make(sides)`` gives (interleaved frames) over and over until the block ends.

    HardwareError when the card cannot be had.
    """
    pcm, sides = _open(device, side, library.PCM_PLAYBACK, library)
    raw = make(sides).tobytes()
    ending = threading.Event()

    def play() -> None:
        step = PERIOD_FRAMES * sides * 2
        while not ending.is_set():
            for start in range(0, len(raw), step):
                if ending.is_set():
                    return
                pcm.write(raw[start : start + step])

    thread = threading.Thread(target=play, name="reference tone", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
        pcm.close()


def _open(device: str, side: int, direction: int, library: Any) -> tuple[Any, int]:
    """The stream and how many sides it has: as few as will do."""
    refused = "it cannot do 48 kHz and 16 bits"
    for sides in range(side + 1, SIDES + 1):
        try:
            pcm = library.PCM(
                type=direction,
                mode=library.PCM_NORMAL,
                rate=RATE_HZ,
                channels=sides,
                format=library.PCM_FORMAT_S16_LE,
                periodsize=PERIOD_FRAMES,
                device=device,
            )
        except library.ALSAAudioError as error:
            refused = str(error)
            continue
        given = pcm.info()  # the library ignores what a card refuses
        if (given["rate"], given["channels"]) == (RATE_HZ, sides):
            return pcm, sides
        pcm.close()
    remedy = "stop the office first (it has the cards), or correct `card` in board.toml"
    raise HardwareError(f"sound card {device} cannot be used: {refused}: {remedy}")
