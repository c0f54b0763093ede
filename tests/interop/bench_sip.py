"""Figures of the SIP process: ``python -m tests.interop.bench_sip [CALLS_PER_S ...]``.

Needs root, and sip-tester and iproute2 from apt. Complete calls with digest (INVITE, 401, INVITE, 180, 200,
ACK, BYE) from sipp through the real process to the small gateway of the tests. Printed for each rate: calls
that succeeded, and the CPU that the SIP process and the gateway's event loop took a call. Then registrations
a second, and how long SIP is away after ``kill -9``.
"""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from gateway.model import events as ev
from tests.interop import scripts
from tests.interop.network import SipNetwork, sip_network
from tests.interop.office import Office, brief, office
from tests.interop.telephones import Sipp

SECONDS = 5
LIMITS = brief(requests_per_s=100_000, requests_burst=100_000, max_calls=2_000, max_waiting=2_000)


def cpu_s(process_id: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def calls(network: SipNetwork, folder: Path, rate: int) -> str:
    """One line about one rate."""
    port = network.gateway_port()
    async with office(network.gateway, port, limits=LIMITS) as gateway:
        process_id = gateway.stack.process_id
        assert process_id is not None
        before_s, own_before_s, began_s = cpu_s(process_id), time.process_time(), time.monotonic()
        wanted = rate * SECONDS
        extra = ("-r", str(rate), "-l", "2000")
        script = scripts.answered().send("BYE", tagged=True).hear(200)
        result = await Sipp(network, folder, port).run(script, calls=wanted, extra=extra, trace=False)
        ended = 0
        if result.status == 0:
            for _ in range(wanted):
                await gateway.event(ev.RemoteEnded)
                ended += 1
        elapsed_s = time.monotonic() - began_s
        process_ms = 1_000 * (cpu_s(process_id) - before_s) / max(ended, 1)
        own_ms = 1_000 * (time.process_time() - own_before_s) / max(ended, 1)
        return (
            f"calls    {rate:5d}/s offered: {ended}/{wanted} ended in {elapsed_s:.1f} s; "
            f"CPU a call: SIP process {process_ms:.2f} ms, gateway {own_ms:.2f} ms"
        )


async def registrations(network: SipNetwork, folder: Path, rate: int) -> str:
    """One line about registrations with digest."""
    port = network.gateway_port()
    async with office(network.gateway, port, limits=LIMITS) as gateway:
        process_id = gateway.stack.process_id
        assert process_id is not None
        before_s, wanted = cpu_s(process_id), rate * SECONDS
        extra = ("-r", str(rate), "-l", "2000")
        result = await Sipp(network, folder, port).run(
            scripts.register(), calls=wanted, extra=extra, trace=False
        )
        done = sum(isinstance(event, ev.Registered) for event in gateway.events)
        each_ms = 1_000 * (cpu_s(process_id) - before_s) / max(done, 1)
        outcome = f"{done}/{wanted}, sipp says {result.status}"
        return f"REGISTER {rate:5d}/s offered: {outcome}; CPU {each_ms:.2f} ms each"


async def away(gateway: Office) -> float:
    """Seconds without SIP after a kill."""
    began_s = time.monotonic()
    gateway.kill()
    await gateway.event(ev.SipStackUp)
    return time.monotonic() - began_s


async def recovery(network: SipNetwork) -> str:
    """One line about ``kill -9``."""
    async with office(network.gateway, network.gateway_port()) as gateway:
        await gateway.event(ev.SipStackUp)
        times_s = [await away(gateway) for _ in range(5)]
        return f"kill -9: SIP away for {min(times_s):.2f} .. {max(times_s):.2f} s (5 times)"


async def main(rates: list[int]) -> None:
    """All figures."""
    with sip_network() as network, tempfile.TemporaryDirectory() as folder:
        for rate in rates:
            print(await calls(network, Path(folder), rate), flush=True)
        for rate in rates:
            print(await registrations(network, Path(folder), rate), flush=True)
        print(await recovery(network))


if __name__ == "__main__":
    asyncio.run(main([int(word) for word in sys.argv[1:]] or [50, 150, 300]))
