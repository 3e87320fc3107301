"""Seeded random worlds in which every verdict of step 1 comes up: shops, hours, prices, people. Not a test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from obvious_hours import weekly
from obvious_matcher import Market, Person
from world import ALL_PURPOSES, EU_43, EU_44, LATITUDE_E7, LONGITUDE_E7, NOW_MS, STANDING, World, fence, offer, price

from geooffer.engine.engine import Engine
from geooffer.model.catalog import Category, Customer, Offer, Price, Product, Size, StockFigure, Store
from geooffer.model.policy import DAY_MS, HOUR_MS, Policy
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import OfferTrigger, TouchpointKind

SIZES = (EU_43, EU_44, Size("EU", "45"))
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")


@dataclass
class RandomMarket:
    """The same world twice: for the engine, and for the obvious matcher."""

    engine: Engine
    market: Market
    stores: dict[str, Store]
    fence_stores: list[str]
    people: dict[str, Person]
    devices: dict[int, str]


def random_market(seed: int, policy: Policy | None = None) -> RandomMarket:
    """5 stores, 9 fences that overlap around one point, 4 categories, 9 products, 14 offers, 6 people."""
    rng = np.random.default_rng(seed)
    policy = policy or Policy(
        safety_stock_count=int(rng.integers(0, 3)),
        cap_day_count=int(rng.integers(1, 4)),
        cap_store_day_count=int(rng.integers(1, 3)),
        closing_margin_ms=int(rng.choice([0, 10, 30])) * 60_000,
    )
    stores = [_store(rng, f"store-{index}") for index in range(5)]
    fence_stores = [f"store-{int(rng.integers(0, 5))}" for _ in range(9)]
    fences = [
        fence(f"fence-{index}", store_id, east_m=rng.uniform(-60, 60), north_m=rng.uniform(-60, 60), radius_m=120.0)
        for index, store_id in enumerate(fence_stores)
    ]
    categories = [Category(f"category-{index}") for index in range(4)]
    products = [_product(rng, f"product-{index}") for index in range(9)]
    offers = [_offer(rng, f"offer-{index:02}") for index in range(14)]
    prices = [item for product in products for item in _prices(rng, product.product_id)]
    figures = list(_stock(rng, products))
    people = {f"customer-{index}": _person(rng, f"customer-{index}", products) for index in range(6)}
    customers = [Customer(name, (10 + 2 * i, 11 + 2 * i)) for i, name in enumerate(people)]
    world = World(
        nouns=[*stores, *fences, *categories, *products, *offers],
        prices=[prices[i] for i in rng.permutation(len(prices))],
        stock=figures,
        customers=customers,
        purposes=ALL_PURPOSES,
        touchpoints=[signal for person in people.values() for signal in person.signals],
        policy=policy,
    )
    engine = world.build()
    for name, person in people.items():
        if person.purposes != ALL_PURPOSES:
            taken = ALL_PURPOSES & ~person.purposes
            engine.record_consent(name, taken, granted=False, time_ms=NOW_MS, now_ms=NOW_MS, notice_version="1")
    market = Market(policy, {p.product_id: p for p in products}, {o.offer_id: o for o in offers}, prices, figures)
    devices = {key: customer.customer_id for customer in customers for key in customer.device_keys}
    return RandomMarket(engine, market, {s.store_id: s for s in stores}, fence_stores, people, devices)


def _store(rng: np.random.Generator, store_id: str) -> Store:
    spans = [
        (day, int(rng.integers(0, 1440)), int(rng.integers(60, 1_440)))
        for day in range(7)
        for _ in range(int(rng.integers(1, 3)))
    ]
    return Store(store_id, store_id, LATITUDE_E7, LONGITUDE_E7, str(rng.choice(ZONES)), weekly(spans))


def _product(rng: np.random.Generator, product_id: str) -> Product:
    kind = rng.choice(["sized", "sized", "plain", "service"])
    count = int(rng.integers(1, 4)) if kind == "sized" else 0
    category_id = f"category-{int(rng.integers(0, 3))}"
    return Product(product_id, category_id, (("en", product_id),), SIZES[:count], kind != "service")


def _offer(rng: np.random.Generator, offer_id: str) -> Offer:
    named = tuple(sorted(f"store-{index}" for index in range(5) if rng.random() < 0.5))
    return offer(
        offer_id,
        f"product-{int(rng.integers(0, 9))}",
        valid_from_ms=NOW_MS + int(rng.choice([-20, -20, 2])) * DAY_MS,
        valid_until_ms=NOW_MS + int(rng.choice([4, 20, 20])) * DAY_MS,
        store_ids=named if rng.random() < 0.5 else (),
        minimum_price_cut_percent=int(rng.choice([0, 1, 10, 25])),
        trigger=OfferTrigger.DWELL if rng.random() < 0.2 else OfferTrigger.ENTER,
        paused=bool(rng.random() < 0.1),
        required_purposes=16 if rng.random() < 0.2 else 0,
    )


def _prices(rng: np.random.Generator, product_id: str) -> list[Price]:
    found: dict[tuple[str, int], Price] = {}
    for store_id in ("", "", "", "", f"store-{int(rng.integers(0, 5))}", f"store-{int(rng.integers(0, 5))}"):
        start_ms = NOW_MS + int(rng.integers(-70, 6)) * DAY_MS
        amount = int(rng.choice([5_000, 6_000, 7_000, 8_000, 9_000, 10_000]))
        found[store_id, start_ms] = price(amount, start_ms, product_id, store_id)
    return list(found.values())


def _stock(rng: np.random.Generator, products: list[Product]) -> list[StockFigure]:
    figures = []
    for product in products:
        for size in product.sizes or (None,):
            for store in range(5):
                for _ in range(int(rng.integers(0, 3))):
                    as_of_ms = NOW_MS - int(rng.integers(0, 10**9))
                    count = int(rng.choice([0, 1, 2, 5]))
                    figures.append(StockFigure(f"store-{store}", product.product_id, size, count, as_of_ms))
    return [figures[index] for index in rng.permutation(len(figures))]


def _person(rng: np.random.Generator, customer_id: str, products: list[Product]) -> Person:
    signals = []
    for _ in range(int(rng.integers(2, 13))):
        kind = TouchpointKind(int(rng.choice([1, 1, 2, 3, 4, 5], p=[0.25, 0.2, 0.2, 0.15, 0.05, 0.15])))
        size = SIZES[int(rng.integers(0, 3))] if kind is TouchpointKind.PREFERENCE or rng.random() < 0.4 else None
        subject = {"category_id": f"category-{int(rng.integers(0, 4))}"}
        if kind is not TouchpointKind.PREFERENCE and rng.random() < 0.5:
            subject = {"product_id": products[int(rng.integers(0, 9))].product_id}
        age_ms = int(rng.integers(0, 16 * 24)) * HOUR_MS + int(rng.integers(0, HOUR_MS))
        signals.append(Touchpoint(customer_id, kind, NOW_MS - age_ms, size=size, **subject))
    purposes = int(rng.choice([ALL_PURPOSES, ALL_PURPOSES, ALL_PURPOSES, STANDING, STANDING]))
    return Person(purposes, signals)
