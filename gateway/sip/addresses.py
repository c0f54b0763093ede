"""How numbers, names and network addresses are written in SIP (RFC 3261 section 25), pure."""

from urllib.parse import quote, unquote

_USER_SAFE = "-_.!~*'()&=+$,;?/"
"""``unreserved`` and ``user-unreserved`` of RFC 3261 besides letters and digits."""


def host_text(address: str) -> str:
    """An address as it stands in a URI: IPv6 in brackets."""
    return f"[{address}]" if ":" in address else address


def sip_uri(user: str, address: str, port: int | None = None, transport: str = "udp") -> str:
    """A SIP URI; nothing in ``user`` can end its user part."""
    who = f"{quote(user, safe=_USER_SAFE)}@" if user else ""
    where = host_text(address) + (f":{port}" if port else "")
    return f"sip:{who}{where}" + (";transport=tcp" if transport == "tcp" else "")


def name_address(name: str, uri: str) -> str:
    """``"name" <uri>``, or ``<uri>`` without a name; quotes and backslashes escaped, control characters
    left out.
    """
    shown = "".join(character for character in name if character.isprintable())
    shown = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shown}" <{uri}>' if shown else f"<{uri}>"


def host_and_port(uri: str) -> tuple[str, int | None]:
    """Host (IPv6 without brackets, lower case) and port of a SIP URI; ``("", None)`` when it has none."""
    _, _, rest = uri.partition(":")
    rest = rest.split("?")[0]
    rest = rest.rpartition("@")[2].split(";")[0]
    if rest.startswith("["):
        host, bracket, after = rest[1:].partition("]")
        port = after.removeprefix(":")
        if not bracket:
            return "", None
    else:
        host, _, port = rest.partition(":")
    if port and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65_536):
        return "", None
    return unquote(host).lower(), int(port) if port else None
