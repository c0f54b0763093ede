"""Message lamps on the disk, and how they are set from outside."""

from pathlib import Path

import pytest

from gateway.drivers.message_lamps import MessageLamps
from gateway.drivers.state_directory import StateError
from gateway.model.events import Event, LampSet
from gateway.runtime.lamps import ForgetfulLamps, LampRefusedError, light_again, set_lamp

NUMBERS = {"101", "102"}
NOT_LAMPS = ["", "[]", "{", '{"on": 5, "format": 1}', '{"on": ["101"], "format": 7}', "\xff"]


def test_a_lamp_is_there_after_a_restart(tmp_path: Path) -> None:
    lamps = MessageLamps(tmp_path / "lamps.json")
    lamps.keep("101", on=True)
    lamps.keep("102", on=True)
    lamps.keep("101", on=False)
    assert MessageLamps(tmp_path / "lamps.json").on == {"102"}


@pytest.mark.parametrize("text", NOT_LAMPS)
def test_a_file_that_cannot_be_understood_is_not_passed_over(text: str, tmp_path: Path) -> None:
    (tmp_path / "lamps.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(StateError, match=r"lamps.json: .*move it away"):
        MessageLamps(tmp_path / "lamps.json")


def test_a_disk_that_refuses_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    lamps = MessageLamps.__new__(MessageLamps)
    lamps._path, lamps.on = tmp_path / "file" / "lamps.json", frozenset()
    with pytest.raises(StateError):
        lamps.keep("101", on=True)
    assert lamps.on == frozenset()


def test_an_order_is_confirmed_by_what_is_kept() -> None:
    lamps = ForgetfulLamps()

    def feed(event: Event) -> None:
        assert isinstance(event, LampSet)
        lamps.keep(event.extension, event.on)

    assert set_lamp("101 on", lamps, NUMBERS, feed) == ["101"]
    assert set_lamp(" 101 off ", lamps, NUMBERS, feed) == []
    with pytest.raises(LampRefusedError, match="could not be written"):
        set_lamp("101 on", lamps, NUMBERS, lambda event: None)


@pytest.mark.parametrize(
    ("words", "why"),
    [("", "no extension"), ("999 on", "no extension"), ("101", '"on" or "off"'), ("101 up", "up")],
)
def test_a_wrong_order_is_refused_with_a_remedy(words: str, why: str) -> None:
    with pytest.raises(LampRefusedError, match=why):
        set_lamp(words, ForgetfulLamps(), NUMBERS, lambda event: None)


def test_what_waited_waits_after_a_start_and_who_has_left_is_forgotten() -> None:
    lamps, fed = ForgetfulLamps(), []
    lamps.keep("101", on=True)
    lamps.keep("999", on=True)
    light_again(lamps, NUMBERS, fed.append)
    assert fed == [LampSet("101", on=True)]
    assert lamps.on == {"101"}
