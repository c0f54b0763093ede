"""Each mistake in board.toml has its message."""

from __future__ import annotations

# ruff: noqa: E501 - messages stand whole, as they are read
import pytest

from gateway.config.load import Places, load_configuration
from gateway.errors import ConfigError
from gateway.model.settings import AudioKind
from tests.config.conftest import Paper

MISTAKES = [
    (
        'kind = "fxs"\n',
        'kind = "fxs"\ncapabilities = ["loop_break"]\n',
        'board.toml:5: port "fxs1": "loop_break" needs the pin "power_down": without it nothing takes the power from the loop '
        '(wire it and name it in the pins, or remove "loop_break")',
    ),
    (
        'kind = "fxs"\n',
        'kind = "fxs"\ncapabilities = ["neon"]\n',
        'board.toml:5: port "fxs1": "capabilities", entry 1, must be "on_hook_audio", "polarity_reversal" or "loop_break", not "neon"',
    ),
    (
        'kind = "fxo"\n',
        'kind = "fxo"\ncapabilities = ["polarity_reversal"]\n',
        'board.toml:13: port "fxo1": a city line\'s module has none of these capabilities (remove them)',
    ),
    (
        'hook = "sim:3"',
        'hook = "sim:0"',
        'board.toml:9: port "fxs2": the pin "hook" is sim:0, which is used by port "fxs1" (hook) already '
        "(one pin, one use)",
    ),
    (
        'forward_reverse = "sim:2"',
        'forward_reverse = "sim:1"',
        'board.toml:5: port "fxs1": the pin "forward_reverse" is sim:1, which is used by port "fxs1" (ring_mode) already '
        "(one pin, one use)",
    ),
    (
        'hook = "sim:3"',
        "hook = 3",
        'board.toml:9: port "fxs2": "hook" must be text in quotes, not 3 (a whole number) (write "3")',
    ),
    (
        'hook = "sim:3"',
        'hook = "3"',
        'board.toml:9: port "fxs2": the pin "hook" is "3", but is written CHIP:LINE (for example "gpiochip0:17")',
    ),
    (
        'hook = "sim:3"',
        'hok = "sim:3"',
        'board.toml:9: port "fxs2": an FXS port has no pin "hok" (did you mean "hook"?)',
    ),
    (
        'pins = { ring = "sim:6", loop_current = "sim:7", loop_switch = "sim:8" }',
        'pins = { ring = "sim:6" }',
        'board.toml:13: port "fxo1": missing in the pins: "loop_current", "loop_switch" '
        "(pins: ring, loop_current, loop_switch, polarity)",
    ),
    (
        'hook = "sim:3"',
        'hook = "gpiochip0:17"',
        'board.toml:9: port "fxs2": the pin "ring_mode" is on the simulated chip and others are not '
        "(a module is real or simulated as a whole)",
    ),
    (
        'pins = { ring = "sim:6", loop_current = "sim:7", loop_switch = "sim:8" }',
        'pins = { ring = "header:5", loop_current = "header:6", loop_switch = "header:13" }',
        'board.toml:11: port "fxo1": its pins are real, but its audio is the simulator\'s "wire" '
        '(audio = "alsa" and card = "hw:CARD=NAME")',
    ),
    (
        'kind = "fxo"',
        'kind = "fxo"\nactive_low = ["rng"]',
        'board.toml:13: port "fxo1": "active_low" names "rng", but the port has no such pin (did you mean "ring"?)',
    ),
    (
        'kind = "fxo"',
        'kind = "fxo"\npull = { loop_switch = "up" }',
        'board.toml:13: port "fxo1": "pull" names "loop_switch", which is no input of this port (inputs: ring, loop_current)',
    ),
    (
        'kind = "fxo"',
        'kind = "fxo"\npull = { ring = "sideways" }',
        'board.toml:13: port "fxo1": "ring" must be "up", "down" or "none", not "sideways"',
    ),
    (
        'kind = "fxo"',
        'kind = "fxoo"',
        'board.toml:12: port "fxo1": "kind" must be "fxs", "fxo" or "cellular", not "fxoo" (did you mean "fxo"?)',
    ),
    (
        'kind = "fxo"',
        'kind = "fxo"\naudio = "alsa"',
        'board.toml:11: port "fxo1": "audio" is "alsa", but "card" is missing (card = "hw:CARD=NAME")',
    ),
    (
        'kind = "fxo"',
        'kind = "fxo"\ncard = "hw:CARD=line1"',
        'board.toml:13: port "fxo1": "card" belongs to a sound card, but "audio" is "wire" '
        '(write audio = "alsa" or remove it)',
    ),
    (
        'kind = "fxo"',
        'kind = "fxo"\nring_hz = 25',
        'board.toml:13: port "fxo1": a city line is not rung by us (remove ring_hz)',
    ),
    (
        'kind = "fxs"',
        'kind = "fxs"\nring_hz = 5',
        'board.toml:5: port "fxs1": "ring_hz" is 5, but must be at least 15',
    ),
    (
        'kind = "fxs"',
        'kind = "fxs"\nfull_scale_dbm0 = inf',
        'board.toml:5: port "fxs1": "full_scale_dbm0" must be a finite number',
    ),
    (
        'kind = "fxs"',
        'kind = "fxs"\nspoken_gain_db = 31',
        'board.toml:5: port "fxs1": "spoken_gain_db" is 31, but must be at most 30.0',
    ),
    (
        'name = "simulated"\n',
        'name = "simulated"\n[rtp]\nfirst_port = 16385\n',
        'board.toml:3: [rtp]: "first_port" is 16385, but must be even (RFC 3550, section 11) (write 16386)',
    ),
    (
        'name = "simulated"\n',
        'name = "simulated"\n[rtp]\nfirst_port = 64000\nsockets = 64\nmore = 1\n',
        'board.toml:5: [rtp]: unknown field "more" (fields: first_port, sockets)',
    ),
    (
        'name = "simulated"\n',
        'name = "simulated"\n[rtp]\nfirst_port = 65500\nsockets = 64\n',
        "board.toml:3: [rtp]: 64 sockets from 65500 on go beyond port 65535 (begin lower or take fewer)",
    ),
    (
        'name = "simulated"\n',
        'name = "simulated"\n[rtp]\nsockets = 65\n',
        'board.toml:3: [rtp]: "sockets" is 65, but must be at most 64',
    ),
    ('name = "simulated"\n', "", 'board.toml: the field "name" is missing (add a line: name = ...)'),
]


@pytest.mark.parametrize(
    ("old", "new", "message"), MISTAKES, ids=[m.split(": ", 1)[1][:50] for *_, m in MISTAKES]
)
def test_a_mistake_on_the_board(paper: Paper, old: str, new: str, message: str) -> None:
    assert message in paper.edit(old, new, file="board.toml").refusal()


def test_a_port_cannot_be_called_sip(paper: Paper) -> None:
    paper.edit("[port.fxs1]", "[port.sip]", file="board.toml")
    assert (
        'board.toml:3: port "sip": no port may be called "sip": office.toml says that of SIP telephones (rename it)'
        in paper.refusal()
    )


def test_a_board_without_ports_is_refused(paper: Paper) -> None:
    paper.texts["board.toml"] = 'name = "bare"\n'
    assert paper.refusal() == ['board.toml: the field "port" is missing (add a line: port = ...)']


STEREO = 'audio = "alsa"\ncard = "hw:CARD=line1"\nside = "{}"\n'


def test_two_ports_share_a_stereo_card_by_its_sides(paper: Paper) -> None:
    for port, side in (("fxo1", "left"), ("fxo2", "right")):
        paper.edit(f"[port.{port}]\n", f"[port.{port}]\n{STEREO.format(side)}", file="board.toml")
    ports = {port.port: port for port in paper.load().board.ports}
    assert [(ports[name].card, ports[name].card_side) for name in ("fxo1", "fxo2")] == [  # type: ignore[index]
        ("hw:CARD=line1", 0),
        ("hw:CARD=line1", 1),
    ]
    assert ports["fxo1"].audio is AudioKind.ALSA  # type: ignore[index]


def test_the_same_side_of_a_card_serves_one_port(paper: Paper) -> None:
    for port in ("fxo1", "fxo2"):
        paper.edit(f"[port.{port}]\n", f"[port.{port}]\n{STEREO.format('left')}", file="board.toml")
    assert paper.refusal() == [
        'board.toml:20: port "fxo2": the left side of the card "hw:CARD=line1" is used by port "fxo1" already '
        '(side = "left" and side = "right" serve two ports)'
    ]


SOCKETED = 'audio = "alsa"\ncard = "{}"\nplayback_percent = 80\nplayback_full_scale_dbm0 = -1.5\n'


@pytest.mark.parametrize("card", ["usb:1-1.3", "usb:3-2", "usb:1-1.4.2", "platform:snd_aloop.0"])
def test_a_card_is_named_by_its_socket(paper: Paper, card: str) -> None:
    paper.edit("[port.fxo1]\n", f"[port.fxo1]\n{SOCKETED.format(card)}", file="board.toml")
    port = next(port for port in paper.load().board.ports if port.port == "fxo1")
    assert (port.card, port.playback_percent, port.capture_percent) == (card, 80, None)
    assert (port.full_scale_dbm0, port.playback_full_scale_dbm0) == (3.14, -1.5)


@pytest.mark.parametrize("card", ["usb:", "usb:1", "usb:1-1.3:1.0", "usb:0-1", "usb:1-1.", "usb:/dev/snd"])
def test_what_is_no_socket_is_refused_with_an_example(paper: Paper, card: str) -> None:
    paper.edit("[port.fxo1]\n", f"[port.fxo1]\n{SOCKETED.format(card)}", file="board.toml")
    (told,) = paper.refusal()
    assert f'"card" is "{card}", which is no socket (for example "usb:1-1.3": bus 1, its port 1' in told


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("capture_percent = 40", '"capture_percent" belongs to a sound card, but "audio" is "wire"'),
        (
            'audio = "alsa"\ncard = "hw:0"\nplayback_percent = 101',
            '"playback_percent" is 101, but must be at most 100',
        ),
    ],
)
def test_faders_are_those_of_a_card(paper: Paper, line: str, what: str) -> None:
    paper.edit("[port.fxo1]\n", f"[port.fxo1]\n{line}\n", file="board.toml")
    (told,) = paper.refusal()
    assert what in told


# ---------------------------------------------------------------- sockets of both files
RTP = "\n[rtp]\nfirst_port = {first}\nsockets = {sockets}\n"


@pytest.mark.parametrize(
    ("first", "sockets", "remedy"),
    [(5060, 32, 5062), (5000, 32, 5062), (5056, 3, 5062), (5058, 2, 5062)],
)
def test_speech_and_sip_do_not_share_a_port(paper: Paper, first: int, sockets: int, remedy: int) -> None:
    paper.add(RTP.format(first=first, sockets=sockets), file="board.toml").edit(
        'country = "ru"', 'country = "ru"\n[sip]\nport = 5060'
    )
    last = first + 2 * sockets - 1
    assert paper.refusal() == [
        f"board.toml:20: [rtp]: its UDP ports {first} to {last} include 5060, where SIP listens "
        f"(office.toml:3) (write first_port = {remedy})"
    ]


def test_the_default_sip_port_is_meant_too(paper: Paper) -> None:
    told = paper.add(RTP.format(first=5060, sockets=1), file="board.toml").refusal()
    assert told == [
        "board.toml:20: [rtp]: its UDP ports 5060 to 5061 include 5060, where SIP listens (office.toml) "
        "(write first_port = 5062)"
    ]


def test_a_sip_port_among_the_usual_ones_for_speech_is_refused_where_it_stands(paper: Paper) -> None:
    assert paper.edit('country = "ru"', 'country = "ru"\n[sip]\nport = 16390').refusal() == [
        'office.toml:3: [sip]: "port" is 16390, which lies in the UDP ports 16384 to 16447 for speech '
        "(the usual one is 5060)"
    ]


@pytest.mark.parametrize(
    ("first", "sockets", "sip"),
    [
        (5062, 32, ""),
        (5000, 30, ""),
        (5060, 32, "port = 5070\ntransports = ['tcp']"),
        (5060, 4, "port = 5068"),
    ],
)
def test_neighbours_do_not_disturb_each_other(paper: Paper, first: int, sockets: int, sip: str) -> None:
    if "tcp" in sip:
        sip = sip.replace("5070", "5060")  # SIP over TCP alone leaves the UDP port to others
    paper.add(RTP.format(first=first, sockets=sockets), file="board.toml")
    paper.edit('country = "ru"', f'country = "ru"\n[sip]\n{sip}')
    assert paper.load().board.rtp_first_port == first


def test_a_port_that_listen_gives_counts_instead_of_the_offices(paper: Paper) -> None:
    paper.add(RTP.format(first=7000, sockets=4), file="board.toml").load()
    office, board = paper.folder / "office.toml", paper.folder / "board.toml"
    with pytest.raises(ConfigError, match=r"board\.toml:20: .*include 7002, where SIP listens \(--listen\)"):
        load_configuration(office, board, sip_port=7002)
    assert load_configuration(office, board, sip_port=7008)
    board.write_text(board.read_text().replace("first_port = 7000", "first_port = 5060"))
    assert load_configuration(office, board, sip_port=7002)


def test_a_line_of_the_board_is_known_afterwards(paper: Paper) -> None:
    places = paper.add(RTP.format(first=7000, sockets=4), file="board.toml").load().board_places
    where = str(paper.folder / "board.toml")
    assert places.of("rtp", "first_port") == f"{where}:20: [rtp]"
    assert places.of("port", "fxs2", "pins", "hook") == f'{where}:9: port "fxs2"'
    assert Places("board.toml").of("port", "fxs2") == 'board.toml: port "fxs2"'
