"""Recorded speech and music for `inv bench signal`: from Debian packages, as 8 kHz, 16 bit, one voice.

Which recordings a block may be tuned on is written in signal_split.toml.
"""

from __future__ import annotations

import subprocess
import tomllib
import wave
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tools.progress import ROOT, say

SPLIT = ROOT / "tools" / "signal_split.toml"
CACHE = ROOT / ".cache" / "sounds"
HZ = 8_000
PAUSE = bytes(HZ)  # half a second between two recordings
SOUNDS = {".wav", ".ogg"}  # sox of Debian 12 reads no Opus
AT_ONCE = 2
SHORTEST_BYTES = 800  # 50 ms: what is shorter is a beep or broken


class Use(Enum):
    """What a group of recordings is for."""

    TUNING = "tuning"
    HELD_OUT = "held out"


@dataclass(frozen=True, slots=True)
class Group:
    """Recordings of one kind; `raw` holds them one after another."""

    name: str
    path: Path
    use: Use

    @property
    def raw(self) -> Path:
        """Where the converted recordings lie."""
        return CACHE / ("".join(c if c.isalnum() else "_" for c in self.name) + ".raw")

    @property
    def hours(self) -> float:
        """Their length."""
        return self.raw.stat().st_size / 2 / HZ / 3600


@dataclass(frozen=True, slots=True)
class Split:
    """The groups, and whose recordings the canceller hears as far end and near end."""

    groups: tuple[Group, ...]
    talkers: dict[Use, tuple[str, str]]

    def of(self, use: Use) -> list[Group]:
        """The groups for one use."""
        return [group for group in self.groups if group.use is use]

    def talker(self, use: Use, which: int) -> Group:
        """The group of the far end (0) or the near end (1)."""
        return next(group for group in self.groups if group.name == self.talkers[use][which])


def read_split(path: Path = SPLIT) -> Split:
    """The split as written; KeyError or ValueError where the file is not as it should be."""
    with path.open("rb") as file:
        read = tomllib.load(file)
    groups = tuple(Group(one["name"], Path(one["path"]), Use(one["use"])) for one in read["group"])
    pairs = {Use.TUNING: read["canceller"]["tuning"], Use.HELD_OUT: read["canceller"]["held_out"]}
    return Split(groups, {use: (pair[0], pair[1]) for use, pair in pairs.items()})


def convert(split: Split) -> None:
    """Write each group's raw file, unless it is there already."""
    CACHE.mkdir(parents=True, exist_ok=True)
    for group in split.groups:
        if group.raw.exists():
            continue
        files = sorted(path for path in group.path.rglob("*") if path.suffix in SOUNDS)
        say(f"sound: {group.name}: {len(files)} recordings")
        partial = group.raw.with_suffix(".part")
        with partial.open("wb") as out, ThreadPoolExecutor(AT_ONCE) as pool:
            for sound in pool.map(_samples, files):
                if len(sound) >= SHORTEST_BYTES:
                    out.write(sound + PAUSE)
        partial.replace(group.raw)


def _samples(path: Path) -> bytes:
    """One recording as 8 kHz raw samples; empty where it cannot be read."""
    if path.suffix == ".wav":
        ready = _as_it_is(path)
        if ready is not None:
            return ready
    form = ["-t", "raw", "-r", str(HZ), "-c", "1", "-b", "16", "-e", "signed", "-"]
    ended = subprocess.run(["sox", "-G", "-V1", str(path), *form], capture_output=True, check=False)
    if ended.returncode:
        say(f"  {path.name}: sox cannot read it")
        return b""
    return ended.stdout


def _as_it_is(path: Path) -> bytes | None:
    try:
        with wave.open(str(path), "rb") as file:
            if (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (HZ, 1, 2):
                return file.readframes(file.getnframes())
    except (wave.Error, EOFError):
        return None  # not PCM: sox may read it
    return None


def as_wav(group: Group, seconds: int) -> Path:
    """The group's first seconds as a WAV file."""
    path = group.raw.with_suffix(f".{seconds}.wav")
    with group.raw.open("rb") as raw, wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(HZ)
        out.writeframes(raw.read(seconds * HZ * 2))
    return path


def hours(groups: list[Group]) -> float:
    """Length of all of them."""
    return sum(group.hours for group in groups)
