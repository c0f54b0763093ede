"""The canceller of a port through the core's one crossing: machines that want the line as it is, and a delay
from an earlier run.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat

import pytest

from gateway.errors import Bug
from gateway.media.core import CorePort, CoreSettings, PortStatistics, SignalCore, WireAudio
from gateway.model.numbers import NodeId, PortId
from gateway.model.plan import Hears, Plan, PortNode
from tests.media.conftest import Rig
from tests.media.lines import SAMPLE_HZ, Line, amplitude

FAX, CITY = NodeId(1), NodeId(2)
REVERSAL_MS = 450
ECHO = 0.3
TICK_SAMPLES = 80


def answer_tone(seconds: float, *, reversals: bool, dbm0: float = -12.0) -> Iterator[int]:
    """2100 Hz, turned over every 450 ms or never (V.25)."""
    peak, step = amplitude(dbm0), 2 * math.pi * 2_100 / SAMPLE_HZ
    for number in range(int(seconds * SAMPLE_HZ)):
        sign = -1 if reversals and number * 1_000 // SAMPLE_HZ // REVERSAL_MS % 2 else 1
        yield round(sign * peak * math.sin(step * number))


def noise(seed: int, dbm0: float, seconds: float) -> Iterator[int]:
    """White noise of that level; another seed, another noise."""
    peak = amplitude(dbm0)
    for _ in range(int(seconds * SAMPLE_HZ)):
        seed = (seed * 1_103_515_245 + 12_345) & 0x7FFF_FFFF
        yield round((seed / 0x4000_0000 - 1) * peak)


def talk(rig: Rig) -> None:
    """Both hear one another."""
    rig.apply(hears=((1, 2), (2, 1)))


def end(rig: Rig) -> None:
    """Nobody hears anybody."""
    rig.apply()


def figures(rig: Rig, node: NodeId) -> PortStatistics:
    return rig.core.statistics().port(node)


def heard(rig: Rig, line: int) -> array[int]:
    return rig.lines[line].heard


# --- machines -----------------------------------------------------------------------------------------------


def test_a_modem_with_reversals_gets_the_line_untouched(rig: Rig) -> None:
    """G.168 7: from one second after the tone began what the near end sends passes sample for sample."""
    rig.lines[1].echo = (ECHO, 40)
    talk(rig)
    rig.lines[0].says(noise(3, -20, 4))
    rig.ticks(4_000)
    assert figures(rig, CITY).converged
    sent = list(chain(answer_tone(3.3, reversals=True), noise(5, -13, 3)))
    rig.lines[1].says(iter(sent))
    rig.lines[0].says(chain(repeat(0, int(3.3 * SAMPLE_HZ)), noise(7, -13, 3)))
    rig.forget()
    rig.ticks(6_300)
    both = (FAX, CITY)
    assert all(figures(rig, node).canceller_disabled and figures(rig, node).nlp_off for node in both)
    # The line gives back what it was sent a second and more ago plus its own echo, and both pass as they are.
    played = heard(rig, 1)
    begin = int(1.1 * SAMPLE_HZ)
    arrived = heard(rig, 0)[TICK_SAMPLES:]
    expected = [
        max(-32_768, min(32_767, sent[n] + round(ECHO * played[n - 40])))
        for n in range(begin, len(sent) - TICK_SAMPLES)
    ]
    assert list(arrived[begin : begin + len(expected)]) == expected


def test_a_fax_tone_without_reversals_takes_the_nlp_only(rig: Rig) -> None:
    rig.lines[1].echo = (ECHO, 40)
    talk(rig)
    rig.lines[1].says(answer_tone(2.6, reversals=False))
    rig.ticks(3_000)
    assert figures(rig, CITY).nlp_off
    assert not figures(rig, CITY).canceller_disabled
    rig.lines[0].says(noise(3, -20, 6))
    rig.ticks(6_000)
    assert figures(rig, CITY).captured_dbm0 - figures(rig, CITY).spoken_dbm0 > 25
    assert figures(rig, CITY).nlp_off


def test_the_canceller_comes_back_after_silence_and_the_nlp_with_the_next_call(rig: Rig) -> None:
    talk(rig)
    rig.lines[1].says(answer_tone(2, reversals=True))
    rig.ticks(2_000)
    assert figures(rig, CITY).canceller_disabled
    rig.ticks(200)
    assert figures(rig, CITY).canceller_disabled
    rig.ticks(200)
    assert not figures(rig, CITY).canceller_disabled
    assert figures(rig, CITY).nlp_off
    end(rig)
    rig.ticks(10)
    assert not figures(rig, CITY).nlp_off


@pytest.mark.parametrize("turn_ms", [200, 700])
def test_another_rhythm_of_reversals_disables_nothing(rig: Rig, turn_ms: int) -> None:
    peak, step = amplitude(-12), 2 * math.pi * 2_100 / SAMPLE_HZ
    signs = (-1 if number * 1_000 // SAMPLE_HZ // turn_ms % 2 else 1 for number in range(32_000))
    rig.lines[1].says(iter([round(s * peak * math.sin(step * n)) for n, s in enumerate(signs)]))
    talk(rig)
    rig.ticks(4_000)
    assert not figures(rig, CITY).canceller_disabled


# --- a delay from an earlier run ----------------------------------------------------------------------------

DELAY_SAMPLES = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """When the linear filter took 15 dB for the first time; what it took and which delay it named at the
    end.
    """

    at_15_db_s: float
    erle_db: float
    delay_samples: int | None


def run_with(known: int | None, seconds: float) -> Outcome:
    """A line whose echo comes after DELAY_SAMPLES; the core was told ``known``."""
    lines = (Line(), Line())
    lines[1].echo = (ECHO, DELAY_SAMPLES)
    lines[0].says(noise(11, -16, seconds))
    ports = (
        CorePort(FAX, WireAudio(lines[0].exchange, 0)),
        CorePort(CITY, WireAudio(lines[1].exchange, 0), echo_delay_samples=known),
    )
    core = SignalCore(CoreSettings(ports=ports, rtp_sockets=0))
    nodes = tuple(PortNode(port.node, PortId(f"fxs{port.node}")) for port in ports)
    core.apply(Plan(1, nodes, (Hears(FAX, CITY), Hears(CITY, FAX))))
    reached = math.inf
    for tick in range(int(seconds * 100)):
        core.tick()
        if core.statistics().port(CITY).erle_db >= 15:
            reached = min(reached, tick / 100)
    port = core.statistics().port(CITY)
    core.close()
    return Outcome(reached, port.erle_db, port.echo_delay_samples)


def test_a_delay_that_is_known_is_told_from_the_start() -> None:
    ports = (CorePort(CITY, WireAudio(Line().exchange, 0), echo_delay_samples=300),)
    core = SignalCore(CoreSettings(ports=ports, rtp_sockets=0))
    assert core.statistics().port(CITY).echo_delay_samples == 300
    core.close()


def test_what_one_run_found_makes_the_next_one_begin_faster() -> None:
    first = run_with(None, 4)
    assert first.delay_samples is not None
    assert abs(first.delay_samples - DELAY_SAMPLES) <= 64
    second = run_with(first.delay_samples, 4)
    print(f"15 dB: at first after {first.at_15_db_s} s, the second time after {second.at_15_db_s} s")
    assert second.at_15_db_s < 0.75 * first.at_15_db_s
    assert second.delay_samples == first.delay_samples


@pytest.mark.parametrize("wrong", [0, 250, 900])
def test_a_wrong_delay_is_corrected(wrong: int) -> None:
    outcome = run_with(wrong, 8)
    assert outcome.delay_samples is not None
    assert abs(outcome.delay_samples - DELAY_SAMPLES) <= 64
    assert outcome.erle_db > 20


@pytest.mark.parametrize("nonsense", [-1, 1_024, 5_000])
def test_a_delay_that_cannot_be_is_refused(nonsense: int) -> None:
    ports = (CorePort(CITY, WireAudio(Line().exchange, 0), echo_delay_samples=nonsense),)
    with pytest.raises(Bug, match="cannot be made"):
        SignalCore(CoreSettings(ports=ports, rtp_sockets=0))
