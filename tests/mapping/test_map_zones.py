"""Exclusion zones on the map: with their buffers, and said where these cannot be drawn."""

from __future__ import annotations

from math import cos, pi, radians

import pytest

from geooffer.engine.shapes import area_m2, circle, polygon_from_lonlat
from geooffer.mapping.document import EXCLUSION_ZONE, map_zones
from geooffer.model.exclusion import ExclusionZone, ZoneCategory
from geooffer.model.shapes import Circle, Polygon

METRES_PER_DEGREE = 111_195.0


def block(longitude: float, latitude: float, side_m: float) -> Polygon:
    east, north = side_m / METRES_PER_DEGREE / cos(radians(latitude)), side_m / METRES_PER_DEGREE
    corners = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]
    ring = [((longitude + x * east + 180) % 360 - 180, latitude + y * north) for x, y in corners]
    return polygon_from_lonlat([[ring]])[0]


def drawn(zone: ExclusionZone) -> tuple[object, str]:
    (area,) = map_zones([zone])
    assert area.kind == EXCLUSION_ZONE
    return area.fence.shape, area.fence.name


@pytest.mark.parametrize(("longitude", "latitude"), [(13.4, 52.5), (179.9995, -17.0), (0.0, 0.0)])
def test_a_buffer_is_drawn_around_a_polygon_and_a_disc(longitude: float, latitude: float) -> None:
    zone = ExclusionZone("z", ZoneCategory.SCHOOL, block(longitude, latitude, 100.0), 5_000)
    shape, name = drawn(zone)
    assert isinstance(shape, Polygon)
    assert area_m2(shape) == pytest.approx(100**2 + 4 * 100 * 50 + pi * 50**2, rel=0.02)
    assert name == "school, buffer 50 m"
    assert drawn(ExclusionZone("z", ZoneCategory.SCHOOL, zone.shape))[0] == zone.shape
    disc = circle(round(latitude * 1e7), round(longitude * 1e7), 3_000)
    assert drawn(ExclusionZone("z", ZoneCategory.SCHOOL, disc, 5_000))[0] == Circle(*disc_place(disc), 8_000)


def disc_place(disc: Circle) -> tuple[int, int]:
    return disc.latitude_e7, disc.longitude_e7


def test_a_buffer_that_cannot_be_drawn_is_said() -> None:
    """Beside a pole; the zone itself is there."""
    zone = ExclusionZone("z", ZoneCategory.OTHER, block(20.0, 89.95, 100.0), 5_000, "Station")
    assert drawn(zone) == (zone.shape, "Station (other, buffer 50 m, not drawn)")
