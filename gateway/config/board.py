"""board.toml to the board's settings: ports in order, pins and cards used once."""

import re
from pathlib import Path as FilePath

from gateway.config.board_gpio import check_gpio
from gateway.config.cards import check_cards
from gateway.config.document import Document, read_document
from gateway.config.header import check_header
from gateway.config.lines import Path
from gateway.config.modems import check_modems
from gateway.config.power import check_power
from gateway.config.relay import check_relay, relay_pins, relay_settings
from gateway.config.schema import BoardFile, PortEntry
from gateway.config.wording import nearest, shown
from gateway.errors import ConfigError
from gateway.model.numbers import NodeId, PortId
from gateway.model.settings import (
    SIMULATED_CHIP,
    AudioKind,
    BoardSettings,
    PinLibrary,
    PortKind,
    PortSettings,
)

PIN = re.compile(r"[a-z0-9_.-]{1,32}:[0-9]{1,3}")
NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
SIDES = {"left": 0, "right": 1}

NEEDED_PINS = {
    PortKind.FXS: ("hook", "ring_mode", "forward_reverse"),
    PortKind.FXO: ("ring", "loop_current", "loop_switch"),
    PortKind.CELLULAR: (),
}
MORE_PINS = {PortKind.FXS: ("power_down",), PortKind.FXO: ("polarity",), PortKind.CELLULAR: ()}
INPUTS = ("hook", "ring", "loop_current", "polarity")


def load_board(path: FilePath) -> tuple[BoardSettings, Document]:
    """Read board.toml; the settings and the file as it was read. `ConfigError` with every problem in it."""
    document = read_document(path)
    file = document.check(BoardFile)
    if file is not None:
        _check_pins(document, file)
        check_gpio(document, file)
        check_cards(document, file)
        check_modems(document, file)
        _check_rest(document, file)
        check_header(document, file)
        check_relay(document, file)
        check_power(document, file)
    if document.problems or file is None:
        raise ConfigError(*document.problems)
    return _settings(file), document


def _check_pins(document: Document, file: BoardFile) -> None:
    taken: dict[str, str] = {}
    for name, port in file.port.items():
        kind = PortKind(port.kind)
        needed, possible = NEEDED_PINS[kind], (*NEEDED_PINS[kind], *MORE_PINS[kind])
        for role, pin in port.pins.items():
            path: Path = ("port", name, "pins", role)
            if role not in possible:
                mine = "a modem" if kind is PortKind.CELLULAR else f"an {port.kind.upper()} port"
                what = f'{mine} has no pin "{shown(role)}"'
                listed = f"pins: {', '.join(possible)}" if possible else "remove the pins"
                document.complain(path, what, nearest(role, possible) or listed)
            _check_pin(document, path, pin, taken)
            taken.setdefault(pin, f'port "{name}" ({role})')
        _check_levels(document, name, port)
        _check_world(document, name, port)
        lacking = [role for role in needed if role not in port.pins]
        if lacking:
            words = ", ".join(f'"{role}"' for role in lacking)
            remedy = f"pins: {', '.join(possible)}"
            document.complain(("port", name, "pins"), f"missing in the pins: {words}", remedy)
    for field, pin in relay_pins(file.relay):
        _check_pin(document, ("relay", field), pin, taken)
        taken.setdefault(pin, f"[relay] ({field})")


def _check_pin(document: Document, path: Path, pin: str, taken: dict[str, str]) -> None:
    role = path[-1]
    if not PIN.fullmatch(pin):
        what = f'the pin "{role}" is "{shown(pin)}", but is written CHIP:LINE'
        document.complain(path, what, 'for example "gpiochip0:17"')
    elif pin in taken:
        what = f'the pin "{role}" is {pin}, which is used by {taken[pin]} already'
        document.complain(path, what, "one pin, one use")


def _check_levels(document: Document, name: str, port: PortEntry) -> None:
    for role in port.active_low:
        if role not in port.pins:
            what = f'"active_low" names "{shown(role)}", but the port has no such pin'
            document.complain(("port", name, "active_low"), what, nearest(role, tuple(port.pins)))
    for role in port.pull:
        if role not in port.pins or role not in INPUTS:
            what = f'"pull" names "{shown(role)}", which is no input of this port'
            there = [one for one in port.pins if one in INPUTS]
            document.complain(("port", name, "pull", role), what, f"inputs: {', '.join(there)}")


def _check_world(document: Document, name: str, port: PortEntry) -> None:
    """A module is real or simulated as a whole, and a real one has no simulated wire."""
    simulated = [role for role, pin in port.pins.items() if pin.startswith(SIMULATED_CHIP)]
    if simulated and len(simulated) < len(port.pins):
        what = f'the pin "{simulated[0]}" is on the simulated chip and others are not'
        remedy = "a module is real or simulated as a whole"
        document.complain(("port", name, "pins", simulated[0]), what, remedy)
    elif port.pins and not simulated and port.audio == "wire":
        what = 'its pins are real, but its audio is the simulator\'s "wire"'
        document.complain(("port", name), what, 'audio = "alsa" and card = "hw:CARD=NAME"')


def _check_rest(document: Document, file: BoardFile) -> None:
    for name, port in file.port.items():
        if not NAME.fullmatch(name):
            document.complain(("port", name), "a name has 1 to 32 letters a-z, digits, - or _")
        if name == "sip":
            what = 'no port may be called "sip": office.toml says that of SIP telephones'
            document.complain(("port", name), what, "rename it")
        if port.kind != "fxs" and "ring_hz" in port.model_fields_set:
            document.complain(("port", name, "ring_hz"), "a city line is not rung by us", "remove ring_hz")
        _check_capabilities(document, name, port)
    if file.rtp.first_port % 2:
        what = f'"first_port" is {file.rtp.first_port}, but must be even (RFC 3550, section 11)'
        document.complain(("rtp", "first_port"), what, f"write {file.rtp.first_port + 1}")
    if file.rtp.first_port + 2 * file.rtp.sockets > 65_536:
        what = f"{file.rtp.sockets} sockets from {file.rtp.first_port} on go beyond port 65535"
        document.complain(("rtp", "first_port"), what, "begin lower or take fewer")


def _check_capabilities(document: Document, name: str, port: PortEntry) -> None:
    path: Path = ("port", name, "capabilities")
    if port.kind == "fxo" and port.capabilities:
        document.complain(path, "a city line's module has none of these capabilities", "remove them")
    if "loop_break" in port.capabilities and "power_down" not in port.pins:
        what = '"loop_break" needs the pin "power_down": without it nothing takes the power from the loop'
        document.complain(path, what, 'wire it and name it in the pins, or remove "loop_break"')


def _settings(file: BoardFile) -> BoardSettings:
    ports = tuple(
        PortSettings(
            port=PortId(name),
            kind=PortKind(port.kind),
            node=NodeId(number),
            audio=AudioKind(port.audio),
            card=port.card or "",
            card_side=SIDES[port.side or "left"],
            full_scale_dbm0=port.full_scale_dbm0,
            playback_full_scale_dbm0=port.playback_full_scale_dbm0,
            playback_percent=port.playback_percent,
            capture_percent=port.capture_percent,
            pins=tuple(port.pins.items()),
            active_low=tuple(port.active_low),
            pulls=tuple(port.pull.items()),
            capabilities=tuple(dict.fromkeys(port.capabilities)),
            ring_hz=port.ring_hz,
            spoken_gain_db=port.spoken_gain_db,
            heard_gain_db=port.heard_gain_db,
            automatic_gain=port.automatic_gain,
            imei=port.imei or "",
            family="" if port.family == "auto" else port.family,
        )
        for number, (name, port) in enumerate(file.port.items(), start=1)
    )
    return BoardSettings(
        file.name,
        ports,
        file.rtp.sockets,
        file.rtp.first_port,
        file.ringing_at_once,
        modem_directory=file.modems.directory,
        gpio=PinLibrary(file.gpio),
        relay=relay_settings(file.relay),
    )
