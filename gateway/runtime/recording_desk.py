"""The flight recorder of a running gateway: recorder and store together, and what people ask of them."""

from collections.abc import Callable

from gateway.drivers.state_directory import StateDirectory
from gateway.errors import CitylineError
from gateway.interfaces import Clock
from gateway.model.numbers import Now, PortId
from gateway.model.plain import Plain
from gateway.model.settings import PortKind, RecordedAudio
from gateway.records.recordings import recordings
from gateway.runtime.recorder import Core, FlightRecorder, Watched
from gateway.runtime.recordings import RecordingStore
from gateway.runtime.trace import TraceHeader

AGE_LOOK_S = 3_600
"""How often recordings are looked through for those that are too old."""
FETCH_MARGIN_S = 3
"""The core keeps so much more than the time before an event: housekeeping may be late."""


class RecordingError(CitylineError):
    """What was asked of the recorder cannot be done; the text says why."""


class RecordingDesk:
    """Made once for a run; `recorder` is the pump's second trace sink."""

    def __init__(
        self,
        configuration: TraceHeader,
        exchange: Watched,
        core: Core,
        clock: Clock,
        state: StateDirectory,
        on_trouble: Callable[[str], None],
    ) -> None:
        self._configuration = configuration
        self._clock = clock
        self._directory = state.recordings
        self._looks = 0
        self.store = RecordingStore(
            state.recordings, configuration.office.recorder, wall_ns=clock.wall_ns, on_trouble=on_trouble
        )
        self.recorder = FlightRecorder(
            configuration,
            exchange,
            core,
            store=self.store.store,
            on_trouble=on_trouble,
            survives_bugs=True,
        )

    def look(self) -> None:
        """Once a second."""
        self.recorder.look(self._now())
        if self._looks % AGE_LOOK_S == 0:
            self.store.erase_old()
        self._looks += 1

    def close(self) -> None:
        """The gateway ends: everything is written; may take a moment."""
        self.recorder.stop()
        self.store.close()

    def _now(self) -> Now:
        return Now(self._clock.monotonic_ns(), self._clock.wall_ns())

    # --- what people ask ------------------------------------------------------------------------------------

    def obey(self, line: str) -> Plain:
        """``list LINE``, ``start LINE AUDIO`` or ``stop LINE``; RecordingError says why not."""
        order, _, rest = line.partition(" ")
        name, _, audio = rest.partition(" ")
        port = self.port_of(name)
        if self.recorder.off and order == "start":
            raise RecordingError('the flight recorder is off: "calls" in [recorder] of office.toml is 0')
        if order == "start":
            try:
                what = RecordedAudio(audio)
            except ValueError:
                raise RecordingError(f"{audio!r} is no sound to record: none, signalling or all") from None
            self.recorder.start_by_hand(port, what, self._now())
        elif order == "stop":
            if not self.recorder.stop_by_hand(port, self._now()):
                raise RecordingError(f"{port} is not being recorded by hand")
            self.store.flush()
        elif order != "list":
            raise RecordingError(f"{order!r} is nothing that the recorder does")
        by_hand = self.recorder.by_hand.get(port)
        kept: list[Plain] = [
            {"name": one.name, "began_ns": one.began_ns, "why": one.why, "size_bytes": one.size_bytes}
            for one in recordings(self._directory, port)
        ]
        return {"port": port, "by_hand": None if by_hand is None else str(by_hand), "recordings": kept}

    def port_of(self, name: str) -> PortId:
        """A line by its port (fxo1), its name (city1), its extension (101), or its number among the city
        lines.
        """
        office, ports = self._configuration.office, self._configuration.board.ports
        names = {str(port.port): port.port for port in ports}
        city = [port.port for port in ports if port.kind is PortKind.FXO]
        numbered = {str(place): port for place, port in enumerate(city, 1)}
        owned = {one.number: one.port for one in office.extensions if one.port is not None}
        named = {line.name: line.port for line in office.city_lines}
        known = numbered | owned | named | names
        if name not in known:
            raise RecordingError(f"there is no line {name!r}; there are {', '.join(known)}")
        return known[name]
