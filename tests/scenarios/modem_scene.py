"""An office with two modems, and the words to say what happens in it."""

from collections.abc import Callable
from dataclasses import replace

from gateway.bench.office import Office, read_office
from gateway.config.load import Configuration
from gateway.model.actions import CallAnswered, CallEnded, CallStarted
from gateway.model.numbers import PortId
from gateway.model.view import ModemRow
from gateway.simulator.modem import SimulatedModem

FAMILIES = ("huawei", "sim7600", "ec25")
GSM1, GSM2 = PortId("gsm1"), PortId("gsm2")
CALLED = "89161112233"
MINUTE_MS = 60_000


def configured(family: str = "huawei", pin: str = "", number: str = "+79160000001") -> Configuration:
    """The office of the story with gsm1 of this family."""
    found = read_office("modem")
    ports = tuple(replace(port, family=family) if port.port == GSM1 else port for port in found.board.ports)
    lines = tuple(
        replace(line, number=number) if line.port == GSM1 else line for line in found.office.city_lines
    )
    return replace(
        found,
        board=replace(found.board, ports=ports),
        office=replace(found.office, city_lines=lines),
        pins={GSM1: pin} if pin else {},
    )


Opened = Callable[..., "Scene"]


class Scene:
    """An office with modems, and the words to say what happens in it."""

    def __init__(self, configuration: Configuration) -> None:
        self.office = Office(configuration)

    def modem(self, port: PortId = GSM1) -> SimulatedModem:
        return self.office.board.modems.modem(port)

    def row(self, port: PortId = GSM1) -> ModemRow:
        return next(row for row in self.office.view().modems if row.port == port)

    def state(self, port: PortId = GSM1) -> str:
        return self.office.line_row(port).state

    def ready(self, port: PortId = GSM1) -> None:
        self.office.run_until(lambda: self.state(port) == "idle", MINUTE_MS, f"{port} is ready")

    def wait(self, seconds: float) -> None:
        self.office.run(seconds * 1_000)

    def alarms(self, about: str = "gsm1") -> list[str]:
        return [alarm.text for alarm in self.office.alarms if alarm.about == about]

    def calls_out(self, number: str = CALLED, who: str = "101") -> None:
        telephone = self.office.telephone(who)
        telephone.lifts()
        self.wait(0.5)
        telephone.dials(number)
        self.wait(0.17 * len(number))

    def only_gsm1(self) -> None:
        """gsm2 is out of the way."""
        self.modem(GSM2).unplug()
        self.wait(0.1)

    @property
    def ended(self) -> list[CallEnded]:
        return [row for row in self.office.journal.rows if isinstance(row, CallEnded)]

    @property
    def answered(self) -> list[CallAnswered]:
        return [row for row in self.office.journal.rows if isinstance(row, CallAnswered)]

    @property
    def started(self) -> list[CallStarted]:
        return [row for row in self.office.journal.rows if isinstance(row, CallStarted)]

    @property
    def bugs(self) -> list[str]:
        return [alarm.text for alarm in self.office.alarms if "bug of ours" in alarm.text]
