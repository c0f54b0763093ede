"""A whole office on twins in virtual time.

One step of 10 ms: due timers and twins, each event handled and its actions carried out, then a tick of the
signal core, its RTP carried, its events handled. Everything is deterministic by the seed.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway import __version__
from gateway.bench.ladder import Ladder
from gateway.config.load import Configuration, load_configuration
from gateway.config.samples import SIMULATED
from gateway.errors import CitylineError
from gateway.exchange import Exchange
from gateway.interfaces import JournalRow
from gateway.media.core import (
    CorePort,
    CoreSettings,
    SignalCore,
    WireAudio,
    opus_available,
)
from gateway.media.tones import tone_plan
from gateway.model.actions import Action, CureAlarm, KeepMessage, RaiseAlarm, RequestAnswered
from gateway.model.events import Event, MessageKept
from gateway.model.learned import LineKnowledge
from gateway.model.numbers import NS_PER_MS, Now, PortId
from gateway.model.settings import ExtensionKind
from gateway.model.view import ExchangeView, LineRow
from gateway.runtime.calibration import Calibration
from gateway.runtime.pump import Both, Pump, TraceSink
from gateway.runtime.recorder import FlightRecorder, Store
from gateway.runtime.trace import TraceHeader
from gateway.simulator.board import CityCircuit, SimulatedBoard
from gateway.simulator.central_office import CityLine
from gateway.simulator.clock import VirtualClock
from gateway.simulator.modems import Mobile
from gateway.simulator.sip_peer import SipTelephone
from gateway.simulator.sipstack import SimulatedSipStack
from gateway.simulator.telephone import Telephone

MEDIA_ADDRESS = "192.0.2.1"  # TEST-NET-1, RFC 5737
TICK_MS = 10
LOOK_MS = 1_000
"""How often the flight recorder fetches sound, as the gateway's housekeeping does."""
LEARN_MS = 500
"""How often lines learn from what has ended."""
FIRST_SIP_VOICE = 200

Tamper = Callable[[Action], Action | None]
"""A deliberate fault at the seam: takes an action, gives another one, or None to drop it."""


class TooLateError(CitylineError):
    """What a story waited for did not come in time."""


class _Handles(Protocol):
    def start(self, now: Now) -> list[Action]: ...
    def handle(self, event: Event, now: Now) -> list[Action]: ...


@dataclass(slots=True)
class MemoryJournal:
    """Implements `gateway.interfaces.CallJournal` in memory."""

    rows: list[JournalRow] = field(default_factory=list)

    def append(self, row: JournalRow) -> None:
        """Keep a row."""
        self.rows.append(row)

    def flush(self) -> None:
        """Nothing is waiting."""

    def close(self) -> None:
        """Nothing is open."""


@dataclass(slots=True)
class MemoryMessages:
    """Implements `gateway.interfaces.MessageKeeper` in memory; ``fails`` is a disk that is full."""

    kept: list[KeepMessage] = field(default_factory=list)
    fails: bool = False
    on_kept: Callable[[Event], None] = lambda event: None

    def keep(self, message: KeepMessage) -> None:
        """Keep it, and say so."""
        if not self.fails:
            self.kept.append(message)
            self.on_kept(MessageKept(message.port, message.message))


@dataclass(frozen=True, slots=True)
class _Tampered:
    """An exchange whose actions pass through a fault."""

    exchange: _Handles
    tamper: Tamper

    def start(self, now: Now) -> list[Action]:
        return self._through(self.exchange.start(now))

    def handle(self, event: Event, now: Now) -> list[Action]:
        return self._through(self.exchange.handle(event, now))

    def _through(self, actions: list[Action]) -> list[Action]:
        changed = [self.tamper(action) for action in actions]
        return [action for action in changed if action is not None]


def _trouble(text: str) -> None:
    raise CitylineError(text)


class Office:
    """An office that runs. Close it in the end. ``trace`` also gets every step.

    ``store`` gets the flight recorder's bundles; without it nothing is recorded.
    """

    def __init__(
        self,
        configuration: Configuration,
        *,
        seed: int = 1,
        drift_ppm: float = 0.0,
        circuits: Sequence[CityCircuit] = (),
        known: Mapping[PortId, LineKnowledge] | None = None,
        rotary: Collection[str] = (),
        tamper: Tamper | None = None,
        trace: TraceSink | None = None,
        store: Store | None = None,
    ) -> None:
        if not opus_available():
            configuration = configuration.without_opus()
        office, board = configuration.office, configuration.board
        self.configuration = configuration
        self.clock = VirtualClock()
        self.journal = MemoryJournal()
        self.messages = MemoryMessages()
        self.answers: list[RequestAnswered] = []
        self.alarms: list[RaiseAlarm] = []
        self.cured: list[CureAlarm] = []
        self.ladder = Ladder(office, board, self.clock)
        self.board = SimulatedBoard(
            self.clock,
            board,
            office,
            seed=seed,
            drift_ppm=drift_ppm,
            circuits=circuits,
            rotary=rotary,
            on_act=self.ladder.person,
            on_city=self.ladder.city,
            on_modem=self.ladder.mobile,
            pins=configuration.pins,
        )
        self.core = SignalCore(self._core_settings(seed, records=store is not None))
        for name, samples in configuration.clips.items():
            self.core.load_clip(name, samples)
        self.sip = SimulatedSipStack(self.clock, self.core.rtp_give, self.core.rtp_take, board.rtp_first_port)
        self.notices: list[tuple[PortId, str]] = []
        self.calibration = Calibration(
            board,
            self.core,
            tone_plan(office.country).heard,
            known=known or {},
            on_notice=lambda port, text: self.notices.append((port, text)),
        )
        self.exchange = Exchange(office, board, media_address=MEDIA_ADDRESS)
        self._next_look_ms = LOOK_MS
        self.recorder = self._recorder(store) if store is not None else None
        self.pump = self._pump(tamper, trace)
        self.sip_telephones = self._sip_telephones()
        self._begin()

    def _pump(self, tamper: Tamper | None, trace: TraceSink | None) -> Pump:
        return Pump(
            self.exchange if tamper is None else _Tampered(self.exchange, tamper),
            self.clock,
            modules=self.board.modules,
            core=self.core,
            sip=self.sip,
            journal=self.journal,
            modems=self.board.modems,
            messages=self.messages,
            on_answer=self.answers.append,
            trace=self._sinks(trace),
            on_alarm=self.alarms.append,
            on_cure=self._cure,
        )

    def _recorder(self, store: Store) -> FlightRecorder:
        office, board = self.configuration.office, self.configuration.board
        header = TraceHeader(office.version, office, board, MEDIA_ADDRESS, cityline=__version__)
        return FlightRecorder(header, self.exchange, self.core, store=store, on_trouble=_trouble)

    def _sinks(self, trace: TraceSink | None) -> TraceSink:
        sinks: TraceSink = Both(self.ladder, self.calibration)
        sinks = sinks if trace is None else Both(sinks, trace)
        return sinks if self.recorder is None else Both(sinks, self.recorder)

    def _core_settings(self, seed: int, *, records: bool) -> CoreSettings:
        office, board = self.configuration.office, self.configuration.board
        wires = self.board.wires
        return CoreSettings(
            ports=tuple(
                CorePort(port.node, WireAudio(wires[port.port].exchange, wires[port.port].line))
                for port in board.ports
            ),
            tones=tone_plan(office.country).heard,
            rtp_address=MEDIA_ADDRESS,
            rtp_first_port=board.rtp_first_port,
            rtp_sockets=board.rtp_sockets,
            seed=seed,
            recorded_s=self.configuration.office.recorder.before_s + LOOK_MS // 1_000 + 1 if records else 0,
        )

    def _sip_telephones(self) -> dict[str, SipTelephone]:
        numbers = [
            extension.number
            for extension in self.configuration.office.extensions
            if extension.kind is ExtensionKind.SIP
        ]
        telephones = {
            number: self.sip.add_telephone(number, voice=FIRST_SIP_VOICE + place, on_act=self.ladder.person)
            for place, number in enumerate(numbers)
        }
        self.ladder.media_names = {
            telephone.media.address: number for number, telephone in telephones.items()
        }
        return telephones

    def _cure(self, cured: CureAlarm) -> None:
        self.cured.append(cured)
        self.alarms[:] = [one for one in self.alarms if (one.about, one.text) != (cured.about, cured.raised)]

    def _begin(self) -> None:
        self.pump.start()
        self.messages.on_kept = self.pump.feed
        self.board.modules.start(self.pump.feed)
        self.board.modems.start(self.pump.feed)
        self.sip.begin(self.pump.feed)
        self._learn()

    def _learn(self) -> None:
        """What the gateway's housekeeping does of a line's learning."""
        self.calibration.look()
        self.clock.after_ms(LEARN_MS, self._learn)

    # --- people ---------------------------------------------------------------------------------------------

    def telephone(self, number: str) -> Telephone:
        """The analog telephone of an extension; LookupError when it has none."""
        if number not in self.board.telephones:
            raise LookupError(f"no analog telephone {number}; there are {', '.join(self.board.telephones)}")
        return self.board.telephones[number]

    def sip_telephone(self, number: str) -> SipTelephone:
        """The SIP telephone of an extension; LookupError when it has none."""
        if number not in self.sip_telephones:
            raise LookupError(f"no SIP telephone {number}; there are {', '.join(self.sip_telephones)}")
        return self.sip_telephones[number]

    def city_line(self, number: int) -> CityLine:
        """The city's end of line ``number`` (from 1)."""
        return self.board.city.line(number)

    def mobile(self, port: str) -> Mobile:
        """Whoever is at the far end of the modem in that port; LookupError when there is no such modem."""
        self.board.modems.modem(port)
        return self.board.modems.mobiles[PortId(port)]

    # --- time -----------------------------------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        """Milliseconds of virtual time since the office began."""
        return self.clock.monotonic_ns() // NS_PER_MS

    def now(self) -> Now:
        """Both clocks."""
        return Now(self.clock.monotonic_ns(), self.clock.wall_ns())

    def step(self) -> None:
        """Ten milliseconds."""
        self.clock.advance(self.clock.monotonic_ns() + TICK_MS * NS_PER_MS)
        self.core.tick()
        self.sip.carry()
        for event in self.core.events():
            self.pump.feed(event)
        if self.recorder is not None and self.now_ms >= self._next_look_ms:
            self._next_look_ms = self.now_ms + LOOK_MS
            self.recorder.look(self.now())

    def run(self, duration_ms: float) -> None:
        """Let that much time pass."""
        until_ms = self.now_ms + duration_ms
        while self.now_ms < until_ms:
            self.step()

    def run_until(self, condition: Callable[[], bool], limit_ms: int, what: str) -> int:
        """Let time pass until ``condition`` holds; returns how long it took (TooLateError says ``what``)."""
        began_ms = self.now_ms
        while not condition():
            if self.now_ms - began_ms >= limit_ms:
                raise TooLateError(f"{what}: not within {limit_ms} ms")
            self.step()
        return self.now_ms - began_ms

    # --- what is to be seen ---------------------------------------------------------------------------------

    def view(self) -> ExchangeView:
        """The exchange as it shows itself."""
        return self.exchange.view()

    def line_row(self, port: str) -> LineRow:
        """One line of it."""
        return next(row for row in self.view().lines if row.port == port)

    def close(self) -> None:
        """Give the core back."""
        self.core.close()


def read_office(name: str = "office") -> Configuration:
    """The simulated office of that name, such as ``office``, ``queue``, ``pairing``, ``line-to-sip``; one
    with a board of its own (``modem``: ``modem-board.toml``) has that.
    """
    own = SIMULATED / f"{name}-board.toml"
    return load_configuration(SIMULATED / f"{name}.toml", own if own.exists() else SIMULATED / "board.toml")


def open_office(
    name: str = "office",
    *,
    seed: int = 1,
    drift_ppm: float = 0.0,
    rotary: Collection[str] = (),
    tamper: Tamper | None = None,
) -> Office:
    """That office, running."""
    return Office(read_office(name), seed=seed, drift_ppm=drift_ppm, rotary=rotary, tamper=tamper)
