"""A whole office whose telephone line 1 is a sound card: it dials, talks both ways, and loses nothing beside
a busy interpreter.

The gateway's port fxs1 streams to an ALSA device. At the other end of that cable stands the twin of telephone
101: its two-wire line, joined to the cable by a core of its own; its hook goes through the simulated line
module as always.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.app import Gateway, RunSettings, run
from gateway.media.core import CardAudio, CorePort, CoreSettings, SignalCore, WireAudio
from gateway.model.numbers import NodeId, PortId
from gateway.model.plan import Hears, Plan, PortNode
from gateway.simulator.ear import Heard
from gateway.simulator.telephone import Telephone
from gateway.simulator.wires import Device
from tests.alsa.cables import plugged
from tests.alsa.load import busy_interpreter, windows_off
from tests.app.office_files import office_files

pytestmark = [pytest.mark.real, pytest.mark.slow]

LINE = PortId("fxs1")
CARD, WIRE = NodeId(1), NodeId(2)
PATIENCE_S = 20.0
PART_S = 63.0
TURN_S = 3.5
SETTLE_S = 0.6
SAMPLES_PER_S = 8_000
SENT_DBM0 = -10.0
LOSSES_DB = 1.0
"""Of both telephones' wires, 0.5 dB each."""
TONE_HZ = 1_000.0
ATTEMPTS = 3
"""A shared machine stalls by itself now and then: only a difference that shows every time is ours."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a stretch of conversation cost: card faults and ticks given up; 20 ms windows off by 1 dB."""

    faults: int
    off: int
    windows: int

    @property
    def lost(self) -> int:
        return self.faults + self.off


def far_end(card: str, gateway: Gateway) -> SignalCore:
    """The other end of the cable: the two-wire line of the telephone on LINE."""
    wire = gateway.board.wires[LINE]
    ports = (CorePort(CARD, CardAudio(card)), CorePort(WIRE, WireAudio(wire.exchange, wire.line)))
    core = SignalCore(CoreSettings(ports=ports, rtp_sockets=0))
    nodes = (
        PortNode(CARD, PortId("cable"), canceller=False),
        PortNode(WIRE, PortId("wire"), canceller=False),
    )
    core.apply(Plan(1, nodes, (Hears(CARD, WIRE), Hears(WIRE, CARD))))
    core.start_audio()
    return core


async def until(what: str, telephone: Telephone, wanted: object) -> None:
    """A person waits until the bell rings or the earpiece gives what they wait for."""
    async with asyncio.timeout(PATIENCE_S):
        while wanted not in (telephone.hears(), "bell" if telephone.rings else None):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    print(f"{telephone.name}: {what}")


async def until_true(condition: Callable[[], bool], patience_s: float) -> None:
    """Until something holds that sets no event."""
    async with asyncio.timeout(patience_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def listens(device: Device, seconds: float) -> None:
    """So much has gone through somebody's earpiece."""
    enough = device.position + int(seconds * SAMPLES_PER_S)
    async with asyncio.timeout(seconds + PATIENCE_S):
        while device.position < enough:  # noqa: ASYNC110 - a telephone sets no event
            await asyncio.sleep(0.05)


@asynccontextmanager
async def conversation(gateway: Gateway) -> AsyncIterator[tuple[Device, Device]]:
    """101, whose line is the card, calls 102 by its buttons; 102 lifts. Their devices, while they talk."""
    caller, called = gateway.board.telephones["101"], gateway.board.telephones["102"]
    caller.lifts()
    await until("dial tone", caller, Heard.DIAL)
    caller.dials("102")
    await until("the bell", called, "bell")
    called.lifts()
    await listens(called.ear.device, SETTLE_S)
    yield caller.ear.device, called.ear.device
    called.hangs_up()
    await until("busy tone, the other has hung up", caller, Heard.BUSY)
    caller.hangs_up()


async def talk_in_turns(
    pair: tuple[Device, Device], ends: tuple[SignalCore, SignalCore], seconds: float
) -> Outcome:
    """Each says a tone in its turn while the other listens."""
    before = sum(faults(core) for core in ends)
    off = windows = turns = 0
    while turns * TURN_S < seconds:
        speaker, listener = pair if turns % 2 == 0 else pair[::-1]
        speaker.say_tone((TONE_HZ,), SENT_DBM0)
        await listens(listener, SETTLE_S)
        start = listener.position
        await listens(listener, TURN_S - SETTLE_S)
        turn_off, turn_windows = windows_off(listener, start, TONE_HZ, SENT_DBM0 - LOSSES_DB)
        speaker.hush()
        off, windows, turns = off + turn_off, windows + turn_windows, turns + 1
    return Outcome(sum(faults(core) for core in ends) - before, off, windows)


def faults(core: SignalCore) -> int:
    figures = core.statistics()
    card = figures.port(CARD)
    return card.capture_xruns + card.playback_xruns + card.lost_frames + card.slips + figures.ticks_missed


@pytest.mark.timeout(600)  # three attempts of two minutes at most
def test_an_office_with_a_sound_card_talks_beside_a_busy_interpreter(tmp_path: Path) -> None:
    outcomes: list[tuple[Outcome, Outcome]] = []

    async def people(gateway: Gateway, far: str) -> None:
        ends = (gateway.core, far_end(far, gateway))
        assert not gateway.alarms
        async with conversation(gateway) as pair:
            await talk_in_turns(pair, ends, 2 * TURN_S)  # cancellers find their echoes
            for _ in range(ATTEMPTS):
                calm = await talk_in_turns(pair, ends, PART_S)
                with busy_interpreter():
                    busy = await talk_in_turns(pair, ends, PART_S)
                outcomes.append((calm, busy))
                print(f"calm {calm}; busy {busy}")
                if busy.lost <= calm.lost:
                    break
        card = gateway.core.statistics().port(CARD)
        print(f"echo after {card.echo_delay_ms} ms, ERL {card.erl_db:.1f} dB, ERLE {card.erle_db:.1f} dB")
        ends[1].close()

    with plugged(1) as (cable,):
        files = office_files(tmp_path)
        files.change_board(
            r'\[port.fxs1\]\nkind = "fxs"\n',
            f'[port.fxs1]\nkind = "fxs"\naudio = "alsa"\ncard = "{cable.near}"\n',
        )
        settings = RunSettings(files.office, files.board, files.state)
        asyncio.run(run(settings, asyncio.Event(), prompt=lambda gateway: people(gateway, cable.far)))
    calm, busy = outcomes[-1]
    assert busy.lost <= calm.lost
    assert calm.off <= calm.windows // 20
    assert busy.windows > PART_S * 20
