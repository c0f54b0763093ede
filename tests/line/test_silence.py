"""A conversation in which nobody speaks: warned, then ended; any voice at either end is life."""

import pytest

from gateway.line.silence import (
    BeginListening,
    LifeAgain,
    NobodyThere,
    SilenceLasts,
    SilenceWatch,
    StopListening,
)
from gateway.model.events import VoiceHeard
from gateway.model.numbers import NodeId
from tests.line.listening import Bench, Listener

CITY, ANNA = NodeId(5), NodeId(1)


class Talk:
    def __init__(self) -> None:
        self.listener = Listener()
        self.watch = SilenceWatch("fxo1", self.listener, 180_000)
        self.bench = Bench([self.watch])
        self.begins()

    def begins(self, silent: frozenset[NodeId] = frozenset()) -> None:
        self.bench.take(self.watch, BeginListening(frozenset({CITY, ANNA}), silent))

    def voice(self, node: NodeId, present: bool) -> None:
        self.bench.take(self.watch, VoiceHeard(node, present))

    def falls_silent(self) -> None:
        self.voice(CITY, False)
        self.voice(ANNA, False)

    @property
    def heard(self) -> list[object]:
        return self.listener.heard


def test_silence_at_both_ends_is_warned_of_and_then_ended() -> None:
    talk = Talk()
    talk.falls_silent()
    talk.bench.wait_ms(179_900)
    assert talk.heard == []
    talk.bench.wait_ms(200)
    assert talk.heard == [SilenceLasts()]
    talk.bench.wait_ms(20_000)
    assert talk.heard == [SilenceLasts(), NobodyThere()]


@pytest.mark.parametrize("who", [CITY, ANNA])
def test_one_who_speaks_is_enough(who: NodeId) -> None:
    talk = Talk()
    talk.falls_silent()
    talk.voice(who, True)
    talk.bench.wait_ms(3_600_000)
    assert talk.heard == []


@pytest.mark.parametrize("who", [CITY, ANNA])
def test_a_word_begins_the_wait_anew(who: NodeId) -> None:
    talk = Talk()
    talk.falls_silent()
    talk.bench.wait_ms(170_000)
    talk.voice(who, True)
    talk.voice(who, False)
    talk.bench.wait_ms(170_000)
    assert talk.heard == []


@pytest.mark.parametrize("who", [CITY, ANNA])
def test_a_word_after_the_warning_keeps_the_call(who: NodeId) -> None:
    talk = Talk()
    talk.falls_silent()
    talk.bench.wait_ms(190_000)
    talk.voice(who, True)
    talk.bench.wait_ms(100_000)
    assert talk.heard == [SilenceLasts(), LifeAgain()]


def test_on_hold_nobody_watches() -> None:
    talk = Talk()
    talk.falls_silent()
    talk.bench.wait_ms(100_000)
    talk.bench.take(talk.watch, StopListening())
    talk.bench.wait_ms(3_600_000)
    assert talk.heard == []


def test_whom_we_know_to_be_silent_need_not_fall_silent_again() -> None:
    talk = Talk()
    talk.bench.take(talk.watch, StopListening())
    talk.begins(frozenset({CITY}))
    talk.voice(ANNA, False)
    talk.bench.wait_ms(180_100)
    assert talk.heard == [SilenceLasts()]


def test_before_anything_is_known_there_is_no_silence() -> None:
    talk = Talk()
    talk.voice(ANNA, False)
    talk.bench.wait_ms(3_600_000)
    assert talk.heard == []
