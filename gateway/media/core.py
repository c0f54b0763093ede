"""The one crossing into the C signal core (``native/include/core.h``): plans in, events out, never a sample.

`SignalCore` implements `gateway.interfaces.SignalCore`. In virtual time the bench calls `tick`; in real time
`start_audio` starts the core's own thread and `fileno` becomes readable when `events` has something. No
Python ever runs on the core's threads, and every call into it releases the interpreter lock.
"""

import errno
import os
from collections.abc import Sequence
from typing import Any

from gateway.errors import Bug, HardwareError
from gateway.media import _signal_core
from gateway.media.core_crossing import (
    PlanWriter,
    creation_refusal,
    fill_address,
    plan_refusal,
    read_address,
    read_event,
    read_statistics,
    write_settings,
)
from gateway.media.core_values import (
    CARD_DELAY_LIMIT_SAMPLES,
    CardAudio,
    CorePort,
    CoreSettings,
    CoreStatistics,
    Fault,
    LearnedTone,
    PortStatistics,
    RecordedSound,
    RtpStatistics,
    RtpTransport,
    SerialAudio,
    SilentAudio,
    ToneDescriptor,
    ToneEnding,
    WireAudio,
)
from gateway.media.plan_refused import PlanRefused
from gateway.media.tone_crossing import write_tones
from gateway.model.echo import EchoFigures
from gateway.model.events import Event
from gateway.model.numbers import NodeId, ToneKind
from gateway.model.plan import Plan

__all__ = [
    "CARD_DELAY_LIMIT_SAMPLES",
    "CardAudio",
    "CorePort",
    "CoreSettings",
    "CoreStatistics",
    "Fault",
    "LearnedTone",
    "PlanRefused",
    "PortStatistics",
    "RecordedSound",
    "RtpStatistics",
    "RtpTransport",
    "SerialAudio",
    "SignalCore",
    "SilentAudio",
    "ToneDescriptor",
    "ToneEnding",
    "ToneLearner",
    "WireAudio",
    "opus_available",
]

ffi: Any = _signal_core.ffi
lib: Any = _signal_core.lib


def opus_available() -> bool:
    """Whether libopus is installed here, so that RTP nodes may speak Opus."""
    return bool(lib.sc_core_opus_available())


EVENT_BATCH = 64
TICK_SAMPLES = 80
RECORDED_BATCH_TICKS = 200
PACKET_MAX = 1_500
FAULTS = {
    Fault.NONE: 0,
    Fault.CROSSED_WIRE: 1,
    Fault.DIRECTION_MUTED: 2,
    Fault.TONE_SHARP: 3,
    Fault.CANCELLER_BYPASSED: 4,
}


class SignalCore:
    """The signal core of one office.

    Raises HardwareError when a UDP port or a sound card cannot be had (the sentence says which and what to
    do), Bug when the settings cannot be, MemoryError.
    """

    def __init__(self, settings: CoreSettings) -> None:
        image, keep = write_settings(ffi, settings)
        out = ffi.new("struct sc_core **")
        complaint = ffi.new("struct sc_complaint *")
        code = lib.sc_core_create(out, image, complaint)
        del keep
        if code == errno.ENOMEM:
            raise MemoryError("signal core")
        if code != 0:
            raise creation_refusal(settings, complaint, os.strerror(code))
        self._core: Any = ffi.gc(out[0], lib.sc_core_destroy)
        self._clips: dict[str, int] = {}
        self._writer = PlanWriter(ffi, settings.ports, self._clips)
        self._batch = ffi.new("struct sc_event[]", EVENT_BATCH)
        self._packet = ffi.new("uint8_t[]", PACKET_MAX)
        self._address = ffi.new("struct sc_rtp_address *")
        self._places = {port.node: place for place, port in enumerate(settings.ports)}
        self._recorded = ffi.new("int16_t[]", 2 * RECORDED_BATCH_TICKS * TICK_SAMPLES)
        self._generations = ffi.new("uint32_t[]", RECORDED_BATCH_TICKS)
        self._ending = ffi.new("int16_t[]", lib.SC_CORE_ENDING_SAMPLES)

    # --- the protocol ---------------------------------------------------------------------------------------

    def apply(self, plan: Plan) -> None:
        """Put a plan in force from the next tick on. PlanRefused names the node; the old plan then stays."""
        image, keep = self._writer.write(plan)
        complaint = ffi.new("struct sc_complaint *")
        code = lib.sc_core_apply(self._open(), image, complaint)
        del keep
        if code != 0:
            raise plan_refusal(complaint)

    def tick(self) -> None:
        """One step of 10 ms; Bug while the audio thread runs."""
        code = lib.sc_core_step(self._open())
        if code != 0:
            raise Bug(f"signal core: tick: {os.strerror(code)}")

    def events(self) -> list[Event]:
        """What happened since the last call, in order."""
        taken: list[Event] = []
        core = self._open()
        while True:
            count = lib.sc_core_events(core, self._batch, EVENT_BATCH)
            taken.extend(read_event(ffi, self._batch[index]) for index in range(count))
            if count < EVENT_BATCH:
                return taken

    def load_clip(self, name: str, samples: bytes) -> None:
        """Copy a recording: 16-bit little-endian mono at 8 kHz. Plans made afterwards play the new one of
        that name.

        ValueError when it is empty or has half a sample, Bug when there is no room for another.
        """
        if not samples or len(samples) % 2:
            raise ValueError(f"clip {name!r}: {len(samples)} bytes are not whole 16-bit samples")
        number = ffi.new("uint32_t *")
        words = ffi.from_buffer("int16_t[]", samples)
        code = lib.sc_core_load_clip(self._open(), words, len(samples) // 2, number)
        if code != 0:
            raise Bug(f"signal core: clip {name!r} cannot be loaded: {os.strerror(code)}")
        self._clips[name] = number[0]

    def close(self) -> None:
        """Stop the threads, close the sockets and cards, free everything. The second time does nothing."""
        if self._core is not None:
            ffi.release(self._core)
            self._core = None

    # --- what a line's calls end in ------------------------------------------------------------------------

    def listen_for(self, node: NodeId, tones: Sequence[ToneDescriptor]) -> None:
        """The port listens for these tones instead of the office's, from its next call on.

        Bug when there is no such port or the tones cannot be told apart, MemoryError.
        """
        image, count = write_tones(ffi, tones)
        code = lib.sc_core_listen_for(self._open(), node, image, count)
        if code == errno.ENOMEM:
            raise MemoryError("signal core")
        if code != 0:
            raise Bug(f"signal core: port {node} cannot listen for {list(tones)}")

    def take_ending(self, node: NodeId) -> bytes:
        """The last seconds of the port's newest call that is over, the far end only: 16-bit little-endian
        mono at 8 kHz. Empty when none has ended since the last time.
        """
        count = lib.sc_core_take_ending(self._open(), node, self._ending)
        return bytes(ffi.buffer(self._ending, count * 2))

    # --- RTP in memory --------------------------------------------------------------------------------------

    def rtp_give(self, socket: int, packet: bytes, source: tuple[str, int]) -> bool:
        """A packet arrives at ``socket`` from ``source``. False when the queue was full and it is lost.

        ValueError for a socket that is not there or an address that is not numeric; Bug on UDP.
        """
        fill_address(self._address, *source)
        code = lib.sc_core_rtp_give(self._open(), socket, packet, len(packet), self._address)
        if code == errno.ENOSPC:
            return False
        self._check_rtp(code, socket)
        return True

    def rtp_take(self, socket: int) -> list[tuple[bytes, tuple[str, int]]]:
        """The packets that ``socket`` has sent since the last call, each with its destination."""
        core = self._open()
        taken: list[tuple[bytes, tuple[str, int]]] = []
        length = ffi.new("size_t *")
        while True:
            length[0] = PACKET_MAX
            code = lib.sc_core_rtp_take(core, socket, self._packet, length, self._address)
            if code == errno.EAGAIN:
                return taken
            self._check_rtp(code, socket)
            destination = read_address(ffi, self._address)
            if destination is None:
                raise Bug(f"signal core: socket {socket} sent a packet to nowhere")
            taken.append((bytes(ffi.buffer(self._packet, length[0])), destination))

    def _check_rtp(self, code: int, socket: int) -> None:
        if code == errno.EOPNOTSUPP:
            raise Bug("signal core: packets can be given and taken only when RTP is in memory")
        if code != 0:
            raise ValueError(f"RTP socket {socket}: {os.strerror(code)}")

    # --- modems ---------------------------------------------------------------------------------------------

    def plug_serial(self, node: NodeId, descriptor: int) -> None:
        """Give the core a duplicate of the non-blocking descriptor of a modem's voice port.

        HardwareError when it cannot be had, Bug for a node that is no modem's or has one already.
        """
        code = lib.sc_core_plug_serial(self._open(), node, descriptor)
        if code in (errno.EINVAL, errno.EBUSY):
            raise Bug(f"signal core: no voice port can be plugged in at node {node}: {os.strerror(code)}")
        if code != 0:
            raise HardwareError(f"a modem's voice port cannot be used: {os.strerror(code)}")

    def unplug_serial(self, node: NodeId) -> None:
        """Close it; waits for the tick that is running. Bug for a node that is no modem's, HardwareError
        when the ticks stand still.
        """
        code = lib.sc_core_unplug_serial(self._open(), node)
        if code == errno.EINVAL:
            raise Bug(f"signal core: node {node} is no modem's")
        if code != 0:
            raise HardwareError(f"a modem's voice port is not given back: {os.strerror(code)}")

    # --- real time ------------------------------------------------------------------------------------------

    def start_audio(self) -> bool:
        """Start the audio thread: a tick every 10 ms of CLOCK_MONOTONIC.

        True when it runs with real-time priority (SCHED_FIFO), False when the system did not permit that.
        HardwareError when the thread cannot be started.
        """
        code = lib.sc_core_start_audio(self._open())
        if code != 0:
            raise HardwareError(f"the audio thread cannot be started: {os.strerror(code)}")
        return self.statistics().real_time

    def stop_audio(self) -> None:
        """Stop the audio thread, if it runs."""
        lib.sc_core_stop_audio(self._open())

    def fileno(self) -> int:
        """A descriptor that is readable when `events` has something (for ``loop.add_reader``)."""
        return int(lib.sc_core_event_fd(self._open()))

    # --- cards that come and go -----------------------------------------------------------------------------

    def unplug_card(self, node: NodeId) -> None:
        """Close the card of a port that has gone (`PortStatistics.card_gone`): the kernel keeps what was
        pulled out until then. Bug when it has not gone.
        """
        code = lib.sc_core_unplug_card(self._open(), node)
        if code != 0:
            raise Bug(f"signal core: the card of node {node} cannot be closed: {os.strerror(code)}")

    def plug_card(self, node: NodeId, device: str, capture: str = "") -> None:
        """Open the card of a port that has gone, by the name that it has now; its ports, those of the card's
        other side too, go on from the next tick. Waits for the kernel.

        HardwareError says why it cannot be had.
        """
        code = lib.sc_core_plug_card(self._open(), node, device.encode(), capture.encode())
        if code != 0:
            raise HardwareError(f"sound card {device}: {os.strerror(code)}")

    # --- what it measures -----------------------------------------------------------------------------------

    def statistics(self) -> CoreStatistics:
        """Counters, levels, echo and jitter figures as of the last tick."""
        raw = ffi.new("struct sc_core_statistics *")
        lib.sc_core_statistics(self._open(), raw)
        return read_statistics(ffi, raw)

    def echo(self, node: NodeId) -> EchoFigures:
        """What the canceller of a port has measured as of the last tick; KeyError when there is no such
        port.
        """
        return self.statistics().port(node).echo

    def ticks(self) -> int:
        """Number of the next tick."""
        return int(lib.sc_core_ticks(self._open()))

    def recorded(self, node: NodeId, from_tick: int) -> RecordedSound | None:
        """Up to two seconds of a port's sound from that tick on (the oldest kept one when that is gone), for
        the flight recorder. None when there is nothing yet; KeyError when there is no such port.
        """
        first = ffi.new("uint64_t *")
        heard, played = self._recorded, self._recorded + RECORDED_BATCH_TICKS * TICK_SAMPLES
        place, most = self._places[node], RECORDED_BATCH_TICKS
        out = (first, heard, played, self._generations)
        count = lib.sc_core_recorded(self._open(), place, from_tick, most, *out)
        if count == 0:
            return None
        size = count * TICK_SAMPLES * 2
        heard, played = bytes(ffi.buffer(heard, size)), bytes(ffi.buffer(played, size))
        return RecordedSound(int(first[0]), heard, played, tuple(self._generations[0:count]))

    def set_fault(self, fault: Fault) -> None:
        """Make a deliberate fault, for the tests of our tests: nothing else may call this."""
        lib.sc_core_set_fault(self._open(), FAULTS[fault])

    def _open(self) -> Any:
        if self._core is None:
            raise Bug("signal core: used after close")
        return self._core


class ToneLearner:
    """What tones one line's calls end in, for its self-calibration. Give it each ending."""

    def __init__(self) -> None:
        out = ffi.new("struct sc_tone_learner **")
        if lib.sc_tone_learner_create(out) != 0:
            raise MemoryError("tone learner")
        self._learner: Any = ffi.gc(out[0], lib.sc_tone_learner_destroy)

    def hear_ending(self, samples: bytes, *, told: bool = False) -> ToneEnding | None:
        """What a call ended in, or None. Takes some ten milliseconds. ``told``: another sign has said that
        the far end was gone, so two alike cycles are enough.

        ``samples`` are the call's last seconds, 8 to 12 are enough, a minute the most: 16-bit little-endian
        mono at 8 kHz, the far end only.

        ValueError when there is half a sample or more than a minute, MemoryError.
        """
        if len(samples) % 2:
            raise ValueError(f"a call's ending: {len(samples)} bytes are not whole 16-bit samples")
        ending = ffi.new("struct sc_tone_ending *")
        code = lib.sc_tone_ending_measure(
            ending, ffi.from_buffer("int16_t[]", samples), len(samples) // 2, told
        )
        if code == errno.ENOMEM:
            raise MemoryError("tone learner")
        if code != 0:
            raise ValueError(f"a call's ending: {len(samples) // 16_000} s are too many")
        lib.sc_tone_learner_add(self._learner, ending)
        if not ending.found:
            return None
        return ToneEnding(
            tuple(ending.frequency_hz[0 : ending.frequency_count]),
            ending.on_ms,
            ending.off_ms,
            ending.level_dbm0,
            ending.cycles,
            ending.purity,
        )

    def learned(self) -> tuple[LearnedTone, ...]:
        """What the line's exchange sends when a call is over, the most certain first."""
        tone = ffi.new("struct sc_tone_learned *")
        found: list[LearnedTone] = []
        while lib.sc_tone_learner_learned(self._learner, len(found), tone):
            found.append(
                LearnedTone(
                    ToneKind.CONGESTION if tone.fast else ToneKind.BUSY,
                    tuple(tone.frequency_hz[0 : tone.frequency_count]),
                    tone.on_ms,
                    tone.off_ms,
                    tone.level_dbm0,
                    tone.spread_hz,
                    tone.spread_part,
                    tone.endings,
                    tone.confidence,
                )
            )
        return tuple(found)
