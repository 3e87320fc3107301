"""From the boxes of parts to a hash of cells: which parts a point of each cell may lie in."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geooffer.kernels.cells import (
    CELLS_PER_ITEM_COUNT_MAX,
    COARSEST_SHIFT,
    FINEST_SHIFT,
    LEVEL_SHIFT,
    fill_cells,
    rasterise,
)
from geooffer.kernels.geometry import HALF_TURN_E7
from geooffer.model.columns import Int32Array, Int64Array, StructArray
from geooffer.model.fence_tables import CELL, CellIndex, FenceTables
from geooffer.model.limits import LATITUDE_MAX_E7

_SLICE_CELL_COUNT = 1 << 20
_CELLS_PER_ITEM_COUNT_MIN = 16
_FREE_CELL_COUNT = 8_000_000
"""Cells that all items may take before large ones are given fewer."""


class CellEntries(NamedTuple):
    """Cell keys, and beside each a part << 1 | wholly inside; in no order."""

    keys: Int64Array
    values: Int32Array


def build_cells(tables: FenceTables, *, keeps_all: bool = False) -> FenceTables:
    """The tables with their cell index filled; everything else is taken over as it is. `keeps_all`: as `rasterise`."""
    index = cells_of(cell_entries(tables, keeps_all=keeps_all))
    return tables._replace(cell_levels=index.levels, cells=index.cells, cell_parts=index.parts)


def cell_entries(tables: FenceTables, *, keeps_all: bool = False) -> CellEntries:
    """The cells of all `tables.items`. `keeps_all`: as `rasterise`."""
    shifts, cell_counts = _levels(tables.items)
    return _entries_of(tables, shifts, cell_counts, keeps_all)


def cells_of(entries: CellEntries) -> CellIndex:
    """The hash of these cells."""
    order = np.argsort(entries.keys, kind="stable")
    keys = entries.keys[order]
    starts = np.flatnonzero(np.diff(keys, prepend=0))  # no key is 0
    counts = np.diff(starts, append=len(keys))
    distinct = keys[starts]
    cells = np.zeros(cell_capacity(len(distinct)), CELL)
    fill_cells(distinct, starts.astype(np.int32), counts.astype(np.int32), cells)
    levels = np.flatnonzero(np.bincount(distinct >> LEVEL_SHIFT)).astype(np.int32)
    return CellIndex(levels, cells, np.ascontiguousarray(entries.values[order]))


def cell_capacity(distinct_count: int) -> int:
    """Slots of a hash with so many keys: a power of two, at most half full."""
    return 1 << max(1, (2 * distinct_count).bit_length())


def _entries_of(tables: FenceTables, shifts: Int32Array, cell_counts: Int64Array, keeps_all: bool) -> CellEntries:
    """Cell key and value of every item, as `rasterise`; taken in slices, so that room is for what is touched."""
    ends = np.cumsum(cell_counts)
    touched = np.zeros(int(cell_counts.max(initial=0)), np.uint8)
    pieces = [(np.zeros(0, np.int64), np.zeros(0, np.int32))]
    start = 0
    while start < len(cell_counts):
        done = int(ends[start] - cell_counts[start])
        end = max(int(np.searchsorted(ends, done + _SLICE_CELL_COUNT, side="right")), start + 1)
        room = int(ends[end - 1]) - done
        keys, values = np.zeros(room, np.int64), np.zeros(room, np.int32)
        count = rasterise(tables, start, end, shifts, touched, keys, values, int(keeps_all))
        pieces.append((keys[:count].copy(), values[:count].copy()))
        start = end
    keys_of, values_of = zip(*pieces, strict=True)
    return CellEntries(np.concatenate(keys_of), np.concatenate(values_of))


def _levels(items: StructArray) -> tuple[Int32Array, Int64Array]:
    """Per item the finest level at which its box takes few enough cells, and how many it takes.

    Few enough: CELLS_PER_ITEM_COUNT_MAX, or less where so many large items would take more memory than geometry does.
    """
    per_item = CELLS_PER_ITEM_COUNT_MAX
    while True:
        shifts, counts = _levels_of(items, per_item)
        if per_item <= _CELLS_PER_ITEM_COUNT_MIN or counts.sum() <= _FREE_CELL_COUNT + 16 * len(items):
            return shifts, counts
        per_item //= 4


def _levels_of(items: StructArray, per_item: int) -> tuple[Int32Array, Int64Array]:
    shifts = np.full(len(items), COARSEST_SHIFT, np.int32)
    counts = _cell_counts(items, COARSEST_SHIFT)
    for shift in range(COARSEST_SHIFT - 2, FINEST_SHIFT - 1, -2):
        finer = _cell_counts(items, shift)
        fits = finer <= per_item
        shifts[fits] = shift
        counts[fits] = finer[fits]
    return shifts, counts


def _cell_counts(items: StructArray, shift: int) -> Int64Array:
    def span(low: str, high: str, origin: int) -> Int64Array:
        first = (items[low].astype(np.int64) + origin) >> shift
        last = (items[high].astype(np.int64) + origin) >> shift
        return last - first + 1

    rows = span("min_latitude_e7", "max_latitude_e7", LATITUDE_MAX_E7)
    return rows * span("min_longitude_e7", "max_longitude_e7", HALF_TURN_E7)
