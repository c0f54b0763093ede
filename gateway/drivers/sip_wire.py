"""One end of the socket between the gateway and the SIP process: SOCK_SEQPACKET, one JSON message a
packet, bounded.

Nothing is ever dropped in the middle: a sender asks `is_congested` before it takes on new work (and
refuses it), and an
outbox that still overflows closes the connection, which both ends treat as the loss of the other.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable

from gateway.sip.messages import MAX_PACKET_BYTES, BadMessage, Message, decode, encode

CONGESTED_MESSAGES = 256
"""From here on no new calls and registrations are taken on."""

MAX_OUTBOX_MESSAGES = 4_096
"""More than the ends of all calls together can make; beyond it the other side is as good as dead."""

SOCKET_BUFFER_BYTES = 1 << 20
BATCH_MESSAGES = 64

CLOSED = "the other side closed the SIP socket"


def wire_pair() -> tuple[socket.socket, socket.socket]:
    """Both ends of a new connection."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
    return ours, theirs


class SipWire:
    """Sends and receives messages; ``on_message`` and ``on_lost`` are called from the event loop."""

    def __init__(
        self, end: socket.socket, on_message: Callable[[Message], None], on_lost: Callable[[str], None]
    ) -> None:
        self._socket = end
        self._on_message = on_message
        self._on_lost = on_lost
        self._outbox: deque[bytes] = deque()
        self._loop = asyncio.get_running_loop()
        self._writing = False
        self._open = True
        end.setblocking(False)
        self._loop.add_reader(end, self._readable)

    @property
    def is_congested(self) -> bool:
        """Whether the other side reads too slowly for new work."""
        return len(self._outbox) >= CONGESTED_MESSAGES

    @property
    def is_open(self) -> bool:
        """False after `close` or loss."""
        return self._open

    def send(self, message: Message) -> None:
        """Queue one message; loses the connection when the outbox overflows. Ignored after the loss."""
        if not self._open:
            return
        if len(self._outbox) >= MAX_OUTBOX_MESSAGES:
            self._lose("the other side of the SIP socket does not read")
            return
        self._outbox.append(encode(message))
        if not self._writing:
            self._writable()

    def close(self) -> None:
        """Close without `on_lost`."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()

    def _lose(self, reason: str) -> None:
        if self._open:
            self.close()
            self._on_lost(reason)

    def _readable(self) -> None:
        for _ in range(BATCH_MESSAGES):
            if not self._open:
                return
            try:
                packet = self._socket.recv(MAX_PACKET_BYTES + 1)
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionResetError:
                continue  # it died without reading all; what it had said is still to be read
            except OSError as error:
                self._lose(f"the SIP socket failed: {error}")
                return
            if not packet:
                self._lose(CLOSED)
                return
            try:
                message = decode(packet)
            except BadMessage as error:
                self._lose(f"the other side of the SIP socket talks nonsense: {error}")
                return
            self._on_message(message)

    def _writable(self) -> None:
        while self._outbox:
            try:
                self._socket.send(self._outbox[0])
            except (BlockingIOError, InterruptedError):
                break
            except (BrokenPipeError, ConnectionResetError):
                self._outbox.clear()  # the reader will see the end after the last message
                break
            except OSError as error:
                self._lose(f"the SIP socket failed: {error}")
                return
            self._outbox.popleft()
        wants_writer = bool(self._outbox)
        if wants_writer != self._writing:
            self._writing = wants_writer
            if wants_writer:
                self._loop.add_writer(self._socket, self._writable)
            else:
                self._loop.remove_writer(self._socket)
