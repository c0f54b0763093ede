"""Files that are not there, not text, not TOML: a message with its place, never a traceback."""

from __future__ import annotations

# ruff: noqa: E501 - messages stand whole, as they are read
from pathlib import Path

import pytest

from gateway.config.document import LARGEST_BYTES, read_document
from gateway.config.load import load_configuration
from gateway.errors import ConfigError
from tests.config.conftest import Paper


def refusal_of(path: Path) -> str:
    with pytest.raises(ConfigError) as refused:
        read_document(path)
    return str(refused.value).replace(f"{path.parent}/", "")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert refusal_of(tmp_path / "office.toml") == "office.toml: the file is not there (check the name)"


def test_a_directory(tmp_path: Path) -> None:
    (tmp_path / "office.toml").mkdir()
    assert refusal_of(tmp_path / "office.toml") == "office.toml: this is a directory (name the file in it)"


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    assert "the file cannot be read" in refusal_of(tmp_path / "a\0b")


def test_a_file_that_is_much_too_large(tmp_path: Path) -> None:
    (tmp_path / "office.toml").write_bytes(b"#" * (LARGEST_BYTES + 1))
    assert (
        refusal_of(tmp_path / "office.toml")
        == "office.toml: the file has more than 1000000 bytes (is it the right one?)"
    )


def test_text_in_an_old_russian_encoding(tmp_path: Path) -> None:
    (tmp_path / "office.toml").write_bytes('country = "ru"\n# офис\n'.encode("cp1251"))
    assert (
        refusal_of(tmp_path / "office.toml")
        == "office.toml:2: this is not UTF-8 text (save it as UTF-8 (in the editor: encoding UTF-8))"
    )


def test_a_file_from_windows_is_read(paper: Paper) -> None:
    text = "\ufeff" + paper.texts["office.toml"].replace("\n", "\r\n")
    paper.texts["office.toml"] = text.replace('name = "Anna"', 'nmae = "Anna"')
    assert [message.split(":")[1] for message in paper.refusal()] == ["4"]


def test_deep_brackets_end_no_stack(tmp_path: Path) -> None:
    (tmp_path / "office.toml").write_text("a = " + "[" * 100_000)
    assert refusal_of(tmp_path / "office.toml").startswith("office.toml")


SYNTAX = [
    (
        'country = "ru\n',
        "office.toml:1: this is not TOML: illegal character '\\n' (the closing quote is missing on this line)",
    ),
    (
        "country = ru\n",
        'office.toml:1: this is not TOML: invalid value (text stands in "quotes"; lists in [ ]; true and false in small letters)',
    ),
    (
        "country\n",
        "office.toml:1: this is not TOML: expected '=' after a key in a key/value pair (a field is written: name = value)",
    ),
    (
        'a = 1\n[extension 101]\nname = "x"\n',
        "office.toml:2: this is not TOML: expected ']' at the end of a table declaration (a table's head is written: [extension.101]; names with blanks in quotes)",
    ),
    ("a = [1,\n", "office.toml:2: this is not TOML: invalid value"),
    ("a = " + "1" * 5_000, "office.toml:1: this is not TOML: exceeds the limit"),
    (
        'a = "x" "y"\n',
        "office.toml:1: this is not TOML: expected newline or end of document after a statement (one field a line; is a quote or a comma missing?)",
    ),
]


@pytest.mark.parametrize(("text", "message"), SYNTAX, ids=[text[:20].strip() for text, _ in SYNTAX])
def test_what_is_not_toml(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "office.toml").write_text(text)
    assert refusal_of(tmp_path / "office.toml").startswith(message)


def test_a_table_and_a_field_written_twice_come_together(paper: Paper) -> None:
    paper.edit('name = "Anna"\n', 'name = "Anna"\nname = "Anya"\n').edit("[extension.201]", "[extension.102]")
    assert paper.refusal() == [
        'office.toml:5: extension "101": "name" is written twice; the first is in line 4 (remove one)',
        'office.toml:12: extension "102": is defined twice; the first is in line 8 (remove one or rename it)',
    ]


def test_a_recording_that_cannot_be_played_is_replaced_and_told(paper: Paper) -> None:
    (paper.folder / "jazz.wav").write_bytes(b"RIFF and no more")
    paper.edit('country = "ru"', 'country = "ru"\nhold_music = "jazz"').add(
        '\n[clip.jazz]\nfile = "jazz.wav"\n'
    )
    loaded = paper.load()
    assert loaded.clips["jazz"] == loaded.clips["hold"]
    (warning,) = map(str, loaded.warnings)
    place, rest = warning.replace(f"{paper.folder}/", "").split(": ", 1)
    assert place == "office.toml:42"
    assert rest.startswith('clip "jazz": "file" is "jazz.wav": not a WAV file')
    assert "our own music plays instead" in rest


def test_a_recording_of_the_office_is_loaded(paper: Paper) -> None:
    import wave

    with wave.open(str(paper.folder / "jazz.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8_000)
        sound.writeframes(b"\x01\x00" * 800)
    paper.edit('overflow = "600"', 'overflow = "600"\nmusic = "jazz"').add(
        '\n[clip.jazz]\nfile = "jazz.wav"\n'
    )
    loaded = paper.load()
    assert loaded.warnings == ()
    assert loaded.clips["jazz"] == b"\x01\x00" * 800
    assert loaded.office.queues[0].music == "jazz"


def test_both_files_are_named_as_they_were_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("board.toml").write_text("name = 3\n")
    with pytest.raises(ConfigError) as refused:
        load_configuration(Path("office.toml"), Path("board.toml"))
    assert str(refused.value).startswith("board.toml:1: ")


# ---------------------------------------------------------------- control characters
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'name = "Anna"',
            'name = "An\\u001b[31m"',
            'office.toml:4: extension "101": "name" has a control character in it (U+001B)',
        ),
        (
            'name = "Anna"',
            'name = """An\nna"""',
            'office.toml:4: extension "101": "name" has a control character in it (U+000A)',
        ),
        (
            'name = "Anna"',
            'name = "An\\u0000na"',
            'office.toml:4: extension "101": "name" has a control character in it (U+0000)',
        ),
        (
            'name = "Anna"',
            'name = "An\\u202ena"',
            'office.toml:4: extension "101": "name" has a control character in it (U+202E)',
        ),
        (
            'station = "sip"',
            'station = "sip"\nsecret = "twelve-letters\\t"',
            'office.toml:14: extension "201": "secret" has a control character in it (U+0009)',
        ),
        (
            'members = ["101", "102"]',
            'members = ["101", "102\\u0085"]',
            'office.toml:25: group "600": "members", entry 2, has a control character in it (U+0085)',
        ),
        (
            "[trunks.city]",
            '[trunks."ci\\u0007ty"]',
            'office.toml:32: trunks "ci?ty": "ci?ty" has a control character in it (U+0007)',
        ),
        (
            'country = "ru"',
            'country = "ru"\n[sip]\nrealm = "city\\u007fline"',
            'office.toml:3: [sip]: "realm" has a control character in it (U+007F)',
        ),
    ],
)
def test_no_text_of_the_office_controls_a_terminal(paper: Paper, old: str, new: str, message: str) -> None:
    told = paper.edit(old, new).refusal()
    assert f"{message} (write it without)" in told
    assert all(line.isprintable() for line in told)
    assert sum("control character" in line for line in told) == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "simulated"', 'name = "simu\\nlated"', 'board.toml:1: "name" has a control character'),
        ('"sim:0"', '"sim:0\\r"', 'board.toml:5: port "fxs1": "hook" has a control character'),
        ("[port.fxs2]", '[port."fxs2\\u001b"]', 'board.toml:7: port "fxs2?": "fxs2?" has a control'),
    ],
)
def test_no_text_of_the_board_controls_a_terminal(paper: Paper, old: str, new: str, message: str) -> None:
    told = paper.edit(old, new, file="board.toml").refusal()
    assert any(line.startswith(message) for line in told), told
    assert all(line.isprintable() for line in told)


def test_names_of_every_country_are_welcome(paper: Paper) -> None:
    paper.edit('name = "Anna"', 'name = "Анна\u00a0Ö’Neill 李 \u05d0\u05e0\u05d4"')
    assert paper.load().office.extensions[0].name.startswith("Анна")
