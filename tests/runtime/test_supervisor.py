"""The supervisor: a failed service is tried again and alarmed once; silence of the audio thread ends the
gateway.
"""

import asyncio
from itertools import count

import pytest

from gateway.errors import HardwareError
from gateway.model.actions import RaiseAlarm
from gateway.runtime.supervisor import AUDIO_STILL_CHECKS, keep, watch_audio


def test_a_service_that_fails_is_tried_again_and_alarmed_once_for_each_reason():
    async def main() -> None:
        stopped = asyncio.Event()
        alarms: list[RaiseAlarm] = []
        reasons = iter(
            [OSError("port in use"), OSError("port in use"), HardwareError("no such address"), None]
        )
        runs = 0

        async def serve() -> None:
            nonlocal runs
            runs += 1
            reason = next(reasons)
            if reason is not None:
                raise reason

        await keep("SIP", serve, stopped, alarms.append, retry_s=0)
        assert runs == 4
        assert alarms == [RaiseAlarm("SIP", "port in use"), RaiseAlarm("SIP", "no such address")]

    asyncio.run(main())


def test_a_service_is_neither_tried_again_nor_alarmed_when_the_gateway_stops():
    async def main() -> None:
        stopped = asyncio.Event()

        async def serve() -> None:
            stopped.set()
            raise OSError("port in use")

        alarms: list[RaiseAlarm] = []
        async with asyncio.timeout(20):
            await keep("SIP", serve, stopped, alarms.append, retry_s=1_000)
        assert alarms == []

    asyncio.run(main())


def test_a_bug_of_a_service_is_not_hidden_by_restarting_it():
    async def main() -> None:
        async def serve() -> None:
            raise KeyError("port")

        with pytest.raises(KeyError):
            await keep("SIP", serve, asyncio.Event(), lambda alarm: None)

    asyncio.run(main())


def test_an_audio_thread_that_stands_still_ends_the_gateway():
    async def main() -> None:
        checks = 0

        def ticks() -> int:
            nonlocal checks
            checks += 1
            return min(checks, 5)

        with pytest.raises(HardwareError, match="stood still"):
            await watch_audio(ticks, asyncio.Event(), check_s=0.001)
        assert checks == 5 + AUDIO_STILL_CHECKS

    asyncio.run(main())


def test_an_audio_thread_that_ticks_is_left_alone():
    async def main() -> None:
        stopped, ticks = asyncio.Event(), count()

        def tick() -> int:
            number = next(ticks)
            if number > 10:
                stopped.set()
            return number

        async with asyncio.timeout(20):
            await watch_audio(tick, stopped, check_s=0.001)

    asyncio.run(main())
