"""The ladder: who said what to whom, and when. Written from what people do, from events and from actions."""

from dataclasses import dataclass

from gateway.bench.texts import told
from gateway.interfaces import Clock
from gateway.media.tones import tone_plan
from gateway.model import actions as act
from gateway.model import events as ev
from gateway.model.actions import Action
from gateway.model.events import Event
from gateway.model.numbers import NS_PER_MS, DialogId, NodeId, Now, PortId
from gateway.model.plan import DigitsNode, IdentityNode, Plan, PlayerNode, PortNode, RtpNode, ToneNode
from gateway.model.settings import BoardSettings, OfficeSettings
from gateway.simulator.central_office import CityLine

EXCHANGE = "exchange"
JOURNAL = "journal"
SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Rung:
    """One line of the ladder."""

    at_ms: int
    who: str
    whom: str
    what: str

    def __str__(self) -> str:
        return f"{self.at_ms / 1000:9.3f}  {self.who:>9} -> {self.whom:<9}  {self.what}"


class Ladder:
    """Collects rungs; implements the pump's `TraceSink`. `narration` are the machines' own lines."""

    def __init__(self, office: OfficeSettings, board: BoardSettings, clock: Clock) -> None:
        self.rungs: list[Rung] = []
        self.narration: list[str] = []
        self.plan = Plan()
        self._clock = clock
        self._names: dict[PortId, str] = {port.port: str(port.port) for port in board.ports}
        for extension in office.extensions:
            if extension.port is not None:
                self._names[extension.port] = extension.number
        for line in office.city_lines:
            self._names[line.port] = line.name
        self._nodes: dict[NodeId, str] = {port.node: self._names[port.port] for port in board.ports}
        self._tones = {segments: str(kind) for kind, segments in tone_plan(office.country).sent}
        self._dialogs: dict[DialogId, str] = {}
        self._rung_ns: dict[PortId, int] = {}
        self.media_names: dict[tuple[str, int], str] = {}

    # --- people and the city --------------------------------------------------------------------------------

    def person(self, name: str, what: str) -> None:
        """Somebody does something."""
        self._add(name, EXCHANGE, what)

    def city(self, line: CityLine, what: str) -> None:
        """Something happens in the city."""
        self._add("city", self._names.get(line.port, str(line.port)), what)

    def mobile(self, port: PortId, what: str) -> None:
        """Something happens at a modem or in its network."""
        self._add("mobile", self._names.get(port, str(port)), what)

    # --- the trace ------------------------------------------------------------------------------------------

    def event(self, event: Event | None, now: Now) -> None:
        """Something happened to the exchange."""
        match event:
            case ev.DigitHeard(node=node, digit=digit):
                self._add(self._name(node), EXCHANGE, f"digit {digit}")
            case ev.ToneHeard(node=node, kind=kind, present=present, cycles=cycles):
                self._add(self._name(node), EXCHANGE, f"{kind} tone {f'({cycles})' if present else 'ends'}")
            case ev.CallerIdHeard(node=node, number=number, withheld=withheld):
                self._add(self._name(node), EXCHANGE, f"caller {'withheld' if withheld else number}")
            case ev.NumberTold(node=node, number=number, requests=requests):
                told = number or "no number"
                self._add(self._name(node), EXCHANGE, f"{told}, after {requests} requests")
            case ev.RingEdge(port=port, at_ns=at_ns):
                self._ring(port, at_ns)
            case ev.DigitsSent():
                self._add(EXCHANGE, EXCHANGE, "digits are sent")
            case ev.Registered(extension=extension):
                self._add(extension, EXCHANGE, "REGISTER")
            case ev.Unregistered(extension=extension):
                self._add(extension, EXCHANGE, "REGISTER, expires 0")
            case ev.InviteReceived(dialog=dialog, caller=caller, called=called):
                self._dialogs[dialog] = caller
                self._add(caller, EXCHANGE, f"INVITE {called}")
            case _:
                self._other_event(event)

    def _other_event(self, event: Event | None) -> None:
        match event:
            case ev.ModemFound(port=port, tty=tty, model=model):
                self._add(self._names[port], EXCHANGE, f"modem {model} found on {tty}")
            case ev.ModemLost(port=port):
                self._add(self._names[port], EXCHANGE, "modem lost")
            case ev.ModemSaid(port=port, line=line):
                if line != "OK" and not line.startswith("+CLCC"):
                    self._add(self._names[port], EXCHANGE, f"says {line[:60]}")
            case ev.RemoteRinging(dialog=dialog, status=status):
                self._add(self._party(dialog), EXCHANGE, str(status))
            case ev.RemoteAnswered(dialog=dialog):
                self._add(self._party(dialog), EXCHANGE, "200 to INVITE")
            case ev.RemoteRefused(dialog=dialog, status=status, phrase=phrase):
                self._add(self._party(dialog), EXCHANGE, f"{status} {phrase}")
            case ev.ReinviteReceived(dialog=dialog):
                self._add(self._party(dialog), EXCHANGE, "INVITE again")
            case ev.RemoteEnded(dialog=dialog):
                self._add(self._party(dialog), EXCHANGE, "BYE or CANCEL")
            case _:
                return

    def action(self, action: Action, now: Now) -> None:
        """The exchange asked for something."""
        match action:
            case act.StartRinging() | act.StopRinging() | act.SetLoop() | act.SetPolarity():
                self._modules_action(action)
            case act.KeepLamp(extension=extension, on=on):
                self._add(EXCHANGE, extension, f"message lamp {'on' if on else 'off'}")
            case act.ApplyPlan(plan=plan):
                self._take_plan(plan)
            case act.CallStarted(call=call, direction=direction, calling=calling, called=called):
                self._add(EXCHANGE, JOURNAL, f"call {call}, {direction}: {calling} -> {called}")
            case act.CallAnswered(call=call, connected=connected, evidence=evidence):
                self._add(EXCHANGE, JOURNAL, f"call {call}: {connected} answers ({evidence})")
            case act.CallEnded(call=call, cause=cause, evidence=evidence, ended_by=ended_by):
                why = f"{cause.name.lower()} ({evidence})"
                self._add(EXCHANGE, JOURNAL, f"call {call}: {why}, ended by {ended_by}")
            case act.LegEnded(call=call, port=port):
                self._add(EXCHANGE, JOURNAL, f"call {call}: the echo of {self._names[port]}")
            case act.RaiseAlarm(about=about, text=text) | act.CureAlarm(about=about, text=text):
                title = "ALARM" if isinstance(action, act.RaiseAlarm) else "cured"
                self._add(EXCHANGE, about, f"{title}: {text}")
            case act.Narrate(line=line):
                self.narration.append(f"{self._clock.monotonic_ns() / 1e9:9.3f}  {line}")
            case _:
                self._other_action(action)

    def _modules_action(
        self, action: act.StartRinging | act.StopRinging | act.SetLoop | act.SetPolarity
    ) -> None:
        match action:
            case act.StartRinging(port=port):
                self._add(EXCHANGE, self._names[port], "rings")
            case act.StopRinging(port=port):
                self._add(EXCHANGE, self._names[port], "stops ringing")
            case act.SetPolarity(port, reverse):
                self._add(EXCHANGE, self._names[port], f"polarity {'reversed' if reverse else 'forward'}")
            case act.SetLoop(port=port, closed=closed, breaks_ms=breaks_ms):
                what = "closes the loop" if closed else "opens the loop"
                if breaks_ms:
                    what = f"breaks the loop {len(breaks_ms) // 2 + 1} times, {breaks_ms[0]} ms"
                self._add(EXCHANGE, self._names[port], what)

    def _other_action(self, action: Action) -> None:
        match action:
            case act.ModemSend(port=port, text=text):
                if text != "AT+CLCC":
                    self._add(EXCHANGE, self._names[port], text[:60])
            case act.KeepMessage(port=port, sender=sender):
                self._add(EXCHANGE, JOURNAL, f"SMS from {sender} over {self._names[port]}")
            case act.SipInvite(dialog=dialog, extension=extension, caller=caller):
                self._dialogs[dialog] = extension
                self._add(EXCHANGE, extension, f"INVITE from {caller}")
            case act.SipRing(dialog=dialog, sdp=sdp):
                self._add(EXCHANGE, self._party(dialog), "180" if sdp is None else "183 with early media")
            case act.SipAnswer(dialog=dialog):
                self._add(EXCHANGE, self._party(dialog), "200 to INVITE")
            case act.SipRefuse(dialog=dialog, status=status):
                self._add(EXCHANGE, self._party(dialog), str(status))
            case act.SipRefuseReinvite(dialog=dialog, status=status):
                self._add(EXCHANGE, self._party(dialog), f"{status} to INVITE again")
            case act.SipReinvite(dialog=dialog):
                self._add(EXCHANGE, self._party(dialog), "INVITE again")
            case act.SipAnswerReinvite(dialog=dialog):
                self._add(EXCHANGE, self._party(dialog), "200 to INVITE again")
            case act.SipHangup(dialog=dialog, cause_q850=cause):
                self._add(EXCHANGE, self._party(dialog), f"BYE or CANCEL, cause {cause}")
            case _:
                return

    # --- who hears what -------------------------------------------------------------------------------------

    def sources(self, plan: Plan) -> dict[str, str]:
        """What each listener of a plan hears, in words."""
        self._learn(plan)
        heard: dict[NodeId, list[str]] = {}
        for edge in plan.hears:
            heard.setdefault(edge.listener, []).append(self._name(edge.source))
        listeners = [node.id for node in plan.nodes if isinstance(node, PortNode | RtpNode)]
        return {self._name(node): " + ".join(heard.get(node, [SILENCE])) for node in listeners}

    def _take_plan(self, plan: Plan) -> None:
        before = self.sources(self.plan)
        self.plan = plan
        for listener, heard in self.sources(plan).items():
            if before.get(listener, SILENCE) != heard:
                self._add(EXCHANGE, listener, f"hears {heard}")

    def _learn(self, plan: Plan) -> None:
        for node in plan.nodes:
            match node:
                case ToneNode():
                    self._nodes[node.id] = f"{self._tones.get(node.segments, 'unknown')} tone"
                case PlayerNode(clip=clip):
                    self._nodes[node.id] = f"clip {clip}"
                case DigitsNode(digits=digits):
                    self._nodes[node.id] = f"digits {digits}"
                case IdentityNode(message=message):
                    self._nodes[node.id] = told(message)
                case RtpNode(remote=remote):
                    name = self.media_names.get(remote) if remote is not None else None
                    self._nodes[node.id] = name or self._nodes.get(node.id, f"rtp {node.id}")
                case PortNode():
                    continue

    def _name(self, node: NodeId) -> str:
        return self._nodes.get(node, f"node {node}")

    def _party(self, dialog: DialogId) -> str:
        return self._dialogs.get(dialog, f"dialog {dialog}")

    def _ring(self, port: PortId, at_ns: int) -> None:
        """The first edge of each burst is worth a rung."""
        last_ns, self._rung_ns[port] = self._rung_ns.get(port), at_ns
        if last_ns is None or at_ns - last_ns > 500 * NS_PER_MS:
            self._add(self._names[port], EXCHANGE, "ring")

    def _add(self, who: str, whom: str, what: str) -> None:
        self.rungs.append(Rung(self._clock.monotonic_ns() // NS_PER_MS, who, whom, what))
