"""The percentile curve as a self-contained SVG: latency over percentile, both logarithmic, the plane above its echo."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from pathlib import Path

from hdrh.histogram import HdrHistogram

from geooffer.bench.latency import HIGHEST_US

WIDTH, HEIGHT = 860, 460
LEFT, RIGHT, TOP, BOTTOM = 80, 160, 50, 60
PERCENTILES = (0.0, 50.0, 90.0, 99.0, 99.9, 99.99, 99.999)
COLOURS = ("#0b6e4f", "#b0b7bf", "#c8553d")
_STEPS_PER_DECADE = 40


def write_picture(curves: Mapping[str, HdrHistogram], path: Path, title: str) -> None:
    """Draw one line per named histogram (µs). Percentiles reach as far as the smallest one has samples for."""
    count = min(histogram.get_total_count() for histogram in curves.values())
    decades = max(1.0, math.log10(max(count, 10)))
    lines = {name: _points(histogram, decades) for name, histogram in curves.items()}
    values = [value for points in lines.values() for _, value in points]
    low, high = _decade_floor(min(values)), _decade_floor(max(values)) + 1
    body = [_text(LEFT, TOP - 22, title, "16px", anchor="start"), *_axes(decades, low, high)]
    for index, (name, points) in enumerate(lines.items()):
        colour = COLOURS[index % len(COLOURS)]
        path_data = " ".join(f"{_x(depth, decades):.1f},{_y(value, low, high):.1f}" for depth, value in points)
        body.append(f'<polyline points="{path_data}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        body.append(_text(WIDTH - RIGHT + 10, TOP + 20 + 22 * index, name, "13px", anchor="start", fill=colour))
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>{"".join(body)}</svg>\n',
        encoding="utf-8",
    )


def _points(histogram: HdrHistogram, decades: float) -> list[tuple[float, int]]:
    """(depth, µs): depth d stands for the percentile 100 − 100 / 10^d, so that each further nine has the same width."""
    steps = round(decades * _STEPS_PER_DECADE)
    depths = [decades * step / steps for step in range(steps + 1)]
    return [(d, max(1, histogram.get_value_at_percentile(100 - 100 / 10**d))) for d in depths]


def _axes(decades: float, low: int, high: int) -> list[str]:
    parts = []
    for percentile in PERCENTILES:
        depth = -math.log10(1 - percentile / 100)
        if depth <= decades + 1e-9:
            x = _x(depth, decades)
            parts.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}" stroke="#e3e6ea"/>')
            parts.append(_text(x, HEIGHT - BOTTOM + 20, f"{percentile:g} %", "12px"))
    for exponent in range(low, high + 1):
        y = _y(10**exponent, low, high)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#e3e6ea"/>')
        parts.append(_text(LEFT - 8, y + 4, _duration(10**exponent), "12px", anchor="end"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "percentile of pings", "12px"))
    return parts


def _decade_floor(value_us: int) -> int:
    return math.floor(math.log10(min(max(value_us, 1), HIGHEST_US)))


def _x(depth: float, decades: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * depth / decades


def _y(value_us: float, low: int, high: int) -> float:
    share = (math.log10(max(value_us, 1)) - low) / (high - low)
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share


def _duration(value_us: int) -> str:
    if value_us >= 1_000_000:
        return f"{value_us // 1_000_000} s"
    return f"{value_us // 1000} ms" if value_us >= 1000 else f"{value_us} µs"


def _text(x: float, y: float, text: str, size: str, *, anchor: str = "middle", fill: str = "#30363d") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{fill}">{escape(text)}</text>'
    )
