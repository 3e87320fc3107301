"""How the index grows from 1,000 to 1,000,000 fences: `python benchmarks/index_growth.py [FILE.svg]`.

Fences of one kind each time: circles of 15–80 m, and outlines of 32 vertices about 60 m across, as dense as shops in a
city (one in 240 m × 240 m, so the area grows with them). Told for each size: compiling all shapes, building the index
of their rows (the merge that runs in a thread of the service), bytes a fence with and without its vertices, what
engine/index_memory.py had foreseen, and ns a ping outside all fences and inside one: the best of 160 rounds of 16,384
pings over some seconds, each round others than the seven before.
shapely's STRtree stands beside up to 100,000 fences: bulk query, points built.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path
from time import perf_counter, perf_counter_ns, sleep
from typing import Any

import numpy as np
import shapely

from geooffer.engine.fence_merge import append_shapes, empty_geometry, merge
from geooffer.engine.fence_parts import CompiledShape, compile_circles, compile_shape
from geooffer.engine.index_memory import Footprint, footprint_of_all, index_bytes_max
from geooffer.engine.shapes import to_shapely
from geooffer.kernels.compile import compile_all
from geooffer.kernels.locate import locate_batch
from geooffer.model.columns import Int32Array
from geooffer.model.fence_tables import FENCE_ROW, FenceTables
from geooffer.model.shapes import Circle, Part, Polygon, Shape, pack_ring

SIZES = (1_000, 10_000, 100_000, 1_000_000)
RIVAL_SIZE_MAX = 100_000
PING_COUNT = 16_384
SET_COUNT = 8
VERTEX_COUNT = 32
SPACING_E7 = 22_000
AT_ONCE = 20_000
ORIGIN_E7 = (470_000_000, 80_000_000)


def shapes_of(kind: str, count: int, side: int, start: int) -> list[Shape]:
    """Fences start..start + count − 1 of a square of `side` × `side`."""
    rng = np.random.default_rng(start)
    places = np.arange(start, start + count)
    latitudes = ORIGIN_E7[0] + places // side * SPACING_E7 + rng.integers(-9_000, 9_000, count)
    longitudes = ORIGIN_E7[1] + places % side * SPACING_E7 + rng.integers(-9_000, 9_000, count)
    if kind == "circles":
        radii = rng.integers(1_500, 8_000, count)
        figures = zip(latitudes.tolist(), longitudes.tolist(), radii.tolist(), strict=True)
        return [Circle(*figure) for figure in figures]
    angles = np.arange(VERTEX_COUNT) * (2 * np.pi / VERTEX_COUNT)
    rim = np.column_stack([np.sin(angles), 1.45 * np.cos(angles)])
    reach = rng.uniform(2_200, 3_200, (count, VERTEX_COUNT, 1))
    rings = np.rint(rim * reach + np.column_stack([latitudes, longitudes])[:, None, :]).astype(np.int32)
    return [Polygon((Part((pack_ring(ring),)),)) for ring in rings]


def compiled(shapes: list[Shape]) -> list[CompiledShape]:
    """Circles at once, as a start does."""
    if isinstance(shapes[0], Circle):
        return compile_circles([shape for shape in shapes if isinstance(shape, Circle)])
    return [compile_shape(shape) for shape in shapes]


def tables_of(kind: str, count: int) -> tuple[FenceTables, float, Footprint]:
    """Rows of so many fences without an index; seconds of compiling; what they take."""
    geometry, rows = empty_geometry(), np.zeros(count, FENCE_ROW)
    rows["live"], rows["part_count"], rows["part_start"] = 1, 1, np.arange(count)
    side, seconds, footprint = math.isqrt(count - 1) + 1, 0.0, Footprint()
    for start in range(0, count, AT_ONCE):
        shapes = shapes_of(kind, min(AT_ONCE, count - start), side, start)
        began = perf_counter()
        done = compiled(shapes)
        append_shapes(geometry, np.arange(start, start + len(done), dtype=np.int32), done)
        seconds += perf_counter() - began
        footprint = footprint.plus(footprint_of_all(done))
    return geometry.over(rows), seconds, footprint


def pings(tables: FenceTables, inside: bool) -> list[tuple[Int32Array, Int32Array]]:
    """Sets of PING_COUNT pings spread over all fences: at a fence's middle, or where no fence is."""
    rng = np.random.default_rng(7)
    wanted_count = SET_COUNT * PING_COUNT
    parts = tables.parts[rng.integers(0, len(tables.parts), wanted_count * 2)]
    latitudes = (parts["min_latitude_e7"].astype(np.int64) + parts["max_latitude_e7"]) // 2
    longitudes = (parts["min_longitude_e7"].astype(np.int64) + parts["max_longitude_e7"]) // 2
    if not inside:
        latitudes += rng.integers(-SPACING_E7, SPACING_E7, len(latitudes))
        longitudes += rng.integers(-SPACING_E7, SPACING_E7, len(longitudes))
    columns = latitudes.astype(np.int32), longitudes.astype(np.int32)
    wanted = np.flatnonzero((hits_of(tables, *columns) > 0) == inside)[:wanted_count]
    assert len(wanted) == wanted_count
    return [(columns[0][some], columns[1][some]) for some in np.split(wanted, SET_COUNT)]


def hits_of(tables: FenceTables, latitudes: Int32Array, longitudes: Int32Array) -> Int32Array:
    """How many fences cover each point."""
    count = len(latitudes)
    starts, hits = np.zeros(count + 1, np.int32), np.zeros(count * 8, np.int32)
    assert locate_batch(tables, latitudes, longitudes, np.ones(count, np.uint8), starts, hits, 1) == count
    return np.diff(starts)


def strtree_hits(tree: Any, latitudes: Int32Array, longitudes: Int32Array) -> Any:
    """The rival, its points built as a server must."""
    return tree.query(shapely.points(longitudes / 1e7, latitudes / 1e7), predicate="covered_by")


def best_ns(
    work: Callable[[Int32Array, Int32Array], Any], sets: list[tuple[Int32Array, Int32Array]], rounds: int
) -> float:
    """Nanoseconds a ping of the quickest round."""
    best = math.inf
    for number in range(rounds):
        latitudes, longitudes = sets[number % len(sets)]
        began = perf_counter_ns()
        work(latitudes, longitudes)
        best = min(best, (perf_counter_ns() - began) / PING_COUNT)
        sleep(0.02)  # so that rounds meet quiet moments of a busy machine
    return best


def measured(kind: str, count: int) -> dict[str, Any]:
    """One row of the table."""
    bare, compile_seconds, footprint = tables_of(kind, count)
    began = perf_counter()
    merged = merge(bare)
    build_seconds = perf_counter() - began
    indexed = merged.geometry.over(bare.fences)
    base = merged.base
    tables = indexed._replace(
        nodes=base.nodes,
        items=base.items,
        cell_levels=base.cells.levels,
        cells=base.cells.cells,
        cell_parts=base.cells.parts,
    )
    row: dict[str, Any] = {
        "kind": kind,
        "fences": count,
        "compile_seconds": compile_seconds,
        "build_seconds": build_seconds,
        "bytes_a_fence": tables.size_bytes / count,
        "bytes_beyond_vertices": (tables.size_bytes - tables.edges.nbytes // 2) / count,
        "bytes_beyond_edges": (tables.size_bytes - tables.edges.nbytes) / count,
        "bytes_foreseen": index_bytes_max(footprint, count) / count,
    }
    assert tables.size_bytes <= index_bytes_max(footprint, count)
    for name, inside in (("outside", False), ("inside", True)):
        sets = pings(tables, inside)
        row[f"ns_{name}"] = best_ns(partial(hits_of, tables), sets, 160)
        if count <= RIVAL_SIZE_MAX:
            side = math.isqrt(count - 1) + 1
            tree = shapely.STRtree([to_shapely(shape) for shape in shapes_of(kind, count, side, 0)])
            row[f"ns_{name}_strtree"] = best_ns(partial(strtree_hits, tree), sets, 12)
    return row


# -- the picture ---------------------------------------------------------------------------------------------

PANELS = (
    ("ns a ping", (("outside", "ns_outside"), ("inside", "ns_inside")), (10.0, 100_000.0)),
    ("bytes a fence", (("", "bytes_a_fence"),), (100.0, 10_000.0)),
    ("seconds to build", (("", "build_seconds"),), (0.001, 100.0)),
)
COLOURS = {"circles": "#0b6e4f", "outlines": "#c8553d"}
RIVAL_COLOUR = "#b0b7bf"
PANEL_WIDTH, PANEL_HEIGHT, GAP, TOP, LEFT = 240, 240, 70, 60, 70


def picture(rows: list[dict[str, Any]]) -> str:
    """Three panels over the number of fences, both axes logarithmic."""
    body = [_text(LEFT, 24, "The index from 1,000 to 1,000,000 fences", 16, "start")]
    for index, (title, series, span) in enumerate(PANELS):
        left = LEFT + index * (PANEL_WIDTH + GAP)
        body += _grid(left, title, span)
        for kind, colour in COLOURS.items():
            mine = [row for row in rows if row["kind"] == kind]
            for name, key in series:
                dash = ' stroke-dasharray="5 4"' if name == "inside" else ""
                body.append(_line(left, span, mine, key, colour, dash))
                if kind == "outlines" and name:
                    body.append(_line(left, span, mine, f"{key}_strtree", RIVAL_COLOUR, dash))
    legend = [*COLOURS.items(), ("STRtree in bulk, outlines", RIVAL_COLOUR)]
    for index, (name, colour) in enumerate(legend):
        body.append(_text(LEFT + index * 110, TOP + PANEL_HEIGHT + 62, name, 13, "start", colour))
    note = "outlines have 32 vertices; lines: outside all fences, dashes: inside one"
    body.append(_text(LEFT + 430, TOP + PANEL_HEIGHT + 62, note, 12, "start"))
    width = LEFT + 3 * (PANEL_WIDTH + GAP)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {TOP + PANEL_HEIGHT + 80}" '
        f'font-family="sans-serif"><rect width="100%" height="100%" fill="white"/>{"".join(body)}</svg>\n'
    )


def _grid(left: float, title: str, span: tuple[float, float]) -> list[str]:
    parts = [_text(left, TOP - 12, title, 13, "start")]
    for count in SIZES:
        x = _x(left, count)
        parts.append(f'<path d="M{x:.1f} {TOP}V{TOP + PANEL_HEIGHT}" stroke="#e3e6ea"/>')
        parts.append(_text(x, TOP + PANEL_HEIGHT + 18, f"{count:,}", 10))
    for decade in range(round(math.log10(span[0])), round(math.log10(span[1])) + 1):
        y = _y(10.0**decade, span)
        parts.append(f'<path d="M{left} {y:.1f}H{left + PANEL_WIDTH}" stroke="#e3e6ea"/>')
        parts.append(_text(left - 6, y + 4, f"{10.0**decade:,g}", 11, "end"))
    return parts


def _line(left: float, span: tuple[float, float], rows: list[dict[str, Any]], key: str, colour: str, dash: str) -> str:
    points = " ".join(f"{_x(left, row['fences']):.1f},{_y(row[key], span):.1f}" for row in rows if key in row)
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"{dash}/>'


def _x(left: float, count: int) -> float:
    return left + PANEL_WIDTH * (math.log10(count) - 3) / 3


def _y(value: float, span: tuple[float, float]) -> float:
    low, high = math.log10(span[0]), math.log10(span[1])
    return TOP + PANEL_HEIGHT * (1 - (math.log10(min(max(value, span[0]), span[1])) - low) / (high - low))


def _text(x: float, y: float, text: str, size: int, anchor: str = "middle", fill: str = "#30363d") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}px" text-anchor="{anchor}" fill="{fill}">{escape(text)}</text>'
    )


def main() -> None:
    """Measure, print one JSON line a row, draw."""
    compile_all()
    rows = []
    for count in SIZES:
        for kind in COLOURS:
            rows.append(measured(kind, count))
            sys.stdout.write(json.dumps(rows[-1]) + "\n")
            sys.stdout.flush()
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(picture(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
