"""Tones that a port listens for, as the signal core takes them."""

from collections.abc import Iterable
from typing import Any

from gateway.errors import Bug
from gateway.media.core_values import ToneDescriptor
from gateway.model.numbers import ToneKind

RECEIVER_PAIRS_MAX = 4
RECEIVER_FREQUENCIES_MAX = 4

TONE_KINDS = {
    ToneKind.DIAL: 1,
    ToneKind.STUTTER_DIAL: 2,
    ToneKind.RINGBACK: 3,
    ToneKind.BUSY: 4,
    ToneKind.CONGESTION: 5,
    ToneKind.SIT: 6,
    ToneKind.HOWLER: 7,
}


def write_tones(ffi: Any, tones: Iterable[ToneDescriptor | tuple[Any, ...]]) -> tuple[Any, int]:
    """The tones that the receiver knows, as C has them; Bug for what it cannot listen for."""
    heard = [ToneDescriptor(*tone) for tone in tones if tone[0] in TONE_KINDS]
    image = ffi.new("struct sc_core_tone[]", max(1, len(heard)))
    for target, tone in zip(image, heard, strict=False):
        _write_tone(target, tone)
    return image, len(heard)


def _write_tone(target: Any, tone: ToneDescriptor) -> None:
    pairs = list(zip(tone.cadence_ms[::2], tone.cadence_ms[1::2], strict=False))
    if len(tone.cadence_ms) % 2 or len(pairs) > RECEIVER_PAIRS_MAX:
        raise Bug(
            f"signal core: the cadence of {tone.kind} is not up to {RECEIVER_PAIRS_MAX} pairs of on and off"
        )
    if not 0 < len(tone.frequencies_hz) <= RECEIVER_FREQUENCIES_MAX:
        raise Bug(
            f"signal core: {tone.kind} has {len(tone.frequencies_hz)} frequencies;"
            f" 1 to {RECEIVER_FREQUENCIES_MAX} can be listened for"
        )
    target.kind = TONE_KINDS[tone.kind]
    target.sequence = tone.kind is ToneKind.SIT and len(tone.frequencies_hz) > 1
    target.modulated = tone.modulated
    target.frequency_count = len(tone.frequencies_hz)
    for index, frequency_hz in enumerate(tone.frequencies_hz):
        target.frequency_hz[index] = frequency_hz
    target.pair_count = len(pairs)
    for index, (on_ms, off_ms) in enumerate(pairs):
        target.on_ms[index], target.off_ms[index] = on_ms, off_ms
