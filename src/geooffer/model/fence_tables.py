"""Layout of one frozen catalog of fences: exact geometry, and two indexes over it.

    FENCE (by fence number) ─► PART, PART, …  (a circle, or one shell with its holes)
                                  ├─► EDGE, EDGE, …  (of all rings of the part)
                                  └─► stripes  (of a part with many edges: which of them each band of latitude meets)
    packed R-tree:  NODE (preorder, `skip` leads past a subtree) ─► ITEM (box, part)
    cells:          cell_levels ─► CELL (hash) ─► cell_parts (part << 1 | wholly inside)
    delta_…:        the same two indexes over the parts of fences that changed since the base was made

FENCE is the truth and each snapshot's own. PART and EDGE are only ever appended to, and snapshots share them: a fence
that changes gets new parts at the end, so a part counts only while its fence claims it (the claim rule),

    part_start ≤ part < part_start + part_count   of the FENCE row of the part's fence_number,

and what an index finds is the base's hits that are still claimed and the delta's.

A part's longitudes are unwrapped into its own frame (model/shapes.py): min_longitude_e7 lies in [−180°, 180°)
and max_longitude_e7 may run past +180°. Boxes of NODE and ITEM are wrapped back into [−180°, 180°]; a part
over the antimeridian has two items.

A part with many edges is cut into S stripes of 2^stripe_shift E7 units of latitude, from its least latitude. Its block
in `stripes` begins at stripe_start: S + 1 offsets from there, then the edges (as places in the part) that each closed
stripe meets. So a block moves without being rewritten (engine/stripes.py).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geooffer.model.columns import Int32Array, StructArray
from geooffer.model.limits import TIME_MAX_MS

FENCE_ROW = np.dtype(
    [
        ("valid_from_ms", "<i8"),  # in force at now: live, and valid_from_ms <= now < valid_until_ms
        ("valid_until_ms", "<i8"),  # NO_END_MS = without end
        ("removed_ms", "<i8"),  # when it was deleted; meaningful where live = 0
        ("live_since_ms", "<i8"),  # `now` of the last ping decided before this life came into force, NEVER_MS = none
        ("shaped_since_ms", "<i8"),  # the same of its present shape
        ("ended_ms", "<i8"),  # when the life before this one ended, and why (TransitionCause)
        ("dwell_ms", "<i8"),  # 0 = the policy's, here and in the four that follow
        ("inside_accuracy_cm", "<i4"),
        ("outside_margin_cm", "<i4"),
        ("enter_fix_count", "u1"),
        ("exit_fix_count", "u1"),
        ("life", "<u2"),  # counts how often it was made anew: a visit belongs to one life
        ("store_number", "<i4"),  # −1 = transitions only
        ("part_start", "<i4"),
        ("part_count", "<i4"),  # 0 where live = 0
        ("radius_equivalent_cm", "<i4"),  # √(area / π), for the accuracy bound of semantics P1
        ("live", "u1"),
        ("ended_cause", "u1"),
        ("_pad", "u1", (2,)),
    ],
    align=True,
)
assert FENCE_ROW.itemsize == 88
NO_END_MS = 2 * TIME_MAX_MS
"""A fence or zone without end."""

PART_ROW = np.dtype(
    [
        ("centre_x", "<f8"),  # of a circle: unit vector of its centre
        ("centre_y", "<f8"),
        ("centre_z", "<f8"),
        ("chord_squared", "<f8"),  # of its rim, on the unit sphere
        ("min_latitude_e7", "<i4"),
        ("min_longitude_e7", "<i4"),
        ("max_latitude_e7", "<i4"),
        ("max_longitude_e7", "<i4"),
        ("edge_start", "<i4"),
        ("edge_count", "<i4"),  # 0 = a circle
        ("fence_number", "<i4"),
        ("radius_cm", "<i4"),  # 0 = a polygon
        ("stripe_start", "<i4"),
        ("stripe_shift", "<i4"),  # 0 = no stripes: all edges are asked
    ],
    align=True,
)
assert PART_ROW.itemsize == 72

EDGE = np.dtype(
    [
        ("latitude_a_e7", "<i4"),
        ("longitude_a_e7", "<i4"),
        ("latitude_b_e7", "<i4"),
        ("longitude_b_e7", "<i4"),
    ],
    align=True,
)
assert EDGE.itemsize == 16

NODE = np.dtype(
    [
        ("min_latitude_e7", "<i4"),
        ("min_longitude_e7", "<i4"),
        ("max_latitude_e7", "<i4"),
        ("max_longitude_e7", "<i4"),
        ("skip", "<i4"),  # the next node in preorder outside this subtree
        ("item_start", "<i4"),
        ("item_count", "<i4"),  # 0 = an inner node: its first child is the next node
        ("_pad", "<i4"),
    ],
    align=True,
)
assert NODE.itemsize == 32

ITEM = np.dtype(
    [
        ("min_latitude_e7", "<i4"),
        ("min_longitude_e7", "<i4"),
        ("max_latitude_e7", "<i4"),
        ("max_longitude_e7", "<i4"),
        ("part", "<i4"),
    ],
    align=True,
)
assert ITEM.itemsize == 20

CELL = np.dtype([("key", "<i8"), ("start", "<i4"), ("count", "<i4")], align=True)
"""`key` as kernels/cells.py makes it, 0 = empty slot; `start`, `count` into cell_parts."""
assert CELL.itemsize == 16


class FenceTables(NamedTuple):
    """One immutable snapshot of all fences. `fences` has a row for every number ever given."""

    fences: StructArray  # FENCE_ROW
    parts: StructArray  # PART_ROW; also some that no fence claims any more
    edges: StructArray  # EDGE, by part
    stripes: Int32Array  # blocks of the parts that have them
    nodes: StructArray  # NODE, preorder; empty without fences
    items: StructArray  # ITEM, by leaf node
    cell_levels: Int32Array  # shifts in use, finest first
    cells: StructArray  # CELL, open addressing, capacity a power of two
    cell_parts: Int32Array
    delta_nodes: StructArray
    delta_items: StructArray
    delta_cell_levels: Int32Array
    delta_cells: StructArray
    delta_cell_parts: Int32Array

    @property
    def size_bytes(self) -> int:
        """Memory of all arrays."""
        return sum(array.nbytes for array in self)


class CellIndex(NamedTuple):
    """A hash of cells, as the fields of FenceTables of these names."""

    levels: Int32Array
    cells: StructArray
    parts: Int32Array


def empty_tables() -> FenceTables:
    """A snapshot without fences."""
    fences, parts, edges = (np.zeros(0, dtype) for dtype in (FENCE_ROW, PART_ROW, EDGE))
    nodes, items, cells = np.zeros(0, NODE), np.zeros(0, ITEM), np.zeros(2, CELL)
    levels, cell_parts = np.zeros(0, np.int32), np.zeros(0, np.int32)
    delta = nodes.copy(), items.copy(), levels.copy(), cells.copy(), cell_parts.copy()
    stripes = np.zeros(0, np.int32)
    return FenceTables(fences, parts, edges, stripes, nodes, items, levels, cells, cell_parts, *delta)
