"""Dialling into a city line, part by part. Rows of `line.fxo`'s table; the parts are `line.dialling`'s.

How it is found out whether an exchange takes tones: its dial tone breaks when a digit has come. The first
digit that is ever dialled on a line in the mode ``auto`` is sent as a tone, alone, and then dial tone is
listened for as long as it needs to be heard again; if it still sounds, the number is dialled in pulses from
its beginning, and so are all that follow. Where a whole number was dialled and dial tone sounds on, the same
is done; a line that takes neither is given up with an alarm.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.line.dialling import (
    INTERDIGIT_MS,
    AwaitTone,
    Part,
    Pause,
    PulseDigit,
    Pulses,
    Tones,
    parts_of,
)
from gateway.line.fxo_states import FxoState as X
from gateway.line.health import Ails, Lives
from gateway.line.supervision import WatchForAnswer
from gateway.model.actions import SetLoop
from gateway.model.causes import Cause, Evidence
from gateway.model.numbers import NodeId, ToneKind
from gateway.model.settings import DialMode
from gateway.model.signals import Proceeding

if TYPE_CHECKING:
    from gateway.line.fxo import Fxo
    from gateway.model.events import DigitsSent, ToneHeard
    from gateway.model.machine import StateTimer, Step

DIAL_TONES = (ToneKind.DIAL, ToneKind.STUTTER_DIAL)
REFUSALS = (ToneKind.BUSY, ToneKind.CONGESTION, ToneKind.SIT, ToneKind.HOWLER)


@dataclass(frozen=True, slots=True)
class DialSettings:
    """How one line wants to be dialled. ``access`` comes before every number (``,`` and ``w`` allowed)."""

    mode: DialMode = DialMode.AUTO
    pulses: Pulses = field(default_factory=Pulses)
    access: str = ""
    flash_ms: int = 100


@dataclass(frozen=True, slots=True)
class Outdial:
    """Digits on their way into the line: the node of the plan that sends them."""

    node: NodeId
    digits: str


class Dialling:
    """What is known while a number is dialled, and what was found out about the line."""

    def __init__(self, settings: DialSettings) -> None:
        self.settings = settings
        self.mode = settings.mode
        """What digits are dialled by: found out, or still ``auto``."""
        self.dial_tone = False
        self.trial = False
        """The first digit of all is under way, in the mode ``auto``."""
        self.wait_ms = 0
        """How long the part that takes its time now lasts."""
        self._parts: deque[Part] = deque()

    def begin(self, number: str) -> None:
        """From the beginning of the dial string."""
        self.trial = self.mode is DialMode.AUTO
        self._parts = deque(parts_of(self.settings.access + number, self.mode))

    def take(self) -> Part | None:
        """The next part; None when all are dialled."""
        return self._parts.popleft() if self._parts else None


# --- rows -------------------------------------------------------------------------------------------------


def begin(line: Fxo, step: Step) -> X:
    """There is dial tone: dial."""
    line.dialling.dial_tone = True
    line.voices = 0
    line.health.say(Lives(), step)
    line.dialling.begin(line.number)
    return go_on(line, step)


def go_on(line: Fxo, step: Step) -> X:
    """The next part of the number."""
    line.restart_timers()
    match line.dialling.take():
        case Tones(digits=digits):
            line.outdial = Outdial(NodeId(step.new_id()), digits)
            return X.DIALLING
        case PulseDigit(digit=digit):
            train_ms = line.dialling.settings.pulses.train_ms(digit)
            line.dialling.wait_ms = sum(train_ms) + INTERDIGIT_MS
            step.do(SetLoop(line.port, closed=True, breaks_ms=train_ms))
            return X.PULSING
        case Pause(ms=ms):
            line.dialling.wait_ms = ms
            return X.PAUSING
        case AwaitTone():
            line.dialling.dial_tone = False
            return X.AWAITING
        case None:
            return X.PROBING if line.dialling.dial_tone else dialled(line, step)


def dialled(line: Fxo, step: Step) -> X:
    """From here on the line speaks for itself."""
    line.supervision.take(WatchForAnswer(), step)
    step.tell(Proceeding(line.key))
    return X.CALLING


def digits_sent(line: Fxo, event: DigitsSent, step: Step) -> X:
    """Tones are through: the trial waits for its outcome."""
    if line.outdial is None or event.node != line.outdial.node:
        return X.DIALLING
    line.outdial = None
    return X.PROBING if line.dialling.trial else go_on(line, step)


def part_over(line: Fxo, timer: StateTimer, step: Step) -> X:
    """A digit's pulses and the pause after them, or a pause."""
    return go_on(line, step)


def hear(line: Fxo, tone: ToneHeard, step: Step) -> X:
    """Dial tone ends when a digit has come. A refusal in the middle of dialling is one."""
    if tone.kind in DIAL_TONES:
        line.dialling.dial_tone = tone.present
        return line.state
    if tone.present and tone.kind in REFUSALS:
        line.give_up(Cause.CONGESTION, Evidence.CONGESTION_TONE, step)
        return X.GUARD
    return line.state


def hear_while_probing(line: Fxo, tone: ToneHeard, step: Step) -> X:
    """The whole number was dialled and dial tone has ended after all: that was late, but well."""
    state = hear(line, tone, step)
    if state is X.PROBING and not line.dialling.trial and not line.dialling.dial_tone:
        return dialled(line, step)
    return state


def hear_while_awaiting(line: Fxo, tone: ToneHeard, step: Step) -> X:
    """The second dial tone."""
    state = hear(line, tone, step)
    return go_on(line, step) if state is X.AWAITING and line.dialling.dial_tone else state


def probed(line: Fxo, timer: StateTimer, step: Step) -> X:
    """Does dial tone sound on?"""
    dialling = line.dialling
    trial, dialling.trial = dialling.trial, False
    if not dialling.dial_tone:
        if trial:
            dialling.mode = DialMode.TONE
        return go_on(line, step)
    if dialling.settings.mode is DialMode.AUTO and dialling.mode is not DialMode.PULSE:
        dialling.mode = DialMode.PULSE
        return begin(line, step)
    dialling.mode = dialling.settings.mode
    line.give_up(Cause.NETWORK_OUT_OF_ORDER, Evidence.DIAL_TONE, step)
    remedy = "" if dialling.settings.mode is DialMode.AUTO else ', or write dialling = "auto"'
    text = f"The exchange does not take the digits that {line.port} dials: have the line looked at{remedy}."
    line.health.say(Ails(text), step)
    return X.GUARD


def no_second_tone(line: Fxo, timer: StateTimer, step: Step) -> None:
    """The access code led nowhere: another line may do."""
    line.give_up(Cause.NETWORK_OUT_OF_ORDER, Evidence.TIMER, step)


def stuck(line: Fxo, timer: StateTimer, step: Step) -> None:
    """The signal core never said that the digits were sent."""
    line.give_up(Cause.TEMPORARY_FAILURE, Evidence.TIMER, step)
