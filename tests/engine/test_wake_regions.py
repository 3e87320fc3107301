"""Wake regions: no boundary of a fence lies outside of them within the validity circle (product S14)."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from fence_cases import circle_at, record_of, square, star_polygon
from geographiclib.geodesic import Geodesic

from geooffer.engine.shapes import polygon_from_lonlat
from geooffer.engine.wake_regions import WakeRegions, wake_regions
from geooffer.kernels.regions import cover_pieces
from geooffer.model.shapes import Circle, Shape
from geooffer.model.units import EARTH_RADIUS_M
from geooffer.model.wake import PIECE, REGION_RADIUS_MIN_M, VALIDITY_RADIUS_MAX_M


def arc_m(place: tuple[float, float], others: np.ndarray) -> np.ndarray:
    """Great-circle metres from a place to rows of (latitude, longitude), all in degrees."""
    a, b = math.radians(place[0]), np.radians(others[:, 0])
    half = np.sin(np.radians(others[:, 1] - place[1]) / 2)
    return (
        2
        * EARTH_RADIUS_M
        * np.arcsin(np.sqrt(np.clip(np.sin((b - a) / 2) ** 2 + math.cos(a) * np.cos(b) * half**2, 0, 1)))
    )


def around(rng: np.random.Generator, place: tuple[float, float], radius_m: float, count: int) -> np.ndarray:
    """Points of a disc, (latitude, longitude) in whole E7 degrees; denser towards its middle."""
    distance, bearing = radius_m * rng.random(count) / EARTH_RADIUS_M, rng.uniform(0, 2 * np.pi, count)
    a = math.radians(place[0])
    b = np.arcsin(math.sin(a) * np.cos(distance) + math.cos(a) * np.sin(distance) * np.cos(bearing))
    turn = np.arctan2(np.sin(bearing) * np.sin(distance) * math.cos(a), np.cos(distance) - math.sin(a) * np.sin(b))
    longitude = (np.degrees(turn) + place[1] + 180) % 360 - 180
    return np.rint(np.stack([np.degrees(b), longitude], axis=1) * 1e7) / 1e7


def rim_of(shape: Shape) -> np.ndarray:
    """Points of a fence's boundary, (latitude, longitude) in degrees, and vertices of it."""
    if isinstance(shape, Circle):
        centre, radius_m = (shape.latitude_e7 / 1e7, shape.longitude_e7 / 1e7), shape.radius_cm / 100
        ends = [Geodesic(EARTH_RADIUS_M, 0).Direct(*centre, turn, radius_m) for turn in np.linspace(0, 360, 90)]
        return np.array([[end["lat2"], end["lon2"]] for end in ends])
    points = []
    for part in shape.parts:
        for index in range(len(part.rings)):
            ring = shapely.LinearRing(part.ring(index)[:, ::-1] / 1e7)
            along = shapely.line_interpolate_point(ring, np.linspace(0, 1, 400), normalized=True)
            points.append(np.concatenate([shapely.get_coordinates(along), shapely.get_coordinates(ring)])[:, ::-1])
    return np.concatenate(points)


def check(shapes: list[Shape], place: tuple[float, float], count_max: int) -> tuple[WakeRegions, int]:
    """Raises where a point of a boundary lies outside of every region; returns how many points were within reach."""
    tables = record_of(shapes)[1]
    found = wake_regions(tables, round(place[0] * 1e7), round(place[1] * 1e7), count_max)
    assert len(found.regions) <= count_max
    assert all(region.radius_cm >= REGION_RADIUS_MIN_M * 100 for region in found.regions)
    points = np.concatenate([np.zeros((0, 2)), *(rim_of(shape) for shape in shapes)])
    points = points[arc_m(place, points) <= found.validity_radius_m]
    watched = np.zeros(len(points), bool)
    for region in found.regions:
        centre = (region.latitude_e7 / 1e7, region.longitude_e7 / 1e7)
        watched |= arc_m(centre, points) <= region.radius_cm / 100
    assert watched.all()
    return found, len(points)


def town(rng: np.random.Generator, latitude: float, longitude: float, count: int) -> list[Shape]:
    """Shops, blocks and quarters about a place."""
    shapes: list[Shape] = []
    stretch = 1 / max(math.cos(math.radians(latitude)), 0.02)
    for index in range(count):
        y = float(np.clip(latitude + rng.normal(0, 0.02), -89.9, 89.9))
        x = (longitude + float(rng.normal(0, 0.02)) * stretch + 180) % 360 - 180
        if index % 10 == 9:
            shapes.append(star_polygon(rng, x, y, min(0.02, 89.95 - abs(y))))
        elif index % 3 == 0:
            shapes.append(polygon_from_lonlat([[square(x, y, 0.0004)]])[0] if abs(x) < 179 else circle_at(y, x, 40.0))
        else:
            shapes.append(circle_at(y, x, float(10 ** rng.uniform(1, 3.3))))
    return shapes


PLACES = [(52.5, 13.4), (-17.0, 180.0), (89.7, 40.0)]
QUICK = {(52.5, 99), (-17.0, 19), (89.7, 1)}


@pytest.mark.parametrize(
    ("latitude", "longitude", "count_max"),
    [
        pytest.param(*place, count, marks=() if (place[0], count) in QUICK else pytest.mark.long)
        for place in PLACES
        for count in (1, 19, 99)
    ],
)
def test_every_boundary_within_the_validity_circle_is_watched(
    latitude: float, longitude: float, count_max: int
) -> None:
    rng = np.random.default_rng(17)
    seen = 0
    for count in (3, 40, 120):
        shapes = town(rng, latitude, longitude, count)
        for _ in range(3):
            place = tuple(around(rng, (latitude, longitude), 3_000.0, 1)[0].tolist())
            seen += check(shapes, place, count_max)[1]
    assert seen > 100


@pytest.mark.long
def test_every_boundary_near_many_towns_is_watched() -> None:
    rng = np.random.default_rng(18)
    seen = 0
    for _ in range(150):
        latitude, longitude = float(rng.uniform(-89, 89)), float(rng.uniform(-180, 180))
        shapes = town(rng, latitude, longitude, int(10 ** rng.uniform(0, 2.5)))
        seen += check(shapes, (round(latitude, 7), round(longitude, 7)), int(rng.choice([5, 19, 99])))[1]
    assert seen > 50_000


def test_few_shops_are_watched_one_by_one_and_far() -> None:
    found, _ = check([circle_at(52.5 + 0.01 * step, 13.4, 60.0) for step in range(1, 5)], (52.5, 13.4), 19)
    assert [region.radius_cm for region in found.regions] == [10_000] * 4
    assert found.validity_radius_m == VALIDITY_RADIUS_MAX_M


def test_inside_a_large_fence_only_its_boundary_is_watched() -> None:
    quarter = polygon_from_lonlat([[square(13.4, 52.5, 0.02)]])[0]
    found, seen = check([quarter, circle_at(52.5, 13.4, 5_000.0)], (52.5, 13.4), 99)
    assert seen > 400
    # the quarter's sides are 1,350 m and 2,220 m away, the circle's rim 5,000 m
    assert min(_away_m(region) + region.radius_cm / 100 for region in found.regions) > 1_350


def _away_m(region: Circle) -> float:
    return float(arc_m((52.5, 13.4), np.array([[region.latitude_e7 / 1e7, region.longitude_e7 / 1e7]]))[0])


def test_without_fences_the_circle_is_as_wide_as_it_may_be() -> None:
    found = wake_regions(record_of([])[1], 0, 1_800_000_000, 19)
    assert found == WakeRegions((), VALIDITY_RADIUS_MAX_M)


def test_where_boundaries_are_everywhere_nobody_sleeps() -> None:
    rng = np.random.default_rng(3)
    shapes = [circle_at(52.5 + rng.normal(0, 0.01), 13.4 + rng.normal(0, 0.01), 900.0) for _ in range(60)]
    found, _ = check(shapes, (52.5, 13.4), 1)
    assert found.regions == (Circle(525_000_000, 134_000_000, 2 * REGION_RADIUS_MIN_M * 100),)
    assert found.validity_radius_m == 2 * REGION_RADIUS_MIN_M


def test_a_region_that_grows_over_a_large_piece_holds_all_of_it() -> None:
    rng = np.random.default_rng(21)
    for _ in range(400):
        count = int(rng.integers(2, 12))
        pieces, regions = np.zeros(count, PIECE), np.zeros(3, PIECE)
        pieces["x_m"] = EARTH_RADIUS_M
        pieces["y_m"], pieces["z_m"] = rng.uniform(-300, 300, (2, count))
        pieces["radius_m"], pieces["away_m"] = rng.uniform(5, 251, count), np.sort(rng.uniform(0, 3_000, count))
        valid_m = cover_pieces(pieces, 3, 20_000.0, 300.0, 0.4, 800.0, regions)
        held = regions[regions["radius_m"] > 0]
        for piece in pieces[pieces["away_m"] < valid_m]:
            apart_m = np.hypot(held["y_m"] - piece["y_m"], held["z_m"] - piece["z_m"])
            assert (apart_m + piece["radius_m"] <= held["radius_m"] + 1e-6).any()
