"""What the demo city sells: categories, products with sizes, price histories, offers, stock on each shelf.

Offers have four price stories, as in real life: truly reduced; raised first and "reduced" back (no advantage:
the lowest price of the 30 days before counts); cut by less than the campaign asks for; not reduced at all.
Stock is counted every morning; at a few shops the nightly feed failed, and what they have is not known any more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geooffer.bench.city_campaigns import draw_campaign
from geooffer.bench.city_stores import ONLINE_STORE, Shop
from geooffer.bench.city_words import (
    BRANDS,
    CATEGORIES,
    MODELS,
    REDUCED_TAX_CATEGORY_IDS,
    SERVICE_CATEGORY_IDS,
    SIZE_SHARES,
    SIZE_VALUES,
    CategoryWords,
)
from geooffer.model.catalog import Category, Offer, Price, Product, Size, StockFigure
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.verdicts import OfferTrigger

PRODUCTS_PER_CATEGORY_COUNT = 9
_FEED_FAILED_SHARE = 0.04
_PRICE_STORIES = (("reduced", 66), ("raised first", 12), ("small cut", 10), ("unchanged", 12))


@dataclass(frozen=True, slots=True)
class Assortment:
    """Nouns and figures for the catalog calls, in an order that satisfies every reference."""

    categories: list[Category]
    products: list[Product]
    prices: list[Price]
    offers: list[Offer]
    stock: list[StockFigure]


def build_assortment(shops: list[Shop], rng: np.random.Generator, start_ms: int) -> Assortment:
    """The whole assortment, in force at `start_ms`."""
    categories = [
        Category(w.category_id, (("de", w.german), ("en", w.english)), repurchase_preset=w.repurchase_preset)
        for w in CATEGORIES
    ]
    products: list[Product] = []
    prices: list[Price] = []
    offers: list[Offer] = []
    for words in CATEGORIES:
        count = 2 if words.category_id in SERVICE_CATEGORY_IDS else PRODUCTS_PER_CATEGORY_COUNT
        sellers = [shop.store.store_id for shop in shops if words.category_id in shop.kind.category_ids]
        for number in range(count):
            product = _product(words, number, rng)
            products.append(product)
            offered = bool(rng.random() < 0.7)
            story = _draw_price_story(rng) if offered else "unchanged"
            prices += _price_history(product.product_id, words, story, rng, start_ms)
            if offered and sellers:
                offers.append(_offer(product, sellers, rng, start_ms))
    stock = [figure for shop in shops for figure in _shelf(shop, products, rng, start_ms)]
    stock += _warehouse(products, rng, start_ms)
    return Assortment(categories, products, prices, offers, stock)


def _product(words: CategoryWords, number: int, rng: np.random.Generator) -> Product:
    brand, model = BRANDS[int(rng.integers(len(BRANDS)))], MODELS[int(rng.integers(len(MODELS)))]
    name = f"{brand} {model} {number + 1}"
    sizes = tuple(Size(words.size_system, value) for value in SIZE_VALUES.get(words.size_system, ()))
    return Product(
        product_id=f"{words.category_id}-{number + 1:02d}",
        category_id=words.category_id,
        titles=(("de", f"{name} {words.german}"), ("en", f"{name} {words.english.lower()}")),
        sizes=sizes,
        stock_tracked=words.category_id not in SERVICE_CATEGORY_IDS,
        is_sold_online=words.category_id not in SERVICE_CATEGORY_IDS and bool(rng.random() < 0.6),
        vat_basis_points=700 if words.category_id in REDUCED_TAX_CATEGORY_IDS else 1_900,
    )


def _draw_price_story(rng: np.random.Generator) -> str:
    shares = np.array([share for _, share in _PRICE_STORIES], dtype=np.float64)
    return _PRICE_STORIES[int(rng.choice(len(_PRICE_STORIES), p=shares / shares.sum()))][0]


def _price_history(
    product_id: str, words: CategoryWords, story: str, rng: np.random.Generator, start_ms: int
) -> list[Price]:
    """One to three steps; the first lies four months back, so that 30 days before any cut are known."""
    regular = int(rng.integers(words.price_low_minor // 100, words.price_high_minor // 100 + 1)) * 100 - 10
    steps = [(start_ms - 120 * DAY_MS, regular)]
    cut_ms = start_ms - int(rng.integers(1, 12)) * DAY_MS - 9 * HOUR_MS
    if story == "reduced":
        steps.append((cut_ms, regular * int(rng.integers(60, 86)) // 100))
    elif story == "raised first":
        steps += [(cut_ms - 20 * DAY_MS, regular * 125 // 100), (cut_ms, regular)]
    elif story == "small cut":
        steps.append((cut_ms, regular * 97 // 100))
    return [Price(product_id, amount, "EUR", time_ms) for time_ms, amount in steps]


def _offer(product: Product, sellers: list[str], rng: np.random.Generator, start_ms: int) -> Offer:
    """The week's offer, at all sellers or some; some not begun, paused, or for dwellers only."""
    begins_late = rng.random() < 0.05
    everywhere = rng.random() < 0.6
    some = rng.choice(len(sellers), size=max(1, len(sellers) * 2 // 3), replace=False)
    stores = sellers if everywhere else [sellers[int(index)] for index in some]
    return Offer(
        offer_id=f"offer-{product.product_id}",
        product_id=product.product_id,
        valid_from_ms=start_ms + 2 * DAY_MS if begins_late else start_ms - DAY_MS - 3 * HOUR_MS,
        valid_until_ms=start_ms + 5 * DAY_MS,
        store_ids=tuple(sorted(stores)),
        minimum_price_cut_percent=int(rng.choice([10, 15])),
        trigger=OfferTrigger.DWELL if rng.random() < 0.15 else OfferTrigger.ENTER,
        paused=bool(rng.random() < 0.03),
        campaign_id=draw_campaign(product.category_id, rng),
    )


def _shelf(shop: Shop, products: list[Product], rng: np.random.Generator, start_ms: int) -> list[StockFigure]:
    """Stock of one shop: two thirds of what its kind sells, the common sizes sold out more often."""
    figures = []
    counted_ms = start_ms - int(rng.integers(60, 5 * 3600)) * 1000
    if rng.random() < _FEED_FAILED_SHARE:
        counted_ms -= DAY_MS
    for product in products:
        if product.category_id not in shop.kind.category_ids or not product.stock_tracked:
            continue
        if rng.random() > 0.67:
            continue
        sizes: tuple[Size | None, ...] = product.sizes or (None,)
        shares = SIZE_SHARES[product.sizes[0].system] if product.sizes else (10,)
        for size, share in zip(sizes, shares, strict=True):
            sold_out = rng.random() < 0.15 + share / 100
            count = 0 if sold_out else int(rng.poisson(4.0))
            figures.append(StockFigure(shop.store.store_id, product.product_id, size, count, counted_ms))
    return figures


def _warehouse(products: list[Product], rng: np.random.Generator, start_ms: int) -> list[StockFigure]:
    """What the web shop can send."""
    return [
        StockFigure(ONLINE_STORE.store_id, product.product_id, size, int(rng.poisson(20.0)), start_ms - HOUR_MS)
        for product in products
        if product.is_sold_online
        for size in product.sizes or (None,)
    ]
