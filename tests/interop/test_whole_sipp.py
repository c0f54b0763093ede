"""The whole gateway against sipp: register, call 101, give up, ask for nobody, message by message."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.drivers.storage import read_calls
from gateway.model.causes import Cause, Evidence
from gateway.records.calls import Outcome
from tests.interop import scripts
from tests.interop.network import SipNetwork
from tests.interop.telephones import Sipp, SippResult
from tests.interop.whole import Whole, secret_of, whole_gateway

pytestmark = pytest.mark.real

MakeSipp = Callable[..., Sipp]
TRANSPORTS = pytest.mark.parametrize("transport", ["u1", "t1"], ids=["udp", "tcp"])


def well(result: SippResult) -> None:
    assert result.status == 0, result.errors + result.messages


@TRANSPORTS
async def test_a_telephone_registers_rings_answers_and_is_told_the_end(
    sip_network: SipNetwork, sipp: MakeSipp, tmp_path: Path, transport: str
) -> None:
    own = sip_network.port()
    options = {"password": secret_of("201"), "port": own, "transport": transport}
    async with whole_gateway(sip_network, tmp_path) as office:
        well(await sipp(office.files.sip_port).run(scripts.register(), **options))
        script = scripts.wait_for_call().receive("BYE").reply(200, "OK", tag=False)
        phone = await sipp(office.files.sip_port).start(script, **options)
        await office.dials("101", "201")
        await office.until(lambda: office.state("101") == "talking", "the conversation")
        office.telephone("101").hangs_up()
        result = await phone.wait()
        well(result)
        assert 'From: "Anna" <sip:101@' in result.messages
        await office.rests()
        (record,) = read_calls(office.files.state / "calls.sqlite")
        assert (record.calling, record.connected, record.end_evidence) == ("101", "201", Evidence.HOOK)


@TRANSPORTS
async def test_a_telephone_calls_101_which_lifts_and_hangs_up_itself(
    sip_network: SipNetwork, sipp: MakeSipp, tmp_path: Path, transport: str
) -> None:
    async with whole_gateway(sip_network, tmp_path) as office:
        script = scripts.answered().send("BYE", tagged=True).hear(200)
        phone = await sipp(office.files.sip_port).start(
            script, password=secret_of("201"), transport=transport
        )
        await office.until(lambda: office.telephone("101").rings, "the bell of 101")
        office.telephone("101").lifts()
        well(await phone.wait())
        await office.until(lambda: str(office.telephone("101").hears()) == "busy tone", "busy tone")
        office.telephone("101").hangs_up()
        await the_only_call(office, "101", Outcome.ANSWERED, Cause.NORMAL_CLEARING)


@TRANSPORTS
async def test_a_caller_gives_up_and_the_bell_stops(
    sip_network: SipNetwork, sipp: MakeSipp, tmp_path: Path, transport: str
) -> None:
    async with whole_gateway(sip_network, tmp_path) as office:
        script = scripts.invite().hear(180).pause(600)
        script.send("CANCEL", cseq=2, same_branch=True).hear(200).hear(487)
        script.send("ACK", cseq=2, tagged=True, reliable=False, same_branch=True)
        phone = await sipp(office.files.sip_port).start(
            script, password=secret_of("201"), transport=transport
        )
        await office.until(lambda: office.telephone("101").rings, "the bell of 101")
        well(await phone.wait())
        await office.until(lambda: not office.telephone("101").rings, "silence at 101")
        await the_only_call(office, "101", Outcome.ABANDONED, Cause.NORMAL_CLEARING)


async def test_a_number_that_nobody_has_is_not_found(
    sip_network: SipNetwork, sipp: MakeSipp, tmp_path: Path
) -> None:
    async with whole_gateway(sip_network, tmp_path) as office:
        result = await sipp(office.files.sip_port).run(
            scripts.refused(404), password=secret_of("201"), service="777"
        )
        well(result)
        assert office.gateway.exchange.view().calls == ()


async def test_a_busy_telephone_is_busy_here(sip_network: SipNetwork, sipp: MakeSipp, tmp_path: Path) -> None:
    async with whole_gateway(sip_network, tmp_path) as office:
        office.telephone("102").lifts()
        await office.until(lambda: office.state("102") == "dial_tone", "102's dial tone")
        well(
            await sipp(office.files.sip_port).run(
                scripts.refused(486), password=secret_of("201"), service="102"
            )
        )


async def test_a_reinvite_for_fax_is_refused_and_the_call_goes_on(
    sip_network: SipNetwork, sipp: MakeSipp, tmp_path: Path
) -> None:
    """RFC 3261 section 14.2: 488, and all stays as it was until somebody hangs up."""
    fax = scripts.sdp(version=2).split("m=")[0] + "m=image [auto_media_port] udptl t38\n"
    async with whole_gateway(sip_network, tmp_path) as office:
        script = scripts.answered().send("INVITE", scripts.CONTACT, body=fax, tagged=True)
        script.hear(100, optional=True).hear(488)
        script.send("ACK", cseq=3, tagged=True, reliable=False, same_branch=True)
        script.pause(300).send("BYE", tagged=True).hear(200)
        phone = await sipp(office.files.sip_port).start(script, password=secret_of("201"))
        await office.until(lambda: office.telephone("101").rings, "the bell of 101")
        office.telephone("101").lifts()
        well(await phone.wait())
        await office.until(lambda: str(office.telephone("101").hears()) == "busy tone", "busy tone")
        office.telephone("101").hangs_up()
        await the_only_call(office, "101", Outcome.ANSWERED, Cause.NORMAL_CLEARING)


async def test_an_invite_without_an_offer_is_served_with_ours(
    sip_network: SipNetwork, sipp: MakeSipp, tmp_path: Path
) -> None:
    """RFC 3261 section 13.2.1: the answer comes with the ACK, and the media with it."""
    async with whole_gateway(sip_network, tmp_path) as office:
        script = scripts.invite("").hear(180).hear(200)
        script.send("ACK", scripts.CONTACT, cseq=2, tagged=True, reliable=False, body=scripts.sdp())
        script.pause(600).send("BYE", tagged=True).hear(200)
        phone = await sipp(office.files.sip_port).start(script, password=secret_of("201"))
        await office.until(lambda: office.telephone("101").rings, "the bell of 101")
        office.telephone("101").lifts()
        await office.until(lambda: any(leg.sent for leg in office.gateway.core.statistics().rtp), "our media")
        well(await phone.wait())
        await office.until(lambda: str(office.telephone("101").hears()) == "busy tone", "busy tone")
        office.telephone("101").hangs_up()
        await the_only_call(office, "101", Outcome.ANSWERED, Cause.NORMAL_CLEARING)


async def the_only_call(office: Whole, called: str, outcome: Outcome, cause: Cause) -> None:
    await office.rests()
    (record,) = read_calls(office.files.state / "calls.sqlite")
    assert (record.calling, record.called) == ("201", called)
    assert (record.outcome, record.cause) == (outcome, cause)
