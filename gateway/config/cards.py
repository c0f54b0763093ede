"""The sound cards of board.toml: named as ALSA or as a socket, each side of a card used once."""

import re
from typing import assert_never

from gateway.config.document import Document
from gateway.config.schema import BoardFile, PortEntry
from gateway.config.wording import shown

SOCKET = re.compile(r"(?:usb:[1-9][0-9]*-[1-9][0-9]*(?:\.[1-9][0-9]*)*|(?:platform|pci):[\w:.-]+)")
"""``usb:1-1.3``: bus, its port, ports of the hubs behind it, as /sys/bus/usb/devices names them."""
BUSES = ("usb", "platform", "pci")
OF_A_CARD = ("card", "side", "playback_percent", "capture_percent", "playback_full_scale_dbm0")


def check_cards(document: Document, file: BoardFile) -> None:
    """Complain about cards that cannot be, cards without their use, and sides that are used twice."""
    taken: dict[tuple[str, str], str] = {}
    for name, port in file.port.items():
        match port.audio:
            case "wire" | "serial":
                for role in OF_A_CARD:
                    if getattr(port, role) is not None:
                        what = f'"{role}" belongs to a sound card, but "audio" is "{port.audio}"'
                        document.complain(("port", name, role), what, 'write audio = "alsa" or remove it')
            case "alsa":
                _check_card(document, name, port, taken)
            case _:
                assert_never(port.audio)


def _check_card(document: Document, name: str, port: PortEntry, taken: dict[tuple[str, str], str]) -> None:
    if port.card is None:
        remedy = 'card = "hw:CARD=NAME"'
        document.complain(("port", name), '"audio" is "alsa", but "card" is missing', remedy)
        return
    if port.card.partition(":")[0] in BUSES and not SOCKET.fullmatch(port.card):
        what = f'"card" is "{shown(port.card)}", which is no socket'
        remedy = 'for example "usb:1-1.3": bus 1, its port 1, port 3 of the hub that is there'
        document.complain(("port", name, "card"), what, remedy)
    side = port.side or "left"
    place = (port.card, side)
    if place in taken:
        what = f'the {side} side of the card "{shown(port.card)}" is used by port "{taken[place]}" already'
        document.complain(("port", name, "card"), what, 'side = "left" and side = "right" serve two ports')
    taken.setdefault(place, name)
