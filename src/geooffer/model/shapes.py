"""Fence shapes as they are stored: validated, normalised, in E7 integers.

A polygon is one or more *parts*; a part is a shell and its holes. Rings are little-endian int32 pairs
(latitude_e7, longitude_e7), unclosed (the last vertex differs from the first), the shell counter-clockwise and
holes clockwise as seen with longitude to the right. Longitudes of a part are *unwrapped* into its own frame: no
edge jumps by more than 180°, the shell's least longitude lies in [-180°, 180°), so a part over the antimeridian
runs past +180° (semantics G6) and a ping west of the part's frame is tested at longitude + 360°.

engine/shapes.py makes these from input and says what is wrong with it; nothing else constructs polygons.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Circle:
    """All points within `radius_cm` of the centre along the sphere of semantics G2, rim included."""

    latitude_e7: int
    longitude_e7: int
    radius_cm: int


@dataclass(frozen=True, slots=True)
class Part:
    """One shell and its holes; each ring is packed as the module says."""

    rings: tuple[bytes, ...]

    def ring(self, index: int) -> npt.NDArray[np.int32]:
        """Ring `index` (0 = shell) as int32 array of shape (vertices, 2): latitude_e7, longitude_e7."""
        return np.frombuffer(self.rings[index], dtype="<i4").reshape(-1, 2)

    @property
    def vertex_count(self) -> int:
        """Vertices of all rings."""
        return sum(len(ring) for ring in self.rings) // 8


@dataclass(frozen=True, slots=True)
class Polygon:
    """One or more parts (a GeoJSON Polygon or MultiPolygon); boundaries belong to it (semantics G3)."""

    parts: tuple[Part, ...]

    @property
    def vertex_count(self) -> int:
        """Vertices of all parts."""
        return sum(part.vertex_count for part in self.parts)


Shape = Circle | Polygon


def pack_ring(vertices_e7: npt.NDArray[np.int32]) -> bytes:
    """A ring of shape (vertices, 2) as the bytes a Part holds."""
    return np.ascontiguousarray(vertices_e7, dtype="<i4").tobytes()
