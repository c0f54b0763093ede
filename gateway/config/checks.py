"""What the tables of office.toml mean to each other: what exists, what is used twice, where no way leads on.

Each check notes every problem it finds in the document. An entry that has a problem of its own is known by
name (so that nothing else complains that it is not there) and otherwise passed over.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.config.document import Document
from gateway.config.lines import Path
from gateway.config.schema import OfficeFile, OutgoingEntry
from gateway.config.telephones import check_telephones
from gateway.config.wording import nearest, shown
from gateway.line.hook import flash_window
from gateway.model.numbers import PortId
from gateway.model.settings import BoardSettings, PortKind, SipSettings

NUMBER = re.compile(r"[0-9]{2,6}")
NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
SIP = "sip"
NUMBERED = ("extension", "group", "queue")
NAMED = ("line", "trunks", "clip")


@dataclass(frozen=True, slots=True)
class Office:
    """An office under examination: its file, what is sound of it, its board and the clips there are."""

    document: Document
    file: OfficeFile
    board: BoardSettings
    clips: frozenset[str]
    countries: tuple[str, ...]

    def names(self, *sections: str) -> list[str]:
        """Every key of these tables, also those of entries with problems."""
        return [name for section in sections for name in self.document.table(section)]

    def complain(self, path: Path, what: str, remedy: str = "") -> None:
        """Note a problem at the line of `path`."""
        self.document.complain(path, what, remedy)

    def must_exist(self, path: Path, name: str, what: str, names: Iterable[str]) -> bool:
        """Whether `name` is one of `names`; complains that there is no such `what` otherwise."""
        known = list(dict.fromkeys(names))
        if name in known:
            return True
        listed = ", ".join(map(shown, known[:12])) + (", ..." if len(known) > 12 else "")
        remedy = nearest(name, known) or (f"there are: {listed}" if known else "there is none in this file")
        self.complain(path, f'"{_field(path)}" names {what} "{shown(name)}", which is not there', remedy)
        return False


def check_office(office: Office) -> None:
    """Every check; problems are in the document afterwards."""
    check_names(office)
    check_general(office)
    check_stations(office)
    check_lines(office)
    check_pairs(office)
    check_telephones(office)
    check_members(office)
    check_overflow(office)
    check_trunks(office)
    check_shadows(office)
    check_outgoing(office)


# ---------------------------------------------------------------- names and numbers
def check_names(office: Office) -> None:
    """Numbers are 2 to 6 digits, each used once; names are one word."""
    owner: dict[str, str] = {}
    for section in NUMBERED:
        for number in office.document.table(section):
            if not NUMBER.fullmatch(number):
                office.complain((section, number), "a number of this office has 2 to 6 digits")
            elif number in owner:
                what = f"this number is the {owner[number]}'s already"
                office.complain((section, number), what, "give it another number")
            owner.setdefault(number, section)
    for section in NAMED:
        for name in office.document.table(section):
            if not NAME.fullmatch(name):
                office.complain((section, name), "a name has 1 to 32 letters a-z, digits, - or _")


def check_shadows(office: Office) -> None:
    """No number begins with another one: a telephone would have to wait what is meant."""
    numbers = sorted({number for number in office.names(*NUMBERED) if NUMBER.fullmatch(number)})
    for number in numbers:
        for longer in numbers:
            if longer != number and longer.startswith(number):
                section = next(name for name in NUMBERED if longer in office.document.table(name))
                what = f"begins with the number {number}, which would be reached first"
                office.complain((section, longer), what, "change one of them")


def check_general(office: Office) -> None:
    """The country has a tone plan; the music is there."""
    file = office.file
    if "country" in office.document.values and file.country not in office.countries:
        what = f'"country" is "{shown(file.country)}", which has no tone plan here'
        near = nearest(file.country.lower(), office.countries)
        office.complain(("country",), what, near or f"there are: {', '.join(office.countries)}")
    if "hold_music" in office.document.values:
        office.must_exist(("hold_music",), file.hold_music, "the clip", office.clips)
    for number, queue in file.queue.items():
        if "music" in queue.model_fields_set:
            office.must_exist(("queue", number, "music"), queue.music, "the clip", office.clips)


# ---------------------------------------------------------------- ports
def check_sockets(
    document: Document, file: OfficeFile, board_document: Document, board: BoardSettings, sip_port: int | None
) -> None:
    """SIP and speech do not want the same UDP port: the first would have it, and the other never comes up.

    The problem is the board's where it says its ports, else the office's; ``sip_port`` is that of --listen.
    """
    first, count = board.rtp_first_port, 2 * board.rtp_sockets
    port = sip_port or file.sip.port
    if "udp" not in file.sip.transports or not first <= port < first + count:
        return
    lies = f"lies in the UDP ports {first} to {first + count - 1} for speech"
    if "rtp" in board_document.values:
        where = "--listen" if sip_port else str(document.problem(("sip", "port"), "")).split(": ")[0]
        what = f"its UDP ports {first} to {first + count - 1} include {port}, where SIP listens ({where})"
        board_document.complain(("rtp", "first_port"), what, _way_out(port, count))
    elif sip_port:
        board_document.complain((), f"the port {port} of --listen {lies}", "give --listen another one")
    else:
        remedy = f"the usual one is {SipSettings().port}"
        document.complain(("sip", "port"), f'"port" is {port}, which {lies}', remedy)


def _way_out(port: int, count: int) -> str:
    begin = port + 2 - port % 2
    return f"write first_port = {begin}" if begin + count <= 65_536 else "begin lower"


def check_stations(office: Office) -> None:
    """An analog extension has an FXS port of its own; flash times have room between them."""
    taken: dict[str, str] = {}
    for number, extension in office.file.extension.items():
        path: Path = ("extension", number, "station")
        if extension.station != SIP and _is_port(office, path, extension.station, PortKind.FXS):
            _once(office, path, extension.station, taken, f"extension {number}")
        if extension.secret is not None and extension.station != SIP:
            office.complain(("extension", number, "secret"), "only a SIP telephone has a secret", "remove it")
        shortest_ms, longest_ms = flash_window(office.file.country)
        shortest_ms, longest_ms = extension.flash_min_ms or shortest_ms, extension.flash_max_ms or longest_ms
        if shortest_ms >= longest_ms:
            times = f"({shortest_ms} and {longest_ms})"
            what = f'"flash_min_ms" is not below "flash_max_ms" {times}'
            office.complain(("extension", number), what)


def check_lines(office: Office) -> None:
    """A city line has an FXO port or a modem of its own and leads to somebody."""
    taken: dict[str, str] = {}
    for name, line in office.file.line.items():
        if _is_port(office, ("line", name, "port"), line.port, PortKind.FXO, PortKind.CELLULAR):
            _once(office, ("line", name, "port"), line.port, taken, f"line {name}")
        if line.messages_to:
            path: Path = ("line", name, "messages_to")
            if not _is_modem(office, line.port):
                office.complain(path, "only a modem's line has short messages", "remove it")
            office.must_exist(path, line.messages_to, "the extension", office.names("extension"))
        if line.dialling == "pulse" and not office.board.times_pulses(PortId(line.port)):
            what = "pulses need a loop switch on a chip of the processor's own, worked by gpiod"
            office.complain(("line", name, "dialling"), what, 'write dialling = "tone"')
        way: Path = ("line", name, "to")
        if not _goes_out(office, way, line.to, name):
            office.must_exist(way, line.to, "the number", office.names(*NUMBERED))


def _goes_out(office: Office, path: Path, target: str, line: str = "") -> bool:
    """Whether `target` is a number of the city, which needs a line beside the one that the call came on."""
    if target in office.names(*NUMBERED):
        return False
    rule = next((rule for rule in office.file.outgoing if _carries(rule, target)), None)
    if rule is None:
        return False
    trunks = office.file.trunks.get(rule.trunks)
    if trunks is not None and not set(trunks.lines) - {line}:
        what = f'"{_field(path)}" is {target}, a number of the city, and the only line of '
        what += f"[trunks.{rule.trunks}] is the one that the call comes on"
        office.complain(path, what, "a forwarded call takes two lines")
    return True


def _carries(rule: OutgoingEntry, number: str) -> bool:
    long_enough = rule.min_digits <= len(number) <= rule.max_digits and len(number) > rule.strip
    return number.isdigit() and number.startswith(rule.prefix) and long_enough


def _is_modem(office: Office, name: str) -> bool:
    return any(port.port == name and port.kind is PortKind.CELLULAR for port in office.board.ports)


def _is_port(office: Office, path: Path, name: str, kind: PortKind, *more: PortKind) -> bool:
    ports = {str(port.port): port.kind for port in office.board.ports}
    if name not in ports:
        right = [port for port, its_kind in ports.items() if its_kind in (kind, *more)]
        words = [*right, SIP] if kind is PortKind.FXS else right
        listed = f"the board has: {', '.join(words)}"
        what = f'"{_field(path)}" is "{shown(name)}", which is no port of the board "{office.board.name}"'
        office.complain(path, what, nearest(name, words) or listed)
        return False
    if ports[name] not in (kind, *more):
        mine = "telephone (FXS)" if kind is PortKind.FXS else "city line (FXO) or modem"
        what = f'"{_field(path)}" is "{name}", an {ports[name].upper()} port, but must be a {mine} port'
        office.complain(path, what)
        return False
    return True


def _once(office: Office, path: Path, port: str, taken: dict[str, str], mine: str) -> None:
    if port in taken:
        office.complain(path, f'the port "{port}" is used by {taken[port]} already', "one port, one user")
    taken.setdefault(port, mine)


def check_pairs(office: Office) -> None:
    """One line = one handset: an analog telephone and a line that leads to it and to nobody else."""
    paired: dict[str, str] = {}
    for number, extension in office.file.extension.items():
        name = extension.paired_line
        if name is None:
            continue
        path: Path = ("extension", number, "paired_line")
        if extension.station == SIP:
            office.complain(path, "only an analog telephone can be paired with a line", "remove it")
        if not office.must_exist(path, name, "the line", office.names("line")):
            continue
        if name in paired:
            office.complain(path, f'the line "{name}" is paired with extension {paired[name]} already')
        paired.setdefault(name, number)
        line = office.file.line.get(name)
        if line is not None and _is_modem(office, line.port):
            what = f'the line "{name}" is a modem, which has no dial tone to be connected through to'
            office.complain(path, what, "pair the telephone with a city line")
        _belongs_to_nobody_else(office, path, name, number)


def _belongs_to_nobody_else(office: Office, path: Path, name: str, number: str) -> None:
    line = office.file.line.get(name)
    if line is not None and line.to != number:
        what = f'the line "{name}" is paired with this telephone, but its calls go to {shown(line.to)}'
        office.complain(path, what, f'in [line.{name}] write to = "{number}"')
    for group, trunks in office.file.trunks.items():
        if name in trunks.lines:
            what = f'the line "{name}" is paired with this telephone, but others may seize it'
            office.complain(path, what, f"take it out of [trunks.{group}]")


# ---------------------------------------------------------------- groups and queues
def check_members(office: Office) -> None:
    """Members are extensions of this office, each once."""
    groups = {("group", number): group.members for number, group in office.file.group.items()}
    queues = {("queue", number): queue.members for number, queue in office.file.queue.items()}
    for (section, number), members in {**groups, **queues}.items():
        for index, member in enumerate(members):
            path: Path = (section, number, "members", index)
            if member in members[:index]:
                office.complain(path, f'the member "{shown(member)}" is written twice', "remove one")
            elif member in office.names("group", "queue"):
                what = f'the member "{member}" is a group or a queue; members are extensions'
                office.complain(path, what, "name its members")
            else:
                office.must_exist(path, member, "the extension", office.names("extension"))


def check_overflow(office: Office) -> None:
    """Every queue has a way out, every way out exists, and none leads round in a circle."""
    ways: dict[str, tuple[str, str]] = {}
    for number, queue in office.file.queue.items():
        ways[number] = ("queue", queue.overflow)
        if not queue.overflow:
            what = 'a queue without "overflow" is a dead end for callers who find it full or wait too long'
            office.complain(("queue", number), what, 'add a line: overflow = "NUMBER"')
    for number, group in office.file.group.items():
        ways.setdefault(number, ("group", group.overflow))
    for number, (section, target) in ways.items():
        if target and not _goes_out(office, (section, number, "overflow"), target):
            office.must_exist((section, number, "overflow"), target, "the number", office.names(*NUMBERED))
    for circle in _circles({number: target for number, (_, target) in ways.items()}):
        section = ways[circle[0]][0]
        what = f"a caller would go round for ever: {' -> '.join((*circle, circle[0]))}"
        office.complain((section, circle[0], "overflow"), what, "let one of them overflow elsewhere")


def _circles(ways: dict[str, str]) -> Iterator[tuple[str, ...]]:
    """Each circle once, beginning at its first number in the order of the file."""
    done: set[str] = set()
    for start in ways:
        trail: list[str] = []
        at = start
        while at in ways and at not in trail and at not in done:
            trail.append(at)
            at = ways[at]
        if at in trail:
            yield tuple(trail[trail.index(at) :])
        done.update(trail)


# ---------------------------------------------------------------- calls out
def check_trunks(office: Office) -> None:
    """A trunk group has lines of this office, each once."""
    for name, trunks in office.file.trunks.items():
        for index, line in enumerate(trunks.lines):
            path: Path = ("trunks", name, "lines", index)
            if line in trunks.lines[:index]:
                office.complain(path, f'the line "{shown(line)}" is written twice', "remove one")
            else:
                office.must_exist(path, line, "the line", office.names("line"))


def check_outgoing(office: Office) -> None:
    """A rule has a trunk group, sensible lengths, and neither shadows a number here nor another rule."""
    rules = office.file.outgoing
    whole = len(rules) == len(office.document.values.get("outgoing", []))
    for index, rule in enumerate(rules if whole else []):
        groups = office.names("trunks")
        office.must_exist(("outgoing", index, "trunks"), rule.trunks, "the trunk group", groups)
        _lengths(office, index, rule)
        _against_numbers(office, index, rule)
        _against_rules(office, index, rules)


def _lengths(office: Office, index: int, rule: OutgoingEntry) -> None:
    path: Path = ("outgoing", index)
    if rule.min_digits > rule.max_digits:
        what = f'"min_digits" ({rule.min_digits}) is above "max_digits" ({rule.max_digits})'
        office.complain((*path, "min_digits"), what)
    if rule.max_digits < len(rule.prefix):
        what = f'"max_digits" ({rule.max_digits}) is less than the digits of the prefix "{rule.prefix}"'
        office.complain((*path, "max_digits"), what)
    elif rule.strip >= rule.max_digits:
        what = f'"strip" ({rule.strip}) takes every digit of a number of at most {rule.max_digits}'
        office.complain((*path, "strip"), what)


def _against_numbers(office: Office, index: int, rule: OutgoingEntry) -> None:
    for number in office.names(*NUMBERED):
        if number.startswith(rule.prefix) or (
            rule.prefix.startswith(number) and NUMBER.fullmatch(number) is not None
        ):
            what = f'numbers with the prefix "{rule.prefix}" and the number {number} here begin alike'
            office.complain(("outgoing", index, "prefix"), what, "change one of them")
            return


def _against_rules(office: Office, index: int, rules: Sequence[OutgoingEntry]) -> None:
    rule = rules[index]
    for earlier, other in enumerate(rules[:index]):
        overlap = other.min_digits <= rule.max_digits and rule.min_digits <= other.max_digits
        if other.prefix == rule.prefix and overlap:
            what = f'the prefix "{rule.prefix}" with these lengths is outgoing rule {earlier + 1}\'s already'
            office.complain(("outgoing", index, "prefix"), what, "this rule would never be reached")
            return


def _field(path: Path) -> str:
    names = [step for step in path if isinstance(step, str)]
    return names[-1]
