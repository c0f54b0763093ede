"""What the edges of a hook contact were. Times in the tests are those of the edges; timers may come late."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.line.hook import Flash, Hook, HookSettings, OffHook, OnHook, PulseBegan, PulseDigit
from gateway.model.events import HookEdge
from gateway.model.numbers import PortId
from tests.line.listening import Bench, Listener


@dataclass
class Contact:
    """A hook contact and what its edges were understood to be."""

    settings: HookSettings = field(default_factory=HookSettings)
    bench: Bench = field(default_factory=Bench)
    reader: Listener = field(default_factory=Listener)

    def __post_init__(self) -> None:
        self.hook = Hook("fxs1", self.settings, self.reader)
        self.bench.machines.append(self.hook)

    def edge(self, closed: bool, at_ns: int | None = None) -> None:
        step = self.bench.step()
        self.hook.edge(HookEdge(PortId("fxs1"), closed, self.bench.now_ns if at_ns is None else at_ns), step)
        self.bench.finish(step)

    def closes(self, for_ms: float) -> None:
        self.edge(True)
        self.bench.wait_ms(for_ms)

    def opens(self, for_ms: float) -> None:
        self.edge(False)
        self.bench.wait_ms(for_ms)

    def lifted(self) -> "Contact":
        self.closes(50)
        self.reader.heard.clear()
        return self

    def power(self, on: bool) -> None:
        step = self.bench.step()
        self.hook.power(on, step)
        self.bench.finish(step)

    @property
    def heard(self) -> list[object]:
        return self.reader.heard


@pytest.fixture
def contact() -> Contact:
    return Contact()


def test_a_contact_closed_for_10_ms_is_off_hook(contact: Contact) -> None:
    contact.closes(9)
    assert contact.heard == []
    contact.bench.wait_ms(1)
    assert contact.heard == [OffHook()]


def test_bounce_puts_off_the_decision_and_makes_none(contact: Contact) -> None:
    for _ in range(3):
        contact.closes(3)
        contact.opens(2)
    contact.closes(9)
    assert contact.heard == []
    contact.bench.wait_ms(1)
    assert contact.heard == [OffHook()]


def test_a_touch_is_no_lift(contact: Contact) -> None:
    contact.closes(8)
    contact.opens(1000)
    assert contact.heard == []


def test_on_hook_is_believed_after_the_longest_flash(contact: Contact) -> None:
    contact.lifted()
    contact.opens(499)
    assert contact.heard == []
    contact.bench.wait_ms(1)
    assert contact.heard == [OnHook()]


@pytest.mark.parametrize("ms", [111, 200, 499])
def test_a_break_longer_than_any_pulse_is_a_flash(contact: Contact, ms: int) -> None:
    contact.lifted()
    contact.opens(ms)
    contact.closes(200)
    assert contact.heard == [Flash()]


def test_a_short_lone_break_in_a_conversation_is_a_flash_from_flash_min_up(contact: Contact) -> None:
    contact.lifted()
    contact.opens(90)
    contact.closes(200)
    assert contact.heard == [Flash()]


def test_the_same_break_is_a_dialled_1_where_digits_are_expected(contact: Contact) -> None:
    contact.lifted()
    contact.reader.expects_digits = True
    contact.opens(90)
    contact.closes(200)
    assert contact.heard == [PulseBegan(), PulseDigit("1")]


def test_bounce_in_a_break_makes_no_second_pulse(contact: Contact) -> None:
    contact.lifted()
    contact.reader.expects_digits = True
    contact.opens(30)
    contact.closes(2)
    contact.opens(28)
    contact.closes(3)
    contact.opens(3)
    contact.closes(200)
    assert contact.heard == [PulseBegan(), PulseDigit("1")]


def test_more_than_ten_pulses_are_no_digit(contact: Contact) -> None:
    contact.lifted()
    for _ in range(11):
        contact.opens(60)
        contact.closes(40)
    contact.bench.wait_ms(300)
    assert contact.heard == []


def test_hanging_up_in_the_middle_of_a_digit_forgets_it(contact: Contact) -> None:
    contact.lifted()
    contact.opens(60)
    contact.closes(40)
    contact.opens(600)
    assert contact.heard == [OnHook()]
    contact.closes(300)
    assert contact.heard == [OnHook(), OffHook()]


def test_edges_that_arrive_late_are_judged_by_their_stamps(contact: Contact) -> None:
    """All edges of a lift, a pulse and a flash come at once, a second later, before any timer could run."""
    start = contact.bench.now_ns
    at = [0, 60, 120, 160, 420, 720]
    contact.bench.wait_ms(1000)
    step = contact.bench.step()
    for index, ms in enumerate(at):
        contact.hook.edge(HookEdge(PortId("fxs1"), index % 2 == 0, start + ms * 1_000_000), step)
    contact.bench.finish(step)
    assert contact.heard == [OffHook(), PulseDigit("1"), Flash()]
    contact.bench.wait_ms(600)
    assert contact.heard[-1] == OnHook()


def test_ring_trip_by_a_pulsing_detector(contact: Contact) -> None:
    contact.power(True)
    contact.closes(6)
    contact.opens(14)
    assert contact.heard == []
    contact.closes(4.5)
    assert contact.heard == [OffHook()]


@pytest.mark.parametrize("half_ms", [10, 20])
def test_after_ring_trip_the_detector_may_go_on_pulsing(contact: Contact, half_ms: int) -> None:
    contact.power(True)
    for _ in range(60 // half_ms):
        contact.closes(half_ms)
        contact.opens(half_ms)
    contact.closes(2_000)
    assert contact.heard == [OffHook()]


def test_blips_of_the_ringing_are_no_handset(contact: Contact) -> None:
    contact.power(True)
    for _ in range(250):
        contact.closes(1)
        contact.opens(79)
    assert contact.heard == []


def test_blips_at_every_edge_of_25_hz_are_no_handset_however_long_it_rings(contact: Contact) -> None:
    contact.power(True)
    for _ in range(50):
        contact.closes(3)
        contact.opens(17)
    assert contact.heard == []
    contact.closes(20)
    assert contact.heard == [OffHook()]


def test_lifting_just_as_the_ringing_begins(contact: Contact) -> None:
    contact.closes(5)
    contact.power(True)
    contact.bench.wait_ms(11)
    assert contact.heard == [OffHook()]


def test_the_power_goes_before_the_trip(contact: Contact) -> None:
    contact.power(True)
    contact.closes(5)
    contact.power(False)
    contact.bench.wait_ms(6)
    assert contact.heard == [OffHook()]


RATES = st.floats(8.0, 22.0)
BREAKS = st.floats(0.20, 0.80)


@given(rate=RATES, share=BREAKS, digits=st.text("0123456789", min_size=1, max_size=4), talking=st.booleans())
def test_every_dial_from_8_to_22_pulses_a_second_is_read_and_none_is_a_flash(
    rate: float, share: float, digits: str, talking: bool
) -> None:
    contact = Contact(HookSettings(flash_min_ms=110 if talking else 80)).lifted()
    contact.reader.expects_digits = not talking
    period_ms = 1000 / rate
    for digit in digits:
        for _ in range(int(digit) or 10):
            contact.opens(period_ms * share)
            contact.closes(period_ms * (1 - share))
        contact.bench.wait_ms(400)
    read = [event.digit for event in contact.heard if isinstance(event, PulseDigit)]
    assert "".join(read) == digits
    assert Flash() not in contact.heard
    assert OnHook() not in contact.heard


@given(rate=RATES, share=BREAKS, digit=st.integers(2, 10))
def test_a_train_of_pulses_in_a_conversation_is_never_a_flash(rate: float, share: float, digit: int) -> None:
    """Only a lone break is ambiguous; flash_min is the default 80 ms here."""
    contact = Contact().lifted()
    period_ms = 1000 / rate
    for _ in range(digit):
        contact.opens(period_ms * share)
        contact.closes(period_ms * (1 - share))
    contact.bench.wait_ms(400)
    assert contact.heard == [PulseDigit(str(digit % 10))]


@given(st.lists(st.tuples(st.booleans(), st.floats(0.1, 700.0)), max_size=60), st.booleans())
def test_any_edges_leave_it_where_the_contact_is(edges: list[tuple[bool, float]], digits: bool) -> None:
    """Fuzz: whatever comes, off-hook and on-hook alternate, and after a rest the state is the contact's."""
    contact = Contact()
    contact.reader.expects_digits = digits
    closed = False
    for level, after_ms in edges:
        contact.edge(level)
        closed = level
        contact.bench.wait_ms(after_ms)
    contact.bench.wait_ms(1_000)
    moves = [event for event in contact.heard if isinstance(event, OffHook | OnHook)]
    assert all(isinstance(event, OffHook) == (index % 2 == 0) for index, event in enumerate(moves))
    assert contact.hook.on_hook is not closed
    assert (len(moves) % 2 == 1) == closed
    assert contact.bench.due == {}


WORDS = OffHook | OnHook | Flash | PulseDigit | PulseBegan
MOVES = st.lists(
    st.tuples(
        st.sampled_from(["edge", "edge", "edge", "same", "on", "off"]),
        st.floats(0.05, 900.0) | st.floats(0.05, 12.0),
        st.booleans(),
    ),
    max_size=50,
)


@given(MOVES, st.booleans())
def test_whatever_a_contact_does_it_is_one_of_four_words(
    moves: list[tuple[str, float, bool]], digits: bool
) -> None:
    """Edges at random, some of them lost (the same level twice), some told late, with ringing power coming
    and going: off-hook and on-hook take turns, flash and digits come from a handset that is off, and a digit
    that has begun ends as one or with the on-hook.
    """
    contact = Contact()
    contact.reader.expects_digits = digits
    closed, late_ns = False, 0
    for what, for_ms, late in moves:
        match what:
            case "on" | "off":
                contact.power(what == "on")
            case "edge" | "same":
                closed = closed == (what == "same")
                edge_ns = contact.bench.now_ns
                if late:  # the edge keeps its time, but we hear of it 4 ms later
                    contact.bench.wait_ms(4)
                late_ns = max(late_ns, edge_ns)
                contact.edge(closed, at_ns=late_ns)
        contact.bench.wait_ms(for_ms)
    contact.power(False)
    contact.bench.wait_ms(1_500)
    assert all(isinstance(word, WORDS) for word in contact.heard)
    off = False
    for word in contact.heard:
        match word:
            case OffHook():
                assert not off
                off = True
            case OnHook():
                assert off
                off = False
            case _:
                assert off, f"{word} from a handset on its hook"
    assert off is closed
    assert contact.hook.on_hook is not closed
    assert contact.bench.due == {}


@given(
    st.lists(st.tuples(st.floats(0.1, 400.0), st.floats(0.1, 400.0)), max_size=20),
    st.floats(500.0, 3_000.0),
    st.lists(st.floats(0.1, 7.0), max_size=9),
    st.booleans(),
)
def test_no_hang_up_is_lost_whatever_was_before_it_and_however_it_bounces(
    before: list[tuple[float, float]], open_ms: float, bounces: list[float], digits: bool
) -> None:
    contact = Contact().lifted()
    contact.reader.expects_digits = digits
    for opened_ms, closed_ms in before:
        contact.opens(opened_ms)
        contact.closes(closed_ms)
    contact.bench.wait_ms(50)
    contact.reader.heard.clear()
    for index, for_ms in enumerate(bounces[: len(bounces) // 2 * 2]):
        contact.edge(index % 2 == 1)
        contact.bench.wait_ms(min(for_ms, 4.9) if index % 2 else for_ms)
    contact.opens(open_ms + 2)
    assert [word for word in contact.heard if isinstance(word, OnHook)] == [OnHook()]
    assert contact.hook.on_hook
