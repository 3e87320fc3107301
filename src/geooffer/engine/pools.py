"""Slots of structured tables: growth by doubling, free slots kept in a linked list through the `next` field."""

from __future__ import annotations

import numpy as np

from geooffer.engine.growing import as_words
from geooffer.model.columns import StructArray


def grown(array: StructArray, length: int) -> StructArray:
    """A zeroed copy of `array` with `length` rows, the old rows first."""
    bigger = np.zeros(length, dtype=array.dtype)
    as_words(bigger)[: len(array)] = as_words(array)
    return bigger


def link_free(array: StructArray, first: int, head: int) -> int:
    """Link the slots from `first` on into the free list that starts at `head`; returns the new head."""
    count = len(array) - first
    if count <= 0:
        return head
    array["next"][first:] = np.arange(first + 1, len(array) + 1, dtype=np.int32)
    array["next"][len(array) - 1] = head
    return first


class ListPool:
    """A pool that only the control side changes: intents or facts."""

    def __init__(self, dtype: np.dtype[np.void], capacity: int = 64) -> None:
        self.rows: StructArray = np.zeros(capacity, dtype=dtype)
        self.head = link_free(self.rows, 0, -1)
        """First free slot; kernels/retention.py puts slots back itself."""

    def allocate(self) -> int:
        """A zeroed slot; the pool grows as needed (`rows` is then another array)."""
        if self.head < 0:
            length = len(self.rows)
            self.rows = grown(self.rows, length * 2)
            self.head = link_free(self.rows, length, -1)
        slot = self.head
        self.head = int(self.rows["next"][slot])
        self.rows[slot] = np.zeros((), dtype=self.rows.dtype)
        return slot

    def free(self, slot: int) -> None:
        """Give `slot` back, emptied: what a person left is nowhere any more. The caller unlinked it."""
        self.rows[slot] = np.zeros((), dtype=self.rows.dtype)
        self.rows["next"][slot] = self.head
        self.head = slot
