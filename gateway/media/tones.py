"""The tone plans of countries: what we send, what the tone receiver listens for, how a bell rings.

The facts are in `gateway.media.tone_table`, each row with its source. No source gives a howler outside North
America; ours is that one everywhere, since it is sent by our own exchange to our own telephones and only has
to be noticed. It is listened for everywhere too: no other tone is like it, and a city line may lead to
another Cityline. Where no source knows the special information tone or the call-waiting tone of a country,
the common ones are taken.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from gateway.media.core_values import ToneDescriptor
from gateway.media.tone_table import COUNTRIES
from gateway.model.learned import BelievedTone
from gateway.model.numbers import ToneKind
from gateway.model.plan import ToneSegment

TONE_LEVEL_DBM0 = -10.0
"""Of a whole tone: the middle of the Russian -15 .. -5 dB, and what an ear takes for an ordinary exchange."""

HOWLER_LEVEL_DBM0 = -10.0
"""Of each of the howler's four sines: together they stay just inside full scale (+3.14 dBm0)."""

RING_HZ = 25
"""Frequency of a bell's power outside North America, where it is 20 Hz."""

ONE_TONE_HZ = 35.0
"""Two sines this close are one whose amplitude swings, to an ear as to the tone receiver."""
LONGEST_BURST_MS = 5_000
"""A longer burst is as good as continuous."""
AGED_HZ = 33.0
"""How far off a dial tone of two sines is looked for beside its place: the receiver finds such a pair within
18 Hz of where it is looked for, one sine within 40.
"""
TONES_MAX = 12
"""So many the core's receiver has room for (`SC_CORE_TONES_MAX`)."""
MOVED_HZ, MOVED_PART = 40.0, 0.2
"""What the receiver takes for the tone of the plan."""
ALIKE_HZ = 10.0
ALIKE_PART = 0.1

_SIT = "950 330/0, 1400 330/0, 1800 330/1000"
_CALL_WAITING = "425 200/5000"
_STUTTER_BURSTS = 6
_HOWLER = "1400+2060+2450+2600 100/100"


@dataclass(frozen=True, slots=True)
class TonePlan:
    """A country's tones and its ring. ``ring_cadence_ms`` is on, off ... as `StartRinging` takes it."""

    country: str
    ring_cadence_ms: tuple[int, ...]
    ring_hz: int
    sent: tuple[tuple[ToneKind, tuple[ToneSegment, ...]], ...]
    heard: tuple[ToneDescriptor, ...]

    def segments(self, kind: ToneKind) -> tuple[ToneSegment, ...]:
        """What to send for ``kind``; every plan has every kind."""
        return next(segments for known, segments in self.sent if known is kind)


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    dial: str
    ringback: str
    busy: str
    congestion: str
    sit: str
    call_waiting: str
    bell: tuple[int, ...]
    bell_hz: int


@dataclass(frozen=True, slots=True)
class _Burst:
    frequencies_hz: tuple[float, ...]
    modulated: bool
    on_ms: int
    off_ms: int


@cache
def _table() -> dict[str, _Row]:
    """The rows of the table by country; a line that begins with a space goes on with the one before."""
    lines = COUNTRIES.strip().replace("\n ", " ").splitlines()
    return dict(_row(line) for line in lines)


def _row(line: str) -> tuple[str, _Row]:
    title, _, text = line.partition(":")
    code, _source, name = title.split(" ", 2)
    fields = dict(field.split(maxsplit=1) for field in text.split(";"))
    ringback = fields["ringback"]
    row = _Row(
        name=name,
        dial=fields["dial"],
        ringback=ringback,
        busy=fields["busy"],
        congestion=fields.get("congestion", fields["busy"]),
        sit=fields.get("sit", _SIT),
        call_waiting=fields.get("waiting", _CALL_WAITING),
        bell=_times(fields.get("bell") or ", ".join(burst.split()[1] for burst in ringback.split(", "))),
        bell_hz=int(fields.get("bell_hz", RING_HZ)),
    )
    return code, row


def _times(text: str) -> tuple[int, ...]:
    return tuple(int(ms) for pair in text.split(",") for ms in pair.split("/"))


def countries() -> tuple[str, ...]:
    """The countries that `tone_plan` knows: ISO 3166 alpha-2 codes, lower case, sorted."""
    return tuple(sorted(_table()))


@cache
def tone_plan(country: str) -> TonePlan:
    """The plan of ``country`` (ISO 3166 alpha-2, any case); KeyError when it is not in `countries`."""
    row = _table()[country.lower()]
    written = {
        ToneKind.DIAL: row.dial,
        ToneKind.RINGBACK: row.ringback,
        ToneKind.BUSY: row.busy,
        ToneKind.CONGESTION: row.congestion,
        ToneKind.SIT: row.sit,
        ToneKind.CALL_WAITING: row.call_waiting,
    }
    sent = {kind: _segments(text, TONE_LEVEL_DBM0) for kind, text in written.items()}
    sent[ToneKind.HOWLER] = _segments(_HOWLER, HOWLER_LEVEL_DBM0, of_each=True)
    sent[ToneKind.STUTTER_DIAL] = _stutter(sent[ToneKind.DIAL])
    return TonePlan(
        country=country.lower(),
        ring_cadence_ms=row.bell,
        ring_hz=row.bell_hz,
        sent=tuple(sent.items()),
        heard=_heard(row),
    )


def _bursts(text: str) -> tuple[_Burst, ...]:
    bursts = []
    for part in text.split(","):
        frequencies, _, times = part.strip().partition(" ")
        on, _, off = times.partition("/")
        carriers = tuple(float(hz.partition("*")[0]) for hz in frequencies.split("+"))
        bursts.append(_Burst(carriers, "*" in frequencies, int(on or 0), int(off or 0)))
    return tuple(bursts)


def _segments(text: str, level_dbm0: float, *, of_each: bool = False) -> tuple[ToneSegment, ...]:
    """Bursts as segments; a tone of two sines is sent 3 dB lower each, so that every tone is equally loud."""
    segments = []
    for burst in _bursts(text):
        level = level_dbm0 if of_each or len(burst.frequencies_hz) == 1 else level_dbm0 - 3.0
        segments.append(ToneSegment(burst.frequencies_hz, level, burst.on_ms))
        if burst.off_ms:
            segments.append(ToneSegment((), level, burst.off_ms))
    return tuple(segments)


def _stutter(dial: tuple[ToneSegment, ...]) -> tuple[ToneSegment, ...]:
    """Short bursts of the dial tone, then the dial tone: something waits for this extension."""
    tone = dial[0]
    burst = (
        ToneSegment(tone.frequencies_hz, tone.level_dbm0, 100),
        ToneSegment((), tone.level_dbm0, 100),
    )
    return burst * _STUTTER_BURSTS + (ToneSegment(tone.frequencies_hz, tone.level_dbm0, 0),)


def _heard(row: _Row) -> tuple[ToneDescriptor, ...]:
    """What to listen for. A congestion tone like busy tone is left out, and a ringback like dial tone: nobody
    could tell them apart.
    """
    dial = _descriptor(ToneKind.DIAL, row.dial)
    heard = [dial, _descriptor(ToneKind.BUSY, row.busy)]
    if max(burst.on_ms for burst in _bursts(row.ringback)) <= LONGEST_BURST_MS:
        heard.insert(1, _descriptor(ToneKind.RINGBACK, row.ringback))
    if not _alike(_bursts(row.congestion), _bursts(row.busy)):
        heard.append(_descriptor(ToneKind.CONGESTION, row.congestion))
    heard.append(_descriptor(ToneKind.SIT, row.sit))
    heard.append(_descriptor(ToneKind.HOWLER, _HOWLER))
    return (*heard, *_aged(dial))


def with_learned(
    heard: Iterable[ToneDescriptor], learned: Iterable[BelievedTone]
) -> tuple[ToneDescriptor, ...]:
    """The tones to listen for on a line whose calls end in ``learned``: each takes the place of the country's
    tone of its kind when it is that tone, a little off, and stands beside it when it is quite another.
    """
    tones = list(heard)
    for tone in learned:
        own = ToneDescriptor(
            tone.kind,
            tuple(round(hz, 1) for hz in tone.frequencies_hz),
            (round(tone.on_ms), round(tone.off_ms)),
        )
        places = [place for place, known in enumerate(tones) if _is_moved(own, known)]
        if places:
            tones[places[0]] = own
        elif len(tones) < TONES_MAX and own not in tones:
            tones.append(own)
    return tuple(tones)


def _is_moved(own: ToneDescriptor, known: ToneDescriptor) -> bool:
    """Whether this is the same tone of the plan, off by no more than the receiver takes."""
    if own.kind is not known.kind or len(known.cadence_ms) != 2:
        return False
    if len(own.frequencies_hz) != len(known.frequencies_hz):
        return False
    near_hz = all(
        abs(a - b) <= MOVED_HZ for a, b in zip(own.frequencies_hz, known.frequencies_hz, strict=True)
    )
    pairs = zip(own.cadence_ms, known.cadence_ms, strict=True)
    return near_hz and all(abs(a - b) <= MOVED_PART * b for a, b in pairs)


def _aged(dial: ToneDescriptor) -> tuple[ToneDescriptor, ...]:
    """The dial tone of an old exchange, whose generator is off as a whole."""
    if len(dial.frequencies_hz) == 1:
        return ()
    return tuple(
        dial._replace(frequencies_hz=tuple(hz + off_hz for hz in dial.frequencies_hz))
        for off_hz in (-AGED_HZ, AGED_HZ)
    )


def _alike(one: tuple[_Burst, ...], other: tuple[_Burst, ...]) -> bool:
    """Is every burst of one a burst of the other, within what exchanges of one country differ by?"""
    a, b = one * len(other), other * len(one)
    return all(
        len(x.frequencies_hz) == len(y.frequencies_hz)
        and all(abs(p - q) <= ALIKE_HZ for p, q in zip(x.frequencies_hz, y.frequencies_hz, strict=True))
        and abs(x.on_ms - y.on_ms) <= ALIKE_PART * y.on_ms
        and abs(x.off_ms - y.off_ms) <= ALIKE_PART * y.off_ms
        for x, y in zip(a, b, strict=True)
    )


def _descriptor(kind: ToneKind, text: str) -> ToneDescriptor:
    bursts = _bursts(text)
    frequencies = bursts[0].frequencies_hz
    if kind is ToneKind.SIT:
        frequencies = tuple(hz for burst in bursts for hz in burst.frequencies_hz)
    modulated = bursts[0].modulated
    if (
        kind is not ToneKind.SIT
        and len(frequencies) == 2
        and max(frequencies) - min(frequencies) <= ONE_TONE_HZ
    ):
        frequencies, modulated = (sum(frequencies) / 2,), True
    continuous = bursts[0].on_ms == 0
    cadence = () if continuous else tuple(ms for burst in bursts for ms in (burst.on_ms, burst.off_ms))
    return ToneDescriptor(kind, frequencies, cadence, modulated)
