"""Locating pings among 20,000 shop fences: cells and packed tree, beside rtree in a loop and shapely's STRtree.

Method: seeded synthetic city (no real data), half circles of 15–80 m, half polygons of 5–12 vertices about 40 m
across, 30 × 30 km; 4,096 points a round, half of them within 100 m of a shop, half anywhere in the city. Every
contender must give the same number of hits before it is timed. Read the numbers per ping: mean / 4,096.

Then the same at real shop clusters (`shop_clusters.py`; synthetic ones where the files are absent), pings outside all
fences apart from pings inside; and one district of 32 and of 10,000 vertices (`districts.py`), for the fences of a fix
and for whether a fix is farther from it than 20 and 100 m, as an EXIT asks.
Run: `pytest benchmarks/test_index.py`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
import shapely

from districts import anywhere, district, on_the_edge
from geooffer.engine.shapes import to_shapely
from geooffer.engine.spatial import IndexOfRecord
from geooffer.kernels.compile import compile_all
from geooffer.kernels.locate import count_farther, locate_batch
from geooffer.model.catalog import Geofence
from geooffer.model.columns import Int32Array
from geooffer.model.fence_tables import FenceTables
from shop_clusters import Clusters, clusters, hits_of, shop

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


@pytest.fixture(scope="module")
def shops() -> Clusters:
    """20,000 fences at real shop clusters."""
    return clusters()


@pytest.mark.parametrize("where", ["outside", "inside"])
@pytest.mark.parametrize("kind", ["cells", "packed"])
def test_shops_located(benchmark: Any, shops: Clusters, kind: str, where: str) -> None:
    """The two hot indexes; outside: at most 100 ns a ping is the goal."""
    points = getattr(shops, where)
    benchmark.extra_info.update(rows=POINT_COUNT, real=shops.is_real)
    hits = benchmark(hits_of, shops.tables, *points, int(kind == "cells"))
    assert (hits == 0).all() if where == "outside" else (hits > 0).all()


@pytest.mark.parametrize("where", ["outside", "inside"])
def test_shops_strtree(benchmark: Any, shops: Clusters, where: str) -> None:
    """shapely in bulk, its points built each time, as a server must."""
    latitudes, longitudes = getattr(shops, where)
    benchmark.extra_info.update(rows=POINT_COUNT, real=shops.is_real)

    def query() -> int:
        points = shapely.points(longitudes / 1e7, latitudes / 1e7)
        return int(shops.tree.query(points, predicate="covered_by").shape[1])

    exact = int(hits_of(shops.tables, latitudes, longitudes, 1).sum())
    assert abs(benchmark(query) - exact) <= POINT_COUNT // 100  # a 64-gon is not its circle


@pytest.mark.parametrize("where", ["outside", "inside"])
def test_shops_rtree_in_a_loop(benchmark: Any, shops: Clusters, where: str) -> None:
    """256 points a round, one query each, the same exact test."""
    latitudes, longitudes = (column[:RTREE_POINT_COUNT] for column in getattr(shops, where))
    starts, hits = np.zeros(RTREE_POINT_COUNT + 1, np.int32), np.zeros(RTREE_POINT_COUNT * 64, np.int32)
    wanted = np.ones(RTREE_POINT_COUNT, np.uint8)
    benchmark.extra_info.update(rows=RTREE_POINT_COUNT, real=shops.is_real)
    benchmark(shops.record.locate, shops.tables, latitudes, longitudes, wanted, starts, hits)
    assert starts[-1] == hits_of(shops.tables, latitudes, longitudes, 1).sum()


def district_tables(vertex_count: int) -> FenceTables:
    """One district alone in an index."""
    compile_all()
    record = IndexOfRecord()
    fence = Geofence("district", district(vertex_count))
    record.insert(0, fence)
    return record.freeze({0: (fence, -1)}, {}, 1)


@pytest.mark.parametrize("where", ["edge", "anywhere"])
@pytest.mark.parametrize("vertex_count", [32, 10_000])
def test_district_located(benchmark: Any, vertex_count: int, where: str) -> None:
    """10,000 vertices at most twice as slow as 32 is the goal: at its edge, where geometry decides, and anywhere."""
    tables = district_tables(vertex_count)
    points = (on_the_edge if where == "edge" else anywhere)(tables, POINT_COUNT)
    benchmark.extra_info["rows"] = POINT_COUNT
    benchmark(hits_of, tables, *points, 1)


@pytest.mark.parametrize("margin_m", [20, 100])
@pytest.mark.parametrize("vertex_count", [32, 10_000])
def test_district_farther(benchmark: Any, vertex_count: int, margin_m: int) -> None:
    """Of fixes in the district's box: whether each is outside and farther than 20 or 100 m, as evidence for an EXIT."""
    tables = district_tables(vertex_count)
    points = anywhere(tables, POINT_COUNT)
    benchmark.extra_info["rows"] = POINT_COUNT
    count = benchmark(count_farther, tables, 0, *points, margin_m * 100)
    assert 0 < count < POINT_COUNT
