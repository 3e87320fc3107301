"""S12: the nearest other branches of every branch, against measuring every pair; chains over latitudes and oceans."""

from __future__ import annotations

import numpy as np
import pytest

from geooffer.engine.neighbours import distance_m, neighbour_lists
from geooffer.model.limits import NEIGHBOUR_STORE_COUNT_MAX, NEIGHBOUR_STORE_DISTANCE_MAX_M

TOWNS = {
    "one town": [(52.5, 13.4)],
    "two hemispheres": [(52.5, 13.4), (-33.9, 151.2)],
    "near the arctic and at the equator": [(69.6, 18.9), (-1.3, 36.8)],
    "on the date line": [(-17.0, 179.99)],
}


@pytest.mark.parametrize("towns", TOWNS)
def test_neighbours_are_the_nearest_by_measuring_every_pair(towns: str) -> None:
    rng = np.random.default_rng(4)
    places = []
    for number in range(240):
        latitude, longitude = TOWNS[towns][number % len(TOWNS[towns])]
        latitude, longitude = latitude + rng.normal(0, 0.1), longitude + rng.normal(0, 0.2)
        places.append((number, round(latitude * 1e7), round(((longitude + 180) % 360 - 180) * 1e7)))
    lists = neighbour_lists(places)
    for number, *here in places:
        far = sorted((int(distance_m(*here, *there)), other) for other, *there in places if other != number)
        nearest = [other for metres, other in far if metres <= NEIGHBOUR_STORE_DISTANCE_MAX_M]
        assert lists[number] == nearest[:NEIGHBOUR_STORE_COUNT_MAX]


def test_branches_at_one_address_come_by_number() -> None:
    assert neighbour_lists([(4, 0, 0), (2, 0, 0), (9, 0, 0)]) == {4: [2, 9], 2: [4, 9], 9: [2, 4]}
    assert neighbour_lists([]) == {}
