"""What a sleeping phone's own geofencing should watch near a place (product S14), by the published fences alone."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from geooffer.kernels.regions import cover_pieces, pieces_near
from geooffer.model.columns import StructArray
from geooffer.model.fence_tables import FenceTables
from geooffer.model.shapes import Circle
from geooffer.model.units import E7_PER_DEGREE, EARTH_RADIUS_M
from geooffer.model.wake import PIECE, PIECE_COUNT_MAX, REGION_RADIUS_MIN_M, VALIDITY_RADIUS_MAX_M

_GROWTHS = ((120.0, 0.2, 400.0), (200.0, 0.3, 600.0), (300.0, 0.4, 800.0), (500.0, 0.5, 1_000.0))
"""How large circles may become: metres, share of the way to them, and then at most; least first."""
_VALIDITY_WANTED_M = 1_000.0
"""Coarser circles are tried until the answer holds this far: to ask again costs a phone more than to wake in vain."""
_VALIDITY_MIN_M = 2 * REGION_RADIUS_MIN_M


class WakeRegions(NamedTuple):
    """Circles whose union contains every boundary of a fence within `validity_radius_m` of the place."""

    regions: tuple[Circle, ...]
    validity_radius_m: int


def wake_regions(fences: FenceTables, latitude_e7: int, longitude_e7: int, region_count_max: int) -> WakeRegions:
    """The regions of a place, nearest rim first. region_count_max ≥ 1."""
    pieces, reach_m = _pieces(fences, latitude_e7, longitude_e7)
    regions = np.zeros(region_count_max, PIECE)
    validity_m = 0.0
    for growth in _GROWTHS:
        validity_m = cover_pieces(pieces, region_count_max, reach_m, *growth, regions)
        if validity_m >= min(reach_m, _VALIDITY_WANTED_M):
            break
    if validity_m < _VALIDITY_MIN_M:
        # boundaries everywhere: within the circle itself nobody sleeps
        here = Circle(latitude_e7, longitude_e7, _VALIDITY_MIN_M * 100)
        return WakeRegions((here,), _VALIDITY_MIN_M)
    circles = [_circle_of(region) for region in regions[regions["radius_m"] > 0]]
    validity_radius_m = math.floor(validity_m)
    circles = [circle for circle in circles if _rim_m(circle, latitude_e7, longitude_e7) <= validity_radius_m]
    circles.sort(key=lambda circle: _rim_m(circle, latitude_e7, longitude_e7))
    return WakeRegions(tuple(circles), validity_radius_m)


def _pieces(fences: FenceTables, latitude_e7: int, longitude_e7: int) -> tuple[StructArray, float]:
    """PIECE rows ascending by away_m, and how far from the place they are complete."""
    pieces = np.zeros(PIECE_COUNT_MAX, PIECE)
    reach_m = float(VALIDITY_RADIUS_MAX_M)
    while (count := pieces_near(fences, latitude_e7, longitude_e7, reach_m, pieces)) < 0:
        if reach_m < 1.0:
            return pieces[:0], 0.0
        reach_m *= 0.5
    found = pieces[:count]
    return found[np.argsort(found["away_m"], kind="stable")], reach_m


def _circle_of(region: np.void) -> Circle:
    """The circle on the sphere that contains a ball, in whole E7 units and metres."""
    x, y, z, radius_m, _ = region.tolist()
    middle_m = math.sqrt(x * x + y * y + z * z)
    latitude_e7 = round(math.degrees(math.asin(max(-1.0, min(1.0, z / middle_m)))) * E7_PER_DEGREE)
    longitude_e7 = round(math.degrees(math.atan2(y, x)) * E7_PER_DEGREE)
    # a joined ball's centre lies under the ground: brought up, it needs that much more; and arcs are longer than chords
    chord_m = radius_m + abs(EARTH_RADIUS_M - middle_m)
    arc_m = 2 * EARTH_RADIUS_M * math.asin(min(1.0, chord_m / (2 * EARTH_RADIUS_M)))
    return Circle(latitude_e7, longitude_e7, max(math.ceil(arc_m + 0.1), REGION_RADIUS_MIN_M) * 100)


def _rim_m(circle: Circle, latitude_e7: int, longitude_e7: int) -> float:
    """Great-circle metres from a place to a circle's rim; negative inside."""
    a, b = math.radians(latitude_e7 / E7_PER_DEGREE), math.radians(circle.latitude_e7 / E7_PER_DEGREE)
    half = math.sin(math.radians((circle.longitude_e7 - longitude_e7) / E7_PER_DEGREE) / 2)
    square = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * half * half
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(square))) - circle.radius_cm / 100
