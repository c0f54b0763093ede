"""The last resorts: an exchange that tells nothing when the far end has left, and a call that never ends."""

from gateway.bench.stage import Stage
from gateway.model.causes import Cause, Evidence
from gateway.simulator.city_habits import Farewell, Habits
from gateway.simulator.telephone import Telephone

OFFICE = "supervision"
CALLER = "4951234567"
SILENCE_S = 30
WORDS_DBFS = -30.0


def play(stage: Stage) -> None:
    """Silence is warned of; a word keeps the call; silence after the warning ends it. So does the clock."""
    _nobody_speaks(stage)
    _last_minute(stage)
    stage.at_rest()


def _talk_with(stage: Stage, line: int) -> Telephone:
    anna = stage.telephone("101")
    stage.calls(line, CALLER)
    stage.bell(anna, within_ms=1_000)
    stage.wait(3_000)
    anna.lifts()
    stage.wait(500)
    stage.talk(anna, stage.city(line))
    return anna


def _words(stage: Stage, who: Telephone, line: int, within_ms: int) -> None:
    """Both hear somebody speak who is neither of them."""
    city = stage.city(line)
    stage.wait_for(lambda: who.ear.level_dbm0(200) > WORDS_DBFS, within_ms, f"{who.name} hears words")
    stage.wait(1_200)
    level = city.ear.level_dbm0(1_000)
    stage.check(f"{city.name} hears them too", level > WORDS_DBFS, f"{level:.1f} dBm0")


def _nobody_speaks(stage: Stage) -> None:
    anna, city = _talk_with(stage, 1), stage.city(1)
    city.habits = Habits(Farewell.NOTHING)
    _words(stage, anna, 1, (SILENCE_S + 6) * 1_000)
    city.says(2_000)
    stage.wait(24_000)
    stage.check("a word keeps the call", city.state == "talking", city.state)
    city.hangs_up()
    _words(stage, anna, 1, (SILENCE_S + 6) * 1_000)
    stage.released(1, within_ms=22_000)
    anna.hangs_up()
    stage.record(CALLER, "600", "101", Cause.RECOVERY_ON_TIMER, line="city1", end=Evidence.SILENCE)
    stage.wait(3_000)


def _last_minute(stage: Stage) -> None:
    anna, city = _talk_with(stage, 2), stage.city(2)
    stage.wait(500)
    _words(stage, anna, 2, 60_000)
    stage.wait(2_500)
    city.says()
    stage.released(2, within_ms=60_000)
    anna.hangs_up()
    stage.record(CALLER, "600", "101", Cause.RECOVERY_ON_TIMER, line="city2", end=Evidence.LONGEST_CALL)
