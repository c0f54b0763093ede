"""Two-wire lines and what stands at their far ends: the Python side of ``native/wires`` (see two_wire.h).

Samples are 16-bit little-endian mono at 8 kHz in `bytes`; positions count samples since the device was made.
Levels are dBm0 with a full-scale sine at +3.14.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from gateway.errors import Bug
from gateway.simulator import _two_wire

ffi: Any = _two_wire.ffi
lib: Any = _two_wire.lib

RATE_HZ = 8_000
SAMPLES_PER_MS = 8
SAMPLE_BYTES = 2
SPEECH_DBM0 = -18.0
"""Of a talk spurt at a telephone: an ordinary talker."""
DTMF_LOW_DBM0 = -12.0
DTMF_HIGH_DBM0 = -10.0


class Modulation(IntEnum):
    """How caller identity is keyed."""

    BELL202 = 0
    V23 = 1


class MessageFormat(IntEnum):
    """Which frame caller identity comes in."""

    MDMF = 0
    SDMF = 1


@dataclass(frozen=True, slots=True)
class CallerId:
    """What a city exchange sends between the rings. ``date`` is MMDDhhmm."""

    number: str
    name: str = ""
    date: str = "11231000"
    withheld: bool = False
    modulation: Modulation = Modulation.V23
    format: MessageFormat = MessageFormat.MDMF
    bad_checksum: bool = False
    level_dbm0: float = -13.5


@dataclass(frozen=True, slots=True)
class WireSettings:
    """A line's physics; the fields are those of ``struct tw_line_settings``."""

    seed: int = 1
    erl_db: float = 14.0
    echo_delay_ms: float = 2.0
    echo_shape: int = 0
    loss_db: float = 1.0
    noise_dbm0: float = -62.0
    hum_dbm0: float = -100.0
    ringing_leak_dbm0: float = -18.0
    click_dbm0: float = -20.0
    drift_ppm: float = 0.0
    on_hook_to_port: bool = False
    on_hook_to_device: bool = False
    memory_ms: int = 60_000


def _check(code: int, what: str) -> None:
    if code != 0:
        raise Bug(f"two-wire line: {what}: {os.strerror(code)}")


class Device:
    """A mouth and an ear. Sounds are said one after another; a duration of 0 ms is for ever."""

    def __init__(self, raw: Any, owner: object) -> None:
        self._raw = raw
        self._owner = owner  # keeps the memory behind `raw`

    # --- the mouth ------------------------------------------------------------------------------------------

    def say_silence(self, duration_ms: int) -> None:
        """Nothing, for a while."""
        _check(lib.tw_say_silence(self._raw, duration_ms), "silence")

    def say_tone(
        self,
        frequencies_hz: Sequence[float],
        level_dbm0: float,
        cadence_ms: Sequence[int] = (),
        duration_ms: int = 0,
    ) -> None:
        """A tone of up to four sines at ``level_dbm0`` each; ``cadence_ms`` is on, off, on, off ..."""
        code = lib.tw_say_tone(
            self._raw,
            ffi.new("double[]", list(frequencies_hz)),
            len(frequencies_hz),
            level_dbm0,
            ffi.new("uint32_t[]", list(cadence_ms)),
            len(cadence_ms),
            duration_ms,
        )
        _check(code, "tone")

    def say_dtmf(self, digits: str, tone_ms: int = 80, pause_ms: int = 80) -> None:
        """Push buttons. Bug for what no telephone has."""
        raw = digits.encode("ascii", "replace")
        code = lib.tw_say_dtmf(self._raw, raw, tone_ms, pause_ms, DTMF_LOW_DBM0, DTMF_HIGH_DBM0)
        _check(code, f"digits {digits!r}")

    def say_speech(self, voice: int, level_dbm0: float = SPEECH_DBM0, duration_ms: int = 0) -> None:
        """Speech-like sound; each voice number is another person."""
        _check(lib.tw_say_speech(self._raw, voice, level_dbm0, duration_ms), "speech")

    def speak_over(self, voice: int, level_dbm0: float = SPEECH_DBM0) -> None:
        """A second voice over whatever is said, until `hush`."""
        lib.tw_speak_over(self._raw, voice, level_dbm0)

    def say_clip(self, samples: bytes, gain_db: float = 0.0, *, looped: bool = False) -> None:
        """A recording."""
        words = ffi.from_buffer("int16_t[]", samples)
        _check(lib.tw_say_clip(self._raw, words, len(samples) // SAMPLE_BYTES, gain_db, looped), "recording")

    def say_caller_id(self, identity: CallerId) -> None:
        """FSK caller identity."""
        keep = [ffi.new("char[]", text.encode("ascii", "replace")) for text in _texts(identity)]
        raw = ffi.new("struct tw_caller_id *")
        raw.modulation, raw.format = int(identity.modulation), int(identity.format)
        raw.date, raw.number, raw.name = keep
        raw.withheld, raw.bad_checksum = identity.withheld, identity.bad_checksum
        raw.level_dbm0 = identity.level_dbm0
        _check(lib.tw_say_caller_id(self._raw, raw), f"caller identity {identity.number!r}")

    def hush(self) -> None:
        """Stop at once and forget what waits."""
        lib.tw_hush(self._raw)

    @property
    def speaking(self) -> bool:
        """Something is being said or waits to be."""
        return bool(lib.tw_speaking(self._raw))

    # --- the ear --------------------------------------------------------------------------------------------

    @property
    def position(self) -> int:
        """Samples heard and said so far."""
        return int(lib.tw_device_position(self._raw))

    def heard(self, start: int, stop: int) -> bytes:
        """What came in between two positions; shorter at the end, empty when that is forgotten."""
        return self._copy(lib.tw_copy_heard, start, stop)

    def said(self, start: int, stop: int) -> bytes:
        """What the mouth said between two positions."""
        return self._copy(lib.tw_copy_said, start, stop)

    def _copy(self, copy: Any, start: int, stop: int) -> bytes:
        count = max(stop - max(start, 0), 0)
        if count == 0:
            return b""
        out = ffi.new("int16_t[]", count)
        got = copy(self._raw, max(start, 0), out, count)
        return bytes(ffi.buffer(out, got * SAMPLE_BYTES))

    def listen_digits(self, on: bool) -> None:
        """Switch the DTMF receiver; switching it on forgets earlier digits."""
        lib.tw_listen_digits(self._raw, on)

    def take_digits(self) -> str:
        """Digits heard since the last time."""
        digit, at = ffi.new("char *"), ffi.new("uint64_t *")
        taken = ""
        while lib.tw_take_digit(self._raw, digit, at):
            taken += digit[0].decode("ascii")
        return taken

    # --- the display of a telephone set ---------------------------------------------------------------------

    def plug_display(self, modulation: Modulation, answer: str) -> None:
        """A display that reads this modulation, and answers an alert in a call with a digit (empty: does
        not).
        """
        raw = answer.encode("ascii") or b"\0"
        _check(lib.tw_plug_display(self._raw, int(modulation), raw), f"display that answers {answer!r}")

    def display_off_hook(self, off_hook: bool) -> None:
        """The set's hook switch."""
        lib.tw_display_off_hook(self._raw, off_hook)

    def messages(self) -> list[bytes]:
        """FSK messages since the last time: type, length, content."""
        raw, taken = ffi.new("struct tw_message *"), []
        while lib.tw_take_message(self._raw, raw):
            taken.append(bytes(ffi.buffer(raw.octets)[: raw.length]))
        return taken

    def display_counts(self) -> tuple[int, int]:
        """Alerts heard, and messages broken off or wrong, so far."""
        alerts, bad = ffi.new("uint32_t *"), ffi.new("uint32_t *")
        lib.tw_display_counts(self._raw, alerts, bad)
        return int(alerts[0]), int(bad[0])


def _texts(identity: CallerId) -> tuple[str, str, str]:
    return identity.date, identity.number, identity.name


class LoneDevice(Device):
    """A mouth and an ear without a line: those of a SIP telephone."""

    def __init__(self, seed: int, memory_ms: int = 60_000) -> None:
        out = ffi.new("struct tw_device **")
        settings = ffi.new("struct tw_device_settings *", {"seed": seed, "memory_ms": memory_ms})
        _check(lib.tw_device_create(out, settings), "device")
        raw = ffi.gc(out[0], lib.tw_device_destroy)
        super().__init__(raw, raw)
        self._said = ffi.new("int16_t[]", lib.TW_MAX_BLOCK_SAMPLES)

    def exchange(self, heard: bytes) -> bytes:
        """Hear these samples; returns as many that are said meanwhile."""
        count = len(heard) // SAMPLE_BYTES
        code = lib.tw_device_exchange(self._raw, ffi.from_buffer("int16_t[]", heard), self._said, count)
        _check(code, f"{count} samples at once")
        return bytes(ffi.buffer(self._said, count * SAMPLE_BYTES))


class Wire:
    """A two-wire line between a port of the gateway and `device`."""

    def __init__(self, settings: WireSettings) -> None:
        out = ffi.new("struct tw_line **")
        raw = ffi.new("struct tw_line_settings *")
        for name in WireSettings.__slots__:
            setattr(raw, name, getattr(settings, name))
        _check(lib.tw_line_create(out, raw), f"{settings}")
        self._raw: Any = ffi.gc(out[0], lib.tw_line_destroy)
        self.settings = settings
        self.device = Device(lib.tw_line_device(self._raw), self)

    @property
    def exchange(self) -> int:
        """Address of the function that the signal core calls once a tick."""
        return int(lib.tw_port_exchange_address())

    @property
    def line(self) -> int:
        """Address of its first argument; valid while this object lives."""
        return int(lib.tw_line_address(self._raw))

    def set_loop(self, closed: bool) -> None:
        """Current flows: audio passes both ways."""
        lib.tw_line_set_loop(self._raw, closed)

    def set_ringing(self, on: bool, frequency_hz: float = 25.0) -> None:
        """Ringing power is on the wire (and leaks into what the port hears)."""
        lib.tw_line_set_ringing(self._raw, on, frequency_hz)

    def tick(self, playback: bytes) -> bytes:
        """One block as the signal core would exchange it: for tests without a core."""
        count = len(playback) // SAMPLE_BYTES
        capture = ffi.new("int16_t[]", count)
        played = ffi.from_buffer("int16_t[]", playback)
        _check(lib.tw_port_exchange(self._raw, played, capture, count), "exchange")
        return bytes(ffi.buffer(capture, count * SAMPLE_BYTES))


class Recording:
    """What a line said once, in place of that line: 16-bit samples at 8 kHz, then silence."""

    def __init__(self, samples: bytes) -> None:
        out = ffi.new("struct tw_recording **")
        words = ffi.from_buffer("int16_t[]", samples)
        _check(lib.tw_recording_create(out, words, len(samples) // SAMPLE_BYTES), "recording")
        self._raw: Any = ffi.gc(out[0], lib.tw_recording_destroy)

    @property
    def exchange(self) -> int:
        """Address of the function that the signal core calls once a tick."""
        return int(lib.tw_recording_exchange_address())

    @property
    def line(self) -> int:
        """Address of its first argument; valid while this object lives."""
        return int(lib.tw_recording_address(self._raw))
