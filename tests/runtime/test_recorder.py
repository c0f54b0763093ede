"""The flight recorder: every call on a line becomes a bundle that replays the same, and keeps no secret."""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.bench.bundles import replay_bundle, replay_read, report_text
from gateway.bench.office import Office, read_office
from gateway.bench.stage import Stage
from gateway.config.load import Configuration
from gateway.model.actions import Action, ApplyPlan, Narrate
from gateway.model.events import DigitHeard, HookEdge, ToneHeard
from gateway.model.numbers import PortId
from gateway.model.settings import RecordedAudio, RecorderSettings
from gateway.runtime.bundle import Bundle, read_bundle, write_bundle
from gateway.runtime.recorder import FIRST_PARTS, LAST_PARTS, TICKS_KEPT
from gateway.runtime.silencing import who_talks, without_pressed_digits
from gateway.simulator import meters
from gateway.simulator.central_office import Behaviour, Subscriber

Open = Callable[..., tuple[Office, list[Bundle]]]


@pytest.fixture
def recorded() -> Iterator[Open]:
    offices: list[Office] = []

    def make(**settings: object) -> tuple[Office, list[Bundle]]:
        stored: list[Bundle] = []
        office = Office(_configured(**settings), store=stored.append)
        offices.append(office)
        office.run(2_000)
        return office, stored

    yield make
    for office in offices:
        office.close()


def _configured(**settings: object) -> Configuration:
    configuration = read_office()
    recorder = replace(RecorderSettings(), **settings)  # type: ignore[arg-type]
    return replace(configuration, office=replace(configuration.office, recorder=recorder))


def _talk(office: Office, *, pin: str = "") -> None:
    """101 calls 102, they talk, 101 may press a PIN, both hang up; until the recorder is through."""
    stage = Stage(office)
    anna, boris = stage.telephone("101"), stage.telephone("102")
    stage.connect(anna, boris)
    anna.says(2_000)
    office.run(3_000)
    if pin:
        anna.dials(pin)
        office.run(300 * len(pin) + 500)
    anna.hangs_up()
    office.run(1_500)
    boris.hangs_up()
    office.run(6_000)


def _of(stored: list[Bundle], port: str) -> Bundle:
    found = [bundle for bundle in stored if bundle.header.port == port]
    assert len(found) == 1, [bundle.header for bundle in stored]
    return found[0]


def test_a_call_becomes_one_bundle_a_line_and_replays_the_same(recorded: Open, tmp_path: Path) -> None:
    office, stored = recorded()
    _talk(office)
    assert [(one.header.line, one.header.why) for one in stored] == [("101", "call"), ("102", "call")]
    path = tmp_path / "call.bundle"
    path.write_bytes(write_bundle(_of(stored, "fxs1")))
    assert write_bundle(read_bundle(path)) == path.read_bytes()
    report = replay_bundle(path)
    assert report.same, report_text(report, str(path))
    assert report.decisions == 6, "three digits, begun and heard"
    assert report.events > 30
    assert report.sound_s > 4


def test_the_sound_before_a_line_does_something_is_there(recorded: Open) -> None:
    office, stored = recorded(before_s=1)
    _talk(office)
    bundle = _of(stored, "fxs1")
    lifted = bundle.header.marks[0]
    first = bundle.sounds[0].first_tick
    steps = bundle.parts[0].steps
    edge_ns = next(now.monotonic_ns for event, now, _ in steps if isinstance(event, HookEdge))
    began_tick = lifted[1] + (edge_ns - lifted[0]) // 10_000_000
    assert abs(began_tick - first - 100) <= 1


def test_of_a_conversation_nothing_is_heard_unless_it_is_asked_for(recorded: Open) -> None:
    for audio, heard in ((RecordedAudio.SIGNALLING, False), (RecordedAudio.ALL, True)):
        office, stored = recorded(audio=audio)
        _talk(office)
        bundle = _of(stored, "fxs2")
        assert (_ticks_of_talk(bundle) > 300) == heard
        assert (_ticks_of_talk(bundle) == 0) != heard
        assert replay_read(bundle, "call").same
    office, stored = recorded(audio=RecordedAudio.NONE)
    _talk(office)
    assert _of(stored, "fxs1").sounds == ()
    assert replay_read(_of(stored, "fxs1"), "call").same


def _ticks_of_talk(bundle: Bundle) -> int:
    plans = [
        a.plan
        for part in bundle.parts
        for _, _, actions in part.steps
        for a in actions
        if isinstance(a, ApplyPlan)
    ]
    talks = {plan.generation for plan in plans if bundle.header.node in who_talks(plan)}
    count = 0
    for sound in bundle.sounds:
        ends = [at for at, _ in sound.generations[1:]] + [sound.first_tick + sound.ticks]
        for (at, generation), end in zip(sound.generations, ends, strict=True):
            count += (end - at) * (generation in talks)
    return count


def test_a_pin_that_the_exchange_passes_on_is_nowhere_in_a_bundle(recorded: Open, tmp_path: Path) -> None:
    office, stored = recorded(audio=RecordedAudio.ALL)
    stage = Stage(office)
    anna, darya = stage.telephone("101"), stage.sip("201")
    anna.lifts()
    office.run(500)
    anna.dials("201")
    office.run_until(lambda: darya.rings, 3_000, "201 rings")
    darya.answers()
    office.run(1_000)
    anna.dials("7359")
    office.run(2_000)
    anna.hangs_up()
    office.run(6_000)
    bundle = _of(stored, "fxs1")
    assert [one.digit for one in _digits(bundle)] == ["2", "0", "1", "0", "0", "0", "0"]
    path = tmp_path / "pin.bundle"
    path.write_bytes(write_bundle(bundle))
    with zipfile.ZipFile(path) as file:
        trace = file.read("part-0.jsonl").decode()
    for digit in "7359":
        assert f'"digit":"{digit}"' not in trace
        assert f'"digits":"{digit}"' not in trace
        assert f"DigitHeard(1 {digit} " not in trace
        assert f"DigitPressed(fxs(fxs1) {digit} " not in trace
    assert "DigitPressed(fxs(fxs1) 0 " in trace
    assert '"digits":"0"' in trace
    report = replay_bundle(path)
    assert report.same, report_text(report, str(path))
    assert len(bundle.header.silenced) == 4
    assert _dtmf_in_talk(bundle) == 0


def _digits(bundle: Bundle) -> list[DigitHeard]:
    steps = [step for part in bundle.parts for step, _, _ in part.steps]
    return [step for step in steps if isinstance(step, DigitHeard)]


def _dtmf_in_talk(bundle: Bundle) -> int:
    """Digits that can still be heard after the dialling, by the receiver of the bench's own exchange."""
    found = without_pressed_digits(replace(bundle, header=replace(bundle.header, silenced=())))
    return len(found.header.silenced)


def test_a_pin_that_nobody_listened_for_is_silenced_before_it_is_stored(recorded: Open) -> None:
    office, stored = recorded(audio=RecordedAudio.ALL)
    _talk(office, pin="7359")
    for port in ("fxs1", "fxs2"):  # who presses it, and who hears it
        bundle = _of(stored, port)
        assert _dtmf_in_talk(bundle) >= 4, "it is there before"
        quiet = without_pressed_digits(bundle)
        assert _dtmf_in_talk(quiet) == 0
        assert replay_read(quiet, port).same


def test_the_busy_tone_that_ended_a_conversation_is_kept(recorded: Open) -> None:
    office, stored = recorded()
    office.board.city.add(Subscriber("4957654", Behaviour.ANSWERS, after_ms=6_000))
    anna, city = office.telephone("101"), office.city_line(1)
    anna.lifts()
    office.run(500)
    anna.dials("4957654")
    office.run_until(lambda: city.state == "talking", 25_000, "the city answers")
    office.run(4_000)
    city.says()
    office.run(8_000)
    city.hangs_up()
    office.run_until(lambda: office.line_row("fxo1").state == "idle", 9_000, "the line is released")
    anna.hangs_up()
    office.run(6_000)
    bundle = _of(stored, "fxo1")
    report = replay_read(bundle, "busy")
    assert report.same, report_text(report, "busy")
    busy = [
        event
        for part in bundle.parts
        for event, _, _ in part.steps
        if isinstance(event, ToneHeard) and event.kind == "busy" and event.present
    ]
    assert busy
    last = bundle.sounds[-1]
    windows = [last.heard[at : at + 1_600] for at in range(0, len(last.heard), 1_600)]
    assert sum(meters.tone_dbm0(window, 425.0) > -30 for window in windows) >= 6, "bursts of 350 ms"
    silent = replace(last, heard=bytes(len(last.heard)))
    report = replay_read(replace(bundle, sounds=(*bundle.sounds[:-1], silent)), "busy")
    assert report.sound_difference is not None
    assert "busy" in report_text(report, "busy")
    assert "(nothing)" in report_text(report, "busy")


def test_a_difference_of_the_exchange_is_told_with_its_place(recorded: Open) -> None:
    office, stored = recorded()
    _talk(office)
    bundle = _of(stored, "fxs1")
    part = bundle.parts[0]
    event, now, actions = part.steps[5]
    other: list[Action] = [*actions, Narrate("somebody was here")]
    changed = replace(part, steps=(*part.steps[:5], (event, now, other), *part.steps[6:]))
    report = replay_read(replace(bundle, parts=(changed,)), "call")
    assert not report.same
    assert "5 events agree" in report_text(report, "call")
    assert "somebody was here" in report_text(report, "call")


def test_bounce_alone_is_a_disturbance(recorded: Open) -> None:
    office, stored = recorded()
    for _ in range(5):
        office.pump.feed(HookEdge(PortId("fxs1"), True, office.clock.monotonic_ns()))
        office.clock.advance(office.clock.monotonic_ns() + 3_000_000)
        office.pump.feed(HookEdge(PortId("fxs1"), False, office.clock.monotonic_ns()))
        office.run(30)
    office.run(6_000)
    assert [(one.header.port, one.header.why) for one in stored] == [("fxs1", "disturbance")]


def test_a_long_call_keeps_its_beginning_and_its_end(recorded: Open) -> None:
    office, stored = recorded(audio=RecordedAudio.ALL)
    stage = Stage(office)
    anna, boris, vera = (stage.telephone(number) for number in ("101", "102", "103"))
    stage.connect(anna, boris)
    for _ in range(9):  # somebody else keeps the exchange busy, so that parts fill
        vera.lifts()
        office.run(40_000)
        vera.hangs_up()
        office.run(10_000)
    anna.hangs_up()
    office.run(1_500)
    boris.hangs_up()
    office.run(6_000)
    bundle = _of(stored, "fxs1")
    assert bundle.header.cut
    assert len(bundle.parts) == FIRST_PARTS + LAST_PARTS
    assert sum(sound.ticks for sound in bundle.sounds) <= 2 * TICKS_KEPT
    assert len(bundle.sounds) == 2
    report = replay_read(bundle, "long")
    assert report.same, report_text(report, "long")


def test_two_calls_one_after_the_other_are_two_bundles(recorded: Open) -> None:
    office, stored = recorded(after_s=30)
    anna = office.telephone("101")
    for _ in range(2):
        anna.lifts()
        office.run(1_500)
        anna.hangs_up()
        office.run(2_000)
    office.run(35_000)
    assert [one.header.why for one in stored] == ["call", "call"]
    assert all(replay_read(one, "call").same for one in stored)


def test_by_hand_a_line_is_recorded_from_start_to_stop(recorded: Open) -> None:
    office, stored = recorded()
    recorder = office.recorder
    assert recorder is not None
    port = office.telephone("101").port
    assert not recorder.stop_by_hand(port, office.now())
    recorder.start_by_hand(port, RecordedAudio.ALL, office.now())
    assert recorder.by_hand == {port: RecordedAudio.ALL}
    _talk(office)
    office.run(5_000)
    assert [one.header.port for one in stored] == ["fxs2"]
    assert recorder.stop_by_hand(port, office.now())
    bundle = _of(stored, "fxs1")
    assert (bundle.header.why, bundle.header.audio) == ("manual", "all")
    assert replay_read(bundle, "manual").same


def test_switched_off_it_does_nothing(recorded: Open) -> None:
    office, stored = recorded(calls=0)
    _talk(office)
    assert stored == []


def test_a_failing_recorder_leaves_the_office_alone(recorded: Open) -> None:
    office, stored = recorded()
    recorder = office.recorder
    assert recorder is not None
    told: list[str] = []
    recorder._survives_bugs = True
    recorder._on_trouble = told.append

    def fails(*_: object) -> None:
        raise RuntimeError("no more tape")

    recorder._end_step = fails  # type: ignore[method-assign, assignment]
    _talk(office)
    assert len(told) == 1
    assert "no more tape" in told[0]
    assert recorder.off
    assert stored == []
    assert len(office.journal.rows) >= 3
