"""Every passive way of telling who calls, all armed at once, before and after the first ring: the line is
listened to from before the ring on. The signals are made here from their definitions.
"""

import math
from collections.abc import Callable

import pytest

from gateway.model.events import CallerIdHeard
from gateway.model.learned import IdentityScheme
from gateway.model.numbers import NodeId, PortId
from gateway.model.plan import Detectors, PortNode
from tests.media.conftest import Rig
from tests.media.lines import amplitude, sine

NUMBER = "4951234567"
RATE_HZ = 8_000
ENDLESS_MS = 6_000


def keyed(
    octets: bytes, mark_hz: float, space_hz: float, *, seizure: int, marks: int, stops: int
) -> list[int]:
    """Octets at 1200 bit/s and -15 dBm0."""
    bits = [number % 2 for number in range(seizure)] + [1] * marks
    for octet in octets:
        bits += [0, *((octet >> place) & 1 for place in range(8)), *([1] * stops)]
    bits += [1] * 10
    samples, phase, peak = [], 0.0, amplitude(-15)
    for number in range(int(len(bits) * RATE_HZ / 1_200)):
        phase += 2 * math.pi * (mark_hz if bits[int(number * 1_200 / RATE_HZ)] else space_hz) / RATE_HZ
        samples.append(round(peak * math.sin(phase)))
    return samples


def framed(kind: int, body: bytes) -> bytes:
    """Type, length, body, checksum."""
    packet = bytes((kind, len(body))) + body
    return packet + bytes((-sum(packet) & 0xFF,))


SINGLE = framed(0x04, b"11221015" + NUMBER.encode())
MULTIPLE = framed(0x80, b"\x01\x0811221015\x02\x0a" + NUMBER.encode())


def bell_202_sdmf() -> list[int]:
    return keyed(SINGLE, 1_200, 2_200, seizure=300, marks=180, stops=1)


def bell_202_mdmf() -> list[int]:
    return keyed(MULTIPLE, 1_200, 2_200, seizure=300, marks=180, stops=1)


def v23_mdmf() -> list[int]:
    return keyed(MULTIPLE, 1_300, 2_100, seizure=300, marks=180, stops=1)


def japanese() -> list[int]:
    body = b"\x10\x01\x07\x10\x02\x40\x0c\x02\x0a" + NUMBER.encode() + b"\x10\x03"
    octets = bytes(octet | (octet.bit_count() % 2) << 7 for octet in body)
    crc = 0
    for octet in octets[2:]:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    octets += crc.to_bytes(2, "little")
    return keyed(octets, 1_300, 2_100, seizure=0, marks=75, stops=4)


def digits(text: str) -> list[int]:
    groups = (697, 770, 852, 941), (1_209, 1_336, 1_477, 1_633)
    keys = ("123A", "456B", "789C", "*0#D")
    samples: list[int] = []
    for digit in text:
        row = next(number for number, line in enumerate(keys) if digit in line)
        low, high = sine(groups[0][row], -12), sine(groups[1][keys[row].index(digit)], -10)
        samples += [next(low) + next(high) for _ in range(560)] + [0] * 560
    return samples


WAYS: dict[str, Callable[[], list[int]]] = {
    "Bell 202, SDMF": bell_202_sdmf,
    "Bell 202, MDMF": bell_202_mdmf,
    "V.23, MDMF": v23_mdmf,
    "Japan": japanese,
    "A number C": lambda: digits(f"A{NUMBER}C"),
    "D number C": lambda: digits(f"D{NUMBER}C"),
    "A number #": lambda: digits(f"A{NUMBER}#"),
    "number #": lambda: digits(f"{NUMBER}#"),
}


def scheme_of(way: str) -> IdentityScheme:
    if "202" in way:
        return IdentityScheme.BELL202
    return IdentityScheme.V23 if way.startswith(("V.23", "Japan")) else IdentityScheme.DTMF


def ringing() -> list[int]:
    """What of a ring leaks into a card: 25 Hz for a second."""
    wave = sine(25, -8)
    return [next(wave) for _ in range(RATE_HZ)]


@pytest.mark.parametrize("before_the_ring", [True, False], ids=["before the first ring", "after it"])
@pytest.mark.parametrize("way", WAYS)
def test_the_caller_is_heard(rig: Rig, way: str, before_the_ring: bool) -> None:
    quiet, identity = [0] * 2_400, WAYS[way]()
    told = [*identity, *quiet, *ringing()]
    if not before_the_ring:
        told = [*ringing(), *quiet, *told]
    rig.apply(PortNode(NodeId(2), PortId("fxs2"), Detectors.CALLER_ID))
    rig.ticks(500)
    rig.lines[1].says(iter([*told, *([0] * RATE_HZ)]))
    rig.ticks(ENDLESS_MS)
    assert rig.events == [CallerIdHeard(NodeId(2), NUMBER, "", withheld=False, scheme=scheme_of(way))]
