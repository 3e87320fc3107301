"""A libspatialindex R-tree of the fences in force, for `--index rtree`: it has no code in common with the others."""

from __future__ import annotations

import numpy as np
from rtree import index as rtree_index

from geooffer.engine.fence_merge import CORNERS, items_of
from geooffer.model.columns import Int32Array
from geooffer.model.fence_tables import FenceTables

Corners = tuple[int, int, int, int]
"""west, south, east, north in E7."""


class FenceMirror:
    """Follows one snapshot after the other by what differs between their rows."""

    def __init__(self) -> None:
        self._index = rtree_index.Index(interleaved=True)
        self._fences: FenceTables | None = None
        self._boxes: dict[int, list[Corners]] = {}

    def of(self, fences: FenceTables) -> rtree_index.Index:
        """The R-tree with the boxes of this snapshot, by fence number."""
        if self._fences is None:
            self._load(fences)
        elif self._fences is not fences:
            self._follow(self._fences, fences)
        self._fences = fences
        return self._index

    def _load(self, fences: FenceTables) -> None:
        """All at once: 100,000 insertions would hold up the first ping for seconds."""
        owners, places = fences.parts["fence_number"], np.arange(len(fences.parts), dtype=np.int32)
        starts, counts = _spans_of(fences)[owners].T
        numbers, corners = _boxes_at(fences, places[(starts <= places) & (places < starts + counts)])
        for number, box in zip(numbers.tolist(), corners, strict=True):
            self._boxes.setdefault(number, []).append(box)
        if corners:
            boxes = np.array(corners, np.float64)
            stream = numbers.astype(np.int64), boxes[:, :2].copy(), boxes[:, 2:].copy()
            self._index = rtree_index.Index(stream, interleaved=True)

    def _follow(self, old: FenceTables, new: FenceTables) -> None:
        for number in _moved(old, new):
            start, count = new.fences[["part_start", "part_count"]][number].tolist()
            _, boxes = _boxes_at(new, np.arange(start, start + count, dtype=np.int32))
            if boxes == self._boxes.get(number, []):
                continue  # a merge moves parts without changing a box
            for box in self._boxes.pop(number, []):
                self._index.delete(number, box)
            for box in boxes:
                self._index.insert(number, box)
            self._boxes[number] = boxes


def _moved(old: FenceTables, new: FenceTables) -> list[int]:
    """Fences whose parts stand elsewhere, or are others: a merge may put new parts where the same fence had its old."""
    spans, held = _spans_of(new), np.zeros((len(new.fences), 2), np.int32)
    held[: len(old.fences)] = _spans_of(old)
    is_moved = (spans != held).any(axis=1)
    count = min(len(old.parts), len(new.parts))
    differs = np.zeros(count, bool)
    for name in CORNERS:
        differs |= old.parts[name][:count] != new.parts[name][:count]
    is_moved[new.parts["fence_number"][:count][differs]] = True
    return np.flatnonzero(is_moved).tolist()


def _spans_of(fences: FenceTables) -> Int32Array:
    """Where each fence's parts begin and how many they are, shape (n, 2); 0, 0 of a removed one."""
    starts, counts = fences.fences["part_start"], fences.fences["part_count"]
    return np.stack((np.where(counts, starts, 0), counts), axis=1)


def _boxes_at(fences: FenceTables, places: Int32Array) -> tuple[Int32Array, list[Corners]]:
    """The boxes of these parts, and the fence of each."""
    items = items_of(fences.parts, places)
    names = ("min_longitude_e7", "min_latitude_e7", "max_longitude_e7", "max_latitude_e7")
    columns = [items[name].tolist() for name in names]
    return fences.parts["fence_number"][items["part"]], list(zip(*columns, strict=True))
