"""The index of record: an R-tree that every fence goes through, and beside it the layers that pings are located in.

libspatialindex crashes when one index is used from two threads, even only to read, so the index belongs to
the thread that first uses it and says so when another comes.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from rtree import index as rtree_index

from geooffer.engine.fence_layers import FenceLayers
from geooffer.engine.fence_merge import Merged
from geooffer.engine.fence_mirror import FenceMirror
from geooffer.engine.fence_parts import Box, CompiledShape, compile_circles, compile_shape
from geooffer.engine.index_memory import Footprint, footprint_of, index_bytes_max
from geooffer.engine.overlap_depth import BOX_COUNT_MAX, Crowd, crowd_within, crowded_boxes, is_too_much
from geooffer.errors import LimitExceededError, NotFoundError, OverlapLimitError
from geooffer.kernels.geometry import HALF_TURN_E7, TURN_E7
from geooffer.kernels.locate import covers_point
from geooffer.kernels.overlap import deepest_overlap
from geooffer.model import limits
from geooffer.model.catalog import Geofence
from geooffer.model.columns import Int32Array, UInt8Array
from geooffer.model.fence_tables import FenceTables
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
    """Fences by number. `overlap_count_max`: how many may cover one point (semantics G8). `memory_max_bytes`: what the
    tables of a merged snapshot may weigh, 0 = no limit.
    """

    def __init__(self, overlap_count_max: int = limits.FENCE_OVERLAP_COUNT_DEFAULT, memory_max_bytes: int = 0) -> None:
        self._index = _new_index()
        self._overlap_count_max = overlap_count_max
        self._memory_max_bytes = memory_max_bytes
        self._footprints: dict[int, Footprint] = {}
        """Of every fence, where there is a limit."""
        self._footprint = Footprint()
        self._number_count = 0
        self._entries: dict[int, _Entry] = {}
        self._members: dict[int, _Member] = {}
        self._next_entry_id = 1
        self._owner_thread = 0
        self._unstaged: dict[int, CompiledShape] = {}
        """Shapes that the layers do not have yet."""
        self.layers = FenceLayers()
        self._mirror: FenceMirror | None = None

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
            self._members[number] = _Member(fence.geofence_id, fence.shape, entry_ids)
            self._unstaged[number] = shape
            self._weigh(number, shape)
        if self._entries:
            self._index = _index_of(self._entries)

    def insert(self, fence_number: int, geofence: Geofence) -> None:
        """Add a fence. Raises OverlapLimitError where too many would cover one point, and LimitExceededError where the
        index would weigh too much; then nothing is changed.
        """
        if fence_number in self._members:
            raise ValueError("insert of a fence number that is in the index; use replace")
        self._put(fence_number, geofence)

    def replace(self, fence_number: int, geofence: Geofence) -> None:
        """Change a fence. Raises NotFoundError, or as `insert` with the old shape still in place."""
        if fence_number not in self._members:
            raise NotFoundError(f"geofence {geofence.geofence_id} is not in the index")
        self._put(fence_number, geofence)

    def restore(self, fence_number: int, geofence: Geofence) -> None:
        """Bring back a fence that was taken out, with the shape it had: it is not checked again, and so not refused."""
        self._claim()
        self._enter(fence_number, geofence, compile_shape(geofence.shape))

    def delete(self, fence_number: int) -> None:
        """Remove a fence. Raises NotFoundError."""
        self._claim()
        member = self._members.pop(fence_number, None)
        if member is None:
            raise NotFoundError("that geofence is not in the index")
        self._unstaged.pop(fence_number, None)
        self._footprint = self._footprint.minus(self._footprints.pop(fence_number, Footprint()))
        for entry_id in member.entry_ids:
            self._index.delete(entry_id, _interleaved(self._entries.pop(entry_id).box))

    def _put(self, fence_number: int, geofence: Geofence) -> None:
        self._claim()
        held = self._members.get(fence_number)
        if held is not None and held.shape == geofence.shape:
            return  # its parts stay where they are
        compiled = compile_shape(geofence.shape)
        self._check_memory(fence_number, compiled)
        self._check_overlap(fence_number, geofence, compiled)
        if held is not None:
            self.delete(fence_number)
        self._enter(fence_number, geofence, compiled)

    def _enter(self, fence_number: int, geofence: Geofence, compiled: CompiledShape) -> None:
        entry_ids = []
        for part, boxes in enumerate(compiled.boxes):
            for box in boxes:
                entry_id = self._next_entry_id
                self._next_entry_id += 1
                self._entries[entry_id] = _Entry(fence_number, part, box)
                self._index.insert(entry_id, _interleaved(box))
                entry_ids.append(entry_id)
        self._members[fence_number] = _Member(geofence.geofence_id, geofence.shape, tuple(entry_ids))
        self._unstaged[fence_number] = compiled
        self._weigh(fence_number, compiled)

    def _weigh(self, fence_number: int, compiled: CompiledShape) -> None:
        """Count what a fence takes in the tables, where there is a limit."""
        self._number_count = max(self._number_count, fence_number + 1)
        if self._memory_max_bytes:
            self._footprints[fence_number] = footprint_of(compiled)
            self._footprint = self._footprint.plus(self._footprints[fence_number])

    def _check_memory(self, fence_number: int, compiled: CompiledShape) -> None:
        """Refuse a fence with which the index would weigh more than it may, unless it weighs less than what it was."""
        if not self._memory_max_bytes:
            return
        before = self._footprints.get(fence_number, Footprint())
        after = self._footprint.minus(before).plus(footprint_of(compiled))
        number_count = max(self._number_count, fence_number + 1)
        needed_bytes = index_bytes_max(after, number_count)
        if needed_bytes > max(self._memory_max_bytes, index_bytes_max(self._footprint, self._number_count)):
            raise LimitExceededError(
                f"the index of all geofences would take up to {needed_bytes:,} bytes, more than index_memory_max_mb"
            )

    def _check_overlap(self, fence_number: int, geofence: Geofence, compiled: CompiledShape) -> None:
        """Refuse a fence that would be one too many over a point: boxes say where, then shapes are looked at."""
        for box in (box for boxes in compiled.boxes for box in boxes):
            found = [self._entries[entry_id] for entry_id in self._index.intersection(_interleaved(box))]
            others = [entry for entry in found if entry.fence_number != fence_number]
            if len({entry.fence_number for entry in others}) < self._overlap_count_max:
                continue
            depth, deepest = self._depth_within(box, others)
            if depth < self._overlap_count_max:
                continue
            crowd = self._crowd(fence_number, geofence.shape, compiled, deepest)
            if crowd is None:
                return
            neighbour = self._members[crowd.fence_number].geofence_id
            told = "" if crowd.is_exact else " (their bounding boxes count: too much to look closer)"
            raise OverlapLimitError(
                f"more than {self._overlap_count_max} geofences would cover one point of {geofence.geofence_id}, "
                f"at geofence {neighbour}{told}",
                field="shape",
            )

    def _crowd(self, fence_number: int, shape: Shape, compiled: CompiledShape, deepest: int) -> Crowd | None:
        """Who would be in a crowd with this fence by their shapes; by boxes, `deepest`, where these are too much."""
        by_boxes = Crowd(deepest, is_exact=False)
        near = [entry for entry in self._entries_within(compiled) if entry.fence_number != fence_number]
        if len(near) > BOX_COUNT_MAX:
            return by_boxes
        crowded = crowded_boxes([entry.box for entry in near], self._overlap_count_max)
        numbers = sorted({near[place].fence_number for place in crowded})
        shapes = [self._members[number].shape for number in numbers]
        if is_too_much(shape, shapes):
            return by_boxes
        rows = dict(zip(numbers, map(compile_shape, shapes), strict=True))
        return crowd_within(compiled, rows, self._overlap_count_max)

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

    # -- what pings are located in ---------------------------------------------------------------------------

    def stage(self, fences: Mapping[int, tuple[Geofence, int]], removed: Mapping[int, int], number_count: int) -> None:
        """Hand saved changes of this index to the layers, for the next publication; as `FenceLayers.stage`."""
        self._claim()
        self._number_count = max(self._number_count, number_count)
        compiled = {number: self._unstaged.pop(number) for number in fences if number in self._unstaged}
        self.layers.stage(fences, compiled, removed, number_count)

    def publish(self) -> FenceTables:
        """Put what is staged in force; returns the snapshot."""
        self._claim()
        return self.layers.publish()

    def take_merged(self, source: FenceTables, merged: Merged) -> FenceTables:
        """As `FenceLayers.take_merged`."""
        self._claim()
        return self.layers.take_merged(source, merged)

    def freeze(
        self, fences: Mapping[int, tuple[Geofence, int]], removed: Mapping[int, int], number_count: int
    ) -> FenceTables:
        """An immutable snapshot of the index, merged: nothing is left in the delta.

        fences: by number, the fence and its store's number (−1 = none); exactly the fences of this index.
        removed: number → when it was deleted, in ms. number_count: rows, one above the greatest number given.
        """
        if fences.keys() != self._members.keys():
            raise ValueError("the catalog's fences are not those of the index")
        self.stage(fences, removed, number_count)
        return self.layers.merge_now()

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

        The R-tree asked mirrors `fences`, not what was saved since; it is built when first asked for.
        """
        self._claim()
        if self._mirror is None:
            self._mirror = FenceMirror()
        mirror = self._mirror.of(fences)
        count = 0
        hit_starts[0] = 0
        for row in range(len(latitudes_e7)):
            if wanted[row]:
                latitude, longitude = int(latitudes_e7[row]), int(longitudes_e7[row])
                if longitude >= HALF_TURN_E7:
                    longitude -= TURN_E7
                found = sorted(set(mirror.intersection((longitude, latitude, longitude, latitude))))
                covering = [number for number in found if covers_point(fences, number, latitude, longitude)]
                if count + len(covering) > len(hits):
                    return row
                hits[count : count + len(covering)] = covering
                count += len(covering)
            hit_starts[row + 1] = count
        return len(latitudes_e7)
