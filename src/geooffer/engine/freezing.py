"""From the R-tree's leaves to the flat tables pings are located in: a packed tree, and cells over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from geooffer.engine.fence_parts import Box
from geooffer.kernels.cells import (
    CELLS_PER_ITEM_COUNT_MAX,
    COARSEST_SHIFT,
    FINEST_SHIFT,
    fill_cells,
    rasterise,
)
from geooffer.kernels.geometry import HALF_TURN_E7
from geooffer.model.columns import Int32Array, Int64Array, StructArray
from geooffer.model.fence_tables import CELL, ITEM, NODE, FenceTables
from geooffer.model.limits import LATITUDE_MAX_E7

FAN_OUT = 16
_SLICE_CELL_COUNT = 1 << 20
_CELLS_PER_ITEM_COUNT_MIN = 16
_FREE_CELL_COUNT = 8_000_000
"""Cells that all items may take before large ones are given fewer."""

Item = tuple[Box, int]
"""A box and the part it belongs to."""


class _Branch(NamedTuple):
    """A node on its way into preorder: a leaf has items, an inner node children."""

    box: Box
    children: tuple[_Branch, ...]
    items: tuple[Item, ...]


def pack_tree(leaves: Sequence[Sequence[Item]]) -> tuple[StructArray, StructArray]:
    """NODE rows in preorder and ITEM rows by leaf.

    The leaves are taken as the R-tree grouped them. libspatialindex does not tell its upper levels, so these
    are built anew: neighbouring nodes by sort-tile-recurse (Leutenegger et al. 1997), 16 to a parent.
    """
    level = [_Branch(_hull([box for box, _ in leaf]), (), tuple(leaf)) for leaf in leaves if leaf]
    while len(level) > 1:
        groups = _tiles(level)
        level = [_Branch(_hull([node.box for node in group]), tuple(group), ()) for group in groups]
    nodes: list[tuple[int, ...]] = []
    items: list[tuple[int, ...]] = []
    if level:
        _lay_out(level[0], nodes, items)
    return _rows(nodes, NODE), _rows(items, ITEM)


def leaves_of(items: Sequence[Item]) -> list[list[Item]]:
    """Items that no R-tree has grouped, in leaves of neighbours."""
    branches = [_Branch(box, (), ((box, part),)) for box, part in items]
    return [[item for branch in group for item in branch.items] for group in _tiles(branches)]


def _hull(boxes: Sequence[Box]) -> Box:
    south, west, north, east = zip(*boxes, strict=True)
    return min(south), min(west), max(north), max(east)


def _tiles(level: list[_Branch]) -> list[list[_Branch]]:
    """Groups of at most FAN_OUT neighbours: slices by longitude, tiles by latitude within each."""
    by_longitude = sorted(level, key=lambda node: (node.box[1] + node.box[3], node.box))
    tile_count = -(-len(level) // FAN_OUT)
    slice_length = FAN_OUT * max(1, round(tile_count**0.5))
    groups = []
    for start in range(0, len(level), slice_length):
        by_latitude = sorted(
            by_longitude[start : start + slice_length], key=lambda node: (node.box[0] + node.box[2], node.box)
        )
        groups += [by_latitude[at : at + FAN_OUT] for at in range(0, len(by_latitude), FAN_OUT)]
    return groups


def _lay_out(branch: _Branch, nodes: list[tuple[int, ...]], items: list[tuple[int, ...]]) -> None:
    """Append a subtree in preorder; its own row is completed when its end is known."""
    place = len(nodes)
    nodes.append(())
    item_start = len(items)
    items.extend((*box, part) for box, part in branch.items)
    for child in branch.children:
        _lay_out(child, nodes, items)
    nodes[place] = (*branch.box, len(nodes), item_start, len(branch.items), 0)


def _rows(tuples: list[tuple[int, ...]], dtype: np.dtype[np.void]) -> StructArray:
    rows = np.zeros(len(tuples), dtype)
    if tuples:
        for name, column in zip(dtype.names or (), zip(*tuples, strict=True), strict=True):
            rows[name] = column
    return rows


def build_cells(tables: FenceTables, *, keeps_all: bool = False) -> FenceTables:
    """The tables with their cell index filled; everything else is taken over as it is. `keeps_all`: as `rasterise`."""
    shifts, cell_counts = _levels(tables.items)
    keys, values = _cells_of(tables, shifts, cell_counts, keeps_all)
    order = np.lexsort((values, keys))
    distinct, starts, counts = np.unique(keys[order], return_index=True, return_counts=True)
    cells = np.zeros(cell_capacity(len(distinct)), CELL)
    fill_cells(distinct, starts.astype(np.int32), counts.astype(np.int32), cells)
    return tables._replace(
        cell_levels=np.unique(shifts).astype(np.int32),
        cells=cells,
        cell_parts=np.ascontiguousarray(values[order]),
    )


def cell_capacity(distinct_count: int) -> int:
    """Slots of a hash with so many keys: a power of two, at most half full."""
    return 1 << max(1, (2 * distinct_count).bit_length())


def _cells_of(
    tables: FenceTables, shifts: Int32Array, cell_counts: Int64Array, keeps_all: bool
) -> tuple[Int64Array, Int32Array]:
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
    return np.concatenate(keys_of), np.concatenate(values_of)


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
