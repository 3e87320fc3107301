"""Step 2 of a ping's life: which fences cover each fix. Reads one immutable snapshot, allocates nothing."""

from __future__ import annotations

from numba import types

from geooffer.kernels.cells import locate_cells
from geooffer.kernels.compile import entry
from geooffer.kernels.fence_types import FENCES
from geooffer.kernels.geometry import covers, farther_than_cm, wrapped_longitude
from geooffer.kernels.packed import locate_packed
from geooffer.kernels.types import I4, U1
from geooffer.model.columns import Int32Array, UInt8Array
from geooffer.model.fence_tables import FenceTables


@entry(lambda: types.int64(FENCES, I4, I4, U1, I4, I4, types.int64))
def locate_batch(
    fences: FenceTables,
    latitudes_e7: Int32Array,
    longitudes_e7: Int32Array,
    wanted: UInt8Array,
    hit_starts: Int32Array,
    hits: Int32Array,
    use_cells: int,
) -> int:
    """Fences that cover each of n points, ascending by number: hits[hit_starts[i]:hit_starts[i + 1]].

    latitudes_e7, longitudes_e7, wanted: shape (n,); rows with wanted = 0 get no hits. hit_starts: shape (n +
    1,). hits: n × the registered overlap bound is always enough. Returns the rows done: below n only if
    `hits` is full.
    """
    count = 0
    hit_starts[0] = 0
    for row in range(len(latitudes_e7)):
        if wanted[row] != 0:
            latitude = int(latitudes_e7[row])
            longitude = wrapped_longitude(int(longitudes_e7[row]))
            if use_cells != 0:
                end = locate_cells(fences, latitude, longitude, hits, count)
            else:
                end = locate_packed(fences, latitude, longitude, hits, count)
            if end < 0:
                return row
            count = end
        hit_starts[row + 1] = count
    return len(latitudes_e7)


@entry(lambda: types.boolean(FENCES, types.int64, types.int64, types.int64))
def covers_point(fences: FenceTables, fence_number: int, latitude_e7: int, longitude_e7: int) -> bool:
    """`covers` for callers in Python: one fence, one point."""
    return covers(fences, fence_number, latitude_e7, longitude_e7)


@entry(lambda: types.int64(FENCES, types.int64, I4, I4, types.int64))
def count_farther(
    fences: FenceTables, fence_number: int, latitudes_e7: Int32Array, longitudes_e7: Int32Array, margin_cm: int
) -> int:
    """Of n points, how many are farther than `margin_cm` from a fence; for measurements and tests."""
    count = 0
    for row in range(len(latitudes_e7)):
        if farther_than_cm(fences, fence_number, int(latitudes_e7[row]), int(longitudes_e7[row]), margin_cm):
            count += 1
    return count
