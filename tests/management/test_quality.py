"""Living calls with what is known of how each SIP party hears."""

import json

from gateway.management.quality import calls_as_heard
from gateway.media.core import CoreSettings, SignalCore
from gateway.model.numbers import CallId, Codec, LegId, NodeId
from gateway.model.plan import Plan, RtpNode
from gateway.model.view import CallRow, ExchangeView, LegRow


def test_a_leg_with_rtp_says_how_it_is_heard_and_a_wire_does_not() -> None:
    core = SignalCore(CoreSettings(ports=(), rtp_sockets=1))
    node = RtpNode(NodeId(1_000), 0, ("192.0.2.1", 4_000), Codec.PCMA, None)
    core.apply(Plan(1, (node,), ()))
    for _ in range(10):
        core.tick()
    wire = LegRow(LegId(1), NodeId(1), "101", "Anna", "fxs1", "talking")
    sip = LegRow(LegId(2), NodeId(1_000), "201", "Darya", "sip:phone@192.0.2.50", "talking")
    call = CallRow(CallId(7), "internal", "talking", "101", "Anna", "201", "", 5, 6, (wire, sip))
    view = ExchangeView("v", True, (), (call,), (), (), 1, 0)
    (row,) = json.loads(json.dumps(calls_as_heard(view, core.statistics())))
    core.close()
    assert row["calling"] == "101"
    assert row["started_ms"] == 5
    assert "media" not in row["legs"][0]
    assert row["legs"][1]["number"] == "201"
    media = row["legs"][1]["media"]
    assert (media["socket"], media["sent"], media["lost_percent"]) == (0, 5, 0.0)
    assert media["round_trip_ms"] is media["remote_lost_percent"] is media["latched"] is None
