"""The frame around the data, and plane figures of fences in it."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from geographiclib.geodesic import Geodesic
from town import fence, square

from geooffer.engine.shapes import to_shapely
from geooffer.mapping.outlines import centres_e7, great_circle_m, middle_longitude_e7, outlines
from geooffer.model.catalog import Geofence
from geooffer.model.units import EARTH_RADIUS_M

DEGREE = 10_000_000


@pytest.mark.parametrize(
    ("longitudes", "middle"),
    [
        ([], 0),
        ([13], 13),
        ([8, 14], 11),
        ([179, -179], 180),
        ([170, -160, -150], -170),
        ([-180, 180], 180),
    ],
)
def test_the_middle_is_opposite_the_widest_gap(longitudes: list[int], middle: int) -> None:
    found = middle_longitude_e7(np.array(longitudes, dtype=np.int64) * DEGREE)
    assert (found - middle * DEGREE) % (360 * DEGREE) == 0
    assert abs(found) <= 180 * DEGREE


def test_figures_are_those_of_the_engine_near_the_middle() -> None:
    fences = [fence(1), Geofence("p", square(8.0, 47.0, 0.01, hole=True))]
    for figure, one in zip(outlines(fences, 10 * DEGREE), fences, strict=True):
        expected = to_shapely(one.shape)
        assert shapely.symmetric_difference(figure, expected).area < 1e-3 * expected.area


def test_figures_move_by_whole_turns_into_the_frame() -> None:
    fences = [Geofence("w", square(179.9, -17.0, 0.2)), Geofence("e", square(-179.9, -17.0, 0.1))]
    west, east = outlines(fences, -180 * DEGREE)
    assert west.bounds == pytest.approx((-180.1, -17.0, -179.9, -16.8))
    assert east.bounds == pytest.approx((-179.9, -17.0, -179.8, -16.9))


def test_centres() -> None:
    fences = [fence(1), Geofence("p", square(179.9, -17.0, 0.4))]
    assert centres_e7(fences).tolist() == [[525_000_000, 134_100_000], [-168_000_000, -1_799_000_000]]
    assert centres_e7([]).shape == (0, 2)


def test_great_circles_are_geodesics_of_the_sphere() -> None:
    sphere = Geodesic(EARTH_RADIUS_M, 0)
    for a, b in [((525, 134), (473, 85)), ((-170, 1_799), (-170, -1_799)), ((0, 0), (10, 900))]:
        expected = sphere.Inverse(a[0] / 10, a[1] / 10, b[0] / 10, b[1] / 10)["s12"]
        found = great_circle_m(*(value * DEGREE // 10 for value in (*a, *b)))
        assert float(found) == pytest.approx(expected, rel=1e-9)
