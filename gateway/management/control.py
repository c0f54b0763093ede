"""The control socket: a Unix socket in the state directory on which the running gateway answers questions.

One JSON object a line. A question is ``{"ask": "status"}``; the answer ``{"answer": ...}`` or ``{"error":
"..."}``; after ``{"ask": "trace", "follow": true}`` come ``{"line": "..."}`` until somebody hangs up.
The only thing that changes the office is an order, ``{"ask": "lamp", "line": "101 on"}``. Who may ask is
decided by the file's mode, 0600. Clients, the length of a question, the time to ask it and what waits for a
slow reader are bounded: a client can only ever hurt itself.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from gateway.errors import CitylineError
from gateway.model.plain import Plain

CLIENT_LIMIT = 16
QUESTION_LIMIT = 4_096
"""Bytes of one question."""

SILENCE_S = 30.0
"""A client that asks nothing for this long is let go (not one that follows the trace)."""

BACKLOG_LIMIT = 1 << 20
"""Bytes that may wait for a follower that does not read."""

LAST_LINES_LIMIT = 10_000

Follow = Callable[[Callable[[str], None]], Callable[[], None]]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where answers come from: ``views`` by the name of the question, the trace, and the people of a
    simulated board.

    ``obey`` takes a line of the bench prompt; its `CitylineError` goes back to the client. None on a real
    board. ``orders`` take a line too: what an administrator wants of a modem.
    """

    views: dict[str, Callable[[], Plain]]
    last_lines: Callable[[int], list[str]]
    follow: Follow
    obey: Callable[[str], Plain] | None = None
    orders: dict[str, Callable[[str], Plain]] = field(default_factory=dict)
    """What changes the office, by name; each takes its words, and a `CitylineError` goes back likewise."""


class QuestionError(Exception):
    """A question cannot be answered; its text goes back to the client."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question that was understood."""

    ask: str
    last: int = 0
    follow: bool = False
    line: str = ""


def parse_question(raw: bytes) -> Question:
    """Read one line. Raises `QuestionError` for whatever is not a question."""
    try:
        value = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        raise QuestionError('not JSON; ask like this: {"ask": "status"}') from None
    if not isinstance(value, dict) or not isinstance(value.get("ask"), str):
        raise QuestionError('no question; ask like this: {"ask": "status"}')
    last, follow = value.get("last", 0), value.get("follow", False)
    if isinstance(last, bool) or not isinstance(last, int) or not 0 <= last <= LAST_LINES_LIMIT:
        raise QuestionError(f'"last" is a number from 0 to {LAST_LINES_LIMIT}')
    if not isinstance(follow, bool):
        raise QuestionError('"follow" is true or false')
    line = value.get("line", "")
    if not isinstance(line, str):
        raise QuestionError('"line" is a text')
    return Question(value["ask"], last, follow, line)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


@dataclass(slots=True)
class _Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, reply: dict[str, Plain]) -> None:
        """Queue a reply; a client that lets too much pile up is lost."""
        if self.lost.is_set():
            return
        line = json.dumps(reply, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        self.writer.write(line)
        if self.writer.transport.get_write_buffer_size() > BACKLOG_LIMIT:
            self.lost.set()
            self.writer.transport.abort()


class ControlSocket:
    """Serves the socket until `close`."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._clients: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._path: Path | None = None

    async def open(self, path: Path, address: str) -> None:
        """Listen on ``path`` (by ``address``, which may be a shorter name of it). The caller holds the
        state's lock, so that a socket which is already there is one that a killed gateway left. Raises
        OSError.
        """
        _remove(path)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._accept, address, limit=QUESTION_LIMIT)
        finally:
            os.umask(before)
        self._path = path

    async def close(self) -> None:
        """Let the clients go and take the socket away."""
        if self._server is not None:
            self._server.close()
        for client in tuple(self._clients):
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        if self._path is not None:
            _remove(self._path)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Client(reader, writer)
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            if len(self._clients) > CLIENT_LIMIT:
                client.send({"error": "too many clients; try again"})
            else:
                await self._converse(client)
            await writer.drain()
        except (ConnectionError, TimeoutError):
            client.lost.set()
        finally:
            self._clients.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _converse(self, client: _Client) -> None:
        while not client.lost.is_set():
            try:
                async with asyncio.timeout(SILENCE_S):
                    raw = await client.reader.readline()
            except ValueError:  # longer than QUESTION_LIMIT: there is no telling where the next one begins
                client.send({"error": f"a question has at most {QUESTION_LIMIT} bytes"})
                return
            if not raw:
                return
            try:
                question = parse_question(raw)
                await self._answer(client, question)
            except QuestionError as error:
                client.send({"error": str(error)})
            await client.writer.drain()

    def _answer_of(self, question: Question) -> Plain:
        view = self._sources.views.get(question.ask)
        order = self._sources.obey if question.ask == "bench" else self._sources.orders.get(question.ask)
        if order is not None:
            try:
                return order(question.line)
            except CitylineError as error:
                raise QuestionError(str(error)) from None
        if view is None:
            known = ", ".join(sorted([*self._sources.views, *self._sources.orders, "trace"]))
            raise QuestionError(f"unknown question {question.ask[:40]!r}; known: {known}")
        return view()

    async def _answer(self, client: _Client, question: Question) -> None:
        if question.ask != "trace":
            client.send({"answer": self._answer_of(question)})
            return
        for line in self._sources.last_lines(question.last):
            client.send({"line": line})
        if not question.follow:
            client.send({"answer": None})
            return
        unfollow = self._sources.follow(lambda line: client.send({"line": line}))
        try:
            # Whatever a follower says, or its end of file, means that it has seen enough.
            await client.reader.read(1)
        finally:
            unfollow()
        raise ConnectionResetError
