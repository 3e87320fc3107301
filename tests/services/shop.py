"""A small shop as wire messages: one category, a shoe in two sizes, a store with a fence, an offer, a customer."""

from __future__ import annotations

from geooffer.rpc.checks import timestamp
from geooffer.v1 import campaign_service_pb2 as campaign
from geooffer.v1 import consent_service_pb2 as consent
from geooffer.v1 import inventory_service_pb2 as inventory
from geooffer.v1 import resources_pb2 as resources
from geooffer.v1 import shapes_pb2 as shapes
from geooffer.v1 import signal_service_pb2 as signal
from geooffer.v1 import store_service_pb2 as store

NOW_MS = 1_772_528_400_000  # Tuesday 2026-03-03 10:00 in Berlin
DAY_MS = 86_400_000
LATITUDE_E7, LONGITUDE_E7 = 525_200_000, 134_050_000
DEVICE_KEY = 4_711
EU_43 = resources.Size(system="EU", value="43")
STORE = resources.Store(
    store_id="s1",
    name="Mitte",
    latitude_e7=LATITUDE_E7,
    longitude_e7=LONGITUDE_E7,
    time_zone="Europe/Berlin",
    opening_hours="Tu 09:00-19:00",
)
FENCE = resources.Geofence(
    geofence_id="f1",
    store_id="s1",
    shape=shapes.Shape(circle=shapes.Circle(latitude_e7=LATITUDE_E7, longitude_e7=LONGITUDE_E7, radius_cm=5_000)),
)
CATEGORY = resources.Category(
    category_id="running-shoes",
    names=[
        resources.LocalizedText(language_code="de", text="Laufschuhe"),
        resources.LocalizedText(language_code="en", text="Running shoes"),
    ],
)
PRODUCT = resources.Product(
    product_id="shoe",
    category_id="running-shoes",
    titles=[resources.LocalizedText(language_code="en", text="Swift 3")],
    sizes=[resources.Size(system="EU", value="42"), EU_43],
    stock_tracked=True,
)
OFFER = resources.Offer(
    offer_id="o1",
    product_id="shoe",
    valid_from_time=timestamp(NOW_MS - DAY_MS),
    valid_until_time=timestamp(NOW_MS + DAY_MS),
    store_ids=["s1"],
    minimum_price_cut_percent=10,
    trigger="OFFER_TRIGGER_ENTER",
    required_purposes=["PURPOSE_PUSH_MARKETING"],
)


def a_price(amount_minor: int, days_ago: float, **changes) -> resources.Price:
    values = {
        "product_id": "shoe",
        "amount_minor": amount_minor,
        "currency_code": "EUR",
        "valid_from_time": timestamp(NOW_MS - round(days_ago * DAY_MS)),
    }
    return resources.Price(**(values | changes))


def a_figure(count: int = 2, **changes) -> resources.StockFigure:
    values = {
        "store_id": "s1",
        "product_id": "shoe",
        "size": EU_43,
        "available_count": count,
        "as_of_time": timestamp(NOW_MS),
    }
    return resources.StockFigure(**(values | changes))


def a_touchpoint(**changes) -> signal.Touchpoint:
    values = {
        "customer_id": "c1",
        "kind": "TOUCHPOINT_KIND_SEARCH",
        "event_time": timestamp(NOW_MS - 2 * DAY_MS),
        "category_id": "running-shoes",
        "size": EU_43,
    }
    if "product_id" in changes or "search_text" in changes:
        del values["category_id"]
    return signal.Touchpoint(**(values | changes))


def a_consent(*numbers: int, **changes) -> consent.RecordConsentRequest:
    values = {
        "customer_id": "c1",
        "purposes": numbers or range(1, 8),
        "event_time": timestamp(NOW_MS - 3 * DAY_MS),
        "notice_version": "2026-01",
    }
    return consent.RecordConsentRequest(**(values | changes))


async def stock_the_shop(plane) -> None:
    """Everything an offer of the shoe needs, by calls."""
    await plane.stores.CreateStore(store.CreateStoreRequest(store=STORE))
    await plane.stores.CreateGeofence(store.CreateGeofenceRequest(geofence=FENCE))
    await plane.campaigns.CreateCategory(campaign.CreateCategoryRequest(category=CATEGORY))
    await plane.campaigns.CreateProduct(campaign.CreateProductRequest(product=PRODUCT))
    await plane.campaigns.CreateOffer(campaign.CreateOfferRequest(offer=OFFER))
    prices = [a_price(12_000, 60), a_price(9_000, 1)]
    await plane.campaigns.BatchUpsertPrices(campaign.BatchUpsertPricesRequest(prices=prices))
    rows = inventory.StockRows(figures=[a_figure(2)])
    await plane.inventory.ReportStock(inventory.ReportStockRequest(rows=rows))


async def bring_the_customer(plane) -> None:
    """A known customer, consenting to everything, who searched for the shoe in her size."""
    person = signal.Customer(customer_id="c1", device_keys=[DEVICE_KEY], language_code="de")
    await plane.signals.UpsertCustomers(signal.UpsertCustomersRequest(customers=[person]))
    await plane.consents.RecordConsent(a_consent())
    await plane.signals.RecordTouchpoints(signal.RecordTouchpointsRequest(touchpoints=[a_touchpoint()]))
