"""The dialects of three families of modems, as data: nothing of this is decided anywhere else.

Sources: the facts on hardware, section 5 (chan_dongle's and chan_quectel's sources, vendors' AT manuals as
quoted there). What a family does wrong stands beside how we live with it.
"""

from dataclasses import dataclass
from enum import Enum, auto


class Proof(Enum):
    """How the audio of a family can be proved both ways without anybody being charged."""

    LOOP = auto()
    """The module sends back what it is given: digits that we play come back through the whole audio path."""
    OWN_NUMBER = auto()
    """A call to the SIM's own number, which its network refuses as busy: sound flows, and nobody answers."""
    FIRST_CALL = auto()
    """There is no such way: the first conversation is the proof, and it is watched."""


@dataclass(frozen=True, slots=True)
class Family:
    """One dialect. ``{number}``, ``{index}`` and ``{digit}`` are put in; ``{uac}`` is 2 where audio goes
    through a sound card and 0 where it goes through a serial port.
    """

    name: str
    marks: tuple[str, ...]
    """Words in what AT+CGMI and AT+CGMM say, in capitals."""
    at_interface: int
    """Number of the USB interface whose serial port takes commands."""
    audio_interface: int
    """Of the one that carries the voice."""
    start: tuple[str, ...]
    dial: tuple[str, ...]
    """Before the number is dialled; the last one dials."""
    answer: tuple[str, ...]
    after_dial: tuple[str, ...] = ()
    after_answer: tuple[str, ...] = ()
    after_connect: tuple[str, ...] = ()
    after_connect_ms: int = 0
    """How long after both ends talk: earlier, and the voice stays silent."""
    connect_once: bool = False
    """``after_connect`` holds for all calls until the modem is reset; said twice, it spoils the audio."""
    after_connect_tries: int = 1
    hang_up: str = "AT+CHUP"
    """Never AT+CHLD=1x: an E1550 that gets it before ^CONF does not answer any more, for good."""
    digit: str = 'AT+VTS="{digit}"'
    digits_unasked: bool = True
    """It tells digits that the far end presses; otherwise they are listened for."""
    ussd_packed: bool = False
    """Service codes are given as packed septets in hexadecimal."""
    proof: Proof = Proof.FIRST_CALL
    loop_on: str = ""
    loop_off: str = ""
    reset: str = ""
    """What cures dead audio; the modem vanishes from USB and comes back."""
    suspect_firmware: tuple[str, ...] = ()
    """Whose far end has been reported to hear nothing."""


HUAWEI = Family(
    name="huawei",
    marks=("HUAWEI", "E1550", "E153", "E160", "E171", "E173"),
    at_interface=2,
    audio_interface=1,
    start=("AT^CURC=1", "AT^CVOICE?"),
    dial=("ATD{number};",),
    answer=("ATA",),
    after_dial=("AT^DDSETEX=2",),
    after_answer=("AT^DDSETEX=2",),
    digit="AT^DTMF={index},{digit}",
    digits_unasked=False,
    ussd_packed=True,
    proof=Proof.OWN_NUMBER,
)
SIMCOM = Family(
    name="sim7600",
    marks=("SIMCOM", "SIM7600"),
    at_interface=2,
    audio_interface=4,
    start=("AT+CPCMFRM=0", "AT+CLCC=1", "AT+DDET=1"),
    dial=("ATD{number};",),
    answer=("ATA",),
    after_connect=("AT+CPCMREG=1",),
    after_connect_ms=1_000,
    connect_once=True,
    after_connect_tries=3,
    digit="AT+VTS={digit}",
    reset="AT+CRESET",
    suspect_firmware=("LE20B06",),
)
QUECTEL = Family(
    name="ec25",
    marks=("QUECTEL", "EC25", "EC21", "EG95", "EG91", "EC20"),
    at_interface=2,
    audio_interface=1,
    start=(
        'AT+QGPSCFG="outport","none"',
        "AT^DSCI=1",
        'AT+QINDCFG="csq",1',
        "AT+QTONEDET=1",
        "AT+QPCMV=1,{uac}",
    ),
    dial=("ATD{number};",),
    answer=("ATA",),
    digit="AT+VTS={digit}",
    proof=Proof.LOOP,
    loop_on="AT+QAUDLOOP=1",
    loop_off="AT+QAUDLOOP=0",
    reset="AT+CFUN=1,1",
)
FAMILIES = {family.name: family for family in (HUAWEI, SIMCOM, QUECTEL)}


def family_of(maker: str, model: str) -> Family | None:
    """The family of what AT+CGMI and AT+CGMM answer."""
    said = f"{maker} {model}".upper()
    return next((family for family in FAMILIES.values() if any(mark in said for mark in family.marks)), None)
