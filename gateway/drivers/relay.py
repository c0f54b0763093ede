"""The power-fail relay on real pins: its charge pump's pin, and the detector of the line's current where the
board has one.
"""

from gateway.drivers.gpio import Pin
from gateway.drivers.line_modules import open_pins, pin_of
from gateway.model.settings import PinLibrary, RelaySettings


class PinRelay:
    """Implements `gateway.interfaces.Relay`. `HardwareError` when a pin cannot be had."""

    def __init__(self, settings: RelaySettings, library: PinLibrary = PinLibrary.GPIOD) -> None:
        self._pump = pin_of(settings.pin)
        self._detector: Pin | None = None
        if settings.in_use:
            self._detector = pin_of(settings.in_use)._replace(active_low=settings.in_use_active_low)
        self._pins = open_pins(library, {self._pump: False}, [self._detector] if self._detector else [])
        self._high = False
        self._stopped = False

    def toggle(self) -> None:
        """Turn the pin over: the pump gets some charge."""
        self._high = not self._high
        self._pins.drive(self._pump, self._high)

    def line_in_use(self) -> bool:
        """Whether current flows in the line; never, where nothing detects it."""
        return self._detector is not None and self._pins.level(self._detector)

    def stop(self) -> None:
        """No more charge: the relay lets go."""
        if not self._stopped:
            self._stopped = True
            self._pins.drive(self._pump, False)
            self._pins.close()
