"""Between the C shim, the gatekeeper and the gateway's socket.

Carries events of the C shim to the gatekeeper and on to the gateway, and the gateway's wishes back. What
is decided is
decided in gateway.sip (pure) or in the exchange. It ends when its socket does; calls get BYE first.
"""

import asyncio
import logging
import os
import random
import secrets
import socket
import time
from dataclasses import dataclass, replace

from gateway.drivers.sip_process.endpoints import Endpoints
from gateway.drivers.sip_process.shim import Kind, Shim, ShimEvent, Text
from gateway.drivers.sip_wire import CLOSED, SipWire
from gateway.model.causes import Cause
from gateway.sip import messages as m
from gateway.sip.addresses import host_and_port, name_address, sip_uri
from gateway.sip.causes import cause_of_status, reason_header, status_of_cause
from gateway.sip.gatekeeper import RETRY_AFTER, Gatekeeper, Output, Request, Respond, header_lines
from gateway.sip.orphans import Bye, Datagram, endings
from gateway.sip.registrar import Binding

ORPHAN_NUMBERS = 0x4000_0000
"""Numbers of orphans' BYEs begin here: above the gateway's dialogs, below incoming calls."""

DATAGRAM_REPEATS_S = (0.0, 0.5, 1.5)
"""A datagram that nobody acknowledges is sent this often (RFC 3261 timer T1 = 0.5 s, doubled)."""

PINGS_A_REFRESH = 5
"""Every so many pings (one a second) the machine's addresses are looked at again."""

BYE_AFTER_CANCEL_S = 0.5
"""Between the CANCEL of an orphaned INVITE and the BYE for the case that it was answered meanwhile."""

_log = logging.getLogger("cityline.sip")


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


@dataclass(slots=True)
class _Call:
    """What the process knows of a call that the gateway knows too."""

    shim: Shim
    orphan: m.Orphan
    refused: bool = False
    offer: str = ""
    """Our last re-INVITE, while it has not been answered."""


def request_of(event: ShimEvent) -> Request:
    """A shim event as the gatekeeper wants it."""
    return Request(
        id=event.id,
        source_address=event.text(Text.SOURCE),
        source_port=event.source_port,
        transport=event.text(Text.TRANSPORT),
        request_user=event.text(Text.REQUEST_USER),
        from_user=event.text(Text.FROM_USER),
        from_name=event.text(Text.FROM_NAME),
        to_user=event.text(Text.TO_USER),
        call_id=event.text(Text.CALL_ID),
        cseq=event.cseq,
        authorization=event.text(Text.AUTHORIZATION),
        proxy_authorization=event.text(Text.PROXY_AUTHORIZATION),
        contacts=event.text(Text.CONTACTS),
        expires_s=event.expires_s,
        content_type=event.text(Text.CONTENT_TYPE),
        body=event.text(Text.BODY),
    )


def caller_orphan(event: ShimEvent) -> m.Orphan:
    """The mirror of an INVITE that nobody has answered yet."""
    return m.Orphan(
        outgoing=False,
        established=False,
        call_id=event.text(Text.CALL_ID),
        local=event.text(Text.TO),
        remote=event.text(Text.FROM),
        target="",
        route="",
        via=event.text(Text.VIA),
        cseq=event.cseq,
        source_address=event.text(Text.SOURCE),
        source_port=event.source_port,
        transport=event.text(Text.TRANSPORT),
    )


class SipProcess:
    """Everything in the process that is not sofia's."""

    def __init__(self, end: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._wire = SipWire(end, self._on_message, self._on_lost)
        self._endpoints: Endpoints | None = None
        self._gatekeeper: Gatekeeper | None = None
        self._calls: dict[int, _Call] = {}
        self._orphans: dict[int, str] = {}
        self._orphan_serial = 0
        self._restored: set[tuple[str, str]] = set()
        self._expiry: asyncio.TimerHandle | None = None
        self._commands_seen: dict[Shim, int] = {}
        self.ended = asyncio.Event()

    def close(self) -> None:
        """Hang up, close, end."""
        self._wire.close()
        if self._endpoints is not None:
            self._endpoints.close()
            self._endpoints = None

    # --- from the gateway

    def _on_lost(self, reason: str) -> None:
        if reason != CLOSED:  # that is how the gateway ends us
            _log.warning("ending: %s", reason)
        self.ended.set()

    def _on_message(self, message: m.Message) -> None:
        if isinstance(message, m.Configure):
            self._on_configure(message)
        elif self._endpoints is None or self._gatekeeper is None:
            _log.error("%s before Configure", type(message).__name__)
        elif isinstance(message, m.Ring | m.Answer | m.Refuse | m.Reinvite | m.Hangup):
            self._to_call(message)
        else:
            self._carry_out(message, self._endpoints, self._gatekeeper)

    def _on_configure(self, message: m.Configure) -> None:
        if self._gatekeeper is not None:
            self._tell(self._gatekeeper.configure(message))
            return
        try:
            self._endpoints = Endpoints(message, self._on_event)
        except OSError as error:
            self._wire.send(m.CannotListen(error.errno or 0, error.strerror or str(error)))
            self._loop.call_soon(self.ended.set)
            return
        self._gatekeeper = Gatekeeper(message, secrets.token_bytes(32))
        self._wire.send(m.Listening(os.getpid()))

    def _carry_out(self, message: m.Message, endpoints: Endpoints, gatekeeper: Gatekeeper) -> None:
        match message:
            case m.RestoreBinding():
                gatekeeper.restore(message, _now_ms())
                self._restored.add((message.extension, message.contact))
                self._plan_expiry(gatekeeper)
            case m.EndOrphan():
                self._end_orphan(message, endpoints.towards(message.orphan.source_address))
            case m.Call():
                self._call(message, endpoints, gatekeeper)
            case m.Ping():
                self._pong(message, endpoints, gatekeeper)
            case _:
                _log.error("%s is not for us", type(message).__name__)

    def _to_call(self, message: m.Ring | m.Answer | m.Refuse | m.Reinvite | m.Hangup) -> None:
        call = self._calls.get(message.call)
        if call is None:
            return
        match message:
            case m.Ring():
                call.shim.respond(message.call, 183 if message.sdp else 180, "", message.sdp)
            case m.Answer():
                call.shim.respond(message.call, 200, "", message.sdp)
            case m.Refuse():
                call.shim.respond(message.call, message.status)
            case m.Reinvite():
                call.offer = message.sdp
                call.shim.reinvite(message.call, message.sdp)
            case m.Hangup():
                status = status_of_cause(message.cause_q850)
                call.shim.hangup(message.call, status, reason_header(message.cause_q850))

    def _pong(self, message: m.Ping, endpoints: Endpoints, gatekeeper: Gatekeeper) -> None:
        """Answer, unless a C thread has not carried out the empty command of the last ping."""
        counters = {shim: shim.count() for shim in endpoints.all()}
        if all(count.commands > self._commands_seen.get(shim, -1) for shim, count in counters.items()):
            calls = sum(count.calls for count in counters.values())
            overloaded = sum(count.overloaded for count in counters.values())
            self._wire.send(m.Pong(message.serial, calls, overloaded, gatekeeper.limited))
        self._commands_seen = {shim: count.commands for shim, count in counters.items()}
        for shim in counters:
            shim.hangup(0, 480, "")
        if message.serial % PINGS_A_REFRESH == 0:
            endpoints.refresh()
            self._end_calls_without_endpoint(set(endpoints.all()))

    def _end_calls_without_endpoint(self, shims: set[Shim]) -> None:
        """The address that a call used is no longer this machine's."""
        for number, call in list(self._calls.items()):
            if call.shim not in shims:
                del self._calls[number]
                if not call.refused:
                    self._wire.send(m.Ended(number, Cause.NETWORK_OUT_OF_ORDER))
                self._wire.send(m.Gone(number))

    def _call(self, message: m.Call, endpoints: Endpoints, gatekeeper: Gatekeeper) -> None:
        binding = gatekeeper.registrar.find(message.extension, message.contact)
        if binding is None:
            self._wire.send(m.Refused(message.call, 480, "Not Registered"))
            self._wire.send(m.Gone(message.call))
            return
        shim = endpoints.towards(binding.source_address)
        sender = name_address(message.caller_name, sip_uri(message.caller, shim.address))
        to = name_address("", sip_uri(message.extension, shim.address))
        orphan = m.Orphan(
            outgoing=True,
            established=False,
            call_id="",
            local="",
            remote="",
            target=message.contact,
            route="",
            via="",
            cseq=0,
            source_address=binding.source_address,
            source_port=binding.source_port,
            transport=binding.transport,
        )
        self._calls[message.call] = _Call(shim, orphan)
        shim.invite(message.call, message.contact, self._next_hop(binding), sender, to, message.sdp)

    def _next_hop(self, binding: Binding) -> str:
        """Where the INVITE is sent: to where the REGISTER came from, never to a third party that a
        contact names.

        A TCP connection ends with the process that had it: a restored binding is reached at its
        contact's port.
        """
        port: int | None = binding.source_port
        if binding.transport == "tcp" and (binding.extension, binding.contact) in self._restored:
            _, port = host_and_port(binding.contact)
        return sip_uri("", binding.source_address, port, binding.transport) + ";lr"

    # --- orphans

    def _end_orphan(self, message: m.EndOrphan, shim: Shim) -> None:
        steps = endings(message.orphan, message.cause_q850)
        for index, step in enumerate(steps):
            match step:
                case Bye():
                    bye = self._to_listener(step, message.orphan)
                    # After a CANCEL, so that the telephone can answer that first.
                    self._loop.call_later(BYE_AFTER_CANCEL_S * index, self._bye_orphan, bye, shim)
                case Datagram():
                    for after_s in DATAGRAM_REPEATS_S:
                        self._loop.call_later(after_s, _send_datagram, step)
        if not any(isinstance(step, Bye) for step in steps):
            self._wire.send(m.OrphanEnded(message.orphan.call_id, 0))

    def _to_listener(self, bye: Bye, orphan: m.Orphan) -> Bye:
        """A telephone may name its end of the lost TCP connection in the dialog: go where it listens."""
        if orphan.transport != "tcp" or orphan.route or self._gatekeeper is None:
            return bye
        for binding in self._gatekeeper.registrar:
            source = (binding.source_address, binding.source_port, binding.transport)
            if source == (orphan.source_address, orphan.source_port, "tcp"):
                return replace(bye, next_hop=self._next_hop(binding))
        return bye

    def _bye_orphan(self, bye: Bye, shim: Shim) -> None:
        if self._endpoints is None or shim not in self._endpoints.all():
            return
        self._orphan_serial += 1
        number = ORPHAN_NUMBERS + self._orphan_serial
        self._orphans[number] = bye.call_id
        shim.bye_orphan(number, bye)

    # --- from the network

    def _on_event(self, shim: Shim, event: ShimEvent) -> None:
        if self._gatekeeper is None:
            return
        match event.kind:
            case Kind.REGISTER:
                self._on_register(shim, event, self._gatekeeper)
            case Kind.INVITE:
                self._on_invite(shim, event, self._gatekeeper)
            case Kind.ORPHAN_ENDED:
                call_id = self._orphans.pop(event.id, "")
                self._wire.send(m.OrphanEnded(call_id, event.status))
            case _:
                call = self._calls.get(event.id)
                if call is not None:
                    self._on_call_event(event, call)

    def _on_register(self, shim: Shim, event: ShimEvent, gatekeeper: Gatekeeper) -> None:
        if self._wire.is_congested:
            shim.respond(event.id, 503, header_lines((RETRY_AFTER,)))
            return
        outputs = gatekeeper.register(request_of(event), _now_ms())
        for output in outputs:
            if isinstance(output, m.Bound):
                self._restored.discard((output.extension, output.contact))
        self._tell(outputs, shim)
        self._plan_expiry(gatekeeper)

    def _on_invite(self, shim: Shim, event: ShimEvent, gatekeeper: Gatekeeper) -> None:
        outputs = gatekeeper.invite(request_of(event), _now_ms(), congested=self._wire.is_congested)
        for output in outputs:
            if isinstance(output, m.Invited):
                call = _Call(shim, caller_orphan(event))
                self._calls[event.id] = call
                self._wire.send(m.Mirror(event.id, call.orphan))
        self._tell(outputs, shim)

    def _tell(self, outputs: list[Output], shim: Shim | None = None) -> None:
        """Responses to the network over ``shim``, everything else to the gateway."""
        for output in outputs:
            if not isinstance(output, Respond):
                self._wire.send(output)
            elif shim is not None:
                shim.respond(output.id, output.status, header_lines(output.headers))

    def _on_call_event(self, event: ShimEvent, call: _Call) -> None:
        sdp = event.text(Text.BODY)
        match event.kind:
            case Kind.REINVITE:
                self._wire.send(m.Reinvited(event.id, sdp))
            case Kind.ACK:
                if sdp:
                    self._wire.send(m.ReinviteEnded(event.id, 200, sdp))
            case Kind.PROGRESS:
                self._wire.send(m.Progress(event.id, event.status, sdp))
            case Kind.ANSWERED:
                self._wire.send(m.Answered(event.id, sdp))
            case Kind.REFUSED:
                call.refused = True
                self._wire.send(m.Refused(event.id, event.status, event.text(Text.PHRASE)))
            case Kind.REINVITE_ENDED if event.status == 491 and call.offer:
                wait_s = reinvite_wait_s(random.random(), owner=call.orphan.outgoing)
                self._loop.call_later(wait_s, self._reinvite_again, event.id, call, call.offer)
            case Kind.REINVITE_ENDED:
                call.offer = ""
                self._wire.send(m.ReinviteEnded(event.id, event.status, sdp))
            case Kind.DIALOG:
                self._mirror(event, call)
            case Kind.ENDED:
                self._on_ended(event, call)

    def _reinvite_again(self, number: int, call: _Call, offer: str) -> None:
        if self._calls.get(number) is call and call.offer == offer:
            call.shim.reinvite(number, offer)

    def _on_ended(self, event: ShimEvent, call: _Call) -> None:
        del self._calls[event.id]
        if not call.refused:
            self._wire.send(m.Ended(event.id, end_cause(event)))
        self._wire.send(m.Gone(event.id))

    def _mirror(self, event: ShimEvent, call: _Call) -> None:
        known = call.orphan
        own_numbers = known.outgoing or event.established
        call.orphan = replace(
            known,
            established=event.established,
            call_id=event.text(Text.CALL_ID),
            local=event.text(Text.ORPHAN_LOCAL),
            remote=event.text(Text.ORPHAN_REMOTE),
            target=event.text(Text.ORPHAN_TARGET) or known.target,
            route=event.text(Text.ORPHAN_ROUTE),
            via=event.text(Text.ORPHAN_VIA) if known.outgoing else known.via,
            cseq=event.cseq if own_numbers else known.cseq,
        )
        self._wire.send(m.Mirror(event.id, call.orphan))

    # --- expiry

    def _plan_expiry(self, gatekeeper: Gatekeeper) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        due_ms = gatekeeper.registrar.next_expiry_ms()
        if due_ms is not None:
            after_s = max(0, due_ms - _now_ms()) / 1000
            self._expiry = self._loop.call_later(after_s, self._expire, gatekeeper)

    def _expire(self, gatekeeper: Gatekeeper) -> None:
        self._tell(gatekeeper.expire(_now_ms()))
        self._plan_expiry(gatekeeper)


def reinvite_wait_s(chance: float, *, owner: bool) -> float:
    """Wait before a re-INVITE that got 491 is tried again; longer for the Call-ID's owner (RFC 3261 14.1)."""
    return 2.1 + 1.9 * chance if owner else 2.0 * chance


def end_cause(event: ShimEvent) -> int:
    """Q.850 cause of a call that ended: what the other side said, or what its silence means."""
    if event.cause_q850:
        return event.cause_q850
    if not event.cancelled and event.status in (408, 481, 503, 504):
        return cause_of_status(event.status)
    return Cause.NORMAL_CLEARING


def _send_datagram(datagram: Datagram) -> None:
    family = socket.AF_INET6 if ":" in datagram.address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        try:
            sender.sendto(datagram.payload, (datagram.address, datagram.port))
        except OSError as error:
            _log.info("no datagram to %s: %s", datagram.address, error)
