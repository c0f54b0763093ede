"""The kernel's sound cards, by pyalsaaudio: which there are, and their mixers set so that a line can be
measured.

The signal core streams through alsa-lib by itself; here cards are looked up before it starts, so that a
missing one is answered with what is there instead, and everything that changes levels behind our back is
switched off: automatic gain control would move the echo path under the canceller, and side tone (the card's
own microphone in its own speaker) is an echo of its own. Mixers are set in percent of the card's range; what
a full-scale sine then is on the line is the board's calibration (``full_scale_dbm0``).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.errors import HardwareError

CARD_OF_DEVICE = re.compile(r"^(?:plug)?hw:(?:CARD=)?([^,]+)")
"""The card in an ALSA device name: hw:CARD=line1,DEV=0; plughw:line1; hw:0. Other names are plug-ins, not
cards.
"""

AGC_WORDS = ("auto gain", "agc", "boost")
CAPTURE_WORDS = ("mic", "line", "capture", "sidetone", "side tone")
"""A playback switch of one of these puts what is captured into what is played."""
PLAYBACK_WORDS = ("speaker", "pcm", "headphone", "master", "playback")


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

    def setvolume(self, volume: int, *, pcmtype: int) -> None:
        """Fader of one direction, in percent."""
        ...

    def close(self) -> None:
        """Give the control back."""
        ...


class AlsaLibrary(Protocol):
    """What is used of the module ``alsaaudio`` (pyalsaaudio 0.11)."""

    ALSAAudioError: type[Exception]
    PCM_PLAYBACK: int
    PCM_CAPTURE: int

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
    fixes), its name.
    """

    index: int
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class MixerSettings:
    """Where the faders stand, in percent of the card's range."""

    playback_percent: int = 100
    capture_percent: int = 50


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
        return tuple(Card(index, card_id, alsa.card_name(index)[0]) for index, card_id in numbered)
    except (alsa.ALSAAudioError, ValueError) as error:
        raise HardwareError(f"sound cards cannot be listed: {error}; try again") from error


def card_of(device: str) -> str | None:
    """Id or number of the card that an ALSA device name means; None for a plug-in (``default``, ``pulse``
    ...).
    """
    found = CARD_OF_DEVICE.match(device)
    return found.group(1) if found else None


def require_card(device: str, cards: Sequence[Card]) -> Card | None:
    """The card of an ALSA device, None for a plug-in.

    HardwareError when it is not there: which one, what is there instead, what to do.
    """
    wanted = card_of(device)
    if wanted is None:
        return None
    for card in cards:
        if wanted in (card.id, str(card.index)):
            return card
    there = "; ".join(f"{card.id} ({card.name})" for card in cards) or "none at all"
    raise HardwareError(
        f'sound card "{wanted}" (device {device}) is not there. Cards that are: {there}. '
        "Plug it in, or correct `card` in board.toml; a udev rule on its USB path fixes a name that moves."
    )


def settle_mixer(card: Card, alsa: AlsaLibrary, settings: MixerSettings | None = None) -> tuple[str, ...]:
    """Set a card's mixer for a line; returns what was done, one sentence a control, for the log.

    Automatic gain and boosts off, side tone muted, playback and capture on at their percent. HardwareError
    when the card has gone.
    """
    wanted = settings if settings is not None else MixerSettings()
    done: list[str] = []
    try:
        for name in alsa.mixers(cardindex=card.index):
            control = alsa.Mixer(control=name, cardindex=card.index)
            try:
                done.extend(f"{name}: {what}" for what in _settle(name.lower(), control, alsa, wanted))
            finally:
                control.close()
    except alsa.ALSAAudioError as error:
        raise HardwareError(f"the mixer of sound card {card.id} cannot be set: {error}") from error
    return tuple(done)


def _settle(name: str, control: MixerControl, alsa: AlsaLibrary, wanted: MixerSettings) -> list[str]:
    """One control; its name, in lower case, says what it is (the kernel's names for USB audio)."""
    plays, records = _can(control.switchcap(), "Playback Mute"), _can(control.switchcap(), "Capture Mute")
    if _is(name, AGC_WORDS):
        return _switch_off(control, plays=plays, records=records)
    done = []
    captures = _is(name, CAPTURE_WORDS)
    if captures and plays:
        control.setmute(1)
        done.append("side tone muted")
    if captures and records:
        control.setrec(1)
        done.append("captures")
    if captures and _can(control.volumecap(), "Capture Volume"):
        control.setvolume(wanted.capture_percent, pcmtype=alsa.PCM_CAPTURE)
        done.append(f"capture at {wanted.capture_percent} %")
    if captures or not _is(name, PLAYBACK_WORDS):
        return done
    if plays:
        control.setmute(0)
        done.append("plays")
    if _can(control.volumecap(), "Playback Volume"):
        control.setvolume(wanted.playback_percent, pcmtype=alsa.PCM_PLAYBACK)
        done.append(f"playback at {wanted.playback_percent} %")
    return done


def _can(capabilities: Sequence[str], wanted: str) -> bool:
    """Whether a control can do that, for each side or joined, or for both directions at once ("Mute")."""
    both = wanted.split()[1]
    return any(wanted in capability or capability in (both, f"Joined {both}") for capability in capabilities)


def _switch_off(control: MixerControl, *, plays: bool, records: bool) -> list[str]:
    if plays:
        control.setmute(1)
    elif records:
        control.setrec(0)
    else:
        return []
    return ["switched off"]


def _is(name: str, words: Sequence[str]) -> bool:
    return any(word in name for word in words)
