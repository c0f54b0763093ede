"""Scripts that run side by side in one office: each is a generator that says what it waits for."""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass

from gateway.bench.office import TICK_MS, Office


@dataclass(frozen=True, slots=True)
class Until:
    """Wait until ``condition`` holds, ``limit_ms`` at the most; the script is sent whether it came true."""

    condition: Callable[[], bool]
    limit_ms: int


def never() -> bool:
    """The condition of a mere pause."""
    return False


def pause(duration_ms: float) -> Until:
    """Wait for so long."""
    return Until(never, round(duration_ms))


Script = Generator[Until, bool, None]


class _Running:
    """A script and what it waits for."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.wait: Until | None = next(script, None)
        self.waited_ms = 0

    def step(self) -> None:
        """A tick has passed."""
        if self.wait is None:
            return
        self.waited_ms += TICK_MS
        came = self.wait.condition()
        if came or self.waited_ms >= self.wait.limit_ms:
            self.waited_ms = 0
            try:
                self.wait = self.script.send(came)
            except StopIteration:
                self.wait = None


def run_together(office: Office, scripts: Iterable[Script]) -> None:
    """Run them until all are over."""
    running = [_Running(script) for script in scripts]
    while any(one.wait is not None for one in running):
        office.step()
        for one in running:
            one.step()
