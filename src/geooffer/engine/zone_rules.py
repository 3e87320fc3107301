"""Exclusion zones and fences: which fences a zone silences, and that no store's fence is made where a zone is (M3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from geooffer.engine.core import RowResults
from geooffer.engine.exclusion import reach_boxes
from geooffer.engine.pipeline import Pipeline
from geooffer.engine.shape_distance import are_near, located
from geooffer.engine.zone_clipping import clipped
from geooffer.errors import ExclusionZoneOverlapError, InvalidArgumentError
from geooffer.model import limits
from geooffer.model.catalog import Geofence
from geooffer.model.exclusion import ExclusionZone


class ZoneRules(Pipeline):
    """What the catalog's changes ask of zones."""

    def fences_silenced(self, zone: ExclusionZone) -> list[str]:
        """Ids of the fences that the zone's buffer touches: where it does, nothing is told and nothing offered."""
        numbers = set().union(*(self.index.numbers_in(box) for box in reach_boxes(zone)))
        target = located(zone.shape)
        fences = (self.registry.geofences[self.registry.fence_id(number)] for number in numbers)
        return sorted(fence.geofence_id for fence in fences if are_near(located(fence.shape), target, zone.buffer_cm))

    def clip_fence(self, fence: Geofence) -> tuple[Geofence, str]:
        """The fence without what zones touch of it, and what was cut; '' = nothing. Fences without a store stay.

        Raises ExclusionZoneOverlapError where nothing is left, InvalidShapeError where the rest is no fence.
        """
        zones = self.zones_near(fence.shape) if fence.store_id else []
        if not zones:
            return fence, ""
        shape, note = clipped(fence.shape, zones)
        return replace(fence, shape=shape), note

    def _check_zones(self, fence: Geofence) -> None:
        """Refuse a store's fence over a zone, unless it was there before the zone was: then it is silenced there."""
        held = self.registry.geofences.get(fence.geofence_id)
        if not fence.store_id or (held is not None and held.store_id and held.shape == fence.shape):
            return
        zones = self.zones_near(fence.shape)
        if zones:
            named = ", ".join(f"{zone.zone_id} ({zone.category.name.lower()})" for zone in zones[:3])
            more = f" and {len(zones) - 3} more" if len(zones) > 3 else ""
            rule = f"a store's fence may not touch an exclusion zone with its buffer: {named}{more}"
            raise ExclusionZoneOverlapError(rule, field="shape")

    def check_zones(self, zones: Sequence[ExclusionZone], *, partial: bool) -> RowResults:
        """What `put_nouns` would answer for zones; changes nothing. Without `partial` the first error is raised."""
        results: RowResults = []
        for row, zone in enumerate(zones):
            try:
                self._check_zone(zone)
            except InvalidArgumentError as error:
                error.row = row
                if not partial:
                    raise
                results.append(error)
            else:
                results.append(None)
        return results

    def _check_zone(self, zone: ExclusionZone) -> None:
        if not 0 <= zone.buffer_cm <= limits.EXCLUSION_BUFFER_MAX_CM:
            raise InvalidArgumentError(f"buffer_cm must lie in 0..{limits.EXCLUSION_BUFFER_MAX_CM}", field="buffer_cm")
        if zone.valid_until_ms and zone.valid_until_ms <= zone.valid_from_ms:
            raise InvalidArgumentError("valid_until_time must be after valid_from_time", field="valid_until_time")
