"""Whether two shapes come within a distance of each other; in doubt they do (privacy M3).

A circle is near what its centre is near by its radius more. Two polygons are near where their areas meet, or where a
corner of one is near the other: two straight lines that do not cross are nearest at an end of one of them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import shapely
import shapely.affinity

from geooffer.engine.fence_parts import CompiledShape, compile_shape
from geooffer.engine.shapes import to_shapely
from geooffer.kernels.exclusion import any_is_near
from geooffer.model.columns import Int32Array
from geooffer.model.fence_tables import FenceTables, empty_tables
from geooffer.model.shapes import Circle, Polygon, Shape


class Located(NamedTuple):
    """A shape and its rows."""

    shape: Shape
    compiled: CompiledShape

    @property
    def tables(self) -> FenceTables:
        """As kernels take it, without an index."""
        return empty_tables()._replace(
            parts=self.compiled.parts, edges=self.compiled.edges, stripes=self.compiled.stripes
        )


def located(shape: Shape) -> Located:
    """A shape with its rows."""
    return Located(shape, compile_shape(shape))


def are_near(one: Located, other: Located, margin_cm: int) -> bool:
    """Whether the distance of two shapes is at most `margin_cm`, 1 % more or less in favour of yes."""
    for circle, rest in ((one, other), (other, one)):
        if isinstance(circle.shape, Circle):
            centre = circle.shape
            latitudes, longitudes = np.array([[centre.latitude_e7], [centre.longitude_e7]], np.int32)
            return bool(any_is_near(rest.tables, latitudes, longitudes, margin_cm + centre.radius_cm))
    if _meet(one.shape, other.shape):
        return True
    return any(any_is_near(rest.tables, *_corners(first), margin_cm) for first, rest in ((one, other), (other, one)))


def _corners(polygon: Located) -> tuple[Int32Array, Int32Array]:
    """Every vertex once, longitudes in [−180°, 180°)."""
    edges = polygon.compiled.edges
    longitudes = (edges["longitude_a_e7"].astype(np.int64) + 1_800_000_000) % 3_600_000_000 - 1_800_000_000
    return np.ascontiguousarray(edges["latitude_a_e7"]), longitudes.astype(np.int32)


def _meet(one: Shape, other: Shape) -> bool:
    """Whether two polygons share a point, whichever turn of longitude each is written in."""
    first, second = _drawn(one), _drawn(other)
    return any(
        bool(shapely.intersects(first, shapely.affinity.translate(second, xoff=turn))) for turn in (-360.0, 0.0, 360.0)
    )


@lru_cache(maxsize=64)
def _drawn(shape: Shape) -> shapely.Geometry:
    assert isinstance(shape, Polygon)
    return shapely.union_all(shapely.get_parts(to_shapely(shape)))
