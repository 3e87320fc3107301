"""One good, fully marked request for every method, in an order in which all of them succeed."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from canary_marks import (
    CATALOG,
    DEVICE,
    HERE_LATITUDE_E7,
    HERE_LONGITUDE_E7,
    LATITUDE_E7,
    LONGITUDE_E7,
    NOTICE,
    NOW_MS,
    PERSON,
    SEARCHED,
    SIZE,
    WORD,
)
from canary_policy_calls import policy_requests, transport_requests
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from grpc_health.v1 import health_pb2 as health
from grpc_reflection.v1alpha import reflection_pb2 as reflection

import geooffer.v1
from geooffer.rpc.checks import timestamp
from geooffer.v1 import campaign_service_pb2 as campaign
from geooffer.v1 import consent_service_pb2 as consent
from geooffer.v1 import decision_service_pb2 as decisions
from geooffer.v1 import diagnostics_service_pb2 as diagnostics
from geooffer.v1 import inventory_service_pb2 as inventory
from geooffer.v1 import offer_service_pb2 as offers
from geooffer.v1 import ping_service_pb2 as pings
from geooffer.v1 import places_pb2 as places
from geooffer.v1 import privacy_service_pb2 as privacy
from geooffer.v1 import resources_pb2 as resources
from geooffer.v1 import rights_pb2 as rights
from geooffer.v1 import shapes_pb2 as shapes
from geooffer.v1 import signal_service_pb2 as signal
from geooffer.v1 import store_service_pb2 as stores
from geooffer.v1 import zones_pb2 as zones

DAY_MS = 86_400_000
CUSTOMER_ID, TWIN_ID, GUEST_ID = (f"{PERSON}-{number}" for number in (1, 2, 3))
SHOP, FENCE, CATEGORY, PRODUCT, OFFER = (f"{CATALOG}-{name}" for name in ("shop", "fence", "cat", "shoe", "offer"))
ZONE = f"{CATALOG}-zone"
AUDIENCE, CAMPAIGN = f"{CATALOG}-list", f"{CATALOG}-spring"
_OURS = sorted(path.stem for path in Path(geooffer.v1.__file__).parent.glob("*_pb2.py"))
MODULES = (*(import_module(f"geooffer.v1.{name}") for name in _OURS), health, reflection)
"""All there are: a method that is not called below fails test_canary.py."""
DECIDED = f"{CATALOG}-decided"
"""Stands for the id of the decision that was told last."""
ERASED = f"{CATALOG}-erased"
"""Stands for the id of the erasure that was told last."""
ASKED = f"{CATALOG}-asked"
"""Stands for the id of the request of a person that was recorded last."""
EVENT = f"{CATALOG}-event"
"""Stands for the id of a consent event."""
METHODS: dict[str, MethodDescriptor] = {
    f"/{service.full_name}/{method.name}": method
    for module in MODULES
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}


def response_of(method: str, data: bytes) -> Message:
    """The bytes of an answer as its message."""
    return message_factory.GetMessageClass(METHODS[method].output_type).FromString(data)


def at(days: float) -> Timestamp:
    """A time that many days from now."""
    return timestamp(NOW_MS + round(days * DAY_MS))


def path_of(service: str, request: Message) -> str:
    """The method that a request is for: requests are named after their methods."""
    return f"/geooffer.v1.{service}/{request.DESCRIPTOR.name.removesuffix('Request')}"


def good_requests() -> list[tuple[str, Message]]:
    """(method, request) of every method that deletes nothing; all succeed in this order, again and again."""
    size = resources.Size(system="EU", value=f"{SIZE}-43")
    words = [resources.LocalizedText(language_code="en", text=f"{WORD} shoes")]
    store = resources.Store(
        store_id=SHOP,
        name="Shop",
        latitude_e7=LATITUDE_E7,
        longitude_e7=LONGITUDE_E7,
        time_zone="Europe/Zurich",
        opening_hours="Tu 00:01-23:21",
        country="CH",
        region="CH-ZH",
        tags=["city"],
    )
    # two triangles that cross: with `repair` the answer says what was mended
    bow = shapes.Ring(
        latitudes_e7=[LATITUDE_E7 + d for d in (0, 9_000, 9_000, 0, 0)],
        longitudes_e7=[LONGITUDE_E7 + d for d in (0, 9_000, 0, 9_000, 0)],
    )
    bow_tie = shapes.Shape(polygon=shapes.Polygon(parts=[shapes.PolygonPart(rings=[bow])]))
    circle = shapes.Circle(latitude_e7=LATITUDE_E7, longitude_e7=LONGITUDE_E7, radius_cm=5_000)
    fence = resources.Geofence(geofence_id=FENCE, store_id=SHOP, name="Door", shape=shapes.Shape(circle=circle))
    mended = resources.Geofence(geofence_id=f"{FENCE}-2", store_id=SHOP, dwell_millis=60_000, shape=bow_tie)
    category = resources.Category(category_id=CATEGORY, names=words)
    product = resources.Product(
        product_id=PRODUCT, category_id=CATEGORY, titles=words, sizes=[size], stock_tracked=True
    )
    offer = resources.Offer(
        offer_id=OFFER,
        product_id=PRODUCT,
        valid_from_time=at(-1),
        valid_until_time=at(1),
        store_ids=[SHOP],
        minimum_price_cut_percent=10,
        trigger="OFFER_TRIGGER_ENTER",
        required_purposes=["PURPOSE_PERSONALISED_OFFERS"],
    )
    audience = resources.Audience(audience_id=AUDIENCE, name="Runners")
    spring = resources.Campaign(
        campaign_id=CAMPAIGN,
        name="Spring",
        budget_count=5,
        minimum_tier=1,
        account_kinds=["ACCOUNT_KIND_CONSUMER"],
        channels=["CHANNEL_IN_APP"],
        audience_id=AUDIENCE,
        cap_rules=[resources.CapRule(scope="CAP_SCOPE_PERSON", limit_count=2, window="CAP_WINDOW_CALENDAR_DAY")],
        held_out_per_10000=10,
        score_floor=10,
    )
    prices = [
        resources.Price(product_id=PRODUCT, amount_minor=amount, currency_code="EUR", valid_from_time=at(days))
        for days, amount in ((-60, 10_000), (-1, 7_000))
    ]
    figure = resources.StockFigure(store_id=SHOP, product_id=PRODUCT, size=size, available_count=3, as_of_time=at(-0.1))
    columns = inventory.StockColumns(
        store_id=SHOP,
        as_of_time=at(-0.1),
        product_ids=[PRODUCT],
        size_systems=["EU"],
        size_values=[f"{SIZE}-43"],
        available_counts=[3],
    )
    by_service: dict[str, list[Message]] = {
        "StoreService": [
            stores.CreateStoreRequest(store=store),
            stores.GetStoreRequest(store_id=SHOP),
            stores.ListStoresRequest(page_size=10),
            stores.UpdateStoreRequest(store=store, update_mask=FieldMask(paths=["name"])),
            stores.BatchUpsertStoresRequest(stores=[store], partial=True, request_id="once"),
            stores.CreateGeofenceRequest(geofence=fence),
            stores.GetGeofenceRequest(geofence_id=FENCE),
            stores.ListGeofencesRequest(page_size=10),
            stores.UpdateGeofenceRequest(geofence=fence, update_mask=FieldMask(paths=["name"])),
            stores.BatchUpsertGeofencesRequest(geofences=[fence, mended], partial=True, repair=True),
            stores.CloseStoresRequest(store_ids=[SHOP], from_time=at(0.5), until_time=at(0.6), reason="burst pipe"),
            stores.ListClosuresRequest(store_id=SHOP, page_size=10),
            stores.ReopenStoresRequest(store_ids=[SHOP]),
            stores.PauseOffersRequest(tag="city", from_time=at(0.5), request_id="paused"),
            stores.ResumeOffersRequest(region="CH-ZH"),
            stores.GetCatalogStateRequest(),
        ],
        "CampaignService": [
            campaign.CreateCategoryRequest(category=category),
            campaign.GetCategoryRequest(category_id=CATEGORY),
            campaign.ListCategoriesRequest(page_size=10),
            campaign.UpdateCategoryRequest(category=category, update_mask=FieldMask(paths=["names"])),
            campaign.BatchUpsertCategoriesRequest(categories=[category]),
            campaign.CreateProductRequest(product=product),
            campaign.GetProductRequest(product_id=PRODUCT),
            campaign.ListProductsRequest(page_size=10),
            campaign.UpdateProductRequest(product=product, update_mask=FieldMask(paths=["titles"])),
            campaign.BatchUpsertProductsRequest(products=[product]),
            campaign.CreateAudienceRequest(audience=audience),
            campaign.GetAudienceRequest(audience_id=AUDIENCE),
            campaign.ListAudiencesRequest(page_size=10),
            campaign.UpdateAudienceRequest(audience=audience, update_mask=FieldMask(paths=["name"])),
            campaign.BatchUpsertAudiencesRequest(audiences=[audience], partial=True),
            campaign.CreateCampaignRequest(campaign=spring),
            campaign.GetCampaignRequest(campaign_id=CAMPAIGN),
            campaign.ListCampaignsRequest(page_size=10),
            campaign.UpdateCampaignRequest(campaign=spring, update_mask=FieldMask(paths=["budget_count"])),
            campaign.BatchUpsertCampaignsRequest(campaigns=[spring], partial=True),
            campaign.CreateOfferRequest(offer=offer),
            campaign.GetOfferRequest(offer_id=OFFER),
            campaign.ListOffersRequest(page_size=10),
            campaign.UpdateOfferRequest(offer=offer, update_mask=FieldMask(paths=["paused"])),
            campaign.BatchUpsertOffersRequest(offers=[offer], partial=True),
            campaign.BatchUpsertPricesRequest(prices=prices, partial=True),
            campaign.ListPricesRequest(product_id=PRODUCT, page_size=10),
        ],
        "InventoryService": [
            inventory.ReportStockRequest(rows=inventory.StockRows(figures=[figure])),
            inventory.ReportStockRequest(columns=columns, partial=True),
            inventory.GetStockRequest(store_id=SHOP, product_id=PRODUCT, page_size=10),
            inventory.ListStaleStockRequest(page_size=10),
        ],
    }
    requests = [(path_of(service, request), request) for service, some in by_service.items() for request in some]
    return requests + _requests_about_people(size) + policy_requests() + transport_requests()


def _requests_about_people(size: resources.Size) -> list[tuple[str, Message]]:
    customer = signal.Customer(
        customer_id=CUSTOMER_ID, device_keys=[DEVICE], language_code="en", time_zone="Europe/Zurich"
    )
    twin, guest = signal.Customer(customer_id=TWIN_ID), signal.Customer(customer_id=GUEST_ID)
    web, card = {"web_id": f"{PERSON}-web"}, {"loyalty_id": f"{PERSON}-card"}
    search = signal.Touchpoint(
        customer_id=CUSTOMER_ID, kind="TOUCHPOINT_KIND_SEARCH", event_time=at(-1), category_id=CATEGORY, size=size
    )
    view = signal.Touchpoint(
        customer_id=CUSTOMER_ID, kind="TOUCHPOINT_KIND_VIEW", event_time=at(-1), product_id=PRODUCT
    )
    given = {"customer_id": CUSTOMER_ID, "event_time": at(-2), "notice_version": f"{NOTICE}-1"}
    place = {"latitude_e7": HERE_LATITUDE_E7, "longitude_e7": HERE_LONGITUDE_E7, "accuracy_cm": 500}
    batch = pings.PingBatch(
        device_keys=[DEVICE], session_ids=[1], sequences=[2], latitudes_e7=[HERE_LATITUDE_E7], base_time=at(0.001),
        longitudes_e7=[HERE_LONGITUDE_E7], accuracies_cm=[500], fix_offsets_millis=[10], decision_budget_millis=900,
    )  # fmt: skip
    ping = pings.Ping(device_key=DEVICE, fix_time=at(0), sequence=1, decision_budget_millis=900, **place)
    by_service: dict[str, list[Message]] = {
        "SignalService": [
            signal.UpsertCustomersRequest(customers=[customer, twin, guest]),
            signal.UpsertCustomersRequest(customers=[customer], partial=True),
            signal.LinkIdentityRequest(link=signal.IdentityLink(customer_id=CUSTOMER_ID, **web)),
            signal.UnlinkIdentityRequest(
                link=signal.IdentityLink(customer_id=CUSTOMER_ID, **web), new_customer_id=TWIN_ID
            ),
            signal.BatchLinkIdentitiesRequest(links=[signal.IdentityLink(customer_id=CUSTOMER_ID, **card)]),
            signal.MergeCustomersRequest(from_customer_id=TWIN_ID, into_customer_id=CUSTOMER_ID),
            signal.GetCustomerRequest(customer_id=CUSTOMER_ID),
        ],
        "ConsentService": [
            consent.RecordConsentRequest(purposes=[1, 2, 3, 4, 5, 6, 7], **given),
            consent.GetConsentRequest(customer_id=CUSTOMER_ID),
            consent.BatchRegisterNoticesRequest(notices=[_notice()]),
            consent.ListNoticesRequest(page_size=10),
            consent.GetConsentHistoryRequest(customer_id=CUSTOMER_ID),
            consent.GetAllowanceRequest(customer_id=CUSTOMER_ID, purpose=1, at_time=at(-1)),
            consent.GetConsentReceiptRequest(customer_id=CUSTOMER_ID, event_id=EVENT),
            consent.BatchRecordConsentsRequest(events=[consent.ConsentEvent(purposes=[1], granted=True, **given)]),
            consent.WithdrawConsentRequest(customer_id=CUSTOMER_ID, purposes=[7], event_time=at(-1)),
        ],
        "DiagnosticsService": [
            diagnostics.ExplainPingRequest(device_key=DEVICE, ping_time=at(0), speed_cm_per_s=120, **place),
            diagnostics.ListRecentTriesRequest(customer_id=CUSTOMER_ID),
            diagnostics.GetStatisticsRequest(),
        ],
        "PrivacyService": [
            privacy.ExportSubjectRequest(customer_id=CUSTOMER_ID, reason="a test"),
            privacy.ListErasuresRequest(page_size=10),
            privacy.VerifyAuditRequest(),
            *_zone_requests(),
        ],
        "PingService": [
            pings.StreamPingsRequest(ping=ping),
            pings.StreamPingsRequest(batch=batch),
            pings.IngestPingsRequest(ping=ping),
            pings.IngestPingsRequest(batch=batch),
        ],
    }
    words = signal.Touchpoint(
        kind="TOUCHPOINT_KIND_SEARCH", event_time=at(-1), search_text=f"{WORD} shoes {SEARCHED}", source="shop", **card
    )
    wants = signal.Touchpoint(
        customer_id=CUSTOMER_ID, kind="TOUCHPOINT_KIND_PREFERENCE", event_time=at(-1), language_code="de",
        channel="CHANNEL_PUSH", fulfilment="FULFILMENT_PREFERENCE_SHIP",
    )  # fmt: skip
    tier = signal.Touchpoint(customer_id=CUSTOMER_ID, kind="TOUCHPOINT_KIND_LOYALTY_UPDATE", event_time=at(-1), tier=3)
    here = places.Place(latitude_e7=HERE_LATITUDE_E7, longitude_e7=HERE_LONGITUDE_E7)
    report = offers.OutcomeReport(
        decision_id=f"{CATALOG}-decision", kind="OUTCOME_KIND_DISPLAYED", event_time=at(0), device_key=DEVICE
    )
    allowed: list[tuple[str, Message]] = [
        ("SignalService", signal.RecordTouchpointsRequest(touchpoints=[search, view])),
        (
            "SignalService",
            signal.RecordTouchpointsRequest(touchpoints=[search, view, words, wants, tier], partial=True),
        ),
        ("CampaignService", campaign.AddAudienceMembersRequest(audience_id=AUDIENCE, customer_ids=[CUSTOMER_ID])),
        ("CampaignService", campaign.ListAudienceMembersRequest(audience_id=AUDIENCE, page_size=10)),
        ("CampaignService", campaign.RemoveAudienceMembersRequest(audience_id=AUDIENCE, customer_ids=[CUSTOMER_ID])),
        ("OfferService", offers.FindNearbyStockRequest(product_id=PRODUCT, size=size, place=here, limit_count=2)),
        ("OfferService", offers.ListWakeRegionsRequest(place=here, region_count_max=5, device_key=DEVICE)),
        (
            "DecisionService",
            decisions.DecideRequest(
                product_id=PRODUCT, place=here, channel="CHANNEL_WEB_SHOP", event_time=at(0), **card
            ),
        ),
        ("OfferService", offers.ReportOutcomesRequest(outcomes=[report])),
        ("OfferService", offers.SnoozeLocationRequest(until_time=at(-1))),
        ("OfferService", offers.WithdrawOwnConsentRequest(purposes=[7])),
        ("DiagnosticsService", diagnostics.GetDecisionRequest(decision_id=DECIDED)),
        *(("PrivacyService", request) for request in _rights_requests()),
    ]
    requests = [(path_of(service, request), request) for service, some in by_service.items() for request in some]
    after_consent = next(i for i, (method, _) in enumerate(requests) if "Diagnostics" in method)
    requests[after_consent:after_consent] = [(path_of(service, request), request) for service, request in allowed]
    return requests


def _notice() -> consent.Notice:
    return consent.Notice(
        notice_version=f"{NOTICE}-2",
        effective_time=at(-1),
        purposes=[1],
        texts=[consent.NoticeText(language_code="en", text_hash=bytes(32))],
        controller=f"{PERSON} Ltd",
        withdrawal_method="in the app",
    )


def _rights_requests() -> list[Message]:
    """Of the guest, whose consent nothing else rests on."""
    hers = {"customer_id": GUEST_ID, "reason": f"{PERSON} wrote"}
    return [
        rights.RecordRequestRequest(kind=1, **hers),
        rights.ExtendRequestRequest(rights_request_id=ASKED, reason=f"{PERSON} waits"),
        rights.RefuseRequestRequest(rights_request_id=ASKED, reason=f"{PERSON} is not she"),
        rights.RestrictSubjectRequest(ground=1, **hers),
        rights.LiftRestrictionRequest(inform_time=at(-1), **hers),
        rights.ObjectSubjectRequest(is_direct_marketing=True, **hers),
        rights.ListRequestsRequest(page_size=10, customer_id=GUEST_ID),
    ]


def _zone_requests() -> list[Message]:
    """Far from the shop, so that its pings are matched."""
    circle = shapes.Circle(latitude_e7=-100_000_000, longitude_e7=0, radius_cm=5_000)
    first, second = (
        zones.ExclusionZone(zone_id=f"{ZONE}-{number}", category=1, shape=shapes.Shape(circle=circle), buffer_cm=500)
        for number in (1, 2)
    )
    return [
        zones.CreateExclusionZoneRequest(zone=first),
        zones.GetExclusionZoneRequest(zone_id=f"{ZONE}-1"),
        zones.ListExclusionZonesRequest(page_size=10),
        zones.UpdateExclusionZoneRequest(zone=first),
        zones.BatchUpsertExclusionZonesRequest(zones=[second]),
    ]


def deleting_requests() -> list[tuple[str, Message]]:
    """(method, request) of every method that deletes, in an order in which all succeed."""
    return [
        (path_of(service, request), request)
        for service, request in (
            ("SignalService", signal.DeleteCustomerRequest(customer_id=CUSTOMER_ID)),
            ("PrivacyService", privacy.EraseSubjectRequest(customer_id=GUEST_ID)),
            ("PrivacyService", privacy.GetErasureRequest(erasure_id=ERASED)),
            ("PrivacyService", zones.DeleteExclusionZoneRequest(zone_id=f"{ZONE}-1")),
            ("CampaignService", campaign.DeleteOfferRequest(offer_id=OFFER)),
            ("CampaignService", campaign.DeleteCampaignRequest(campaign_id=CAMPAIGN)),
            ("CampaignService", campaign.DeleteAudienceRequest(audience_id=AUDIENCE)),
            ("CampaignService", campaign.DeleteProductRequest(product_id=PRODUCT)),
            ("CampaignService", campaign.DeleteCategoryRequest(category_id=CATEGORY)),
            ("StoreService", stores.DeleteGeofenceRequest(geofence_id=FENCE)),
            ("StoreService", stores.DeleteGeofenceRequest(geofence_id=f"{FENCE}-2")),
            ("StoreService", stores.DeleteStoreRequest(store_id=SHOP)),
        )
    ]
