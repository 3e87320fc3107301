"""Why a point lies in the fences it lies in: what the index was asked, what it answered, what the exact test said.

Written to be read, in plain NumPy, from the same tables that kernels read; the answers themselves are the kernels'.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from geooffer.engine.lookup import LookUp
from geooffer.kernels.cells import cell_key
from geooffer.kernels.geometry import HALF_TURN_E7, TURN_E7
from geooffer.kernels.trig import METRES_PER_E7, RADIANS_PER_E7
from geooffer.model.columns import StructArray
from geooffer.model.shapes import Circle
from geooffer.model.units import EARTH_RADIUS_M

_RIM_M = 0.005


class Asked(NamedTuple):
    """One question to the index: `what` was asked and how many parts it named."""

    what: str
    found_count: int


class Candidate(NamedTuple):
    """A part of a fence that the index named, and what became of it."""

    fence_number: int
    part: int
    """Counted from 0 within the fence."""
    is_covering: bool
    needed_no_test: bool
    """The point's cell lies wholly inside the part."""
    edge_count: int
    """0 = a circle."""
    boundary: str
    """What of the boundary the point lies on: "vertex", "edge", "rim"; '' = nothing."""
    distance_m: float
    """To its boundary: in the local plane of the point, of a circle along the sphere (semantics G2)."""


class Explanation(NamedTuple):
    """Of one point."""

    asked: tuple[Asked, ...]
    candidates: tuple[Candidate, ...]


class Explainer:
    """Explanations over one look-up."""

    def __init__(self, lookup: LookUp) -> None:
        self._lookup = lookup
        self._tables = lookup.tables
        self._key_order = np.argsort(self._tables.cells["key"], kind="stable")
        self._keys = self._tables.cells["key"][self._key_order]

    def explain(self, latitude_e7: int, longitude_e7: int, covering: Collection[int]) -> Explanation:
        """`covering`: the numbers of the fences that the kernels found there."""
        longitude = longitude_e7 - TURN_E7 if longitude_e7 >= HALF_TURN_E7 else longitude_e7
        inside: set[int] = set()
        if self._lookup.index_kind == "cells":
            asked, parts, inside = self._ask_cells(latitude_e7, longitude)
        else:
            asked, parts = self._ask_boxes(latitude_e7, longitude)
        candidates = [
            self._candidate(part, latitude_e7, longitude, covering, is_inside=part in inside) for part in sorted(parts)
        ]
        return Explanation(tuple(asked), tuple(candidates))

    def _ask_cells(self, latitude_e7: int, longitude_e7: int) -> tuple[list[Asked], set[int], set[int]]:
        """(questions, parts named, those of them that hold the whole cell)."""
        asked: list[Asked] = []
        parts: set[int] = set()
        inside: set[int] = set()
        for shift in self._tables.cell_levels.tolist():
            key = cell_key.py_func(shift, latitude_e7, longitude_e7)  # type: ignore[attr-defined]
            place = int(np.searchsorted(self._keys, key))
            found: list[int] = []
            if place < len(self._keys) and self._keys[place] == key:
                cell = self._tables.cells[self._key_order[place]]
                found = self._tables.cell_parts[cell["start"] : cell["start"] + cell["count"]].tolist()
            side_m = (1 << shift) * METRES_PER_E7
            asked.append(Asked(f"cell of level {shift} ({side_m:,.0f} m north to south)", len(found)))
            parts |= {value >> 1 for value in found}
            inside |= {value >> 1 for value in found if value & 1}
        return asked, parts, inside

    def _ask_boxes(self, latitude_e7: int, longitude_e7: int) -> tuple[list[Asked], set[int]]:
        items = self._tables.items
        parts = set(items["part"][_holding(items, latitude_e7, longitude_e7)].tolist())
        if self._lookup.index_kind == "rtree":
            return [Asked(f"R-tree of {len(items):,} boxes", len(parts))], parts
        nodes = self._tables.nodes
        met = int(_holding(nodes, latitude_e7, longitude_e7).sum())
        return [Asked(f"packed R-tree: the point lies in {met:,} of {len(nodes):,} nodes", len(parts))], parts

    def _candidate(
        self, part_index: int, latitude_e7: int, longitude_e7: int, covering: Collection[int], *, is_inside: bool
    ) -> Candidate:
        part = self._tables.parts[part_index]
        number = int(part["fence_number"])
        place = part_index - int(self._tables.fences[number]["part_start"])
        if part["radius_cm"] > 0:
            shape = self._lookup.fences[number].shape
            assert isinstance(shape, Circle)
            away_m = _arc_m(shape.latitude_e7, shape.longitude_e7, latitude_e7, longitude_e7) - shape.radius_cm / 100
            boundary = "rim" if abs(away_m) <= _RIM_M else ""
            return Candidate(number, place, number in covering, is_inside, 0, boundary, abs(away_m))
        start = int(part["edge_start"])
        edges = self._tables.edges[start : start + int(part["edge_count"])]
        middle = (int(part["min_longitude_e7"]) + int(part["max_longitude_e7"])) // 2
        turned = longitude_e7 + TURN_E7 * round((middle - longitude_e7) / TURN_E7)
        covers, boundary = _polygon_test(edges, latitude_e7, turned)
        distance_m = _edge_distance_m(edges, latitude_e7, turned)
        return Candidate(number, place, covers, is_inside, len(edges), boundary, distance_m)


def _holding(boxes: StructArray, latitude_e7: int, longitude_e7: int) -> np.ndarray:
    """Which boxes (NODE or ITEM) hold the point."""
    return (
        (boxes["min_latitude_e7"] <= latitude_e7)
        & (boxes["max_latitude_e7"] >= latitude_e7)
        & (boxes["min_longitude_e7"] <= longitude_e7)
        & (boxes["max_longitude_e7"] >= longitude_e7)
    )


def _polygon_test(edges: StructArray, latitude_e7: int, longitude_e7: int) -> tuple[bool, str]:
    """(whether the rings cover the point, what of the boundary it lies on), exactly: semantics G3."""
    south, north = edges["latitude_a_e7"].astype(np.int64), edges["latitude_b_e7"].astype(np.int64)
    west, east = edges["longitude_a_e7"].astype(np.int64), edges["longitude_b_e7"].astype(np.int64)
    if ((south == latitude_e7) & (west == longitude_e7)).any():
        return True, "vertex"
    turn = (east - west) * (latitude_e7 - south) - (north - south) * (longitude_e7 - west)
    between = (np.minimum(south, north) <= latitude_e7) & (np.maximum(south, north) >= latitude_e7)
    along = (np.minimum(west, east) <= longitude_e7) & (np.maximum(west, east) >= longitude_e7)
    if ((turn == 0) & between & along).any():
        return True, "edge"
    straddles = (south > latitude_e7) != (north > latitude_e7)
    crossed = straddles & ((turn > 0) == (north > south))
    return bool(crossed.sum() % 2), ""


def _edge_distance_m(edges: StructArray, latitude_e7: int, longitude_e7: int) -> float:
    """To the nearest edge, in the local plane at the point (semantics G2)."""
    east_m = METRES_PER_E7 * math.cos(latitude_e7 * RADIANS_PER_E7)
    ax = (edges["longitude_a_e7"].astype(np.float64) - longitude_e7) * east_m
    bx = (edges["longitude_b_e7"].astype(np.float64) - longitude_e7) * east_m - ax
    ay = (edges["latitude_a_e7"].astype(np.float64) - latitude_e7) * METRES_PER_E7
    by = (edges["latitude_b_e7"].astype(np.float64) - latitude_e7) * METRES_PER_E7 - ay
    length_squared = bx * bx + by * by
    along = np.clip(-(ax * bx + ay * by) / np.where(length_squared > 0, length_squared, 1.0), 0.0, 1.0)
    return float(np.hypot(ax + along * bx, ay + along * by).min())


def _arc_m(latitude_a_e7: int, longitude_a_e7: int, latitude_b_e7: int, longitude_b_e7: int) -> float:
    """Great-circle metres (haversine)."""
    north, south = latitude_a_e7 * RADIANS_PER_E7, latitude_b_e7 * RADIANS_PER_E7
    turn = (longitude_b_e7 - longitude_a_e7) * RADIANS_PER_E7
    half = math.sin((south - north) / 2) ** 2 + math.cos(north) * math.cos(south) * math.sin(turn / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(half)))
