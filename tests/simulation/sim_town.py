"""The town of the simulation: three shops in a row, eight people, goods that are counted and goods that are not. Not a
test.
"""

from __future__ import annotations

from math import cos, radians

from geooffer.model.catalog import (
    Audience,
    Campaign,
    Category,
    Customer,
    Geofence,
    Noun,
    Offer,
    Price,
    Product,
    StockFigure,
    Store,
)
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.shapes import Circle
from geooffer.model.units import METRES_PER_E7
from geooffer.model.verdicts import Purpose

START_MS = 1_772_528_400_000
"""Tuesday 2026-03-03 10:00 in Berlin."""
LATITUDE_E7, LONGITUDE_E7 = 525_200_000, 134_050_000
SHOPS = ("shop-0", "shop-1", "shop-2")
CATEGORIES = ("shoes", "food", "books")
COUNTED = ("boots", "milk")
PRODUCTS = {"boots": "shoes", "sandals": "shoes", "milk": "food", "bread": "food", "novel": "books", "atlas": "books"}
BUDGET_CAMPAIGN, BUDGET_COUNT = "campaign-small", 4
LIMITED = ("milk", "bread")
"""What that campaign is about."""
LIST = "regulars"
NAMES = tuple(f"person-{number}" for number in range(8))
DEVICES = {name: (10 + 2 * number, 11 + 2 * number) for number, name in enumerate(NAMES)}
NEEDED = Purpose.PRECISE_LOCATION_FOR_OFFERS.bit | Purpose.SEARCH_INTENT_USE.bit | Purpose.PERSONALISED_OFFERS.bit
"""What an offer on a walk needs; given and withdrawn together."""
NOBODYS_DEVICE = 99


def place_e7(place: int) -> tuple[int, int]:
    """Latitude and longitude of a shop by number, 300 m apart; −1 = 600 m away from the row."""
    north_m, east_m = (place * 300.0, 0.0) if place >= 0 else (300.0, 600.0)
    east_e7 = round(east_m / METRES_PER_E7 / cos(radians(LATITUDE_E7 / 1e7)))
    return LATITUDE_E7 + round(north_m / METRES_PER_E7), LONGITUDE_E7 + east_e7


def fence(number: int, radius_cm: int = 6_000) -> Geofence:
    """Of a shop."""
    return Geofence(f"fence-{number}", Circle(*place_e7(number), radius_cm), SHOPS[number])


def offer(product_id: str, *, paused: bool = False) -> Offer:
    """Everything is on offer for months; food belongs to a campaign that is soon spent."""
    span = START_MS - 30 * DAY_MS, START_MS + 300 * DAY_MS
    campaign_id = BUDGET_CAMPAIGN if product_id in LIMITED else ""
    return Offer(f"offer-{product_id}", product_id, *span, paused=paused, campaign_id=campaign_id)


def nouns() -> list[Noun]:
    """In an order in which each refers to earlier ones only."""
    return [
        *(Store(name, name, *place_e7(number), "Europe/Berlin", "24/7") for number, name in enumerate(SHOPS)),
        *map(fence, range(len(SHOPS))),
        *(Category(name) for name in CATEGORIES),
        *(
            Product(name, category, (("en", name),), stock_tracked=name in COUNTED)
            for name, category in PRODUCTS.items()
        ),
        Campaign(BUDGET_CAMPAIGN, budget_count=BUDGET_COUNT),
        *map(offer, PRODUCTS),
        Audience(LIST),
    ]


def prices() -> list[Price]:
    """Cut three days ago."""
    steps = ((10_000, START_MS - 60 * DAY_MS), (7_500, START_MS - 3 * DAY_MS))
    return [Price(name, amount, "EUR", from_ms) for name in PRODUCTS for amount, from_ms in steps]


def stock() -> list[StockFigure]:
    """Plenty, an hour ago."""
    return [StockFigure(shop, name, None, 9, START_MS - HOUR_MS) for shop in SHOPS for name in COUNTED]


def customers() -> list[Customer]:
    """Everybody."""
    return [Customer(name, devices) for name, devices in DEVICES.items()]
