"""Random evenings in the office, under rules that must hold after every single step.

An evening is a list of small happenings in any order: handsets, edges, digits, flashes, rings, tones, SIP
messages, timers that expire early or late or twice, ports that fail, the SIP process dying, the gateway
stopping. Nothing about an evening has to make sense; the exchange has to.
"""

import os
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.call.states import CallState
from gateway.exchange import Exchange
from gateway.model import actions as act
from gateway.model import events as ev
from gateway.model.events import Event
from gateway.model.numbers import DialogId, NodeId, Now, PortId, ToneKind
from gateway.model.plan import Detectors, DigitsNode, PlayerNode, PortNode, RtpNode, ToneNode
from gateway.model.settings import QueueSettings
from gateway.model.timers import TimerId
from gateway.model.view import ExchangeView
from tests.exchange.world import World, board, offer, office

QUICK = os.environ.get("CITYLINE_PROFILE") == "quick"
EVENINGS = 200 if QUICK else 2_000

TELEPHONES = ("fxs1", "fxs2", "fxs3", "fxs4")
LINES = ("fxo1", "fxo2")
NUMBERS = ("101", "102", "103", "201", "202", "600", "610", "9123", "84951234567", "77", "10")
TONES = (
    ToneKind.DIAL,
    ToneKind.STUTTER_DIAL,
    ToneKind.RINGBACK,
    ToneKind.BUSY,
    ToneKind.CONGESTION,
    ToneKind.SIT,
    ToneKind.HOWLER,
)
IN_USE = {
    *("seizing", "dialling", "pulsing", "pausing", "probing", "awaiting"),
    *("calling", "straight", "talking", "asking", "asked"),
}


@dataclass
class Evening:
    """A world, and what has to be remembered to make things happen in it."""

    world: World
    dialog: int = 1
    seen_timers: dict[TimerId, None] = field(default_factory=dict)
    off_hook: set[str] = field(default_factory=set)
    looked_at: object = None

    # --- telephones ---

    def edge(self, port: str, off_hook: bool) -> None:
        (self.off_hook.add if off_hook else self.off_hook.discard)(port)
        self.world.feed(ev.HookEdge(PortId(port), off_hook, self.world.now_ns))

    def lift(self, port: str) -> None:
        self.edge(port, True)
        self.world.wait(0.02)

    def hang_up(self, port: str) -> None:
        self.edge(port, False)
        self.world.wait(0.52)

    def flash(self, pick: int, ms: int) -> None:
        for port in sorted(self.off_hook)[pick:][:1]:
            self.edge(port, False)
            self.world.wait(ms / 1000)
            self.edge(port, True)
            self.world.wait(0.16)

    def dial(self, port: str, number: str) -> None:
        node = self.world.port_node(port).id
        for digit in number:
            self.world.feed(ev.DigitStarted(node))
            self.world.feed(ev.DigitHeard(node, digit, 80, ev.DigitSource.IN_BAND))

    def pulse(self, pick: int, pulses: int) -> None:
        for port in sorted(self.off_hook)[pick:][:1]:
            for _ in range(pulses):
                self.edge(port, False)
                self.world.wait(0.06)
                self.edge(port, True)
                self.world.wait(0.04)
            self.world.wait(0.2)

    # --- city lines ---

    def ring(self, port: str, edges: int) -> None:
        for _ in range(edges):
            self.world.feed(ev.RingEdge(PortId(port), self.world.now_ns))
            self.world.wait(0.02)

    def identify(self, port: str, number: str) -> None:
        self.world.feed(ev.CallerIdHeard(self.world.port_node(port).id, number, "", False))

    def tell(self, port: str, number: str) -> None:
        self.world.feed(ev.NumberTold(self.world.port_node(port).id, number, "1" if number else "", 1))

    def tone(self, port: str, kind: ToneKind, present: bool) -> None:
        self.world.feed(ev.ToneHeard(self.world.port_node(port).id, kind, present, 2))

    def voice(self, port: str, present: bool) -> None:
        self.world.feed(ev.VoiceHeard(self.world.port_node(port).id, present))

    def silence(self, line: str, port: str) -> None:
        self.voice(line, False)
        self.voice(port, False)
        self.world.wait(301)

    def current(self, port: str, present: bool) -> None:
        self.world.feed(ev.LoopCurrent(PortId(port), present, self.world.now_ns))

    def reverse(self, port: str) -> None:
        self.world.feed(ev.PolarityReversed(PortId(port), self.world.now_ns))

    def fail(self, port: str) -> None:
        self.world.feed(ev.PortFailed(PortId(port), "Gone."))

    def restore(self, port: str) -> None:
        self.world.feed(ev.PortRestored(PortId(port)))

    def measure(self, port: str) -> None:
        self.world.feed(ev.CalibrateLine(PortId(port)))

    # --- SIP ---

    def register(self, extension: str, contact: str) -> None:
        self.world.feed(ev.Registered(extension, contact, "192.0.2.9", 300))

    def unregister(self, extension: str, contact: str) -> None:
        self.world.feed(ev.Unregistered(extension, contact))

    def invite(self, extension: str, number: str, good: bool) -> None:
        sdp = offer() if good else "v=0\r\nnonsense"
        self.world.feed(ev.InviteReceived(DialogId(self.dialog), extension, "", number, sdp))
        self.dialog += 2

    def dialogs(self, latest: int) -> list[DialogId]:
        """Ours and theirs, the latest of each."""
        ours = [one.dialog for one in self.world.sip if isinstance(one, act.SipInvite)]
        theirs = [DialogId(number) for number in range(1, self.dialog, 2)]
        return theirs[-latest:] + ours[-latest:]

    def some_dialog(self, pick: int, event: type[Event], sdp: str) -> None:
        known = self.dialogs(3)
        if not known:
            return
        dialog = known[pick % len(known)]
        events: dict[type[Event], Event] = {
            ev.RemoteRinging: ev.RemoteRinging(dialog, 180, None),
            ev.RemoteAnswered: ev.RemoteAnswered(dialog, sdp),
            ev.RemoteRefused: ev.RemoteRefused(dialog, 486, "Busy Here"),
            ev.RemoteEnded: ev.RemoteEnded(dialog, 16),
            ev.ReinviteReceived: ev.ReinviteReceived(dialog, sdp),
            ev.ReinviteAnswered: ev.ReinviteAnswered(dialog, sdp),
        }
        self.world.feed(events[event])

    def media(self, pick: int, lost: bool, digit: str) -> None:
        nodes = [node.id for node in self.world.plan.nodes if isinstance(node, RtpNode)]
        if nodes:
            node = nodes[pick % len(nodes)]
            heard = ev.DigitHeard(node, digit, 100, ev.DigitSource.RTP_EVENT)
            self.world.feed(ev.MediaLost(node, 30_000) if lost else heard)

    def stack(self, up: bool) -> None:
        self.world.feed(ev.SipStackUp(2) if up else ev.SipStackDown("killed"))

    # --- whole scenes, so that evenings get as far as conversations ---

    def calls(self, port: str, number: str) -> None:
        self.lift(port)
        self.dial(port, number)

    def talk(self, one: str, other: str) -> None:
        self.calls(one, "10" + other[-1])
        self.lift(other)

    def call_out(self, port: str, line: str) -> None:
        self.calls(port, "84951234567")
        self.tone(line, ToneKind.DIAL, True)
        self.world.wait(2.5)

    def city_talk(self, line: str, port: str) -> None:
        self.ring(line, 8)
        self.identify(line, "4951234567")
        self.lift(port)

    def city_asked(self, line: str, told: bool, number: str) -> None:
        self.ring(line, 8)
        self.world.wait(4.7)
        if told:
            self.tell(line, number)

    def sip_talk(self, port: str, extension: str) -> None:
        self.register(extension, "sip:a@192.0.2.9")
        self.calls(port, extension)
        self.some_dialog(-1, ev.RemoteAnswered, offer())

    def sip_hold(self, port: str, extension: str, resumes: bool) -> None:
        self.sip_talk(port, extension)
        self.some_dialog(-1, ev.ReinviteReceived, offer(direction="sendonly"))
        if resumes:
            self.some_dialog(-1, ev.ReinviteReceived, offer())

    def sip_offer(self, port: str, extension: str) -> None:
        self.register(extension, "sip:b@192.0.2.9")
        self.calls(port, extension)
        self.some_dialog(-1, ev.RemoteRinging, "")

    def ringback(self, port: str, line: str, ends: bool) -> None:
        self.call_out(port, line)
        self.tone(line, ToneKind.RINGBACK, True)
        if ends:
            self.tone(line, ToneKind.RINGBACK, False)

    def sip_calls(self, extension: str, number: str) -> None:
        self.invite(extension, number, True)
        for port in TELEPHONES:
            if port in self.world.ringing:
                self.lift(port)

    def sip_out(self, extension: str, line: str) -> None:
        self.invite(extension, "84951234567", True)
        self.tone(line, ToneKind.DIAL, True)
        self.world.wait(2.5)

    # --- time ---

    def wait(self, seconds: float) -> None:
        self.world.wait(seconds)

    def expire_early(self, pick: int) -> None:
        running = sorted(self.world.timers)
        if running:
            self.world._expire(running[pick % len(running)])

    def expire_stale(self, pick: int) -> None:
        stale = [timer for timer in self.seen_timers if timer not in self.world.timers]
        if stale:
            self.world.feed(ev.TimerExpired(stale[pick % len(stale)]))

    def sent(self, node: int) -> None:
        self.world.feed(ev.DigitsSent(NodeId(node)))

    def shut_down(self) -> None:
        self.world.feed(ev.ShutdownRequested())

    def go_home(self) -> None:
        """Everybody hangs up, the city stops ringing and gives busy tone, SIP dialogs end, ports are
        repaired.
        """
        for port in (*TELEPHONES, *LINES):
            self.restore(port)
        for _ in range(2):
            for port in TELEPHONES:
                self.hang_up(port)
            for dialog in self.dialogs(1000):
                self.world.feed(ev.RemoteEnded(dialog, 16))
            self.world.wait(10)
            for port in LINES:
                self.current(port, False)
                self.tone(port, ToneKind.BUSY, True)
            self.world.wait(2)
        for port in LINES:
            self.tone(port, ToneKind.DIAL, True)  # an ill line that is just being tried
        self.world.wait(2)


def rules(evening: Evening, event: Event) -> None:
    """What must be true after every step."""
    world = evening.world
    view = world.exchange.view()
    evening.seen_timers.update(dict.fromkeys(world.timers))
    ringing = {row.port for row in view.lines if row.state == "ringing" and row.kind == "fxs"}
    assert world.ringing == ringing, f"a bell rings exactly in the state RINGING: {event}"
    in_use = {row.port for row in view.lines if row.kind == "fxo" and row.state in IN_USE}
    tried = {row.port for row in view.lines if row.state in ("testing", "measuring")}
    assert world.loops == in_use | tried, "a loop is closed exactly while its line is in use, or tried"
    legless = {row.port for row in view.lines if row.port in in_use and row.call is None}
    assert not legless, "no trunk is held without a leg"
    assert view.timers_running == len(world.timers), "no timer runs for a machine that is gone"
    talking = {call.call for call in view.calls if call.state == "talking"}
    rule_of_the_waiting(world)
    looked_at = (world.plan.generation, len(world.journal), talking, len(view.calls))
    if looked_at != evening.looked_at:  # most steps change nothing of this
        evening.looked_at = looked_at
        rules_of_the_plan(world, view)
        rules_of_the_journal(world, view)


def rule_of_the_waiting(world: World) -> None:
    """Nobody waits beside a free station that has not been rung for him."""
    board = world.exchange._board
    if board.closing or not board.sockets.free:
        return
    firsts = {queue.first for queue in board.queues.values()}
    for call in board.calls.values():
        waits = call.id in firsts or call.state is CallState.OFFERING
        forgotten = call.unrung if waits and not call.postponed else ()
        assert not forgotten, f"{forgotten} could be rung for call {call.id}, which is {call.state.name}"


def rules_of_the_plan(world: World, view: ExchangeView) -> None:
    plan = world.plan
    ids = [node.id for node in plan.nodes]
    assert ids == sorted(set(ids))
    assert {node.port for node in plan.nodes if isinstance(node, PortNode)} == {*TELEPHONES, *LINES}
    asking = {row.port for row in view.lines if row.state == "asking"}
    asked_for = {n.port for n in plan.nodes if isinstance(n, PortNode) and Detectors.AON in n.detectors}
    assert asked_for == asking, "a city exchange is asked exactly by a line in the state ASKING"
    offered = {call.call for call in view.calls if call.state == "offering"}
    for row in view.lines:
        if row.state == "asked" and row.call in offered:
            assert world.hears(row.port) == {"ringback"}, "who was asked for hears ringback until an answer"
    speakers = {edge.source for edge in plan.hears}
    listeners = {edge.listener for edge in plan.hears}
    assert speakers | listeners <= set(ids), "an edge needs its nodes"
    idle_sounds = {n.id for n in plan.nodes if isinstance(n, ToneNode | PlayerNode | DigitsNode)} - speakers
    assert not idle_sounds, "a sound that nobody hears"
    partners = {leg.node: call.call for call in view.calls for leg in call.legs}
    parties = {node.id for node in plan.nodes if isinstance(node, PortNode | RtpNode)}
    talking = {(edge.listener, edge.source) for edge in plan.hears if edge.source in parties}
    for listener, source in talking:
        assert (source, listener) in talking, "who is heard also hears"
        assert partners[listener] == partners[source], "parties of one call only"
    for call in view.calls:
        if call.state == "talking":
            one, other = (leg.node for leg in call.legs)
            with_media = {one, other} <= parties  # of a SIP party that made no offer: from its ACK on
            assert (one, other) in talking or not with_media, "legs connected = legs in the plan"
    sockets = [node.socket for node in plan.nodes if isinstance(node, RtpNode)]
    assert len(sockets) == len(set(sockets)), "an RTP socket has one party"
    assert len(sockets) <= view.rtp_sockets_used


def rules_of_the_journal(world: World, view: ExchangeView) -> None:
    started = Counter(row.call for row in world.started)
    answered = Counter(row.call for row in world.answered)
    ended = Counter(row.call for row in world.ended)
    for rows in (started, answered, ended):
        assert all(count == 1 for count in rows.values()), "each row at most once"
    assert answered.keys() <= started.keys()
    assert ended.keys() <= started.keys()
    living = {row.call for row in view.calls}
    assert not living & ended.keys(), "a call that has ended is gone"
    assert started.keys() - ended.keys() <= living, "a call that has not ended lives"


TELEPHONE, LINE = st.sampled_from(TELEPHONES), st.sampled_from(LINES)
EXTENSION = st.sampled_from(("201", "202"))
CONTACT = st.sampled_from(("sip:a@192.0.2.9", "sip:b@192.0.2.9"))
PICK = st.integers(0, 11)
SDP = st.sampled_from((offer(), offer(direction="sendonly"), offer(direction="inactive"), "", "nonsense"))
DIALOG_EVENT = st.sampled_from(
    (
        ev.RemoteAnswered,
        ev.RemoteAnswered,
        ev.RemoteRinging,
        ev.RemoteRefused,
        ev.RemoteEnded,
        ev.ReinviteReceived,
        ev.ReinviteAnswered,
    )
)

SMALL = st.one_of(
    st.tuples(st.just("lift"), TELEPHONE),
    st.tuples(st.just("lift"), TELEPHONE),
    st.tuples(st.just("hang_up"), TELEPHONE),
    st.tuples(st.just("dial"), TELEPHONE, st.sampled_from(NUMBERS)),
    st.tuples(st.just("dial"), TELEPHONE, st.sampled_from(NUMBERS)),
    st.tuples(st.just("edge"), TELEPHONE, st.booleans()),
    st.tuples(st.just("flash"), st.integers(0, 2), st.sampled_from((60, 100, 300))),
    st.tuples(st.just("pulse"), st.integers(0, 2), st.integers(1, 3)),
    st.tuples(st.just("ring"), LINE, st.sampled_from((1, 5, 8, 20))),
    st.tuples(st.just("identify"), LINE, st.sampled_from(("", "4951234567"))),
    st.tuples(st.just("tell"), LINE, st.sampled_from(("", "1234567"))),
    st.tuples(st.just("tone"), LINE, st.sampled_from(TONES), st.booleans()),
    st.tuples(st.just("tone"), LINE, st.just(ToneKind.DIAL), st.just(True)),
    st.tuples(st.just("current"), LINE, st.booleans()),
    st.tuples(st.just("voice"), st.sampled_from((*LINES, *TELEPHONES)), st.booleans()),
    st.tuples(st.just("silence"), LINE, TELEPHONE),
    st.tuples(st.just("reverse"), LINE),
    st.tuples(st.just("measure"), LINE),
    st.tuples(st.just("register"), EXTENSION, CONTACT),
    st.tuples(st.just("unregister"), EXTENSION, CONTACT),
    st.tuples(st.just("invite"), EXTENSION, st.sampled_from(NUMBERS), st.sampled_from((True, True, False))),
    st.tuples(st.just("some_dialog"), PICK, DIALOG_EVENT, SDP),
    st.tuples(st.just("some_dialog"), PICK, st.just(ev.RemoteAnswered), st.just(offer())),
    st.tuples(st.just("media"), PICK, st.booleans(), st.sampled_from("19#")),
    st.tuples(st.just("wait"), st.sampled_from((0.005, 0.1, 0.3, 1.0, 2.0, 5.0, 10.0, 31.0))),
    st.tuples(st.just("expire_early"), PICK),
    st.tuples(st.just("expire_stale"), PICK),
    st.tuples(st.just("sent"), st.integers(1000, 1060)),
    st.tuples(st.sampled_from(("fail", "restore")), st.sampled_from((*TELEPHONES, *LINES))),
    st.tuples(st.just("stack"), st.booleans()),
)
SCENES = st.one_of(
    st.tuples(st.just("calls"), TELEPHONE, st.sampled_from(NUMBERS)),
    st.tuples(st.just("talk"), TELEPHONE, TELEPHONE),
    st.tuples(st.just("call_out"), TELEPHONE, LINE),
    st.tuples(st.just("city_talk"), LINE, TELEPHONE),
    st.tuples(st.just("city_asked"), LINE, st.booleans(), st.sampled_from(("", "1234567"))),
    st.tuples(st.just("sip_talk"), TELEPHONE, EXTENSION),
    st.tuples(st.just("sip_offer"), TELEPHONE, EXTENSION),
    st.tuples(st.just("ringback"), TELEPHONE, LINE, st.booleans()),
    st.tuples(st.just("sip_hold"), TELEPHONE, EXTENSION, st.booleans()),
    st.tuples(st.just("sip_calls"), EXTENSION, st.sampled_from(NUMBERS)),
    st.tuples(st.just("sip_out"), EXTENSION, LINE),
    st.tuples(st.just("lift"), TELEPHONE),
    st.tuples(st.just("flash"), st.integers(0, 2), st.just(120)),
    st.tuples(st.just("some_dialog"), st.sampled_from((-1, -2)), DIALOG_EVENT, SDP),
)
HAPPENINGS = st.one_of(SCENES, SMALL, SMALL)
CLOSING = st.sampled_from(("", "", "", "shut_down"))
OFFICES = st.sampled_from(
    (
        office(lines_to=("600", "610")),
        office(lines_to=("610", "201"), queue=QueueSettings("610", "Q", ("101", "201"), "queue", limit=2)),
        office(paired="city2"),
        office(number_request=True),
        office(lines_to=("610", "600"), number_request=True),
    )
)


@pytest.mark.timeout(1_500)  # two thousand evenings beside whatever else the machine does
@settings(max_examples=EVENINGS, deadline=None, suppress_health_check=list(HealthCheck))
@given(plan=OFFICES, happenings=st.lists(HAPPENINGS, min_size=6, max_size=40), closing=CLOSING)
def test_an_evening_breaks_no_rule_and_ends_with_everybody_at_home(
    plan: object, happenings: list[tuple[object, ...]], closing: str
) -> None:
    world = World(plan)  # type: ignore[arg-type]
    evening = Evening(world)
    world.after_step = lambda event: rules(evening, event)
    for name, *values in happenings:
        getattr(evening, str(name))(*values)
    if closing:
        evening.shut_down()
        assert world.calls == ()
    evening.go_home()
    at_home(world)


def at_home(world: World) -> None:
    """Hanging up leads home, every seize was released, nothing is left over."""
    view = world.exchange.view()
    assert view.calls == ()
    assert {row.state for row in view.lines} == {"idle"}
    assert {timer.name for timer in world.timers} <= {"retest"}, "of an ill line"
    assert view.rtp_sockets_used == 0
    assert all(queue.waiting == () for queue in view.queues)
    assert world.ringing == set()
    assert world.loops == set()
    assert world.plan.hears == ()
    assert {row.call for row in world.started} == {row.call for row in world.ended}


@settings(max_examples=20 if QUICK else 100, deadline=None, suppress_health_check=list(HealthCheck))
@given(plan=OFFICES, happenings=st.lists(HAPPENINGS, min_size=6, max_size=30))
def test_the_same_events_give_the_same_actions(plan: object, happenings: list[tuple[object, ...]]) -> None:
    """Replay: a fresh exchange that is fed what the first one was fed asks for the same, action by action."""
    world = World(plan)  # type: ignore[arg-type]
    evening = Evening(world)
    fed: list[tuple[Event, Now]] = []
    world.after_step = lambda event: fed.append((event, world.now))
    for name, *values in happenings:
        getattr(evening, str(name))(*values)
    again = Exchange(world.settings, board(), media_address="192.0.2.1")
    actions = again.start(Now(5_000_000_000, 0))
    for event, now in fed:
        actions += again.handle(event, now)
    assert actions == [action for _, action in world.done]
    assert again.snapshot() == world.exchange.snapshot()
