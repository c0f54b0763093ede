"""What all calls share: the stations and lines, who is in which call, the queues, the RTP sockets.

Everything here is live state keyed by names and ids; it decides nothing. Deciding is the calls' business.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.call.leg import Leg, PartyLine
from gateway.call.sip_leg import Binding, SipLeg
from gateway.call.waiting import SecondCall
from gateway.errors import Bug
from gateway.line.cellular import Cellular
from gateway.line.fxo import Fxo
from gateway.line.fxs import Fxs
from gateway.model.causes import Cause
from gateway.model.machine import Ids, Step
from gateway.model.numbers import CallId, DialogId, LegId, NodeId
from gateway.model.settings import CityLineSettings, ExtensionKind, ExtensionSettings, OfficeSettings
from gateway.routing.callqueue import CallQueue
from gateway.routing.dialplan import DialPlan

if TYPE_CHECKING:
    from gateway.call.call import Call


@dataclass(slots=True)
class Telephone:
    """An analog extension: its line, its node in the plan, and the call that its handset is not on."""

    extension: ExtensionSettings
    line: Fxs
    node: NodeId
    second: SecondCall


@dataclass(slots=True)
class CityLine:
    """A city line, by wire or by a modem, and its node in the plan."""

    settings: CityLineSettings
    line: Fxo | Cellular
    node: NodeId


@dataclass(slots=True)
class Sockets:
    """The free RTP sockets. A freed one is handed out last, when late packets of its call are over."""

    free: deque[int]
    count: int

    @classmethod
    def of(cls, count: int) -> Sockets:
        """All of them free."""
        return cls(deque(range(count)), count)

    @property
    def used(self) -> int:
        """How many are handed out."""
        return self.count - len(self.free)

    def take(self) -> int | None:
        """One that is free, or None."""
        return self.free.popleft() if self.free else None

    def give_back(self, socket: int) -> None:
        """Free it; `Bug` when it is free already."""
        if socket in self.free:
            raise Bug(f"RTP socket {socket} was given back twice")
        self.free.append(socket)


@dataclass(slots=True)
class Switchboard:
    """The shared state of call control."""

    office: OfficeSettings
    plan: DialPlan
    ids: Ids
    sockets: Sockets
    media_address: str
    rtp_first_port: int
    telephones: dict[str, Telephone] = field(default_factory=dict)
    city_lines: dict[str, CityLine] = field(default_factory=dict)
    queues: dict[str, CallQueue] = field(default_factory=dict)
    bindings: dict[str, dict[str, Binding]] = field(default_factory=dict)
    legs: dict[str, Leg] = field(default_factory=dict)
    dialogs: dict[DialogId, SipLeg] = field(default_factory=dict)
    calls: dict[CallId, Call] = field(default_factory=dict)
    sip_up: bool = True
    sip_failure: str = ""
    """Why SIP is down, as people were told."""
    lamps: set[str] = field(default_factory=set)
    """Extensions for which a message waits."""
    sip_alarms: list[str] = field(default_factory=list)
    """Alarms about SIP that stand."""
    closing: bool = False

    # --- legs -----------------------------------------------------------------------------------------------

    def seat(
        self, call: CallId, line: PartyLine, node: NodeId, number: str, name: str, via: str, step: Step
    ) -> Leg:
        """Put a party into a call; `Bug` when its line is in one already."""
        if line.key in self.legs:
            raise Bug(f"{line.key} is in call {self.legs[line.key].call} already")
        leg = Leg(LegId(step.new_id()), call, line, node, number, name, via)
        self.legs[line.key] = leg
        return leg

    def unseat(self, leg: Leg) -> None:
        """Take a party out of its call; `Bug` when it is in none."""
        if self.legs.pop(leg.key, None) is not leg:
            raise Bug(f"{leg.key} is in no call")

    # --- stations -------------------------------------------------------------------------------------------

    def extension(self, number: str) -> ExtensionSettings | None:
        """The extension of that number."""
        destination = self.plan.destination(number)
        return destination if isinstance(destination, ExtensionSettings) else None

    def why_not(self, number: str) -> Cause | None:
        """Why an extension cannot be rung now; None when it can."""
        extension = self.extension(number)
        if extension is None:
            return Cause.UNALLOCATED_NUMBER
        if extension.kind is ExtensionKind.ANALOG:
            telephone = self.telephones.get(number)
            if telephone is None or telephone.line.failure:
                return Cause.DESTINATION_OUT_OF_ORDER
            return None if telephone.line.free else Cause.USER_BUSY
        if any(leg.number == number and isinstance(leg.line, SipLeg) for leg in self.legs.values()):
            return Cause.USER_BUSY
        if not self.sip_up:
            return Cause.NETWORK_OUT_OF_ORDER
        return None if self.bindings.get(number) else Cause.SUBSCRIBER_ABSENT

    def told_before_ringing(self, number: str) -> bool:
        """Whether it must be known who calls before that extension can be rung."""
        telephone = self.telephones.get(number)
        if telephone is None:
            return self.extension(number) is not None
        return telephone.line.bell.scheme is not None and telephone.line.bell.scheme.before_ringing

    def is_free(self, number: str) -> bool:
        """Whether that extension can be rung now."""
        return self.why_not(number) is None

    def line_is_well(self, name: str) -> bool:
        """Whether nothing is known to be wrong with that city line."""
        city = self.city_lines.get(name)
        return city is not None and city.line.well

    def line_is_free(self, name: str) -> bool:
        """Whether that city line can be seized now."""
        city = self.city_lines.get(name)
        return city is not None and city.line.free

    def signal_dbm(self, name: str) -> int:
        """How well that line hears its network; 0 for a wire."""
        line = self.city_lines[name].line
        return line.signal_dbm if isinstance(line, Cellular) else 0

    def seat_telephone(self, call: CallId, telephone: Telephone, step: Step) -> Leg:
        """A leg on an analog telephone."""
        extension, line = telephone.extension, telephone.line
        return self.seat(call, line, telephone.node, extension.number, extension.name, line.port, step)

    def seat_second(self, call: CallId, telephone: Telephone, step: Step) -> Leg:
        """A leg on the second call of an analog telephone."""
        extension = telephone.extension
        second, via = telephone.second, telephone.line.port
        return self.seat(call, second, telephone.node, extension.number, extension.name, via, step)

    def telephone_of(self, key: str) -> Telephone | None:
        """The telephone whose line has that key."""
        return next((one for one in self.telephones.values() if one.line.key == key), None)

    def seat_city_line(self, call: CallId, city: CityLine, number: str, name: str, step: Step) -> Leg:
        """A leg on a city line."""
        return self.seat(call, city.line, city.node, number, name, city.line.port, step)

    def seat_station(self, call: CallId, number: str, step: Step) -> list[Leg]:
        """Legs on everything that rings for an extension: its telephone, or each of its SIP bindings."""
        telephone = self.telephones.get(number)
        if telephone is not None:
            return [self.seat_telephone(call, telephone, step)]
        extension = self.extension(number)
        name = extension.name if extension is not None else ""
        legs = []
        for binding in self.bindings.get(number, {}).values():
            dialog = self.open_dialog(number, binding.contact, step)
            if dialog is not None:
                legs.append(self.seat(call, dialog, dialog.node, number, name, binding.contact, step))
        return legs

    # --- dialogs --------------------------------------------------------------------------------------------

    def open_dialog(self, extension: str, contact: str, step: Step) -> SipLeg | None:
        """A dialog of ours towards a binding; None when no RTP socket is free."""
        socket = self.sockets.take()
        if socket is None:
            return None
        dialog = DialogId(step.new_id() * 2)
        return self._dialog(dialog, extension, contact, socket, step)

    def admit_dialog(self, dialog: DialogId, extension: str, step: Step) -> SipLeg | None:
        """A dialog of theirs; None when no RTP socket is free; `Bug` when the number is in use."""
        if dialog in self.dialogs:
            raise Bug(f"dialog {dialog} was handed out twice")
        socket = self.sockets.take()
        if socket is None:
            return None
        return self._dialog(dialog, extension, "", socket, step)

    def _dialog(self, dialog: DialogId, extension: str, contact: str, socket: int, step: Step) -> SipLeg:
        leg = SipLeg(
            dialog,
            extension,
            contact,
            NodeId(step.new_id()),
            socket,
            self.local_media(socket),
            comfort_noise=self.office.sip.comfort_noise,
            opus=self.office.sip.opus,
        )
        self.dialogs[dialog] = leg
        return leg

    def close_dialog(self, leg: SipLeg) -> None:
        """It has ended: its socket is free again."""
        if self.dialogs.pop(leg.dialog, None) is leg:
            self.sockets.give_back(leg.socket)

    def local_media(self, socket: int) -> tuple[str, int]:
        """What our SDP says: address and port of an RTP socket."""
        return self.media_address, self.rtp_first_port + 2 * socket
