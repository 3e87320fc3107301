"""How many fences cover one point of a shape, where their boxes alone would refuse it (semantics G8).

Where so many fences meet is a closed set that outlines bound, so its westernmost point is a corner of an outline or a
crossing of two: those are the places to count at. Crossings come out of shapely in floating point; so a fence counts
as soon as it is within 2 E7 units (2 cm), and circles are drawn as polygons around them, at most 0.6 % wider. So the
count is never too small, and too large only for fences that miss one another by less than that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely

from geooffer.engine.fence_parts import Box, CompiledShape
from geooffer.kernels.geometry import HALF_TURN_E7, TURN_E7
from geooffer.kernels.trig import RADIANS_PER_CM, RADIANS_PER_E7
from geooffer.model.columns import Int64Array, StructArray
from geooffer.model.shapes import Circle, Shape

TOLERANCE_E7 = 2.0
OUTLINE_VERTEX_COUNT_MAX = 3_072
"""Of all outlines together, asked before any is drawn: with more of them, of parts, of boxes or of places to count at,
the answer would hold up pings for more than some 100 ms. Then boxes decide.
"""
PART_COUNT_MAX = 256
BOX_COUNT_MAX = 2_048
EDGE_PAIR_COUNT_MAX = 20_000
"""Of edges whose boxes meet: no more crossings are there."""
PLACE_COUNT_MAX = 1_024
_CIRCLE_VERTEX_COUNT = 32
_CIRCLE_LATITUDE_MAX_E7 = 850_000_000
"""Nearer to a pole a circle is taken for its box."""
_CIRCLE_STRETCH = 1.001 / math.cos(math.pi / _CIRCLE_VERTEX_COUNT)
"""Tangents lie around the circle; 0.1 %: they are drawn straight in longitude and latitude."""
_PLACES_AT_ONCE = 256


class Crowd(NamedTuple):
    """One of the fences over a place with too many; told by shapes, or by boxes where there is too much to look at."""

    fence_number: int
    is_exact: bool


def is_too_much(shape: Shape, others: Sequence[Shape]) -> bool:
    """Whether these have more vertices or parts than may be looked at."""
    sizes = [_size(one) for one in (shape, *others)]
    vertex_count = sum(vertices for vertices, _ in sizes)
    part_count = sum(parts for _, parts in sizes)
    return vertex_count > OUTLINE_VERTEX_COUNT_MAX or part_count > PART_COUNT_MAX


def _size(shape: Shape) -> tuple[int, int]:
    """Vertices and parts as they would be drawn."""
    if isinstance(shape, Circle):
        return _CIRCLE_VERTEX_COUNT + 1, 1
    return shape.vertex_count, len(shape.parts)


def crowd_within(shape: CompiledShape, others: Mapping[int, CompiledShape], enough: int) -> Crowd | None:
    """A place of `shape` that at least `enough` ≥ 1 of `others` cover, or None where there is none.

    `is_exact` is False where crossings of outlines are too many to count at. The caller asked `is_too_much` before.
    """
    for row in shape.parts:
        found = _crowd_within_part(_drawn(row, shape.edges, _middle(row)), _middle(row), others, enough)
        if found is not None:
            return found
    return None


def _crowd_within_part(ground: Any, middle_e7: int, others: Mapping[int, CompiledShape], enough: int) -> Crowd | None:
    shapely.prepare(ground)
    near: list[Any] = []
    owners: list[int] = []
    for number, other in others.items():
        for piece in _drawn_near(other, middle_e7, ground):
            near.append(piece)
            owners.append(number)
    if len(set(owners)) < enough:
        return None
    pieces = _pieces(near, owners)
    found = _crowd_at(pieces, _of_ground(shapely.point_on_surface(np.array([ground, *near])), ground), enough)
    if found is not None:
        return found
    one, other = pieces.tree.query(pieces.drawn, predicate="dwithin", distance=2 * TOLERANCE_E7)
    kept = _crowded(one, other, len(near), enough)
    pieces = _pieces([near[piece] for piece in kept], [owners[piece] for piece in kept])
    if len(pieces.numbers) < enough:
        return None
    undecided = Crowd(int(pieces.numbers[0]), is_exact=False)
    outlines = shapely.get_parts(shapely.boundary(np.array([ground, *pieces.drawn])))
    if _edge_pair_count(outlines) > EDGE_PAIR_COUNT_MAX:
        return undecided
    places: Any = shapely.points(np.unique(shapely.get_coordinates(shapely.union_all(outlines)), axis=0))
    places = _of_ground(places[_boxes_over(pieces, places) >= enough], ground)
    return _crowd_at(pieces, places, enough) if len(places) <= PLACE_COUNT_MAX else undecided


def _edge_pair_count(outlines: Any) -> int:
    """How many pairs of edges have boxes that meet: before crossings are looked for, which may be as many."""
    corners, line = shapely.get_coordinates(outlines, return_index=True)
    is_edge = line[1:] == line[:-1]
    one, other = corners[:-1][is_edge], corners[1:][is_edge]
    low, high = np.minimum(one, other), np.maximum(one, other)
    meet = (low[:, None, 0] <= high[None, :, 0]) & (low[None, :, 0] <= high[:, None, 0])
    meet &= (low[:, None, 1] <= high[None, :, 1]) & (low[None, :, 1] <= high[:, None, 1])
    return int(meet.sum()) // 2


def crowded_boxes(boxes: Sequence[Box], enough: int) -> Int64Array:
    """Places in `boxes` of those that meet at least `enough` − 1 others of them, as others of these do."""
    south, west, north, east = np.array(boxes, np.float64).reshape(-1, 4).T
    drawn = shapely.box(west, south, east, north)
    one, other = shapely.STRtree(drawn).query(drawn)
    return _crowded(one, other, len(boxes), enough)


def _crowded(one: Int64Array, other: Int64Array, count: int, enough: int) -> Int64Array:
    """Who meets at least `enough` of those left, itself included: no other can be in a crowd. Pairs come both ways."""
    left = np.ones(count, bool)
    while True:
        fewer = left & (np.bincount(one[left[one] & left[other]], minlength=count) >= enough)
        if (fewer == left).all():
            return np.flatnonzero(left)
        left = fewer


class _Pieces(NamedTuple):
    """The parts of other fences that meet the ground."""

    drawn: Any
    tree: Any
    bounds: Any  # float64, a row a part: west, south, east, north
    owner_of: Int64Array
    numbers: Int64Array


def _pieces(near: Sequence[Any], owners: Sequence[int]) -> _Pieces:
    numbers, owner_of = np.unique(np.array(owners, np.int64), return_inverse=True)
    drawn = np.array(near, object)
    return _Pieces(drawn, shapely.STRtree(drawn), shapely.bounds(drawn), owner_of, numbers)


def _boxes_over(pieces: _Pieces, places: Any) -> Int64Array:
    """How many parts' boxes each place is in: at least the fences over it."""
    west, south, east, north = (column[:, None] for column in pieces.bounds.T)
    x, y = shapely.get_x(places), shapely.get_y(places)
    is_over = (x >= west - TOLERANCE_E7) & (x <= east + TOLERANCE_E7)
    is_over &= (y >= south - TOLERANCE_E7) & (y <= north + TOLERANCE_E7)
    return np.asarray(is_over.sum(axis=0), np.int64)


def _of_ground(places: Any, ground: Any) -> Any:
    return places[shapely.dwithin(ground, places, TOLERANCE_E7)]


def _crowd_at(pieces: _Pieces, places: Any, enough: int) -> Crowd | None:
    """The first place with `enough` owners about it."""
    for start in range(0, len(places), _PLACES_AT_ONCE):
        some = places[start : start + _PLACES_AT_ONCE]
        at, piece = pieces.tree.query(some, predicate="dwithin", distance=TOLERANCE_E7)
        owners = np.zeros((len(some), len(pieces.numbers)), bool)
        owners[at, pieces.owner_of[piece]] = True
        counts = owners.sum(axis=1)
        best = int(counts.argmax())
        if counts[best] >= enough:
            return Crowd(int(pieces.numbers[int(owners[best].argmax())]), is_exact=True)
    return None


def _drawn_near(shape: CompiledShape, middle_e7: int, ground: Any) -> Iterator[Any]:
    """The parts of a shape that meet the ground, each turned towards it."""
    west, south, east, north = shapely.bounds(ground)
    for row in shape.parts:
        if row["min_latitude_e7"] > north or row["max_latitude_e7"] < south:
            continue
        turn_e7 = _turn(_middle(row), middle_e7)
        if int(row["min_longitude_e7"]) + turn_e7 > east or int(row["max_longitude_e7"]) + turn_e7 < west:
            continue
        drawn = _drawn(row, shape.edges, middle_e7)
        if shapely.dwithin(ground, drawn, TOLERANCE_E7):
            yield drawn


def _middle(row: Any) -> int:
    return (int(row["min_longitude_e7"]) + int(row["max_longitude_e7"])) // 2


def _turn(longitude_e7: int, towards_e7: int) -> int:
    """The whole turn that brings a longitude nearest to another."""
    return (towards_e7 - longitude_e7 + HALF_TURN_E7) // TURN_E7 * TURN_E7


def _drawn(row: Any, edges: StructArray, towards_e7: int) -> Any:
    """One part as a shapely polygon on the E7 grid, x = longitude, turned towards a longitude."""
    turn_e7 = _turn(_middle(row), towards_e7)
    south, north = int(row["min_latitude_e7"]), int(row["max_latitude_e7"])
    west, east = int(row["min_longitude_e7"]) + turn_e7, int(row["max_longitude_e7"]) + turn_e7
    if row["radius_cm"] == 0:
        start = int(row["edge_start"])
        return _polygon(edges[start : start + int(row["edge_count"])], turn_e7)
    if max(-south, north) > _CIRCLE_LATITUDE_MAX_E7:
        if east - west >= TURN_E7:
            west, east = towards_e7 - HALF_TURN_E7, towards_e7 + HALF_TURN_E7
        return shapely.box(west, south, east, north)
    return _around_circle((south + north) / 2, (west + east) / 2, int(row["radius_cm"]))


def _polygon(edges: StructArray, turn_e7: int) -> Any:
    """Shell and holes from their edges: a ring ends where the next edge starts elsewhere."""
    starts = np.column_stack([edges["longitude_a_e7"], edges["latitude_a_e7"]]).astype(np.float64)
    ends = np.column_stack([edges["longitude_b_e7"], edges["latitude_b_e7"]]).astype(np.float64)
    breaks = np.flatnonzero((starts[1:] != ends[:-1]).any(axis=1)) + 1
    rings = [np.vstack([ring, ring[:1]]) + np.array([turn_e7, 0]) for ring in np.split(starts, breaks)]
    return shapely.Polygon(rings[0], rings[1:])


def _around_circle(latitude_e7: float, longitude_e7: float, radius_cm: int) -> Any:
    """A polygon that contains a circle away from the poles."""
    latitude = latitude_e7 * RADIANS_PER_E7
    radius = radius_cm * RADIANS_PER_CM * _CIRCLE_STRETCH
    bearings = np.arange(_CIRCLE_VERTEX_COUNT) * (math.tau / _CIRCLE_VERTEX_COUNT)
    sine = math.sin(latitude) * math.cos(radius) + math.cos(latitude) * math.sin(radius) * np.cos(bearings)
    turn = np.arctan2(
        np.sin(bearings) * math.sin(radius) * math.cos(latitude), math.cos(radius) - math.sin(latitude) * sine
    )
    return shapely.Polygon(np.column_stack([longitude_e7 + turn / RADIANS_PER_E7, np.arcsin(sine) / RADIANS_PER_E7]))
