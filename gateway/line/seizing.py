"""A city line that we seize: dial tone, dialling, what follows, and glare. Rows of `line.fxo`'s table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.line import outdial
from gateway.line.fxo_states import FxoState as X
from gateway.line.health import Ails, Lives
from gateway.line.supervision import FarEndAnswered, RingbackHeard, WatchForAnswer, WatchForLeaving
from gateway.model.actions import SetLoop
from gateway.model.causes import Cause, Evidence
from gateway.model.signals import Alerting, Answered, CityRings, Left, Proceeding, Seize

if TYPE_CHECKING:
    from gateway.line.fxo import Fxo
    from gateway.line.ringing import RingAgain, RingBegan
    from gateway.model.events import ToneHeard, VoiceHeard
    from gateway.model.machine import StateTimer, Step
    from gateway.model.signals import Clear, NoteDigit, PassFlash


def seize(line: Fxo, order: Seize, step: Step) -> X:
    """Close the loop; wait for dial tone, or leave all that to the caller's ear."""
    line.number = order.number
    step.do(SetLoop(line.port, closed=True))
    if order.number:
        return X.SEIZING
    step.tell(Proceeding(line.key))
    return X.STRAIGHT


def wait_to_seize(line: Fxo, order: Seize, step: Step) -> None:
    """Released a moment ago: the city must notice that first."""
    line.number = order.number


def seize_no_more(line: Fxo, order: Clear, step: Step) -> None:
    """The telephone was put back before the guard time was over."""


def seize_now(line: Fxo, timer: StateTimer, step: Step) -> X:
    """The guard time is over."""
    return seize(line, Seize(line.number), step)


def ring_instead(line: Fxo, event: RingBegan | RingAgain, step: Step) -> None:
    """The city calls before we could seize."""
    step.tell(Left(line.key, Cause.NO_CIRCUIT, Evidence.CONFIGURATION))
    line.announce(event, step)


def hear_while_seizing(line: Fxo, tone: ToneHeard, step: Step) -> X:
    """Dial tone: dial. Busy or congestion instead: the city has no way for us."""
    if not tone.present:
        return X.SEIZING
    if tone.kind in outdial.DIAL_TONES:
        return outdial.begin(line, step)
    if tone.kind in outdial.REFUSALS:
        line.give_up(Cause.CONGESTION, Evidence.CONGESTION_TONE, step)
        return X.GUARD
    return X.SEIZING


def glare(line: Fxo, event: RingBegan | RingAgain | VoiceHeard, step: Step) -> None:
    """It rang as we seized it: our loop has answered a call that nobody may lose."""
    step.tell(Left(line.key, Cause.NO_CIRCUIT, Evidence.CONFIGURATION))
    brought_in(line, event, step)


def brought_in(line: Fxo, event: object, step: Step) -> None:
    """The city's caller is through to us, whatever our loop was closed for."""
    line.health.say(Lives(), step)
    step.tell(CityRings(line.key, answered=True))
    line.supervision.take(WatchForLeaving(), step)


def hear_voice(line: Fxo, voice: VoiceHeard, step: Step) -> X:
    """A voice and no dial tone: the city was about to ring us, and its caller is through; he must not be
    lost. But when there was a voice instead of dial tone the last time too, it is an announcement.
    """
    if not voice.present:
        return X.SEIZING
    line.voices += 1
    if line.voices == 1:
        glare(line, voice, step)
        return X.TALKING
    line.give_up(Cause.NETWORK_OUT_OF_ORDER, Evidence.VOICE, step)
    text = f"A voice instead of dial tone on {line.port}: listen on it to what the exchange says."
    line.health.say(Ails(text), step)
    return X.GUARD


def no_dial_tone(line: Fxo, timer: StateTimer, step: Step) -> None:
    """A line without dial tone is of no use to anybody until a technician has seen it."""
    line.give_up(Cause.NETWORK_OUT_OF_ORDER, Evidence.TIMER, step)
    text = f"No dial tone on {line.port}: check the cable to the city line, and that the line is paid for."
    if line.knows_current and not line.current:
        text = f"No current and no dial tone on {line.port}: its cable to the city is cut, or not plugged in."
    line.health.say(Ails(text), step)


def far_end_rings(line: Fxo, event: RingbackHeard, step: Step) -> X:
    """Ringback on the line."""
    step.tell(Alerting(line.key))
    return line.state


def far_end_answered(line: Fxo, event: FarEndAnswered, step: Step) -> None:
    """Somebody answered in the city."""
    step.tell(Answered(line.key, event.evidence))


def note_digit(line: Fxo, order: NoteDigit, step: Step) -> None:
    """Watch for an answer from the last digit on."""
    line.supervision.take(WatchForAnswer(), step)


def flash(line: Fxo, order: PassFlash, step: Step) -> X:
    """Ask the exchange for another call, as a telephone of its own would."""
    flash_ms = line.dialling.settings.flash_ms
    line.supervision.note_own_break(flash_ms, step)
    step.do(SetLoop(line.port, closed=True, breaks_ms=(flash_ms,)))
    return line.state
