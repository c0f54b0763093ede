"""What of board.toml depends on how pins are worked: which library, and which chip they are on."""

from collections.abc import Iterator

from gateway.config.document import Document
from gateway.config.lines import Path
from gateway.config.relay import relay_pins
from gateway.config.schema import BoardFile
from gateway.model.settings import EXPANDERS, SIMULATED_CHIP

HEADER = "header:"
EDGE_INPUTS = {
    "hook": "of a hook",
    "ring": "of a ring",
    "loop_current": "of loop current",
    "polarity": "of polarity",
    "in_use": "of loop current",
}


def check_gpio(document: Document, file: BoardFile) -> None:
    """Complain of pins that their library or their chip cannot serve."""
    for path, role, pin in _pins(file):
        if file.gpio == "rpi-gpio" and not pin.startswith(SIMULATED_CHIP):
            _check_rpi(document, path, role, pin)
        if pin.startswith(EXPANDERS):
            _check_expander(document, path, role, pin)


def _pins(file: BoardFile) -> Iterator[tuple[Path, str, str]]:
    for field, pin in relay_pins(file.relay):
        yield ("relay", field), field, pin
    for name, port in file.port.items():
        for role, pin in port.pins.items():
            yield ("port", name, "pins", role), role, pin


def _check_rpi(document: Document, path: Path, role: str, pin: str) -> None:
    if role == "hook":
        what = (
            f'the pin "{role}" is a hook input, but "gpio" is "rpi-gpio": RPi.GPIO and rpi-lgpio tell no '
            "time of an edge and may miss pulses, so that dialled digits and flashes would be lost"
        )
        document.complain(path, what, 'write gpio = "gpiod"')
    elif not pin.startswith(HEADER):
        what = f'the pin "{role}" is {pin}, but "gpio" is "rpi-gpio", which knows the 40 pins only'
        document.complain(path, what, 'write "header:N", or gpio = "gpiod"')


def _check_expander(document: Document, path: Path, role: str, pin: str) -> None:
    if role in EDGE_INPUTS:
        edge = f"an edge {EDGE_INPUTS[role]} came"
        what = f'the pin "{role}" is {pin}, on an expander, which cannot tell when {edge}'
        document.complain(path, what, "inputs belong on pins of the processor; slow outputs may stay")
    elif role == "forward_reverse":
        what = f'the pin "{role}" is {pin}, on an expander, which is too slow to ring a bell with'
        document.complain(path, what, "put forward_reverse on a pin of the processor; ring_mode may stay")
