"""The kernel's sound cards, by pyalsaaudio and sysfs: which there are, and in which sockets.

The signal core streams through alsa-lib by itself; here cards are looked up, so that a missing one is
answered with what is there instead. A board names a card by its ALSA name (``hw:CARD=line1``), or by the
socket it is in (``usb:1-1.3``): equal USB cards have equal names and no serial number, and their order moves
from start to start, but the socket stays. `gateway.drivers.card_mixer` sets their mixers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from gateway.errors import HardwareError

CARD_OF_DEVICE = re.compile(r"^(?:plug)?hw:(?:CARD=)?([^,]+)")
"""The card in an ALSA device name: hw:CARD=line1,DEV=0; plughw:line1; hw:0. Other names are plug-ins, not
cards.
"""

SOCKET = re.compile(r"^(?:usb|platform|pci):\S+$")
"""A card by where it is: the port path of a USB card as in ``/sys/bus/usb/devices`` (``usb:1-1.3``: bus 1,
its port 1, port 3 of the hub there), the device's name on another bus.
"""
SOUND_CLASS = Path("/sys/class/sound")


class MixerControl(Protocol):
    """A simple mixer control as ``alsaaudio.Mixer`` has it."""

    def switchcap(self) -> Sequence[str]:
        """Switches it has: "Playback Mute", "Capture Mute" ..."""
        ...

    def volumecap(self) -> Sequence[str]:
        """Faders it has: "Playback Volume", "Capture Volume" ..."""
        ...

    def setmute(self, mute: int) -> None:
        """1 switches playback off, 0 on."""
        ...

    def setrec(self, capture: int) -> None:
        """1 switches capture on, 0 off."""
        ...

    def getvolume(self, *, pcmtype: int) -> Sequence[int]:
        """Where the fader of one direction stands, in percent, one value a side."""
        ...

    def setvolume(self, volume: int, *, channel: int, pcmtype: int) -> None:
        """Fader of one direction and side (`MIXER_CHANNEL_ALL`: all), in percent."""
        ...

    def close(self) -> None:
        """Give the control back."""
        ...


class AlsaLibrary(Protocol):
    """What is used of the module ``alsaaudio`` (pyalsaaudio 0.11)."""

    ALSAAudioError: type[Exception]
    PCM_PLAYBACK: int
    PCM_CAPTURE: int
    MIXER_CHANNEL_ALL: int

    def cards(self) -> list[str]:
        """Ids of the cards."""
        ...

    def card_indexes(self) -> list[int]:
        """Their numbers, in the same order."""
        ...

    def card_name(self, index: int) -> tuple[str, str]:
        """Short and long name of a card."""
        ...

    def mixers(self, *, cardindex: int) -> list[str]:
        """Names of a card's controls."""
        ...

    def Mixer(self, *, control: str, cardindex: int) -> MixerControl:  # noqa: N802
        """One of them, opened."""
        ...


@dataclass(frozen=True, slots=True)
class Card:
    """A sound card of the kernel: its number (which moves from boot to boot), its id (which a udev rule
    fixes), its name, and the socket it is in (``usb:1-1.3``; empty when the kernel does not say).
    """

    index: int
    id: str
    name: str
    socket: str = ""

    @property
    def text(self) -> str:
        """For people."""
        return f"{self.id} ({self.name})" + (f" in {self.socket}" if self.socket else "")


def library() -> AlsaLibrary:
    """The module alsaaudio; HardwareError with the remedy where it is not installed."""
    try:
        import alsaaudio
    except ImportError as error:
        raise HardwareError(
            "sound cards cannot be listed: the library pyalsaaudio is missing. "
            "Install it into Cityline's environment: pip install 'cityline[board]'"
        ) from error
    module: Any = alsaaudio
    return module  # type: ignore[no-any-return]


def list_cards(alsa: AlsaLibrary) -> tuple[Card, ...]:
    """Every card of the kernel, by its number. HardwareError when one goes away meanwhile."""
    try:
        numbered = zip(alsa.card_indexes(), alsa.cards(), strict=True)
        return tuple(
            Card(index, card_id, alsa.card_name(index)[0], socket_of(SOUND_CLASS / f"card{index}" / "device"))
            for index, card_id in numbered
        )
    except (alsa.ALSAAudioError, ValueError) as error:
        raise HardwareError(f"sound cards cannot be listed: {error}; try again") from error


def socket_of(device: Path) -> str:
    """Where a device of the kernel is, by its folder in sysfs; empty when it cannot be told."""
    try:
        folder = device.resolve(strict=True)
        bus = (folder / "subsystem").resolve(strict=True).name
    except OSError:
        return ""
    # 1-1.3:1.0 is an interface of the USB device 1-1.3.
    return f"{bus}:{folder.name.partition(':')[0] if bus == 'usb' else folder.name}"


def card_of(device: str) -> str | None:
    """Id or number of the card that an ALSA device name means; None for a plug-in (``default``, ``pulse``
    ...).
    """
    found = CARD_OF_DEVICE.match(device)
    return found.group(1) if found else None


def require_card(device: str, cards: Sequence[Card]) -> Card | None:
    """The card that a board means by an ALSA name or by a socket, None for a plug-in.

    HardwareError when it is not there: which one, what is there instead, what to do.
    """
    wanted = card_of(device)
    if SOCKET.match(device):
        found = [card for card in cards if card.socket == device]
    elif wanted is not None:
        found = [card for card in cards if wanted in (card.id, str(card.index))]
    else:
        return None
    if found:
        return found[0]
    there = "; ".join(card.text for card in cards) or "none at all"
    if wanted is None:
        raise HardwareError(
            f"there is no sound card in the socket {device}. Cards that are: {there}. "
            "Plug it in there, or correct `card` in board.toml."
        )
    raise HardwareError(
        f'sound card "{wanted}" (device {device}) is not there. Cards that are: {there}. '
        "Plug it in, or correct `card` in board.toml; a udev rule on its USB path fixes a name that moves, "
        'and card = "usb:PORT PATH" needs none.'
    )


def alsa_name(device: str, card: Card | None) -> str:
    """What alsa-lib opens for what a board says: for a socket, the number that its card has today."""
    return device if card is None or card_of(device) is not None else f"hw:{card.index}"
