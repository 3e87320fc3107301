"""The packed R-tree: nodes in preorder, each knowing where its subtree ends; a query needs no stack.

node 0  root        skip → 7 (= end)
node 1    inner     skip → 4           box missed: jump to `skip`; box met: go on to the next node,
node 2      leaf    skip → 3           which is the first child, or a leaf's items and then `skip`
node 3      leaf    skip → 4
node 4    inner     skip → 7
"""

from __future__ import annotations

from geooffer.kernels.compile import kernel
from geooffer.kernels.geometry import part_covers
from geooffer.model.columns import Int32Array, StructArray
from geooffer.model.fence_tables import FenceTables


@kernel
def add_hit(hits: Int32Array, start: int, count: int, fence_number: int) -> int:
    """Put a fence into the ascending list hits[start:count], once; returns the new end. Needs room."""
    place = count
    while place > start and hits[place - 1] > fence_number:
        place -= 1
    if place > start and hits[place - 1] == fence_number:
        return count
    for index in range(count, place, -1):
        hits[index] = hits[index - 1]
    hits[place] = fence_number
    return count + 1


@kernel
def is_claimed(fences: FenceTables, part_index: int) -> bool:
    """Whether the part's fence still has it: a fence that changed or went left its old parts behind."""
    fence = fences.fences[fences.parts[part_index]["fence_number"]]
    start = int(fence["part_start"])
    return bool(start <= part_index < start + int(fence["part_count"]))


@kernel
def locate_packed(fences: FenceTables, latitude_e7: int, longitude_e7: int, hits: Int32Array, start: int) -> int:
    """Add the fences that cover the point to hits[start:]; returns the end, or −1 when `hits` is full."""
    count = _add_from_tree(fences, fences.nodes, fences.items, latitude_e7, longitude_e7, hits, start, start)
    if count < 0 or len(fences.delta_nodes) == 0:
        return count
    return _add_from_tree(fences, fences.delta_nodes, fences.delta_items, latitude_e7, longitude_e7, hits, start, count)


@kernel
def _add_from_tree(
    fences: FenceTables,
    nodes: StructArray,
    items: StructArray,
    latitude_e7: int,
    longitude_e7: int,
    hits: Int32Array,
    start: int,
    count: int,
) -> int:
    """What one tree adds to hits[start:count]; as `locate_packed`."""
    node_index = 0
    while node_index < len(nodes):
        node = nodes[node_index]
        if (
            latitude_e7 < node["min_latitude_e7"]
            or latitude_e7 > node["max_latitude_e7"]
            or longitude_e7 < node["min_longitude_e7"]
            or longitude_e7 > node["max_longitude_e7"]
        ):
            node_index = int(node["skip"])
            continue
        if node["item_count"] == 0:
            node_index += 1
            continue
        for item_index in range(node["item_start"], node["item_start"] + node["item_count"]):
            item = items[item_index]
            if (
                latitude_e7 < item["min_latitude_e7"]
                or latitude_e7 > item["max_latitude_e7"]
                or longitude_e7 < item["min_longitude_e7"]
                or longitude_e7 > item["max_longitude_e7"]
            ):
                continue
            part_index = int(item["part"])
            if is_claimed(fences, part_index) and part_covers(fences, part_index, latitude_e7, longitude_e7):
                if count == len(hits):
                    return -1
                count = add_hit(hits, start, count, fences.parts[part_index]["fence_number"])
        node_index = int(node["skip"])
    return count
