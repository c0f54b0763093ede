"""The sofia endpoints of the process: one for each address that we listen on.

Listening on all addresses (``0.0.0.0``, ``::``) is one endpoint for each address that the machine has,
because sofia would name the first interface to everybody. `refresh` follows addresses that come and go.
"""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from dataclasses import replace

from gateway.drivers.sip_process.shim import Shim, ShimEvent, local_addresses
from gateway.sip.messages import Configure

EVENTS_A_TURN = 64
"""Shim events that are handled before the event loop may do something else."""

MAX_ENDPOINTS = 32
WILDCARDS = ("0.0.0.0", "::")

_log = logging.getLogger("cityline.sip")


def facing(peer: str) -> str | None:
    """Our address from which packets to ``peer`` (an IP address) leave; nothing is sent to find out."""
    family = socket.AF_INET6 if ":" in peer else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((peer, 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])


class Endpoints:
    """All endpoints; ``on_event`` gets every event with the endpoint that it came from."""

    def __init__(self, configure: Configure, on_event: Callable[[Shim, ShimEvent], None]) -> None:
        """Raises OSError when we cannot listen."""
        self._configure = configure
        self._on_event = on_event
        self._shims: dict[str, Shim] = {}
        self._loop = asyncio.get_running_loop()
        try:
            for address in self._wanted():
                self._open(address)
        except OSError:
            self.close()
            raise
        if not self._shims:
            raise OSError(errno.EADDRNOTAVAIL, "this machine has no address")

    @property
    def _is_wildcard(self) -> bool:
        return self._configure.address in WILDCARDS

    def _wanted(self) -> list[str]:
        if not self._is_wildcard:
            return [self._configure.address]
        return local_addresses(ipv6=self._configure.address == "::")[:MAX_ENDPOINTS]

    def _open(self, address: str) -> None:
        taken = {shim.slot for shim in self._shims.values()}
        slot = next(number for number in range(MAX_ENDPOINTS) if number not in taken)
        shim = Shim(replace(self._configure, address=address), slot)
        self._shims[address] = shim
        self._loop.add_reader(shim.event_fd, self._readable, shim)

    def _readable(self, shim: Shim) -> None:
        for event in shim.events(EVENTS_A_TURN):
            self._on_event(shim, event)

    def towards(self, peer: str) -> Shim:
        """The endpoint that ``peer`` can reach."""
        address = facing(peer) if len(self._shims) > 1 else None
        return self._shims.get(address or "") or next(iter(self._shims.values()))

    def all(self) -> list[Shim]:
        """Every endpoint."""
        return list(self._shims.values())

    def refresh(self) -> None:
        """Follow the addresses of the machine."""
        if not self._is_wildcard:
            return
        wanted = self._wanted()
        for address in set(self._shims) - set(wanted):
            if len(self._shims) > 1:
                _log.info("no longer on %s", address)
                self._close(self._shims.pop(address))
        for address in wanted:
            if address not in self._shims and len(self._shims) < MAX_ENDPOINTS:
                try:
                    self._open(address)
                except OSError as error:
                    _log.warning("cannot listen on %s: %s", address, error)

    def _close(self, shim: Shim) -> None:
        self._loop.remove_reader(shim.event_fd)
        shim.close()

    def close(self) -> None:
        """Hang up and close everything."""
        for shim in self._shims.values():
            self._close(shim)
        self._shims.clear()
