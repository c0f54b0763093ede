"""A gateway remembers over a restart where the echo of a sound card begins, and throws garbage away."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway.app import Gateway, RunSettings, run
from tests.alsa.cables import plugged
from tests.alsa.test_office import CARD, LINE, conversation, far_end, until_true
from tests.app.office_files import OfficeFiles, office_files

pytestmark = [pytest.mark.real, pytest.mark.slow]

PATIENCE_S = 40.0


def run_office(files: OfficeFiles, people: Callable[[Gateway], Awaitable[None]]) -> None:
    settings = RunSettings(files.office, files.board, files.state)
    asyncio.run(run(settings, asyncio.Event(), prompt=people))


async def talk_until_kept(gateway: Gateway, far: str, card: str) -> None:
    """The called one talks until the gateway has written down where the echo begins."""
    end = far_end(far, gateway)
    async with conversation(gateway) as (_, called):
        called.say_speech(7, -12.0)
        kept = gateway.state.echo_delays
        await until_true(kept.exists, PATIENCE_S)
        called.hush()
    figures = gateway.core.statistics().port(CARD)
    print(f"{card}: echo after {figures.echo_delay_samples} samples, ERLE {figures.erle_db:.1f} dB")
    end.close()


def kept_delay(state: Path) -> int:
    (one,) = json.loads((state / "echo_delays.json").read_text())["delays"]
    assert one["port"] == LINE
    return int(one["delay_samples"])


def test_the_delay_of_a_cards_echo_is_known_after_a_restart(tmp_path: Path) -> None:
    with plugged(1) as (cable,):
        files = office_files(tmp_path)
        files.change_board(
            r'\[port.fxs1\]\nkind = "fxs"\n',
            f'[port.fxs1]\nkind = "fxs"\naudio = "alsa"\ncard = "{cable.near}"\n',
        )
        run_office(files, lambda gateway: talk_until_kept(gateway, cable.far, cable.near))
        kept = kept_delay(files.state)
        known: list[int | None] = []

        async def looks(gateway: Gateway) -> None:
            known.append(gateway.core.statistics().port(CARD).echo_delay_samples)
            assert not gateway.alarms

        run_office(files, looks)
        assert known == [kept]

        (files.state / "echo_delays.json").write_text('{"delays": "everywhere"}')

        async def looks_again(gateway: Gateway) -> None:
            known.append(gateway.core.statistics().port(CARD).echo_delay_samples)
            await until_true(lambda: bool(gateway.alarms), PATIENCE_S)
            assert "find their delays anew" in gateway.alarms[0].text

        run_office(files, looks_again)
        assert known == [kept, None]
