"""Exclusion zones as the tables that pings are tested against, many at once (model/exclusion_tables.py)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from geooffer.engine.fence_merge import joined_stripes
from geooffer.engine.fence_parts import CompiledShape, compile_circles, compile_shape
from geooffer.engine.freezing import build_cells
from geooffer.engine.growing import joined_rows
from geooffer.engine.packing import pack_items
from geooffer.kernels.exclusion import FAR_LONGITUDE_CHORD_SQUARED, NEAR_LONGITUDE_FACTOR
from geooffer.kernels.geometry import HALF_TURN_E7, TURN_E7
from geooffer.kernels.trig import RADIANS_PER_CM, RADIANS_PER_E7
from geooffer.model.columns import Int32Array, Int64Array, StructArray
from geooffer.model.exclusion import ExclusionZone
from geooffer.model.exclusion_tables import ZONE, ExclusionTables
from geooffer.model.fence_tables import EDGE, ITEM, NODE, PART_ROW, empty_tables
from geooffer.model.limits import LATITUDE_MAX_E7, TIME_MAX_MS
from geooffer.model.shapes import Circle

NEVER_ENDS_MS = 2 * TIME_MAX_MS
_ROUNDING_E7 = 2


class CompiledZone(NamedTuple):
    """A zone with its shape as rows."""

    zone: ExclusionZone
    compiled: CompiledShape


class Boxes(NamedTuple):
    """Boxes of parts; a part over the antimeridian has two."""

    corners: Int64Array  # (n, 4): south, west, north, east, as Box of fence_parts.py
    parts: Int64Array


def compile_zones(zones: Sequence[ExclusionZone]) -> list[CompiledZone]:
    """Each with its rows, in the order given."""
    circles = compile_circles([zone.shape for zone in zones if isinstance(zone.shape, Circle)]) if zones else []
    following = iter(circles)
    return [
        CompiledZone(zone, next(following) if isinstance(zone.shape, Circle) else compile_shape(zone.shape))
        for zone in zones
    ]


def freeze_zones(zones: Sequence[CompiledZone], accuracy_max_cm: int, *, packs_tree: bool) -> ExclusionTables:
    """Rows by place in `zones`. `packs_tree`: False where only cells are asked."""
    if not zones:
        return ExclusionTables(np.zeros(0, ZONE), empty_tables(), accuracy_max_cm)
    rows = np.zeros(len(zones), ZONE)
    part_counts = np.array([len(item.compiled.parts) for item in zones], np.int32)
    edge_counts = np.array([len(item.compiled.edges) for item in zones], np.int32)
    rows["part_count"], rows["part_start"] = part_counts, np.cumsum(part_counts) - part_counts
    rows["buffer_cm"] = [item.zone.buffer_cm for item in zones]
    rows["valid_from_ms"] = [item.zone.valid_from_ms for item in zones]
    rows["valid_until_ms"] = [item.zone.valid_until_ms or NEVER_ENDS_MS for item in zones]
    parts = joined_rows([item.compiled.parts for item in zones], PART_ROW)
    parts["fence_number"] = np.repeat(np.arange(len(zones), dtype=np.int32), part_counts)
    edge_starts = (np.cumsum(edge_counts) - edge_counts).astype(np.int32)
    parts["edge_start"] += np.repeat(edge_starts, part_counts)
    edges = joined_rows([item.compiled.edges for item in zones if len(item.compiled.edges)], EDGE)
    stripes = joined_stripes(parts, [item.compiled for item in zones])
    boxes = wide_boxes(parts, rows["buffer_cm"][parts["fence_number"]].astype(np.int64) + accuracy_max_cm)
    items = _items_of(boxes)
    nodes = np.zeros(0, NODE)
    if packs_tree:
        nodes, items = pack_items(items)
    shapes = empty_tables()._replace(parts=parts, edges=edges, stripes=stripes, nodes=nodes, items=items)
    return ExclusionTables(rows, build_cells(shapes, keeps_all=True), accuracy_max_cm)


def _items_of(boxes: Boxes) -> StructArray:
    items = np.zeros(len(boxes.parts), ITEM)
    names = ("min_latitude_e7", "min_longitude_e7", "max_latitude_e7", "max_longitude_e7")
    for index, name in enumerate(names):
        items[name] = boxes.corners[:, index]
    items["part"] = boxes.parts
    return items


def wide_boxes(parts: StructArray, margins_cm: Int64Array | Int32Array) -> Boxes:
    """Boxes of all points that the kernel may take for within a margin of each part.

    East and west: a point whose latitude is at most `far` is taken for near up to m / (k cos far) of longitude, and
    whatever that where the kernel does not ask longitudes at all.
    """
    radii_cm = parts["radius_cm"].astype(np.int64)
    outer_cm = radii_cm + margins_cm
    reach = (outer_cm + (outer_cm + 99) // 100 + 2 - radii_cm) * RADIANS_PER_CM  # as widened_cm of the kernel
    reach_e7 = np.ceil(reach / RADIANS_PER_E7).astype(np.int64) + _ROUNDING_E7
    south = np.maximum(parts["min_latitude_e7"] - reach_e7, -LATITUDE_MAX_E7)
    north = np.minimum(parts["max_latitude_e7"] + reach_e7, LATITUDE_MAX_E7)
    far_e7 = np.maximum(np.abs(south), np.abs(north)) + reach_e7
    least_cosine = np.cos(np.minimum(far_e7, LATITUDE_MAX_E7) * RADIANS_PER_E7)
    is_whole = far_e7 >= LATITUDE_MAX_E7
    is_whole |= least_cosine * least_cosine * FAR_LONGITUDE_CHORD_SQUARED <= reach * reach * 1.001
    width = reach / (math.sqrt(NEAR_LONGITUDE_FACTOR) * np.where(is_whole, 1.0, least_cosine)) * 1.001
    width_e7 = np.ceil(width / RADIANS_PER_E7).astype(np.int64) + _ROUNDING_E7
    west, east = parts["min_longitude_e7"] - width_e7, parts["max_longitude_e7"] + width_e7
    is_whole |= east - west >= TURN_E7
    turn = np.where(west < -HALF_TURN_E7, TURN_E7, 0)
    west, east = np.where(is_whole, -HALF_TURN_E7, west + turn), np.where(is_whole, HALF_TURN_E7, east + turn)
    # a box that reaches +180° also stands at −180°: one place
    is_cut = ~is_whole & (east >= HALF_TURN_E7)
    corners = np.stack((south, west, north, np.where(is_cut, HALF_TURN_E7, east)), axis=1)
    beyond = np.stack((south, np.full_like(west, -HALF_TURN_E7), north, east - TURN_E7), axis=1)[is_cut]
    places = np.arange(len(parts), dtype=np.int64)
    return Boxes(np.concatenate((corners, beyond)), np.concatenate((places, places[is_cut])))
