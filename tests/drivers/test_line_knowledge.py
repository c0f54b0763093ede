"""What lines have learned, on disk: whole after any cut, told when it cannot be read."""

from pathlib import Path

import pytest

from gateway.drivers.line_knowledge import KnowledgeFile
from gateway.model.causes import Evidence
from gateway.model.echo import EchoFigures
from gateway.model.learned import EndTone, IdentityScheme, LineKnowledge, RingSeen
from gateway.model.numbers import PortId

KNOWN = LineKnowledge(
    PortId("fxo1"),
    (EndTone((480.0, 620.0), 500.0, 501.5, -20.0, 3, 0.9, told=True),),
    (Evidence.BUSY_TONE,),
    (RingSeen(1_000, 4_000, 25.0),),
    (IdentityScheme.DTMF,),
    (EchoFigures(12.0, 30.0, 4.0),),
)


def test_what_was_saved_is_read_again(tmp_path: Path) -> None:
    troubles: list[str] = []
    KnowledgeFile(tmp_path / "lines.json", troubles.append).save([KNOWN, LineKnowledge(PortId("fxo2"))])
    read = KnowledgeFile(tmp_path / "lines.json", troubles.append).read()
    assert read == {PortId("fxo1"): KNOWN, PortId("fxo2"): LineKnowledge(PortId("fxo2"))}
    assert troubles == []


def test_nothing_is_known_at_first(tmp_path: Path) -> None:
    assert KnowledgeFile(tmp_path / "lines.json", pytest.fail).read() == {}


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b'{"format": 1}', b"[" * 100_000], ids=range(5))
def test_what_cannot_be_understood_is_told_and_counts_for_nothing(tmp_path: Path, raw: bytes) -> None:
    troubles: list[str] = []
    (tmp_path / "lines.json").write_bytes(raw)
    assert KnowledgeFile(tmp_path / "lines.json", troubles.append).read() == {}
    (text,) = troubles
    assert "cannot be understood; the city lines learn anew" in text


def test_a_newer_form_is_named(tmp_path: Path) -> None:
    troubles: list[str] = []
    file = KnowledgeFile(tmp_path / "lines.json", troubles.append)
    file.save([])
    path = tmp_path / "lines.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    assert file.read() == {}
    assert "is of format 2" in troubles[0]


def test_a_draft_that_a_cut_left_behind_does_not_count(tmp_path: Path) -> None:
    file = KnowledgeFile(tmp_path / "lines.json", pytest.fail)
    file.save([KNOWN])
    (tmp_path / "lines.json.new").write_text("half a")
    assert file.read() == {PortId("fxo1"): KNOWN}
    file.save([])
    assert file.read() == {}


def test_a_full_disk_is_told_once(tmp_path: Path) -> None:
    troubles: list[str] = []
    (tmp_path / "taken").write_text("")
    file = KnowledgeFile(tmp_path / "taken" / "lines.json", troubles.append)
    file.save([KNOWN])
    file.save([KNOWN])
    assert len(troubles) == 1
