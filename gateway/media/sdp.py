"""Session descriptions (SDP, RFC 4566) in the offer/answer model (RFC 3264), for one stream of speech: G.711,
G.722 or Opus. Pure.

`parse_description` takes anything from the network and either returns a `Description` or raises
`SdpRefused`, never
anything else. `agree` says what we and the other party have in common; `write_offer` and `write_answer`
say it to them.
"""

import ipaddress
import re
from dataclasses import dataclass
from enum import Enum, StrEnum

from gateway.errors import PeerError
from gateway.model.numbers import Codec

MAX_CHARACTERS = 16_384
MAX_LINES = 400
MAX_MEDIA = 16

PAYLOAD_TYPES = {Codec.PCMU: 0, Codec.PCMA: 8, Codec.G722: 9}
"""Static payload types (RFC 3551 table 4). G.722 is written with a clock of 8000, too (section 4.5.2)."""

NARROW = (Codec.PCMA, Codec.PCMU)
WIDE = (Codec.G722, *NARROW)
WIDE_WITH_OPUS = (Codec.G722, Codec.OPUS, *NARROW)
"""G.722 first: an Opus leg costs us many of it, and is worth that where nothing else wide is spoken, or on a
lossy way, whose telephones name Opus first.
"""

OUR_TELEPHONE_EVENT = 101
OUR_TELEPHONE_EVENT_48K = 102
"""Payload types of digits (RFC 4733) in our offers: beside codecs of 8 kHz, and beside Opus (section 2.1)."""

OUR_OPUS = 107
"""Payload type of Opus (RFC 7587) in our offers."""

OPUS_MAP = ("opus", 48_000, "2")
"""Always two channels and 48 kHz, whatever is spoken (RFC 7587 section 7)."""

OPUS_PARAMETERS = "useinbandfec=1;maxplaybackrate=16000;sprop-maxcapturerate=16000"
OPUS_FRAMES_MS = (10, 20, 40, 60)

COMFORT_NOISE = 13
"""Static payload type of comfort noise (RFC 3389 section 4)."""

DEFAULT_FRAME_MS = 20
FRAMES_MS = range(10, 61, 10)
"""Packet times that the signal core sends."""

_NAME = "[A-Za-z0-9-]{1,32}"
_MEDIA = re.compile(
    rf"({_NAME}) (\d{{1,5}})(?:/\d{{1,5}})? ([A-Za-z0-9/]{{1,32}})((?: [^\s]{{1,16}}){{1,64}})\Z"
)
_RTPMAP = re.compile(rf"(\d{{1,3}}) ({_NAME})/(\d{{1,6}})(?:/(\d{{1,2}}))?\Z")
_CN_MAPS = (f"{COMFORT_NOISE} CN/8000", f"{COMFORT_NOISE} CN/8000/1")
_CONNECTION = re.compile(r"IN (IP4|IP6) ([0-9A-Za-z.:%-]{1,64})(?:/\d+)*\Z")
_ORIGIN = re.compile(r"\S{1,256} \S{1,64} \S{1,64} IN IP[46] \S{1,256}\Z")


class Direction(StrEnum):
    """Direction of a stream, as the party that writes it sees it."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        """Whether its writer sends."""
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        """Whether its writer receives."""
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @classmethod
    def of(cls, *, sends: bool, receives: bool) -> "Direction":
        """The direction of a party that sends and receives so."""
        if sends:
            return cls.SENDRECV if receives else cls.SENDONLY
        return cls.RECVONLY if receives else cls.INACTIVE


class Refusal(Enum):
    """Why a description cannot be used, with the SIP status that says so."""

    TOO_LARGE = ("the session description is too large", 413)
    MALFORMED = ("the session description cannot be read", 400)
    NO_AUDIO = ("no audio stream is offered", 488)
    NO_COMMON_CODEC = ("none of G.711 (A-law, µ-law), G.722 and, where it is installed, Opus is offered", 488)
    TRANSPORT = ("the audio stream is not plain RTP (RTP/AVP)", 488)
    ADDRESS = ("the media address cannot be used", 488)

    def __init__(self, sentence: str, status: int) -> None:
        self.sentence = sentence
        self.status = status


class SdpRefused(PeerError):  # noqa: N818
    """A description that we cannot use. ``status`` goes into the SIP response."""

    def __init__(self, refusal: Refusal, detail: str = "") -> None:
        super().__init__(refusal.sentence + (f": {detail}" if detail else ""))
        self.refusal = refusal

    @property
    def status(self) -> int:
        """400, 413 or 488."""
        return self.refusal.status


@dataclass(frozen=True, slots=True)
class MediaLine:
    """One m= line as it must be repeated in an answer."""

    media: str
    port: int
    transport: str
    formats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Description:
    """What the other party said. ``audio`` is the index in ``media`` of the stream that we take.

    ``address`` is None when media is on hold by the old way, ``c=0.0.0.0`` (RFC 3264 section 8.4);
    ``direction`` is theirs.
    """

    media: tuple[MediaLine, ...]
    audio: int
    address: str | None
    port: int
    codecs: tuple[Codec, ...]
    telephone_event: int | None
    frame_ms: int
    direction: Direction
    rtcp_mux: bool = False
    comfort_noise: bool = False
    opus_type: int | None = None
    telephone_event_48k: int | None = None

    @property
    def on_hold(self) -> bool:
        """Whether they do not want to hear us."""
        return self.address is None or not self.direction.receives


@dataclass(frozen=True, slots=True)
class Agreement:
    """What both parties do, for an `RtpNode`: where to send, in which codec, and whether at all."""

    remote: tuple[str, int] | None
    codec: Codec
    telephone_event: int | None
    frame_ms: int
    sends: bool
    receives: bool
    rtcp_mux: bool = False
    comfort_noise: bool = False
    opus_type: int | None = None
    telephone_event_48k: bool = False


@dataclass(frozen=True, slots=True)
class LocalMedia:
    """Our side of a stream: where we receive, what we want. ``version`` grows with each change (RFC 3264
    section 8). ``wideband``: whoever talks through us with them would hear it. ``comfort_noise``: silence may
    be sent as comfort noise, if they take it.
    """

    address: str
    port: int
    session_id: int
    version: int = 1
    codecs: tuple[Codec, ...] = NARROW
    frame_ms: int = DEFAULT_FRAME_MS
    direction: Direction = Direction.SENDRECV
    wideband: bool = False
    comfort_noise: bool = False


# --- reading ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Section:
    """The lines of the session level, or of one medium."""

    media: MediaLine | None
    connection: str | None
    attributes: list[tuple[str, str]]

    def attribute(self, name: str) -> str | None:
        for key, value in self.attributes:
            if key == name:
                return value
        return None

    def direction(self) -> Direction | None:
        for key, _ in self.attributes:
            if key in Direction.__members__.values():
                return Direction(key)
        return None


def parse_description(text: str) -> Description:
    """The description of the first usable audio stream; raises `SdpRefused` for everything else."""
    session, sections = _sections(text)
    index, section, media = _audio(sections)
    formats = _formats(section, media)
    connection = section.connection or session.connection
    if connection is None:
        raise SdpRefused(Refusal.MALFORMED, "no c= line")
    return Description(
        media=tuple(one.media for one in sections if one.media is not None),
        audio=index,
        address=_address(connection),
        port=media.port,
        codecs=formats.codecs,
        telephone_event=formats.events.get(8_000),
        frame_ms=_frame_ms(section.attribute("ptime")),
        direction=section.direction() or session.direction() or Direction.SENDRECV,
        rtcp_mux=section.attribute("rtcp-mux") is not None,
        comfort_noise=_comfort_noise(section, media),
        opus_type=formats.opus,
        telephone_event_48k=formats.events.get(48_000),
    )


def _lines(text: str) -> list[tuple[str, str]]:
    if len(text) > MAX_CHARACTERS:
        raise SdpRefused(Refusal.TOO_LARGE)
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    if len(lines) > MAX_LINES:
        raise SdpRefused(Refusal.TOO_LARGE)
    pairs = []
    for line in lines:
        if len(line) < 2 or line[1] != "=" or not ("a" <= line[0] <= "z") or not _is_text(line):
            raise SdpRefused(Refusal.MALFORMED, repr(line[:40]))
        pairs.append((line[0], line[2:]))
    if not pairs or pairs[0] != ("v", "0"):
        raise SdpRefused(Refusal.MALFORMED, "it does not begin with v=0")
    return pairs


def _is_text(line: str) -> bool:
    return all(character >= " " or character == "\t" for character in line)


def _sections(text: str) -> tuple[_Section, list[_Section]]:
    session = current = _Section(None, None, [])
    sections: list[_Section] = []
    origins = 0
    for kind, value in _lines(text):
        if kind == "m":
            current = _Section(_media_line(value), None, [])
            sections.append(current)
        elif kind == "c" and current.connection is None:
            current.connection = value
        elif kind == "a":
            name, _, rest = value.partition(":")
            current.attributes.append((name, rest))
        elif kind == "o":
            origins += 1
            if current is not session or _ORIGIN.match(value) is None:
                raise SdpRefused(Refusal.MALFORMED, "o=")
    if origins != 1:
        raise SdpRefused(Refusal.MALFORMED, "not exactly one o= line")
    if len(sections) > MAX_MEDIA:
        raise SdpRefused(Refusal.TOO_LARGE)
    return session, sections


def _media_line(value: str) -> MediaLine:
    match = _MEDIA.match(value)
    if match is None or int(match[2]) > 65_535 or not match[2].isascii():
        raise SdpRefused(Refusal.MALFORMED, "m=")
    return MediaLine(match[1], int(match[2]), match[3], tuple(match[4].split()))


def _audio(sections: list[_Section]) -> tuple[int, _Section, MediaLine]:
    transport_seen = ""
    for index, section in enumerate(sections):
        media = section.media
        if media is None or media.media != "audio" or media.port == 0:
            continue
        if media.transport == "RTP/AVP":
            return index, section, media
        transport_seen = media.transport
    if transport_seen:
        raise SdpRefused(Refusal.TRANSPORT, transport_seen)
    raise SdpRefused(Refusal.NO_AUDIO)


@dataclass(slots=True)
class _Formats:
    """The codecs in their order, Opus' payload type, and those of telephone-event by their clock in Hz."""

    codecs: tuple[Codec, ...]
    opus: int | None
    events: dict[int, int]


def _formats(section: _Section, media: MediaLine) -> _Formats:
    maps: dict[int, tuple[str, int, str]] = {}
    for name, value in section.attributes:
        match = _RTPMAP.match(value) if name == "rtpmap" else None
        mapped = (match[2].lower(), int(match[3]), match[4] or "1") if match is not None else ("", 0, "")
        if match is not None and value.isascii() and (mapped[2] == "1" or mapped == OPUS_MAP):
            maps[int(match[1])] = mapped
    found = _Formats((), None, {})
    codecs: list[Codec] = []
    for text in media.formats:
        if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) < 128):
            continue
        number = int(text)
        mapped = maps.get(number, ("", 0, ""))
        for codec, static in PAYLOAD_TYPES.items():
            if number == static and maps.get(number) in (None, (codec.lower(), 8_000, "1")):
                codecs.append(codec)
        if number >= 96 and mapped == OPUS_MAP and found.opus is None:
            found.opus = number
            codecs.append(Codec.OPUS)
        if number >= 96 and mapped[0] == "telephone-event":
            found.events.setdefault(mapped[1], number)
    found.codecs = tuple(dict.fromkeys(codecs))
    return found


def _comfort_noise(section: _Section, media: MediaLine) -> bool:
    """Whether payload type 13 is there, and is not mapped to something else."""
    number = str(COMFORT_NOISE)
    maps = [
        value for name, value in section.attributes if name == "rtpmap" and value.startswith(f"{number} ")
    ]
    return number in media.formats and all(value.upper() in _CN_MAPS for value in maps)


def _address(connection: str) -> str | None:
    match = _CONNECTION.match(connection)
    if match is None:
        raise SdpRefused(Refusal.MALFORMED, "c=")
    try:
        address = ipaddress.ip_address(match[2])
    except ValueError:
        raise SdpRefused(Refusal.ADDRESS, "not an IP address") from None
    if address.version != int(match[1][2]) or "%" in match[2]:
        raise SdpRefused(Refusal.ADDRESS, "of another family")
    if address.is_unspecified:
        return None
    if address.is_multicast or str(address) == "255.255.255.255":
        raise SdpRefused(Refusal.ADDRESS, "not of one host")
    return str(address)


def _frame_ms(text: str | None) -> int:
    """The packet time that they ask for, where we can send it."""
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= 4):
        return DEFAULT_FRAME_MS
    return int(text) if int(text) in FRAMES_MS else DEFAULT_FRAME_MS


# --- agreeing ---------------------------------------------------------------------------------------------


def agree(theirs: Description, ours: LocalMedia) -> Agreement:
    """What is done after an offer of theirs (which we answer) or an answer of theirs (to our offer).

    The first of *their* codecs that we know is taken: they said which they like best. But a wideband one goes
    before the others where somebody would hear it, and else after them. Raises `SdpRefused`.
    """
    common = [codec for codec in theirs.codecs if codec in ours.codecs]
    if not common:
        raise SdpRefused(Refusal.NO_COMMON_CODEC)
    codec = min(common, key=lambda codec: codec.wideband is not ours.wideband)
    opus = codec is Codec.OPUS
    reachable = theirs.address is not None
    return Agreement(
        remote=(theirs.address, theirs.port) if theirs.address is not None else None,
        codec=codec,
        telephone_event=(theirs.telephone_event_48k if opus else None) or theirs.telephone_event,
        frame_ms=DEFAULT_FRAME_MS if opus and theirs.frame_ms not in OPUS_FRAMES_MS else theirs.frame_ms,
        sends=reachable and theirs.direction.receives and ours.direction.sends,
        receives=theirs.direction.sends and ours.direction.receives,
        rtcp_mux=theirs.rtcp_mux,
        comfort_noise=theirs.comfort_noise and ours.comfort_noise,
        opus_type=theirs.opus_type if opus else None,
        telephone_event_48k=opus and theirs.telephone_event_48k is not None,
    )


# --- writing ----------------------------------------------------------------------------------------------


def _family(address: str) -> str:
    return "IP6" if ":" in address else "IP4"


def _session_lines(local: LocalMedia) -> list[str]:
    where = f"IN {_family(local.address)} {local.address}"
    return [
        "v=0",
        f"o=- {local.session_id} {local.version} {where}",
        "s=-",
        f"c={where}",
        "t=0 0",
    ]


@dataclass(frozen=True, slots=True)
class _Written:
    """What an audio stream of ours says: codecs with payload types, and those of digits with clocks in Hz."""

    codecs: tuple[tuple[Codec, int], ...]
    events: tuple[tuple[int, int], ...]
    frame_ms: int
    direction: Direction
    comfort_noise: bool


def _map(codec: Codec) -> str:
    return "opus/48000/2" if codec is Codec.OPUS else f"{codec.value}/8000"


def _audio_lines(port: int, says: _Written) -> list[str]:
    noise = [COMFORT_NOISE] if says.comfort_noise else []
    types = [number for _codec, number in says.codecs] + noise + [number for number, _hz in says.events]
    return [
        f"m=audio {port} RTP/AVP {' '.join(map(str, types))}",
        *(f"a=rtpmap:{number} {_map(codec)}" for codec, number in says.codecs),
        *(f"a=fmtp:{number} {OPUS_PARAMETERS}" for codec, number in says.codecs if codec is Codec.OPUS),
        *(f"a=rtpmap:{number} CN/8000" for number in noise),
        *(f"a=rtpmap:{number} telephone-event/{hz}" for number, hz in says.events),
        *(f"a=fmtp:{number} 0-15" for number, _hz in says.events),
        f"a=ptime:{says.frame_ms}",
        f"a={says.direction.value}",
    ]


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\r\n" for line in lines)


def write_offer(local: LocalMedia) -> str:
    """Our offer: all our codecs, digits as RFC 4733 events, our direction."""
    opus = Codec.OPUS in local.codecs
    says = _Written(
        codecs=tuple((codec, PAYLOAD_TYPES.get(codec, OUR_OPUS)) for codec in local.codecs),
        events=((OUR_TELEPHONE_EVENT, 8_000), *(((OUR_TELEPHONE_EVENT_48K, 48_000),) if opus else ())),
        frame_ms=local.frame_ms,
        direction=local.direction,
        comfort_noise=local.comfort_noise,
    )
    return _text(_session_lines(local) + _audio_lines(local.port, says))


def write_answer(theirs: Description, agreement: Agreement, local: LocalMedia) -> str:
    """Our answer to their offer: one codec, RTCP on RTP's port if they offer that (RFC 5761 section 5.1.1;
    we do not offer it, since every telephone knows the next port); every other stream of theirs refused
    with port 0 (RFC 3264 section 6).
    """
    lines = _session_lines(local)
    direction = Direction.of(
        # An old-style hold is answered as sendrecv would be, less what they cannot hear (RFC 3264
        # section 8.4).
        sends=theirs.direction.receives and theirs.address is not None and local.direction.sends,
        receives=agreement.receives,
    )
    event_hz = 48_000 if agreement.telephone_event_48k else 8_000
    says = _Written(
        codecs=((agreement.codec, PAYLOAD_TYPES.get(agreement.codec, agreement.opus_type or OUR_OPUS)),),
        events=((agreement.telephone_event, event_hz),) if agreement.telephone_event is not None else (),
        frame_ms=agreement.frame_ms,
        direction=direction,
        comfort_noise=agreement.comfort_noise,
    )
    for index, media in enumerate(theirs.media):
        if index == theirs.audio:
            lines += _audio_lines(local.port, says)
            lines += ["a=rtcp-mux"] if agreement.rtcp_mux else []
        else:
            lines.append(f"m={media.media} 0 {media.transport} {' '.join(media.formats)}")
    return _text(lines)
