"""Input shapes to stored shapes: validated, normalised, or refused with rule and place (semantics G4–G6).

Checks run on the E7 grid, on the integers that decide pings. Shapely, fed those integers, finds crossings and
misplaced holes; the rest is engine/rings.py. Parts of one polygon may touch or overlap (a shape split at the
antimeridian does): a point in any of them is inside.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from geooffer.engine.fence_parts import compile_shape
from geooffer.engine.rings import (
    DegenerateRingError,
    LonLatRing,
    Place,
    Ring,
    check_span,
    check_vertices,
    is_counter_clockwise,
    read_ring,
)
from geooffer.errors import InvalidShapeError
from geooffer.kernels.geometry import HALF_TURN_E7, TURN_E7
from geooffer.kernels.trig import RADIANS_PER_CM
from geooffer.model import limits
from geooffer.model.shapes import Circle, Part, Polygon, Shape, pack_ring
from geooffer.model.units import E7_PER_DEGREE

_RULES = {
    "Self-intersection": "self-crossing",
    "Ring Self-intersection": "self-crossing",
    "Hole lies outside shell": "hole outside its shell",
    "Holes are nested": "hole inside another hole",
    "Interior is disconnected": "holes cut the shell in two",
    "Duplicate Rings": "two equal rings",
    "Too few points in geometry component": "fewer than 3 distinct vertices",
}
_VALIDITY = re.compile(r"^(?P<rule>[^\[]+)\[(?P<x>\S+) (?P<y>\S+)\]$")


def circle(latitude_e7: int, longitude_e7: int, radius_cm: int) -> Circle:
    """A circle, or InvalidShapeError where its centre or radius is out of range (semantics G1, G4)."""
    if abs(latitude_e7) > limits.LATITUDE_MAX_E7 or abs(longitude_e7) > limits.LONGITUDE_MAX_E7:
        raise InvalidShapeError("the centre lies outside longitude -180..180, latitude -90..90", field="centre")
    if not limits.CIRCLE_RADIUS_MIN_CM <= radius_cm <= limits.CIRCLE_RADIUS_MAX_CM:
        low, high = limits.CIRCLE_RADIUS_MIN_CM // 100, limits.CIRCLE_RADIUS_MAX_CM // 100
        raise InvalidShapeError(f"the radius must lie in {low}..{high} m", field="radius_m")
    return Circle(latitude_e7, longitude_e7, radius_cm)


def polygon_from_lonlat(parts: Sequence[Sequence[LonLatRing]], *, repair: bool = False) -> tuple[Polygon, str]:
    """A polygon from its parts' rings, and what was repaired ('' = nothing).

    parts: MultiPolygon coordinates of GeoJSON (a Polygon is one part), the first ring of each its shell,
    rings closed, either winding. Raises InvalidShapeError with the rule broken and the vertex, ring and part
    where; with `repair` only where `shapely.make_valid` cannot mend it: too many vertices, too wide, around a
    pole, nothing left.
    """
    vertex_count = sum(max(len(ring) - 1, 0) for rings in parts for ring in rings)
    if vertex_count > limits.FENCE_VERTEX_COUNT_MAX:
        raise InvalidShapeError(
            f"too many vertices: {vertex_count} exceed {limits.FENCE_VERTEX_COUNT_MAX}", field="shape"
        )
    if len(parts) == 0:
        raise InvalidShapeError("a polygon needs at least one part", field="shape")
    done: list[Part] = []
    notes: list[str] = []
    for part_index, raw in enumerate(parts):
        try:
            done.append(_strict_part(raw, part_index))
        except InvalidShapeError as fault:
            if not repair:
                raise InvalidShapeError(fault.message, field="shape") from None
            mended = _repaired_parts(raw, part_index, fault)
            done += mended
            notes.append(f"{fault.message}: mended into {_described(mended)}")
    polygon = Polygon(tuple(done))
    if polygon.vertex_count > limits.FENCE_VERTEX_COUNT_MAX:
        raise InvalidShapeError("too many vertices after the repair", field="shape")
    return polygon, "; ".join(notes)


def area_m2(shape: Shape) -> float:
    """Square metres on the sphere of semantics G2; where parts overlap they count twice."""
    return compile_shape(shape).area_m2


def inner_point(shape: Shape) -> tuple[int, int]:
    """(latitude_e7, longitude_e7) of a place inside: a circle's centre, a polygon's widest middle line."""
    if isinstance(shape, Circle):
        return shape.latitude_e7, shape.longitude_e7
    point = to_shapely(shape).representative_point()
    longitude_e7 = round(point.x * E7_PER_DEGREE)
    if longitude_e7 >= limits.LONGITUDE_MAX_E7:  # a part's own frame may run past the antimeridian
        longitude_e7 -= 2 * limits.LONGITUDE_MAX_E7
    return round(point.y * E7_PER_DEGREE), longitude_e7


def to_shapely(shape: Shape) -> Any:
    """The shape in degrees, x = longitude, in its parts' own frames; a circle as 64 vertices of its rim."""
    if isinstance(shape, Polygon):
        polygons = [
            shapely.Polygon(rings[0], rings[1:])
            for rings in (
                [part.ring(index)[:, ::-1] / E7_PER_DEGREE for index in range(len(part.rings))] for part in shape.parts
            )
        ]
        return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)
    latitude = math.radians(shape.latitude_e7 / E7_PER_DEGREE)
    radius = shape.radius_cm * RADIANS_PER_CM
    rim = []
    for step in range(64):
        bearing = math.tau * step / 64
        north, east = math.cos(bearing) * math.sin(radius), math.sin(bearing) * math.sin(radius)
        sine = math.sin(latitude) * math.cos(radius) + math.cos(latitude) * north
        turn = math.atan2(east * math.cos(latitude), math.cos(radius) - math.sin(latitude) * sine)
        rim.append((shape.longitude_e7 / E7_PER_DEGREE + math.degrees(turn), math.degrees(math.asin(sine))))
    return shapely.Polygon(rim)


def _strict_part(raw: Sequence[LonLatRing], part_index: int) -> Part:
    if len(raw) == 0:
        raise InvalidShapeError(f"part {part_index} has no ring")
    rings = [read_ring(points, Place(part_index, index)) for index, points in enumerate(raw)]
    return _part_of(_in_one_frame(rings))


def _in_one_frame(rings: list[Ring]) -> list[Ring]:
    """Rings of a part turned into the shell's frame, whose least longitude lies in [−180°, 180°)."""
    shell = rings[0]
    check_span(shell)
    west = int(shell.vertices[:, 1].min())
    shell = shell.moved((west + HALF_TURN_E7) % TURN_E7 - HALF_TURN_E7 - west)
    low, high = shell.vertices.min(axis=0), shell.vertices.max(axis=0)
    placed = [shell]
    for hole in rings[1:]:
        away = int(hole.vertices[:, 1].min()) - int(low[1])
        moved = hole.moved(away % TURN_E7 - away)
        if (moved.vertices < low).any() or (moved.vertices > high).any():
            raise InvalidShapeError(f"hole outside its shell: {hole.place}")
        placed.append(moved)
    return placed


def _part_of(rings: list[Ring]) -> Part:
    """Check rings of one frame and pack them, shell counter-clockwise, holes clockwise."""
    for ring in rings:
        check_vertices(ring)
    _check_crossings(rings)
    packed = []
    for index, ring in enumerate(rings):
        vertices = ring.vertices if is_counter_clockwise(ring) == (index == 0) else ring.vertices[::-1]
        packed.append(pack_ring(vertices.astype(np.int32)))
    return Part(tuple(packed))


def _shapely_of(rings: list[Ring]) -> Any:
    """The part on the E7 grid as shapely sees it; every coordinate is an integer a double holds exactly."""
    coordinates = [ring.vertices[:, ::-1].astype(np.float64) for ring in rings]
    return shapely.Polygon(coordinates[0], coordinates[1:])


def _check_crossings(rings: list[Ring]) -> None:
    polygon = _shapely_of(rings)
    if shapely.is_valid(polygon):
        return
    explained = _VALIDITY.match(shapely.is_valid_reason(polygon))
    if explained is None:
        raise InvalidShapeError(f"not a valid polygon: {rings[0].place}")
    rule = _RULES.get(explained["rule"], explained["rule"].lower())
    ring, vertex = _nearest_vertex(rings, float(explained["x"]), float(explained["y"]))
    raise InvalidShapeError(f"{rule} near vertex {vertex} of {ring.place}")


def _nearest_vertex(rings: list[Ring], x: float, y: float) -> tuple[Ring, int]:
    """The ring, and the start of its edge, nearest to a place; the vertex as the caller counts."""
    best = (math.inf, rings[0], 0)
    for ring in rings:
        starts = ring.vertices[:, ::-1].astype(np.float64)
        lines = shapely.linestrings(np.stack([starts, np.roll(starts, -1, axis=0)], axis=1))
        distances = np.asarray(shapely.distance(lines, shapely.Point(x, y)))
        index = int(np.argmin(distances))
        if distances[index] < best[0]:
            best = (float(distances[index]), ring, int(ring.sources[index]))
    return best[1], best[2]


def _repaired_parts(raw: Sequence[LonLatRing], part_index: int, fault: InvalidShapeError) -> list[Part]:
    """What `make_valid` leaves of a part, back on the grid and through the same checks, or an error."""
    if len(raw) == 0:
        raise fault
    rings = [read_ring(raw[0], Place(part_index, 0), close=True)]
    for index, points in enumerate(raw[1:], 1):
        try:
            rings.append(read_ring(points, Place(part_index, index), close=True))
        except DegenerateRingError:
            continue
    try:
        return [_part_of(_in_one_frame(rings))]
    except InvalidShapeError:
        framed = _frame_of_repair(rings)
    # "structure" keeps a hole a hole as far as the shell goes (what lies wholly outside becomes a part, as by
    # make_valid's other method); grid 1 snaps crossings to E7 and keeps the result valid
    mended = shapely.make_valid(_shapely_of(framed), method="structure", keep_collapsed=False)
    snapped = shapely.set_precision(mended, 1.0)
    parts = []
    for polygon in shapely.get_parts(snapped):
        if polygon.geom_type != "Polygon" or polygon.is_empty:
            continue
        boundaries = [polygon.exterior, *polygon.interiors]
        grid = [_grid_ring(line, index) for index, line in enumerate(boundaries)]
        parts.append(_part_of(_in_one_frame(grid)))
    if not parts:
        raise InvalidShapeError(f"{fault.message}; nothing is left of part {part_index} after a repair")
    return parts


def _frame_of_repair(rings: list[Ring]) -> list[Ring]:
    """The shell's frame, each hole at the turn nearest to the shell: one that reaches out of it is for make_valid."""

    def middle_e7(ring: Ring) -> int:
        return int(ring.vertices[:, 1].min() + ring.vertices[:, 1].max()) // 2

    shell = _in_one_frame(rings[:1])[0]
    turns = [round((middle_e7(shell) - middle_e7(hole)) / TURN_E7) for hole in rings[1:]]
    return [shell, *(hole.moved(turn * TURN_E7) for hole, turn in zip(rings[1:], turns, strict=True))]


def _grid_ring(line: Any, index: int) -> Ring:
    vertices = np.rint(shapely.get_coordinates(line)[:-1, ::-1]).astype(np.int64)
    return Ring(vertices, np.arange(len(vertices)), Place(0, index))


def _described(parts: list[Part]) -> str:
    vertex_count = sum(part.vertex_count for part in parts)
    name = "1 part" if len(parts) == 1 else f"{len(parts)} parts"
    return f"{name} of {vertex_count} vertices, {area_m2(Polygon(tuple(parts))):.0f} square metres"
