"""Secrets of the SIP telephones: made here, shown once by whoever asked, kept only as digests (HA1).

The file is for its owner only and never holds a secret itself. A digest depends on the realm (RFC 7616,
3.4.2): when the office changes its realm the old secrets are worth nothing and new ones are made.
"""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.drivers.state_directory import StateError
from gateway.drivers.whole_file import replace_file
from gateway.interfaces import SipAccount
from gateway.model.plain import from_plain, to_plain
from gateway.sip.digest import Algorithm, ha1

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
"""32 characters that nobody confuses when typing them into a telephone: 5 bits each."""

LENGTH = 16
"""80 bits."""

FORMAT = 1


@dataclass(frozen=True, slots=True)
class StoredSecrets:
    """What the file holds."""

    realm: str
    accounts: tuple[SipAccount, ...]
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class DeviceSecrets:
    """Accounts for the SIP stack, and the secrets that were made just now and will never be known again."""

    accounts: tuple[SipAccount, ...]
    fresh: Mapping[str, str]


def make_secret() -> str:
    """A new secret."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def account_of(extension: str, realm: str, secret: str) -> SipAccount:
    """Digests of a secret."""
    return SipAccount(
        extension,
        ha1_md5=ha1(extension, realm, secret, Algorithm.MD5),
        ha1_sha256=ha1(extension, realm, secret, Algorithm.SHA256),
    )


def ensure_secrets(
    path: Path, realm: str, extensions: Iterable[str], given: Mapping[str, str] | None = None
) -> DeviceSecrets:
    """Accounts of all ``extensions``; those without a secret get one. ``given`` are secrets of office.toml:
    not stored.

    Accounts of extensions that are gone stay in the file: an undo of the configuration brings them back.
    Raises `StateError`.
    """
    given = given or {}
    known = {account.extension: account for account in _read(path, realm)}
    fresh: dict[str, str] = {}
    wanted = list(extensions)
    for extension in wanted:
        if extension not in known and extension not in given:
            fresh[extension] = make_secret()
            known[extension] = account_of(extension, realm, fresh[extension])
    if fresh:
        _write(path, StoredSecrets(realm, tuple(known[extension] for extension in sorted(known))))
    accounts = known | {
        extension: account_of(extension, realm, secret) for extension, secret in given.items()
    }
    return DeviceSecrets(tuple(accounts[extension] for extension in wanted), fresh)


def reset_secret(path: Path, realm: str, extension: str) -> str:
    """Make a new secret for one extension; the running gateway takes it at its next start. Raises
    `StateError`.
    """
    secret = make_secret()
    known = {account.extension: account for account in _read(path, realm)}
    known[extension] = account_of(extension, realm, secret)
    _write(path, StoredSecrets(realm, tuple(known[name] for name in sorted(known))))
    return secret


def _read(path: Path, realm: str) -> tuple[SipAccount, ...]:
    """Accounts of the file; none when there is no file or its realm is another."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise StateError(f"{path}: {error.strerror}") from None
    try:
        stored: StoredSecrets = from_plain(json.loads(raw.decode("utf-8")), StoredSecrets)
    except (ValueError, RecursionError):
        # What stands there is not shown: it may be a digest, and a digest is as good as its secret.
        raise StateError(
            f"{path}: cannot be understood; put a copy back,"
            " or remove it: then every SIP telephone needs a new secret"
        ) from None
    if stored.format != FORMAT:
        raise StateError(
            f"{path}: is of format {stored.format}, this Cityline knows {FORMAT}; install a newer one"
        )
    return stored.accounts if stored.realm == realm else ()


def _write(path: Path, stored: StoredSecrets) -> None:
    """Replace the file as a whole: after a power cut it is the old one or the new one."""
    replace_file(path, json.dumps(to_plain(stored), indent=1))
