"""Placing: metres on a map, by great-circle distances of their own computation."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from geooffer.errors import InvalidArgumentError
from geooffer.importers.local_files import read_archive
from geooffer.importers.local_traces import LOCAL_FIX, LocalTrace
from geooffer.importers.placing import Anchor, Place, move_trace, parse_place, place_walks
from geooffer.importers.traces import Trace, merge_traces
from geooffer.model.keys import device_key
from goal_twin import NAMES, write_twin

BERLIN = Place(525_200_000, 134_050_000)
EARTH_RADIUS_M = 6_371_008.8
ROUNDING_M = 0.02
"""Two fixes, each within 0.8 cm of where it should be."""


def haversine_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    (latitude, longitude), (other_latitude, other_longitude) = np.radians(a), np.radians(b)
    half = math.sin((other_latitude - latitude) / 2) ** 2
    half += math.cos(latitude) * math.cos(other_latitude) * math.sin((other_longitude - longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(half))


def degrees(trace: Trace, key: int) -> list[tuple[float, float]]:
    """The fixes of a device in order of time."""
    rows = np.flatnonzero(trace.device_keys == key)
    rows = rows[np.argsort(trace.fix_times_ms[rows])]
    return [(trace.latitudes_e7[row] / 1e7, trace.longitudes_e7[row] / 1e7) for row in rows]


def test_formula_by_hand() -> None:
    """At 60° a degree of longitude is half a degree of latitude: 55,597.54 m."""
    walks = read_walk([(0.0, 0.0), (55_597.54, 0.0), (0.0, -1_111.9508)])
    trace = place_walks(walks, Place(600_000_000, -100_000_000), Anchor.FIRST)
    assert trace.latitudes_e7.tolist() == [600_000_000, 600_000_000, 599_900_000]
    assert trace.longitudes_e7.tolist() == [-100_000_000, -90_000_000, -100_000_000]


def read_walk(metres: list[tuple[float, float]]) -> LocalTrace:
    fixes = np.zeros(len(metres), dtype=LOCAL_FIX)
    fixes["device_key"] = 7
    fixes["fix_time_ms"] = np.arange(len(metres)) * 5_000
    fixes["east_m"], fixes["north_m"] = np.array(metres).T
    return LocalTrace(fixes, {7: "walk"})


@pytest.mark.parametrize("place", [BERLIN, Place(0, 0), Place(-337_000_000, 1_799_999_000), Place(800_000_000, 0)])
@pytest.mark.parametrize("anchor", list(Anchor))
def test_steps_keep_their_length(tmp_path: Path, place: Place, anchor: Anchor) -> None:
    """To what the module promises: n · tan(latitude) / R of a step, n metres from the place, and rounding."""
    walks = read_archive(write_twin(tmp_path))
    trace = place_walks(walks, place, anchor)
    tangent = abs(math.tan(math.radians(place.latitude_e7 / 1e7)))
    for name in NAMES:
        key = device_key(name)
        local = walks.fixes[walks.fixes["device_key"] == key]
        metres = list(zip(local["east_m"].tolist(), local["north_m"].tolist(), strict=True))
        placed = degrees(trace, key)
        reach_m = max(abs(n - metres[0][1]) for _, n in metres)
        for (a, b), (c, d) in zip(pairwise(metres), pairwise(placed), strict=True):
            bound_m = ROUNDING_M + math.dist(a, b) * 1.05 * reach_m * tangent / EARTH_RADIUS_M
            assert abs(haversine_m(c, d) - math.dist(a, b)) <= bound_m


@pytest.mark.parametrize("anchor", list(Anchor))
def test_every_anchor_lies_at_the_place(tmp_path: Path, anchor: Anchor) -> None:
    trace = place_walks(read_archive(write_twin(tmp_path)), BERLIN, anchor)
    for name in NAMES:
        fixes = np.array(degrees(trace, device_key(name)))
        point = fixes[0] if anchor is Anchor.FIRST else fixes.mean(axis=0)
        assert haversine_m((point[0], point[1]), (52.52, 13.405)) < ROUNDING_M


def test_the_first_fix_is_the_earliest_not_the_first_line() -> None:
    walks = read_walk([(100.0, 0.0), (0.0, 0.0), (50.0, 0.0)])
    walks.fixes["fix_time_ms"] = [10_000, 0, 5_000]
    trace = place_walks(walks, BERLIN, Anchor.FIRST)
    assert trace.longitudes_e7[1] == BERLIN.longitude_e7
    assert trace.longitudes_e7[0] > trace.longitudes_e7[2] > trace.longitudes_e7[1]


def test_over_the_antimeridian_and_back() -> None:
    walks = read_walk([(0.0, 0.0), (200.0, 0.0), (400.0, 10.0)])
    fiji = Place(-177_000_000, 1_799_990_000)
    there = merge_traces([place_walks(walks, fiji, Anchor.FIRST)], [])
    assert there.longitudes_e7[0] > 1_790_000_000
    assert there.longitudes_e7[2] < -1_790_000_000
    back = move_trace(there, BERLIN, Anchor.FIRST)
    direct = place_walks(walks, BERLIN, Anchor.FIRST)
    assert np.abs(back.longitudes_e7 - direct.longitudes_e7).max() <= 2
    assert np.abs(back.latitudes_e7 - direct.latitudes_e7).max() <= 2


def test_a_real_trace_keeps_its_metres_not_its_degrees(tmp_path: Path) -> None:
    """From the equator to 60°, where a degree of longitude is half as long."""
    walks = read_archive(write_twin(tmp_path))
    recorded = merge_traces([place_walks(walks, Place(0, 0), Anchor.CENTROID)], [])
    moved = move_trace(recorded, Place(600_000_000, 0), Anchor.CENTROID)
    assert (moved.fix_times_ms == recorded.fix_times_ms).all()
    assert moved.labels.tolist() == recorded.labels.tolist()
    for name in NAMES:
        before, after = degrees(recorded, device_key(name)), degrees(moved, device_key(name))
        for (a, b), (c, d) in zip(pairwise(before), pairwise(after), strict=True):
            assert haversine_m(c, d) == pytest.approx(haversine_m(a, b), rel=1e-3, abs=2 * ROUNDING_M)


def test_places_and_walks_that_a_plane_cannot_hold() -> None:
    with pytest.raises(InvalidArgumentError, match="within ±80 degrees"):
        Place(800_000_001, 0)
    with pytest.raises(InvalidArgumentError, match="more than 100 km from its anchor"):
        place_walks(read_walk([(0.0, -60_000.0), (0.0, 60_000.0)]), BERLIN, Anchor.FIRST)
    wide = place_walks(read_walk([(0.0, 0.0), (90_000.0, 0.0)]), Place(0, 0), Anchor.FIRST)
    wider = replace(wide, longitudes_e7=wide.longitudes_e7 * 2)
    with pytest.raises(InvalidArgumentError, match="more than 100 km from its anchor"):
        move_trace(wider, BERLIN, Anchor.FIRST)


def test_places_as_text() -> None:
    assert parse_place(" 52.52, 13.405 ") == BERLIN
    assert parse_place("-33.7,-180") == Place(-337_000_000, -1_800_000_000)
    for text in ("", "52.52", "52,52,13,405", "52.52;13.405", "x,y", "nan,1", "91,0", "0,180.5", "80.1,0"):
        with pytest.raises(InvalidArgumentError) as caught:
            parse_place(text)
        assert "52.52;" not in caught.value.message
