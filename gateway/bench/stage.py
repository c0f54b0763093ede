"""What a story is played on: an office, its people, and the checks that make the verdict.

Every check of sound is made with an ear's own meters, never by asking the exchange.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.bench.office import Office, TooLateError
from gateway.bench.party import Party, delay_ms, listens, loss_db, most_delay_ms
from gateway.model.actions import CallAnswered, CallEnded, CallStarted
from gateway.model.causes import Cause, Evidence
from gateway.model.echo import LegEcho
from gateway.model.numbers import NS_PER_MS
from gateway.simulator import meters
from gateway.simulator.central_office import CityLine, Subscriber
from gateway.simulator.ear import CADENCES, TONE_HZ, Heard
from gateway.simulator.modems import Mobile
from gateway.simulator.sip_peer import SipTelephone
from gateway.simulator.telephone import Telephone
from gateway.simulator.wires import SAMPLE_BYTES, SAMPLES_PER_MS

DIAL_TONE_WITHIN_MS = 100
TONE_LEVEL_DBM0 = (-15.0, -5.0)  # LAW_93993: what reaches a subscriber
TONE_ERROR_HZ = 6.0
TALK_MS = 4_000
LEAST_LIKENESS = 0.8
MOST_GAIN_ERROR_DB = 1.5
STRANGER_DBM0 = -45.0
STRANGER_LIKENESS = 0.3
MUSIC_FROM_DBM0 = -40.0
MUSIC_PIECE_MS = 400.0
"""So much of what was heard last is looked for in the recording: nothing else is like such a piece."""
LEAST_ECHO_LOSS_DB = 25.0
ANSWER_TO_AUDIO_MS = 60
REST_MS = 3_000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a story claims, and what was measured."""

    at_ms: int
    what: str
    passed: bool
    measured: str = ""

    def __str__(self) -> str:
        verdict = "ok    " if self.passed else "FAILED"
        return f"{self.at_ms / 1000:9.3f}  {verdict}  {self.what}" + (
            f"  [{self.measured}]" if self.measured else ""
        )


class Stage:
    """An office with people who check what they hear."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.checks: list[Check] = []
        clip = office.configuration.clips[office.configuration.office.hold_music]
        self._music = clip + clip[: round(MUSIC_PIECE_MS * SAMPLES_PER_MS) * SAMPLE_BYTES]  # it is looped

    # --- people ---------------------------------------------------------------------------------------------

    def telephone(self, number: str) -> Telephone:
        """An analog telephone."""
        return self.office.telephone(number)

    def sip(self, number: str) -> SipTelephone:
        """A SIP telephone, switched on and registered."""
        telephone = self.office.sip_telephone(number)
        telephone.registers()
        self.wait(20)
        return telephone

    def city(self, line: int) -> CityLine:
        """The far end of a city line."""
        return self.office.city_line(line)

    def mobile(self, port: str) -> Mobile:
        """The far end of the modem in that port, once it is ready for calls."""
        mobile = self.office.mobile(port)

        def ready() -> bool:
            return self.office.line_row(port).state == "idle"

        if not ready():
            self.wait_for(ready, 60_000, f"the modem of {port} is in its network, its audio is proved")
        return mobile

    @property
    def telephones(self) -> tuple[Telephone, ...]:
        """Every analog telephone."""
        return tuple(self.office.board.telephones.values())

    def calls(self, line: int, number: str) -> bool:
        """Somebody in the city calls our line ``line``."""
        return self.office.board.city.calls(line, number)

    def subscriber(self, subscriber: Subscriber) -> None:
        """Say what a number of the city does."""
        self.office.board.city.add(subscriber)

    def busy_city(self) -> CityLine | None:
        """The first city line that is not idle."""
        return next((line for line in self.office.board.city.lines if line.state != "idle"), None)

    def connect(self, caller: Telephone, called: Telephone) -> None:
        """Bring two telephones into conversation."""
        caller.lifts()
        self.wait(400)
        caller.dials(called.number)
        self.wait_for(lambda: called.rings, 2_000, f"{called.name} rings")
        self.wait(200)
        called.lifts()
        self.wait(600)

    # --- time -----------------------------------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        """Virtual time."""
        return self.office.now_ms

    def wait(self, duration_ms: float) -> None:
        """Let time pass."""
        self.office.run(duration_ms)

    def wait_for(self, condition: Callable[[], bool], limit_ms: int, what: str) -> None:
        """Let time pass until ``condition`` holds; what comes too late ends the story (TooLateError)."""
        try:
            took_ms = self.office.run_until(condition, limit_ms, what)
        except TooLateError:
            self.check(what, False, f"not within {limit_ms} ms")
            raise
        self.check(what, True, f"after {took_ms} ms")

    # --- claims ---------------------------------------------------------------------------------------------

    def check(self, what: str, passed: bool, measured: object = "") -> bool:
        """Note a claim and whether it holds."""
        self.checks.append(Check(self.now_ms, what, passed, str(measured)))
        return passed

    @property
    def passed(self) -> bool:
        """Something was claimed and everything holds."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    # --- bells and lines ------------------------------------------------------------------------------------

    def bell(self, telephone: Telephone, within_ms: int) -> None:
        """The bell begins to ring within that time (from now, or it has just begun)."""
        if not telephone.rings:
            self.wait_for(lambda: telephone.rings, within_ms, f"{telephone.name} rings")
        else:
            self.check(f"{telephone.name} rings", True)

    def bell_stops(self, telephone: Telephone, since_ms: int, within_ms: int = 100) -> None:
        """The bell has had no power since ``within_ms`` after ``since_ms``."""
        last_ns = telephone.rings_ns[-1][1] if telephone.rings_ns else 0
        quiet_ms = None if last_ns is None else max(0, last_ns // NS_PER_MS - since_ms)
        stopped = quiet_ms is not None and quiet_ms <= within_ms
        self.check(f"{telephone.name} stops ringing within {within_ms} ms", stopped, f"{quiet_ms} ms")

    def released(self, line: int, within_ms: int) -> None:
        """The city sees that we have let the line go."""
        city = self.city(line)
        gone = ("releasing", "idle")
        self.wait_for(lambda: city.state in gone, within_ms, f"line {line} is released within {within_ms} ms")

    def take_alarm(self, about: str) -> bool:
        """Whether an alarm about something was raised; it is taken note of and off the list."""
        found = [alarm for alarm in self.office.alarms if alarm.about == about]
        for alarm in found:
            self.office.alarms.remove(alarm)
        return bool(found)

    def connected_order(self) -> list[str]:
        """Who was answered, in the order of the answers, by the journal."""
        rows = self.office.journal.rows
        calling = {
            row.call: row.calling for row in rows if isinstance(row, CallStarted) and row.called == "610"
        }
        return [calling[row.call] for row in rows if isinstance(row, CallAnswered) and row.call in calling]

    # --- tones ----------------------------------------------------------------------------------------------

    def dial_tone(self, party: Party, since_ms: int) -> None:
        """The party hears dial tone at most 100 ms after ``since_ms``: steady, in pitch and level."""
        self.wait(since_ms + 900 - self.now_ms)
        stretches = meters.cadence(party.ear.heard(since_ms, self.now_ms), TONE_HZ)
        onset_ms = stretches[0].duration_ms if stretches and not stretches[0].on else 0
        steady = len(stretches) == 2 and stretches[1].on
        what = f"{party.name} hears dial tone within {DIAL_TONE_WITHIN_MS} ms, and it lasts"
        self.check(what, steady and onset_ms <= DIAL_TONE_WITHIN_MS, f"{onset_ms} ms")
        self._pitch(party, "dial tone", self.now_ms - 100)

    def tone(self, party: Party, kind: Heard, within_ms: int = 1_000) -> None:
        """The party hears a tone with a cadence, beginning at most ``within_ms`` from now."""
        began_ms = self.now_ms
        cadence = next(cadence for cadence in CADENCES if cadence.kind is kind)
        onset_ms = self._onset(party, began_ms, within_ms)
        whole_ms = cadence.on_ms[1] + cadence.off_ms[1]
        lasts_ms = (2.2 if whole_ms > 1_000 else 4.2) * whole_ms
        self.check(f"{party.name} hears a tone within {within_ms} ms", onset_ms is not None, f"{onset_ms} ms")
        if onset_ms is None:
            return
        self.wait(lasts_ms)
        self._pitch(party, kind, self._burst_since(party, began_ms))
        stretches = party.ear.cadence(lasts_ms)
        heard = party.hears()
        lasted = " ".join(f"{'+' if stretch.on else '-'}{stretch.duration_ms}" for stretch in stretches)
        self.check(f"{party.name} hears {kind}", heard is kind, f"{heard}: {lasted}")

    def _onset(self, party: Party, began_ms: int, within_ms: int) -> int | None:
        """How long until any tone is heard; None when none comes."""
        while self.now_ms - began_ms <= within_ms + 100:
            self.wait(20)
            stretches = meters.cadence(party.ear.heard(began_ms, self.now_ms), TONE_HZ)
            if any(stretch.on and stretch.duration_ms >= 40 for stretch in stretches):
                return 0 if stretches[0].on else stretches[0].duration_ms
        return None

    def _burst_since(self, party: Party, began_ms: int) -> int:
        """When the first burst began that is heard whole."""
        stretches = meters.cadence(party.ear.heard(began_ms, self.now_ms), TONE_HZ)
        at_ms = began_ms
        for place, stretch in enumerate(stretches):
            if stretch.on and place > 0:
                break
            at_ms += stretch.duration_ms
        return at_ms + 20

    def _pitch(self, party: Party, what: str, start_ms: int) -> None:
        """A hundred milliseconds from ``start_ms`` are a pure tone."""
        samples = party.ear.heard(start_ms, start_ms + 100)
        (frequency_hz, share), level = meters.dominant_hz(samples), meters.level_dbm0(samples)
        good = abs(frequency_hz - TONE_HZ) <= TONE_ERROR_HZ and share > 0.9
        measured = f"{frequency_hz:.1f} Hz, {100 * share:.0f} % pure, {level:.1f} dBm0"
        low, high = TONE_LEVEL_DBM0
        what = f"{party.name}'s {what} is a pure 425 Hz at {low:.0f} .. {high:.0f} dBm0"
        self.check(what, good and low <= level <= high, measured)

    def silence(self, party: Party, duration_ms: int = 400) -> None:
        """The party hears nothing during the next milliseconds (a settling time of 60 ms is given)."""
        self.wait(duration_ms + 60)
        level = party.ear.level_dbm0(duration_ms)
        self.check(f"{party.name} hears silence", level < STRANGER_DBM0, f"{level:.1f} dBm0")

    def music(self, party: Party) -> None:
        """The party hears the hold music for two seconds."""
        self.wait(2_200)
        self.had_music(party, f"{party.name} hears music")

    def had_music(self, party: Party, what: str) -> None:
        """The party has heard the hold music for the last two seconds, and hears it now."""
        level, heard = party.ear.level_dbm0(2_000), party.hears()
        found = meters.match(party.ear.last(MUSIC_PIECE_MS), self._music)
        good = level > MUSIC_FROM_DBM0 and found.correlation >= LEAST_LIKENESS
        self.check(what, good, f"{heard}, {level:.1f} dBm0, likeness {found.correlation:.2f}")

    # --- speech ---------------------------------------------------------------------------------------------

    def talk(self, one: Party, other: Party, strangers: Sequence[Party] = ()) -> None:
        """Both hear each other at the right level, nobody hears himself, strangers hear nothing."""
        self.hears_only(other, one, strangers)
        self.hears_only(one, other, strangers)

    def hears_only(self, listener: Party, speaker: Party, strangers: Sequence[Party] = ()) -> None:
        """``speaker`` alone talks for four seconds."""
        speaker.says()
        self.wait(TALK_MS)
        found = listener.ear.finds(speaker.ear)
        expected_db = -(loss_db(speaker) + loss_db(listener))
        near = abs(found.gain_db - expected_db) <= MOST_GAIN_ERROR_DB
        alike = found.correlation > LEAST_LIKENESS
        measured = f"likeness {found.correlation:.2f}, {found.gain_db:.1f} dB"
        self.check(f"{listener.name} hears {speaker.name}, {expected_db:.1f} dB", alike and near, measured)
        if alike:
            self._in_time(listener, speaker, delay_ms(found, speaker, listener))
        self._no_echo(speaker)
        for stranger in filter(listens, strangers):
            level, likeness = stranger.ear.level_dbm0(1_000), abs(stranger.ear.finds(speaker.ear).correlation)
            good = level < STRANGER_DBM0 or likeness < STRANGER_LIKENESS
            what = f"{stranger.name} does not hear {speaker.name}"
            self.check(what, good, f"{level:.1f} dBm0, likeness {likeness:.2f}")
        speaker.hushes()
        self.wait(150)

    def delay_ms(self, listener: Party, speaker: Party) -> float:
        """How long ``speaker``'s voice is under way to ``listener``; TooLateError when it never comes."""
        speaker.says()
        self.wait(TALK_MS)
        found = listener.ear.finds(speaker.ear)
        speaker.hushes()
        self.wait(300)
        if found.correlation <= LEAST_LIKENESS:
            raise TooLateError(f"{listener.name} does not hear {speaker.name}")
        return delay_ms(found, speaker, listener)

    def _in_time(self, listener: Party, speaker: Party, late_ms: float) -> None:
        """Mouth to ear, as docs/architecture.md allows it."""
        most_ms = most_delay_ms(speaker, listener)
        what = f"sound from {speaker.name} to {listener.name} takes at most {most_ms:.0f} ms"
        self.check(what, 0.0 <= late_ms <= most_ms, f"{late_ms:.1f} ms")

    def _no_echo(self, speaker: Party) -> None:
        """The canceller at the other end leaves the speaker undisturbed by himself."""
        said = meters.level_dbm0(speaker.ear.said(self.now_ms - 1_000, self.now_ms))
        heard = speaker.ear.level_dbm0(1_000)
        loss = said - heard
        what = f"{speaker.name} hears no echo of himself ({LEAST_ECHO_LOSS_DB:.0f} dB)"
        self.check(what, loss >= LEAST_ECHO_LOSS_DB, f"{loss:.1f} dB")

    def audio_after_answer(self, listener: Party, speaker: Party, answered_ms: int) -> None:
        """How soon after the answer somebody who talks already is heard."""
        self.wait(answered_ms + 400 - self.now_ms)
        step_ms = 10
        for after_ms in range(0, 400 - 2 * step_ms, step_ms):
            start_ms = answered_ms + after_ms
            if meters.level_dbm0(listener.ear.heard(start_ms, start_ms + 2 * step_ms)) > STRANGER_DBM0:
                break
        else:
            after_ms = 400
        what = f"{listener.name} hears {speaker.name} within {ANSWER_TO_AUDIO_MS} ms of the answer"
        self.check(what, after_ms <= ANSWER_TO_AUDIO_MS, f"{after_ms} ms")

    # --- records --------------------------------------------------------------------------------------------

    def record(
        self,
        calling: str,
        called: str,
        connected: str | None,
        cause: Cause,
        *,
        line: str | None = None,
        answer: Evidence | None = None,
        end: Evidence | None = None,
        place: int = -1,
    ) -> None:
        """The journal's call ``place`` (-1: the last) has these parties, in whole rows in order."""
        starts = [row for row in self.office.journal.rows if isinstance(row, CallStarted)]
        if not -len(starts) <= place < len(starts):
            self.check(f"the journal has a call {calling} -> {called}", False, f"{len(starts)} calls")
            return
        start = starts[place]
        rows = [row for row in self.office.journal.rows if row.call == start.call]
        self.check(
            f"the journal has {calling} -> {called}" + (f" over {line}" if line else ""),
            (start.calling, start.called) == (calling, called),
            f"{start.calling} -> {start.called}, line {start.line}",
        )
        kinds = [type(row) for row in rows if not isinstance(row, LegEcho)]
        expected = [CallStarted, CallEnded] if connected is None else [CallStarted, CallAnswered, CallEnded]
        self.check("its rows are whole", kinds == expected, " ".join(kind.__name__ for kind in kinds))
        lines = {row.line for row in rows if isinstance(row, CallStarted | CallAnswered)} - {None}
        self.check(f"its line is {line}", lines == ({line} if line else set()), lines or "none")
        answers = [(row.connected, row.evidence) for row in rows if isinstance(row, CallAnswered)]
        if connected is not None:
            good = [who for who, _ in answers] == [connected] and answer in (
                None,
                *(how for _, how in answers),
            )
            self.check(f"{connected} answered", good, answers)
        ends = [(row.cause, row.evidence) for row in rows if isinstance(row, CallEnded)]
        good = [why for why, _ in ends] == [cause] and end in (None, *(how for _, how in ends))
        self.check(f"it ended by {cause.name.lower()}", good, [(why.name, str(how)) for why, how in ends])

    def at_rest(self) -> None:
        """Everybody has hung up: nothing may be left behind anywhere."""
        self.wait(REST_MS)
        view = self.office.view()
        busy = [f"{row.port} {row.state}" for row in view.lines if row.state != "idle"]
        self.check("every line is idle", not busy, ", ".join(busy))
        self.check("no call is left", not view.calls, [row.call for row in view.calls])
        self.check("no RTP socket is left", view.rtp_sockets_used == 0, view.rtp_sockets_used)
        left = list(self.office.ladder.plan.hears)
        self.check("nobody hears anything", not left, left)
        rung = [row.port for row in view.lines if self._rings(str(row.port))]
        self.check("no bell rings", not rung, rung)
        faults = self.office.board.modules.faults
        self.check("the line modules were treated well", not faults, "; ".join(faults))
        self.check("no alarm", not self.office.alarms, [alarm.text for alarm in self.office.alarms])
        open_lines = [line.port for line in self.office.board.city.lines if line.state != "idle"]
        self.check("the city has its lines back", not open_lines, open_lines)
        mobiles = self.office.board.modems.mobiles.values()
        in_call = [mobile.name for mobile in mobiles if mobile.state != "idle"]
        self.check("no modem has a call left", not in_call, in_call)

    def _rings(self, port: str) -> bool:
        telephones = self.office.board.telephones.values()
        return any(telephone.port == port and telephone.rings for telephone in telephones)
