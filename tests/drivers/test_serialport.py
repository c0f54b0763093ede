"""The serial driver on pseudo-terminals: who is found, what is carried, what comes of a modem that goes."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.drivers.clock import RealClock
from gateway.drivers.pin_ledger import PinLedger
from gateway.drivers.serialport import SerialModems, open_port, serial_devices
from gateway.errors import HardwareError
from gateway.line.modem_probe import Identity, ModemProbe
from gateway.model.events import Event, ModemFound, ModemLost, ModemSaid, PinKnowledge
from gateway.model.numbers import NodeId, PortId
from gateway.model.settings import AudioKind, PortKind, PortSettings
from gateway.simulator.modem import Sim, SimulatedModem
from gateway.simulator.modem_pty import PtyModem

GSM1 = PortId("gsm1")
IMEI = "356938035643801"
LONG_S = 20.0


def port(imei: str = IMEI) -> PortSettings:
    return PortSettings(GSM1, PortKind.CELLULAR, NodeId(1), AudioKind.SERIAL, imei=imei)


class Desk:
    """The driver, a directory of serial ports, and what was told."""

    def __init__(self, tmp_path: Path, pin: str = "") -> None:
        self.directory = tmp_path / "by-path"
        self.directory.mkdir(exist_ok=True)
        self.told: list[Event] = []
        self.voices: list[int | None] = []
        self.driver = SerialModems(
            [port()],
            self.directory,
            PinLedger(tmp_path / "pins.json"),
            pins={GSM1: pin} if pin else {},
            on_audio=lambda port, descriptor: self.voices.append(descriptor),
        )
        self.driver.start(self.told.append)

    def plugs(self, device: str, family: str = "huawei", imei: str = IMEI, pin: str = "") -> PtyModem:
        clock = RealClock(asyncio.get_running_loop())
        modem = SimulatedModem(clock, family, imei, sim=Sim(pin=pin))
        return PtyModem(self.directory, device, modem)

    def said(self) -> list[str]:
        return [event.line for event in self.told if isinstance(event, ModemSaid)]

    @property
    def last(self) -> Event:
        return [event for event in self.told if not isinstance(event, ModemSaid)][-1]


async def until(ready: Callable[[], bool]) -> None:
    """The other end of a tty answers in its own time."""
    async with asyncio.timeout(LONG_S):
        while not ready():  # noqa: ASYNC110  # what is waited for are the twin's timers
            await asyncio.sleep(0.01)


def test_a_modem_is_found_by_its_imei_in_whichever_socket(tmp_path: Path) -> None:
    async def play() -> None:
        desk = Desk(tmp_path)
        stranger = desk.plugs("twin-usb-0:1.1", "sim7600", "111111111111111")
        mine = desk.plugs("twin-usb-0:1.2")
        await desk.driver.look()
        found = desk.last
        assert isinstance(found, ModemFound)
        assert (found.port, found.imei, found.family, found.pin) == (
            GSM1,
            IMEI,
            "huawei",
            PinKnowledge.NONE,
        )
        assert found.tty.startswith("/dev/pts/")
        assert [one.imei for one in desk.driver.strangers.values()] == ["111111111111111"]
        assert desk.voices[-1] is not None

        desk.driver.send(GSM1, "AT+CSQ", ends_body=False)
        await until(lambda: "OK" in desk.said())
        assert "+CSQ: 17,99" in desk.said()

        mine.modem.unplug()
        await until(lambda: isinstance(desk.last, ModemLost))
        assert desk.voices[-1] is None
        mine.moves("twin-usb-0:1.4")
        mine.modem.plug()
        await desk.driver.look()
        assert isinstance(desk.last, ModemFound)
        desk.driver.stop()
        stranger.close()
        mine.close()

    asyncio.run(play())


def test_a_modem_that_is_not_there_is_told_once(tmp_path: Path) -> None:
    async def play() -> None:
        desk = Desk(tmp_path)
        await desk.driver.look()
        await desk.driver.look()
        assert [type(event) for event in desk.told] == [ModemLost]
        assert IMEI in str(desk.told[0])

    asyncio.run(play())


def test_the_pin_is_noted_before_it_is_given_and_echoed_to_nobody(tmp_path: Path) -> None:
    async def play() -> None:
        desk = Desk(tmp_path, pin="4271")
        twin = desk.plugs("twin-usb-0:1.1", pin="9999")
        await desk.driver.look()
        assert isinstance(desk.last, ModemFound)
        assert desk.last.pin is PinKnowledge.GIVEN
        desk.driver.send(GSM1, "ATE1", ends_body=False)
        desk.driver.unlock(GSM1)
        assert IMEI in json.loads((tmp_path / "pins.json").read_text())
        await until(lambda: "+CME ERROR: 16" in desk.said())
        assert twin.modem.sim.pins_given == ["4271"]
        assert "4271" not in str(desk.told)
        desk.driver.stop()

        again = Desk(tmp_path, pin="4271")  # the gateway was started again
        await again.driver.look()
        assert isinstance(again.last, ModemFound)
        assert again.last.pin is PinKnowledge.REFUSED
        again.driver.stop()
        other = Desk(tmp_path, pin="9999")  # the file was corrected
        await other.driver.look()
        assert isinstance(other.last, ModemFound)
        assert other.last.pin is PinKnowledge.GIVEN
        other.driver.unlock(GSM1)
        await until(lambda: "OK" in other.said())
        other.driver.unlocked(GSM1)
        assert json.loads((tmp_path / "pins.json").read_text()) == {}
        other.driver.stop()
        twin.close()

    asyncio.run(play())


def test_a_pin_that_cannot_be_noted_is_not_given(tmp_path: Path) -> None:
    async def play() -> None:
        (tmp_path / "pins.json").write_text("not json")
        desk = Desk(tmp_path, pin="4271")
        twin = desk.plugs("twin-usb-0:1.1", pin="4271")
        await desk.driver.look()
        assert isinstance(desk.last, ModemFound)
        assert desk.last.pin is PinKnowledge.REFUSED
        desk.driver.unlock(GSM1)
        assert isinstance(desk.last, ModemLost)
        assert twin.modem.sim.pins_given == []
        desk.driver.stop()
        twin.close()

    asyncio.run(play())


def test_who_does_not_answer_is_asked_again_and_found_when_he_does(tmp_path: Path) -> None:
    async def play() -> None:
        desk = Desk(tmp_path)
        twin = desk.plugs("twin-usb-0:1.1")
        twin.modem.babbles = True
        await desk.driver.look()
        assert isinstance(desk.last, ModemLost)
        twin.modem.babbles = False
        for _ in range(6):
            await desk.driver.look()
        assert isinstance(desk.last, ModemFound)
        desk.driver.release(GSM1)
        await desk.driver.look()
        assert [type(event) for event in desk.told if not isinstance(event, ModemSaid)] == [
            ModemLost,
            ModemFound,
            ModemFound,
        ]
        desk.driver.stop()
        twin.close()

    asyncio.run(play())


def test_names_of_udev_say_device_and_interface(tmp_path: Path) -> None:
    for name in (
        "pci-0000:00:14.0-usb-0:1.2:1.0-port0",
        "pci-0000:00:14.0-usb-0:1.2:1.2-port0",
        "platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.1.3:1.4-port0",
        "nonsense",
    ):
        (tmp_path / name).touch()
    assert {device: sorted(ports) for device, ports in serial_devices(tmp_path).items()} == {
        "pci-0000:00:14.0-usb-0:1.2": [0, 2],
        "platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.1.3": [4],
    }
    assert serial_devices(tmp_path / "missing") == {}


def test_a_port_that_somebody_has_is_not_opened(tmp_path: Path) -> None:
    master, slave = os.openpty()
    try:
        first = open_port(Path(os.ttyname(slave)))
        with pytest.raises(HardwareError):
            open_port(Path(os.ttyname(slave)))
        first.close()
    finally:
        os.close(master)
        os.close(slave)


# --- the probe ---


def conversation(answers: dict[str, list[str]]) -> ModemProbe:
    probe = ModemProbe()
    while (command := probe.command) is not None:
        heard = [probe.hear(line) for line in answers.get(command, [])]
        if not any(heard):
            probe.silence()
    return probe


HUAWEI = {
    "AT": ["AT", "OK"],
    "ATE0": ["ATE0", "OK"],
    "AT+CGSN": ["^RSSI:17", IMEI, "OK"],
    "AT+CGMI": ["huawei", "OK"],
    "AT+CGMM": ["RING", "E1550", "OK"],
    "AT+CGMR": ["11.608", "OK"],
}


def test_a_modem_says_who_it_is_between_its_events() -> None:
    probe = conversation(HUAWEI)
    assert probe.identity == Identity(IMEI, "huawei", "E1550", "11.608")
    assert probe.identity.family is not None
    assert probe.identity.family.name == "huawei"


@pytest.mark.parametrize(
    "wrong", [{"AT": []}, {"AT+CGSN": ["ERROR"]}, {"AT+CGSN": ["12", "OK"]}, {"AT+CGMM": []}]
)
def test_what_is_no_modem_has_no_identity(wrong: dict[str, list[str]]) -> None:
    assert conversation(HUAWEI | wrong).identity is None


@given(st.lists(st.one_of(st.just("OK"), st.just("ERROR"), st.text(max_size=30)), max_size=400))
def test_a_probe_ends_whatever_it_hears(lines: list[str]) -> None:
    probe = ModemProbe()
    for line in lines:
        probe.hear(line)
    for _ in range(20):
        probe.silence()
    assert probe.command is None
