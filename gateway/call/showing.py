"""The exchange as people see it: the rows of `model.view`."""

from collections.abc import Iterable, Mapping

from gateway.call.call import Call
from gateway.call.installation import Line
from gateway.call.leg import Leg
from gateway.call.switchboard import Switchboard
from gateway.line.cellular import Cellular
from gateway.line.fxo import Fxo
from gateway.line.fxs import Fxs
from gateway.model.numbers import PortId
from gateway.model.settings import PortSettings
from gateway.model.view import (
    CallRow,
    ExchangeView,
    LegRow,
    LineRow,
    ModemRow,
    QueueRow,
    RegistrationRow,
)


def view_of(
    board: Switchboard,
    ports: Iterable[PortSettings],
    lines: Mapping[PortId, Line],
    timers_running: int,
) -> ExchangeView:
    """Everything at this moment, in the order of the board and of the ids."""
    names = {telephone.line.port: number for number, telephone in board.telephones.items()}
    names.update({city.line.port: name for name, city in board.city_lines.items()})
    return ExchangeView(
        version=board.office.version,
        sip_up=board.sip_up,
        lines=tuple(_line(board, port, lines[port.port], names.get(port.port, "")) for port in ports),
        calls=tuple(_call(call) for _, call in sorted(board.calls.items())),
        registrations=tuple(
            RegistrationRow(extension, binding.contact, binding.source_address)
            for extension, bindings in sorted(board.bindings.items())
            for binding in bindings.values()
        ),
        queues=tuple(
            QueueRow(
                number,
                queue.settings.name,
                tuple(queue.waiting),
                tuple(member for member in queue.settings.members if board.is_free(member)),
            )
            for number, queue in sorted(board.queues.items())
        ),
        modems=tuple(
            _modem(line, names.get(port, "")) for port, line in lines.items() if isinstance(line, Cellular)
        ),
        rtp_sockets_used=board.sockets.used,
        timers_running=timers_running,
    )


def _line(board: Switchboard, port: PortSettings, line: Line, name: str) -> LineRow:
    leg = board.legs.get(line.key)
    return LineRow(
        port=port.port,
        kind=port.kind,
        name=name,
        state=line.state_name,
        since_ms=line.since_ms,
        call=leg.call if leg is not None else None,
        failure=line.failure,
        trouble=_trouble(line),
    )


def _trouble(line: Line) -> str:
    match line:
        case Fxo():
            return line.health.trouble
        case Fxs():
            return line.trouble
        case _:
            return ""  # a modem's is its failure


def _modem(line: Cellular, name: str) -> ModemRow:
    facts = line.setup.facts
    return ModemRow(
        port=line.port,
        name=name,
        state=line.state_name,
        tty=facts.tty,
        imei=facts.imei,
        family=line.setup.family.name if facts.imei else "",
        model=facts.model,
        firmware=facts.firmware,
        operator=facts.operator,
        registration=facts.registration.name.lower(),
        signal_dbm=facts.signal_dbm,
        audio=facts.proof,
        balance=facts.balance,
        failure=line.failure,
    )


def _call(call: Call) -> CallRow:
    record = call.record
    return CallRow(
        call=call.id,
        direction=record.direction.value,
        state=call.state.name.lower(),
        calling=record.calling,
        calling_name=record.calling_name,
        called=record.called,
        line=record.line or "",
        started_ms=record.began.ms,
        answered_ms=record.answered_ms,
        legs=tuple(_leg(leg) for leg in call.legs),
    )


def _leg(leg: Leg) -> LegRow:
    return LegRow(leg.id, leg.node, leg.number, leg.name, leg.via, leg.line.state_name)
