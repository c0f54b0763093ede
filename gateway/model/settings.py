"""The configuration as one immutable value: what the pure parts read. `config` makes it from TOML; nothing
else does.

Times in ms, levels in dBm0. A *destination* is a number of this office (an extension, a hunt group, a
queue) or a number of the city that an outgoing rule carries: a forwarded call then takes two lines.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from gateway.model.numbers import NodeId, PortId

ON_HOOK_AUDIO = "on_hook_audio"
"""A telephone on its hook hears us: caller identity and lamps by FSK (Ag1171: with its 20 kohm resistor)."""
POLARITY_REVERSAL = "polarity_reversal"
"""Its wires can be reversed."""
LOOP_BREAK = "loop_break"
"""Its loop can be broken."""

SIMULATED_CHIP = "sim:"
"""How pins of the simulated chip begin."""


EXPANDERS = ("mcp23", "pcf857", "pca95", "tca64", "tca95", "max73", "74x164")
"""How the labels of chips on I2C and SPI begin (the kernel's drivers of that name). An access takes up to a
millisecond, and the time of an edge is when the host read it: hardware facts, section 2."""


class PortKind(StrEnum):
    """What a socket on the board is."""

    FXS = "fxs"
    FXO = "fxo"
    CELLULAR = "cellular"


class AudioKind(StrEnum):
    """What carries a port's audio: the twin's two-wire line, a sound card through ALSA, or the serial port
    of a modem.
    """

    WIRE = "wire"
    ALSA = "alsa"
    SERIAL = "serial"


class PinLibrary(StrEnum):
    """What works the board's pins. RPi.GPIO (or rpi-lgpio, which has its name) gives no edge times."""

    GPIOD = "gpiod"
    RPI_GPIO = "rpi-gpio"


@dataclass(frozen=True, slots=True)
class PortSettings:
    """One socket of the board. ``node`` is its fixed id in the plan; ``card`` an ALSA device name such as
    ``hw:CARD=line1``, or the socket that the card is in, such as ``usb:1-1.3``.
    """

    port: PortId
    kind: PortKind
    node: NodeId
    audio: AudioKind = AudioKind.WIRE
    card: str = ""
    card_side: int = 0
    full_scale_dbm0: float = 3.14
    playback_full_scale_dbm0: float | None = None
    """Of what is played; None: as ``full_scale_dbm0``."""
    playback_percent: int | None = None
    """Where the card's faders stand, in percent of their range; None: the driver's own."""
    capture_percent: int | None = None
    pins: tuple[tuple[str, str], ...] = ()
    active_low: tuple[str, ...] = ()
    """Roles of pins whose logical true is the low level."""
    capabilities: tuple[str, ...] = ()
    """What the module of a telephone can do beyond ringing it: `ON_HOOK_AUDIO` ..."""
    pulls: tuple[tuple[str, str], ...] = ()
    """Role and "up", "down" or "none", for inputs."""
    ring_hz: int = 25
    spoken_gain_db: float = 0.0
    heard_gain_db: float = 0.0
    automatic_gain: bool = False
    imei: str = ""
    """Of the modem that belongs to this port, wherever it is plugged in."""
    family: str = ""
    """Its dialect; empty: it says so itself."""

    @property
    def simulated(self) -> bool:
        """Whether it hangs on the simulated chip, as all of its pins then do, or is a modem's twin."""
        if self.kind is PortKind.CELLULAR:
            return self.audio is AudioKind.WIRE
        return all(pin.startswith(SIMULATED_CHIP) for _role, pin in self.pins)


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """The power-fail relay: released, it joins the city line of ``line`` to a telephone without us.

    ``pin`` feeds its charge pump at ``toggle_hz`` (whole periods a second); after the last change it holds
    for ``release_ms``. ``in_use``: the pin of a detector of the line's current on the city's side of the
    relay, or empty.
    """

    pin: str
    line: PortId
    telephone: PortId | None = None
    in_use: str = ""
    in_use_active_low: bool = False
    toggle_hz: int = 10
    release_ms: int = 500

    @property
    def simulated(self) -> bool:
        """Whether it is the twin."""
        return self.pin.startswith(SIMULATED_CHIP)


@dataclass(frozen=True, slots=True)
class BoardSettings:
    """The board: its name and its ports in order (node ids 1..n)."""

    name: str
    ports: tuple[PortSettings, ...]
    rtp_sockets: int = 32
    rtp_first_port: int = 16_384
    ringing_at_once: int = 0
    """How many telephones may have ringing power in the same instant; 0: all."""
    modem_directory: str = "/dev/serial/by-path"
    """Where the serial ports of modems appear, by names that say the device and the interface."""
    gpio: PinLibrary = PinLibrary.GPIOD
    relay: RelaySettings | None = None

    def times_pulses(self, port: PortId) -> bool:
        """Whether a thread of C works the port's loop switch, so that breaks are pulses to the millisecond:
        not through RPi.GPIO, and not on an expander.
        """
        pins = next((dict(one.pins) for one in self.ports if one.port == port), {})
        return self.gpio is PinLibrary.GPIOD and not pins.get("loop_switch", "").startswith(EXPANDERS)


class LampKind(StrEnum):
    """How an analog telephone says that a message waits."""

    STUTTER = "stutter"
    FSK = "fsk"
    NONE = "none"


class ExtensionKind(StrEnum):
    """How a station is reached."""

    ANALOG = "analog"
    SIP = "sip"


@dataclass(frozen=True, slots=True)
class ExtensionSettings:
    """An extension and its station. ``paired_line`` ties a telephone to one city line: lifting it seizes that
    line.
    """

    number: str
    name: str
    kind: ExtensionKind
    port: PortId | None = None
    paired_line: str | None = None
    flash_min_ms: int = 80
    flash_max_ms: int = 500
    identity: str = "country"
    """How an analog telephone is told who calls: `line.identity.SCHEMES`, "country" or "none"."""
    lamp: LampKind = LampKind.STUTTER
    hotline: str = ""
    """Dialled by itself when the handset is lifted, ``hotline_after_ms`` later."""
    hotline_after_ms: int = 0
    reoriginate_after_ms: int = 0
    called_held_ms: int = 0
    answer_reversal: bool = False
    clear_break_ms: int = 0
    call_waiting: bool = False
    """A second call beeps while its user talks; a flash changes to it."""
    letters: str = "ascii"
    """The Python codec of the names it can show."""


class DialMode(StrEnum):
    """By what digits are dialled; ``auto`` finds out by the first digit that is dialled on the line."""

    AUTO = "auto"
    TONE = "tone"
    PULSE = "pulse"


class PulseDigits(StrEnum):
    """How many breaks a digit has."""

    NORMAL = "normal"
    NEW_ZEALAND = "new-zealand"
    SWEDEN = "sweden"


@dataclass(frozen=True, slots=True)
class CityLineSettings:
    """A city line: its FXO or cellular port and where its incoming calls go."""

    name: str
    port: PortId
    destination: str
    number: str = ""
    """The line's own number in the city, for the records."""
    dial_tone_wait_ms: int = 5_000
    answer_after_dialling_ms: int = 12_000
    """Silence without ringback for this long after dialling counts as answered (evidence: dialling done)."""
    longest_call_ms: int = 4 * 3_600_000
    """No call over this line lasts longer; both parties are warned a minute before."""
    long_silence_ms: int = 300_000
    """When nobody has spoken for so long, both are warned, and the line is given back; 0: never."""
    dialling: DialMode = DialMode.AUTO
    access: str = ""
    """Dialled before every number, for a line behind another exchange: digits, ``,`` waits 2 s, ``w`` waits
    for dial tone."""
    pulse_break_ms: int = 0
    pulse_make_ms: int = 0
    """Of each dial pulse, open and closed; 0: as the country's exchanges want it."""
    pulse_digits: PulseDigits | None = None
    """How many breaks a digit has; None: as in the country."""
    flash_ms: int = 0
    """The break that asks the exchange for another call; 0: the country's."""
    disconnect_code: str = ""
    """DTMF digits by which the exchange at the far end says that its party has gone (behind another
    office's exchange); empty: it does not."""
    number_request: bool = False
    """Who calls is asked of the city's exchange (the Russian АОН) when the line does not say by itself: the
    line is answered for that, and the caller charged."""
    messages_to: str = ""
    """The extension whose short messages come to this line's SIM; empty: everybody's."""


@dataclass(frozen=True, slots=True)
class HuntGroupSettings:
    """Rings all members at once for ``ring_ms``, then goes to ``overflow`` (a destination; empty: the caller
    gets busy tone).
    """

    number: str
    name: str
    members: tuple[str, ...]
    ring_ms: int = 30_000
    overflow: str = ""
    cadence_ms: tuple[int, ...] = ()
    """How bells ring for it, on, off, on, off ...; empty: as for any call."""


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """Holds callers in order with ``music`` (name of a clip) until a member is free; bounded in length and
    wait.
    """

    number: str
    name: str
    members: tuple[str, ...]
    music: str
    limit: int = 20
    max_wait_ms: int = 600_000
    ring_ms: int = 20_000
    overflow: str = ""


class TrunkChoice(StrEnum):
    """Which free line of a trunk group is taken."""

    ORDER = "order"  # the first
    SIGNAL = "signal"  # of modems, the one that hears its network best


@dataclass(frozen=True, slots=True)
class TrunkGroupSettings:
    """City lines to choose from for a call out; ``choose`` says how."""

    name: str
    lines: tuple[str, ...]
    choose: TrunkChoice = TrunkChoice.ORDER


@dataclass(frozen=True, slots=True)
class OutgoingRuleSettings:
    """Numbers that begin with ``prefix`` and have ``min_digits..max_digits`` go out over ``trunk_group``
    without ``strip`` digits.
    """

    prefix: str
    trunk_group: str
    strip: int = 0
    min_digits: int = 1
    max_digits: int = 20


@dataclass(frozen=True, slots=True)
class SipSettings:
    """SIP of the office: realm of the digests, port, transports, name shown by the server."""

    realm: str = "cityline"
    port: int = 5060
    transports: tuple[str, ...] = ("udp", "tcp")
    comfort_noise: bool = False
    opus: bool = False
    """Whether Opus is spoken: as office.toml wishes, and where the signal core has found libopus."""


class RecordedAudio(StrEnum):
    """What the flight recorder keeps of a line's sound."""

    NONE = "none"
    SIGNALLING = "signalling"
    """Everything but conversations; of those, the seconds in which a tone was recognised."""
    ALL = "all"
    """Conversations too, digits that are pressed in them taken out."""


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    """The flight recorder: ``calls`` last calls of each line (0: none), for ``keep_days`` at most, all lines
    together in ``disk_mb``; sound from ``before_s`` before to ``after_s`` after what a line does.
    """

    calls: int = 20
    audio: RecordedAudio = RecordedAudio.SIGNALLING
    before_s: int = 5
    after_s: int = 3
    keep_days: int = 7
    disk_mb: int = 200


@dataclass(frozen=True, slots=True)
class OfficeSettings:
    """The whole office. ``version`` is the hash of the files it was read from."""

    country: str
    extensions: tuple[ExtensionSettings, ...]
    city_lines: tuple[CityLineSettings, ...] = ()
    hunt_groups: tuple[HuntGroupSettings, ...] = ()
    queues: tuple[QueueSettings, ...] = ()
    trunk_groups: tuple[TrunkGroupSettings, ...] = ()
    outgoing: tuple[OutgoingRuleSettings, ...] = ()
    sip: SipSettings = field(default_factory=SipSettings)
    internal_cadence_ms: tuple[int, ...] = ()
    external_cadence_ms: tuple[int, ...] = ()
    """How bells ring for a colleague, for the city; empty: as the country has it."""
    recorder: RecorderSettings = field(default_factory=RecorderSettings)
    hold_music: str = "hold"
    forwarded_at_once: int = 1
    """Calls from the city that are out in the city again; each takes two lines."""
    interdigit_ms: int = 4_000
    first_digit_ms: int = 15_000
    no_answer_ms: int = 60_000
    version: str = ""
