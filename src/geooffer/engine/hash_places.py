"""Where many keys lie in a hash table at once: what kernels/hashing.py makes by single insertions, by sorting."""

from __future__ import annotations

import numpy as np

from geooffer.model.columns import Int64Array

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def table_capacity(key_count: int, least: int = 256) -> int:
    """Slots of a table that is at most half full; a power of two."""
    return max(least, 1 << (2 * key_count + 1).bit_length())


def home_places(keys: Int64Array, capacity: int) -> Int64Array:
    """`kernels.hashing.home_index` of many keys."""
    mixed = (np.ascontiguousarray(keys).view(np.uint64) * _GOLDEN) >> np.uint64(32)
    return mixed.astype(np.int64) & (capacity - 1)


def places_of_keys(keys: Int64Array, capacity: int) -> Int64Array:
    """A slot for each of the distinct, non-zero `keys` in an empty table of `capacity`, by linear probing.

    In the order of their homes each key lies at its home or right behind its predecessor: so everything between a home
    and its key is taken, which is all that a probe asks. What runs past the end goes on from the beginning.
    """
    homes = home_places(keys, capacity)
    order = np.argsort(homes, kind="stable")
    steps = np.arange(len(keys), dtype=np.int64)
    wrapped_count = -1
    places = np.zeros(len(keys), dtype=np.int64)
    while True:
        floor = np.maximum.accumulate(np.maximum(homes[order] - steps, wrapped_count + 1)) + steps
        # slots at the beginning that wrapped keys take are no place for others: once more, from behind them
        past = int(np.count_nonzero(floor >= capacity))
        if past - 1 == wrapped_count:
            break
        wrapped_count = past - 1
    places[order] = floor % capacity
    return places
