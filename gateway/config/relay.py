"""``[relay]`` of board.toml: its ports exist and are of their kinds, its pins are free, its pump is fed in
time."""

from gateway.config.document import Document
from gateway.config.schema import BoardFile, RelayEntry
from gateway.config.wording import nearest, shown
from gateway.model.numbers import PortId
from gateway.model.settings import SIMULATED_CHIP, RelaySettings

CHANGES_BEFORE_RELEASE = 4
"""So many changes of the pin fit into the time that the pump holds: a late one or two do no harm."""


def relay_pins(entry: RelayEntry | None) -> list[tuple[str, str]]:
    """Its pins by field."""
    if entry is None:
        return []
    return [("pin", entry.pin)] + ([("in_use", entry.in_use)] if entry.in_use is not None else [])


def check_relay(document: Document, file: BoardFile) -> None:
    """Complain of a relay that could not be worked, or that would work on somebody else's pin."""
    relay = file.relay
    if relay is None:
        return
    _check_port(document, file, "line", relay.line, "fxo")
    if relay.telephone is not None:
        _check_port(document, file, "telephone", relay.telephone, "fxs")
    if relay.in_use is None and "in_use_active_low" in relay.model_fields_set:
        what = 'it has "in_use_active_low", but no "in_use"'
        document.complain(("relay", "in_use_active_low"), what, "name the detector's pin or remove this")
    least_ms = CHANGES_BEFORE_RELEASE * 500 // relay.toggle_hz
    if relay.release_ms < least_ms:
        what = f"{relay.toggle_hz} Hz are too slow for a pump that holds {relay.release_ms} ms"
        least_hz = -(-CHANGES_BEFORE_RELEASE * 500 // relay.release_ms)
        document.complain(("relay", "toggle_hz"), what, f"write toggle_hz = {least_hz}")
    _check_worlds(document, file, relay)


def _check_port(document: Document, file: BoardFile, field: str, name: str, kind: str) -> None:
    port = file.port.get(name)
    fitting = tuple(one for one, entry in file.port.items() if entry.kind == kind)
    if port is None or port.kind != kind:
        what = f'"{field}" is "{shown(name)}", which is no {kind.upper()} port of this board'
        document.complain(
            ("relay", field), what, nearest(name, fitting) or f"there is {', '.join(fitting) or 'none'}"
        )


def _check_worlds(document: Document, file: BoardFile, relay: RelayEntry) -> None:
    """The relay is simulated where its line is, and nowhere else."""
    line = file.port.get(relay.line)
    if line is None:
        return
    simulated = any(pin.startswith(SIMULATED_CHIP) for pin in line.pins.values())
    for field, pin in relay_pins(relay):
        if pin.startswith(SIMULATED_CHIP) != simulated:
            is_it = "simulated" if simulated else "not simulated"
            what = f'"{field}" is {shown(pin)}, but the line "{relay.line}" is {is_it}'
            document.complain(("relay", field), what, "a line and its relay are simulated or real together")


def relay_settings(entry: RelayEntry | None) -> RelaySettings | None:
    """The file's words as settings."""
    if entry is None:
        return None
    return RelaySettings(
        entry.pin,
        PortId(entry.line),
        PortId(entry.telephone) if entry.telephone is not None else None,
        entry.in_use or "",
        entry.in_use_active_low,
        entry.toggle_hz,
        entry.release_ms,
    )
