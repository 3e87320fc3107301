"""The compiled presence against a slow obvious model, on seeded walks; over every index; cut into any batches."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from presence_oracle import Area, Book, Device, Event, Fence, Fix
from world import LATITUDE_E7, LONGITUDE_E7, MINUTE_MS, NOW_MS, World, verdicts

from geooffer.engine.engine import Engine
from geooffer.engine.shapes import circle, polygon_from_lonlat
from geooffer.model.catalog import Customer, Geofence
from geooffer.model.columns import PING, Outcome, StructArray
from geooffer.model.policy import Policy
from geooffer.model.verdicts import PingVerdict, TransitionCause, TransitionKind

DEVICES = (1, 2, 3)


def random_area(rng: np.random.Generator, is_circle: bool) -> Area:
    """A circle or box of 20 m to 300 m within about half a kilometre."""
    latitude = LATITUDE_E7 / 1e7 + rng.uniform(-0.004, 0.004)
    longitude = LONGITUDE_E7 / 1e7 + rng.uniform(-0.006, 0.006)
    latitude, longitude = round(latitude, 7), round(longitude, 7)
    if is_circle:
        return Area(latitude, longitude, radius_m=float(round(rng.uniform(20, 300), 2)))
    return Area(latitude, longitude, half_degrees=float(round(rng.uniform(0.0004, 0.003), 7)))


def random_areas(rng: np.random.Generator, count: int) -> list[Area]:
    return [random_area(rng, index % 2 == 1) for index in range(count)]


def book_of(areas: list[Area]) -> dict[int, Fence]:
    return {index: Fence(area) for index, area in enumerate(areas)}


def geofence(index: int, area: Area, **settings: int) -> Geofence:
    if area.radius_m:
        shape = circle(round(area.latitude * 1e7), round(area.longitude * 1e7), round(area.radius_m * 100))
        return Geofence(f"fence-{index:02}", shape, **settings)
    h, x, y = area.half_degrees, area.longitude, area.latitude
    ring = [(x - h, y - h), (x + h, y - h), (x + h, y + h), (x - h, y + h), (x - h, y - h)]
    return Geofence(f"fence-{index:02}", polygon_from_lonlat([[ring]])[0], **settings)


class Walkers:
    """Three devices that wander, jump, fall silent, repeat themselves, send late, and date fixes ahead."""

    def __init__(self, rng: np.random.Generator, policy: Policy, now_ms: int = NOW_MS) -> None:
        self.rng = rng
        self.probe = Device(policy)
        self.now_ms = now_ms
        self.places = {device: [LATITUDE_E7 / 1e7, LONGITUDE_E7 / 1e7] for device in DEVICES}
        self.sequences = dict.fromkeys(DEVICES, 0)

    def walk(self, length: int, fences: Sequence[Fence]) -> StructArray:
        rng = self.rng
        rows = np.zeros(length, dtype=PING)
        for row in range(length):
            device = int(rng.choice(DEVICES))
            self.now_ms += int(rng.choice([500, 5_000, 20_000, 90_000, 5 * MINUTE_MS], p=[0.2, 0.4, 0.3, 0.09, 0.01]))
            if rng.random() < 0.01:
                self.now_ms += 16 * MINUTE_MS
            at, accuracy_m = self.next_place(device, fences)
            fix_time = self.now_ms - int(rng.choice([0, 1_000, 70_000, -40_000], p=[0.8, 0.14, 0.05, 0.01]))
            self.sequences[device] += 1
            rows[row]["device_key"], rows[row]["fix_time_ms"], rows[row]["now_ms"] = device, fix_time, self.now_ms
            rows[row]["latitude_e7"], rows[row]["longitude_e7"] = round(at[0] * 1e7), round(at[1] * 1e7)
            rows[row]["accuracy_cm"] = round(accuracy_m * 100)
            if device != DEVICES[0]:  # one sends no sequences
                rows[row]["session_id"], rows[row]["sequence"] = 5, self.sequences[device]
            if row and rng.random() < 0.05:
                rows[row] = rows[row - 1]
                rows[row]["now_ms"] = self.now_ms
        return rows

    def next_place(self, device: int, fences: Sequence[Fence]) -> tuple[list[float], float]:
        rng, place = self.rng, self.places[device]
        while True:
            step = float(rng.choice([0.0001, 0.0006, 0.05], p=[0.4, 0.5, 0.1]))
            at = [round(place[0] + rng.normal(0, step), 7), round(place[1] + rng.normal(0, 1.6 * step), 7)]
            at = [
                min(max(at[0], LATITUDE_E7 / 1e7 - 0.006), LATITUDE_E7 / 1e7 + 0.006),
                min(max(at[1], LONGITUDE_E7 / 1e7 - 0.009), LONGITUDE_E7 / 1e7 + 0.009),
            ]
            accuracy_m = float(rng.choice([0, 3, 8, 20, 45, 60, 95, 120]))
            if not self.probe.is_near_a_threshold(list(fences), at[0], at[1], accuracy_m):
                if rng.random() < 0.7:  # else it comes back from there
                    self.places[device] = at
                return at, accuracy_m


def random_walks(rng: np.random.Generator, length: int, areas: list[Area], policy: Policy) -> StructArray:
    return Walkers(rng, policy).walk(length, list(book_of(areas).values()))


def told_to(
    devices: Mapping[int, Device], policy: Policy, rows: StructArray, book: Book
) -> tuple[list[str], list[Event]]:
    """What the model makes of PING rows: verdicts and events."""
    verdicts, events = [], []
    for row, item in enumerate(rows):
        if item["accuracy_cm"] > policy.accuracy_max_cm:
            verdicts.append(PingVerdict.ACCURACY_TOO_COARSE.name)
            continue
        fix = Fix(
            int(item["fix_time_ms"]),
            int(item["now_ms"]),
            item["latitude_e7"] / 1e7,
            item["longitude_e7"] / 1e7,
            item["accuracy_cm"] / 100,
            int(item["session_id"]),
            int(item["sequence"]),
        )
        verdict, told = devices[int(item["device_key"])].take(row, fix, book)
        verdicts.append(verdict)
        events += told
    return verdicts, events


def expected_of(areas: list[Area], policy: Policy, rows: StructArray) -> tuple[list[str], list[Event]]:
    return told_to({key: Device(policy) for key in DEVICES}, policy, rows, book_of(areas))


def verdict_names(outcome: Outcome) -> list[str]:
    return [verdict.name for verdict in verdicts(outcome)]


def told_events(outcome: Outcome) -> list[Event]:
    return events_of(outcome.transitions)


def events_of(transitions: StructArray) -> list[Event]:
    return [
        (
            int(item["row"]),
            TransitionKind(int(item["kind"])).name,
            TransitionCause(int(item["cause"])).name,
            int(item["fence_number"]),
            int(item["event_time_ms"]),
        )
        for item in transitions
    ]


def build(areas: list[Area], policy: Policy, index_kind: str = "cells") -> Engine:
    return World(
        nouns=[geofence(index, area) for index, area in enumerate(areas)],
        prices=(),
        stock=(),
        customers=[Customer("ann", DEVICES)],
        touchpoints=(),
        policy=policy,
        index_kind=index_kind,
    ).build()


COUNTS = [*itertools.product((1, 2, 3), (1, 2, 3))]


@pytest.mark.parametrize(("enter_count", "exit_count"), COUNTS)
def test_t2_t4_p1_to_p5_random_walks_agree_with_the_obvious_model(enter_count: int, exit_count: int) -> None:
    policy = Policy(enter_fix_count=enter_count, exit_fix_count=exit_count)
    rng = np.random.default_rng(10 * enter_count + exit_count)
    areas = random_areas(rng, 14)
    rows = random_walks(rng, 900, areas, policy)
    outcome = build(areas, policy).step(rows)
    expected_verdicts, expected = expected_of(areas, policy, rows)
    assert verdict_names(outcome) == expected_verdicts
    assert told_events(outcome) == expected
    kinds = {event[1:3] for event in expected}
    assert kinds == {
        ("ENTER", "INITIAL"),
        ("ENTER", "MOVEMENT"),
        ("DWELL", "MOVEMENT"),
        ("EXIT", "MOVEMENT"),
        ("EXIT", "SILENT"),
    }, "the walk is too tame to prove anything"
    assert set(expected_verdicts) == {
        "ACCEPTED",
        "STALE_FIX",
        "ACCURACY_TOO_COARSE",
        "DUPLICATE",
        "FUTURE_FIX",
        "SUSPECT_JUMP",
    }


@pytest.mark.parametrize("index_kind", ["packed", "rtree"])
def test_p4_every_index_tells_the_same_events_and_visits_are_whole(index_kind: str) -> None:
    rng = np.random.default_rng(77)
    areas = random_areas(rng, 30)
    rows = random_walks(rng, 500, areas, Policy())
    by_cells = build(areas, Policy()).step(rows)
    other = build(areas, Policy(), index_kind).step(rows)
    for told, same in zip(by_cells, other, strict=True):
        assert np.array_equal(told, same)
    assert_visits_are_whole(by_cells)


def assert_visits_are_whole(outcome: Outcome) -> None:
    """P4: ENTER · DWELL? · EXIT, each once."""
    opened: dict[tuple[int, int], list[str]] = {}
    for item in outcome.transitions:
        visit = opened.setdefault((int(item["device_key"]), int(item["fence_number"])), [])
        kind = TransitionKind(int(item["kind"])).name
        assert kind == "ENTER" if not visit else kind in ("DWELL", "EXIT")
        assert kind not in visit
        if kind == "EXIT":
            visit.clear()
        else:
            visit.append(kind)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(40))
def test_p1_to_p5_many_random_walks(seed: int) -> None:
    rng = np.random.default_rng(1_000 + seed)
    policy = Policy(
        enter_fix_count=int(rng.integers(1, 4)),
        exit_fix_count=int(rng.integers(1, 4)),
        dwell_ms=int(rng.choice([0, 30_000, 60_000, 200_000])),
        outside_accuracy_percent=int(rng.choice([50, 100, 200])),
        silent_after_ms=int(rng.choice([3, 15])) * MINUTE_MS,
        jump_cm_per_s=int(rng.choice([500, 7_000, 20_000])),
        jump_fix_count=int(rng.integers(1, 6)),
    )
    areas = random_areas(rng, int(rng.integers(1, 40)))
    rows = random_walks(rng, 4_000, areas, policy)
    outcome = build(areas, policy).step(rows)
    assert (verdict_names(outcome), told_events(outcome)) == expected_of(areas, policy, rows)
    assert_visits_are_whole(outcome)
