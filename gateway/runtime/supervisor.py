"""What may be restarted is restarted; what may not ends the process, so that systemd starts a fresh one.

The SIP process is watched by its own driver; here are the services of the asyncio thread (`keep`) and the
watch over the audio thread: when the ticks stop, handsets are silent and nothing here can mend that
(`watch_audio`).
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator

from gateway.errors import CitylineError, HardwareError
from gateway.model.actions import RaiseAlarm

RETRY_S = 5.0
"""Pause before a service that failed is tried again."""

AUDIO_CHECK_S = 1.0
AUDIO_STILL_CHECKS = 3
"""So many checks in a row without a tick, and the audio thread counts as dead."""

_log = logging.getLogger(__name__)


@contextlib.contextmanager
def first_of_group() -> Iterator[None]:
    """Raise what is inside a group of one: people want the sentence, not the tree."""
    try:
        yield
    except BaseExceptionGroup as group:
        inner: BaseException = group
        while isinstance(inner, BaseExceptionGroup):
            inner = inner.exceptions[0]
        raise inner from None


async def pause(stopped: asyncio.Event, seconds: float) -> bool:
    """Wait; True at once when the gateway stops meanwhile."""
    try:
        async with asyncio.timeout(seconds):
            await stopped.wait()
    except TimeoutError:
        return False
    return True


async def keep(
    name: str,
    serve: Callable[[], Awaitable[None]],
    stopped: asyncio.Event,
    on_alarm: Callable[[RaiseAlarm], None],
    *,
    retry_s: float = RETRY_S,
) -> None:
    """Run ``serve`` until the gateway stops, again and again if it fails; an alarm for each new reason."""
    said = ""
    while not stopped.is_set():
        try:
            await serve()
            return
        except (CitylineError, OSError) as error:
            if stopped.is_set():
                return
            if str(error) != said:
                said = str(error)
                on_alarm(RaiseAlarm(name, said))
            _log.info("%s failed, next try in %s s: %s", name, retry_s, error)
        await pause(stopped, retry_s)


async def watch_audio(
    ticks: Callable[[], int], stopped: asyncio.Event, *, check_s: float = AUDIO_CHECK_S
) -> None:
    """Return when the gateway stops; HardwareError when the audio thread stands still."""
    last, still = ticks(), 0
    while not await pause(stopped, check_s):
        now = ticks()
        still = still + 1 if now == last else 0
        last = now
        if still >= AUDIO_STILL_CHECKS:
            raise HardwareError(
                f"the audio thread has stood still for {still * check_s:.0f} s: the gateway ends;"
                " start it again (systemd does so by itself)"
            )
