"""Nearest branches, against measuring the way to each of them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy import zeros

from geooffer.engine.neighbours import Branches, Neighbours, distance_m, places_of
from geooffer.engine.registry import Registry
from geooffer.kernels.occasion import distance_cm
from geooffer.model.catalog import Campaign, Store
from geooffer.model.limits import NEIGHBOUR_STORE_COUNT_MAX, NEIGHBOUR_STORE_DISTANCE_MAX_M
from geooffer.model.tables import STORE_ROW

Point = tuple[int, int]
points = st.tuples(st.integers(-800_000_000, 800_000_000), st.integers(-1_800_000_000, 1_800_000_000))
city = st.tuples(st.integers(524_000_000, 526_000_000), st.integers(132_000_000, 136_000_000))


def registry_of(places: Sequence[Point], *, alternatives: bool = True) -> Registry:
    registry = Registry()
    for number, (latitude_e7, longitude_e7) in enumerate(places):
        registry.put(Store(f"s{number}", "", latitude_e7, longitude_e7, "Europe/Berlin"), 0)
    registry.put(Store("web", "", 0, 0, "Europe/Berlin", is_online=True), 0)
    registry.put(Campaign("c", offers_other_branch=alternatives), 0)
    return registry


def by_hand(registry: Registry, place: Point) -> list[tuple[int, int]]:
    return sorted((int(distance_m(*place, *where)), number) for number, *where in places_of(registry))


@settings(max_examples=60)
@given(st.lists(st.one_of(points, city), min_size=1, max_size=40), st.one_of(points, city), st.integers(1, 50))
def test_the_nearest_are_those_found_by_hand(places: list[Point], here: Point, count: int) -> None:
    registry = registry_of(places)
    assert Branches().nearest(registry, *here, count) == by_hand(registry, here)[:count]


@pytest.mark.parametrize("count", [1, 3])
def test_a_branch_that_opens_is_found_at_once(count: int) -> None:
    branches, registry = Branches(), registry_of([])
    assert branches.nearest(registry, 0, 0, count) == []
    registry.put(Store("new", "", 10, 10, "Europe/Berlin"), 0)
    assert branches.nearest(registry, 0, 0, count) == [(0, 1)]


@settings(max_examples=40)
@given(st.lists(city, min_size=1, max_size=30))
def test_neighbours_of_a_city_are_the_nearest_within_reach(places: list[Point]) -> None:
    registry = registry_of(places)
    rows = zeros(len(places) + 1, dtype=STORE_ROW)
    flat = Neighbours().place(registry, rows)
    for number, place in enumerate(places):
        start, count = int(rows["neighbour_start"][number]), int(rows["neighbour_count"][number])
        expected = [
            other
            for metres, other in by_hand(registry, place)
            if other != number and metres <= NEIGHBOUR_STORE_DISTANCE_MAX_M
        ]
        found = flat[start : start + count].tolist()
        assert len(found) == min(len(expected), NEIGHBOUR_STORE_COUNT_MAX)
        assert set(found) <= set(expected)
        assert found[:1] == expected[:1]


def test_nobody_asks_for_neighbours_where_no_campaign_does() -> None:
    registry = registry_of([(524_000_000, 132_000_000)] * 3, alternatives=False)
    assert len(Neighbours().place(registry, zeros(4, dtype=STORE_ROW))) == 0


@given(points, points)
def test_the_kernel_measures_the_same_way(first: Point, second: Point) -> None:
    expected_cm = distance_m(*first, *second) * 100
    assert distance_cm.py_func(*first, *second) == pytest.approx(expected_cm, rel=1e-9, abs=1.0)  # type: ignore[attr-defined]
