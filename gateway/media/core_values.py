"""What the signal core is made with and what it measures: frozen values, no C in sight."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from gateway.model.echo import EchoFigures
from gateway.model.numbers import NodeId, ToneKind


@dataclass(frozen=True, slots=True)
class WireAudio:
    """A port that is a C function: address of an ``sc_port_exchange`` (native/include/port.h) and of its
    ``self``.

    Both must stay valid until the core is closed.
    """

    exchange: int
    line: int


@dataclass(frozen=True, slots=True)
class CardAudio:
    """A port that is one side of an ALSA device: a name such as ``hw:CARD=line1``, side 0 (left or mono) or
    1 (right).

    ``full_scale_dbm0`` is the level on the line of a sine that fills the card's 16 bits when it is captured,
    ``playback_full_scale_dbm0`` when it is played (None: the same). ``capture`` is given where recording has
    another name than playback. ``absent``: it is not there (yet); the port begins
    as one whose card has gone, until `SignalCore.plug_card`.
    """

    device: str
    side: int = 0
    full_scale_dbm0: float = 3.14
    playback_full_scale_dbm0: float | None = None
    capture: str = ""
    absent: bool = False


@dataclass(frozen=True, slots=True)
class SilentAudio:
    """A port without audio: it captures silence."""


@dataclass(frozen=True, slots=True)
class SerialAudio:
    """A port that is the voice port of a modem; `SignalCore.plug_serial` brings its descriptor."""


CARD_DELAY_LIMIT_SAMPLES = 1_792
"""Span of a card's canceller: its echo begins within 224 ms."""


@dataclass(frozen=True, slots=True)
class CorePort:
    """A port of the core: its node id in every plan and what carries its audio.

    ``echo_delay_samples`` is `PortStatistics.echo_delay_samples` of an earlier run, 0 to under 1,792 for a
    card and 1,024 otherwise: the canceller begins there, and moves where that is wrong. None: not known.
    """

    node: NodeId
    audio: WireAudio | CardAudio | SerialAudio | SilentAudio
    echo_delay_samples: int | None = None


class ToneDescriptor(NamedTuple):
    """A call-progress tone to listen for (a plain tuple does as well).

    ``cadence_ms`` is on, off, on, off ...; empty means a continuous tone. Frequencies sound together,
    except for the special information tone (SIT), whose bursts take one each. Up to 4 frequencies and 4
    bursts. ``modulated`` when the amplitude swings 15 to 50 times a second.
    """

    kind: ToneKind
    frequencies_hz: tuple[float, ...]
    cadence_ms: tuple[int, ...]
    modulated: bool = False


@dataclass(frozen=True, slots=True)
class ToneEnding:
    """The tone that one call's last seconds ended in: switched on and off at least three times, all alike.

    One frequency, or two that sound together (ascending). ``purity`` is the tone's share of all that
    sounded in its bursts, 0 to 1.
    """

    frequencies_hz: tuple[float, ...]
    on_ms: float
    off_ms: float
    level_dbm0: float
    cycles: int
    purity: float


@dataclass(frozen=True, slots=True)
class LearnedTone:
    """What a line's calls have ended in more than once, or once: means over ``endings`` calls.

    ``spread_hz`` and ``spread_part`` (of a cycle's length) are how far one ending was from the mean.
    ``confidence`` (0 to 1) is at most a half after one call, however clear.
    """

    kind: ToneKind
    frequencies_hz: tuple[float, ...]
    on_ms: float
    off_ms: float
    level_dbm0: float
    spread_hz: float
    spread_part: float
    endings: int
    confidence: float


class RtpTransport(StrEnum):
    """What carries RTP: queues that the bench fills and empties, or UDP sockets bound at start."""

    MEMORY = "memory"
    UDP = "udp"


@dataclass(frozen=True, slots=True)
class CoreSettings:
    """Everything the core is made with. Pools are sized here, once; the tick never allocates.

    ``rtp_address`` is a numeric address and ``rtp_first_port`` the first even port: socket *i* has the pair
    ``rtp_first_port + 2 i`` (RTP) and the odd port after it (RTCP). ``seed`` makes SSRCs and first numbers;
    give a random one in real life. ``media_lost_ms`` of silence on RTP is reported, 0 never.
    ``rtcp_interval_ms`` times 0.5 to 1.5 lie between our RTCP reports of a stream; 0: none is sent.
    ``recorded_s`` of each port's sound stay for `SignalCore.recorded` (32 kB a second and port); 0: none.
    ``first_tick`` is the number of its first tick: a replay goes on where its recording begins.
    """

    ports: tuple[CorePort, ...]
    tones: tuple[ToneDescriptor | tuple[ToneKind, tuple[float, ...], tuple[int, ...]], ...] = ()
    rtp_transport: RtpTransport = RtpTransport.MEMORY
    rtp_address: str = "127.0.0.1"
    rtp_first_port: int = 16_384
    rtp_sockets: int = 32
    seed: int = 1
    media_lost_ms: int = 30_000
    rtcp_interval_ms: int = 0
    tone_nodes: int = 64
    player_nodes: int = 64
    digits_nodes: int = 64
    recorded_s: int = 0
    first_tick: int = 0


class RecordedSound(NamedTuple):
    """What the core still has of a port's sound: whole ticks of 80 samples, 16-bit little-endian at 8 kHz.

    ``heard`` is what the detectors listened to, ``played`` what went to the line; ``generations`` are the
    plan's in force, one a tick. ``first_tick`` is the number of the first.
    """

    first_tick: int
    heard: bytes
    played: bytes
    generations: tuple[int, ...]


class Fault(StrEnum):
    """Deliberate faults for the tests of our tests; nothing but tests may use them."""

    NONE = "none"
    CROSSED_WIRE = "crossed_wire"
    DIRECTION_MUTED = "direction_muted"
    TONE_SHARP = "tone_sharp"
    CANCELLER_BYPASSED = "canceller_bypassed"


@dataclass(frozen=True, slots=True)
class PortStatistics:
    """A port as of the last tick. Levels in dBm0 over the last 100 ms (-96 is silence).

    ``spoken`` came from the line after the canceller, ``captured`` before it, ``heard`` was played to the
    line; ``spoken_gain_db`` is what the line's own and automatic gain add before others hear it.
    ``echo_delay_ms`` is the whole way from playing to hearing it again (None: unknown); of it
    ``echo_delay_samples`` is what the canceller found, the rest a card's buffers that are counted.
    ``erl_db`` and ``erle_db`` as in G.168. ``nlp_off``: an answer tone was heard in this call;
    ``canceller_disabled``: so were its phase reversals, and machines have the line to themselves. The last
    fields count for sound cards only; ``lost_frames`` are frames of the card's 48 kHz, ``captured_samples``
    what it has given so far, of 8 kHz; ``capture_ppm`` is its clock against ours (positive: too fast),
    ``playback_ppm`` ours against its. ``card_gone``: it was pulled out, or is not there yet.
    ``serial_captured``, ``serial_played`` and ``serial_dropped`` are frames of 20 ms that came from a modem,
    that it took, that it did not take; ``serial_gone`` is the errno of a voice port that failed.
    """

    node: NodeId
    spoken_dbm0: float
    captured_dbm0: float
    heard_dbm0: float
    spoken_gain_db: float
    erl_db: float
    erle_db: float
    echo_delay_ms: float | None
    echo_delay_samples: int | None
    converged: bool
    double_talk: bool
    nlp_off: bool
    canceller_disabled: bool
    failures: int
    capture_xruns: int
    playback_xruns: int
    lost_frames: int
    slips: int
    capture_ppm: float
    playback_ppm: float
    captured_samples: int
    card_gone: bool
    serial_captured: int = 0
    serial_played: int = 0
    serial_dropped: int = 0
    serial_gone: int = 0

    @property
    def echo(self) -> EchoFigures:
        """What the canceller has found: nothing before it has found an echo path."""
        if not self.converged:
            return EchoFigures()
        return EchoFigures(round(self.erl_db, 1), round(self.erle_db, 1), self.echo_delay_ms)


@dataclass(frozen=True, slots=True)
class RtpStatistics:
    """An RTP node as of the last tick. ``foreign`` packets were valid but came from another source than
    the party's.

    ``lost_percent`` of what the party sent never came. By its RTCP: ``remote_lost_percent`` (since the report
    before) and ``remote_jitter_ms`` of what it hears of us, and the ``round_trip_ms`` through the network;
    None until it has told.
    """

    node: NodeId
    socket: int
    spoken_dbm0: float
    heard_dbm0: float
    spoken_gain_db: float
    sent: int
    received: int
    malformed: int
    foreign: int
    queue_dropped: int
    concealed_samples: int
    late: int
    duplicates: int
    reordered: int
    lost_ticks: int
    jitter_ms: float
    depth_ms: float
    lost_percent: float
    rtcp_sent: int
    rtcp_received: int
    remote_lost_percent: float | None
    remote_jitter_ms: float | None
    round_trip_ms: float | None
    latched: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class CoreStatistics:
    """The core as of the last tick. ``lateness_us`` maps an upper bound in µs to the steps that began no
    later.
    """

    ticks: int
    generation: int
    plans_taken: int
    events_dropped: int
    tick_us_mean: float
    tick_us_max: float
    ticks_late: int
    ticks_missed: int
    lateness_us: tuple[tuple[int, int], ...]
    real_time: bool
    running: bool
    ports: tuple[PortStatistics, ...]
    rtp: tuple[RtpStatistics, ...]

    def port(self, node: NodeId) -> PortStatistics:
        """The port with this node id; KeyError when there is none."""
        for port in self.ports:
            if port.node == node:
                return port
        raise KeyError(node)

    def rtp_node(self, node: NodeId) -> RtpStatistics:
        """The RTP node with this id; KeyError when it is not in the plan."""
        for rtp in self.rtp:
            if rtp.node == node:
                return rtp
        raise KeyError(node)
