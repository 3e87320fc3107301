"""The fences as pings are to find them: a base index of the last merge, and a small delta of what changed since.

    stage    a saved change: its row, and its parts and edges at the end of the append-only tables    O(change)
    publish  the next snapshot: a copy of the rows, the base as it is, the delta built anew           O(rows + delta)
    merge    a new base over all that is saved, without what changed fences left behind               O(fences)

A merge may run in a thread (engine/fence_merge.py): `begin_merge` gives it a snapshot, `take_merged` takes the result
and enters what was staged meanwhile. Parts are never used again, so an older snapshot stays right as long as it lives.
One thread calls everything here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from geooffer.engine.fence_lives import KEPT, set_columns
from geooffer.engine.fence_merge import Merged, TwoIndexes, append_shapes, copied, empty_geometry, items_of, merge
from geooffer.engine.fence_parts import CompiledShape
from geooffer.engine.freezing import CellEntries, cell_entries, cells_of
from geooffer.engine.growing import GrowingRows, copy_of
from geooffer.engine.packing import pack_items
from geooffer.model.catalog import Geofence
from geooffer.model.columns import BoolArray, Int32Array, StructArray
from geooffer.model.fence_tables import FENCE_ROW, ITEM, CellIndex, FenceTables, empty_tables

MERGE_BOX_COUNT_MIN, MERGE_CELL_COUNT_MIN = 256, 16_384
"""Of the delta: above them a merge is due."""
DELTA_BOX_COUNT_MAX, DELTA_CELL_COUNT_MAX = 4_096, 131_072
"""Above them a publication takes longer than pings should wait, and changes wait for the merge."""
STALE_ROW_COUNT_MIN = 131_072
"""Parts and edges that no fence claims any more; a merge is due when they are more and a quarter of all."""


class LayerCounts(NamedTuple):
    """What an operator sees of the layers in force."""

    base_box_count: int
    delta_box_count: int
    stale_row_count: int
    """Parts and edges left behind by fences that changed or went, until the next merge."""
    merge_count: int
    room_bytes: int
    """Memory of all tables with their spare room."""


class FenceLayers:
    """Rows by fence number, their geometry, and the two layers of indexes over it."""

    def __init__(self) -> None:
        self._rows = GrowingRows(FENCE_ROW)
        self._geometry = empty_geometry()
        self._stale_row_count = 0
        self._base = _no_indexes()
        self._delta_items = np.zeros(0, ITEM)
        self._delta_entries = _NO_ENTRIES
        self._staged: dict[int, None] = {}
        """Fences staged since the last publication."""
        self._merging: FenceTables | None = None
        """What the merge under way works on."""
        self._since_merge: dict[int, None] = {}
        """Fences staged since it began."""
        self._merged_part_count = 0
        """Parts below it were made by the last merge: the base's."""
        self._merge_count = 0
        self.in_force = empty_tables()
        """The latest snapshot."""

    @property
    def counts(self) -> LayerCounts:
        """Figures of the latest publication."""
        indexes = self.in_force[4:]
        room_bytes = self._rows.room_bytes + self._geometry.room_bytes + sum(array.nbytes for array in indexes)
        return LayerCounts(
            len(self._base.items),
            len(self._delta_items),
            self._stale_row_count,
            self._merge_count,
            room_bytes,
        )

    @property
    def is_small(self) -> bool:
        """Whether a publication may go by the delta: few fences in it, and not much left behind."""
        if self._stale_share > 1.0:
            return False
        if len(self._staged) > DELTA_BOX_COUNT_MAX or len(self._delta_entries.keys) > DELTA_CELL_COUNT_MAX:
            return False
        waiting = int(self._rows.rows["part_count"][list(self._staged)].sum())
        return len(self._delta_items) + waiting <= DELTA_BOX_COUNT_MAX

    @property
    def staged_count(self) -> int:
        """Fences that wait for a publication."""
        return len(self._staged)

    @property
    def merge_due(self) -> bool:
        """Whether a merge is worth its while, and none is under way."""
        return self._merging is None and (
            len(self._delta_items) > MERGE_BOX_COUNT_MIN
            or len(self._delta_entries.keys) > MERGE_CELL_COUNT_MIN
            or self._stale_share > 0.25
            or not self.is_small
        )

    @property
    def _stale_share(self) -> float:
        """Of what was left behind in what fences have, where that is much."""
        held = self._geometry.parts.count + self._geometry.edges.count
        return self._stale_row_count / max(held - self._stale_row_count, 4 * STALE_ROW_COUNT_MIN)

    # -- saved changes ---------------------------------------------------------------------------------------

    def stage(
        self,
        fences: Mapping[int, tuple[Geofence, int]],
        compiled: Mapping[int, CompiledShape],
        removed: Mapping[int, int],
        number_count: int,
    ) -> None:
        """Take saved changes, which the next publication puts in force.

        fences: by number, the fence and its store's number (−1 = none). compiled: the shapes of those whose shape is
        new or was changed. removed: number → when it was deleted, in ms. number_count: rows, one above the greatest.
        """
        self._cover(number_count)
        rows = self._rows.rows
        self._stale_row_count += _row_count(self._bare_tables(), [*compiled, *removed])
        for number, time_ms in removed.items():
            rows[number] = np.zeros((), FENCE_ROW)
            rows[number]["store_number"] = -1
            rows[number]["removed_ms"] = time_ms
        if fences:
            numbers = list(fences)
            set_columns(rows, numbers, [fence for fence, _ in fences.values()])
            rows["store_number"][numbers] = [store_number for _, store_number in fences.values()]
            rows["live"][numbers] = 1
            rows["removed_ms"][numbers] = 0
        if compiled:
            self._stage_geometry(compiled)
        changed = dict.fromkeys((*fences, *removed))
        self._staged |= changed
        if self._merging is not None:
            self._since_merge |= changed

    def keep_lives(self, numbers: Sequence[int], rows: StructArray) -> None:
        """Take over what engine/fence_lives.py wrote into these rows of the snapshot that comes into force."""
        for name in KEPT:
            self._rows.rows[name][numbers] = rows[name][numbers]

    def _cover(self, number_count: int) -> None:
        held = self._rows.count
        if number_count > held:
            self._rows.extend(number_count - held)
            self._rows.rows["store_number"][held:] = -1

    def _stage_geometry(self, compiled: Mapping[int, CompiledShape]) -> None:
        """Parts and edges at the end of the tables, and where a fence's row finds its parts."""
        numbers, shapes = np.fromiter(compiled, np.int32, len(compiled)), list(compiled.values())
        rows = self._rows.rows
        rows["part_start"][numbers] = append_shapes(self._geometry, numbers, shapes)
        rows["part_count"][numbers] = [len(shape.parts) for shape in shapes]
        rows["radius_equivalent_cm"][numbers] = [radius_equivalent_cm(shape.area_m2) for shape in shapes]

    # -- in force --------------------------------------------------------------------------------------------

    def publish(self) -> FenceTables:
        """Put everything that is staged in force; returns the snapshot."""
        self._enter_staged()
        self.in_force = self._tables()
        return self.in_force

    def _enter_staged(self) -> None:
        """Bring the delta up to date: without what its fences left behind, with what was staged."""
        rows, parts = self._rows.rows, self._geometry.parts.rows
        held, entries = self._delta_items, self._delta_entries
        held = held[_claimed(rows, parts, held["part"])]
        is_claimed = _claimed(rows, parts, entries.values >> 1)
        numbers = np.fromiter(self._staged, np.int64, len(self._staged))
        starts, counts = rows["part_start"][numbers], rows["part_count"][numbers]
        places = np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        # a fence of which only other settings changed has its parts where they were: in the base or in the delta
        known = np.isin(places, held["part"]) | (places < self._merged_part_count)
        added = items_of(parts, places[~known].astype(np.int32))
        fresh = cell_entries(self._bare_tables()._replace(items=added))
        delta_items = np.concatenate((held, added))
        keys = np.concatenate((entries.keys[is_claimed], fresh.keys))
        values = np.concatenate((entries.values[is_claimed], fresh.values))
        # only now, all or nothing: what had no memory for this is tried again
        self._delta_items, self._delta_entries, self._staged = delta_items, CellEntries(keys, values), {}

    def _bare_tables(self) -> FenceTables:
        """Rows and geometry as they are, without indexes."""
        return self._geometry.over(self._rows.rows)

    def _tables(self) -> FenceTables:
        nodes, items = pack_items(self._delta_items)
        delta = TwoIndexes(nodes, items, cells_of(self._delta_entries))
        bare = self._geometry.over(copy_of(self._rows.rows))
        base = self._base
        return FenceTables(*bare[:4], base.nodes, base.items, *base.cells, delta.nodes, delta.items, *delta.cells)

    # -- merge -----------------------------------------------------------------------------------------------

    def begin_merge(self) -> FenceTables:
        """What `merge` is to work on, in any thread: all that is saved. One that was under way is forgotten."""
        self._since_merge = {}
        self._merging = self._bare_tables()._replace(fences=copy_of(self._rows.rows))
        return self._merging

    def forget_merge(self) -> None:
        """None is under way any more."""
        self._merging, self._since_merge = None, {}

    def take_merged(self, source: FenceTables, merged: Merged) -> FenceTables:
        """Put the result of a merge in force, with what was staged since it began; returns the snapshot.

        source: what `begin_merge` gave; changes nothing where another merge was begun since.
        """
        if self._merging is not source:
            return self.in_force
        changed, self._since_merge, self._merging = self._since_merge, {}, None
        rows, old = self._rows.rows, self._bare_tables()
        numbers = np.array([number for number in changed if rows["part_count"][number]], np.int64)
        merged_part_count = merged.geometry.parts.count
        starts = copied(old, numbers, merged.geometry)
        stale_row_count = _row_count(source, [number for number in changed if number < len(source.fences)])
        # what may lack memory is done: from here on the tables change, to the end or not at all
        self._merged_part_count, self._stale_row_count = merged_part_count, stale_row_count
        rows["part_start"][: len(merged.part_starts)] = merged.part_starts
        rows["part_start"][numbers] = starts
        self._geometry, self._base = merged.geometry, merged.base
        self._delta_items, self._delta_entries = np.zeros(0, ITEM), _NO_ENTRIES
        self._staged.update(changed)
        self._merge_count += 1
        return self.publish()

    def merge_now(self) -> FenceTables:
        """Begin a merge, wait for it and put it in force."""
        source = self.begin_merge()
        return self.take_merged(source, merge(source))


_NO_ENTRIES = CellEntries(np.zeros(0, np.int64), np.zeros(0, np.int32))


def _no_indexes() -> TwoIndexes:
    empty = empty_tables()
    return TwoIndexes(empty.nodes, empty.items, CellIndex(empty.cell_levels, empty.cells, empty.cell_parts))


def _claimed(rows: StructArray, parts: StructArray, places: Int32Array) -> BoolArray:
    """The claim rule of model/fence_tables.py, for many parts."""
    owners = parts["fence_number"][places]
    starts, counts = rows["part_start"][owners], rows["part_count"][owners]
    claimed: BoolArray = (starts <= places) & (places < starts + counts)
    return claimed


def _row_count(tables: FenceTables, numbers: Sequence[int]) -> int:
    """Parts and edges of these fences together."""
    rows = tables.fences[list(numbers)]
    spans = rows[["part_start", "part_count"]][rows["part_count"] > 0].tolist()
    edges = tables.parts["edge_count"]
    return sum(count + int(edges[start : start + count].sum()) for start, count in spans)


def radius_equivalent_cm(area_m2: float) -> int:
    """√(area / π) in whole centimetres, at most what an int32 holds comfortably."""
    return min(round(math.sqrt(area_m2 / math.pi) * 100.0), 2**30)
