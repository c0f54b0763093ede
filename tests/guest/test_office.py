"""A whole office whose telephone 101 and city line 1 are devices of the guest's kernel: pins of gpio-sim and
sound cards of snd-aloop, with a person and the city at their other ends.

One office lives through all of it, in this order: the city calls and they talk, the call is held by a flash
and taken back, the person hangs up; he dials by pulses, the city answers and leaves; the line's sound card is
pulled out in the middle of a call and plugged in again.
"""

import asyncio
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from gateway.app import Gateway, RunSettings, run
from gateway.model.numbers import PortId
from gateway.simulator.central_office import Behaviour, LineState, Subscriber
from gateway.simulator.ear import Ear, Heard
from gateway.simulator.meters import tone_dbm0
from tests.guest.far_side import FarSide
from tests.guest.loopback import Loopback
from tests.guest.sim_chip import SimChip

PATIENCE_S = 30.0
LOOK_S = 0.05
TONE_HZ = 1_000.0
SENT_DBM0 = -10.0
LOSSES_DB = 2.5
"""Of the telephone's wire 0.5 dB, of the city's 2 dB."""
LEVEL_DB = 1.5
WINDOW_MS = 300.0
TELEPHONE, CITY = PortId("fxs1"), PortId("fxo1")
CHIP = "office"

OFFICE = """
country = "ru"
[sip]
port = 5060
[extension.101]
name = "Anna"
station = "fxs1"
[line.city1]
port = "fxo1"
to = "101"
[trunks.city]
lines = ["city1"]
[[outgoing]]
prefix = "9"
strip = 1
min_digits = 4
max_digits = 4
trunks = "city"
"""

BOARD = """
name = "kernel"
[rtp]
sockets = 2
[port.fxs1]
kind = "fxs"
audio = "alsa"
card = "platform:snd_aloop.3"
pins = { hook = "office:0", ring_mode = "office:1", forward_reverse = "office:2" }
[port.fxo1]
kind = "fxo"
audio = "alsa"
card = "platform:snd_aloop.4"
pins = { ring = "office:4", loop_current = "office:5", loop_switch = "office:6" }
"""


class People:
    """What happens in the office, as a person sees it."""

    def __init__(self, gateway: Gateway, far: FarSide) -> None:
        self.gateway = gateway
        self.far = far
        self.anna = far.world.telephones["101"]
        self.city = far.world.city
        self.line = far.world.city.line(1)
        self._began_s = time.monotonic()

    async def until(self, what: str, condition: Callable[[], bool]) -> None:
        """Waits, as a person would; what did not come is told with what is there instead."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"not within {PATIENCE_S:.0f} s: {what}\n{self.seen()}"
            await asyncio.sleep(LOOK_S)
        print(f"{time.monotonic() - self._began_s:7.2f} s  {what}")

    def seen(self) -> str:
        rows = [f"{row.port} {row.state} {row.failure}" for row in self.gateway.exchange.view().lines]
        trace = self.gateway._last_lines(60)
        return "\n".join(
            (
                *rows,
                f"101 hears {self.anna.hears()}, the city {self.line.hears()}, its line is {self.line.state}",
                *(line for line in trace if '"says"' in line),
            )
        )

    def state(self, port: PortId) -> str:
        return next(row.state for row in self.gateway.exchange.view().lines if row.port == port)

    async def talk_both_ways(self) -> None:
        """Each says a tone, and the other hears it at its level."""
        for speaker, listener, who in (
            (self.anna.ear, self.line.ear, "the city hears 101"),
            (self.line.ear, self.anna.ear, "101 hears the city"),
        ):
            speaker.device.say_tone((TONE_HZ,), SENT_DBM0)
            await self.until(who, partial(hears_the_tone, listener))
            speaker.device.hush()


def hears_the_tone(ear: Ear) -> bool:
    level = tone_dbm0(ear.last(WINDOW_MS), TONE_HZ)
    return abs(level - (SENT_DBM0 - LOSSES_DB)) <= LEVEL_DB


async def the_city_calls(people: People) -> None:
    assert people.city.calls(1, "4951234567")
    await people.until("the bell rings", lambda: people.anna.rings)
    people.anna.lifts()
    await people.until("the city is answered", lambda: people.line.state is LineState.TALKING)
    await people.until("the bell is silent", lambda: not people.anna.rings)
    assert people.far.world.modules.faults == []


async def an_incoming_call_with_a_flash(people: People) -> None:
    await the_city_calls(people)
    await people.talk_both_ways()
    people.anna.flashes()
    await people.until("101 hears dial tone after a flash", lambda: people.anna.hears() is Heard.DIAL)
    await people.until("the city hears music", lambda: people.line.hears() is Heard.SOUND)
    people.anna.flashes()
    await people.talk_both_ways()
    people.anna.hangs_up()
    await people.until("the city is released", lambda: people.line.state is LineState.IDLE)
    await people.until("the line is idle", lambda: people.state(CITY) == "idle")


async def an_outgoing_call_by_pulses(people: People) -> None:
    people.city.add(Subscriber("112", Behaviour.ANSWERS, after_ms=500))
    people.anna.lifts()
    await people.until("101 hears dial tone", lambda: people.anna.hears() is Heard.DIAL)
    people.anna.dials("9112")
    await people.until("the city got the number", lambda: people.line.dialled == "112")
    await people.until("the city answers", lambda: people.line.state is LineState.TALKING)
    await people.talk_both_ways()
    people.line.hangs_up()
    await people.until("101 hears busy tone", lambda: people.anna.hears() is Heard.BUSY)
    people.anna.hangs_up()
    await people.until("the line is idle", lambda: people.state(CITY) == "idle")


async def a_card_is_pulled_out_in_a_call(people: People, card: Loopback) -> None:
    await the_city_calls(people)
    await people.talk_both_ways()
    assert not people.gateway.alarms
    pulled = card.pull_out()
    await people.until("the port has failed", lambda: people.state(CITY) == "failed")
    await people.until("101 hears congestion", lambda: people.anna.hears() is Heard.CONGESTION)
    (alarm,) = people.gateway.alarms
    assert "sound card platform:snd_aloop.4 has gone or hangs: plug it in again" in alarm.text
    people.anna.hangs_up()
    node = people.far.node_of(CITY)
    await people.until("the far end notices", lambda: people.far.core.statistics().port(node).card_gone)
    people.far.core.unplug_card(node)
    await people.until("the kernel has let go of it", lambda: not pulled.is_alive())
    await people.until("101 is idle", lambda: people.state(TELEPHONE) == "idle")
    card.plug_in()
    people.far.core.plug_card(node, card.far)
    await people.until("the port works again", lambda: people.state(CITY) == "idle")
    await the_city_calls(people)
    await people.talk_both_ways()
    people.anna.hangs_up()
    await people.until("the line is idle again", lambda: people.state(CITY) == "idle")


@pytest.fixture
def chip() -> Iterator[SimChip]:
    made = SimChip(CHIP)
    yield made
    made.remove()


def live(folder: Path, lives: Callable[[Gateway], Awaitable[None]]) -> None:
    """An office on the kernel's devices, until that is through. The guest has no users and no network yet."""
    Path("/etc/passwd").write_text("root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n")
    subprocess.run(["/bin/busybox", "ifconfig", "lo", "up"], check=True)
    office, board = folder / "office.toml", folder / "board.toml"
    office.write_text(OFFICE)
    board.write_text(BOARD)
    asyncio.run(run(RunSettings(office, board, folder / "state"), asyncio.Event(), prompt=lives))


def test_an_office_of_the_kernels_own_devices_works(tmp_path: Path, chip: SimChip) -> None:
    cards = {TELEPHONE: Loopback(3), CITY: Loopback(4)}

    async def lives(gateway: Gateway) -> None:
        settings = gateway.configuration
        far = FarSide(chip, cards, settings.board, settings.office, telephone=TELEPHONE, city_line=CITY)
        people = People(gateway, far)
        try:
            assert not gateway.alarms, gateway.alarms
            await an_incoming_call_with_a_flash(people)
            await an_outgoing_call_by_pulses(people)
            await a_card_is_pulled_out_in_a_call(people, cards[CITY])
        finally:
            await far.close()

    live(tmp_path, lives)
