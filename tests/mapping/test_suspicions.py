"""Each thing that may be wrong is found where it is put, and a town in order has none of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from town import MIDDLE, fence, square, store

from geooffer.engine.shapes import circle, polygon_from_lonlat
from geooffer.mapping.document import Suspicion, SuspicionKind
from geooffer.mapping.suspicions import find_suspicions, store_distances_m
from geooffer.model.catalog import Geofence, Store

COUNT = 8


def town() -> tuple[list[Geofence], list[Store]]:
    """Eight stores, each inside its own fence, the fences apart."""
    return [fence(number) for number in range(COUNT)], [store(number) for number in range(COUNT)]


def found(fences: list[Geofence], stores: list[Store]) -> list[tuple[SuspicionKind, tuple[str, ...], tuple[str, ...]]]:
    return [(each.kind, each.fences, each.stores) for each in find_suspicions(fences, stores)]


def only(fences: list[Geofence], stores: list[Store]) -> Suspicion:
    (suspicion,) = find_suspicions(fences, stores)
    return suspicion


def test_a_town_in_order_is_not_suspicious() -> None:
    assert find_suspicions(*town()) == []
    assert find_suspicions([], []) == []


def test_a_store_outside_its_fence() -> None:
    fences, stores = town()
    stores[3] = store(3, north_e7=9_000)  # 100.1 m north of the middle of a fence of 60 m
    suspicion = only(fences, stores)
    assert (suspicion.kind, suspicion.fences, suspicion.stores) == (
        SuspicionKind.STORE_OUTSIDE, ("fence-3",), ("store-3",),
    )  # fmt: skip
    assert suspicion.text == "store store-3: 40 m outside its nearest fence fence-3"


def test_a_store_a_few_metres_off_is_how_maps_are_drawn() -> None:
    fences, stores = town()
    stores[3] = store(3, north_e7=6_000)  # 66.7 m: 6.7 m outside
    assert find_suspicions(fences, stores) == []


def test_one_good_fence_is_enough_for_a_store() -> None:
    fences, stores = town()
    second = Geofence("car-park", circle(MIDDLE[0] + 20_000, MIDDLE[1], 6_000), store_id="store-0")
    assert find_suspicions([*fences, second], stores) == []


def test_a_fence_far_from_its_store() -> None:
    fences, stores = town()
    fences[2] = replace(fences[2], shape=circle(MIDDLE[0] + 450_000, fences[2].shape.longitude_e7, 6_000))  # type: ignore[union-attr]
    suspicion = only(fences, stores)
    assert (suspicion.kind, suspicion.fences, suspicion.stores) == (
        SuspicionKind.FAR_FROM_STORE, ("fence-2",), ("store-2",),
    )  # fmt: skip
    assert suspicion.text == "fence fence-2: 4.9 km from store store-2"


@pytest.mark.parametrize(("radius_cm", "kind"), [(600_000, SuspicionKind.AREA_HUGE), (500, SuspicionKind.AREA_TINY)])
def test_an_area_unlike_the_others(radius_cm: int, kind: SuspicionKind) -> None:
    fences, stores = town()
    alone = Geofence("odd", circle(MIDDLE[0] + 10_000_000, MIDDLE[1], radius_cm), store_id="store-odd")
    place = Store("store-odd", "", MIDDLE[0] + 10_000_000, MIDDLE[1], "Europe/Berlin")
    assert found([*fences, alone], [*stores, place]) == [(kind, ("odd",), ())]


def test_four_fences_have_no_usual_size() -> None:
    fences, stores = town()
    fences[0] = fence(0, radius_cm=500)
    assert found(fences[:4], stores[:4]) == []
    assert found(fences[:5], stores[:5]) == [(SuspicionKind.AREA_TINY, ("fence-0",), ())]


def test_the_same_shape_twice() -> None:
    fences, stores = town()
    again = replace(fences[5], geofence_id="again")
    assert found([*fences, again], stores) == [(SuspicionKind.IDENTICAL, ("fence-5", "again"), ())]


def test_the_same_polygon_begun_at_another_corner() -> None:
    first = square(13.4, 52.5, 0.001, hole=True)
    ring = [tuple(vertex) for vertex in first.parts[0].ring(0).tolist()]
    turned = [(x / 1e7, y / 1e7) for y, x in [*ring[2:], *ring[:3]]]
    hole = [(x / 1e7, y / 1e7) for y, x in first.parts[0].ring(1).tolist()]
    second, _ = polygon_from_lonlat([[turned, [*hole, hole[0]]]])
    assert first != second
    fences = [Geofence("a", first), Geofence("b", second)]
    assert (SuspicionKind.IDENTICAL, ("a", "b"), ()) in found(fences, [])


def test_latitude_and_longitude_swapped_in_a_fence() -> None:
    fences, stores = town()
    fences[4] = replace(fences[4], shape=circle(MIDDLE[1], MIDDLE[0], 6_000))
    suspicion = only(fences, stores)
    assert (suspicion.kind, suspicion.fences) == (SuspicionKind.SWAPPED, ("fence-4",))


def test_latitude_and_longitude_swapped_in_a_store() -> None:
    fences, stores = town()
    stores[4] = replace(stores[4], latitude_e7=MIDDLE[1], longitude_e7=MIDDLE[0])
    suspicion = only(fences, stores)
    assert (suspicion.kind, suspicion.fences, suspicion.stores) == (SuspicionKind.SWAPPED, (), ("store-4",))


def test_a_branch_abroad_is_not_swapped() -> None:
    fences, stores = town()
    place = Store("canaries", "", 281_000_000, -154_000_000, "Atlantic/Canary")
    there = Geofence("canaries", circle(281_000_000, -154_000_000, 6_000), store_id="canaries")
    assert find_suspicions([*fences, there], [*stores, place]) == []


def test_an_empty_cell_read_as_zero() -> None:
    fences, stores = town()
    fences[1] = replace(fences[1], shape=circle(0, 0, 6_000))
    suspicion = only(fences, stores)
    assert (suspicion.kind, suspicion.fences) == (SuspicionKind.AT_ZERO, ("fence-1",))


def test_a_fence_without_a_store() -> None:
    fences, stores = town()
    bare = replace(fences[0], geofence_id="bare", store_id="", shape=circle(MIDDLE[0] + 50_000, MIDDLE[1], 6_000))
    assert found([*fences, bare], stores) == [(SuspicionKind.NO_STORE, ("bare",), ())]


def test_a_store_without_a_fence_unless_it_is_the_web_shop() -> None:
    fences, stores = town()
    lonely = replace(stores[0], store_id="lonely")
    web = replace(stores[0], store_id="web", is_online=True)
    assert found(fences, [*stores, lonely, web]) == [(SuspicionKind.STORE_WITHOUT_FENCE, (), ("lonely",))]


def test_a_store_that_is_not_there_is_told_where_stores_are_known() -> None:
    fences, stores = town()
    fences[0] = replace(fences[0], store_id="gone")
    assert found(fences, stores[1:]) == [(SuspicionKind.UNKNOWN_STORE, ("fence-0",), ())]
    assert find_suspicions(fences, []) == []


def test_fences_of_two_stores_that_overlap() -> None:
    fences, stores = town()
    # two circles of 60 m: (2/π)(acos h − h√(1−h²)) with h = distance/120 m is 0.58 for 40.6 m, 0.26 for 74.5 m
    near = MIDDLE[1] + 6_000
    fences[1] = replace(fences[1], shape=circle(MIDDLE[0], near, 6_000))
    stores[1] = replace(stores[1], longitude_e7=near)
    suspicion = only(fences, stores)
    assert (suspicion.kind, suspicion.fences) == (SuspicionKind.OVERLAP, ("fence-0", "fence-1"))
    assert suspicion.text == "fence-0 and fence-1 share 58% of the smaller"
    farther = MIDDLE[1] + 11_000
    fences[1] = replace(fences[1], shape=circle(MIDDLE[0], farther, 6_000))
    stores[1] = replace(stores[1], longitude_e7=farther)
    assert find_suspicions(fences, stores) == []


def test_fences_of_one_store_may_overlap() -> None:
    fences, stores = town()
    inner = Geofence("door", circle(MIDDLE[0], MIDDLE[1], 3_000), store_id="store-0")
    assert find_suspicions([*fences, inner], stores) == []


def test_fences_at_the_antimeridian_are_neighbours() -> None:
    west = Geofence("west", square(179.9990, -17.0, 0.002), store_id="w")
    east = Geofence("east", square(-179.9998, -17.0, 0.002), store_id="e")
    stores = [
        Store("w", "", -169_990_000, 1_799_995_000, "Pacific/Fiji"),
        Store("e", "", -169_990_000, -1_799_990_000, "Pacific/Fiji"),
    ]
    assert found([west, east], stores) == [(SuspicionKind.OVERLAP, ("west", "east"), ("w", "e"))]
    assert store_distances_m([west, east], stores) == {0: 0.0, 1: 0.0}


def test_distances_to_polygons_and_circles_are_metres() -> None:
    # from 0.001° north of a square's edge: 111.2 m; the hole is not inside: 1/3 of 0.003° wide, its middle 55.6 m off
    polygon = Geofence("p", square(13.4, 52.5, 0.003, hole=True), store_id="north")
    hole = Geofence("h", square(13.4, 52.5, 0.003, hole=True), store_id="hole")
    away = Geofence("c", circle(525_000_000, 134_000_000, 5_000), store_id="north")
    stores = [
        Store("north", "", 525_040_000, 134_010_000, "Europe/Berlin"),
        Store("hole", "", 525_015_000, 134_015_000, "Europe/Berlin"),
    ]
    distances = store_distances_m([polygon, hole, away], stores)
    assert distances[0] == pytest.approx(111.195, abs=0.01)
    assert distances[1] == pytest.approx(111.195 * 0.5 * 0.6087, rel=0.01)
    assert distances[2] == pytest.approx(449.86 - 50, abs=0.1)
