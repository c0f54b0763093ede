"""An image of the exchange: what is restored stands as it stood, and nothing foreign is ever made."""

import contextlib
import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.bench.office import Office, open_office
from gateway.bench.stage import Stage
from gateway.exchange import Exchange
from gateway.runtime.image import ImageError, restore_image, take_image


@pytest.fixture(scope="module")
def busy_office() -> Iterator[Office]:
    """Two telephones talk, one dials, one rings for the city, a SIP telephone is registered."""
    office = open_office()
    stage = Stage(office)
    stage.sip("201")
    stage.connect(stage.telephone("101"), stage.telephone("102"))
    office.telephone("104").lifts()
    office.run(500)
    office.telephone("104").dials("4")
    office.board.city.calls(1, "4951234567")
    office.run(1_500)
    assert any(row.state == "ringing" for row in office.view().lines)
    yield office
    office.close()


def test_an_image_is_plain_and_restores_to_the_same(busy_office: Office) -> None:
    image = take_image(busy_office.exchange)
    written = json.dumps(image)
    restored = restore_image(json.loads(written))
    assert isinstance(restored, Exchange)
    assert restored is not busy_office.exchange
    assert restored.view() == busy_office.view()
    assert json.dumps(take_image(restored)) == written


def test_what_is_restored_shares_nothing_with_what_was_taken(busy_office: Office) -> None:
    image = take_image(busy_office.exchange)
    before = json.dumps(image)
    restored = restore_image(image)
    for port in (row.port for row in restored.view().lines):
        assert restored.at_rest(port) == busy_office.exchange.at_rest(port)
    restored._ids.take()
    restored._board.calls.clear()
    assert json.dumps(take_image(busy_office.exchange)) == before


def test_what_has_no_place_in_the_exchange_has_no_image() -> None:
    for foreign in (object(), open_office, [json], {"a": Exception()}, {1: bytearray()}):
        with pytest.raises(ImageError, match="has no place"):
            take_image(foreign)


@pytest.mark.parametrize(
    "name",
    [
        "os:system",
        "subprocess:Popen",
        "builtins:eval",
        "gateway.drivers.storage:Journal",
        "gateway.line.hook:Machine",
        "gateway.line.hook:NoSuch",
        "gateway.line.nosuch:Hook",
        "gateway.line.hook:Hook.edge.__globals__",
        "gateway.model.machine:dataclass",
        "",
    ],
)
def test_nothing_but_classes_of_the_exchange_is_named(name: str) -> None:
    for image in (
        {"root": ["object", 0], "objects": [{"is": name, "has": {}}]},
        {"root": ["class", name], "objects": []},
        {"root": ["function", name], "objects": []},
        {"root": ["enum", name, "X"], "objects": []},
        {"root": ["named", name, 1], "objects": []},
    ):
        with pytest.raises(ImageError):
            restore_image(image)


def test_a_class_that_has_other_fields_now_is_refused(busy_office: Office) -> None:
    image: Any = copy.deepcopy(take_image(busy_office.exchange))
    switchboard = next(one for one in image["objects"] if one["is"].endswith(":Switchboard"))
    switchboard["has"]["tape"] = 1
    with pytest.raises(ImageError, match="Switchboard has other fields in this version: tape"):
        restore_image(image)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_image_is_refused_or_is_an_object(busy_office: Office, data: st.DataObject) -> None:
    image: Any = copy.deepcopy(take_image(busy_office.exchange))
    junk = st.sampled_from([None, -1, 10**9, "x", [], {}, ["object", -1], ["tuple", ["object", 0]], ["what"]])
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(image["objects"]) - 1))
        one = image["objects"][place]
        what = data.draw(st.sampled_from(["is", "has", "whole", "inside"]))
        if what == "whole":
            image["objects"][place] = data.draw(junk)
        elif what == "inside" and isinstance(one, dict) and isinstance(one.get("has"), dict) and one["has"]:
            key = data.draw(st.sampled_from(sorted(one["has"])))
            one["has"][key] = data.draw(junk)
        elif isinstance(one, dict):
            one["is" if what == "is" else "has"] = data.draw(junk)
    with contextlib.suppress(ImageError):
        made = type(restore_image(image)).__module__
        assert made.startswith(("gateway.", "builtins", "collections", "types"))
