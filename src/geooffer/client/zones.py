"""Exclusion zones: all of them, many at once, and one less."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from geooffer.client.batches import RefusedRow, chunks
from geooffer.client.control import GeoofferControl
from geooffer.client.pages import rows_of
from geooffer.model.exclusion import ExclusionZone
from geooffer.rpc.convert_zones import decode_zone, encode_zone
from geooffer.v1 import zones_pb2 as pb


@dataclass(slots=True)
class ZoneResult:
    """What became of all rows, over all calls."""

    accepted_count: int = 0
    refused: list[RefusedRow] = field(default_factory=list)
    silenced: set[str] = field(default_factory=set)
    """Geofences that the accepted zones touch; of one call of ≤ 1,000 zones the first 1,000."""
    has_more_silenced: bool = False


async def upsert_zones(
    control: GeoofferControl, zones: Iterable[ExclusionZone], *, validate_only: bool = False
) -> ZoneResult:
    """Create or replace zones, row by row; `validate_only`: only say what would come of it."""
    result = ZoneResult()
    for first, chunk in chunks(map(encode_zone, zones)):
        request = pb.BatchUpsertExclusionZonesRequest(zones=chunk, partial=True, validate_only=validate_only)
        answer = await control.call(control.privacy.BatchUpsertExclusionZones, request)
        result.accepted_count += answer.accepted_count
        result.refused += [
            RefusedRow(first + problem.row, problem.reason, problem.message, problem.field)
            for problem in answer.problems
        ]
        result.silenced |= set(answer.silenced.geofence_ids)
        result.has_more_silenced |= answer.silenced.geofence_count > len(answer.silenced.geofence_ids)
    return result


async def list_zones(control: GeoofferControl) -> list[ExclusionZone]:
    """All zones, by id. Raises what the service refuses."""
    rows = rows_of(control, control.privacy.ListExclusionZones, pb.ListExclusionZonesRequest(), "zones")
    return [decode_zone(row)[0] async for row in rows]


async def delete_zone(control: GeoofferControl, zone_id: str) -> None:
    """Delete one. Raises NotFoundError."""
    await control.call(control.privacy.DeleteExclusionZone, pb.DeleteExclusionZoneRequest(zone_id=zone_id))
