"""A small gateway around the SIP driver: records events, answers as told, stands where the exchange will
stand.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from gateway.drivers.sipstack import SofiaSipStack
from gateway.interfaces import SipAccount, SipListen
from gateway.media import sdp
from gateway.model import actions as act
from gateway.model import events as ev
from gateway.model.numbers import DialogId
from gateway.sip.digest import Algorithm, ha1
from gateway.sip.messages import Limits
from tests.interop.telephones import DEADLINE_S

REALM = "cityline"
RING_ONLY = "600"
"""A number of the small gateway that rings and is never answered."""
NOBODY = "999"
BUSY = "102"

E = TypeVar("E")


def account(extension: str, password: str) -> SipAccount:
    """An account with both hashes."""
    return SipAccount(
        extension,
        ha1(extension, REALM, password, Algorithm.MD5),
        ha1(extension, REALM, password, Algorithm.SHA256),
    )


ACCOUNTS = tuple(account(extension, f"secret{extension}") for extension in ("201", "202", "203", "204"))

TEST_LIMITS = Limits(requests_per_s=5_000, requests_burst=5_000, failures_per_s=100, failures_burst=1_000)


@dataclass(slots=True)
class Office:
    """Events in ``events``; calls to 101 are answered, to 102 busy, to 600 ring, to others 404."""

    stack: SofiaSipStack
    address: str
    port: int
    events: list[ev.Event] = field(default_factory=list)
    answers: bool = True
    media_port: int = 4_000
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _next: int = 0
    _next_dialog: int = 2
    offers: dict[DialogId, sdp.Description] = field(default_factory=dict)

    def local(self, version: int = 1, direction: sdp.Direction = sdp.Direction.SENDRECV) -> sdp.LocalMedia:
        """Our side of every stream."""
        return sdp.LocalMedia(self.address, self.media_port, 1, version, direction=direction)

    def take(self, event: ev.Event) -> None:
        """The sink of the driver."""
        self.events.append(event)
        self._changed.set()
        if self.answers and isinstance(event, ev.InviteReceived):
            self._receive(event)
        elif self.answers and isinstance(event, ev.ReinviteReceived):
            self.stack.perform(
                act.SipAnswerReinvite(event.dialog, self.answer_to(event.dialog, event.sdp, 2))
            )

    def answer_to(self, dialog: DialogId, offer: str, version: int = 1) -> str:
        """Our answer to an offer."""
        theirs = sdp.parse_description(offer)
        self.offers[dialog] = theirs
        local = self.local(version)
        return sdp.write_answer(theirs, sdp.agree(theirs, local), local)

    def _receive(self, event: ev.InviteReceived) -> None:
        perform = self.stack.perform
        if event.called == BUSY:
            perform(act.SipRefuse(event.dialog, 486))
        elif event.called in ("101", RING_ONLY):
            perform(act.SipRing(event.dialog))
            if event.called == "101":
                perform(act.SipAnswer(event.dialog, self.answer_to(event.dialog, event.sdp)))
        else:
            perform(act.SipRefuse(event.dialog, 404))

    def invite(self, registered: ev.Registered, caller: str = "101", name: str = "Анна") -> DialogId:
        """Call a telephone that has registered."""
        dialog = DialogId(self._next_dialog)
        self._next_dialog += 2
        offer = sdp.write_offer(self.local())
        self.stack.perform(
            act.SipInvite(dialog, registered.extension, registered.contact, caller, name, offer)
        )
        return dialog

    def hold_offer(self) -> str:
        """Our offer that puts a call on hold."""
        return sdp.write_offer(self.local(2, sdp.Direction.SENDONLY))

    async def event(self, kind: type[E], where: Callable[[E], bool] = lambda event: True, **fields: Any) -> E:
        """The next event of a kind not yet asked for; earlier ones of other kinds are passed over."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                while True:
                    while self._next < len(self.events):
                        event = self.events[self._next]
                        self._next += 1
                        if (
                            isinstance(event, kind)
                            and where(event)
                            and all(getattr(event, name) == value for name, value in fields.items())
                        ):
                            return event
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"no {kind.__name__} {fields} in {self.events}") from None

    def kill(self) -> None:
        """``kill -9`` for the SIP process."""
        process_id = self.stack.process_id
        assert process_id is not None
        os.kill(process_id, signal.SIGKILL)

    async def mirrored(self, dialog: DialogId, local: str = "", *, established: bool = False) -> None:
        """Until the driver knows enough of a dialog to end it after a crash."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                orphan = self.stack.orphan_of(dialog)
                known = orphan is not None and local in orphan.local and bool(orphan.via + orphan.target)
                if known and orphan is not None and (orphan.established or not established):
                    return
                await asyncio.sleep(0.005)

    async def established(self, dialog: DialogId) -> None:
        """Until the driver knows that a dialog is answered."""
        await self.mirrored(dialog, established=True)

    def rewind(self) -> None:
        """Ask for all events again."""
        self._next = 0


@contextlib.asynccontextmanager
async def office(
    address: str,
    port: int,
    *,
    limits: Limits = TEST_LIMITS,
    accounts: tuple[SipAccount, ...] = ACCOUNTS,
    **options: Any,
) -> AsyncIterator[Office]:
    """A running small gateway."""
    stack = SofiaSipStack(limits=limits, **options)
    it = Office(stack, address, port)
    await stack.start(it.take, SipListen(address, port, REALM), accounts)
    try:
        yield it
    finally:
        await stack.stop()


def brief(limits: Limits = TEST_LIMITS, **changes: Any) -> Limits:
    """Limits with short registrations, for tests of expiry."""
    return replace(limits, min_expires_s=1, **changes)
