"""Shapes and tables for the tests of geometry and index; not a test file."""

from __future__ import annotations

import numpy as np

from geooffer.engine.shapes import circle, polygon_from_lonlat
from geooffer.engine.spatial import IndexOfRecord
from geooffer.model.catalog import Geofence
from geooffer.model.columns import Int32Array
from geooffer.model.fence_tables import FenceTables
from geooffer.model.shapes import Circle, Polygon, Shape


def ring_e7(*lon_lat_e7: tuple[int, int]) -> list[tuple[float, float]]:
    """A closed GeoJSON ring from (longitude, latitude) in E7."""
    points = [(longitude / 1e7, latitude / 1e7) for longitude, latitude in lon_lat_e7]
    return [*points, points[0]]


def square(longitude: float, latitude: float, half_degrees: float) -> list[tuple[float, float]]:
    """A closed ring around a centre, in degrees."""
    low_x, high_x = longitude - half_degrees, longitude + half_degrees
    low_y, high_y = latitude - half_degrees, latitude + half_degrees
    return [(low_x, low_y), (high_x, low_y), (high_x, high_y), (low_x, high_y), (low_x, low_y)]


def star_polygon(rng: np.random.Generator, longitude: float, latitude: float, radius_degrees: float) -> Polygon:
    """A seeded star-shaped polygon, half of them with a star-shaped hole; longitudes wrap at ±180°."""
    count = int(rng.integers(3, 14))
    angles = (np.arange(count) + rng.uniform(0.1, 0.9, count)) * (2 * np.pi / count)
    reach = rng.uniform(0.4, 1.0, count) * radius_degrees

    def wrapped(scale: float) -> list[tuple[float, float]]:
        points = [
            ((longitude + scale * r * np.cos(a) + 180) % 360 - 180, latitude + scale * r * np.sin(a))
            for a, r in zip(angles, reach, strict=True)
        ]
        return [*points, points[0]]

    rings = [wrapped(1.0), wrapped(0.4)] if count % 2 and count > 3 else [wrapped(1.0)]
    return polygon_from_lonlat([rings])[0]


def record_of(shapes: list[Shape], overlap_count_max: int = 512) -> tuple[IndexOfRecord, FenceTables]:
    """An index of record with shape i as fence number i, and its snapshot."""
    record = IndexOfRecord(overlap_count_max)
    fences = {}
    for number, shape in enumerate(shapes):
        fence = Geofence(f"fence-{number}", shape)
        record.insert(number, fence)
        fences[number] = (fence, -1)
    return record, record.freeze(fences, {}, len(shapes))


def tables_of(*shapes: Shape) -> FenceTables:
    """A snapshot with shape i as fence number i."""
    return record_of(list(shapes))[1]


def circle_at(latitude: float, longitude: float, radius_m: float) -> Circle:
    """A circle from degrees and metres."""
    return circle(round(latitude * 1e7), round(longitude * 1e7), round(radius_m * 100))


def points_near(rng: np.random.Generator, shape: Shape, count: int) -> tuple[Int32Array, Int32Array]:
    """Integer points in and around a shape; for polygons every tenth a vertex, another tenth an edge's middle."""
    if isinstance(shape, Circle):
        reach = shape.radius_cm * 1.3 / 1.112
        latitudes = shape.latitude_e7 + rng.uniform(-reach, reach, count)
        stretch = 1 / max(np.cos(np.radians(shape.latitude_e7 / 1e7)), 1e-3)
        longitudes = shape.longitude_e7 + rng.uniform(-reach, reach, count) * stretch
    else:
        shell = shape.parts[0].ring(0).astype(np.int64)
        low, high = shell.min(axis=0), shell.max(axis=0)
        margin = (high - low) // 10 + 2
        latitudes, longitudes = rng.integers(low - margin, high + margin + 1, (count, 2)).T
        picks = shell[rng.integers(0, len(shell), count)]
        following = np.roll(shell, -1, axis=0)
        middles = (shell + following)[rng.integers(0, len(shell), count)] // 2
        latitudes[::10], longitudes[::10] = picks[::10].T
        latitudes[1::10], longitudes[1::10] = middles[1::10].T
    latitudes = np.clip(np.rint(latitudes), -900_000_000, 900_000_000)
    longitudes = (np.rint(longitudes) + 1_800_000_000) % 3_600_000_000 - 1_800_000_000
    return latitudes.astype(np.int32), longitudes.astype(np.int32)
