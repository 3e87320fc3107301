"""How many hints one call makes: a bound on what they cost, that leaves nobody out for good and changes no hint."""

from __future__ import annotations

import numpy as np
import pytest
from world import NOW_MS, World, ping

from geooffer.engine.engine import Engine
from geooffer.engine.hints import HINT_EDGE_COUNT_MAX
from geooffer.engine.shapes import polygon_from_lonlat
from geooffer.model import limits
from geooffer.model.catalog import Geofence
from geooffer.model.columns import StructArray
from geooffer.model.shapes import Shape
from geooffer.model.units import E7_PER_DEGREE

MIDDLE = (52.52, 13.405)
SPREAD_DEGREES = 0.002
CORNERS = limits.FENCE_VERTEX_COUNT_MAX
TOLD_COUNT = HINT_EDGE_COUNT_MAX // CORNERS
"""Of devices in the largest polygon there is."""


def disc(corner_count: int, west_degrees: float = 0.0) -> Shape:
    angles = np.linspace(0, 2 * np.pi, corner_count, endpoint=False)
    x, y = MIDDLE[1] - west_degrees + 0.05 * np.cos(angles), MIDDLE[0] + 0.05 * np.sin(angles)
    ring = np.stack((x, y), axis=1).tolist()
    return polygon_from_lonlat([[[*ring, ring[0]]]])[0]


def town(*shapes: Shape) -> Engine:
    engine = World().build()
    engine.put_nouns([Geofence(f"large-{number}", shape) for number, shape in enumerate(shapes)], now_ms=NOW_MS)
    engine.publish()
    return engine


def crowd(count: int, west_degrees: float = 0.0, now_ms: int = NOW_MS) -> StructArray:
    """Devices about the middle, or west of it."""
    rows = np.repeat(ping(now_ms), count)
    rng = np.random.default_rng(count)
    for name, degrees in (("latitude_e7", MIDDLE[0]), ("longitude_e7", MIDDLE[1] - west_degrees)):
        rows[name] = np.rint((degrees + rng.uniform(-SPREAD_DEGREES, SPREAD_DEGREES, count)) * E7_PER_DEGREE)
    return rows


def told_rows(engine: Engine, rows: StructArray) -> list[int]:
    return [row for row, hint in enumerate(engine.next_pings(rows)) if hint is not None]


@pytest.fixture(scope="module")
def large() -> Engine:
    return town(disc(CORNERS))


def test_in_the_largest_polygon_few_of_a_batch_are_told_and_others_the_next_time(large: Engine) -> None:
    told: set[int] = set()
    for now_ms in range(NOW_MS, NOW_MS + 200, TOLD_COUNT):
        now = told_rows(large, crowd(200, now_ms=now_ms))
        assert len(now) == TOLD_COUNT
        told |= set(now)
    assert told == set(range(200))


def test_who_is_told_in_a_large_batch_is_told_what_one_alone_is(large: Engine) -> None:
    rows = crowd(200)
    hints = large.next_pings(rows)
    for row in told_rows(large, rows):
        assert hints[row] == large.next_pings(rows[row : row + 1])[0]


def test_few_rows_are_always_told(large: Engine) -> None:
    assert told_rows(large, crowd(TOLD_COUNT)) == list(range(TOLD_COUNT))
    assert large.next_pings(crowd(1)[:0]) == []


def test_where_polygons_are_small_all_of_a_full_batch_are_told() -> None:
    count = limits.PING_BATCH_ROW_COUNT_MAX
    assert len(told_rows(town(disc(300)), crowd(count))) == count
    assert len(told_rows(town(), crowd(count))) == count


def test_who_stands_in_a_small_polygon_waits_for_nobody_in_a_large_one() -> None:
    engine = town(disc(CORNERS), disc(40, west_degrees=1.0))
    rows = np.concatenate((crowd(100), crowd(100, west_degrees=1.0), crowd(100, west_degrees=3.0)))
    told = told_rows(engine, rows)
    assert told[-200:] == list(range(100, 300))
    assert TOLD_COUNT - 1 <= len(told) - 200 <= TOLD_COUNT
