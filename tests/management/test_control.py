"""The control socket: answers, followers, and clients that misbehave."""

# ruff: noqa: ASYNC110 - a test waits for what another task does, without a clock

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import CitylineError
from gateway.management import control
from gateway.management.client import NotRunning, Refused, ask, read_trace
from gateway.management.control import ControlSocket, Question, QuestionError, Sources, parse_question


class Office:
    """Answers questions and has a trace."""

    def __init__(self) -> None:
        self.followers: list[Callable[[str], None]] = []
        self.lines = ["one", "two", "three"]

    def follow(self, follower: Callable[[str], None]) -> Callable[[], None]:
        self.followers.append(follower)
        return lambda: self.followers.remove(follower)

    def sources(self) -> Sources:
        return Sources(
            {"status": lambda: {"version": "4f2a"}, "lines": lambda: ["Касса", "\ud800"]},
            lambda count: self.lines[len(self.lines) - count :] if count else [],
            self.follow,
            self.obey,
        )

    def obey(self, line: str) -> str:
        if line != "101 lifts":
            raise CitylineError("101 can: lifts")
        return "lifted"


@contextlib.asynccontextmanager
async def serving(tmp_path: Path) -> AsyncIterator[tuple[Office, str]]:
    office, path = Office(), tmp_path / "control"
    server = ControlSocket(office.sources())
    await server.open(path, str(path))
    try:
        yield office, str(path)
    finally:
        await server.close()
        assert not path.exists()


async def exchange(address: str, raw: bytes) -> list[dict[str, object]]:
    """Send bytes, close our half, read to the end."""
    reader, writer = await asyncio.open_unix_connection(address, limit=1 << 22)
    with contextlib.suppress(ConnectionError):
        writer.write(raw)
        writer.write_eof()
    replies = []
    with contextlib.suppress(ConnectionError):
        while line := await reader.readline():
            replies.append(json.loads(line))
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return replies


def test_several_questions_are_answered_in_order(tmp_path):
    async def main() -> None:
        async with serving(tmp_path) as (_, address):
            assert await exchange(address, b'{"ask": "status"}\n{"ask":"lines"}\n') == [
                {"answer": {"version": "4f2a"}},
                {"answer": ["Касса", "\ud800"]},
            ]

    asyncio.run(main())


def test_the_people_of_the_bench_obey_or_say_what_they_can(tmp_path):
    async def main() -> None:
        async with serving(tmp_path) as (_, address):
            assert await asyncio.to_thread(ask, address, "bench", line="101 lifts") == "lifted"
            with pytest.raises(Refused, match="101 can: lifts"):
                await asyncio.to_thread(ask, address, "bench", line="101 sings")

    asyncio.run(main())


def test_only_the_owner_may_ask(tmp_path):
    async def main() -> None:
        async with serving(tmp_path) as (_, address):
            assert Path(address).stat().st_mode & 0o777 == 0o600

    asyncio.run(main())


def test_a_socket_that_a_killed_gateway_left_is_replaced(tmp_path):
    import socket

    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "control"))
    left.close()
    with pytest.raises(NotRunning):
        ask(str(tmp_path / "control"), "status")

    async def main() -> None:
        async with serving(tmp_path) as (_, address):
            assert await asyncio.to_thread(ask, address, "status") == {"version": "4f2a"}

    asyncio.run(main())


def test_the_client_says_when_nobody_answers_and_when_it_is_refused(tmp_path):
    with pytest.raises(NotRunning, match="No such file"):
        ask(str(tmp_path / "control"), "status")

    async def main() -> None:
        async with serving(tmp_path) as (_, address):
            with pytest.raises(Refused, match="unknown question 'weather'; known: lines, status, trace"):
                await asyncio.to_thread(ask, address, "weather")

    asyncio.run(main())


def test_the_last_lines_of_the_trace_can_be_asked_for(tmp_path):
    async def main() -> None:
        async with serving(tmp_path) as (_, address):
            lines = await asyncio.to_thread(lambda: list(read_trace(address, 2, follow=False)))
            assert lines == ["two", "three"]

    asyncio.run(main())


def test_a_follower_gets_what_comes_until_it_leaves(tmp_path):
    async def main() -> None:
        async with serving(tmp_path) as (office, address):
            reader, writer = await asyncio.open_unix_connection(address)
            writer.write(b'{"ask": "trace", "last": 1, "follow": true}\n')
            assert json.loads(await reader.readline()) == {"line": "three"}
            while not office.followers:
                await asyncio.sleep(0)
            office.followers[0]("four")
            assert json.loads(await reader.readline()) == {"line": "four"}
            writer.close()
            await writer.wait_closed()
            async with asyncio.timeout(20):
                while office.followers:
                    await asyncio.sleep(0)

    asyncio.run(main())


def test_a_follower_that_does_not_read_is_dropped_and_nobody_waits_for_it(tmp_path):
    async def main() -> None:
        async with serving(tmp_path) as (office, address):
            reader, writer = await asyncio.open_unix_connection(address)
            writer.write(b'{"ask": "trace", "follow": true}\n')
            async with asyncio.timeout(20):
                while not office.followers:
                    await asyncio.sleep(0)
                sent = 0
                while office.followers:
                    for follower in tuple(office.followers):
                        follower("x" * 10_000)
                        sent += 10_000
                    await asyncio.sleep(0)
            assert sent < 8 * control.BACKLOG_LIMIT
            assert (await exchange(address, b'{"ask":"status"}\n'))[0] == {"answer": {"version": "4f2a"}}
            reader.feed_eof()
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    asyncio.run(main())


def test_clients_beyond_the_limit_are_told_to_come_again(tmp_path):
    async def main() -> None:
        async with serving(tmp_path) as (_, address):
            held = [await asyncio.open_unix_connection(address) for _ in range(control.CLIENT_LIMIT)]
            for reader, writer in held:
                writer.write(b'{"ask":"status"}\n')
                await reader.readline()
            assert await exchange(address, b"") == [{"error": "too many clients; try again"}]
            for _, writer in held:
                writer.close()
                await writer.wait_closed()
            async with asyncio.timeout(20):
                while "error" in (await exchange(address, b'{"ask":"status"}\n'))[0]:
                    await asyncio.sleep(0)

    asyncio.run(main())


def test_a_client_that_says_nothing_is_let_go(tmp_path, monkeypatch):
    monkeypatch.setattr(control, "SILENCE_S", 0.01)

    async def main() -> None:
        async with serving(tmp_path) as (_, address):
            reader, writer = await asyncio.open_unix_connection(address)
            async with asyncio.timeout(20):
                assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        (b"status\n", "not JSON"),
        (b"\xff\n", "not JSON"),
        (b"[" * 4_000 + b"\n", "not JSON"),
        (b"[1]\n", "no question"),
        (b"{}\n", "no question"),
        (b'{"ask": 1}\n', "no question"),
        (b'{"ask": "trace", "last": -1}\n', '"last" is a number'),
        (b'{"ask": "trace", "last": true}\n', '"last" is a number'),
        (b'{"ask": "trace", "follow": "yes"}\n', '"follow" is true or false'),
        (b'{"ask": "bench", "line": 7}\n', '"line" is a text'),
        (b"x" * 5_000 + b"\n", "at most 4096 bytes"),
    ],
)
def test_garbage_is_answered_by_an_error(tmp_path, raw, complaint):
    async def main() -> None:
        async with serving(tmp_path) as (_, address):
            (reply,) = await exchange(address, raw)
            assert complaint in str(reply["error"])

    asyncio.run(main())


def test_after_garbage_the_next_question_is_answered(tmp_path):
    async def main() -> None:
        async with serving(tmp_path) as (_, address):
            replies = await exchange(address, b'garbage\n{"ask":"status"}\n')
            assert [next(iter(reply)) for reply in replies] == ["error", "answer"]

    asyncio.run(main())


@given(st.binary(max_size=300))
def test_any_line_is_a_question_or_refused(raw):
    try:
        question = parse_question(raw)
    except QuestionError:
        return
    assert isinstance(question, Question)


def test_any_bytes_leave_the_socket_serving(tmp_path):
    """Fuzz over the socket itself: whatever comes, the next client is answered."""

    async def main() -> None:
        async with serving(tmp_path) as (_, address):

            async def throw(raw: bytes) -> None:
                for reply in await exchange(address, raw):
                    assert set(reply) <= {"error", "answer", "line"}
                assert (await exchange(address, b'{"ask":"status"}\n'))[0] == {"answer": {"version": "4f2a"}}

            loop = asyncio.get_running_loop()

            @given(st.binary(max_size=6_000))
            def fuzz(raw: bytes) -> None:
                asyncio.run_coroutine_threadsafe(throw(raw), loop).result(20)

            await asyncio.to_thread(fuzz)

    asyncio.run(main())
