"""Bindings of telephones to extensions (RFC 3261 section 10.3), with monotonic times that the caller
passes in.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_PRINTABLE_URI = re.compile(r"sips?:[!-;=?-~]+\Z")
"""A SIP URI of visible ASCII without ``<`` and ``>``: safe to stand in a header between brackets."""

MAX_URI_LENGTH = 512


@dataclass(frozen=True, slots=True)
class RegistrarSettings:
    """Limits of a registration: shorter ones get 423, longer ones are shortened."""

    min_expires_s: int = 60
    max_expires_s: int = 3_600
    default_expires_s: int = 3_600
    max_contacts: int = 4


@dataclass(frozen=True, slots=True)
class Binding:
    """One telephone of an extension: the contact that it gave, and where its REGISTER really came from."""

    extension: str
    contact: str
    source_address: str
    source_port: int
    transport: str
    call_id: str
    cseq: int
    expires_at_ms: int

    def expires_s(self, now_ms: int) -> int:
        """Whole seconds that are left, rounded up, at least 0."""
        return max(0, -(-(self.expires_at_ms - now_ms) // 1000))


@dataclass(frozen=True, slots=True)
class Registration:
    """A REGISTER that passed the digest. ``contacts`` are (uri, expires parameter or None); ``("*",
    None)`` is all.
    """

    extension: str
    contacts: tuple[tuple[str, str | None], ...]
    expires_s: int | None
    source_address: str
    source_port: int
    transport: str
    call_id: str
    cseq: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a REGISTER: the status, and which bindings are new or refreshed, and which are gone."""

    status: int
    added: tuple[Binding, ...] = ()
    removed: tuple[Binding, ...] = ()


def parse_contacts(lines: str) -> tuple[tuple[str, str | None], ...]:
    """Contacts from the shim's form, one ``uri SP expires-or-minus`` a line."""
    contacts: list[tuple[str, str | None]] = []
    for line in lines.splitlines():
        uri, _, expires = line.rpartition(" ")
        contacts.append(("*", None) if line == "*" else (uri, None if expires == "-" else expires))
    return tuple(contacts)


def is_usable_uri(uri: str) -> bool:
    """Whether a contact may be kept and called."""
    return len(uri) <= MAX_URI_LENGTH and _PRINTABLE_URI.match(uri) is not None


class Registrar:
    """All bindings of the office. A registration is carried out wholly or not at all."""

    def __init__(self, settings: RegistrarSettings) -> None:
        self._settings = settings
        self._bindings: dict[str, dict[str, Binding]] = {}

    def __iter__(self) -> Iterator[Binding]:
        for contacts in self._bindings.values():
            yield from contacts.values()

    def of(self, extension: str) -> tuple[Binding, ...]:
        """The bindings of an extension."""
        return tuple(self._bindings.get(extension, {}).values())

    def find(self, extension: str, contact: str) -> Binding | None:
        """The binding of one contact."""
        return self._bindings.get(extension, {}).get(contact)

    def restore(self, binding: Binding) -> None:
        """Put back a binding that an earlier process had granted."""
        self._bindings.setdefault(binding.extension, {})[binding.contact] = binding

    def register(self, request: Registration, now_ms: int) -> Outcome:
        """Carry out one REGISTER; 200, or 400 (malformed), 403 (too many contacts), 423 (too brief), 500
        (out of order).
        """
        if any(uri == "*" for uri, _ in request.contacts):
            return self._remove_all(request)
        present = self._bindings.get(request.extension, {})
        added: list[Binding] = []
        removed: list[Binding] = []
        for uri, expires_text in request.contacts:
            if not is_usable_uri(uri):
                return Outcome(400)
            old = present.get(uri)
            if old is not None and old.call_id == request.call_id and request.cseq <= old.cseq:
                return Outcome(500)
            expires_s = self._expires_s(expires_text, request.expires_s)
            if expires_s is None:
                return Outcome(400)
            if 0 < expires_s < self._settings.min_expires_s:
                return Outcome(423)
            if expires_s > 0:
                added.append(self._binding(request, uri, expires_s, now_ms))
            elif old is not None:
                removed.append(old)
        if len(added) > self._settings.max_contacts:
            return Outcome(403)
        removed += self._replaced(present, added, removed)
        self._carry_out(request.extension, added, removed)
        return Outcome(200, tuple(added), tuple(removed))

    def expire(self, now_ms: int) -> tuple[Binding, ...]:
        """Remove and return the bindings whose time is over."""
        gone = tuple(binding for binding in self if binding.expires_at_ms <= now_ms)
        for binding in gone:
            self._forget(binding)
        return gone

    def forget_extension(self, extension: str) -> tuple[Binding, ...]:
        """Remove and return everything of an extension that no longer exists."""
        return tuple(self._bindings.pop(extension, {}).values())

    def next_expiry_ms(self) -> int | None:
        """When `expire` will next have something to do."""
        return min((binding.expires_at_ms for binding in self), default=None)

    def _expires_s(self, parameter: str | None, header_s: int | None) -> int | None:
        if parameter is not None:
            # RFC 3261 section 20.10: a malformed value counts as 3600; a number may not be absurd.
            value = (
                int(parameter)
                if parameter.isascii() and parameter.isdigit() and len(parameter) < 11
                else 3_600
            )
        elif header_s is not None:
            value = header_s
        else:
            value = self._settings.default_expires_s
        return None if value < 0 else min(value, self._settings.max_expires_s)

    @staticmethod
    def _binding(request: Registration, uri: str, expires_s: int, now_ms: int) -> Binding:
        return Binding(
            extension=request.extension,
            contact=uri,
            source_address=request.source_address,
            source_port=request.source_port,
            transport=request.transport,
            call_id=request.call_id,
            cseq=request.cseq,
            expires_at_ms=now_ms + 1000 * expires_s,
        )

    def _replaced(
        self, present: dict[str, Binding], added: list[Binding], removed: list[Binding]
    ) -> list[Binding]:
        """Bindings that new ones push out: an earlier life of the same telephone, then the oldest beyond
        the limit.
        """
        new = {binding.contact for binding in added}
        stay = [b for b in present.values() if b.contact not in new and b not in removed]
        sources = {(b.source_address, b.source_port, b.transport) for b in added}
        gone = [b for b in stay if (b.source_address, b.source_port, b.transport) in sources]
        stay = sorted((b for b in stay if b not in gone), key=lambda binding: binding.expires_at_ms)
        excess = len(stay) + len(added) - self._settings.max_contacts
        return gone + (stay[:excess] if added and excess > 0 else [])

    def _remove_all(self, request: Registration) -> Outcome:
        if len(request.contacts) != 1 or request.expires_s != 0:
            return Outcome(400)
        present = self.of(request.extension)
        if any(b.call_id == request.call_id and request.cseq <= b.cseq for b in present):
            return Outcome(500)
        return Outcome(200, (), self.forget_extension(request.extension))

    def _carry_out(self, extension: str, added: list[Binding], removed: list[Binding]) -> None:
        for binding in removed:
            self._forget(binding)
        for binding in added:
            self._bindings.setdefault(extension, {})[binding.contact] = binding

    def _forget(self, binding: Binding) -> None:
        contacts = self._bindings.get(binding.extension)
        if contacts is not None:
            contacts.pop(binding.contact, None)
            if not contacts:
                del self._bindings[binding.extension]
