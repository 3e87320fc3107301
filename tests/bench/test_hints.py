"""Synthetic walks asleep and awake: every ENTER, EXIT and DWELL of the full stream comes in the reduced one (S14)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from geooffer.bench.hints import STYLES, Style, compare, walk_all, walk_asleep
from geooffer.engine.shapes import circle, polygon_from_lonlat
from geooffer.importers.traces import Trace
from geooffer.kernels.compile import compile_all
from geooffer.model.catalog import Geofence
from geooffer.model.policy import Policy
from geooffer.model.verdicts import TransitionKind
from goal_twin import write_twin
from invoking import CliRunner, geooffer_app

LATITUDE, LONGITUDE = 52.52, 13.40
METRES_NORTH, METRES_EAST = 1 / 111_195.08, 1 / (111_195.08 * 0.6085)
LOOKING = [style for style in STYLES if not style.is_blind]


def town() -> list[Geofence]:
    """Shops about every 400 m, some side by side, and four quarters that touch one another."""
    rng = np.random.default_rng(5)
    fences = []
    for index in range(60):
        north, east = rng.uniform(-1_500, 1_500, 2)
        place = (round((LATITUDE + north * METRES_NORTH) * 1e7), round((LONGITUDE + east * METRES_EAST) * 1e7))
        fences.append(Geofence(f"shop-{index}", circle(*place, int(rng.integers(1_500, 8_000))), dwell_ms=90_000))
    for index, (south, west) in enumerate(((-1, -1), (-1, 0), (0, -1), (0, 0))):
        low_x, low_y = LONGITUDE + west * 0.03, LATITUDE + south * 0.02
        ring = [(low_x, low_y), (low_x + 0.03, low_y), (low_x + 0.03, low_y + 0.02), (low_x, low_y + 0.02)]
        fences.append(Geofence(f"quarter-{index}", polygon_from_lonlat([[[*ring, ring[0]]]])[0]))
    return fences


def walks(seed: int, device_count: int, fix_count: int, accuracy_m: float, gap_s: float = 5.0) -> Trace:
    """Who walks, stands, walks on: 1.3 m/s with GPS noise; some fixes coarse, some without accuracy, a few far off."""
    rng = np.random.default_rng(seed)
    columns: list[list[np.ndarray]] = [[] for _ in range(5)]
    for device in range(device_count):
        stands = np.repeat(rng.random(fix_count // 20 + 1) < 0.4, 20)[:fix_count]
        heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.15, fix_count))
        step_m = np.where(stands, 0.0, 1.3 * gap_s)
        noise = rng.normal(0, accuracy_m / 3, (2, fix_count))
        north = rng.uniform(-900, 900) + np.cumsum(np.cos(heading) * step_m) + noise[0]
        east = rng.uniform(-900, 900) + np.cumsum(np.sin(heading) * step_m) + noise[1]
        north += np.where(rng.random(fix_count) < 0.004, 4_000.0, 0.0)
        accuracy = np.where(rng.random(fix_count) < 0.1, accuracy_m * 8, accuracy_m)
        accuracy[rng.random(fix_count) < 0.1] = 0.0
        times = 1_772_528_400_000 + np.round(np.arange(fix_count) * gap_s * 1_000 + rng.uniform(0, 400, fix_count))
        values = (np.full(fix_count, device + 1), times, (LATITUDE + north * METRES_NORTH) * 1e7,
                  (LONGITUDE + east * METRES_EAST) * 1e7, accuracy * 100)  # fmt: skip
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    keys, times, latitudes, longitudes, accuracies = (np.concatenate(column) for column in columns)
    order = np.lexsort((keys, times))
    return Trace(
        device_keys=keys[order].astype(np.int64),
        fix_times_ms=times[order].astype(np.int64),
        latitudes_e7=np.rint(latitudes[order]).astype(np.int32),
        longitudes_e7=np.rint(longitudes[order]).astype(np.int32),
        accuracies_cm=np.rint(accuracies[order]).astype(np.int32),
        speeds_cm_per_s=np.full(len(order), -1, np.int32),
        labels=np.full(len(order), ""),
        was_sorted=False,
    )


def judge(trace: Trace, style: Style, policy: Policy | None = None) -> float:
    """Raises where something of the full stream is missing, or late; returns how many times fewer pings it took."""
    policy = policy or Policy()
    full, asleep = walk_all(trace, town(), policy), walk_asleep(trace, town(), policy, style)
    found = compare(trace, full, asleep)
    assert found.enter_count > 5
    assert (found.kept_count, found.extra_count) == (found.enter_count, 0)
    assert found.delays_s[-1] == 0.0
    assert found.kept_dwell_count == found.dwell_count
    told = [[e for e in walked.events if e.kind != TransitionKind.DWELL] for walked in (full, asleep)]
    assert [(e.device_key, e.fence_id, e.kind, e.time_ms) for e in told[0]] == [
        (e.device_key, e.fence_id, e.kind, e.time_ms) for e in told[1]
    ]
    return trace.fix_count / (asleep.sent_count + asleep.asked_count)


@pytest.mark.parametrize("style", LOOKING, ids=lambda style: style.name)
@pytest.mark.parametrize("accuracy_m", [6.0, 30.0])
def test_s14_no_event_is_lost_asleep(style: Style, accuracy_m: float) -> None:
    compile_all()
    fewer = judge(walks(1, 6, 400, accuracy_m), style)
    assert fewer > (4.0 if accuracy_m < 10 else 1.5)


@pytest.mark.parametrize("counts", [(2, 2), (1, 3), (3, 2), (3, 3)])
def test_s14_no_event_is_lost_where_several_fixes_must_agree(counts: tuple[int, int]) -> None:
    compile_all()
    policy = Policy(enter_fix_count=counts[0], exit_fix_count=counts[1])
    judge(walks(2, 6, 300, 6.0), LOOKING[1], policy)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(30))
def test_s14_no_event_is_lost_asleep_on_many_walks(seed: int) -> None:
    compile_all()
    rng = np.random.default_rng(seed)
    trace = walks(100 + seed, 12, 600, float(rng.choice([4.0, 8.0, 15.0, 40.0])), float(rng.choice([1.0, 5.0, 30.0])))
    for style in LOOKING:
        judge(trace, style)


def test_s14_a_phone_that_does_not_look_takes_fewer_fixes_and_keeps_visits() -> None:
    compile_all()
    trace = walks(3, 6, 400, 6.0)
    full = walk_all(trace, town(), Policy())
    blind = walk_asleep(trace, town(), Policy(), STYLES[-1])
    found = compare(trace, full, blind)
    assert blind.looked_count < trace.fix_count * 0.8
    assert found.kept_count >= found.enter_count * 0.9


def test_bench_hints_prints_what_it_measured(tmp_path: Path) -> None:
    fences = tmp_path / "fences.geojson"
    places = [{"type": "Point", "coordinates": [13.4, 52.5 + n * 0.002]} for n in range(5)]
    points = [{"type": "Feature", "id": f"p{n}", "properties": {}, "geometry": at} for n, at in enumerate(places)]
    fences.write_text(json.dumps({"type": "FeatureCollection", "features": points}))
    options = [
        "bench",
        "hints",
        str(write_twin(tmp_path)),
        "--fences",
        str(fences),
        "--clusters",
        "2",
        "--accuracy",
        "5",
    ]
    printed = CliRunner().invoke(geooffer_app(), [*options, "--json"])
    assert printed.exit_code == 0, printed.output
    report = json.loads(printed.stdout)
    assert report["fixes"] == 200
    assert [row["enters"] == row["enters_kept"] for row in report["styles"][:3]] == [True] * 3
    assert report["styles"][0]["enters"] > 0
    assert "ENTERs kept" in CliRunner().invoke(geooffer_app(), options).stdout


def fixes(rows: list[tuple[int, float]]) -> Trace:
    """Accurate fixes of one device, (second, metres north of the middle of the town's first shop)."""
    shop = town()[0].shape
    seconds, north = np.array(rows).T
    count = len(rows)
    return Trace(
        device_keys=np.ones(count, np.int64),
        fix_times_ms=(1_772_528_400_000 + seconds * 1_000).astype(np.int64),
        latitudes_e7=np.rint(shop.latitude_e7 + north * METRES_NORTH * 1e7).astype(np.int32),
        longitudes_e7=np.full(count, shop.longitude_e7, np.int32),
        accuracies_cm=np.full(count, 500, np.int32),
        speeds_cm_per_s=np.full(count, -1, np.int32),
        labels=np.full(count, ""),
        was_sorted=False,
    )


def test_s14_t4_who_is_found_far_away_in_a_second_enters_no_earlier_asleep() -> None:
    """Two recordings end to end: the service must not take the jump for the way of a minute that the phone slept."""
    compile_all()
    only_shop = town()[:1]
    trace = fixes([(n, 1_000.0) for n in range(60)] + [(60 + n, 0.0) for n in range(10)])
    full = walk_all(trace, only_shop, Policy())
    asleep = walk_asleep(trace, only_shop, Policy(), STYLES[0])
    assert [(event.kind, event.fix) for event in full.events] == [(TransitionKind.ENTER, 62)]
    assert asleep.events == full.events
    assert asleep.sent_count < 15


def test_visits_that_silence_parts_are_matched_one_to_one() -> None:
    """One fix tells the EXIT of the first visit and the ENTER of the second."""
    compile_all()
    trace = fixes([(0, 0.0), (1_000, 0.0), (2_000, 0.0)])
    full = walk_all(trace, town()[:1], Policy())
    found = compare(trace, full, full)
    assert (found.enter_count, found.kept_count, found.extra_count) == (3, 3, 0)


def test_s14_rare_fixes_are_sent_often_enough_that_no_visit_falls_silent() -> None:
    compile_all()
    trace = fixes([(480 * n, 0.0) for n in range(12)])
    full = walk_all(trace, town()[:1], Policy())
    asleep = walk_asleep(trace, town()[:1], Policy(), STYLES[0])
    assert asleep.events == full.events
    assert [event.kind for event in full.events] == [TransitionKind.ENTER, TransitionKind.DWELL]
