"""What office.toml says of analog telephones, against what their ports' modules can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.config.lines import Path
from gateway.config.wording import nearest, shown
from gateway.line.identity import COUNTRY, NONE, SCHEMES
from gateway.model.settings import LOOP_BREAK, ON_HOOK_AUDIO, POLARITY_REVERSAL

if TYPE_CHECKING:
    from gateway.config.checks import Office
    from gateway.config.schema import ExtensionEntry

SIP = "sip"
ANALOG_ONLY = (
    *("identity", "letters", "lamp", "call_waiting", "hotline", "hotline_after_ms"),
    *("reoriginate_after_ms", "called_held_ms", "answer_reversal", "clear_break_ms"),
)


def check_telephones(office: Office) -> None:
    """What is told to a telephone, and how, is possible on its port."""
    _check_cadences(office)
    abilities = {str(port.port): port.capabilities for port in office.board.ports}
    for number, extension in office.file.extension.items():
        if extension.station == SIP:
            _check_sip(office, number, extension)
        elif extension.station in abilities:
            _check_identity(office, number, extension, abilities[extension.station])
            _check_lamp(office, number, extension, abilities[extension.station])
            _check_signs(office, number, extension, abilities[extension.station])
            _check_hotline(office, number, extension)


def _check_sip(office: Office, number: str, extension: ExtensionEntry) -> None:
    for field in ANALOG_ONLY:
        if field in extension.model_fields_set:
            what = f'"{field}" is for analog telephones: a SIP telephone does that by itself'
            office.complain(("extension", number, field), what, "remove it")


def _check_identity(office: Office, number: str, extension: ExtensionEntry, able: tuple[str, ...]) -> None:
    path: Path = ("extension", number, "identity")
    known = (COUNTRY, NONE, *SCHEMES)
    if extension.identity not in known:
        what = f'"identity" is "{shown(extension.identity)}", which is no way of telling who calls'
        office.complain(path, what, nearest(extension.identity, known) or f"there are: {', '.join(known)}")
        return
    scheme = SCHEMES.get(extension.identity)
    lacking = [need for need in scheme.needs if need not in able] if scheme is not None else []
    if lacking:
        words = " and ".join(f'"{need}"' for need in lacking)
        what = f'"identity" is "{extension.identity}", but the module of {extension.station} has no {words}'
        remedy = f'write identity = "{NONE}", or in board.toml the capability that it has'
        office.complain(path, what, remedy)


def _check_lamp(office: Office, number: str, extension: ExtensionEntry, able: tuple[str, ...]) -> None:
    path: Path = ("extension", number, "lamp")
    if extension.lamp == "neon":
        what = '"lamp" is "neon", but no module that we drive gives the 90 volts of a neon lamp'
        office.complain(path, what, 'write lamp = "stutter", or "fsk" for a telephone that reads it')
    elif extension.lamp == "fsk" and ON_HOOK_AUDIO not in able:
        what = f'"lamp" is "fsk", but the module of {extension.station} has no "{ON_HOOK_AUDIO}"'
        office.complain(path, what, 'write lamp = "stutter", or in board.toml the capability that it has')


def _check_signs(office: Office, number: str, extension: ExtensionEntry, able: tuple[str, ...]) -> None:
    """Polarity and loop break towards the telephone."""
    signs = {"answer_reversal": POLARITY_REVERSAL, "clear_break_ms": LOOP_BREAK}
    for field, need in signs.items():
        if getattr(extension, field) and need not in able:
            what = f'"{field}" is wanted, but the module of {extension.station} has no "{need}"'
            remedy = "remove it, or write in board.toml the capability that the module has"
            office.complain(("extension", number, field), what, remedy)


def _check_hotline(office: Office, number: str, extension: ExtensionEntry) -> None:
    path: Path = ("extension", number, "hotline")
    hotline = extension.hotline
    if hotline is None:
        if extension.hotline_after_ms:
            where: Path = ("extension", number, "hotline_after_ms")
            office.complain(where, '"hotline_after_ms" without "hotline"', 'add a line: hotline = "NUMBER"')
        return
    if extension.paired_line is not None:
        what = 'the telephone is paired with a city line, which it takes when it is lifted: no "hotline" then'
        office.complain(path, what, "remove one of them")
    if hotline == number:
        office.complain(
            path, '"hotline" is its own number: a telephone cannot call itself', "name another number"
        )
    inside = hotline in office.names("extension", "group", "queue")
    outside = any(
        hotline.startswith(rule.prefix) and rule.min_digits <= len(hotline) <= rule.max_digits
        for rule in office.file.outgoing
    )
    if not inside and not outside:
        what = f'"hotline" is {hotline}, which is no number of this office and fits no [[outgoing]] rule'
        office.complain(path, what, "name an extension, a group, a queue, or a number that goes out")


def _check_cadences(office: Office) -> None:
    """A cadence is on, off, on, off ..., its last pause long enough to be one between two rings."""
    rings, groups = office.file.rings, office.file.group
    cadences: dict[Path, list[int]] = {
        ("rings", "internal"): rings.internal,
        ("rings", "external"): rings.external,
        **{("group", number, "cadence_ms"): group.cadence_ms for number, group in groups.items()},
    }
    for path, cadence_ms in cadences.items():
        if len(cadence_ms) % 2:
            what = f'"{path[-1]}" has {len(cadence_ms)} times, but a cadence is on, off, on, off ...'
            office.complain(path, what, "end with the pause before the next round")
        elif cadence_ms and 2 * sum(cadence_ms[::2]) > sum(cadence_ms[1::2]):
            what = f'"{path[-1]}" rings for more than a third of the time, which modules do not bear'
            office.complain(path, what, "make the pauses longer")
