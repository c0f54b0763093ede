"""Digest authentication of SIP requests, the server's side (RFC 7616, RFC 8760 for SIP, RFC 3261 section 22).

A nonce carries its own time and a MAC, so that a challenge costs no memory; only a nonce that was *used*
is remembered,
with the count of its last use. Times are monotonic milliseconds that the caller passes in.
"""

import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

NONCE_LIFE_MS = 60_000
"""A nonce older than this is answered with ``stale=true``; the telephone tries again without asking
anybody.
"""

MAX_NONCES_IN_USE = 4_096
"""Used nonces that are remembered; the oldest becomes stale when there are more."""

_PARAMETER = re.compile(
    r'([!#$%&\'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\Z', re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_HEX_COUNT = re.compile(r"[0-9a-fA-F]{8}\Z")


class Algorithm(StrEnum):
    """Hash of a digest, as it is named in the header, best first (RFC 8760 section 2.3)."""

    SHA256 = "SHA-256"
    MD5 = "MD5"


class Verdict(StrEnum):
    """What a request's credentials are worth."""

    GENUINE = "genuine"
    ABSENT = "absent"
    STALE = "stale"
    REPLAYED = "replayed"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What we keep of one account's secret: HA1 as lower-case hex; empty for an algorithm that it may
    not use.
    """

    ha1_md5: str
    ha1_sha256: str

    def ha1(self, algorithm: Algorithm) -> str:
        """HA1 for an algorithm."""
        return self.ha1_sha256 if algorithm is Algorithm.SHA256 else self.ha1_md5


@dataclass(frozen=True, slots=True)
class Credentials:
    """One Authorization or Proxy-Authorization header of scheme Digest."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: Algorithm
    qop: str
    cnonce: str
    nonce_count: int
    nonce_count_text: str


def hashed(algorithm: Algorithm, text: str) -> str:
    """H(text) of RFC 7616 as lower-case hex."""
    data = text.encode("utf-8", "surrogateescape")
    if algorithm is Algorithm.SHA256:
        return hashlib.sha256(data).hexdigest()
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def ha1(username: str, realm: str, password: str, algorithm: Algorithm) -> str:
    """HA1 of RFC 7616 section 3.4.2: what is stored instead of a password."""
    return hashed(algorithm, f"{username}:{realm}:{password}")


def expected_response(credentials: Credentials, account_ha1: str, method: str) -> str:
    """The response that a holder of the secret would have sent (RFC 7616 section 3.4.1; RFC 2069 without
    qop).
    """
    ha2 = hashed(credentials.algorithm, f"{method}:{credentials.uri}")
    if credentials.qop:
        middle = f"{credentials.nonce}:{credentials.nonce_count_text}:{credentials.cnonce}:{credentials.qop}"
    else:
        middle = credentials.nonce
    return hashed(credentials.algorithm, f"{account_ha1}:{middle}:{ha2}")


def _parameters(lines: str) -> dict[str, str] | None:
    values: dict[str, str] = {}
    for line in lines.splitlines():
        match = _PARAMETER.match(line.strip())
        if match is None:
            return None
        name = match[1].lower()
        if name in values:
            return None
        values[name] = match[3] if match[2] is None else _ESCAPED.sub(r"\1", match[2])
    return values


def _algorithm(name: str) -> Algorithm | None:
    for algorithm in Algorithm:
        if algorithm.value.lower() == name.lower():
            return algorithm
    return None


def parse_credentials(lines: str) -> Credentials | None:
    """Credentials from the shim's form, one ``name=value`` a line; None when they cannot be used."""
    values = _parameters(lines)
    if values is None or not all(
        values.get(name) for name in ("username", "realm", "nonce", "uri", "response")
    ):
        return None
    algorithm = _algorithm(values.get("algorithm", "MD5"))
    qop = values.get("qop", "").lower()
    count = values.get("nc", "")
    if algorithm is None or qop not in ("", "auth"):
        return None
    if qop and not (_HEX_COUNT.match(count) and values.get("cnonce")):
        return None
    return Credentials(
        username=values["username"],
        realm=values["realm"],
        nonce=values["nonce"],
        uri=values["uri"],
        response=values["response"].lower(),
        algorithm=algorithm,
        qop=qop,
        cnonce=values.get("cnonce", ""),
        nonce_count=int(count, 16) if qop else 0,
        nonce_count_text=count,
    )


def parse_all(headers: str) -> Iterator[Credentials]:
    """The usable credentials of a request: headers are separated by an empty line."""
    for block in headers.strip("\n").split("\n\n"):
        credentials = parse_credentials(block)
        if credentials is not None:
            yield credentials


class Authenticator:
    """Challenges, and checks what comes back. One for each realm; ``key`` is a secret of this process."""

    def __init__(
        self,
        realm: str,
        key: bytes,
        accounts: Mapping[str, Secrets],
        algorithms: Sequence[Algorithm] = tuple(Algorithm),
    ) -> None:
        self._realm = realm
        self._key = key
        self._accounts = dict(accounts)
        self._algorithms = tuple(algorithms)
        self._serial = 0
        self._counts: OrderedDict[str, int] = OrderedDict()
        # An unknown user costs as much time as a known one, is asked the same, and so cannot be guessed.
        decoy = hmac.new(key, b"decoy", hashlib.sha256).hexdigest()
        typical = next(iter(self._accounts.values()), Secrets(decoy, decoy))
        self._nobody = Secrets(
            ha1_md5=decoy[:32] if typical.ha1_md5 else "", ha1_sha256=decoy if typical.ha1_sha256 else ""
        )

    def challenges(self, claimed_user: str, now_ms: int, *, stale: bool = False) -> list[str]:
        """Values of the WWW-Authenticate headers, in the order of preference.

        Only algorithms for which the account of ``claimed_user`` has a hash: a telephone that knows MD5
        only may fail
        over a challenge that it does not understand (baresip 1.0 and sipp 3.6 do), whatever RFC 8760 hoped.
        """
        nonce = self._nonce(now_ms)
        secrets = self._accounts.get(claimed_user, self._nobody)
        suffix = ", stale=true" if stale else ""
        return [
            f'Digest realm="{self._realm}", nonce="{nonce}", algorithm={algorithm.value}, qop="auth"{suffix}'
            for algorithm in self._algorithms
            if secrets.ha1(algorithm)
        ]

    def check(self, headers: str, method: str, now_ms: int) -> tuple[Verdict, str]:
        """The verdict over a request's credentials, and the user who they name (empty unless `GENUINE`)."""
        verdict = Verdict.ABSENT
        for credentials in parse_all(headers):
            if credentials.realm != self._realm:
                continue
            verdict = self._check_one(credentials, method, now_ms)
            if verdict is Verdict.GENUINE:
                return verdict, credentials.username
        return verdict, ""

    def _check_one(self, credentials: Credentials, method: str, now_ms: int) -> Verdict:
        age_ms = self._age_ms(credentials.nonce, now_ms)
        if age_ms is None:
            return Verdict.STALE  # not ours, or of an earlier process: ask again
        known = self._accounts.get(credentials.username)
        secret = (known or self._nobody).ha1(credentials.algorithm)
        expected = expected_response(credentials, secret, method)
        genuine = hmac.compare_digest(expected.encode(), credentials.response.encode("utf-8", "replace"))
        if known is None or not genuine or not secret or credentials.algorithm not in self._algorithms:
            return Verdict.WRONG
        if age_ms > NONCE_LIFE_MS:
            return Verdict.STALE
        return self._count(credentials)

    def _count(self, credentials: Credentials) -> Verdict:
        last = self._counts.get(credentials.nonce)
        if last is not None and credentials.nonce_count <= last:
            return Verdict.REPLAYED
        self._counts[credentials.nonce] = credentials.nonce_count
        self._counts.move_to_end(credentials.nonce)
        while len(self._counts) > MAX_NONCES_IN_USE:
            self._counts.popitem(last=False)
        return Verdict.GENUINE

    def _nonce(self, now_ms: int) -> str:
        self._serial += 1
        stamp = f"{now_ms:x}.{self._serial:x}"
        return f"{stamp}.{self._mac(stamp)}"

    def _mac(self, stamp: str) -> str:
        return hmac.new(
            self._key, f"{self._realm}:{stamp}".encode("utf-8", "replace"), hashlib.sha256
        ).hexdigest()[:32]

    def _age_ms(self, nonce: str, now_ms: int) -> int | None:
        stamp, dot, mac = nonce.rpartition(".")
        if not dot or not hmac.compare_digest(self._mac(stamp).encode(), mac.encode("utf-8", "replace")):
            return None
        return now_ms - int(stamp.partition(".")[0], 16)
