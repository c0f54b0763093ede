"""A person with an analog telephone in one of our sockets; works under any clock."""

from collections.abc import Callable

from gateway.interfaces import Clock
from gateway.model.numbers import NS_PER_MS, PortId
from gateway.simulator.display import Display, DisplaySet, Shown
from gateway.simulator.ear import Ear, Heard
from gateway.simulator.line_modules import SimulatedLineModules
from gateway.simulator.wires import SPEECH_DBM0, Wire

PULSE_BREAK_MS = 60
PULSE_MAKE_MS = 40
ROTARY_PAUSE_MS = 700
ROTARY_BOUNCE_MS = (0.5, 2.0)
FLASH_MS = 250

OnAct = Callable[[str, str], None]
"""Told who does what, for the ladder."""


class Telephone:
    """``number`` is what people call it; ``voice`` is the person's. A rotary one dials by pulses."""

    def __init__(
        self,
        number: str,
        port: PortId,
        wire: Wire,
        modules: SimulatedLineModules,
        clock: Clock,
        *,
        voice: int,
        rotary: bool = False,
        display: DisplaySet | None = None,
        on_act: OnAct | None = None,
    ) -> None:
        self.number = number
        self.port = port
        self.voice = voice
        self.rotary = rotary
        self.off_hook = False
        self.rings_ns: list[tuple[int, int | None]] = []
        self.ear = Ear(wire.device)
        self.line_loss_db = wire.settings.loss_db
        self._device = wire.device
        self._modules = modules
        self._clock = clock
        self._on_act = on_act
        self._dial: list[Callable[[], None]] = []
        self.display = Display(wire.device, display) if display is not None else None
        self.fed, self.reversed = True, False
        self.reversals: list[tuple[int, bool]] = []
        self.breaks_ms: list[int] = []
        self._broken_ms = 0
        modules.plug_telephone(port, self._power, self._wires)

    # --- what a person does ---------------------------------------------------------------------------------

    def lifts(self) -> None:
        """Lift the handset."""
        self._note("lifts")
        self._hook(True)

    def hangs_up(self) -> None:
        """Put it back; a person who hangs up is silent too."""
        self._note("hangs up")
        self._device.hush()
        for cancel in self._dial:
            cancel()
        self._dial.clear()
        self._hook(False)

    def flashes(self, duration_ms: int = FLASH_MS) -> None:
        """Tap the hook switch."""
        self._note("flashes")
        self._modules.contact(self.port, False)
        self._dial.append(self._later(duration_ms, lambda: self._modules.contact(self.port, True)))

    def dials(self, digits: str) -> None:
        """Push the buttons (80 ms on, 80 ms off) or turn the dial."""
        self._note(f"dials {digits}")
        if self.rotary:
            self._turn(digits)
        else:
            self._device.say_dtmf(digits)

    def says(self, duration_ms: int = 0, level_dbm0: float = SPEECH_DBM0) -> None:
        """Talk, for ever when no duration is given."""
        self._note("says something")
        self._device.say_speech(self.voice, level_dbm0, duration_ms)

    def hushes(self) -> None:
        """Stop talking."""
        self._device.hush()

    # --- what a person notices ------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """What the ladder calls this party."""
        return self.number

    @property
    def rings(self) -> bool:
        """The bell sounds just now."""
        return bool(self.rings_ns) and self.rings_ns[-1][1] is None

    def rung_since(self, monotonic_ns: int) -> bool:
        """The bell sounded at or after that time."""
        return any(end is None or end > monotonic_ns for _, end in self.rings_ns)

    def hears(self) -> Heard:
        """What is in the earpiece."""
        return self.ear.hears()

    @property
    def shown(self) -> list[Shown]:
        """The calls on its display, the latest last; none for a set without one."""
        return self._looked_at().shown if self.display is not None else []

    @property
    def lamp(self) -> bool:
        """Its message lamp."""
        return self.display is not None and self._looked_at().lamp

    @property
    def unread(self) -> list[str]:
        """What came to its display and was no message."""
        return self._looked_at().unread if self.display is not None else []

    def _looked_at(self) -> Display:
        assert self.display is not None
        self.display.refresh()
        return self.display

    # ------------------------------------------------------------------------------------------------------

    def _note(self, what: str) -> None:
        if self._on_act is not None:
            self._on_act(self.number, what)

    def _hook(self, off_hook: bool) -> None:
        self.off_hook = off_hook
        if self.display is not None:
            self.display.hook(off_hook)
        self._modules.contact(self.port, off_hook)

    def _power(self, on: bool) -> None:
        now_ns = self._clock.monotonic_ns()
        if on:
            self.rings_ns.append((now_ns, None))
        elif self.rings:
            self.rings_ns[-1] = (self.rings_ns[-1][0], now_ns)

    def _wires(self, fed: bool, reverse: bool) -> None:
        now_ms = self._clock.monotonic_ns() // NS_PER_MS
        if reverse is not self.reversed:
            self.reversals.append((now_ms, reverse))
            if self.display is not None:
                self.display.polarity(reverse)
        if fed and not self.fed:
            self.breaks_ms.append(now_ms - self._broken_ms)
        elif self.fed and not fed:
            self._broken_ms = now_ms
        self.fed, self.reversed = fed, reverse

    def _turn(self, digits: str) -> None:
        at_ms = ROTARY_PAUSE_MS
        for digit in digits:
            if not digit.isdigit():
                raise ValueError(f"a rotary dial has no {digit!r}")
            for _ in range(int(digit) or 10):
                self._pulse(at_ms, False)
                self._pulse(at_ms + PULSE_BREAK_MS, True)
                at_ms += PULSE_BREAK_MS + PULSE_MAKE_MS
            at_ms += ROTARY_PAUSE_MS

    def _pulse(self, at_ms: int, closed: bool) -> None:
        move = self._later(at_ms, lambda: self._modules.contact(self.port, closed, ROTARY_BOUNCE_MS))
        self._dial.append(move)

    def _later(self, delay_ms: int, callback: Callable[[], None]) -> Callable[[], None]:
        return self._clock.call_at(self._clock.monotonic_ns() + delay_ms * NS_PER_MS, callback)
