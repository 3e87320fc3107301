"""What is left of a fence when exclusion zones with their buffers are cut out of it (privacy M3)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import shapely
import shapely.affinity

from geooffer.engine.shapes import area_m2, polygon_from_lonlat, to_shapely
from geooffer.errors import ExclusionZoneOverlapError
from geooffer.kernels.trig import METRES_PER_E7
from geooffer.model.exclusion import ExclusionZone
from geooffer.model.shapes import Circle, Polygon, Shape
from geooffer.model.units import E7_PER_DEGREE

_METRES_PER_DEGREE = METRES_PER_E7 * E7_PER_DEGREE
_MARGIN_FACTOR, _MARGIN_M = 1.05, 1.0
"""More than the buffer is cut, because what is left is judged by a test that errs towards touching."""
_LEAST_COSINE = 0.02
_SLIVER_M2 = 10.0


def clipped(shape: Shape, zones: Sequence[ExclusionZone]) -> tuple[Polygon, str]:
    """The rest of `shape`, and what was done to it. Raises ExclusionZoneOverlapError where nothing is left, or where
    a zone lies beside a pole, InvalidShapeError where the rest is no fence.
    """
    left = to_shapely(shape)
    for zone in zones:
        cut = _cut_of(zone)
        for turn in (-360.0, 0.0, 360.0):
            left = shapely.difference(left, shapely.affinity.translate(cut, xoff=turn))
    parts = [_rings(polygon) for polygon in shapely.get_parts(left) if _is_whole(polygon)]
    names = ", ".join(zone.zone_id for zone in zones)
    if not parts:
        raise ExclusionZoneOverlapError(f"nothing of the fence lies outside exclusion zone {names}", field="shape")
    polygon, _ = polygon_from_lonlat(parts, repair=True)
    count = f"{len(polygon.parts)} part{'s' if len(polygon.parts) > 1 else ''}"
    return polygon, f"clipped by exclusion zone {names}: {count} of {area_m2(polygon):.0f} square metres left"


def with_buffer(zone: ExclusionZone) -> Shape:
    """The zone with its buffer, to be looked at: within a few hundredths of it. Raises ExclusionZoneOverlapError beside
    a pole, InvalidShapeError where it is no shape of one fence.
    """
    if isinstance(zone.shape, Circle):
        return Circle(zone.shape.latitude_e7, zone.shape.longitude_e7, zone.shape.radius_cm + zone.buffer_cm)
    if not zone.buffer_cm:
        return zone.shape
    grown = _grown(zone, zone.buffer_cm / 100)
    polygon, _ = polygon_from_lonlat([_rings(part) for part in shapely.get_parts(grown)], repair=True)
    return polygon


def _cut_of(zone: ExclusionZone) -> Any:
    """The zone with its buffer in degrees, a little larger than it is."""
    return _grown(zone, zone.buffer_cm / 100 * _MARGIN_FACTOR + _MARGIN_M)


def _grown(zone: ExclusionZone, margin_m: float) -> Any:
    drawn = to_shapely(zone.shape)
    _, south, _, north = drawn.bounds
    farthest = max(abs(south), abs(north)) + margin_m / _METRES_PER_DEGREE
    cosine = math.cos(math.radians(min(farthest, 90.0)))
    if cosine < _LEAST_COSINE:
        rule = f"exclusion zone {zone.zone_id} lies beside a pole; nothing is clipped there"
        raise ExclusionZoneOverlapError(rule, field="shape")
    # metres north, and metres east as they are at the latitude where they are fewest: too wide elsewhere, never short
    east_m, north_m = _METRES_PER_DEGREE * cosine, _METRES_PER_DEGREE
    flat = shapely.affinity.scale(drawn, east_m, north_m, origin=(0, 0))
    return shapely.affinity.scale(flat.buffer(margin_m, quad_segs=16), 1 / east_m, 1 / north_m, origin=(0, 0))


def _is_whole(polygon: Any) -> bool:
    """An area worth keeping, and not a line or a sliver."""
    if polygon.geom_type != "Polygon" or polygon.is_empty:
        return False
    cosine = math.cos(math.radians(min(abs(polygon.bounds[1]), 90.0)))
    return bool(polygon.area * _METRES_PER_DEGREE**2 * cosine >= _SLIVER_M2)


def _rings(polygon: Any) -> list[list[tuple[float, float]]]:
    return [
        [((x + 180.0) % 360.0 - 180.0, y) for x, y in line.coords] for line in (polygon.exterior, *polygon.interiors)
    ]
