"""A network of their own for SIP telephones: a namespace joined to ours by a pair of virtual interfaces."""

import contextlib
import itertools
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field

_NUMBERS = itertools.count(1)


@dataclass(slots=True)
class SipNetwork:
    """``gateway`` is our address, ``telephones`` the address inside; programs run inside with `prefix`."""

    name: str
    gateway: str
    telephones: str
    interface: str
    _ports: Iterator[int] = field(default_factory=lambda: itertools.count(21_000, 20))
    _gateway_ports: Iterator[int] = field(default_factory=lambda: itertools.count(25_000, 2))

    @property
    def prefix(self) -> tuple[str, ...]:
        """Words before a command that is to run inside."""
        return ("ip", "netns", "exec", self.name)

    def port(self) -> int:
        """A port that nobody in the namespace has yet; the nineteen after it are free too."""
        return next(self._ports)

    def gateway_port(self) -> int:
        """A port on our side for a gateway of its own."""
        return next(self._gateway_ports)

    @contextlib.contextmanager
    def another_address(self) -> Iterator[tuple[str, str]]:
        """A second network on the same wire, for a while: our address in it and the telephones'."""
        ours, theirs = "10.250.7.1", "10.250.7.2"
        _ip("addr", "add", f"{ours}/30", "dev", self.interface)
        _ip("-n", self.name, "addr", "add", f"{theirs}/30", "dev", self.interface.replace("clg", "clt"))
        try:
            yield ours, theirs
        finally:
            _ip("addr", "del", f"{ours}/30", "dev", self.interface)
            _ip("-n", self.name, "addr", "del", f"{theirs}/30", "dev", self.interface.replace("clg", "clt"))


def _ip(*words: str) -> None:
    subprocess.run(("ip", *words), check=True, capture_output=True, text=True)


@contextlib.contextmanager
def sip_network() -> Iterator[SipNetwork]:
    """Make the namespace, and remove it."""
    number = next(_NUMBERS)
    tag = f"{os.getpid() % 100_000}{number}"
    name, ours, theirs = f"cl{tag}", f"clg{tag}", f"clt{tag}"
    block = f"10.{213 + number % 30}.{os.getpid() % 250 + 1}"
    network = SipNetwork(name, f"{block}.1", f"{block}.2", ours)
    _ip("netns", "add", name)
    try:
        _ip("link", "add", ours, "type", "veth", "peer", "name", theirs)
        _ip("link", "set", theirs, "netns", name)
        _ip("addr", "add", f"{network.gateway}/30", "dev", ours)
        _ip("link", "set", ours, "up")
        _ip("-n", name, "addr", "add", f"{network.telephones}/30", "dev", theirs)
        _ip("-n", name, "link", "set", theirs, "up")
        _ip("-n", name, "link", "set", "lo", "up")
        yield network
    finally:
        _ip("netns", "del", name)
        subprocess.run(("ip", "link", "del", ours), check=False, capture_output=True)
