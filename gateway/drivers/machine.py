"""What is plugged into this machine: GPIO chips and who has their lines, sound cards and the USB sockets they
are in, serial ports.

`survey` looks; it opens nothing that carries a call, and what may not be looked at is told in `unseen`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from gateway.drivers import alsa, gpio
from gateway.errors import HardwareError

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class ChipLines:
    """A GPIO chip with its lines: how many, and the consumers of those that are taken."""

    chip: gpio.Chip
    lines: int
    taken: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SerialPort:
    """A serial port: its device, its vendor and product (0 where it is no USB device), its USB socket, its
    name.
    """

    device: str
    vendor: int = 0
    product: int = 0
    usb_path: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """Everything found. ``unseen``: what could not be looked at, and why."""

    chips: tuple[ChipLines, ...] = ()
    cards: tuple[alsa.Card, ...] = ()
    serial_ports: tuple[SerialPort, ...] = ()
    unseen: tuple[str, ...] = ()


def survey() -> Machine:
    """Look at this machine."""
    unseen: list[str] = []
    return Machine(
        _tried(_chips, unseen), _tried(_cards, unseen), _tried(_serial_ports, unseen), tuple(unseen)
    )


def _tried(look: Callable[[], tuple[Found, ...]], unseen: list[str]) -> tuple[Found, ...]:
    try:
        return look()
    except HardwareError as error:
        unseen.append(str(error))
        return ()


def _chips() -> tuple[ChipLines, ...]:
    library = gpio.library()
    return tuple(_with_lines(library, chip) for chip in gpio.list_chips(library))


def _with_lines(library: Any, chip: gpio.Chip) -> ChipLines:
    try:
        with library.Chip(chip.path) as opened:
            infos = [opened.get_line_info(line) for line in range(opened.get_info().num_lines)]
    except OSError as error:
        raise HardwareError(f"{chip.path} cannot be read: {error.strerror}") from error
    return ChipLines(
        chip, len(infos), {info.offset: info.consumer or "the kernel" for info in infos if info.used}
    )


def _cards() -> tuple[alsa.Card, ...]:
    return alsa.list_cards(alsa.library())


def _serial_ports() -> tuple[SerialPort, ...]:
    from serial.tools import list_ports

    return tuple(
        SerialPort(
            port.device,
            port.vid or 0,
            port.pid or 0,
            (port.location or "").partition(":")[0],
            port.description or "",
        )
        for port in sorted(list_ports.comports(), key=lambda port: port.device)
    )
