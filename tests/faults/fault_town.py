"""The small town that the fault tests serve: three branches, a web shop, thirty customers with two devices each.

Always open, prices cut deep enough, offers valid for months: what decides is interest, consent and caps. Not a test.
"""

from __future__ import annotations

from math import cos, radians

from geooffer.client import GeoofferControl
from geooffer.model.catalog import Campaign, Category, Customer, Geofence, Offer, Price, Product, Store
from geooffer.model.policy import DAY_MS
from geooffer.model.shapes import Circle
from geooffer.model.signals import ConsentEvent, Touchpoint
from geooffer.model.units import METRES_PER_E7
from geooffer.model.verdicts import Purpose, TouchpointKind

START_MS = 1_772_528_400_000
"""Tuesday 2026-03-03 10:00 in Berlin."""
LATITUDE_E7, LONGITUDE_E7 = 525_200_000, 134_050_000
BRANCHES = ("north", "middle", "south")
BRANCH_DISTANCE_M = 400.0
CATEGORIES = tuple(f"category-{number}" for number in range(5))
OFFER_COUNT = 10
CUSTOMERS = tuple(f"customer-{number}" for number in range(30))
FICKLE = CUSTOMERS[:6]
"""They give and withdraw consent all the time."""
ALL_PURPOSES = (1 << len(Purpose)) - 1
GOODS = tuple(f"goods-{number}" for number in range(3))
"""Counted, and in no offer."""
LIMITED = "campaign-limited"
LIMITED_BUDGET_COUNT = 25


def device_keys(customer_id: str) -> tuple[int, int]:
    """Her two devices."""
    first = 10 + 2 * CUSTOMERS.index(customer_id)
    return first, first + 1


def customer_of(device_key: int) -> str:
    """Whose device it is."""
    return CUSTOMERS[(device_key - 10) // 2]


def place_e7(place: int) -> tuple[int, int]:
    """Latitude and longitude of a branch by number; −1 = far from all of them."""
    north_m = place * BRANCH_DISTANCE_M if place >= 0 else 700.0
    east_m = 0.0 if place >= 0 else 900.0
    latitude_e7 = LATITUDE_E7 + round(north_m / METRES_PER_E7)
    east_e7 = round(east_m / METRES_PER_E7 / cos(radians(LATITUDE_E7 / 1e7)))
    return latitude_e7, LONGITUDE_E7 + east_e7


def product_id(offer_number: int) -> str:
    """What offer number n is about."""
    return f"product-{offer_number}"


async def build(control: GeoofferControl) -> None:
    """Everything, all or nothing call by call; live when this returns."""
    stores = [Store(name, name, *place_e7(n), "Europe/Berlin", "24/7") for n, name in enumerate(BRANCHES)]
    stores.append(Store("web", "web", *place_e7(-1), "Europe/Berlin", "24/7", is_online=True))
    await control.upsert_stores(stores, partial=False)
    fences = [Geofence(f"fence-{name}", Circle(*place_e7(n), 6_000), name) for n, name in enumerate(BRANCHES)]
    await control.upsert_geofences(fences, partial=False)
    await control.upsert_categories([Category(name) for name in CATEGORIES], partial=False)
    products = [
        Product(product_id(n), CATEGORIES[n % len(CATEGORIES)], (("en", "first"),), stock_tracked=False)
        for n in range(OFFER_COUNT)
    ]
    products += [Product(name, CATEGORIES[0], (("en", name),)) for name in GOODS]
    await control.upsert_products(products, partial=False)
    await control.upsert_campaigns([Campaign(LIMITED, budget_count=LIMITED_BUDGET_COUNT)], partial=False)
    span = START_MS - 30 * DAY_MS, START_MS + 300 * DAY_MS
    offers = [
        Offer(f"offer-{n}", product_id(n), *span, campaign_id=LIMITED if n % 5 == 0 else "") for n in range(OFFER_COUNT)
    ]
    await control.upsert_offers(offers, partial=False)
    prices = [
        Price(product_id(n), amount, "EUR", START_MS - days * DAY_MS)
        for n in range(OFFER_COUNT)
        for amount, days in ((10_000, 60), (7_500, 3))
    ]
    await control.upsert_prices(prices, partial=False)
    await control.upsert_customers([Customer(name, device_keys(name)) for name in CUSTOMERS], partial=False)
    given = [ConsentEvent(name, ALL_PURPOSES, True, START_MS - DAY_MS, "1") for name in CUSTOMERS]
    assert (await control.record_consents(given)).accepted_count == len(CUSTOMERS)
    searched = [search(name, category, START_MS - 60_000) for name in CUSTOMERS for category in CATEGORIES]
    await control.record_touchpoints(searched, partial=False)
    await control.wait_live((await control.catalog_state()).saved_generation)


def search(customer_id: str, category_id: str, time_ms: int) -> Touchpoint:
    """She looked for something."""
    return Touchpoint(customer_id, TouchpointKind.SEARCH, time_ms, category_id=category_id)
