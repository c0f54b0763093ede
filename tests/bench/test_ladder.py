"""The ladder of a story: in order, between parties that exist, with what each of them did."""

from gateway.bench.playing import play

PARTIES = {
    *(
        "101",
        "102",
        "103",
        "104",
        "201",
        "202",
        "203",
        "204",
        "city1",
        "city2",
        "city",
        "exchange",
        "journal",
    ),
}


def test_the_ladder_of_a_city_call_tells_who_did_what_in_order() -> None:
    verdict = play("city-in")
    rungs = verdict.ladder
    assert [rung.at_ms for rung in rungs] == sorted(rung.at_ms for rung in rungs)
    assert {party for rung in rungs for party in (rung.who, rung.whom)} <= PARTIES
    said = [(rung.who, rung.whom, rung.what) for rung in rungs]
    order = [
        said.index(step)
        for step in (
            ("city", "city1", "4951234567 calls"),
            ("city1", "exchange", "ring"),
            ("exchange", "101", "rings"),
            ("city1", "exchange", "caller 4951234567"),
            ("exchange", "201", "INVITE from 4951234567"),
            ("201", "exchange", "180"),
            ("102", "exchange", "lifts"),
            ("exchange", "city1", "closes the loop"),
            ("exchange", "102", "hears city1"),
            ("city", "city1", "the office answers"),
            ("102", "exchange", "hangs up"),
            ("exchange", "city1", "opens the loop"),
        )
    ]
    assert order == sorted(order)
    assert any(rung.whom == "journal" and "answers (hook)" in rung.what for rung in rungs)
    assert str(rungs[0]).split()[0] == f"{rungs[0].at_ms / 1000:.3f}"


def test_the_report_holds_ladder_checks_and_verdict() -> None:
    verdict = play("busy")
    report = verdict.report()
    assert report.startswith("story busy\n==========")
    assert "exchange -> 101        hears busy tone" in report
    assert "ok      101 hears busy tone" in report
    assert report.splitlines()[-1].startswith("busy            PASSED")
    assert "times real time" in report
