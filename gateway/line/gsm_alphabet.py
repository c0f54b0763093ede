"""The GSM 7-bit default alphabet with its extension table, and septets in octets (3GPP TS 23.038, 6).

Texts go to septets and back; a letter that the alphabet does not have makes the whole text one for UCS2.
"""

from collections.abc import Sequence

ESCAPE = 0x1B
"""The next septet is one of the extension table."""
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""Septets 0 to 127."""
EXTENDED = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

_SEPTETS: dict[str, tuple[int, ...]] = {
    letter: (value,) for value, letter in enumerate(BASIC) if value != ESCAPE
} | {letter: (ESCAPE, value) for value, letter in EXTENDED.items()}


def letters_to_septets(text: str) -> list[tuple[int, ...]] | None:
    """Each letter's one or two septets; None when the alphabet does not have one of them."""
    septets = [_SEPTETS.get(letter) for letter in text]
    return None if None in septets else [each for each in septets if each is not None]


def septets_to_text(septets: Sequence[int]) -> str:
    """The text of these septets. An escape before a septet that the table does not have is a space, and the
    septet counts as it is (6.2.1.1); one at the very end is nothing.
    """
    text, escaped = "", False
    for septet in septets:
        if septet == ESCAPE and not escaped:
            escaped = True
            continue
        letter = BASIC[septet & 0x7F]
        if escaped:
            letter = EXTENDED.get(septet, " " if septet == ESCAPE else letter)
        text += letter
        escaped = False
    return text


def pack(septets: Sequence[int], fill_bits: int = 0) -> bytes:
    """Septets in octets, the first in the lowest bits, after ``fill_bits`` of nothing."""
    bits, count, packed = 0, fill_bits, bytearray()
    for septet in septets:
        bits |= (septet & 0x7F) << count
        count += 7
        while count >= 8:
            packed.append(bits & 0xFF)
            bits >>= 8
            count -= 8
    if count > 0:
        packed.append(bits & 0xFF)
    return bytes(packed)


def unpack(octets: bytes, count: int, fill_bits: int = 0) -> list[int]:
    """At most ``count`` septets of these octets, after ``fill_bits``; fewer when the octets end before."""
    bits = int.from_bytes(octets, "little") >> fill_bits
    there = max(0, (8 * len(octets) - fill_bits) // 7)
    return [bits >> (7 * place) & 0x7F for place in range(min(count, there))]
