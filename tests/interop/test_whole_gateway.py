"""The whole gateway in real time with a real SIP telephone (baresip): register, call, be called, hear, press
digits.

Sound is measured, not looked up: a tone in what the analog telephone hears, and in the WAV of what baresip
heard.
"""

import asyncio
import contextlib
import os
import signal
import statistics
import wave
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.app import Gateway, RunSettings, run
from gateway.drivers.storage import read_calls
from gateway.model.actions import Direction
from gateway.model.causes import Cause, Evidence
from gateway.records.calls import Outcome
from gateway.simulator import meters
from gateway.simulator.central_office import Behaviour, Subscriber
from gateway.simulator.telephone import Telephone
from tests.app.office_files import OfficeFiles, office_files
from tests.interop.network import SipNetwork
from tests.interop.telephones import Baresip

pytestmark = pytest.mark.real

DEADLINE_S = 20.0
TONE_HZ = 440.0
OUR_TONE_HZ = 1_000.0
TONE_DBM0 = -13.0
WIRE_LOSS_DB = 0.5
MEASURED_MS = 2_000
SAMPLES_PER_MS = 8


class ListeningBaresip(Baresip):
    """Writes what it decodes into a WAV (module sndfile); its aufile can only say, so its ear is an idle
    bridge.
    """

    def _write_files(self) -> int:
        control_port = super()._write_files()
        config = self.folder / "config"
        text = config.read_text().replace(f"audio_player aufile,{self.heard}", "audio_player aubridge,ear")
        config.write_text(f"{text}module aubridge.so\nmodule sndfile.so\nsnd_path {self.folder}\n")
        return control_port

    @property
    def heard(self) -> Path:
        return next(self.folder.glob("dump-*-dec.wav"), self.folder / "heard.wav")


def telephone(network: SipNetwork, folder: Path, office: "Whole", extension: str, **options: Any) -> Baresip:
    return ListeningBaresip(
        network, folder / extension, extension, secret_of(extension), office.files.sip_port, **options
    )


@dataclass
class Whole:
    """A gateway that runs in this process, and what people do around it."""

    gateway: Gateway
    files: OfficeFiles

    def telephone(self, number: str) -> Telephone:
        return self.gateway.board.telephones[number]

    def state(self, name: str) -> str:
        return next(row.state for row in self.gateway.exchange.view().lines if row.name == name)

    def says_tone(self, port: str, frequency_hz: float) -> None:
        self.gateway.board.wires[port].device.say_tone((frequency_hz,), TONE_DBM0)

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Ask again and again; people look at the world, they are not told."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not condition():  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(f"{what} did not come") from None

    async def listens(self, number: str, duration_ms: float) -> None:
        """Until so much more sound has come to the telephone."""
        ear = self.telephone(number).ear
        end_ms = ear.now_ms + duration_ms
        await self.until(lambda: ear.now_ms >= end_ms, "sound")

    async def dials(self, number: str, digits: str) -> None:
        """Lift, wait for dial tone, push buttons."""
        telephone = self.telephone(number)
        telephone.lifts()
        await self.until(lambda: self.state(number) == "dial_tone", f"{number}'s dial tone")
        await self.listens(number, 200)
        telephone.dials(digits)

    async def rests(self) -> None:
        """Until nobody is in a call and every line is idle."""

        def at_rest() -> bool:
            view = self.gateway.exchange.view()
            return not view.calls and all(line.state == "idle" for line in view.lines)

        await self.until(at_rest, "rest")
        await asyncio.to_thread(self.gateway.journal.flush)


def secret_of(extension: str) -> str:
    return f"a-long-secret-of-{extension}"


@contextlib.asynccontextmanager
async def whole_gateway(network: SipNetwork, folder: Path) -> AsyncIterator[Whole]:
    files = office_files(folder)
    for extension, name in (("201", "Darya"), ("202", "Egor")):
        files.change_office(rf'name = "{name}"', f'name = "{name}"\nsecret = "{secret_of(extension)}"')
    settings = RunSettings(files.office, files.board, files.state, network.gateway, files.sip_port)
    stopped, started = asyncio.Event(), asyncio.Event()
    made: list[Gateway] = []

    async def people(gateway: Gateway) -> None:
        made.append(gateway)
        async with asyncio.timeout(DEADLINE_S):
            while gateway.sip.process_id is None:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        started.set()
        await stopped.wait()

    running = asyncio.create_task(run(settings, stopped, prompt=people))
    ready = asyncio.create_task(started.wait())
    await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED, timeout=DEADLINE_S)
    try:
        assert made, await running
        yield Whole(made[0], files)
    finally:
        stopped.set()
        await running


def level_and_gap(samples: bytes, frequency_hz: float) -> tuple[float, float]:
    """Level of a tone, and the longest time in ms without it, both from blocks of 10 ms.

    One measurement over the whole would call it a loss when the jitter buffer plays a sample more or less:
    the tone is as loud as before, its phase is another.
    """
    block = 10 * SAMPLES_PER_MS * 2
    levels = [
        meters.tone_dbm0(samples[start : start + block], frequency_hz)
        for start in range(0, len(samples) - block + 1, block)
    ]
    gap = longest = 0
    for level in levels:
        gap = gap + 1 if level < TONE_DBM0 - 15 else 0
        longest = max(longest, gap)
    return statistics.median(levels), 10.0 * longest


def wav_samples(path: Path) -> bytes:
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8_000)
        return file.readframes(file.getnframes())


def middle_of_tone(samples: bytes, frequency_hz: float) -> bytes:
    """Two seconds out of the longest stretch of a tone, without its edges."""
    stretches = meters.cadence(samples, frequency_hz)
    longest = max((one for one in stretches if one.on), key=lambda one: one.duration_ms)
    assert longest.duration_ms > MEASURED_MS + 400, stretches
    before_ms = sum(one.duration_ms for one in stretches[: stretches.index(longest)])
    start = round((before_ms + 200) * SAMPLES_PER_MS) * 2
    return samples[start : start + MEASURED_MS * SAMPLES_PER_MS * 2]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_sip_telephone_calls_an_analog_one_and_both_hear_the_other(
    sip_network: SipNetwork, tmp_path: Path, transport: str
) -> None:
    async with whole_gateway(sip_network, tmp_path) as office:
        options = {"transport": transport, "tone_dbm0": TONE_DBM0}
        async with telephone(sip_network, tmp_path, office, "201", **options) as phone:
            await phone.event("REGISTER_OK")
            await phone.command("dial", "101")
            await office.until(lambda: office.telephone("101").rings, "the bell of 101")
            await phone.event("CALL_RINGING")
            office.telephone("101").lifts()
            await phone.event("CALL_ESTABLISHED")
            office.says_tone("fxs1", OUR_TONE_HZ)
            await office.listens("101", MEASURED_MS + 2_000)
            heard, gap_ms = level_and_gap(office.telephone("101").ear.last(MEASURED_MS), TONE_HZ)
            office.telephone("101").hangs_up()
            await phone.event("CALL_CLOSED")
            await office.rests()
        assert heard == pytest.approx(TONE_DBM0 - WIRE_LOSS_DB, abs=1.0)
        assert gap_ms == 0
        theirs, their_gap_ms = level_and_gap(
            middle_of_tone(wav_samples(phone.heard), OUR_TONE_HZ), OUR_TONE_HZ
        )
        assert theirs == pytest.approx(TONE_DBM0 - WIRE_LOSS_DB, abs=1.0)
        assert their_gap_ms == 0
        (record,) = read_calls(office.files.state / "calls.sqlite")
        assert (record.calling, record.called, record.connected) == ("201", "101", "101")
        assert (record.outcome, record.answer_evidence) == (Outcome.ANSWERED, Evidence.HOOK)


async def test_an_orderly_stop_in_a_call_says_bye_and_records_the_end(
    sip_network: SipNetwork, tmp_path: Path
) -> None:
    async with contextlib.AsyncExitStack() as day:
        office = await day.enter_async_context(whole_gateway(sip_network, tmp_path))
        async with telephone(sip_network, tmp_path, office, "201") as phone:
            await phone.event("REGISTER_OK")
            await phone.command("dial", "101")
            await office.until(lambda: office.telephone("101").rings, "the bell of 101")
            office.telephone("101").lifts()
            await phone.event("CALL_ESTABLISHED")
            await day.aclose()
            await phone.event("CALL_CLOSED")
    (record,) = read_calls(office.files.state / "calls.sqlite")
    assert record.outcome is Outcome.ANSWERED
    assert record.end_evidence is Evidence.ADMINISTRATOR


async def test_an_analog_telephone_calls_a_sip_one_whose_bye_gives_it_busy_tone(
    sip_network: SipNetwork, tmp_path: Path
) -> None:
    async with (
        whole_gateway(sip_network, tmp_path) as office,
        telephone(sip_network, tmp_path, office, "201") as phone,
    ):
        await phone.event("REGISTER_OK")
        await office.dials("101", "201")
        await phone.event("CALL_INCOMING")
        await phone.command("accept")
        await phone.event("CALL_ESTABLISHED")
        await office.until(lambda: office.state("101") == "talking", "the conversation")
        await phone.command("hangup")
        await office.until(lambda: str(office.telephone("101").hears()) == "busy tone", "busy tone")
        office.telephone("101").hangs_up()
        await office.rests()
        (record,) = read_calls(office.files.state / "calls.sqlite")
        assert (record.outcome, record.answer_evidence, record.end_evidence) == (
            Outcome.ANSWERED,
            Evidence.SIP,
            Evidence.SIP,
        )


async def test_the_hunt_group_rings_everybody_and_the_first_to_lift_gets_the_sip_caller(
    sip_network: SipNetwork, tmp_path: Path
) -> None:
    async with (
        whole_gateway(sip_network, tmp_path) as office,
        telephone(sip_network, tmp_path, office, "201") as caller,
        telephone(sip_network, tmp_path, office, "202") as member,
    ):
        await caller.event("REGISTER_OK")
        await member.event("REGISTER_OK")
        await caller.command("dial", "600")
        await member.event("CALL_INCOMING")
        for number in ("101", "102", "103"):
            await office.until(lambda number=number: office.telephone(number).rings, f"the bell of {number}")
        office.telephone("102").lifts()
        await caller.event("CALL_ESTABLISHED")
        await member.event("CALL_CLOSED")
        for number in ("101", "103"):
            await office.until(
                lambda number=number: not office.telephone(number).rings, f"{number}'s silence"
            )
        await caller.command("hangup")
        await office.until(lambda: office.state("102") != "talking", "the end")
        office.telephone("102").hangs_up()
        await office.rests()


async def test_a_sip_telephone_calls_the_city_and_its_digits_arrive_there(
    sip_network: SipNetwork, tmp_path: Path
) -> None:
    async with (
        whole_gateway(sip_network, tmp_path) as office,
        telephone(sip_network, tmp_path, office, "201") as phone,
    ):
        city = office.gateway.board.city
        city.add(Subscriber("4957654", Behaviour.ANSWERS, after_ms=500, talks=True))
        await phone.event("REGISTER_OK")
        await phone.command("dial", "4957654")
        await office.until(
            lambda: any(line.dialled == "4957654" for line in city.lines), "the number in the city"
        )
        calls = office.gateway.exchange.view
        await office.until(lambda: any(call.answered_ms for call in calls().calls), "the answer")
        await phone.event("CALL_ESTABLISHED")
        line = next(line for line in city.lines if line.dialled == "4957654")
        device = office.gateway.board.wires[line.port].device
        device.hush()
        device.listen_digits(True)
        await phone.press("5#")
        pressed = ""

        def arrived() -> bool:
            nonlocal pressed
            pressed += device.take_digits()
            return pressed == "5#"

        await office.until(arrived, "the digits 5#")
        await phone.command("hangup")
        await office.rests()
        (record,) = read_calls(office.files.state / "calls.sqlite")
        assert (record.direction, record.called, record.cause) == (
            Direction.OUTGOING,
            "4957654",
            Cause.NORMAL_CLEARING,
        )
        assert record.line in ("city1", "city2")


async def test_kill_9_of_the_sip_process_does_not_touch_an_analog_call_and_telephones_ring_again(
    sip_network: SipNetwork, tmp_path: Path
) -> None:
    async with (
        whole_gateway(sip_network, tmp_path) as office,
        telephone(sip_network, tmp_path, office, "201") as phone,
    ):
        await phone.event("REGISTER_OK")
        await office.dials("101", "102")
        await office.until(lambda: office.telephone("102").rings, "the bell of 102")
        office.telephone("102").lifts()
        await office.until(lambda: office.state("102") == "talking", "the conversation")
        office.says_tone("fxs1", OUR_TONE_HZ)
        await office.listens("102", 1_000)
        before_ms = office.telephone("102").ear.now_ms
        killed = office.gateway.sip.process_id
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        await office.until(lambda: not office.gateway.exchange.view().sip_up, "the end of SIP")
        await office.until(lambda: office.gateway.exchange.view().sip_up, "SIP")
        await office.listens("102", 1_000)
        ear = office.telephone("102").ear
        level, gap_ms = level_and_gap(ear.heard(before_ms - 500, ear.now_ms), OUR_TONE_HZ)
        assert level == pytest.approx(TONE_DBM0 - 2 * WIRE_LOSS_DB, abs=1.0)
        assert gap_ms == 0
        assert (office.state("101"), office.state("102")) == ("talking", "talking")
        await office.dials("103", "201")
        await phone.event("CALL_INCOMING")
        await phone.command("accept")
        await phone.event("CALL_ESTABLISHED")
        for number in ("101", "102", "103"):
            office.telephone(number).hangs_up()
        await phone.event("CALL_CLOSED")
        await office.rests()
        assert sum(event.get("type") == "REGISTER_OK" for event in phone.events) == 1
