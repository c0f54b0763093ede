"""The prompt of a running bench: people lift, dial and hang up as you type it.

One grammar for the terminal, for scripts and for tests; `Prompt.execute` never raises anything but
`PromptError`, and that says what to type instead. Waiting is the caller's business: in real time the loop
waits, in virtual time the office runs.
"""

import asyncio
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.bench.texts import display, hearing, plan_text, status_text
from gateway.errors import CitylineError
from gateway.model.plan import Plan
from gateway.model.view import ExchangeView
from gateway.simulator.central_office import Behaviour, CentralOffice, CityLine, Subscriber
from gateway.simulator.sip_peer import SipTelephone
from gateway.simulator.telephone import Telephone

LONGEST_WAIT_S = 3_600.0
LONGEST_SPEECH_S = 600.0
DIGITS = re.compile(r"[0-9*#ABCD]{1,32}\Z")
PULSES = re.compile(r"[0-9]{1,20}\Z")
CITY_NUMBER = re.compile(r"[0-9]{1,20}\Z")

ANALOG_HELP = """\
101 lifts | hangs up | dials 204 | flashes | says [seconds] | hushes | hears | shows      (display, lamp)"""
SIP_HELP = """\
201 registers | calls 101 | answers | refuses | holds | resumes | hangs up      (telephones of the bench)"""
CITY_HELP = """\
city calls 1 from 4951234567 [name]      the city rings line 1
city answers 1 | hangs up 1 | says 1 [seconds] | hushes 1 | hears 1
city 4957654 answers after 3 | is busy | is congested | rings      what a number of the city does"""
HELP = """\
wait 4      let four seconds pass
plan        who hears whom          status      lines and calls
help        this                    quit        stop the office"""


class PromptError(CitylineError):
    """The line cannot be obeyed; the text says what to type instead."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a line did: a text to show, seconds to let pass, whether to stop."""

    text: str = ""
    wait_s: float = 0.0
    quits: bool = False


class World(Protocol):
    """Where the people of a prompt live."""

    @property
    def telephones(self) -> Mapping[str, Telephone]:
        """Analog telephones by extension."""
        ...

    @property
    def sip_telephones(self) -> Mapping[str, SipTelephone]:
        """SIP telephones of the bench by extension; empty where they are real ones."""
        ...

    @property
    def sip_extensions(self) -> Sequence[str]:
        """Extensions of the office that are SIP telephones, of the bench or real ones."""
        ...

    @property
    def city(self) -> CentralOffice:
        """The city."""
        ...

    def plan(self) -> Plan:
        """The media plan in force."""
        ...

    def names(self) -> Mapping[str, str]:
        """Names of ports, for the plan."""
        ...

    def view(self) -> ExchangeView:
        """The exchange as it stands."""
        ...


class Prompt:
    """Obeys lines in a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def execute(self, line: str) -> Answer:
        """Obey one line."""
        words = _words(line)
        if not words:
            return Answer()
        first, rest = words[0], words[1:]
        if first in ("help", "?"):
            return Answer(self._help())
        if first in ("quit", "exit"):
            return Answer(quits=True)
        if first == "wait":
            return Answer(wait_s=_seconds(rest, LONGEST_WAIT_S, "wait 4"))
        if first == "plan":
            return Answer(plan_text(self._world.plan(), self._world.names()))
        if first == "status":
            return Answer(status_text(self._world.view(), self._world.sip_extensions))
        if first == "city":
            return self._city(rest)
        return self._person(first, rest)

    def _help(self) -> str:
        """What can be typed in this world: one without people of the bench has no lines for them."""
        world, parts = self._world, []
        if world.telephones:
            parts.append(ANALOG_HELP.replace("101", next(iter(world.telephones))))
        if world.sip_telephones:
            parts.append(SIP_HELP.replace("201", next(iter(world.sip_telephones))))
        elif world.sip_extensions:
            parts.append(f"{', '.join(world.sip_extensions)} are real SIP telephones: work them by hand")
        if world.city.lines:
            parts.append(CITY_HELP)
        return "\n".join([*parts, HELP])

    def _who_is_missing(self, digits: str) -> str:
        """A hint for who calls a SIP telephone that nobody has switched on; empty for every other number."""
        if digits not in self._world.sip_extensions or digits in _registered(self._world.view()):
            return ""
        remedy = f"{digits} registers" if digits in self._world.sip_telephones else f"user name {digits}"
        return f"{digits} is not registered, so nothing will ring: register a SIP telephone first ({remedy})"

    # --- people ---------------------------------------------------------------------------------------------

    def _person(self, number: str, words: list[str]) -> Answer:
        if number in self._world.telephones:
            return self._analog(self._world.telephones[number], words)
        if number in self._world.sip_telephones:
            return self._sip(self._world.sip_telephones[number], words)
        if number in self._world.sip_extensions:
            remedy = "work it by hand; `status` says whether it is registered"
            raise PromptError(f"{number} is a real SIP telephone, none of the bench: {remedy}")
        known = [*self._world.telephones, *self._world.sip_telephones, "city"]
        raise PromptError(f"there is no {number!r}; begin with {', '.join(known)}, or type help")

    def _analog(self, telephone: Telephone, words: list[str]) -> Answer:
        verb, rest = _verb(words)
        number = telephone.number
        match verb:
            case "lifts":
                _expect_hook(telephone, False, "it is off its hook already: hang up first")
                return _none(rest, telephone.lifts)
            case "hangs up":
                _expect_hook(telephone, True, f"it is on its hook: {number} lifts")
                return _none(rest, telephone.hangs_up)
            case "flashes":
                _expect_hook(telephone, True, f"it is on its hook: {number} lifts")
                return _none(rest, telephone.flashes)
            case "dials":
                _expect_hook(telephone, True, f"it is on its hook: {number} lifts")
                digits = _digits(rest, PULSES if telephone.rotary else DIGITS, f"{number} dials 204")
                telephone.dials(digits)
                return Answer(self._who_is_missing(digits))
            case "hears":
                return _none(rest, None, f"{number} hears {hearing(telephone.hears(), telephone.ear)}")
            case "shows":
                return _none(rest, None, f"{number} shows {display(telephone.shown, lamp=telephone.lamp)}")
            case _:
                speech = _speech(telephone, verb, rest)
                return speech or _unknown(
                    number, verb, "lifts, hangs up, dials, flashes, says, hushes, hears, shows"
                )

    def _sip(self, telephone: SipTelephone, words: list[str]) -> Answer:
        verb, rest = _verb(words)
        number = telephone.number
        simple: dict[str, Callable[[], None]] = {
            "registers": telephone.registers,
            "unregisters": telephone.unregisters,
            "answers": telephone.answers,
            "lifts": telephone.answers,
            "refuses": telephone.refuses,
            "holds": telephone.holds,
            "resumes": telephone.resumes,
            "hangs up": telephone.hangs_up,
        }
        try:
            if verb in simple:
                return _none(rest, simple[verb])
            if verb == "calls":
                digits = _digits(rest, DIGITS, f"{number} calls 101")
                telephone.calls(digits)
                return Answer(self._who_is_missing(digits))
            if verb == "dials":
                telephone.dials(_digits(rest, DIGITS, f"{number} dials 5"))
                return Answer()
        except ValueError as error:
            raise PromptError(f"{error}; `{number} hears` and `status` tell more") from None
        if verb == "hears":
            return _none(rest, None, f"{number} hears {hearing(telephone.hears(), telephone.ear)}")
        speech = _speech(telephone, verb, rest)
        verbs = "registers, calls, answers, refuses, holds, resumes, hangs up, dials, says, hushes, hears"
        return speech or _unknown(number, verb, verbs)

    # --- the city -------------------------------------------------------------------------------------------

    def _city(self, words: list[str]) -> Answer:
        if words and CITY_NUMBER.match(words[0]):
            return self._subscriber(words[0], words[1:])
        verb, rest = _verb(words)
        if verb == "calls":
            return self._city_calls(rest)
        if verb not in ("hangs up", "answers", "says", "hushes", "hears"):
            return _unknown("city", verb, "calls, answers, hangs up, says, hushes, hears")
        line = self._line(rest, f"city {verb} 1")
        name = f"the far end of line {rest[0]}"
        match verb:
            case "hangs up":
                return _none(rest[1:], line.hangs_up)
            case "answers":
                if line.state != "ringback":
                    raise PromptError(f"nobody is called over line {rest[0]}: it is {line.state}")
                return _none(rest[1:], line.answers)
            case "hears":
                return _none(rest[1:], None, f"{name} hears {hearing(line.hears(), line.ear)}")
            case _:
                return _speech(line, verb, rest[1:]) or Answer()

    def _city_calls(self, words: list[str]) -> Answer:
        example = "city calls 1 from 4951234567"
        line = self._line(words, example)
        if len(words) < 3 or words[1] != "from" or not CITY_NUMBER.match(words[2]):
            raise PromptError(f"say from whom: {example}")
        if not self._world.city.calls(int(words[0]), words[2], " ".join(words[3:])[:40]):
            raise PromptError(f"line {words[0]} is busy ({line.state}): the caller hears busy tone")
        return Answer()

    def _subscriber(self, number: str, words: list[str]) -> Answer:
        match words:
            case ["answers"]:
                made = Subscriber(number, Behaviour.ANSWERS)
            case ["answers", "after", *rest]:
                after_s = _seconds(rest, LONGEST_WAIT_S, f"city {number} answers after 3")
                made = Subscriber(number, Behaviour.ANSWERS, round(after_s * 1_000), talks=True)
            case ["is", "busy"]:
                made = Subscriber(number, Behaviour.BUSY)
            case ["is", "congested"]:
                made = Subscriber(number, Behaviour.CONGESTED)
            case ["rings"]:
                made = Subscriber(number, Behaviour.NO_ANSWER)
            case _:
                raise PromptError(
                    f"say what {number} does: answers, answers after 3, is busy, is congested, rings"
                )
        self._world.city.add(made)
        return Answer()

    def _line(self, words: list[str], example: str) -> CityLine:
        if not words or not re.match(r"[0-9]{1,4}\Z", words[0]):
            raise PromptError(f"say which city line: {example}")
        try:
            return self._world.city.line(int(words[0]))
        except LookupError as error:
            raise PromptError(f"{error}: {example}") from None


# --- small things -------------------------------------------------------------------------------------------


def _registered(view: ExchangeView) -> set[str]:
    return {row.extension for row in view.registrations}


def _words(line: str) -> list[str]:
    try:
        # A # begins a remark only at the beginning: behind `dials` it is a digit.
        words = [] if line.lstrip().startswith("#") else shlex.split(line)
    except ValueError as error:
        raise PromptError(f"{error}: leave quotation marks out") from None
    return [word.lower() if not DIGITS.match(word) else word for word in words]


def _verb(words: list[str]) -> tuple[str, list[str]]:
    """The verb, `hangs up` as one, and what follows it."""
    if words[:2] == ["hangs", "up"]:
        return "hangs up", words[2:]
    return (words[0] if words else ""), words[1:]


def _none(rest: list[str], act: Callable[[], None] | None, text: str = "") -> Answer:
    if rest:
        raise PromptError(f"nothing may follow here: leave out {' '.join(rest)!r}")
    if act is not None:
        act()
    return Answer(text)


def _unknown(who: str, verb: str, verbs: str) -> Answer:
    raise PromptError(f"{who} can: {verbs}" + (f"; not {verb!r}" if verb else ""))


def _digits(words: list[str], permitted: re.Pattern[str], example: str) -> str:
    if len(words) != 1 or not permitted.match(words[0]):
        raise PromptError(f"give the digits in one word: {example}")
    return words[0]


def _seconds(words: list[str], most: float, example: str) -> float:
    try:
        seconds = float(words[0]) if len(words) == 1 else -1.0
    except ValueError:
        seconds = -1.0
    if not 0.0 <= seconds <= most:
        raise PromptError(f"give seconds from 0 to {most:.0f}: {example}")
    return seconds


def _speech(who: Telephone | SipTelephone | CityLine, verb: str, words: list[str]) -> Answer | None:
    if verb == "hushes":
        return _none(words, who.hushes)
    if verb != "says":
        return None
    seconds = _seconds(words, LONGEST_SPEECH_S, "101 says 3") if words else 0.0
    who.says(round(seconds * 1_000))
    return Answer()


def _expect_hook(telephone: Telephone, off_hook: bool, remedy: str) -> None:
    if telephone.off_hook is not off_hook:
        raise PromptError(f"{telephone.number}: {remedy}")


# --- on a terminal ------------------------------------------------------------------------------------------


async def offer(world: World, stopped: asyncio.Event) -> None:
    """Read lines from the terminal and obey them until the office stops, or ``quit`` stops it."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.patch_stdout import patch_stdout

    prompt, session = Prompt(world), PromptSession[str]("cityline> ")
    with patch_stdout():
        while not stopped.is_set():
            try:
                # The signal is the office's own: of two who take it, the second might end in a traceback.
                answer = prompt.execute(await session.prompt_async(handle_sigint=False))
            except PromptError as error:
                answer = Answer(str(error))
            except (EOFError, KeyboardInterrupt):
                answer = Answer(quits=True)
            _show(answer.text)
            if answer.quits:
                stopped.set()
            await _pass_time(answer.wait_s, stopped)


def _show(text: str) -> None:
    if text:
        import click

        click.echo(text)


async def _pass_time(seconds: float, stopped: asyncio.Event) -> None:
    if seconds <= 0:
        return
    waiting = asyncio.create_task(stopped.wait())
    await asyncio.wait({waiting}, timeout=seconds)
    waiting.cancel()
