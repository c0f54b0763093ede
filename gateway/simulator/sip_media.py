"""The media of a SIP telephone of the bench: SDP, RTP packets with G.711, RFC 4733 digits, ear and mouth.

A packet leaves every 20 ms; what comes in is played two packets late (its jitter buffer), a gap as silence.
"""

import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from gateway.errors import PeerError
from gateway.interfaces import Clock
from gateway.model.numbers import NS_PER_MS, Codec
from gateway.simulator import g711
from gateway.simulator.ear import Ear
from gateway.simulator.wires import LoneDevice

FRAME_MS = 20
FRAME_SAMPLES = 160
SILENCE = bytes(2 * FRAME_SAMPLES)
EVENT_PAYLOAD_TYPE = 101
PRIMED_FRAMES = 2
MOST_FRAMES = 8
DIGIT_FRAMES = 5  # 100 ms
PAUSE_FRAMES = 5
END_PACKETS = 3
KEYPAD = "0123456789*#ABCD"
RTP_HEADER = struct.Struct("!BBHII")
EVENT = struct.Struct("!BBH")

Send = Callable[[bytes, tuple[str, int], tuple[str, int]], bool]
"""Carries a packet from (second) to (third address)."""


@dataclass(frozen=True, slots=True)
class Session:
    """What an SDP says: where media goes, which codec comes first, which way."""

    address: str
    port: int
    codecs: tuple[Codec, ...]
    telephone_event: int | None
    direction: str


def read_sdp(text: str) -> Session:
    """The one audio stream of an SDP; PeerError when there is none that a telephone understands."""
    try:
        return _read_sdp(text)
    except (ValueError, IndexError):
        raise PeerError(f"not a session description: {text!r}") from None


def _read_sdp(text: str) -> Session:
    address, port, types, direction = "", 0, [], "sendrecv"
    event: int | None = None
    for line in text.splitlines():
        kind, _, value = line.partition("=")
        if kind == "c":
            address = value.split()[-1]
        elif kind == "m" and value.startswith("audio "):
            _, number, _, *types = value.split()
            port = int(number)
        elif kind == "a" and value in ("sendrecv", "sendonly", "recvonly", "inactive"):
            direction = value
        elif kind == "a" and value.startswith("rtpmap:") and "telephone-event/8000" in value:
            event = int(value.removeprefix("rtpmap:").split()[0])
    known = {str(payload_type): codec for codec, payload_type in g711.PAYLOAD_TYPE.items()}
    codecs = tuple(known[payload_type] for payload_type in types if payload_type in known)
    if not address or not port or not codecs:
        raise PeerError(f"no audio in common: {text!r}")
    return Session(address, port, codecs, event, direction)


class SipMedia:
    """A telephone's media at ``address``; `start` when a dialog has both descriptions."""

    def __init__(
        self,
        clock: Clock,
        address: tuple[str, int],
        send: Send,
        *,
        seed: int,
        codecs: tuple[Codec, ...] = (Codec.PCMA, Codec.PCMU),
    ) -> None:
        self.address = address
        self.codecs = codecs
        self.device = LoneDevice(seed)
        self.ear = Ear(self.device)
        self.digits = ""
        self.received = 0
        self.gaps = 0
        self._clock = clock
        self._send = send
        self._remote: Session | None = None
        self._sends = self._receives = False
        self._frames: deque[tuple[bytes, int]] = deque()  # each with the time of its arrival
        self._frame_at_ns = clock.monotonic_ns()
        self._waited_ns = 0
        self._primed = False
        self._sequence, self._timestamp, self._ssrc = 100 * seed & 0xFFFF, 1000 * seed, 0xC17E0000 + seed
        self._dialling: deque[tuple[str, int]] = deque()
        self._event_at = 0
        self._sounds_too = False
        self._last_event: tuple[int, int] | None = None
        self._version = 0
        self._frame()

    # --- descriptions ---------------------------------------------------------------------------------------

    def describe(self, direction: str = "sendrecv", codecs: tuple[Codec, ...] | None = None) -> str:
        """Our SDP."""
        self._version += 1
        types = [g711.PAYLOAD_TYPE[codec] for codec in codecs or self.codecs]
        host, port = self.address
        lines = [
            "v=0",
            f"o=bench {self._ssrc} {self._version} IN IP4 {host}",
            "s=-",
            f"c=IN IP4 {host}",
            "t=0 0",
            f"m=audio {port} RTP/AVP {' '.join(map(str, types))} {EVENT_PAYLOAD_TYPE}",
            *(f"a=rtpmap:{g711.PAYLOAD_TYPE[codec]} {codec}/8000" for codec in codecs or self.codecs),
            f"a=rtpmap:{EVENT_PAYLOAD_TYPE} telephone-event/8000",
            f"a=fmtp:{EVENT_PAYLOAD_TYPE} 0-15",
            "a=ptime:20",
            f"a={direction}",
        ]
        return "\r\n".join(lines) + "\r\n"

    def answer(self, offer: str) -> str:
        """Take an offer and answer it: the first codec that both have, the mirrored direction."""
        remote = read_sdp(offer)
        codec = next(codec for codec in remote.codecs if codec in self.codecs)
        mirrored = {"sendonly": "recvonly", "recvonly": "sendonly"}.get(remote.direction, remote.direction)
        self.start(remote)
        return self.describe(mirrored, (codec,))

    def start(self, remote: Session, direction: str = "sendrecv") -> None:
        """Send to and hear ``remote``; ``direction`` is ours."""
        self._remote = remote
        ours_sends = direction in ("sendrecv", "sendonly")
        ours_receives = direction in ("sendrecv", "recvonly")
        self._sends = ours_sends and remote.direction in ("sendrecv", "recvonly")
        self._receives = ours_receives and remote.direction in ("sendrecv", "sendonly")

    def stop(self) -> None:
        """The dialog is over."""
        self._remote = None
        self._sends = self._receives = False
        self._frames.clear()
        self._primed = False
        self._dialling.clear()

    @property
    def remote(self) -> Session | None:
        """The other side's description, while there is one."""
        return self._remote

    def dial(self, digits: str, *, sound: bool = False, events: bool = True) -> None:
        """Send digits as RFC 4733 events, as sound, or (as some telephones do) both ways at once."""
        self._sounds_too = sound
        if sound:
            pause_ms = (PAUSE_FRAMES + END_PACKETS - 1) * FRAME_MS
            self.device.say_dtmf(digits, DIGIT_FRAMES * FRAME_MS, pause_ms)
        for digit in digits if events else "":
            for step in range(DIGIT_FRAMES + END_PACKETS - 1):
                self._dialling.append((digit, step))
            self._dialling.extend([("", 0)] * PAUSE_FRAMES)

    # --- packets --------------------------------------------------------------------------------------------

    def take(self, packet: bytes) -> None:
        """An RTP packet has come; one that is not for us is left alone."""
        if len(packet) < RTP_HEADER.size or self._remote is None:
            return
        flags, kind, _, timestamp, _ = RTP_HEADER.unpack_from(packet)
        payload_type, body = kind & 0x7F, packet[RTP_HEADER.size :]
        if flags >> 6 != 2:
            return
        if payload_type == EVENT_PAYLOAD_TYPE:
            self._take_event(body, timestamp)
            return
        codec = next((codec for codec, known in g711.PAYLOAD_TYPE.items() if known == payload_type), None)
        if codec is None or not self._receives:
            return
        self.received += 1
        self._frames.append((g711.decode(codec, body), self._clock.monotonic_ns()))
        if len(self._frames) > MOST_FRAMES:
            self._frames.popleft()

    def _take_event(self, body: bytes, timestamp: int) -> None:
        if len(body) < EVENT.size:
            return
        event, flags, _ = EVENT.unpack_from(body)
        if flags & 0x80 and event < len(KEYPAD) and self._last_event != (event, timestamp):
            self._last_event = (event, timestamp)
            self.digits += KEYPAD[event]

    # --- the telephone's own time ---------------------------------------------------------------------------

    @property
    def ahead_ms(self) -> float:
        """How far the ear's clock is ahead: it takes whole frames at their beginning."""
        return FRAME_MS - (self._clock.monotonic_ns() - self._frame_at_ns) / NS_PER_MS

    @property
    def waited_ms(self) -> float:
        """How long the frame heard last had waited here: the telephone's own jitter buffer."""
        return self._waited_ns / NS_PER_MS

    def _frame(self) -> None:
        self._frame_at_ns = self._clock.monotonic_ns()
        said = self.device.exchange(self._next_frame())
        self._timestamp = (self._timestamp + FRAME_SAMPLES) & 0xFFFFFFFF
        if self._remote is not None and self._sends:
            self._speak(said)
        self._clock.call_at(self._clock.monotonic_ns() + FRAME_MS * NS_PER_MS, self._frame)

    def _next_frame(self) -> bytes:
        self._primed = self._primed or len(self._frames) >= PRIMED_FRAMES
        if not self._primed:
            return SILENCE
        if not self._frames:
            self._primed = False
            self.gaps += 1
            return SILENCE
        samples, arrived_ns = self._frames.popleft()
        self._waited_ns = self._frame_at_ns - arrived_ns
        return samples[: len(SILENCE)].ljust(len(SILENCE), b"\0")

    def _speak(self, said: bytes) -> None:
        remote = self._remote
        if remote is None:
            return
        digit, step = self._dialling.popleft() if self._dialling else ("", 0)
        if digit:
            self._send_event(remote, digit, step)
            if not self._sounds_too:
                return
        codec = next(codec for codec in remote.codecs if codec in self.codecs)
        self._send_packet(remote, g711.PAYLOAD_TYPE[codec], self._timestamp, g711.encode(codec, said))

    def _send_event(self, remote: Session, digit: str, step: int) -> None:
        if step == 0:
            self._event_at = self._timestamp
        ended = step >= DIGIT_FRAMES - 1
        duration = min(step + 1, DIGIT_FRAMES) * FRAME_SAMPLES
        body = EVENT.pack(KEYPAD.index(digit), (0x80 if ended else 0) | 10, duration)
        payload_type = remote.telephone_event or EVENT_PAYLOAD_TYPE
        self._send_packet(remote, payload_type, self._event_at, body, marker=step == 0)

    def _send_packet(
        self, remote: Session, payload_type: int, timestamp: int, body: bytes, *, marker: bool = False
    ) -> None:
        self._sequence = (self._sequence + 1) & 0xFFFF
        kind = payload_type | (0x80 if marker else 0)
        header = RTP_HEADER.pack(0x80, kind, self._sequence, timestamp, self._ssrc)
        self._send(header + body, self.address, (remote.address, remote.port))
