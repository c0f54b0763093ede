"""The files that people write, as pydantic sees them: every field with its type, limits and default.

Entries only; what fields mean to each other is in `checks`, and the frozen settings that the rest of the
house reads are in `model.settings`. Strict: `"5"` is not 5, and an unknown field is refused.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.model.settings import (
    CityLineSettings,
    ExtensionSettings,
    HuntGroupSettings,
    OfficeSettings,
    PortSettings,
    QueueSettings,
    RecorderSettings,
    RelaySettings,
    SipSettings,
)

HOUR_MS = 3_600_000
Text = Annotated[str, Field(min_length=1, max_length=80)]
Digits = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]
Cadence = Annotated[list[Annotated[int, Field(ge=100, le=10_000)]], Field(max_length=8)]
"""ms"""


def _default(settings: type, name: str) -> int:
    """A field's default as the settings have it, so that there is one place for it."""
    value = settings.__dataclass_fields__[name].default  # type: ignore[attr-defined]
    assert isinstance(value, int)
    return value


class Entry(BaseModel):
    """What every table has in common."""

    # Tables are built when a file is first checked, once as a whole; what stands under a field is read by
    # those who draw the pages: both would cost every start a tenth of a second and more.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class ExtensionEntry(Entry):
    """``[extension.101]``: a number and the station behind it."""

    name: Text
    """Whose telephone it is; shown as the caller's name."""
    station: Text
    """A telephone port of the board, or "sip"."""
    secret: Annotated[str, Field(min_length=12, max_length=128)] | None = None
    """Of a SIP telephone; better left out: one is then made at the first start, and shown once."""
    paired_line: Text | None = None
    """The city line that this telephone seizes when it is lifted."""
    flash_min_ms: Annotated[int, Field(ge=20, le=1_000)] | None = None
    """A shorter break of the hook is bounce or a dial pulse; left out: by the country, 80 mostly."""
    flash_max_ms: Annotated[int, Field(ge=50, le=2_000)] | None = None
    """A longer break of the hook is on-hook; left out: by the country, 500 mostly, 1000 in North America."""
    identity: Text = "country"
    """How an analog telephone is told who calls: "country", "none" or the name of a scheme."""
    lamp: Literal["stutter", "fsk", "neon", "none"] = "stutter"
    """How an analog telephone says that a message waits: by stuttering dial tone; "fsk": by its lamp too."""
    hotline: Digits | None = None
    """The number that an analog telephone dials by itself when it is lifted."""
    hotline_after_ms: Annotated[int, Field(ge=0, le=60_000)] = _default(ExtensionSettings, "hotline_after_ms")
    """A warm line: its user has so long to dial another number; 0: none."""
    reoriginate_after_ms: Annotated[int, Field(ge=0, le=20_000)] = _default(
        ExtensionSettings, "reoriginate_after_ms"
    )
    """Fresh dial tone so long after the other end has cleared, without putting the handset down; 0: none."""
    called_held_ms: Annotated[int, Field(ge=0, le=180_000)] = _default(ExtensionSettings, "called_held_ms")
    """Called subscriber held: who was called may put the handset down and take it up again for so long."""
    answer_reversal: bool = False
    """Whether the wires are reversed while a call from this telephone is answered, as a meter wants it."""
    clear_break_ms: Annotated[int, Field(ge=0, le=2_000)] = _default(ExtensionSettings, "clear_break_ms")
    """For so long the loop is broken when the other end clears, as recorders and alarms want it; 0: not."""
    call_waiting: bool = False
    """Whether a second call beeps while the user of an analog telephone talks; a flash changes to it."""
    letters: Literal["latin", "windows-1251", "koi8-r", "iso8859-5", "cp866", "utf-8"] = "latin"
    """What its display can show; names are spelt in Latin letters unless it can show others."""


class LineEntry(Entry):
    """``[line.city1]``: a city line and where its calls go."""

    port: Text
    """A city-line port of the board."""
    to: Text
    """Where its calls go: an extension, a group, a queue, or a number of the city (`forwarded_at_once`)."""
    number: Annotated[str, Field(pattern=r"^\+?[0-9]{0,20}$")] = ""
    """Its own number in the city, for the records."""
    dial_tone_wait_ms: Annotated[int, Field(ge=500, le=60_000)] = _default(
        CityLineSettings, "dial_tone_wait_ms"
    )
    """How long a seized line may stay without dial tone."""
    answer_after_dialling_ms: Annotated[int, Field(ge=2_000, le=60_000)] = _default(
        CityLineSettings, "answer_after_dialling_ms"
    )
    """So long without ringback after dialling counts as answered."""
    longest_call_ms: Annotated[int, Field(ge=120_000, le=24 * HOUR_MS)] = _default(
        CityLineSettings, "longest_call_ms"
    )
    """No call lasts longer; both parties are warned in words a minute before."""
    long_silence_ms: Annotated[int, Field(ge=0, le=HOUR_MS)] = _default(CityLineSettings, "long_silence_ms")
    """Nobody has spoken for so long: both are warned in words, and 20 s later the call ends; 0: never."""
    dialling: Literal["auto", "tone", "pulse"] = "auto"
    """By what digits are dialled; auto finds it out by the first digit that is dialled on the line."""
    access: Annotated[str, Field(pattern=r"^[0-9*#,w]{0,16}$")] = ""
    """Dialled before every number (behind another exchange): digits, "," waits 2 s, "w" for dial tone."""
    pulse_break_ms: Annotated[int, Field(ge=0, le=100)] = 0
    """Of each dial pulse, the loop open; 0: as in the country (67, or 61 in North America and Japan)."""
    pulse_make_ms: Annotated[int, Field(ge=0, le=100)] = 0
    """Of each dial pulse, the loop closed; 0: as in the country (33, or 39)."""
    pulse_digits: Literal["", "normal", "new-zealand", "sweden"] = ""
    """Breaks of a digit: normal (0 is 10), new-zealand (10 - n), sweden (n + 1); "": the country's."""
    flash_ms: Annotated[int, Field(ge=0, le=1_000)] = 0
    """The break by which a paired telephone's flash asks the city's exchange for another call; 0: the
    country's."""
    disconnect_code: Annotated[str, Field(pattern=r"^[0-9*#A-D]{0,8}$")] = ""
    """DTMF digits by which the exchange at the far end says that its party has gone; empty: it does not."""
    number_request: bool = False
    """Ask the city's exchange for the caller's number (the Russian АОН) when the line does not tell it: the
    line is answered for that, which charges the caller, and the telephones ring on."""
    messages_to: str = ""
    """Of a modem's line: the extension whose short messages come to its SIM; left out, everybody's."""


class RingsEntry(Entry):
    """``[rings]``: how analog telephones ring."""

    internal: Cadence = []
    """For a colleague: on, off, on, off ... in ms; left out, as the country has it."""
    external: Cadence = []
    """For a caller from the city."""


class GroupEntry(Entry):
    """``[group.600]``: rings all its members."""

    name: Text
    """What it is called in the records."""
    members: Annotated[list[Text], Field(min_length=1)]
    """Extensions that ring, all at once."""
    ring_ms: Annotated[int, Field(ge=3_000, le=600_000)] = _default(HuntGroupSettings, "ring_ms")
    """How long they ring."""
    cadence_ms: Cadence = []
    """How analog telephones ring for it: on, off, on, off ...; left out, as for any call."""
    overflow: str = ""
    """Where the call goes then; without one the caller gets busy tone."""


class QueueEntry(Entry):
    """``[queue.610]``: holds callers until a member is free."""

    name: Text
    """What it is called in the records."""
    members: Annotated[list[Text], Field(min_length=1)]
    """Extensions that serve it."""
    music: Text = "hold"
    """The clip that waiting callers hear."""
    limit: Annotated[int, Field(ge=1, le=200)] = _default(QueueSettings, "limit")
    """How many callers may wait; the next one overflows."""
    max_wait_ms: Annotated[int, Field(ge=10_000, le=2 * HOUR_MS)] = _default(QueueSettings, "max_wait_ms")
    """How long a caller waits at most; then the call overflows."""
    ring_ms: Annotated[int, Field(ge=3_000, le=600_000)] = _default(QueueSettings, "ring_ms")
    """How long a member rings before another one is tried."""
    overflow: str = ""
    """Where callers go when it is full or too slow; needed, or the queue would be a dead end."""


class TrunksEntry(Entry):
    """``[trunks.city]``: lines to choose from."""

    lines: Annotated[list[Text], Field(min_length=1)]
    """City lines; the first free one in this order is seized."""
    choose: Literal["order", "signal"] = "order"
    """"signal": of the free lines the modem that hears its network best, instead of the first."""


class OutgoingEntry(Entry):
    """``[[outgoing]]``: which numbers go out, and over what."""

    prefix: Digits
    """How the dialled number begins."""
    trunks: Text
    """The trunk group it goes out over."""
    strip: Annotated[int, Field(ge=0, le=20)] = 0
    """How many of its first digits are not sent on."""
    min_digits: Annotated[int, Field(ge=1, le=20)] = 1
    """The shortest number, as dialled."""
    max_digits: Annotated[int, Field(ge=1, le=20)] = 20
    """The longest number, as dialled; one of this length is complete without waiting."""


class ClipEntry(Entry):
    """``[clip.NAME]``: a recording, relative to the file that names it."""

    file: Text
    """A WAV file of 16-bit mono at 8 kHz, relative to office.toml."""


class SipEntry(Entry):
    """``[sip]``: where SIP telephones register."""

    realm: Annotated[str, Field(pattern=r'^[^"\\\x00-\x1f]{1,64}$')] = "cityline"
    """Of the digests; changing it makes every secret new."""
    port: Annotated[int, Field(ge=1, le=65_535)] = _default(SipSettings, "port")
    """Port of SIP, on UDP and TCP alike."""
    transports: Annotated[list[Literal["udp", "tcp"]], Field(min_length=1)] = ["udp", "tcp"]
    """What SIP listens on."""
    comfort_noise: bool = False
    """Whether silence is sent as comfort noise (RFC 3389) to telephones that take it: fewer packets."""
    opus: bool = True
    """Whether Opus is spoken with telephones that can; only where libopus is installed."""


class RecorderEntry(Entry):
    """``[recorder]``: the flight recorder, which keeps what each line did in its last calls."""

    calls: Annotated[int, Field(ge=0, le=1_000)] = _default(RecorderSettings, "calls")
    """Of each line that are kept; 0 switches the recorder off."""
    audio: Literal["none", "signalling", "all"] = "signalling"
    """Sound: none, all but conversations (of them only where a tone was recognised), or all."""
    before_s: Annotated[int, Field(ge=0, le=20)] = _default(RecorderSettings, "before_s")
    """Sound from before a line begins to do something."""
    after_s: Annotated[int, Field(ge=1, le=60)] = _default(RecorderSettings, "after_s")
    """How long a line must be at rest before its recording ends."""
    keep_days: Annotated[int, Field(ge=1, le=365)] = _default(RecorderSettings, "keep_days")
    """Older recordings are erased."""
    disk_mb: Annotated[int, Field(ge=1, le=100_000)] = _default(RecorderSettings, "disk_mb")
    """All recordings together take at most so much room; the oldest are erased first."""


class TimesEntry(Entry):
    """``[times]``: how long we wait."""

    first_digit_ms: Annotated[int, Field(ge=1_000, le=120_000)] = _default(OfficeSettings, "first_digit_ms")
    """From dial tone to the first digit."""
    interdigit_ms: Annotated[int, Field(ge=1_000, le=30_000)] = _default(OfficeSettings, "interdigit_ms")
    """After a digit; then what was dialled counts."""
    no_answer_ms: Annotated[int, Field(ge=5_000, le=600_000)] = _default(OfficeSettings, "no_answer_ms")
    """How long an extension rings before its caller gets busy tone."""


class OfficeFile(Entry):
    """office.toml as a whole."""

    country: Text
    """Whose tone plan the lines have and our telephones hear, such as "ru"."""
    hold_music: Text = "hold"
    """The clip that a held party hears."""
    forwarded_at_once: Annotated[int, Field(ge=0, le=32)] = _default(OfficeSettings, "forwarded_at_once")
    """How many calls from the city may be on their way out again at once: each takes two lines."""
    times: TimesEntry = TimesEntry()
    sip: SipEntry = SipEntry()
    rings: RingsEntry = RingsEntry()
    recorder: RecorderEntry = RecorderEntry()
    extension: dict[str, ExtensionEntry] = {}
    line: dict[str, LineEntry] = {}
    group: dict[str, GroupEntry] = {}
    queue: dict[str, QueueEntry] = {}
    trunks: dict[str, TrunksEntry] = {}
    outgoing: list[OutgoingEntry] = []
    clip: dict[str, ClipEntry] = {}


Gain = Annotated[float, Field(ge=-30.0, le=30.0, allow_inf_nan=False)]
"""dB"""


Current = Annotated[int, Field(ge=1, le=5_000)]
"""mA"""


FullScale = Annotated[float, Field(ge=-20.0, le=20.0, allow_inf_nan=False)]
"""dBm0"""


Percent = Annotated[int, Field(ge=0, le=100)]


class PortEntry(Entry):
    """``[port.fxs1]``: one socket of the board."""

    kind: Literal["fxs", "fxo", "cellular"]
    """"fxs": a telephone is plugged in; "fxo": the city line is; "cellular": a modem with a SIM."""
    audio: Literal["wire", "alsa", "serial"] = "wire"
    """"wire": the simulator's line; "alsa": a sound card; "serial": the voice port of a modem."""
    card: Text | None = None
    """The sound card by its ALSA name ("hw:CARD=line1") or by the socket that it is in ("usb:1-1.3")."""
    side: Literal["left", "right"] | None = None
    """Which half of a stereo card."""
    pins: dict[str, str] = {}
    """Role = "CHIP:LINE"."""
    active_low: list[str] = []
    """Roles of pins that are wired the other way round: logical true is the low level."""
    capabilities: list[Literal["on_hook_audio", "polarity_reversal", "loop_break"]] = []
    """What a telephone's module can do beyond ringing: be heard by a telephone on its hook (caller identity),
    reverse its wires, break its loop (by the pin power_down)."""
    pull: dict[str, Literal["up", "down", "none"]] = {}
    """Role = the pull resistor of an input; left out, it stays as the chip has it."""
    ring_hz: Annotated[int, Field(ge=15, le=68)] = _default(PortSettings, "ring_hz")
    """Frequency of the ringing power."""
    off_hook_ma: Current = 360
    """What this telephone's module draws while off hook; the Ag1171's most is the default."""
    ringing_ma: Current = 500
    """What it draws while ringing one telephone (1 REN)."""
    full_scale_dbm0: FullScale = 3.14
    """Level on the line of a full-scale sine of this card: `cityline board calibrate` measures it."""
    playback_full_scale_dbm0: FullScale | None = None
    """The same of what the card plays, where that differs."""
    playback_percent: Percent | None = None
    """Where the card's playback fader stands, in percent of its range; left out: 100."""
    capture_percent: Percent | None = None
    """Where its capture fader stands; left out: 50."""
    spoken_gain_db: Gain = 0.0
    """Added to what comes from this line, before others hear it."""
    heard_gain_db: Gain = 0.0
    """Added to all that is heard on this line."""
    automatic_gain: bool = False
    """Whether who talks on this line is brought to -16 dBm0, slowly and only while talking."""
    imei: Annotated[str, Field(pattern=r"^[0-9]{15}$")] | None = None
    """Of the modem: it belongs to this port wherever it is plugged in."""
    family: Literal["auto", "huawei", "sim7600", "ec25"] = "auto"
    """The modem's dialect; "auto": it says itself what it is."""
    pin_file: Text | None = None
    """A file beside this one that holds the SIM's PIN and nothing else, readable by nobody but the owner."""


class RtpEntry(Entry):
    """``[rtp]``: the UDP sockets for speech."""

    first_port: Annotated[int, Field(ge=1_024, le=65_534)] = 16_384
    """The first UDP port; even (RFC 3550, section 11)."""
    sockets: Annotated[int, Field(ge=1, le=64)] = 32
    """How many of them, every second port; the signal core has room for 64."""


class ModemsEntry(Entry):
    """``[modems]``: where the serial ports of modems are."""

    directory: Text = "/dev/serial/by-path"
    """Links whose names say device and interface, as udev makes them."""


class RelayEntry(Entry):
    """``[relay]``: the power-fail relay, which joins a city line to a telephone when we are not there."""

    pin: Text
    """"CHIP:LINE" that feeds the coil's charge pump by toggling."""
    line: Text
    """The FXO port whose city line the relay takes over."""
    telephone: Text | None = None
    """The FXS port whose telephone it joins to that line; left out, a telephone that is no port of ours."""
    in_use: Text | None = None
    """"CHIP:LINE" of a detector of current between the city and the relay: who talks there is not cut off."""
    in_use_active_low: bool = False
    """Whether that detector's low level means current."""
    toggle_hz: Annotated[int, Field(ge=5, le=50)] = _default(RelaySettings, "toggle_hz")
    """How often a second the pin goes up and down."""
    release_ms: Annotated[int, Field(ge=200, le=1_000)] = _default(RelaySettings, "release_ms")
    """How long the relay holds after the last change; 1,000 at most, so that it lets go within 2 s."""


class BoardFile(Entry):
    """board.toml as a whole."""

    name: Text
    """What the board is called in messages."""
    ringing_at_once: Annotated[int, Field(ge=0, le=32)] = 0
    """How many telephones the power supply can ring in the same instant; 0: all of them."""
    line_supply_ma: Annotated[int, Field(ge=0, le=100_000)] = 0
    """What the supply of the telephones' modules gives; 0: not said, and not checked."""
    serial_console: bool = True
    """Whether the technician's console has the header's GPIO 14 and 15."""
    gpio: Literal["gpiod", "rpi-gpio"] = "gpiod"
    """What works the pins: "gpiod" (edges with the kernel's time), or "rpi-gpio": RPi.GPIO or rpi-lgpio."""
    rtp: RtpEntry = RtpEntry()
    modems: ModemsEntry = ModemsEntry()
    relay: RelayEntry | None = None
    port: Annotated[dict[str, PortEntry], Field(min_length=1)]
