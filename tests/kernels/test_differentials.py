"""Other engines on the same shapes: shapely on the grid, S2 on the sphere, GeographicLib on the ellipsoid.

S2's polygon edges are great circles, ours are straight in longitude and latitude (semantics G2). Cut into short pieces
the two lie within `PIECE_SAG_M` of each other, so both must agree on every point farther than that from the outline.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pytest
import s2geometry
import shapely
from fence_cases import circle_at, star_polygon, tables_of
from geographiclib.geodesic import Geodesic
from large_fences import large_polygon, points_on

from geooffer.engine.shapes import polygon_from_lonlat
from geooffer.kernels.geometry import farther_than_cm
from geooffer.kernels.locate import covers_point, locate_batch
from geooffer.model.columns import Int32Array
from geooffer.model.fence_tables import FenceTables
from geooffer.model.shapes import Polygon

EARTH_RADIUS_M = 6_371_008.8
PIECE_DEGREES = 0.002
PIECE_SAG_M = EARTH_RADIUS_M * math.radians(PIECE_DEGREES) ** 2  # ≥ tan-free bound d² / 8 R · tan 82°
PLACES = [(13.4, 52.5), (180.0, 10.0), (-180.0, -60.0), (0.0, 0.0), (20.0, 85.0), (-100.0, -85.0)]


def covered_by_all_ways(tables: FenceTables, latitudes: Int32Array, longitudes: Int32Array) -> list[bool]:
    """What cells, packed tree and the fence itself say of fence 0, all the same."""
    count = len(latitudes)
    told = []
    for use_cells in (0, 1):
        starts, hits = np.zeros(count + 1, np.int32), np.zeros(count, np.int32)
        assert locate_batch(tables, latitudes, longitudes, np.ones(count, np.uint8), starts, hits, use_cells) == count
        told.append((np.diff(starts) == 1).tolist())
    told.append([covers_point(tables, 0, *point) for point in zip(latitudes, longitudes, strict=True)])
    assert told[0] == told[1] == told[2]
    return told[0]


def shapely_says(shape: Polygon, latitudes: Int32Array, longitudes: Int32Array) -> list[bool]:
    """On the E7 grid, where all coordinates are integers and shapely's predicates exact; each part in its own frame."""
    covered = np.zeros(len(latitudes), bool)
    for part in shape.parts:
        rings = [part.ring(index)[:, ::-1].astype(float) for index in range(len(part.rings))]
        polygon = shapely.Polygon(rings[0], rings[1:])
        shapely.prepare(polygon)
        for turn in (0.0, 3.6e9):
            covered |= shapely.covers(polygon, shapely.points(longitudes + turn, latitudes.astype(float)))
    return list(covered.tolist())


def compare_with_shapely(seed: int, shape_count: int, point_count: int) -> tuple[int, int]:
    """How many points were compared, and how many of them lie exactly on an outline."""
    rng = np.random.default_rng(seed)
    compared = on_outline = 0
    for index in range(shape_count):
        place = PLACES[index % len(PLACES)]
        if index % 3:
            shape = large_polygon(rng, int(10 ** rng.uniform(1.5, 3.7)), *place)
        else:
            shape = star_polygon(rng, *place, float(10 ** rng.uniform(-5, 0.4)))
        latitudes, longitudes = points_on(rng, shape, point_count)
        expected = shapely_says(shape, latitudes, longitudes)
        assert covered_by_all_ways(tables_of(shape), latitudes, longitudes) == expected
        compared += len(expected)
        outlines = shapely.union_all(
            [shapely.LinearRing(p.ring(i)[:, ::-1]) for p in shape.parts for i in range(len(p.rings))]
        )
        shapely.prepare(outlines)
        for turn in (0.0, 3.6e9):
            on_outline += int(shapely.intersects(outlines, shapely.points(longitudes + turn, latitudes)).sum())
    return compared, on_outline


def test_g3_points_snapped_to_edges_and_vertices_agree_with_shapely() -> None:
    compared, on_outline = compare_with_shapely(31, 36, 400)
    assert compared == 14_400
    assert on_outline > 4_000


@pytest.mark.long
def test_g3_a_hundred_thousand_snapped_points_agree_with_shapely() -> None:
    compared, on_outline = compare_with_shapely(32, 300, 500)
    assert compared == 150_000
    assert on_outline > 45_000


def s2_point(latitude_e7: float, longitude_e7: float) -> s2geometry.S2Point:
    return s2geometry.S2LatLng.FromDegrees(float(latitude_e7) / 1e7, float(longitude_e7) / 1e7).ToPoint()


class Outline(NamedTuple):
    """A ring in short pieces: what it encloses, and the rest of the sphere."""

    inside: s2geometry.S2Loop
    outside: s2geometry.S2Loop

    def metres_to(self, point: s2geometry.S2Point) -> float:
        """A loop that contains a point is at no distance from it: the other one tells."""
        return EARTH_RADIUS_M * max(loop.GetDistance(point).radians() for loop in self)


def s2_outlines(shape: Polygon) -> list[Outline]:
    outlines = []
    for part in shape.parts:
        for index in range(len(part.rings)):
            ring = part.ring(index).astype(float)
            points = []
            for one, other in zip(ring, np.roll(ring, -1, axis=0), strict=True):
                pieces = max(int(np.abs(other - one).max() / 1e7 / PIECE_DEGREES), 1)
                points += [s2_point(*(one + (other - one) * step / pieces)) for step in range(pieces)]
            counter_clockwise = points if index == 0 else points[::-1]
            loops = s2geometry.S2Loop(), s2geometry.S2Loop()
            loops[0].Init(counter_clockwise)
            loops[1].Init(counter_clockwise[::-1])
            assert loops[0].IsValid()
            assert loops[0].IsNormalized()
            outlines.append(Outline(*loops))
    return outlines


@pytest.mark.parametrize(
    "place", [(180.0, 0.0), (-180.0, 52.0), (179.9, -75.0), (0.0, 81.0), (-180.0, 81.5), (77.0, -81.5)]
)
def test_g6_polygons_over_the_antimeridian_and_near_poles_agree_with_s2(place: tuple[float, float]) -> None:
    rng = np.random.default_rng(41)
    seen = set()
    for _ in range(4):
        shape = star_polygon(rng, *place, float(rng.uniform(0.02, 0.4)))
        tables, outlines = tables_of(shape), s2_outlines(shape)
        latitudes, longitudes = points_on(rng, shape, 120)
        latitudes = latitudes + rng.integers(-4_000, 4_001, len(latitudes)).astype(np.int32)
        for point in zip(latitudes.tolist(), longitudes.tolist(), strict=True):
            there = s2_point(*point)
            if min(outline.metres_to(there) for outline in outlines) > PIECE_SAG_M:
                expected = sum(outline.inside.Contains(there) for outline in outlines) % 2 == 1
                assert covers_point(tables, 0, *point) is expected
                seen.add(expected)
    assert seen == {True, False}


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(90.0, 0.0), (-89.9, 70.0), (89.5, 180.0), (0.0, -180.0), (60.0, 179.95)]
)
@pytest.mark.parametrize("radius_m", [50.0, 20_000.0, 100_000.0])
def test_g6_circles_are_caps_of_s2(latitude: float, longitude: float, radius_m: float) -> None:
    """Near the rim on all sides, pole and antimeridian between; a cap is told from ours only within 1 mm of the rim."""
    centre = s2_point(latitude * 1e7, longitude * 1e7)
    angle = s2geometry.S1Angle.Radians(radius_m / EARTH_RADIUS_M)
    cap = s2geometry.S2Cap(centre, angle)
    tables = tables_of(circle_at(latitude, longitude, radius_m))
    rng = np.random.default_rng(43)
    seen = set()
    latitudes, longitudes = [], []
    for bearing in rng.uniform(0, 360, 200):
        end = Geodesic(EARTH_RADIUS_M, 0.0).Direct(latitude, longitude, bearing, radius_m + float(rng.normal(0, 0.2)))
        latitudes.append(round(end["lat2"] * 1e7))
        longitudes.append(round(end["lon2"] * 1e7))
    told = covered_by_all_ways(tables, np.array(latitudes, np.int32), np.array(longitudes, np.int32))
    for point, covered in zip(zip(latitudes, longitudes, strict=True), told, strict=True):
        there = s2_point(*point)
        away_m = float(s2geometry.S2LatLng(there).GetDistance(s2geometry.S2LatLng(centre)).radians()) * EARTH_RADIUS_M
        if abs(away_m - radius_m) > 1e-3:
            assert covered is cap.Contains(there)
            seen.add(covered)
    assert seen == {True, False}


@pytest.mark.parametrize("latitude", [0.5, -33.0, 47.4, 70.0])
def test_g2_distances_to_polygons_are_within_geographiclibs_tolerance(latitude: float) -> None:
    """Up to the margins that evidence asks for (100 m and more), 0.6 %: the ellipsoid, and 3 cm: grid and sampling."""
    rng = np.random.default_rng(47)
    compared = 0
    for _ in range(4):
        shape = star_polygon(rng, 179.999, latitude, 0.003)
        tables = tables_of(shape)
        rings = [shape.parts[0].ring(index).astype(float) / 1e7 for index in range(len(shape.parts[0].rings))]
        for _ in range(5):
            point = (round((latitude + rng.uniform(-0.006, 0.006)) * 1e7), round(179.999e7 + rng.uniform(-6e4, 6e4)))
            point = (point[0], (point[1] + 1_800_000_000) % 3_600_000_000 - 1_800_000_000)
            if covers_point(tables, 0, *point):
                continue
            distance_m = min(geodesic_distance_m(ring, point[0] / 1e7, point[1] / 1e7) for ring in rings)
            assert farther_than_cm(tables, 0, *point, math.floor(distance_m * 0.994 * 100) - 3) is True
            assert farther_than_cm(tables, 0, *point, math.ceil(distance_m * 1.006 * 100) + 3) is False
            compared += 1
    assert compared > 8


def geodesic_distance_m(ring: np.ndarray, latitude: float, longitude: float) -> float:
    """Least WGS84 distance to any edge: by golden-section steps along each, where it has one minimum."""
    best = math.inf
    for one, other in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        low, high = 0.0, 1.0
        for _ in range(26):
            left, right = low + (high - low) * 0.382, low + (high - low) * 0.618
            at = [
                Geodesic.WGS84.Inverse(latitude, longitude, *(one + (other - one) * share), Geodesic.DISTANCE)["s12"]
                for share in (left, right)
            ]
            if at[0] < at[1]:
                high = right
            else:
                low = left
        best = min(best, *at)
    return best


def test_g6_random_rings_split_at_the_antimeridian_and_unsplit_agree() -> None:
    """Rings with a vertex wherever they cross, cut there by shapely into two parts, as RFC 7946 asks."""
    rng = np.random.default_rng(53)
    compared = 0
    for _ in range(40):
        shape = star_polygon(rng, 180.0, float(rng.uniform(-60, 60)), float(10 ** rng.uniform(-3, 0.3)))
        rings = [with_crossings(shape.parts[0].ring(index)) for index in range(len(shape.parts[0].rings))]
        unsplit_part = shapely.Polygon(rings[0], rings[1:])
        if not unsplit_part.is_valid:
            continue  # a crossing moved to the grid
        halves = [
            unsplit_part.intersection(shapely.box(*ends))
            for ends in ((1.7e9, -9e8, 1.8e9, 9e8), (1.8e9, -9e8, 1.9e9, 9e8))
        ]
        split = [lonlat(part) for half in halves for part in shapely.get_parts(half) if part.geom_type == "Polygon"]
        tables = tables_of(polygon_from_lonlat([lonlat(unsplit_part)])[0], polygon_from_lonlat(split)[0])
        latitudes, longitudes = points_on(rng, shape, 100)
        longitudes[::10] = np.where(longitudes[::10] < 0, -1_800_000_000, 1_800_000_000)
        for point in zip(latitudes, longitudes, strict=True):
            assert covers_point(tables, 0, *point) == covers_point(tables, 1, *point)
            margin_cm = int(rng.integers(1, 100_000))
            told = [farther_than_cm(tables, number, *point, margin_cm) for number in range(2)]
            assert told[0] == told[1]
            compared += 1
    assert compared > 2_000


def with_crossings(ring: np.ndarray) -> list[tuple[int, int]]:
    """(longitude_e7, latitude_e7) with a vertex on 180° wherever an edge crosses it."""
    points: list[tuple[int, int]] = []
    for (y, x), (next_y, next_x) in zip(ring.tolist(), np.roll(ring, -1, axis=0).tolist(), strict=True):
        points.append((x, y))
        if (x < 1_800_000_000) != (next_x < 1_800_000_000) and 1_800_000_000 not in (x, next_x):
            points.append((1_800_000_000, y + round((next_y - y) * (1_800_000_000 - x) / (next_x - x))))
    return points


def lonlat(part: shapely.Polygon) -> list[list[tuple[float, float]]]:
    """GeoJSON rings in degrees; a half beyond 180° is written with negative longitudes, as RFC 7946 wants."""
    beyond = part.bounds[2] > 1_800_000_000 and part.bounds[0] >= 1_800_000_000

    def turned(x: float) -> float:
        return (x - 3.6e9 if beyond or x > 1.8e9 else x) / 1e7

    return [[(turned(x), y / 1e7) for x, y in ring.coords] for ring in (part.exterior, *part.interiors)]
