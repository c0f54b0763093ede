"""Which PIN was given to which modem's SIM and not taken: noted before it is given, so that no crash, restart
or unplugging ever gives a wrong one a second time.

Of a PIN only a digest is kept, with the IMEI in it. Four digits are soon guessed from it by whoever may read
the state directory; that one may read the file of the PIN too.
"""

import hashlib
import json
from pathlib import Path

from gateway.drivers.state_directory import StateError
from gateway.drivers.whole_file import replace_file


class PinLedger:
    """The notes of one state directory. A file that cannot be read counts as: everything was given."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._given: dict[str, str] = {}
        self._doubtful = False
        try:
            self._given = _read(path)
        except ValueError:
            self._doubtful = True

    def refused(self, imei: str, pin: str) -> bool:
        """Whether this PIN was given before and not taken, or nobody can say."""
        return self._doubtful or self._given.get(imei) == _digest(imei, pin)

    def note(self, imei: str, pin: str) -> None:
        """It is about to be given. Raises `StateError` when that cannot be noted: then it may not be."""
        self._given[imei] = _digest(imei, pin)
        self._write()

    def taken(self, imei: str) -> None:
        """It was the right one. Raises `StateError`."""
        self._given.pop(imei, None)
        self._write()

    def _write(self) -> None:
        if self._doubtful:
            raise StateError(f"{self._path} cannot be understood: remove it when the PINs are right")
        replace_file(self._path, json.dumps(self._given, indent=1) + "\n")


def _read(path: Path) -> dict[str, str]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ValueError(str(error)) from None
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ValueError("not a table of texts")
    return value


def _digest(imei: str, pin: str) -> str:
    return hashlib.sha256(f"{imei} {pin}".encode()).hexdigest()
