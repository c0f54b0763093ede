"""A virtual second: clock and wires in step, without a signal core."""

from gateway.simulator.clock import VirtualClock
from gateway.simulator.wires import Wire

TICK_NS = 10_000_000
SILENCE = bytes(160)


class World:
    """Clock and wires that move together; ``played`` is what each port sends, ``captured`` what it hears."""

    def __init__(self, *wires: Wire) -> None:
        self.clock = VirtualClock()
        self.wires = wires
        self.played: dict[Wire, bytes] = {}
        self.captured: dict[Wire, bytearray] = {wire: bytearray() for wire in wires}

    def run(self, duration_ms: int) -> None:
        for _ in range(duration_ms // 10):
            self.clock.advance(self.clock.monotonic_ns() + TICK_NS)
            for wire in self.wires:
                played = self.played.get(wire, b"")
                block, self.played[wire] = played[:160].ljust(160, b"\0"), played[160:]
                self.captured[wire] += wire.tick(block)

    @property
    def now_ms(self) -> float:
        return self.clock.monotonic_ns() / 1e6
