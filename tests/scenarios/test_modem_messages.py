"""Short messages and service codes of modems: nothing is lost, nothing is done during a call."""

from gateway.model.events import SmsWanted, UssdWanted
from gateway.model.numbers import PortId
from tests.scenarios.modem_scene import GSM1, Opened


def test_a_message_stays_on_the_sim_until_it_is_on_the_disk(opened: Opened) -> None:
    scene = opened()
    scene.ready()
    scene.office.messages.fails = True
    scene.modem().sms_comes("MegaFon", "Ваш баланс 5 р.")
    scene.wait(3)
    assert len(scene.modem().sim.messages) == 1
    scene.office.messages.fails = False
    scene.modem().unplug()
    scene.modem().plug()
    scene.ready()
    scene.wait(3)
    assert [(one.sender, one.text) for one in scene.office.messages.kept] == [("MegaFon", "Ваш баланс 5 р.")]
    assert scene.modem().sim.messages == {}


def test_a_message_waits_for_the_end_of_a_call(opened: Opened) -> None:
    scene = opened()
    scene.ready()
    scene.modem().calls("+79031234567")
    scene.wait(2)
    scene.office.telephone("101").lifts()
    scene.wait(2)
    scene.modem().sms_comes("+79035550001", "после звонка")
    scene.wait(3)
    assert scene.office.messages.kept == []
    scene.modem().hangs_up()
    scene.wait(5)
    assert [one.text for one in scene.office.messages.kept] == ["после звонка"]


def test_parts_that_never_become_whole_are_shown_with_a_gap(opened: Opened) -> None:
    scene = opened()
    scene.ready()
    for number in range(14):
        scene.modem().sms_comes(f"+7903555{number:04d}", "x" * 200)
        parts = scene.modem().sim.messages
        parts.pop(max(parts))  # the last part is lost on the way
        scene.wait(1)
    assert scene.office.messages.kept
    assert all(" […] " in one.text for one in scene.office.messages.kept)


def test_a_message_and_a_code_of_an_administrator(opened: Opened) -> None:
    scene = opened()
    scene.ready()
    scene.office.pump.feed(SmsWanted(GSM1, 1, "+79035550001", "Заказ готов. " * 12))
    scene.office.pump.feed(UssdWanted(GSM1, 2, "*100#"))
    scene.office.pump.feed(SmsWanted(GSM1, 3, "кому", "?"))
    scene.office.pump.feed(SmsWanted(PortId("fxs1"), 4, "1", "?"))
    scene.office.pump.feed(UssdWanted(GSM1, 5, "DROP"))
    scene.wait(10)
    answers = {answer.request: (answer.ok, answer.text) for answer in scene.office.answers}
    assert answers[1] == (True, "sent in 3 parts")
    assert "".join(one.text for one in scene.modem().sim.sent) == "Заказ готов. " * 12
    assert answers[2] == (True, "Баланс 123.45 р.")
    assert scene.row().balance == "Баланс 123.45 р."
    assert not answers[3][0]
    assert answers[4] == (False, "fxs1 is no modem of this board")
    assert not answers[5][0]


def test_whoever_asks_an_absent_modem_is_told_so(opened: Opened) -> None:
    scene = opened()
    scene.ready()
    scene.office.pump.feed(UssdWanted(GSM1, 1, "*100#"))
    scene.modem().unplug()
    scene.office.pump.feed(SmsWanted(GSM1, 2, "123", "?"))
    scene.wait(1)
    assert [(answer.request, answer.ok) for answer in scene.office.answers] == [(1, False), (2, False)]
