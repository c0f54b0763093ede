"""What administrators want of modems: each request has a number, under which its answer can be asked for."""

import json
from collections import OrderedDict
from collections.abc import Callable, Sequence

from gateway.errors import CitylineError
from gateway.model.actions import RequestAnswered
from gateway.model.events import Event, SmsWanted, UssdWanted
from gateway.model.numbers import PortId
from gateway.model.plain import Plain
from gateway.model.view import ExchangeView, ModemRow

ANSWERS_KEPT = 200


class ModemOrderError(CitylineError):
    """What was asked for cannot be understood, or names no modem."""


class ModemRequests:
    """Feeds requests to the exchange and keeps their answers for a while."""

    def __init__(self) -> None:
        self._feed: Callable[[Event], None] | None = None
        self._modems: Callable[[], Sequence[ModemRow]] = lambda: ()
        self._last = 0
        self._answers: OrderedDict[int, RequestAnswered] = OrderedDict()

    def begin(self, feed: Callable[[Event], None], view: Callable[[], ExchangeView]) -> None:
        """From now on there is an exchange to feed."""
        self._feed = feed
        self._modems = lambda: view().modems

    def orders(self) -> dict[str, Callable[[str], Plain]]:
        """What the control socket takes."""
        return {"modem": self.take, "modem answer": self.answer_of}

    def take(self, line: str) -> Plain:
        """``{"port": "gsm1", "sms": "+7916...", "text": "..."}`` or ``{"port": "gsm1", "ussd": "*100#"}``.

        The number of the request. `ModemOrderError` for anything else.
        """
        order = _read(line)
        port = self._port(order.get("port", ""))
        event: Event
        self._last += 1
        if "sms" in order:
            event = SmsWanted(port, self._last, order["sms"], order.get("text", ""))
        elif "ussd" in order:
            event = UssdWanted(port, self._last, order["ussd"])
        else:
            raise ModemOrderError('say "sms" with "text", or "ussd"')
        if self._feed is not None:
            self._feed(event)
        return {"request": self._last}

    def answer_of(self, line: str) -> Plain:
        """The answer to a request by its number; ``done`` is false while there is none."""
        number = int(line) if line.isascii() and line.isdigit() and len(line) < 10 else 0
        answer = self._answers.get(number)
        if answer is None:
            return {"done": False}
        return {"done": True, "ok": answer.ok, "text": answer.text}

    def answered(self, answer: RequestAnswered) -> None:
        """The exchange has an answer."""
        self._answers[answer.request] = answer
        while len(self._answers) > ANSWERS_KEPT:
            self._answers.popitem(last=False)

    def _port(self, name: str) -> PortId:
        modems = self._modems()
        for row in modems:
            if name and name in (row.port, row.name):
                return row.port
        known = ", ".join(str(row.port) for row in modems) or "none"
        raise ModemOrderError(f"there is no modem {name[:32]!r}; there are: {known}")


def _read(line: str) -> dict[str, str]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ModemOrderError("an order to a modem is a JSON object of texts")
    return value
