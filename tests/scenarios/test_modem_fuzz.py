"""Whatever a modem says, whenever: no call is left, nobody hears anything, and the modem comes back."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.model.events import Event, ModemSaid
from tests.scenarios.modem_scene import CALLED, FAMILIES, GSM1, MINUTE_MS, Scene, configured

SAID = st.one_of(
    st.sampled_from(
        [
            *(
                "OK",
                "ERROR",
                "RING",
                "NO CARRIER",
                "BUSY",
                "> ",
                "+CME ERROR: 14",
                "VOICE CALL: BEGIN",
                "RDY",
            ),
            *("^CONN:1,0", "^CEND:1,2,3,16", "^CONF:1", '+CMTI: "SM",1', "+CPIN: SIM PUK", "+CREG: 0"),
            *('+CLCC: 1,1,4,0,0,"1",129', "+CLCC: 1,0,0,0,0", "+CREG: 1", '+CUSD: 0,"x",15', "+CPIN: READY"),
            *("^DSCI: 1,1,6,0,,", "^DSCI: 1,1,3,0,,", "+QTONEDET: 53", "+RXDTMF: 5", "+CMGL: 1,1,,8"),
        ]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40),
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(FAMILIES),
    st.lists(
        st.one_of(
            st.tuples(st.just("says"), SAID),
            st.tuples(
                st.sampled_from(["waits", "calls", "lifts", "hangs up", "unplugs", "plugs", "dials"]),
                st.just(""),
            ),
        ),
        max_size=40,
    ),
)
def test_whatever_a_modem_says_nothing_is_left_behind(family: str, acts: list[tuple[str, str]]) -> None:
    scene = Scene(configured(family))
    try:
        scene.ready()
        for act, line in acts:
            _do(scene, act, line)
        for telephone in scene.office.board.telephones.values():
            if telephone.off_hook:
                telephone.hangs_up()
        scene.modem().unplug()
        scene.wait(1)
        scene.modem().plug()
        scene.office.run_until(lambda: scene.state() in ("idle", "unproved"), 5 * MINUTE_MS, "it is back")
        scene.wait(2)
        assert scene.office.view().calls == ()
        assert not scene.office.ladder.plan.hears
        assert not scene.bugs
        ended = [row.call for row in scene.ended]
        assert sorted(ended) == sorted(row.call for row in scene.started)
    finally:
        scene.office.close()


def _do(scene: Scene, act: str, line: str) -> None:
    anna, modem = scene.office.telephone("101"), scene.modem()
    match act:
        case "says":
            feed: Callable[[Event], None] = scene.office.pump.feed
            feed(ModemSaid(GSM1, line or "?"))
        case "waits":
            scene.wait(1.7)
        case "calls":
            modem.calls("+79031234567")
            scene.wait(0.3)
        case "lifts" if not anna.off_hook:
            anna.lifts()
            scene.wait(0.3)
        case "hangs up" if anna.off_hook:
            anna.hangs_up()
            scene.wait(0.8)
        case "dials" if anna.off_hook:
            anna.dials(CALLED)
            scene.wait(2.2)
        case "unplugs" if modem.plugged:
            modem.unplug()
        case "plugs" if not modem.plugged:
            modem.plug()
        case _:
            return
