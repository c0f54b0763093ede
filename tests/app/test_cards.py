"""An office whose line is a sound card of the kernel: its mixer is settled before the line is used, and a
card that is not there is answered with what is.

The kernel's cards are `tests.drivers.test_alsa.Kernel`: this machine need not have one, so that opening the
card fails after its mixer was set; that it talks is shown by tests/alsa.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.app import Gateway, RunSettings, run
from gateway.drivers import alsa
from tests.app.office_files import office_files
from tests.drivers.test_alsa import Kernel, RefusedError

pytestmark = pytest.mark.real


def in_an_office(tmp_path: Path, card: str, look: Callable[[Gateway], None]) -> None:
    """Run an office whose port fxs1 is this card, and look at it once it runs."""

    async def looks(gateway: Gateway) -> None:
        look(gateway)

    async def main() -> None:
        files = office_files(tmp_path)
        files.change_board(r'kind = "fxs"', f'kind = "fxs"\naudio = "alsa"\ncard = "{card}"')
        async with asyncio.timeout(60):
            settings = RunSettings(files.office, files.board, files.state)
            await run(settings, asyncio.Event(), prompt=looks)

    asyncio.run(main())


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    kernel = Kernel()
    monkeypatch.setattr(alsa, "library", lambda: kernel)
    return kernel


def test_gain_control_and_side_tone_are_off_before_a_card_is_opened(tmp_path, kernel):
    def look(gateway: Gateway) -> None:
        controls = kernel.controls
        assert controls["Auto Gain Control"].plays is False
        assert controls["Mic"].plays is False
        assert controls["Mic"].captures is True

    in_an_office(tmp_path, "hw:CARD=line1", look)


def test_a_card_that_is_not_there_is_answered_with_what_is_and_the_rest_works(tmp_path, kernel):
    def look(gateway: Gateway) -> None:
        failures = {str(line.port): line.failure for line in gateway.exchange.view().lines}
        assert 'sound card "line7"' in failures.pop("fxs1")
        assert not any(failures.values())
        (alarm,) = gateway.alarms
        assert "Headphones (bcm2835 Headphones); line1 (USB PnP Sound Device)" in alarm.text
        assert "correct `card` in board.toml" in alarm.text

    in_an_office(tmp_path, "hw:CARD=line7", look)


def test_a_mixer_that_cannot_be_set_is_told(tmp_path, kernel, monkeypatch):
    def refuses(*, cardindex: int) -> list[str]:
        raise RefusedError("no mixer")

    monkeypatch.setattr(kernel, "mixers", refuses)
    in_an_office(tmp_path, "hw:CARD=line1", lambda gateway: told(gateway, "the mixer of sound card line1"))


def told(gateway: Gateway, text: str) -> None:
    assert any(alarm.about == "fxs1" and text in alarm.text for alarm in gateway.alarms)
