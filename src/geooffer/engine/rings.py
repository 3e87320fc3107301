"""One ring of a polygon: read, unwrapped, and refused with its reason and place (semantics G4–G6).

Consecutive equal vertices are one vertex (real maps are full of them and they change no shape); a vertex that
comes again later makes the ring touch itself and is refused. Places name vertices as the caller counts them,
from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from geooffer.errors import InvalidShapeError
from geooffer.kernels.geometry import HALF_TURN_E7, TURN_E7
from geooffer.model import limits
from geooffer.model.columns import Int64Array
from geooffer.model.units import E7_PER_DEGREE

LonLatRing = Sequence[Sequence[float]]
"""Vertices as (longitude, latitude) in degrees, GeoJSON order, the last equal to the first."""


class Place(NamedTuple):
    """Where in a shape something is wrong."""

    part: int
    ring: int

    def __str__(self) -> str:
        name = "the shell" if self.ring == 0 else f"hole {self.ring}"
        return f"{name} of part {self.part}"


class Ring(NamedTuple):
    """Distinct consecutive vertices, unclosed, longitudes unwrapped so that no edge jumps."""

    vertices: Int64Array
    """Shape (n, 2): latitude_e7, longitude_e7."""
    sources: Int64Array
    """Shape (n,): index of each vertex in the caller's ring."""
    place: Place

    def moved(self, longitude_e7: int) -> Ring:
        """The ring in a frame turned by `longitude_e7`."""
        return self._replace(vertices=self.vertices + np.array([0, longitude_e7]))


class DegenerateRingError(InvalidShapeError):
    """A ring without an inside: as a hole, a repair drops it."""


def read_ring(points: LonLatRing, place: Place, *, close: bool = False) -> Ring:
    """Degrees to an unwrapped E7 ring. `close` accepts an unclosed one.

    Raises InvalidShapeError: not numbers, out of range, unclosed, around a pole, fewer than 3 distinct
    vertices.
    """
    vertices = _vertices_e7(points, place)
    gap = vertices[-1] - vertices[0]
    if gap[0] != 0 or gap[1] % TURN_E7 != 0:
        if not close:
            raise InvalidShapeError(f"unclosed ring: the last vertex of {place} differs from its first")
        vertices = np.concatenate([vertices, vertices[:1]])
    steps = np.diff(vertices[:, 1])
    steps[steps > HALF_TURN_E7] -= TURN_E7
    steps[steps < -HALF_TURN_E7] += TURN_E7
    vertices[1:, 1] = vertices[0, 1] + np.cumsum(steps)
    if vertices[-1, 1] != vertices[0, 1]:
        raise InvalidShapeError(f"{place} encloses a pole")
    kept = np.flatnonzero(np.any(np.diff(vertices, axis=0) != 0, axis=1))
    vertices = vertices[kept]
    if len(np.unique(vertices, axis=0)) < 3:
        raise DegenerateRingError(f"{place} has fewer than 3 distinct vertices")
    return Ring(vertices, kept, place)


def _vertices_e7(points: LonLatRing, place: Place) -> Int64Array:
    """Shape (n, 2), latitude_e7 first, as given; checked for numbers and range."""
    try:
        degrees = np.array([(point[0], point[1]) for point in points], dtype=np.float64)
    except (TypeError, ValueError, IndexError, KeyError):
        raise InvalidShapeError(f"{place} has a vertex that is not a pair of numbers") from None
    if len(degrees) == 0:
        raise InvalidShapeError(f"{place} has no vertices")
    finite = np.isfinite(degrees).all(axis=1)
    if not finite.all():
        raise InvalidShapeError(f"vertex {int(np.argmin(finite))} of {place} is not a finite number")
    legal = (np.abs(degrees[:, 0]) <= 180.0) & (np.abs(degrees[:, 1]) <= 90.0)
    if not legal.all():
        raise InvalidShapeError(
            f"vertex {int(np.argmin(legal))} of {place} lies outside longitude -180..180, latitude -90..90"
        )
    return np.rint(degrees[:, ::-1] * E7_PER_DEGREE).astype(np.int64)


def check_span(ring: Ring) -> None:
    """Raise InvalidShapeError where the ring is wider or higher than a part may be."""
    if np.ptp(ring.vertices, axis=0).max() > limits.FENCE_PART_SPAN_MAX_E7:
        raise InvalidShapeError(
            f"{ring.place} is too wide: more than {limits.FENCE_PART_SPAN_MAX_E7 // E7_PER_DEGREE} degrees"
        )


def check_vertices(ring: Ring) -> None:
    """Raise InvalidShapeError for a spike (an edge running back over the one before) or a repeated vertex."""
    vertices = ring.vertices
    incoming = vertices - np.roll(vertices, 1, axis=0)
    outgoing = np.roll(vertices, -1, axis=0) - vertices
    turn = incoming[:, 1] * outgoing[:, 0] - incoming[:, 0] * outgoing[:, 1]
    spikes = (turn == 0) & ((incoming * outgoing).sum(axis=1) < 0)
    if spikes.any():
        raise InvalidShapeError(f"spike at vertex {ring.sources[int(np.argmax(spikes))]} of {ring.place}")
    order = np.lexsort((vertices[:, 1], vertices[:, 0]))
    same = (np.diff(vertices[order], axis=0) == 0).all(axis=1)
    if same.any():
        at = int(np.argmax(same))
        first, second = sorted((int(ring.sources[order[at]]), int(ring.sources[order[at + 1]])))
        raise InvalidShapeError(f"duplicate vertices: vertex {second} of {ring.place} repeats vertex {first}")


def is_counter_clockwise(ring: Ring) -> bool:
    """Winding with longitude to the right, latitude up. Exact: summed in Python integers."""
    latitudes = (ring.vertices[:, 0] - ring.vertices[0, 0]).tolist()
    longitudes = (ring.vertices[:, 1] - ring.vertices[0, 1]).tolist()
    following = zip(latitudes[1:] + latitudes[:1], longitudes[1:] + longitudes[:1], strict=True)
    doubled = sum(
        longitude * next_latitude - next_longitude * latitude
        for latitude, longitude, (next_latitude, next_longitude) in zip(latitudes, longitudes, following, strict=True)
    )
    return bool(doubled > 0)
