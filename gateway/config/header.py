"""What the pins of a Raspberry Pi's 40-pin header can be used for: some belong to somebody else, and half of
them are high from power-up until we take them.

Facts: GPIO 0 and 1 read the EEPROM of a HAT at boot; 14 and 15 are the serial port; 0 to 8 are pulled up and
9 to 27 pulled down by the chip at reset (BCM2835 ARM peripherals, table of alternative functions; hardware
facts, section 2).
"""

from gateway.config.document import Document
from gateway.config.lines import Path
from gateway.config.schema import BoardFile, PortEntry

HEADER = "header:"
LAST_LINE = 27
EEPROM = (0, 1)
SERIAL = (14, 15)
LAST_PULLED_UP = 8

AT_BOOT = {
    "ring_mode": "the telephone would have ringing power at every boot",
    "loop_switch": "the city line would be seized at every boot",
}
"""Outputs whose level matters before we run, and what the wrong one does."""


def check_header(document: Document, file: BoardFile) -> None:
    """Note every pin of the header that is not free for what it is used for."""
    for name, port in file.port.items():
        for role, pin in port.pins.items():
            line = pin.removeprefix(HEADER)
            if pin.startswith(HEADER) and line.isdecimal():
                _check_line(document, ("port", name, "pins", role), int(line), file)
                _check_boot(document, ("port", name, "pins", role), int(line), port)


def _check_line(document: Document, path: Path, line: int, file: BoardFile) -> None:
    what = f'the pin "{path[-1]}" is {HEADER}{line}, '
    if line > LAST_LINE:
        document.complain(
            path, f"{what}but the header has GPIO 0 to {LAST_LINE}", "GPIO numbers, not places on the plug"
        )
    elif line in EEPROM:
        document.complain(path, f"{what}which reads the EEPROM of a HAT at boot", "take another pin")
    elif line in SERIAL and file.serial_console:
        remedy = "take another pin, or write serial_console = false and give the console up"
        document.complain(path, f"{what}which is the serial console's (UART)", remedy)


def _check_boot(document: Document, path: Path, line: int, port: PortEntry) -> None:
    role = str(path[-1])
    if role not in AT_BOOT or line > LAST_LINE:
        return
    high = line <= LAST_PULLED_UP
    if high == (role in port.active_low):
        return
    pulled, others = (
        ("up", f"{LAST_PULLED_UP + 1} to {LAST_LINE}") if high else ("down", f"2 to {LAST_PULLED_UP}")
    )
    what = f'the pin "{role}" is {HEADER}{line}, which is pulled {pulled} until we start: {AT_BOOT[role]}'
    document.complain(path, what, f"take one of GPIO {others}")
