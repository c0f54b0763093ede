"""A city line that ails: how it is set aside and comes back. Rows of `line.fxo`'s table.

A line that was released must come to rest: while its current flows on it is nobody's, and after a time an
alarm says so. An ill line is tried by itself now and then: its loop is closed, and dial tone is its cure. A
ring input without rest says nothing, so the call that it seemed to bring is none. A well line is looked at
in the same way when its gains are to be measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.line import outdial
from gateway.line.fxo_states import FxoState as X
from gateway.line.health import Ails, Lives
from gateway.model.actions import SetLoop
from gateway.model.causes import Cause, Evidence
from gateway.model.signals import Left

if TYPE_CHECKING:
    from gateway.line.fxo import Fxo
    from gateway.line.health import TryLine
    from gateway.line.ringing import RingFreed, RingStuck
    from gateway.model.events import CalibrateLine, LoopCurrent, PortFailed, ToneHeard
    from gateway.model.machine import StateTimer, Step


def come_to_rest(line: Fxo, timer: StateTimer, step: Step) -> X:
    """The city must have noticed; but when current flows on, the loop is not open."""
    return X.LINGERING if line.current else X.IDLE


def linger(line: Fxo, timer: StateTimer, step: Step) -> None:
    """Not usable until the current stops; nobody may hang there in silence."""
    text = f"{line.port} was released, but its current flows on: the loop switch of its module is stuck."
    line.health.say(Ails(text), step)


def rest_at_last(line: Fxo, event: LoopCurrent, step: Step) -> X:
    """The current has stopped."""
    if event.present:
        return X.LINGERING
    line.health.say(Lives(), step)
    return X.IDLE


def try_line(line: Fxo, order: TryLine, step: Step) -> None:
    """Close the loop and listen for dial tone; nobody is in a call for this."""
    step.do(SetLoop(line.port, closed=True))


def hear_while_testing(line: Fxo, tone: ToneHeard, step: Step) -> X:
    """Dial tone: it works."""
    if not (tone.present and tone.kind in outdial.DIAL_TONES):
        return X.TESTING
    line.health.say(Lives(), step)
    line.open_loop(step)
    return X.GUARD


def still_ill(line: Fxo, timer: StateTimer, step: Step) -> None:
    """It is tried again later."""
    line.open_loop(step)


def measure(line: Fxo, event: CalibrateLine, step: Step) -> None:
    """Close the loop and listen; nothing is dialled, so nobody is called and nothing charged."""
    step.do(SetLoop(line.port, closed=True))


def measured(line: Fxo, timer: StateTimer, step: Step) -> None:
    """Long enough."""
    line.open_loop(step)


def fail_while_testing(line: Fxo, event: PortFailed, step: Step) -> None:
    """The port failed while it was tried, or looked at."""
    line.fail(event, step)
    line.open_loop(step)


def ring_is_stuck(line: Fxo, event: RingStuck, step: Step) -> None:
    """Nobody calls: the input is at fault. The line waits until it comes to rest."""
    step.tell(Left(line.key, Cause.NETWORK_OUT_OF_ORDER, Evidence.HARDWARE))
    note_stuck_ring(line, event, step)


def note_stuck_ring(line: Fxo, event: RingStuck, step: Step) -> None:
    """Say so."""
    text = f"The ring input of {line.port} never comes to rest: its detector or its wiring is at fault."
    line.health.say(Ails(text), step)


def ring_is_free(line: Fxo, event: RingFreed, step: Step) -> None:
    """It has come to rest."""
    line.health.say(Lives(), step)
