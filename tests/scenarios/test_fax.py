"""A fax machine on an extension, one in the city: they get the line as it is, and people after them a
canceller that works. What was measured on the way stands in the journal.
"""

from __future__ import annotations

import math
import random
from array import array

from gateway.bench.stage import Stage
from gateway.media.core import PortStatistics
from gateway.model.causes import Cause
from gateway.model.echo import LegEcho
from gateway.simulator import meters

SAMPLE_HZ = 8_000
SAMPLE_BYTES = 2
AMPLITUDE = 8_000
TONE_MS = 3_300
PAGE_MS = 3_000
LOSSES_DB = 2.5
"""Of the two wires: 0.5 dB in the house and 2 dB to the exchange."""


def answer_tone(*, reversals: bool) -> array[int]:
    """2100 Hz, turned over every 450 ms (V.25) or never (T.30's CED)."""
    return array(
        "h",
        (
            round(
                AMPLITUDE
                * (-1 if reversals and n // 3_600 % 2 else 1)
                * math.sin(2 * math.pi * 2_100 * n / SAMPLE_HZ)
            )
            for n in range(TONE_MS * 8)
        ),
    )


def page(seed: int) -> array[int]:
    """What a modem sends sounds like noise of steady level."""
    chance = random.Random(seed)
    return array("h", (round(max(-32_000, min(32_000, chance.gauss(0, 2_000)))) for _ in range(PAGE_MS * 8)))


def ports(stage: Stage) -> tuple[PortStatistics, PortStatistics]:
    """The fax machine's port and the city line's."""
    board = stage.office.configuration.board
    nodes = {port.port: port.node for port in board.ports}
    figures = stage.office.core.statistics()
    return figures.port(nodes["fxs1"]), figures.port(nodes["fxo1"])


def connect(stage: Stage) -> None:
    """The city calls, 101 answers."""
    assert stage.calls(1, "4951112233")
    stage.wait(6_500)
    stage.telephone("101").lifts()
    stage.wait(600)


def test_a_modem_from_the_city_talks_both_ways_untouched(stage: Stage) -> None:
    fax, city = stage.telephone("101").ear.device, stage.city(1).ear.device
    connect(stage)
    fax.hush()
    city.hush()
    city.say_clip(answer_tone(reversals=True).tobytes())
    stage.wait(TONE_MS)
    assert all(port.canceller_disabled and port.nlp_off for port in ports(stage))
    there, back = page(3), page(4)
    starts = city.position, fax.position
    city.say_clip(there.tobytes())
    fax.say_clip(back.tobytes())
    stage.wait(PAGE_MS + 200)
    # Half a second at a time: what is heard at the other end is all there, from the first one on.
    for said, ear, start in ((back, city, starts[0]), (there, fax, starts[1])):
        heard = ear.heard(start, ear.position)
        for at in range(0, PAGE_MS - 500, 500):
            piece = said[at * 8 : (at + 500) * 8].tobytes()
            found = meters.match(piece, heard[at * 16 : (at + 700) * 16])
            assert abs(found.gain_db + LOSSES_DB) < 1.0, (at, found)
            assert found.correlation > 0.9, (at, found)
    assert all(port.canceller_disabled for port in ports(stage))


def test_the_canceller_is_back_for_the_next_call_and_the_journal_has_its_figures(stage: Stage) -> None:
    anna, city = stage.telephone("101"), stage.city(1)
    connect(stage)
    city.ear.device.say_clip(answer_tone(reversals=True).tobytes())
    stage.wait(TONE_MS)
    assert ports(stage)[0].canceller_disabled
    anna.hangs_up()
    stage.wait(2_000)
    assert not any(port.canceller_disabled or port.nlp_off for port in ports(stage))
    city.hangs_up()
    stage.wait(5_000)
    connect(stage)
    city.says(level_dbm0=-16.0)
    stage.wait(4_000)
    telephone, _ = ports(stage)
    assert telephone.erle_db > 10
    city.hushes()
    anna.hangs_up()
    stage.wait(2_000)
    stage.record("4951112233", "600", "101", Cause.NORMAL_CLEARING, line="city1")
    rows = [row for row in stage.office.journal.rows if isinstance(row, LegEcho)]
    assert [str(row.port) for row in rows][-2:] == ["fxs1", "fxo1"]
    measured = rows[-2].echo
    assert measured.erle_db is not None
    assert measured.erle_db > 10
    assert measured.delay_ms is not None


def test_a_fax_without_reversals_loses_no_beginning_of_a_page(stage: Stage) -> None:
    """A page comes in turns: whoever was silent begins at full level, though the other has just spoken."""
    fax, city = stage.telephone("101").ear.device, stage.city(1).ear.device
    connect(stage)
    fax.say_clip(answer_tone(reversals=False).tobytes())
    stage.wait(TONE_MS + 300)
    assert all(port.nlp_off and not port.canceller_disabled for port in ports(stage))
    for turn in range(3):
        city.say_clip(page(10 + turn)[: 1_000 * 8].tobytes())
        stage.wait(1_075)
        start = city.position
        reply = page(20 + turn)[: 1_000 * 8]
        fax.say_clip(reply.tobytes())
        stage.wait(1_100)
        found = meters.match(reply[: 100 * 8].tobytes(), city.heard(start, start + 250 * 8))
        assert abs(found.gain_db + LOSSES_DB) < 1.0, (turn, found)
        assert found.correlation > 0.9, (turn, found)
