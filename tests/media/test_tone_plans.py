"""Each country's tones, made from the table by the bench's own generator, through the real tone receiver."""

import math
from array import array
from dataclasses import dataclass
from functools import cache

import pytest

from gateway.media.core import CorePort, CoreSettings, SignalCore, WireAudio
from gateway.media.tone_table import COUNTRIES
from gateway.media.tones import countries, tone_plan
from gateway.model.events import ToneHeard
from gateway.model.numbers import NodeId, PortId, ToneKind
from gateway.model.plan import Detectors, Plan, PortNode
from gateway.simulator.wires import Wire, WireSettings

LISTENS_MS = 13_000
TONE_DBM0 = -18.0
TAKEN_FOR = {
    # Congestion has busy tone's frequency and times; the exchange does the same about both.
    ("au", ToneKind.CONGESTION): (ToneKind.BUSY,),
    ("pg", ToneKind.CONGESTION): (ToneKind.BUSY,),
    ("sh", ToneKind.CONGESTION): (ToneKind.BUSY,),
    # Two bursts of three are busy tone's; then it shows what it is, and begins anew.
    ("es", ToneKind.CONGESTION): (ToneKind.BUSY, ToneKind.BUSY, ToneKind.CONGESTION),
    # Its first burst is ringback's; the second comes too early for that.
    ("la", ToneKind.BUSY): (ToneKind.RINGBACK, ToneKind.BUSY),
    # Bursts of 15 s: dial tone, which is not listened for when ringback is due.
    ("sr", ToneKind.RINGBACK): (),
}
FIELDS = {
    "dial": ToneKind.DIAL,
    "ringback": ToneKind.RINGBACK,
    "busy": ToneKind.BUSY,
    "congestion": ToneKind.CONGESTION,
    "sit": ToneKind.SIT,
}


@dataclass(frozen=True, slots=True)
class Burst:
    """As the table writes it; ``on_ms`` 0 is for ever."""

    frequencies_hz: tuple[float, ...]
    swings_hz: float
    on_ms: int
    off_ms: int


HOWLER = Burst((1400.0, 2060.0, 2450.0, 2600.0), 0.0, 100, 100)
"""North America's (GR-506); no other country's is known."""


def facts(country: str) -> dict[ToneKind, tuple[Burst, ...]]:
    """A row of the table, read here afresh: what the country's exchanges send."""
    found: dict[ToneKind, tuple[Burst, ...]] = {}
    text = COUNTRIES.replace("\n ", " ")
    row = next(line for line in text.splitlines() if line.startswith(country + " "))
    for field in row.split(":")[1].split(";"):
        name, _, tone = field.strip().partition(" ")
        if name in FIELDS:
            found[FIELDS[name]] = tuple(read_burst(part.strip()) for part in tone.split(", "))
    found[ToneKind.HOWLER] = (HOWLER,)
    return found


def read_burst(text: str) -> Burst:
    frequencies, _, times = text.partition(" ")
    on_ms, off_ms = (int(ms) for ms in times.split("/")) if times else (0, 0)
    carrier, _, swings = frequencies.partition("*")
    return Burst(tuple(float(hz) for hz in carrier.split("+")), float(swings or 0), on_ms, off_ms)


def say(wire: Wire, burst: Burst, duration_ms: int) -> None:
    """One burst; the amplitude of a modulated one swings by 90 % (as Asterisk sends ``f1*f2``)."""
    level_dbm0 = TONE_DBM0 - 3.0 * (len(burst.frequencies_hz) - 1)
    if not burst.swings_hz:
        wire.device.say_tone(burst.frequencies_hz, level_dbm0, (), duration_ms)
        return
    peak, turn = 32_767 * 10 ** ((level_dbm0 - 3.14) / 20), 2 * math.pi / 8_000
    (hz,) = burst.frequencies_hz
    samples = (
        round(peak * (1 + 0.9 * math.sin(turn * burst.swings_hz * n)) * math.sin(turn * hz * n))
        for n in range(duration_ms * 8)
    )
    wire.device.say_clip(array("h", samples).tobytes())


def says(wire: Wire, bursts: tuple[Burst, ...]) -> None:
    """The far end sends the tone until nobody listens any more."""
    if bursts[0].on_ms == 0:
        say(wire, bursts[0], LISTENS_MS)
        return
    said_ms = 0
    for burst in bursts * 3 if len(bursts) > 1 else bursts * (12 if bursts[0].on_ms < 150 else 9):
        if said_ms < LISTENS_MS:
            say(wire, burst, burst.on_ms)
            if burst.off_ms:
                wire.device.say_silence(burst.off_ms)
        said_ms += burst.on_ms + burst.off_ms


@cache
def heard(country: str) -> dict[ToneKind, tuple[ToneKind, ...]]:
    """What the receiver with this country's plan takes each of its tones for, in order."""
    tones = facts(country)
    wires = {kind: Wire(WireSettings(seed=7)) for kind in tones}
    nodes = {NodeId(number + 1): kind for number, kind in enumerate(tones)}
    ports = tuple(
        CorePort(node, WireAudio(wires[kind].exchange, wires[kind].line)) for node, kind in nodes.items()
    )
    core = SignalCore(CoreSettings(ports=ports, tones=tone_plan(country).heard))
    parties = []
    for node, kind in nodes.items():
        due = Detectors.DIAL_TONE if kind is ToneKind.DIAL else Detectors.NONE
        parties.append(PortNode(node, PortId(f"fxo{node}"), Detectors.CALL_PROGRESS | due, canceller=False))
        wires[kind].set_loop(True)
    core.apply(Plan(1, tuple(parties), ()))
    events = []
    for tick in range(LISTENS_MS // 10):
        core.tick()
        if tick == 50:
            for kind, wire in wires.items():
                says(wire, tones[kind])
        events += core.events()
    core.close()
    return {
        kind: tuple(e.kind for e in events if isinstance(e, ToneHeard) and e.present and e.node == node)
        for node, kind in nodes.items()
    }


@pytest.mark.parametrize("country", countries())
def test_every_tone_of_a_country_is_recognised_as_what_it_is(country: str) -> None:
    for kind, taken_for in heard(country).items():
        if (country, kind) in TAKEN_FOR:
            assert taken_for == TAKEN_FOR[country, kind]
        else:
            assert set(taken_for) == {kind}


def test_the_table_has_the_countries_that_it_says() -> None:
    assert len(countries()) == 145
    assert all(len(country) == 2 and country.islower() for country in countries())
