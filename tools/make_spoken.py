"""Writes the recordings of ``gateway/media/sounds`` in which the exchange speaks, in Russian and English.

The words are ours, the voice is espeak-ng's (its output is free of its licence); sox brings them to 8 kHz and
-20 dBFS. Both are Debian packages of these names, needed only to make the recordings again::

    python3 tools/make_spoken.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

SOUNDS = Path(__file__).parent.parent / "gateway" / "media" / "sounds"

WORDS = {
    "nobody-speaks-ru": "Никто не говорит. Скажите что-нибудь, иначе линия будет освобождена.",
    "nobody-speaks-en": "Nobody is speaking. Please say something, or this call will end.",
    "last-minute-ru": "До окончания разговора осталась одна минута.",
    "last-minute-en": "One minute is left of this call.",
}
TARGET_RMS_DBFS = -20.0


def rms_dbfs(path: Path) -> float:
    """Level of a recording by sox's own statistics."""
    said = subprocess.run(["sox", path, "-n", "stats"], capture_output=True, text=True, check=True).stderr
    return float(next(line.split()[-1] for line in said.splitlines() if line.startswith("RMS lev dB")))


def make(name: str, words: str) -> Path:
    """Speak, bring to 8 kHz mono, 16 bit, with a steep low-pass, and to the target level."""
    voice = name.rsplit("-", 1)[1]
    target = SOUNDS / f"{name}.wav"
    with tempfile.TemporaryDirectory() as folder:
        spoken, narrow = Path(folder) / "spoken.wav", Path(folder) / "narrow.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-s", "140", "-w", spoken, words], check=True)
        subprocess.run(
            ["sox", "-D", spoken, "-b", "16", "-c", "1", narrow, "gain", "-6", "rate", "-v", "8000"],
            check=True,
        )
        gain = TARGET_RMS_DBFS - rms_dbfs(narrow)
        subprocess.run(["sox", "-D", narrow, target, "gain", "-l", f"{gain:.2f}"], check=True)
    return target


def main() -> int:
    """All of them."""
    for name, words in WORDS.items():
        target = make(name, words)
        print(f"{target.name}: {target.stat().st_size // 16_000} s, {rms_dbfs(target):.1f} dBFS")
    return 0


if __name__ == "__main__":
    sys.exit(main())
