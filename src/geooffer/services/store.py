"""Stores, their closures, geofences and the state of the catalog."""

from __future__ import annotations

from typing import Any

from geooffer.model.catalog import Category, Geofence, Offer, Product, Store
from geooffer.model.kinds import SwitchKind
from geooffer.rpc.convert import decode_geofence, decode_store, encode_geofence, encode_store
from geooffer.services.closures import ClosureCalls
from geooffer.services.control import Control
from geooffer.services.mending import Mended
from geooffer.services.nouns import NounCalls
from geooffer.v1 import store_service_pb2 as pb
from geooffer.v1 import store_service_pb2_grpc as rpc

NAME = "geooffer.v1.StoreService"
Context = Any


class StoreService(rpc.StoreServiceServicer):
    """Stores and geofences; the fields and rules are in proto/geooffer/v1/store_service.proto."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._closures = ClosureCalls(control)
        self._stores = NounCalls(
            control, Store, name="store", plural="stores", decode=decode_store, encode=encode_store
        )
        self._geofences = NounCalls(
            control,
            Geofence,
            name="geofence",
            plural="geofences",
            decode=lambda message: decode_geofence(message, repair=False)[0],
            encode=encode_geofence,
        )

    async def GetCatalogState(self, request: pb.GetCatalogStateRequest, context: Context) -> pb.GetCatalogStateResponse:
        engine = self._control.engine
        layers = engine.index.layers.counts
        return pb.GetCatalogStateResponse(
            saved_generation=engine.saved_generation,
            live_generation=engine.live_generation,
            store_count=len(engine.registry.nouns(Store)),
            geofence_count=len(engine.registry.nouns(Geofence)),
            category_count=len(engine.registry.nouns(Category)),
            product_count=len(engine.registry.nouns(Product)),
            offer_count=len(engine.registry.nouns(Offer)),
            index_size_bytes=engine.snapshot.fences.size_bytes + sum(tables.size_bytes for tables in engine.exclusion),
            index_base_box_count=layers.base_box_count,
            index_delta_box_count=layers.delta_box_count,
            index_merge_count=layers.merge_count,
            is_merging=self._control.publisher.is_merging,
        )

    # -- stores ----------------------------------------------------------------------------------------------

    async def CreateStore(self, request: pb.CreateStoreRequest, context: Context) -> pb.CreateStoreResponse:
        return await self._stores.answer_create(request, context, pb.CreateStoreResponse)

    async def GetStore(self, request: pb.GetStoreRequest, context: Context) -> pb.GetStoreResponse:
        return self._stores.answer_get(request, pb.GetStoreResponse)

    async def ListStores(self, request: pb.ListStoresRequest, context: Context) -> pb.ListStoresResponse:
        return self._stores.answer_list(request, pb.ListStoresResponse)

    async def UpdateStore(self, request: pb.UpdateStoreRequest, context: Context) -> pb.UpdateStoreResponse:
        return self._stores.answer_update(request, pb.UpdateStoreResponse)

    async def DeleteStore(self, request: pb.DeleteStoreRequest, context: Context) -> pb.DeleteStoreResponse:
        return self._stores.answer_delete(request, pb.DeleteStoreResponse)

    async def BatchUpsertStores(
        self, request: pb.BatchUpsertStoresRequest, context: Context
    ) -> pb.BatchUpsertStoresResponse:
        return await self._stores.answer_upsert(request, context, pb.BatchUpsertStoresResponse)

    # -- closures --------------------------------------------------------------------------------------------

    async def CloseStores(self, request: pb.CloseStoresRequest, context: Context) -> pb.CloseStoresResponse:
        return await self._closures.switch(request, context, SwitchKind.CLOSED, pb.CloseStoresResponse)

    async def ReopenStores(self, request: pb.ReopenStoresRequest, context: Context) -> pb.ReopenStoresResponse:
        return self._closures.restore(request, context, SwitchKind.CLOSED, pb.ReopenStoresResponse)

    async def PauseOffers(self, request: pb.PauseOffersRequest, context: Context) -> pb.PauseOffersResponse:
        return await self._closures.switch(request, context, SwitchKind.OFFERS_PAUSED, pb.PauseOffersResponse)

    async def ResumeOffers(self, request: pb.ResumeOffersRequest, context: Context) -> pb.ResumeOffersResponse:
        return self._closures.restore(request, context, SwitchKind.OFFERS_PAUSED, pb.ResumeOffersResponse)

    async def ListClosures(self, request: pb.ListClosuresRequest, context: Context) -> pb.ListClosuresResponse:
        return self._closures.page(request, context)

    def _mended(self, request: Any) -> Mended[Geofence]:
        """The decoder of a request with geofences."""
        clip = self._control.engine.clip_fence if request.clip_to_zones else None
        return Mended(request.repair, decode_geofence, clip)

    # -- geofences -------------------------------------------------------------------------------------------

    async def CreateGeofence(self, request: pb.CreateGeofenceRequest, context: Context) -> pb.CreateGeofenceResponse:
        async def call() -> pb.CreateGeofenceResponse:
            mended = self._mended(request)
            geofence = self._geofences.create(request.geofence, mended.decode)
            return pb.CreateGeofenceResponse(
                geofence=geofence,
                catalog_generation=self._control.engine.saved_generation,
                repair_note=mended.note,
            )

        return await self._control.once("CreateGeofence", request, context, call)

    async def GetGeofence(self, request: pb.GetGeofenceRequest, context: Context) -> pb.GetGeofenceResponse:
        return self._geofences.answer_get(request, pb.GetGeofenceResponse)

    async def ListGeofences(self, request: pb.ListGeofencesRequest, context: Context) -> pb.ListGeofencesResponse:
        return self._geofences.answer_list(request, pb.ListGeofencesResponse)

    async def UpdateGeofence(self, request: pb.UpdateGeofenceRequest, context: Context) -> pb.UpdateGeofenceResponse:
        mended = self._mended(request)
        geofence = self._geofences.update(request.geofence, request.update_mask, mended.decode)
        return pb.UpdateGeofenceResponse(
            geofence=geofence,
            catalog_generation=self._control.engine.saved_generation,
            repair_note=mended.note,
        )

    async def DeleteGeofence(self, request: pb.DeleteGeofenceRequest, context: Context) -> pb.DeleteGeofenceResponse:
        return self._geofences.answer_delete(request, pb.DeleteGeofenceResponse)

    async def BatchUpsertGeofences(
        self, request: pb.BatchUpsertGeofencesRequest, context: Context
    ) -> pb.BatchUpsertGeofencesResponse:
        async def call() -> pb.BatchUpsertGeofencesResponse:
            mended = self._mended(request)
            result = await self._geofences.upsert(request.geofences, partial=request.partial, decode=mended.decode)
            return self._control.batch_answer(
                result, pb.BatchUpsertGeofencesResponse, repairs=mended.repairs(result.problems)
            )

        return await self._control.once("BatchUpsertGeofences", request, context, call)
