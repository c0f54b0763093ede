"""Which echo delays are worth keeping: those of sound cards whose cancellers remove their echo just now."""

from collections.abc import Iterable

from gateway.drivers.echo_delays import KnownDelay
from gateway.media.core import CoreStatistics
from gateway.model.settings import AudioKind, PortSettings

SURE_ERLE_DB = 10.0
"""A canceller that removes so much knows where its echo is."""


def sure_delays(ports: Iterable[PortSettings], figures: CoreStatistics) -> list[KnownDelay]:
    """The delay of each card that is there, by its name and port; wires of the bench have none to keep."""
    found = []
    for port in ports:
        if port.audio is not AudioKind.ALSA:
            continue
        now = figures.port(port.node)
        sure = now.converged and now.erle_db >= SURE_ERLE_DB and not now.card_gone
        if sure and now.echo_delay_samples is not None:
            found.append(KnownDelay(port.card, port.port, now.echo_delay_samples))
    return found
