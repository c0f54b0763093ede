"""The other end of the control socket: what `cityline status`, `lines`, `calls` and `trace` ask with."""

import json
import socket
from collections.abc import Iterator
from typing import Any

from gateway.errors import CitylineError

ANSWER_TIMEOUT_S = 10.0


class NotRunning(CitylineError):  # noqa: N818 - a state of affairs, not an error
    """No gateway answers on this socket."""


class Refused(CitylineError):  # noqa: N818
    """The gateway answered that it will not."""


def ask(address: str, question: str, **details: object) -> Any:
    """The answer to one question, as JSON values. Raises `NotRunning`, `Refused`."""
    for reply in _converse(address, {"ask": question, **details}, ANSWER_TIMEOUT_S):
        return reply.get("answer")
    raise NotRunning("the gateway hung up")


def read_trace(address: str, last: int, *, follow: bool) -> Iterator[str]:
    """The last lines of the trace and, with ``follow``, all that come. Raises `NotRunning`, `Refused`."""
    question = {"ask": "trace", "last": last, "follow": follow}
    for reply in _converse(address, question, None if follow else ANSWER_TIMEOUT_S):
        if "line" not in reply:
            return
        yield str(reply["line"])


def _converse(address: str, question: dict[str, Any], timeout_s: float | None) -> Iterator[dict[str, Any]]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        try:
            connection.connect(address)
            connection.sendall(json.dumps(question).encode() + b"\n")
            with connection.makefile("rb") as replies:
                for raw in replies:
                    reply = json.loads(raw)
                    if "error" in reply:
                        raise Refused(str(reply["error"]))
                    yield reply
        except TimeoutError:
            raise NotRunning(f"no answer within {ANSWER_TIMEOUT_S:.0f} s") from None
        except OSError as error:
            raise NotRunning(error.strerror or str(error)) from None
        except ValueError:
            raise NotRunning("the answer cannot be understood: is it another version's?") from None
