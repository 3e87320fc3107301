"""Exclusion zones to and from the wire. No error quotes a coordinate."""

from __future__ import annotations

from collections.abc import Sequence

from geooffer.model import limits
from geooffer.model.exclusion import ExclusionZone, ZoneCategory
from geooffer.rpc import checks
from geooffer.rpc.convert_shapes import decode_shape, encode_shape
from geooffer.v1 import zones_pb2 as pb


def decode_zone(message: pb.ExclusionZone, *, repair: bool = False) -> tuple[ExclusionZone, str]:
    """The zone, and what was mended ('' = nothing). Raises InvalidArgumentError, InvalidShapeError."""
    zone_id = checks.identifier(message.zone_id, "zone_id")
    category = checks.integer(message.category, 1, len(ZoneCategory), "category")
    buffer_cm = checks.integer(message.buffer_cm, 0, limits.EXCLUSION_BUFFER_MAX_CM, "buffer_cm")
    name = checks.text(message.name, "name")
    times_ms = [
        checks.time_ms(message, field) if message.HasField(field) else 0
        for field in ("valid_from_time", "valid_until_time")
    ]
    checks.present(message, "shape")
    shape, note = decode_shape(message.shape, repair=repair)
    return ExclusionZone(zone_id, ZoneCategory(category), shape, buffer_cm, name, *times_ms), note


def encode_zone(zone: ExclusionZone) -> pb.ExclusionZone:
    """The wire form, without etag."""
    message = pb.ExclusionZone(
        zone_id=zone.zone_id,
        category=int(zone.category),  # type: ignore[arg-type]
        shape=encode_shape(zone.shape),
        buffer_cm=zone.buffer_cm,
        name=zone.name,
    )
    if zone.valid_from_ms:
        message.valid_from_time.CopyFrom(checks.timestamp(zone.valid_from_ms))
    if zone.valid_until_ms:
        message.valid_until_time.CopyFrom(checks.timestamp(zone.valid_until_ms))
    return message


def encode_silenced(geofence_ids: Sequence[str]) -> pb.SilencedGeofences:
    """All are counted, the first 1,000 named."""
    named = geofence_ids[: limits.SILENCED_FENCE_COUNT_MAX]
    return pb.SilencedGeofences(geofence_count=len(geofence_ids), geofence_ids=named)
