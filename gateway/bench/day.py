"""A day of a whole office: calls among its people, from the city and to it, spread as a working day spreads
them.

Nobody ticks while the office is at rest: the clock jumps to the next call. While anybody is on a line every
10 ms are lived through with real audio. The day is a value, drawn from a seed; playing it twice gives the
same trace.
"""

import random
from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import StrEnum

from gateway.bench.office import Office, TooLateError
from gateway.model.numbers import NS_PER_MS
from gateway.simulator.central_office import Behaviour, Subscriber
from gateway.simulator.telephone import Telephone

HOUR_SHARES = (6, 12, 15, 13, 7, 11, 14, 12, 7, 3)
"""Calls by the hour from 9 to 19: two busy hours before noon, a lunch, a second peak."""
FIRST_HOUR = 9
LONGEST_DAY_MS = 24 * 3_600_000
TALK_MEDIAN_MS, TALK_SIGMA = 45_000, 0.8
"""Conversations are distributed log-normally: most are short and some are not."""
TALK_MS = (3_000, 600_000)
GIVE_UP_MS = 60_000
REST_STEP_MS = 10


class Kind(StrEnum):
    """What sort of a call it is."""

    INTERNAL = "internal"
    CITY_IN = "city in"
    ABANDONED = "abandoned"
    CITY_OUT = "city out"
    CITY_BUSY = "city busy"


SHARES = {
    Kind.INTERNAL: 40,
    Kind.CITY_IN: 25,
    Kind.ABANDONED: 5,
    Kind.CITY_OUT: 24,
    Kind.CITY_BUSY: 6,
}


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call somebody will try to make, ``at_ms`` after the office opened."""

    at_ms: int
    kind: Kind
    rings_ms: int
    talks_ms: int
    near_end_leaves: bool


@dataclass(frozen=True, slots=True)
class DayReport:
    """How a day went. ``lived_ms`` were lived through tick by tick; ``turned_away`` found everybody busy."""

    calls: int
    talked: int
    turned_away: int
    day_ms: int
    lived_ms: int
    failures: tuple[str, ...]


Script = Generator[int | Callable[[], bool], None, bool]
"""A call as people act it: yields how long they wait (ms), or for what (at most a minute). Returns whether
they talked.
"""


def plan_day(calls: int, seed: int = 1) -> tuple[PlannedCall, ...]:
    """A working day with so many calls, in the order of their times."""
    chance = random.Random(seed)
    kinds, shares = list(SHARES), list(SHARES.values())
    planned = []
    for _ in range(calls):
        hour = chance.choices(range(len(HOUR_SHARES)), HOUR_SHARES)[0]
        at_ms = (FIRST_HOUR + hour) * 3_600_000 + chance.randrange(3_600_000)
        talks_ms = round(chance.lognormvariate(0.0, TALK_SIGMA) * TALK_MEDIAN_MS)
        planned.append(
            PlannedCall(
                at_ms // REST_STEP_MS * REST_STEP_MS,
                chance.choices(kinds, shares)[0],
                chance.randrange(1_500, 12_000),
                min(max(talks_ms, TALK_MS[0]), TALK_MS[1]),
                chance.random() < 0.5,
            )
        )
    return tuple(sorted(planned, key=lambda call: call.at_ms))


class Day:
    """Plays planned calls in an office whose people are its analog telephones and the city."""

    def __init__(self, office: Office, planned: tuple[PlannedCall, ...], *, members: tuple[str, ...]) -> None:
        self._office = office
        self._planned = planned
        self._members = members
        self._engaged: set[str] = set()
        self._acting: dict[int, tuple[Script, int | Callable[[], bool], int]] = {}
        self._failures: list[str] = []
        self._talked = self._turned_away = self._lived_ms = 0

    def play(self) -> DayReport:
        """The whole day, then until the office is at rest again."""
        for place, call in enumerate(self._planned):
            self._live_until(call.at_ms)
            script = self._script(call, place)
            if script is None:
                self._turned_away += 1
            else:
                self._go_on(place, script)
        while (self._acting or not self._at_rest()) and self._office.now_ms < self._last_ms():
            self._live_until(self._office.now_ms + REST_STEP_MS)
        if self._at_rest():
            self._live_until(LONGEST_DAY_MS)
        else:
            busy = [f"{row.port} {row.state}" for row in self._office.view().lines if row.state != "idle"]
            self._failures.append(f"the office did not come to rest: {', '.join(busy)}")
        return DayReport(
            len(self._planned),
            self._talked,
            self._turned_away,
            self._office.now_ms,
            self._lived_ms,
            tuple(self._failures),
        )

    def _last_ms(self) -> int:
        """When whoever began last must be through."""
        last = max((call.at_ms for call in self._planned), default=0)
        return last + TALK_MS[1] + 3 * GIVE_UP_MS

    # --- time -----------------------------------------------------------------------------------------------

    def _live_until(self, at_ms: int) -> None:
        office = self._office
        while office.now_ms < at_ms:
            if not self._acting and self._at_rest():
                office.clock.skip(at_ms * NS_PER_MS)
                return
            office.step()
            self._lived_ms += REST_STEP_MS
            self._act()

    def _at_rest(self) -> bool:
        view = self._office.view()
        quiet = all(line.state == "idle" for line in self._office.board.city.lines)
        idle = all(row.state == "idle" for row in view.lines)
        return quiet and idle and view.timers_running == 0 and not view.calls

    def _act(self) -> None:
        for place, (script, awaited, since_ms) in tuple(self._acting.items()):
            waited_ms = self._office.now_ms - since_ms
            if callable(awaited):
                if awaited():
                    self._go_on(place, script)
                elif waited_ms >= GIVE_UP_MS:
                    self._failures.append(f"call {place + 1}, {self._planned[place].kind}: waited for ever")
                    script.close()
                    del self._acting[place]
            elif waited_ms >= awaited:
                self._go_on(place, script)

    def _go_on(self, place: int, script: Script) -> None:
        try:
            self._acting[place] = (script, next(script), self._office.now_ms)
        except StopIteration as end:
            self._acting.pop(place, None)
            self._talked += bool(end.value)

    # --- people ---------------------------------------------------------------------------------------------

    def _script(self, call: PlannedCall, place: int) -> Script | None:
        match call.kind:
            case Kind.INTERNAL:
                two = self._free_people(2)
                return self._internal(call, *two) if len(two) == 2 else None
            case Kind.CITY_IN | Kind.ABANDONED:
                return self._from_city(call, place)
            case Kind.CITY_OUT | Kind.CITY_BUSY:
                one = self._free_people(1)
                return self._to_city(call, one[0], place) if one else None

    def _free_people(self, count: int) -> list[Telephone]:
        telephones = self._office.board.telephones.values()
        return [one for one in telephones if one.number not in self._engaged and not one.rings][:count]

    def _internal(self, call: PlannedCall, caller: Telephone, called: Telephone) -> Script:
        with _Engaged(self._engaged, caller.number, called.number):
            caller.lifts()
            yield 700
            caller.dials(called.number)
            yield lambda: called.rings
            yield call.rings_ms
            called.lifts()
            yield 500
            caller.says()
            yield call.talks_ms
            caller.hangs_up()
            yield 800
            called.hangs_up()
            yield 1_500
        return True

    def _from_city(self, call: PlannedCall, place: int) -> Script | None:
        lines = range(1, len(self._office.board.city.lines) + 1)
        number = f"495{place:07d}"
        free = next((line for line in lines if self._office.board.city.calls(line, number)), None)
        return None if free is None else self._answer_city(call, free)

    def _answer_city(self, call: PlannedCall, line: int) -> Script:
        city = self._office.city_line(line)
        people = [self._office.telephone(number) for number in self._members]
        yield lambda: any(one.rings for one in people) or city.state != "ringing"
        yield call.rings_ms
        if call.kind is not Kind.ABANDONED:
            yield lambda: any(one.rings for one in people) or city.state != "ringing"  # the next ring
        ringing = [one for one in people if one.rings and one.number not in self._engaged]
        if call.kind is Kind.ABANDONED or not ringing:
            city.hangs_up()
            yield 12_000
            return False
        with _Engaged(self._engaged, ringing[0].number):
            ringing[0].lifts()
            yield 400
            city.says()
            yield call.talks_ms
            first, second = (ringing[0], city) if call.near_end_leaves else (city, ringing[0])
            first.hangs_up()
            yield 3_500
            second.hangs_up()
            yield 3_000
        return True

    def _to_city(self, call: PlannedCall, caller: Telephone, place: int) -> Script:
        number = f"4{place:06d}"
        behaviour = Behaviour.BUSY if call.kind is Kind.CITY_BUSY else Behaviour.ANSWERS
        self._office.board.city.add(Subscriber(number, behaviour, call.rings_ms, talks=True))
        with _Engaged(self._engaged, caller.number):
            caller.lifts()
            yield 700
            caller.dials(number)
            yield 16_000 if behaviour is Behaviour.BUSY else 16_000 + call.rings_ms + call.talks_ms
            caller.hangs_up()
            yield 3_000
        return behaviour is Behaviour.ANSWERS


class _Engaged:
    """Somebody is on the telephone and starts nothing else."""

    def __init__(self, engaged: set[str], *numbers: str) -> None:
        self._engaged, self._numbers = engaged, numbers

    def __enter__(self) -> None:
        self._engaged.update(self._numbers)

    def __exit__(self, *failure: object) -> None:
        self._engaged.difference_update(self._numbers)


def live_a_day(office: Office, calls: int, seed: int = 1) -> DayReport:
    """Play a day of the sample office ``office``; TooLateError when its people cannot hang up any more."""
    report = Day(office, plan_day(calls, seed), members=("101", "102", "103")).play()
    if office.view().calls:
        raise TooLateError("the day is over, and calls are still there")
    return report
