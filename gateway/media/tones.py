"""The tone plans of countries: what we send, what the tone receiver listens for, how a bell rings.

A row of the table writes a tone as bursts, ``425 1000/4000``: 425 Hz for 1000 ms, then 4000 ms of silence;
bursts are separated by commas and repeat for ever; without times the tone is continuous; ``+`` sounds two
frequencies together.

Sources: Russia from the regulation on telephone exchanges (consultant.ru LAW_93993, table 1: ringback 1.0 ±
0.1 / 4.0 ± 0.4 s, busy 0.3-0.4 / 0.3-0.4 s, congestion 0.15-0.2 / 0.15-0.2 s, 425 Hz, -15 .. -5 dB); Ukraine,
Belarus and Kazakhstan inferred from it (the same plant). The others from Asterisk's indications.conf.sample,
checked against DAHDI's zonedata.c. No source gives a howler outside North America; ours is that one
everywhere, since it is sent by our own exchange to our own telephones and only has to be noticed.
"""

from dataclasses import dataclass
from functools import cache

from gateway.media.core_values import ToneDescriptor
from gateway.model.numbers import ToneKind
from gateway.model.plan import ToneSegment

TONE_LEVEL_DBM0 = -10.0
"""Of a whole tone: the middle of the Russian -15 .. -5 dB, and what an ear takes for an ordinary exchange."""

HOWLER_LEVEL_DBM0 = -10.0
"""Of each of the howler's four sines: together they stay just inside full scale (+3.14 dBm0)."""

RING_HZ = 25
"""Frequency of a bell's power outside North America, where it is 20 Hz."""

_SIT = "950 330/0, 1400 330/0, 1800 330/1000"
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
    dial: str
    ringback: str
    busy: str
    congestion: str
    ring: tuple[int, ...]
    call_waiting: str = "425 200/5000"
    sit: str = _SIT
    ring_hz: int = RING_HZ


_LONG = (1000, 4000)
_DOUBLE = (400, 200, 400, 2000)
_RUSSIAN = _Row("425", "425 1000/4000", "425 350/350", "425 175/175", _LONG)
_NORTH_AMERICAN = _Row(
    "350+440",
    "440+480 2000/4000",
    "480+620 500/500",
    "480+620 250/250",
    (2000, 4000),
    "440 300/10000",
    ring_hz=20,
)

_TABLE = {
    "ru": _RUSSIAN,
    "ua": _RUSSIAN,
    "by": _RUSSIAN,
    "kz": _RUSSIAN,
    "us": _NORTH_AMERICAN,
    "ca": _NORTH_AMERICAN,
    "at": _Row("420", "420 1000/5000", "420 400/400", "420 200/200", (1000, 5000), "420 40/1960"),
    "be": _Row(
        "425", "425 1000/3000", "425 500/500", "425 167/167", (1000, 3000), "1400 175/175, 1400 175/3500"
    ),
    "bg": _Row("425", "425 1000/4000", "425 500/500", "425 250/250", _LONG, "425 150/150, 425 150/4000"),
    "ch": _Row("425", "425 1000/4000", "425 500/500", "425 200/200", _LONG, "425 200/200, 425 200/4000"),
    "cn": _Row("450", "450 1000/4000", "450 350/350", "450 700/700", _LONG, "450 400/4000"),
    "cz": _Row(
        "425 330/330, 425 660/660", "425 1000/4000", "425 330/330", "425 165/165", _LONG, "425 330/9000"
    ),
    "de": _Row("425", "425 1000/4000", "425 480/480", "425 240/240", _LONG, "425 200/200, 425 200/5000"),
    "dk": _Row("425", "425 1000/4000", "425 500/500", "425 200/200", _LONG),
    "ee": _Row("425", "425 1000/4000", "425 300/300", "425 200/200", _LONG),
    "es": _Row(
        "425",
        "425 1500/3000",
        "425 200/200",
        "425 200/200, 425 200/200, 425 200/600",
        (1500, 3000),
        "425 175/175, 425 175/3500",
    ),
    "fi": _Row("425", "425 1000/4000", "425 300/300", "425 200/200", _LONG, "425 150/150, 425 150/8000"),
    "fr": _Row("440", "440 1500/3500", "440 500/500", "440 250/250", (1500, 3500), "440 300/10000"),
    "gb": _Row(
        "350+440",
        "400+450 400/200, 400+450 400/2000",
        "400 375/375",
        "400 400/350, 400 225/525",
        _DOUBLE,
        "400 100/4000",
    ),
    "gr": _Row("425 200/300, 425 700/800", "425 1000/4000", "425 300/300", "425 200/200", _LONG),
    "hu": _Row("425", "425 1250/3750", "425 300/300", "425 300/300", (1250, 3750), "425 40/1960"),
    "il": _Row("414", "414 1000/3000", "414 500/500", "414 250/250", (1000, 3000)),
    "it": _Row("425 200/200, 425 600/1000", "425 1000/4000", "425 500/500", "425 200/200", _LONG),
    "lt": _Row("425", "425 1000/4000", "425 350/350", "425 200/200", _LONG, "425 150/150, 425 150/4000"),
    "nl": _Row("425", "425 1000/4000", "425 500/500", "425 250/250", _LONG, "425 500/9500"),
    "no": _Row("425", "425 1000/4000", "425 500/500", "425 200/200", _LONG, "425 200/600, 425 200/10000"),
    "nz": _Row("400", "400+450 400/200, 400+450 400/2000", "400 500/500", "400 250/250", _DOUBLE),
    "pl": _Row("425", "425 1000/4000", "425 500/500", "425 500/500", _LONG, "425 150/150, 425 150/4000"),
    "pt": _Row("425", "425 1000/5000", "425 500/500", "425 200/200", (1000, 5000), "440 300/10000"),
    "se": _Row(
        "425", "425 1000/5000", "425 250/250", "425 250/750", (1000, 5000), "425 200/500, 425 200/9100"
    ),
    "tr": _Row(
        "450", "450 2000/4000", "450 500/500", "450 600/200", (2000, 4000), "450 200/600, 450 200/800"
    ),
}


@dataclass(frozen=True, slots=True)
class _Burst:
    frequencies_hz: tuple[float, ...]
    on_ms: int
    off_ms: int


def countries() -> tuple[str, ...]:
    """The countries that `tone_plan` knows: ISO 3166 alpha-2 codes, lower case, sorted."""
    return tuple(sorted(_TABLE))


@cache
def tone_plan(country: str) -> TonePlan:
    """The plan of ``country`` (ISO 3166 alpha-2, any case); KeyError when it is not in `countries`."""
    row = _TABLE[country.lower()]
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
        ring_cadence_ms=row.ring,
        ring_hz=row.ring_hz,
        sent=tuple(sent.items()),
        heard=_heard(row),
    )


def _bursts(text: str) -> tuple[_Burst, ...]:
    bursts = []
    for part in text.split(","):
        frequencies, _, times = part.strip().partition(" ")
        on, _, off = times.partition("/")
        bursts.append(_Burst(tuple(float(hz) for hz in frequencies.split("+")), int(on or 0), int(off or 0)))
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
    """What to listen for. A congestion tone like busy tone is left out: nobody could tell them apart."""
    heard = [
        _descriptor(ToneKind.DIAL, row.dial),
        _descriptor(ToneKind.RINGBACK, row.ringback),
        _descriptor(ToneKind.BUSY, row.busy),
    ]
    if row.congestion != row.busy:
        heard.append(_descriptor(ToneKind.CONGESTION, row.congestion))
    heard.append(_descriptor(ToneKind.SIT, row.sit))
    return tuple(heard)


def _descriptor(kind: ToneKind, text: str) -> ToneDescriptor:
    bursts = _bursts(text)
    frequencies = bursts[0].frequencies_hz
    if kind is ToneKind.SIT:
        frequencies = tuple(hz for burst in bursts for hz in burst.frequencies_hz)
    continuous = bursts[0].on_ms == 0
    cadence = () if continuous else tuple(ms for burst in bursts for ms in (burst.on_ms, burst.off_ms))
    return ToneDescriptor(kind, frequencies, cadence)
