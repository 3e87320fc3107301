"""Numbers and shapes packed for a page come back bit by bit, by a decoder that is slow and obvious."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from town import fence, square

from geooffer.engine.shapes import polygon_from_lonlat
from geooffer.mapping.packing import pack_numbers, pack_paths, pack_points, pack_shapes, pack_steps
from geooffer.model.shapes import Polygon
from map_pages import numbers_of, shapes_of

INT53 = st.integers(-(2**53), 2**53)


@given(st.lists(INT53))
def test_numbers_come_back(numbers: list[int]) -> None:
    assert numbers_of(pack_numbers(numbers)) == numbers


def test_the_octets_are_those_of_the_format() -> None:
    # 0, −1, 1, −64, 64, 300: 00, 01, 02, 7f, 80 01, d8 04
    assert pack_numbers([0, -1, 1, -64, 64, 300]) == "AAECf4AB2AQ="
    assert pack_numbers([]) == ""


@given(st.lists(INT53.map(lambda value: value // 2)))
def test_steps_sum_up_to_the_numbers(numbers: list[int]) -> None:
    assert np.cumsum(numbers_of(pack_steps(numbers)), dtype=np.int64).tolist() == numbers


def test_points_and_paths_are_steps_from_point_to_point() -> None:
    assert numbers_of(pack_points([(10, 20), (11, 18)])) == [10, 20, 1, -2]
    assert numbers_of(pack_paths([[(10, 20)], [(11, 18), (11, 19)]])) == [1, 10, 20, 2, 1, -2, 0, 1]


def test_shapes_come_back_bit_by_bit() -> None:
    far = square(179.99, -17.0, 0.02)
    several, _ = polygon_from_lonlat(
        [[[(8.0, 47.0), (8.1, 47.0), (8.1, 47.1), (8.0, 47.0)]], [[(9, 47), (9.1, 47), (9.1, 47.1), (9, 47)]]]
    )
    shapes = [fence(1).shape, square(8.0, 47.0, 0.3, hole=True), far, several, fence(2, radius_cm=10_000_000).shape]
    read = shapes_of(pack_shapes(shapes))
    assert read[0] == (525_000_000, 134_100_000, 6_000)
    assert read[4] == (525_000_000, 134_200_000, 10_000_000)
    for shape, parts in zip(shapes[1:4], read[1:4], strict=True):
        assert isinstance(shape, Polygon)
        expected = [
            [list(map(tuple, part.ring(index).tolist())) for index in range(len(part.rings))] for part in shape.parts
        ]
        assert parts == expected
    # the part over the antimeridian keeps its own frame, past +180°
    assert isinstance(read[2], list)
    assert max(longitude for _, longitude in read[2][0][0]) == 1_800_100_000
