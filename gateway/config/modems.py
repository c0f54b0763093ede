"""The modems of board.toml: each known by its IMEI and by nothing else."""

from gateway.config.document import Document
from gateway.config.lines import Path
from gateway.config.schema import BoardFile


def check_modems(document: Document, file: BoardFile) -> None:
    """Complain about modems without an IMEI or with another's, and about what only a modem has."""
    taken: dict[str, str] = {}
    for name, port in file.port.items():
        path: Path = ("port", name)
        if port.kind != "cellular":
            for field in sorted({"imei", "family", "pin_file"} & port.model_fields_set):
                document.complain((*path, field), f'"{field}" belongs to a modem', 'kind = "cellular"')
            if port.audio == "serial":
                what = 'only a modem has its voice on a serial port, but "audio" is "serial"'
                document.complain((*path, "audio"), what, 'write audio = "alsa", or kind = "cellular"')
        elif port.imei is None:
            what = '"imei" is missing: a modem is known by it, and not by where it is plugged in'
            document.complain(path, what, "`cityline modems` shows those that are there")
        elif port.imei in taken:
            what = f'the modem {port.imei} belongs to port "{taken[port.imei]}" already'
            document.complain((*path, "imei"), what, "one modem, one port")
        taken.setdefault(port.imei or "", name)
        if port.kind == "cellular" and port.audio == "alsa" and port.family in ("huawei", "sim7600"):
            what = f'a modem of the family "{port.family}" has no sound card'
            document.complain((*path, "audio"), what, 'write audio = "serial"')
