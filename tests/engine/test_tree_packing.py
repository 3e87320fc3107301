"""The packed tree, walked as the kernel walks it, finds what comparing with every box finds."""

from __future__ import annotations

import numpy as np
import pytest

from geooffer.engine.packing import FAN_OUT, pack_items
from geooffer.model.fence_tables import ITEM

NAMES = ("min_latitude_e7", "min_longitude_e7", "max_latitude_e7", "max_longitude_e7")


@pytest.mark.parametrize("count", [0, 1, 2, 16, 17, 255, 256, 257, 4_096, 4_097, 5_000])
def test_every_box_is_under_its_nodes_and_found_once(count: int) -> None:
    rng = np.random.default_rng(count)
    boxes = np.zeros(count, ITEM)
    for axis, reach in (("latitude", 900_000_000), ("longitude", 1_800_000_000)):
        low = rng.integers(-reach, reach - 5_000_000, count)
        boxes[f"min_{axis}_e7"], boxes[f"max_{axis}_e7"] = low, low + rng.integers(0, 5_000_000, count)
    boxes["part"] = np.arange(count)
    nodes, items = pack_items(boxes)
    assert sorted(items["part"].tolist()) == list(range(count))
    assert np.array_equal(items, boxes[items["part"]])
    reached: list[int] = []
    rows = zip(*(nodes[name].tolist() for name in ("skip", "item_start", "item_count")), strict=True)
    for index, (skip, start, held) in enumerate(rows):
        inside = slice(index + 1, skip)
        for name in NAMES:
            below = items[name][start : start + held] if held else nodes[name][inside]
            edge = below.min() if name.startswith("min") else below.max()
            assert nodes[name][index] == edge
        assert index < skip <= len(nodes)
        if held:
            assert held <= FAN_OUT
            assert skip == index + 1
            reached += range(start, start + held)
    assert reached == list(range(count))
    assert not count or nodes["skip"][0] == len(nodes)


def test_neighbours_share_leaves() -> None:
    """Leaves of boxes in a grid are compact: their hulls together are not much more than the area they tile."""
    side = 64
    boxes = np.zeros(side * side, ITEM)
    boxes["min_latitude_e7"], boxes["min_longitude_e7"] = np.divmod(np.arange(side * side) * 1_000, side * 1_000)
    boxes["min_latitude_e7"] *= 1_000
    boxes["max_latitude_e7"] = boxes["min_latitude_e7"] + 1_000
    boxes["max_longitude_e7"] = boxes["min_longitude_e7"] + 1_000
    nodes, _ = pack_items(np.random.default_rng(1).permutation(boxes))
    leaves = nodes[nodes["item_count"] > 0]
    height = leaves["max_latitude_e7"].astype(np.int64) - leaves["min_latitude_e7"]
    width = leaves["max_longitude_e7"].astype(np.int64) - leaves["min_longitude_e7"]
    assert (height * width).sum() <= 1.5 * (side * 1_000) ** 2
