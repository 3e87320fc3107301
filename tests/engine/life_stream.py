"""Seeded lives of many phones among fences that come, move and go: the pings, and what happens to the catalog between
them. Not a test file.

Time goes in ticks: all rows of a tick arrive in the same millisecond, so they may come in any order but each device's
own. Between two ticks the catalog may change. Everything is drawn from one seed; nothing of it is real.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from world import NOW_MS, east_e7, north_e7

from geooffer.engine.shapes import circle, polygon_from_lonlat
from geooffer.model.catalog import Customer, Geofence
from geooffer.model.columns import PING, Int64Array, StructArray
from geooffer.model.shapes import Shape

DEVICE_COUNT = 64
PERSON_COUNT = 40
FENCE_ID_COUNT = 70
TICK_ROWS = 48
TOWN_M = 900.0
SECOND_MS = 1_000
MINUTE_MS = 60_000
UNKNOWN_DEVICE = 9_999
METRES_PER_DEGREE = 111_195.08

Rng = np.random.Generator


@dataclass(frozen=True)
class Change:
    """One thing that happens to the catalog before a tick. `fence` None: the fence is removed."""

    tick: int
    geofence_id: str
    fence: Geofence | None


@dataclass(frozen=True)
class Life:
    """Rows in order of arrival; ticks as their borders (n + 1,); changes by tick; when the sweep runs."""

    rows: StructArray
    ticks: Int64Array
    changes: dict[int, list[Change]]
    sweeps: frozenset[int]

    def now_ms(self, tick: int) -> int:
        return int(self.rows[self.ticks[tick]]["now_ms"])


def customers() -> list[Customer]:
    """64 phones of 40 persons: a third of them have two or three."""
    owned: dict[int, list[int]] = {}
    for device in range(1, DEVICE_COUNT + 1):
        owned.setdefault(device % PERSON_COUNT if device % 3 else device % 7, []).append(device)
    return [Customer(f"person-{number}", tuple(devices)) for number, devices in sorted(owned.items())]


def a_fence(rng: Rng, geofence_id: str, now_ms: int) -> Geofence:
    """A circle, a crooked polygon, or one with a hole, of 20 to 250 m; some are to come or to expire within the hour,
    some have numbers of their own.
    """
    east_m, north_m = rng.uniform(-TOWN_M, TOWN_M, 2).tolist()
    size_m = float(rng.uniform(20, 250))
    shape: Shape
    draw = rng.random()
    if draw < 0.5:
        shape = circle(north_e7(north_m), east_e7(east_m), round(size_m * 100))
    else:
        rings = [_ring(rng, east_m, north_m, size_m)]
        if draw > 0.8:
            rings.append(_ring(rng, east_m, north_m, 0.3 * size_m))
        shape = polygon_from_lonlat([rings])[0]
    draw = rng.random()
    own = rng.random() < 0.2
    return Geofence(
        geofence_id,
        shape,
        dwell_ms=int(rng.choice([0, 0, 30_000, 240_000])),
        valid_from_ms=now_ms + int(rng.integers(1, 10 * MINUTE_MS)) if draw < 0.08 else 0,
        valid_until_ms=now_ms + int(rng.integers(10 * MINUTE_MS, 60 * MINUTE_MS)) if draw > 0.8 else 0,
        enter_fix_count=int(rng.integers(1, 4)) if own else 0,
        exit_fix_count=int(rng.integers(1, 4)) if own else 0,
        outside_margin_cm=int(rng.choice([0, 3_000])) if own else 0,
    )


def _ring(rng: Rng, east_m: float, north_m: float, size_m: float) -> list[tuple[float, float]]:
    """A star-shaped ring of 5 to 24 corners."""
    count = int(rng.integers(5, 25))
    reach = size_m * rng.uniform(0.7, 1.3, count)
    angle = 2 * np.pi * np.arange(count) / count
    east, north = east_m + reach * np.cos(angle), north_m + reach * np.sin(angle)
    ring = [(east_e7(x) / 1e7, north_e7(y) / 1e7) for x, y in zip(east.tolist(), north.tolist(), strict=True)]
    return [*ring, ring[0]]


def _places(rng: Rng, count: int) -> tuple[np.ndarray, np.ndarray]:
    """One device's way in metres: she stands, strolls, rides, is moved away for good; single fixes are off by far."""
    pace = rng.choice([0.0, 15.0, 80.0], size=count // 40 + 1, p=[0.5, 0.35, 0.15]).repeat(40)[:count]
    east, north = (_bounced(rng.normal(0, 1, count) * pace + rng.uniform(-TOWN_M, TOWN_M)) for _ in range(2))
    moved = np.cumsum(rng.random(count) < 0.002)
    away = rng.uniform(-TOWN_M, TOWN_M, (int(moved[-1]) + 1, 2))
    noise = rng.normal(0, 12, (2, count))
    spike = np.where(rng.random(count) < 0.01, rng.normal(0, 3_000, (2, count)), 0)
    return east + away[moved, 0] + noise[0] + spike[0], north + away[moved, 1] + noise[1] + spike[1]


def _bounced(steps: np.ndarray) -> np.ndarray:
    """A random walk that turns back at the edge of the town."""
    way = np.cumsum(steps - steps[0]) + steps[0]
    return np.abs((way + TOWN_M) % (4 * TOWN_M) - 2 * TOWN_M) - TOWN_M


def draw_life(seed: int, ping_count: int, change_share: float = 0.1) -> Life:
    """`ping_count` rows, a few more where rows are repeated; changes before a share of the ticks."""
    rng = np.random.default_rng(seed)
    tick_count = -(-ping_count // TICK_ROWS)
    gaps_ms = rng.choice([1_000, 4_000, 15_000, 40_000], size=tick_count, p=[0.3, 0.4, 0.25, 0.05])
    gaps_ms = gaps_ms + np.where(rng.random(tick_count) < 0.002, 20 * MINUTE_MS, 0)
    tick_of = np.arange(ping_count) // TICK_ROWS
    now_ms = NOW_MS + np.cumsum(gaps_ms)[tick_of]
    rows = np.zeros(ping_count, dtype=PING)
    rows["now_ms"] = now_ms
    rows["device_key"] = rng.integers(1, DEVICE_COUNT + 1, ping_count)
    age_ms = rng.choice([0, 700, 5_000, 90_000, -20_000], size=ping_count, p=[0.72, 0.2, 0.05, 0.02, 0.01])
    rows["fix_time_ms"] = now_ms - age_ms
    rows["speed_cm_per_s"] = -1
    accuracies = [0, 300, 800, 2_000, 4_500, 9_000, 10_000, 30_000]
    rows["accuracy_cm"] = rng.choice(accuracies, size=ping_count, p=[0.05, 0.2, 0.25, 0.2, 0.15, 0.05, 0.05, 0.05])
    for device in range(1, DEVICE_COUNT + 1):
        own = np.flatnonzero(rows["device_key"] == device)
        _one_device(rng, rows, own)
    rows["device_key"][rng.random(ping_count) < 0.002] = UNKNOWN_DEVICE
    rows["malformed"] = rng.random(ping_count) < 0.002
    future = rng.random(ping_count) < 0.002
    rows["fix_time_ms"][future] = now_ms[future] + 45_000
    rows, tick_of = _with_repeats(rng, rows, tick_of)
    ticks = np.searchsorted(tick_of, np.arange(tick_count + 1))
    swept = frozenset(np.flatnonzero(rng.random(tick_count) < 0.05).tolist())
    starts_ms = NOW_MS + np.cumsum(gaps_ms)
    return Life(rows, ticks, _changes(rng, starts_ms, change_share), swept)


def _one_device(rng: Rng, rows: StructArray, own: Int64Array) -> None:
    """Her way, her silences (half an hour of fixes too coarse to count), her sessions."""
    if not len(own):
        return
    east_m, north_m = _places(rng, len(own))
    shrink = np.cos(np.radians(north_e7(0.0) / 1e7))
    rows["latitude_e7"][own] = north_e7(0.0) + np.rint(north_m / METRES_PER_DEGREE * 1e7).astype(np.int64)
    rows["longitude_e7"][own] = east_e7(0.0) + np.rint(east_m / METRES_PER_DEGREE / shrink * 1e7).astype(np.int64)
    rows["session_id"][own] = 1 + np.cumsum(rng.random(len(own)) < 0.01)
    numbers = np.arange(1, len(own) + 1)
    rows["sequence"][own] = np.where(rng.random(len(own)) < 0.3, 0, numbers)
    silent = np.repeat(rng.random(len(own) // 130 + 1) < 0.1, 130)[: len(own)]
    rows["accuracy_cm"][own[silent]] = 50_000


def _with_repeats(rng: Rng, rows: StructArray, tick_of: Int64Array) -> tuple[StructArray, Int64Array]:
    """3 % of the rows come once more, at once or up to 400 rows later, with the `now` of then."""
    again = np.flatnonzero(rng.random(len(rows)) < 0.03)
    later = np.minimum(again + rng.choice([1, 5, 400], size=len(again)), len(rows) - 1)
    copies = rows[again].copy()
    copies["now_ms"] = rows["now_ms"][later]
    order = np.argsort(np.concatenate([np.arange(len(rows)), later + 0.5]), kind="stable")
    return np.concatenate([rows, copies])[order], np.concatenate([tick_of, tick_of[later]])[order]


def _changes(rng: Rng, starts_ms: Int64Array, share: float) -> dict[int, list[Change]]:
    """At first a town full of fences; then now and then one or several are created, moved, removed, created again."""
    present = {f"fence-{number:02}" for number in range(FENCE_ID_COUNT // 2)}
    changes = {0: [Change(0, name, a_fence(rng, name, int(starts_ms[0]))) for name in sorted(present)]}
    for tick in (1 + np.flatnonzero(rng.random(len(starts_ms) - 1) < share)).tolist():
        changes[tick] = []
        for _ in range(int(rng.choice([1, 1, 2, 6]))):
            name = f"fence-{int(rng.integers(0, FENCE_ID_COUNT)):02}"
            if name in present and rng.random() < 0.5:
                present.discard(name)
                changes[tick].append(Change(tick, name, None))
            else:
                present.add(name)
                changes[tick].append(Change(tick, name, a_fence(rng, name, int(starts_ms[tick]))))
    return changes


def interleaved(life: Life, seed: int) -> Life:
    """The same rows of each device in the same order, the devices of each tick mingled otherwise."""
    rng = np.random.default_rng(seed)
    order = np.concatenate([start + _mingled(rng, life.rows[start:end]) for start, end in pairwise(life.ticks)])
    return Life(life.rows[order], life.ticks, life.changes, life.sweeps)


def _mingled(rng: Rng, rows: StructArray) -> Int64Array:
    """A random merge of the devices' own sequences."""
    devices = rows["device_key"]
    places = rng.permutation(devices)  # which device has each place
    left = {int(device): iter(np.flatnonzero(devices == device).tolist()) for device in np.unique(devices)}
    return np.array([next(left[int(device)]) for device in places], dtype=np.int64)


def batches(rng: Rng, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Rows of one stretch without a change, cut at random: whole, in single rows, or anything between."""
    if start == end:
        return
    share = float(rng.choice([0.0, 0.02, 0.2, 1.0], p=[0.5, 0.3, 0.18, 0.02]))
    cuts = (np.flatnonzero(rng.random(end - start - 1) < share) + start + 1).tolist()
    yield from pairwise([start, *cuts, end])
