"""A whole gateway on a board with a power-fail relay: it takes the line when it can carry a call, and lets go
when it ends.
"""

import asyncio

import pytest

from gateway.app import Gateway, RunSettings, run
from gateway.line.lifeline import LifelineState
from gateway.management.tables import status_text
from gateway.model.numbers import PortId
from gateway.simulator.relay import SimulatedRelay
from tests.app.office_files import office_files

pytestmark = pytest.mark.real

RELAY = '\n[relay]\npin = "sim:30"\nline = "fxo1"\ntelephone = "fxs1"\n'


def test_the_gateway_takes_the_line_and_lets_go_when_it_ends(tmp_path) -> None:
    relays: list[SimulatedRelay] = []
    shown: list[str] = []

    async def look(gateway: Gateway) -> None:
        relay = gateway.relay
        assert isinstance(relay, SimulatedRelay)
        relays.append(relay)
        assert not relay.held
        async with asyncio.timeout(20):
            while not relay.held:  # noqa: ASYNC110 - people look, they are not told
                await asyncio.sleep(0.01)
        assert gateway.lifeline is not None
        assert gateway.lifeline.lifeline.state is LifelineState.HELD
        line = next(line for line in gateway.exchange.view().lines if line.port == PortId("fxo1"))
        assert not line.failure
        shown.append(status_text(gateway.status()))

    async def main() -> None:
        files = office_files(tmp_path)
        files.board.write_text(files.board.read_text(encoding="utf-8") + RELAY, encoding="utf-8")
        settings = RunSettings(files.office, files.board, files.state)
        async with asyncio.timeout(60):
            await run(settings, asyncio.Event(), prompt=look)
        async with asyncio.timeout(5):
            while relays[0].held:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    asyncio.run(main())
    assert "held, the line is ours" in shown[0]
