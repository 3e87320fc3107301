"""G8: how many fences may cover one point, decided by their shapes, never too late; against counting on a grid."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fence_cases import circle_at, ring_e7, square, star_polygon, tables_of
from hypothesis import given, settings
from hypothesis import strategies as st

from geooffer.engine import overlap_depth
from geooffer.engine.fence_parts import compile_shape
from geooffer.engine.overlap_depth import Crowd, crowd_within
from geooffer.engine.shapes import polygon_from_lonlat
from geooffer.engine.spatial import IndexOfRecord
from geooffer.errors import OverlapLimitError
from geooffer.kernels.locate import covers_point
from geooffer.model.catalog import Geofence
from geooffer.model.shapes import Shape

PLACES = [(13.4, 52.5), (180.0, 10.0), (-180.0, -60.0), (30.0, 80.0), (20.0, 89.99)]


def most_covering(new: Shape, others: list[Shape], points: np.ndarray) -> int:
    """The most other fences over one of these points (latitude_e7, longitude_e7) that the new one covers."""
    tables = tables_of(new, *others)
    best = 0
    for latitude, longitude in points.tolist():
        point = latitude, (longitude + 1_800_000_000) % 3_600_000_000 - 1_800_000_000
        if covers_point(tables, 0, *point):
            best = max(best, sum(covers_point(tables, number, *point) for number in range(1, len(others) + 1)))
    return best


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32), place=st.sampled_from(PLACES), enough=st.integers(2, 9))
def test_g8_a_crowd_that_a_grid_finds_is_found(seed: int, place: tuple[float, float], enough: int) -> None:
    rng = np.random.default_rng(seed)
    longitude, latitude = place
    size = min(0.01, 89.999 - latitude) / 2

    def shape() -> Shape:
        x = (longitude + size * rng.uniform(-1, 1) + 180) % 360 - 180
        y = latitude + size * float(rng.uniform(-0.5, 0.5))
        if rng.random() < 0.5:
            return circle_at(y, x, size * 111_000 * float(rng.uniform(0.1, 1)))
        return star_polygon(rng, x, y, size * float(rng.uniform(0.1, 1)))

    new, others = shape(), [shape() for _ in range(12)]
    found = crowd_within(compile_shape(new), dict(enumerate(map(compile_shape, others), 1)), enough)
    reach = size * 1e7 * 2
    points = np.rint(np.array([latitude * 1e7, longitude * 1e7]) + rng.uniform(-reach, reach, (150, 2))).astype(
        np.int64
    )
    corners = [p.ring(0) for s in (new, *others) if not hasattr(s, "radius_cm") for p in s.parts]
    points = np.concatenate([points, *corners]).clip([-900_000_000, -5_000_000_000], [900_000_000, 5_000_000_000])
    assert found is None or (found.is_exact and 1 <= found.fence_number <= 12)
    if most_covering(new, others, points) >= enough:
        assert found is not None


def test_g8_boxes_that_meet_without_their_shapes_are_let_in() -> None:
    """Diagonal strips side by side: every box meets every other, no strip meets another."""
    record = IndexOfRecord(overlap_count_max=5)
    for number in range(40):
        west = number * 3_000
        strip = ring_e7((west, 0), (west + 2_000, 0), (west + 1_002_000, 1_000_000), (west + 1_000_000, 1_000_000))
        record.insert(number, Geofence(f"strip-{number}", polygon_from_lonlat([[strip]])[0]))
    assert len(record) == 40
    across = ring_e7((0, 500_000), (900_000, 500_000), (900_000, 500_100), (0, 500_100))
    record.insert(50, Geofence("across", polygon_from_lonlat([[across]])[0]))  # over many, nowhere over more than one
    for number in range(51, 54):
        record.insert(number, Geofence(f"across-{number}", polygon_from_lonlat([[across]])[0]))
    with pytest.raises(OverlapLimitError, match="more than 5 geofences would cover one point of sixth, at geofence "):
        record.insert(60, Geofence("sixth", polygon_from_lonlat([[across]])[0]))


def test_g8_fences_that_share_one_corner_count_there() -> None:
    """Closed boundaries: eight wedges around a point, which all of them cover."""
    wedges = []
    for step in range(8):
        low, high = math.tau * step / 8, math.tau * (step + 1) / 8
        corners = [(round(1e6 * math.cos(angle)), round(1e6 * math.sin(angle))) for angle in (low, high)]
        wedges.append(polygon_from_lonlat([[ring_e7((0, 0), *corners)]])[0])
    others = dict(enumerate(map(compile_shape, wedges[1:]), 1))
    assert crowd_within(compile_shape(wedges[0]), others, 7) == Crowd(1, is_exact=True)
    assert crowd_within(compile_shape(wedges[0]), others, 8) is None
    # a point of the interior of each is covered once: only the shared corner is this deep
    record = IndexOfRecord(overlap_count_max=7)
    for number, wedge in enumerate(wedges[:7]):
        record.insert(number, Geofence(f"wedge-{number}", wedge))
    with pytest.raises(OverlapLimitError):
        record.insert(7, Geofence("eighth", wedges[7]))


def test_g8_crossings_between_corners_are_found() -> None:
    """Three long strips cross in a small triangle where none of them has a corner."""
    strips = []
    for turn in range(3):
        angle = math.pi * turn / 3
        along = np.array([math.cos(angle), math.sin(angle)]) * 1e7
        aside = np.array([-math.sin(angle), math.cos(angle)]) * 1e4
        corners = [along + aside, -along + aside, -along - aside, along - aside]
        strips.append(polygon_from_lonlat([[ring_e7(*((round(x), round(y)) for x, y in corners))]])[0])
    others = {1: compile_shape(strips[1]), 2: compile_shape(strips[2])}
    assert crowd_within(compile_shape(strips[0]), others, 2) == Crowd(1, is_exact=True)
    apart = polygon_from_lonlat([[ring_e7((-10_000_000, 6_000_000), (10_000_000, 6_000_000), (0, 6_020_000))]])[0]
    assert crowd_within(compile_shape(apart), others | {1: compile_shape(strips[0])}, 2) is None


def test_g8_crossings_beyond_the_limit_are_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    triangles = [ring_e7((0, 0), (9_000, 0), (0, 9_000)), ring_e7((0, 9_000), (9_000, 9_000), (0, 100))]
    triangles.append(ring_e7((9_000, 0), (9_000, 9_000), (8_000, 0)))
    one, two, three = (compile_shape(polygon_from_lonlat([[ring]])[0]) for ring in triangles)
    assert crowd_within(one, {1: two, 2: three}, 2) is None
    monkeypatch.setattr(overlap_depth, "EDGE_PAIR_COUNT_MAX", 5)
    assert crowd_within(one, {1: two, 2: three}, 2) == Crowd(1, is_exact=False)
    monkeypatch.setattr(overlap_depth, "EDGE_PAIR_COUNT_MAX", 100)
    monkeypatch.setattr(overlap_depth, "PLACE_COUNT_MAX", 0)
    assert crowd_within(one, {1: two, 2: three}, 2) == Crowd(1, is_exact=False)


def band(number: int, vertex_count: int) -> Shape:
    """A diagonal strip of many vertices beside others: all boxes meet, no two strips do."""
    along = np.linspace(0, 1e7, vertex_count // 2).astype(int).tolist()
    east = number * 5_000
    there = [(east + step, step) for step in along]
    back = [(east + 3_000 + step, step) for step in along[::-1]]
    return polygon_from_lonlat([[ring_e7(*there, *back)]])[0]


def test_g8_more_vertices_than_are_looked_at_are_decided_by_boxes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is drawn then, however many vertices there are: the answer must not hold up pings."""
    record = IndexOfRecord(overlap_count_max=8)
    for number in range(8):
        record.insert(number, Geofence(f"band-{number}", band(number, 2_000)))
    monkeypatch.setattr(overlap_depth, "_drawn", None)
    with pytest.raises(OverlapLimitError, match=r"at geofence band-\d \(their bounding boxes count: too much to look"):
        record.insert(8, Geofence("ninth", band(8, 2_000)))
    monkeypatch.undo()
    few = IndexOfRecord(overlap_count_max=8)
    for number in range(20):
        few.insert(number, Geofence(f"band-{number}", band(number, 100)))
    assert len(few) == 20


def test_g8_more_boxes_than_are_looked_at_are_decided_by_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geooffer.engine.spatial.BOX_COUNT_MAX", 3)
    record = IndexOfRecord(overlap_count_max=4)
    for number in range(4):
        record.insert(number, Geofence(f"band-{number}", band(number, 20)))
    with pytest.raises(OverlapLimitError, match="their bounding boxes count"):
        record.insert(4, Geofence("fifth", band(4, 20)))


def test_g8_a_hole_is_not_covered() -> None:
    ring = polygon_from_lonlat([[square(8, 47, 0.1), square(8, 47, 0.05)]])[0]
    inside = polygon_from_lonlat([[square(8, 47, 0.04)]])[0]
    assert crowd_within(compile_shape(inside), {1: compile_shape(ring)}, 1) is None
    both = {1: compile_shape(inside), 2: compile_shape(ring)}
    assert crowd_within(compile_shape(inside), both, 1) == Crowd(1, is_exact=True)
    assert crowd_within(compile_shape(inside), both, 2) is None
