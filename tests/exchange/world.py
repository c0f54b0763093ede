"""A world around one exchange: virtual time, people at telephones, the city, SIP telephones. No audio, no
drivers.

It does what the runtime and the signal core would do with the actions (timers expire, digits are sent) and
keeps the rest for assertions. What somebody hears is read from the plan.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from gateway.exchange import Exchange
from gateway.media.sdp import LocalMedia, write_offer
from gateway.media.tones import tone_plan
from gateway.model import actions as act
from gateway.model import events as ev
from gateway.model.actions import Action
from gateway.model.events import Event
from gateway.model.numbers import NS_PER_MS, Codec, DialogId, NodeId, Now, PortId, ToneKind
from gateway.model.plan import DigitsNode, IdentityNode, Plan, PlayerNode, PortNode, RtpNode, ToneNode
from gateway.model.settings import (
    BoardSettings,
    CityLineSettings,
    DialMode,
    ExtensionKind,
    ExtensionSettings,
    HuntGroupSettings,
    OfficeSettings,
    OutgoingRuleSettings,
    PortKind,
    PortSettings,
    QueueSettings,
    TrunkGroupSettings,
)
from gateway.model.timers import TimerId
from gateway.model.view import CallRow, LineRow

WALL_OFFSET_NS = 1_790_000_000_000_000_000


def board(capabilities: tuple[str, ...] = ()) -> BoardSettings:
    kinds = [PortKind.FXS] * 4 + [PortKind.FXO] * 2
    names = ["fxs1", "fxs2", "fxs3", "fxs4", "fxo1", "fxo2"]
    ports = tuple(
        PortSettings(
            PortId(name), kind, NodeId(index), capabilities=capabilities if kind is PortKind.FXS else ()
        )
        for index, (name, kind) in enumerate(zip(names, kinds, strict=True), start=1)
    )
    return BoardSettings("simulated", ports, rtp_sockets=8)


def extensions(paired: str | None = None) -> tuple[ExtensionSettings, ...]:
    names = ["Anna", "Boris", "Vera", "Grigory"]
    analog = tuple(
        ExtensionSettings(
            f"10{index}",
            name,
            ExtensionKind.ANALOG,
            PortId(f"fxs{index}"),
            paired_line=paired if index == 3 else None,
        )
        for index, name in enumerate(names, start=1)
    )
    sip = tuple(ExtensionSettings(f"20{index}", f"Sip {index}", ExtensionKind.SIP) for index in (1, 2))
    return analog + sip


def office(
    *,
    lines_to: tuple[str, str] = ("600", "610"),
    paired: str | None = None,
    queue: QueueSettings | None = None,
    group: HuntGroupSettings | None = None,
    number_request: bool = False,
) -> OfficeSettings:
    return OfficeSettings(
        country="ru",
        extensions=extensions(paired),
        city_lines=(
            CityLineSettings(
                "city1",
                PortId("fxo1"),
                lines_to[0],
                "4951230001",
                number_request=number_request,
                dialling=DialMode.TONE,
            ),
            CityLineSettings("city2", PortId("fxo2"), lines_to[1], "4951230002", dialling=DialMode.TONE),
        ),
        hunt_groups=(group or HuntGroupSettings("600", "Everybody", ("101", "102", "201")),),
        queues=(queue or QueueSettings("610", "Waiting", ("101", "102"), "queue", overflow="600"),),
        trunk_groups=(TrunkGroupSettings("city", ("city1",) if paired else ("city1", "city2")),),
        outgoing=(
            OutgoingRuleSettings("9", "city", strip=1, min_digits=3, max_digits=8),
            OutgoingRuleSettings("8", "city", min_digits=11, max_digits=11),
        ),
        version="test",
    )


@dataclass
class World:
    """The exchange and everything around it."""

    settings: OfficeSettings = field(default_factory=office)
    now_ns: int = 5_000 * NS_PER_MS
    plan: Plan = field(default_factory=Plan)
    ringing: set[str] = field(default_factory=set)
    loops: set[str] = field(default_factory=set)
    journal: list[act.CallStarted | act.CallAnswered | act.CallEnded] = field(default_factory=list)
    legs: list[act.LegEnded] = field(default_factory=list)
    sip: list[Action] = field(default_factory=list)
    alarms: list[act.RaiseAlarm] = field(default_factory=list)
    breaks: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    done: list[tuple[int, Action]] = field(default_factory=list)
    timers: dict[TimerId, int] = field(default_factory=dict)
    bugs_expected: bool = False
    takes_tones: bool = True  # the city's exchanges do
    capabilities: tuple[str, ...] = ()
    """Of the telephones' modules."""
    reversed: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    """Telephones whose loop we have broken."""
    told: list[tuple[int, IdentityNode]] = field(default_factory=list)
    """What telephones were told, and when that began."""
    tamper: Callable[[Action], Action | None] = lambda action: action
    """A deliberate fault between the exchange and the world, for the tests of the rules."""

    def __post_init__(self) -> None:
        self.exchange = Exchange(self.settings, board(self.capabilities), media_address="192.0.2.1")
        self._order = count()
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._sending: set[NodeId] = set()
        self._speaking: set[NodeId] = set()
        self.after_step: Callable[[Event], None] = lambda event: None
        self._carry_out(self.exchange.start(self.now))

    # --- time and events ---

    @property
    def now(self) -> Now:
        return Now(self.now_ns, self.now_ns + WALL_OFFSET_NS)

    @property
    def ms(self) -> int:
        return self.now_ns // NS_PER_MS

    def feed(self, event: Event) -> None:
        self._carry_out(self.exchange.handle(event, self.now))
        telling = [node for node in self.plan.nodes if isinstance(node, IdentityNode)]
        assert all(self._name(node.telephone) not in self.ringing for node in telling), "rung and told"
        self.after_step(event)

    def later(self, after_ms: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self.now_ns + int(after_ms * NS_PER_MS), next(self._order), what))

    def wait(self, seconds: float) -> None:
        end_ns = self.now_ns + int(seconds * 1000) * NS_PER_MS
        while self._due and self._due[0][0] <= end_ns:
            due_ns, _, what = heapq.heappop(self._due)
            self.now_ns = max(self.now_ns, due_ns)
            what()
        self.now_ns = end_ns

    def _carry_out(self, actions: list[Action]) -> None:
        for action in filter(None, map(self.tamper, actions)):
            self.done.append((self.ms, action))
            match action:
                case act.StartRinging() | act.StopRinging() | act.SetLoop() | act.SetPolarity():
                    self._work_module(action)
                case act.ApplyPlan(plan=plan):
                    self._apply(plan)
                case act.StartTimer(timer=timer, after_ms=after_ms):
                    assert timer not in self.timers, f"{timer} runs already"
                    self.timers[timer] = after_ms
                    self.later(after_ms, lambda timer=timer: self._expire(timer))  # type: ignore[misc]
                case act.CancelTimer(timer=timer):
                    assert timer in self.timers, f"{timer} does not run"
                    del self.timers[timer]
                case act.CallStarted() | act.CallAnswered() | act.CallEnded() | act.LegEnded():
                    (self.legs if isinstance(action, act.LegEnded) else self.journal).append(action)  # type: ignore[arg-type]
                case act.RaiseAlarm(text=text):
                    assert not text.startswith("A bug") or self.bugs_expected, text
                    self.alarms.append(action)
                case act.CureAlarm(about=about, raised=raised):
                    self.alarms.remove(act.RaiseAlarm(about, raised))
                case act.Narrate(line=line):
                    self.trace.append(line)
                case _:
                    self.sip.append(action)

    def _work_module(
        self, action: act.StartRinging | act.StopRinging | act.SetLoop | act.SetPolarity
    ) -> None:
        match action:
            case act.StartRinging():
                self._ring(action)
            case act.SetPolarity(port, reverse):
                (self.reversed.add if reverse else self.reversed.discard)(port)
            case act.StopRinging(port=port):
                self.ringing.discard(port)
            case act.SetLoop(port=port, closed=closed) if port.startswith("fxs"):
                (self.broken.discard if closed else self.broken.add)(port)
            case act.SetLoop(port=port, closed=closed, breaks_ms=breaks_ms):
                (self.loops.add if closed else self.loops.discard)(port)
                if breaks_ms:
                    self.breaks.append((port, breaks_ms))

    def _ring(self, action: act.StartRinging) -> None:
        assert action.port not in self.ringing, f"{action.port} rings already"
        self.ringing.add(action.port)
        if action.rounds:
            rings_ms = sum(action.cadence_ms) * action.rounds - action.cadence_ms[-1]
            self.later(rings_ms, lambda: self._pause(action))

    def _pause(self, action: act.StartRinging) -> None:
        ringing = [done for _, done in self.done if isinstance(done, act.StartRinging | act.StopRinging)]
        if next(done for done in reversed(ringing) if done.port == action.port) is action:
            self.ringing.discard(action.port)
            self.feed(ev.RingingPaused(action.port))

    def _apply(self, plan: Plan) -> None:
        assert plan.generation == self.plan.generation + 1
        assert (plan.nodes, plan.hears) != (self.plan.nodes, self.plan.hears)
        self.plan = plan
        sending = {node.id: node for node in plan.nodes if isinstance(node, DigitsNode)}
        for number, node in sending.items():
            if number not in self._sending:
                self.later(len(node.digits) * 200, lambda number=number: self._digits_sent(number))  # type: ignore[misc]
                self.later(120, lambda number=number: self._dial_tone_breaks(number))  # type: ignore[misc]
        for told in plan.nodes:
            if isinstance(told, IdentityNode) and told.id not in self._sending:
                self.told.append((self.ms, told))
                self.later(900, lambda node=told.id: self._told(node))  # type: ignore[misc]
        self._sending = {node.id for node in plan.nodes if isinstance(node, DigitsNode | IdentityNode)}
        spoken = {node.id for node in plan.nodes if isinstance(node, PlayerNode) and not node.looped}
        for number in spoken - self._speaking:
            self.later(5_000, lambda number=number: self.feed(ev.PromptEnded(number)))  # type: ignore[misc]
        self._speaking = spoken

    def _dial_tone_breaks(self, digits: NodeId) -> None:
        for edge in self.plan.hears if self.takes_tones else ():
            if edge.source == digits:
                self.feed(ev.ToneHeard(edge.listener, ToneKind.DIAL, False, 0))

    def _digits_sent(self, node: NodeId) -> None:
        if node in self._sending:
            self.feed(ev.DigitsSent(node))

    def _told(self, node: NodeId) -> None:
        if node in self._sending:
            self.feed(ev.IdentitySent(node, heard=True))

    def _expire(self, timer: TimerId) -> None:
        if self.timers.pop(timer, None) is not None:
            self.feed(ev.TimerExpired(timer))

    # --- reading ---

    def hears(self, who: str) -> set[str]:
        """What a port or SIP extension hears, in words: a tone's name, ``music:clip``, another port's
        name.
        """
        node = self.node(who)
        return {self._name(edge.source) for edge in self.plan.hears if edge.listener == node}

    def node(self, who: str) -> NodeId:
        for node in self.plan.nodes:
            if isinstance(node, PortNode) and node.port == who:
                return node.id
        for row in self.calls:
            for leg in row.legs:
                if leg.number == who:
                    return leg.node
        raise KeyError(who)

    def port_node(self, port: str) -> PortNode:
        return next(node for node in self.plan.nodes if isinstance(node, PortNode) and node.port == port)

    def _name(self, source: NodeId) -> str:
        node = next(node for node in self.plan.nodes if node.id == source)
        match node:
            case PortNode(port=port):
                return port
            case RtpNode(id=number):
                return next(leg.number for row in self.calls for leg in row.legs if leg.node == number)
            case ToneNode(segments=segments):
                plan = tone_plan(self.settings.country)
                return next(kind.value for kind, sent in plan.sent if sent == segments)
            case PlayerNode(clip=clip, looped=looped):
                return f"music:{clip}" if looped else f"words:{clip}"
            case DigitsNode(digits=digits):
                return f"digits:{digits}"
            case IdentityNode(message=message):
                return f"told:{message.number}"

    @property
    def calls(self) -> tuple[CallRow, ...]:
        return self.exchange.view().calls

    def line(self, port: str) -> LineRow:
        return next(row for row in self.exchange.view().lines if row.port == port)

    @property
    def started(self) -> list[act.CallStarted]:
        return [row for row in self.journal if isinstance(row, act.CallStarted)]

    @property
    def answered(self) -> list[act.CallAnswered]:
        return [row for row in self.journal if isinstance(row, act.CallAnswered)]

    @property
    def ended(self) -> list[act.CallEnded]:
        return [row for row in self.journal if isinstance(row, act.CallEnded)]

    # --- people ---

    def telephone(self, number: str) -> "Telephone":
        extension = next(one for one in self.settings.extensions if one.number == number)
        assert extension.port is not None
        return Telephone(self, extension.port)

    def city(self, line: int) -> "City":
        return City(self, PortId(f"fxo{line}"))

    def sip_telephone(self, number: str) -> "SipTelephone":
        return SipTelephone(self, number)


@dataclass
class Telephone:
    """A person at an analog telephone."""

    world: World
    port: PortId

    def _edge(self, off_hook: bool) -> None:
        self.world.feed(ev.HookEdge(self.port, off_hook, self.world.now_ns))

    def lifts(self) -> None:
        self._edge(True)
        self.world.wait(0.015)

    def hangs_up(self) -> None:
        self._edge(False)
        self.world.wait(0.510)

    def flashes(self, ms: int = 120) -> None:
        self._edge(False)
        self.world.wait(ms / 1000)
        self._edge(True)
        self.world.wait(0.2)

    def presses(self, digit: str) -> None:
        node = self.world.port_node(self.port).id
        self.world.feed(ev.DigitStarted(node))
        self.world.wait(0.08)
        self.world.feed(ev.DigitHeard(node, digit, 80, ev.DigitSource.IN_BAND))
        self.world.wait(0.08)

    def dials(self, number: str) -> None:
        for digit in number:
            self.presses(digit)

    def turns(self, number: str, break_ms: int = 60, make_ms: int = 40) -> None:
        for digit in number:
            for _ in range(int(digit) or 10):
                self._edge(False)
                self.world.wait(break_ms / 1000)
                self._edge(True)
                self.world.wait(make_ms / 1000)
            self.world.wait(0.7)

    @property
    def rings(self) -> bool:
        return self.port in self.world.ringing

    @property
    def hears(self) -> set[str]:
        return self.world.hears(self.port)

    @property
    def state(self) -> str:
        return self.world.line(self.port).state


@dataclass
class City:
    """The city's end of a line."""

    world: World
    port: PortId

    @property
    def node(self) -> NodeId:
        return self.world.port_node(self.port).id

    @property
    def seized(self) -> bool:
        return self.port in self.world.loops

    @property
    def state(self) -> str:
        return self.world.line(self.port).state

    @property
    def hears(self) -> set[str]:
        return self.world.hears(self.port)

    def ring_once(self, ms: int = 1000) -> None:
        """A ring of 25 Hz, one edge every 20 ms, until somebody answers."""
        for at in range(0, ms, 20):
            self.world.later(at, self._ring_edge)

    def _ring_edge(self) -> None:
        if not self.seized:
            self.world.feed(ev.RingEdge(self.port, self.world.now_ns))

    def calls(self, number: str = "", name: str = "", rings: int = 1) -> None:
        """Ring ``rings`` times, 1 s on and 4 s off, with caller identity after the first ring."""
        for index in range(rings):
            self.world.later(index * 5000, self.ring_once)
        if number:
            self.world.later(2000, lambda: self.identifies(number, name))
        self.world.wait(0.2)

    def identifies(self, number: str, name: str = "") -> None:
        self.world.feed(ev.CallerIdHeard(self.node, number, name, False))

    def tells_when_asked(self, number: str) -> None:
        """What the signal core makes of the answer to its request; empty: of three requests without one."""
        self.world.feed(ev.NumberTold(self.node, number, "1" if number else "", 1 if number else 3))

    def sounds(self, kind: ToneKind, present: bool = True) -> None:
        self.world.feed(ev.ToneHeard(self.node, kind, present, 2))

    def voice(self, present: bool = True) -> None:
        self.world.feed(ev.VoiceHeard(self.node, present))

    def loop_current(self, present: bool) -> None:
        self.world.feed(ev.LoopCurrent(self.port, present, self.world.now_ns))

    def reverses_polarity(self) -> None:
        self.world.feed(ev.PolarityReversed(self.port, self.world.now_ns))

    def takes_digits(self) -> str:
        """The digits that are being sent to it, waiting until they are through."""
        sent = next(name for name in self.hears if name.startswith("digits:"))
        self.world.wait(0.2 * len(sent))
        return sent.removeprefix("digits:")


def offer(
    port: int = 40_000, direction: str = "sendrecv", codecs: tuple[Codec, ...] = (Codec.PCMA, Codec.PCMU)
) -> str:
    text = write_offer(LocalMedia("192.0.2.50", port, session_id=1, codecs=codecs))
    return text.replace("a=sendrecv", f"a={direction}")


@dataclass
class SipTelephone:
    """A SIP telephone, as the SIP process shows it."""

    world: World
    number: str
    dialogs: list[DialogId] = field(default_factory=list)
    codecs: tuple[Codec, ...] = (Codec.PCMA, Codec.PCMU)

    def registers(self, contact: str = "sip:phone") -> None:
        self.world.feed(ev.Registered(self.number, f"{contact}@192.0.2.50", "192.0.2.50", 300))

    def calls(self, number: str, dialog: int = 1) -> DialogId:
        which = DialogId(dialog)
        self.world.feed(ev.InviteReceived(which, self.number, self.number, number, offer(codecs=self.codecs)))
        return which

    @property
    def invites(self) -> list[act.SipInvite]:
        return [
            one for one in self.world.sip if isinstance(one, act.SipInvite) and one.extension == self.number
        ]

    def rings(self) -> None:
        self.world.feed(ev.RemoteRinging(self.invites[-1].dialog, 180, None))

    def answers(self, index: int = -1, sdp: str | None = None) -> None:
        self.world.feed(ev.RemoteAnswered(self.invites[index].dialog, sdp or offer(codecs=self.codecs)))

    def refuses(self, status: int = 486, index: int = -1) -> None:
        self.world.feed(ev.RemoteRefused(self.invites[index].dialog, status, ""))

    def hangs_up(self, dialog: DialogId | None = None, cause: int = 16) -> None:
        self.world.feed(ev.RemoteEnded(self.invites[-1].dialog if dialog is None else dialog, cause))

    def told(self, kind: type[Action]) -> list[Action]:
        return [one for one in self.world.sip if isinstance(one, kind)]
