"""Which echo delays are worth keeping."""

from dataclasses import replace

import pytest

from gateway.drivers.echo_delays import KnownDelay
from gateway.media.core import CorePort, CoreSettings, CoreStatistics, SignalCore, SilentAudio
from gateway.model.numbers import NodeId, PortId
from gateway.model.settings import AudioKind, PortKind, PortSettings
from gateway.runtime.sure_delays import sure_delays

CARD = PortSettings(PortId("fxs1"), PortKind.FXS, NodeId(1), AudioKind.ALSA, "hw:CARD=line1")
WIRE = PortSettings(PortId("fxs2"), PortKind.FXS, NodeId(2))


def figures(**changes: object) -> CoreStatistics:
    """Of a core whose two ports are as sure as can be, but for ``changes``."""
    ports = tuple(CorePort(port.node, SilentAudio()) for port in (CARD, WIRE))
    core = SignalCore(CoreSettings(ports=ports, rtp_sockets=0))
    whole = core.statistics()
    core.close()
    sure = {"converged": True, "erle_db": 22.0, "echo_delay_samples": 304} | changes
    return replace(whole, ports=tuple(replace(port, **sure) for port in whole.ports))  # type: ignore[arg-type]


def test_a_cards_delay_is_kept_under_its_name_and_port_and_a_wires_is_not():
    assert sure_delays((CARD, WIRE), figures()) == [KnownDelay("hw:CARD=line1", "fxs1", 304)]


@pytest.mark.parametrize(
    "change", [{"converged": False}, {"erle_db": 9.9}, {"echo_delay_samples": None}, {"card_gone": True}]
)
def test_what_is_not_sure_is_not_kept(change):
    assert sure_delays((CARD,), figures(**change)) == []
