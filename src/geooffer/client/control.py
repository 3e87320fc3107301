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
from geooffer.model import limits
from geooffer.model.catalog import (
    Audience,
    Campaign,
    Category,
    Customer,
    Geofence,
    Offer,
    Price,
    Product,
    StockFigure,
    Store,
)
from geooffer.model.consent import Notice
from geooffer.model.kinds import Channel
from geooffer.model.signals import ConsentEvent, Identity, IdentityLink, Touchpoint
from geooffer.rpc import convert, convert_campaigns, convert_consent, convert_people
from geooffer.v1 import (
    campaign_service_pb2,
    campaign_service_pb2_grpc,
    consent_service_pb2,
    consent_service_pb2_grpc,
    decision_service_pb2,
    decision_service_pb2_grpc,
    diagnostics_service_pb2,
    diagnostics_service_pb2_grpc,
    inventory_service_pb2,
    inventory_service_pb2_grpc,
    places_pb2,
    policy_service_pb2_grpc,
    privacy_service_pb2_grpc,
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
        self.decisions: Any = decision_service_pb2_grpc.DecisionServiceStub(channel)  # type: ignore[no-untyped-call]
        self.policies: Any = policy_service_pb2_grpc.PolicyServiceStub(channel)  # type: ignore[no-untyped-call]
        self.privacy: Any = privacy_service_pb2_grpc.PrivacyServiceStub(channel)  # type: ignore[no-untyped-call]
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
        self, geofences: Iterable[Geofence], *, partial: bool = True, repair: bool = False, clip_to_zones: bool = False
    ) -> BatchResult:
        """Create or replace geofences; `repair` mends invalid polygons, `clip_to_zones` cuts exclusion zones out of
        stores' fences, and both say what changed.
        """
        rows = map(convert.encode_geofence, geofences)
        kind = store_service_pb2.BatchUpsertGeofencesRequest
        method = self.stores.BatchUpsertGeofences
        options = {"partial": partial, "repair": repair, "clip_to_zones": clip_to_zones}
        return await self._batch(method, kind, "geofences", rows, **options)

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

    async def upsert_audiences(self, audiences: Iterable[Audience], *, partial: bool = True) -> BatchResult:
        """Create or replace audiences; who is on them stays."""
        rows = map(convert_campaigns.encode_audience, audiences)
        kind = campaign_service_pb2.BatchUpsertAudiencesRequest
        return await self._batch(self.campaigns.BatchUpsertAudiences, kind, "audiences", rows, partial=partial)

    async def add_audience_members(
        self, audience_id: str, customer_ids: Iterable[str], *, partial: bool = True
    ) -> BatchResult:
        """Put customers on a list. Raises NotFoundError for the list."""
        kind, method = campaign_service_pb2.AddAudienceMembersRequest, self.campaigns.AddAudienceMembers
        return await self._members(method, kind, audience_id, customer_ids, partial)

    async def remove_audience_members(
        self, audience_id: str, customer_ids: Iterable[str], *, partial: bool = True
    ) -> BatchResult:
        """Take customers off a list. Raises NotFoundError for the list."""
        kind, method = campaign_service_pb2.RemoveAudienceMembersRequest, self.campaigns.RemoveAudienceMembers
        return await self._members(method, kind, audience_id, customer_ids, partial)

    async def _members(
        self, method: Any, kind: Any, audience_id: str, customer_ids: Iterable[str], partial: bool
    ) -> BatchResult:
        result, names = BatchResult(), list(customer_ids)
        for first in range(0, len(names), limits.BATCH_RESOURCE_COUNT_MAX):
            chunk = names[first : first + limits.BATCH_RESOURCE_COUNT_MAX]
            request = kind(audience_id=audience_id, customer_ids=chunk, partial=partial)
            _add(result, first, await self.call(method, request))
        return result

    async def upsert_campaigns(self, campaigns: Iterable[Campaign], *, partial: bool = True) -> BatchResult:
        """Create or replace campaigns."""
        rows = map(convert_campaigns.encode_campaign, campaigns)
        kind = campaign_service_pb2.BatchUpsertCampaignsRequest
        return await self._batch(self.campaigns.BatchUpsertCampaigns, kind, "campaigns", rows, partial=partial)

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
        """Record signals of all kinds."""
        rows = map(convert_people.encode_touchpoint, touchpoints)
        kind = signal_service_pb2.RecordTouchpointsRequest
        return await self._batch(self.signals.RecordTouchpoints, kind, "touchpoints", rows, partial=partial)

    async def record_consents(self, events: Iterable[ConsentEvent]) -> BatchResult:
        """Record consents and withdrawals; rows are taken one by one."""
        rows = map(convert_consent.encode_consent_event, events)
        kind = consent_service_pb2.BatchRecordConsentsRequest
        return await self._batch(self.consents.BatchRecordConsents, kind, "events", rows)

    async def register_notices(self, notices: Iterable[Notice], *, partial: bool = True) -> BatchResult:
        """Register the texts that people are shown before they consent."""
        rows = map(convert_consent.encode_notice, notices)
        kind = consent_service_pb2.BatchRegisterNoticesRequest
        return await self._batch(self.consents.BatchRegisterNotices, kind, "notices", rows, partial=partial)

    async def link_identities(self, links: Iterable[IdentityLink]) -> BatchResult:
        """Link devices and pseudonyms to customers; rows are taken one by one."""
        rows = map(convert_people.encode_identity_link, links)
        kind = signal_service_pb2.BatchLinkIdentitiesRequest
        return await self._batch(self.signals.BatchLinkIdentities, kind, "links", rows)

    async def unlink_identity(self, link: IdentityLink, *, new_customer_id: str = "") -> None:
        """It stands for nobody any more, or for another customer, who takes a copy of the contacts along."""
        message = convert_people.encode_identity_link(link)
        request = signal_service_pb2.UnlinkIdentityRequest(link=message, new_customer_id=new_customer_id)
        await self.call(self.signals.UnlinkIdentity, request)

    async def merge_customers(self, from_customer_id: str, into_customer_id: str) -> None:
        """Two customers are one human; both ids name her from now on."""
        request = signal_service_pb2.MergeCustomersRequest(
            from_customer_id=from_customer_id, into_customer_id=into_customer_id
        )
        await self.call(self.signals.MergeCustomers, request)

    # -- decisions -------------------------------------------------------------------------------------------

    async def decide(
        self,
        person: str | Identity,
        channel: Channel,
        *,
        product_id: str = "",
        category_id: str = "",
        place_e7: tuple[int, int] | None = None,
        request_id: str = "",
        event_time_ms: int | None = None,
    ) -> decision_service_pb2.DecideResponse:
        """The best offer for a customer (by id or linked identity) on a channel, or silence with its verdict.

        place_e7: (latitude, longitude) × 10⁷, where she could go. event_time_ms: under a client clock only.
        """
        request = decision_service_pb2.DecideRequest(
            channel=int(channel),  # type: ignore[arg-type]
            request_id=request_id,
        )
        if isinstance(person, Identity):
            setattr(request, convert_people.IDENTITY_FIELDS[person.kind], person.identity_id)
        else:
            request.customer_id = person
        if product_id:
            request.product_id = product_id
        if category_id:
            request.category_id = category_id
        if place_e7 is not None:
            request.place.CopyFrom(places_pb2.Place(latitude_e7=place_e7[0], longitude_e7=place_e7[1]))
        if event_time_ms is not None:
            request.event_time.FromMilliseconds(event_time_ms)
        answer: decision_service_pb2.DecideResponse = await self.call(self.decisions.Decide, request)
        return answer

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

    async def decision(self, decision_id: str) -> diagnostics_service_pb2.Decision:
        """One decision, with all that decided it and what became of it. Raises NotFoundError."""
        request = diagnostics_service_pb2.GetDecisionRequest(decision_id=decision_id)
        answer = await self.call(self.diagnostics.GetDecision, request)
        decision: diagnostics_service_pb2.Decision = answer.decision
        return decision

    async def recent_tries(self, customer_id: str) -> diagnostics_service_pb2.ListRecentTriesResponse:
        """The last tries of a customer, newest first. Raises NotFoundError."""
        request = diagnostics_service_pb2.ListRecentTriesRequest(customer_id=customer_id)
        answer: diagnostics_service_pb2.ListRecentTriesResponse
        answer = await self.call(self.diagnostics.ListRecentTries, request)
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
