"""Hold by a flash: the other party hears music until the next flash; a SIP telephone holds by re-INVITE."""

from gateway.bench.stage import Stage


def play(stage: Stage) -> None:
    """101 talks with 102 and holds him; then 201 calls 101 and holds her."""
    anna, boris = stage.telephone("101"), stage.telephone("102")
    stage.connect(anna, boris)
    stage.talk(anna, boris)
    anna.flashes()
    stage.wait(700)
    stage.music(boris)
    boris.says()
    stage.wait(1_500)
    found = anna.ear.finds(boris.ear)
    stage.check("101 does not hear whom she holds", abs(found.correlation) < 0.3, f"{found.correlation:.2f}")
    boris.hushes()
    anna.flashes()
    stage.wait(900)
    stage.talk(anna, boris)
    anna.hangs_up()
    boris.hangs_up()
    stage.at_rest()

    darya = stage.sip("201")
    darya.calls("101")
    stage.bell(anna, within_ms=500)
    stage.wait(400)
    anna.lifts()
    stage.wait(600)
    stage.talk(anna, darya)
    darya.holds()
    stage.wait(300)
    stage.music(anna)
    darya.resumes()
    stage.wait(500)
    stage.talk(anna, darya)
    darya.hangs_up()
    anna.hangs_up()
    stage.at_rest()
