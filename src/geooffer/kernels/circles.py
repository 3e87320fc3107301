"""What the exact test needs to know of a circle, computed once when the fence is registered."""

from __future__ import annotations

from numba import types

from geooffer.kernels.compile import entry
from geooffer.kernels.trig import chord_squared_of_cm, unit_vector


@entry(lambda: types.UniTuple(types.float64, 4)(types.int64, types.int64, types.int64), in_threads=True)
def circle_numbers(latitude_e7: int, longitude_e7: int, radius_cm: int) -> tuple[float, float, float, float]:
    """Unit vector of the centre (x, y, z) and the squared chord of the rim."""
    x, y, z = unit_vector(latitude_e7, longitude_e7)
    return x, y, z, chord_squared_of_cm(radius_cm)
