"""Many slots of a table at once: a run of neighbours, so that whole lists come in as one block and not row by row."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geooffer.engine.pools import ListPool, grown, link_free
from geooffer.model.columns import Int32Array, StructArray


class Run(NamedTuple):
    """`count` neighbouring slots from `first` on, taken out of the free list of `array`."""

    array: StructArray
    """The table; another one than before where it had to grow."""
    first: int
    free_head: int
    """What the free list begins with now."""
    grown_count: int
    """Rows the table grew by."""


def take_run(array: StructArray, head: int, count: int) -> Run:
    """Take `count` neighbouring slots of `array`, whose free list begins with `head`; a table that has none grows."""
    if count == 0:
        return Run(array, 0, head, 0)
    if 0 <= head <= len(array) - count:
        following = np.arange(head + 1, head + count, dtype=np.int32)
        if np.array_equal(array["next"][head : head + count - 1], following):
            return Run(array, head, int(array["next"][head + count - 1]), 0)
    length = len(array)
    bigger = grown(array, max(2 * length, length + count))
    head = link_free(bigger, length, head)
    return Run(bigger, head, int(bigger["next"][head + count - 1]), len(bigger) - length)


def reserve(pool: ListPool, count: int) -> None:
    """Grow a pool that is about to take `count` rows, once and to their number."""
    length = len(pool.rows)
    if count > length:
        pool.rows = grown(pool.rows, length + count)
        pool.head = link_free(pool.rows, length, pool.head)


def put_lists(array: StructArray, first: int, rows: StructArray, counts: Int32Array) -> Int32Array:
    """Write the lists of many persons, one after the other, into a run; returns the head of each, −1 = empty.

    rows: of all lists, in order; counts: how many each person has.
    """
    ends = np.cumsum(counts, dtype=np.int64)
    total = len(rows)
    if total:
        target = array[first : first + total]
        target[:] = rows
        target["next"] = np.arange(first + 1, first + total + 1, dtype=np.int32)
        target["next"][ends[counts > 0] - 1] = -1
    heads: Int32Array = np.where(counts > 0, first + ends - counts, -1).astype(np.int32)
    return heads


def take_lists(array: StructArray, heads: Int32Array) -> tuple[StructArray, Int32Array]:
    """The inverse: the rows of all lists, in order, and how many each person has. Works list step by list step."""
    owners = np.arange(len(heads), dtype=np.int32)
    places = heads.astype(np.int32)
    found_places, found_owners = [np.zeros(0, dtype=np.int32)], [np.zeros(0, dtype=np.int32)]
    while True:
        going = places >= 0
        owners, places = owners[going], places[going]
        if not len(places):
            break
        found_places.append(places)
        found_owners.append(owners)
        places = array["next"][places]
    every_owner = np.concatenate(found_owners)
    order = np.argsort(every_owner, kind="stable")
    rows = array[np.concatenate(found_places)[order]]
    rows["next"] = 0
    return rows, np.bincount(every_owner, minlength=len(heads)).astype(np.int32)
