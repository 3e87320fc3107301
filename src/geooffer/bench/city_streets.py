"""Streets of the demo city: a crooked grid in metres, and its place on the globe.

Plane coordinates are metres east (x) and north (y) of the city's middle. The conversion to E7 is the plain
equirectangular one, good to centimetres over three kilometres, and uses the product's own sphere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geooffer.model.units import E7_PER_DEGREE, METRES_PER_E7

FloatArray = npt.NDArray[np.float64]
Node = tuple[int, int]
"""Column and row of a crossing."""

MIDDLE_LATITUDE_E7 = 52 * E7_PER_DEGREE + 5_000_000
MIDDLE_LONGITUDE_E7 = 13 * E7_PER_DEGREE + 4_000_000
_METRES_PER_E7_EAST = METRES_PER_E7 * 0.6087614290087207
"""cos 52.5°, written out so that the city is the same whatever the machine's libm."""

COLUMN_COUNT = 13
ROW_COUNT = 11
SPACING_M = 190.0
PAVEMENT_OFFSET_M = 5.0
_JITTER_M = 28.0
_TILT = (0.9659258262890683, 0.25881904510252074)
"""cos and sin of 15°: few cities stand exactly north up."""


def to_e7(points_m: FloatArray) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Points of shape (n, 2) in metres to (latitudes_e7, longitudes_e7), each of shape (n,)."""
    latitudes = MIDDLE_LATITUDE_E7 + np.rint(points_m[:, 1] / METRES_PER_E7)
    longitudes = MIDDLE_LONGITUDE_E7 + np.rint(points_m[:, 0] / _METRES_PER_E7_EAST)
    return latitudes.astype(np.int32), longitudes.astype(np.int32)


def to_metres(latitudes_e7: npt.NDArray[np.int32], longitudes_e7: npt.NDArray[np.int32]) -> FloatArray:
    """The inverse of to_e7, of shape (n, 2)."""
    x = (longitudes_e7.astype(np.float64) - MIDDLE_LONGITUDE_E7) * _METRES_PER_E7_EAST
    y = (latitudes_e7.astype(np.float64) - MIDDLE_LATITUDE_E7) * METRES_PER_E7
    return np.stack([x, y], axis=1)


@dataclass(frozen=True, slots=True)
class Streets:
    """Crossings of a grid; neighbours in a row or a column are joined by a street."""

    crossings_m: FloatArray
    """Shape (columns, rows, 2)."""

    def at(self, node: Node) -> FloatArray:
        """Place of a crossing, shape (2,)."""
        place: FloatArray = self.crossings_m[node[0], node[1]]
        return place

    def edges(self) -> list[tuple[Node, Node]]:
        """Every street between two neighbouring crossings, once."""
        east = [((c, r), (c + 1, r)) for c in range(COLUMN_COUNT - 1) for r in range(ROW_COUNT)]
        north = [((c, r), (c, r + 1)) for c in range(COLUMN_COUNT) for r in range(ROW_COUNT - 1)]
        return east + north

    def frame(self, edge: tuple[Node, Node]) -> tuple[FloatArray, FloatArray, float]:
        """Unit vector along the street, unit vector to its left, and its length in metres."""
        along = self.at(edge[1]) - self.at(edge[0])
        length_m = float(np.sqrt(along @ along))
        along = along / length_m
        return along, np.array([-along[1], along[0]]), length_m

    def route(self, start: Node, end: Node, rng: np.random.Generator) -> list[Node]:
        """One of the shortest ways over the grid, both ends included, drawn at random."""
        (column, row), nodes = start, [start]
        while (column, row) != end:
            gap_columns, gap_rows = end[0] - column, end[1] - row
            if rng.integers(abs(gap_columns) + abs(gap_rows)) < abs(gap_columns):
                column += 1 if gap_columns > 0 else -1
            else:
                row += 1 if gap_rows > 0 else -1
            nodes.append((column, row))
        return nodes


def lay_streets(rng: np.random.Generator) -> Streets:
    """A grid of 13 × 11 crossings about 190 m apart, each pushed a little aside, the whole tilted by 15°."""
    columns, rows = np.meshgrid(np.arange(COLUMN_COUNT), np.arange(ROW_COUNT), indexing="ij")
    grid = np.stack([columns - (COLUMN_COUNT - 1) / 2, rows - (ROW_COUNT - 1) / 2], axis=2) * SPACING_M
    grid = grid + rng.uniform(-_JITTER_M, _JITTER_M, grid.shape)
    cosine, sine = _TILT
    x = cosine * grid[:, :, 0] - sine * grid[:, :, 1]
    y = sine * grid[:, :, 0] + cosine * grid[:, :, 1]
    return Streets(np.stack([x, y], axis=2))
