"""rtree, packed tree and cells give the hits that trying every fence gives; overlap bound; owner thread."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from fence_cases import circle_at, record_of, square, star_polygon
from hypothesis import given, settings
from hypothesis import strategies as st
from large_fences import large_polygon

from geooffer.engine.shapes import polygon_from_lonlat
from geooffer.engine.spatial import IndexOfRecord
from geooffer.errors import NotFoundError, OverlapLimitError
from geooffer.kernels.cells import CELLS_PER_ITEM_COUNT_MAX
from geooffer.kernels.locate import covers_point, locate_batch
from geooffer.model.catalog import Geofence
from geooffer.model.columns import Int32Array
from geooffer.model.fence_tables import FenceTables, empty_tables
from geooffer.model.shapes import Shape

SHOP = 0.0005


def lists_of(count: int, starts: Int32Array, hits: Int32Array) -> list[list[int]]:
    return [hits[starts[row] : starts[row + 1]].tolist() for row in range(count)]


def located(
    kind: str, record: IndexOfRecord, tables: FenceTables, latitudes: Int32Array, longitudes: Int32Array
) -> list[list[int]]:
    count = len(latitudes)
    wanted = np.ones(count, np.uint8)
    starts, hits = np.full(count + 1, -7, np.int32), np.full(count * 64, -7, np.int32)
    if kind == "rtree":
        done = record.locate(tables, latitudes, longitudes, wanted, starts, hits)
    else:
        done = locate_batch(tables, latitudes, longitudes, wanted, starts, hits, int(kind == "cells"))
    assert done == count
    return lists_of(count, starts, hits)


def brute_force(tables: FenceTables, latitudes: Int32Array, longitudes: Int32Array) -> list[list[int]]:
    numbers = range(len(tables.fences))
    return [
        [number for number in numbers if covers_point(tables, number, *point)]
        for point in zip(latitudes, longitudes, strict=True)
    ]


def seeded_shapes(rng: np.random.Generator, count: int, longitude: float, latitude: float) -> list[Shape]:
    """Shops, quarters, a few large fences, some of many vertices, of two parts or identical, all about one place."""
    shapes: list[Shape] = []
    for index in range(count):
        x = (longitude + float(rng.uniform(-0.02, 0.02)) + 180) % 360 - 180
        y = float(np.clip(latitude + rng.uniform(-0.02, 0.02), -89.9, 89.9))
        if index % 3 == 0:
            shapes.append(circle_at(y, x, float(10 ** rng.uniform(0, 4.9))))
        elif index % 7 == 0 and shapes:
            shapes.append(shapes[-1])
        elif index % 11 == 1 and abs(y) < 85:
            shapes.append(large_polygon(rng, int(rng.integers(60, 2_000)), x, y))  # these have stripes
        elif index % 8 == 1 and abs(x) < 179:
            pair = [[square(x, y, SHOP)], [square(x + 0.003, y, SHOP)], [square(x + SHOP, y, SHOP)]]
            shapes.append(polygon_from_lonlat(pair)[0])
        else:
            reach = min(float(10 ** rng.uniform(-4, -1)), 89.95 - abs(y))
            shapes.append(star_polygon(rng, x, y, reach))
    return shapes


def points_about(rng: np.random.Generator, tables: FenceTables, count: int) -> tuple[Int32Array, Int32Array]:
    """Around corners and edges of boxes and polygons, where an index errs."""
    items = tables.items[rng.integers(0, len(tables.items), count)]
    south, north = items["min_latitude_e7"].astype(np.int64), items["max_latitude_e7"].astype(np.int64)
    west, east = items["min_longitude_e7"].astype(np.int64), items["max_longitude_e7"].astype(np.int64)
    latitudes = np.where(rng.random(count) < 0.5, south, north)
    longitudes = np.where(rng.random(count) < 0.5, west, east)
    size = (north - south) // 2
    latitudes += rng.integers(-1, 2, count) * rng.integers(0, size + 2)
    longitudes += rng.integers(-1, 2, count) * rng.integers(0, size + 2)
    if len(tables.edges):
        edges = tables.edges[rng.integers(0, len(tables.edges), count // 4)]
        latitudes[: len(edges)], longitudes[: len(edges)] = edges["latitude_a_e7"], edges["longitude_a_e7"]
    latitudes = np.clip(latitudes, -900_000_000, 900_000_000)
    longitudes = (longitudes + 1_800_000_000) % 3_600_000_000 - 1_800_000_000
    longitudes[::50] = np.where(longitudes[::50] == -1_800_000_000, 1_800_000_000, longitudes[::50])
    return latitudes.astype(np.int32), longitudes.astype(np.int32)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32),
    count=st.sampled_from([1, 2, 17, 40]),
    place=st.sampled_from([(13.4, 52.5), (180.0, 0.0), (-180.0, -60.0), (0.0, 0.0), (20.0, 89.9), (179.99, -89.88)]),
)
def test_all_indexes_agree_with_trying_every_fence(seed: int, count: int, place: tuple[float, float]) -> None:
    rng = np.random.default_rng(seed)
    record, tables = record_of(seeded_shapes(rng, count, *place))
    latitudes, longitudes = points_about(rng, tables, 150)
    expected = brute_force(tables, latitudes, longitudes)
    for kind in ("cells", "packed", "rtree"):
        assert located(kind, record, tables, latitudes, longitudes) == expected, kind
    assert any(expected) or count < 17


@pytest.mark.long
def test_all_indexes_agree_on_many_fences_and_points() -> None:
    rng = np.random.default_rng(99)
    for place in ((13.4, 52.5), (180.0, 10.0)):
        shapes = [shape for _ in range(20) for shape in seeded_shapes(rng, 30, place[0] + rng.uniform(-1, 1), place[1])]
        record, tables = record_of(shapes)
        latitudes, longitudes = points_about(rng, tables, 1_500)
        expected = brute_force(tables, latitudes, longitudes)
        for kind in ("cells", "packed", "rtree"):
            assert located(kind, record, tables, latitudes, longitudes) == expected, kind


def test_hits_stay_right_while_fences_come_and_go() -> None:
    rng = np.random.default_rng(4)
    shapes = seeded_shapes(rng, 60, 8.5, 47.4)
    record, first = record_of(shapes)
    fences = {number: (Geofence(f"fence-{number}", shape), -1) for number, shape in enumerate(shapes)}
    removed = {}
    for number in range(0, 60, 2):
        record.delete(number)
        removed[number] = 1_000 + number
        del fences[number]
    for number in range(1, 60, 4):
        fences[number] = (Geofence(f"fence-{number}", circle_at(47.4, 8.5, 10 + number), dwell_ms=5), number)
        record.replace(number, fences[number][0])
    tables = record.freeze(fences, removed, 61)
    latitudes, longitudes = points_about(rng, first, 400)
    expected = brute_force(tables, latitudes, longitudes)
    for kind in ("cells", "packed", "rtree"):
        assert located(kind, record, tables, latitudes, longitudes) == expected
    assert tables.fences["live"].tolist() == [number % 2 for number in range(60)] + [0]
    assert tables.fences["removed_ms"][58] == 1_058
    assert (tables.fences["store_number"][5], tables.fences["dwell_ms"][5]) == (5, 5)
    assert (tables.fences["store_number"][3], tables.fences["store_number"][60]) == (-1, -1)
    assert tables.fences["radius_equivalent_cm"][5] == 1_500


def test_unwanted_rows_get_no_hits_and_a_full_list_stops() -> None:
    record, tables = record_of([circle_at(0, 0, 100), circle_at(0, 0, 200)])
    zeros = np.zeros(3, np.int32)
    wanted = np.array([1, 0, 1], np.uint8)
    for kind in (0, 1):
        starts, hits = np.zeros(4, np.int32), np.zeros(4, np.int32)
        assert locate_batch(tables, zeros, zeros, wanted, starts, hits, kind) == 3
        assert lists_of(3, starts, hits) == [[0, 1], [], [0, 1]]
        starts, hits = np.zeros(4, np.int32), np.zeros(3, np.int32)
        assert locate_batch(tables, zeros, zeros, wanted, starts, hits, kind) == 2
        assert lists_of(2, starts, hits) == [[0, 1], []]
    starts, hits = np.zeros(4, np.int32), np.zeros(3, np.int32)
    assert record.locate(tables, zeros, zeros, wanted, starts, hits) == 2


def test_no_fences_no_hits() -> None:
    zeros = np.zeros(2, np.int32)
    frozen = IndexOfRecord().freeze({}, {}, 0)
    for tables in (frozen, empty_tables()):
        for kind in (0, 1):
            starts, hits = np.full(3, 9, np.int32), np.zeros(1, np.int32)
            assert locate_batch(tables, zeros, zeros, np.ones(2, np.uint8), starts, hits, kind) == 2
            assert starts.tolist() == [0, 0, 0]


def test_large_fences_keep_few_cells_and_inner_cells_need_no_geometry() -> None:
    tables = record_of([polygon_from_lonlat([[square(8, 47, 4.9)]])[0], circle_at(0, 0, 100_000)])[1]
    assert len(tables.cell_parts) <= 2 * CELLS_PER_ITEM_COUNT_MAX
    assert (tables.cell_parts & 1).sum() > len(tables.cell_parts) / 3
    assert tables.size_bytes < 100_000


def test_g8_overlap_bound_is_exact_for_boxes() -> None:
    record = IndexOfRecord(overlap_count_max=5)
    for number in range(5):
        record.insert(number, Geofence(f"stacked-{number}", polygon_from_lonlat([[square(8, 47, 0.1)]])[0]))
    inside = polygon_from_lonlat([[square(8, 47, 0.05)]])[0]
    with pytest.raises(OverlapLimitError, match=r"more than 5 .* cover one point of sixth, at geofence stacked-"):
        record.insert(5, Geofence("sixth", inside))
    assert 5 not in record
    record.replace(2, Geofence("stacked-2", inside))  # itself does not count
    record.insert(5, Geofence("beside", polygon_from_lonlat([[square(8.25, 47, 0.1)]])[0]))
    record.delete(0)
    record.insert(6, Geofence("sixth", inside))


def test_g8_overlap_counts_fences_not_parts_and_points_not_neighbours() -> None:
    record = IndexOfRecord(overlap_count_max=3)
    # one fence of 12 parts whose boxes all meet counts once
    parts = [[square(8, 47, 0.01 * (index + 1))] for index in range(12)]
    record.insert(0, Geofence("rings", polygon_from_lonlat(parts)[0]))
    # a wide fence over many small ones that do not meet one another
    for number in range(1, 30):
        record.insert(number, Geofence(f"small-{number}", circle_at(46.0, 7 + number * 0.01, 50)))
    record.insert(30, Geofence("wide", circle_at(46.0, 7.1, 50_000)))
    record.insert(31, Geofence("wide-too", circle_at(46.0, 7.1, 50_000)))
    with pytest.raises(OverlapLimitError):
        record.insert(32, Geofence("one too many", circle_at(46.0, 7.1, 50_000)))
    with pytest.raises(OverlapLimitError):
        record.replace(0, Geofence("rings", circle_at(46.0, 7.1, 50_000)))
    assert located_one(record, 47.0, 8.0) == [0]  # the refused change left the old shape


def located_one(record: IndexOfRecord, latitude: float, longitude: float) -> list[int]:
    shapes = {0: [[square(8, 47, 0.01 * (index + 1))] for index in range(12)]}
    fences = {0: (Geofence("rings", polygon_from_lonlat(shapes[0])[0]), -1)}
    for number in range(1, 30):
        fences[number] = (Geofence(f"small-{number}", circle_at(46.0, 7 + number * 0.01, 50)), -1)
    for number in (30, 31):
        fences[number] = (Geofence("wide", circle_at(46.0, 7.1, 50_000)), -1)
    tables = record.freeze(fences, {}, 32)
    point = np.array([latitude * 1e7], np.int32), np.array([longitude * 1e7], np.int32)
    return located("packed", record, tables, *point)[0]


def test_wrong_use_is_refused() -> None:
    record, _ = record_of([circle_at(0, 0, 10)])
    with pytest.raises(ValueError, match="use replace"):
        record.insert(0, Geofence("again", circle_at(0, 0, 10)))
    with pytest.raises(NotFoundError):
        record.delete(7)
    with pytest.raises(NotFoundError):
        record.replace(7, Geofence("unknown", circle_at(0, 0, 10)))
    with pytest.raises(ValueError, match="not those of the index"):
        record.freeze({}, {}, 1)


def test_only_the_owner_thread_may_use_the_index() -> None:
    record, _ = record_of([circle_at(0, 0, 10)])
    seen: list[BaseException] = []

    def intrude() -> None:
        try:
            record.delete(0)
        except RuntimeError as fault:
            seen.append(fault)

    def run() -> None:
        thread = threading.Thread(target=intrude)
        thread.start()
        thread.join()

    run()
    assert "does not own" in str(seen[0])
    assert 0 in record
    record.hand_over()
    run()
    assert len(seen) == 1
    assert 0 not in record


@pytest.mark.parametrize("place", [(13.4, 52.5), (179.99, 10.0), (0.0, 89.5)])
def test_loaded_at_once_the_index_is_as_if_filled_one_by_one(place: tuple[float, float]) -> None:
    """A start from a snapshot: the same geometry, the same hits by every way, and fences still come and go."""
    rng = np.random.default_rng(7)
    shapes = seeded_shapes(rng, 120, *place)
    one_by_one, expected = record_of(shapes)
    fences = {number: Geofence(f"fence-{number}", shape) for number, shape in enumerate(shapes)}
    loaded = IndexOfRecord(512)
    loaded.load(fences)
    found = loaded.freeze({number: (fence, -1) for number, fence in fences.items()}, {}, len(shapes))
    for name in ("fences", "parts", "edges"):
        assert getattr(found, name).tobytes() == getattr(expected, name).tobytes(), name
    latitudes = (place[1] * 1e7 + rng.uniform(-300_000, 300_000, 300)).clip(-9e8, 9e8).astype(np.int32)
    longitudes = place[0] * 1e7 + rng.uniform(-300_000, 300_000, 300)
    longitudes = ((longitudes + 1.8e9) % 3.6e9 - 1.8e9).astype(np.int32)
    hits = brute_force(expected, latitudes, longitudes)
    assert any(hits)
    for kind in ("rtree", "packed", "cells"):
        assert located(kind, loaded, found, latitudes, longitudes) == hits
    for record in (one_by_one, loaded):
        record.delete(5)
        record.replace(6, Geofence("fence-6", shapes[5]))
        record.insert(120, Geofence("fence-120", shapes[6]))
    left = {number: (fence, -1) for number, fence in fences.items() if number != 5}
    left |= {6: (Geofence("fence-6", shapes[5]), -1), 120: (Geofence("fence-120", shapes[6]), -1)}
    tables = [record.freeze(left, {5: 1}, 121) for record in (one_by_one, loaded)]
    told = [located(kind, loaded, tables[1], latitudes, longitudes) for kind in ("rtree", "packed", "cells")]
    assert told == [brute_force(tables[0], latitudes, longitudes)] * 3
    with pytest.raises(ValueError, match="not empty"):
        loaded.load(fences)
