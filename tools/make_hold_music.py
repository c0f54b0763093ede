"""Writes gateway/media/sounds/hold.wav: hold music of our own, so that no office pays a licence for it.

Sixteen seconds at 8 kHz, 16 bit, mono, that loop without a seam: every note's tail that runs past the end is
laid over the beginning. Deterministic: the same bytes on every machine, so a test can compare. Standard
library only.
"""

from __future__ import annotations

import math
import sys
import wave
from array import array
from pathlib import Path

RATE_HZ = 8_000
BEAT_S = 0.5
BARS = 8
BEATS_A_BAR = 4
TARGET_RMS_DBFS = -22.0
"""Below speech (-20 dBFS): music that waits in the background, and no clipping in a mix."""

# Root and quality of each bar's chord, as semitones from A3 (220 Hz): a plain turn that ends where it begins.
CHORDS = ((0, 3, 7), (-4, 0, 3), (3, 7, 10), (-2, 2, 5), (0, 3, 7), (5, 8, 12), (-4, 0, 3), (-2, 2, 7))
ARPEGGIO = (0, 1, 2, 1)


def pitch_hz(semitones: int) -> float:
    """Frequency of a note, in equal temperament above A3."""
    return float(220.0 * 2.0 ** (semitones / 12.0))


def lay_note(music: list[float], start: int, frequency_hz: float, duration_s: float, level: float) -> None:
    """Add one decaying note with three partials; its tail wraps round to the beginning."""
    count = int(duration_s * RATE_HZ)
    for index in range(count):
        time_s = index / RATE_HZ
        envelope = min(1.0, time_s / 0.012) * math.exp(-2.2 * time_s) * (1.0 - index / count)
        phase = 2.0 * math.pi * frequency_hz * time_s
        partials = math.sin(phase) + 0.35 * math.sin(2.0 * phase) + 0.12 * math.sin(3.0 * phase)
        music[(start + index) % len(music)] += level * envelope * partials


def compose() -> list[float]:
    """The whole loop as floats of arbitrary scale."""
    music = [0.0] * int(BARS * BEATS_A_BAR * BEAT_S * RATE_HZ)
    beat_samples = int(BEAT_S * RATE_HZ)
    for bar, chord in enumerate(CHORDS):
        bar_start = bar * BEATS_A_BAR * beat_samples
        lay_note(music, bar_start, pitch_hz(chord[0] - 12), 2.4, 0.8)
        for beat, step in enumerate(ARPEGGIO):
            start = bar_start + beat * beat_samples
            lay_note(music, start, pitch_hz(chord[step] + 12), 1.4, 0.6)
            lay_note(music, start + beat_samples // 2, pitch_hz(chord[(step + 1) % 3] + 12), 1.0, 0.4)
    return music


def to_samples(music: list[float]) -> array[int]:
    """Scale to the target level and round to 16 bits; refuses to clip."""
    rms = math.sqrt(sum(value * value for value in music) / len(music))
    scale = 32768.0 * 10.0 ** (TARGET_RMS_DBFS / 20.0) / rms
    samples = array("h", (round(value * scale) for value in music))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def main(path: Path) -> None:
    """Write the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE_HZ)
        sound.writeframes(to_samples(compose()).tobytes())


if __name__ == "__main__":
    main(
        Path(sys.argv[1])
        if len(sys.argv) > 1
        else Path(__file__).parents[1] / "gateway/media/sounds/hold.wav"
    )
