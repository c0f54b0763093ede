"""A sound card's mixer, by pyalsaaudio, set so that a line can be measured.

Everything that changes levels behind our back is switched off: automatic gain control would move the echo
path under the canceller, and side tone (the card's own microphone in its own speaker) is an echo of its own.
Faders are set in percent of the card's range, each side of a stereo card by itself where the card has a fader
a side; what a full-scale sine then is on the line is the board's calibration (``full_scale_dbm0``).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.drivers.alsa import AlsaLibrary, Card, MixerControl
from gateway.errors import HardwareError
from gateway.model.settings import PortSettings

AGC_WORDS = ("auto gain", "agc", "boost")
CAPTURE_WORDS = ("mic", "line", "capture", "sidetone", "side tone")
"""A playback switch of one of these puts what is captured into what is played."""
PLAYBACK_WORDS = ("speaker", "pcm", "headphone", "master", "playback")
PLAYBACK_PERCENT, CAPTURE_PERCENT = 100, 50
"""Where faders stand that the board says nothing of."""


@dataclass(frozen=True, slots=True)
class MixerSettings:
    """Where the faders of one side stand, in percent of the card's range; None: the board does not say."""

    playback_percent: int | None = None
    capture_percent: int | None = None
    side: int = 0

    @classmethod
    def of(cls, port: PortSettings) -> "MixerSettings":
        """As the board has them for a port."""
        return cls(port.playback_percent, port.capture_percent, port.card_side)


@dataclass(frozen=True, slots=True)
class MixerReport:
    """What was done, one sentence a control; and which settings of the board the card has no control for."""

    done: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


def settle_mixer(card: Card, alsa: AlsaLibrary, wanted: MixerSettings | None = None) -> MixerReport:
    """Set a card's mixer for a line: automatic gain and boosts off, side tone muted, playback and capture on
    and at their percent. HardwareError when the card has gone.
    """
    work = _Mixer(alsa, wanted if wanted is not None else MixerSettings())
    done: list[str] = []
    try:
        for name in alsa.mixers(cardindex=card.index):
            control = alsa.Mixer(control=name, cardindex=card.index)
            try:
                done.extend(f"{name}: {what}" for what in work.settle(name.lower(), control))
            finally:
                control.close()
    except alsa.ALSAAudioError as error:
        raise HardwareError(f"the mixer of sound card {card.id} cannot be set: {error}") from error
    return MixerReport((*done, *work.nothing_to_switch_off()), tuple(work.lacking()))


class _Mixer:
    """One card's mixer on its way through the controls."""

    def __init__(self, alsa: AlsaLibrary, wanted: MixerSettings) -> None:
        self._alsa = alsa
        self._wanted = wanted
        self._gain_control = self._side_tone = self._plays = self._captures = False

    def settle(self, name: str, control: MixerControl) -> Iterator[str]:
        """One control; its name, in lower case, says what it is (the kernel's names for USB audio)."""
        plays = _can(control.switchcap(), "Playback Mute")
        records = _can(control.switchcap(), "Capture Mute")
        if _is(name, AGC_WORDS):
            self._gain_control = True
            yield from _switch_off(control, plays=plays, records=records)
        elif _is(name, CAPTURE_WORDS):
            yield from self._settle_capture(control, plays=plays, records=records)
        elif _is(name, PLAYBACK_WORDS):
            yield from self._settle_playback(control, plays=plays)

    def _settle_capture(self, control: MixerControl, *, plays: bool, records: bool) -> Iterator[str]:
        if plays:
            control.setmute(1)
            self._side_tone = True
            yield "side tone muted"
        if records:
            control.setrec(1)
            yield "captures"
        if _can(control.volumecap(), "Capture Volume"):
            percent = self._wanted.capture_percent
            self._captures = True
            yield self._fade(control, "capture", CAPTURE_PERCENT if percent is None else percent)

    def _settle_playback(self, control: MixerControl, *, plays: bool) -> Iterator[str]:
        if plays:
            control.setmute(0)
            yield "plays"
        if _can(control.volumecap(), "Playback Volume"):
            percent = self._wanted.playback_percent
            self._plays = True
            yield self._fade(control, "playback", PLAYBACK_PERCENT if percent is None else percent)

    def _fade(self, control: MixerControl, direction: str, percent: int) -> str:
        pcmtype = self._alsa.PCM_CAPTURE if direction == "capture" else self._alsa.PCM_PLAYBACK
        sides = len(control.getvolume(pcmtype=pcmtype))
        channel = self._wanted.side if sides > 1 else self._alsa.MIXER_CHANNEL_ALL
        control.setvolume(percent, channel=channel, pcmtype=pcmtype)
        side = f" ({('left', 'right')[self._wanted.side]})" if sides > 1 else ""
        return f"{direction} at {percent} %{side}"

    def nothing_to_switch_off(self) -> Iterator[str]:
        """What this card cannot do to us."""
        if not self._gain_control:
            yield "no automatic gain control to switch off"
        if not self._side_tone:
            yield "no side tone to mute"

    def lacking(self) -> Iterator[str]:
        """What the board sets and this card has not."""
        if self._wanted.playback_percent is not None and not self._plays:
            yield f"no playback fader: playback_percent = {self._wanted.playback_percent} has no effect"
        if self._wanted.capture_percent is not None and not self._captures:
            yield f"no capture fader: capture_percent = {self._wanted.capture_percent} has no effect"


def _can(capabilities: Sequence[str], wanted: str) -> bool:
    """Whether a control can do that, for each side or joined, or for both directions at once ("Mute")."""
    both = wanted.split()[1]
    return any(wanted in capability or capability in (both, f"Joined {both}") for capability in capabilities)


def _switch_off(control: MixerControl, *, plays: bool, records: bool) -> Iterator[str]:
    if plays:
        control.setmute(1)
    elif records:
        control.setrec(0)
    else:
        return
    yield "switched off"


def _is(name: str, words: Iterable[str]) -> bool:
    return any(word in name for word in words)
