"""Where traces stand still, and that who stands at an edge enters once: on fixes whose truth is known."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import shapely

from edge_twin import M_PER_DEGREE, write_quarters
from geooffer.bench.flaps import distance_to_edge_m, without_hysteresis
from geooffer.bench.standing import (
    EDGES_PER_SPELL,
    Standing,
    false_enter_count,
    find_spells,
    stand_at_edges,
    with_accuracy,
)
from geooffer.engine.shapes import area_m2, polygon_from_lonlat, to_shapely
from geooffer.errors import InvalidArgumentError
from geooffer.importers.traces import SPEED_UNKNOWN, Trace
from geooffer.model.catalog import Geofence
from geooffer.model.policy import Policy
from geooffer.model.shapes import Circle
from invoking import CliRunner, geooffer_app

START_MS = 1_772_528_400_000
LATITUDE, LONGITUDE = 47.37, 8.55
STEP_S = 10


def recorded(device_key: int, east_m: list[float], north_m: list[float], start_s: int = 0) -> list[tuple[int, ...]]:
    shrink = math.cos(math.radians(LATITUDE))
    return [
        (
            START_MS + (start_s + STEP_S * index) * 1_000,
            device_key,
            round((LATITUDE + north / M_PER_DEGREE) * 1e7),
            round((LONGITUDE + east / M_PER_DEGREE / shrink) * 1e7),
        )
        for index, (east, north) in enumerate(zip(east_m, north_m, strict=True))
    ]


def trace_of(*rows: tuple[int, ...]) -> Trace:
    table = np.array(sorted(rows), dtype=np.int64)
    return Trace(
        device_keys=table[:, 1],
        fix_times_ms=table[:, 0],
        latitudes_e7=table[:, 2].astype(np.int32),
        longitudes_e7=table[:, 3].astype(np.int32),
        accuracies_cm=np.zeros(len(table), np.int32),
        speeds_cm_per_s=np.full(len(table), SPEED_UNKNOWN, np.int32),
        labels=np.full(len(table), "", np.str_),
        was_sorted=True,
    )


def walking_and_standing(device_key: int = 1, seed: int = 5) -> Trace:
    """200 s of walking at 1.4 m/s, 20 min of standing with 4 m of noise and three wild fixes, 200 s of walking on."""
    rng = np.random.default_rng(seed)
    walk = 1.4 * STEP_S * np.arange(20)
    stand = np.full(120, walk[-1]) + rng.normal(0, 4, 120)
    stand[[30, 70, 71]] += 400
    east = [*walk.tolist(), *stand.tolist(), *(walk + walk[-1]).tolist()]
    return trace_of(*recorded(device_key, east, rng.normal(0, 4, len(east)).tolist()))


def outlines() -> list[Geofence]:
    """A block and a block with an arm, as shops are."""
    x, y, d = 13.4, 52.5, 0.0004
    block = [(x, y), (x + d, y), (x + d, y + d), (x, y + d), (x, y)]
    arm = [(x, y), (x + 2 * d, y), (x + 2 * d, y + d / 3), (x + d, y + d / 3), (x + d, y + d), (x, y + d), (x, y)]
    return [Geofence(name, polygon_from_lonlat([[ring]])[0]) for name, ring in (("block", block), ("arm", arm))]


def test_a_spell_is_the_standing_and_wild_fixes_do_not_end_it() -> None:
    (spell,) = find_spells(walking_and_standing())
    assert spell.duration_ms == pytest.approx(20 * 60_000, abs=60_000)
    assert {20 + 30, 20 + 70, 20 + 71} < set(spell.rows.tolist())
    assert float(np.median(spell.east_m)) == float(np.median(spell.north_m)) == 0.0


@pytest.mark.parametrize("pace_m", [3.0, 14.0])
def test_who_walks_does_not_stand(pace_m: float) -> None:
    walk = (pace_m * np.arange(100)).tolist()
    assert find_spells(trace_of(*recorded(1, walk, [0.0] * 100))) == []


def test_a_silence_ends_a_spell() -> None:
    stand = [0.0] * 40
    one = find_spells(trace_of(*recorded(1, stand, stand), *recorded(1, stand, stand, start_s=39 * STEP_S + 300)))
    two = find_spells(trace_of(*recorded(1, stand, stand), *recorded(1, stand, stand, start_s=39 * STEP_S + 301)))
    assert (len(one), len(two)) == (1, 2)
    assert find_spells(trace_of(*recorded(1, [0.0] * 30, [0.0] * 30))) == [], "less than five minutes"


def test_every_outline_keeps_its_shape_and_has_its_edge_at_the_place() -> None:
    standing = stand_at_edges(walking_and_standing(), outlines())
    assert standing.spell_count == 1
    assert len(standing.fences) == EDGES_PER_SPELL
    for index, fence in enumerate(standing.fences):
        assert abs(distance_to_edge_m(fence, 520_000_000, 0)) < 0.05
        assert area_m2(fence.shape) == pytest.approx(area_m2(outlines()[index % 2].shape), rel=2e-3)
    points = {shapely.get_coordinates(to_shapely(fence.shape)).tobytes() for fence in standing.fences}
    assert len(points) == EDGES_PER_SPELL


def counted_false_enters(standing: Standing) -> int:
    """By point-in-polygon alone, fence by fence: how often a fix is inside after one that was not, less the first."""
    count = 0
    trace = standing.trace
    for fence in standing.fences:
        own = trace.device_keys == int(fence.geofence_id.split("-")[0]) + 1
        inside = shapely.intersects_xy(
            to_shapely(fence.shape), trace.longitudes_e7[own] / 1e7, trace.latitudes_e7[own] / 1e7
        )
        count += max(0, int(inside[0]) + int((inside[1:] & ~inside[:-1]).sum()) - 1)
    return count


def test_hysteresis_takes_the_false_enters_away_and_off_is_point_in_polygon() -> None:
    standing = with_accuracy(stand_at_edges(walking_and_standing(), outlines()), 1_000)
    off = false_enter_count(standing, without_hysteresis(Policy()))
    assert off == counted_false_enters(standing)
    assert off > 100
    # once each: the two wild fixes beside one another are two outside fixes (P2), and then she is back
    assert false_enter_count(standing, Policy()) <= EDGES_PER_SPELL
    assert false_enter_count(standing, Policy(exit_fix_count=3)) == 0


def test_every_spell_is_a_device_of_its_own_wherever_it_was() -> None:
    both = [walking_and_standing(1), walking_and_standing(2, seed=6)]
    rows = [
        (int(t.fix_times_ms[i]), int(t.device_keys[i]), int(t.latitudes_e7[i]), int(t.longitudes_e7[i]))
        for t in both
        for i in range(t.fix_count)
    ]
    standing = stand_at_edges(trace_of(*rows), outlines())
    assert standing.spell_count == 2
    assert standing.hours == pytest.approx(2 / 3, abs=0.04)
    counts = [false_enter_count(stand_at_edges(one, outlines()), without_hysteresis(Policy())) for one in both]
    assert false_enter_count(standing, without_hysteresis(Policy())) == sum(counts)


def test_nothing_to_stand_at_is_said() -> None:
    circle = Geofence("c", Circle(525_000_000, 134_000_000, 5_000))
    with pytest.raises(InvalidArgumentError, match="outline"):
        stand_at_edges(walking_and_standing(), [circle])
    walk = (14.0 * np.arange(100)).tolist()
    with pytest.raises(InvalidArgumentError, match="stands still"):
        stand_at_edges(trace_of(*recorded(1, walk, walk)), outlines())


def test_the_command_tells_enters_per_hour(tmp_path: Path) -> None:
    trace = walking_and_standing()
    lines = ["device_key,fix_time,latitude,longitude"] + [
        f"a,{np.datetime64(int(t), 'ms')}Z,{lat / 1e7:.7f},{lon / 1e7:.7f}"
        for t, lat, lon in zip(trace.fix_times_ms, trace.latitudes_e7, trace.longitudes_e7, strict=True)
    ]
    path = tmp_path / "walk.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = ["bench", "flaps", str(path), "--fences", str(write_quarters(tmp_path)), "--standing", "--accuracy", "10"]
    told = json.loads(CliRunner().invoke(geooffer_app(), [*command, "--json"]).stdout)
    (row,) = told["rows"]
    assert told["spells"] == 1
    assert row["off"] > row["on"]
    assert row["off_per_hour"] == pytest.approx(row["off"] / told["hours"] / EDGES_PER_SPELL, rel=0.02)
    assert "1 spells of standing" in CliRunner().invoke(geooffer_app(), command).stdout
