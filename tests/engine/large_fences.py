"""Polygons of many vertices and points that lie on them, for the tests of stripes; not a test file."""

from __future__ import annotations

import numpy as np

from geooffer.engine.shapes import polygon_from_lonlat
from geooffer.model.columns import Int32Array
from geooffer.model.fence_tables import FenceTables
from geooffer.model.shapes import Polygon


def large_polygon(rng: np.random.Generator, vertex_count: int, longitude: float, latitude: float) -> Polygon:
    """A seeded star of many vertices with a hole of as many more / 4; a third of its edges level or upright.

    Coordinates lie on a grid of 1/1024 of its size, so that many vertices share latitudes and stripe borders.
    """
    count = vertex_count - vertex_count // 4
    size = 2 ** int(rng.integers(12, 25))

    def ring(vertices: int, scale: float) -> np.ndarray:
        angles = np.sort(rng.uniform(0, 2 * np.pi, vertices))
        reach = size * scale * rng.uniform(0.9, 1.0, vertices)
        grid = max(size // 1024, 1)
        points = np.column_stack([reach * np.cos(angles), reach * np.sin(angles)])
        points = np.rint(points / grid).astype(np.int64) * grid
        return stepped(points)

    def stepped(points: np.ndarray) -> np.ndarray:
        """Every third edge becomes a level one and an upright one."""
        corners = np.column_stack([np.roll(points[:, 0], -1), points[:, 1]])[::3]
        return np.insert(points, np.arange(1, len(points) + 1, 3)[: len(corners)], corners, axis=0)

    centre = np.rint(np.array([longitude, latitude]) * 1e7).astype(np.int64)
    rings = []
    for vertices, scale in ((count, 1.0), (vertex_count - count, 0.4)):
        points = ring(max(vertices * 3 // 4, 3), scale) + centre
        points[:, 0] = (points[:, 0] + 1_800_000_000) % 3_600_000_000 - 1_800_000_000
        rings.append([(x / 1e7, y / 1e7) for x, y in [*points.tolist(), points[0].tolist()]])
    return polygon_from_lonlat([rings], repair=True)[0]


def without_stripes(tables: FenceTables) -> FenceTables:
    """The same fences, every edge asked."""
    parts = tables.parts.copy()
    parts["stripe_shift"] = 0
    return tables._replace(parts=parts)


def points_on(rng: np.random.Generator, shape: Polygon, count: int) -> tuple[Int32Array, Int32Array]:
    """Vertices, grid points of edges, places beside both and on the same latitude, and a tenth anywhere in the box."""
    part = shape.parts[int(rng.integers(len(shape.parts)))]
    ring = part.ring(int(rng.integers(len(part.rings)))).astype(np.int64)
    at = rng.integers(0, len(ring), count)
    corners, following = ring[at], np.roll(ring, -1, axis=0)[at]
    steps = np.gcd(*(following - corners).T)
    along = rng.integers(0, steps + 1)
    points = corners + (following - corners) // steps[:, None] * along[:, None]
    middles = rng.random(count) < 0.2
    points[middles] = (corners + following)[middles] // 2
    points += rng.integers(-1, 2, (count, 2)) * (rng.random((count, 1)) < 0.4)
    low, high = ring.min(axis=0), ring.max(axis=0)
    level = rng.random(count) < 0.2
    points[level, 1] = rng.integers(low[1] - 5, high[1] + 6, level.sum())
    anywhere = rng.random(count) < 0.1
    points[anywhere] = rng.integers(low - 5, high + 6, (int(anywhere.sum()), 2))
    longitudes = (points[:, 1] + 1_800_000_000) % 3_600_000_000 - 1_800_000_000
    return points[:, 0].clip(-900_000_000, 900_000_000).astype(np.int32), longitudes.astype(np.int32)
