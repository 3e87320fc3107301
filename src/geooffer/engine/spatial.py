"""The index of record: an R-tree that every fence goes through, and the source of every frozen snapshot.

libspatialindex crashes when one index is used from two threads, even only to read, so the index belongs to
the thread that first uses it and says so when another comes.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from rtree import index as rtree_index

from geooffer.engine.fence_parts import Box, CompiledShape, compile_circles, compile_shape
from geooffer.engine.freezing import build_cells, pack_tree
from geooffer.engine.overlap_depth import FENCE_COUNT_MAX, crowd_within, crowded_boxes
from geooffer.engine.stripes import NO_STRIPES
from geooffer.errors import NotFoundError, OverlapLimitError
from geooffer.kernels.geometry import HALF_TURN_E7, TURN_E7
from geooffer.kernels.locate import covers_point
from geooffer.kernels.overlap import deepest_overlap
from geooffer.model import limits
from geooffer.model.catalog import Geofence
from geooffer.model.columns import Int32Array, StructArray, UInt8Array
from geooffer.model.fence_tables import CELL, EDGE, FENCE_ROW, ITEM, NODE, PART_ROW, FenceTables
from geooffer.model.shapes import Circle, Shape


class _Entry(NamedTuple):
    """One box of one part of one fence, as the R-tree holds it."""

    fence_number: int
    part: int
    box: Box


class _Member(NamedTuple):
    """A fence in the index."""

    geofence_id: str
    shape: Shape
    compiled: CompiledShape
    entry_ids: tuple[int, ...]


def _new_index() -> rtree_index.Index:
    """Small leaves, because a frozen leaf is scanned; the factor must stay below the capacities."""
    return rtree_index.Index(properties=_properties(), interleaved=True)


def _properties() -> rtree_index.Property:
    return rtree_index.Property(leaf_capacity=16, index_capacity=16, near_minimum_overlap_factor=8)


def _index_of(entries: Mapping[int, _Entry]) -> rtree_index.Index:
    """The tree of many boxes, packed by libspatialindex (sort-tile-recurse) in place of one insertion each."""
    boxes = np.array([entry.box for entry in entries.values()], dtype=np.float64)
    ids = np.fromiter(entries.keys(), dtype=np.int64, count=len(entries))
    west_south, east_north = np.ascontiguousarray(boxes[:, 1::-1]), np.ascontiguousarray(boxes[:, 3:1:-1])
    return rtree_index.Index((ids, west_south, east_north), properties=_properties(), interleaved=True)


def _interleaved(box: Box) -> tuple[int, int, int, int]:
    south, west, north, east = box
    return west, south, east, north


class IndexOfRecord:
    """Fences by number. `overlap_count_max`: how many may cover one point (semantics G8)."""

    def __init__(self, overlap_count_max: int = limits.FENCE_OVERLAP_COUNT_DEFAULT) -> None:
        self._index = _new_index()
        self._overlap_count_max = overlap_count_max
        self._entries: dict[int, _Entry] = {}
        self._members: dict[int, _Member] = {}
        self._next_entry_id = 1
        self._owner_thread = 0
        self._frozen_entries: tuple[_Entry, ...] = ()
        self._frozen_index: rtree_index.Index | None = None

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, fence_number: int) -> bool:
        return fence_number in self._members

    def _claim(self) -> None:
        """Take the index for this thread, or refuse: see the module. `hand_over` gives it away."""
        caller = threading.get_ident()
        if self._owner_thread == 0:
            self._owner_thread = caller
        if self._owner_thread != caller:
            raise RuntimeError("the index of record was used from a thread that does not own it")

    def hand_over(self) -> None:
        """Let the next thread that uses the index own it. Only the owner may say so."""
        self._claim()
        self._owner_thread = 0

    def load(self, geofences: Mapping[int, Geofence]) -> None:
        """Fill an empty index with fences that were in one before: by number, their overlap was checked then.

        The tree is built in one go, and circles are compiled at once: a start with 100,000 fences.
        """
        self._claim()
        if self._members:
            raise ValueError("load into an index that is not empty")
        circles = {number: fence.shape for number, fence in geofences.items() if isinstance(fence.shape, Circle)}
        compiled = dict(zip(circles, compile_circles(list(circles.values())), strict=True))
        for number, fence in geofences.items():
            shape = compiled.get(number) or compile_shape(fence.shape)
            first = self._next_entry_id
            for part, boxes in enumerate(shape.boxes):
                for box in boxes:
                    self._entries[self._next_entry_id] = _Entry(number, part, box)
                    self._next_entry_id += 1
            entry_ids = tuple(range(first, self._next_entry_id))
            self._members[number] = _Member(fence.geofence_id, fence.shape, shape, entry_ids)
        if self._entries:
            self._index = _index_of(self._entries)

    def insert(self, fence_number: int, geofence: Geofence) -> None:
        """Add a fence. Raises OverlapLimitError, changing nothing, where too many would cover one point."""
        if fence_number in self._members:
            raise ValueError("insert of a fence number that is in the index; use replace")
        self._put(fence_number, geofence)

    def replace(self, fence_number: int, geofence: Geofence) -> None:
        """Change a fence. Raises NotFoundError, or OverlapLimitError with the old shape still in place."""
        if fence_number not in self._members:
            raise NotFoundError(f"geofence {geofence.geofence_id} is not in the index")
        self._put(fence_number, geofence)

    def delete(self, fence_number: int) -> None:
        """Remove a fence. Raises NotFoundError."""
        self._claim()
        member = self._members.pop(fence_number, None)
        if member is None:
            raise NotFoundError("that geofence is not in the index")
        for entry_id in member.entry_ids:
            self._index.delete(entry_id, _interleaved(self._entries.pop(entry_id).box))

    def _put(self, fence_number: int, geofence: Geofence) -> None:
        self._claim()
        compiled = compile_shape(geofence.shape)
        self._check_overlap(fence_number, geofence.geofence_id, compiled)
        if fence_number in self._members:
            self.delete(fence_number)
        entry_ids = []
        for part, boxes in enumerate(compiled.boxes):
            for box in boxes:
                entry_id = self._next_entry_id
                self._next_entry_id += 1
                self._entries[entry_id] = _Entry(fence_number, part, box)
                self._index.insert(entry_id, _interleaved(box))
                entry_ids.append(entry_id)
        self._members[fence_number] = _Member(geofence.geofence_id, geofence.shape, compiled, tuple(entry_ids))

    def _check_overlap(self, fence_number: int, geofence_id: str, compiled: CompiledShape) -> None:
        """Refuse a fence that would be one too many over a point: boxes say where, then shapes are looked at."""
        for box in (box for boxes in compiled.boxes for box in boxes):
            found = [self._entries[entry_id] for entry_id in self._index.intersection(_interleaved(box))]
            others = [entry for entry in found if entry.fence_number != fence_number]
            if len({entry.fence_number for entry in others}) < self._overlap_count_max:
                continue
            depth, _ = self._depth_within(box, others)
            if depth < self._overlap_count_max:
                continue
            near = [entry for entry in self._entries_within(compiled) if entry.fence_number != fence_number]
            crowded = crowded_boxes([entry.box for entry in near], self._overlap_count_max)
            numbers = sorted({near[place].fence_number for place in crowded})
            shapes = {number: compile_shape(self._members[number].shape) for number in numbers[: FENCE_COUNT_MAX + 1]}
            crowd = crowd_within(compiled, shapes, self._overlap_count_max)
            if crowd is None:
                return
            neighbour = self._members[crowd.fence_number].geofence_id
            told = "" if crowd.is_exact else " (their bounding boxes count: too many vertices to look closer)"
            raise OverlapLimitError(
                f"more than {self._overlap_count_max} geofences would cover one point of {geofence_id}, "
                f"at geofence {neighbour}{told}",
                field="shape",
            )

    def _entries_within(self, compiled: CompiledShape) -> list[_Entry]:
        """Whatever has a box that meets one of the shape's."""
        boxes = [_interleaved(box) for boxes in compiled.boxes for box in boxes]
        return [self._entries[entry_id] for box in boxes for entry_id in self._index.intersection(box)]

    def _depth_within(self, box: Box, others: list[_Entry]) -> tuple[int, int]:
        """How many of the other fences' boxes meet inside `box`, and the number of one of them."""
        distinct = sorted({entry.fence_number for entry in others})
        place = {number: index for index, number in enumerate(distinct)}
        clipped = sorted(
            (
                max(entry.box[1], box[1]),
                max(entry.box[0], box[0]),
                min(entry.box[3], box[3]),
                min(entry.box[2], box[2]),
                place[entry.fence_number],
            )
            for entry in others
        )
        columns = [np.array(column, np.int32) for column in zip(*clipped, strict=True)]
        west, south, east, north, owner = columns
        depth, at = deepest_overlap(south, west, north, east, owner, len(distinct), self._overlap_count_max)
        return int(depth), distinct[int(owner[at])]

    def numbers_in(self, box: Box) -> set[int]:
        """The fences of which a box meets this one."""
        self._claim()
        return {self._entries[entry_id].fence_number for entry_id in self._index.intersection(_interleaved(box))}

    def freeze(
        self, fences: Mapping[int, tuple[Geofence, int]], removed: Mapping[int, int], number_count: int
    ) -> FenceTables:
        """An immutable snapshot of the index.

        fences: by number, the fence and its store's number (−1 = none); exactly the fences of this index.
        removed: number → when it was deleted, in ms. number_count: rows, one above the greatest number given.
        """
        self._claim()
        if fences.keys() != self._members.keys():
            raise ValueError("the catalog's fences are not those of the index")
        rows = np.zeros(number_count, FENCE_ROW)
        rows["store_number"] = -1
        for number, time_ms in removed.items():
            rows[number]["removed_ms"] = time_ms
        parts, edges, stripes, part_starts = self._geometry(rows, fences)
        leaves = [
            [(self._entries[entry_id].box, self._part_of(entry_id, part_starts)) for entry_id in entry_ids]
            for _, entry_ids, _ in self._leaves()
        ]
        nodes, items = pack_tree(leaves)
        self._frozen_entries = tuple(self._entries.values())
        self._frozen_index = None
        empty = np.zeros(0, np.int32)
        return build_cells(FenceTables(rows, parts, edges, stripes, nodes, items, empty, np.zeros(2, CELL), empty))

    def _leaves(self) -> list[tuple[int, list[int], list[float]]]:
        """(node, entry ids, bounds) of every leaf."""
        if not self._entries:
            return []
        return list(self._index.leaves())  # type: ignore[no-untyped-call]

    def _part_of(self, entry_id: int, part_starts: Mapping[int, int]) -> int:
        entry = self._entries[entry_id]
        return part_starts[entry.fence_number] + entry.part

    def _geometry(
        self, rows: StructArray, fences: Mapping[int, tuple[Geofence, int]]
    ) -> tuple[StructArray, StructArray, Int32Array, dict[int, int]]:
        """Fill live FENCE rows; return PART, EDGE rows and stripes by fence number, and each fence's first part."""
        numbers = sorted(fences)
        compiled = [self._members[number].compiled for number in numbers]
        part_counts = np.array([len(shape.parts) for shape in compiled], dtype=np.int32)
        edge_counts = np.array([len(shape.edges) for shape in compiled], dtype=np.int32)
        part_starts, edge_starts = np.cumsum(part_counts) - part_counts, np.cumsum(edge_counts) - edge_counts
        rows["dwell_ms"][numbers] = [fences[number][0].dwell_ms for number in numbers]
        rows["store_number"][numbers] = [fences[number][1] for number in numbers]
        rows["live"][numbers] = 1
        rows["part_start"][numbers], rows["part_count"][numbers] = part_starts, part_counts
        rows["radius_equivalent_cm"][numbers] = [radius_equivalent_cm(shape.area_m2) for shape in compiled]
        parts = joined_rows([shape.parts for shape in compiled], PART_ROW)
        parts["fence_number"] = np.repeat(np.array(numbers, dtype=np.int32), part_counts)
        parts["edge_start"] += np.repeat(edge_starts.astype(np.int32), part_counts)
        edges = joined_rows([shape.edges for shape in compiled if len(shape.edges)], EDGE)
        stripes = joined_stripes(parts, compiled)
        return parts, edges, stripes, dict(zip(numbers, part_starts.tolist(), strict=True))

    def locate(
        self,
        fences: FenceTables,
        latitudes_e7: Int32Array,
        longitudes_e7: Int32Array,
        wanted: UInt8Array,
        hit_starts: Int32Array,
        hits: Int32Array,
    ) -> int:
        """As `kernels.locate.locate_batch`, asking an R-tree for each ping: slow, and easy to believe.

        `fences` must be the latest snapshot: the R-tree asked holds what was frozen then, not changes since.
        """
        self._claim()
        frozen = self._frozen()
        count = 0
        hit_starts[0] = 0
        for row in range(len(latitudes_e7)):
            if wanted[row]:
                latitude, longitude = int(latitudes_e7[row]), int(longitudes_e7[row])
                if longitude >= HALF_TURN_E7:
                    longitude -= TURN_E7
                found = sorted(set(frozen.intersection((longitude, latitude, longitude, latitude))))
                covering = [number for number in found if covers_point(fences, number, latitude, longitude)]
                if count + len(covering) > len(hits):
                    return row
                hits[count : count + len(covering)] = covering
                count += len(covering)
            hit_starts[row + 1] = count
        return len(latitudes_e7)

    def _frozen(self) -> rtree_index.Index:
        """The R-tree of the latest snapshot, built when first asked for (only `--index rtree` does)."""
        if self._frozen_index is None:
            self._frozen_index = _new_index()
            for entry in self._frozen_entries:
                self._frozen_index.insert(entry.fence_number, _interleaved(entry.box))
        return self._frozen_index


def joined_rows(pieces: Sequence[StructArray], dtype: np.dtype[np.void]) -> StructArray:
    """Rows of many small arrays. NumPy's own `concatenate` looks at the fields of each: 50 µs a piece."""
    return np.frombuffer(bytearray().join([piece.tobytes() for piece in pieces]), dtype=dtype)


def joined_stripes(parts: StructArray, shapes: Sequence[CompiledShape]) -> Int32Array:
    """The stripes of all shapes; `parts` are their PART rows in the same order, told where each block is now."""
    sizes = np.array([len(shape.stripes) for shape in shapes], dtype=np.int64)
    counts = np.array([len(shape.parts) for shape in shapes], dtype=np.int64)
    parts["stripe_start"] += np.repeat(np.cumsum(sizes) - sizes, counts).astype(np.int32)
    return np.concatenate([NO_STRIPES, *(shape.stripes for shape in shapes if len(shape.stripes))])


def radius_equivalent_cm(area_m2: float) -> int:
    """√(area / π) in whole centimetres, at most what an int32 holds comfortably."""
    return min(round(math.sqrt(area_m2 / math.pi) * 100.0), 2**30)


def empty_tables() -> FenceTables:
    """A snapshot without fences."""
    empty = np.zeros(0, np.int32)
    return FenceTables(
        np.zeros(0, FENCE_ROW),
        np.zeros(0, PART_ROW),
        np.zeros(0, EDGE),
        NO_STRIPES,
        np.zeros(0, NODE),
        np.zeros(0, ITEM),
        empty,
        np.zeros(2, CELL),
        empty.copy(),
    )
