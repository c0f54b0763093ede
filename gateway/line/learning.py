"""What a line learns from its ordinary calls: purely, from one observation after the other.

The newest observations are kept, and what is believed is computed from them afresh, so that nothing that was
once wrong stays for ever. A tone is believed as a machine repeats itself: from call to call within some hertz
and some milliseconds. What nobody else took for the end of a call (``told`` is false: our side hung up while
it sounded) must be purer, longer, near where exchanges have their tones, and come again in four calls, before
it counts: a melody or a voice may sound like a tone once, the same one twice does not.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

from gateway.model.causes import Evidence
from gateway.model.echo import EchoFigures
from gateway.model.learned import (
    BelievedTone,
    DialToneSeen,
    EndTone,
    IdentityScheme,
    LearnedFact,
    LineKnowledge,
    RingSeen,
)
from gateway.model.numbers import NS_PER_MS, ToneKind

KEPT = 24
"""Observations of each sort that are kept: a day or two of a busy line."""
SURE = 0.95
"""From this confidence on what was learned is put to use."""

TOLD_CYCLES, TOLD_PURITY = 2, 0.5
UNTOLD_CYCLES, UNTOLD_PURITY = 5, 0.85
UNTOLD_ENDINGS = 4
UNTOLD_HZ = (300.0, 650.0)
"""Where exchanges have their busy tones (ITU-T E.180 supplement 2: 350 to 620 Hz), and 50 Hz more."""
SAME_HZ, SAME_PART, SAME_MS = 10.0, 0.10, 15.0
CYCLE_PART = 0.04
"""How far the whole cycles of untold endings may differ: a machine's do not."""
FAST_CYCLE_MS = 560.0
"""A shorter cycle is congestion's: 200 to 500 ms in all tables, busy tone's 600 to 1500."""
DOUBT_LEFT, AGREES, CYCLES_FULL = 0.5, 0.6, 6.0
"""Doubt that an ending of many cycles leaves; that an ending which agrees with others leaves; how many are
many.
"""
FACT_DOUBT = 0.55
"""Doubt that one more observation like the others leaves."""
DRIFT_ENDINGS = 3
"""So many endings in a row, alike among themselves and unlike what was believed, are a drift."""
EDGE_GAP_NS = 120 * NS_PER_MS
SHORTEST_RING_NS = 200 * NS_PER_MS
TONE_SIGNS = (Evidence.BUSY_TONE, Evidence.CONGESTION_TONE)
FAR_END_SIGNS = (*TONE_SIGNS, Evidence.DIAL_TONE, Evidence.LOOP_BREAK, Evidence.POLARITY)

_Seen = TypeVar("_Seen")


# --- observing ---------------------------------------------------------------------------------------------


def with_ending(knowledge: LineKnowledge, tone: EndTone) -> LineKnowledge:
    """A call has ended in this tone."""
    return replace(knowledge, endings=_kept(knowledge.endings, tone)) if is_credible(tone) else knowledge


def with_leaving(knowledge: LineKnowledge, evidence: Evidence) -> LineKnowledge:
    """The far end has left, and this told us."""
    if evidence not in FAR_END_SIGNS:
        return knowledge
    return replace(knowledge, leavings=_kept(knowledge.leavings, evidence))


def with_ring(knowledge: LineKnowledge, edges_ns: Sequence[int], scheme: IdentityScheme) -> LineKnowledge:
    """A call has rung so, and its caller was named so."""
    knowledge = replace(knowledge, identities=_kept(knowledge.identities, scheme))
    seen = ring_of(edges_ns)
    return knowledge if seen is None else replace(knowledge, rings=_kept(knowledge.rings, seen))


def with_echo(knowledge: LineKnowledge, echo: EchoFigures) -> LineKnowledge:
    """A call's canceller has measured this."""
    if echo.delay_ms is None:
        return knowledge
    return replace(knowledge, echoes=_kept(knowledge.echoes, echo))


def with_dial_tone(knowledge: LineKnowledge, seen: DialToneSeen) -> LineKnowledge:
    """We have seized the line, and its exchange asks for digits."""
    return replace(knowledge, dial_tones=_kept(knowledge.dial_tones, seen))


def _kept(before: tuple[_Seen, ...], new: _Seen) -> tuple[_Seen, ...]:
    return (*before, new)[-KEPT:]


def is_credible(tone: EndTone) -> bool:
    """Whether it may be an exchange's tone at all."""
    if tone.told:
        return tone.cycles >= TOLD_CYCLES and tone.purity >= TOLD_PURITY
    low, high = UNTOLD_HZ
    placed = all(low <= hz <= high for hz in tone.frequencies_hz)
    return placed and tone.cycles >= UNTOLD_CYCLES and tone.purity >= UNTOLD_PURITY


def ring_of(edges_ns: Sequence[int]) -> RingSeen | None:
    """Ring, pause and frequency from the edges of one call; None when fewer than two rings were whole."""
    bursts = [burst for burst in _bursts(edges_ns) if burst[-1] - burst[0] >= SHORTEST_RING_NS]
    if len(bursts) < 2:
        return None
    first, second = bursts[0], bursts[1]
    on_ns = first[-1] - first[0]
    # Two edges a cycle; by the middle interval, since a busy machine may lose an edge.
    intervals = sorted(later - edge for edge, later in pairwise(first))
    frequency_hz = 0.5e9 / max(intervals[len(intervals) // 2], 1)
    off_ns = second[0] - first[-1]
    return RingSeen(round(on_ns / NS_PER_MS), round(off_ns / NS_PER_MS), round(frequency_hz, 1))


def _bursts(edges_ns: Sequence[int]) -> list[list[int]]:
    bursts: list[list[int]] = []
    for edge_ns in edges_ns:
        if not bursts or edge_ns - bursts[-1][-1] > EDGE_GAP_NS:
            bursts.append([])
        bursts[-1].append(edge_ns)
    return bursts


# --- believing ---------------------------------------------------------------------------------------------


def believed(knowledge: LineKnowledge) -> tuple[BelievedTone, ...]:
    """The tones that the line's calls end in, the most certain first."""
    groups: list[list[EndTone]] = []
    for tone in knowledge.endings:
        group = next((one for one in groups if _alike(tone, one[-1])), None)
        if group is None:
            groups.append([tone])
        else:
            group.append(tone)
    tones = [_mean(group) for group in groups if _may_be_believed(group)]
    return tuple(sorted(tones, key=lambda tone: -tone.confidence))


def _may_be_believed(group: Sequence[EndTone]) -> bool:
    if any(tone.told for tone in group):
        return True
    cycles = [tone.on_ms + tone.off_ms for tone in group]
    return len(group) >= UNTOLD_ENDINGS and max(cycles) - min(cycles) <= CYCLE_PART * max(cycles)


def _alike(tone: EndTone, other: EndTone) -> bool:
    if len(tone.frequencies_hz) != len(other.frequencies_hz):
        return False
    pairs = zip(tone.frequencies_hz, other.frequencies_hz, strict=True)
    return (
        all(abs(hz - other_hz) <= SAME_HZ for hz, other_hz in pairs)
        and abs(tone.on_ms - other.on_ms) <= SAME_MS + SAME_PART * other.on_ms
        and abs(tone.off_ms - other.off_ms) <= SAME_MS + SAME_PART * other.off_ms
    )


def _mean(group: Sequence[EndTone]) -> BelievedTone:
    weights = [tone.cycles for tone in group]

    def mean(values: Iterable[float]) -> float:
        return sum(weight * value for weight, value in zip(weights, values, strict=True)) / sum(weights)

    on_ms, off_ms = mean(tone.on_ms for tone in group), mean(tone.off_ms for tone in group)
    count = len(group[0].frequencies_hz)
    return BelievedTone(
        kind=ToneKind.CONGESTION if on_ms + off_ms < FAST_CYCLE_MS else ToneKind.BUSY,
        frequencies_hz=tuple(mean(tone.frequencies_hz[place] for tone in group) for place in range(count)),
        on_ms=on_ms,
        off_ms=off_ms,
        level_dbm0=mean(tone.level_dbm0 for tone in group),
        endings=len(group),
        confidence=1.0 - _doubt(group),
    )


def _doubt(group: Sequence[EndTone]) -> float:
    doubt = 1.0
    for place, tone in enumerate(group):
        many = min(1.0, (tone.cycles - 1) / CYCLES_FULL)
        doubt *= 1.0 - (1.0 - DOUBT_LEFT) * many * tone.purity
        doubt *= AGREES if place else 1.0
    return doubt


def sure_tones(knowledge: LineKnowledge) -> tuple[BelievedTone, ...]:
    """Those that are put to use."""
    return tuple(tone for tone in believed(knowledge) if tone.confidence >= SURE)


def drift(before: LineKnowledge, after: LineKnowledge) -> str:
    """A sentence when the newest ending shows that the line's tone has moved; empty otherwise."""
    if after.endings == before.endings or not after.endings[-1].told:
        return ""
    like_kind = [
        tone for tone in after.endings if tone.told and _is_fast(tone) is _is_fast(after.endings[-1])
    ]
    newest, earlier = like_kind[-DRIFT_ENDINGS:], like_kind[:-DRIFT_ENDINGS]
    if not earlier or not all(_alike(tone, newest[-1]) for tone in newest) or _alike(earlier[-1], newest[0]):
        return ""
    now = _mean(newest)
    older = replace(after, endings=tuple(earlier))
    known = [tone for tone in sure_tones(older) if tone.kind is now.kind]
    if not known or any(_near(now, tone) for tone in known):
        return ""
    return f"the {now.kind.value} tone of its exchange was {shown(known[0])}, and is now {shown(now)}"


def _is_fast(tone: EndTone) -> bool:
    return tone.on_ms + tone.off_ms < FAST_CYCLE_MS


def _near(tone: BelievedTone, other: BelievedTone) -> bool:
    def as_end(one: BelievedTone) -> EndTone:
        return EndTone(one.frequencies_hz, one.on_ms, one.off_ms, one.level_dbm0, 1, 1.0, told=True)

    return _alike(as_end(tone), as_end(other))


# --- telling -----------------------------------------------------------------------------------------------


def shown(tone: BelievedTone) -> str:
    """For people: ``431 Hz, 352/347 ms, -17 dBm0``."""
    hertz = "+".join(f"{hz:.0f}" for hz in tone.frequencies_hz)
    return f"{hertz} Hz, {tone.on_ms:.0f}/{tone.off_ms:.0f} ms, {tone.level_dbm0:.0f} dBm0"


def facts(knowledge: LineKnowledge) -> tuple[LearnedFact, ...]:
    """All that is known of a line."""
    found = [
        LearnedFact(f"{tone.kind.value} tone", shown(tone), round(tone.confidence, 3), tone.endings)
        for tone in believed(knowledge)
    ]
    found += _commonest("disconnect", [str(evidence) for evidence in knowledge.leavings])
    found += _commonest("caller identity", [str(scheme) or "none" for scheme in knowledge.identities])
    found += _middle("ring", [(ring.on_ms, ring.off_ms, ring.frequency_hz) for ring in knowledge.rings])
    delays = [(echo.delay_ms, echo.erl_db or 0.0) for echo in knowledge.echoes if echo.delay_ms is not None]
    found += _middle("echo", delays)
    found += _middle("dial tone", [(seen.after_ms, seen.level_dbm0) for seen in knowledge.dial_tones])
    return tuple(found)


def unlearned(knowledge: LineKnowledge) -> tuple[str, ...]:
    """What nothing is known of yet."""
    known = {fact.what for fact in facts(knowledge)}
    return tuple(what for what in LEARNABLE if what not in known)


LEARNABLE = ("dial tone", "busy tone", "disconnect", "caller identity", "ring", "echo")
FORMS = {
    "ring": "{:.0f}/{:.0f} ms, {:.0f} Hz",
    "echo": "{:.1f} ms, ERL {:.0f} dB",
    "dial tone": "after {:.0f} ms, {:.0f} dBm0",
}
SPREAD_PART = 0.1
SPREAD_LEAST = 3.0
"""A figure within so much of the middle one agrees with it."""


def _commonest(what: str, seen: Sequence[str]) -> list[LearnedFact]:
    if not seen:
        return []
    value, count = Counter(seen).most_common(1)[0]
    return [LearnedFact(what, value, _confidence(count, len(seen)), len(seen))]


def _middle(what: str, seen: Sequence[tuple[float, ...]]) -> list[LearnedFact]:
    if not seen:
        return []
    middle = tuple(sorted(values)[len(seen) // 2] for values in zip(*seen, strict=True))
    agree = sum(
        all(
            abs(value - right) <= max(SPREAD_LEAST, SPREAD_PART * abs(right))
            for value, right in zip(row, middle, strict=True)
        )
        for row in seen
    )
    return [LearnedFact(what, FORMS[what].format(*middle), _confidence(agree, len(seen)), len(seen))]


def _confidence(agree: int, count: int) -> float:
    return float(round(agree / count * (1.0 - FACT_DOUBT**agree), 3))
