"""A board file beside the machine that it is for: what does not fit, and a first draft of one from what is
plugged in.

Pure: `gateway.drivers.machine` looks, here is compared and written.
"""

from collections.abc import Iterator
from pathlib import PurePath

from gateway.config.load import Places
from gateway.drivers.alsa import require_card
from gateway.drivers.gpio import HEADER, HEADER_COMPATIBLE, find_chip
from gateway.drivers.machine import ChipLines, Machine, SerialPort
from gateway.errors import HardwareError
from gateway.model.settings import AudioKind, BoardSettings, PortSettings

OURS = "cityline"
"""The consumer of a line that a running Cityline has."""


def misfits(board: BoardSettings, places: Places, machine: Machine) -> list[str]:
    """One sentence for each chip, pin and card of the board that this machine has not, or somebody else has.

    What several pins or ports lack is told where it is first needed.
    """
    found: dict[str, str] = {}
    for port in board.ports:
        for role, pin in port.pins:
            if not port.simulated and (reason := _pin_misfit(pin, machine)):
                found.setdefault(reason, f"{places.of('port', port.port, 'pins', role)}: {role}: {reason}")
        if reason := _card_misfit(port, machine):
            found.setdefault(reason, f"{places.of('port', port.port, 'card')}: {reason}")
    return list(found.values())


def _pin_misfit(pin: str, machine: Machine) -> str:
    wanted, _colon, line = pin.rpartition(":")
    try:
        chip = find_chip(wanted, [lines.chip for lines in machine.chips])
    except HardwareError as error:
        return str(error)
    there = next(lines for lines in machine.chips if lines.chip is chip)
    if int(line) >= there.lines:
        return f"{chip.name} ({chip.label}) has lines 0 to {there.lines - 1}"
    user = there.taken.get(int(line), "")
    return f"line {line} of {chip.name} is taken by {user!r}" if user and not user.startswith(OURS) else ""


def _card_misfit(port: PortSettings, machine: Machine) -> str:
    if port.audio is not AudioKind.ALSA:
        return ""
    try:
        require_card(port.card, machine.cards)
    except HardwareError as error:
        return str(error)
    return ""


# ---------------------------------------------------------------- a draft
def draft(machine: Machine, name: str) -> str:
    """A first board.toml: a table for each sound card that was found, with the pins for a person to fill in.

    It is refused by `cityline board check` until they are: each missing pin with its line.
    """
    return "\n".join((*_head(machine, name), *_ports(machine))) + "\n"


def _head(machine: Machine, name: str) -> Iterator[str]:
    yield "# A first draft by `cityline board probe`, from what is plugged in here. Which pin is which"
    yield "# module's only you know: fill in the pins (boards/simulated/board.toml explains every field),"
    yield "# then run `cityline board check` on this file."
    for reason in machine.unseen:
        yield f"# Not looked at: {reason}"
    yield "#"
    yield "# GPIO chips:" if machine.chips else "# There is no GPIO chip here."
    for lines in machine.chips:
        yield f"#   {_chip_text(lines)}"
    for serial in machine.serial_ports:
        yield f"# Serial port {_serial_text(serial)}"
    yield "#"
    yield ""
    yield f'name = "{name}"'


def _chip_text(lines: ChipLines) -> str:
    header = any(kind in HEADER_COMPATIBLE for kind in lines.chip.compatible)
    taken = ", ".join(f"{line} {user}" for line, user in sorted(lines.taken.items()))
    written = f'"{HEADER}:LINE" (the 40 pins)' if header else f'"{lines.chip.name}:LINE"'
    return f"{lines.chip.name} ({lines.chip.label}), {lines.lines} lines, written {written}" + (
        f"; taken: {taken}" if taken else ""
    )


def _serial_text(serial: SerialPort) -> str:
    kind = f", USB {serial.vendor:04x}:{serial.product:04x}" if serial.vendor else ""
    socket = f" in socket {serial.usb_path}" if serial.usb_path else ""
    return f"{PurePath(serial.device).name}{kind}{socket}: {serial.name}"


def _ports(machine: Machine) -> Iterator[str]:
    if not machine.cards:
        yield "# There is no sound card here: plug the lines' cards in and probe again."
    for number, card in enumerate(machine.cards, start=1):
        in_usb = card.socket.startswith("usb:")
        yield ""
        yield f"# {card.name}, id {card.id}" + (", by the USB socket it is in" if in_usb else "")
        yield f"[port.line{number}]"
        yield 'kind = "fxs"  # or "fxo" for a city line'
        yield 'audio = "alsa"'
        yield f'card = "{card.socket if in_usb else f"hw:CARD={card.id}"}"'
        yield "pins = { }"
