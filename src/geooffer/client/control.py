"""The control plane for Python: nouns in, results out. Long lists are cut into calls of 1,000 rows.

Refused rows come back as data (`partial`, the default) or raise the first one's error (`partial=False`, each call
of ≤ 1,000 rows all or nothing). Whatever the service refuses as a whole raises its class of geooffer.errors.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import grpc
from google.protobuf.message import Message

from geooffer.client.batches import BatchResult, RefusedRow, chunks
from geooffer.client.errors import error_of
from geooffer.model.catalog import Category, Customer, Geofence, Offer, Price, Product, StockFigure, Store
from geooffer.model.signals import ConsentEvent, Touchpoint
from geooffer.rpc import convert, convert_people
from geooffer.v1 import (
    campaign_service_pb2,
    campaign_service_pb2_grpc,
    consent_service_pb2,
    consent_service_pb2_grpc,
    diagnostics_service_pb2,
    diagnostics_service_pb2_grpc,
    inventory_service_pb2,
    inventory_service_pb2_grpc,
    signal_service_pb2,
    signal_service_pb2_grpc,
    store_service_pb2,
    store_service_pb2_grpc,
)

CALL_TIMEOUT_S = 60.0
POLL_LIVE_S = 0.02


class GeoofferControl:
    """Typed calls of the control port. The generated stubs are at hand for everything else, and `call` with them."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.stores: Any = store_service_pb2_grpc.StoreServiceStub(channel)  # type: ignore[no-untyped-call]
        self.inventory: Any = inventory_service_pb2_grpc.InventoryServiceStub(channel)  # type: ignore[no-untyped-call]
        self.campaigns: Any = campaign_service_pb2_grpc.CampaignServiceStub(channel)  # type: ignore[no-untyped-call]
        self.signals: Any = signal_service_pb2_grpc.SignalServiceStub(channel)  # type: ignore[no-untyped-call]
        self.consents: Any = consent_service_pb2_grpc.ConsentServiceStub(channel)  # type: ignore[no-untyped-call]
        self.diagnostics: Any = diagnostics_service_pb2_grpc.DiagnosticsServiceStub(channel)  # type: ignore[no-untyped-call]

    @staticmethod
    async def call(method: Any, request: Message) -> Any:
        """One call of a stub's method. Raises the error the service named, else CallError."""
        try:
            return await method(request, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as failure:
            raise error_of(failure) from None

    # -- catalog ---------------------------------------------------------------------------------------------

    async def upsert_stores(self, stores: Iterable[Store], *, partial: bool = True) -> BatchResult:
        """Create or replace stores."""
        rows = map(convert.encode_store, stores)
        kind = store_service_pb2.BatchUpsertStoresRequest
        return await self._batch(self.stores.BatchUpsertStores, kind, "stores", rows, partial=partial)

    async def upsert_geofences(
        self, geofences: Iterable[Geofence], *, partial: bool = True, repair: bool = False
    ) -> BatchResult:
        """Create or replace geofences; `repair` mends invalid polygons and says what changed."""
        rows = map(convert.encode_geofence, geofences)
        kind = store_service_pb2.BatchUpsertGeofencesRequest
        method = self.stores.BatchUpsertGeofences
        return await self._batch(method, kind, "geofences", rows, partial=partial, repair=repair)

    async def upsert_categories(self, categories: Iterable[Category], *, partial: bool = True) -> BatchResult:
        """Create or replace categories."""
        rows = map(convert.encode_category, categories)
        kind = campaign_service_pb2.BatchUpsertCategoriesRequest
        return await self._batch(self.campaigns.BatchUpsertCategories, kind, "categories", rows, partial=partial)

    async def upsert_products(self, products: Iterable[Product], *, partial: bool = True) -> BatchResult:
        """Create or replace products."""
        rows = map(convert.encode_product, products)
        kind = campaign_service_pb2.BatchUpsertProductsRequest
        return await self._batch(self.campaigns.BatchUpsertProducts, kind, "products", rows, partial=partial)

    async def upsert_offers(self, offers: Iterable[Offer], *, partial: bool = True) -> BatchResult:
        """Create or replace offers."""
        rows = map(convert.encode_offer, offers)
        kind = campaign_service_pb2.BatchUpsertOffersRequest
        return await self._batch(self.campaigns.BatchUpsertOffers, kind, "offers", rows, partial=partial)

    async def upsert_prices(self, prices: Iterable[Price], *, partial: bool = True) -> BatchResult:
        """Add steps to price histories."""
        rows = map(convert.encode_price, prices)
        kind = campaign_service_pb2.BatchUpsertPricesRequest
        return await self._batch(self.campaigns.BatchUpsertPrices, kind, "prices", rows, partial=partial)

    async def report_stock(self, figures: Iterable[StockFigure], *, partial: bool = True) -> BatchResult:
        """Report units on the shelf."""
        result = BatchResult()
        for first, rows in chunks(map(convert.encode_stock_figure, figures)):
            request = inventory_service_pb2.ReportStockRequest(
                rows=inventory_service_pb2.StockRows(figures=rows), partial=partial
            )
            _add(result, first, await self.call(self.inventory.ReportStock, request))
        return result

    async def catalog_state(self) -> store_service_pb2.GetCatalogStateResponse:
        """Saved and live generations, counts, index size."""
        request = store_service_pb2.GetCatalogStateRequest()
        state: store_service_pb2.GetCatalogStateResponse
        state = await self.call(self.stores.GetCatalogState, request)
        return state

    async def wait_live(self, catalog_generation: int, *, timeout_s: float = 30.0) -> int:
        """Return the live generation once pings are decided by `catalog_generation`. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while (live := (await self.catalog_state()).live_generation) < catalog_generation:
                await asyncio.sleep(POLL_LIVE_S)
        return live

    # -- people ----------------------------------------------------------------------------------------------

    async def upsert_customers(self, customers: Iterable[Customer], *, partial: bool = True) -> BatchResult:
        """Create or replace customers and their devices."""
        rows = map(convert_people.encode_customer, customers)
        kind = signal_service_pb2.UpsertCustomersRequest
        return await self._batch(self.signals.UpsertCustomers, kind, "customers", rows, partial=partial)

    async def record_touchpoints(self, touchpoints: Iterable[Touchpoint], *, partial: bool = True) -> BatchResult:
        """Record searches, views, wishes, purchases, preferences."""
        rows = map(convert_people.encode_touchpoint, touchpoints)
        kind = signal_service_pb2.RecordTouchpointsRequest
        return await self._batch(self.signals.RecordTouchpoints, kind, "touchpoints", rows, partial=partial)

    async def record_consents(self, events: Iterable[ConsentEvent]) -> BatchResult:
        """Record consents and withdrawals; rows are taken one by one."""
        rows = map(convert_people.encode_consent_event, events)
        kind = consent_service_pb2.BatchRecordConsentsRequest
        return await self._batch(self.consents.BatchRecordConsents, kind, "events", rows)

    # -- diagnostics -----------------------------------------------------------------------------------------

    async def statistics(self) -> diagnostics_service_pb2.GetStatisticsResponse:
        """Verdict, transition and offer counts since start-up."""
        request = diagnostics_service_pb2.GetStatisticsRequest()
        answer: diagnostics_service_pb2.GetStatisticsResponse
        answer = await self.call(self.diagnostics.GetStatistics, request)
        return answer

    async def explain_ping(
        self, request: diagnostics_service_pb2.ExplainPingRequest
    ) -> diagnostics_service_pb2.ExplainPingResponse:
        """What a hypothetical ping would give, candidate by candidate."""
        answer: diagnostics_service_pb2.ExplainPingResponse
        answer = await self.call(self.diagnostics.ExplainPing, request)
        return answer

    async def _batch(self, method: Any, kind: Any, name: str, rows: Iterable[Message], **options: bool) -> BatchResult:
        result = BatchResult()
        for first, chunk in chunks(rows):
            _add(result, first, await self.call(method, kind(**{name: chunk}, **options)))
        return result


def _add(result: BatchResult, first: int, answer: Any) -> None:
    result.accepted_count += answer.accepted_count
    result.catalog_generation = answer.catalog_generation
    for problem in answer.problems:
        refused = RefusedRow(first + problem.row, problem.reason, problem.message, problem.field)
        result.refused.append(refused)
    for repair in getattr(answer, "repairs", ()):
        result.repairs[first + repair.row] = repair.note
