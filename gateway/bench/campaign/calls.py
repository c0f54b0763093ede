"""One call of the campaign, as a script of people: who calls, what they say, who leaves; and its judgement.

A call is judged by what people and the city's exchange notice, never by asking the detectors: the line hangs
when the city does not have it back in time, a conversation is cut when it ends before either side has left.
"""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from gateway.bench.campaign.script import Script, Until, pause
from gateway.bench.office import Office
from gateway.model.actions import CallEnded, CallStarted
from gateway.simulator.central_office import Behaviour, CityLine, LineState, Subscriber
from gateway.simulator.city_character import IdentityScheme
from gateway.simulator.telephone import Telephone
from gateway.simulator.wires import CallerId

RELEASED_WITHIN_MS = 30_000
"""From the far end's leaving to a line that the city has back: an exchange sends busy tone for longer."""
HUNG_UP_WITHIN_MS = 5_000
"""The same after our own side has hung up."""
RING_WITHIN_MS = 4_000
GONE_WITHIN_MS = 25_000
"""A caller who gives up is known by the ring that does not come: one and a half periods and more."""
BETWEEN_CALLS_MS = 3_000
NUMBERS_BEGIN = ("4", "5")
"""How the numbers of seven digits begin that our office calls over line 1, and over line 2."""


class Kind(StrEnum):
    """What becomes of a call."""

    IN_THEY_LEAVE = "in, they leave"
    IN_WE_LEAVE = "in, we leave"
    IN_GIVEN_UP = "in, given up"
    OUT_THEY_LEAVE = "out, they leave"
    OUT_WE_LEAVE = "out, we leave"
    OUT_BUSY = "out, busy"
    OUT_CONGESTED = "out, congested"
    THROUGH_CALLER_LEAVES = "through, the caller leaves"
    THROUGH_CALLED_LEAVES = "through, the called one leaves"


AT_DESK = (
    (Kind.IN_THEY_LEAVE, 6),
    (Kind.OUT_THEY_LEAVE, 4),
    (Kind.IN_WE_LEAVE, 2),
    (Kind.OUT_WE_LEAVE, 2),
    (Kind.OUT_BUSY, 1),
    (Kind.OUT_CONGESTED, 1),
    (Kind.IN_GIVEN_UP, 1),
)
"""Weights of what happens at a line with telephones behind it."""


class Fault(StrEnum):
    """What must not be."""

    HANGING = "line left hanging"
    CUT = "conversation cut"
    IDENTITY = "caller identity wrong"
    NOT_CONNECTED = "not connected"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault, with what was seen."""

    fault: Fault
    seen: str


@dataclass(slots=True)
class CallResult:
    """What came of one call. ``released_ms``: from the far end's leaving to the line's release."""

    number: int
    line: int
    kind: Kind
    began_ms: int
    findings: tuple[Finding, ...] = ()
    identity_sent: bool = False
    talked_ms: int = 0
    released_ms: int | None = None
    ended_ms: int = 0

    def fails(self, fault: Fault, seen: str) -> None:
        """Note a fault."""
        self.findings += (Finding(fault, seen),)


@dataclass(slots=True)
class Scene:
    """Who takes part in one call: a line of the city, a telephone of ours, and chance."""

    office: Office
    city: CityLine
    telephone: Telephone
    random: Random
    result: CallResult

    @property
    def now_ms(self) -> int:
        """Virtual time."""
        return self.office.now_ms

    @property
    def ours_idle(self) -> bool:
        """Whether our own line machine has come home."""
        return self.office.line_row(self.city.port).state == "idle"

    @property
    def talking(self) -> bool:
        """Whether the city still has both ends connected."""
        return self.city.state is LineState.TALKING

    def talks_until(self, until_ms: int) -> bool:
        """Whether the conversation lasts and is to last."""
        return self.talking and self.now_ms < until_ms

    @property
    def call(self) -> CallStarted | None:
        """The newest call in the journal since this one began."""
        began_ns = self.result.began_ms * 1_000_000
        rows = [row for row in self.office.journal.rows if isinstance(row, CallStarted)]
        fitting = [row for row in rows if row.monotonic_ns >= began_ns and self._is_here(row)]
        return fitting[-1] if fitting else None

    def _is_here(self, row: CallStarted) -> bool:
        return row.line == self._line_name

    @property
    def _line_name(self) -> str:
        lines = self.office.configuration.office.city_lines
        return next(line.name for line in lines if line.port == self.city.port)

    def why_ended(self) -> str:
        """For people: the end row of this call."""
        call = self.call
        rows = [row for row in self.office.journal.rows if isinstance(row, CallEnded)]
        ends = [f"{row.cause.name} by {row.evidence}" for row in rows if call and row.call == call.call]
        return ends[-1] if ends else "no end in the journal"


def play(scene: Scene, kind: Kind) -> Script:
    """The whole call; afterwards the line must be idle on both sides."""
    match kind:
        case Kind.IN_GIVEN_UP:
            yield from _given_up(scene)
        case Kind.IN_THEY_LEAVE | Kind.IN_WE_LEAVE:
            yield from _comes_in(scene)
            yield from _conversation(scene, we_leave=kind is Kind.IN_WE_LEAVE)
        case Kind.OUT_THEY_LEAVE | Kind.OUT_WE_LEAVE:
            yield from _goes_out(scene, Behaviour.ANSWERS)
            yield from _conversation(scene, we_leave=kind is Kind.OUT_WE_LEAVE)
        case _:
            yield from _refused(scene, kind)
    yield from _rest(scene)


# --- into our office ---------------------------------------------------------------------------------------


def draw_caller(scene: Scene) -> CallerId:
    """Somebody in the city, named as this line's exchange does it."""
    character, random = scene.city.character, scene.random
    number = "".join(random.choice("0123456789") for _ in range(random.choice((7, 10, 11))))
    scene.result.identity_sent = character.identity is not IdentityScheme.NONE
    return CallerId(
        number,
        random.choice(("", "IVANOV", "ANNA PETROVA")),
        modulation=character.modulation,
        format=character.message,
        level_dbm0=character.identity_dbm0,
    )


def check_identity(scene: Scene, caller: CallerId) -> None:
    """The journal must know who called."""
    call = scene.call
    told = call.calling if call is not None else "no call"
    if scene.result.identity_sent and told != caller.number:
        scene.result.fails(Fault.IDENTITY, f"{caller.number} called, the journal says {told!r}")


def _period_ms(scene: Scene) -> int:
    return sum(scene.city.character.ring_ms)


def _comes_in(scene: Scene) -> Script:
    """They call, our telephone rings, somebody lifts after the second ring has begun."""
    caller = draw_caller(scene)
    scene.city.calls(caller)
    if not (yield Until(lambda: scene.telephone.rings, RING_WITHIN_MS)):
        scene.result.fails(Fault.NOT_CONNECTED, "our telephone does not ring")
        return
    yield pause(_period_ms(scene) + scene.random.randint(300, 4_000))
    scene.telephone.lifts()
    if not (yield Until(lambda: scene.talking, 1_500)):
        scene.result.fails(Fault.NOT_CONNECTED, f"lifted, and the city is {scene.city.state}")
    check_identity(scene, caller)


def _given_up(scene: Scene) -> Script:
    """The caller hangs up in the second pause."""
    scene.city.calls(draw_caller(scene))
    yield Until(lambda: scene.telephone.rings, RING_WITHIN_MS)
    yield pause(_period_ms(scene) + scene.random.randint(1_500, 3_000))
    scene.city.hangs_up()
    left_ms = scene.now_ms
    if not (yield Until(lambda: scene.ours_idle and not scene.telephone.rings, GONE_WITHIN_MS)):
        scene.result.fails(Fault.HANGING, "the caller has given up, and we ring on")
    scene.result.released_ms = scene.now_ms - left_ms


# --- out of it ---------------------------------------------------------------------------------------------


def _goes_out(scene: Scene, behaviour: Behaviour) -> Script:
    """Our telephone dials a number of the city."""
    digits = (scene.random.choice("0123456789") for _ in range(6))
    number = NUMBERS_BEGIN[scene.result.line - 1] + "".join(digits)
    after_ms = scene.random.randint(1_500, 9_000)
    scene.office.board.city.add(Subscriber(number, behaviour, after_ms=after_ms))
    scene.telephone.lifts()
    yield pause(scene.random.randint(400, 1_500))
    scene.telephone.dials(number)
    wanted = (LineState.RINGBACK, LineState.TALKING, LineState.REFUSED)
    if not (yield Until(lambda: scene.city.state in wanted, 15_000)):
        scene.result.fails(Fault.NOT_CONNECTED, f"dialled {number}, the city is {scene.city.state}")
        return
    if scene.city.dialled != number:
        scene.result.fails(Fault.NOT_CONNECTED, f"dialled {number}, the city took {scene.city.dialled}")
    if behaviour is Behaviour.ANSWERS and not (yield Until(lambda: scene.talking, after_ms + 2_000)):
        scene.result.fails(Fault.NOT_CONNECTED, f"{number} should answer, the city is {scene.city.state}")


def _refused(scene: Scene, kind: Kind) -> Script:
    """The number is busy, or there is no way: the tone must give the line back."""
    yield from _goes_out(scene, Behaviour.BUSY if kind is Kind.OUT_BUSY else Behaviour.CONGESTED)
    began_ms = scene.now_ms
    if scene.random.random() < 0.3:
        scene.telephone.says(2_000, level_dbm0=scene.random.uniform(-28.0, -14.0))
    yield from released(scene, began_ms)
    scene.telephone.hangs_up()


# --- talking -----------------------------------------------------------------------------------------------


def _conversation(scene: Scene, *, we_leave: bool) -> Script:
    """Both talk, in turn and at once, with pauses and now and then music; then one of them leaves."""
    until_ms = scene.now_ms + scene.result.talked_ms
    if not scene.talking:
        scene.telephone.hangs_up()
        scene.city.hangs_up()
        return
    while scene.talks_until(until_ms):
        talk(scene)
        yield pause(scene.random.randint(400, 3_000))
    if not still_connected(scene):
        scene.telephone.hangs_up()
        scene.city.hangs_up()
        return
    if we_leave:
        scene.city.says()
        scene.telephone.hangs_up()
        return
    if scene.random.random() < 0.5:
        scene.telephone.hushes()
    scene.city.hangs_up()
    yield from released(scene, scene.now_ms)
    yield pause(scene.random.randint(200, 2_000))
    scene.telephone.hangs_up()


def talk(scene: Scene) -> None:
    """Each side begins, goes on or stops."""
    random = scene.random
    loud, quiet = -12.0, -32.0
    if random.random() < 0.5:
        scene.city.hushes()
        if random.random() < 0.08:
            clip = scene.office.configuration.clips[scene.office.configuration.office.hold_music]
            scene.city.plays(clip, random.uniform(-20.0, 0.0))
        elif random.random() < 0.7:
            scene.city.says(level_dbm0=random.uniform(quiet, loud))
    if random.random() < 0.5:
        scene.telephone.hushes()
        if random.random() < 0.7:
            scene.telephone.says(level_dbm0=random.uniform(quiet, loud))


def still_connected(scene: Scene) -> bool:
    """Nobody has left yet: the city must have the call, and we too."""
    state = scene.office.line_row(scene.city.port).state
    if scene.talking and state in ("talking", "calling"):
        return True
    scene.result.fails(Fault.CUT, f"after {scene.now_ms - scene.result.began_ms} ms: {scene.why_ended()}")
    return False


def released(scene: Scene, left_ms: int) -> Script:
    """The far end has left, and a tone says so: the line must be given back."""
    home = (LineState.RELEASING, LineState.IDLE)
    if not (yield Until(lambda: scene.city.state in home, RELEASED_WITHIN_MS)):
        scene.result.fails(Fault.HANGING, f"{RELEASED_WITHIN_MS} ms after the far end has left")
    scene.result.released_ms = scene.now_ms - left_ms


def _rest(scene: Scene) -> Script:
    """Everybody has hung up: the line must be idle here and in the city."""
    if not (yield Until(lambda: scene.ours_idle and scene.city.state is LineState.IDLE, HUNG_UP_WITHIN_MS)):
        ours = scene.office.line_row(scene.city.port).state
        scene.result.fails(Fault.HANGING, f"at rest: ours {ours}, the city's {scene.city.state}")
    scene.result.ended_ms = scene.now_ms
    yield pause(BETWEEN_CALLS_MS)
