"""Composition root: builds the gateway for real time, runs it, and takes it down in order. Imported by
nothing.

Order of building: configuration, state (locked), secrets, journal, trace, twins or cards, signal core,
exchange, pump; then the services: SIP, control socket, audio. Taking down goes the other way: nobody may
ask any more, the exchange clears its calls with a cause, SIP says its BYEs, the line modules take their
safe states, audio stops, journal and trace close.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from gateway import __version__
from gateway.app import shown
from gateway.config.load import Configuration, load_configuration
from gateway.drivers.addresses import media_address, refuse_foreign_address
from gateway.drivers.clock import RealClock
from gateway.drivers.device_secrets import DeviceSecrets, ensure_secrets
from gateway.drivers.echo_delays import EchoDelays
from gateway.drivers.line_knowledge import KnowledgeFile
from gateway.drivers.message_lamps import MessageLamps
from gateway.drivers.messages import MessageStore
from gateway.drivers.sip_life import UNPRIVILEGED, refuse_unknown_user
from gateway.drivers.sipstack import SofiaSipStack
from gateway.drivers.state_directory import StateDirectory, socket_address
from gateway.drivers.storage import Journal, Row
from gateway.errors import HardwareError, PinError, RtpPortError
from gateway.exchange import Exchange
from gateway.interfaces import LineModules, SipListen
from gateway.management.control import ControlSocket
from gateway.management.modems import ModemRequests
from gateway.media.core import (
    CARD_DELAY_LIMIT_SAMPLES,
    CorePort,
    CoreSettings,
    RtpTransport,
    SerialAudio,
    SignalCore,
    WireAudio,
    opus_available,
)
from gateway.media.tones import tone_plan
from gateway.model.actions import CallEnded, RaiseAlarm
from gateway.model.events import PortFailed, ShutdownRequested, SipStackDown
from gateway.model.numbers import PortId
from gateway.model.plain import Plain
from gateway.model.settings import AudioKind, ExtensionKind, PortKind, PortSettings, RelaySettings
from gateway.runtime.alarms import Alarm
from gateway.runtime.calibration import calibration_of, learn_from_endings
from gateway.runtime.card_watch import CardWatch
from gateway.runtime.lamps import light_again
from gateway.runtime.lifeline import LifelineKeeper, make_relay
from gateway.runtime.line_modules import LineModulesByPort
from gateway.runtime.live import run_pump
from gateway.runtime.modem_ports import ModemPorts
from gateway.runtime.plan_keeper import PlanKeeper
from gateway.runtime.pump import Both, Pump
from gateway.runtime.recording_desk import FETCH_MARGIN_S, RecordingDesk
from gateway.runtime.sound_cards import SoundCards, core_port, on_card
from gateway.runtime.supervisor import first_of_group, keep, pause, watch_audio
from gateway.runtime.sure_delays import sure_delays
from gateway.runtime.trace import TraceHeader, TraceWriter
from gateway.simulator.board import SimulatedBoard

ALARMS_KEPT = 50
HOUSEKEEPING_S = 1.0
FIRST_ID = 1000
RTCP_INTERVAL_MS = 5_000  # RFC 3550 section 6.2

Made = TypeVar("Made")

_log = logging.getLogger("cityline")


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What the command line says.

    ``sip_port`` overrides the office's; ``sip_user`` is whom root's SIP process becomes.
    """

    office: Path
    board: Path
    state: Path
    listen: str = "127.0.0.1"
    sip_port: int | None = None
    sip_user: str = UNPRIVILEGED


class Gateway:
    """A gateway in real time: made by `running`, used by the prompt and by tests."""

    def __init__(
        self,
        settings: RunSettings,
        configuration: Configuration,
        state: StateDirectory,
        stopped: asyncio.Event,
    ) -> None:
        office, board = configuration.office, configuration.board
        self.settings = settings
        self.configuration = configuration
        self.state = state
        self.stopped = stopped
        self.alarms: deque[Alarm] = deque(maxlen=ALARMS_KEPT)
        self.on_alarm: Callable[[Alarm], None] = lambda alarm: None
        self.on_cure: Callable[[Alarm], None] = lambda alarm: None  # ``text`` is the good news
        self.obey: Callable[[str], Plain] | None = None
        """Takes a line of the bench prompt; set by whoever knows the bench."""
        self.on_call_recorded: Callable[[CallEnded], None] = lambda row: None
        self.listen = SipListen(
            settings.listen, settings.sip_port or office.sip.port, office.sip.realm, office.sip.transports
        )
        refuse_foreign_address(settings.listen)
        refuse_unknown_user(settings.sip_user)
        self.media_address = media_address(settings.listen)
        self.requests = ModemRequests()
        self.began_ns = time.monotonic_ns()
        self._loop = asyncio.get_running_loop()
        with contextlib.ExitStack() as undo:
            self.secrets = self._make_secrets()
            self.journal = self._open_journal()
            undo.callback(self.journal.close)
            self.trace = self._open_trace()
            undo.callback(self.trace.close)
            self.clock = RealClock(self._loop)
            self.board = self._make_twins()
            self.modules = self._make_modules()
            undo.callback(self.modules.stop)
            self.relay = self._placed(lambda: make_relay(board, self.clock))
            self.echo_delays = self._open_echo_delays()
            self.core = self._make_core()
            undo.callback(self.core.close)
            self.cards = SoundCards(self.core, self._note_about_card)
            self.missing_cards = self.cards.bring_back(on_card(board.ports))
            self.card_watch = CardWatch(board.ports, self.missing_cards)
            self.messages = self._open_messages()
            undo.callback(self.messages.close)
            self.plans = PlanKeeper(self.core)
            self.knowledge = KnowledgeFile(self.state.line_knowledge, self._trouble_of("city lines"))
            self.calibration = calibration_of(board, self.core, office.country, self.knowledge, self.alarm)
            self.exchange = Exchange(office, board, media_address=self.media_address, first_id=FIRST_ID)
            self.sip = SofiaSipStack(user=settings.sip_user)
            self.desk = self._make_desk(undo)
            self.modems = ModemPorts(
                board, self.board.modems, state.pins, configuration.pins, lambda: self.core
            )
            self.pump = self._make_pump()
            self.lifeline = self._make_lifeline(board.relay)
            undo.pop_all()

    # --- building -------------------------------------------------------------------------------------------

    def _make_secrets(self) -> DeviceSecrets:
        office = self.configuration.office
        numbers = [extension.number for extension in office.extensions if extension.kind is ExtensionKind.SIP]
        return ensure_secrets(self.state.secrets, office.sip.realm, numbers, self.configuration.secrets)

    def _open_journal(self) -> Journal:
        def committed(rows: list[Row]) -> None:
            ended = [row for row in rows if isinstance(row, CallEnded)]
            if ended and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(lambda: [self.on_call_recorded(row) for row in ended])

        def cured(trouble: str, text: str) -> None:
            self._loop.call_soon_threadsafe(self.cure, RaiseAlarm("journal", trouble), text)

        return Journal(
            self.state.journal,
            version=__version__,
            on_committed=committed,
            on_trouble=self._trouble_of("journal"),
            on_cured=cured,
        )

    def _header(self) -> TraceHeader:
        office, board = self.configuration.office, self.configuration.board
        return TraceHeader(
            office.version, office, board, self.media_address, first_id=FIRST_ID, cityline=__version__
        )

    def _open_trace(self) -> TraceWriter:
        return TraceWriter(self.state.trace, self._header(), on_trouble=self._trouble_of("trace"))

    def _open_echo_delays(self) -> EchoDelays:
        trouble = self._trouble_of("echo delays")
        return EchoDelays(self.state.echo_delays, CARD_DELAY_LIMIT_SAMPLES, trouble)

    def _make_desk(self, undo: contextlib.ExitStack) -> RecordingDesk:
        trouble = self._trouble_of("flight recorder")
        desk = RecordingDesk(self._header(), self.exchange, self.core, self.clock, self.state, trouble)
        undo.callback(desk.close)
        return desk

    def _make_twins(self) -> SimulatedBoard:
        """What is plugged into the simulated ports."""
        board = self.configuration.board
        simulated = tuple(port for port in board.ports if port.simulated)
        ports, pins = replace(board, ports=simulated), self.configuration.pins
        return SimulatedBoard(self.clock, ports, self.configuration.office, seed=1, pins=pins)

    def _make_pump(self) -> Pump:
        return Pump(
            self.exchange,
            self.clock,
            modules=self.modules,
            core=self.plans,
            sip=self.sip,
            journal=self.journal,
            modems=self.modems.modems,
            messages=self.messages,
            lamps=MessageLamps(self.state.lamps),
            trace=Both(Both(self.trace, self.desk.recorder), self.calibration),
            on_alarm=self.alarm,
            on_cure=lambda cured: self.cure(RaiseAlarm(cured.about, cured.raised), cured.text),
            on_answer=self.requests.answered,
            survives_bugs=True,
        )

    def _open_messages(self) -> MessageStore:
        trouble = self._trouble_of("messages")
        soon = self._loop.call_soon_threadsafe
        return MessageStore(self.state.messages, self.clock, call_soon=soon, on_trouble=trouble)

    def _make_modules(self) -> LineModulesByPort:
        """The twin's modules, and those on real pins where the board has some."""
        board = self.configuration.board
        real = [port for port in board.ports if not port.simulated and port.kind is not PortKind.CELLULAR]
        of_port: dict[PortId, LineModules] = {port.port: self.board.modules for port in board.ports}
        if real:
            from gateway.drivers.line_modules import GpioLineModules  # gpiod is only where pins are

            on_pins = self._placed(
                lambda: GpioLineModules(real, ringing_at_once=board.ringing_at_once, library=board.gpio)
            )
            of_port |= {port.port: on_pins for port in real}
        return LineModulesByPort(of_port)

    def _make_lifeline(self, settings: RelaySettings | None) -> LifelineKeeper | None:
        if settings is None or self.relay is None:
            return None
        return LifelineKeeper(
            settings, self.relay, self.clock, lambda: self.core.statistics().ticks, self.pump.feed
        )

    def _placed(self, make: Callable[[], Made]) -> Made:
        """What drives pins; when one cannot be had, board.toml's line is named."""
        try:
            return make()
        except PinError as error:
            raise HardwareError(f"{self.configuration.place_of_pin(error.pin)}: {error}") from None

    def _make_core(self) -> SignalCore:
        """The core; its cards are still to be plugged in."""
        office, board = self.configuration.office, self.configuration.board
        settings = CoreSettings(
            ports=tuple(self._core_port(port) for port in board.ports),
            tones=tone_plan(office.country).heard,
            rtp_transport=RtpTransport.UDP,
            rtp_address=self.settings.listen,
            rtp_first_port=board.rtp_first_port,
            rtp_sockets=board.rtp_sockets,
            seed=secrets.randbits(32),
            recorded_s=office.recorder.before_s + FETCH_MARGIN_S if office.recorder.calls else 0,
            rtcp_interval_ms=RTCP_INTERVAL_MS,
        )
        try:
            core = SignalCore(settings)
        except RtpPortError as error:
            place = self.configuration.board_places.of("rtp", "first_port")
            raise HardwareError(f"{place}: {error}") from None
        for name, samples in self.configuration.clips.items():
            core.load_clip(name, samples)
        return core

    def _core_port(self, port: PortSettings) -> CorePort:
        if port.audio is AudioKind.WIRE:
            wire = self.board.wires[port.port]
            return CorePort(port.node, WireAudio(wire.exchange, wire.line))
        if port.audio is AudioKind.SERIAL:
            return CorePort(port.node, SerialAudio())
        return core_port(port, self.echo_delays.delay_of(port.card, port.port))

    def _note_about_card(self, port: PortId, text: str) -> None:
        self._loop.call_soon_threadsafe(self.alarm, RaiseAlarm(port, text))

    # --- running --------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """The first step, then everything that makes events."""
        self.pump.start()
        for port, reason in self.missing_cards.items():
            self.pump.feed(PortFailed(port, reason))
        light_again(self.pump.lamps, self.numbers(), self.pump.feed)
        self.messages.on_kept = self.pump.feed
        self.requests.begin(self.pump.feed, self.exchange.view)
        self.modules.start(self.pump.feed)
        self.modems.modems.start(self.pump.feed)
        self.core.start_audio()

    async def serve_sip(self) -> None:
        """SIP until the gateway stops; its driver restarts the process by itself."""
        try:
            await self.sip.start(self.pump.feed, self.listen, self.secrets.accounts)
        except HardwareError as error:
            self.pump.feed(SipStackDown(str(error)))  # the exchange raises the alarm
            raise
        await self.stopped.wait()

    async def serve_control(self) -> None:
        """The control socket until the gateway stops."""
        control = ControlSocket(shown.sources(self))
        with socket_address(self.state.socket) as address:
            await control.open(self.state.socket, address)
        try:
            await self.stopped.wait()
        finally:
            await control.close()

    async def keep_house(self) -> None:
        """Once a second: the trace to its file, a look at the sound cards, their echoes and the storage
        thread.

        HardwareError when the storage thread is gone: calls would no longer be recorded.
        """
        while not await pause(self.stopped, HOUSEKEEPING_S):
            self.trace.flush()
            self.desk.look()
            for flow in self.modems.voices.flows(self.core.statistics()):
                self.pump.feed(flow)
            await self._watch_cards()
            if self.echo_delays.look(sure_delays(self.configuration.board.ports, self.core.statistics())):
                await asyncio.to_thread(self.echo_delays.save)
            await learn_from_endings(self.calibration, self.knowledge.save)
            if not self.journal.is_alive:
                raise HardwareError(
                    "the storage thread has ended, calls are not recorded: the gateway ends;"
                    " start it again (systemd does so by itself)"
                )

    async def _watch_cards(self) -> None:
        look = self.card_watch.look(self.core.statistics())
        for event in look.events:
            self.pump.feed(event)
        if look.away:
            await asyncio.to_thread(self.cards.bring_back, look.away)

    async def end(self) -> None:
        """Clear every call with a cause, say BYE, put the lines to rest, close what is open; each in any
        case.
        """
        async with contextlib.AsyncExitStack() as last_to_first:
            last_to_first.callback(self.trace.close)
            last_to_first.push_async_callback(asyncio.to_thread, self.journal.close)
            last_to_first.push_async_callback(asyncio.to_thread, self.messages.close)
            last_to_first.callback(self.core.close)
            last_to_first.push_async_callback(asyncio.to_thread, self.desk.store.close)
            last_to_first.callback(self.desk.recorder.stop)
            last_to_first.push_async_callback(asyncio.to_thread, self.cards.stop)
            last_to_first.callback(self.core.stop_audio)
            last_to_first.callback(self.pump.timers.cancel_all)
            last_to_first.callback(self.modules.stop)
            last_to_first.callback(self.modems.modems.stop)
            if self.relay is not None:
                last_to_first.callback(self.relay.stop)
            last_to_first.push_async_callback(self.sip.stop)
            self.pump.feed(ShutdownRequested())

    # --- what people see ------------------------------------------------------------------------------------

    def alarm(self, raised: RaiseAlarm) -> None:
        """Remember an alarm and tell the terminal."""
        alarm = Alarm(time.time_ns(), raised.about, raised.text)
        self.alarms.append(alarm)
        self.on_alarm(alarm)

    def cure(self, raised: RaiseAlarm, text: str) -> None:
        """What an alarm said is over: it leaves the status, and the terminal is told."""
        for alarm in [one for one in self.alarms if (one.about, one.text) == (raised.about, raised.text)]:
            self.alarms.remove(alarm)
        self.on_cure(Alarm(time.time_ns(), raised.about, text))

    def _trouble_of(self, about: str) -> Callable[[str], None]:
        def tell(text: str) -> None:
            self._loop.call_soon_threadsafe(self.alarm, RaiseAlarm(about, text))

        return tell

    def numbers(self) -> set[str]:
        """Numbers of the extensions."""
        return {extension.number for extension in self.configuration.office.extensions}

    def status(self) -> Plain:
        """What `cityline status` shows."""
        return shown.status(self)


async def run(
    settings: RunSettings,
    stopped: asyncio.Event,
    *,
    on_started: Callable[[Gateway], None] = lambda gateway: None,
    prompt: Callable[[Gateway], Awaitable[None]] | None = None,
) -> None:
    """Run a gateway until ``stopped`` is set (a signal), or until ``prompt`` returns.

    Raises `ConfigError`, `StateError`, `StorageError` or `HardwareError` when it cannot start,
    `HardwareError` when it cannot go on; what runs is taken down in order in any case.
    """
    configuration = await asyncio.to_thread(
        load_configuration, settings.office, settings.board, sip_port=settings.sip_port
    )
    if not opus_available():
        configuration = configuration.without_opus()
    state = StateDirectory(settings.state)
    with state.locked():
        gateway = Gateway(settings, configuration, state, stopped)
        try:
            on_started(gateway)
            gateway.begin()
            with first_of_group():
                await _serve(gateway, prompt)
        finally:
            stopped.set()
            await gateway.end()


async def _serve(gateway: Gateway, prompt: Callable[[Gateway], Awaitable[None]] | None) -> None:
    stopped = gateway.stopped
    async with asyncio.TaskGroup() as group:
        group.create_task(run_pump(gateway.pump, gateway.core, stopped), name="pump")
        group.create_task(keep("SIP", gateway.serve_sip, stopped, lambda alarm: None), name="sip")
        group.create_task(
            keep("control socket", gateway.serve_control, stopped, gateway.alarm), name="control"
        )
        looking = keep("modems", lambda: gateway.modems.serve(stopped), stopped, gateway.alarm)
        group.create_task(looking, name="modems")
        group.create_task(gateway.keep_house(), name="housekeeping")
        group.create_task(watch_audio(lambda: gateway.core.statistics().ticks, stopped), name="audio watch")
        if gateway.lifeline is not None:
            group.create_task(gateway.lifeline.run(stopped), name="power-fail relay")
        if prompt is not None:
            asking = group.create_task(_ask(prompt, gateway), name="prompt")
            await stopped.wait()
            asking.cancel()


async def _ask(prompt: Callable[[Gateway], Awaitable[None]], gateway: Gateway) -> None:
    try:
        await prompt(gateway)
    finally:
        gateway.stopped.set()
