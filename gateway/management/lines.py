"""`cityline lines`: each line as the exchange shows it, with what the signal core measures on it."""

from collections.abc import Mapping, Sequence

from gateway.model.echo import EchoFigures
from gateway.model.numbers import PortId
from gateway.model.plain import Plain, to_plain
from gateway.model.view import LineRow

NO_ECHO: dict[str, Plain] = {"erl_db": None, "erle_db": None, "delay_ms": None}


def lines_plain(rows: Sequence[LineRow], echo: Mapping[PortId, EchoFigures]) -> Plain:
    """The rows, each with ``echo``: ERL and ERLE in dB, delay in ms, null where the canceller has found
    nothing.
    """
    return [_with_echo(row, echo.get(row.port)) for row in rows]


def _with_echo(row: LineRow, echo: EchoFigures | None) -> Plain:
    plain = to_plain(row, tagged=False)
    assert isinstance(plain, dict)
    return plain | {"echo": NO_ECHO if echo is None else to_plain(echo, tagged=False)}
