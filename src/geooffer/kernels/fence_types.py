"""Numba types of the fence tables, derived from the layout in model/fence_tables.py."""

from __future__ import annotations

from numba import types

from geooffer.kernels.types import I4, array_of
from geooffer.model import exclusion_tables, fence_tables

FENCE_ROWS = array_of(fence_tables.FENCE_ROW)
PARTS = array_of(fence_tables.PART_ROW)
EDGES = array_of(fence_tables.EDGE)
NODES = array_of(fence_tables.NODE)
ITEMS = array_of(fence_tables.ITEM)
CELLS = array_of(fence_tables.CELL)

FENCES = types.NamedTuple(
    [FENCE_ROWS, PARTS, EDGES, I4, NODES, ITEMS, I4, CELLS, I4, NODES, ITEMS, I4, CELLS, I4],
    fence_tables.FenceTables,
)

EXCLUSION = types.NamedTuple(
    [array_of(exclusion_tables.ZONE), FENCES, types.int64],
    exclusion_tables.ExclusionTables,
)
