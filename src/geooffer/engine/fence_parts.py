"""A shape as the rows kernels read: parts with their boxes, and edges.

Boxes must contain every point a part covers (the indexes may only ask too often, never too seldom). A
polygon's box is exact; a circle's is rounded outwards by two E7 units, which is more than its floating-point
error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from geooffer.engine.stripes import NO_STRIPES, stripes_of
from geooffer.kernels.area import area_of_edges_m2
from geooffer.kernels.circles import circle_numbers
from geooffer.kernels.geometry import HALF_TURN_E7, TURN_E7
from geooffer.kernels.trig import RADIANS_PER_CM, RADIANS_PER_E7
from geooffer.model.columns import Int32Array, StructArray
from geooffer.model.fence_tables import EDGE, PART_ROW
from geooffer.model.limits import LATITUDE_MAX_E7
from geooffer.model.shapes import Circle, Part, Polygon, Shape
from geooffer.model.units import EARTH_RADIUS_M

_BOX_MARGIN_E7 = 2
_HALF_WIDTH_MAX_E7 = 170_000_000  # a wider box beside a pole could leave int32; it becomes the whole zone
assert HALF_TURN_E7 + 2 * _HALF_WIDTH_MAX_E7 < 2**31

Box = tuple[int, int, int, int]
"""south, west, north, east in E7; longitudes in [−180°, 180°], closed."""


CircleFigures = tuple[float, float, float, float, int, int, int, int, int, int, int, int, int, int]
"""The fields of a PART_ROW."""
assert PART_ROW.names is not None
assert PART_ROW.names[3:] == (
    "chord_squared", "min_latitude_e7", "min_longitude_e7", "max_latitude_e7", "max_longitude_e7",
    "edge_start", "edge_count", "fence_number", "radius_cm", "stripe_start", "stripe_shift",
)  # fmt: skip
assert EDGE.names == ("latitude_a_e7", "longitude_a_e7", "latitude_b_e7", "longitude_b_e7")


class CompiledShape(NamedTuple):
    """Rows of one shape: `edge_start` and `stripe_start` count from its first, the index fills in `fence_number`."""

    parts: StructArray
    edges: StructArray
    boxes: tuple[tuple[Box, ...], ...]
    """Per part, one box, or two where it lies over the antimeridian."""
    area_m2: float
    stripes: Int32Array
    """Blocks of its parts, one after the other."""


def edges_of(part: Part) -> StructArray:
    """The edges of all rings of a part, EDGE rows in ring order."""
    ends = np.empty((part.vertex_count, 4), np.int32)
    start = 0
    for index in range(len(part.rings)):
        ring = part.ring(index)
        end = start + len(ring)
        ends[start:end, :2] = ring
        ends[start : end - 1, 2:] = ring[1:]
        ends[end - 1, 2:] = ring[0]
        start = end
    edges: StructArray = ends.reshape(-1).view(EDGE)
    return edges


def compile_shape(shape: Shape) -> CompiledShape:
    """Part rows, edges, boxes and area of a stored shape."""
    if isinstance(shape, Circle):
        return compile_circles([shape])[0]
    return _compile_polygon(shape)


def _compile_polygon(shape: Polygon) -> CompiledShape:
    pieces = [edges_of(part) for part in shape.parts]
    figures = []
    blocks = []
    boxes = []
    area_m2 = 0.0
    edge_start = stripe_start = 0
    for piece, part in zip(pieces, shape.parts, strict=True):
        shell = part.ring(0)
        south, west = shell.min(axis=0).tolist()
        north, east = shell.max(axis=0).tolist()
        block, shift = stripes_of(piece)
        frame = (south, west, north, east)
        figures.append((0.0, 0.0, 0.0, 0.0, *frame, edge_start, len(piece), 0, 0, stripe_start, shift))
        boxes.append(boxes_of_frame(*frame))
        blocks.append(block)
        area_m2 += area_of_edges_m2(piece)
        edge_start += len(piece)
        stripe_start += len(block)
    rows = np.array(figures, dtype=PART_ROW)
    if len(pieces) == 1:
        return CompiledShape(rows, pieces[0], tuple(boxes), area_m2, blocks[0])
    return CompiledShape(rows, np.concatenate(pieces), tuple(boxes), area_m2, np.concatenate(blocks))


def compile_circles(circles: Sequence[Circle]) -> list[CompiledShape]:
    """`compile_shape` of many circles: 8 µs each in place of 50."""
    figures = [_circle_figures(circle) for circle in circles]
    rows = np.array(figures, dtype=PART_ROW)
    no_edges = np.zeros(0, EDGE)
    return [
        CompiledShape(rows[place : place + 1], no_edges, (boxes_of_frame(*row[4:8]),), _cap_m2(row[3]), NO_STRIPES)
        for place, row in enumerate(figures)
    ]


def _cap_m2(chord_squared: float) -> float:
    return math.pi * EARTH_RADIUS_M**2 * chord_squared


def _circle_figures(circle: Circle) -> CircleFigures:
    """The only part of a circle, a PART_ROW. Its box: sin Δλ = sin r / cos φ, where a meridian touches the rim."""
    longitude_e7 = circle.longitude_e7
    if longitude_e7 >= HALF_TURN_E7:
        longitude_e7 -= TURN_E7
    numbers = circle_numbers(circle.latitude_e7, longitude_e7, circle.radius_cm)
    radius = circle.radius_cm * RADIANS_PER_CM
    reach_e7 = math.ceil(radius / RADIANS_PER_E7) + _BOX_MARGIN_E7
    south_e7 = max(circle.latitude_e7 - reach_e7, -LATITUDE_MAX_E7)
    north_e7 = min(circle.latitude_e7 + reach_e7, LATITUDE_MAX_E7)
    west_e7, east_e7 = -HALF_TURN_E7, HALF_TURN_E7
    if abs(circle.latitude_e7) + reach_e7 < LATITUDE_MAX_E7:
        sine = math.sin(radius) / math.cos(circle.latitude_e7 * RADIANS_PER_E7)
        half_width_e7 = math.ceil(math.asin(min(sine, 1.0)) * (1 + 1e-9) / RADIANS_PER_E7) + _BOX_MARGIN_E7
        if half_width_e7 <= _HALF_WIDTH_MAX_E7:
            west_e7 = longitude_e7 - half_width_e7
            if west_e7 < -HALF_TURN_E7:
                west_e7 += TURN_E7
            east_e7 = west_e7 + 2 * half_width_e7
    return (*numbers, south_e7, west_e7, north_e7, east_e7, 0, 0, 0, circle.radius_cm, 0, 0)


def boxes_of_frame(south: int, west: int, north: int, east: int) -> tuple[Box, ...]:
    """A frame cut at the antimeridian. A part that reaches +180° also stands at −180°: one place."""
    if east < HALF_TURN_E7 or east - west >= TURN_E7:
        return ((south, west, north, east),)
    return (south, west, north, HALF_TURN_E7), (south, -HALF_TURN_E7, north, east - TURN_E7)
