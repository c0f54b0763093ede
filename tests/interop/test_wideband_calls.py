"""Wideband in the whole gateway, between real SIP telephones (baresip): G.722, Opus, and what others hear."""

from pathlib import Path

import pytest

from gateway.model.numbers import Codec
from gateway.model.plan import RtpNode
from gateway.simulator import meters
from tests.interop.hearing import (
    LATE_MS,
    TONE_DBM0,
    codecs_used,
    level_and_gap,
    wav_samples,
    whole_tone,
)
from tests.interop.network import SipNetwork
from tests.interop.whole import TALK_MS, TONE_HZ, WIRE_LOSS_DB, telephone, whole_gateway

pytestmark = pytest.mark.real

PACKET_MS = 20


@pytest.mark.parametrize(
    ("codec", "codecs", "rate_hz"),
    [("G722", "PCMA,G722/16000/1", 16_000), ("opus", "opus/48000/1", 48_000)],
)
async def test_two_wideband_telephones_hear_of_each_other_what_is_above_4_khz(
    sip_network: SipNetwork, tmp_path: Path, codec: str, codecs: str, rate_hz: int
) -> None:
    """The meters count samples of 8 kHz: in 16 kHz they see a tone at half its frequency."""
    wide = {"codecs": codecs, "rate_hz": rate_hz, "tone_dbm0": TONE_DBM0}
    times = rate_hz // 8_000
    async with (
        whole_gateway(sip_network, tmp_path) as office,
        telephone(sip_network, tmp_path, office, "201", tone_hz=5_000.0, **wide) as caller,
        telephone(sip_network, tmp_path, office, "202", tone_hz=6_000.0, **wide) as called,
    ):
        await caller.event("REGISTER_OK")
        await called.event("REGISTER_OK")
        await caller.command("dial", "202")
        await called.event("CALL_INCOMING")
        await called.command("accept")
        await caller.event("CALL_ESTABLISHED")
        packets = TALK_MS // PACKET_MS

        def talked() -> bool:
            legs = office.gateway.core.statistics().rtp
            return len(legs) == 2 and all(leg.received > packets for leg in legs)

        await office.until(talked, "talk both ways")
        await caller.command("hangup")
        await called.event("CALL_CLOSED")
        await office.rests()
    for phone, theirs_hz in ((caller, 6_000.0), (called, 5_000.0)):
        assert codecs_used(phone) == {("encoder", codec), ("decoder", codec)}
        samples = wav_samples(phone.heard, rate_hz)
        # Twice the samples, twice the time of the meters.
        whole_tone(samples, theirs_hz / times, 0.0, times * (TALK_MS - LATE_MS))


async def test_a_caller_who_waited_in_g711_speaks_wideband_with_the_agent(
    sip_network: SipNetwork, tmp_path: Path
) -> None:
    """A queue's music is worth no more than G.711; the agent's voice is: we ask the caller again. What is
    heard is not measured: this baresip keeps the resampler of its first codec.
    """
    wide = {"codecs": "PCMA,G722/16000/1", "rate_hz": 16_000, "tone_dbm0": TONE_DBM0}
    members = {r'members = \["101", "102", "103"\]': 'members = ["202"]'}
    async with (
        whole_gateway(sip_network, tmp_path, changes=members) as office,
        telephone(sip_network, tmp_path, office, "201", tone_hz=5_000.0, **wide) as caller,
        telephone(sip_network, tmp_path, office, "202", tone_hz=6_000.0, **wide) as agent,
    ):
        await caller.event("REGISTER_OK")
        await agent.event("REGISTER_OK")
        await caller.command("dial", "610")
        await caller.event("CALL_ESTABLISHED")
        await agent.event("CALL_INCOMING")
        assert codecs_used(caller) == {("encoder", "PCMA"), ("decoder", "PCMA")}
        await agent.command("accept")

        def wideband() -> bool:
            nodes = [node for node in office.gateway.plans.plan.nodes if isinstance(node, RtpNode)]
            return [node.codec for node in nodes] == [Codec.G722, Codec.G722]

        await office.until(wideband, "both legs in G.722")
        began = {leg.node: leg.received for leg in office.gateway.core.statistics().rtp}

        def talked() -> bool:
            legs = office.gateway.core.statistics().rtp
            return all(leg.received > began.get(leg.node, 0) + TALK_MS // PACKET_MS for leg in legs)

        await office.until(talked, "talk both ways")
        await caller.command("hangup")
        await agent.event("CALL_CLOSED")
        await office.rests()
    assert codecs_used(caller) >= {("encoder", "G722"), ("decoder", "G722")}
    assert codecs_used(agent) == {("encoder", "G722"), ("decoder", "G722")}


async def test_a_wideband_telephone_speaks_g711_with_an_analog_one(
    sip_network: SipNetwork, tmp_path: Path
) -> None:
    """Nothing above 4 kHz passes a telephone's wire: what is there must not come back folded to 3 kHz."""
    async with (
        whole_gateway(sip_network, tmp_path) as office,
        telephone(
            sip_network, tmp_path, office, "201", codecs="G722/16000/1", rate_hz=16_000, tone_hz=5_000.0
        ) as wide_only,
        telephone(
            sip_network,
            tmp_path,
            office,
            "202",
            codecs="G722/16000/1,PCMA",
            rate_hz=16_000,
            tone_dbm0=TONE_DBM0,
        ) as both,
    ):
        for phone, number in ((both, "101"), (wide_only, "102")):
            await phone.event("REGISTER_OK")
            await phone.command("dial", number)
            await office.until(lambda number=number: office.telephone(number).rings, f"the bell of {number}")
            office.telephone(number).lifts()
            await phone.event("CALL_ESTABLISHED")
            await office.listens(number, TALK_MS)
        level, gap_ms = level_and_gap(office.telephone("101").ear.last(1_000), TONE_HZ)
        folded = meters.tone_dbm0(office.telephone("102").ear.last(1_000), 3_000.0)
        for phone, number in ((both, "101"), (wide_only, "102")):
            await phone.command("hangup")
            await phone.event("CALL_CLOSED")
            office.telephone(number).hangs_up()
        await office.rests()
    assert codecs_used(both) == {("encoder", "PCMA"), ("decoder", "PCMA")}
    assert codecs_used(wide_only) == {("encoder", "G722"), ("decoder", "G722")}
    assert level == pytest.approx(TONE_DBM0 - WIRE_LOSS_DB, abs=1.0)
    assert gap_ms == 0
    assert folded < TONE_DBM0 - 50
