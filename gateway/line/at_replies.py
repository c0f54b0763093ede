"""Lines of a modem as values: one function for each kind of line, total over any text.

None stands for a line that does not say what its kind should; nothing here raises. Sources: 3GPP TS 27.007
(+CLCC, +CREG, +CSQ, +CPIN, +CUSD), TS 27.005 (+CMTI, +CMGR), and what chan_dongle and chan_quectel read of
the three families.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise

from gateway.line.gsm_alphabet import septets_to_text, unpack

NUMBER = re.compile(r"\+?[0-9*#]{0,32}\Z")


class CallStage(Enum):
    """State of a call by +CLCC (TS 27.007, 7.18), in its order."""

    ACTIVE = 0
    HELD = 1
    DIALLING = 2
    ALERTING = 3
    INCOMING = 4
    WAITING = 5


@dataclass(frozen=True, slots=True)
class ListedCall:
    """A call that +CLCC lists; ``number`` is empty when it is hidden or not known."""

    index: int
    outgoing: bool
    stage: CallStage
    number: str


class Registration(Enum):
    """What +CREG says (TS 27.007, 7.2), in its order."""

    NONE = 0
    HOME = 1
    SEARCHING = 2
    DENIED = 3
    UNKNOWN = 4
    ROAMING = 5

    @property
    def registered(self) -> bool:
        """Whether calls can be made."""
        return self in (Registration.HOME, Registration.ROAMING)


class SimState(Enum):
    """What +CPIN says."""

    READY = auto()
    WANTS_PIN = auto()
    WANTS_PUK = auto()
    OTHER = auto()
    """Another lock: a network's, a telephone's."""


@dataclass(frozen=True, slots=True)
class Ussd:
    """What the network answers to a service code: ``more`` when it waits for another answer of ours."""

    text: str
    more: bool


def fields(line: str) -> list[str]:
    """What stands after the colon, cut at commas outside quotation marks, which are taken off."""
    _head, _colon, rest = line.partition(":")
    found, field, quoted = [], "", False
    for letter in rest.strip():
        if letter == '"':
            quoted = not quoted
        elif letter == "," and not quoted:
            found.append(field.strip())
            field = ""
        else:
            field += letter
    return [*found, field.strip()]


def whole(text: str, most: int = 999_999) -> int | None:
    """A number of a line, 0 to ``most``."""
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        return None
    value = int(text)
    return value if value <= most else None


def read_calls(lines: tuple[str, ...]) -> tuple[ListedCall, ...]:
    """The calls that these +CLCC lines list; only voice calls, and lines that can be read."""
    calls = (read_call(line) for line in lines)
    return tuple(call for call in calls if call is not None)


def read_call(line: str) -> ListedCall | None:
    """``+CLCC: index,direction,state,mode,multiparty[,"number",type]``."""
    parts = fields(line)
    if not line.startswith("+CLCC:") or len(parts) < 5:
        return None
    index, direction, stage, mode = (whole(part, 255) for part in parts[:4])
    if index is None or direction not in (0, 1) or stage is None or stage > 5 or mode != 0:
        return None
    number = parts[5] if len(parts) > 5 and NUMBER.match(parts[5]) else ""
    return ListedCall(index, direction == 0, CallStage(stage), number)


def read_registration(line: str) -> Registration | None:
    """Of ``+CREG: 1,"00C3","3F1A"`` as it comes unasked, or ``+CREG: 2,1,...`` as an answer."""
    found = re.match(r"\+C(?:E|G)?REG: ?(?:[0-3], ?)?([0-5])(?:, ?\".*)?\Z", line)
    return Registration(int(found.group(1))) if found else None


def read_signal_dbm(line: str) -> int | None:
    """``+CSQ: 17,99`` in dBm, -113 to -51 (TS 27.007, 8.5); None when the modem does not know either."""
    parts = fields(line)
    strength = whole(parts[0], 31) if line.startswith("+CSQ:") else None
    return None if strength is None else -113 + 2 * strength


def read_sim(line: str) -> SimState | None:
    """``+CPIN: SIM PIN``."""
    if not line.startswith("+CPIN:"):
        return None
    said = line.partition(":")[2].strip()
    known = {"READY": SimState.READY, "SIM PIN": SimState.WANTS_PIN, "SIM PUK": SimState.WANTS_PUK}
    return known.get(said, SimState.OTHER)


def read_operator(line: str) -> str:
    """``+COPS: 0,0,"MTS RUS",2``: the name; empty when it says none."""
    parts = fields(line) if line.startswith("+COPS:") else []
    return parts[2][:32] if len(parts) > 2 else ""


def read_slot(line: str) -> int | None:
    """``+CMTI: "SM",3``: where a message was put."""
    parts = fields(line) if line.startswith("+CMTI:") else []
    return whole(parts[1], 999) if len(parts) > 1 else None


def read_stored(lines: tuple[str, ...]) -> list[tuple[int, str]]:
    """The answer to AT+CMGL=4: slots and PDUs, each line ``+CMGL: slot,...`` followed by its PDU."""
    found = []
    for head, pdu in pairwise(lines):
        slot = whole(fields(head)[0], 999) if head.startswith("+CMGL:") else None
        if slot is not None and not pdu.startswith("+CMGL:"):
            found.append((slot, pdu))
    return found


def read_ussd(line: str) -> Ussd | None:
    """``+CUSD: 0,"<text>",15``: plain, in hexadecimal UCS2, or in packed septets, as the modem likes."""
    parts = fields(line)
    kind = whole(parts[0], 5) if line.startswith("+CUSD:") else None
    if kind is None:
        return None
    text = parts[1] if len(parts) > 1 else ""
    coding = whole(parts[2], 255) if len(parts) > 2 else None
    return Ussd(ussd_text(text, coding), kind == 1)


def ussd_text(text: str, coding: int | None) -> str:
    """The text of a +CUSD line by its data coding scheme (TS 23.038, 5)."""
    if not re.fullmatch(r"(?:[0-9A-Fa-f]{2})+", text):
        return text
    octets = bytes.fromhex(text)
    ucs2 = coding is not None and (coding & 0xCC == 0x48 or coding == 0x11)
    if len(octets) % 2 == 0 and (ucs2 or _looks_like_ucs2(octets)):
        return octets.decode("utf-16-be", "replace")
    if text.isdigit():
        return text  # a balance or a number: septets would need letters to say anything
    return septets_to_text(unpack(octets, len(octets) * 8 // 7))


def _looks_like_ucs2(octets: bytes) -> bool:
    """Latin letters and Cyrillic ones have 00 or 04 first; packed text has that nowhere."""
    return len(octets) >= 4 and all(first in (0x00, 0x04, 0x20, 0x21) for first in octets[::2])
