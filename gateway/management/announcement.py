"""What `cityline run` says when it starts: what runs where, whom one can call, and the new secrets, once."""

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from gateway.interfaces import SipListen
from gateway.management.language import _
from gateway.model.settings import BoardSettings, ExtensionKind, OfficeSettings, PortKind


def announcement(office: OfficeSettings, board: BoardSettings, listen: SipListen, state: Path) -> str:
    """The office in a few lines."""
    rows = [
        (_("telephones"), ", ".join(_stations(office, ExtensionKind.ANALOG)) or "-"),
        (_("SIP"), ", ".join(_stations(office, ExtensionKind.SIP)) or "-"),
        (
            "",
            _("{transports} on {address}, realm {realm}").format(
                transports="+".join(listen.transports),
                address=host_port(listen.address, listen.port),
                realm=listen.realm,
            ),
        ),
        (_("city lines"), ", ".join(_city_lines(office)) or "-"),
        (_("groups"), ", ".join(_groups(office)) or "-"),
        (
            _("board"),
            _("{name}: {fxs} telephone sockets, {fxo} city lines").format(
                name=board.name, fxs=_count(board, PortKind.FXS), fxo=_count(board, PortKind.FXO)
            )
            + _modems(board),
        ),
        (_("state"), str(state)),
    ]
    width = max(len(name) for name, _text in rows)
    return "\n".join(f"  {name.ljust(width)}  {text}" for name, text in rows)


def _modems(board: BoardSettings) -> str:
    count = _count(board, PortKind.CELLULAR)
    return _(", {count} modems").format(count=count) if count else ""


def host_port(address: str, port: int) -> str:
    """``127.0.0.1:5060``, ``[::1]:5060``."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def secrets_text(fresh: Mapping[str, str]) -> str:
    """New secrets of SIP telephones: they are shown once and kept nowhere."""
    lines = [_("New secrets of SIP telephones. They are shown only now; user name is the extension:")]
    lines += [f"  {extension}  {secret}" for extension, secret in fresh.items()]
    return "\n".join(lines)


def unshown_secrets_text(fresh: Mapping[str, str], reset: str) -> str:
    """New secrets where the output may be kept (systemd's journal): not they, but the command that makes and
    shows one; ``reset`` is that command without the extension.
    """
    text = _("{extensions} have new secrets. They are not shown: this is no terminal and may be kept.")
    remedy = _("This makes another and shows it once: {command}")
    lines = [text.format(extensions=", ".join(fresh))]
    return "\n".join([*lines, *(remedy.format(command=f"{reset} {extension}") for extension in fresh)])


def exposure_text(listen: SipListen) -> str:
    """What it means that not only this machine can reach SIP and voice; empty when only it can."""
    if ip_address(listen.address).is_loopback:
        return ""
    return _(
        "SIP and voice are open to everybody who can reach {address}; telephones prove themselves by their"
        " secret, nothing is encrypted. Keep this in the office's own network, never on the internet."
    ).format(address=host_port(listen.address, listen.port))


def _stations(office: OfficeSettings, kind: ExtensionKind) -> list[str]:
    return [
        f"{extension.number} {extension.name}" for extension in office.extensions if extension.kind is kind
    ]


def _city_lines(office: OfficeSettings) -> list[str]:
    return [f"{line.name} {line.number}".strip() + f" -> {line.destination}" for line in office.city_lines]


def _groups(office: OfficeSettings) -> list[str]:
    groups = [f"{group.number} {group.name}" for group in office.hunt_groups]
    return groups + [f"{queue.number} {queue.name}" for queue in office.queues]


def _count(board: BoardSettings, kind: PortKind) -> int:
    return sum(port.kind is kind for port in board.ports)
