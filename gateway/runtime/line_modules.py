"""Line modules of both worlds on one board: each order goes to the modules that its port hangs on."""

from collections.abc import Mapping, Sequence

from gateway.errors import Bug
from gateway.interfaces import EventSink, LineModules
from gateway.model.numbers import PortId


class LineModulesByPort:
    """Implements `gateway.interfaces.LineModules` by others that do, each for its own ports."""

    def __init__(self, of_port: Mapping[PortId, LineModules]) -> None:
        self._of_port = dict(of_port)
        self._each = list({id(modules): modules for modules in of_port.values()}.values())

    def start(self, sink: EventSink) -> None:
        """Begin to report edges."""
        for modules in self._each:
            modules.start(sink)

    def start_ringing(
        self, port: PortId, cadence_ms: Sequence[int], frequency_hz: int, rounds: int = 0
    ) -> None:
        """Ring until stopped, or so many rounds."""
        self._of(port).start_ringing(port, cadence_ms, frequency_hz, rounds)

    def stop_ringing(self, port: PortId) -> None:
        """Stop at once."""
        self._of(port).stop_ringing(port)

    def set_loop(self, port: PortId, closed: bool, breaks_ms: Sequence[int] = ()) -> None:
        """Close or open the loop of an FXO port; feed an FXS port, or break its loop."""
        self._of(port).set_loop(port, closed, breaks_ms)

    def set_polarity(self, port: PortId, reverse: bool) -> None:
        """Reverse the wires of an FXS port, or put them back."""
        self._of(port).set_polarity(port, reverse)

    def stop(self) -> None:
        """All of them to their safe states."""
        for modules in self._each:
            modules.stop()

    def _of(self, port: PortId) -> LineModules:
        if port not in self._of_port:
            raise Bug(f"{port} is no port of this board")
        return self._of_port[port]
