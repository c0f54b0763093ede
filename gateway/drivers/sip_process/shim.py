"""The C shim as Python values: the only importer of ``gateway._sip_shim``; runs in the SIP process."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from gateway._sip_shim import ffi, lib
from gateway.sip.messages import Configure
from gateway.sip.orphans import Bye


class Kind(IntEnum):
    """What a shim event tells (sip_shim.h, enum sx_kind)."""

    REGISTER = lib.SX_REGISTER
    INVITE = lib.SX_INVITE
    REINVITE = lib.SX_REINVITE
    ACK = lib.SX_ACK
    PROGRESS = lib.SX_PROGRESS
    ANSWERED = lib.SX_ANSWERED
    REFUSED = lib.SX_REFUSED
    REINVITE_ENDED = lib.SX_REINVITE_ENDED
    ENDED = lib.SX_ENDED
    DIALOG = lib.SX_DIALOG
    ORPHAN_ENDED = lib.SX_ORPHAN_ENDED
    STOPPED = lib.SX_STOPPED


class Text(IntEnum):
    """The texts of a shim event (sip_shim.h, enum sx_text)."""

    SOURCE = lib.SX_SOURCE
    TRANSPORT = lib.SX_TRANSPORT
    REQUEST_URI = lib.SX_REQUEST_URI
    REQUEST_USER = lib.SX_REQUEST_USER
    FROM_USER = lib.SX_FROM_USER
    FROM_NAME = lib.SX_FROM_NAME
    TO_USER = lib.SX_TO_USER
    CALL_ID = lib.SX_CALL_ID
    CONTACTS = lib.SX_CONTACTS
    AUTHORIZATION = lib.SX_AUTHORIZATION
    PROXY_AUTHORIZATION = lib.SX_PROXY_AUTHORIZATION
    CONTENT_TYPE = lib.SX_CONTENT_TYPE
    BODY = lib.SX_BODY
    PHRASE = lib.SX_PHRASE
    USER_AGENT = lib.SX_USER_AGENT
    VIA = lib.SX_VIA
    FROM = lib.SX_FROM
    TO = lib.SX_TO
    ORPHAN_LOCAL = lib.SX_ORPHAN_LOCAL
    ORPHAN_REMOTE = lib.SX_ORPHAN_REMOTE
    ORPHAN_TARGET = lib.SX_ORPHAN_TARGET
    ORPHAN_ROUTE = lib.SX_ORPHAN_ROUTE
    ORPHAN_VIA = lib.SX_ORPHAN_VIA


@dataclass(frozen=True, slots=True)
class ShimEvent:
    """One event; absent texts are empty."""

    kind: Kind
    id: int
    status: int
    cause_q850: int
    source_port: int
    expires_s: int | None
    cseq: int
    cancelled: bool
    established: bool
    texts: tuple[str, ...]

    def text(self, which: Text) -> str:
        """One of its texts."""
        return self.texts[which]


@dataclass(frozen=True, slots=True)
class Counters:
    """Figures of the C side."""

    commands: int
    calls: int
    overloaded: int


def _bytes(text: str) -> bytes:
    return text.replace("\0", "").encode("utf-8", "surrogateescape")


def local_addresses(*, ipv6: bool) -> list[str]:
    """The addresses of this machine, the kernel's order, without link-local ones."""
    out = ffi.new("char[]", 8_192)
    error = lib.sx_local_addresses(out, len(out), ipv6)
    if error:
        raise OSError(error, os.strerror(error))
    return list(dict.fromkeys(ffi.string(out).decode().split()))


class Shim:
    """One running sofia-sip endpoint. Raises OSError when it cannot listen."""

    def __init__(self, configure: Configure, slot: int, user_agent: str = "Cityline") -> None:
        address = ffi.new("char[]", _bytes(configure.address))
        agent = ffi.new("char[]", _bytes(user_agent))
        settings = ffi.new("struct sx_settings *")
        settings.address = address
        settings.user_agent = agent
        settings.port = configure.port
        settings.udp = "udp" in configure.transports
        settings.tcp = "tcp" in configure.transports
        settings.slot = slot
        settings.max_calls = configure.limits.max_calls
        settings.max_waiting = configure.limits.max_waiting
        out = ffi.new("struct sx_stack **")
        error = lib.sx_create(out, settings)
        if error:
            raise OSError(error, os.strerror(error))
        self._stack = out[0]
        self.address = configure.address
        self.slot = slot
        self.event_fd: int = lib.sx_event_fd(self._stack)

    def events(self, limit: int) -> Iterator[ShimEvent]:
        """At most ``limit`` events that wait; fewer than that means that none is left."""
        for _ in range(limit):
            event = lib.sx_take(self._stack)
            if event == ffi.NULL:
                return
            try:
                yield self._copied(event)
            finally:
                lib.sx_event_destroy(event)

    @staticmethod
    def _copied(event: "ffi.CData") -> ShimEvent:
        texts = tuple(
            "" if text == ffi.NULL else ffi.string(text).decode("utf-8", "surrogateescape")
            for text in event.text[0 : lib.SX_TEXTS]
        )
        return ShimEvent(
            kind=Kind(event.kind),
            id=event.id,
            status=event.status,
            cause_q850=event.cause_q850,
            source_port=event.source_port,
            expires_s=None if event.expires_s < 0 else event.expires_s,
            cseq=event.cseq,
            cancelled=bool(event.cancelled),
            established=bool(event.established),
            texts=texts,
        )

    def respond(self, call: int, status: int, headers: str = "", sdp: str = "") -> None:
        """Answer a request."""
        lib.sx_respond(
            self._stack, call, status, _bytes(headers) or ffi.NULL, _bytes(sdp) if sdp else ffi.NULL
        )

    def invite(self, call: int, uri: str, next_hop: str, sender: str, to: str, sdp: str) -> None:
        """Call a URI over ``next_hop`` (empty: where the URI points)."""
        hop = _bytes(next_hop) or ffi.NULL
        lib.sx_invite(self._stack, call, _bytes(uri), hop, _bytes(sender), _bytes(to), _bytes(sdp))

    def reinvite(self, call: int, sdp: str) -> None:
        """Offer a changed session."""
        lib.sx_reinvite(self._stack, call, _bytes(sdp))

    def hangup(self, call: int, status: int, reason: str) -> None:
        """End a call as its state asks."""
        lib.sx_hangup(self._stack, call, status, _bytes(reason) or ffi.NULL)

    def bye_orphan(self, number: int, bye: Bye) -> None:
        """BYE for a dialog of an earlier process."""
        texts = {
            name: ffi.new("char[]", _bytes(text)) if text else ffi.NULL
            for name, text in (
                ("call_id", bye.call_id),
                ("local", bye.local),
                ("remote", bye.remote),
                ("target", bye.target),
                ("route", bye.route),
                ("reason", bye.reason),
                ("next_hop", bye.next_hop),
            )
        }
        orphan = ffi.new("struct sx_orphan *", {**texts, "cseq": bye.cseq})
        lib.sx_bye_orphan(self._stack, number, orphan)

    def count(self) -> Counters:
        """Figures of the C side."""
        counters = ffi.new("struct sx_counters *")
        lib.sx_count(self._stack, counters)
        return Counters(counters.commands, counters.calls, counters.overloaded)

    def close(self) -> None:
        """End calls, close sockets, join the thread; blocks for as long as sofia needs for its BYEs."""
        lib.sx_destroy(self._stack)
