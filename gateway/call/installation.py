"""The board's sockets with their lines: every port has a machine, whether the office uses it or not."""

from dataclasses import replace
from typing import Any

from gateway.call.switchboard import CityLine, Switchboard, Telephone
from gateway.call.waiting import SecondCall
from gateway.line.cellular import Cellular, CellularSettings
from gateway.line.dialling import flash_of, pulses_of
from gateway.line.fxo import Fxo, FxoSettings
from gateway.line.fxs import Fxs, FxsSettings
from gateway.line.hook import HookSettings
from gateway.line.identity import scheme_of
from gateway.line.outdial import DialSettings
from gateway.line.ringing import Bell
from gateway.line.supervision import SupervisionSettings
from gateway.media.names import Speller
from gateway.media.tones import TonePlan
from gateway.model.machine import Machine
from gateway.model.numbers import NodeId, PortId
from gateway.model.settings import (
    AudioKind,
    BoardSettings,
    CityLineSettings,
    DialMode,
    ExtensionKind,
    ExtensionSettings,
    PortKind,
    PortSettings,
)

Line = Fxs | Fxo | Cellular


def dial_settings(city: CityLineSettings, country: str, *, pulses_possible: bool) -> DialSettings:
    """What the line says, and the country where it says nothing. Where no thread of C works the loop switch,
    a line that would try pulses does not.
    """
    pulses = pulses_of(country)
    pulses = replace(
        pulses,
        break_ms=city.pulse_break_ms or pulses.break_ms,
        make_ms=city.pulse_make_ms or pulses.make_ms,
        digits=city.pulse_digits or pulses.digits,
    )
    by_tones = city.dialling is DialMode.AUTO and not pulses_possible
    mode = DialMode.TONE if by_tones else city.dialling
    return DialSettings(mode, pulses, city.access, city.flash_ms or flash_of(country))


class Installation:
    """Lines by port, by node and by the key of any machine of theirs; whoever uses them goes to ``board``."""

    def __init__(self, ports: BoardSettings, board: Switchboard, tones: TonePlan) -> None:
        self.ports = ports.ports
        self.board = ports
        self.lines: dict[PortId, Line] = {}
        self.nodes: dict[NodeId, Line] = {}
        self.machines: dict[str, Machine[Any]] = {}
        self.line_of: dict[str, Line] = {}
        for port in self.ports:
            match port.kind:
                case PortKind.FXS:
                    telephone = self._telephone(port, board, tones)
                    self._connect(port, telephone, telephone, telephone.hook, telephone.bell)
                case PortKind.FXO:
                    city = self._city_line(port, board, tones)
                    self._connect(
                        *(port, city, city, city.ring, city.supervision),
                        *(city.polarity, city.silence, city.health),
                    )
                case PortKind.CELLULAR:
                    modem = self._modem(port, board)
                    self._connect(port, modem, *modem.machines)

    def _connect(self, port: PortSettings, line: Line, *machines: Machine[Any]) -> None:
        self.lines[port.port] = self.nodes[port.node] = line
        for machine in machines:
            self.machines[machine.key] = machine
            self.line_of[machine.key] = line

    def _telephone(self, port: PortSettings, board: Switchboard, tones: TonePlan) -> Fxs:
        office = board.office
        owner = next((one for one in office.extensions if one.port == port.port), None)
        extension = owner or ExtensionSettings("", "", ExtensionKind.ANALOG, port.port)
        settings = FxsSettings(
            bell=Bell(tones.ring_cadence_ms, port.ring_hz),
            hook=HookSettings(extension.flash_min_ms, extension.flash_max_ms),
            paired=extension.paired_line is not None,
            first_digit_ms=office.first_digit_ms,
            interdigit_ms=office.interdigit_ms,
            identity=scheme_of(extension.identity, office.country, port.capabilities),
            spelling=Speller(extension.letters),
            letters=extension.letters,
            hotline=extension.hotline,
            hotline_after_ms=extension.hotline_after_ms,
            reoriginate_after_ms=extension.reoriginate_after_ms,
            called_held_ms=extension.called_held_ms,
            answer_reversal=extension.answer_reversal,
            clear_break_ms=extension.clear_break_ms,
        )
        line = Fxs(port.port, settings, board.plan.verdict)
        if owner is not None:
            board.telephones[owner.number] = Telephone(owner, line, port.node, SecondCall(line))
        return line

    def _city_line(self, port: PortSettings, board: Switchboard, tones: TonePlan) -> Fxo:
        owner = next((one for one in board.office.city_lines if one.port == port.port), None)
        city = owner or CityLineSettings("", port.port, "")
        settings = FxoSettings(
            bell=Bell(tones.ring_cadence_ms, tones.ring_hz),
            supervision=SupervisionSettings(
                answer_after_dialling_ms=city.answer_after_dialling_ms,
                longest_call_ms=city.longest_call_ms,
                disconnect_code=city.disconnect_code,
            ),
            dial=dial_settings(
                city, board.office.country, pulses_possible=self.board.times_pulses(port.port)
            ),
            dial_tone_wait_ms=city.dial_tone_wait_ms,
            number_request=city.number_request,
            long_silence_ms=city.long_silence_ms,
        )
        line = Fxo(port.port, settings)
        if owner is not None:
            board.city_lines[owner.name] = CityLine(owner, line, port.node)
        return line

    def _modem(self, port: PortSettings, board: Switchboard) -> Cellular:
        owner = next((one for one in board.office.city_lines if one.port == port.port), None)
        settings = CellularSettings(
            own_number=owner.number if owner is not None else "",
            sound_card=port.audio is AudioKind.ALSA,
            extension=owner.messages_to if owner is not None else "",
        )
        line = Cellular(port.port, settings)
        if owner is not None:
            board.city_lines[owner.name] = CityLine(owner, line, port.node)
        return line
