"""A network of their own for SIP telephones: a namespace joined to ours by a pair of virtual interfaces.

Needs what root may, or what everybody may in a user namespace with a network of its own (`tools/gates.py`
starts the tests in one when they are not root): nothing here writes to /run.
"""

import contextlib
import itertools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CAP_NET_ADMIN, CAP_SYS_ADMIN = 12, 21
"""Bits of capabilities(7): set up interfaces; make and enter a namespace."""

NEEDED = ("ip", "nsenter", "unshare", "sipp", "baresip")
REMEDY = (
    "sudo python3 tasks.py test, or for these alone sudo .venv/bin/python -m pytest tests/interop "
    "(if this was `tasks.py test`: this machine lets only root make networks)"
)
PACKAGES = "sudo apt-get install iproute2 util-linux sip-tester baresip-core"

_NUMBERS = itertools.count(1)


def missing() -> str:
    """Why there can be no real SIP here, and the remedy; empty when there can."""
    absent = [program for program in NEEDED if shutil.which(program) is None]
    if absent:
        return f"real SIP is not tested without {', '.join(absent)}: {PACKAGES}"
    effective = re.search(r"^CapEff:\s+(\w+)", Path("/proc/self/status").read_text(), re.MULTILINE)
    held = int(effective[1], 16) if effective else 0
    if any(not held >> bit & 1 for bit in (CAP_NET_ADMIN, CAP_SYS_ADMIN)):
        return f"real SIP is not tested without a network of its own: {REMEDY}"
    return ""


@dataclass(slots=True)
class SipNetwork:
    """``gateway`` is our address, ``telephones`` the address inside; programs run inside with `prefix`."""

    holder: int
    """The process that keeps the namespace."""
    gateway: str
    telephones: str
    interface: str
    _ports: Iterator[int] = field(default_factory=lambda: itertools.count(21_000, 20))
    _gateway_ports: Iterator[int] = field(default_factory=lambda: itertools.count(25_000, 2))

    @property
    def prefix(self) -> tuple[str, ...]:
        """Words before a command that is to run inside."""
        return ("nsenter", f"--net=/proc/{self.holder}/ns/net")

    @property
    def far_interface(self) -> str:
        """Our interface's other end, inside."""
        return self.interface.replace("clg", "clt")

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
        _run("ip", "addr", "add", f"{ours}/30", "dev", self.interface)
        _run(*self.prefix, "ip", "addr", "add", f"{theirs}/30", "dev", self.far_interface)
        try:
            yield ours, theirs
        finally:
            _run("ip", "addr", "del", f"{ours}/30", "dev", self.interface)
            _run(*self.prefix, "ip", "addr", "del", f"{theirs}/30", "dev", self.far_interface)


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, text=True)


@contextlib.contextmanager
def _namespace() -> Iterator[int]:
    """A network namespace, kept by a process that ends with us, however we end; its process id."""
    command = ("unshare", "--net", "sh", "-c", "echo made; exec cat")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        if holder.stdout.readline() != "made\n":
            raise subprocess.CalledProcessError(holder.wait(), command, stderr="unshare --net does not work")
        yield holder.pid


@contextlib.contextmanager
def sip_network() -> Iterator[SipNetwork]:
    """Make the namespace, and remove it."""
    tag = f"{os.getpid() % 100_000}{next(_NUMBERS)}"
    block = f"10.{213 + int(tag) % 30}.{os.getpid() % 250 + 1}"
    with _namespace() as holder:
        network = SipNetwork(holder, f"{block}.1", f"{block}.2", f"clg{tag}")
        ours, theirs = network.interface, network.far_interface
        _run("ip", "link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", str(holder))
        try:
            _run("ip", "addr", "add", f"{network.gateway}/30", "dev", ours)
            _run("ip", "link", "set", ours, "up")
            _run(*network.prefix, "ip", "addr", "add", f"{network.telephones}/30", "dev", theirs)
            _run(*network.prefix, "ip", "link", "set", theirs, "up")
            _run(*network.prefix, "ip", "link", "set", "lo", "up")
            yield network
        finally:
            subprocess.run(("ip", "link", "del", ours), check=False, capture_output=True)
