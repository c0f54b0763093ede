"""The whole exchange as one pure object: events in, actions out; no clock, no socket, no thread, no chance.

One step, `Exchange.handle`:

1. the event goes to the machine that it concerns (a hook contact, a line, a dialog, a call's timer);
2. the news that machines tell goes to the calls they belong to, until nobody has anything to say;
3. callers who wait for somebody are served, if somebody is free now;
4. the plan is written from what everybody should hear, and applied if it changed.

A step that fails in one call clears that call, with a cause and an alarm, and leaves the rest running.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, assert_never

from gateway.call import ends, lamps, opening, waiting, warning
from gateway.call.call import EndCall, MembersFree
from gateway.call.installation import Installation, Line
from gateway.call.showing import view_of
from gateway.call.sip_leg import Binding, SipState
from gateway.call.sound import Sound
from gateway.call.states import CallState
from gateway.call.switchboard import CityLine, Sockets, Switchboard, Telephone
from gateway.line.cellular import Cellular
from gateway.line.fxo import Fxo
from gateway.line.fxs import Fxs, FxsState
from gateway.media.plan import PlanWriter
from gateway.media.tones import tone_plan
from gateway.model import events as ev
from gateway.model.actions import Action, ApplyPlan, CureAlarm, RaiseAlarm, RequestAnswered, SipHangup
from gateway.model.causes import Cause, Evidence
from gateway.model.events import Event
from gateway.model.machine import Ids, Machine, Step
from gateway.model.numbers import CallId, DialogId, NodeId, Now, PortId
from gateway.model.settings import BoardSettings, OfficeSettings
from gateway.model.signals import CityRings, Clear, Dialled, Lifted, News
from gateway.model.timers import TimerId
from gateway.model.view import ExchangeView, Snapshot
from gateway.routing.callqueue import CallQueue
from gateway.routing.dialplan import DialPlan

_DialogEvent = (
    ev.RemoteRinging
    | ev.RemoteAnswered
    | ev.RemoteRefused
    | ev.ReinviteReceived
    | ev.ReinviteAnswered
    | ev.RemoteEnded
)


class Exchange:
    """An office's exchange. ``media_address`` goes into our SDP; ids are counted from ``first_id``."""

    def __init__(
        self, office: OfficeSettings, board: BoardSettings, *, media_address: str, first_id: int = 1000
    ) -> None:
        tones = tone_plan(office.country)
        self._ids = Ids(first_id)
        self._board = Switchboard(
            office=office,
            plan=DialPlan(office),
            ids=self._ids,
            sockets=Sockets.of(board.rtp_sockets),
            media_address=media_address,
            rtp_first_port=board.rtp_first_port,
            queues={queue.number: CallQueue(queue) for queue in office.queues},
        )
        self._installation = Installation(board, self._board, tones)
        self._sound = Sound(self._installation, self._board)
        self._writer = PlanWriter(tones, self._ids.take)

    # --- the seam -------------------------------------------------------------------------------------------

    def start(self, now: Now) -> list[Action]:
        """What must be done before the first event: the first plan."""
        step = Step(now, self._ids)
        for machine in self._installation.machines.values():
            machine.since_ms = now.ms
        self._write_plan(step)
        return step.actions

    def handle(self, event: Event, now: Now) -> list[Action]:
        """Decide what follows from ``event``; the actions are to be carried out in order."""
        step = Step(now, self._ids)
        self._guarded(partial(self._take, event, step), self._subject(event), step, in_line=True)
        self._settle(step)
        self._write_plan(step)
        return step.actions

    def view(self) -> ExchangeView:
        """The exchange as it stands, for people."""
        running = sum(len(machine.running_timers()) for machine in self._all_machines())
        return view_of(self._board, self._installation.ports, self._installation.lines, running)

    def at_rest(self, port: PortId) -> bool:
        """Nobody uses the line of this port, and none of its timers runs."""
        line = self._installation.lines[port]
        if isinstance(line, Cellular):
            return line.at_rest
        return not line.busy and not any(machine.running_timers() for machine in self._machines_of(line))

    def awake(self, port: PortId) -> bool:
        """The line of this port is not idle, bounce does not wake it."""
        line = self._installation.lines[port]
        return not line.at_rest if isinstance(line, Cellular) else line.state is not line.initial

    @property
    def passes_digits(self) -> bool:
        """A digit that somebody pressed in a call is on its way to another party."""
        return any(leg.digits for leg in self._board.legs.values())

    @property
    def next_id(self) -> int:
        """The next id of the counter."""
        return self._ids.next

    def registered(self) -> tuple[ev.Registered, ...]:
        """Every SIP telephone that can be reached, as if it registered now for an hour."""
        return tuple(
            ev.Registered(extension, binding.contact, binding.source_address, 3_600)
            for extension, bindings in sorted(self._board.bindings.items())
            for binding in bindings.values()
        )

    def dials(self, node: NodeId) -> bool:
        """Digits of this node are a number that is being dialled; all others are pressed in a call."""
        line = self._installation.nodes.get(node)
        return isinstance(line, Fxs) and line.expects_digits

    def dials_out(self, node: NodeId) -> bool:
        """This digits node sends the number of a call into a city line; others pass on what people press."""
        lines = self._installation.lines.values()
        return any(
            isinstance(line, Fxo) and line.outdial is not None and line.outdial.node == node for line in lines
        )

    def _machines_of(self, line: Line) -> Iterator[Machine[Any]]:
        for key, owner in self._installation.line_of.items():
            if owner is line:
                yield self._installation.machines[key]

    def snapshot(self) -> Snapshot:
        """Where a trace may begin."""
        return Snapshot(self._board.office.version, self._ids.next, self.view())

    def _write_plan(self, step: Step) -> None:
        plan = self._writer.write(self._sound.parties(), self._sound.wishes())
        if plan is not None:
            step.do(ApplyPlan(plan))

    # --- events ---------------------------------------------------------------------------------------------

    def _take(self, event: Event, step: Step) -> None:
        match event:
            case (
                ev.HookEdge() | ev.RingEdge() | ev.LoopCurrent() | ev.PolarityReversed() | ev.RingingPaused()
            ):
                self._take_edge(event, step)
            case ev.PortFailed() | ev.PortRestored() | ev.CardDrifts() | ev.CalibrateLine():
                self._take_trouble(event, step)
            case (
                ev.ModemFound()
                | ev.ModemLost()
                | ev.ModemSaid()
                | ev.AudioFlow()
                | ev.MessageKept()
                | ev.SmsWanted()
                | ev.UssdWanted()
            ):
                self._take_modem(event, step)
            case (
                ev.DigitStarted()
                | ev.DigitHeard()
                | ev.ToneHeard()
                | ev.CallerIdHeard()
                | ev.NumberTold()
                | ev.MediaLost()
                | ev.VoiceHeard()
            ):
                self._take_heard(event, step)
            case ev.DigitsSent() | ev.IdentitySent():
                ends.sent(self._board, self._installation, event, step)
            case ev.PromptEnded() | ev.LampSet():
                self._take_said(event, step)
            case ev.SipStackUp() | ev.SipStackDown() | ev.Registered() | ev.Unregistered():
                self._take_sip_state(event, step)
            case ev.InviteReceived():
                opening.by_sip(self._board, event, step)
            case (
                ev.RemoteRinging()
                | ev.RemoteAnswered()
                | ev.RemoteRefused()
                | ev.ReinviteReceived()
                | ev.ReinviteAnswered()
                | ev.RemoteEnded()
            ):
                self._take_dialog(event, step)
            case ev.TimerExpired(timer=timer):
                self._expire(timer, step)
            case ev.ShutdownRequested():
                self._shut_down(step)
            case _:
                assert_never(event)

    def _take_modem(
        self,
        event: (
            ev.ModemFound
            | ev.ModemLost
            | ev.ModemSaid
            | ev.AudioFlow
            | ev.MessageKept
            | ev.SmsWanted
            | ev.UssdWanted
        ),
        step: Step,
    ) -> None:
        line = self._installation.lines.get(event.port)
        if isinstance(line, Cellular):
            line.hear(event, step)
        elif isinstance(event, ev.SmsWanted | ev.UssdWanted):
            step.do(RequestAnswered(event.request, False, f"{event.port} is no modem of this board"))
        else:
            step.narrate(f"exchange{{}} {event} -> ignored, {event.port} is no modem")

    def _take_edge(
        self,
        event: ev.HookEdge | ev.RingEdge | ev.LoopCurrent | ev.PolarityReversed | ev.RingingPaused,
        step: Step,
    ) -> None:
        match event, self._installation.lines.get(event.port):
            case ev.HookEdge(), Fxs() as telephone:
                telephone.contact.edge(event, step, rung=telephone.state is FxsState.RINGING)
                telephone.hook.edge(event, step)
            case ev.RingingPaused(), Fxs() as telephone:
                telephone.bell.take(event, step)
            case ev.RingEdge(), Fxo() as city:
                city.ring.take(event, step)
            case ev.LoopCurrent(), Fxo() as city:
                city.see_current(event, step)
            case ev.PolarityReversed(), Fxo() as city:
                city.polarity.take(event, step)
            case _:
                step.narrate(f"exchange{{}} {event} -> ignored, {event.port} is no such port")

    def _take_trouble(
        self, event: ev.PortFailed | ev.PortRestored | ev.CardDrifts | ev.CalibrateLine, step: Step
    ) -> None:
        """Of a port, or a look at it. With a clock that is off calls go on, since the signal core follows it:
        that is for a technician to know.
        """
        line = self._installation.lines.get(event.port)
        if line is None:
            return
        if not isinstance(event, ev.CardDrifts):
            self._take_of_port(line, event, step)
        elif event.beyond:
            clock = f"{abs(event.ppm)} ppm too {'fast' if event.ppm > 0 else 'slow'}"
            text = (
                f"The clock of the sound card of {event.port} is {clock}: calls go on, "
                "but the card is faulty. Put another one in its place."
            )
            step.do(RaiseAlarm(event.port, text))
            step.narrate(f"exchange{{}} {event} -> alarm, the clock is {clock}")
        else:
            step.narrate(f"exchange{{}} {event} -> the clock is well again")

    def _take_of_port(
        self,
        line: Fxs | Fxo | Cellular,
        event: ev.PortFailed | ev.PortRestored | ev.CalibrateLine,
        step: Step,
    ) -> None:
        if not isinstance(line, Cellular):
            line.take(event, step)
        elif not isinstance(event, ev.CalibrateLine):  # there is no dial tone on a modem to look at
            line.take_trouble(event, step)

    def _take_heard(
        self,
        event: (
            ev.DigitStarted
            | ev.DigitHeard
            | ev.ToneHeard
            | ev.CallerIdHeard
            | ev.NumberTold
            | ev.MediaLost
            | ev.VoiceHeard
        ),
        step: Step,
    ) -> None:
        match event, self._installation.nodes.get(event.node):
            case ev.VoiceHeard(), _:
                ends.hear_voice(self._installation, event, step)
            case ((ev.DigitStarted() | ev.DigitHeard()), Fxs() as telephone):
                telephone.take(event, step)
            case ev.ToneHeard(), Fxo() as city:
                city.hear(event, step)
            case ev.DigitHeard(), Fxo() as city:
                city.supervision.take(event, step)
            case ((ev.CallerIdHeard() | ev.NumberTold()), Fxo() as city):
                city.take(event, step)
            case ev.DigitHeard(), Cellular() as modem:
                modem.hear(event, step)
            case ev.DigitStarted(), Cellular():
                return
            case _:
                for dialog in self._board.dialogs.values():
                    if dialog.node == event.node:
                        dialog.take(event, step)

    def _take_said(self, event: ev.PromptEnded | ev.LampSet, step: Step) -> None:
        if isinstance(event, ev.LampSet):
            lamps.set_lamp(self._board, event, step)
        else:
            for call in self._board.calls.values():
                warning.said(call, event.node)

    def _take_sip_state(
        self, event: ev.SipStackUp | ev.SipStackDown | ev.Registered | ev.Unregistered, step: Step
    ) -> None:
        match event:
            case ev.SipStackUp():
                for text in self._board.sip_alarms:
                    step.do(CureAlarm("SIP", text, "SIP is up again."))
                self._board.sip_alarms.clear()
                self._board.sip_up, self._board.sip_failure = True, ""
            case ev.SipStackDown(reason=reason):
                self._board.sip_up = False
                if reason != self._board.sip_failure:
                    text = f"SIP is down and is being started again: {reason}"
                    self._board.sip_alarms.append(text)
                    step.do(RaiseAlarm("SIP", text))
                self._board.sip_failure = reason
                for dialog in tuple(self._board.dialogs.values()):
                    if dialog.permits(ev.SipStackDown):
                        dialog.take(event, step)
                        self._deliver(step)
            case ev.Registered(extension=extension, contact=contact, source_address=source):
                self._board.bindings.setdefault(extension, {})[contact] = Binding(contact, source)
            case ev.Unregistered(extension=extension, contact=contact):
                self._board.bindings.get(extension, {}).pop(contact, None)

    def _take_dialog(self, event: _DialogEvent, step: Step) -> None:
        dialog = self._board.dialogs.get(event.dialog)
        if dialog is not None:
            dialog.take(event, step)
        elif isinstance(event, ev.RemoteAnswered):  # our CANCEL crossed their answer: take it back
            step.do(SipHangup(event.dialog, Cause.NORMAL_CLEARING))

    def _expire(self, timer: TimerId, step: Step) -> None:
        line = self._installation.line_of.get(timer.owner)
        if isinstance(line, Cellular):
            line.expire(timer, step)
            return
        machine = self._machine(timer.owner)
        if machine is not None:
            machine.expire(timer, step)

    def _shut_down(self, step: Step) -> None:
        """Clear every call; from here on nobody is served."""
        self._board.closing = True
        for call in tuple(self._board.calls.values()):
            call.take(EndCall(Cause.TEMPORARY_FAILURE, Evidence.ADMINISTRATOR), step)

    # --- news -----------------------------------------------------------------------------------------------

    def _settle(self, step: Step) -> None:
        """Deliver news and serve those who wait, until nothing happens any more."""
        self._deliver(step)
        waiting.follow(self._board, step)
        self._deliver(step)
        served: set[CallId] = set()
        while self._serve(served, step):
            self._deliver(step)
        lamps.follow(self._board, step)
        for dialog in [one for one in self._board.dialogs.values() if one.state is SipState.ENDED]:
            self._board.close_dialog(dialog)
        ends.watch_silence(self._board, self._installation, step)

    def _deliver(self, step: Step) -> None:
        while step.news:
            news: Any = step.news.popleft()
            self._guarded(partial(self._tell, news, step), news.source, step)

    def _tell(self, news: News, step: Step) -> None:
        leg = self._board.legs.get(news.source)
        if leg is not None:
            self._board.calls[leg.call].take(news, step)
            return
        line = self._installation.line_of.get(news.source)
        if line is None or not isinstance(news, Dialled | Lifted | CityRings):
            return
        owner = self._owner(line)
        if owner is None or self._board.closing:
            line.order(Clear(Cause.TEMPORARY_FAILURE), step)
            return
        self._open_call(owner, news, step)

    def _open_call(self, owner: Telephone | CityLine, news: Dialled | Lifted | CityRings, step: Step) -> None:
        match owner, news:
            case Telephone(), Dialled():
                opening.by_telephone(self._board, owner, news, step)
            case Telephone(), Lifted():
                opening.by_paired_telephone(self._board, owner, owner.extension.paired_line or "", step)
            case CityLine(), CityRings():
                opening.by_city(self._board, owner, self._destination_of(owner), news, step)

    def _owner(self, line: Line) -> Telephone | CityLine | None:
        owners: list[Telephone | CityLine] = [
            *self._board.telephones.values(),
            *self._board.city_lines.values(),
        ]
        return next((owner for owner in owners if owner.line is line), None)

    def _destination_of(self, city: CityLine) -> str:
        """A paired line rings its telephone and no other."""
        for number, telephone in self._board.telephones.items():
            if telephone.extension.paired_line == city.settings.name:
                return number
        return city.settings.destination

    def _serve(self, served: set[CallId], step: Step) -> bool:
        """Find somebody for one of those who wait: the first of each queue, then all for whom stations ring
        or could not ring. Each is served at most once a step; False when there is nobody left to serve.
        """
        board = self._board
        waiting = [board.calls[queue.first] for queue in board.queues.values() if queue.first is not None]
        waiting += [call for _, call in sorted(board.calls.items()) if call.state is CallState.OFFERING]
        for call in waiting:
            if call.unrung and call.id not in served and not call.postponed and call.permits(MembersFree):
                served.add(call.id)
                self._guarded(partial(call.take, MembersFree(), step), call.key, step)
                return True
        return False

    # --- failing --------------------------------------------------------------------------------------------

    def _guarded(
        self, work: Callable[[], object], subject: str, step: Step, *, in_line: bool = False
    ) -> None:
        """Do a piece of work that concerns ``subject`` (a machine's key); when it fails, that machine's call
        is cleared, and its line brought home if the line itself may have failed (``in_line``).
        """
        try:
            work()
        except Exception as failure:  # noqa: BLE001  # the one place where a bug of ours is contained
            text = f"A bug of ours: {failure}. Its call was cleared; send the trace to the makers."
            step.do(RaiseAlarm(subject, text))
            self._contain(subject, step, in_line=in_line)

    def _contain(self, subject: str, step: Step, *, in_line: bool) -> None:
        """Abandon the call concerned; then whoever is in nobody's call goes home."""
        board = self._board
        line = self._installation.line_of.get(subject)
        leg = board.legs.get(line.key if line is not None else subject)
        for call in tuple(board.calls.values()):
            concerned = call.key == subject or (leg is not None and leg.call == call.id)
            if concerned or call.state is CallState.NEW:
                call.abandon(step)
        for one in self._installation.lines.values():
            if (one is line and in_line) or (one.busy and one.key not in board.legs):
                one.recover(step)
        for dialog in board.dialogs.values():
            if dialog.key not in board.legs:
                dialog.recover(step)

    def _subject(self, event: Event) -> str:
        """Whom an event concerns: the key of a line, a dialog or a call."""
        port: PortId | None = getattr(event, "port", None)
        node: NodeId | None = getattr(event, "node", None)
        which: DialogId | None = getattr(event, "dialog", None)
        timer: TimerId | None = getattr(event, "timer", None)
        if port in self._installation.lines:
            return self._installation.lines[port].key
        if node in self._installation.nodes:
            return self._installation.nodes[node].key
        for dialog in self._board.dialogs.values():
            if dialog.dialog == which or dialog.node == node:
                return dialog.key
        return timer.owner if timer is not None else "exchange"

    # --- machines -------------------------------------------------------------------------------------------

    def _machine(self, key: str) -> Machine[Any] | None:
        found = self._installation.machines.get(key)
        if found is not None:
            return found
        return next((machine for machine in self._all_machines() if machine.key == key), None)

    def _all_machines(self) -> Iterator[Machine[Any]]:
        yield from self._installation.machines.values()
        yield from (telephone.second for telephone in self._board.telephones.values())
        yield from self._board.calls.values()
        yield from self._board.dialogs.values()
