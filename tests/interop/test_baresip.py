"""The SIP process against baresip, a soft phone that people use."""

import asyncio
import struct
from collections.abc import Callable

import pytest

from gateway.model import actions as act
from gateway.model import events as ev
from gateway.sip.digest import Algorithm
from tests.interop.network import SipNetwork
from tests.interop.office import RING_ONLY, office
from tests.interop.telephones import DEADLINE_S, Baresip

pytestmark = pytest.mark.real

MakeBaresip = Callable[..., Baresip]


class RtpSocket(asyncio.DatagramProtocol):
    """Receives RTP; counts packets by payload type and collects the digits of RFC 4733."""

    def __init__(self) -> None:
        self.packets: dict[int, int] = {}
        self.digits = ""
        self._last_event: tuple[int, int] | None = None
        self.changed = asyncio.Event()

    def datagram_received(self, data: bytes, addr: object) -> None:
        payload_type = data[1] & 0x7F
        self.packets[payload_type] = self.packets.get(payload_type, 0) + 1
        if payload_type == 101:
            (stamp,) = struct.unpack_from("!I", data, 4)
            event = (stamp, data[12])
            if event != self._last_event:
                self._last_event = event
                self.digits += "0123456789*#ABCD"[data[12]]
        self.changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_it_registers_and_leaves(sip_network: SipNetwork, baresip: MakeBaresip, transport: str) -> None:
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway:
        async with baresip("201", port, transport=transport) as phone:
            await phone.event("REGISTER_OK")
            registered = await gateway.event(ev.Registered, extension="201", expires_s=60)
        await gateway.event(ev.Unregistered, extension="201", contact=registered.contact)


async def test_a_wrong_password_is_refused(sip_network: SipNetwork, baresip: MakeBaresip) -> None:
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway, baresip("201", port, password="wrong") as phone:
        await phone.event("REGISTER_FAIL")
        assert gateway.events == [ev.SipStackUp(1)]


async def test_the_same_telephone_started_again_replaces_its_binding(
    sip_network: SipNetwork, baresip: MakeBaresip
) -> None:
    """It was cut from the mains: no unregistration, another contact, the same address and port."""
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway:
        async with baresip("201", port, sip_port=5070) as phone:
            first = await gateway.event(ev.Registered)
            phone.cut()
        async with baresip("201", port, sip_port=5070):
            await gateway.event(ev.Unregistered, contact=first.contact)
            second = await gateway.event(ev.Registered)
            assert second.contact != first.contact


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_it_calls_speaks_presses_digits_and_holds(
    sip_network: SipNetwork, baresip: MakeBaresip, transport: str
) -> None:
    port = sip_network.gateway_port()
    loop = asyncio.get_running_loop()
    endpoint, rtp = await loop.create_datagram_endpoint(RtpSocket, (sip_network.gateway, port + 1))
    async with office(sip_network.gateway, port) as gateway:
        gateway.media_port = port + 1
        async with baresip("201", port, transport=transport) as phone:
            await phone.event("REGISTER_OK")
            await phone.command("dial", "101")
            await phone.event("CALL_ESTABLISHED")
            invited = await gateway.event(ev.InviteReceived, caller="201", called="101")
            await rtp.until(lambda: rtp.packets.get(8, 0) > 10)
            await phone.press("123#")
            await rtp.until(lambda: rtp.digits == "123#")
            await phone.command("hold")
            held = await gateway.event(ev.ReinviteReceived, dialog=invited.dialog)
            assert "a=sendonly" in held.sdp
            await phone.command("resume")
            resumed = await gateway.event(ev.ReinviteReceived, dialog=invited.dialog)
            assert "a=sendrecv" in resumed.sdp
            await phone.command("hangup")
            await gateway.event(ev.RemoteEnded, dialog=invited.dialog, cause_q850=16)
    endpoint.close()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_it_is_called_and_answers(
    sip_network: SipNetwork, baresip: MakeBaresip, transport: str
) -> None:
    port = sip_network.gateway_port()
    async with (
        office(sip_network.gateway, port) as gateway,
        baresip("201", port, transport=transport) as phone,
    ):
        binding = await gateway.event(ev.Registered)
        dialog = gateway.invite(binding, "101", "Анна")
        incoming = await phone.event("CALL_INCOMING")
        assert incoming["peeruri"].startswith("sip:101@")
        assert incoming["peerdisplayname"] == "Анна"
        await gateway.event(ev.RemoteRinging, dialog=dialog, status=180)
        await phone.command("accept")
        await gateway.event(ev.RemoteAnswered, dialog=dialog)
        await phone.event("CALL_ESTABLISHED")
        gateway.stack.perform(act.SipHangup(dialog, 16))
        await phone.event("CALL_CLOSED")


async def test_it_is_called_and_declines(sip_network: SipNetwork, baresip: MakeBaresip) -> None:
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway, baresip("201", port) as phone:
        binding = await gateway.event(ev.Registered)
        dialog = gateway.invite(binding)
        await phone.event("CALL_INCOMING")
        await phone.command("hangup")
        refused = await gateway.event(ev.RemoteRefused, dialog=dialog)
        assert refused.status in (480, 486, 603)


async def test_it_is_called_and_the_caller_gives_up(sip_network: SipNetwork, baresip: MakeBaresip) -> None:
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway, baresip("201", port) as phone:
        binding = await gateway.event(ev.Registered)
        dialog = gateway.invite(binding)
        await phone.event("CALL_INCOMING")
        await gateway.event(ev.RemoteRinging, dialog=dialog)
        gateway.stack.perform(act.SipHangup(dialog, 16))
        await phone.event("CALL_CLOSED")


async def test_it_gives_up_while_it_hears_ringback(sip_network: SipNetwork, baresip: MakeBaresip) -> None:
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway, baresip("201", port) as phone:
        await phone.event("REGISTER_OK")
        await phone.command("dial", RING_ONLY)
        invited = await gateway.event(ev.InviteReceived, called=RING_ONLY)
        await phone.event("CALL_RINGING")
        await phone.command("hangup")
        await gateway.event(ev.RemoteEnded, dialog=invited.dialog, cause_q850=16)


async def test_it_is_told_that_a_number_does_not_exist(sip_network: SipNetwork, baresip: MakeBaresip) -> None:
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port), baresip("201", port) as phone:
        await phone.event("REGISTER_OK")
        await phone.command("dial", "999")
        closed = await phone.event("CALL_CLOSED")
        assert "404" in closed["param"]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_after_a_kill_it_rings_without_registering_again(
    sip_network: SipNetwork, baresip: MakeBaresip, transport: str
) -> None:
    port = sip_network.gateway_port()
    async with (
        office(sip_network.gateway, port) as gateway,
        baresip("201", port, register_s=600, transport=transport) as phone,
    ):
        binding = await gateway.event(ev.Registered)
        await phone.event("REGISTER_OK")
        first = gateway.invite(binding)
        await phone.event("CALL_INCOMING")
        await phone.command("accept")
        await gateway.event(ev.RemoteAnswered, dialog=first)
        await gateway.established(first)
        gateway.kill()
        await gateway.event(ev.RemoteEnded, dialog=first, cause_q850=41)
        await gateway.event(ev.SipStackUp, epoch=2)
        await phone.event("CALL_CLOSED")
        second = gateway.invite(binding)
        await phone.event("CALL_INCOMING")
        await phone.command("accept")
        await gateway.event(ev.RemoteAnswered, dialog=second)
        gateway.stack.perform(act.SipHangup(second, 16))
        await phone.event("CALL_CLOSED")


async def test_it_cannot_use_sha_256_which_is_why_md5_alone_is_the_default(
    sip_network: SipNetwork, baresip: MakeBaresip
) -> None:
    """If this fails, telephones have learned SHA-256: think again about the default of `SofiaSipStack`."""
    port = sip_network.gateway_port()
    async with (
        office(sip_network.gateway, port, algorithms=tuple(Algorithm)) as gateway,
        baresip("201", port) as phone,
    ):
        await phone.event("REGISTER_FAIL")
        assert gateway.events == [ev.SipStackUp(1)]
