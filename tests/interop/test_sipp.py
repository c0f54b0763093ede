"""The SIP process against sipp: every message of a telephone as the RFCs write it, UDP and TCP."""

import asyncio
from collections.abc import Callable

import pytest

from gateway.model import actions as act
from gateway.model import events as ev
from tests.interop import scripts
from tests.interop.network import SipNetwork
from tests.interop.office import RING_ONLY, Office, brief, office
from tests.interop.scripts import AUTHENTICATION, CONTACT, Script
from tests.interop.telephones import Sipp, SippResult

pytestmark = pytest.mark.real

MakeSipp = Callable[..., Sipp]
TRANSPORTS = pytest.mark.parametrize("transport", ["u1", "t1"], ids=["udp", "tcp"])


def well(result: SippResult) -> None:
    assert result.status == 0, result.errors + result.messages


@TRANSPORTS
async def test_a_telephone_registers_refreshes_and_leaves(
    sip_network: SipNetwork, sipp: MakeSipp, transport: str
) -> None:
    port, telephone = sip_network.gateway_port(), sip_network.port()
    async with office(sip_network.gateway, port) as gateway:
        for _ in range(2):
            well(await sipp(port).run(scripts.register(120), port=telephone, transport=transport))
            registered = await gateway.event(ev.Registered, extension="201", expires_s=120)
            assert registered.source_address == sip_network.telephones
            assert f"@{sip_network.telephones}:{telephone}" in registered.contact
        well(await sipp(port).run(scripts.register(0), port=telephone, transport=transport))
        await gateway.event(ev.Unregistered, extension="201", contact=registered.contact)


async def test_leaving_with_a_star_removes_every_contact(sip_network: SipNetwork, sipp: MakeSipp) -> None:
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway:
        contacts = set()
        for _ in range(2):
            well(await sipp(port).run(scripts.register(120)))
            contacts.add((await gateway.event(ev.Registered)).contact)
        well(await sipp(port).run(scripts.register(0, "Contact: *")))
        gone = {(await gateway.event(ev.Unregistered)).contact for _ in range(2)}
        assert gone == contacts


async def test_a_registration_that_is_not_refreshed_expires(sip_network: SipNetwork, sipp: MakeSipp) -> None:
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port, limits=brief()) as gateway:
        well(await sipp(port).run(scripts.register(1)))
        registered = await gateway.event(ev.Registered)
        await gateway.event(ev.Unregistered, contact=registered.contact)


async def test_a_registration_for_too_short_a_time_is_refused(
    sip_network: SipNetwork, sipp: MakeSipp
) -> None:
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway:
        result = await sipp(port).run(scripts.register(10, final=423))
        well(result)
        assert "Min-Expires: 60" in result.messages
        assert not any(isinstance(event, ev.Registered) for event in gateway.events)


@pytest.mark.parametrize(
    ("user", "password"), [("201", "wrong"), ("777", "secret777")], ids=["wrong password", "unknown user"]
)
async def test_who_does_not_know_the_secret_reaches_nothing(
    sip_network: SipNetwork, sipp: MakeSipp, user: str, password: str
) -> None:
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway:
        result = await sipp(port).run(scripts.register(final=403), user=user, password=password)
        well(result)
        well(await sipp(port).run(scripts.refused(403), user=user, password=password))
        assert gateway.events == [ev.SipStackUp(1)]


async def test_an_account_may_not_register_for_another(sip_network: SipNetwork, sipp: MakeSipp) -> None:
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway:
        well(
            await sipp(port).run(
                scripts.register(final=403), user="202", password="secret201", extra=("-au", "201")
            )
        )
        assert gateway.events == [ev.SipStackUp(1)]


@TRANSPORTS
async def test_a_telephone_calls_and_hangs_up(
    sip_network: SipNetwork, sipp: MakeSipp, transport: str
) -> None:
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway:
        script = scripts.answered().send("BYE", tagged=True).hear(200)
        well(await sipp(port).run(script, transport=transport))
        invited = await gateway.event(ev.InviteReceived)
        assert (invited.caller, invited.caller_name, invited.called) == ("201", "Anna", "101")
        assert gateway.offers[invited.dialog].address == sip_network.telephones
        await gateway.event(ev.RemoteEnded, dialog=invited.dialog, cause_q850=16)
        assert invited.dialog % 2 == 1


@TRANSPORTS
async def test_the_office_hangs_up(sip_network: SipNetwork, sipp: MakeSipp, transport: str) -> None:
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway:
        script = scripts.answered().receive("BYE").reply(200, "OK", tag=False)
        telephone = await sipp(port).start(script, transport=transport)
        invited = await gateway.event(ev.InviteReceived)
        gateway.stack.perform(act.SipHangup(invited.dialog, 31))
        result = await telephone.wait()
        well(result)
        assert "Reason: Q.850;cause=31" in result.messages
        assert not any(isinstance(event, ev.RemoteEnded) for event in gateway.events)


async def test_early_media_before_the_answer(sip_network: SipNetwork, sipp: MakeSipp) -> None:
    """A call to the city: 183 with our answer, 200 with the same when there is evidence of an answer."""
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway:
        gateway.answers = False
        script = scripts.invite().hear(183).hear(200)
        script.send("ACK", CONTACT, cseq=2, tagged=True, reliable=False).send("BYE", tagged=True).hear(200)
        telephone = await sipp(port).start(script)
        invited = await gateway.event(ev.InviteReceived)
        answer = gateway.answer_to(invited.dialog, invited.sdp)
        gateway.stack.perform(act.SipRing(invited.dialog, answer))
        gateway.stack.perform(act.SipAnswer(invited.dialog, answer))
        result = await telephone.wait()
        well(result)
        early = result.messages.partition("SIP/2.0 183")[2].partition("SIP/2.0 200")[0]
        assert "m=audio 4000 RTP/AVP 8" in early


async def test_a_caller_gives_up_while_it_rings(sip_network: SipNetwork, sipp: MakeSipp) -> None:
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway:
        script = scripts.invite().hear(180)
        script.send("CANCEL", cseq=2, same_branch=True).hear(200).hear(487)
        script.send("ACK", cseq=2, tagged=True, reliable=False, same_branch=True)
        well(await sipp(port).run(script, service=RING_ONLY))
        invited = await gateway.event(ev.InviteReceived, called=RING_ONLY)
        await gateway.event(ev.RemoteEnded, dialog=invited.dialog, cause_q850=16)


@pytest.mark.parametrize(("number", "status"), [("999", 404), ("102", 486)], ids=["unknown number", "busy"])
async def test_a_call_that_cannot_be_is_refused(
    sip_network: SipNetwork, sipp: MakeSipp, number: str, status: int
) -> None:
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway:
        well(await sipp(port).run(scripts.refused(status), service=number))
        assert [type(event) for event in gateway.events] == [ev.SipStackUp, ev.InviteReceived]


async def test_hold_and_resume_by_reinvite(sip_network: SipNetwork, sipp: MakeSipp) -> None:
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway:
        script = scripts.answered()
        for version, direction in ((2, "sendonly"), (3, "sendrecv")):
            body = scripts.sdp(direction, version)
            script.send("INVITE", AUTHENTICATION, CONTACT, body=body, tagged=True)
            script.hear(100, optional=True).hear(200)
            script.send("ACK", cseq=script.cseq, tagged=True, reliable=False)
        script.send("BYE", tagged=True).hear(200)
        result = await sipp(port).run(script)
        well(result)
        dialog = (await gateway.event(ev.InviteReceived)).dialog
        held = await gateway.event(ev.ReinviteReceived, dialog=dialog)
        assert "a=sendonly" in held.sdp
        back = await gateway.event(ev.ReinviteReceived, dialog=dialog)
        assert "a=sendrecv" in back.sdp
        assert "a=recvonly" in result.messages


async def registered(gateway: Office, telephone: Sipp, port: int, transport: str = "u1") -> ev.Registered:
    well(await telephone.run(scripts.register(), port=port, transport=transport))
    return await gateway.event(ev.Registered)


async def test_the_office_calls_a_telephone(sip_network: SipNetwork, sipp: MakeSipp) -> None:
    port, own = sip_network.gateway_port(), sip_network.port()
    async with office(sip_network.gateway, port) as gateway:
        binding = await registered(gateway, sipp(port), own)
        telephone = await sipp(port).start(
            scripts.wait_for_call().receive("BYE").reply(200, "OK", tag=False), port=own
        )
        dialog = gateway.invite(binding)
        await gateway.event(ev.RemoteRinging, dialog=dialog, status=180)
        answer = await gateway.event(ev.RemoteAnswered, dialog=dialog)
        assert "m=audio" in answer.sdp
        gateway.stack.perform(act.SipHangup(dialog, 16))
        result = await telephone.wait()
        well(result)
        assert 'From: "Анна" <sip:101@' in result.messages


async def test_the_office_gives_up_before_the_answer(sip_network: SipNetwork, sipp: MakeSipp) -> None:
    port, own = sip_network.gateway_port(), sip_network.port()
    async with office(sip_network.gateway, port) as gateway:
        binding = await registered(gateway, sipp(port), own)
        script = Script().receive("INVITE").reply(180, "Ringing", CONTACT)
        script.receive("CANCEL").reply(200, "OK", tag=False)
        telephone = await sipp(port).start(script, port=own)
        dialog = gateway.invite(binding)
        await gateway.event(ev.RemoteRinging, dialog=dialog)
        gateway.stack.perform(act.SipHangup(dialog, 16))
        well(await telephone.wait())


@pytest.mark.parametrize("status", [302, 401, 407, 486, 503, 603])
async def test_a_telephone_refuses(sip_network: SipNetwork, sipp: MakeSipp, status: int) -> None:
    """Also: we never follow a redirection and never offer credentials to a telephone."""
    port, own = sip_network.gateway_port(), sip_network.port()
    headers = ("Contact: <sip:other@192.0.2.1>", "Retry-After: 1") if status in (302, 503) else ()
    if status in (401, 407):
        name = "WWW" if status == 401 else "Proxy"
        headers = (f'{name}-Authenticate: Digest realm="x", nonce="y"',)
    async with office(sip_network.gateway, port) as gateway:
        binding = await registered(gateway, sipp(port), own)
        script = Script().receive("INVITE").reply(status, "No", *headers).receive("ACK")
        telephone = await sipp(port).start(script, port=own)
        dialog = gateway.invite(binding)
        await gateway.event(ev.RemoteRefused, dialog=dialog, status=status)
        well(await telephone.wait())


async def test_a_call_to_a_telephone_that_is_not_there_is_refused_at_once(sip_network: SipNetwork) -> None:
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway:
        nobody = ev.Registered("203", "sip:203@192.0.2.7", "192.0.2.7", 60)
        dialog = gateway.invite(nobody)
        await gateway.event(ev.RemoteRefused, dialog=dialog, status=480)


async def test_the_office_holds_by_reinvite(sip_network: SipNetwork, sipp: MakeSipp) -> None:
    port, own = sip_network.gateway_port(), sip_network.port()
    async with office(sip_network.gateway, port) as gateway:
        binding = await registered(gateway, sipp(port), own)
        script = scripts.wait_for_call()
        script.receive("INVITE").reply(200, "OK", CONTACT, body=scripts.sdp("recvonly", 2), tag=False)
        script.receive("ACK").receive("BYE").reply(200, "OK", tag=False)
        telephone = await sipp(port).start(script, port=own)
        dialog = gateway.invite(binding)
        await gateway.event(ev.RemoteAnswered, dialog=dialog)
        gateway.stack.perform(act.SipReinvite(dialog, gateway.hold_offer()))
        held = await gateway.event(ev.ReinviteAnswered, dialog=dialog)
        assert "a=recvonly" in held.sdp
        gateway.stack.perform(act.SipHangup(dialog, 16))
        well(await telephone.wait())


async def test_a_reinvite_that_is_wanted_before_the_ack_waits_for_it(
    sip_network: SipNetwork, sipp: MakeSipp
) -> None:
    """The 200 is on its way, its ACK is not here: neither may the re-INVITE go, nor may it be forgotten."""
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway:
        script = scripts.invite().hear(180).hear(200)
        script.pause(300)  # below T1: the 200 is not sent again meanwhile
        script.send("ACK", CONTACT, cseq=2, tagged=True, reliable=False)
        script.receive("INVITE").reply(200, "OK", CONTACT, body=scripts.sdp("recvonly", 2), tag=False)
        script.receive("ACK").send("BYE", tagged=True, cseq=9).hear(200)
        telephone = await sipp(port).start(script)
        invited = await gateway.event(ev.InviteReceived)
        gateway.stack.perform(act.SipReinvite(invited.dialog, gateway.hold_offer()))
        held = await gateway.event(ev.ReinviteAnswered, dialog=invited.dialog)
        assert "a=recvonly" in held.sdp
        well(await telephone.wait())


async def test_a_reinvite_that_met_another_one_is_tried_again(
    sip_network: SipNetwork, sipp: MakeSipp
) -> None:
    """491 (RFC 3261 section 14.1): after a random wait, if it is still wanted."""
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway:
        script = scripts.answered()
        script.receive("INVITE").reply(491, "Request Pending", tag=False).receive("ACK")
        script.receive("INVITE").reply(200, "OK", CONTACT, body=scripts.sdp("recvonly", 2), tag=False)
        script.receive("ACK").send("BYE", tagged=True, cseq=9).hear(200)
        telephone = await sipp(port).start(script)
        invited = await gateway.event(ev.InviteReceived)
        await gateway.established(invited.dialog)
        gateway.stack.perform(act.SipReinvite(invited.dialog, gateway.hold_offer()))
        held = await gateway.event(ev.ReinviteAnswered, dialog=invited.dialog)
        assert "a=recvonly" in held.sdp
        well(await telephone.wait())


async def test_two_calls_at_once_do_not_mix(sip_network: SipNetwork, sipp: MakeSipp) -> None:
    port = sip_network.gateway_port()
    async with office(sip_network.gateway, port) as gateway:
        script = scripts.answered().send("BYE", tagged=True).hear(200)
        results = await asyncio.gather(
            sipp(port).run(script, calls=20, extra=("-r", "50")),
            sipp(port).run(script, calls=20, user="202", password="secret202", extra=("-r", "50")),
        )
        for result in results:
            well(result)
        callers = [event.caller for event in gateway.events if isinstance(event, ev.InviteReceived)]
        assert (callers.count("201"), callers.count("202")) == (20, 20)
        # sipp has its 200 to the last BYE a moment before we hear of it.
        ended = {(await gateway.event(ev.RemoteEnded)).dialog for _ in range(40)}
        assert len(ended) == 40
