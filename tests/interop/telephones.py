"""Foreign SIP programs as telephones: baresip (a soft phone, commanded over its ctrl_tcp) and sipp (a
script of messages).
"""

import array
import asyncio
import contextlib
import json
import math
import os
import re
import signal
import subprocess
import wave
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.interop.network import SipNetwork
from tests.interop.scripts import Script

DEADLINE_S = 20.0
"""No single thing that a test waits for takes as long on a working system, however busy."""

MODULES = "/usr/lib/baresip/modules"

A_LAW_PEAK = 32_256
A_LAW_PEAK_DBM0 = 3.14
"""The largest A-law value as 16 bit, and the level of a sine that reaches it (ITU-T G.711)."""

TONE_S = 120

_CONFIG = """
poll_method epoll
sip_listen {address}:{sip_port}
audio_player {player}
audio_source aufile,{said}
audio_alert aufile,{folder}/alert.wav
audio_channels 1
ausrc_srate {rate_hz}
auplay_srate {rate_hz}
audio_txmode thread
rtp_ports {rtp_first}-{rtp_last}
jitter_buffer_delay 1-5
module_path {modules}
module g711.so
module g722.so
module opus.so
opus_stereo no
opus_bitrate 32000
module aufile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 0.0.0.0:{control_port}
"""


@dataclass(slots=True)
class Baresip:
    """One soft phone with one account. Use as ``async with``.

    Its own player (aufile) cannot play, so nothing of what it hears is kept: see `ListeningBaresip`.

    It says ``says`` (a WAV of ``rate_hz``, mono, 16 bit), or else a tone of ``tone_hz`` at ``tone_dbm0``.
    With G.722 among its ``codecs`` give 16 kHz, with Opus 48.
    """

    network: SipNetwork
    folder: Path
    extension: str
    password: str
    gateway_port: int
    transport: str = "udp"
    says: Path | None = None
    tone_hz: float = 440.0
    tone_dbm0: float = -13.0
    codecs: str = "PCMA,PCMU"
    rate_hz: int = 8_000
    register_s: int = 60
    answer: str = "manual"
    sip_port: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    _process: asyncio.subprocess.Process | None = None
    _reader: asyncio.Task[None] | None = None
    _writer: asyncio.StreamWriter | None = None
    _changed: asyncio.Condition | None = None
    _next: int = 0

    @property
    def heard(self) -> Path:
        """Where what it heard would be (WAV)."""
        return self.folder / "heard.wav"

    def _tone(self) -> Path:
        path = self.folder / "says.wav"
        peak = A_LAW_PEAK * 10 ** ((self.tone_dbm0 - A_LAW_PEAK_DBM0) / 20)
        turn = 2 * math.pi * self.tone_hz / self.rate_hz
        second = array.array("h", (round(peak * math.sin(turn * n)) for n in range(self.rate_hz)))
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self.rate_hz)
            file.writeframes(second.tobytes() * TONE_S)
        return path

    def _write_files(self) -> int:
        self.folder.mkdir(parents=True, exist_ok=True)
        port = self.network.port()
        sip_port = self.sip_port or port
        config = _CONFIG.format(
            address=self.network.telephones,
            sip_port=sip_port,
            player=f"aufile,{self.heard}",
            said=self.says or self._tone(),
            folder=self.folder,
            rtp_first=port + 4,
            rtp_last=port + 18,
            modules=MODULES,
            rate_hz=self.rate_hz,
            control_port=port + 3,
        )
        (self.folder / "config").write_text(config)
        (self.folder / "contacts").write_text("")
        (self.folder / "accounts").write_text("")
        return port + 3

    def _account(self) -> str:
        parameters = {
            "auth_user": self.extension,
            "auth_pass": self.password,
            "regint": self.register_s,
            "answermode": self.answer,
            "audio_codecs": self.codecs,
        }
        where = f"{self.network.gateway}:{self.gateway_port};transport={self.transport}"
        return f"<sip:{self.extension}@{where}>" + "".join(f";{k}={v}" for k, v in parameters.items())

    async def __aenter__(self) -> "Baresip":
        control_port = self._write_files()
        self._changed = asyncio.Condition()
        with (self.folder / "log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.network.prefix,
                "baresip",
                "-f",
                str(self.folder),
                "-v",
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        reader, self._writer = await self._connect(control_port)
        self._reader = asyncio.create_task(self._read(reader))
        await self.command(
            "uanew", self._account()
        )  # only now, so that we hear what becomes of its registration
        return self

    async def _connect(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(DEADLINE_S):
            while True:
                try:
                    return await asyncio.open_connection(self.network.telephones, port)
                except OSError:
                    assert self._process is not None
                    assert self._process.returncode is None, self.log()
                    await asyncio.sleep(0.02)

    async def __aexit__(self, *exception: object) -> None:
        assert self._reader is not None
        assert self._writer is not None
        assert self._process is not None
        self._reader.cancel()
        self._writer.close()
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(DEADLINE_S):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
        await self._process.wait()
        await asyncio.gather(self._reader, return_exceptions=True)

    def cut(self) -> None:
        """Pull its plug: it ends without a word."""
        assert self._process is not None
        self._process.kill()

    def log(self) -> str:
        """What it printed."""
        return (self.folder / "log").read_text(errors="replace")

    async def _read(self, reader: asyncio.StreamReader) -> None:
        assert self._changed is not None
        while True:
            length = await reader.readuntil(b":")
            body = await reader.readexactly(int(length[:-1]) + 1)
            async with self._changed:
                self.events.append(json.loads(body[:-1]))
                self._changed.notify_all()

    async def command(self, name: str, parameters: str = "") -> None:
        """One command of its menu: dial, accept, hangup, hold, resume, uareg ..."""
        assert self._writer is not None
        body = json.dumps({"command": name, "params": parameters, "token": "t"}).encode()
        self._writer.write(b"%d:%s," % (len(body), body))
        await self._writer.drain()

    async def press(self, digits: str) -> None:
        """Dial digits during a call (RFC 4733)."""
        for digit in digits:
            await self.command("sndcode", digit)

    async def event(self, kind: str, **fields: str) -> dict[str, Any]:
        """The next event of a kind (REGISTER_OK, CALL_RINGING, CALL_ESTABLISHED, CALL_CLOSED ...) not
        yet asked for.
        """
        assert self._changed is not None
        try:
            async with asyncio.timeout(DEADLINE_S), self._changed:
                while True:
                    while self._next < len(self.events):
                        event = self.events[self._next]
                        self._next += 1
                        if event.get("type") == kind and all(event.get(k) == v for k, v in fields.items()):
                            return event
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"no {kind} in {self.events}\n{self.log()}") from None


@dataclass(frozen=True, slots=True)
class SippResult:
    """How a sipp script ended: 0 when every message was as expected."""

    status: int
    errors: str
    messages: str


@dataclass(slots=True)
class Sipp:
    """Runs scripts inside the network."""

    network: SipNetwork
    folder: Path
    gateway_port: int
    gateway: str = ""
    own: str = ""
    """Addresses, when not the usual ones of the network."""

    async def start(
        self,
        script: Script,
        *,
        user: str = "201",
        password: str = "secret201",
        service: str = "101",
        port: int | None = None,
        transport: str = "u1",
        calls: int = 1,
        extra: Sequence[str] = (),
        trace: bool = True,
    ) -> "RunningSipp":
        """Start a script; ``port`` is its SIP port, so that a later script can be the same telephone."""
        port = port or self.network.port()
        folder = self.folder / f"{len(os.listdir(self.folder))}-{port}"
        folder.mkdir()
        (folder / "script.xml").write_text(script.xml())
        process = await asyncio.create_subprocess_exec(
            *self.network.prefix,
            "sipp",
            f"{self.gateway or self.network.gateway}:{self.gateway_port}",
            *("-i", self.own or self.network.telephones, "-p", str(port), "-t", transport),
            *("-sf", str(folder / "script.xml"), "-s", service, "-m", str(calls)),
            *("-au", user, "-ap", password, "-key", "user", user, "-mp", str(port + 4)),
            *("-nostdin", "-trace_err", "-error_file", str(folder / "errors")),
            *(("-trace_msg", "-message_file", str(folder / "messages")) if trace else ()),
            *("-timeout", "60", "-timeout_error", *extra),
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if script.steps[0].startswith("<recv"):
            await _listens(process, port, transport)
        return RunningSipp(process, folder)

    async def run(self, script: Script, *, retries: bool = False, **options: Any) -> SippResult:
        """Run a script to its end; ``retries`` while nobody answers."""
        ends_s = asyncio.get_running_loop().time() + 3 * DEADLINE_S
        while True:
            result = await (await self.start(script, **options)).wait()
            if result.status == 0 or not retries or asyncio.get_running_loop().time() > ends_s:
                return result


async def _listens(process: asyncio.subprocess.Process, port: int, transport: str) -> None:
    """Until the program has its server socket (in its own network namespace) or has ended."""
    tcp = transport.startswith("t")
    table = f"/proc/{process.pid}/net/{'tcp' if tcp else 'udp'}"
    pattern = re.compile(rf":{port:04X} [0-9A-F]+:0000 {'0A' if tcp else '07'} ")
    async with asyncio.timeout(DEADLINE_S):
        while process.returncode is None:
            with contextlib.suppress(OSError), open(table) as sockets:  # noqa: ASYNC230 (procfs does not block)
                if pattern.search(sockets.read()):
                    return
            await asyncio.sleep(0.01)


@dataclass(slots=True)
class RunningSipp:
    """A script under way."""

    process: asyncio.subprocess.Process
    folder: Path

    def _text(self, name: str) -> str:
        path = self.folder / name
        return path.read_text(errors="replace") if path.exists() else ""

    async def wait(self) -> SippResult:
        """Until its end."""
        async with asyncio.timeout(3 * DEADLINE_S):
            status = await self.process.wait()
        return SippResult(status, self._text("errors"), self._text("messages"))

    async def stop(self) -> None:
        """Kill it, as if its plug were pulled."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
