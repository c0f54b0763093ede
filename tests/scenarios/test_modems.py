"""Modems as trunks: what the story does not tell. Every fault here is a known one of real modems."""

import pytest

from gateway.model.causes import Cause, Evidence
from gateway.simulator.central_office import Behaviour, Subscriber
from tests.scenarios.modem_scene import CALLED, FAMILIES, GSM1, GSM2, Opened

PROOFS = {"huawei": "own number", "sim7600": "", "ec25": "loop"}


# --- each family, all the way ---


@pytest.mark.parametrize("family", FAMILIES)
def test_a_call_out_and_a_call_in(opened: Opened, family: str) -> None:
    scene = opened(family)
    scene.ready()
    assert scene.row().audio.startswith(PROOFS[family])
    scene.only_gsm1()
    mobile, anna = scene.office.mobile("gsm1"), scene.office.telephone("101")
    mobile.add(Subscriber(CALLED, Behaviour.ANSWERS, 3_000))
    scene.calls_out()
    scene.office.run_until(lambda: mobile.state == "talking", 20_000, "it is answered")
    scene.wait(3)
    mobile.says()
    scene.wait(1.5)
    assert anna.ear.finds(mobile.ear).correlation > 0.9
    mobile.hushes()
    anna.says()
    scene.wait(1.5)
    assert mobile.ear.finds(anna.ear).correlation > 0.9
    anna.hushes()
    anna.dials("7")
    scene.wait(1)
    assert mobile.modem.keys == "7"
    anna.hangs_up()
    scene.wait(5)
    assert scene.state() == "idle"
    assert (scene.answered[0].connected, scene.answered[0].evidence) == (CALLED, Evidence.MODEM)
    assert (scene.ended[0].cause, scene.ended[0].evidence) == (Cause.NORMAL_CLEARING, Evidence.HOOK)

    assert mobile.calls("+79031234567")
    scene.wait(0.7)
    assert anna.rings
    scene.wait(2)
    anna.lifts()
    scene.wait(3)
    anna.says()
    scene.wait(1.5)
    assert mobile.ear.finds(anna.ear).correlation > 0.9
    anna.hushes()
    mobile.hangs_up()
    scene.wait(5)
    assert scene.started[1].calling == "+79031234567"
    assert (scene.ended[1].cause, scene.ended[1].evidence) == (Cause.NORMAL_CLEARING, Evidence.MODEM)
    anna.hangs_up()
    scene.wait(1)
    assert scene.state() == "idle"
    assert not scene.alarms()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("behaviour", "causes"),
    [(Behaviour.BUSY, {Cause.USER_BUSY}), (Behaviour.CONGESTED, {Cause.CONGESTION, Cause.NORMAL_CLEARING})],
)
def test_a_refusal_has_its_cause(
    opened: Opened, family: str, behaviour: Behaviour, causes: set[Cause]
) -> None:
    scene = opened(family)
    scene.ready()
    scene.only_gsm1()
    scene.modem().add(Subscriber(CALLED, behaviour))
    scene.calls_out()
    scene.wait(6)
    assert scene.ended[0].cause in causes
    assert scene.ended[0].evidence is Evidence.MODEM
    assert scene.state() == "idle"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_caller_who_gives_up_is_no_answered_call(opened: Opened, family: str) -> None:
    scene = opened(family)
    scene.ready()
    scene.modem().calls("+79031234567")
    scene.wait(4)
    scene.modem().hangs_up()
    scene.wait(5)
    assert [row.evidence for row in scene.ended] == [Evidence.RINGING_STOPPED]
    assert not scene.answered
    assert not any(telephone.rings for telephone in scene.office.board.telephones.values())
    assert scene.state() == "idle"


@pytest.mark.parametrize("family", FAMILIES)
def test_keys_of_the_far_end_come_once(opened: Opened, family: str) -> None:
    scene = opened(family)
    scene.ready()
    darya = scene.office.sip_telephone("201")
    darya.registers()
    scene.wait(0.1)
    scene.modem().calls("+79031234567")
    scene.wait(3)
    darya.answers()
    scene.wait(3)
    scene.office.mobile("gsm1").dials("42")
    scene.wait(2)
    assert darya.media.digits == "42"


def test_nobody_is_named_who_hides(opened: Opened) -> None:
    scene = opened()
    scene.ready()
    scene.modem().calls("")
    scene.wait(5)
    assert scene.started[0].calling == ""


# --- the PIN ---


def test_the_right_pin_unlocks_and_is_in_no_trace(opened: Opened) -> None:
    scene = opened(pin="4271")
    scene.ready()
    assert scene.modem().sim.pins_given == ["4271"]
    trace = "\n".join([*scene.office.ladder.narration, *map(str, scene.office.ladder.rungs)])
    assert "4271" not in trace
    assert not scene.office.board.modems.refused


def test_a_wrong_pin_is_never_given_twice(opened: Opened) -> None:
    scene = opened(pin="4271")
    scene.modem().sim.pin = "9999"
    scene.wait(30)
    for _ in range(3):
        scene.modem().unplug()
        scene.wait(1)
        scene.modem().plug()
        scene.wait(30)
    assert scene.modem().sim.pins_given == ["4271"]
    assert scene.modem().sim.tries_left == 2
    assert scene.state() == "locked"
    assert any("not tried again" in text for text in scene.alarms())
    assert "not tried again" in scene.office.line_row("gsm1").failure


def test_a_pin_that_nobody_gave_is_asked_for(opened: Opened) -> None:
    scene = opened()
    scene.modem().sim.pin = "9999"
    scene.modem().unplug()
    scene.modem().plug()
    scene.wait(30)
    assert scene.state() == "locked"
    assert any("none is in the file" in text for text in scene.alarms())
    assert scene.modem().sim.pins_given == []


# --- network and choice ---


def test_the_better_signal_is_chosen_and_the_other_one_helps_out(opened: Opened) -> None:
    scene = opened()
    scene.ready(GSM1)
    scene.ready(GSM2)
    scene.modem(GSM1).signal, scene.modem(GSM2).signal = 28, 6
    scene.wait(40)
    scene.calls_out(who="101")
    scene.calls_out("89034445566", who="102")
    scene.wait(1)
    assert [row.line for row in scene.started] == ["mobile1", "mobile2"]


def test_a_modem_in_the_cellar_takes_no_calls_and_comes_back(opened: Opened) -> None:
    scene = opened()
    scene.ready()
    scene.only_gsm1()
    scene.modem().loses_network()
    scene.wait(1)
    assert scene.state() == "searching"
    scene.calls_out()
    scene.wait(1)
    assert [row.cause for row in scene.ended] == [Cause.NO_CIRCUIT]
    scene.office.telephone("101").hangs_up()
    scene.wait(80)
    assert any("no network" in text for text in scene.alarms())
    scene.modem().finds_network()
    scene.ready()
    assert scene.office.line_row("gsm1").failure == ""


def test_a_sim_that_is_refused_is_named(opened: Opened) -> None:
    scene = opened()
    scene.modem().denied = True
    scene.wait(20)
    assert scene.state() == "searching"
    assert any("refuses this SIM" in text for text in scene.alarms())


# --- faults ---


def test_without_its_own_number_nobody_calls_out_over_an_e1550_until_a_call_proves_it(opened: Opened) -> None:
    scene = opened(number="")
    scene.only_gsm1()
    scene.wait(10)
    assert scene.state() == "unproved"
    assert any("own number" in text for text in scene.alarms())
    scene.calls_out()
    scene.wait(1)
    assert [row.cause for row in scene.ended] == [Cause.NO_CIRCUIT]
    scene.office.telephone("101").hangs_up()
    scene.wait(1)
    scene.modem().calls("+79031234567")
    scene.wait(2)
    scene.office.telephone("101").lifts()
    scene.wait(1)
    scene.office.mobile("gsm1").says()
    scene.wait(6)
    scene.office.mobile("gsm1").hangs_up()
    scene.office.telephone("101").hangs_up()
    scene.wait(4)
    assert scene.state() == "idle"
    assert "conversation" in scene.row().audio


def test_an_e1550_is_never_given_the_command_that_hangs_it(opened: Opened) -> None:
    scene = opened()
    scene.ready()
    scene.only_gsm1()
    scene.calls_out()
    scene.wait(0.3)  # before ^CONF
    scene.office.telephone("101").hangs_up()
    scene.wait(4)
    assert scene.state() == "idle"
    assert not any("CHLD" in command for command in scene.modem().received)


def test_a_sim7600_gets_its_audio_a_second_after_the_connection_and_only_once(opened: Opened) -> None:
    scene = opened("sim7600")
    scene.ready()
    scene.only_gsm1()
    modem = scene.modem()
    modem.add(Subscriber(CALLED, Behaviour.ANSWERS, 1_000))
    for _ in range(3):
        scene.calls_out()
        scene.wait(10)
        scene.office.telephone("101").hangs_up()
        scene.wait(4)
    asked = [command for command in modem.received if command.startswith("AT+CPCMREG")]
    assert asked == ["AT+CPCMREG=1"] * 2  # the first is refused, as always
    assert modem.dialect.frames_a_second == 50
    assert "conversation" in scene.row().audio or scene.row().audio == ""
    assert not scene.alarms()


def test_chopped_audio_is_cured_by_a_reset_after_the_call(opened: Opened) -> None:
    scene = opened("sim7600")
    scene.ready()
    scene.only_gsm1()
    modem = scene.modem()
    modem.add(Subscriber(CALLED, Behaviour.ANSWERS, 1_000))
    modem.write(b"AT+CPCMREG=1\rAT+CPCMREG=1\rAT+CPCMREG=0\r")  # what another program has done before
    scene.wait(1)
    scene.calls_out()
    scene.wait(15)
    assert any("chopped" in text for text in scene.alarms())
    scene.office.telephone("101").hangs_up()
    scene.wait(4)
    assert "AT+CRESET" in modem.received
    scene.ready()
    scene.calls_out()
    scene.wait(12)
    assert modem.dialect.frames_a_second == 50
    assert len([text for text in scene.alarms() if "chopped" in text]) == 1


@pytest.mark.parametrize("in_call", [False, True])
def test_a_modem_that_does_not_answer_is_named_and_the_rest_goes_on(opened: Opened, in_call: bool) -> None:
    scene = opened()
    scene.ready()
    scene.ready(GSM2)
    modem = scene.modem()
    if in_call:
        modem.calls("+79031234567")
        scene.wait(2)
        scene.office.telephone("101").lifts()
        scene.wait(3)
    modem.deaf = True
    scene.wait(90)
    assert scene.state() in ("broken", "absent")
    assert any("does not answer" in text for text in scene.alarms())
    assert "not answer" in scene.office.line_row("gsm1").failure
    if in_call:
        assert (scene.ended[0].cause, scene.ended[0].evidence) == (
            Cause.NETWORK_OUT_OF_ORDER,
            Evidence.HARDWARE,
        )
        scene.office.telephone("101").hangs_up()
        scene.wait(1)
    scene.calls_out()
    scene.wait(1)
    assert scene.started[-1].line == "mobile2"
    scene.office.telephone("101").hangs_up()
    modem.unplug()
    modem.plug()
    scene.ready()


def test_a_modem_that_babbles_is_named(opened: Opened) -> None:
    scene = opened()
    scene.ready()
    scene.modem().babbles = True
    scene.wait(120)
    assert scene.state() in ("broken", "absent")
    assert scene.alarms()
    assert any("nobody understands" in line for line in scene.office.ladder.narration)
    assert scene.state(GSM2) == "idle"


def test_unplugged_in_a_call_and_back_under_another_name(opened: Opened) -> None:
    scene = opened()
    scene.ready()
    before = scene.row().tty
    scene.modem().calls("+79031234567")
    scene.wait(2)
    scene.office.telephone("101").lifts()
    scene.wait(2)
    scene.modem().unplug()
    scene.wait(0.5)
    assert (scene.ended[0].cause, scene.ended[0].evidence) == (Cause.NETWORK_OUT_OF_ORDER, Evidence.HARDWARE)
    assert any("unplugged" in text for text in scene.alarms())
    scene.modem().plug()
    scene.ready()
    assert scene.row().tty != before
    assert scene.row().failure == ""
