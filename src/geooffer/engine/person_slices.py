"""Which persons lie in which slice of which partition, by slot: so that a sweep looks at its own persons alone.

A slot is in one list; its place there is remembered, so that it is taken out without a search.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping

import numpy as np

from geooffer.model.columns import Int32Array, Int64Array
from geooffer.model.keys import GOLDEN, partition_of, slice_of
from geooffer.model.limits import PARTITION_COUNT, RETENTION_SLICE_COUNT

SLICE_COUNT = PARTITION_COUNT * RETENTION_SLICE_COUNT


def slice_index(key: int) -> int:
    """Of a person's slice among those of all partitions."""
    return partition_of(key) * RETENTION_SLICE_COUNT + slice_of(key)


def slice_indices(keys: Int64Array) -> Int64Array:
    """`slice_index` of many: the top 9 bits of key × 2⁶⁴/φ."""
    return (keys.view(np.uint64) * np.uint64(GOLDEN) >> np.uint64(55)).astype(np.int64)


class PersonSlices:
    """512 lists of slots."""

    def __init__(self) -> None:
        self._slots = [array("i") for _ in range(SLICE_COUNT)]
        self._places = array("i")
        self.count = 0
        """Persons in all lists."""

    def add(self, key: int, slot: int) -> None:
        """A person came into a slot."""
        slots = self._slots[slice_index(key)]
        if slot >= len(self._places):
            self._places.extend([-1] * (slot + 1 - len(self._places)))
        self._places[slot] = len(slots)
        slots.append(slot)
        self.count += 1

    def remove(self, key: int, slot: int) -> None:
        """A person left her slot."""
        slots, place = self._slots[slice_index(key)], self._places[slot]
        last = slots.pop()
        if last != slot:
            slots[place] = last
            self._places[last] = place
        self.count -= 1

    def slots(self, partition: int, slice_number: int) -> Int32Array:
        """The slots of one slice, in no order."""
        return np.array(self._slots[partition * RETENTION_SLICE_COUNT + slice_number], dtype=np.int32)

    def fill(self, person_slots: Mapping[int, int]) -> None:
        """Start anew from all persons (after many were read from a snapshot at once): 0.2 s for a million."""
        self.count = len(person_slots)
        slots = np.fromiter(person_slots.values(), dtype=np.int32, count=self.count)
        keys = np.fromiter(person_slots.keys(), dtype=np.int64, count=self.count)
        numbers = slice_indices(keys)
        slots = slots[np.argsort(numbers, kind="stable")]
        ends = np.cumsum(np.bincount(numbers, minlength=SLICE_COUNT))
        places = np.full(int(slots.max(initial=-1)) + 1, -1, dtype=np.int32)
        start = 0
        for number, end in enumerate(ends.tolist()):
            part = slots[start:end]
            self._slots[number] = array("i", part.tolist())
            places[part] = np.arange(len(part), dtype=np.int32)
            start = end
        self._places = array("i", places.tolist())
