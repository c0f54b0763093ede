"""G.711 for SIP telephones of the bench: tables worked out from the recommendation, not the core's code.

Linear samples are 16-bit with A-law's overload point at full scale, as in the core.
"""

from array import array

from gateway.model.numbers import Codec

PAYLOAD_TYPE = {Codec.PCMU: 0, Codec.PCMA: 8}


def _alaw_value(code: int) -> int:
    code ^= 0x55
    segment, step = (code >> 4) & 7, code & 15
    magnitude = (2 * step + 1) << 3 if segment == 0 else (2 * step + 33) << (segment + 2)
    return magnitude if code & 0x80 else -magnitude


def _mulaw_value(code: int) -> int:
    code ^= 0xFF
    segment, step = (code >> 4) & 7, code & 15
    magnitude = (((2 * step + 33) << segment) - 33) << 2
    return -magnitude if code & 0x80 else magnitude


def _encoder(values: list[int]) -> bytes:
    """For each 16-bit pattern the code whose value is nearest."""
    codes = sorted(range(256), key=lambda code: (values[code], code))
    table = bytearray(65_536)
    place = 0
    for sample in range(-32_768, 32_768):
        while place < 255 and abs(values[codes[place + 1]] - sample) <= abs(values[codes[place]] - sample):
            place += 1
        table[sample & 0xFFFF] = codes[place]
    return bytes(table)


_VALUES = {
    Codec.PCMA: [_alaw_value(code) for code in range(256)],
    Codec.PCMU: [_mulaw_value(code) for code in range(256)],
}
_ENCODE = {codec: _encoder(values) for codec, values in _VALUES.items()}


def encode(codec: Codec, samples: bytes) -> bytes:
    """Octets for 16-bit little-endian samples."""
    table = _ENCODE[codec]
    return bytes([table[word] for word in array("H", samples)])


def decode(codec: Codec, octets: bytes) -> bytes:
    """16-bit little-endian samples for octets."""
    values = _VALUES[codec]
    return array("h", [values[code] for code in octets]).tobytes()
