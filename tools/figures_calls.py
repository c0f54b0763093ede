"""Figures of complete calls: what `inv bench calls` prints.

First the deciding part alone. Then the whole gateway as its processes, driven by sipp on loopback: INVITE,
401, INVITE with digest, the gateway's own INVITE to the called telephone, 180, 200, ACK, BYE, with three rows
in the journal and two RTP sockets a call.
"""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from gateway.config.load import load_configuration
from gateway.config.samples import SIMULATED
from gateway.drivers.sipstack import SofiaSipStack
from gateway.exchange import Exchange
from gateway.media.core import SignalCore
from gateway.model.actions import ApplyPlan, SipInvite
from gateway.model.events import (
    Event,
    InviteReceived,
    Registered,
    RemoteAnswered,
    RemoteEnded,
    RemoteRinging,
    SipStackUp,
)
from gateway.model.numbers import NS_PER_MS, DialogId, Now
from gateway.sip.messages import Limits
from tests.interop import scripts
from tools.figures_process import Row, board_for_figures, cpu_s, free_port, memory_mb, status_when

ALONE = 400
PAIRS = 28
"""Of telephones that call each other: two RTP sockets a call, and a board has 64."""

CALLS_PER_S = 25
CALLS = 300
REST_S = 3.0

FIRST_RATE, RATE_GROWTH = 40, 1.25
STEP_S, SATURATION_S = 3.0, 25.0
REACHED_SHARE = 0.85
"""Of the offered rate; less means that calls wait for a free pair of telephones."""

CORE_USED_UP = 0.97
SECRET = "a-secret-of-the-figures"
FIRST_CALLER, FIRST_CALLED = 2_000, 3_000

ASTERISK_CALLS_PER_S = 140
ASTERISK_CALL_MS = 6.7
ASTERISK = "Asterisk 22 with PJSIP, measured elsewhere"

# All calls come from one address here, which in an office would be refused as a flood.
LIMITS = Limits(requests_per_s=100_000, requests_burst=100_000, max_calls=2_000, max_waiting=2_000)

OFFER = (
    "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
    "m=audio 20000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
)


# ---------------------------------------------------------------- the deciding part
def alone(core: SignalCore) -> Iterator[Row]:
    """Exchange and plans, called as the pump does, without any process around them."""
    configuration = load_configuration(SIMULATED / "office.toml", SIMULATED / "board.toml")
    exchange = Exchange(configuration.office, configuration.board, media_address="192.0.2.1")
    now = [0]

    def tell(event: Event) -> list[object]:
        now[0] += NS_PER_MS
        actions = exchange.handle(event, Now(now[0], now[0]))
        for action in actions:
            if isinstance(action, ApplyPlan):
                core.apply(action.plan)
        return list(actions)

    exchange.start(Now(0, 0))
    tell(SipStackUp(1))
    for number in ("201", "202"):
        tell(Registered(number, f"sip:{number}@192.0.2.9", "192.0.2.9:5060", 3_600))
    began = time.process_time()
    for call in range(ALONE):
        _one_call(tell, DialogId(2 * call + 1))
    each_ms = 1_000 * (time.process_time() - began) / ALONE
    yield "exchange and plans alone, CPU a call", each_ms, "ms", "a part of the next figures"


def _one_call(tell: Callable[[Event], list[object]], dialog: DialogId) -> None:
    actions = tell(InviteReceived(dialog, "201", "Darya", "202", OFFER))
    invites = [action for action in actions if isinstance(action, SipInvite)]
    if len(invites) != 1:
        raise SystemExit(f"bench calls: the exchange did not invite 202: {actions}")
    tell(RemoteRinging(invites[0].dialog, 180, None))
    tell(RemoteAnswered(invites[0].dialog, OFFER.replace("m=audio 20000", "m=audio 20002")))
    tell(RemoteEnded(dialog, 16))


# ---------------------------------------------------------------- the whole gateway
def whole() -> Iterator[Row]:
    """Complete calls through both processes; what they take at rest in that time is subtracted."""
    with tempfile.TemporaryDirectory() as folder, _gateway(Path(folder)) as (port, processes):
        _register(Path(folder), port)
        resting = _spent(processes, lambda: threading.Event().wait(REST_S))
        with _called_telephones(Path(folder), port):
            began = time.perf_counter()
            spent = _spent(processes, lambda: _calls(Path(folder), port))
            elapsed_s = time.perf_counter() - began
            memory = sum(map(memory_mb, processes))
            saturated = list(_saturation(Path(folder), port, processes))
    per_call = [
        1_000 * (busy - rest * elapsed_s / REST_S) / CALLS for busy, rest in zip(spent, resting, strict=True)
    ]
    both_ms = sum(per_call)
    yield "whole gateway: complete calls made", CALLS, "calls", f"{CALLS_PER_S}/s offered; all must succeed"
    yield "  gateway process (exchange, journal, core)", per_call[0], "ms CPU/call", ""
    yield "  SIP process (sofia-sip, digests)", per_call[1], "ms CPU/call", ""
    yield "  both", both_ms, "ms CPU/call", f"{ASTERISK_CALL_MS} ms: {ASTERISK}"
    yield "  ratio of CPU a call", both_ms / ASTERISK_CALL_MS, "x", "less is better"
    derived = f"derived from the CPU at {CALLS_PER_S}/s; {ASTERISK_CALLS_PER_S} calls/s: {ASTERISK}"
    yield "  so on one core", 1_000 / both_ms, "calls/s", derived
    yield "  ratio of calls/s", 1_000 / both_ms / ASTERISK_CALLS_PER_S, "x", "derived; more is better"
    yield f"  memory after {CALLS} calls, gateway and SIP process", memory, "MB RSS", ""
    yield from saturated


def _saturation(folder: Path, port: int, processes: tuple[int, ...]) -> Iterator[Row]:
    """Offer more and more calls until one fails, the rate is not reached, or a core is used up."""
    rate, made, cores, why = float(FIRST_RATE), 0.0, 0.0, "the time was over"
    until = time.perf_counter() + SATURATION_S
    while time.perf_counter() < until:
        began, before = time.perf_counter(), sum(map(cpu_s, processes))
        well = _offer(folder, port, round(rate), round(rate * STEP_S))
        elapsed_s = time.perf_counter() - began
        reached, used = round(rate * STEP_S) / elapsed_s, (sum(map(cpu_s, processes)) - before) / elapsed_s
        if not well:
            why = f"a call failed at {rate:.0f}/s"
            break
        if reached > made:
            made, cores = reached, used
        if used > CORE_USED_UP or reached < REACHED_SHARE * rate:
            slow = f"{rate:.0f}/s were not reached with {PAIRS} pairs"
            why = "a core was used up" if used > CORE_USED_UP else slow
            break
        rate *= RATE_GROWTH
    yield "  most calls made without a failure, offered rising", made, "calls/s", f"measured; then {why}"
    yield "  cores that both processes used then", cores, "cores", ""
    yield "  ratio to Asterisk", made / ASTERISK_CALLS_PER_S, "x", "measured on this machine as it is"


def _spent(processes: tuple[int, ...], work: Callable[[], object]) -> list[float]:
    """CPU seconds of each process while something goes on."""
    before = [cpu_s(process) for process in processes]
    work()
    return [cpu_s(process) - earlier for process, earlier in zip(processes, before, strict=True)]


@contextmanager
def _gateway(folder: Path) -> Iterator[tuple[int, tuple[int, ...]]]:
    """A gateway of many SIP extensions in a process of its own: its SIP port, its processes."""
    office, state, port = folder / "office.toml", folder / "state", free_port()
    numbers = [str(first + pair) for pair in range(PAIRS) for first in (FIRST_CALLER, FIRST_CALLED)]
    what = f'name = "N"\nstation = "sip"\nsecret = "{SECRET}"\n'
    extensions = "".join(f"[extension.{number}]\n{what}" for number in numbers)
    office.write_text(f'country = "ru"\n[sip]\nport = {port}\nrealm = "cityline"\n{extensions}')
    board = board_for_figures(folder, sockets=2 * PAIRS + 8)
    command = [sys.executable, "-m", "tools.figures_calls", str(office), str(board), str(state)]
    process = subprocess.Popen(command)
    try:
        status = status_when(state, process, sip_up=True)
        yield port, (process.pid, int(status["sip"]["process"]))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _sipp(folder: Path, name: str, script: scripts.Script, port: int, own: int, *options: str) -> list[str]:
    """The command line of a script whose user and number come from the table of pairs."""
    text = script.xml().replace("[user]", "[field0]").replace("[service]", "[field1]")
    (folder / f"{name}.xml").write_text(text.replace(scripts.AUTHENTICATION, "[field2]"))
    return [
        *("sipp", f"127.0.0.1:{port}", "-i", "127.0.0.1", "-p", str(own), "-sf", str(folder / f"{name}.xml")),
        *("-nostdin", "-timeout", "120", "-timeout_error", "-trace_err"),
        *("-error_file", str(folder / f"{name}.errors"), *options),
    ]


def _run(command: list[str], folder: Path) -> None:
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        errors = "".join(file.read_text(errors="replace")[:600] for file in folder.glob("*.errors"))
        raise SystemExit(f"bench calls: sipp says {ended.returncode}: {ended.stdout[-300:]}\n{errors}")


def _table(folder: Path, name: str, rows: list[tuple[int, int]]) -> Path:
    """Who (field0, with what sipp makes its digest of in field2) calls whom (field1)."""
    path = folder / f"{name}.csv"
    login = "[authentication username={} password={}]"
    lines = [f"{user};{number};{login.format(user, SECRET)}\n" for user, number in rows]
    path.write_text("SEQUENTIAL\n" + "".join(lines))
    return path


def _called_port(port: int) -> int:
    """The SIP port of the called telephones; the callers have the next."""
    return 30_000 + port % 1_000 * 2


def _register(folder: Path, port: int) -> None:
    called = [(FIRST_CALLED + pair, FIRST_CALLED + pair) for pair in range(PAIRS)]
    table = _table(folder, "called", called)
    options = ("-inf", str(table), "-m", str(PAIRS), "-r", "20")
    _run(_sipp(folder, "register", scripts.register(3_600), port, _called_port(port), *options), folder)


@contextmanager
def _called_telephones(folder: Path, port: int) -> Iterator[None]:
    script = scripts.wait_for_call().receive("BYE").reply(200, "OK", tag=False)
    options = ("-inf", str(folder / "called.csv"), "-mp", str(_called_port(port) + 10_000))
    process = subprocess.Popen(
        _sipp(folder, "answer", script, port, _called_port(port), *options),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _listening(process, _called_port(port))
        yield
    finally:
        process.kill()
        process.wait()


def _listening(process: subprocess.Popen[bytes], port: int) -> None:
    pattern = re.compile(rf":{port:04X} [0-9A-F]+:0000 07 ")
    until = time.perf_counter() + 30
    while not pattern.search(Path("/proc/net/udp").read_text()):
        if process.poll() is not None or time.perf_counter() > until:
            raise SystemExit("bench calls: sipp does not wait for calls")
        time.sleep(0.01)


def _calls(folder: Path, port: int) -> None:
    _run(_call_command(folder, port, CALLS_PER_S, CALLS), folder)


def _offer(folder: Path, port: int, rate: int, count: int) -> bool:
    """Whether so many calls were all made."""
    command = _call_command(folder, port, rate, count)
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def _call_command(folder: Path, port: int, rate: int, count: int) -> list[str]:
    pairs = [(FIRST_CALLER + pair, FIRST_CALLED + pair) for pair in range(PAIRS)]
    script = scripts.answered().send("BYE", tagged=True).hear(200)
    options = ["-inf", str(_table(folder, "pairs", pairs)), "-m", str(count), "-r", str(rate)]
    options += ["-l", str(PAIRS), "-mp", str(_called_port(port) + 12_000)]
    return _sipp(folder, "call", script, port, _called_port(port) + 1, *options)


async def _serve(office: Path, board: Path, state: Path) -> None:
    """The gateway as `cityline run` has it, with other limits."""
    from gateway import app

    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    vars(app)["SofiaSipStack"] = partial(SofiaSipStack, limits=LIMITS)
    await app.run(app.RunSettings(office, board, state), stopped)


if __name__ == "__main__":
    asyncio.run(_serve(*map(Path, sys.argv[1:4])))
