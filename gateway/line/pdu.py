"""Short messages as modems write them, in hexadecimal: SMS-DELIVER in, SMS-SUBMIT out (3GPP TS 23.040, 9.2).

Whatever comes is a message or a `PduError`: these are bytes from the network. A message that is too long for
one PDU is sent in parts, each with a header that says which (9.2.3.24.1); no part ends between an escape and
its letter, or between two halves of a letter outside the basic plane.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeVar

from gateway.errors import PeerError
from gateway.line.gsm_alphabet import letters_to_septets, pack, septets_to_text, unpack

SEPTETS_ALONE, SEPTETS_IN_PART = 160, 153
UNITS_ALONE, UNITS_IN_PART = 70, 67
"""Of UCS2: letters, or halves of such as lie outside the basic plane."""
PARTS_MAX = 10
"""Of a message that we send; each part is charged."""
ADDRESS_DIGITS_MAX = 20
LARGEST_OCTETS = 400
"""No PDU has more than 12 + 164 octets and 12 of the service centre's address."""

_UNKNOWN, _INTERNATIONAL, _ALPHANUMERIC = 0, 1, 5
_Letter = TypeVar("_Letter")
_DIGITS = "0123456789*#abc"
_CONCATENATED, _CONCATENATED_WIDE = 0x00, 0x08
_HEADER = 0x40
"""First octet: the user part begins with a header (TP-UDHI)."""


class PduError(PeerError):
    """The PDU cannot be understood, or the message cannot be made one: why."""


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a long message: ``number`` of ``total``, from 1; ``reference`` is the sender's own."""

    reference: int
    total: int
    number: int


@dataclass(frozen=True, slots=True)
class Message:
    """A message that came: who sent it, when (UTC seconds since 1970 by the service centre, None when it
    does not say a time that can be), what, and which part of how many.
    """

    sender: str
    sent_s: int | None
    text: str
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Submit:
    """A PDU to send: hexadecimal, and its length in octets without the service centre's, as AT+CMGS wants."""

    pdu: str
    octets: int


# --- in ---------------------------------------------------------------------------------------------------


class _Octets:
    """Octets taken one after the other; PduError where there are too few."""

    def __init__(self, octets: bytes) -> None:
        self.left = octets

    def take(self, count: int) -> bytes:
        if len(self.left) < count:
            raise PduError(f"the PDU ends too early: {count} octets are wanted and {len(self.left)} are left")
        taken, self.left = self.left[:count], self.left[count:]
        return taken

    def one(self) -> int:
        return self.take(1)[0]


def read_deliver(pdu: str) -> Message:
    """A message from a modem's hexadecimal text; `PduError` for anything else, a status report too."""
    octets = _Octets(_unhex(pdu))
    octets.take(octets.one())  # the service centre's address
    first = octets.one()
    if first & 0x03 != 0:
        raise PduError(f"the PDU is of type {first & 0x03}, not SMS-DELIVER")
    sender = _address(octets)
    octets.one()  # protocol
    coding = octets.one()
    sent_s = _time_stamp(octets.take(7))
    length = octets.one()
    return _user_part(sender, sent_s, coding, length, octets.left, has_header=bool(first & _HEADER))


def _unhex(pdu: str) -> bytes:
    text = pdu.strip()
    if len(text) > 2 * LARGEST_OCTETS:
        raise PduError(f"the PDU has {len(text) // 2} octets; the most is {LARGEST_OCTETS}")
    try:
        if not text.isascii() or any(letter.isspace() for letter in text):
            raise ValueError
        return bytes.fromhex(text)
    except ValueError:
        raise PduError("the PDU is not hexadecimal") from None


def _address(octets: _Octets) -> str:
    digits, kind = octets.one(), octets.one()
    raw = octets.take((digits + 1) // 2)
    if kind >> 4 & 0x07 == _ALPHANUMERIC:
        return septets_to_text(unpack(raw, digits * 4 // 7))
    halves = [half for octet in raw for half in (octet & 0x0F, octet >> 4)][:digits]
    number = "".join(_DIGITS[half] for half in halves if half < len(_DIGITS))
    return f"+{number}" if kind >> 4 & 0x07 == _INTERNATIONAL and number else number


def _time_stamp(raw: bytes) -> int | None:
    year, month, day, hour, minute, second = (10 * (octet & 0x0F) + (octet >> 4) for octet in raw[:6])
    quarters = 10 * (raw[6] & 0x07) + (raw[6] >> 4)
    offset = timedelta(minutes=15 * (-quarters if raw[6] & 0x08 else quarters))
    try:
        moment = datetime(2000 + year, month, day, hour, minute, second, tzinfo=timezone(offset))
        return int(moment.astimezone(UTC).timestamp())
    except (ValueError, OverflowError):
        return None


def _user_part(
    sender: str, sent_s: int | None, coding: int, length: int, octets: bytes, *, has_header: bool
) -> Message:
    header = b""
    if has_header:
        if not octets or len(octets) < 1 + octets[0]:
            raise PduError("the header of the message is cut")
        header = octets[: 1 + octets[0]]
    part = _part(header[1:])
    match _alphabet(coding):
        case 7:
            septets_of_header = (8 * len(header) + 6) // 7
            fill_bits = 7 * septets_of_header - 8 * len(header)
            septets = unpack(octets[len(header) :], max(0, length - septets_of_header), fill_bits)
            return Message(sender, sent_s, septets_to_text(septets), part)
        case 16:
            units = octets[len(header) : length]
            return Message(sender, sent_s, units[: len(units) & ~1].decode("utf-16-be", "replace"), part)
        case _:
            return Message(sender, sent_s, octets[len(header) : length].decode("latin-1"), part)


def _alphabet(coding: int) -> int:
    """Bits a letter by the data coding scheme (TS 23.038, 4): 7, 8, or 16. PduError for a packed text."""
    group = coding >> 4
    if group < 8:
        if group & 0x02:
            raise PduError("the message is compressed, which nobody sends")
        return {0: 7, 1: 8, 2: 16, 3: 7}[coding >> 2 & 0x03]
    if group == 0x0F:
        return 8 if coding & 0x04 else 7
    return 16 if group == 0x0E else 7


def _part(elements: bytes) -> Part | None:
    """The element of a header that says which part this is; the others concern nobody here."""
    place = 0
    while place + 2 <= len(elements):
        kind, length = elements[place], elements[place + 1]
        content = elements[place + 2 : place + 2 + length]
        place += 2 + length
        if kind == _CONCATENATED and len(content) == 3:
            found = Part(content[0], content[1], content[2])
        elif kind == _CONCATENATED_WIDE and len(content) == 4:
            found = Part(content[0] << 8 | content[1], content[2], content[3])
        else:
            continue
        return found if 1 <= found.number <= found.total and found.total > 1 else None
    return None


# --- out --------------------------------------------------------------------------------------------------


def write_submit(number: str, text: str, reference: int = 0) -> list[Submit]:
    """The PDUs that carry ``text`` to ``number``; ``reference`` ties the parts of a long one together.

    PduError for a number that is none, an empty text, or one that takes more than `PARTS_MAX` parts.
    """
    address = _submit_address(number)
    if not text:
        raise PduError("the message is empty")
    coding, bodies = _bodies(text, reference)
    first = 0x01 | (_HEADER if len(bodies) > 1 else 0)
    submits = []
    for body in bodies:
        tpdu = bytes((first, 0x00)) + address + bytes((0x00, coding)) + body
        submits.append(Submit("00" + tpdu.hex().upper(), len(tpdu)))
    return submits


def _bodies(text: str, reference: int) -> tuple[int, list[bytes]]:
    """The data coding scheme, and the user part of each PDU with its length before it."""
    septets = letters_to_septets(text)
    if septets is None:
        letters = [letter.encode("utf-16-be", "replace") for letter in text]
        wide = _pieces([(letter, len(letter) // 2) for letter in letters], UNITS_ALONE, UNITS_IN_PART)
        headers = _headers(len(wide), reference)
        return 0x08, [
            _octet_body(header, b"".join(piece)) for header, piece in zip(headers, wide, strict=True)
        ]
    pieces = _pieces([(part, len(part)) for part in septets], SEPTETS_ALONE, SEPTETS_IN_PART)
    headers = _headers(len(pieces), reference)
    return 0x00, [
        _septet_body(header, [septet for letter in piece for septet in letter])
        for header, piece in zip(headers, pieces, strict=True)
    ]


def _headers(total: int, reference: int) -> list[bytes]:
    if total == 1:
        return [b""]
    return [bytes((5, _CONCATENATED, 3, reference & 0xFF, total, number + 1)) for number in range(total)]


def _octet_body(header: bytes, octets: bytes) -> bytes:
    return bytes((len(header) + len(octets),)) + header + octets


def _septet_body(header: bytes, septets: list[int]) -> bytes:
    septets_of_header = (8 * len(header) + 6) // 7
    fill_bits = 7 * septets_of_header - 8 * len(header)
    return bytes((septets_of_header + len(septets),)) + header + pack(septets, fill_bits)


def _submit_address(number: str) -> bytes:
    digits = number.removeprefix("+")
    if not digits or len(digits) > ADDRESS_DIGITS_MAX or not (digits.isascii() and digits.isdigit()):
        raise PduError(f"{number[:24]!r} is no number to send to: digits, with a + before them or not")
    kind = 0x91 if number.startswith("+") else 0x81
    halves = digits + ("F" if len(digits) % 2 else "")
    swapped = "".join(halves[place + 1] + halves[place] for place in range(0, len(halves), 2))
    return bytes((len(digits), kind)) + bytes.fromhex(swapped)


def _pieces(letters: list[tuple[_Letter, int]], alone: int, in_part: int) -> list[list[_Letter]]:
    """Letters with their sizes in as many pieces as they need; a letter is never cut."""
    if sum(size for _letter, size in letters) <= alone:
        return [[letter for letter, _size in letters]]
    pieces: list[list[_Letter]] = [[]]
    room = in_part
    for letter, size in letters:
        if size > room:
            pieces.append([])
            room = in_part
        pieces[-1].append(letter)
        room -= size
    if len(pieces) > PARTS_MAX:
        raise PduError(f"the message takes {len(pieces)} parts; {PARTS_MAX} are the most: shorten it")
    return pieces
