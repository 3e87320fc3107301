"""Fence shapes to and from the wire. On the wire rings are closed and longitudes lie in ±180°."""

from __future__ import annotations

import numpy as np

from geooffer.engine import shapes
from geooffer.errors import InvalidArgumentError, InvalidShapeError
from geooffer.model import limits
from geooffer.model.shapes import Circle, Polygon, Shape
from geooffer.model.units import e7_to_degrees
from geooffer.rpc import checks
from geooffer.v1 import shapes_pb2 as pb

_HALF_TURN_E7 = 1_800_000_000


def decode_shape(message: pb.Shape, *, repair: bool = False) -> tuple[Shape, str]:
    """The shape and what was mended ('' = nothing). Raises InvalidArgumentError, InvalidShapeError."""
    match message.WhichOneof("kind"):
        case "circle":
            circle = message.circle
            latitude_e7 = checks.latitude(circle.latitude_e7, "shape.circle.latitude_e7")
            longitude_e7 = checks.longitude(circle.longitude_e7, "shape.circle.longitude_e7")
            low, high = limits.CIRCLE_RADIUS_MIN_CM, limits.CIRCLE_RADIUS_MAX_CM
            if not low <= circle.radius_cm <= high:
                raise InvalidShapeError(f"radius_cm must lie in {low}..{high}", field="shape.circle.radius_cm")
            return shapes.circle(latitude_e7, longitude_e7, circle.radius_cm), ""
        case "polygon":
            _check_vertex_count(message.polygon)
            parts = [[_ring(ring) for ring in part.rings] for part in message.polygon.parts]
            return shapes.polygon_from_lonlat(parts, repair=repair)
    raise InvalidArgumentError("shape must be a circle or a polygon", field="shape")


def _check_vertex_count(polygon: pb.Polygon) -> None:
    """Bound the work before any of it is done; the exact rule is the engine's."""
    vertex_count = sum(len(ring.latitudes_e7) for part in polygon.parts for ring in part.rings)
    ring_count = sum(len(part.rings) for part in polygon.parts)
    vertex_count_max = limits.FENCE_VERTEX_COUNT_MAX
    # a closed ring says one vertex twice
    if vertex_count > vertex_count_max + ring_count or ring_count > vertex_count_max:
        rule = f"a polygon may have {vertex_count_max} vertices"
        raise InvalidArgumentError(rule, field="shape.polygon")


def _ring(ring: pb.Ring) -> list[tuple[float, float]]:
    field = "shape.polygon.parts.rings"
    if len(ring.latitudes_e7) != len(ring.longitudes_e7):
        raise InvalidArgumentError("a ring's columns must be equally long", field=field)
    for value in ring.latitudes_e7:
        checks.latitude(value, f"{field}.latitudes_e7")
    for value in ring.longitudes_e7:
        checks.longitude(value, f"{field}.longitudes_e7")
    # degrees, because that is what files hold; E7 → degrees → E7 is exact (model/units.py)
    return [(e7_to_degrees(x), e7_to_degrees(y)) for x, y in zip(ring.longitudes_e7, ring.latitudes_e7, strict=True)]


def encode_shape(shape: Shape) -> pb.Shape:
    """The wire form; decoding it gives an equal shape."""
    if isinstance(shape, Circle):
        circle = pb.Circle(latitude_e7=shape.latitude_e7, longitude_e7=shape.longitude_e7, radius_cm=shape.radius_cm)
        return pb.Shape(circle=circle)
    return pb.Shape(polygon=_encode_polygon(shape))


def _encode_polygon(polygon: Polygon) -> pb.Polygon:
    message = pb.Polygon()
    for part in polygon.parts:
        rings = message.parts.add().rings
        for index in range(len(part.rings)):
            vertices = part.ring(index).astype(np.int64)
            closed = np.concatenate((vertices, vertices[:1]))
            # out of the part's own frame, back to ±180°
            longitudes = (closed[:, 1] + _HALF_TURN_E7) % (2 * _HALF_TURN_E7) - _HALF_TURN_E7
            rings.add(latitudes_e7=closed[:, 0].tolist(), longitudes_e7=longitudes.tolist())
    return message
