"""A real walk on real areas: 416 fixes of one phone in the quarters of Zürich, nothing shifted.

Every ping gets a verdict, enters and exits are those of a slow independent computation (walk_oracle.py), and with
an intent and stock for a shop in one quarter the walk fires exactly one offer. Where the shared data is absent the
committed synthetic twin proves the same.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import shapely
from running_shoes import EU_43, World, running_shoes_world
from scenario_stage import Stage
from shapely.geometry import shape
from synthetic_walk import write_areas, write_trace
from walk_oracle import Fix, Walker, expected_walk

from geooffer.importers.geojson import read_fences
from geooffer.importers.traces import read_traces
from geooffer.model.catalog import Geofence, StockFigure
from geooffer.model.columns import PING, StructArray
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.verdicts import OfferVerdict, TransitionCause, TransitionKind

StageAt = Callable[[int], AbstractAsyncContextManager[Stage]]
ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("GEOOFFER_SHARED_DATA", ROOT.parent / "shared" / "data"))


@dataclass(frozen=True)
class Walk:
    """One phone's trace among areas, as files."""

    areas: Path
    trace: Path
    fix_count: int
    invalid_area_count: int


@pytest.fixture(params=["zurich", "synthetic"])
def walk(request: pytest.FixtureRequest, tmp_path: Path) -> Walk:
    if request.param == "synthetic":
        return Walk(write_areas(tmp_path), write_trace(tmp_path), 240, 1)
    areas, trace = SHARED / "areas/zurich-city.geojson", SHARED / "traces/zurich_phone_google.csv"
    if not areas.exists() or not trace.exists():
        pytest.skip("the shared real data is absent (GEOOFFER_SHARED_DATA); its synthetic twin runs")
    return Walk(areas, trace, 416, 7)


def _expected(walk: Walk, fences: list[Geofence]) -> Walker:
    """The oracle's walk, from the files by csv, json and shapely alone; fence ids in order of registration."""
    features = json.loads(walk.areas.read_text(encoding="utf-8"))["features"]
    assert len(features) == len(fences)
    areas = {
        fence.geofence_id: shapely.make_valid(shape(feature["geometry"]))
        for fence, feature in zip(fences, features, strict=True)
    }
    with walk.trace.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    fixes = [
        Fix(
            int(datetime.fromisoformat(row["tracked_at"]).timestamp() * 1000),
            float(row["latitude"]), float(row["longitude"]), float(row["accuracy"]),
        )
        for row in rows
    ]  # fmt: skip
    return expected_walk(fixes, areas)


def _pings(walk: Walk, device_key: int) -> StructArray:
    trace = read_traces([walk.trace])
    pings = np.zeros(trace.fix_count, dtype=PING)
    pings["speed_cm_per_s"] = -1  # the phone does not tell
    pings["device_key"] = device_key
    pings["sequence"] = np.arange(1, trace.fix_count + 1)
    pings["fix_time_ms"] = trace.fix_times_ms
    pings["latitude_e7"], pings["longitude_e7"] = trace.latitudes_e7, trace.longitudes_e7
    pings["accuracy_cm"] = trace.accuracies_cm
    return pings


def _fences(walk: Walk) -> list[Geofence]:
    result = read_fences(walk.areas, repair=True)
    assert result.refusals == []
    assert sum(1 for row in result.rows if row.repair_note) == walk.invalid_area_count
    return [row.item for row in result.rows]


def _world_at(start_ms: int, fences: list[Geofence], shop_fence_id: str | None) -> World:
    """S1's shop and customer in the time of the trace; its offer is tried in `shop_fence_id`, if any."""
    world = running_shoes_world()
    shift_ms = start_ms - HOUR_MS
    return replace(
        world,
        stores=(replace(world.stores[0], time_zone="Europe/Zurich", opening_hours="24/7"),),
        fences=tuple(
            replace(fence, store_id="branch-mitte") if fence.geofence_id == shop_fence_id else fence for fence in fences
        ),
        prices=(
            replace(world.prices[0], valid_from_ms=shift_ms - 90 * DAY_MS),
            replace(world.prices[1], valid_from_ms=shift_ms - 2 * DAY_MS),
        ),
        offers=(
            replace(world.offers[0], valid_from_ms=shift_ms - DAY_MS, valid_until_ms=shift_ms + 5 * DAY_MS),
        ),
        stock=(StockFigure("branch-mitte", "veltra-glide", EU_43, 2, shift_ms),),
        touchpoints=tuple(replace(t, time_ms=shift_ms - 3 * DAY_MS) for t in world.touchpoints),
    )  # fmt: skip


async def test_each_ping_has_a_verdict_and_each_visit_is_the_oracles(stage_at: StageAt, walk: Walk) -> None:
    fences = _fences(walk)
    expected = _expected(walk, fences)
    pings = _pings(walk, device_key=4711)
    assert len(pings) == walk.fix_count == len(expected.verdicts)
    world = _world_at(int(pings["fix_time_ms"][0]), fences, None)
    async with stage_at(int(pings["fix_time_ms"][0]) - 1_000) as stage:
        await stage.set_up(world)
        told = await stage.send(pings, rows_per_message=50)
    assert told.verdict_names(len(pings)) == expected.verdicts
    events = [
        (
            TransitionKind(t.kind).name, TransitionCause(t.cause).name, t.geofence_id,
            t.event_time.ToMilliseconds(),
        )
        for t in told.transitions
    ]  # fmt: skip
    assert events == expected.events
    assert len(events) > 3
    assert told.offers == told.tries == []


async def test_with_intent_and_stock_it_fires_exactly_one_offer(stage_at: StageAt, walk: Walk) -> None:
    """The shop's quarter is one that the phone entered more than once, if there is any: still one offer."""
    fences = _fences(walk)
    enters = [name for kind, _, name, _ in _expected(walk, fences).events if kind == "ENTER"]
    quarter = max(enters, key=lambda name: (enters.count(name), name))
    pings = _pings(walk, device_key=4711)
    async with stage_at(int(pings["fix_time_ms"][0]) - 1_000) as stage:
        await stage.set_up(_world_at(int(pings["fix_time_ms"][0]), fences, quarter))
        told = await stage.send(pings, rows_per_message=50)
    assert [offer.offer_id for offer in told.offers] == ["spring-run"]
    assert told.offers[0].geofence_id == quarter
    assert len(told.try_verdicts) == enters.count(quarter)
    assert told.try_verdicts[0] == OfferVerdict.OFFERED
    assert set(told.try_verdicts[1:]) <= {OfferVerdict.ALREADY_OFFERED}
