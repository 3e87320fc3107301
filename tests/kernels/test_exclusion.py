"""Exclusion zones: no miss against GeographicLib and dense sampling, few false alarms, one index against the others."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from fence_cases import circle_at, star_polygon
from geographiclib.geodesic import Geodesic
from hypothesis import given, settings
from hypothesis import strategies as st

from geooffer.engine.exclusion import ExclusionIndex
from geooffer.engine.registry import Registry
from geooffer.engine.shape_distance import located
from geooffer.engine.shapes import polygon_from_lonlat, to_shapely
from geooffer.kernels.exclusion import any_is_near, exclude_rows
from geooffer.model.columns import PING, StructArray
from geooffer.model.exclusion import ExclusionZone, ZoneCategory
from geooffer.model.exclusion_tables import ExclusionTables
from geooffer.model.policy import Policy
from geooffer.model.shapes import Circle, Shape
from geooffer.model.verdicts import PingVerdict

EARTH_RADIUS_M = 6_371_008.8
EXCLUDED = int(PingVerdict.EXCLUSION_ZONE)
POLICY = Policy()
PLACES = [(13.4, 52.5), (180.0, 10.0), (-180.0, -60.0), (0.0, 0.0), (30.0, 80.0), (20.0, 89.9), (179.99, -89.88)]


def is_near(shape: Shape, latitude_e7: int, longitude_e7: int, margin_cm: int) -> bool:
    point = np.array([[latitude_e7], [longitude_e7]], np.int32)
    return bool(any_is_near(located(shape).tables, point[0], point[1], margin_cm))


def boundary_of(shape: Shape) -> np.ndarray:
    """(longitude, latitude) of many places on a polygon's rings, in degrees, straight between its corners."""
    lines = [ring for part in shapely.get_parts(to_shapely(shape)) for ring in (part.exterior, *part.interiors)]
    places = [line.interpolate(step / 400, normalized=True) for line in lines for step in range(400)]
    corners = [place for line in lines for place in line.coords]
    return np.array([*((place.x, place.y) for place in places), *corners])


def sphere_m(places: np.ndarray, longitude: float, latitude: float) -> np.ndarray:
    """Great-circle metres to many places."""
    east, north = np.radians(places[:, 0] - longitude), np.radians(places[:, 1] - latitude)
    level = np.cos(math.radians(latitude)) * np.cos(np.radians(places[:, 1]))
    half = np.sin(north / 2) ** 2 + level * np.sin(east / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(half, 1.0))))


def metres_to(shape: Shape, longitude: float, latitude: float) -> tuple[float, float]:
    """(WGS84 distance, uncertainty) from a point to a shape; 0 inside. A circle's radius is taken 1 % wider."""
    if isinstance(shape, Circle):
        away = Geodesic.WGS84.Inverse(latitude, longitude, shape.latitude_e7 / 1e7, shape.longitude_e7 / 1e7)["s12"]
        return max(away - shape.radius_cm / 100, 0.0), shape.radius_cm / 100 * 0.016 + 0.1
    for turn in (-360.0, 0.0, 360.0):
        if shapely.covers(to_shapely(shape), shapely.Point(longitude + turn, latitude)):
            return 0.0, 0.0
    places = boundary_of(shape)
    found = sphere_m(places, longitude, latitude)
    nearest = places[int(found.argmin())]
    spacing_m = to_shapely(shape).length * 111_200 / 400
    return Geodesic.WGS84.Inverse(latitude, longitude, nearest[1], nearest[0])["s12"], spacing_m


def random_shape(rng: np.random.Generator, longitude: float, latitude: float) -> Shape:
    size_degrees = float(10 ** rng.uniform(-4, -1.5))
    if rng.random() < 0.3:
        return circle_at(latitude, longitude, size_degrees * 100_000)
    return star_polygon(rng, longitude, latitude, min(size_degrees, 89.99 - abs(latitude)))


def point_about(rng: np.random.Generator, longitude: float, latitude: float, reach_m: float) -> tuple[float, float]:
    bearing, away_m = float(rng.uniform(0, 360)), float(rng.uniform(0, reach_m))
    end = Geodesic.WGS84.Direct(latitude, longitude, bearing, away_m)
    return end["lon2"], end["lat2"]


def compare_with_geographiclib(seed: int, shape_count: int, point_count: int) -> tuple[int, int]:
    """(points that are near, points that are not)."""
    rng = np.random.default_rng(seed)
    near = far = 0
    for index in range(shape_count):
        longitude, latitude = PLACES[index % len(PLACES)]
        if index >= len(PLACES):
            latitude = float(np.clip(latitude + rng.uniform(-5, 5), -89.95, 89.95))
            longitude = (longitude + float(rng.uniform(-180, 180)) * (index % 2) + 180) % 360 - 180
        shape = random_shape(rng, longitude, latitude)
        margin_cm = int(10 ** rng.uniform(2, 5.5))
        rim = boundary_of(shape) if not isinstance(shape, Circle) else np.array([[longitude, latitude]])
        rim_m = shape.radius_cm / 100 if isinstance(shape, Circle) else 0.0
        for _ in range(point_count):
            x, y = point_about(rng, *rim[int(rng.integers(len(rim)))].tolist(), rim_m + 2 * margin_cm / 100)
            latitude_e7, longitude_e7 = round(y * 1e7), round(x * 1e7)
            true_m, doubt_m = metres_to(shape, longitude_e7 / 1e7, latitude_e7 / 1e7)
            told = is_near(shape, latitude_e7, longitude_e7, margin_cm)
            if true_m <= margin_cm / 100:
                assert told, (index, true_m, margin_cm)
                near += 1
            elif true_m - doubt_m > margin_cm / 100 * 1.03 + 1.0 and abs(y) < 85:
                assert not told, (index, true_m, margin_cm)
                far += 1
    return near, far


def test_nothing_within_the_margin_is_missed_and_little_beyond_it_is_dropped() -> None:
    near, far = compare_with_geographiclib(3, 28, 30)
    assert near > 200
    assert far > 100


@pytest.mark.long
def test_many_shapes_agree_with_geographiclib() -> None:
    near, far = compare_with_geographiclib(4, 600, 60)
    assert near > 8_000
    assert far > 4_000


def test_edges_count_where_no_corner_is_near_and_a_hole_is_outside() -> None:
    """A 2 km block with a 1 km courtyard: mid-edge, and the middle of the yard 500 m from it."""

    def ring(half: float) -> list[tuple[float, float]]:
        return [(-half, -half), (half, -half), (half, half), (-half, half), (-half, -half)]

    shape, _ = polygon_from_lonlat([[ring(0.009), ring(0.0045)]])
    just_north = 90_000 + 9_000  # 100 m north of the shell's edge, 1 km from its corners
    assert is_near(shape, just_north, 0, 10_100)
    assert not is_near(shape, just_north, 0, 9_500)
    assert not is_near(shape, 0, 0, 49_000)
    assert is_near(shape, 0, 0, 50_100)
    assert is_near(shape, 60_000, 0, 0)


def test_a_point_at_the_edge_of_an_int32_longitude_is_asked_on_the_other_side() -> None:
    shape = circle_at(0.0, 179.9999, 10.0)
    assert is_near(shape, 0, -1_800_000_000, 200)
    assert is_near(shape, 0, 1_800_000_000, 200)
    assert not is_near(shape, 0, -1_799_000_000, 200)


def test_beside_a_pole_nothing_is_missed() -> None:
    """The pole itself, and across it: 500 m away over the top, half a turn of longitude apart."""
    square = [(10.0, 89.997), (11.0, 89.997), (11.0, 89.998), (10.0, 89.998), (10.0, 89.997)]
    shape, _ = polygon_from_lonlat([[square]])
    assert is_near(shape, 900_000_000, 0, 22_300)
    assert is_near(shape, 899_975_000, -1_695_000_000, 55_000)


def zones_of(rng: np.random.Generator, count: int, place: tuple[float, float]) -> list[ExclusionZone]:
    zones = []
    for index in range(count):
        longitude = (place[0] + float(rng.uniform(-0.05, 0.05)) + 180) % 360 - 180
        latitude = float(np.clip(place[1] + rng.uniform(-0.05, 0.05), -89.95, 89.95))
        buffer_cm = int(rng.choice([0, 5_000, 30_000, 1_000_000]))
        validity = [(0, 0), (0, 1_000), (1_500, 0), (900, 1_100)][int(rng.integers(4))]
        shape = random_shape(rng, longitude, latitude)
        zones.append(ExclusionZone(f"z-{index}", ZoneCategory.CLINIC, shape, buffer_cm, "", *validity))
    return zones


def tables_for(zones: list[ExclusionZone], policy: Policy = POLICY) -> ExclusionTables:
    registry = Registry()
    for zone in zones:
        registry.put(zone, 0)
    (tables,) = ExclusionIndex().tables(registry, policy)
    return tables


def pings_about(rng: np.random.Generator, place: tuple[float, float], count: int) -> StructArray:
    rows = np.zeros(count, PING)
    for row in rows:
        x, y = point_about(rng, *place, 20_000)
        row["longitude_e7"], row["latitude_e7"] = round(((x + 180) % 360 - 180) * 1e7), round(y * 1e7)
    rows["accuracy_cm"] = rng.choice([0, 300, 5_000, 10_000, 250_000], count)
    rows["fix_time_ms"] = rng.integers(800, 1_700, count)
    rows["now_ms"] = rows["fix_time_ms"] + rng.integers(0, 300, count)
    return rows


def excluded(tables: ExclusionTables, rows: StructArray, use_cells: int) -> list[bool]:
    verdicts, wanted = np.zeros(len(rows), np.uint8), np.ones(len(rows), np.uint8)
    count = exclude_rows(tables, POLICY, rows, verdicts, wanted, use_cells)
    assert ((verdicts == EXCLUDED) == (wanted == 0)).all()
    assert count == int((verdicts == EXCLUDED).sum())
    return [bool(verdict == EXCLUDED) for verdict in verdicts]


@settings(max_examples=12, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32), count=st.sampled_from([1, 3, 40]), place=st.sampled_from(PLACES))
def test_both_indexes_say_what_asking_every_zone_says(seed: int, count: int, place: tuple[float, float]) -> None:
    rng = np.random.default_rng(seed)
    zones = zones_of(rng, count, place)
    tables, rows = tables_for(zones), pings_about(rng, place, 120)
    expected = [
        any(
            zone.valid_from_ms <= row["now_ms"]
            and row["fix_time_ms"] < (zone.valid_until_ms or 10**15)
            and is_near(
                zone.shape,
                int(row["latitude_e7"]),
                int(row["longitude_e7"]),
                zone.buffer_cm + (int(row["accuracy_cm"]) or POLICY.assumed_accuracy_cm),
            )
            for zone in zones
        )
        for row in rows
    ]
    assert excluded(tables, rows, 1) == expected
    assert excluded(tables, rows, 0) == expected


def test_rows_that_are_not_wanted_are_left_alone() -> None:
    tables = tables_for([ExclusionZone("z", ZoneCategory.CLINIC, circle_at(0.0, 0.0, 100.0))])
    rows = np.zeros(2, PING)
    verdicts, wanted = np.array([3, 0], np.uint8), np.array([0, 1], np.uint8)
    assert exclude_rows(tables, POLICY, rows, verdicts, wanted, 1) == 1
    assert verdicts.tolist() == [3, EXCLUDED]


def test_memory_of_the_tables_is_counted_whole() -> None:
    tables = tables_for(zones_of(np.random.default_rng(1), 20, PLACES[0]))
    assert tables.size_bytes == tables.zones.nbytes + sum(array.nbytes for array in tables.shapes)
    assert len(tables.shapes.cells) > 2
