"""Every event, action and setting survives the way to JSON and back; what does not fit is refused by its
path.
"""

import json
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model import plan, settings
from gateway.model.actions import Action, ApplyPlan, StartRinging
from gateway.model.events import Event, HookEdge
from gateway.model.numbers import PortId
from gateway.model.plain import PlainError, from_plain, to_plain

EVENTS = typing.get_args(Event)
ACTIONS = typing.get_args(Action)

st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))


def through_json(value: object) -> object:
    return json.loads(json.dumps(to_plain(value), ensure_ascii=False))


@pytest.mark.parametrize("form", EVENTS, ids=lambda form: form.__name__)
@given(data=st.data())
def test_every_event_survives(form, data):
    event = data.draw(st.from_type(form))
    assert from_plain(through_json(event), Event) == event


@pytest.mark.parametrize("form", ACTIONS, ids=lambda form: form.__name__)
@given(data=st.data())
def test_every_action_survives(form, data):
    action = data.draw(st.from_type(form))
    assert from_plain(through_json(action), Action) == action


@given(st.from_type(settings.OfficeSettings), st.from_type(settings.BoardSettings))
def test_an_office_and_its_board_survive(office, board):
    assert from_plain(through_json(office), settings.OfficeSettings) == office
    assert from_plain(through_json(board), settings.BoardSettings) == board


def test_an_object_names_its_class_and_a_flag_is_a_number():
    node = plan.PortNode(1, PortId("fxs1"), plan.Detectors.DTMF | plan.Detectors.CALLER_ID)
    plain = to_plain(ApplyPlan(plan.Plan(1, (node,))))
    assert plain["plan"]["nodes"][0] == {
        "is": "PortNode",
        "id": 1,
        "port": "fxs1",
        "detectors": 5,
        "canceller": True,
        "capture_muted": False,
        "spoken_gain_db": 0.0,
        "heard_gain_db": 0.0,
        "automatic_gain": False,
        "digits_apart": False,
    }


def test_for_people_classes_are_not_named():
    assert to_plain(HookEdge(PortId("fxs1"), True, 5), tagged=False) == {
        "port": "fxs1",
        "off_hook": True,
        "at_ns": 5,
    }


@pytest.mark.parametrize(
    ("plain", "complaint"),
    [
        (7, "value: expected HookEdge or"),
        ({}, "is: expected one of ["),
        ({"is": "Nonsense"}, "is: expected one of ["),
        ({"is": "HookEdge", "port": "fxs1", "off_hook": True}, "HookEdge: HookEdge needs 'at_ns'"),
        ({"is": "HookEdge", "port": "fxs1", "off_hook": 1, "at_ns": 0}, "off_hook: expected true or false"),
        ({"is": "HookEdge", "port": 4, "off_hook": True, "at_ns": 0}, "port: expected a text, found 4"),
        ({"is": "HookEdge", "port": "a", "off_hook": True, "at_ns": 1.5}, "at_ns: expected a whole number"),
        ({"is": "HookEdge", "port": "a", "off_hook": True, "at_ns": 0, "x": 1}, "HookEdge has no 'x'"),
        (
            {"is": "ToneHeard", "node": 1, "kind": "buzz", "present": True, "cycles": 1},
            "kind: expected one of",
        ),
        ({"is": "TimerExpired", "timer": {"is": "TimerId", "owner": "a"}}, "timer: TimerId needs 'name'"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_path(plain, complaint):
    with pytest.raises(PlainError) as refusal:
        from_plain(plain, Event)
    assert complaint in str(refusal.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from(EVENTS + ACTIONS), st.data())
def test_damage_to_a_value_is_either_harmless_or_refused(form, data):
    """Any one field replaced by any JSON: an equal form comes out, or a `PlainError`, never anything else."""
    plain = through_json(data.draw(st.from_type(form)))
    plain[data.draw(st.sampled_from(sorted(plain)))] = data.draw(json_values)
    try:
        value = from_plain(plain, Event | Action)
    except PlainError:
        return
    assert isinstance(value, EVENTS + ACTIONS)


@given(json_values)
def test_any_json_is_an_event_or_refused(plain):
    try:
        event = from_plain(plain, Event)
    except PlainError:
        return
    assert to_plain(event) == plain


def test_ringing_cadences_come_back_as_tuples():
    ring = StartRinging(PortId("fxs1"), (1000, 4000), 25)
    assert from_plain(through_json(ring), Action).cadence_ms == (1000, 4000)
