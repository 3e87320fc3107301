"""Covers and distance against shapely, GeographicLib, S2 and plain Python integers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import s2geometry
import shapely
from fence_cases import circle_at, points_near, ring_e7, square, star_polygon, tables_of
from geographiclib.geodesic import Geodesic

from geooffer.engine.shapes import polygon_from_lonlat
from geooffer.kernels.geometry import farther_than_cm
from geooffer.kernels.locate import covers_point
from geooffer.kernels.trig import chord_squared_of_cm
from geooffer.model.columns import Int32Array
from geooffer.model.shapes import Polygon

EARTH_RADIUS_M = 6_371_008.8


def shapely_covers(shape: Polygon, latitudes: Int32Array, longitudes: Int32Array) -> np.ndarray:
    """Any part covers, each in its own frame, on the E7 grid: shapely's predicates are exact on integers."""
    points = [shapely.points(longitudes.astype(float) + turn, latitudes.astype(float)) for turn in (0, 3.6e9)]
    covered = np.zeros(len(latitudes), bool)
    for part in shape.parts:
        rings = [part.ring(index)[:, ::-1].astype(float) for index in range(len(part.rings))]
        polygon = shapely.Polygon(rings[0], rings[1:])
        shapely.prepare(polygon)
        for turned in points:
            covered |= shapely.covers(polygon, turned)
    return covered


def compare_with_shapely(seed: int, shape_count: int, point_count: int) -> int:
    rng = np.random.default_rng(seed)
    compared = 0
    for index in range(shape_count):
        longitude = 180.0 if index % 5 == 0 else float(rng.uniform(-180, 180))
        latitude = float(rng.uniform(-80, 80))
        shape = star_polygon(rng, longitude, latitude, float(10 ** rng.uniform(-5, 0.4)))
        tables = tables_of(shape)
        latitudes, longitudes = points_near(rng, shape, point_count)
        expected = shapely_covers(shape, latitudes, longitudes)
        got = [covers_point(tables, 0, *point) for point in zip(latitudes, longitudes, strict=True)]
        assert got == expected.tolist()
        compared += len(got)
        assert 0 < expected.sum() < len(got)
    return compared


def test_g3_polygons_agree_with_shapely() -> None:
    assert compare_with_shapely(7, 60, 100) == 6_000


@pytest.mark.long
def test_g3_polygons_agree_with_shapely_on_many_points() -> None:
    assert compare_with_shapely(8, 500, 300) == 150_000


def test_g3_boundary_belongs_to_the_fence() -> None:
    outer = ring_e7((0, 0), (900, 0), (900, 600), (0, 600))
    hole = ring_e7((300, 300), (600, 300), (300, 450))
    tables = tables_of(polygon_from_lonlat([[outer, hole]])[0])
    on_boundary = [(0, 0), (0, 900), (600, 900), (600, 0), (300, 0), (0, 450), (600, 1), (300, 300), (300, 450)]
    on_boundary += [(450, 300), (375, 450)]  # the last lies on the hole's slanted edge
    assert all(covers_point(tables, 0, *point) for point in on_boundary)
    outside = [(-1, 0), (0, -1), (601, 900), (600, 901), (301, 301), (374, 449), (300, 901)]
    assert not any(covers_point(tables, 0, *point) for point in outside)


def test_g3_one_grid_unit_decides_far_from_the_origin() -> None:
    """No epsilon: neighbours of a slanted edge 10° long, one E7 unit apart."""
    triangle = ring_e7((0, 0), (99_999_999, 99_999_998), (0, 99_999_998))
    tables = tables_of(polygon_from_lonlat([[triangle]])[0])
    rng = np.random.default_rng(5)
    for longitude in rng.integers(1, 99_999_998, 300).tolist():
        floor = -(-longitude * 99_999_998 // 99_999_999)  # least covered latitude, in Python integers
        assert covers_point(tables, 0, floor, longitude)
        assert not covers_point(tables, 0, floor - 1, longitude)


def test_g6_split_and_unsplit_rings_over_the_antimeridian_agree() -> None:
    hole = [(179.9, -0.1), (179.95, -0.1), (179.95, 0.1), (179.9, 0.1), (179.9, -0.1)]
    unsplit = [[(179.5, -1), (-179.5, -1), (-179.5, 1), (179.5, 1), (179.5, -1)], hole]
    other_side = [[(-179.5, 1), (179.5, 1), (179.5, -1), (-179.5, -1), (-179.5, 1)], hole]
    split = [
        [[(179.5, -1), (180, -1), (180, 1), (179.5, 1), (179.5, -1)], hole],
        [[(-180, -1), (-179.5, -1), (-179.5, 1), (-180, 1), (-180, -1)]],
    ]
    tables = tables_of(*(polygon_from_lonlat(parts)[0] for parts in ([unsplit], [other_side], split)))
    points = [(0, 1_800_000_000), (0, -1_800_000_000), (0, 1_796_000_000), (0, -1_796_000_000), (0, 1_799_200_000)]
    points += [(10_000_000, 1_795_000_000), (0, 1_794_999_999), (0, -1_794_999_999), (0, 0)]
    points += [(10_000_001, 1_799_000_000)]
    for point in points:
        assert len({covers_point(tables, number, *point) for number in range(3)}) == 1, point
        assert len({farther_than_cm(tables, number, *point, 100_000) for number in range(3)}) == 1, point
    assert [covers_point(tables, 0, *point) for point in points] == [True] * 4 + [False, True] + [False] * 4


@pytest.mark.parametrize("latitude", [0.0, 47.4, -70.0, 89.99])
@pytest.mark.parametrize("radius_m", [1.0, 75.0, 3_000.0, 100_000.0])
def test_g2_circles_agree_with_geographiclib_within_its_tolerance(latitude: float, radius_m: float) -> None:
    tables = tables_of(circle_at(latitude, 179.999, radius_m))
    for bearing in range(0, 360, 17):
        for share, expected in ((0.994, True), (1.006, False)):
            # 2 cm: the grid; 0.6 %: the ellipsoid
            distance = radius_m * share + (-0.02 if expected else 0.02)
            end = Geodesic.WGS84.Direct(latitude, 179.999, bearing, distance)
            point = (round(end["lat2"] * 1e7), round(end["lon2"] * 1e7))
            assert covers_point(tables, 0, *point) is expected


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(90, 0), (-90, 33), (89.9, -10), (0, 180), (12, -180), (60, 179.9)]
)
def test_g6_circles_at_poles_and_antimeridian_agree_with_s2(latitude: float, longitude: float) -> None:
    radius_m = 30_000.0
    shape = circle_at(latitude, longitude, radius_m)
    tables = tables_of(shape)
    centre = s2geometry.S2LatLng.FromDegrees(latitude, longitude)
    rng = np.random.default_rng(11)
    latitudes, longitudes = points_near(rng, shape, 400)
    seen = set()
    for point in zip(latitudes.tolist(), longitudes.tolist(), strict=True):
        other = s2geometry.S2LatLng.FromDegrees(point[0] / 1e7, point[1] / 1e7)
        distance_m = centre.GetDistance(other).radians() * EARTH_RADIUS_M
        if abs(distance_m - radius_m) > 1e-4:
            assert covers_point(tables, 0, *point) is (distance_m < radius_m)
            seen.add(distance_m < radius_m)
    assert seen == {True, False}


def test_g3_rim_of_a_circle_belongs_to_it() -> None:
    """Due north the distance is the difference in latitude: the last covered point is within 1 unit of the rim."""
    for radius_cm in (100, 5_000, 123_456, 10_000_000):
        tables = tables_of(circle_at(10.0, 20.0, radius_cm / 100))
        reach = math.floor(radius_cm / 100 / (EARTH_RADIUS_M * math.pi / 180) * 1e7)
        assert covers_point(tables, 0, 100_000_000 + reach, 200_000_000)
        assert not covers_point(tables, 0, 100_000_000 + reach + 1, 200_000_000)
    assert tables.parts[0]["chord_squared"] == chord_squared_of_cm(10_000_000)


def test_g1_plus_and_minus_180_are_one_meridian() -> None:
    shapes = [circle_at(5, 180, 50), circle_at(5, -180, 50), polygon_from_lonlat([[square(179.0, 5, 1.0)]])[0]]
    tables = tables_of(*shapes)
    for number in range(3):
        assert covers_point(tables, number, 50_000_000, 1_800_000_000)
        assert covers_point(tables, number, 50_000_000, -1_800_000_000)


def test_g1_zero_is_an_ordinary_place() -> None:
    tables = tables_of(circle_at(0, 0, 10), polygon_from_lonlat([[square(0, 0, 0.001)]])[0])
    assert covers_point(tables, 0, 0, 0)
    assert covers_point(tables, 1, 0, 0)


def test_g2_distance_to_a_polygon_agrees_with_shapely_in_the_local_plane() -> None:
    rng = np.random.default_rng(13)
    for index in range(30):
        longitude = 180.0 if index % 3 == 0 else float(rng.uniform(-180, 180))
        shape = star_polygon(rng, longitude, float(rng.uniform(-70, 70)), 0.002)
        tables = tables_of(shape)
        latitudes, longitudes = points_near(rng, shape, 40)
        for latitude, east in zip(latitudes.tolist(), longitudes.tolist(), strict=True):
            metres = plane_distance_m(shape, latitude, east)
            assert farther_than_cm(tables, 0, latitude, east, math.ceil(metres * 100) + 1) is False
            if metres > 0.03:
                assert farther_than_cm(tables, 0, latitude, east, math.floor(metres * 100) - 1) is True
            else:
                assert farther_than_cm(tables, 0, latitude, east, 4) is False


def plane_distance_m(shape: Polygon, latitude: int, longitude: int) -> float:
    """Shapely's distance after scaling to metres at the point."""
    unit = EARTH_RADIUS_M * math.pi / 180 / 1e7
    stretch = math.cos(math.radians(latitude / 1e7))
    west = int(shape.parts[0].ring(0)[:, 1].min())
    turn = 3_600_000_000 * round((west - longitude) / 3_600_000_000)
    rings = []
    for index in range(len(shape.parts[0].rings)):
        ring = shape.parts[0].ring(index).astype(float)
        east_m = (ring[:, 1] - longitude - turn) * unit * stretch
        rings.append(np.column_stack([east_m, (ring[:, 0] - latitude) * unit]))
    return float(shapely.distance(shapely.Polygon(rings[0], rings[1:]), shapely.Point(0, 0)))


def test_g2_farther_than_a_circle_is_covers_of_a_larger_one() -> None:
    tables = tables_of(circle_at(47.0, 8.0, 100), circle_at(47.0, 8.0, 150))
    rng = np.random.default_rng(17)
    latitudes, longitudes = points_near(rng, circle_at(47.0, 8.0, 200), 300)
    for point in zip(latitudes.tolist(), longitudes.tolist(), strict=True):
        assert farther_than_cm(tables, 0, *point, 5_000) is not covers_point(tables, 1, *point)


def test_a_removed_fence_covers_nothing_and_is_far() -> None:
    tables = tables_of(circle_at(0, 0, 10))
    tables.fences["part_count"][0] = 0
    assert not covers_point(tables, 0, 0, 0)
    assert farther_than_cm(tables, 0, 0, 0, 0)
