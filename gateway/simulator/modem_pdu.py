"""Short messages as a service centre writes and reads them: an own codec, which shares nothing with ours.

3GPP TS 23.040: SMS-DELIVER out of it, SMS-SUBMIT into it. Bits are handled as text, one septet after the
other, so that it is slow, plain, and wrong in other places than a codec that shifts.
"""

from dataclasses import dataclass

GSM = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
MORE = {"\f": 10, "^": 20, "{": 40, "}": 41, "\\": 47, "[": 60, "~": 61, "]": 62, "|": 64, "€": 101}
CENTRE = "07919730071111F1"
STAMP = "62118221000021"
"""28 November 2026, 12:00:00, three hours east of Greenwich."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a PDU that was sent holds: ``part`` is (reference, total, number), or None."""

    number: str
    text: str
    part: tuple[int, int, int] | None


def in_gsm(text: str) -> bool:
    """Whether the 7-bit alphabet has every letter."""
    return all((letter in GSM and letter != "\x1b") or letter in MORE for letter in text)


def deliver(sender: str, text: str, part: tuple[int, int, int] | None = None) -> str:
    """One SMS-DELIVER in hexadecimal; the text must fit into it."""
    header = "" if part is None else f"050003{part[0] & 255:02X}{part[1]:02X}{part[2]:02X}"
    first = "44" if header else "04"
    if in_gsm(text):
        bits = "".join(f"{value:07b}"[::-1] for value in _values(text))
        filled = "" if not header else "0"  # six octets of header and one bit are seven septets
        raw = _octets(filled + bits)
        length = len(bits) // 7 + (7 if header else 0)
        coding = "00"
    else:
        raw = text.encode("utf-16-be").hex().upper()
        length, coding = (len(raw) + len(header)) // 2, "08"
    return f"{CENTRE}{first}{_address(sender)}00{coding}{STAMP}{length:02X}{header}{raw}"


def parts_of(sender: str, text: str, reference: int = 77) -> list[str]:
    """As many SMS-DELIVERs as the text needs; cut bluntly, as service centres do between whole letters."""
    alone, piece = (160, 150) if in_gsm(text) else (70, 67)
    if len(_values(text) if in_gsm(text) else text) <= alone:
        return [deliver(sender, text)]
    pieces = [text[place : place + piece // 2] for place in range(0, len(text), piece // 2)]
    return [
        deliver(sender, each, (reference, len(pieces), number)) for number, each in enumerate(pieces, start=1)
    ]


def submitted(pdu: str) -> Submitted:
    """Read a PDU that a telephone sends; ValueError where it is none."""
    octets = bytes.fromhex(pdu)
    octets = octets[1 + octets[0] :]
    first, digits, kind = octets[0], octets[2], octets[3]
    if first & 3 != 1:
        raise ValueError("not SMS-SUBMIT")
    width = (digits + 1) // 2
    swapped = "".join(f"{octet:02X}"[::-1] for octet in octets[4 : 4 + width]).rstrip("F")
    rest = octets[4 + width :]
    coding, length, user = rest[1], rest[2], rest[3:]
    header = user[: user[0] + 1] if first & 0x40 else b""
    part = (header[3], header[4], header[5]) if header else None
    if coding == 8:
        text = user[len(header) : length].decode("utf-16-be")
    else:
        bits = "".join(f"{octet:08b}"[::-1] for octet in user)
        septets = [int(bits[at : at + 7][::-1], 2) for at in range(0, 7 * length, 7)]
        text = _text(septets[-(-len(header) * 8 // 7) :])
    return Submitted(("+" if kind == 0x91 else "") + swapped, text, part)


def _values(text: str) -> list[int]:
    return [
        value for letter in text for value in ([27, MORE[letter]] if letter in MORE else [GSM.index(letter)])
    ]


def _text(septets: list[int]) -> str:
    letters = {value: letter for letter, value in MORE.items()}
    text, place = "", 0
    while place < len(septets):
        if septets[place] == 27 and place + 1 < len(septets):
            text += letters[septets[place + 1]]
            place += 2
        else:
            text += GSM[septets[place]]
            place += 1
    return text


def _octets(bits: str) -> str:
    padded = bits + "0" * (-len(bits) % 8)
    return "".join(f"{int(padded[at : at + 8][::-1], 2):02X}" for at in range(0, len(padded), 8))


def _address(sender: str) -> str:
    digits = sender.removeprefix("+")
    if not digits.isdigit():
        bits = "".join(f"{value:07b}"[::-1] for value in _values(sender))
        raw = _octets(bits)
        return f"{-(-len(bits) // 4):02X}D0{raw}"
    even = digits + ("F" if len(digits) % 2 else "")
    swapped = "".join(even[at + 1] + even[at] for at in range(0, len(even), 2))
    return f"{len(digits):02X}{'91' if sender.startswith('+') else '81'}{swapped}"
