"""The gateway's housekeeping, in this process: what may not die in silence ends the gateway."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from gateway.app import Gateway, RunSettings, run
from gateway.drivers import storage
from gateway.drivers.storage import Journal, transaction
from gateway.errors import HardwareError
from gateway.model.events import PortFailed, PortRestored, SipStackDown, SipStackUp
from gateway.model.numbers import PortId
from gateway.runtime.alarms import Alarm
from tests.app.office_files import office_files
from tests.records.rows import ended, started

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


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - people look, they are not told
            await asyncio.sleep(0.01)


def test_an_alarm_about_the_disk_leaves_the_status_when_calls_are_recorded_again(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "RETRY_S", 0.05)
    monkeypatch.setattr(storage, "BUSY_MS", 20)
    cured: list[Alarm] = []

    def alarms(gateway: Gateway) -> list[str]:
        return [alarm["text"] for alarm in gateway.status()["alarms"] if alarm["about"] == "journal"]

    async def fills_the_disk(gateway: Gateway) -> None:
        gateway.on_cure = cured.append
        with closing(sqlite3.connect(gateway.state.journal, isolation_level=None)) as other:
            with transaction(other):
                gateway.journal.append(started(1))
                await until(lambda: alarms(gateway))
                (told,) = alarms(gateway)
                assert told.startswith("Calls wait in memory: ")
                assert not cured
            await until(lambda: cured)
        assert alarms(gateway) == []
        assert [alarm.about for alarm in cured] == ["journal"]
        assert "Calls are recorded again" in cured[0].text

    async def main() -> None:
        files = office_files(tmp_path)
        async with asyncio.timeout(60):
            settings = RunSettings(files.office, files.board, files.state)
            await run(settings, asyncio.Event(), prompt=fills_the_disk)

    asyncio.run(main())


def test_alarms_about_ports_and_sip_leave_the_status_when_they_are_over(tmp_path):
    cured: list[Alarm] = []

    async def fails_and_works_again(gateway: Gateway) -> None:
        gateway.on_cure = cured.append
        gateway.pump.feed(PortFailed(PortId("fxo1"), "its card is not there"))
        gateway.pump.feed(SipStackDown("killed"))
        told = {alarm["about"]: alarm["text"] for alarm in gateway.status()["alarms"]}
        assert told["fxo1"] == "its card is not there"
        assert "killed" in told["SIP"]
        gateway.pump.feed(PortRestored(PortId("fxo1")))
        gateway.pump.feed(SipStackUp(7))
        assert not {"fxo1", "SIP"} & {alarm["about"] for alarm in gateway.status()["alarms"]}
        assert {"fxo1", "SIP"} <= {alarm.about for alarm in cured}

    async def main() -> None:
        files = office_files(tmp_path)
        async with asyncio.timeout(60):
            settings = RunSettings(files.office, files.board, files.state)
            await run(settings, asyncio.Event(), prompt=fails_and_works_again)

    asyncio.run(main())
