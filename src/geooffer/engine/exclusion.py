"""Exclusion zones as pings are tested against them (privacy M3), and what of the catalog they silence.

The tables are frozen anew when a zone or the policy's bound of accuracy has changed, at the next ping and not with the
next publication: a zone is in force as soon as its call has returned.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from geooffer.engine.fence_parts import Box, CompiledShape, boxes_of_frame, compile_shape
from geooffer.engine.freezing import build_cells, leaves_of, pack_tree
from geooffer.engine.shape_distance import Located, are_near, located
from geooffer.engine.spatial import empty_tables, joined_rows
from geooffer.kernels.exclusion import (
    FAR_LONGITUDE_CHORD_SQUARED,
    NEAR_LONGITUDE_FACTOR,
    exclude_rows,
    widened_cm,
)
from geooffer.kernels.geometry import HALF_TURN_E7, TURN_E7
from geooffer.kernels.trig import RADIANS_PER_CM, RADIANS_PER_E7
from geooffer.model.columns import Int64Array, StructArray, UInt8Array
from geooffer.model.exclusion import ExclusionZone
from geooffer.model.exclusion_tables import ZONE, ExclusionTables
from geooffer.model.fence_tables import CELL, EDGE, PART_ROW, FenceTables
from geooffer.model.limits import LATITUDE_MAX_E7, TIME_MAX_MS
from geooffer.model.policy import Policy
from geooffer.model.shapes import Shape

NEVER_ENDS_MS = 2 * TIME_MAX_MS
_ROUNDING_E7 = 2


class _Held(NamedTuple):
    """A zone with its shape as rows, and where it reaches to without any accuracy."""

    zone: ExclusionZone
    compiled: CompiledShape
    boxes: tuple[Box, ...]


class ExclusionIndex:
    """All zones of a catalog."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._built = (-1, -1)
        self._tables = empty_exclusion()
        self._corners: Int64Array = np.zeros((0, 4), np.int64)
        self._owners: list[str] = []
        self._corners_generation = -1

    def tables(self, zones: Mapping[str, ExclusionZone], generation: int, policy: Policy) -> ExclusionTables:
        """What pings are tested against; frozen anew where `generation` of the zones or the policy has changed."""
        wanted = (generation, policy.accuracy_max_cm)
        if self._built != wanted:
            self._take(zones)
            self._tables = _frozen(list(self._held.values()), policy.accuracy_max_cm)
            self._built = wanted
        return self._tables

    def _take(self, zones: Mapping[str, ExclusionZone]) -> None:
        """Compile what is new or changed."""
        held = self._held
        self._held = {
            key: held[key] if key in held and held[key].zone is zone else _held_of(zone)
            for key, zone in sorted(zones.items())
        }

    def zones_near(self, shape: Shape, zones: Mapping[str, ExclusionZone], generation: int) -> list[ExclusionZone]:
        """The zones, by id, whose buffer touches or overlaps a shape; valid ones and those to come or over alike."""
        if self._corners_generation != generation:
            self._take(zones)
            pairs = [(key, box) for key, held in self._held.items() for box in held.boxes]
            self._owners = [key for key, _ in pairs]
            self._corners = np.array([box for _, box in pairs], np.int64).reshape(-1, 4)
            self._corners_generation = generation
        if not self._owners:
            return []
        target = located(shape)
        found = dict.fromkeys(
            self._owners[index]
            for south, west, north, east in (box for boxes in target.compiled.boxes for box in boxes)
            for index in np.flatnonzero(
                (self._corners[:, 0] <= north)
                & (self._corners[:, 2] >= south)
                & (self._corners[:, 1] <= east)
                & (self._corners[:, 3] >= west)
            ).tolist()
        )
        candidates = [self._held[key] for key in sorted(found)]
        return [
            held.zone
            for held in candidates
            if are_near(target, Located(held.zone.shape, held.compiled), held.zone.buffer_cm)
        ]


def exclude(tables: ExclusionTables, policy: Policy, pings: StructArray, verdicts: UInt8Array, wanted: UInt8Array,
            *, use_cells: bool) -> None:  # fmt: skip
    """`kernels.exclusion.exclude_rows`, where there is any zone."""
    if len(tables.zones):
        exclude_rows(tables, policy, pings, verdicts, wanted, int(use_cells))


def reach_boxes(zone: ExclusionZone) -> tuple[Box, ...]:
    """Boxes of the zone with its buffer, for looking up what lies in them."""
    return _held_of(zone).boxes


def empty_exclusion() -> ExclusionTables:
    """Tables without a zone."""
    return ExclusionTables(np.zeros(0, ZONE), empty_tables(), 0)


def _held_of(zone: ExclusionZone) -> _Held:
    compiled = compile_shape(zone.shape)
    boxes = tuple(box for part in compiled.parts for box in _wide_boxes(part, zone.buffer_cm))
    return _Held(zone, compiled, boxes)


def _frozen(held: Sequence[_Held], accuracy_max_cm: int) -> ExclusionTables:
    """Rows by place in `held`; boxes widened by buffer and accuracy."""
    if not held:
        return empty_exclusion()._replace(accuracy_max_cm=accuracy_max_cm)
    rows = np.zeros(len(held), ZONE)
    part_counts = np.array([len(item.compiled.parts) for item in held], np.int32)
    edge_counts = np.array([len(item.compiled.edges) for item in held], np.int32)
    rows["part_count"], rows["part_start"] = part_counts, np.cumsum(part_counts) - part_counts
    rows["buffer_cm"] = [item.zone.buffer_cm for item in held]
    rows["valid_from_ms"] = [item.zone.valid_from_ms for item in held]
    rows["valid_until_ms"] = [item.zone.valid_until_ms or NEVER_ENDS_MS for item in held]
    parts = joined_rows([item.compiled.parts for item in held], PART_ROW)
    parts["fence_number"] = np.repeat(np.arange(len(held), dtype=np.int32), part_counts)
    edge_starts = (np.cumsum(edge_counts) - edge_counts).astype(np.int32)
    parts["edge_start"] += np.repeat(edge_starts, part_counts)
    edges = joined_rows([item.compiled.edges for item in held if len(item.compiled.edges)], EDGE)
    reaches = rows["buffer_cm"][parts["fence_number"]].astype(np.int64) + accuracy_max_cm
    boxes = [
        (box, index)
        for index, (part, reach_cm) in enumerate(zip(parts, reaches.tolist(), strict=True))
        for box in _wide_boxes(part, reach_cm)
    ]
    nodes, items = pack_tree(leaves_of(boxes))
    empty = np.zeros(0, np.int32)
    shapes = FenceTables(empty_tables().fences, parts, edges, nodes, items, empty, np.zeros(2, CELL), empty)
    return ExclusionTables(rows, build_cells(shapes, keeps_all=True), accuracy_max_cm)


def _wide_boxes(part: np.void, margin_cm: int) -> Iterable[Box]:
    """Boxes of all points that the kernel may take for within `margin_cm` of a part.

    East and west: a point whose latitude is at most `far` is taken for near up to m / (k cos far) of longitude, and
    whatever that where the kernel does not ask longitudes at all.
    """
    radius_cm = int(part["radius_cm"])
    reach_cm = widened_cm(radius_cm + margin_cm) - radius_cm
    reach = reach_cm * RADIANS_PER_CM
    reach_e7 = math.ceil(reach / RADIANS_PER_E7) + _ROUNDING_E7
    south = max(int(part["min_latitude_e7"]) - reach_e7, -LATITUDE_MAX_E7)
    north = min(int(part["max_latitude_e7"]) + reach_e7, LATITUDE_MAX_E7)
    whole = ((south, -HALF_TURN_E7, north, HALF_TURN_E7),)
    far_e7 = max(abs(south), abs(north)) + reach_e7
    if far_e7 >= LATITUDE_MAX_E7:
        return whole
    least_cosine = math.cos(far_e7 * RADIANS_PER_E7)
    if least_cosine * least_cosine * FAR_LONGITUDE_CHORD_SQUARED <= reach * reach * 1.001:
        return whole
    width = reach / (math.sqrt(NEAR_LONGITUDE_FACTOR) * least_cosine) * 1.001
    width_e7 = math.ceil(width / RADIANS_PER_E7) + _ROUNDING_E7
    west, east = int(part["min_longitude_e7"]) - width_e7, int(part["max_longitude_e7"]) + width_e7
    if east - west >= TURN_E7:
        return whole
    if west < -HALF_TURN_E7:
        west, east = west + TURN_E7, east + TURN_E7
    return boxes_of_frame(south, west, north, east)
