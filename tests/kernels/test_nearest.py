"""The nearest fence by the tree against every boundary walked point by point: never overestimated, and little under."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from fence_cases import circle_at, record_of, square, star_polygon, tables_of
from geographiclib.geodesic import Geodesic

from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.engine.hints import fence_bounds
from geooffer.engine.shapes import polygon_from_lonlat
from geooffer.journal.memory import MemoryJournal
from geooffer.kernels.locate import covers_point
from geooffer.kernels.nearest import hint_rows
from geooffer.model.catalog import Geofence
from geooffer.model.fence_tables import FenceTables
from geooffer.model.hints import DWELL_WAIT_COUNT_MAX, HINT, NO_RIM_CM, REACH_CM
from geooffer.model.policy import Policy
from geooffer.model.shapes import Circle, Shape
from geooffer.model.units import EARTH_RADIUS_M

POINTS_A_RING = 1_500


def hinted(
    tables: FenceTables,
    places: np.ndarray,
    accuracy_cm: int = 100,
    margin_cm: int = Policy().outside_margin_cm,
    wide_parts: tuple[int, ...] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """HINT rows and dwell waits of (latitude, longitude) E7 places."""
    count = len(places)
    hints, waits = np.zeros(count, HINT), np.zeros(count * DWELL_WAIT_COUNT_MAX, np.int64)
    columns = [np.ascontiguousarray(places[:, axis]).astype(np.int32) for axis in (0, 1)]
    policy, accuracies_cm = Policy(), np.full(count, accuracy_cm, np.int32)
    wide = np.array(wide_parts, np.int32)
    hint_rows(tables, policy, margin_cm, wide, *columns, accuracies_cm, np.zeros(count, np.int64), hints, waits)
    return hints, waits.reshape(count, DWELL_WAIT_COUNT_MAX)


def arc_m(latitude: float, longitude: float, others: np.ndarray) -> np.ndarray:
    """Great-circle metres from a place to (latitude, longitude) rows, all in degrees, by haversines."""
    a, b = np.radians(latitude), np.radians(others[:, 0])
    half = np.sin(np.radians(others[:, 1] - longitude) / 2)
    square_half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * half**2
    return 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(square_half, 0, 1)))


def boundary(shape: Shape) -> np.ndarray:
    """Points on every ring, (latitude, longitude) in degrees, as shapely interpolates them; of a circle its centre."""
    if isinstance(shape, Circle):
        return np.array([[shape.latitude_e7 / 1e7, shape.longitude_e7 / 1e7]])
    points = []
    for part in shape.parts:
        for index in range(len(part.rings)):
            ring = shapely.LinearRing(part.ring(index)[:, ::-1] / 1e7)
            lengths = shapely.line_interpolate_point(ring, np.linspace(0, 1, POINTS_A_RING), normalized=True)
            points.append(np.concatenate([shapely.get_coordinates(lengths), shapely.get_coordinates(ring)])[:, ::-1])
    return np.concatenate(points)


def rim_distance_m(shape: Shape, rim: np.ndarray, latitude: float, longitude: float) -> float:
    """`rim`: what `boundary` gave. At least the distance, since points between those of the rim are nearer."""
    nearest = float(arc_m(latitude, longitude, rim).min())
    return abs(nearest - shape.radius_cm / 100) if isinstance(shape, Circle) else nearest


def planar_m(shape: Shape, latitude: float, longitude: float) -> float:
    """Shapely's distance to the rim in the local plane at the place: right within some kilometres."""
    if isinstance(shape, Circle):
        return rim_distance_m(shape, boundary(shape), latitude, longitude)
    metres = np.radians(1.0) * EARTH_RADIUS_M
    distances = []
    for part in shape.parts:
        for index in range(len(part.rings)):
            ring = part.ring(index).astype(float) / 1e7
            east = (ring[:, 1] - longitude + 180) % 360 - 180
            line = np.stack([east * np.cos(np.radians(latitude)), ring[:, 0] - latitude], axis=1) * metres
            distances.append(float(shapely.distance(shapely.Point(0, 0), shapely.LinearRing(line))))
    return min(distances)


def compare(seed: int, latitude: float, longitude: float, spread: float, shape_count: int) -> int:
    """Shapes about a place, places about them: the hint's distance and rim beside the slow ones. Returns how many."""
    rng = np.random.default_rng(seed)
    shapes: list[Shape] = []
    for index in range(shape_count):
        x = (longitude + float(rng.uniform(-spread, spread)) + 180) % 360 - 180
        y = float(np.clip(latitude + rng.uniform(-spread, spread), -89.8, 89.8))
        if index % 2:
            shapes.append(circle_at(y, x, float(10 ** rng.uniform(0.5, 3.5))))
        else:
            shapes.append(star_polygon(rng, x, y, min(float(10 ** rng.uniform(-3.5, -1)), 89.95 - abs(y))))
    tables = record_of(shapes)[1]
    north = np.clip(latitude + rng.uniform(-spread, spread, 40) * 1.2, -89.99, 89.99)
    east = (longitude + rng.uniform(-spread, spread, 40) * 1.2 + 180) % 360 - 180
    places = np.stack([np.rint(north * 1e7), np.rint(east * 1e7)], axis=1).astype(np.int64)
    hints, _ = hinted(tables, places)
    rims = [boundary(shape) for shape in shapes]
    for place, hint in zip(places.tolist(), hints, strict=True):
        at = (place[0] / 1e7, place[1] / 1e7)
        covered = [covers_point(tables, number, *place) for number in range(len(shapes))]
        away = [rim_distance_m(shape, rim, *at) for shape, rim in zip(shapes, rims, strict=True)]
        outside_m = min([d for d, inside in zip(away, covered, strict=True) if not inside], default=1e9)
        told_m = hint["distance_cm"] / 100
        assert told_m <= outside_m
        if outside_m < 5_000 and abs(at[0]) < 80:
            plane = [planar_m(shape, *at) for shape, inside in zip(shapes, covered, strict=True) if not inside]
            assert told_m > min(plane) * 0.99 - 0.05
        inside_m = min([d for d, inside in zip(away, covered, strict=True) if inside], default=None)
        if inside_m is not None:
            assert 10 + inside_m >= hint["leave_cm"] / 100 - 0.02
        elif outside_m > 10.5:
            assert hint["leave_cm"] == NO_RIM_CM
    return len(places)


@pytest.mark.parametrize(("latitude", "longitude"), [(47.4, 8.5), (0.0, 180.0), (-60.0, -179.99), (89.5, 20.0)])
def test_the_nearest_fence_is_never_farther_than_told(latitude: float, longitude: float) -> None:
    assert sum(compare(seed, latitude, longitude, 0.15, 24) for seed in range(3)) == 120


@pytest.mark.long
@pytest.mark.parametrize("seed", range(40))
def test_the_nearest_fence_is_never_farther_than_told_anywhere(seed: int) -> None:
    rng = np.random.default_rng(1_000 + seed)
    compare(seed, float(rng.uniform(-89.9, 89.9)), float(rng.uniform(-180, 180)), float(10 ** rng.uniform(-2, 0.4)), 60)


def test_geographiclib_finds_it_no_nearer_than_its_tolerance() -> None:
    tables = tables_of(circle_at(47.0, 8.0, 100.0), polygon_from_lonlat([[square(8.2, 47.0, 0.01)]])[0])
    for longitude in np.linspace(8.01, 8.18, 18):
        hints, _ = hinted(tables, np.array([[470_000_000, round(longitude * 1e7)]]))
        circle_m = Geodesic.WGS84.Inverse(47.0, 8.0, 47.0, longitude)["s12"] - 100
        square_m = Geodesic.WGS84.Inverse(47.0, 8.19, 47.0, longitude)["s12"]
        assert hints["distance_cm"][0] / 100 == pytest.approx(min(circle_m, square_m), rel=0.0056)


def test_inside_the_rim_the_dwell_time_and_the_accuracy_that_enters_are_told() -> None:
    tables = tables_of(circle_at(47.0, 8.0, 60.0), circle_at(47.0, 8.0, 90.0))
    here = np.array([[470_000_000, 80_000_000]])
    fine, waits = hinted(tables, here, 5_000)
    # 10 m beyond the rim of the smaller fence, the first she can leave
    assert 6_999 <= fine["leave_cm"][0] <= 7_001
    assert fine["distance_cm"][0] == REACH_CM - 1
    assert waits[0].tolist() == [60_000, 0, 0, 0]
    coarse, waits = hinted(tables, here, 7_500)
    # 75 m is too coarse for 60 m and good enough for 90 m (semantics P1)
    assert coarse["enter_accuracy_cm"][0] == 6_000
    assert waits[0].tolist() == [60_000, 0, 0, 0]
    unknown, _ = hinted(tables, here, 0)
    assert unknown.tolist() == fine.tolist()


def test_in_the_band_outside_a_fence_the_way_to_it_counts_as_not_left() -> None:
    tables = tables_of(circle_at(47.0, 8.0, 100.0))
    places = np.array([[470_000_000 + round((100 + away) / 0.011119508), 80_000_000] for away in (5, 9, 30, 60)])
    near, _ = hinted(tables, places, 4_000)
    assert [round(cm / 100) for cm in near["leave_cm"][:3]] == [5, 1, -20]
    assert near["leave_cm"][3] == NO_RIM_CM
    fine, _ = hinted(tables, places, 500)
    assert (fine["leave_cm"] == NO_RIM_CM).tolist() == [False, False, True, True]
    assert [round(cm / 100) for cm in fine["distance_cm"]] == [5, 9, 30, 60]


def test_without_fences_the_reach_is_told() -> None:
    hints, waits = hinted(record_of([])[1], np.array([[0, 1_800_000_000], [900_000_000, 5]]))
    assert hints["distance_cm"].tolist() == [REACH_CM - 1] * 2
    assert not waits.any()


def test_a_fence_that_moved_away_is_looked_for_where_it_is_now() -> None:
    """The delta layer counts, and parts that their fence claims no more do not."""
    engine = Engine(journal=MemoryJournal(), clock=EngineClock("client", 0))
    old, new = circle_at(47.0, 8.0, 100.0), circle_at(47.1, 8.0, 100.0)
    far = circle_at(48.0, 8.0, 100.0)
    for shape in (old, new):
        engine.put_nouns([Geofence("moves", shape), Geofence("stays", far)], now_ms=1)
        engine.publish()
    assert len(engine.snapshot.fences.delta_items) > 0
    places = np.array([[470_000_000, 80_000_000], [471_000_000, 80_000_000]])
    hints, waits = hinted(engine.snapshot.fences, places)
    assert hints["distance_cm"][0] / 100 == pytest.approx(0.1 * np.radians(1) * EARTH_RADIUS_M - 100, abs=0.1)
    assert waits[:, 0].tolist() == [0, 60_000]


def test_s14_parts_of_great_margins_are_found_without_searching_as_far() -> None:
    rng = np.random.default_rng(9)
    shapes = [circle_at(52.5 + rng.normal(0, 0.03), 13.4 + rng.normal(0, 0.05), 60.0) for _ in range(200)]
    shapes[17] = polygon_from_lonlat([[square(13.4, 52.5, 0.004)]])[0]
    tables = tables_of(*shapes)
    tables.fences["outside_margin_cm"][[3, 17]] = 1_000_000, 300_000
    places = np.rint(np.stack([52.5 + rng.normal(0, 0.03, 300), 13.4 + rng.normal(0, 0.05, 300)], axis=1) * 1e7)
    searched, waits = hinted(tables, places, margin_cm=1_000_000)
    bounds = fence_bounds(tables, Policy())
    assert (bounds.margin_cm, bounds.band_cm) == (1_000_000, Policy().outside_margin_cm)
    assert [int(tables.parts["fence_number"][part]) for part in bounds.wide_parts] == [3, 17]
    asked, asked_waits = hinted(tables, places, margin_cm=bounds.band_cm, wide_parts=tuple(bounds.wide_parts.tolist()))
    assert (searched == asked).all()
    assert (waits == asked_waits).all()
    assert (searched["leave_cm"] < NO_RIM_CM).sum() > 200


def test_s14_margins_of_more_fences_than_are_asked_one_by_one_are_searched_for() -> None:
    tables = tables_of(*(circle_at(52.5 + 0.01 * number, 13.4, 60.0) for number in range(40)))
    tables.fences["outside_margin_cm"] = np.arange(40) * 1_000
    bounds = fence_bounds(tables, Policy())
    assert (bounds.margin_cm, bounds.band_cm) == (39_000, 7_000)
    assert sorted(tables.parts["fence_number"][bounds.wide_parts].tolist()) == list(range(8, 40))


@pytest.mark.parametrize("latitude", [60.0, -60.0, 79.95])
def test_s14_beside_a_long_edge_towards_a_pole_leaving_is_not_put_off(latitude: float) -> None:
    far = 9.9 if latitude > 0 else -9.9
    ring = [(10.0, latitude), (12.0, latitude), (12.0, latitude + far), (10.0, latitude + far), (10.0, latitude)]
    tables = tables_of(polygon_from_lonlat([[ring]])[0])
    tables.fences["outside_margin_cm"] = 100_000
    west_m = 50.0
    beside = latitude + far / 1_000
    longitude = 10.0 - west_m / (np.radians(1) * EARTH_RADIUS_M * np.cos(np.radians(beside)))
    hints, _ = hinted(tables, np.rint(np.array([[beside, longitude]]) * 1e7), margin_cm=100_000)
    # 950 m farther west she is beyond the margin
    assert hints["leave_cm"][0] <= 95_000
