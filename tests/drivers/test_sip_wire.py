"""The bounded socket: order, congestion, overflow, loss, and what a dying end said last."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any

from gateway.drivers.sip_wire import CLOSED, CONGESTED_MESSAGES, MAX_OUTBOX_MESSAGES, SipWire, wire_pair
from gateway.sip import messages as m

DEADLINE_S = 10.0
BODY = "x" * 4_000


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scenario())


class End:
    """One end, and what came to it."""

    def __init__(self, end: socket.socket) -> None:
        self.messages: list[m.Message] = []
        self.lost: list[str] = []
        self.changed = asyncio.Event()
        self.wire = SipWire(end, self._take, self._lose)

    def _take(self, message: m.Message) -> None:
        self.messages.append(message)
        self.changed.set()

    def _lose(self, reason: str) -> None:
        self.lost.append(reason)
        self.changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


def test_messages_arrive_in_order_and_whole() -> None:
    async def scenario() -> None:
        ours, theirs = (End(end) for end in wire_pair())
        sent = [m.Answer(number, BODY) for number in range(1_000)]
        for message in sent:
            ours.wire.send(message)
        await theirs.until(lambda: len(theirs.messages) == 1_000)
        assert theirs.messages == sent
        assert not ours.wire.is_congested
        ours.wire.close()
        await theirs.until(lambda: bool(theirs.lost))
        assert theirs.lost == [CLOSED]
        assert not theirs.wire.is_open

    run(scenario)


def test_a_reader_that_is_slow_makes_congestion_and_one_that_is_dead_makes_loss() -> None:
    async def scenario() -> None:
        end, deaf = wire_pair()
        ours = End(end)
        with deaf:
            sent = 0
            while not ours.wire.is_congested:
                ours.wire.send(m.Answer(sent, BODY))
                sent += 1
            assert sent > CONGESTED_MESSAGES, "the socket's own buffer comes first"
            while ours.wire.is_open:
                ours.wire.send(m.Answer(sent, BODY))
                sent += 1
                assert sent < 10 * MAX_OUTBOX_MESSAGES
            assert ours.lost == ["the other side of the SIP socket does not read"]
            ours.wire.send(m.Ping(1))  # no error after the loss

    run(scenario)


def test_congestion_ends_when_the_other_side_reads_again() -> None:
    async def scenario() -> None:
        end, other = wire_pair()
        ours = End(end)
        sent = 0
        while not ours.wire.is_congested:
            ours.wire.send(m.Answer(sent, BODY))
            sent += 1
        theirs = End(other)
        await theirs.until(lambda: len(theirs.messages) == sent)
        assert not ours.wire.is_congested
        ours.wire.close()
        theirs.wire.close()

    run(scenario)


def test_what_a_dying_end_said_last_is_read_even_when_it_left_something_unread() -> None:
    async def scenario() -> None:
        end, dying = wire_pair()
        ours = End(end)
        ours.wire.send(m.Ping(1))
        dying.send(m.encode(m.Gone(7)))
        dying.close()
        await ours.until(lambda: bool(ours.lost))
        assert ours.messages == [m.Gone(7)]
        assert ours.lost == [CLOSED]

    run(scenario)


def test_nonsense_ends_the_connection() -> None:
    async def scenario() -> None:
        end, other = wire_pair()
        ours = End(end)
        with other:
            for packet in (b'{"is":"Gone","call":1}', b"\xff"):
                other.send(packet)
            await ours.until(lambda: bool(ours.lost))
            assert ours.messages == [m.Gone(1)]
            assert "nonsense" in ours.lost[0]

    run(scenario)
