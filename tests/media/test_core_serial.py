"""A modem's voice through the core: by sockets in virtual time, by a pseudo-terminal in real time."""

import os
import socket
import threading
import tty

import pytest

from gateway.errors import Bug
from gateway.media.core import CorePort, CoreSettings, SerialAudio, SignalCore, WireAudio
from gateway.model.numbers import NodeId, PortId
from gateway.model.plan import Hears, Plan, PortNode
from gateway.simulator import meters
from gateway.simulator.board import telephone_wire
from gateway.simulator.ear import Ear
from gateway.simulator.wires import LoneDevice, Wire

TELEPHONE, MODEM = NodeId(1), NodeId(2)
FRAME_BYTES = 320
PLAN = Plan(
    1,
    (
        PortNode(TELEPHONE, PortId("fxs1")),
        PortNode(MODEM, PortId("gsm1"), canceller=False, digits_apart=True),
    ),
    (Hears(TELEPHONE, MODEM), Hears(MODEM, TELEPHONE)),
)


class Call:
    """A telephone and a modem, each hearing the other, and who is at the modem's far end."""

    def __init__(self) -> None:
        self.wire = Wire(telephone_wire(0, 1))
        self.wire.set_loop(True)
        ports = (
            CorePort(TELEPHONE, WireAudio(self.wire.exchange, self.wire.line)),
            CorePort(MODEM, SerialAudio()),
        )
        self.core = SignalCore(CoreSettings(ports=ports, tones=(), rtp_sockets=1))
        self.core.apply(PLAN)
        self.mobile = LoneDevice(7)

    def frame(self, heard: bytes) -> bytes:
        return self.mobile.exchange(heard.ljust(FRAME_BYTES, b"\0"))

    def alike(self, listener: Ear, speaker: Ear) -> float:
        return float(listener.finds(speaker).correlation)


def test_both_hear_each_other_in_virtual_time() -> None:
    call = Call()
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    call.core.plug_serial(MODEM, ours.fileno())
    ours.close()
    anna, mobile = Ear(call.wire.device), Ear(call.mobile)
    for speaker, listener, device, voice in (
        (mobile, anna, call.mobile, 700),
        (anna, mobile, call.wire.device, 1),
    ):
        device.say_speech(voice)
        for tick in range(600):
            if tick % 2 == 0:
                try:
                    heard = theirs.recv(FRAME_BYTES)
                except BlockingIOError:
                    heard = b""
                theirs.send(call.frame(heard))
            call.core.tick()
        assert call.alike(listener, speaker) > 0.95
        device.hush()
    figures = call.core.statistics().port(MODEM)
    assert (figures.serial_captured, figures.serial_played, figures.serial_dropped) == (600, 600, 0)
    call.core.unplug_serial(MODEM)
    with pytest.raises(Bug, match="no modem's"):
        call.core.unplug_serial(TELEPHONE)
    call.core.close()
    theirs.close()


def test_a_modem_that_gives_nothing_is_silent_and_holds_up_nobody() -> None:
    call = Call()
    for _ in range(100):
        call.core.tick()
    assert call.core.statistics().port(MODEM).serial_captured == 0
    assert meters.level_dbm0(Ear(call.wire.device).last(500)) < -60.0
    call.core.close()


@pytest.mark.real
def test_both_hear_each_other_over_a_pseudo_terminal() -> None:
    call = Call()
    master, slave = os.openpty()
    tty.setraw(slave)
    for descriptor in (master, slave):
        os.set_blocking(descriptor, False)
    call.core.plug_serial(MODEM, slave)
    done = threading.Event()

    def modem() -> None:
        """Twenty milliseconds and a frame, again and again; a late one is caught up."""
        while not done.wait(0.02):
            try:
                heard = os.read(master, FRAME_BYTES)
            except BlockingIOError:
                heard = b""
            os.write(master, call.frame(heard))

    call.mobile.say_speech(700)
    call.wire.device.say_speech(1)
    call.core.start_audio()
    thread = threading.Thread(target=modem)
    thread.start()
    for _ in range(600):
        if call.core.statistics().port(MODEM).serial_played >= 200:
            break
        done.wait(0.05)
    done.set()
    thread.join()
    call.core.stop_audio()
    figures = call.core.statistics().port(MODEM)
    assert figures.serial_played >= 200
    assert figures.captured_dbm0 > -60.0
    assert Ear(call.mobile).level_dbm0(1_000) > -40.0
    assert Ear(call.wire.device).level_dbm0(1_000) > -40.0
    call.core.unplug_serial(MODEM)
    call.core.close()
    os.close(master)
    os.close(slave)
