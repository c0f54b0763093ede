"""Addresses of this machine: whether one can be listened on, and which one the network reaches us at."""

import socket
from ipaddress import ip_address

from gateway.errors import HardwareError


def refuse_foreign_address(listen: str) -> None:
    """An address that no interface of this machine has cannot be listened on."""
    family = socket.AF_INET if ip_address(listen).version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((listen, 0))
        except OSError as error:
            raise HardwareError(
                f"cannot listen on {listen}: {error.strerror}; give --listen an address of this machine"
                " (`ip address` shows them), or 0.0.0.0 for all"
            ) from None


def media_address(listen: str) -> str:
    """The address that our SDP gives: the one we listen on or, when that is all of them, our way to the
    network.
    """
    address = ip_address(listen)
    if not address.is_unspecified:
        return listen
    family, far = (socket.AF_INET, "192.0.2.1") if address.version == 4 else (socket.AF_INET6, "2001:db8::1")
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((far, 9))  # chooses a route and sends nothing
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1" if address.version == 4 else "::1"
