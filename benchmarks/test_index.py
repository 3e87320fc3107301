"""Locating pings among 20,000 shop fences: cells and packed tree, beside rtree in a loop and shapely's STRtree.

Method: seeded synthetic city (no real data), half circles of 15–80 m, half polygons of 5–12 vertices about 40 m
across, 30 × 30 km; 4,096 points a round, half of them within 100 m of a shop, half anywhere in the city. Every
contender must give the same number of hits before it is timed. Read the numbers per ping: mean / 4,096.
Run: `pytest benchmarks/test_index.py`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
import shapely

from geooffer.engine.shapes import circle, polygon_from_lonlat, to_shapely
from geooffer.engine.spatial import IndexOfRecord
from geooffer.kernels.compile import compile_all
from geooffer.kernels.locate import locate_batch
from geooffer.model.catalog import Geofence
from geooffer.model.columns import Int32Array
from geooffer.model.fence_tables import FenceTables
from geooffer.model.shapes import Shape

FENCE_COUNT = 20_000
POINT_COUNT = 4_096
RTREE_POINT_COUNT = 256


class City(NamedTuple):
    """Fences, their indexes, and the points asked for."""

    record: IndexOfRecord
    tables: FenceTables
    tree: Any
    latitudes: Int32Array
    longitudes: Int32Array


def shop(rng: np.random.Generator, index: int, longitude: float, latitude: float) -> Shape:
    """A circle or a star-shaped outline."""
    if index % 2:
        return circle(round(latitude * 1e7), round(longitude * 1e7), int(rng.integers(1_500, 8_000)))
    count = int(rng.integers(5, 13))
    angles = (np.arange(count) + 0.5) * (2 * np.pi / count)
    reach = rng.uniform(1.5e-4, 2.5e-4, count)
    points = np.column_stack([longitude + reach * np.cos(angles) * 1.6, latitude + reach * np.sin(angles)]).tolist()
    return polygon_from_lonlat([[[*points, points[0]]]])[0]


@pytest.fixture(scope="module")
def city() -> City:
    """The city of this page's method, the same on every run."""
    compile_all()
    rng = np.random.default_rng(20_000)
    places = np.column_stack([rng.uniform(13.2, 13.64, FENCE_COUNT), rng.uniform(52.38, 52.65, FENCE_COUNT)])
    shapes = [shop(rng, index, *place) for index, place in enumerate(places.tolist())]
    record = IndexOfRecord(512)
    fences = {number: (Geofence(f"shop-{number}", shape), -1) for number, shape in enumerate(shapes)}
    for number, (fence, _) in fences.items():
        record.insert(number, fence)
    near = places[rng.integers(0, FENCE_COUNT, POINT_COUNT // 2)] + rng.uniform(-9e-4, 9e-4, (POINT_COUNT // 2, 2))
    anywhere = rng.uniform([13.2, 52.38], [13.64, 52.65], (POINT_COUNT // 2, 2))
    points = np.rint(rng.permutation(np.concatenate([near, anywhere])) * 1e7).astype(np.int32)
    tree = shapely.STRtree([to_shapely(shape) for shape in shapes])
    tables = record.freeze(fences, {}, FENCE_COUNT)
    columns = np.ascontiguousarray(points[:, 1]), np.ascontiguousarray(points[:, 0])
    return City(record, tables, tree, *columns)


def ask(city: City, kind: str, count: int) -> int:
    """Hits among the first `count` points."""
    starts, hits = np.zeros(count + 1, np.int32), np.zeros(count * 64, np.int32)
    wanted = np.ones(count, np.uint8)
    points = city.latitudes[:count], city.longitudes[:count]
    if kind == "rtree":
        done = city.record.locate(city.tables, *points, wanted, starts, hits)
    else:
        done = locate_batch(city.tables, *points, wanted, starts, hits, int(kind == "cells"))
    assert done == count
    return int(starts[count])


@pytest.mark.parametrize("kind", ["cells", "packed"])
def test_locate_batch(benchmark: Any, city: City, kind: str) -> None:
    """The two hot indexes, geometry included."""
    assert ask(city, "cells", POINT_COUNT) == ask(city, "packed", POINT_COUNT) > 0
    benchmark.extra_info["rows"] = POINT_COUNT
    benchmark(ask, city, kind, POINT_COUNT)


def test_rtree_in_a_loop(benchmark: Any, city: City) -> None:
    """256 points a round, one query each, same exact test: read it per ping as mean / 256."""
    assert ask(city, "rtree", RTREE_POINT_COUNT) == ask(city, "cells", RTREE_POINT_COUNT)
    benchmark.extra_info["rows"] = RTREE_POINT_COUNT
    benchmark(ask, city, "rtree", RTREE_POINT_COUNT)


@pytest.mark.parametrize("part", ["query", "points and query"])
def test_shapely_strtree(benchmark: Any, city: City, part: str) -> None:
    """Bulk query with the predicate covered_by; a server must also build the points. Circles are 64-gons here."""

    def points() -> Any:
        return shapely.points(city.longitudes / 1e7, city.latitudes / 1e7)

    built = points()
    benchmark.extra_info["rows"] = POINT_COUNT

    def query() -> int:
        asked = built if part == "query" else points()
        return int(city.tree.query(asked, predicate="covered_by").shape[1])

    exact = ask(city, "cells", POINT_COUNT)
    assert abs(query() - exact) <= exact // 100  # a 64-gon misses 0.16 % of its circle
    benchmark(query)
