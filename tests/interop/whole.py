"""The whole gateway in this process and in real time, what people do around it, and what they hear."""

import asyncio
import contextlib
import statistics
import wave
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.app import Gateway, RunSettings, run
from gateway.simulator import meters
from gateway.simulator.telephone import Telephone
from tests.app.office_files import OfficeFiles, office_files
from tests.interop.network import SipNetwork
from tests.interop.telephones import Baresip

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
    """A baresip with the secret of that extension, not yet switched on."""
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
async def whole_gateway(network: SipNetwork, folder: Path, office: str = "office") -> AsyncIterator[Whole]:
    """A gateway that runs the simulated office of that name; 201 and 202 have their secrets in its file."""
    files = office_files(folder, office)
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
