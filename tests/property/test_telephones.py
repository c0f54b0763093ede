"""Random evenings of telephones that want everything: identity, second calls, lamps, held calls, signs.

The happenings are those of `test_evenings`, and lamps, displays that answer or do not, callers of each other.
"""

from collections import Counter
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.model import events as ev
from gateway.model.events import Event
from gateway.model.numbers import PortId
from gateway.model.plan import IdentityNode, PortNode
from gateway.model.settings import (
    LOOP_BREAK,
    ON_HOOK_AUDIO,
    POLARITY_REVERSAL,
    ExtensionSettings,
    LampKind,
    OfficeSettings,
)
from tests.exchange.world import World, office
from tests.property.test_evenings import (
    HAPPENINGS,
    QUICK,
    TELEPHONE,
    TELEPHONES,
    Evening,
    rules_of_the_journal,
)

ABLE = (ON_HOOK_AUDIO, POLARITY_REVERSAL, LOOP_BREAK)
SCHEMES = st.sampled_from(("country", "v23-reversal", "v23-ring-pulse", "dtmf", "none"))


class Busy(Evening):
    """An evening with lamps, displays, and calls at telephones that are in use."""

    def lamp(self, number: str, on: bool) -> None:
        self.world.feed(ev.LampSet(number, on))

    def answers(self, heard: bool) -> None:
        """A display answers its alert, or does not."""
        told = [node for node in self.world.plan.nodes if isinstance(node, IdentityNode)]
        for node in told[:1]:
            self.world.feed(ev.IdentitySent(node.id, heard))

    def pauses(self, port: str) -> None:
        """A ringer tells of rounds that nobody waits for any more."""
        if port not in self.world.ringing:
            self.world.feed(ev.RingingPaused(PortId(port)))

    def second_call(self, one: str, other: str, third: str) -> None:
        """Two talk, a third one calls the first."""
        self.talk(one, other)
        self.world.wait(0.3)
        self.calls(third, "10" + one[-1])


MORE = st.one_of(
    st.tuples(st.just("lamp"), st.sampled_from(("101", "102", "201", "999")), st.booleans()),
    st.tuples(st.just("answers"), st.booleans()),
    st.tuples(st.just("pauses"), TELEPHONE),
    st.tuples(st.just("second_call"), TELEPHONE, TELEPHONE, TELEPHONE),
    st.tuples(st.just("second_call"), TELEPHONE, TELEPHONE, TELEPHONE),
    st.tuples(st.just("flash"), st.integers(0, 3), st.just(120)),
)


def wanting(scheme: str) -> OfficeSettings:
    """Each telephone wants a mixture."""
    wants: dict[str, dict[str, object]] = {
        "101": {"called_held_ms": 4_000},
        "102": {"reoriginate_after_ms": 2_000, "lamp": LampKind.FSK},
        "103": {"clear_break_ms": 600, "answer_reversal": True},
        "104": {"hotline": "102", "hotline_after_ms": 3_000},
    }
    settings = office(lines_to=("101", "610"))

    def changed(one: ExtensionSettings) -> ExtensionSettings:
        if one.port is None:
            return one
        return replace(one, identity=scheme, call_waiting=True, **wants.get(one.number, {}))  # type: ignore[arg-type]

    return replace(settings, extensions=tuple(changed(one) for one in settings.extensions))


def rules(evening: Evening, event: Event) -> None:
    """What must be true after every step."""
    world = evening.world
    view = world.exchange.view()
    states = {row.port: row.state for row in view.lines}
    assert all(states[PortId(port)] == "ringing" for port in world.ringing), f"a bell without a call: {event}"
    assert view.timers_running == len(world.timers), "no timer runs for a machine that is gone"
    assert world.broken == {port for port in TELEPHONES if states[PortId(port)] == "broken"}
    reversing = {port for port, state in states.items() if state in ("ringing", "talking", "laid_down")}
    assert world.reversed <= reversing, "polarity that says nothing"
    ports = {node.id for node in world.plan.nodes if isinstance(node, PortNode)}
    heard = {(edge.listener, edge.source) for edge in world.plan.hears}
    for listener, source in heard:
        if source in ports:
            assert (source, listener) in heard, "who is heard also hears"
    talkers = Counter(listener for listener, source in heard if source in ports)
    assert all(count == 1 for count in talkers.values()), "one conversation at a time"
    told = [node.telephone for node in world.plan.nodes if isinstance(node, IdentityNode)]
    assert len(told) == len(set(told)), "one message at a time"
    for node in told:
        assert node not in talkers, "no speech beside a message"
    rules_of_the_journal(world, view)


@settings(max_examples=150 if QUICK else 1_500, deadline=None, suppress_health_check=list(HealthCheck))
@given(scheme=SCHEMES, happenings=st.lists(st.one_of(HAPPENINGS, MORE), min_size=6, max_size=40))
def test_an_evening_of_wishes_breaks_no_rule_and_ends_at_home(
    scheme: str, happenings: list[tuple[object, ...]]
) -> None:
    world = World(wanting(scheme), capabilities=ABLE)
    evening = Busy(world)
    world.after_step = lambda event: rules(evening, event)
    for name, *values in happenings:
        getattr(evening, str(name))(*values)
    for number in ("101", "102", "201"):
        evening.lamp(number, False)
    evening.go_home()
    evening.go_home()
    world.wait(20)
    view = world.exchange.view()
    assert view.calls == ()
    assert {row.state for row in view.lines} == {"idle"}
    assert {timer.name for timer in world.timers} <= {"retest"}, "of an ill line"
    assert (world.ringing, world.loops, world.broken, world.reversed) == (set(), set(), set(), set())
    assert world.plan.hears == ()
    assert {row.call for row in world.started} == {row.call for row in world.ended}
