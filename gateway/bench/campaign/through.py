"""A call from the city that goes out again over a second line: two far ends, and only tones from either."""

from gateway.bench.campaign.calls import (
    BETWEEN_CALLS_MS,
    HUNG_UP_WITHIN_MS,
    RELEASED_WITHIN_MS,
    Fault,
    Kind,
    Scene,
    check_identity,
    draw_caller,
)
from gateway.bench.campaign.script import Script, Until, pause
from gateway.simulator.central_office import Behaviour, CityLine, LineState, Subscriber

FORWARD_TO = "4957654"
"""Whom the office has its calls forwarded to."""
KINDS = (Kind.THROUGH_CALLER_LEAVES, Kind.THROUGH_CALLED_LEAVES)
CONNECTED_WITHIN_MS = 25_000
HOME = (LineState.RELEASING, LineState.IDLE)


def play(scene: Scene, second: CityLine, kind: Kind) -> Script:
    """Somebody calls line 1, line 2 rings a subscriber, both talk, one leaves: both lines must come home."""
    caller = draw_caller(scene)
    after_ms = scene.random.randint(1_500, 6_000)
    scene.office.board.city.add(Subscriber(FORWARD_TO, Behaviour.ANSWERS, after_ms=after_ms))
    scene.city.calls(caller)
    if (yield Until(lambda: scene.talking and second.state is LineState.TALKING, CONNECTED_WITHIN_MS)):
        check_identity(scene, caller)
        yield from _conversation(scene, second, kind)
    else:
        scene.result.fails(Fault.NOT_CONNECTED, f"the city's ends are {scene.city.state}, {second.state}")
        scene.city.hangs_up()
        second.hangs_up()
    yield from _rest(scene, second)


def _conversation(scene: Scene, second: CityLine, kind: Kind) -> Script:
    began_ms = scene.now_ms
    ends = (scene.city, second)
    while scene.now_ms - began_ms < scene.result.talked_ms and all(
        end.state is LineState.TALKING for end in ends
    ):
        for end in ends:
            _talk(scene, end)
        yield pause(scene.random.randint(400, 3_000))
    if any(end.state is not LineState.TALKING for end in ends):
        scene.result.fails(Fault.CUT, f"{[str(end.state) for end in ends]}: {scene.why_ended()}")
        for end in ends:
            end.hangs_up()
        return
    leaves, stays = ends if kind is Kind.THROUGH_CALLER_LEAVES else reversed(ends)
    if scene.random.random() < 0.5:
        stays.hushes()
    leaves.hangs_up()
    left_ms = scene.now_ms
    if not (yield Until(lambda: all(end.state is not LineState.TALKING for end in ends), RELEASED_WITHIN_MS)):
        scene.result.fails(Fault.HANGING, f"one end left {RELEASED_WITHIN_MS} ms ago, both lines are held")
        stays.hangs_up()
    scene.result.released_ms = scene.now_ms - left_ms


def _talk(scene: Scene, end: CityLine) -> None:
    if scene.random.random() < 0.5:
        end.hushes()
        if scene.random.random() < 0.7:
            end.says(level_dbm0=scene.random.uniform(-32.0, -12.0))


def _rest(scene: Scene, second: CityLine) -> Script:
    ends = (scene.city, second)
    if not (yield Until(lambda: all(end.state is LineState.IDLE for end in ends), HUNG_UP_WITHIN_MS)):
        states = [(scene.office.line_row(end.port).state, str(end.state)) for end in ends]
        scene.result.fails(Fault.HANGING, f"at rest, ours and the city's: {states}")
        for end in ends:
            end.hangs_up()
        yield Until(lambda: all(end.state is LineState.IDLE for end in ends), RELEASED_WITHIN_MS)
    scene.result.ended_ms = scene.now_ms
    yield pause(BETWEEN_CALLS_MS)
