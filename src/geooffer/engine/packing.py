"""A packed R-tree over boxes, all at once and without a loop over them: a thread can build it beside the pings.

The boxes are put in the order of a Hilbert curve through their centres (Kamel and Faloutsos 1993) and taken by 16 to a
leaf, the leaves by 16 to a node, and so on. So the shape of the tree follows from their number, and each node's place
in preorder can be computed: node i of level k (0 = leaf) begins at box leaf i·16ᵏ, and before it come all earlier
leaves and all nodes of upper levels that begin at or before it.
"""

from __future__ import annotations

import numpy as np

from geooffer.model.columns import Int64Array, StructArray
from geooffer.model.fence_tables import NODE

FAN_OUT = 16
_CURVE_BITS = 16
_LOW = ("min_latitude_e7", "min_longitude_e7")
_HIGH = ("max_latitude_e7", "max_longitude_e7")


def pack_items(items: StructArray) -> tuple[StructArray, StructArray]:
    """NODE rows in preorder, and the ITEM rows (any order) as their leaves hold them."""
    if not len(items):
        return np.zeros(0, NODE), items
    items = items[np.argsort(_curve_places(items), kind="stable")]
    counts = [-(-len(items) // FAN_OUT)]
    while counts[-1] > 1:
        counts.append(-(-counts[-1] // FAN_OUT))
    nodes = np.zeros(sum(counts), NODE)
    below = items
    for level, count in enumerate(counts):
        rows = np.zeros(count, NODE)
        firsts = np.arange(0, len(below), FAN_OUT)
        for name in _LOW:
            rows[name] = np.minimum.reduceat(below[name], firsts)
        for name in _HIGH:
            rows[name] = np.maximum.reduceat(below[name], firsts)
        if level == 0:
            rows["item_start"] = firsts
            rows["item_count"] = np.minimum(len(items) - firsts, FAN_OUT)
        places = _preorder(counts, level)
        rows["skip"] = places + _subtree_sizes(counts, level)
        nodes[places] = rows
        below = rows
    return nodes, items


def _preorder(counts: list[int], level: int) -> Int64Array:
    """The place of each node of a level."""
    numbers = np.arange(counts[level], dtype=np.int64)
    leaves = numbers * FAN_OUT**level
    places: Int64Array = leaves.copy()
    for other in range(1, len(counts)):
        width = FAN_OUT**other
        # nodes of its own level and below begin before it, those above also with it
        places += -(-leaves // width) if other <= level else leaves // width + 1
    return places


def _subtree_sizes(counts: list[int], level: int) -> Int64Array:
    numbers = np.arange(counts[level], dtype=np.int64)
    sizes: Int64Array = np.ones(counts[level], np.int64)
    for other in range(level):
        width = FAN_OUT ** (level - other)
        sizes += np.minimum((numbers + 1) * width, counts[other]) - numbers * width
    return sizes


def _curve_places(items: StructArray) -> Int64Array:
    """Where each box's centre lies on a Hilbert curve over all of them."""
    x = _grid(items["min_longitude_e7"].astype(np.int64) + items["max_longitude_e7"])
    y = _grid(items["min_latitude_e7"].astype(np.int64) + items["max_latitude_e7"])
    places = np.zeros(len(items), np.int64)
    for bit in reversed(range(_CURVE_BITS)):
        right, upper = (x >> bit) & 1, (y >> bit) & 1
        places += ((3 * right) ^ upper) << (2 * bit)
        is_turned = upper == 0
        flip = np.where(is_turned & (right == 1), (1 << _CURVE_BITS) - 1, 0)
        x, y = x ^ flip, y ^ flip
        x, y = np.where(is_turned, y, x), np.where(is_turned, x, y)
    return places


def _grid(doubled: Int64Array) -> Int64Array:
    """Coordinates moved and scaled to _CURVE_BITS bits."""
    low, high = int(doubled.min()), int(doubled.max())
    shift = max((high - low).bit_length() - _CURVE_BITS, 0)
    return (doubled - low) >> shift
