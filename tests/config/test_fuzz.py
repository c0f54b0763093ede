"""Whatever stands in the files: they are loaded or refused with `ConfigError`; nothing else is raised."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.lines import index_lines
from gateway.config.load import load_configuration
from gateway.errors import ConfigError, Problem
from tests.config.conftest import BOARD, OFFICE

SCRAPS = [
    *(
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        '"',
        "'",
        '"""',
        "'''",
        "=",
        ",",
        ".",
        "#",
        "\n",
        "\\",
        "\0",
        "\t",
        "é",
        "ё",
    ),
    *(
        "true",
        "nan",
        "inf",
        "-inf",
        "1e999",
        "0x",
        "1979-05-27",
        "07:32:00",
        "9" * 5_000,
        "[a",
        "name",
        "101",
    ),
    *(
        "[extension.101]\n",
        "[[extension]]\n",
        "[outgoing]\n",
        "[[outgoing]]\n",
        "members = []\n",
        "port = {}\n",
    ),
    *(
        "extension = 3\n",
        "outgoing = [3, {}]\n",
        "[extension.101.name]\n",
        "to.x = 1\n",
        'overflow = "610"\n',
    ),
    *("line = []\n", "[line]\n", "country = []\n", "[trunks]\ncity = 1\n", "[clip.x]\nfile = '/\\0'\n"),
]


@st.composite
def spoilt(draw: st.DrawFn, text: str) -> str:
    """A sound file with a few cuts, repeats and scraps in it."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        middle = draw(st.sampled_from(SCRAPS) | st.text(max_size=4) | st.just(text[start:end] * 2))
        text = text[:start] + middle + text[end:]
    return text


def load(folder: Path, office: bytes, board: bytes) -> None:
    (folder / "office.toml").write_bytes(office)
    (folder / "board.toml").write_bytes(board)
    for problem in refused(folder):
        assert problem.what
        assert problem.line >= 0
        assert str(problem).isprintable()


def refused(folder: Path) -> tuple[Problem, ...]:
    try:
        return load_configuration(folder / "office.toml", folder / "board.toml").warnings
    except ConfigError as error:
        return error.problems or (Problem("", -1, "", "a refusal without a reason"),)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@given(office=spoilt(OFFICE))
def test_a_spoilt_office(folder: Path, office: str) -> None:
    load(folder, office.encode("utf-8", "surrogatepass"), BOARD.encode())


@given(board=spoilt(BOARD))
def test_a_spoilt_board(folder: Path, board: str) -> None:
    load(folder, OFFICE.encode(), board.encode("utf-8", "surrogatepass"))


@given(office=st.binary(max_size=200), board=st.binary(max_size=200))
def test_bytes(folder: Path, office: bytes, board: bytes) -> None:
    load(folder, office, board)


@given(st.text(alphabet="ab.=[]{}\"'#,\\\n 01", max_size=60))
def test_the_scanner_reads_anything(text: str) -> None:
    index = index_lines(text)
    assert all(1 <= line <= text.count("\n") + 1 for line in index.lines.values())


# Values of every kind in every field, past the syntax: the schema and the checks behind it.
NUMBERS = ["1", "-1", "5000", "1.5", "nan", "true", "1979-05-27", str(2**70)]
TEXTS = ["101", "600", "610", "fxs1", "fxo1", "sip", "city1", "", "9", "\\u0000", "ё", "x" * 300]
value = st.recursive(
    st.sampled_from([*NUMBERS, "[]", "{}", *(f'"{text}"' for text in TEXTS)]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda values: f"[{', '.join(values)}]")
        | inner.map(lambda one: f"{{ name = {one} }}")
    ),
    max_leaves=4,
)
FIELDS = [line.split(" = ")[1] for line in OFFICE.splitlines() if " = " in line]


@given(st.dictionaries(st.integers(0, len(FIELDS) - 1), value, max_size=4))
def test_any_value_in_any_field(folder: Path, changes: dict[int, str]) -> None:
    lines = OFFICE.splitlines()
    places = [number for number, line in enumerate(lines) if " = " in line]
    for field, text in changes.items():
        lines[places[field]] = f"{lines[places[field]].split(' = ')[0]} = {text}"
    load(folder, "\n".join(lines).encode(), BOARD.encode())
