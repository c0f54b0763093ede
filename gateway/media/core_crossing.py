"""Values to C and back: a plan, the settings and events as the structs of ``native/include/plan.h`` and
``core.h``.

Pure translation. ``ffi`` and ``lib`` of the compiled module are passed in: only `gateway.media.core` imports
it.
"""

import math
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import Any, assert_never

from gateway.errors import Bug, CitylineError, HardwareError, RtpPortError
from gateway.media.core_values import (
    CardAudio,
    CorePort,
    CoreSettings,
    CoreStatistics,
    PortStatistics,
    RtpStatistics,
    RtpTransport,
    SerialAudio,
    SilentAudio,
    ToneDescriptor,
    WireAudio,
)
from gateway.media.identity_crossing import write_identity
from gateway.media.names import read_name
from gateway.media.plan_refused import PlanRefused
from gateway.media.tone_crossing import TONE_KINDS, write_tones
from gateway.model import events
from gateway.model.learned import IdentityScheme
from gateway.model.numbers import Codec, NodeId
from gateway.model.plan import (
    Detectors,
    DigitsNode,
    Hears,
    IdentityNode,
    Node,
    Plan,
    PlayerNode,
    PortNode,
    RtpNode,
    ToneNode,
    ToneSegment,
)

SAMPLES_PER_MS = 8
TICK_MS = 10
TICKS_A_SECOND = 100
SENDER_SEGMENTS_MAX = 16
SENDER_FREQUENCIES_MAX = 4

IDENTITIES = tuple(IdentityScheme)  # in the order of `enum sc_callerid_modulation`
"""``enum sc_tone_kind``. Call waiting is only ever sent."""

KINDS_OF_TONE = {number: kind for kind, number in TONE_KINDS.items()}
CODECS = {Codec.PCMU: 0, Codec.PCMA: 8, Codec.G722: 9, Codec.OPUS: 256}
DIAL_BEYOND_BURST = 1.25
"""A continuous tone must outlast the longest burst of the same frequency in the plan by so much (bursts
vary by 20 %).
"""


# --- addresses ----------------------------------------------------------------------------------------------


def fill_address(target: Any, host: str, port: int) -> None:
    """Write a numeric address into a ``struct sc_rtp_address``; ValueError for a name or a wrong port."""
    packed = ip_address(host).packed
    if not 0 < port < 65_536:
        raise ValueError(f"{port} is no UDP port")
    target.length = len(packed)
    target.bytes[0 : len(packed)] = packed
    target.port = port


def read_address(ffi: Any, source: Any) -> tuple[str, int] | None:
    """The address of a ``struct sc_rtp_address``; None when it is not known."""
    if source.length == 0:
        return None
    return str(ip_address(bytes(ffi.buffer(source.bytes)[: source.length]))), int(source.port)


# --- the plan -----------------------------------------------------------------------------------------------


class PlanWriter:
    """Writes plans into C arrays that live as long as the writer."""

    def __init__(self, ffi: Any, ports: Sequence[CorePort], clips: dict[str, int]) -> None:
        self._ffi = ffi
        self._ports = {port.node: index for index, port in enumerate(ports)}
        self._clips = clips

    def write(self, plan: Plan) -> tuple[Any, list[Any]]:
        """The ``struct sc_plan`` and what must be kept alive while it is used; PlanRefused names a node
        that cannot be.
        """
        nodes = self._ffi.new("struct sc_plan_node[]", max(1, len(plan.nodes)))
        for target, node in zip(nodes, plan.nodes, strict=False):
            self._write_node(target, node)
        edges = self._ffi.new("struct sc_plan_edge[]", max(1, len(plan.hears)))
        for target, edge in zip(edges, plan.hears, strict=False):
            self._write_edge(target, edge)
        image = self._ffi.new("struct sc_plan *")
        image.generation = plan.generation & 0xFFFF_FFFF
        image.node_count, image.nodes = len(plan.nodes), nodes
        image.edge_count, image.edges = len(plan.hears), edges
        return image, [nodes, edges]

    def _write_edge(self, target: Any, edge: Hears) -> None:
        target.listener, target.source, target.gain_db = edge.listener, edge.source, edge.gain_db

    def _write_node(self, target: Any, node: Node) -> None:
        target.id = node.id
        match node:
            case PortNode():
                self._write_port(target, node)
                _write_gains(target, node)
            case RtpNode():
                self._write_rtp(target, node)
                _write_gains(target, node)
            case ToneNode():
                target.kind = 3
                _write_segments(target, node.id, node.segments)
            case PlayerNode():
                target.kind, target.looped = 4, node.looped
                if node.clip not in self._clips:
                    raise PlanRefused(
                        f"plan: player node {node.id} wants clip {node.clip!r}, which is not loaded", node.id
                    )
                target.clip = self._clips[node.clip]
            case DigitsNode():
                self._write_digits(target, node)
            case IdentityNode():
                write_identity(target, node, self._ports)
            case _:
                assert_never(node)

    def _write_port(self, target: Any, node: PortNode) -> None:
        if node.id not in self._ports:
            raise PlanRefused(f"plan: node {node.id} ({node.port}) is no port of this core", node.id)
        target.kind, target.port = 1, self._ports[node.id]
        target.detectors = detector_bits(node.detectors)
        target.canceller, target.digits_apart = node.canceller, node.digits_apart
        target.capture_muted = node.capture_muted

    def _write_rtp(self, target: Any, node: RtpNode) -> None:
        target.kind, target.socket, target.frame_ms = 2, node.socket, node.frame_ms
        target.detectors = detector_bits(node.detectors)
        target.codec, target.sends, target.receives = CODECS[node.codec], node.sends, node.receives
        target.rtcp_mux = node.rtcp_mux
        target.telephone_event = -1 if node.telephone_event is None else node.telephone_event
        target.comfort_noise = node.comfort_noise
        target.opus_type, target.opus_offered_type = node.opus_type or 0, node.opus_offered_type or 0
        target.telephone_event_48k = node.telephone_event_48k
        if node.remote is None:
            return
        try:
            fill_address(target.remote, *node.remote)
        except ValueError as error:
            raise PlanRefused(f"plan: RTP node {node.id} goes to {node.remote}: {error}", node.id) from None

    def _write_digits(self, target: Any, node: DigitsNode) -> None:
        text = node.digits.encode("ascii", "replace")
        if not 0 < len(text) <= 64:
            raise PlanRefused(
                f"plan: digits node {node.id} has {len(text)} digits; 1 to 64 can be sent", node.id
            )
        target.kind, target.digits = 5, text
        target.tone_ms, target.pause_ms = node.tone_ms, node.pause_ms
        target.low_dbm0, target.high_dbm0 = node.low_dbm0, node.high_dbm0


def detector_bits(detectors: Detectors) -> int:
    """``SC_DETECT_*`` or'ed."""
    pairs = (
        (Detectors.DTMF, 1),
        (Detectors.CALL_PROGRESS, 2),
        (Detectors.CALLER_ID, 4),
        (Detectors.DIAL_TONE, 8),
        (Detectors.AON, 16),
        (Detectors.VOICE, 32),
    )
    return sum(bit for flag, bit in pairs if flag in detectors)


def _write_gains(target: Any, node: PortNode | RtpNode) -> None:
    target.spoken_gain_db, target.heard_gain_db = node.spoken_gain_db, node.heard_gain_db
    target.automatic_gain = node.automatic_gain


def _write_segments(target: Any, node: NodeId, segments: Sequence[ToneSegment]) -> None:
    if not 0 < len(segments) <= SENDER_SEGMENTS_MAX:
        raise PlanRefused(
            f"plan: tone node {node} has {len(segments)} segments; 1 to {SENDER_SEGMENTS_MAX} can be sent",
            node,
        )
    target.segment_count = len(segments)
    for image, segment in zip(target.segments, segments, strict=False):
        if len(segment.frequencies_hz) > SENDER_FREQUENCIES_MAX:
            raise PlanRefused(
                f"plan: tone node {node} has a segment of more than {SENDER_FREQUENCIES_MAX} frequencies",
                node,
            )
        image.duration_ms, image.level_dbm0 = segment.duration_ms, segment.level_dbm0
        image.frequency_count = len(segment.frequencies_hz)
        for index, frequency_hz in enumerate(segment.frequencies_hz):
            image.frequency_hz[index] = frequency_hz


# --- complaints ---------------------------------------------------------------------------------------------

_NODE_TEXTS = {
    1: "too many nodes",
    2: "too many edges",
    3: "node {node} is given twice or stands out of order",
    4: "node {node} is of an unknown kind",
    5: "node {node} is port {other}, which this core does not have",
    6: "node {node} is port {other}, which another node is already",
    7: "node {node} uses RTP socket {other}, which this core does not have",
    8: "node {node} uses RTP socket {other}, which another node uses already",
    9: "RTP node {node} has a frame length, payload type or address that cannot be",
    10: "tone node {node} has a frequency, level or length that cannot be sent",
    11: "player node {node} wants a clip that is not loaded",
    12: "digits node {node} has a digit, length or level that cannot be sent",
    13: "node {node}: more nodes of its kind than the core was made for",
    14: "an edge lets node {node} hear {other}, but there is no node {node}",
    15: "an edge lets node {other} hear {node}, but there is no node {node}",
    16: "an edge lets node {node} hear {other}, but node {node} cannot hear",
    17: "the edge from {other} to {node} is given twice",
    18: "the edge from {other} to {node} has a gain outside -100..+40 dB",
    23: "node {node} has a gain of its own outside -30..+30 dB",
    24: "identity node {node} has a form, text or alert that cannot be sent",
}


def plan_refusal(complaint: Any) -> PlanRefused:
    """What the core complained about, as a sentence."""
    text = _NODE_TEXTS.get(int(complaint.kind), "refused")
    return PlanRefused(
        "plan: " + text.format(node=complaint.node, other=complaint.other), NodeId(complaint.node)
    )


def creation_refusal(settings: CoreSettings, complaint: Any, reason: str) -> CitylineError:
    """Why a core could not be made: a port that is taken, a card that is not there, or a mistake of ours."""
    match int(complaint.kind):
        case 19:
            return RtpPortError(
                f"UDP port {complaint.other} on {settings.rtp_address} cannot be bound: {reason}. "
                "Stop the program that uses it, or give the board another first_port."
            )
        case 20:
            return HardwareError(f"{_device_of(settings.ports, complaint.node)}: {reason}")
        case 22:
            return Bug(f"signal core: the tone receiver refuses tone descriptor {complaint.other}: {reason}")
        case _:
            return Bug(f"signal core: cannot be made: {reason}")


def _device_of(ports: Iterable[CorePort], node: int) -> str:
    for port in ports:
        if port.node == node and isinstance(port.audio, CardAudio):
            capture = f" (capture {port.audio.capture})" if port.audio.capture else ""
            return f"sound card {port.audio.device}{capture} of node {node} cannot be used"
    return f"sound card of node {node} cannot be used"


# --- settings -----------------------------------------------------------------------------------------------


def write_settings(ffi: Any, settings: CoreSettings) -> tuple[Any, list[Any]]:
    """The ``struct sc_core_settings`` and what must be kept alive while it is used; Bug for values that
    cannot be.
    """
    image = ffi.new("struct sc_core_settings *")
    ports = ffi.new("struct sc_core_port[]", max(1, len(settings.ports)))
    for target, port in zip(ports, settings.ports, strict=False):
        _write_core_port(ffi, target, port)
    tones, tone_count = write_tones(ffi, settings.tones)
    image.port_count, image.ports = len(settings.ports), ports
    image.tone_count, image.tones = tone_count, tones
    image.dial_min_ms = _dial_min_ms([ToneDescriptor(*tone) for tone in settings.tones])
    image.transport = 1 if settings.rtp_transport is RtpTransport.UDP else 0
    try:
        fill_address(image.local, settings.rtp_address, settings.rtp_first_port)
    except ValueError as error:
        raise Bug(
            f"signal core: RTP cannot be bound to {settings.rtp_address}:{settings.rtp_first_port}: {error}"
        ) from None
    image.socket_count = settings.rtp_sockets
    image.tone_nodes, image.player_nodes = settings.tone_nodes, settings.player_nodes
    image.digits_nodes, image.media_lost_ms = settings.digits_nodes, settings.media_lost_ms
    image.rtcp_interval_ms = settings.rtcp_interval_ms
    image.recorded_ticks = settings.recorded_s * TICKS_A_SECOND
    image.first_tick = settings.first_tick
    image.seed = settings.seed & 0xFFFF_FFFF_FFFF_FFFF
    return image, [ports, tones]


def _write_core_port(ffi: Any, target: Any, port: CorePort) -> None:
    target.node = port.node
    target.echo_delay_known = port.echo_delay_samples is not None
    target.echo_delay_samples = port.echo_delay_samples or 0
    match port.audio:
        case WireAudio(exchange=exchange, line=line):
            target.kind = 1
            target.exchange = ffi.cast("sc_port_exchange", exchange)
            target.self = ffi.cast("void *", line)
        case CardAudio() as card:
            target.kind, target.side, target.full_scale_dbm0 = 2, card.side, card.full_scale_dbm0
            played = card.playback_full_scale_dbm0
            target.playback_full_scale_dbm0 = card.full_scale_dbm0 if played is None else played
            target.absent = card.absent
            for name in (card.device, card.capture):
                if len(name.encode()) >= 128:
                    raise Bug(f"signal core: the ALSA device name {name!r} is too long")
            target.device, target.capture_device = card.device.encode(), card.capture.encode()
        case SerialAudio() | SilentAudio():
            target.kind = 3 if isinstance(port.audio, SerialAudio) else 0
        case _:
            assert_never(port.audio)


def _dial_min_ms(tones: Sequence[ToneDescriptor]) -> int:
    """How long a continuous tone must last not to be a burst of another tone of the same frequencies (0:
    no such).
    """
    continuous = {tone.frequencies_hz for tone in tones if not tone.cadence_ms}
    bursts = (on for tone in tones if tone.frequencies_hz in continuous for on in tone.cadence_ms[::2])
    return math.ceil(DIAL_BEYOND_BURST * max(bursts, default=0))


# --- events -------------------------------------------------------------------------------------------------


def read_event(ffi: Any, raw: Any) -> events.Event:
    """A ``struct sc_event`` as the frozen event of `gateway.model.events`; Bug for a kind nobody knows."""
    node = NodeId(raw.node)
    match int(raw.kind):
        case 1:
            return events.DigitStarted(node)
        case 2:
            return _digit(node, raw)
        case 3:
            return events.ToneHeard(node, KINDS_OF_TONE[raw.value], bool(raw.present), raw.cycles)
        case 4:
            name = read_name(bytes(ffi.buffer(raw.name)[: raw.name_length]))
            number = ffi.string(raw.number).decode("ascii", "replace")
            return events.CallerIdHeard(node, number, name, bool(raw.withheld), IDENTITIES[raw.value])
        case 5:
            return events.DigitsSent(node)
        case 6:
            return events.PromptEnded(node)
        case 7:
            return events.MediaLost(node, raw.duration_ms)
        case 8:
            number = ffi.string(raw.number).decode("ascii", "replace")
            return events.NumberTold(node, number, chr(raw.value) if raw.value else "", raw.cycles)
        case 9:
            return events.IdentitySent(node, bool(raw.present))
        case 10:
            return events.VoiceHeard(node, bool(raw.present))
        case kind:
            raise Bug(f"signal core: event of unknown kind {kind}")


def _digit(node: NodeId, raw: Any) -> events.DigitHeard:
    return events.DigitHeard(
        node,
        chr(raw.value),
        raw.duration_ms,
        events.DigitSource.IN_BAND if raw.in_band else events.DigitSource.RTP_EVENT,
        raw.start_ms,
        raw.end_ms,
        round(raw.level_dbm0, 1),
        round(raw.twist_db, 1) if raw.in_band else None,
    )


# --- statistics ---------------------------------------------------------------------------------------------

LATENESS_UNIT_US = 8


def read_statistics(ffi: Any, raw: Any) -> CoreStatistics:
    """A ``struct sc_core_statistics`` as a value."""
    return CoreStatistics(
        ticks=raw.ticks,
        generation=raw.generation,
        plans_taken=raw.plans_taken,
        events_dropped=raw.events_dropped,
        tick_us_mean=raw.tick_us_mean,
        tick_us_max=raw.tick_us_max,
        ticks_late=raw.ticks_late,
        ticks_missed=raw.ticks_missed,
        lateness_us=tuple((LATENESS_UNIT_US << index, count) for index, count in enumerate(raw.lateness)),
        real_time=bool(raw.real_time),
        running=bool(raw.running),
        ports=tuple(_port_statistics(raw.ports[index]) for index in range(raw.port_count)),
        rtp=tuple(
            _rtp_statistics(ffi, raw.rtp[index], index)
            for index in range(raw.socket_count)
            if raw.rtp[index].node
        ),
    )


def _port_statistics(raw: Any) -> PortStatistics:
    known = raw.echo_delay_samples >= 0
    delay_samples = raw.echo_delay_samples + raw.alignment_samples
    return PortStatistics(
        node=NodeId(raw.node),
        spoken_dbm0=raw.spoken_dbm0,
        captured_dbm0=raw.captured_dbm0,
        heard_dbm0=raw.heard_dbm0,
        spoken_gain_db=raw.spoken_gain_db,
        erl_db=raw.erl_db,
        erle_db=raw.erle_db,
        echo_delay_ms=delay_samples / SAMPLES_PER_MS if known else None,
        echo_delay_samples=raw.echo_delay_samples if known else None,
        converged=bool(raw.converged),
        double_talk=bool(raw.double_talk),
        nlp_off=bool(raw.nlp_off),
        canceller_disabled=bool(raw.canceller_disabled),
        failures=raw.failures,
        capture_xruns=raw.capture_xruns,
        playback_xruns=raw.playback_xruns,
        lost_frames=raw.lost_frames,
        slips=raw.slips,
        capture_ppm=raw.capture_ppm,
        playback_ppm=raw.playback_ppm,
        captured_samples=raw.captured_samples,
        card_gone=bool(raw.card_gone),
        serial_captured=raw.serial_captured,
        serial_played=raw.serial_played,
        serial_dropped=raw.serial_dropped,
        serial_gone=raw.serial_gone,
    )


def _rtp_statistics(ffi: Any, raw: Any, socket: int) -> RtpStatistics:
    return RtpStatistics(
        node=NodeId(raw.node),
        socket=socket,
        spoken_dbm0=raw.spoken_dbm0,
        heard_dbm0=raw.heard_dbm0,
        spoken_gain_db=raw.spoken_gain_db,
        sent=raw.sent,
        received=raw.received,
        malformed=raw.malformed,
        foreign=raw.foreign,
        queue_dropped=raw.queue_dropped,
        concealed_samples=raw.concealed_samples,
        late=raw.late,
        duplicates=raw.duplicates,
        reordered=raw.reordered,
        lost_ticks=raw.lost_ticks,
        jitter_ms=raw.jitter_ms,
        depth_ms=raw.depth_ms,
        lost_percent=raw.lost_percent,
        rtcp_sent=raw.rtcp_sent,
        rtcp_received=raw.rtcp_received,
        remote_lost_percent=raw.remote_lost_percent if raw.remote_told else None,
        remote_jitter_ms=raw.remote_jitter_ms if raw.remote_told else None,
        round_trip_ms=raw.round_trip_ms if raw.timed else None,
        latched=read_address(ffi, raw.latch) if raw.latched else None,
    )
