"""City districts of few and of many vertices with the same outline in the large; not a test file."""

from __future__ import annotations

import numpy as np

from geooffer.engine.shapes import polygon_from_lonlat
from geooffer.model.columns import Int32Array
from geooffer.model.fence_tables import FenceTables
from geooffer.model.shapes import Polygon

FINEST = 1 << 14


def district(vertex_count: int) -> Polygon:
    """About 13 km across, its outline rough at every scale (midpoint displacement), with so many of its vertices."""
    rng = np.random.default_rng(3)
    reach = np.array([1.0, 1.1, 0.9, 1.05])
    spread = 0.1
    while len(reach) < FINEST:
        middles = (reach + np.roll(reach, -1)) / 2 + rng.normal(0, spread, len(reach))
        reach = np.column_stack([reach, middles]).ravel()
        spread *= 0.55
    picked = np.linspace(0, FINEST, vertex_count, endpoint=False).astype(int)
    angles = picked * (2 * np.pi / FINEST)
    ring = np.column_stack(
        [13.4 + 0.096 * reach[picked] * np.cos(angles), 52.5 + 0.06 * reach[picked] * np.sin(angles)]
    ).tolist()
    return polygon_from_lonlat([[[*ring, ring[0]]]])[0]


def on_the_edge(tables: FenceTables, count: int) -> tuple[Int32Array, Int32Array]:
    """Pings within some 40 m of the outline, where no cell answers by itself."""
    rng = np.random.default_rng(4)
    edges = tables.edges[rng.integers(0, len(tables.edges), count)]
    share = rng.random(count)
    columns = []
    for axis in ("latitude", "longitude"):
        first, second = edges[f"{axis}_a_e7"].astype(np.float64), edges[f"{axis}_b_e7"].astype(np.float64)
        columns.append(np.rint(first + (second - first) * share + rng.uniform(-4_000, 4_000, count)).astype(np.int32))
    return columns[0], columns[1]


def anywhere(tables: FenceTables, count: int) -> tuple[Int32Array, Int32Array]:
    """Pings anywhere in the district's box."""
    rng = np.random.default_rng(5)
    part = tables.parts[0]
    latitudes = rng.integers(part["min_latitude_e7"], part["max_latitude_e7"], count)
    longitudes = rng.integers(part["min_longitude_e7"], part["max_longitude_e7"], count)
    return latitudes.astype(np.int32), longitudes.astype(np.int32)
