"""The whole exchange as one pure object: events in, actions out; no clock, no socket, no thread, no
chance.
"""

from gateway.model.actions import Action
from gateway.model.events import Event
from gateway.model.numbers import Now
from gateway.model.settings import BoardSettings, OfficeSettings
from gateway.model.view import ExchangeView, Snapshot


class Exchange:
    """An office's exchange. ``media_address`` goes into our SDP; ids come from a counter that begins at
    ``first_id``.
    """

    def __init__(
        self, office: OfficeSettings, board: BoardSettings, *, media_address: str, first_id: int = 1000
    ) -> None:
        raise NotImplementedError("arrives within the hour")

    def start(self, now: Now) -> list[Action]:
        """What must be done before the first event: the first plan."""
        raise NotImplementedError

    def handle(self, event: Event, now: Now) -> list[Action]:
        """Decide what follows from ``event``; the actions are to be carried out in order."""
        raise NotImplementedError

    def view(self) -> ExchangeView:
        """The exchange as it stands, for people."""
        raise NotImplementedError

    def snapshot(self) -> Snapshot:
        """Where a trace may begin."""
        raise NotImplementedError
