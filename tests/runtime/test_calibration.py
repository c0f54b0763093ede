"""A line learns from its calls, on the bench: what it listens for, shows, keeps over a restart and tells."""

from __future__ import annotations

import json
from dataclasses import replace

from gateway.bench.office import Office, read_office
from gateway.line import learning
from gateway.model.events import ToneHeard
from gateway.model.learned import LineKnowledge
from gateway.model.numbers import PortId, ToneKind
from gateway.model.plain import from_plain, to_plain
from gateway.simulator.board import CityCircuit, city_wire
from gateway.simulator.central_office import LineState
from gateway.simulator.city_character import CityCharacter, CityTone
from gateway.simulator.wires import CallerId

FXO1 = PortId("fxo1")
FOREIGN = CityTone((520.0,), (250, 700), -14.0)
"""A busy tone that no exchange of the country has: neither its frequency nor its cadence."""
BUSY = CityTone((431.0,), (362, 341), -16.0)
LISTENS_MS = 7_000


def open_with(busy: CityTone, known: dict[PortId, LineKnowledge] | None = None) -> Office:
    configuration = read_office("office")
    office = configuration.office
    lines = (replace(office.city_lines[0], destination="101"), office.city_lines[1])
    configuration = replace(configuration, office=replace(office, city_lines=lines))
    return Office(
        configuration, circuits=(CityCircuit(CityCharacter(busy=busy), city_wire(0, 1)),), known=known
    )


def call(office: Office, *, talk_ms: int = 2_500) -> bool:
    """Somebody calls, talks and leaves; Anna hangs up when she has heard the tone for a while. Whether the
    line was given back before she did.
    """
    city, anna = office.city_line(1), office.telephone("101")
    office.run_until(lambda: city.calls(CallerId("4951234567")), 5_000, "the line is free")
    office.run(6_500)
    anna.lifts()
    office.run(300)
    anna.says(1_500)
    office.run(2_000)
    city.says()
    office.run(talk_ms)
    city.hangs_up()
    office.run(LISTENS_MS)
    by_itself = city.state is LineState.IDLE
    anna.hangs_up()
    office.run(3_000)
    return by_itself


def test_a_tone_of_no_table_is_learned_by_those_who_hang_up_and_then_gives_the_line_back() -> None:
    office = open_with(FOREIGN)
    given_back = [call(office) for _ in range(6)]
    known = office.calibration.knowledge[0]
    office.close()
    assert given_back == [False, False, False, False, True, True]
    (tone,) = learning.sure_tones(known)
    assert abs(tone.frequencies_hz[0] - 520.0) < 2.0
    assert abs(tone.on_ms - 250.0) < 10.0
    assert abs(tone.off_ms - 700.0) < 10.0


def test_what_was_learned_serves_from_the_first_call_after_a_restart() -> None:
    office = open_with(FOREIGN)
    for _ in range(4):
        call(office)
    plain = json.loads(json.dumps([to_plain(line) for line in office.calibration.knowledge]))
    office.close()
    known = {line.port: line for line in (from_plain(one, LineKnowledge) for one in plain)}
    again = open_with(FOREIGN, known)
    assert call(again)
    again.close()


def test_the_facts_of_a_line_are_those_of_its_exchange() -> None:
    office = open_with(BUSY)
    for _ in range(7):
        assert call(office)
    facts = {fact.what: fact for fact in office.calibration.facts(FXO1)}
    office.close()
    assert facts["busy tone"].value.startswith("431 Hz, 36")
    assert facts["busy tone"].confidence >= learning.SURE
    assert facts["disconnect"].value == "busy_tone"
    assert facts["caller identity"].value == "v23"
    assert facts["ring"].value.endswith("25 Hz")
    assert facts["echo"].calls > 0
    assert office.calibration.facts(PortId("fxs1")) == ()


def test_speech_and_music_at_the_end_of_calls_teach_nothing() -> None:
    """The partner talks, or plays music, until our side hangs up: eight calls, and no tone is believed."""
    office = open_with(BUSY)
    city, anna = office.city_line(1), office.telephone("101")
    music = office.configuration.clips["hold"]
    for turn in range(8):
        office.run_until(lambda: city.calls(CallerId("4951234567")), 5_000, "the line is free")
        office.run(6_500)
        anna.lifts()
        office.run(300)
        if turn % 2:
            city.plays(music)
        else:
            city.says()
        office.run(9_000)
        anna.hangs_up()
        office.run(3_000)
    known = office.calibration.knowledge[0]
    office.close()
    assert known.rings
    assert learning.believed(known) == ()


def test_an_exchange_whose_tone_has_moved_is_told() -> None:
    office = open_with(BUSY)
    for _ in range(7):
        call(office)
    assert office.notices == []
    moved = CityTone((452.0,), (362, 341), -16.0)
    office.city_line(1).character = replace(office.city_line(1).character, busy=moved)
    for _ in range(4):
        assert call(office)
    ((port, text),) = office.notices
    office.close()
    assert port == FXO1
    assert "431 Hz" in text
    assert "452 Hz" in text


def test_a_call_that_goes_on_is_not_disturbed_by_what_is_learned() -> None:
    """A tone learned while line 1 talks is listened for from its next call on, not in this one."""
    office = open_with(FOREIGN)
    for _ in range(4):
        call(office)
    city, anna = office.city_line(1), office.telephone("101")
    office.run_until(lambda: city.calls(CallerId("4951234567")), 5_000, "the line is free")
    office.run(6_500)
    anna.lifts()
    office.run(500)
    node = next(port.node for port in office.configuration.board.ports if port.port == FXO1)
    office.core.listen_for(node, office.calibration._heard)
    heard: list[ToneHeard] = []
    take = office.pump.feed

    def feed(event: object) -> None:
        if isinstance(event, ToneHeard) and event.kind is ToneKind.BUSY:
            heard.append(event)
        take(event)  # type: ignore[arg-type]

    office.pump.feed = feed  # type: ignore[method-assign, assignment]
    city.hangs_up()
    office.run(LISTENS_MS)
    assert heard, "the call began with the learned tone, and keeps it"
    office.close()
