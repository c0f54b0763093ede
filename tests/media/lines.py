"""Lines for the tests of the core: C functions made of Python (ctypes), which speak given samples and keep
what they hear.

Only for virtual time: no Python may run on the core's own thread.
"""

from __future__ import annotations

import ctypes
import math
from array import array
from collections.abc import Callable, Iterator

SAMPLE_HZ = 8_000
TICK_SAMPLES = 80
FULL_SCALE_DBM0 = 3.14

_EXCHANGE = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.POINTER(ctypes.c_int16),
    ctypes.POINTER(ctypes.c_int16),
    ctypes.c_size_t,
)


def amplitude(dbm0: float) -> float:
    """Peak of a sine of this level: 3.14 dBm0 fills 16 bits (G.711, table 5)."""
    return float(32_767 * 10 ** ((dbm0 - FULL_SCALE_DBM0) / 20))


def sine(frequency_hz: float, dbm0: float) -> Iterator[int]:
    """A sine for ever."""
    peak, step = amplitude(dbm0), 2 * math.pi * frequency_hz / SAMPLE_HZ
    number = 0
    while True:
        yield round(peak * math.sin(step * number))
        number += 1


def level_dbm0(samples: array[int], frequency_hz: float) -> float:
    """Level of one frequency by Goertzel's recursion over a Hann window; shares nothing with the core."""
    count = len(samples)
    coefficient = 2 * math.cos(2 * math.pi * frequency_hz / SAMPLE_HZ)
    before = last = 0.0
    for number, sample in enumerate(samples):
        window = 1 - math.cos(2 * math.pi * number / count)
        before, last = last, sample * window + coefficient * last - before
    power = last * last + before * before - coefficient * last * before
    peak = 2 * math.sqrt(max(power, 1e-9)) / count
    return 20 * math.log10(max(peak, 1e-6) / 32_767) + FULL_SCALE_DBM0


def frequency_of(samples: array[int]) -> float:
    """Frequency of a lone sine by its rising zero crossings, interpolated."""
    rises = [
        number + samples[number] / (samples[number] - samples[number + 1])
        for number in range(len(samples) - 1)
        if samples[number] < 0 <= samples[number + 1]
    ]
    return (len(rises) - 1) / (rises[-1] - rises[0]) * SAMPLE_HZ


class Line:
    """A port function. ``echo`` (gain, delay in samples) gives back what is played, as a hybrid does."""

    def __init__(self) -> None:
        self.speech: Iterator[int] | None = None
        self.echo: tuple[float, int] = (0.0, 0)
        self.heard: array[int] = array("h")
        self._played: list[int] = [0] * 4_000
        self._function = _EXCHANGE(self._exchange)

    @property
    def exchange(self) -> int:
        """The address of the C function."""
        return ctypes.cast(self._function, ctypes.c_void_p).value or 0

    def says(self, samples: Iterator[int]) -> None:
        """Speak these from now on, then silence."""
        self.speech = samples

    def forgets(self) -> None:
        """Forget what was heard until now."""
        self.heard = array("h")

    def _exchange(
        self,
        _self: object,
        playback: Callable[[int], int],
        capture: dict[int, int],
        samples: int,
    ) -> int:
        gain, delay = self.echo
        for number in range(samples):
            played = playback[number]  # type: ignore[index]
            self.heard.append(played)
            self._played.append(played)
            spoken = next(self.speech, 0) if self.speech is not None else 0
            echoed = round(gain * self._played[-1 - delay]) if gain else 0
            capture[number] = max(-32_768, min(32_767, spoken + echoed))
        del self._played[:-4_000]
        return 0
