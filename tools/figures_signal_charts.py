"""Charts of the signal core as SVG, drawn without any library: curves, a map, points."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from tools.figures_signal_runs import Measures, Point
from tools.figures_signal_targets import OURS, SPANDSP, SPEEX, TRACES

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 44, 52
COLOURS = {
    OURS: "#0b62a4",
    "ours, delay known": "#5aa469",
    SPANDSP: "#c4522c",
    SPEEX: "#c4522c",
}
INK = "#333333"
GRID = "#dddddd"


@dataclass(frozen=True, slots=True)
class Axes:
    """A drawing area: titles, and the range of each axis."""

    title: str
    x_title: str
    y_title: str
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point lies in the picture; what is outside the range lies on its edge."""
        (x0, x1), (y0, y1) = self.x_range, self.y_range
        across = (min(max(x, x0), x1) - x0) / (x1 - x0)
        up = (min(max(y, y0), y1) - y0) / (y1 - y0)
        return (
            LEFT + across * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM),
        )


def text(
    x: float, y: float, words: str, *, anchor: str = "middle", size: int = 12, turned: bool = False
) -> str:
    """A word or more in the picture."""
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{INK}"{turn}>'
        f"{escape(words)}</text>"
    )


def picture(parts: Iterable[str], width: int = WIDTH, height: int = HEIGHT) -> str:
    """The parts as one SVG document."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif">'
    )
    return "\n".join([head, f'<rect width="{width}" height="{height}" fill="white"/>', *parts, "</svg>", ""])


def steps(low: float, high: float, about: int = 6) -> list[float]:
    """Round places on an axis."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = math.ceil(low / step)
    return [step * number for number in range(first, math.floor(high / step + 1e-9) + 1)]


def frame(axes: Axes) -> list[str]:
    """Grid, numbers and titles."""
    parts = [text(WIDTH / 2, 22, axes.title, size=15)]
    for x in steps(*axes.x_range):
        across, _ = axes.at(x, axes.y_range[0])
        parts.append(f'<path d="M{across:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="{GRID}"/>')
        parts.append(text(across, HEIGHT - BOTTOM + 17, f"{x:g}"))
    for y in steps(*axes.y_range):
        _, down = axes.at(axes.x_range[0], y)
        parts.append(f'<path d="M{LEFT} {down:.1f}H{WIDTH - RIGHT}" stroke="{GRID}"/>')
        parts.append(text(LEFT - 8, down + 4, f"{y:g}", anchor="end"))
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, axes.x_title))
    parts.append(text(18, (TOP + HEIGHT - BOTTOM) / 2, axes.y_title, turned=True))
    return parts


def legend(names: Sequence[str]) -> list[str]:
    """Whose line is whose, under the title."""
    parts = []
    for number, name in enumerate(names):
        x = LEFT + 10 + 150 * number
        parts.append(f'<path d="M{x} 36h22" stroke="{COLOURS[name]}" stroke-width="3"/>')
        parts.append(text(x + 28, 40, name, anchor="start"))
    return parts


def curves(points: Sequence[Point], axes: Axes) -> str:
    """A line for each of those that were measured."""
    names = list(dict.fromkeys(point.who for point in points))
    parts = frame(axes) + legend(names)
    for name in names:
        mine = sorted((p for p in points if p.who == name), key=lambda p: p.x)
        places = [axes.at(point.x, point.value) for point in mine]
        route = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{route}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{COLOURS[name]}"/>' for x, y in places]
    return picture(parts)


def acceptance_map(points: Sequence[Point]) -> str:
    """Share of digits that were read over the deviation of both tones, a square for each receiver."""
    side, gap = 260, 70
    names = list(dict.fromkeys(point.who for point in points))
    columns = sorted({point.x for point in points})
    cell = side / len(columns)
    width = LEFT + len(names) * (side + gap)
    parts = [text(width / 2, 22, "DTMF: digits read, by deviation of both tones", size=15)]
    for number, name in enumerate(names):
        left = LEFT + number * (side + gap)
        parts.append(text(left + side / 2, 42, name))
        for point in (p for p in points if p.who == name):
            x = left + columns.index(point.x) * cell
            y = 50 + side - (columns.index(point.y) + 1) * cell
            words = f"{point.x:+g} %, {point.y:+g} %: {100 * point.value:.0f} %"
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{cell + 0.3:.1f}" height="{cell + 0.3:.1f}" '
                f'fill="{shade(point.value)}"><title>{escape(words)}</title></rect>'
            )
        parts += _box(left, columns, cell, side)
    return picture(parts, width, side + 110)


def _box(left: float, columns: list[float], cell: float, side: float) -> list[str]:
    """Where Q.24 demands reading (inside 1.5 %) and rejecting (outside 3.5 %), with the axes' numbers."""
    parts = []
    for limit, dashes in ((1.5, ""), (3.5, ' stroke-dasharray="4 3"')):
        reach = limit / (columns[-1] - columns[0]) * (side - cell)
        x, y = left + side / 2 - reach, 50 + side / 2 - reach
        parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{2 * reach:.1f}" height="{2 * reach:.1f}" fill="none" '
            f'stroke="#c4522c"{dashes}/>'
        )
    for value in (columns[0], 0.0, columns[-1]):
        place = (value - columns[0]) / (columns[-1] - columns[0]) * (side - cell) + cell / 2
        parts.append(text(left + place, 50 + side + 16, f"{value:g} %"))
        parts.append(text(left - 6, 54 + side - place, f"{value:g} %", anchor="end"))
    parts.append(text(left + side / 2, 50 + side + 36, "low tone's deviation"))
    return parts


def shade(share: float) -> str:
    """White for nothing, dark blue for all."""
    low, high = (255, 255, 255), (11, 98, 164)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(low, high, strict=True))


def jitter(found: Measures) -> str | None:
    """Late loss over added delay, a mark for each trace and buffer; None where it was not measured."""
    places = [
        (trace, name, who, delay.value, late.value)
        for trace, name in TRACES
        for who in (OURS, SPEEX)
        if (delay := found.get(f"jitter_{trace}_delay_ms", who)) is not None
        and (late := found.get(f"jitter_{trace}_late_percent", who)) is not None
    ]
    if not places:
        return None
    axes = Axes(
        "Jitter buffers: nearer to the corner is better",
        "mean added delay, ms",
        "came and was never played, %",
        (0, max(place[3] for place in places) * 1.15),
        (0, max(0.5, max(place[4] for place in places) * 1.15)),
    )
    parts = frame(axes) + legend([OURS, SPEEX])
    for number, (_, name, who, delay_ms, late_percent) in enumerate(places):
        x, y = axes.at(delay_ms, late_percent)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{COLOURS[who]}"/>')
        parts.append(text(x + 7, y - 4 - 11 * (number // 2 % 4), name, anchor="start", size=10))
    return picture(parts)


NOISE = "signal to noise, dB"
PACKETS = "packets in error, %"
CURVES = {
    "erle": Axes(
        "Echo taken away; double talk 6..8 s, another path at 12 s", "s", "ERLE, dB", (0, 18), (-10, 45)
    ),
    "dtmf_errors": Axes("DTMF in white noise", NOISE, "errors per 1000 digits", (3, 14), (0, 1000)),
    "callerid_bell202": Axes("Caller identity, Bell 202, in white noise", NOISE, PACKETS, (5, 14), (0, 100)),
    "callerid_v23": Axes("Caller identity, V.23, in white noise", NOISE, PACKETS, (5, 14), (0, 100)),
}


def _leg_axes(found: Measures) -> Axes:
    highest = max((point.value for point in found.points if point.figure == "legs"), default=1.0)
    return Axes("Cost of SIP legs", "legs", "million instructions a second", (0, 260), (0, 1.1 * highest))


def draw_all(found: Measures, directory: Path) -> list[Path]:
    """Draw what was measured; the files written."""
    directory.mkdir(parents=True, exist_ok=True)
    charts = {f"{figure}.svg": _curve(found, figure, axes) for figure, axes in CURVES.items()}
    charts["legs.svg"] = _curve(found, "legs", _leg_axes(found))
    charts["jitter.svg"] = jitter(found)
    grid = [point for point in found.points if point.figure == "dtmf_map"]
    charts["dtmf_map.svg"] = acceptance_map(grid) if grid else None
    written = []
    for name, drawn in charts.items():
        if drawn is not None:
            (directory / name).write_text(drawn, encoding="utf-8")
            written.append(directory / name)
    return written


def _curve(found: Measures, figure: str, axes: Axes) -> str | None:
    points = [point for point in found.points if point.figure == figure]
    return curves(points, axes) if points else None
