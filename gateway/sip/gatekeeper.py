"""Who may come in: decides on every REGISTER and INVITE from the network, and passes on only what proved
itself.

Pure: requests and monotonic milliseconds in, responses and messages for the gateway out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.sip.digest import Algorithm, Authenticator, Secrets, Verdict
from gateway.sip.messages import Bound, Configure, Invited, RestoreBinding, ToGateway, Unbound
from gateway.sip.rate_limit import RateLimit, RateSettings
from gateway.sip.registrar import (
    Binding,
    Registrar,
    RegistrarSettings,
    Registration,
    parse_contacts,
)

SDP_TYPE = "application/sdp"
RETRY_AFTER = "Retry-After: 5"


@dataclass(frozen=True, slots=True)
class Request:
    """A REGISTER or INVITE as the shim copied it; absent texts are empty, an absent Expires is None."""

    id: int
    source_address: str
    source_port: int
    transport: str
    request_user: str
    from_user: str
    from_name: str
    to_user: str
    call_id: str
    cseq: int
    authorization: str
    proxy_authorization: str
    contacts: str
    expires_s: int | None
    content_type: str
    body: str


@dataclass(frozen=True, slots=True)
class Respond:
    """Answer the request ``id``; ``headers`` are whole lines."""

    id: int
    status: int
    headers: tuple[str, ...] = ()


Output = Respond | ToGateway


def plain_name(display: str) -> str:
    """A display name without its quotes and escapes, without control characters, at most 64 characters."""
    text = display.strip()
    if len(text) >= 2 and text[0] == '"' and text[-1] == '"':
        inner = text[1:-1]
        text = ""
        escaped = False
        for character in inner:
            if character == "\\" and not escaped:
                escaped = True
                continue
            text += character
            escaped = False
    return "".join(character for character in text if character.isprintable())[:64]


class Gatekeeper:
    """The decisions of the SIP process. ``key`` is the secret of its nonces."""

    def __init__(self, configure: Configure, key: bytes) -> None:
        limits = configure.limits
        self._key = key
        self._requests = RateLimit(RateSettings(limits.requests_per_s, limits.requests_burst))
        self._failures = RateLimit(RateSettings(limits.failures_per_s, limits.failures_burst))
        self.registrar = Registrar(
            RegistrarSettings(min_expires_s=limits.min_expires_s, max_expires_s=limits.max_expires_s)
        )
        self._min_expires_s = limits.min_expires_s
        self._extensions: frozenset[str] = frozenset()
        self._trusted: frozenset[str] = frozenset()
        self._authenticator = Authenticator(configure.realm, key, {})
        self.limited = 0
        self.configure(configure)

    def configure(self, configure: Configure) -> list[Output]:
        """Take over another list of accounts; bindings of accounts that are gone go too."""
        secrets = {a.extension: Secrets(a.ha1_md5, a.ha1_sha256) for a in configure.accounts}
        algorithms = [
            algorithm for name in configure.algorithms for algorithm in Algorithm if algorithm == name
        ]
        self._authenticator = Authenticator(configure.realm, self._key, secrets, algorithms)
        gone = self._extensions - secrets.keys()
        self._extensions = frozenset(secrets)
        self._trusted = frozenset(configure.trusted)
        return [
            Unbound(binding.extension, binding.contact)
            for extension in sorted(gone)
            for binding in self.registrar.forget_extension(extension)
        ]

    def restore(self, message: RestoreBinding, now_ms: int) -> None:
        """Put back a binding of an earlier process, if its account still exists."""
        if message.extension not in self._extensions:
            return
        self.registrar.restore(
            Binding(
                extension=message.extension,
                contact=message.contact,
                source_address=message.source_address,
                source_port=message.source_port,
                transport=message.transport,
                call_id=message.call_id,
                cseq=message.cseq,
                expires_at_ms=now_ms + 1000 * message.expires_s,
            )
        )

    def register(self, request: Request, now_ms: int) -> list[Output]:
        """Decide on a REGISTER."""
        user, refusal = self._identify(request, "REGISTER", now_ms)
        if refusal is not None:
            return [refusal]
        if request.to_user != user:
            return [Respond(request.id, 403)]
        registration = Registration(
            extension=user,
            contacts=parse_contacts(request.contacts),
            expires_s=request.expires_s,
            source_address=request.source_address,
            source_port=request.source_port,
            transport=request.transport,
            call_id=request.call_id,
            cseq=request.cseq,
        )
        outcome = self.registrar.register(registration, now_ms)
        return [
            Respond(request.id, outcome.status, self._registered_headers(outcome.status, user, now_ms)),
            *(Unbound(binding.extension, binding.contact) for binding in outcome.removed),
            *(_bound(binding, now_ms) for binding in outcome.added),
        ]

    def invite(self, request: Request, now_ms: int, *, congested: bool = False) -> list[Output]:
        """Decide on an INVITE outside a dialog; ``congested`` when the gateway does not read what we
        send it.
        """
        if request.source_address in self._trusted:
            user = request.from_user
        else:
            user, refusal = self._identify(request, "INVITE", now_ms)
            if refusal is not None:
                return [refusal]
        if congested:
            return [Respond(request.id, 503, (RETRY_AFTER,))]
        if request.body and request.content_type.lower() != SDP_TYPE:
            return [Respond(request.id, 415, (f"Accept: {SDP_TYPE}",))]
        if not request.request_user:
            return [Respond(request.id, 404)]
        name = plain_name(request.from_name)
        return [Invited(request.id, user, name, request.request_user, request.body)]

    def expire(self, now_ms: int) -> list[Output]:
        """Bindings whose time is over."""
        return [Unbound(binding.extension, binding.contact) for binding in self.registrar.expire(now_ms)]

    def _identify(self, request: Request, method: str, now_ms: int) -> tuple[str, Respond | None]:
        """The user who proved himself, or the refusal."""
        source = request.source_address
        if not self._requests.take(source, now_ms) or self._failures.exhausted(source, now_ms):
            self.limited += 1
            return "", Respond(request.id, 503, (RETRY_AFTER,))
        headers = request.authorization + "\n" + request.proxy_authorization
        verdict, user = self._authenticator.check(headers, method, now_ms)
        if verdict is Verdict.GENUINE:
            return user, None
        if verdict is Verdict.WRONG:
            self._failures.take(source, now_ms)
            return "", Respond(request.id, 403)
        stale = verdict in (Verdict.STALE, Verdict.REPLAYED)
        # We are the server that the request is for: 401 for both methods (RFC 3261 section 22.2).
        claimed = request.to_user if method == "REGISTER" else request.from_user
        challenges = self._authenticator.challenges(claimed, now_ms, stale=stale)
        return "", Respond(request.id, 401, tuple(f"WWW-Authenticate: {value}" for value in challenges))

    def _registered_headers(self, status: int, user: str, now_ms: int) -> tuple[str, ...]:
        if status == 423:
            return (f"Min-Expires: {self._min_expires_s}",)
        if status != 200:
            return ()
        return tuple(
            f"Contact: <{binding.contact}>;expires={binding.expires_s(now_ms)}"
            for binding in self.registrar.of(user)
        )


def _bound(binding: Binding, now_ms: int) -> Bound:
    return Bound(
        extension=binding.extension,
        contact=binding.contact,
        source_address=binding.source_address,
        source_port=binding.source_port,
        transport=binding.transport,
        call_id=binding.call_id,
        cseq=binding.cseq,
        expires_s=binding.expires_s(now_ms),
    )


def header_lines(headers: Sequence[str]) -> str:
    """Headers as one text, each line ended as on the wire."""
    return "".join(f"{header}\r\n" for header in headers)
