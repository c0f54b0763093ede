"""What office.toml says of analog telephones, against what their ports' modules can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.config.lines import Path
from gateway.config.wording import nearest, shown
from gateway.line.identity import COUNTRY, NONE, SCHEMES
from gateway.model.settings import ON_HOOK_AUDIO

if TYPE_CHECKING:
    from gateway.config.checks import Office
    from gateway.config.schema import ExtensionEntry

SIP = "sip"
ANALOG_ONLY = ("identity", "letters", "lamp", "call_waiting")


def check_telephones(office: Office) -> None:
    """What is told to a telephone, and how, is possible on its port."""
    abilities = {str(port.port): port.capabilities for port in office.board.ports}
    for number, extension in office.file.extension.items():
        if extension.station == SIP:
            _check_sip(office, number, extension)
        elif extension.station in abilities:
            _check_identity(office, number, extension, abilities[extension.station])
            _check_lamp(office, number, extension, abilities[extension.station])


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
