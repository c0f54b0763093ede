"""The pump: one event in, the exchange's actions out, in order; the same one on the bench and in the gateway.

A step is: take the oldest event, stamp it with `Now`, `handle`, perform each action. What a performed
action makes happen at once (a twin's loop current follows its `SetLoop`) is fed while the step is still
running; it waits its turn in the queue, so no step ever begins inside another. The queue is bounded: an
event that finds it full is dropped, counted and alarmed.
"""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, assert_never

from gateway.errors import Bug
from gateway.interfaces import CallJournal, Clock, LineModules, MessageKeeper, Modems
from gateway.model import actions as act
from gateway.model.actions import Action
from gateway.model.echo import EchoFigures, LegEcho
from gateway.model.events import Event
from gateway.model.numbers import NodeId, Now
from gateway.model.plan import Plan
from gateway.runtime.lamps import ForgetfulLamps, LampKeeper
from gateway.runtime.timers import Timers

QUEUE_LIMIT = 4_096
"""Events waiting at once. A step takes well under a millisecond: this is seconds of a line gone mad."""

Alarm = Callable[[act.RaiseAlarm], None]
Cure = Callable[[act.CureAlarm], None]

_log = logging.getLogger(__name__)


class Exchange(Protocol):
    """What the pump needs of the exchange."""

    def start(self, now: Now) -> list[Action]:
        """What must be done before the first event."""
        ...

    def handle(self, event: Event, now: Now) -> list[Action]:
        """Decide what follows from ``event``, in order."""
        ...


class PlanTaker(Protocol):
    """What the pump needs of the signal core: it takes plans and shows what its cancellers measured."""

    def apply(self, plan: Plan) -> None:
        """Swap it in before the next tick."""
        ...

    def echo(self, node: NodeId) -> EchoFigures:
        """What the canceller of that port has measured until now."""
        ...


class SipSender(Protocol):
    """What the pump needs of the SIP stack or of its twin."""

    def perform(self, action: Action) -> None:
        """Send what a Sip* action asks for."""
        ...


class TraceSink(Protocol):
    """Where every step is written down; the event before it is handled: a crash leaves its cause behind."""

    def event(self, event: Event | None, now: Now) -> None:
        """Write down what is about to be handled; None is the start."""
        ...

    def action(self, action: Action, now: Now) -> None:
        """Write down what is about to be carried out."""
        ...


class NoTrace:
    """Writes nothing down."""

    def event(self, event: Event | None, now: Now) -> None:
        """Forget it."""

    def action(self, action: Action, now: Now) -> None:
        """Forget it."""


@dataclass(frozen=True, slots=True)
class Both:
    """Two of them, one after the other."""

    first: TraceSink
    second: TraceSink

    def event(self, event: Event | None, now: Now) -> None:
        """To both."""
        self.first.event(event, now)
        self.second.event(event, now)

    def action(self, action: Action, now: Now) -> None:
        """To both."""
        self.first.action(action, now)
        self.second.action(action, now)


@dataclass(slots=True)
class PumpCounts:
    """What the pump did since it was made; shown by `cityline status`."""

    events: int = 0
    actions: int = 0
    dropped: int = 0
    failed_steps: int = 0
    failed_actions: int = 0
    deepest_queue: int = 0


class Pump:
    """Carries events into the exchange and its actions out.

    ``survives_bugs``: an exception out of the exchange or of a driver is logged and alarmed and the next
    event goes on (the gateway); otherwise it is raised to whoever fed the event (the bench, where a bug
    must turn a test red).
    """

    def __init__(
        self,
        exchange: Exchange,
        clock: Clock,
        *,
        modules: LineModules,
        core: PlanTaker,
        sip: SipSender,
        journal: CallJournal,
        lamps: LampKeeper | None = None,
        modems: Modems | None = None,
        messages: MessageKeeper | None = None,
        trace: TraceSink | None = None,
        on_alarm: Alarm | None = None,
        on_answer: Callable[[act.RequestAnswered], None] = lambda answer: None,
        on_cure: Cure | None = None,
        survives_bugs: bool = False,
        queue_limit: int = QUEUE_LIMIT,
    ) -> None:
        self.exchange = exchange
        self.clock = clock
        self.counts = PumpCounts()
        self.timers = Timers(clock, self.feed)
        self._modules = modules
        self._core = core
        self._sip = sip
        self._modems = modems
        self._messages = messages
        self._on_answer = on_answer
        self._journal = journal
        self.lamps: LampKeeper = lamps if lamps is not None else ForgetfulLamps()
        self._trace: TraceSink = trace if trace is not None else NoTrace()
        self._on_alarm: Alarm = on_alarm if on_alarm is not None else _log_alarm
        self._on_cure: Cure = on_cure if on_cure is not None else _log_cure
        self._survives_bugs = survives_bugs
        self._queue_limit = queue_limit
        self._queue: deque[Event | None] = deque()  # None: the start
        self._stepping = False
        self._overflowing = False

    def start(self) -> None:
        """Carry out what must be done before the first event (the first plan); once, before any `feed`."""
        self._take(None)

    def feed(self, event: Event) -> None:
        """Take an event and everything that follows from it; from the pump's own thread only."""
        if len(self._queue) >= self._queue_limit:
            _log.error("event queue is full, dropped %s", type(event).__name__)
            self._note_dropped()
            return
        self._take(event)

    def _take(self, event: Event | None) -> None:
        self._queue.append(event)
        self.counts.deepest_queue = max(self.counts.deepest_queue, len(self._queue))
        if self._stepping:
            return
        self._stepping = True
        try:
            while self._queue:
                self._step(self._queue.popleft())
        finally:
            self._stepping = False
        self._overflowing = False

    def _note_dropped(self) -> None:
        """Count an event that found the queue full, and raise the alarm once."""
        self.counts.dropped += 1
        if not self._overflowing:
            self._overflowing = True
            self._on_alarm(
                act.RaiseAlarm("pump", "More events came than the gateway can take; see `cityline trace`.")
            )

    def _step(self, event: Event | None) -> None:
        now = Now(self.clock.monotonic_ns(), self.clock.wall_ns())
        self.counts.events += 1
        self._trace.event(event, now)
        try:
            actions = self.exchange.start(now) if event is None else self.exchange.handle(event, now)
        except Exception:
            self.counts.failed_steps += 1
            if not self._survives_bugs:
                self._queue.clear()
                raise
            what = "its start" if event is None else type(event).__name__
            _log.exception("the exchange failed on %s: %s", what, event)
            self._on_alarm(_bug("exchange", f"It failed on {what}"))
            return
        for action in actions:
            self._trace.action(action, now)
            self._carry_out(action, now)

    def _carry_out(self, action: Action, now: Now) -> None:
        self.counts.actions += 1
        try:
            self._perform(action, now)
        except Exception:
            self.counts.failed_actions += 1
            if not self._survives_bugs:
                self._queue.clear()
                raise
            _log.exception("failed to carry out %s", action)
            self._on_alarm(_bug("runtime", f"It failed to carry out {type(action).__name__}"))

    def _perform(self, action: Action, now: Now) -> None:
        match action:
            case act.StartRinging() | act.StopRinging() | act.SetLoop() | act.SetPolarity():
                self._work_modules(action)
            case (
                act.ModemSend()
                | act.ModemUnlock()
                | act.ModemUnlocked()
                | act.ModemRelease()
                | act.KeepMessage()
                | act.RequestAnswered()
            ):
                self._perform_at_modem(action)
            case act.ApplyPlan(plan=plan):
                self._core.apply(plan)
            case (
                act.SipInvite()
                | act.SipRing()
                | act.SipAnswer()
                | act.SipRefuse()
                | act.SipRefuseReinvite()
                | act.SipReinvite()
                | act.SipAnswerReinvite()
                | act.SipHangup()
            ):
                self._sip.perform(action)
            case act.StartTimer(timer=timer, after_ms=after_ms):
                self.timers.start(timer, after_ms, now)
            case act.CancelTimer(timer=timer):
                self.timers.cancel(timer)
            case act.CallStarted() | act.CallAnswered() | act.CallEnded():
                self._journal.append(action)
            case act.LegEnded(call=call, port=port, node=node):
                echo = self._core.echo(node)
                self._journal.append(LegEcho(call, port, echo, action.wall_ns, action.monotonic_ns))
            case act.KeepLamp(extension=extension, on=on):
                self.lamps.keep(extension, on)
            case act.Narrate():
                pass  # the trace has it already
            case act.RaiseAlarm() | act.CureAlarm():
                self._tell_trouble(action)
            case _:
                assert_never(action)

    def _tell_trouble(self, action: act.RaiseAlarm | act.CureAlarm) -> None:
        if isinstance(action, act.RaiseAlarm):
            self._on_alarm(action)
        else:
            self._on_cure(action)

    def _work_modules(
        self, action: act.StartRinging | act.StopRinging | act.SetLoop | act.SetPolarity
    ) -> None:
        match action:
            case act.StartRinging(port, cadence_ms, frequency_hz, rounds):
                self._modules.start_ringing(port, cadence_ms, frequency_hz, rounds)
            case act.StopRinging(port=port):
                self._modules.stop_ringing(port)
            case act.SetLoop(port, closed, breaks_ms):
                self._modules.set_loop(port, closed, breaks_ms)
            case act.SetPolarity(port, reverse):
                self._modules.set_polarity(port, reverse)
            case _:
                assert_never(action)

    def _perform_at_modem(
        self,
        action: (
            act.ModemSend
            | act.ModemUnlock
            | act.ModemUnlocked
            | act.ModemRelease
            | act.KeepMessage
            | act.RequestAnswered
        ),
    ) -> None:
        if isinstance(action, act.RequestAnswered):
            self._on_answer(action)
            return
        if isinstance(action, act.KeepMessage):
            if self._messages is None:
                raise _missing("a place for short messages")
            self._messages.keep(action)
            return
        if self._modems is None:
            raise _missing("modems")
        match action:
            case act.ModemSend(port=port, text=text, ends_body=ends_body):
                self._modems.send(port, text, ends_body=ends_body)
            case act.ModemUnlock(port=port):
                self._modems.unlock(port)
            case act.ModemUnlocked(port=port):
                self._modems.unlocked(port)
            case act.ModemRelease(port=port):
                self._modems.release(port)
            case _:
                assert_never(action)


def _missing(what: str) -> Bug:
    return Bug(f"this office was made without {what}")


def _bug(about: str, what: str) -> act.RaiseAlarm:
    return act.RaiseAlarm(about, f"{what}: a bug of ours. The rest goes on; send the trace to the makers.")


def _log_alarm(alarm: act.RaiseAlarm) -> None:
    _log.warning("alarm about %s: %s", alarm.about, alarm.text)


def _log_cure(cured: act.CureAlarm) -> None:
    _log.info("about %s: %s", cured.about, cured.text)
