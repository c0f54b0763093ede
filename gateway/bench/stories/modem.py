"""Two modems of two operators: a mobile calls in and out, keys both ways, a message, and one is unplugged."""

from gateway.bench.stage import Stage
from gateway.model.causes import Cause, Evidence
from gateway.simulator.central_office import Behaviour, Subscriber

OFFICE = "modem"
CALLER = "+79161234567"
CALLED = "89037654321"
TEXT = "Добрый день! Счёт 17 оплачен, спасибо. " * 3  # too long for one part


def play(stage: Stage) -> None:
    """gsm1 (an E1550) proves its audio by calling its own number, gsm2 (an EC25) by its loop."""
    anna, boris = stage.telephone("101"), stage.telephone("102")
    first, second = stage.mobile("gsm1"), stage.mobile("gsm2")
    modems = {str(row.port): row for row in stage.office.view().modems}
    stage.check("sound of both modems is proved", all(row.audio for row in modems.values()), modems)

    stage.check("the mobile reaches gsm1", first.calls(CALLER))
    stage.bell(anna, within_ms=1_500)
    stage.wait(2_000)
    anna.lifts()
    stage.wait(600)
    stage.talk(first, anna)
    anna.dials("5")
    stage.wait(1_000)
    stage.check("the network makes Anna's key a tone", first.modem.keys == "5", first.modem.keys)
    first.hangs_up()
    stage.wait(2_500)
    anna.hangs_up()
    stage.record(
        CALLER, "600", "101", Cause.NORMAL_CLEARING, line="mobile1", answer=Evidence.HOOK, end=Evidence.MODEM
    )

    first.modem.signal, second.modem.signal = 4, 25
    stage.wait(40_000)
    second.add(Subscriber(CALLED, Behaviour.ANSWERS, 3_000))
    boris.lifts()
    stage.wait(400)
    boris.dials(CALLED)
    stage.wait_for(lambda: second.state == "talking", 15_000, "the modem with the better signal calls out")
    stage.wait(1_500)
    stage.talk(boris, second)
    second.modem.unplug()
    stage.wait(2_000)
    boris.hangs_up()
    stage.record(
        "102",
        CALLED,
        CALLED,
        Cause.NETWORK_OUT_OF_ORDER,
        line="mobile2",
        answer=Evidence.MODEM,
        end=Evidence.HARDWARE,
    )
    stage.check("that the modem is gone is an alarm", stage.take_alarm("gsm2"))
    before = modems["gsm2"].tty
    second.modem.plug()
    stage.mobile("gsm2")
    after = next(row.tty for row in stage.office.view().modems if row.port == "gsm2")
    stage.check("it is back by its IMEI, under another name", after != before, f"{before}, then {after}")

    first.modem.sms_comes("+79035550001", TEXT)
    stage.wait(6_000)
    kept = [(message.sender, message.text, message.extension) for message in stage.office.messages.kept]
    whole = kept == [("+79035550001", TEXT, "101")]
    stage.check("the long message is kept whole, for 101", whole, [text[:20] for _, text, _ in kept])
    stage.check("the SIM has room again", not first.modem.sim.messages, len(first.modem.sim.messages))
    stage.at_rest()
