"""Whole numbers packed for a page: zigzag varints in base64, and fences, points and paths as such numbers.

Coordinates are E7 and stay exact. What is near comes after what is near, so most differences take two or three bytes.
assets/decode.js is the reader; tests/mapping holds the two together.

    fence    count of parts n, then        n = 0: a circle: Δlatitude, Δlongitude, radius_cm
                                           n > 0: per part the count of rings, per ring the count of vertices, and
                                                  Δlatitude, Δlongitude per vertex
    point    Δlatitude, Δlongitude
    path     count of points, then points

Every Δ is to the point before, over the whole list; the first is to 0, 0.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence

import numpy as np

from geooffer.model.columns import Int64Array
from geooffer.model.shapes import Circle, Shape

_VARINT_SIZE_MAX_BYTES = 10


def pack_numbers(numbers: Iterable[int] | Int64Array) -> str:
    """Signed whole numbers as base64 of little-endian base-128 varints, the sign in the lowest bit."""
    values = np.asarray(numbers if isinstance(numbers, np.ndarray) else list(numbers), dtype=np.int64)
    rest = ((values << 1) ^ (values >> 63)).astype(np.uint64)
    octets = np.zeros((len(values), _VARINT_SIZE_MAX_BYTES), dtype=np.uint8)
    used = np.zeros((len(values), _VARINT_SIZE_MAX_BYTES), dtype=bool)
    for place in range(_VARINT_SIZE_MAX_BYTES):
        used[:, place] = True if place == 0 else rest != 0
        if not used[:, place].any():
            break
        octets[:, place] = rest & np.uint64(127)
        rest >>= np.uint64(7)
        octets[:, place] |= np.where(rest != 0, 128, 0).astype(np.uint8)
    return base64.b64encode(octets[used].tobytes()).decode("ascii")


def pack_steps(numbers: Sequence[int] | Int64Array) -> str:
    """Numbers as differences to the one before, packed."""
    return pack_numbers(np.diff(np.asarray(numbers, dtype=np.int64), prepend=np.int64(0)))


def pack_points(points: Iterable[tuple[int, int]]) -> str:
    """(latitude_e7, longitude_e7) pairs, packed."""
    return pack_numbers(_differences(points))


def pack_paths(paths: Sequence[Sequence[tuple[int, int]]]) -> str:
    """Lists of points, each preceded by its length, packed."""
    pen = _Pen()
    for path in paths:
        pen.numbers.append(len(path))
        pen.points(path)
    return pack_numbers(pen.numbers)


def pack_shapes(shapes: Iterable[Shape]) -> str:
    """Fence shapes in the order given, packed."""
    pen = _Pen()
    for shape in shapes:
        if isinstance(shape, Circle):
            pen.numbers.append(0)
            pen.points([(shape.latitude_e7, shape.longitude_e7)])
            pen.numbers.append(shape.radius_cm)
            continue
        pen.numbers.append(len(shape.parts))
        for part in shape.parts:
            pen.numbers.append(len(part.rings))
            for index in range(len(part.rings)):
                ring = part.ring(index).tolist()
                pen.numbers.append(len(ring))
                pen.points(ring)
    return pack_numbers(pen.numbers)


class _Pen:
    """Appends numbers, points as steps from where it stands."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self._latitude_e7 = 0
        self._longitude_e7 = 0

    def points(self, points: Iterable[Sequence[int]]) -> None:
        for latitude_e7, longitude_e7 in points:
            self.numbers += (latitude_e7 - self._latitude_e7, longitude_e7 - self._longitude_e7)
            self._latitude_e7, self._longitude_e7 = latitude_e7, longitude_e7


def _differences(points: Iterable[Sequence[int]]) -> list[int]:
    pen = _Pen()
    pen.points(points)
    return pen.numbers
