"""Walks of the demo city: people on pavements and in shops, some in trams, as fixes of a phone with its errors.

A walk is a chain of waypoints with waits; a phone takes a fix every few seconds while its owner walks or
shops, and sleeps while she sits in a café. Fixes carry correlated noise, an honest accuracy, now and then a
coarse fix between high walls, or a message sent twice; half of the phones tell their speed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from geooffer.bench.city_people import Person
from geooffer.bench.city_stores import Shop
from geooffer.bench.city_streets import (
    COLUMN_COUNT,
    PAVEMENT_OFFSET_M,
    ROW_COUNT,
    FloatArray,
    Streets,
    to_e7,
)
from geooffer.model.columns import PING, StructArray

FIX_INTERVAL_MS = 10_000
START_SPREAD_MS = 120 * 60_000
_NOISE_M = 4.0
_NOISE_PERIOD_S = 30.0
"""GPS errors wander: they are drawn this far apart and joined by straight lines."""
_COARSE_SHARE = 0.012
_TWICE_SHARE = 0.002
_RIDER_SHARE = 0.04
_SPEED_NOISE_M_PER_S = 0.2


@dataclass(slots=True)
class _Plan:
    """Waypoints in metres with the seconds to wait there; `asleep` marks waits without fixes."""

    points: list[FloatArray]
    waits_s: list[float]
    asleep: list[bool]
    rides: bool = False

    def go(self, point: FloatArray, wait_s: float = 0.0, *, asleep: bool = False) -> None:
        self.points.append(point)
        self.waits_s.append(wait_s)
        self.asleep.append(asleep)


def build_walks(
    streets: Streets, shops: list[Shop], people: list[Person], rng: np.random.Generator, start_ms: int
) -> tuple[StructArray, dict[int, FloatArray]]:
    """Everybody's pings in order of time (PING rows, fix_time_ms set), and each device's true path (n, 2).

    A person's second device (a watch, a work phone) comes along: same way, fixes of its own.
    """
    weights = np.exp(-np.sqrt(np.array([shop.door_m @ shop.door_m for shop in shops])) / 400.0)
    weights /= weights.sum()
    parts: list[StructArray] = []
    paths: dict[int, FloatArray] = {}
    for person in people:
        plan = _plan_ride(streets, rng) if rng.random() < _RIDER_SHARE else _plan_walk(streets, shops, weights, rng)
        departure_ms = start_ms + int(rng.integers(1, START_SPREAD_MS))
        for key in person.customer.device_keys:
            parts.append(_fixes(plan, key, departure_ms + int(rng.integers(0, FIX_INTERVAL_MS)), rng))
            paths[key] = np.array(plan.points)
    pings = np.concatenate(parts) if parts else np.empty(0, PING)
    order = np.lexsort((pings["device_key"], pings["fix_time_ms"]))
    return pings[order], paths


def _plan_walk(streets: Streets, shops: list[Shop], weights: FloatArray, rng: np.random.Generator) -> _Plan:
    """An errand (one or two shops), an errand with the way back after a break, or a long tour with breaks."""
    plan = _Plan([], [], [])
    node = int(rng.integers(COLUMN_COUNT)), int(rng.integers(ROW_COUNT))
    draw = rng.random()
    shop_count = int(rng.integers(1, 3)) if draw < 0.88 else int(rng.integers(5, 7))
    side = 1 if rng.random() < 0.5 else -1
    drawn = rng.choice(len(shops), size=shop_count, replace=False, p=weights)
    visited = [shops[int(index)] for index in drawn]
    for index, shop in enumerate(visited):
        node = _walk_to_shop(plan, streets, shop, node, side, rng)
        if draw >= 0.88 and index + 1 < shop_count:
            plan.go(plan.points[-1], float(rng.uniform(16, 32)) * 60, asleep=True)
    if 0.66 < draw < 0.88:
        way_back = plan.points[::-1]
        plan.go(plan.points[-1], float(rng.uniform(20, 45)) * 60, asleep=True)
        for point in way_back[1:]:
            plan.go(point)
    return plan


def _plan_ride(streets: Streets, rng: np.random.Generator) -> _Plan:
    """By tram from one end of town to another: past every shop on the way, at no door."""
    plan = _Plan([], [], [], rides=True)
    start = int(rng.integers(COLUMN_COUNT)), 0
    end = int(rng.integers(COLUMN_COUNT)), ROW_COUNT - 1
    for a, b in pairwise(streets.route(start, end, rng)):
        along, left, length_m = streets.frame((a, b))
        for distance_m in (9.0, length_m - 9.0):
            plan.go(streets.at(a) + along * distance_m + left * PAVEMENT_OFFSET_M)
    return plan


def _walk_to_shop(
    plan: _Plan, streets: Streets, shop: Shop, start: tuple[int, int], side: int, rng: np.random.Generator
) -> tuple[int, int]:
    """Along the pavements to the shop's door, often inside for some minutes, and on to the next crossing."""
    first, last = shop.edge if rng.random() < 0.5 else shop.edge[::-1]
    nodes = streets.route(start, first, rng)
    for a, b in pairwise(nodes):
        along, left, length_m = streets.frame((a, b))
        if rng.random() < 0.25:
            side = -side
        for distance_m in (9.0, length_m - 9.0):
            plan.go(streets.at(a) + along * distance_m + left * side * PAVEMENT_OFFSET_M)
    plan.go(shop.door_m)
    if rng.random() < 0.7:
        plan.go(shop.floor_m, float(rng.uniform(60, 260)))
        plan.go(shop.door_m)
    plan.go(streets.at(last))
    return last


def _fixes(plan: _Plan, device_key: int, departure_ms: int, rng: np.random.Generator) -> StructArray:
    """One phone's pings along a plan, fixes a few seconds apart, none while asleep."""
    points = np.array(plan.points)
    speed_m_per_s = float(rng.uniform(9.5, 13.0) if plan.rides else rng.uniform(1.0, 1.6))
    legs_m = np.sqrt((np.diff(points, axis=0) ** 2).sum(axis=1))
    arrivals_s = np.concatenate([[0.0], np.cumsum(legs_m / speed_m_per_s + np.array(plan.waits_s[:-1]))])
    departures_s = arrivals_s + np.array(plan.waits_s)
    times_s = np.arange(0.0, departures_s[-1], FIX_INTERVAL_MS / 1000)
    knots_s = np.stack([arrivals_s, departures_s], axis=1).ravel()
    places = np.stack([np.interp(times_s, knots_s, np.repeat(points[:, axis], 2)) for axis in (0, 1)], axis=1)
    awake = np.ones(len(times_s), dtype=bool)
    for index in np.flatnonzero(np.array(plan.asleep)):
        awake &= ~((times_s > arrivals_s[index]) & (times_s < departures_s[index]))
    return _measure(places[awake], times_s[awake], device_key, departure_ms, rng)


def _measure(
    places: FloatArray, times_s: FloatArray, device_key: int, departure_ms: int, rng: np.random.Generator
) -> StructArray:
    """What the phone reports of where it is: wandering noise, accuracy, coarse fixes, repeats."""
    count = len(places)
    knots_s = np.arange(times_s[0], times_s[-1] + 2 * _NOISE_PERIOD_S, _NOISE_PERIOD_S)
    drawn_m = rng.normal(0.0, _NOISE_M, (len(knots_s), 2))
    noise = np.stack([np.interp(times_s, knots_s, drawn_m[:, axis]) for axis in (0, 1)], axis=1)
    accuracy_m = rng.uniform(4.0, 22.0, count)
    coarse = rng.random(count) < _COARSE_SHARE
    accuracy_m[coarse] = rng.uniform(110.0, 600.0, int(coarse.sum()))
    noise[coarse] *= 15.0
    pings = np.zeros(count, dtype=PING)
    pings["device_key"] = device_key
    pings["session_id"] = 1
    pings["sequence"] = np.arange(1, count + 1)
    pings["fix_time_ms"] = departure_ms + np.rint(times_s * 1000).astype(np.int64)
    pings["latitude_e7"], pings["longitude_e7"] = to_e7(places + noise)
    pings["accuracy_cm"] = np.rint(accuracy_m * 100)
    pings["speed_cm_per_s"] = _told_speeds(places, times_s, rng)
    twice = np.flatnonzero(rng.random(count) < _TWICE_SHARE)
    return np.insert(pings, twice + 1, pings[twice]) if len(twice) else pings


def _told_speeds(places: FloatArray, times_s: FloatArray, rng: np.random.Generator) -> FloatArray:
    """What the phone says of its speed at each fix, cm/s; −1 throughout where it says nothing."""
    count = len(places)
    noise = rng.normal(0.0, _SPEED_NOISE_M_PER_S, count)
    if rng.random() < 0.5 or count < 2:
        return np.full(count, -1.0)
    ways_m = np.sqrt((np.diff(places, axis=0) ** 2).sum(axis=1))
    speeds = ways_m / np.diff(times_s)
    told: FloatArray = np.rint(np.abs(np.append(speeds[:1], speeds) + noise) * 100)
    return told
