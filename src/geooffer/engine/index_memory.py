"""What the index of some fences weighs, known from their shapes before it is built.

Of one merged snapshot (engine/fence_layers.py). All is exact but the cells: how many a shape touches is known only by
looking at its edges, so those of its box are counted. While a merge runs the old snapshot is there beside the new one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from geooffer.engine.fence_parts import Box, CompiledShape
from geooffer.engine.freezing import cell_capacity
from geooffer.engine.packing import FAN_OUT
from geooffer.kernels.cells import CELLS_PER_ITEM_COUNT_MAX, COARSEST_SHIFT, FINEST_SHIFT
from geooffer.kernels.geometry import HALF_TURN_E7
from geooffer.model.fence_tables import CELL, EDGE, FENCE_ROW, ITEM, NODE, PART_ROW
from geooffer.model.limits import LATITUDE_MAX_E7

_LEVEL_COUNT = (COARSEST_SHIFT - FINEST_SHIFT) // 2 + 1
_INT32_BYTES = 4
_NO_DELTA_BYTES = cell_capacity(0) * CELL.itemsize


class Footprint(NamedTuple):
    """Rows that fences take in the tables of model/fence_tables.py."""

    part_count: int = 0
    edge_count: int = 0
    stripe_count: int = 0
    """Numbers in blocks of stripes."""
    item_count: int = 0
    cell_count: int = 0
    """At most: the cells of its boxes."""

    def plus(self, other: Footprint) -> Footprint:
        """Of both together."""
        return Footprint(*(one + two for one, two in zip(self, other, strict=True)))

    def minus(self, other: Footprint) -> Footprint:
        """Of what is left without the other."""
        return Footprint(*(one - two for one, two in zip(self, other, strict=True)))


def footprint_of(shape: CompiledShape) -> Footprint:
    """What one fence takes."""
    boxes = [box for boxes in shape.boxes for box in boxes]
    cell_count = sum(_cell_count(box) for box in boxes)
    return Footprint(len(shape.parts), len(shape.edges), len(shape.stripes), len(boxes), cell_count)


def footprint_of_all(shapes: Iterable[CompiledShape]) -> Footprint:
    """What many fences take together."""
    total = Footprint()
    for shape in shapes:
        total = total.plus(footprint_of(shape))
    return total


def geometry_bytes(footprint: Footprint, number_count: int) -> int:
    """Exactly what all tables but the cells weigh. number_count: rows, one above the greatest fence number."""
    node_count, level = 0, footprint.item_count
    while level > 1 or (node_count == 0 and level):
        level = -(-level // FAN_OUT)
        node_count += level
    return (
        number_count * FENCE_ROW.itemsize
        + footprint.part_count * PART_ROW.itemsize
        + footprint.edge_count * EDGE.itemsize
        + footprint.stripe_count * _INT32_BYTES
        + footprint.item_count * ITEM.itemsize
        + node_count * NODE.itemsize
    )


def index_bytes_max(footprint: Footprint, number_count: int) -> int:
    """What a snapshot's `size_bytes` will not exceed; at most some double of it: cells come in powers of two."""
    cells = cell_capacity(footprint.cell_count) * CELL.itemsize
    entries = (footprint.cell_count + _LEVEL_COUNT) * _INT32_BYTES
    return geometry_bytes(footprint, number_count) + cells + entries + _NO_DELTA_BYTES


def _cell_count(box: Box) -> int:
    """Cells of a box at the finest level where they are few enough, as engine/freezing.py takes them at most."""
    south, west, north, east = box
    for shift in range(FINEST_SHIFT, COARSEST_SHIFT + 1, 2):
        rows = ((north + LATITUDE_MAX_E7) >> shift) - ((south + LATITUDE_MAX_E7) >> shift) + 1
        count = rows * (((east + HALF_TURN_E7) >> shift) - ((west + HALF_TURN_E7) >> shift) + 1)
        if count <= CELLS_PER_ITEM_COUNT_MAX:
            break
    return count
