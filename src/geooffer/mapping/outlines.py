"""Fences as plane figures, to find by whole arrays what overlaps, and how far a store is from its fence.

The plane is degrees: x = longitude in a frame around the data's middle (so that nothing is cut at the antimeridian),
y = latitude. Shares of areas are right there, because neighbours are squeezed alike; metres are taken near one point.
Good for pointing at what looks wrong; what a ping meets is decided elsewhere, in integers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geooffer.model.catalog import Geofence
from geooffer.model.columns import Int64Array
from geooffer.model.shapes import Circle, Part
from geooffer.model.units import E7_PER_DEGREE, EARTH_RADIUS_M, METRES_PER_E7

FloatArray = npt.NDArray[np.float64]

RIM_VERTEX_COUNT = 64
_TURN_E7 = 360 * E7_PER_DEGREE
_HALF_TURN_E7 = _TURN_E7 // 2


def middle_longitude_e7(longitudes_e7: Int64Array) -> int:
    """Opposite the widest gap between the longitudes, in [−180°, 180°]; 0 for none: the map's frame is around it."""
    if len(longitudes_e7) == 0:
        return 0
    wrapped = np.unique((np.asarray(longitudes_e7, dtype=np.int64) + _HALF_TURN_E7) % _TURN_E7)
    gaps = np.diff(wrapped, append=wrapped[0] + _TURN_E7)
    widest = int(np.argmax(gaps))
    opposite = int(wrapped[widest]) + int(gaps[widest]) // 2 + _HALF_TURN_E7
    return opposite % _TURN_E7 - _HALF_TURN_E7


def centres_e7(fences: list[Geofence]) -> Int64Array:
    """Shape (n, 2), latitude first: a circle's centre, the middle of a polygon's first part's box."""
    rows = []
    for fence in fences:
        shape = fence.shape
        if isinstance(shape, Circle):
            rows.append((shape.latitude_e7, shape.longitude_e7))
            continue
        shell = shape.parts[0].ring(0).astype(np.int64)
        latitude_e7, longitude_e7 = (shell.min(axis=0) + shell.max(axis=0)) // 2
        rows.append((int(latitude_e7), (int(longitude_e7) + _HALF_TURN_E7) % _TURN_E7 - _HALF_TURN_E7))
    return np.array(rows, dtype=np.int64).reshape(-1, 2)


def outlines(fences: list[Geofence], middle_e7: int) -> npt.NDArray[np.object_]:
    """The fences as shapely geometries of the plane; a circle has 64 vertices on its rim."""
    figures = np.empty(len(fences), dtype=object)
    round_ones = [index for index, fence in enumerate(fences) if isinstance(fence.shape, Circle)]
    if round_ones:
        figures[round_ones] = _rims([fences[index].shape for index in round_ones], middle_e7)
    for index, fence in enumerate(fences):
        if not isinstance(fence.shape, Circle):
            parts = [_part(part, middle_e7) for part in fence.shape.parts]
            # parts may overlap (shapely would call their collection invalid)
            figures[index] = parts[0] if len(parts) == 1 else shapely.union_all(parts)
    return figures


def distances_m(
    figures: npt.NDArray[np.object_], latitudes_e7: Int64Array, longitudes_e7: Int64Array, middle_e7: int
) -> FloatArray:
    """From point i to figure i, 0 inside; right to a per cent up to some hundred kilometres."""
    latitudes = latitudes_e7 / E7_PER_DEGREE
    longitudes = _framed(longitudes_e7, middle_e7) / E7_PER_DEGREE
    squeeze = np.cos(np.radians(latitudes))
    coordinates, owners = shapely.get_coordinates(figures, return_index=True)
    coordinates[:, 0] *= squeeze[owners]
    squeezed = shapely.set_coordinates(figures.copy(), coordinates)
    degrees = shapely.distance(squeezed, shapely.points(longitudes * squeeze, latitudes))
    metres: FloatArray = degrees * (METRES_PER_E7 * E7_PER_DEGREE)
    return metres


def great_circle_m(latitude_a_e7: Any, longitude_a_e7: Any, latitude_b_e7: Any, longitude_b_e7: Any) -> FloatArray:
    """Metres along the sphere (haversine), for scalars and arrays that broadcast."""
    scale = np.radians(1 / E7_PER_DEGREE)
    latitude_a, latitude_b = np.multiply(latitude_a_e7, scale), np.multiply(latitude_b_e7, scale)
    # through degrees as floats: a difference of E7 longitudes leaves int32
    turn = np.multiply(longitude_b_e7, scale) - np.multiply(longitude_a_e7, scale)
    half = np.sin((latitude_b - latitude_a) / 2) ** 2 + np.cos(latitude_a) * np.cos(latitude_b) * np.sin(turn / 2) ** 2
    metres: FloatArray = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(half, 1.0)))
    return metres


def _framed(longitudes_e7: Any, middle_e7: int) -> Any:
    """Longitudes moved by whole turns to within half a turn of the middle."""
    return (
        (np.asarray(longitudes_e7, dtype=np.int64) - middle_e7 + _HALF_TURN_E7) % _TURN_E7 - _HALF_TURN_E7 + middle_e7
    )


def _part(part: Part, middle_e7: int) -> Any:
    rings = [part.ring(index).astype(np.int64)[:, ::-1] for index in range(len(part.rings))]
    # the whole part moves by one number of turns, or its edges would jump
    middle_of_part = int(rings[0][:, 0].min() + rings[0][:, 0].max()) // 2
    turn = int(_framed(middle_of_part, middle_e7)) - middle_of_part
    moved = [(ring + np.array([turn, 0])) / E7_PER_DEGREE for ring in rings]
    return shapely.Polygon(moved[0], moved[1:])


def _rims(circles: list[Any], middle_e7: int) -> Any:
    """Polygons of the rims, by the direct formula of the sphere."""
    latitude = np.radians([circle.latitude_e7 / E7_PER_DEGREE for circle in circles])[:, None]
    longitude = (_framed([circle.longitude_e7 for circle in circles], middle_e7) / E7_PER_DEGREE)[:, None]
    radius = np.array([circle.radius_cm / 100 / EARTH_RADIUS_M for circle in circles])[:, None]
    bearing = np.linspace(0, 2 * np.pi, RIM_VERTEX_COUNT, endpoint=False)[None, :]
    sine = np.sin(latitude) * np.cos(radius) + np.cos(latitude) * np.sin(radius) * np.cos(bearing)
    turn = np.arctan2(np.sin(bearing) * np.sin(radius) * np.cos(latitude), np.cos(radius) - np.sin(latitude) * sine)
    rim = np.stack([longitude + np.degrees(turn), np.degrees(np.arcsin(np.clip(sine, -1, 1)))], axis=2)
    return shapely.polygons(rim)
