"""`cityline lines`: each line as the exchange shows it, with what the signal core measures on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.media.core_values import PortStatistics
from gateway.model.echo import EchoFigures
from gateway.model.learned import LearnedFact
from gateway.model.numbers import PortId
from gateway.model.plain import Plain, to_plain
from gateway.model.view import LineRow

NO_ECHO: dict[str, Plain] = {"erl_db": None, "erle_db": None, "delay_ms": None}


@dataclass(frozen=True, slots=True)
class CardFigures:
    """A port's sound card: its clock against ours in ppm (positive: too fast; None: not known yet), and what
    it has lost.
    """

    name: str
    clock_ppm: int | None
    xruns: int
    lost_frames: int
    gone: bool

    @classmethod
    def of(cls, name: str, clock_ppm: int | None, figures: PortStatistics) -> "CardFigures":
        """As the signal core has measured it."""
        return cls(
            name,
            clock_ppm,
            figures.capture_xruns + figures.playback_xruns,
            figures.lost_frames,
            figures.card_gone,
        )


def lines_plain(
    rows: Sequence[LineRow],
    echo: Mapping[PortId, EchoFigures],
    cards: Mapping[PortId, CardFigures] | None = None,
    learned: Mapping[PortId, tuple[LearnedFact, ...]] | None = None,
    unlearned: Mapping[PortId, tuple[str, ...]] | None = None,
) -> Plain:
    """The rows, each with ``echo``: ERL and ERLE in dB, delay in ms, null where the canceller has found
    nothing; ``card``: null where the port has none; ``learned``: what its calls have shown of a city line,
    and ``unlearned`` what they have not.
    """
    shown = (
        _with_figures(row, echo.get(row.port), (cards or {}).get(row.port), (learned or {}).get(row.port, ()))
        for row in rows
    )
    missing = unlearned or {}
    return [
        plain | {"unlearned": list(missing.get(row.port, ()))} for row, plain in zip(rows, shown, strict=True)
    ]


def _with_figures(
    row: LineRow, echo: EchoFigures | None, card: CardFigures | None, learned: tuple[LearnedFact, ...]
) -> dict[str, Plain]:
    plain = to_plain(row, tagged=False)
    assert isinstance(plain, dict)
    return plain | {
        "echo": NO_ECHO if echo is None else to_plain(echo, tagged=False),
        "card": None if card is None else to_plain(card, tagged=False),
        "learned": to_plain(learned, tagged=False),
    }
