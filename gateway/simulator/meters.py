"""Measures sound: level, one tone, the strongest frequency, a cadence, a likeness (see two_wire.h).

Samples are 16-bit little-endian mono at 8 kHz in `bytes`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.simulator.wires import SAMPLE_BYTES, ffi, lib

SILENCE_DBM0 = -100.0
MOST_STRETCHES = 256
BLIP_MS = 20


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time during which a tone was there (``on``) or not."""

    on: bool
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Match:
    """How well one sound is found in another: ``gain_db`` is that of the matching part, ``lag_ms`` how much
    later.
    """

    correlation: float
    gain_db: float
    lag_ms: float


NO_MATCH = Match(0.0, SILENCE_DBM0, 0.0)


def level_dbm0(samples: bytes) -> float:
    """RMS level; -100 for silence."""
    return float(lib.tw_level_dbm0(ffi.from_buffer("int16_t[]", samples), len(samples) // SAMPLE_BYTES))


def tone_dbm0(samples: bytes, frequency_hz: float) -> float:
    """Level of the component at ``frequency_hz``."""
    words = ffi.from_buffer("int16_t[]", samples)
    return float(lib.tw_tone_dbm0(words, len(samples) // SAMPLE_BYTES, frequency_hz))


def dominant_hz(samples: bytes) -> tuple[float, float]:
    """The strongest frequency (200 to 3600 Hz) in the first 200 ms, and its share of the power (0..1)."""
    share = ffi.new("double *")
    words = ffi.from_buffer("int16_t[]", samples)
    frequency = float(lib.tw_dominant_hz(words, len(samples) // SAMPLE_BYTES, share))
    return frequency, float(share[0])


def cadence(samples: bytes, frequency_hz: float, floor_dbm0: float = -40.0) -> list[Stretch]:
    """When a tone of ``frequency_hz`` (within about 20 Hz) was there, in steps of 5 ms.

    What lasts less than `BLIP_MS` between two like stretches is their edge and no stretch.
    """
    words = ffi.from_buffer("int16_t[]", samples)
    out = ffi.new("struct tw_stretch[]", MOST_STRETCHES)
    count = lib.tw_cadence(words, len(samples) // SAMPLE_BYTES, frequency_hz, floor_dbm0, out, MOST_STRETCHES)
    return _without_blips(Stretch(bool(out[index].on), int(out[index].duration_ms)) for index in range(count))


def _without_blips(stretches: Iterable[Stretch]) -> list[Stretch]:
    kept: list[Stretch] = []
    for stretch in stretches:
        if len(kept) > 1 and kept[-1].duration_ms < BLIP_MS:
            blip, before = kept.pop(), kept.pop()
            whole_ms = before.duration_ms + blip.duration_ms + stretch.duration_ms
            kept.append(Stretch(stretch.on, whole_ms))
        else:
            kept.append(stretch)
    return kept


def match(reference: bytes, heard: bytes) -> Match:
    """Look for ``reference`` in the longer ``heard``, at any lag; `NO_MATCH` when one of them is silent."""
    count = len(reference) // SAMPLE_BYTES
    most_lag = len(heard) // SAMPLE_BYTES - count
    out = ffi.new("struct tw_match *")
    if count == 0 or most_lag < 0:
        return NO_MATCH
    words = ffi.from_buffer("int16_t[]", reference), ffi.from_buffer("int16_t[]", heard)
    if lib.tw_match(*words, count, most_lag, out) != 0:
        return NO_MATCH
    return Match(float(out.correlation), float(out.gain_db), out.lag_samples / 8.0)
