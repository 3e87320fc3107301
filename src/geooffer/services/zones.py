"""Exclusion zones: the methods of PrivacyService that keep them (privacy M3)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from geooffer.errors import GeoofferError
from geooffer.model.exclusion import ExclusionZone
from geooffer.rpc.convert_zones import decode_zone, encode_silenced, encode_zone
from geooffer.services.batches import apply_batch
from geooffer.services.control import Control
from geooffer.services.mending import Mended
from geooffer.services.nouns import NounCalls
from geooffer.v1 import zones_pb2 as pb

Context = Any


class ZoneMethods:
    """The fields and rules are in proto/geooffer/v1/zones.proto. Of pings that a zone dropped nobody is told more
    than their number over all persons.
    """

    def __init__(self, control: Control) -> None:
        self._control = control
        self._zones = NounCalls(
            control,
            ExclusionZone,
            name="zone",
            plural="zones",
            decode=lambda message: decode_zone(message)[0],
            encode=encode_zone,
        )

    async def CreateExclusionZone(
        self, request: pb.CreateExclusionZoneRequest, context: Context
    ) -> pb.CreateExclusionZoneResponse:
        async def call() -> pb.CreateExclusionZoneResponse:
            mended = Mended(request.repair, decode_zone)
            zone = self._zones.create(request.zone, mended.decode)
            return pb.CreateExclusionZoneResponse(
                zone=zone,
                catalog_generation=self._control.engine.saved_generation,
                repair_note=mended.note,
                silenced=await self._silenced([zone.zone_id]),
            )

        return await self._control.once("CreateExclusionZone", request, context, call)

    async def GetExclusionZone(
        self, request: pb.GetExclusionZoneRequest, context: Context
    ) -> pb.GetExclusionZoneResponse:
        return self._zones.answer_get(request, pb.GetExclusionZoneResponse)

    async def ListExclusionZones(
        self, request: pb.ListExclusionZonesRequest, context: Context
    ) -> pb.ListExclusionZonesResponse:
        return self._zones.answer_list(request, pb.ListExclusionZonesResponse)

    async def UpdateExclusionZone(
        self, request: pb.UpdateExclusionZoneRequest, context: Context
    ) -> pb.UpdateExclusionZoneResponse:
        mended = Mended(request.repair, decode_zone)
        zone = self._zones.update(request.zone, request.update_mask, mended.decode)
        return pb.UpdateExclusionZoneResponse(
            zone=zone,
            catalog_generation=self._control.engine.saved_generation,
            repair_note=mended.note,
            silenced=await self._silenced([zone.zone_id]),
        )

    async def DeleteExclusionZone(
        self, request: pb.DeleteExclusionZoneRequest, context: Context
    ) -> pb.DeleteExclusionZoneResponse:
        return self._zones.answer_delete(request, pb.DeleteExclusionZoneResponse)

    async def BatchUpsertExclusionZones(
        self, request: pb.BatchUpsertExclusionZonesRequest, context: Context
    ) -> pb.BatchUpsertExclusionZonesResponse:
        async def call() -> pb.BatchUpsertExclusionZonesResponse:
            mended = Mended(request.repair, decode_zone)
            taken: list[ExclusionZone] = []

            def put(zones: list[ExclusionZone]) -> list[GeoofferError | None]:
                results = self._put(zones, partial=request.partial, validate_only=request.validate_only)
                taken.extend(zone for zone, error in zip(zones, results, strict=True) if error is None)
                return results

            result = await apply_batch(request.zones, "zones", mended.decode, put, partial=request.partial)
            repairs = [
                pb.ZoneRepair(row=row, note=note) for row, note in mended.notes_of_applied(result.problems).items()
            ]
            return self._control.batch_answer(
                result,
                pb.BatchUpsertExclusionZonesResponse,
                repairs=repairs,
                silenced=await self._silenced_by(taken),
            )

        if request.validate_only:
            return await call()
        return await self._control.once("BatchUpsertExclusionZones", request, context, call)

    def _put(self, zones: list[ExclusionZone], *, partial: bool, validate_only: bool) -> list[GeoofferError | None]:
        engine = self._control.engine
        if validate_only:
            return engine.check_zones(zones, partial=partial)
        results = engine.put_nouns(zones, now_ms=self._control.now_ms(), partial=partial)
        self._control.catalog_changed()
        return results

    async def _silenced(self, zone_ids: Sequence[str]) -> pb.SilencedGeofences:
        held = self._control.engine.registry.exclusion_zones
        return await self._silenced_by([held[zone_id] for zone_id in zone_ids])

    async def _silenced_by(self, zones: Sequence[ExclusionZone]) -> pb.SilencedGeofences:
        """By zones that are not over. Gives way to pings between them: in a town full of fences each takes time."""
        names: set[str] = set()
        now_ms = self._control.now_ms()
        lasting = [zone for zone in zones if not zone.valid_until_ms or zone.valid_until_ms > now_ms]
        for place, zone in enumerate(lasting):
            if place:
                await asyncio.sleep(0)
            names.update(self._control.engine.fences_silenced(zone))
        return encode_silenced(sorted(names))
