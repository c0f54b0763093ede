"""What a board file asks of a real board: pins that are free, levels before we run, and current."""

from __future__ import annotations

# ruff: noqa: E501 - messages stand whole, as they are read
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.call.installation import dial_settings
from gateway.config.board import load_board
from gateway.config.load import Configuration, load_configuration
from gateway.config.power import worst_current_ma
from gateway.config.schema import PortEntry
from gateway.errors import ConfigError
from gateway.model.numbers import PortId
from gateway.model.settings import DialMode, PinLibrary

BOARDS = Path(__file__).parent.parent.parent / "boards"
BOARD = """name = "bench"
[port.fxs1]
kind = "fxs"
audio = "alsa"
card = "hw:CARD=line1"
pins = { hook = "header:5", ring_mode = "header:17", forward_reverse = "header:6" }
[port.fxo1]
kind = "fxo"
audio = "alsa"
card = "hw:CARD=line1"
side = "right"
pins = { ring = "header:12", loop_current = "header:13", loop_switch = "header:16" }
"""

MISTAKES = [
    (
        '"header:5"',
        '"header:14"',
        'board.toml:6: port "fxs1": the pin "hook" is header:14, which is the serial console\'s (UART) '
        "(take another pin, or write serial_console = false and give the console up)",
    ),
    (
        '"header:5"',
        '"header:1"',
        'board.toml:6: port "fxs1": the pin "hook" is header:1, which reads the EEPROM of a HAT at boot (take another pin)',
    ),
    (
        '"header:5"',
        '"header:28"',
        'board.toml:6: port "fxs1": the pin "hook" is header:28, but the header has GPIO 0 to 27 '
        "(GPIO numbers, not places on the plug)",
    ),
    (
        '"header:17"',
        '"header:7"',
        'board.toml:6: port "fxs1": the pin "ring_mode" is header:7, which is pulled up until we start: '
        "the telephone would have ringing power at every boot (take one of GPIO 9 to 27)",
    ),
    (
        '"header:16" }',
        '"header:16" }\nactive_low = ["loop_switch"]',
        'board.toml:12: port "fxo1": the pin "loop_switch" is header:16, which is pulled down until we start: '
        "the city line would be seized at every boot (take one of GPIO 2 to 8)",
    ),
    (
        'name = "bench"',
        'name = "bench"\nline_supply_ma = 400',
        'board.toml:2: "line_supply_ma" is 400, but 1 ringing and 0 lifted telephones draw 500 mA '
        "(take a supply of 500 mA or more)",
    ),
    (
        'kind = "fxo"',
        'kind = "fxo"\nringing_ma = 400',
        'board.toml:9: port "fxo1": we feed no telephone here (remove ringing_ma)',
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES)
def test_a_pin_or_a_supply_that_cannot_serve_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    file = tmp_path / "board.toml"
    assert old in BOARD
    file.write_text(BOARD, encoding="utf-8")
    load_board(file)
    file.write_text(BOARD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_board(file)
    assert str(refused.value).replace(f"{tmp_path}/", "") == message


def test_the_serial_pins_are_free_once_the_console_is_given_up(tmp_path: Path) -> None:
    file = tmp_path / "board.toml"
    file.write_text("serial_console = false\n" + BOARD.replace("header:5", "header:14"), encoding="utf-8")
    board, _document = load_board(file)
    assert ("hook", "header:14") in board.ports[0].pins


def test_fewer_telephones_ringing_at_once_is_proposed_where_it_helps(tmp_path: Path) -> None:
    text = (BOARDS / "pi-4fxo-4fxs" / "board.toml").read_text(encoding="utf-8")
    file = tmp_path / "board.toml"
    file.write_text(text.replace("ringing_at_once = 2", "ringing_at_once = 4"), encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_board(file)
    (problem,) = refused.value.problems
    assert problem.what.endswith("4 ringing and 0 lifted telephones draw 2000 mA")
    assert problem.remedy == "write ringing_at_once = 2"


@given(
    st.lists(st.tuples(st.integers(1, 5_000), st.integers(1, 5_000)), min_size=1, max_size=8),
    st.integers(0, 8),
)
def test_no_choice_of_ringing_telephones_draws_more_than_the_worst(
    currents: list[tuple[int, int]], at_once: int
) -> None:
    telephones = [PortEntry(kind="fxs", off_hook_ma=talk, ringing_ma=ring) for talk, ring in currents]
    at_once = min(at_once, len(telephones))
    worst = worst_current_ma(telephones, at_once)
    for first in range(len(telephones) - at_once + 1):
        ringing = range(first, first + at_once)
        drawn = sum(ring if place in ringing else talk for place, (talk, ring) in enumerate(currents))
        assert drawn <= worst


@pytest.mark.parametrize("board", sorted(path.parent.name for path in BOARDS.glob("*/office.toml")))
def test_the_office_that_comes_with_a_board_fits_it(board: str) -> None:
    loaded = load_configuration(BOARDS / board / "office.toml", BOARDS / board / "board.toml")
    assert loaded.warnings == ()
    assert loaded.office.city_lines


@pytest.mark.parametrize("board", sorted(path.parent.name for path in BOARDS.glob("*/board.toml")))
def test_a_shipped_board_is_sound(board: str) -> None:
    settings, _document = load_board(BOARDS / board / "board.toml")
    assert settings.name == board
    assert board == "simulated" or (BOARDS / board / "README.md").is_file()


def expander_office(folder: Path, dialling: str, gpio: str = "gpiod") -> Configuration:
    """The office of the expander board with another word for how it dials."""
    source = BOARDS / "pi-2fxo-expander"
    office = (
        (source / "office.toml")
        .read_text(encoding="utf-8")
        .replace('dialling = "tone"', f'dialling = "{dialling}"')
    )
    board = (source / "board.toml").read_text(encoding="utf-8")
    (folder / "office.toml").write_text(office, encoding="utf-8")
    (folder / "board.toml").write_text(f'gpio = "{gpio}"\n{board}', encoding="utf-8")
    return load_configuration(folder / "office.toml", folder / "board.toml")


def test_pulses_through_an_expander_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        expander_office(tmp_path, "pulse")
    first = str(refused.value).replace(f"{tmp_path}/", "").splitlines()[0]
    assert first == (
        'office.toml:19: line "city1": pulses need a loop switch on a chip of the processor\'s own, worked by gpiod '
        '(write dialling = "tone")'
    )


def test_a_line_that_could_not_time_pulses_never_tries_them(tmp_path: Path) -> None:
    """Nor where a library works the pins: `auto` means tones there."""
    loaded = expander_office(tmp_path, "auto")
    assert not loaded.board.times_pulses(PortId("fxo1"))
    own = replace(
        loaded.board,
        ports=tuple(replace(port, pins=(("loop_switch", "header:16"),)) for port in loaded.board.ports),
    )
    assert own.times_pulses(PortId("fxo1"))
    assert not replace(own, gpio=PinLibrary.RPI_GPIO).times_pulses(PortId("fxo1"))
    for board, mode in ((loaded.board, DialMode.TONE), (own, DialMode.AUTO)):
        city = loaded.office.city_lines[0]
        settings = dial_settings(city, "ru", pulses_possible=board.times_pulses(city.port))
        assert settings.mode is mode
