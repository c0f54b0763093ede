"""The simulated board with everything that is plugged into it: wires, modules, telephones, the city.

Each port's line has other physics (hybrid, delay, echo loss, noise), so that no test passes by a lucky line.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.interfaces import Clock
from gateway.model.numbers import PortId
from gateway.model.settings import (
    ON_HOOK_AUDIO,
    BoardSettings,
    ExtensionKind,
    ExtensionSettings,
    OfficeSettings,
    PortKind,
)
from gateway.simulator.central_office import CentralOffice, CityLine
from gateway.simulator.city_character import CityCharacter
from gateway.simulator.display import set_for
from gateway.simulator.line_modules import SimulatedLineModules
from gateway.simulator.modems import OnModem, SimulatedModems
from gateway.simulator.telephone import OnAct, Telephone
from gateway.simulator.wires import Wire, WireSettings

CITY_ERL_DB = (12.0, 9.0, 15.0, 11.0)
TELEPHONE_ERL_DB = (14.0, 18.0, 12.0, 16.0)
CITY_DELAY_MS = (4.0, 7.5, 2.0, 11.0)
TELEPHONE_DELAY_MS = (0.5, 1.0, 1.5, 0.25)
CITY_LOSS_DB = 2.0
TELEPHONE_LOSS_DB = 0.5
CITY_NOISE_DBM0 = -58.0
TELEPHONE_NOISE_DBM0 = -64.0
MODEM_ERL_DB = 40.0
"""What comes back of what is said into a mobile telephone at the other end."""
MODEM_NOISE_DBM0 = -66.0
SHAPES = 5
FIRST_CITY_VOICE = 500


@dataclass(frozen=True, slots=True)
class CityCircuit:
    """A city line that is not the usual one: its exchange and its wire."""

    character: CityCharacter
    wire: WireSettings


def telephone_wire(place: int, seed: int, *, heard_on_hook: bool = False) -> WireSettings:
    """The line of the telephone at that place of the board (from 0)."""
    return WireSettings(
        seed=seed * 1_000 + place,
        erl_db=TELEPHONE_ERL_DB[place % len(TELEPHONE_ERL_DB)],
        echo_delay_ms=TELEPHONE_DELAY_MS[place % len(TELEPHONE_DELAY_MS)],
        echo_shape=place % SHAPES,
        loss_db=TELEPHONE_LOSS_DB,
        noise_dbm0=TELEPHONE_NOISE_DBM0,
        on_hook_to_device=heard_on_hook,
    )


def city_wire(place: int, seed: int) -> WireSettings:
    """The city line at that place of the board; caller identity passes while the loop is open."""
    return WireSettings(
        seed=seed * 1_000 + 100 + place,
        erl_db=CITY_ERL_DB[place % len(CITY_ERL_DB)],
        echo_delay_ms=CITY_DELAY_MS[place % len(CITY_DELAY_MS)],
        echo_shape=(place + 3) % SHAPES,
        loss_db=CITY_LOSS_DB,
        noise_dbm0=CITY_NOISE_DBM0,
        hum_dbm0=-66.0,
        on_hook_to_port=True,
    )


def modem_wire(place: int, seed: int) -> WireSettings:
    """What carries the voice of the modem at that place: no hybrid, and a mobile network's quiet."""
    return WireSettings(
        seed=seed * 1_000 + 200 + place,
        erl_db=MODEM_ERL_DB,
        loss_db=0.0,
        noise_dbm0=MODEM_NOISE_DBM0,
        click_dbm0=-100.0,
    )


def _drifting(settings: WireSettings, ppm: float) -> WireSettings:
    return replace(settings, drift_ppm=ppm)


class SimulatedBoard:
    """Wires, line modules, telephones (by extension number) and the city of one office.

    ``rotary`` names the extensions whose telephones dial by pulses. ``drift_ppm`` is how much faster than
    ours the clocks of telephones are, and how much slower the city's. ``circuits`` are those of the first
    city lines, the others are as usual. `wires` is by port: each is what
    `media.core_values.WireAudio` wants.
    """

    def __init__(
        self,
        clock: Clock,
        board: BoardSettings,
        office: OfficeSettings,
        *,
        seed: int = 1,
        drift_ppm: float = 0.0,
        circuits: Sequence[CityCircuit] = (),
        rotary: Collection[str] = (),
        on_act: OnAct | None = None,
        on_city: Callable[[CityLine, str], None] | None = None,
        on_modem: OnModem | None = None,
        pins: Mapping[PortId, str] | None = None,
    ) -> None:
        fxs = [port.port for port in board.ports if port.kind is PortKind.FXS]
        on_hook = {port.port for port in board.ports if ON_HOOK_AUDIO in port.capabilities}
        fxo = [port.port for port in board.ports if port.kind is PortKind.FXO]
        self.wires: dict[PortId, Wire] = {
            **{
                port: Wire(_drifting(telephone_wire(place, seed, heard_on_hook=port in on_hook), drift_ppm))
                for place, port in enumerate(fxs)
            },
            **{port: Wire(_drifting(city_wire(place, seed), -drift_ppm)) for place, port in enumerate(fxo)},
            **{port: Wire(circuit.wire) for port, circuit in zip(fxo, circuits, strict=False)},
        }
        cellular = [port for port in board.ports if port.kind is PortKind.CELLULAR]
        self.wires |= {port.port: Wire(modem_wire(place, seed)) for place, port in enumerate(cellular)}
        self.modems = SimulatedModems(clock, cellular, office, self.wires, pins=pins, on_event=on_modem)
        self.modules = SimulatedLineModules(clock, self.wires, seed=seed)
        extensions = {
            extension.port: extension
            for extension in office.extensions
            if extension.kind is ExtensionKind.ANALOG
        }
        self.telephones: dict[str, Telephone] = {}
        for place, port in enumerate(fxs):
            extension = extensions.get(port) or ExtensionSettings(str(port), "", ExtensionKind.ANALOG)
            number = extension.number
            self.telephones[number] = Telephone(
                number,
                port,
                self.wires[port],
                self.modules,
                clock,
                voice=place + 1,
                rotary=number in rotary,
                display=set_for(extension.identity, office.country, extension.letters),
                on_act=on_act,
            )
        self.city = CentralOffice(
            clock,
            self.modules,
            {port: self.wires[port] for port in fxo},
            first_voice=FIRST_CITY_VOICE,
            on_event=on_city,
        )
        for line, circuit in zip(self.city.lines, circuits, strict=False):
            line.character = circuit.character
