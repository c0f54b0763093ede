"""The board's sound cards while the gateway runs: found, their mixers set, opened, and brought back when they
were pulled out.

The signal core is made with each card absent; `bring_back` plugs in those that are there, at the start and
whenever `CardWatch` says that one is away. A card is looked up anew each time: in another boot or another
socket order it has another number.
"""

import logging
import threading
from collections.abc import Callable, Iterable

from gateway.drivers import alsa
from gateway.drivers.card_mixer import MixerSettings, settle_mixer
from gateway.errors import HardwareError
from gateway.media.core import CardAudio, CorePort, SignalCore
from gateway.model.numbers import PortId
from gateway.model.settings import AudioKind, PortSettings

_log = logging.getLogger(__name__)

Notice = Callable[[PortId, str], None]


class SoundCards:
    """Brings cards into a core. ``notice`` gets a sentence for people about a port; it may be called from
    another thread.
    """

    def __init__(self, core: SignalCore, notice: Notice) -> None:
        self._core = core
        self._notice = notice
        self._told: set[tuple[PortId, str]] = set()
        self._stopped = False
        self._busy = threading.Lock()

    def bring_back(self, ports: Iterable[PortSettings]) -> dict[PortId, str]:
        """Look for the cards of these ports, all of which are away, and plug in those that are there. Waits
        for the kernel. Of each card that stays away: why, by port.
        """
        failures: dict[PortId, str] = {}
        tried: dict[str, str] = {}
        with self._busy:
            for port in ports if not self._stopped else ():
                if port.card not in tried:
                    tried[port.card] = self._open(port)
                elif not tried[port.card]:
                    self._settle(port, self._find(port))
                if tried[port.card]:
                    failures[port.port] = tried[port.card]
        return failures

    def stop(self) -> None:
        """Nothing is opened any more: waits for what is being opened."""
        with self._busy:
            self._stopped = True

    def _open(self, port: PortSettings) -> str:
        """Why the card of a port cannot be had; empty when it can."""
        self._core.unplug_card(port.node)
        try:
            card = self._find(port)
            self._settle(port, card)
            self._core.plug_card(port.node, alsa.alsa_name(port.card, card))
        except HardwareError as error:
            remedy = f": plug the card in, or correct `card` of port {port.port} in board.toml"
            return str(error) + ("" if "board.toml" in str(error) else remedy)
        _log.info("%s: sound card %s is in use", port.port, port.card)
        return ""

    def _find(self, port: PortSettings) -> alsa.Card | None:
        if alsa.card_of(port.card) is None and not alsa.SOCKET.match(port.card):
            return None  # a plug-in such as PulseAudio: no card of the kernel, no mixer
        try:
            library = alsa.library()
        except HardwareError as error:
            if alsa.SOCKET.match(port.card):
                raise
            self._tell(port.port, str(error))
            return None
        return alsa.require_card(port.card, alsa.list_cards(library))

    def _settle(self, port: PortSettings, card: alsa.Card | None) -> None:
        """A mixer that cannot be set is an alarm, since the line still talks; so is a setting that the card
        has no control for.
        """
        if card is None:
            return
        try:
            report = settle_mixer(card, alsa.library(), MixerSettings.of(port))
        except HardwareError as error:
            self._tell(port.port, str(error))
            return
        for done in report.done:
            _log.info("%s: sound card %s: %s", port.port, card.id, done)
        for lacking in report.lacking:
            self._tell(port.port, f"sound card {card.text} has {lacking}: remove it from board.toml")

    def _tell(self, port: PortId, text: str) -> None:
        """Once, however often the card is looked for."""
        if (port, text) not in self._told:
            self._told.add((port, text))
            self._notice(port, text)


def on_card(ports: Iterable[PortSettings]) -> list[PortSettings]:
    """Those of the ports whose audio is a sound card."""
    return [port for port in ports if port.audio is AudioKind.ALSA]


def core_port(port: PortSettings, echo_delay_samples: int | None) -> CorePort:
    """A port of the core whose card is still to be plugged in."""
    audio = CardAudio(
        port.card, port.card_side, port.full_scale_dbm0, port.playback_full_scale_dbm0, absent=True
    )
    return CorePort(port.node, audio, echo_delay_samples)
