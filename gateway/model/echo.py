"""What a port's echo canceller has measured, as people and the journal get it. Words as in G.168."""

from dataclasses import dataclass

from gateway.model.numbers import CallId, PortId


@dataclass(frozen=True, slots=True)
class EchoFigures:
    """Loss of the echo path (``erl_db``), what the canceller takes away (``erle_db``), the echo's whole way
    (``delay_ms``). None: not found, since there was no echo or too little sound to find one.
    """

    erl_db: float | None = None
    erle_db: float | None = None
    delay_ms: float | None = None


@dataclass(frozen=True, slots=True)
class LegEcho:
    """A row of the journal: what the canceller of an analog party had measured when that party left its
    call. A party that left twice (it was rung back) has two; the later one stands.
    """

    call: CallId
    port: PortId
    echo: EchoFigures
    wall_ns: int
    monotonic_ns: int
