"""SIP as the gateway sees it: starts and supervises the SIP process, mirrors its bindings and dialogs.

The mirror is what makes the process expendable. When it dies, every dialog ends at once for the exchange
(cause 41), a new
process gets the bindings, so that telephones ring without registering again, and ends the dialogs that
its predecessor
left behind. Ids: even ones are the exchange's, odd ones are counted here and never used twice.
"""

import asyncio
import errno
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from gateway.drivers.sip_life import UNPRIVILEGED, Life, Lives, Spawn, spawn_process
from gateway.drivers.sip_wire import CLOSED
from gateway.errors import HardwareError
from gateway.interfaces import EventSink, SipAccount, SipListen
from gateway.model import actions as a
from gateway.model import events as e
from gateway.model.causes import Cause
from gateway.model.numbers import DialogId
from gateway.sip import messages as m
from gateway.sip.digest import Algorithm

START_LIMIT_S = 10.0
"""A process that does not say `Listening` in this time is killed."""

PING_INTERVAL_S = 1.0
SILENCE_LIMIT_S = 4.0
"""A process that does not answer pings for this long is killed."""

BACKOFF_S = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Waits before the restarts of a process that dies again and again."""

DYING_S = 0.2
"""Between the end of a process's socket and its own end."""

STEADY_S = 30.0
"""After so long a life the next restart waits the shortest time again."""

ORPHAN_LIVES = 3
"""A dialog that was left behind is given to so many processes at most, until one says that it has ended."""

_log = logging.getLogger("cityline.sip")


@dataclass(slots=True)
class _Dialog:
    """A dialog as the exchange knows it."""

    dialog: DialogId
    call: int
    orphan: m.Orphan | None = None
    over: bool = False
    """The exchange has been told, or has said, that it is over."""
    ringing: bool = False


@dataclass(slots=True)
class _Left:
    """A dialog that a dead process left behind."""

    orphan: m.Orphan
    lives: int = 0
    """Processes that were told to end it."""


@dataclass(frozen=True, slots=True)
class _Bound:
    binding: m.Bound
    expires_at_s: float


class SofiaSipStack:
    """The driver behind `gateway.interfaces.SipStack`.

    ``trusted`` are addresses of trunks that need no digest. ``algorithms`` are offered to every account
    that has a hash for
    them; MD5 alone by default, because telephones that do not know SHA-256 fail when it is offered
    beside MD5. ``user`` is whom the SIP process becomes when the gateway is root.
    ``spare``: a second process waits to take over.
    """

    def __init__(
        self,
        *,
        limits: m.Limits | None = None,
        trusted: Sequence[str] = (),
        algorithms: Sequence[Algorithm] = (Algorithm.MD5,),
        user: str = UNPRIVILEGED,
        spawn: Spawn | None = None,
        spare: bool = True,
    ) -> None:
        self._limits = limits or m.Limits()
        self._trusted = tuple(trusted)
        self._algorithms = tuple(algorithm.value for algorithm in algorithms)
        spawn = spawn or partial(spawn_process, user=user)
        self._lives = Lives(spawn, self._on_message, spares=spare)
        self._sink: EventSink = lambda event: None
        self._configure: m.Configure | None = None
        self._epoch = 0
        self._next_incoming = 1
        self._dialogs: dict[DialogId, _Dialog] = {}
        self._by_call: dict[int, _Dialog] = {}
        self._bindings: dict[tuple[str, str], _Bound] = {}
        self._orphans: list[_Left] = []
        self._life: Life | None = None
        self._up = False
        self._task: asyncio.Task[None] | None = None
        self._ping_serial = 0
        self.pong: m.Pong | None = None
        self.restarts = 0
        self.failed_starts = 0

    # --- the protocol

    async def start(self, sink: EventSink, listen: SipListen, accounts: Sequence[SipAccount]) -> None:
        """Start the process and wait until it listens; HardwareError when it cannot."""
        self._sink = sink
        self._configure = m.Configure(
            address=listen.address,
            port=listen.port,
            realm=listen.realm,
            transports=tuple(listen.transports),
            accounts=_accounts(accounts),
            trusted=self._trusted,
            algorithms=self._algorithms,
            limits=self._limits,
        )
        life = await self._begin_life()
        if life.refusal is not None or not life.listening.is_set():
            await self._end_life(life)
            raise HardwareError(self._cannot_listen(life))
        self._task = asyncio.create_task(self._supervise(life), name="sip supervisor")
        self._task.add_done_callback(self._supervision_ended)

    def configure(self, accounts: Sequence[SipAccount]) -> None:
        """Other accounts from now on; telephones of accounts that are gone are forgotten."""
        if self._configure is None:
            return
        self._configure = replace(self._configure, accounts=_accounts(accounts))
        self._send(self._configure)

    async def stop(self) -> None:
        """End the process; it sends the BYEs that are due."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._lives.end()
        life, self._life = self._life, None
        self._up = False
        if life is not None:
            await self._end_life(life)

    def perform(self, action: a.Action) -> None:
        """Carry out one Sip* action; others are not for us and are ignored, as are those for dialogs
        that are over.
        """
        match action:
            case a.SipInvite():
                self._invite(action)
            case a.SipRing():
                early = action.sdp or ""
                self._to_dialog(action.dialog, lambda call: m.Ring(call, early))
            case a.SipAnswer() | a.SipAnswerReinvite():
                sdp = action.sdp
                self._to_dialog(action.dialog, lambda call: m.Answer(call, sdp))
            case a.SipRefuse():
                status = action.status
                self._to_dialog(action.dialog, lambda call: m.Refuse(call, status), over=True)
            case a.SipRefuseReinvite():
                status = action.status
                self._to_dialog(action.dialog, lambda call: m.Refuse(call, status))
            case a.SipReinvite():
                offer = action.sdp
                self._to_dialog(action.dialog, lambda call: m.Reinvite(call, offer))
            case a.SipHangup():
                cause = action.cause_q850
                self._to_dialog(action.dialog, lambda call: m.Hangup(call, cause), over=True)
            case _:
                pass

    @property
    def process_id(self) -> int | None:
        """Of the process that runs now; for `status` and for tests that kill it."""
        return self._life.process.pid if self._life is not None and self._up else None

    def orphan_of(self, which: DialogId) -> m.Orphan | None:
        """What would be needed to end a dialog if the process died now; for tests and the technician."""
        dialog = self._dialogs.get(which)
        return dialog.orphan if dialog is not None else None

    # --- actions

    def _invite(self, action: a.SipInvite) -> None:
        if not self._up:
            refused = e.RemoteRefused(action.dialog, 503, "SIP is starting")
            asyncio.get_running_loop().call_soon(self._sink, refused)
            return
        dialog = _Dialog(action.dialog, int(action.dialog))
        self._dialogs[dialog.dialog] = self._by_call[dialog.call] = dialog
        self._send(
            m.Call(
                dialog.call,
                action.extension,
                action.contact,
                action.caller,
                action.caller_name,
                action.sdp,
            )
        )

    def _to_dialog(self, which: DialogId, make: Callable[[int], m.Message], *, over: bool = False) -> None:
        dialog = self._dialogs.get(which)
        if dialog is None or dialog.over:
            return
        dialog.over = over
        self._send(make(dialog.call))

    def _send(self, message: m.Message) -> None:
        if self._life is not None:
            self._life.wire.send(message)

    # --- messages of the process

    def _on_message(self, life: Life, message: m.Message) -> None:
        life.heard_s = time.monotonic()
        match message:
            case m.Listening():
                life.listening.set()
            case m.CannotListen():
                life.refusal = message
                life.listening.set()
            case m.Bound():
                self._on_bound(message)
            case m.Unbound():
                if self._bindings.pop((message.extension, message.contact), None) is not None:
                    self._sink(e.Unregistered(message.extension, message.contact))
            case m.Invited():
                self._on_invited(message)
            case m.OrphanEnded():
                self._orphans = [left for left in self._orphans if left.orphan.call_id != message.call_id]
                _log.info("orphaned dialog %s ended with %d", message.call_id, message.status)
            case m.Pong():
                self.pong = message
            case (
                m.Progress()
                | m.Answered()
                | m.Refused()
                | m.Reinvited()
                | m.ReinviteEnded()
                | m.Ended()
                | m.Mirror()
                | m.Gone()
            ):
                self._on_call_message(message)
            case _:
                _log.error("%s is not for us", type(message).__name__)

    def _on_bound(self, message: m.Bound) -> None:
        key = (message.extension, message.contact)
        self._bindings[key] = _Bound(message, time.monotonic() + message.expires_s)
        self._sink(
            e.Registered(message.extension, message.contact, message.source_address, message.expires_s)
        )

    def _on_invited(self, message: m.Invited) -> None:
        dialog = self._dialog_of_incoming(message.call)
        self._sink(
            e.InviteReceived(dialog.dialog, message.caller, message.caller_name, message.called, message.sdp)
        )

    def _dialog_of_incoming(self, call: int) -> _Dialog:
        dialog = self._by_call.get(call)
        if dialog is None:
            dialog = _Dialog(DialogId(self._next_incoming), call)
            self._next_incoming += 2
            self._dialogs[dialog.dialog] = self._by_call[call] = dialog
        return dialog

    def _on_call_message(
        self,
        message: m.Progress
        | m.Answered
        | m.Refused
        | m.Reinvited
        | m.ReinviteEnded
        | m.Ended
        | m.Mirror
        | m.Gone,
    ) -> None:
        if isinstance(message, m.Mirror):
            dialog = self._by_call.get(message.call)
            if dialog is None and not message.orphan.outgoing:
                dialog = self._dialog_of_incoming(message.call)
            if dialog is not None:
                dialog.orphan = message.orphan
            return
        dialog = self._by_call.get(message.call)
        if dialog is None:
            return
        if isinstance(message, m.Gone):
            self._forget(dialog)
        elif not dialog.over:
            event, over = _event_of(dialog.dialog, message)
            dialog.over = over
            if event is not None:
                self._sink(event)

    def _forget(self, dialog: _Dialog) -> None:
        self._dialogs.pop(dialog.dialog, None)
        self._by_call.pop(dialog.call, None)

    # --- lives of the process

    async def _begin_life(self) -> Life:
        """Start a process and wait until it listens, refuses, dies or is too slow. HardwareError when the
        system gives none.
        """
        life = self._life = await self._lives.begin()
        assert self._configure is not None
        life.wire.send(self._configure)
        first = [asyncio.ensure_future(life.listening.wait()), asyncio.ensure_future(life.lost.wait())]
        await asyncio.wait(first, timeout=START_LIMIT_S, return_when=asyncio.FIRST_COMPLETED)
        for waiter in first:
            waiter.cancel()
        if life.listening.is_set() and life.refusal is None:
            self._restore()
        return life

    def _restore(self) -> None:
        """Give the new process what its predecessor had, then tell the exchange."""
        now_s = time.monotonic()
        for key, bound in list(self._bindings.items()):
            left_s = int(bound.expires_at_s - now_s)
            if left_s <= 0:
                del self._bindings[key]
                self._sink(e.Unregistered(*key))
                continue
            b = bound.binding
            self._send(
                m.RestoreBinding(
                    b.extension,
                    b.contact,
                    b.source_address,
                    b.source_port,
                    b.transport,
                    b.call_id,
                    b.cseq,
                    left_s,
                )
            )
        for left in self._orphans:
            left.lives += 1
            self._send(m.EndOrphan(left.orphan, Cause.TEMPORARY_FAILURE))
        self._epoch += 1
        self._up = True
        self._lives.make_spare()
        self._sink(e.SipStackUp(self._epoch))

    async def _supervise(self, life: Life) -> None:
        """Watch one process after the other until cancelled."""
        failures = 0
        while True:
            began_s = time.monotonic()
            await self._watch(life)
            self._on_death(life)
            await self._end_life(life)
            failures = 0 if time.monotonic() - began_s > STEADY_S else failures + 1
            life, failures = await self._begin_again(failures)
            self.restarts += 1

    def _supervision_ended(self, task: asyncio.Task[None]) -> None:
        """Nobody would start the next process: people must know."""
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._up = False
            _log.error("the supervision of SIP failed", exc_info=failure)
            self._sink(
                e.SipStackDown(f"a bug of ours ended its supervision ({failure}): start the gateway again")
            )

    async def _begin_again(self, failures: int) -> tuple[Life, int]:
        """Try until a process is up, however often that fails; each new reason is told."""
        said = ""
        while True:
            await asyncio.sleep(BACKOFF_S[min(max(failures - 1, 0), len(BACKOFF_S) - 1)])
            try:
                life = await self._begin_life()
                if self._up:
                    return life, failures
                reason = self._cannot_listen(life)
                await self._end_life(life)
            except HardwareError as error:
                reason = str(error)
            failures += 1
            self.failed_starts += 1
            _log.error("%s", reason)
            if reason != said:
                said = reason
                self._sink(e.SipStackDown(reason))

    async def _watch(self, life: Life) -> None:
        """Until the process dies, loses its socket or falls silent."""
        ended = asyncio.ensure_future(life.process.wait())
        lost = asyncio.ensure_future(life.lost.wait())
        try:
            while True:
                done, _ = await asyncio.wait(
                    (ended, lost), timeout=PING_INTERVAL_S, return_when=asyncio.FIRST_COMPLETED
                )
                if done:
                    # How it ended says more than that its socket closed; what it said last is to be read.
                    await asyncio.wait((ended, lost), timeout=DYING_S)
                    if ended.done() and life.reason in ("", CLOSED):
                        life.reason = f"the SIP process ended with status {life.process.returncode}"
                    return
                if time.monotonic() - life.heard_s > SILENCE_LIMIT_S:
                    life.reason = f"the SIP process has not answered for {SILENCE_LIMIT_S:.0f} s"
                    return
                self._ping_serial += 1
                self._send(m.Ping(self._ping_serial))
        finally:
            ended.cancel()
            lost.cancel()

    def _on_death(self, life: Life) -> None:
        """Every dialog is over for the exchange; what is known of it goes to the next process."""
        self._up = False
        self._orphans = [left for left in self._orphans if left.lives < ORPHAN_LIVES]
        _log.error("SIP is down: %s", life.reason)
        for dialog in list(self._dialogs.values()):
            self._forget(dialog)
            if dialog.orphan is not None:
                self._orphans.append(_Left(dialog.orphan))
            if not dialog.over:
                self._sink(e.RemoteEnded(dialog.dialog, Cause.TEMPORARY_FAILURE))
        self._sink(e.SipStackDown(life.reason))

    async def _end_life(self, life: Life) -> None:
        """Close the socket, and let the process end or kill it."""
        if self._life is life:
            self._life = None
        await life.end(2.0 if life.listening.is_set() and not life.reason else 0.2)

    def _cannot_listen(self, life: Life) -> str:
        assert self._configure is not None
        c = self._configure
        where = f"{c.address}:{c.port} ({', '.join(c.transports)})"
        if life.refusal is not None and life.refusal.errno == errno.EACCES:
            return (
                f"SIP cannot listen on {where}: {life.refusal.reason}; the SIP process has no privileges,"
                " choose a port from 1024 up with sip.port or --listen"
            )
        if life.refusal is not None:
            return (
                f"SIP cannot listen on {where}: {life.refusal.reason}; "
                "end the program that uses the port, or choose another with sip.port or --listen"
            )
        return f"the SIP process does not start on {where}: {life.reason or 'it says nothing'}"


def _accounts(accounts: Sequence[SipAccount]) -> tuple[m.Account, ...]:
    return tuple(m.Account(x.extension, x.ha1_md5, x.ha1_sha256) for x in accounts)


def _event_of(
    dialog: DialogId,
    message: m.Progress | m.Answered | m.Refused | m.Reinvited | m.ReinviteEnded | m.Ended,
) -> tuple[e.Event | None, bool]:
    """The exchange's event for a message, and whether the dialog is over with it."""
    match message:
        case m.Progress():
            return e.RemoteRinging(dialog, message.status, message.sdp or None), False
        case m.Answered():
            return e.RemoteAnswered(dialog, message.sdp), False
        case m.Refused():
            return e.RemoteRefused(dialog, message.status, message.phrase), True
        case m.Reinvited():
            return e.ReinviteReceived(dialog, message.sdp), False
        case m.ReinviteEnded():
            # A refused re-INVITE leaves the session as it was (RFC 3261 section 14.1): nothing has happened.
            ok = 200 <= message.status < 300
            return (e.ReinviteAnswered(dialog, message.sdp) if ok else None), False
        case m.Ended():
            return e.RemoteEnded(dialog, message.cause_q850), True
