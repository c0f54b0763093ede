"""The gateway's housekeeping, in this process: what may not die in silence ends the gateway."""

import asyncio

import pytest

from gateway.app import Gateway, RunSettings, run
from gateway.drivers.storage import Journal
from gateway.errors import HardwareError
from tests.app.office_files import office_files
from tests.records.rows import ended

pytestmark = pytest.mark.real


def test_a_storage_thread_that_ends_ends_the_gateway(tmp_path, monkeypatch, caplog):
    def fails(journal: Journal, connection: object, rows: object) -> bool:
        raise RuntimeError("disk driver")

    async def breaks(gateway: Gateway) -> None:
        monkeypatch.setattr(Journal, "_write", fails)
        gateway.journal.append(ended(1))
        await gateway.stopped.wait()

    async def main() -> None:
        files = office_files(tmp_path)
        settings = RunSettings(files.office, files.board, files.state)
        async with asyncio.timeout(60):
            await run(settings, asyncio.Event(), prompt=breaks)

    with pytest.raises(HardwareError, match="the storage thread has ended"):
        asyncio.run(main())
