"""PINs of SIMs: each in a file of its own beside board.toml that holds nothing else and is its owner's.

They are read into `Configuration.pins` and go to the driver of the modems; no setting, event, action or trace
ever has one.
"""

import re
import stat
from pathlib import Path

from gateway.config.document import Document
from gateway.errors import ConfigError
from gateway.model.numbers import PortId

PIN = re.compile(r"[0-9]{4,8}")
LARGEST_BYTES = 64


def read_pins(document: Document, folder: Path) -> dict[PortId, str]:
    """The PINs that ``pin_file`` of the board's ports name, by port. `ConfigError` with every problem."""
    pins: dict[PortId, str] = {}
    for name, port in document.table("port").items():
        file = port.get("pin_file") if isinstance(port, dict) else None
        if not isinstance(file, str):
            continue
        pin = _read(document, str(name), folder / file)
        if pin:
            pins[PortId(str(name))] = pin
    if document.problems:
        raise ConfigError(*document.problems)
    return pins


def _read(document: Document, port: str, path: Path) -> str:
    place = ("port", port, "pin_file")
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            what = f"others on this machine may read or write {path.name}"
            document.complain(place, what, f"make it yours alone: chmod 600 {path}")
            return ""
        with path.open("rb") as opened:
            raw = opened.read(LARGEST_BYTES)
    except OSError as error:
        document.complain(place, f"{path.name} cannot be read: {error.strerror}", "one line with the PIN")
        return ""
    pin = raw.decode("ascii", "replace").strip()
    if not PIN.fullmatch(pin):
        document.complain(place, f"{path.name} does not hold a PIN", "4 to 8 digits, and nothing else")
        return ""
    return pin
