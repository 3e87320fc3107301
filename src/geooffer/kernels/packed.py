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
from geooffer.model.columns import Int32Array
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
def locate_packed(fences: FenceTables, latitude_e7: int, longitude_e7: int, hits: Int32Array, start: int) -> int:
    """Add the fences that cover the point to hits[start:]; returns the end, or −1 when `hits` is full."""
    count = start
    node_index = 0
    while node_index < len(fences.nodes):
        node = fences.nodes[node_index]
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
            item = fences.items[item_index]
            if (
                latitude_e7 < item["min_latitude_e7"]
                or latitude_e7 > item["max_latitude_e7"]
                or longitude_e7 < item["min_longitude_e7"]
                or longitude_e7 > item["max_longitude_e7"]
            ):
                continue
            if part_covers(fences, item["part"], latitude_e7, longitude_e7):
                if count == len(hits):
                    return -1
                count = add_hit(hits, start, count, fences.parts[item["part"]]["fence_number"])
        node_index = int(node["skip"])
    return count
