"""What the command line shows: nothing that a peer sent can command the terminal, and no line of a trace
breaks it.
"""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.interfaces import SipListen
from gateway.management import tables
from gateway.management.announcement import announcement, exposure_text, host_port, secrets_text
from gateway.management.lines import CardFigures, lines_plain
from gateway.model.actions import Action, Direction
from gateway.model.causes import Cause, Evidence
from gateway.model.echo import EchoFigures
from gateway.model.events import Event
from gateway.model.learned import LearnedFact
from gateway.model.numbers import CallId, Now, PortId
from gateway.model.settings import BoardSettings, OfficeSettings, PortKind
from gateway.model.view import LineRow
from gateway.records.calls import CallRecord
from gateway.runtime.trace import action_line, event_line

st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
ESCAPE = "\x1b[2J"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def obedient(text: str) -> bool:
    """Only letters and line ends: nothing that moves a cursor or clears a screen."""
    return all(letter == "\n" or letter.isprintable() for letter in text)


@given(st.text())
def test_cleaned_text_has_nothing_that_a_terminal_obeys(text):
    assert obedient(tables.clean(text))


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (None, "-"),
        (-5, "0:00"),
        (999, "0:00"),
        (61_000, "1:01"),
        (3_600_000, "1:00:00"),
        (36_061_000, "10:01:01"),
    ],
)
def test_durations_are_short(milliseconds, shown):
    assert tables.duration(milliseconds) == shown


def test_each_line_shows_what_its_canceller_measured_and_a_dash_where_it_found_nothing():
    row = LineRow(PortId("fxs1"), PortKind.FXS, "101", "talking", 1_000, CallId(7))
    other = LineRow(PortId("fxo1"), PortKind.FXO, "city1", "idle", 1_000)
    echo = {PortId("fxs1"): EchoFigures(12.5, 27.8, 31.5), PortId("fxo1"): EchoFigures()}
    cards = {PortId("fxs1"): CardFigures("usb:1-1.3", 1_012, 2, 960, gone=False)}
    plain = lines_plain((row, other), echo, cards)
    assert isinstance(plain, list)
    assert [line["echo"] for line in plain] == [  # type: ignore[index, call-overload]
        {"erl_db": 12.5, "erle_db": 27.8, "delay_ms": 31.5},
        {"erl_db": None, "erle_db": None, "delay_ms": None},
    ]
    assert plain[0]["card"]["xruns"] == 2  # type: ignore[index, call-overload]
    assert plain[1]["card"] is None  # type: ignore[index, call-overload]
    head, first, second = tables.lines_text({"now_ms": 2_000, "rows": plain}).splitlines()
    assert head.split()[-7:] == ["ERL", "ERLE", "ECHO", "AFTER", "CARD", "CLOCK", "LEARNED"]
    assert first.split()[-9:] == ["12", "dB", "28", "dB", "32", "ms", "+1012", "ppm", "-"]
    assert second.split()[-5:] == ["-", "-", "-", "-", "-"]


def test_a_line_shows_what_it_has_learned_with_its_confidence():
    row = LineRow(PortId("fxo1"), PortKind.FXO, "city1", "idle", 0)
    facts = (
        LearnedFact("busy tone", "433 Hz, 371/348 ms, -17 dBm0", 0.972, 8),
        LearnedFact("ring", "1000/4000 ms, 25 Hz", 0.9, 4),
    )
    (line,) = lines_plain((row,), {}, learned={PortId("fxo1"): facts})  # type: ignore[misc]
    assert tables.lines_text({"now_ms": 0, "rows": [line]}).splitlines()[1].endswith("busy tone 97%")
    head, busy, ring = tables.line_text(line).splitlines()
    assert head.split() == ["LEARNED", "VALUE", "CONFIDENCE", "CALLS"]
    assert busy.split()[-2:] == ["97%", "8"]
    assert "1000/4000 ms, 25 Hz" in ring
    (nothing,) = lines_plain((row,), {})  # type: ignore[misc]
    assert tables.line_text(nothing) == "fxo1 has learned nothing yet: a city line learns from its calls."


def test_the_clock_of_a_card_that_has_gone_is_not_shown():
    row = LineRow(PortId("fxs1"), PortKind.FXS, "101", "failed", 0, failure="gone")
    cards = {PortId("fxs1"): CardFigures("usb:1-1.3", 1_012, 0, 0, gone=True)}
    text = tables.lines_text({"now_ms": 0, "rows": lines_plain((row,), {}, cards)})
    assert "ppm" not in text
    assert "gone" in text
    unknown = {PortId("fxs1"): CardFigures("usb:1-1.3", None, 0, 0, gone=False)}
    assert "ppm" not in tables.lines_text({"now_ms": 0, "rows": lines_plain((row,), {}, unknown)})


def test_a_line_that_the_core_does_not_know_is_shown_without_figures():
    row = LineRow(PortId("fxs9"), PortKind.FXS, "", "failed", 0, failure="no card")
    (line,) = lines_plain((row,), {})  # type: ignore[misc]
    assert line["echo"] == {"erl_db": None, "erle_db": None, "delay_ms": None}
    assert "no card" in tables.lines_text({"now_ms": 0, "rows": [line]})


@given(st.integers())
def test_any_time_can_be_shown(wall_ns):
    assert obedient(tables.local_time(wall_ns))


def test_columns_are_as_wide_as_their_widest_cell():
    assert tables.table(("A", "NAME"), [("1", "Касса"), ("200", "x")]) == "A    NAME\n1    Касса\n200  x"


@given(st.from_type(Event))
def test_every_event_can_be_shown(event):
    shown = tables.trace_text(event_line(event, Now(1, 2)), everything=True)
    assert shown is not None
    assert shown.startswith(f"  > {type(event).__name__}")
    assert obedient(shown)


@given(st.from_type(Action))
def test_every_action_can_be_shown(action):
    shown = tables.trace_text(action_line(action, Now(1, 2)), everything=True)
    assert shown is not None
    assert obedient(shown)


@given(json_values, st.booleans())
def test_any_line_is_shown_or_passed_over(value, everything):
    shown = tables.trace_text(json.dumps(value), everything=everything)
    assert shown is None or obedient(shown)


@given(st.text())
def test_lines_that_are_no_json_are_passed_over(text):
    shown = tables.trace_text(text)
    assert shown is None or obedient(shown)


def test_a_callers_name_cannot_clear_the_screen():
    record = CallRecord(
        run=1,
        call=1,
        direction=Direction.INCOMING,
        calling=f"495{ESCAPE}",
        calling_name=ESCAPE,
        called="600",
        line="city1",
        started_wall_ns=0,
        started_monotonic_ns=0,
        cause=Cause.NO_ANSWER,
        end_evidence=Evidence.TIMER,
        ended_by="",
        ended_wall_ns=9,
        ended_monotonic_ns=9_000_000_000,
    )
    text = tables.recorded_text([record])
    assert obedient(text)
    assert "not answered" in text
    assert "19 no_answer" in text
    assert text.splitlines()[-1] == "1 calls: not answered 1; talked 0:00, mean wait for an answer -"
    assert tables.recorded_plain(record)["waited_ms"] == 9_000


def test_what_was_dropped_is_told_when_something_was():
    audio = {"tick_us_mean": 80.0, "tick_us_max": 200.0, "late": 1, "missed": 0, "real_time": True}
    status = {
        "cityline": "1",
        "board": "b",
        "configuration": "c",
        "state": "/var/lib/cityline",
        "up_s": 5,
        "sip": {"up": True, "address": "127.0.0.1:5060", "transports": ["udp"]},
        "lines": 6,
        "lines_failed": [],
        "calls": 0,
        "registrations": [],
        "queues": [],
        "journal": {"rows": 0},
        "alarms": [],
        "warnings": [],
    }
    calm = tables.status_text({**status, "audio": {**audio, "events_dropped": 0, "queue_dropped": 0}})
    flood = tables.status_text({**status, "audio": {**audio, "events_dropped": 7, "queue_dropped": 12}})
    assert "dropped" not in calm
    assert "7 events, 12 packets" in flood


def test_nothing_is_said_in_words_when_there_is_nothing():
    assert tables.recorded_text([]) == "No calls have been recorded."
    assert tables.calls_text({"now_ms": 0, "rows": []}) == "No calls just now."


def test_an_address_and_its_port_are_written_as_in_a_uri():
    assert host_port("127.0.0.1", 5060) == "127.0.0.1:5060"
    assert host_port("::1", 5060) == "[::1]:5060"


def test_an_empty_office_can_be_announced():
    text = announcement(
        OfficeSettings("ru", ()), BoardSettings("bare", ()), SipListen("::1", 5060, "cityline"), Path("state")
    )
    assert "udp+tcp on [::1]:5060, realm cityline" in text
    assert "bare: 0 telephone sockets, 0 city lines" in text
    assert secrets_text({"201": "abc"}).endswith("\n  201  abc")


def test_an_office_that_only_this_machine_can_reach_has_no_warning():
    def text(address: str) -> str:
        return exposure_text(SipListen(address, 5060, "cityline"))

    assert text("127.0.0.1") == text("127.9.9.9") == text("::1") == ""
    assert "who can reach 0.0.0.0:5060" in text("0.0.0.0")
    assert "who can reach [::]:5060" in text("::")
