"""How a new SIP process ends what its predecessor left behind, pure: which messages, and their text.

An established dialog gets a BYE (sofia sends it and repeats it). An INVITE that we sent and nobody
answered gets the CANCEL
that belongs to it: same branch, same CSeq, same request URI (RFC 3261 section 9.1). An INVITE that we
were about to answer
gets the final response that its caller waits for. The last two belong to transactions that sofia does
not know any more, so
they are datagrams written here; over TCP the broken connection has told the other side already.
"""

from dataclasses import dataclass

from gateway.sip.addresses import host_and_port, sip_uri
from gateway.sip.causes import reason_header
from gateway.sip.messages import Orphan

CSEQ_LEAP = 16
"""Added to the last CSeq that was seen: requests that were on their way when the process died count too."""


@dataclass(frozen=True, slots=True)
class Bye:
    """Let sofia send a BYE."""

    call_id: str
    local: str
    remote: str
    target: str
    route: str
    cseq: int
    reason: str
    next_hop: str = ""
    """Where it goes when the target is behind NAT; empty: where target and route say."""


@dataclass(frozen=True, slots=True)
class Datagram:
    """Send these bytes over UDP."""

    address: str
    port: int
    payload: bytes


def endings(orphan: Orphan, cause_q850: int) -> list[Bye | Datagram]:
    """What is to be sent for one orphan; empty when nobody waits for anything."""
    if any(
        "\r" in text or "\n" in text for text in (orphan.call_id, orphan.local, orphan.remote, orphan.target)
    ):
        return []
    if orphan.established:
        return [_bye(orphan, cause_q850)]
    has_transaction = orphan.transport == "udp" and orphan.via.strip() != ""
    if not orphan.outgoing:
        return [_refusal(orphan)] if has_transaction else []
    sent: list[Bye | Datagram] = []
    if has_transaction:
        sent.append(_cancel(orphan, cause_q850))
    if ";tag=" in orphan.remote:
        sent.append(
            _bye(orphan, cause_q850)
        )  # an early dialog, perhaps answered meanwhile (RFC 3261 section 15)
    return sent


def _bye(orphan: Orphan, cause_q850: int) -> Bye:
    return Bye(
        call_id=orphan.call_id,
        local=orphan.local,
        remote=orphan.remote,
        target=orphan.target,
        route=orphan.route,
        cseq=orphan.cseq + CSEQ_LEAP,
        reason=reason_header(cause_q850),
        next_hop=_next_hop(orphan),
    )


def _next_hop(orphan: Orphan) -> str:
    """Back to where the other party was heard from, when its contact names another host (NAT, no proxy)."""
    if orphan.route or host_and_port(orphan.target)[0] == orphan.source_address.lower():
        return ""
    return sip_uri("", orphan.source_address, orphan.source_port, orphan.transport)


def _without_tag(name_address: str) -> str:
    return name_address.partition(";tag=")[0]


def _as_sent(via: str) -> str:
    """Our Via as we sent it, without what the other side wrote into it (RFC 3581 section 4)."""
    first, *parameters = via.strip().splitlines()[0].split(";")
    ours = [p for p in parameters if not p.startswith("received=")]
    return ";".join([first, *("rport" if p.startswith("rport") else p for p in ours)])


def _cancel(orphan: Orphan, cause_q850: int) -> Datagram:
    lines = [
        f"CANCEL {orphan.target} SIP/2.0",
        f"Via: {_as_sent(orphan.via)}",
        f"From: {orphan.local}",
        f"To: {_without_tag(orphan.remote)}",
        f"Call-ID: {orphan.call_id}",
        f"CSeq: {orphan.cseq} CANCEL",
        "Max-Forwards: 70",
        f"Reason: {reason_header(cause_q850)}",
        "Content-Length: 0",
    ]
    return Datagram(orphan.source_address, orphan.source_port, _packet(lines))


def _refusal(orphan: Orphan) -> Datagram:
    vias = [line for line in orphan.via.splitlines() if line.strip()]
    lines = [
        "SIP/2.0 503 Service Unavailable",
        *(f"Via: {via}" for via in vias),
        f"From: {orphan.remote}",
        f"To: {orphan.local}",
        f"Call-ID: {orphan.call_id}",
        f"CSeq: {orphan.cseq} INVITE",
        "Content-Length: 0",
    ]
    address, port = _reply_address(vias[0], orphan)
    return Datagram(address, port, _packet(lines))


def _reply_address(via: str, orphan: Orphan) -> tuple[str, int]:
    """Where a response goes (RFC 3261 section 18.2.2, RFC 3581): the source when rport was asked for,
    else its Via port.
    """
    if ";rport" in via:
        return orphan.source_address, orphan.source_port
    sent_by = via.partition(" ")[2].partition(";")[0].strip()
    _, port = host_and_port(f"sip:{sent_by}")
    return orphan.source_address, port or 5060


def _packet(lines: list[str]) -> bytes:
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")
