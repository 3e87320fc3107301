"""Exclusion zones as pings are tested against them (privacy M3), and what of the catalog they silence.

A zone is in force as soon as its call has returned, so its tables wait for no publication: they are brought up to
date at the next ping. Zones come by the hundred thousand and pings in between, so what changed lately has small tables
of its own, which are frozen anew at every change; once they are too many, all are frozen together:

    settled  ─► tables of most zones; one that was changed or deleted since is out of force there
    recent   ─► tables of what changed since
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from geooffer.engine.fence_parts import Box, CompiledShape
from geooffer.engine.registry import Registry
from geooffer.engine.shape_distance import Located, are_near, located
from geooffer.engine.zone_freezing import Boxes, CompiledZone, compile_zones, freeze_zones, wide_boxes
from geooffer.kernels.exclusion import exclude_rows
from geooffer.model.columns import StructArray, UInt8Array
from geooffer.model.exclusion import ExclusionZone
from geooffer.model.exclusion_tables import ExclusionTables
from geooffer.model.policy import Policy
from geooffer.model.shapes import Shape
from geooffer.model.tables import NEVER_MS

RECENT_COUNT_MAX = 256
"""Changes that are never worth freezing all zones for."""
RECENT_ROOTS_MAX = 12
"""Per root of the number of all: in an import the recent ones, frozen over and over, cost what all do now and then."""


class _Layer:
    """Zones that were frozen together."""

    def __init__(self, zones: Sequence[CompiledZone], accuracy_max_cm: int, *, packs_tree: bool) -> None:
        self.zones = zones
        self.tables = freeze_zones(zones, accuracy_max_cm, packs_tree=packs_tree)
        self._places = {item.zone.zone_id: place for place, item in enumerate(zones)}
        self._boxes: Boxes | None = None

    def take_out(self, zone_id: str) -> bool:
        """The zone is in force no more; False where it is not here."""
        place = self._places.pop(zone_id, -1)
        if place >= 0:
            self.tables.zones["valid_until_ms"][place] = NEVER_MS
        return place >= 0

    def zones_about(self, boxes: Iterable[Box]) -> list[CompiledZone]:
        """Those whose shape and buffer may meet one of the boxes."""
        parts = self.tables.shapes.parts
        if self._boxes is None:
            self._boxes = wide_boxes(parts, self.tables.zones["buffer_cm"][parts["fence_number"]])
        corners = self._boxes.corners
        found: set[int] = set()
        for south, west, north, east in boxes:
            is_met = (corners[:, 0] <= north) & (corners[:, 2] >= south)
            is_met &= (corners[:, 1] <= east) & (corners[:, 3] >= west)
            found.update(parts["fence_number"][self._boxes.parts[is_met]].tolist())
        return [self.zones[place] for place in found if self.zones[place].zone.zone_id in self._places]


class ExclusionIndex:
    """All zones of a catalog. It alone takes note of the registry's changes of zones."""

    def __init__(self, *, packs_tree: bool = True) -> None:
        """`packs_tree`: False where only cells are asked."""
        self._packs_tree = packs_tree
        self._accuracy_max_cm = -1
        self._settled = self._recent = self._layer([])
        self._changes: dict[str, CompiledZone] = {}
        self._out_count = 0

    def _layer(self, zones: Sequence[CompiledZone]) -> _Layer:
        return _Layer(zones, max(self._accuracy_max_cm, 0), packs_tree=self._packs_tree)

    def tables(self, registry: Registry, policy: Policy) -> tuple[ExclusionTables, ...]:
        """What pings are tested against: where any of them excludes a ping, it is."""
        self._catch_up(registry, policy)
        return tuple(layer.tables for layer in (self._settled, self._recent) if layer.zones)

    def tables_now(self, registry: Registry, policy: Policy) -> tuple[ExclusionTables, ...] | None:
        """The same, without bringing them up to date; None where they are not."""
        if policy.accuracy_max_cm != self._accuracy_max_cm or registry.changed_zones:
            return None
        return tuple(layer.tables for layer in (self._settled, self._recent) if layer.zones)

    def _catch_up(self, registry: Registry, policy: Policy) -> None:
        if policy.accuracy_max_cm != self._accuracy_max_cm:
            self._accuracy_max_cm = policy.accuracy_max_cm
            self._settle(registry)
        elif registry.changed_zones:
            self._take(registry)
            bound = max(RECENT_COUNT_MAX, RECENT_ROOTS_MAX * math.isqrt(len(self._settled.zones)))
            if len(self._changes) + self._out_count > bound:
                self._settle(registry)
            else:
                self._recent = self._layer(list(self._changes.values()))

    def _take(self, registry: Registry) -> None:
        """Compile what changed, and take it out of what is settled."""
        changed = registry.take_changed_zones()
        for zone_id in changed:
            self._out_count += self._settled.take_out(zone_id)
            self._changes.pop(zone_id, None)
        held = registry.exclusion_zones
        new = compile_zones([held[zone_id] for zone_id in changed if zone_id in held])
        self._changes |= {item.zone.zone_id: item for item in new}

    def _settle(self, registry: Registry) -> None:
        """Freeze all together."""
        registry.take_changed_zones()
        known = {item.zone.zone_id: item for item in (*self._settled.zones, *self._changes.values())}
        zones = [zone for _, zone in sorted(registry.exclusion_zones.items())]
        new = {
            item.zone.zone_id: item for item in compile_zones([zone for zone in zones if not _is_known(known, zone)])
        }
        self._settled = self._layer([new.get(zone.zone_id) or known[zone.zone_id] for zone in zones])
        self._recent = self._layer([])
        self._changes = {}
        self._out_count = 0

    def zones_near(self, shape: Shape, registry: Registry, policy: Policy) -> list[ExclusionZone]:
        """The zones, by id, whose buffer touches a shape; valid ones and those to come or over alike."""
        self._catch_up(registry, policy)
        target = located(shape)
        boxes = _boxes_of(target.compiled, 0)
        candidates = [item for layer in (self._settled, self._recent) for item in layer.zones_about(boxes)]
        return [
            zone
            for zone, compiled in sorted(candidates, key=lambda item: item.zone.zone_id)
            if are_near(target, Located(zone.shape, compiled), zone.buffer_cm)
        ]


def _is_known(known: dict[str, CompiledZone], zone: ExclusionZone) -> bool:
    return zone.zone_id in known and known[zone.zone_id].zone is zone


def exclude(layers: Iterable[ExclusionTables], policy: Policy, pings: StructArray, verdicts: UInt8Array,
            wanted: UInt8Array, *, use_cells: bool) -> None:  # fmt: skip
    """`kernels.exclusion.exclude_rows` over all tables."""
    for tables in layers:
        exclude_rows(tables, policy, pings, verdicts, wanted, int(use_cells))


def reach_boxes(zone: ExclusionZone) -> list[Box]:
    """Boxes of the zone with its buffer, for looking up what lies in them."""
    ((_, compiled),) = compile_zones([zone])
    return _boxes_of(compiled, zone.buffer_cm)


def _boxes_of(compiled: CompiledShape, margin_cm: int) -> list[Box]:
    """Around all that the kernel may take for within a margin of the shape: of a circle 1 % more than its radius."""
    boxes = wide_boxes(compiled.parts, np.full(len(compiled.parts), margin_cm, np.int64))
    return [(south, west, north, east) for south, west, north, east in boxes.corners.tolist()]
