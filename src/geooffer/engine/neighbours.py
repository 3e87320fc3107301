"""The nearest other branches of each store, for the alternatives of S12; worked out anew only when stores moved."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, hypot, radians, sin

import numpy as np
from rtree import index as rtree_index

from geooffer.engine.registry import Registry
from geooffer.model.catalog import Store
from geooffer.model.columns import Int32Array, StructArray
from geooffer.model.limits import NEIGHBOUR_STORE_COUNT_MAX, NEIGHBOUR_STORE_DISTANCE_MAX_M
from geooffer.model.units import METRES_PER_E7

Place = tuple[int, int, int]
"""(store_number, latitude_e7, longitude_e7)."""
_TURN_E7 = 3_600_000_000


def distance_m(latitude_a_e7: int, longitude_a_e7: int, latitude_b_e7: int, longitude_b_e7: int) -> float:
    """Metres between two near places, in the local plane at the first (semantics G2)."""
    turn_e7 = (longitude_b_e7 - longitude_a_e7 + _TURN_E7 // 2) % _TURN_E7 - _TURN_E7 // 2
    east_m = turn_e7 * cos(radians(latitude_a_e7 / 1e7)) * METRES_PER_E7
    return hypot(east_m, (latitude_b_e7 - latitude_a_e7) * METRES_PER_E7)


def places_of(registry: Registry) -> tuple[Place, ...]:
    """All branches that can be visited, by number."""
    return tuple(
        sorted(
            (registry.number(Store, store.store_id), store.latitude_e7, store.longitude_e7)
            for store in registry.stores.values()
            if not store.is_online
        )
    )


class Branches:
    """All branches of one catalog generation as columns, so that finding the nearest does not hold up pings."""

    def __init__(self) -> None:
        self._generation = -1
        self._numbers = np.zeros(0, dtype=np.int64)
        self._latitudes_e7 = np.zeros(0, dtype=np.int64)
        self._longitudes_e7 = np.zeros(0, dtype=np.int64)

    def nearest(self, registry: Registry, latitude_e7: int, longitude_e7: int, count: int) -> list[tuple[int, int]]:
        """(distance in whole metres, store number) of the nearest branches, nearest first; ties by number."""
        if self._generation != registry.generation:
            places = np.array(places_of(registry), dtype=np.int64).reshape(-1, 3)
            self._numbers, self._latitudes_e7, self._longitudes_e7 = places[:, 0], places[:, 1], places[:, 2]
            self._generation = registry.generation
        turns_e7 = (self._longitudes_e7 - longitude_e7 + _TURN_E7 // 2) % _TURN_E7 - _TURN_E7 // 2
        east_m = turns_e7 * (cos(radians(latitude_e7 / 1e7)) * METRES_PER_E7)
        north_m = (self._latitudes_e7 - latitude_e7) * METRES_PER_E7
        metres = np.hypot(east_m, north_m).astype(np.int64)
        if count < len(metres):
            reach_m = np.partition(metres, count - 1)[count - 1]
            chosen = np.flatnonzero(metres <= reach_m)
        else:
            chosen = np.arange(len(metres))
        order = chosen[np.lexsort((self._numbers[chosen], metres[chosen]))][:count]
        return list(zip(metres[order].tolist(), self._numbers[order].tolist(), strict=True))


def _ranked(places: Sequence[Place], latitude_e7: int, longitude_e7: int) -> list[tuple[int, int]]:
    """(distance in whole metres, store number) of a few branches, nearest first; ties by number."""
    return sorted((int(distance_m(latitude_e7, longitude_e7, place[1], place[2])), place[0]) for place in places)


class Neighbours:
    """The lists of the present places."""

    def __init__(self) -> None:
        self._places: tuple[Place, ...] = ()
        self._lists: dict[int, list[int]] = {}

    def place(self, registry: Registry, stores: StructArray) -> Int32Array:
        """Write start and count into STORE_ROWs; returns store numbers, nearest first per store."""
        if not any(campaign.offers_other_branch for campaign in registry.campaigns.values()):
            return np.zeros(0, dtype=np.int32)  # nobody asks
        places = places_of(registry)
        if places != self._places:
            self._places, self._lists = places, neighbour_lists(places)
        flat: list[int] = []
        for number, others in self._lists.items():
            stores["neighbour_start"][number], stores["neighbour_count"][number] = len(flat), len(others)
            flat.extend(others)
        return np.array(flat, dtype=np.int32)


def neighbour_lists(places: Sequence[Place]) -> dict[int, list[int]]:
    """By store number: the nearest other branches within reach.

    A tree in space finds candidates, twice as many as wanted: chords through the earth are ordered as the ways over
    it, at every latitude and over the date line. Distances in the local plane order them.
    """
    if not places:
        return {}
    points = {number: _in_space(latitude_e7, longitude_e7) for number, latitude_e7, longitude_e7 in places}
    by_number = {place[0]: place for place in places}
    boxes = ((number, (*point, *point), None) for number, point in points.items())
    tree = rtree_index.Index(boxes, properties=rtree_index.Property(dimension=3))
    lists = {}
    for number, point in points.items():
        found = [by_number[other] for other in tree.nearest((*point, *point), 2 * NEIGHBOUR_STORE_COUNT_MAX + 1)]
        ranked = _ranked(found, by_number[number][1], by_number[number][2])
        lists[number] = [
            other for metres, other in ranked if other != number and metres <= NEIGHBOUR_STORE_DISTANCE_MAX_M
        ][:NEIGHBOUR_STORE_COUNT_MAX]
    return lists


def _in_space(latitude_e7: int, longitude_e7: int) -> tuple[float, float, float]:
    """The place on the unit sphere."""
    latitude, longitude = radians(latitude_e7 / 1e7), radians(longitude_e7 / 1e7)
    return cos(latitude) * cos(longitude), cos(latitude) * sin(longitude), sin(latitude)
