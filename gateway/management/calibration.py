"""A sound card's full scale on the line, from a reference tone: pure arithmetic, and its place in board.toml.

``full_scale_dbm0`` is the level on the line of a sine that fills the card's 16 bits. A tone of a known level
from the line tells it for what the card captures; a tone of ours that a meter reads tells it for what it
plays. Levels of samples are dBFS: 0 is a full-scale sine.
"""

from __future__ import annotations

import math
import re
import tomllib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from gateway.config.lines import index_lines
from gateway.errors import CitylineError

FULL_SCALE = 32_767
CLIPPED = 32_700
BLOCK_S = 0.1
QUIET_DBFS = -50.0
FREQUENCY_PART = 0.02
"""How far a generator may be off."""
PURITY_DB = 20.0
"""A tone so much over all else has its level wrong by less than 0.05 dB."""
STEADY_DB = 0.5
LIMIT_DBM0 = 20.0
"""What board.toml takes."""


class CalibrationError(CitylineError):
    """What was measured is no reference: why, and what to do."""


@dataclass(frozen=True, slots=True)
class Tone:
    """A tone as it was captured: ``purity_db`` over all else, ``spread_db`` between its loudest and quietest
    tenth of a second.
    """

    level_dbfs: float
    frequency_hz: float
    purity_db: float
    spread_db: float
    clipped: bool


def measure_tone(samples: Sequence[int], rate_hz: int) -> Tone:
    """The tone in a recording of at least half a second. ValueError when it is shorter."""
    block = round(rate_hz * BLOCK_S)
    if len(samples) < 5 * block:
        raise ValueError(f"{len(samples)} samples are too few")
    mean = sum(samples) / len(samples)
    sound = [sample - mean for sample in samples]
    frequency_hz = _frequency_hz(sound, rate_hz)
    whole, tones = 0.0, []
    for start in range(0, len(sound) - block + 1, block):
        part = sound[start : start + block]
        whole += sum(value * value for value in part) / block
        tones.append(_tone_power(part, frequency_hz, rate_hz))
    whole, tone = whole / len(tones), sum(tones) / len(tones)
    return Tone(
        _dbfs(whole),
        frequency_hz,
        10 * math.log10((tone + 1e-9) / max(whole - tone, 1e-9)),
        _dbfs(max(tones)) - _dbfs(min(tones)),
        max(abs(sample) for sample in samples) >= CLIPPED,
    )


def _frequency_hz(sound: Sequence[float], rate_hz: int) -> float:
    """By the crossings of zero, upwards; right for a tone, and what is none shows by its purity."""
    crossings = [
        place + before / (before - after)
        for place, (before, after) in enumerate(pairwise(sound))
        if before < 0 <= after
    ]
    if len(crossings) < 2:
        return 0.0
    return rate_hz * (len(crossings) - 1) / (crossings[-1] - crossings[0])


def _tone_power(part: Sequence[float], frequency_hz: float, rate_hz: int) -> float:
    turn = 2 * math.pi * frequency_hz / rate_hz
    real = sum(value * math.cos(turn * n) for n, value in enumerate(part)) / len(part)
    imaginary = sum(value * math.sin(turn * n) for n, value in enumerate(part)) / len(part)
    return 2 * (real * real + imaginary * imaginary)


def _dbfs(power: float) -> float:
    return 10 * math.log10(2 * power + 1e-9) - 20 * math.log10(FULL_SCALE)


def captured_full_scale_dbm0(tone: Tone, reference_dbm0: float, frequency_hz: float) -> float:
    """``full_scale_dbm0`` when this is what the card made of a tone of that level and frequency.

    `CalibrationError` when it cannot be that tone.
    """
    if tone.clipped:
        raise CalibrationError(
            "the tone fills the card and is clipped: lower `capture_percent` in board.toml, then again"
        )
    if tone.level_dbfs < QUIET_DBFS:
        raise CalibrationError(
            f"only {tone.level_dbfs:.1f} dBFS are heard: is the tone on the line? "
            "Otherwise raise `capture_percent` in board.toml"
        )
    if abs(tone.frequency_hz - frequency_hz) > FREQUENCY_PART * frequency_hz:
        raise CalibrationError(
            f"{tone.frequency_hz:.0f} Hz are heard and not {frequency_hz:.0f} Hz: another tone is on the "
            "line, or say --frequency"
        )
    if tone.purity_db < PURITY_DB:
        raise CalibrationError(
            f"the tone is only {tone.purity_db:.0f} dB over all else: noise or speech is on the line"
        )
    if tone.spread_db > STEADY_DB:
        raise CalibrationError(f"the tone goes up and down by {tone.spread_db:.1f} dB: it must be steady")
    return _within_limits(reference_dbm0 - tone.level_dbfs)


def played_full_scale_dbm0(meter_dbm0: float, sent_dbfs: float) -> float:
    """``playback_full_scale_dbm0`` when a meter reads so much of a tone that was played at that level."""
    return _within_limits(meter_dbm0 - sent_dbfs)


def _within_limits(full_scale_dbm0: float) -> float:
    if not math.isfinite(full_scale_dbm0) or abs(full_scale_dbm0) > LIMIT_DBM0:
        raise CalibrationError(
            f"a full scale of {full_scale_dbm0:.1f} dBm0 cannot be (at most {LIMIT_DBM0:.0f} either way): "
            "check the reference's level and the faders"
        )
    return round(full_scale_dbm0, 2)


# ---------------------------------------------------------------- board.toml
def with_full_scale(text: str, port: str, field: str, full_scale_dbm0: float) -> str:
    """A board file with that field of ``[port.NAME]`` set: the rest, comments too, stays as it is.

    `CalibrationError` when the port has no table of its own lines.
    """
    lines = text.splitlines(keepends=True)
    index = index_lines(text)
    head = index.lines.get(("port", port), 0)
    if not head or not re.match(r"\s*\[", lines[head - 1]):
        raise CalibrationError(f"board.toml has no table [port.{port}] of its own lines: write one")
    value = f"{full_scale_dbm0:.2f}"
    place = index.lines.get(("port", port, field), 0)
    if place:
        lines[place - 1] = re.sub(
            rf"^(\s*\"?{field}\"?\s*=\s*)[^#\r\n]*?(\s*(?:#.*)?\r?\n?)$",
            rf"\g<1>{value}\g<2>",
            lines[place - 1],
        )
    else:
        after = index.lines.get(("port", port, "card"), head)
        end = "\r\n" if lines[after - 1].endswith("\r\n") else "\n"
        if not lines[after - 1].endswith("\n"):
            lines[after - 1] += end
        lines.insert(after, f"{field} = {value}{end}")
    changed = "".join(lines)
    _check(text, changed, port, field, float(value))
    return changed


def _check(before: str, after: str, port: str, field: str, value: float) -> None:
    """Nothing but the field has changed, however the file was written."""
    wanted = tomllib.loads(before)
    wanted["port"][port][field] = value
    if tomllib.loads(after) != wanted:
        raise CalibrationError(
            f"{field} of port {port} is written in an unusual way: set it to {value} by hand"
        )


def tone_samples(frequency_hz: float, level_dbfs: float, rate_hz: int, sides: int, side: int) -> array[int]:
    """A second of a tone on one side of a card, interleaved; whole cycles when the frequency is whole."""
    amplitude = FULL_SCALE * 10 ** (level_dbfs / 20)
    turn = 2 * math.pi * frequency_hz / rate_hz
    frames = array("h", bytes(2 * sides * rate_hz))
    for n in range(rate_hz):
        frames[n * sides + side] = round(amplitude * math.sin(turn * n))
    return frames
