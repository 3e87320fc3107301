"""How many boxes of different fences lie over one point at most: the bound of semantics G8, by sweeping east.

A deepest point can be moved to the western edge of one box and the southern edge of one box without leaving
any. So for each box, in order of its western edge, only the boxes active there matter, and among them only
southern edges within it.
"""

from __future__ import annotations

import numpy as np
from numba import types

from geooffer.kernels.compile import entry
from geooffer.kernels.types import I4
from geooffer.model.columns import Int32Array


@entry(
    lambda: types.UniTuple(types.int64, 2)(I4, I4, I4, I4, I4, types.int64, types.int64),
    allocates=True,
    in_threads=True,
)
def deepest_overlap(
    south: Int32Array,
    west: Int32Array,
    north: Int32Array,
    east: Int32Array,
    owner: Int32Array,
    owner_count: int,
    enough: int,
) -> tuple[int, int]:
    """(depth, box) of the deepest point found: `depth` different owners' boxes, closed, meet in box `box`.

    Boxes come sorted by `west`. Stops at the first point of depth `enough`. Owners are 0..owner_count − 1.
    """
    count = len(west)
    active = np.empty(count, np.int64)
    active_count = 0
    near = np.empty(count, np.int64)
    seen = np.full(owner_count, -1, np.int64)
    stamp = 0
    best = 0
    best_box = -1
    for box in range(count):
        kept = 0
        near_count = 0
        for index in range(active_count):
            other = active[index]
            if east[other] >= west[box]:
                active[kept] = other
                kept += 1
                if south[other] <= north[box] and north[other] >= south[box]:
                    near[near_count] = other
                    near_count += 1
        active[kept] = box
        active_count = kept + 1
        near[near_count] = box
        near_count += 1
        if near_count <= best:
            continue
        for index in range(near_count):
            level = max(south[near[index]], south[box])
            depth = 0
            for inner in range(near_count):
                other = near[inner]
                if south[other] <= level <= north[other] and seen[owner[other]] != stamp:
                    seen[owner[other]] = stamp
                    depth += 1
            stamp += 1
            if depth > best:
                best = depth
                best_box = box
                if best >= enough:
                    return best, best_box
    return best, best_box
