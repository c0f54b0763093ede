"""Less common ways to use SIP: all addresses, IPv6, calls without an offer, telephones behind NAT, garbage,
the end.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable

import pytest

from gateway.drivers.sipstack import SofiaSipStack
from gateway.errors import HardwareError
from gateway.interfaces import SipListen
from gateway.media import sdp
from gateway.model import actions as act
from gateway.model import events as ev
from gateway.sip.messages import Limits
from tests.interop import scripts
from tests.interop.network import SipNetwork
from tests.interop.office import REALM, office
from tests.interop.scripts import CONTACT
from tests.interop.telephones import Baresip, Sipp, SippResult
from tests.sip import torture

pytestmark = pytest.mark.real

MakeSipp = Callable[..., Sipp]
MakeBaresip = Callable[..., Baresip]


def well(result: SippResult) -> None:
    assert result.status == 0, result.errors + result.messages


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_listening_on_all_addresses(
    sip_network: SipNetwork, sipp: MakeSipp, baresip: MakeBaresip, transport: str
) -> None:
    """Via and Contact name an address of ours that this telephone can reach, not our first interface's."""
    port = sip_network.gateway_port()
    async with office("0.0.0.0", port) as gateway, baresip("202", port, transport=transport) as phone:
        gateway.address = sip_network.gateway
        script = scripts.answered().receive("BYE").reply(200, "OK", tag=False)
        telephone = await sipp(port).start(script, transport=transport[0] + "1")
        invited = await gateway.event(ev.InviteReceived)
        await gateway.established(invited.dialog)
        gateway.stack.perform(act.SipHangup(invited.dialog, 16))
        result = await telephone.wait()
        well(result)
        assert f"Contact: <sip:{sip_network.gateway}:{port}" in result.messages
        gateway.rewind()
        binding = await gateway.event(ev.Registered, extension="202")
        dialog = gateway.invite(binding)
        await phone.event("CALL_INCOMING")
        await phone.command("accept")
        await gateway.event(ev.RemoteAnswered, dialog=dialog)
        await phone.command("hangup")
        await gateway.event(ev.RemoteEnded, dialog=dialog)
        gateway.kill()
        await gateway.event(ev.SipStackUp, epoch=2)
        dialog = gateway.invite(binding)
        await gateway.event(ev.RemoteRinging, dialog=dialog)
        gateway.stack.perform(act.SipHangup(dialog, 16))


async def test_an_address_that_comes_and_goes(sip_network: SipNetwork, sipp: MakeSipp) -> None:
    """A board gets its address after the gateway has started; a cable is pulled in the middle of a call."""
    port = sip_network.gateway_port()
    async with office("0.0.0.0", port) as gateway:
        with sip_network.another_address() as (ours, theirs):
            telephone = sipp(port, gateway=ours, own=theirs)
            well(await telephone.run(scripts.register(), retries=True))
            await gateway.event(ev.Registered)
            caller = await telephone.start(scripts.answered().receive("BYE"))
            invited = await gateway.event(ev.InviteReceived)
            await gateway.established(invited.dialog)
        await gateway.event(ev.RemoteEnded, dialog=invited.dialog, cause_q850=38)
        await caller.stop()


async def test_a_call_without_an_offer(sip_network: SipNetwork, sipp: MakeSipp) -> None:
    """RFC 3261 section 13.2.1: our 200 has the offer, the ACK the answer (`ReinviteAnswered`)."""
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway:
        gateway.answers = False
        script = (
            scripts.invite("")
            .hear(200)
            .send("ACK", CONTACT, cseq=2, tagged=True, reliable=False, body=scripts.sdp())
        )
        script.send("BYE", tagged=True).hear(200)
        telephone = await sipp(port).start(script)
        invited = await gateway.event(ev.InviteReceived, sdp="")
        gateway.stack.perform(act.SipAnswer(invited.dialog, sdp.write_offer(gateway.local())))
        answered = await gateway.event(ev.ReinviteAnswered, dialog=invited.dialog)
        assert sdp.parse_description(answered.sdp).address == sip_network.telephones
        well(await telephone.wait())


async def test_a_telephone_whose_contact_is_behind_nat_gets_its_bye(
    sip_network: SipNetwork, sipp: MakeSipp
) -> None:
    port = sip_network.gateway_port()
    private = "Contact: <sip:[user]@192.168.77.5:5062>"
    async with office(sip_network.gateway, port) as gateway:
        script = scripts.answered(private).receive("BYE").reply(200, "OK", tag=False)
        telephone = await sipp(port).start(script)
        invited = await gateway.event(ev.InviteReceived)
        await gateway.established(invited.dialog)
        gateway.stack.perform(act.SipHangup(invited.dialog, 16))
        well(await telephone.wait())


async def test_a_telephone_behind_nat_gets_its_bye_after_a_kill(
    sip_network: SipNetwork, sipp: MakeSipp
) -> None:
    port = sip_network.gateway_port()
    private = "Contact: <sip:[user]@192.168.77.5:5062>"
    async with office(sip_network.gateway, port) as gateway:
        script = scripts.answered(private).receive("BYE").reply(200, "OK", tag=False)
        telephone = await sipp(port).start(script)
        invited = await gateway.event(ev.InviteReceived)
        await gateway.established(invited.dialog)
        gateway.kill()
        well(await telephone.wait())


async def test_a_telephone_behind_nat_is_called_where_it_registered_from(
    sip_network: SipNetwork, sipp: MakeSipp
) -> None:
    port, own = sip_network.gateway_port(), sip_network.port()
    async with office(sip_network.gateway, port) as gateway:
        private = "Contact: <sip:[user]@192.168.77.5:5062>"
        well(await sipp(port).run(scripts.register(120, private), port=own))
        binding = await gateway.event(ev.Registered)
        assert "192.168.77.5" in binding.contact
        script = scripts.wait_for_call(private).receive("BYE").reply(200, "OK", tag=False)
        telephone = await sipp(port).start(script, port=own)
        dialog = gateway.invite(binding)
        await gateway.event(ev.RemoteAnswered, dialog=dialog)
        gateway.stack.perform(act.SipHangup(dialog, 16))
        well(await telephone.wait())


async def test_the_end_of_the_gateway_ends_its_calls(sip_network: SipNetwork, sipp: MakeSipp) -> None:
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway:
        script = scripts.answered().receive("BYE").reply(200, "OK", tag=False)
        telephone = await sipp(port).start(script)
        invited = await gateway.event(ev.InviteReceived)
        await gateway.established(invited.dialog)
    well(await telephone.wait())


async def test_a_port_in_use_is_told_with_a_remedy(sip_network: SipNetwork) -> None:
    port = sip_network.gateway_port()
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as taken:
            taken.bind((sip_network.gateway, port))
            if kind == socket.SOCK_STREAM:
                taken.listen()
            with pytest.raises(HardwareError, match=rf"{port}.*in use.*--listen"):
                async with office(sip_network.gateway, port):
                    pass


async def test_an_address_that_is_not_ours_is_told() -> None:
    stack = SofiaSipStack()
    with pytest.raises(HardwareError, match=r"192\.0\.2\.77"):
        await stack.start(lambda event: None, SipListen("192.0.2.77", 5060, REALM), ())


async def test_garbage_does_not_touch_a_call(sip_network: SipNetwork, sipp: MakeSipp) -> None:
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway:
        telephone = await sipp(port).start(scripts.answered().receive("BYE").reply(200, "OK", tag=False))
        invited = await gateway.event(ev.InviteReceived)
        await gateway.established(invited.dialog)
        process_id = gateway.stack.process_id
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for packet in [*torture.classics(9), *torture.mutants(261, 500, 9)]:
                stranger.sendto(packet, (sip_network.gateway, port))
        gateway.stack.perform(act.SipHangup(invited.dialog, 16))
        well(await telephone.wait())
        assert gateway.stack.process_id == process_id
        assert [type(event) for event in gateway.events] == [ev.SipStackUp, ev.InviteReceived]


async def test_a_flood_from_one_address_is_refused_and_another_one_is_served(
    sip_network: SipNetwork, sipp: MakeSipp
) -> None:
    port = sip_network.gateway_port()
    limits = Limits(requests_per_s=5, requests_burst=20)
    async with office(sip_network.gateway, port, limits=limits) as gateway:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind((sip_network.gateway, 0))  # another address than the telephone's
            stranger.setblocking(False)
            for number in range(300):
                stranger.sendto(
                    torture.message(
                        torture.INVITE, body=torture.SDP, n=number, port=stranger.getsockname()[1]
                    ),
                    (sip_network.gateway, port),
                )
                await asyncio.sleep(0)
            well(await sipp(port).run(scripts.answered().send("BYE", tagged=True).hear(200)))
            statuses: list[bytes] = []
            with contextlib.suppress(TimeoutError):
                while len(statuses) < 300:
                    async with asyncio.timeout(1.0):
                        answer = await loop.sock_recv(stranger, 65_536)
                    if not answer.startswith(b"SIP/2.0 100"):
                        statuses.append(answer[8:11])
        assert statuses.count(b"503") > 200
        assert set(statuses) == {b"401", b"503"}
        assert len([event for event in gateway.events if isinstance(event, ev.InviteReceived)]) == 1


async def test_ipv6(sip_network: SipNetwork) -> None:
    """A stranger is asked who he is, over IPv6 too."""
    port = sip_network.gateway_port()
    async with office("::1", port):
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("::1", 0))
            stranger.setblocking(False)
            own = stranger.getsockname()[1]
            request = torture.message(torture.INVITE, body=torture.SDP, port=own)
            stranger.sendto(request.replace(b"UDP 127.0.0.1", b"UDP [::1]"), ("::1", port))
            async with asyncio.timeout(10):
                while True:
                    answer = await loop.sock_recv(stranger, 65_536)
                    if not answer.startswith(b"SIP/2.0 100"):
                        break
            assert answer.startswith(b"SIP/2.0 401")
