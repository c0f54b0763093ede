"""What a telephone set with a display makes of what comes down its wire; shares no code with our senders.

FSK is read by ``native/wires/display.c`` and its message here, by the tables of EN 300 659-3 and GR-30; DTMF
forms are read from the digits. A set knows one modulation, and some want to be led in: by a dual tone, or by
a reversal of polarity.
"""

from dataclasses import dataclass
from enum import Enum

from gateway.simulator.wires import Device, Modulation

SDMF_CALL, MDMF_CALL, SDMF_LAMP, MDMF_LAMP = 0x04, 0x80, 0x06, 0x82
DATE, NUMBER, NO_NUMBER, NAME, NO_NAME, LAMP = 0x01, 0x02, 0x04, 0x07, 0x08, 0x0B
LAMP_ON, LAMP_OFF = 0x42, 0x6F
REASONS = {"P": "private", "O": "unavailable"}
DIGIT_REASONS = {"B00C": "unavailable", "B10C": "private", "D3#": "unavailable", "D1#": "private"}


class Wants(Enum):
    """What a set wants before a message that comes without a ring."""

    NOTHING = "nothing"
    ALERT = "a dual tone"
    REVERSAL = "a reversal of polarity"


@dataclass(frozen=True, slots=True)
class Shown:
    """A call as the display shows it. ``absent`` says why there is no number, when there is none."""

    number: str = ""
    name: str = ""
    absent: str = ""
    date: str = ""
    in_call: bool = False

    def __str__(self) -> str:
        return " ".join(part for part in (self.number or self.absent or "?", self.name) if part)


BELL_COUNTRIES = ("us", "ca", "au", "cn", "tw", "hk")
"""Where sets read Bell 202; elsewhere V.23."""


@dataclass(frozen=True, slots=True)
class DisplaySet:
    """Which set somebody bought."""

    modulation: Modulation = Modulation.V23
    wants: Wants = Wants.NOTHING
    letters: str = "ascii"


def set_for(identity: str, country: str, letters: str = "ascii") -> DisplaySet:
    """The set that goes with what office.toml says of the extension, and with the country's shops."""
    british = identity == "v23-reversal" or (identity == "country" and country == "gb")
    bell = identity == "bell202" or (identity == "country" and country in BELL_COUNTRIES)
    wants = Wants.REVERSAL if british else Wants.ALERT if identity == "v23-alert" else Wants.NOTHING
    return DisplaySet(Modulation.BELL202 if bell else Modulation.V23, wants, letters)


class Display:
    """The display of one set: `shown` lists calls, `lamp` is its message lamp. Look at it with `refresh`."""

    def __init__(
        self,
        device: Device,
        kind: DisplaySet,
        *,
        answer: str = "D",
    ) -> None:
        self.shown: list[Shown] = []
        self.lamp = False
        self.unread: list[str] = []
        """What came and was no message, in words."""
        self.wants = kind.wants
        self._device, self._letters = device, kind.letters
        self._alerts = 0
        self._reversed = self._off_hook = False
        self._led_in = False
        self._digits = ""
        device.plug_display(kind.modulation, answer)
        device.listen_digits(True)

    def hook(self, off_hook: bool) -> None:
        """The set's hook switch. On hook it takes digits for caller identity."""
        self.refresh()
        self._off_hook, self._digits = off_hook, ""
        self._device.display_off_hook(off_hook)
        self._device.listen_digits(not off_hook)

    def polarity(self, reverse: bool) -> None:
        """The wires were reversed, or put back."""
        self._reversed = reverse
        self._led_in = self._led_in or (reverse and self.wants is Wants.REVERSAL)

    def refresh(self) -> None:
        """Take what has come since."""
        alerts, _bad = self._device.display_counts()
        self._led_in = self._led_in or (alerts > self._alerts and self.wants is Wants.ALERT)
        self._alerts = alerts
        for octets in self._device.messages():
            self._take(octets)
        if not self._off_hook:
            self._digits += self._device.take_digits()
            self._take_digits()

    def _take(self, octets: bytes) -> None:
        if self.wants is not Wants.NOTHING and not self._led_in and not self._off_hook:
            self.unread.append(f"a message without {self.wants.value}")
            return
        self._led_in = False
        kind, content = octets[0], octets[2:]
        if kind == SDMF_LAMP and content:
            self.lamp = content[0] == LAMP_ON
        elif kind == SDMF_CALL:
            self._show(content[:8].decode("ascii"), content[8:].decode("ascii"), "")
        elif kind in (MDMF_CALL, MDMF_LAMP):
            self._take_fields(kind, _fields(content))
        else:
            self.unread.append(f"a message of type {kind:#x}")

    def _take_fields(self, kind: int, fields: dict[int, bytes]) -> None:
        if LAMP in fields:
            self.lamp = fields[LAMP] != b"\0"
        if kind == MDMF_CALL:
            number = fields.get(NUMBER, fields.get(NO_NUMBER, b"O")).decode("ascii")
            name = fields.get(NAME, b"").decode(self._letters, "replace")
            self._show(fields.get(DATE, b"").decode("ascii"), number, name)

    def _show(self, date: str, number: str, name: str) -> None:
        absent = REASONS.get(number, "")
        self.shown.append(Shown("" if absent else number, name, absent, date, self._off_hook))

    def _take_digits(self) -> None:
        """``A number C``, ``D number C``, ``A number #``, ``number #``, and the codes for no number."""
        for end in "C#":
            head, found, rest = self._digits.partition(end)
            if not found:
                continue
            self._digits = rest
            whole = head + end
            if whole in DIGIT_REASONS:
                self.shown.append(Shown(absent=DIGIT_REASONS[whole]))
            elif head.lstrip("AD").isdigit():
                self.shown.append(Shown(head.lstrip("AD")))
            else:
                self.unread.append(f"the digits {whole}")


def _fields(content: bytes) -> dict[int, bytes]:
    fields: dict[int, bytes] = {}
    while len(content) >= 2:
        kind, length = content[0], content[1]
        fields[kind] = content[2 : 2 + length]
        content = content[2 + length :]
    return fields
