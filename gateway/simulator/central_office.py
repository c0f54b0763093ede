"""The city at the far end of our FXO lines: an exchange of the Russian kind and its subscribers.

It sees our loop close (seizure), sends dial tone, takes digits by tone or by loop pulses, routes to a
subscriber and lets us hear what he does; it rings us with caller identity between the first two rings.
What its tones and delays are, and whether it turns the polarity or breaks the loop beside its tones, is the
line's `CityCharacter`; which digits it takes, and how else it tells that the far end has answered or left,
its `Habits`. Other times are those of an ordinary electronic exchange. A line may instead tell the caller's
number when it is asked for it with 500 Hz (АОН): two of six frequencies for each sign, 40 ms each, going
round without a pause.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from gateway.interfaces import Clock
from gateway.model.numbers import NS_PER_MS, PortId
from gateway.model.settings import PulseDigits
from gateway.simulator import meters
from gateway.simulator.city_character import ORDINARY, CityCharacter, CityTone, IdentityScheme
from gateway.simulator.city_habits import Farewell, Habits, farewell_tones
from gateway.simulator.ear import Ear, Heard
from gateway.simulator.line_modules import SimulatedLineModules
from gateway.simulator.wires import SPEECH_DBM0, CallerId, Wire

POLL_MS = 20
INTERDIGIT_MS = 4_000
IDENTITY_DIGIT_MS = (70, 70)  # ETSI EN 300 659-1, annex B
ROUTING_MS = 900
RING_TRIP_MS = 60
RELEASE_MS = 250  # an open loop shorter than this is a pulse
PULSE_MIN_MS = 20
PULSE_DIGIT_MS = 300  # closed for so long: the digit's last pulse was there
IDLE_AFTER_MS = 400
OTHER_VOICES = 5_000  # numbers of the voices that are heard over a tone: far from those of people

REQUEST_HZ = 500.0
REQUEST_DBM0 = (-30.0, 3.0)
REQUEST_POLLS = (4, 5)  # 100 ms of it: so many whole windows of 20 ms
REQUEST_SHARE_DB = 1.0  # how far below everything the tone may be: a voice is no request
TELLS_AFTER_MS = 40
BURST_MS = 40
BURSTS = 20
BURST_DBM0 = -13.0  # each of its two frequencies
SIGNS_HZ = {
    "1": (700, 900),
    "2": (700, 1100),
    "3": (900, 1100),
    "4": (700, 1300),
    "5": (900, 1300),
    "6": (1100, 1300),
    "7": (700, 1500),
    "8": (900, 1500),
    "9": (1100, 1500),
    "0": (1300, 1500),
    "start": (1100, 1700),
    "repeat": (1300, 1700),
}
"""Two of six; a sign that equals the one before it is sent as a repeat."""

Cancel = Callable[[], None]


class Behaviour(StrEnum):
    """What a called subscriber does."""

    ANSWERS = "answers"
    BUSY = "busy"
    NO_ANSWER = "no answer"
    CONGESTED = "congested"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A number of the city. One that `ANSWERS` lifts ``after_ms`` after ringback began; it may talk."""

    number: str
    behaviour: Behaviour = Behaviour.NO_ANSWER
    after_ms: int = 2_000
    talks: bool = False


class LineState(StrEnum):
    """What the city's end of a line is doing."""

    IDLE = "idle"
    DIAL_TONE = "dial tone"
    DIGITS = "digits"
    ROUTING = "routing"
    RINGBACK = "ringback"
    TALKING = "talking"
    REFUSED = "refused"  # busy or congestion tone
    RINGING = "ringing"
    RELEASING = "releasing"


class CityLine:
    """One line's circuit in the city's exchange, and the person at its far end (``voice``)."""

    def __init__(self, office: "CentralOffice", port: PortId, wire: Wire, voice: int) -> None:
        self.port = port
        self.voice = voice
        self.character: CityCharacter = ORDINARY
        self.state = LineState.IDLE
        self.ear = Ear(wire.device)
        self.line_loss_db = wire.settings.loss_db
        self.dialled = ""
        self.breaks_ms: list[float] = []
        """How long each pulse or flash of ours was open."""
        self.log: list[tuple[int, str]] = []
        self.talks_when_answered = False
        self.cut = False
        """The cable is cut: the city sees no seizure."""
        self.habits = Habits()
        self.tells_when_asked = False
        """The caller's number is told after a request, and not between the rings."""
        self.deaf_to_requests = 0
        """So many requests it does not hear."""
        self.dial_tone_when_left = False
        """Who leaves us leaves dial tone and not busy tone, as some exchanges have it."""
        self.category = "1"
        self._request_polls = 0
        self._office = office
        self._device = wire.device
        self._timers: list[Cancel] = []
        self._pulses = 0
        self._loop_closed = False
        self._loop_changed_ns = 0
        self._caller: CallerId | None = None
        self._reversed = False

    # --- the person at the far end --------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """What the ladder calls this party."""
        return f"far end of {self.port}"

    def calls(self, caller: CallerId) -> bool:
        """Somebody in the city dials this line's number; False when it is busy."""
        if self.state is not LineState.IDLE or self._loop_closed:
            return False
        self._caller = caller
        self._request_polls = 0
        self._become(LineState.RINGING, f"{caller.number} calls")
        self._ring(0)
        return True

    def answers(self) -> None:
        """The called subscriber lifts."""
        if self.state is LineState.RINGBACK:
            self._talk("the subscriber answers")

    def hangs_up(self) -> None:
        """The person at the far end hangs up: a caller gives up, or a partner leaves us with busy tone."""
        self._device.hush()
        if self.state is LineState.RINGING:
            self._stop_ring()
            self._become(LineState.IDLE, "the caller gives up")
        elif self.state is LineState.TALKING:
            if self.dial_tone_when_left:
                self._seize()
                return
            self._become(LineState.REFUSED, "the far end hangs up")
            self._signal_end()
            self._after(self.character.busy_after_ms, self._farewell)

    def turns_for_a_moment(self) -> None:
        """A switch of the exchange clicks: the polarity turns for a millisecond."""
        self._office.modules.reverse(self.port)
        self._after(1, lambda: self._office.modules.reverse(self.port), keeps=True)

    def says(self, duration_ms: int = 0, level_dbm0: float = SPEECH_DBM0) -> None:
        """Talk, for ever when no duration is given."""
        self._device.say_speech(self.voice, level_dbm0, duration_ms)

    def plays(self, samples: bytes, gain_db: float = 0.0) -> None:
        """Hold the receiver to a loudspeaker: a recording again and again."""
        self._device.say_clip(samples, gain_db, looped=True)

    def dials(self, digits: str) -> None:
        """Push buttons in a conversation."""
        self._device.say_dtmf(digits)

    def hears(self) -> Heard:
        """What is in the far end's earpiece."""
        return self.ear.hears()

    def hushes(self) -> None:
        """Stop talking."""
        self._device.hush()

    # --- the line's wires -----------------------------------------------------------------------------------

    def loop(self, closed: bool) -> None:
        """Our gateway has closed or opened the loop."""
        now_ns = self._office.clock.monotonic_ns()
        lasted_ms = (now_ns - self._loop_changed_ns) / NS_PER_MS
        self._loop_closed, self._loop_changed_ns = closed, now_ns
        if not closed:
            self._after(RELEASE_MS, lambda: self._release(now_ns), keeps=True)
            return
        if self.cut:
            return
        if self.state is LineState.IDLE:
            self._seize()
        elif self.state is LineState.RINGING:
            self._after(RING_TRIP_MS, self._answered)
        elif PULSE_MIN_MS < lasted_ms < RELEASE_MS:
            self.breaks_ms.append(round(lasted_ms, 1))
            self._pulse()

    def poll(self) -> None:
        """Take the digits and requests that came as tones."""
        if self.state in (LineState.DIAL_TONE, LineState.DIGITS):
            for digit in self._device.take_digits():
                self._digit(digit)
        if self.tells_when_asked and self._caller is not None and self.state is LineState.TALKING:
            self._listen_for_request(self._caller)

    # --- a call out of our office ---------------------------------------------------------------------------

    def _seize(self) -> None:
        self.dialled = ""
        self._pulses = 0
        self._become(LineState.DIAL_TONE, "seized")
        self._after(self.character.dial_tone_after_ms, self._dial_tone)

    def _dial_tone(self) -> None:
        self._device.listen_digits(self.habits.takes_tones)
        self._tone(self.character.dial)

    def _pulse(self) -> None:
        if self.state is LineState.TALKING:
            self._office.narrate(self, "sees a flash")
        if self.state not in (LineState.DIAL_TONE, LineState.DIGITS):
            return
        self._pulses += 1
        self._clear_timers()
        self._device.hush()
        self._after(PULSE_DIGIT_MS, self._pulses_done)

    def _pulses_done(self) -> None:
        pulses, self._pulses = self._pulses, 0
        match self.habits.pulse_digits:
            case PulseDigits.NORMAL:
                self._digit(str(pulses % 10))
            case PulseDigits.NEW_ZEALAND:
                self._digit(str(10 - pulses))
            case PulseDigits.SWEDEN:
                self._digit(str(pulses - 1))

    def _digit(self, digit: str) -> None:
        self._device.hush()
        self.dialled += digit
        self._become(LineState.DIGITS, f"digit {digit}")
        if self._office.complete(self.dialled):
            self._route()
        else:
            self._after(INTERDIGIT_MS, self._route)

    def _route(self) -> None:
        self._device.listen_digits(False)
        self._become(LineState.ROUTING, f"routes {self.dialled}")
        self._after(ROUTING_MS, self._offer)

    def _offer(self) -> None:
        subscriber = self._office.subscriber(self.dialled)
        match subscriber.behaviour:
            case Behaviour.BUSY:
                self._become(LineState.REFUSED, f"{self.dialled} is busy")
                self._busy_tone()
            case Behaviour.CONGESTED:
                self._become(LineState.REFUSED, f"no way to {self.dialled}")
                self._tone(self.character.congestion)
            case Behaviour.ANSWERS | Behaviour.NO_ANSWER:
                self._become(LineState.RINGBACK, f"rings {self.dialled}")
                self._tone(self.character.ringback)
                self.talks_when_answered = subscriber.talks
                if subscriber.behaviour is Behaviour.ANSWERS:
                    self._after(subscriber.after_ms, self.answers)

    def _talk(self, why: str) -> None:
        self._device.hush()
        if self.habits.reverses or self.character.reverses:
            self._reversed = True
            self._office.modules.reverse(self.port)
        self._become(LineState.TALKING, why)
        if self.talks_when_answered:
            self.says()

    # --- the end, as this exchange tells it -----------------------------------------------------------------

    def _signal_end(self) -> None:
        """What exchanges of a better kind do beside their tone, and before it."""
        if self.character.reverses:
            self._turn_back()
        if self.character.breaks_ms:
            self._break_loop(self.character.breaks_ms)

    def _farewell(self) -> None:
        self._turn_back()
        farewell = self.habits.farewell
        for tone, lasts_ms in farewell_tones(farewell, self.character):
            self._device.say_tone(tone.frequencies_hz, tone.level_dbm0, tone.cadence_ms, lasts_ms)
        match farewell:
            case Farewell.BUSY:
                self._speak_over()
            case Farewell.LOOP_BREAK:
                self._break_loop(self.habits.break_ms)
            case Farewell.CODE:
                self._device.say_dtmf(self.habits.code)

    def _turn_back(self) -> None:
        if self._reversed:
            self._reversed = False
            self._office.modules.reverse(self.port)

    def _break_loop(self, lasts_ms: int) -> None:
        modules = self._office.modules
        modules.set_battery(self.port, False)
        self._after(lasts_ms, lambda: modules.set_battery(self.port, True), keeps=True)

    # --- a call into our office -----------------------------------------------------------------------------

    def _ring(self, place: int) -> None:
        if self.state is not LineState.RINGING:
            return
        on = place % 2 == 0
        character = self.character
        self._office.modules.ring_line(self.port, on, character.ring_hz)
        if place == len(character.ring_ms) - 1:
            self._after(character.identity_after_ms, self._identify)
        self._after(character.ring_ms[place % len(character.ring_ms)], lambda: self._ring(place + 1))

    def _identify(self) -> None:
        if self._caller is None or self.tells_when_asked:
            return
        match self.character.identity:
            case IdentityScheme.FSK if self._caller.number or self._caller.withheld:
                self._device.say_caller_id(self._caller)
            case IdentityScheme.DTMF_A if self._caller.number:
                self._device.say_dtmf(f"A{self._caller.number}C", *IDENTITY_DIGIT_MS)
            case IdentityScheme.DTMF_D if self._caller.number:
                self._device.say_dtmf(f"D{self._caller.number}C", *IDENTITY_DIGIT_MS)

    def _listen_for_request(self, caller: CallerId) -> None:
        heard = self.ear.last(POLL_MS)
        level = meters.tone_dbm0(heard, REQUEST_HZ)
        low, high = REQUEST_DBM0
        if low <= level <= high and level >= meters.level_dbm0(heard) - REQUEST_SHARE_DB:
            self._request_polls += 1
            return
        polls, self._request_polls = self._request_polls, 0
        least, most = REQUEST_POLLS
        if not least <= polls <= most:
            return
        if self.deaf_to_requests > 0:
            self.deaf_to_requests -= 1
            self._office.narrate(self, "does not hear the request")
            return
        self._after(TELLS_AFTER_MS, lambda: self._tell_number(caller))

    def _tell_number(self, caller: CallerId) -> None:
        """Start, category, then the last seven digits from the last to the first, round and round."""
        self._office.narrate(self, f"tells {caller.number}")
        self._device.hush()
        before = ""
        signs = ("start", self.category, *reversed(caller.number[-7:]))
        for place in range(BURSTS):
            sign = signs[place % len(signs)]
            before = "repeat" if sign == before else sign
            self._device.say_tone(SIGNS_HZ[before], BURST_DBM0, duration_ms=BURST_MS)
        if self.talks_when_answered:
            self.says()

    def _answered(self) -> None:
        if self.state is LineState.RINGING:
            self._stop_ring()
            self._talk("the office answers")

    def _stop_ring(self) -> None:
        self._clear_timers()
        self._office.modules.ring_line(self.port, False, self.character.ring_hz)
        self._device.hush()

    # --- both -----------------------------------------------------------------------------------------------

    def _release(self, opened_ns: int) -> None:
        """The loop has been open for long enough: our side has gone."""
        if self._loop_closed or self._loop_changed_ns != opened_ns or self.state is LineState.RINGING:
            return
        if self.state is LineState.IDLE:
            return
        self._device.hush()
        self._device.listen_digits(False)
        self._turn_back()
        self.talks_when_answered = False
        self._become(LineState.RELEASING, "the office releases")
        self._after(IDLE_AFTER_MS, lambda: self._become(LineState.IDLE, "idle"))

    def _busy_tone(self) -> None:
        self._tone(self.character.busy)
        self._speak_over()

    def _speak_over(self) -> None:
        over = self.character.over_tone_dbm0
        if over is not None:
            self._device.speak_over(self.voice + OTHER_VOICES, over)

    def _tone(self, tone: CityTone) -> None:
        self._device.hush()
        self._device.say_tone(tone.frequencies_hz, tone.level_dbm0, tone.cadence_ms)

    def _become(self, state: LineState, why: str) -> None:
        self._clear_timers()
        self.state = state
        self.log.append((self._office.clock.monotonic_ns(), why))
        self._office.narrate(self, why)

    def _after(self, delay_ms: int, callback: Callable[[], None], *, keeps: bool = False) -> None:
        """Call back later; a change of state cancels it, unless it ``keeps`` (and looks at the state)."""
        clock = self._office.clock
        cancel = clock.call_at(clock.monotonic_ns() + delay_ms * NS_PER_MS, callback)
        if not keeps:
            self._timers.append(cancel)

    def _clear_timers(self) -> None:
        for cancel in self._timers:
            cancel()
        self._timers.clear()


class CentralOffice:
    """The city's exchange: a circuit for each of our FXO ports; lines count from 1 in the board's order."""

    def __init__(
        self,
        clock: Clock,
        modules: SimulatedLineModules,
        wires: Mapping[PortId, Wire],
        *,
        first_voice: int = 500,
        on_event: Callable[[CityLine, str], None] | None = None,
    ) -> None:
        self.clock = clock
        self.modules = modules
        self._on_event = on_event
        self._subscribers: dict[str, Subscriber] = {}
        self._lines: dict[PortId, CityLine] = {}
        for offset, (port, wire) in enumerate(wires.items()):
            line = CityLine(self, port, wire, first_voice + offset)
            self._lines[port] = line
            modules.connect_line(port, line.loop)
        if self._lines:
            self._poll()

    @property
    def lines(self) -> tuple[CityLine, ...]:
        """Every line, in the board's order."""
        return tuple(self._lines.values())

    def line(self, number: int) -> CityLine:
        """Line ``number``, from 1; LookupError when there is none."""
        if not 1 <= number <= len(self._lines):
            raise LookupError(f"there is no city line {number}; this board has {len(self._lines)}")
        return self.lines[number - 1]

    def calls(self, line: int, number: str, name: str = "", **identity: object) -> bool:
        """Somebody calls our line ``line``; False: he hears busy tone. ``identity``: fields of `CallerId`."""
        caller = replace(CallerId(number, name), **identity)  # type: ignore[arg-type]
        return self.line(line).calls(caller)

    def hangs_up(self, line: int) -> None:
        """The far end of line ``line`` hangs up."""
        self.line(line).hangs_up()

    def add(self, subscriber: Subscriber) -> None:
        """Say what a number of the city does when it is called; others ring and are not answered."""
        self._subscribers[subscriber.number] = subscriber

    def subscriber(self, number: str) -> Subscriber:
        """Who has that number."""
        return self._subscribers.get(number, Subscriber(number))

    def complete(self, dialled: str) -> bool:
        """No digit can follow: emergency (1xx), long distance (8 and ten digits), else seven digits."""
        if dialled.startswith("1"):
            return len(dialled) >= 3
        return len(dialled) >= (11 if dialled.startswith("8") else 7)

    def narrate(self, line: CityLine, what: str) -> None:
        """Tell whoever writes the ladder."""
        if self._on_event is not None:
            self._on_event(line, what)

    def _poll(self) -> None:
        for line in self._lines.values():
            line.poll()
        self.clock.call_at(self.clock.monotonic_ns() + POLL_MS * NS_PER_MS, self._poll)
