"""What the death of the SIP process costs: with ``kill -9``, in the middle of calls."""

import asyncio
import re
import statistics
from collections.abc import Callable

import pytest

from gateway.model import actions as act
from gateway.model import events as ev
from tests.interop import scripts
from tests.interop.network import SipNetwork
from tests.interop.office import RING_ONLY, Office, office
from tests.interop.scripts import CONTACT, Script
from tests.interop.telephones import Sipp, SippResult

pytestmark = pytest.mark.real

MakeSipp = Callable[..., Sipp]
TRANSPORTS = pytest.mark.parametrize("transport", ["u1", "t1"], ids=["udp", "tcp"])
BACK_WITHIN_S = 2.0
"""The aim of the product. The median of three is held to it: a test machine may be busy for a moment."""

GIVE_UP_S = 10.0
"""No restart may take longer, however busy the machine: its wait ends then."""


def well(result: SippResult) -> None:
    assert result.status == 0, result.errors + result.messages


def branch_of(method: str, messages: str) -> str:
    match = re.search(rf"^{method} .*?\nVia: [^\n]*branch=([^;\s]+)", messages, re.DOTALL | re.MULTILINE)
    assert match is not None, messages
    return match[1]


async def kill(gateway: Office) -> float:
    """Kill the process; the seconds until SIP was back."""
    process_id = gateway.stack.process_id
    began_s = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(GIVE_UP_S):
            gateway.kill()
            await gateway.event(ev.SipStackDown)
            await gateway.event(ev.SipStackUp)
    except TimeoutError:
        raise AssertionError(f"SIP was not back within {GIVE_UP_S:.0f} s") from None
    assert gateway.stack.process_id != process_id
    return asyncio.get_running_loop().time() - began_s


async def test_sip_is_back_after_a_kill(sip_network: SipNetwork) -> None:
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway:
        waits_s = [await kill(gateway) for _ in range(3)]
        epochs = [event.epoch for event in gateway.events if isinstance(event, ev.SipStackUp)]
        assert epochs == [1, 2, 3, 4]
        assert statistics.median(waits_s) < BACK_WITHIN_S, waits_s


@TRANSPORTS
async def test_a_telephone_rings_without_registering_again(
    sip_network: SipNetwork, sipp: MakeSipp, transport: str
) -> None:
    port, own = sip_network.gateway_port(), sip_network.port()
    async with office(sip_network.gateway, port) as gateway:
        well(await sipp(port).run(scripts.register(), port=own, transport=transport))
        binding = await gateway.event(ev.Registered)
        await kill(gateway)
        script = scripts.wait_for_call().receive("BYE").reply(200, "OK", tag=False)
        telephone = await sipp(port).start(script, port=own, transport=transport)
        dialog = gateway.invite(binding)
        await gateway.event(ev.RemoteAnswered, dialog=dialog)
        gateway.stack.perform(act.SipHangup(dialog, 16))
        well(await telephone.wait())


async def test_both_sorts_of_calls_are_ended_on_both_sides(sip_network: SipNetwork, sipp: MakeSipp) -> None:
    port, own = sip_network.gateway_port(), sip_network.port()
    async with office(sip_network.gateway, port) as gateway:
        well(await sipp(port).run(scripts.register(), port=own))
        binding = await gateway.event(ev.Registered)
        called = await sipp(port).start(
            scripts.wait_for_call().receive("BYE").reply(200, "OK", tag=False), port=own
        )
        outgoing = gateway.invite(binding)
        await gateway.event(ev.RemoteAnswered, dialog=outgoing)
        caller = await sipp(port).start(
            scripts.answered().receive("BYE").reply(200, "OK", tag=False), user="202", password="secret202"
        )
        incoming = (await gateway.event(ev.InviteReceived)).dialog
        await gateway.established(incoming)
        await kill(gateway)
        for telephone in (called, caller):
            result = await telephone.wait()
            well(result)
            assert "Reason: Q.850;cause=41" in result.messages
        ended = [event for event in gateway.events if isinstance(event, ev.RemoteEnded)]
        assert {(event.dialog, event.cause_q850) for event in ended} == {(incoming, 41), (outgoing, 41)}
        down = next(i for i, event in enumerate(gateway.events) if isinstance(event, ev.SipStackDown))
        assert all(gateway.events.index(event) < down for event in ended)


async def test_a_telephone_that_was_ringing_stops(sip_network: SipNetwork, sipp: MakeSipp) -> None:
    port, own = sip_network.gateway_port(), sip_network.port()
    async with office(sip_network.gateway, port) as gateway:
        well(await sipp(port).run(scripts.register(), port=own))
        binding = await gateway.event(ev.Registered)
        script = Script().receive("INVITE").reply(180, "Ringing", CONTACT)
        script.receive("CANCEL").reply(200, "OK", tag=False)
        telephone = await sipp(port).start(script, port=own)
        dialog = gateway.invite(binding)
        await gateway.event(ev.RemoteRinging, dialog=dialog)
        await gateway.mirrored(dialog)
        await kill(gateway)
        result = await telephone.wait()
        well(result)
        assert branch_of("CANCEL", result.messages) == branch_of("INVITE", result.messages)


async def test_a_caller_who_heard_ringback_is_told(sip_network: SipNetwork, sipp: MakeSipp) -> None:
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway:
        script = scripts.invite().hear(180).hear(503)
        script.send("ACK", cseq=2, tagged=True, reliable=False, same_branch=True)
        telephone = await sipp(port).start(script, service=RING_ONLY)
        dialog = (await gateway.event(ev.InviteReceived)).dialog
        await gateway.mirrored(dialog, "tag=")
        await kill(gateway)
        well(await telephone.wait())


async def test_a_telephone_that_does_not_know_that_the_call_is_over_hears_481(
    sip_network: SipNetwork, sipp: MakeSipp
) -> None:
    """A telephone that slept through the BYE of the new process finds out with its next request."""
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway:
        await kill(gateway)
        script = Script(cseq=7).send("BYE").hear(481)
        script.steps[0] = script.steps[0].replace("To: <sip:101@cityline>", "To: <sip:101@cityline>;tag=gone")
        well(await sipp(port).run(script))
