"""A libspatialindex R-tree of the fences in force, for `--index rtree`: it has no code in common with the others."""

from __future__ import annotations

import numpy as np
from rtree import index as rtree_index

from geooffer.engine.fence_merge import items_of
from geooffer.model.columns import Int32Array
from geooffer.model.fence_tables import FenceTables

Corners = tuple[int, int, int, int]
"""west, south, east, north in E7."""


class FenceMirror:
    """Follows one snapshot after the other by what differs between their rows."""

    def __init__(self) -> None:
        self._index = rtree_index.Index(interleaved=True)
        self._fences: FenceTables | None = None
        self._spans = np.zeros((0, 2), np.int32)
        self._boxes: dict[int, list[Corners]] = {}

    def of(self, fences: FenceTables) -> rtree_index.Index:
        """The R-tree with the boxes of this snapshot, by fence number."""
        if self._fences is not fences:
            self._follow(fences)
            self._fences = fences
        return self._index

    def _follow(self, fences: FenceTables) -> None:
        """A merge moves parts without changing a box, so boxes are compared and not only where they stand."""
        spans = _spans_of(fences)
        held = np.zeros_like(spans)
        held[: len(self._spans)] = self._spans
        for number in np.flatnonzero((spans != held).any(axis=1)).tolist():
            start, count = spans[number].tolist()
            boxes = _boxes_of(fences, start, count)
            if boxes == self._boxes.get(number, []):
                continue
            for box in self._boxes.pop(number, []):
                self._index.delete(number, box)
            for box in boxes:
                self._index.insert(number, box)
            self._boxes[number] = boxes
        self._spans = spans


def _spans_of(fences: FenceTables) -> Int32Array:
    """Where each fence's parts begin and how many they are, shape (n, 2); 0, 0 of a removed one."""
    starts, counts = fences.fences["part_start"], fences.fences["part_count"]
    return np.stack((np.where(counts, starts, 0), counts), axis=1)


def _boxes_of(fences: FenceTables, start: int, count: int) -> list[Corners]:
    items = items_of(fences.parts, np.arange(start, start + count, dtype=np.int32))
    names = ("min_longitude_e7", "min_latitude_e7", "max_longitude_e7", "max_latitude_e7")
    columns = [items[name].tolist() for name in names]
    return list(zip(*columns, strict=True))
