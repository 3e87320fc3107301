"""Seeded random worlds in which every verdict of section 5 comes up: shops, campaigns, prices, people. Not a test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from obvious_hours import weekly
from random_rules import random_campaign, random_category, random_policy, random_rules
from world import ALL_PURPOSES, STANDING, circle_at, east_e7, north_e7, price

from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.journal.memory import MemoryJournal
from geooffer.model.catalog import (
    Audience,
    Customer,
    Geofence,
    Offer,
    Price,
    Product,
    Size,
    StockFigure,
    Store,
)
from geooffer.model.kinds import AccountKind, Channel, FulfilmentPreference
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.signals import Touchpoint
from geooffer.model.units import parse_time_ms
from geooffer.model.verdicts import OfferTrigger, Purpose, TouchpointKind

K = TouchpointKind
Rng = np.random.Generator

SIZES = (Size("EU", "43"), Size("EU", "44"), Size("EU", "45"))
SPOKEN_SIZES = (*SIZES, Size("UK", "9"), Size("US", "10"))
"""As customers state them; all are in the chart of men's shoes, and UK 9 is EU 43 there."""
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")
STARTS = (
    "2026-01-15T09:00:00Z",
    "2026-03-07T15:00:00Z",  # New York's clocks jump in the night
    "2026-03-28T20:00:00Z",  # Berlin's do
    "2026-04-04T12:00:00Z",  # Auckland's go back
    "2026-07-01T10:00:00Z",
    "2026-10-24T21:00:00Z",
    "2026-10-31T22:00:00Z",
    "2026-12-30T23:30:00Z",
)
BRANCH_COUNT, FENCE_COUNT, CATEGORY_COUNT, PRODUCT_COUNT, OFFER_COUNT, PERSON_COUNT = 5, 7, 4, 9, 14, 6
PRODUCTS = range(PRODUCT_COUNT)


@dataclass
class RandomMarket:
    """An engine, and everything that was told to it about people, as it came in."""

    engine: Engine
    start_ms: int
    devices: list[int]
    """Device 10 + 2 i and 11 + 2 i are customer-i's."""
    signals: list[Touchpoint]
    members: dict[tuple[str, str], tuple[int, bool]] = field(default_factory=dict)
    """(audience, customer) → latest (time, is on the list)."""

    def customer_of(self, device: int) -> str:
        return f"customer-{(device - 10) // 2}"


def pick(rng: Rng, values: Any) -> Any:
    """One of some values, as it is."""
    return values[int(rng.integers(0, len(values)))]


def chance(rng: Rng, share: float) -> bool:
    return bool(rng.random() < share)


def random_market(seed: int) -> RandomMarket:
    """5 branches and 2 web shops, 7 fences around one point, 4 categories, 9 products, 14 offers, 6 people."""
    rng = np.random.default_rng(seed)
    start_ms = parse_time_ms(pick(rng, STARTS))
    engine = Engine(
        journal=MemoryJournal(),
        clock=EngineClock("client", start_ms),
        policy=random_policy(rng),
        cap_rules=random_rules(rng, int(rng.integers(0, 4))),
        decision_key=b"test",
    )
    stores = [_branch(rng, index) for index in range(BRANCH_COUNT)] + [_web_shop(rng, index) for index in range(2)]
    engine.put_nouns(
        [
            *stores,
            *(_fence(rng, index) for index in range(FENCE_COUNT)),
            *(random_category(rng, index) for index in range(CATEGORY_COUNT)),
            *(_product(rng, index) for index in PRODUCTS),
            *(Audience(f"audience-{index}") for index in range(2)),
            *(random_campaign(rng, index) for index in range(4)),
            *(random_offer(rng, index, start_ms) for index in range(OFFER_COUNT)),
        ],
        now_ms=start_ms - 90 * DAY_MS,
    )
    engine.put_prices([item for index in PRODUCTS for item in _prices(rng, index, start_ms)], now_ms=start_ms)
    engine.report_stock([item for index in PRODUCTS for item in random_stock(rng, engine, index, start_ms)])
    devices = [10 + index for index in range(2 * PERSON_COUNT)]
    market = RandomMarket(engine, start_ms, devices, [])
    for index in range(PERSON_COUNT):
        _person(rng, market, index)
    engine.publish()
    return market


def _branch(rng: Rng, index: int) -> Store:
    spans = [
        (day, int(rng.integers(0, 1440)), int(rng.integers(60, 1_440)))
        for day in range(7)
        for _ in range(int(rng.integers(1, 3)))
    ]
    hours = pick(rng, [weekly(spans), *["24/7"] * 4, ""])
    east_m = pick(rng, [0.0, 40.0, rng.uniform(-250, 250), rng.uniform(-3_000, 3_000), 24_990.0, 30_000.0])
    place = north_e7(rng.uniform(-200, 200)), east_e7(east_m)
    return Store(f"store-{index}", "", *place, pick(rng, ZONES), hours, region=pick(rng, ["", "east"]))


def _web_shop(rng: Rng, index: int) -> Store:
    return Store(
        f"web-{index}", "", north_e7(5_000), east_e7(0), "Europe/Berlin", pick(rng, ["", "24/7"]), is_online=True
    )


def _fence(rng: Rng, index: int) -> Geofence:
    shape = circle_at(150.0, rng.uniform(-60, 60), rng.uniform(-60, 60))
    return Geofence(f"fence-{index}", shape, f"store-{int(rng.integers(0, BRANCH_COUNT))}")


def _product(rng: Rng, index: int) -> Product:
    kind = pick(rng, ["sized", "sized", "plain", "service"])
    return Product(
        f"product-{index}",
        f"category-{int(rng.integers(0, CATEGORY_COUNT - 1))}",
        (("en", f"product-{index}"),),
        SIZES[: int(rng.integers(1, 4))] if kind == "sized" else (),
        stock_tracked=kind != "service",
        safety_stock_count=int(pick(rng, [-1, -1, 0, 3])),
        is_sold_online=chance(rng, 0.6),
    )


def random_offer(rng: Rng, index: int, start_ms: int) -> Offer:
    """Mostly valid, mostly of a campaign."""
    named = tuple(sorted(f"store-{store}" for store in range(BRANCH_COUNT) if chance(rng, 0.6)))
    return Offer(
        f"offer-{index:02}",
        f"product-{int(rng.integers(0, PRODUCT_COUNT))}",
        valid_from_ms=start_ms + int(pick(rng, [*[-20] * 9, 2])) * DAY_MS,
        valid_until_ms=start_ms + int(pick(rng, [*[400] * 9, 4])) * DAY_MS,
        store_ids=named if chance(rng, 0.4) else (),
        minimum_price_cut_percent=int(pick(rng, [0, 0, 1, 1, 10, 25])),
        trigger=OfferTrigger.DWELL if chance(rng, 0.2) else OfferTrigger.ENTER,
        paused=chance(rng, 0.05),
        required_purposes=Purpose.PUSH_MARKETING.bit if chance(rng, 0.15) else 0,
        campaign_id=pick(rng, ["", "campaign-0", "campaign-1", "campaign-2", "campaign-3"]),
    )


def _prices(rng: Rng, index: int, start_ms: int) -> list[Price]:
    found: dict[tuple[str, int], Price] = {}
    for store_id in ("", "", "", "", *(f"store-{int(rng.integers(0, BRANCH_COUNT))}" for _ in range(2)), "web-0"):
        from_ms = start_ms + int(rng.integers(-70, 3)) * DAY_MS
        # dearer in the past, most of the time
        amount = int(pick(rng, [5_000, 6_000, 7_000])) + (4_000 if from_ms < start_ms - 25 * DAY_MS else 0)
        found[store_id, from_ms] = price(amount, from_ms, f"product-{index}", store_id)
    return list(found.values())


def random_stock(rng: Rng, engine: Engine, index: int, now_ms: int) -> list[StockFigure]:
    """Figures of a product in some stores, some of them old, some older than held."""
    product = engine.registry.products[f"product-{index}"]
    return [
        StockFigure(
            store_id,
            product.product_id,
            size,
            int(pick(rng, [0, 1, 2, 5, 20, 20, 20])),
            now_ms - int(pick(rng, [0, 0, 0, HOUR_MS, HOUR_MS, DAY_MS, DAY_MS + 1, 2 * DAY_MS])),
        )
        for store_id in engine.registry.stores
        for size in product.sizes or (None,)
        if chance(rng, 0.8)
    ]


def _person(rng: Rng, market: RandomMarket, index: int) -> None:
    engine, name, start_ms = market.engine, f"customer-{index}", market.start_ms
    zone = pick(rng, ["", "", *ZONES])
    engine.upsert_customers([Customer(name, (10 + 2 * index, 11 + 2 * index), "en", zone)])
    _consent(engine, name, ALL_PURPOSES, True, start_ms - 80 * DAY_MS)
    without_special = ALL_PURPOSES & ~Purpose.SPECIAL_CATEGORY_OFFERS.bit
    kept = int(
        pick(
            rng,
            [
                *[ALL_PURPOSES] * 6,
                STANDING,
                STANDING | Purpose.PUSH_MARKETING.bit,
                ALL_PURPOSES & ~1,
                without_special,
                without_special,
            ],
        )
    )
    if kept != ALL_PURPOSES:
        _consent(engine, name, ALL_PURPOSES & ~kept, False, start_ms - 79 * DAY_MS)
    for _ in range(int(rng.integers(5, 22))):
        tell(market, random_signal(rng, market, name, start_ms), start_ms)
    for audience in range(2):
        if chance(rng, 0.6):
            join(market, f"audience-{audience}", name, chance(rng, 0.8), start_ms)


def _consent(engine: Engine, name: str, purposes: int, granted: bool, time_ms: int) -> None:
    engine.record_consent(name, purposes, granted=granted, time_ms=time_ms, now_ms=time_ms, notice_version="1")


def tell(market: RandomMarket, signal: Touchpoint, now_ms: int) -> None:
    """Record a signal, and remember it where it was kept (special categories need consent)."""
    (refused,) = market.engine.record_touchpoints([signal], now_ms=now_ms, partial=True)
    if refused is None:
        market.signals.append(signal)


def join(market: RandomMarket, audience_id: str, name: str, is_member: bool, now_ms: int) -> None:
    """Put a person on a list or take her off."""
    market.engine.put_audience_members(audience_id, [name], are_members=is_member, now_ms=now_ms)
    if now_ms >= market.members.get((audience_id, name), (0, False))[0]:
        market.members[audience_id, name] = (now_ms, is_member)


_KINDS = (*[K.SEARCH] * 8, *[K.VIEW] * 6, *[K.WISH] * 4, *[K.CART] * 4, *[K.PURCHASE] * 2, *[K.PREFERENCE] * 6, *K)


def random_signal(rng: Rng, market: RandomMarket, name: str, now_ms: int) -> Touchpoint:
    """Any kind of touchpoint, up to 16 days old; purchases up to 70."""
    kind = pick(rng, _KINDS)
    oldest = 70 if kind in (K.PURCHASE, K.RETURN) else 16
    hours = int(rng.integers(0, oldest * 24)) if chance(rng, 0.5) else int(rng.integers(0, 20))
    time_ms = now_ms - hours * HOUR_MS - int(rng.integers(0, HOUR_MS))
    fields: dict[str, Any] = {}
    if kind in (K.SEARCH, K.VIEW, K.WISH, K.CART, K.PURCHASE, K.RETURN, K.SOCIAL_LIKE, K.SURVEY_ANSWER):
        if kind is not K.SEARCH and chance(rng, 0.5):
            fields["product_id"] = f"product-{int(rng.integers(0, PRODUCT_COUNT))}"
        else:
            fields["category_id"] = f"category-{int(rng.integers(0, CATEGORY_COUNT))}"
        if kind in (K.SEARCH, K.VIEW, K.WISH, K.CART, K.PURCHASE) and chance(rng, 0.6):
            fields["size"] = pick(rng, SIZES)
    if kind is K.PREFERENCE and chance(rng, 0.7):
        category = market.engine.registry.categories[f"category-{int(rng.integers(0, CATEGORY_COUNT))}"]
        fields |= {
            "category_id": category.category_id,
            "size": pick(rng, SPOKEN_SIZES if category.size_chart else SIZES),
        }
    elif kind is K.PREFERENCE and chance(rng, 0.5):
        fields["fulfilment"] = pick(rng, list(FulfilmentPreference))
    elif kind is K.PREFERENCE:
        fields["channel"] = pick(rng, list(Channel))
    elif kind is K.SURVEY_ANSWER:
        fields["is_interested"] = chance(rng, 0.6)
    elif kind is K.LOYALTY_UPDATE:
        fields["tier"] = int(rng.integers(0, 4))
    elif kind is K.CRM_PROFILE:
        fields["account_kind"] = pick(rng, list(AccountKind))
    elif kind is K.CONTACTED:
        fields["source"] = pick(rng, ["newsletter", "call centre"])
        if chance(rng, 0.5):
            fields["category_id"] = f"category-{int(rng.integers(0, CATEGORY_COUNT))}"
    return Touchpoint(name, kind, time_ms, **fields)
