"""The whole gateway in real time with a real SIP telephone (baresip): register, call, be called, hear, press
digits.

Sound is measured, not looked up: a tone in what the analog telephone hears, and in the WAV of what baresip
heard.
"""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import pytest

from gateway.drivers.storage import read_calls
from gateway.model.actions import Direction
from gateway.model.causes import Cause, Evidence
from gateway.records.calls import Outcome
from gateway.simulator import meters
from gateway.simulator.central_office import Behaviour, Subscriber
from gateway.simulator.ear import Ear, Heard
from tests.interop.hearing import (
    SETTLE_MS,
    TONE_DBM0,
    codecs_used,
    level_and_gap,
    wav_samples,
    whole_tone,
)
from tests.interop.network import SipNetwork
from tests.interop.whole import (
    OUR_TONE_HZ,
    TALK_MS,
    TONE_HZ,
    WIRE_LOSS_DB,
    Whole,
    telephone,
    whole_gateway,
)

pytestmark = pytest.mark.real

HIGH_TONE_HZ = 1_300.0
PACKET_MS = 20
ATTEMPTS = 3
COUNTED = ("concealed_samples", "lost_ticks", "late", "queue_dropped", "malformed", "foreign")


def kill_sip(office: Whole) -> None:
    """`kill -9` of the SIP process."""
    killed = office.gateway.sip.process_id
    assert killed is not None
    os.kill(killed, signal.SIGKILL)


async def hears_without_gap(office: Whole, ear: Ear, frequency_hz: float) -> None:
    """So long a talk without a gap in the sound, and without a packet that was lost, late or concealed.

    From now on, and three times at most: a busy machine makes the telephone's own threads wait now and then,
    and what it sends late is concealed as it should be. What is ours shows every time.
    """
    said = []
    for _ in range(ATTEMPTS):
        before, began_ms = office.rtp_leg(), ear.now_ms
        await office.until(lambda end_ms=began_ms + TALK_MS: ear.now_ms >= end_ms, "sound")
        after = office.rtp_leg()
        grown = {name: getattr(after, name) - getattr(before, name) for name in COUNTED}
        _, gap_ms = level_and_gap(ear.heard(began_ms, began_ms + TALK_MS), frequency_hz)
        said.append((gap_ms, grown))
        assert after.sent - before.sent == pytest.approx(TALK_MS / PACKET_MS, abs=10), "ours, and on time"
        if gap_ms == 0 and not any(grown.values()):
            return
    raise AssertionError(said)


@pytest.mark.parametrize(
    ("transport", "codecs", "agreed"),
    [("udp", "PCMA,PCMU", "PCMA"), ("tcp", "PCMA,PCMU", "PCMA"), ("udp", "PCMU", "PCMU")],
)
async def test_a_sip_telephone_calls_an_analog_one_and_both_hear_the_other(
    sip_network: SipNetwork, tmp_path: Path, transport: str, codecs: str, agreed: str
) -> None:
    async with whole_gateway(sip_network, tmp_path) as office:
        options = {"transport": transport, "codecs": codecs, "tone_dbm0": TONE_DBM0}
        async with telephone(sip_network, tmp_path, office, "201", **options) as phone:
            await phone.event("REGISTER_OK")
            await phone.command("dial", "101")
            await office.until(lambda: office.telephone("101").rings, "the bell of 101")
            await phone.event("CALL_RINGING")
            ear = office.telephone("101").ear
            office.says_tone("fxs1", OUR_TONE_HZ)
            office.telephone("101").lifts()
            await office.until(lambda: office.state("101") == "talking", "the conversation")
            answered_ms = ear.now_ms
            await phone.event("CALL_ESTABLISHED")
            await office.listens("101", SETTLE_MS)
            await hears_without_gap(office, ear, TONE_HZ)
            ended_ms = ear.now_ms
            office.telephone("101").hangs_up()
            await phone.event("CALL_CLOSED")
            await office.rests()
        assert codecs_used(phone) == {("encoder", agreed), ("decoder", agreed)}
        level, _ = level_and_gap(ear.heard(answered_ms, ended_ms), TONE_HZ)
        assert level == pytest.approx(TONE_DBM0 - WIRE_LOSS_DB, abs=1.0)
        whole_tone(wav_samples(phone.heard), OUR_TONE_HZ, WIRE_LOSS_DB, ended_ms - answered_ms)
        (record,) = read_calls(office.files.state / "calls.sqlite")
        assert (record.calling, record.called, record.connected) == ("201", "101", "101")
        assert (record.outcome, record.answer_evidence) == (Outcome.ANSWERED, Evidence.HOOK)


@pytest.mark.parametrize("codec", ["PCMA", "PCMU"])
async def test_a_city_call_is_answered_by_a_sip_telephone_and_both_hear_the_other(
    sip_network: SipNetwork, tmp_path: Path, codec: str
) -> None:
    """City line 2 is mapped to 201. The far end hears no 440 Hz: that would pass for a city's dial tone."""
    async with whole_gateway(sip_network, tmp_path, "line-to-sip") as office:
        options = {"tone_hz": HIGH_TONE_HZ, "tone_dbm0": TONE_DBM0, "codecs": codec}
        async with telephone(sip_network, tmp_path, office, "201", **options) as phone:
            await phone.event("REGISTER_OK")
            caller = office.gateway.board.city.line(2)
            assert office.gateway.board.city.calls(2, "4951234567")
            await office.until(lambda: bool(office.gateway.exchange.view().calls), "the call")
            incoming = await phone.event("CALL_INCOMING")
            assert incoming["peeruri"].startswith("sip:4951234567@")
            await phone.command("accept")
            await phone.event("CALL_ESTABLISHED")
            await office.until(lambda: caller.state == "talking", "the conversation")
            office.says_tone("fxo2", OUR_TONE_HZ)
            answered_ms = caller.ear.now_ms
            await office.until(lambda: caller.ear.now_ms >= answered_ms + SETTLE_MS, "sound")
            await hears_without_gap(office, caller.ear, HIGH_TONE_HZ)
            ended_ms = caller.ear.now_ms
            caller.hangs_up()
            await phone.event("CALL_CLOSED")
            await office.rests()
        assert codecs_used(phone) == {("encoder", codec), ("decoder", codec)}
        level, _ = level_and_gap(caller.ear.heard(answered_ms, ended_ms), HIGH_TONE_HZ)
        assert level == pytest.approx(TONE_DBM0 - caller.line_loss_db, abs=1.0)
        whole_tone(wav_samples(phone.heard), OUR_TONE_HZ, caller.line_loss_db, ended_ms - answered_ms)
        (record,) = read_calls(office.files.state / "calls.sqlite")
        assert (record.calling, record.called, record.connected) == ("4951234567", "201", "201")
        assert (record.line, record.answer_evidence) == ("city2", Evidence.SIP)
        assert record.end_evidence is Evidence.BUSY_TONE


async def test_hold_by_the_sip_telephone_gives_the_analog_one_music_and_resume_speech(
    sip_network: SipNetwork, tmp_path: Path
) -> None:
    async with (
        whole_gateway(sip_network, tmp_path) as office,
        telephone(sip_network, tmp_path, office, "201", tone_hz=HIGH_TONE_HZ, tone_dbm0=TONE_DBM0) as phone,
    ):
        ear = office.telephone("101").ear
        music = office.gateway.configuration.clips["hold"]

        def speaks(duration_ms: float = 500.0) -> bool:
            level, gap_ms = level_and_gap(ear.last(duration_ms), HIGH_TONE_HZ)
            return gap_ms == 0 and level == pytest.approx(TONE_DBM0 - WIRE_LOSS_DB, abs=1.0)

        await phone.event("REGISTER_OK")
        await office.dials("101", "201")
        await phone.event("CALL_INCOMING")
        await phone.command("accept")
        await phone.event("CALL_ESTABLISHED")
        await office.until(speaks, "speech")
        await phone.command("hold")
        await office.until(lambda: not speaks(100.0), "the end of speech")
        await office.listens("101", 1_500)
        heard = ear.last(1_000)
        await phone.command("resume")
        await office.until(speaks, "speech after hold")
        await office.listens("101", 1_000)
        assert speaks(900.0)
        found = await asyncio.to_thread(meters.match, heard, 2 * music)
        assert found.correlation > 0.9, "not our music"
        assert found.gain_db == pytest.approx(WIRE_LOSS_DB, abs=1.0)
        assert meters.tone_dbm0(heard, HIGH_TONE_HZ) < TONE_DBM0 - 30.0
        await phone.command("hangup")
        office.telephone("101").hangs_up()
        await office.rests()


async def test_digits_of_an_analog_telephone_reach_the_sip_one_as_events(
    sip_network: SipNetwork, tmp_path: Path
) -> None:
    async with (
        whole_gateway(sip_network, tmp_path) as office,
        telephone(sip_network, tmp_path, office, "201") as phone,
    ):
        await phone.event("REGISTER_OK")
        await office.dials("101", "201")
        await phone.event("CALL_INCOMING")
        await phone.command("accept")
        await phone.event("CALL_ESTABLISHED")
        await office.until(lambda: office.state("101") == "talking", "the conversation")
        await office.listens("101", 500)
        office.telephone("101").dials("7*")
        for digit in "7*":
            await phone.event("CALL_DTMF_START", param=digit)
            await phone.event("CALL_DTMF_END")
        await phone.command("hangup")
        office.telephone("101").hangs_up()
        await office.rests()
    pressed = [event["param"] for event in phone.events if event.get("type") == "CALL_DTMF_START"]
    assert pressed == ["7", "*"]


async def test_an_orderly_stop_in_a_call_says_bye_and_records_the_end(
    sip_network: SipNetwork, tmp_path: Path
) -> None:
    async with contextlib.AsyncExitStack() as day:
        office = await day.enter_async_context(whole_gateway(sip_network, tmp_path))
        async with telephone(sip_network, tmp_path, office, "201") as phone:
            await phone.event("REGISTER_OK")
            await phone.command("dial", "101")
            await office.until(lambda: office.telephone("101").rings, "the bell of 101")
            office.telephone("101").lifts()
            await phone.event("CALL_ESTABLISHED")
            await day.aclose()
            await phone.event("CALL_CLOSED")
    (record,) = read_calls(office.files.state / "calls.sqlite")
    assert record.outcome is Outcome.ANSWERED
    assert record.end_evidence is Evidence.ADMINISTRATOR


async def test_an_analog_telephone_calls_a_sip_one_whose_bye_gives_it_busy_tone(
    sip_network: SipNetwork, tmp_path: Path
) -> None:
    async with (
        whole_gateway(sip_network, tmp_path) as office,
        telephone(sip_network, tmp_path, office, "201") as phone,
    ):
        await phone.event("REGISTER_OK")
        await office.dials("101", "201")
        await phone.event("CALL_INCOMING")
        await phone.command("accept")
        await phone.event("CALL_ESTABLISHED")
        await office.until(lambda: office.state("101") == "talking", "the conversation")
        await phone.command("hangup")
        await office.until(lambda: str(office.telephone("101").hears()) == "busy tone", "busy tone")
        office.telephone("101").hangs_up()
        await office.rests()
        (record,) = read_calls(office.files.state / "calls.sqlite")
        assert (record.outcome, record.answer_evidence, record.end_evidence) == (
            Outcome.ANSWERED,
            Evidence.SIP,
            Evidence.SIP,
        )


async def test_the_hunt_group_rings_everybody_and_the_first_to_lift_gets_the_sip_caller(
    sip_network: SipNetwork, tmp_path: Path
) -> None:
    async with (
        whole_gateway(sip_network, tmp_path) as office,
        telephone(sip_network, tmp_path, office, "201") as caller,
        telephone(sip_network, tmp_path, office, "202") as member,
    ):
        await caller.event("REGISTER_OK")
        await member.event("REGISTER_OK")
        await caller.command("dial", "600")
        await member.event("CALL_INCOMING")
        for number in ("101", "102", "103"):
            await office.until(lambda number=number: office.telephone(number).rings, f"the bell of {number}")
        office.telephone("102").lifts()
        await caller.event("CALL_ESTABLISHED")
        await member.event("CALL_CLOSED")
        for number in ("101", "103"):
            await office.until(
                lambda number=number: not office.telephone(number).rings, f"{number}'s silence"
            )
        await caller.command("hangup")
        await office.until(lambda: office.state("102") != "talking", "the end")
        office.telephone("102").hangs_up()
        await office.rests()


async def test_a_sip_telephone_calls_the_city_and_its_digits_arrive_there(
    sip_network: SipNetwork, tmp_path: Path
) -> None:
    async with (
        whole_gateway(sip_network, tmp_path) as office,
        telephone(sip_network, tmp_path, office, "201") as phone,
    ):
        city = office.gateway.board.city
        city.add(Subscriber("4957654", Behaviour.ANSWERS, after_ms=500, talks=True))
        await phone.event("REGISTER_OK")
        await phone.command("dial", "4957654")
        await office.until(
            lambda: any(line.dialled == "4957654" for line in city.lines), "the number in the city"
        )
        calls = office.gateway.exchange.view
        await office.until(lambda: any(call.answered_ms for call in calls().calls), "the answer")
        await phone.event("CALL_ESTABLISHED")
        line = next(line for line in city.lines if line.dialled == "4957654")
        device = office.gateway.board.wires[line.port].device
        device.hush()
        device.listen_digits(True)
        await phone.press("5#")
        pressed = ""

        def arrived() -> bool:
            nonlocal pressed
            pressed += device.take_digits()
            return pressed == "5#"

        await office.until(arrived, "the digits 5#")
        await phone.command("hangup")
        await office.rests()
        (record,) = read_calls(office.files.state / "calls.sqlite")
        assert (record.direction, record.called, record.cause) == (
            Direction.OUTGOING,
            "4957654",
            Cause.NORMAL_CLEARING,
        )
        assert record.line in ("city1", "city2")


async def test_kill_9_of_the_sip_process_does_not_touch_an_analog_call_and_telephones_ring_again(
    sip_network: SipNetwork, tmp_path: Path
) -> None:
    async with (
        whole_gateway(sip_network, tmp_path) as office,
        telephone(sip_network, tmp_path, office, "201") as phone,
    ):
        await phone.event("REGISTER_OK")
        await office.dials("101", "102")
        await office.until(lambda: office.telephone("102").rings, "the bell of 102")
        office.telephone("102").lifts()
        await office.until(lambda: office.state("102") == "talking", "the conversation")
        office.says_tone("fxs1", OUR_TONE_HZ)
        await office.listens("102", 1_000)
        before_ms = office.telephone("102").ear.now_ms
        kill_sip(office)
        await office.until(lambda: not office.gateway.exchange.view().sip_up, "the end of SIP")
        await office.until(lambda: office.gateway.exchange.view().sip_up, "SIP")
        await office.listens("102", 1_000)
        ear = office.telephone("102").ear
        level, gap_ms = level_and_gap(ear.heard(before_ms - 500, ear.now_ms), OUR_TONE_HZ)
        assert level == pytest.approx(TONE_DBM0 - 2 * WIRE_LOSS_DB, abs=1.0)
        assert gap_ms == 0
        assert (office.state("101"), office.state("102")) == ("talking", "talking")
        await office.dials("103", "201")
        await phone.event("CALL_INCOMING")
        await phone.command("accept")
        await phone.event("CALL_ESTABLISHED")
        for number in ("101", "102", "103"):
            office.telephone(number).hangs_up()
        await phone.event("CALL_CLOSED")
        await office.rests()
        assert sum(event.get("type") == "REGISTER_OK" for event in phone.events) == 1


async def test_kill_9_of_the_sip_process_ends_its_calls_on_both_sides_with_a_cause(
    sip_network: SipNetwork, tmp_path: Path
) -> None:
    """103 talks with 201 when SIP dies: the telephone gets BYE from the next process, 103 hears a tone; the
    call of 101 with 102 goes on.
    """
    async with (
        whole_gateway(sip_network, tmp_path) as office,
        telephone(sip_network, tmp_path, office, "201") as phone,
    ):
        await phone.event("REGISTER_OK")
        await office.dials("101", "102")
        await office.until(lambda: office.telephone("102").rings, "the bell of 102")
        office.telephone("102").lifts()
        await office.until(lambda: office.state("102") == "talking", "the conversation")
        office.says_tone("fxs1", OUR_TONE_HZ)
        await office.dials("103", "201")
        await phone.event("CALL_INCOMING")
        await phone.command("accept")
        await phone.event("CALL_ESTABLISHED")
        await office.until(lambda: office.state("103") == "talking", "the call to SIP")
        await office.listens("103", 1_000)
        before_ms = office.telephone("102").ear.now_ms
        kill_sip(office)
        await phone.event("CALL_CLOSED")
        await office.until(lambda: office.gateway.exchange.view().sip_up, "SIP")
        await office.until(
            lambda: office.telephone("103").hears() is Heard.CONGESTION,
            "a tone for 103",
        )
        assert office.state("103") == "cleared"
        assert (office.state("101"), office.state("102")) == ("talking", "talking")
        ear = office.telephone("102").ear
        level, gap_ms = level_and_gap(ear.heard(before_ms - 500, ear.now_ms), OUR_TONE_HZ)
        assert level == pytest.approx(TONE_DBM0 - 2 * WIRE_LOSS_DB, abs=1.0)
        assert gap_ms == 0
        for number in ("101", "102", "103"):
            office.telephone(number).hangs_up()
        await office.rests()
        records = {record.calling: record for record in read_calls(office.files.state / "calls.sqlite")}
        assert set(records) == {"101", "103"}
        lost, untouched = records["103"], records["101"]
        assert (lost.called, lost.outcome) == ("201", Outcome.ANSWERED)
        assert (lost.cause, lost.end_evidence) == (Cause.TEMPORARY_FAILURE, Evidence.SIP_STACK_LOST)
        assert (untouched.cause, untouched.end_evidence) == (Cause.NORMAL_CLEARING, Evidence.HOOK)
        assert untouched.ended_wall_ns is not None
        assert lost.ended_wall_ns is not None
        assert untouched.ended_wall_ns > lost.ended_wall_ns
