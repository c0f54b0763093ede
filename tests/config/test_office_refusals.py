"""Each mistake in office.toml has its message: file, line, what it is about, what is wrong, what to do."""

# ruff: noqa: E501 - messages stand whole, as they are read

from __future__ import annotations

import pytest

from tests.config.conftest import Paper

ANNA = 'name = "Anna"\n'

# (what is written, what is written instead, the messages)
FIELDS = [
    (
        ANNA,
        'nmae = "Anna"\n',
        'office.toml:4: extension "101": unknown field "nmae": did you mean "name"? '
        "(fields: name, station, secret, paired_line, flash_min_ms, flash_max_ms, identity, lamp, hotline, hotline_after_ms, reoriginate_after_ms, called_held_ms, "
        "answer_reversal, clear_break_ms, call_waiting, letters)",
    ),
    (ANNA, "", 'office.toml:3: extension "101": the field "name" is missing (add a line: name = ...)'),
    (
        ANNA,
        "name = 5\n",
        'office.toml:4: extension "101": "name" must be text in quotes, not 5 (a whole number) (write "5")',
    ),
    (ANNA, 'name = ""\n', 'office.toml:4: extension "101": "name" is empty'),
    (
        ANNA,
        f'name = "{"x" * 81}"\n',
        'office.toml:4: extension "101": "name" has 81 characters, but must have at most 80',
    ),
    (ANNA, "name = [1]\n", 'office.toml:4: extension "101": "name" must be text in quotes, not a list'),
    (
        ANNA,
        ANNA + 'secret = "short"\n',
        'office.toml:5: extension "101": "secret" has 5 characters, but must have 12 to 128 '
        "(or leave it out: one is made)",
    ),
    (
        ANNA,
        ANNA + "flash_max_ms = 9000\n",
        'office.toml:5: extension "101": "flash_max_ms" is 9000, but must be at most 2000',
    ),
    (
        ANNA,
        ANNA + "flash_min_ms = true\n",
        'office.toml:5: extension "101": "flash_min_ms" must be a whole number, not True (true/false)',
    ),
    (
        'port = "fxo1"\n',
        'port = "fxo1"\nnumber_request = "yes"\n',
        'office.toml:17: line "city1": "number_request" must be true or false, not yes (text)',
    ),
    (
        'overflow = "600"\n',
        'overflow = "600"\nlimit = 0\n',
        'office.toml:31: queue "610": "limit" is 0, but must be at least 1',
    ),
    (
        'overflow = "600"\n',
        'overflow = "600"\nlimit = "20"\n',
        'office.toml:31: queue "610": "limit" must be a whole number, not 20 (text) (write 20)',
    ),
    (
        'members = ["101", "201"]',
        "members = []",
        'office.toml:29: queue "610": "members" is empty (it needs at least 1)',
    ),
    (
        'members = ["101", "201"]',
        'members = [\n  "101",\n  201,\n]',
        'office.toml:31: queue "610": "members", entry 2, must be text in quotes, not 201 (a whole number) '
        '(write "201")',
    ),
    (
        'members = ["101", "201"]',
        'members = "101"',
        'office.toml:29: queue "610": "members" must be a list such as ["101", "102"], not 101 (text)',
    ),
    (
        'prefix = "9"',
        'prefix = "9x"',
        'office.toml:36: outgoing rule 1: "prefix" must be 1 to 20 digits, not "9x"',
    ),
    (
        'country = "ru"\n',
        'country = "ru"\n[sip]\ntransports = ["upd"]\n',
        'office.toml:3: [sip]: "transports", entry 1, must be "udp" or "tcp", not "upd" '
        '(did you mean "udp"?)',
    ),
    (
        'country = "ru"\n',
        'country = "ru"\n[sip]\nport = 70000\n',
        'office.toml:3: [sip]: "port" is 70000, but must be at most 65535',
    ),
    (
        'country = "ru"\n',
        'country = "ru"\ntimes = 5\n',
        'office.toml:2: "times" must be a table, not 5 (a whole number)',
    ),
    (
        'country = "ru"\n',
        'country = "ru"\ncolour = 3\n',
        'office.toml:2: unknown field "colour": did you mean "country"? (fields: country, hold_music, forwarded_at_once, times, '
        "sip, rings, recorder, extension, line, group, queue, trunks, outgoing, clip)",
    ),
    (
        'country = "ru"\n',
        "",
        'office.toml: the field "country" is missing (add a line at the top: country = "ru")',
    ),
]


TELEPHONES = [
    ('identity = "v32"\n', '"identity" is "v32", which is no way of telling who calls (did you mean "v23"?)'),
    (
        'identity = "v23-reversal"\n',
        '"identity" is "v23-reversal", but the module of fxs1 has no "on_hook_audio" and "polarity_reversal" '
        '(write identity = "none", or in board.toml the capability that it has)',
    ),
    (
        'lamp = "neon"\n',
        '"lamp" is "neon", but no module that we drive gives the 90 volts of a neon lamp '
        '(write lamp = "stutter", or "fsk" for a telephone that reads it)',
    ),
    (
        'lamp = "fsk"\n',
        '"lamp" is "fsk", but the module of fxs1 has no "on_hook_audio" '
        '(write lamp = "stutter", or in board.toml the capability that it has)',
    ),
    (
        "answer_reversal = true\n",
        '"answer_reversal" is wanted, but the module of fxs1 has no "polarity_reversal" '
        "(remove it, or write in board.toml the capability that the module has)",
    ),
    (
        "clear_break_ms = 600\n",
        '"clear_break_ms" is wanted, but the module of fxs1 has no "loop_break" '
        "(remove it, or write in board.toml the capability that the module has)",
    ),
    (
        "hotline_after_ms = 3000\n",
        '"hotline_after_ms" without "hotline" (add a line: hotline = "NUMBER")',
    ),
    (
        'hotline = "101"\n',
        '"hotline" is its own number: a telephone cannot call itself (name another number)',
    ),
    (
        'hotline = "103"\n',
        '"hotline" is 103, which is no number of this office and fits no [[outgoing]] rule '
        "(name an extension, a group, a queue, or a number that goes out)",
    ),
]


@pytest.mark.parametrize(("line", "message"), TELEPHONES, ids=[line.strip() for line, _ in TELEPHONES])
def test_what_a_telephone_or_its_module_cannot(paper: Paper, line: str, message: str) -> None:
    assert paper.edit(ANNA, ANNA + line).refusal() == [f'office.toml:5: extension "101": {message}']


def test_a_sip_telephone_is_told_otherwise(paper: Paper) -> None:
    darya = 'name = "Darya"\n'
    assert paper.edit(darya, darya + "call_waiting = true\n").refusal() == [
        'office.toml:13: extension "201": "call_waiting" is for analog telephones: a SIP telephone does that by '
        "itself (remove it)"
    ]


def test_a_cadence_that_is_none(paper: Paper) -> None:
    country = 'country = "ru"\n'
    paper.edit(country, country + "[rings]\ninternal = [400, 200, 400]\nexternal = [2000, 2000]\n")
    assert paper.refusal() == [
        'office.toml:3: [rings]: "internal" has 3 times, but a cadence is on, off, on, off ... '
        "(end with the pause before the next round)",
        'office.toml:4: [rings]: "external" rings for more than a third of the time, which modules do not bear '
        "(make the pauses longer)",
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"), FIELDS, ids=[message.split(": ", 1)[1][:50] for *_, message in FIELDS]
)
def test_a_wrong_field(paper: Paper, old: str, new: str, message: str) -> None:
    assert paper.edit(old, new).refusal() == [message]


MEANINGS = [
    (
        'station = "fxs2"',
        'station = "fxs1"',
        'office.toml:9: extension "102": the port "fxs1" is used by extension 101 already (one port, one user)',
    ),
    (
        'station = "fxs2"',
        'station = "fsx2"',
        'office.toml:9: extension "102": "station" is "fsx2", which is no port of the board "simulated" '
        '(did you mean "fxs2"?)',
    ),
    (
        'station = "fxs2"',
        'station = "fxo2"',
        'office.toml:9: extension "102": "station" is "fxo2", an FXO port, but must be a telephone (FXS) port',
    ),
    (
        'port = "fxo2"',
        'port = "fxs2"',
        'office.toml:20: line "city2": "port" is "fxs2", an FXS port, but must be a city line (FXO) or modem port',
    ),
    (
        'port = "fxo2"',
        'port = "fxo1"',
        'office.toml:20: line "city2": the port "fxo1" is used by line city1 already (one port, one user)',
    ),
    (
        'to = "101"',
        'to = "6000"',
        'office.toml:21: line "city2": "to" names the number "6000", which is not there (did you mean "600"?)',
    ),
    (
        'members = ["101", "102"]',
        'members = [\n  "101",\n  "1O2",\n]',
        'office.toml:27: group "600": "members" names the extension "1O2", which is not there '
        '(did you mean "102"?)',
    ),
    (
        'members = ["101", "102"]',
        'members = ["101", "101"]',
        'office.toml:25: group "600": the member "101" is written twice (remove one)',
    ),
    (
        'members = ["101", "102"]',
        'members = ["101", "610"]',
        'office.toml:25: group "600": the member "610" is a group or a queue; members are extensions '
        "(name its members)",
    ),
    (
        'overflow = "600"\n',
        "",
        'office.toml:27: queue "610": a queue without "overflow" is a dead end for callers who find it full or '
        'wait too long (add a line: overflow = "NUMBER")',
    ),
    (
        'overflow = "600"\n',
        'overflow = "610"\n',
        'office.toml:30: queue "610": a caller would go round for ever: 610 -> 610 '
        "(let one of them overflow elsewhere)",
    ),
    (
        'members = ["101", "102"]\n',
        'members = ["101", "102"]\noverflow = "610"\n',
        'office.toml:31: queue "610": a caller would go round for ever: 610 -> 600 -> 610 '
        "(let one of them overflow elsewhere)",
    ),
    (
        'overflow = "600"\n',
        'overflow = "699"\n',
        'office.toml:30: queue "610": "overflow" names the number "699", which is not there '
        "(there are: 101, 102, 201, 600, 610)",
    ),
    (
        'overflow = "600"\n',
        'overflow = "600"\nmusic = "hodl"\n',
        'office.toml:31: queue "610": "music" names the clip "hodl", which is not there (did you mean "hold"?)',
    ),
    (
        'lines = ["city1", "city2"]',
        'lines = ["city1", "ctiy2"]',
        'office.toml:33: trunks "city": "lines" names the line "ctiy2", which is not there '
        '(did you mean "city2"?)',
    ),
    (
        'lines = ["city1", "city2"]',
        "lines = []",
        'office.toml:33: trunks "city": "lines" is empty (it needs at least 1)',
    ),
    (
        'trunks = "city"',
        'trunks = "village"',
        'office.toml:37: outgoing rule 1: "trunks" names the trunk group "village", which is not there '
        "(there are: city)",
    ),
    (
        'prefix = "9"',
        'prefix = "1"',
        'office.toml:36: outgoing rule 1: numbers with the prefix "1" and the number 101 here begin alike '
        "(change one of them)",
    ),
    (
        'prefix = "9"',
        'prefix = "1015"',
        'office.toml:36: outgoing rule 1: numbers with the prefix "1015" and the number 101 here begin alike '
        "(change one of them)",
    ),
    (
        "strip = 1\n",
        "strip = 1\nmin_digits = 5\nmax_digits = 4\n",
        'office.toml:39: outgoing rule 1: "min_digits" (5) is above "max_digits" (4)',
    ),
    (
        "strip = 1\n",
        'strip = 1\n[[outgoing]]\nprefix = "9"\ntrunks = "city"\n',
        'office.toml:40: outgoing rule 2: the prefix "9" with these lengths is outgoing rule 1\'s already '
        "(this rule would never be reached)",
    ),
    (
        "strip = 1\n",
        "strip = 4\nmax_digits = 4\n",
        'office.toml:38: outgoing rule 1: "strip" (4) takes every digit of a number of at most 4',
    ),
    (
        "[extension.201]",
        "[extension.10]",
        'office.toml:3: extension "101": begins with the number 10, which would be reached first '
        "(change one of them)",
    ),
    (
        "[extension.201]",
        "[extension.boss]",
        'office.toml:11: extension "boss": a number of this office has 2 to 6 digits',
    ),
    (
        "[line.city1]",
        '[line."city 1"]',
        'office.toml:15: line "city 1": a name has 1 to 32 letters a-z, digits, - or _',
    ),
    (
        'country = "ru"',
        'country = "uru"',
        'office.toml:1: "country" is "uru", which has no tone plan here (did you mean "ru"?)',
    ),
    (
        'country = "ru"',
        'country = "ru"\nhold_music = "jazz"',
        'office.toml:2: "hold_music" names the clip "jazz", which is not there (there are: hold)',
    ),
    (
        ANNA,
        ANNA + 'secret = "a secret of a telephone"\n',
        'office.toml:5: extension "101": only a SIP telephone has a secret (remove it)',
    ),
    (
        ANNA,
        ANNA + "flash_min_ms = 600\n",
        'office.toml:3: extension "101": "flash_min_ms" is not below "flash_max_ms" (600 and 500)',
    ),
    (
        'station = "sip"',
        'station = "sip"\npaired_line = "city1"',
        'office.toml:14: extension "201": only an analog telephone can be paired with a line (remove it)',
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "message"), MEANINGS, ids=[message.split(": ", 1)[1][:50] for *_, message in MEANINGS]
)
def test_a_wrong_meaning(paper: Paper, old: str, new: str, message: str) -> None:
    assert message in paper.edit(old, new).refusal()


def test_a_number_may_not_be_an_extension_and_a_group(paper: Paper) -> None:
    spoilt = paper.edit("[group.600]", "[group.101]").edit('to = "600"', 'to = "101"').edit('"600"', '"101"')
    assert (
        'office.toml:23: group "101": this number is the extension\'s already (give it another number)'
        in spoilt.refusal()
    )


def test_a_pair_belongs_to_nobody_else(paper: Paper) -> None:
    paper.edit('station = "fxs2"', 'station = "fxs2"\npaired_line = "city2"')
    assert paper.refusal() == [
        'office.toml:10: extension "102": the line "city2" is paired with this telephone, but its calls go to 101 '
        '(in [line.city2] write to = "102")',
        'office.toml:10: extension "102": the line "city2" is paired with this telephone, but others may seize it '
        "(take it out of [trunks.city])",
    ]


def test_a_line_is_paired_once(paper: Paper) -> None:
    paper.edit('station = "fxs1"', 'station = "fxs1"\npaired_line = "city2"')
    paper.edit('station = "fxs2"', 'station = "fxs2"\npaired_line = "city2"').edit(', "city2"]', "]")
    assert (
        'office.toml:11: extension "102": the line "city2" is paired with extension 101 already'
        in paper.refusal()
    )


def test_all_mistakes_come_at_once_in_the_order_of_the_lines(paper: Paper) -> None:
    paper.edit(ANNA, 'nmae = "Anna"\n').edit('to = "101"', 'to = "109"').edit('prefix = "9"', "prefix = 9")
    lines = [message.split(": ")[0] for message in paper.refusal()]
    assert lines == ["office.toml:4", "office.toml:21", "office.toml:36"]


def test_what_is_broken_is_known_by_name_and_blamed_once(paper: Paper) -> None:
    # 101 is a member and a destination elsewhere: its own mistake is the only message.
    assert len(paper.edit(ANNA, "name = 5\n").refusal()) == 1


def test_a_secret_is_never_repeated(paper: Paper) -> None:
    paper.edit('station = "sip"', 'station = "sip"\nsecret = "hunter2"')
    assert "hunter2" not in "".join(paper.refusal())


def test_a_given_secret_is_handed_on_and_not_shown(paper: Paper) -> None:
    loaded = paper.edit('station = "sip"', 'station = "sip"\nsecret = "correct horse"').load()
    assert loaded.secrets == {"201": "correct horse"}
    assert "correct horse" not in repr(loaded)


def test_calls_may_be_forwarded_to_a_number_of_the_city(paper: Paper) -> None:
    paper.edit('to = "101"', 'to = "9123456"').edit('overflow = "600"', 'overflow = "9123456"')
    configuration = paper.load()
    assert configuration.office.city_lines[1].destination == "9123456"
    assert configuration.office.queues[0].overflow == "9123456"


def test_a_forwarded_call_needs_a_second_line(paper: Paper) -> None:
    paper.edit('lines = ["city1", "city2"]', 'lines = ["city2"]').edit('to = "101"', 'to = "9123456"')
    assert paper.refusal() == [
        'office.toml:21: line "city2": "to" is 9123456, a number of the city, and the only line of '
        "[trunks.city] is the one that the call comes on (a forwarded call takes two lines)"
    ]


def test_a_number_that_no_rule_carries_is_nobody(paper: Paper) -> None:
    (message,) = paper.edit('to = "101"', 'to = "8123456"').refusal()
    assert '"to" names the number "8123456", which is not there' in message
