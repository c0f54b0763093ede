"""The whole gateway in this process and in real time, what people do around it, and what they hear."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.app import Gateway, RunSettings, run
from gateway.media.core import RtpStatistics
from gateway.simulator.telephone import Telephone
from tests.app.office_files import OfficeFiles, office_files
from tests.interop.hearing import TONE_DBM0
from tests.interop.network import SipNetwork
from tests.interop.telephones import Baresip

DEADLINE_S = 20.0
TONE_HZ = 440.0
OUR_TONE_HZ = 1_000.0
WIRE_LOSS_DB = 0.5
TALK_MS = 4_000
"""How long a tone is said both ways before somebody hangs up."""


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

    def rtp_leg(self) -> RtpStatistics:
        """What the core has counted of the only SIP party that there is."""
        (leg,) = self.gateway.core.statistics().rtp
        return leg

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
async def whole_gateway(
    network: SipNetwork, folder: Path, office: str = "office", *, changes: Mapping[str, str] | None = None
) -> AsyncIterator[Whole]:
    """A gateway that runs the simulated office of that name, with changes to its text; 201 and 202 have their
    secrets in its file.
    """
    files = office_files(folder, office)
    for extension, name in (("201", "Darya"), ("202", "Egor")):
        files.change_office(rf'name = "{name}"', f'name = "{name}"\nsecret = "{secret_of(extension)}"')
    for old, new in (changes or {}).items():
        files.change_office(old, new)
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
