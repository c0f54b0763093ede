"""The gateway's side of SIP without SIP: supervision, the mirror, the numbers of dialogs."""

import asyncio
import contextlib
import dataclasses
import errno
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from gateway.drivers import sip_life, sipstack
from gateway.drivers.sipstack import SofiaSipStack
from gateway.errors import HardwareError
from gateway.interfaces import SipAccount, SipListen
from gateway.model import actions as act
from gateway.model import events as ev
from gateway.model.numbers import DialogId
from gateway.sip import messages as m
from tests.drivers.fake_sip_process import DEADLINE_S, FakeProcess, Lives, behaves

E = TypeVar("E")
LISTEN = SipListen("127.0.0.1", 5060, "cityline")
ACCOUNTS = (SipAccount("201", "a", "b"),)
INCOMING = 0x8000_0001
DESK = "sip:201@192.0.2.1:5060"
ORPHAN = m.Orphan(False, False, "c", "l", "r", "", "", "v", 2, "192.0.2.1", 5060, "udp")


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scenario())


@dataclass(slots=True)
class Driver:
    stack: SofiaSipStack
    lives: Lives
    events: list[ev.Event] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, event: ev.Event) -> None:
        self.events.append(event)
        self.changed.set()

    async def until(self, *expected: ev.Event) -> None:
        """Until the events end with these."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                while tuple(self.events[-len(expected) :]) != expected:
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            raise AssertionError(f"{expected} not at the end of {self.events}") from None

    async def until_processes(self, number: int) -> None:
        """Until so many have been started."""
        async with asyncio.timeout(DEADLINE_S):
            while len(self.lives.processes) < number:  # noqa: ASYNC110 (no event)
                await asyncio.sleep(0)

    async def until_kind(self, kind: type[ev.Event]) -> None:
        """Until the last event is of this kind."""
        async with asyncio.timeout(DEADLINE_S):
            while not isinstance(self.events[-1], kind):
                self.changed.clear()
                await self.changed.wait()

    async def say(self, *messages: m.Message) -> None:
        """The process says something, and the driver has taken it."""
        serial = 10_000 + len(self.events)
        for message in messages:
            self.lives.last.wire.send(message)
        self.lives.last.wire.send(m.Pong(serial, 0, 0, 0))
        async with asyncio.timeout(DEADLINE_S):
            while self.stack.pong is None or self.stack.pong.serial != serial:  # noqa: ASYNC110 (no event)
                await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def driver(
    *answers: Callable[[FakeProcess, m.Message], None], spare: bool = False
) -> AsyncIterator[Driver]:
    lives = Lives(list(answers) or [behaves])
    it = Driver(SofiaSipStack(spawn=lives.spawn, spare=spare), lives)  # type: ignore[arg-type]
    await it.stack.start(it.take, LISTEN, ACCOUNTS)
    try:
        yield it
    finally:
        await it.stack.stop()


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sipstack, "BACKOFF_S", (0.0, 0.01))
    monkeypatch.setattr(sipstack, "PING_INTERVAL_S", 0.01)
    monkeypatch.setattr(sip_life, "SPARE_AFTER_S", 0.0)


def test_it_is_configured_with_hashes_and_comes_up() -> None:
    async def scenario() -> None:
        async with driver() as it:
            configure = await it.lives.last.heard(m.Configure)
            assert configure.accounts == (m.Account("201", "a", "b"),)
            assert (configure.address, configure.port, configure.realm) == ("127.0.0.1", 5060, "cityline")
            assert it.events == [ev.SipStackUp(1)]

    run(scenario)


def test_a_port_in_use_is_told_with_a_remedy() -> None:
    def refuses(process: FakeProcess, message: m.Message) -> None:
        process.wire.send(m.CannotListen(98, "Address already in use"))

    async def scenario() -> None:
        with pytest.raises(HardwareError, match=r"127\.0\.0\.1:5060 .*already in use; end the program"):
            async with driver(refuses):
                pass

    run(scenario)


def test_a_port_that_needs_privileges_is_told_with_its_own_remedy() -> None:
    def refuses(process: FakeProcess, message: m.Message) -> None:
        process.wire.send(m.CannotListen(errno.EACCES, "Permission denied"))

    async def scenario() -> None:
        with pytest.raises(HardwareError, match=r"Permission denied; .* choose a port from 1024 up"):
            async with driver(refuses):
                pass

    run(scenario)


def test_a_process_that_dies_at_once_is_an_error_at_the_start() -> None:
    async def scenario() -> None:
        with pytest.raises(HardwareError, match="does not start"):
            async with driver(lambda process, message: process.die(1)):
                pass

    run(scenario)


def test_dialogs_from_outside_have_odd_numbers_that_are_never_used_again() -> None:
    async def scenario() -> None:
        async with driver() as it:
            await it.say(m.Invited(INCOMING, "201", "Anna", "101", "v=0"))
            await it.say(m.Invited(INCOMING + 1, "202", "", "102", ""))
            assert it.events[1:] == [
                ev.InviteReceived(DialogId(1), "201", "Anna", "101", "v=0"),
                ev.InviteReceived(DialogId(3), "202", "", "102", ""),
            ]
            it.lives.last.die()
            await it.until(ev.SipStackUp(2))
            await it.say(m.Invited(INCOMING, "203", "", "101", ""))
            assert it.events[-1] == ev.InviteReceived(DialogId(5), "203", "", "101", "")

    run(scenario)


def test_actions_reach_the_call_that_they_mean() -> None:
    async def scenario() -> None:
        async with driver() as it:
            await it.say(m.Invited(INCOMING, "201", "Anna", "101", "v=0"))
            for action in (
                act.SipRing(DialogId(1)),
                act.SipRing(DialogId(1), "early"),
                act.SipAnswer(DialogId(1), "answer"),
                act.SipReinvite(DialogId(1), "offer"),
                act.SipAnswerReinvite(DialogId(1), "again"),
                act.SipHangup(DialogId(1), 16),
                act.SipHangup(DialogId(1), 16),
                act.SipRing(DialogId(99)),
            ):
                it.stack.perform(action)
            await it.lives.last.heard(m.Hangup)
            said = [x for x in it.lives.last.received if not isinstance(x, m.Configure | m.Ping)]
            assert said == [
                m.Ring(INCOMING, ""),
                m.Ring(INCOMING, "early"),
                m.Answer(INCOMING, "answer"),
                m.Reinvite(INCOMING, "offer"),
                m.Answer(INCOMING, "again"),
                m.Hangup(INCOMING, 16),
            ]

    run(scenario)


def test_what_happens_to_a_call_of_ours_is_told_until_it_is_over() -> None:
    async def scenario() -> None:
        async with driver() as it:
            it.stack.perform(act.SipInvite(DialogId(2), "201", DESK, "101", "Анна", "offer"))
            assert await it.lives.last.heard(m.Call) == m.Call(2, "201", DESK, "101", "Анна", "offer")
            await it.say(
                m.Progress(2, 180, ""),
                m.Progress(2, 183, "early"),
                m.Answered(2, "answer"),
                m.Reinvited(2, "hold"),
                m.ReinviteEnded(2, 488, ""),
                m.ReinviteEnded(2, 200, "held"),
                m.Ended(2, 17),
                m.Ended(2, 17),
                m.Gone(2),
                m.Progress(2, 180, ""),
            )
            d = DialogId(2)
            assert it.events[1:] == [
                ev.RemoteRinging(d, 180, None),
                ev.RemoteRinging(d, 183, "early"),
                ev.RemoteAnswered(d, "answer"),
                ev.ReinviteReceived(d, "hold"),
                ev.ReinviteAnswered(d, "held"),
                ev.RemoteEnded(d, 17),
            ]

    run(scenario)


def test_a_dialog_that_we_ended_is_silent() -> None:
    async def scenario() -> None:
        async with driver() as it:
            it.stack.perform(act.SipInvite(DialogId(2), "201", DESK, "101", "", "offer"))
            it.stack.perform(act.SipHangup(DialogId(2), 16))
            await it.say(m.Answered(2, "too late"), m.Ended(2, 16), m.Gone(2))
            assert it.events == [ev.SipStackUp(1)]

    run(scenario)


def test_after_a_death_dialogs_end_with_41_and_the_next_process_gets_the_mirror() -> None:
    async def scenario() -> None:
        async with driver() as it:
            bound = m.Bound("201", DESK, "192.0.2.1", 5060, "udp", "r", 3, 600)
            await it.say(bound, m.Mirror(INCOMING, ORPHAN), m.Invited(INCOMING, "201", "", "101", ""))
            it.stack.perform(act.SipInvite(DialogId(2), "201", DESK, "101", "", "offer"))
            it.stack.perform(act.SipInvite(DialogId(4), "201", DESK, "101", "", "offer"))
            await it.lives.last.heard(m.Call)
            out = m.Orphan(True, True, "d", "l", "r", "t", "", "", 7, "192.0.2.1", 5060, "udp")
            await it.say(m.Mirror(2, out))
            it.stack.perform(act.SipHangup(DialogId(2), 16))
            it.lives.last.die()
            await it.until(ev.SipStackUp(2))
            assert it.events[1:3] == [
                ev.Registered("201", DESK, "192.0.2.1", 600),
                ev.InviteReceived(DialogId(1), "201", "", "101", ""),
            ]
            assert it.events[3:5] == [ev.RemoteEnded(DialogId(1), 41), ev.RemoteEnded(DialogId(4), 41)]
            assert isinstance(it.events[5], ev.SipStackDown)
            assert "status -9" in it.events[5].reason or "closed" in it.events[5].reason
            await it.lives.last.heard(m.EndOrphan)
            await it.say()
            said = it.lives.last.received
            (restored,) = (x for x in said if isinstance(x, m.RestoreBinding))
            assert (restored.contact, restored.call_id, restored.cseq) == (DESK, "r", 3)
            assert 598 <= restored.expires_s <= 600
            ended = [x for x in said if isinstance(x, m.EndOrphan)]
            assert ended == [m.EndOrphan(ORPHAN, 41), m.EndOrphan(out, 41)]
            assert isinstance(said[0], m.Configure)

    run(scenario)


def test_a_call_while_sip_is_down_is_refused_not_lost() -> None:
    async def scenario() -> None:
        async with driver(behaves, lambda process, message: None) as it:
            it.lives.last.die()
            await it.until_kind(ev.SipStackDown)
            it.stack.perform(act.SipInvite(DialogId(2), "201", DESK, "101", "", "offer"))
            await it.until(ev.RemoteRefused(DialogId(2), 503, "SIP is starting"))

    run(scenario)


def test_a_binding_that_expired_during_the_outage_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with driver() as it:
            await it.say(m.Bound("201", DESK, "192.0.2.1", 5060, "udp", "r", 3, 0))
            it.lives.last.die()
            await it.until(ev.Unregistered("201", DESK), ev.SipStackUp(2))
            assert not any(isinstance(x, m.RestoreBinding) for x in it.lives.last.received)

    run(scenario)


def test_a_silent_process_is_killed_and_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sipstack, "SILENCE_LIMIT_S", 0.05)

    def mute(process: FakeProcess, message: m.Message) -> None:
        if isinstance(message, m.Configure):
            process.wire.send(m.Listening(process.pid))

    async def scenario() -> None:
        async with driver(mute, behaves) as it:
            await it.until(ev.SipStackUp(2))
            assert isinstance(it.events[1], ev.SipStackDown)
            assert "has not answered" in it.events[1].reason
            assert it.lives.processes[0].returncode is not None

    run(scenario)


def test_a_process_that_talks_nonsense_is_replaced() -> None:
    async def scenario() -> None:
        async with driver() as it:
            it.lives.last.wire._socket.send(b"nonsense")
            await it.until(ev.SipStackUp(2))
            assert isinstance(it.events[1], ev.SipStackDown)
            assert "nonsense" in it.events[1].reason

    run(scenario)


def test_restarts_go_on_until_one_succeeds() -> None:
    def dies(process: FakeProcess, message: m.Message) -> None:
        process.die(1)

    async def scenario() -> None:
        async with driver(behaves, dies, dies, dies, behaves) as it:
            it.lives.last.die()
            await it.until(ev.SipStackUp(2))
            assert len(it.lives.processes) == 5

    run(scenario)


def test_restarts_go_on_when_the_system_has_no_room_for_a_process() -> None:
    """No process, no descriptor: each try is counted and told once, none of them ends the supervision."""

    async def scenario() -> None:
        async with driver() as it:
            it.lives.failures = [OSError(errno.EAGAIN, "no room"), OSError(errno.EAGAIN, "no room")]
            it.lives.last.die()
            await it.until(ev.SipStackUp(2))
            assert (it.stack.failed_starts, it.stack.restarts) == (2, 1)
            downs = [event.reason for event in it.events if isinstance(event, ev.SipStackDown)]
            assert len(downs) == 2
            assert "cannot be started" in downs[1]
            assert "no room" in downs[1]

    run(scenario)


def test_no_room_for_a_process_at_the_start_is_told_and_leaves_no_socket() -> None:
    async def scenario() -> None:
        lives = Lives(failures=[OSError(errno.EAGAIN, "no room")])
        stack = SofiaSipStack(spawn=lives.spawn)  # type: ignore[arg-type]
        before = len(os.listdir("/proc/self/fd"))
        with pytest.raises(HardwareError, match=r"cannot be started: .*no room"):
            await stack.start(lambda event: None, LISTEN, ACCOUNTS)
        assert len(os.listdir("/proc/self/fd")) == before

    run(scenario)


def test_an_orphan_is_given_to_the_next_process_until_one_says_that_it_has_ended() -> None:
    async def scenario() -> None:
        async with driver() as it:
            other = dataclasses.replace(ORPHAN, call_id="other")
            await it.say(m.Mirror(INCOMING, ORPHAN), m.Mirror(INCOMING + 2, other))
            for epoch in (2, 3, 4, 5):
                it.lives.last.die()
                await it.until(ev.SipStackUp(epoch))
                await it.say(*([m.OrphanEnded("c", 200)] if epoch == 3 else []))
            told = [
                [x.orphan.call_id for x in process.received if isinstance(x, m.EndOrphan)]
                for process in it.lives.processes
            ]
            assert told == [[], ["c", "other"], ["c", "other"], ["other"], []]

    run(scenario)


def test_accounts_can_change_and_the_next_process_gets_the_new_ones() -> None:
    async def scenario() -> None:
        async with driver() as it:
            it.stack.configure((SipAccount("202", "c", "d"),))
            it.lives.last.die()
            await it.until(ev.SipStackUp(2))
            configure = await it.lives.last.heard(m.Configure)
            assert configure.accounts == (m.Account("202", "c", "d"),)

    run(scenario)


def test_unregistered_is_told_once() -> None:
    async def scenario() -> None:
        async with driver() as it:
            await it.say(m.Bound("201", DESK, "192.0.2.1", 5060, "udp", "r", 3, 60))
            await it.say(m.Unbound("201", DESK), m.Unbound("201", DESK))
            assert it.events[2:] == [ev.Unregistered("201", DESK)]

    run(scenario)


# --- the spare ----------------------------------------------------------------------------------------------


def test_a_spare_waits_unconfigured_takes_over_and_is_followed_by_another() -> None:
    async def scenario() -> None:
        async with driver(spare=True) as it:
            await it.until_processes(2)
            first, spare = it.lives.processes
            assert spare.received == []
            first.die()
            await it.until(ev.SipStackUp(2))
            assert (it.stack.process_id, isinstance(spare.received[0], m.Configure)) == (spare.pid, True)
            await it.until_processes(3)
            assert it.lives.last.received == []

    run(scenario)


def test_a_spare_that_died_is_not_used() -> None:
    async def scenario() -> None:
        async with driver(spare=True) as it:
            await it.until_processes(2)
            it.lives.last.die()
            it.lives.processes[0].die()
            await it.until(ev.SipStackUp(2))
            assert it.stack.process_id == it.lives.processes[2].pid

    run(scenario)


def test_without_room_for_a_spare_sip_goes_on_and_comes_back() -> None:
    async def scenario() -> None:
        async with driver(spare=True) as it:
            it.lives.failures = [OSError(errno.EAGAIN, "no room")]
            async with asyncio.timeout(DEADLINE_S):
                while it.lives.failures:  # noqa: ASYNC110 (no event)
                    await asyncio.sleep(0)
            it.lives.last.die()
            await it.until(ev.SipStackUp(2))

    run(scenario)


def test_a_stopped_stack_leaves_no_spare() -> None:
    async def scenario() -> None:
        async with driver(spare=True) as it:
            await it.until_processes(2)
        assert all(process.returncode is not None for process in it.lives.processes)

    run(scenario)
