"""Open addressing with linear probing over int64 keys; 0 marks an empty slot, capacity is a power of two.

Removal shifts later keys of the run back (Knuth, The Art of Computer Programming vol. 3, 6.4 Algorithm R), so there
are no tombstones and a probe ends at the first empty slot. The caller keeps the load at or below one half.
"""

from __future__ import annotations

import numpy as np
from numba import types

from geooffer.kernels.compile import entry, kernel
from geooffer.kernels.types import I4, I8
from geooffer.model.columns import Int32Array, Int64Array

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_HIGH = np.uint64(32)


@kernel
def home_index(key: int, capacity: int) -> int:
    """Where the probe for `key` starts: the upper bits of key × 2⁶⁴/φ, folded to `capacity`."""
    mixed = np.uint64(key) * _GOLDEN
    return int(mixed >> _HIGH) & (capacity - 1)


@kernel
def find_value(keys: Int64Array, values: Int32Array, key: int) -> int:
    """The value of `key`, or −1."""
    capacity = len(keys)
    index = home_index(key, capacity)
    while keys[index] != 0:
        if keys[index] == key:
            return int(values[index])
        index = (index + 1) & (capacity - 1)
    return -1


@entry(lambda: types.int64(I8, I4, types.int64))
def hash_find(keys: Int64Array, values: Int32Array, key: int) -> int:
    """`find_value` for Python callers."""
    return find_value(keys, values, key)


@entry(lambda: types.void(I8, I4, types.int64, types.int64))
def hash_put(keys: Int64Array, values: Int32Array, key: int, value: int) -> None:
    """Insert or replace; `key` ≠ 0 and the table must have an empty slot."""
    capacity = len(keys)
    index = home_index(key, capacity)
    while keys[index] != 0 and keys[index] != key:
        index = (index + 1) & (capacity - 1)
    keys[index] = key
    values[index] = value


@entry(lambda: types.void(I8, I4, types.int64))
def hash_remove(keys: Int64Array, values: Int32Array, key: int) -> None:
    """Remove `key` if present and close the gap."""
    capacity = len(keys)
    mask = capacity - 1
    gap = home_index(key, capacity)
    while keys[gap] != key:
        if keys[gap] == 0:
            return
        gap = (gap + 1) & mask
    keys[gap] = 0
    index = (gap + 1) & mask
    while keys[index] != 0:
        home = home_index(keys[index], capacity)
        # may the key at `index` move to `gap`? only if its home does not lie cyclically in (gap, index]
        if ((index - home) & mask) >= ((index - gap) & mask):
            keys[gap] = keys[index]
            values[gap] = values[index]
            keys[index] = 0
            gap = index
        index = (index + 1) & mask
