"""Which fences one device was in over time, as a self-contained SVG: point-in-polygon above, the engine below."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from geooffer.bench.flaps import Event, Stay
from geooffer.importers.traces import Trace
from geooffer.model.verdicts import TransitionKind

WIDTH, LEFT, RIGHT, TOP = 960, 130, 20, 64
ROW_HEIGHT, GAP = 26, 58
NAIVE, OURS, LINE, INK = "#c8553d", "#0b6e4f", "#e3e6ea", "#30363d"
HOUR_MS = 3_600_000
Bar = tuple[str, int, int]
"""(fence id, from, until) in ms."""


def naive_bars(trace: Trace, stays: Sequence[Stay]) -> list[Bar]:
    """Each stay lasts until the next begins."""
    times = [int(trace.fix_times_ms[stay.first_fix]) for stay in stays] + [int(trace.fix_times_ms[-1])]
    return [
        (fence_id, times[index], times[index + 1]) for index, stay in enumerate(stays) for fence_id in stay.fence_ids
    ]


def visit_bars(trace: Trace, events: Sequence[Event]) -> list[Bar]:
    """From each ENTER to its EXIT, or to the last fix."""
    entered: dict[str, int] = {}
    bars = []
    for event in events:
        if event.kind is TransitionKind.ENTER:
            entered[event.fence_id] = event.time_ms
        elif event.kind is TransitionKind.EXIT:
            bars.append((event.fence_id, entered.pop(event.fence_id), event.time_ms))
    return bars + [(fence_id, time_ms, int(trace.fix_times_ms[-1])) for fence_id, time_ms in entered.items()]


def write_picture(
    trace: Trace,
    naive: Sequence[Bar],
    visits: Sequence[Bar],
    names: dict[str, str],
    titles: tuple[str, str],
    path: Path,
) -> None:
    """Draw both, a row a fence, hours since the first fix from left to right. `names`: what fences are called."""
    start_ms, end_ms = int(trace.fix_times_ms[0]), int(trace.fix_times_ms[-1])
    rows = list(dict.fromkeys(fence_id for fence_id, *_ in sorted([*naive, *visits], key=lambda bar: bar[1])))
    half = len(rows) * ROW_HEIGHT
    height = TOP + 2 * half + GAP + 40
    scale = (WIDTH - LEFT - RIGHT) / (end_ms - start_ms)
    body: list[str] = []
    for part, (bars, colour, title) in enumerate(zip((naive, visits), (NAIVE, OURS), titles, strict=True)):
        top = TOP + part * (half + GAP)
        body.append(_text(LEFT, top - 12, title, "14px", anchor="start", fill=colour))
        body += _frame(rows, names, top, half, (end_ms - start_ms) / HOUR_MS, scale)
        for fence_id, from_ms, until_ms in bars:
            x, width = LEFT + (from_ms - start_ms) * scale, max((until_ms - from_ms) * scale, 1.0)
            y = top + rows.index(fence_id) * ROW_HEIGHT + 5
            body.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{ROW_HEIGHT - 10}" fill="{colour}"/>')
    body.append(_text(LEFT + (WIDTH - LEFT - RIGHT) / 2, height - 8, "hours since the first fix", "12px"))
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">'
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>{"".join(body)}</svg>\n',
        encoding="utf-8",
    )


def _frame(rows: Sequence[str], names: dict[str, str], top: int, half: int, hours: float, scale: float) -> list[str]:
    parts = []
    for index, fence_id in enumerate(rows):
        y = top + index * ROW_HEIGHT
        parts.append(f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="{LINE}"/>')
        parts.append(_text(LEFT - 8, y + 17, names.get(fence_id) or fence_id, "12px", anchor="end"))
    for hour in range(int(hours) + 1):
        x = LEFT + hour * HOUR_MS * scale
        parts.append(f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{top + half}" stroke="{LINE}"/>')
        parts.append(_text(x, top + half + 15, str(hour), "11px"))
    return parts


def _text(x: float, y: float, text: str, size: str, *, anchor: str = "middle", fill: str = INK) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{fill}">{escape(text)}</text>'
    )
