"""Who calls is on the display before the handset is lifted: told by FSK between the first two rings."""

from gateway.bench.stage import Stage
from gateway.simulator.wires import CallerId

CALLER = CallerId("4951234567", "Ivan Petrov")
KNOWN_WITHIN_MS = 5_000
"""From the city's first ring: it tells after that, and we in the pause of ours."""


def play(stage: Stage) -> None:
    """A colleague's name, then a caller from the city, and one who hides his number; both give up."""
    anna, boris = stage.telephone("101"), stage.telephone("102")
    anna.lifts()
    stage.wait(500)
    anna.dials("102")
    stage.bell(boris, within_ms=1_000)
    stage.wait_for(lambda: len(boris.shown) == 1, 3_000, "102 shows who calls")
    shown = boris.shown[-1]
    stage.check("with number and name", (shown.number, shown.name) == ("101", "Anna"), str(shown))
    stage.check("after one ring", len(boris.rings_ns) == 1)
    stage.wait_for(lambda: len(boris.rings_ns) == 2, 4_000, "the second ring comes")
    period_ms = (boris.rings_ns[1][0] - boris.rings_ns[0][0]) / 1e6
    stage.check("in the country's cadence", abs(period_ms - 5_000) <= 20, f"{period_ms:.0f} ms")
    boris.lifts()
    stage.wait(600)
    stage.talk(anna, boris)
    anna.hangs_up()
    boris.hangs_up()
    stage.wait(700)
    stage.at_rest()
    _from_the_city(stage)


def _from_the_city(stage: Stage) -> None:
    boris, city = stage.telephone("102"), stage.city(1)
    city.calls(CALLER)
    stage.bell(boris, within_ms=1_000)
    stage.wait_for(lambda: len(boris.shown) == 2, KNOWN_WITHIN_MS, "102 shows the caller from the city")
    shown = boris.shown[-1]
    stage.check("number and name", (shown.number, shown.name) == ("4951234567", "Ivan Petrov"), str(shown))
    city.hangs_up()
    stage.wait(12_000)
    stage.at_rest()
    city.calls(CallerId("", withheld=True))
    stage.wait_for(lambda: len(boris.shown) == 3, 6_000, "102 shows the next one")
    stage.check("who hides is private", boris.shown[-1].absent == "private", str(boris.shown[-1]))
    city.hangs_up()
    stage.wait(12_000)
    stage.check("nothing came that was no message", boris.unread == [], "; ".join(boris.unread))
    stage.at_rest()
