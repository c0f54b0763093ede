"""Short messages on the disk: whole files, unread until somebody says so, tried again if need be."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.drivers import messages
from gateway.drivers.messages import MessageStore, StoredMessage, mark_read, read_messages, unreadable
from gateway.model.actions import KeepMessage
from gateway.model.events import MessageKept
from gateway.model.numbers import PortId
from gateway.simulator.clock import VirtualClock

GSM1 = PortId("gsm1")


def message(number: int = 7, text: str = "Добрый день") -> KeepMessage:
    return KeepMessage(
        GSM1, number, "+79161234567", 1_795_856_400, text, "101", 1_795_856_500_000_000_000 + number
    )


class Desk:
    """A store whose thread's callbacks are run by the test."""

    def __init__(self, directory: Path) -> None:
        self.clock = VirtualClock()
        self.soon: list[Callable[[], object]] = []
        self.kept: list[MessageKept] = []
        self.troubles: list[str] = []
        self.store = MessageStore(
            directory, self.clock, call_soon=self.soon.append, on_trouble=self.troubles.append
        )
        self.store.on_kept = self.kept.append

    def settles(self) -> None:
        self.store.close()
        for callback in self.soon:
            callback()
        self.soon.clear()


def test_a_message_is_kept_before_that_is_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "messages")
    desk.store.keep(message())
    desk.settles()
    assert desk.kept == [MessageKept(GSM1, 7)]
    assert read_messages(tmp_path / "messages") == [
        StoredMessage("gsm1", 7, "+79161234567", 1_795_856_400, "Добрый день", "101", message().wall_ns)
    ]
    assert [path.stat().st_mode & 0o077 for path in (tmp_path / "messages").iterdir()] == [0]


def test_a_disk_that_refuses_is_told_once_and_tried_again(tmp_path: Path) -> None:
    (tmp_path / "messages").write_text("in the way")
    desk = Desk(tmp_path / "messages")
    desk.store.keep(message(1))
    desk.store.keep(message(2))
    desk.settles()
    assert desk.kept == []
    assert len(desk.troubles) == 1
    assert "stays on its SIM" in desk.troubles[0]
    assert desk.clock.pending() == 2


def test_what_was_read_is_known_as_read_and_the_oldest_of_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        messages.write_message(tmp_path, StoredMessage("gsm1", number, "1", None, "x", "", number))
    for each in read_messages(tmp_path)[:3]:
        mark_read(tmp_path, each)
    monkeypatch.setattr(messages, "READ_KEPT", 2)
    messages.forget_old(tmp_path)
    assert [(each.message, each.read) for each in read_messages(tmp_path)] == [
        (1, True),
        (2, True),
        (3, False),
    ]


def test_a_file_that_is_no_message_is_named_and_harms_nobody(tmp_path: Path) -> None:
    messages.write_message(tmp_path, StoredMessage("gsm1", 1, "1", None, "x", "", 1))
    (tmp_path / "broken.json").write_text('{"is": "StoredMessage", "port": 1}')
    (tmp_path / "deep.json").write_text("[" * 10_000)
    assert [each.text for each in read_messages(tmp_path)] == ["x"]
    assert unreadable(tmp_path) == ["broken.json", "deep.json"]
