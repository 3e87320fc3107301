"""People of the demo city: their languages, devices, consents, sizes and what they lately looked for.

Nothing is arranged for a story: some never consented, some searched too long ago, some never told a size,
some bought already. What comes of it is found out by walking past the shops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geooffer.bench.city_words import CATEGORIES, SIZE_SHARES, SIZE_VALUES, CategoryWords
from geooffer.engine.touchpoints import needed_purpose
from geooffer.model.catalog import Customer, Product, Size
from geooffer.model.kinds import AccountKind, FulfilmentPreference
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import Purpose, TouchpointKind

LOCATION = Purpose.PRECISE_LOCATION_FOR_OFFERS.bit
SEARCH = Purpose.SEARCH_INTENT_USE.bit
OFFERS = Purpose.PERSONALISED_OFFERS.bit
NOTICE_VERSION = "demo-2026-01"

#: (share per cent, purposes granted)
_CONSENT_MIX = ((80, LOCATION | SEARCH | OFFERS), (10, SEARCH | OFFERS), (5, LOCATION | SEARCH), (5, 0))
_DEVICE_KEY_BASE = 1_000_000
#: (share per cent, time zone of the account): most shops know none, a few customers are on a journey
_ZONE_MIX = ((60, ""), (38, "Europe/Berlin"), (2, "America/New_York"))
_REPLENISHED_CATEGORY_IDS = tuple(
    w.category_id for w in CATEGORIES if w.category_id in ("coffee", "perfume", "skincare")
)


@dataclass(frozen=True, slots=True)
class Person:
    """One customer: her record, the purposes she agreed to and when, and her touchpoints (kept ones only)."""

    customer: Customer
    purposes: int
    consent_ms: int
    touchpoints: tuple[Touchpoint, ...]


def build_people(products: list[Product], rng: np.random.Generator, start_ms: int, customer_count: int) -> list[Person]:
    """`customer_count` persons as known at `start_ms`."""
    by_category: dict[str, list[Product]] = {}
    for product in products:
        by_category.setdefault(product.category_id, []).append(product)
    return [_person(number, by_category, rng, start_ms) for number in range(customer_count)]


def _person(number: int, products: dict[str, list[Product]], rng: np.random.Generator, start_ms: int) -> Person:
    customer_id = f"customer-{number:05d}"
    device_count = 2 if rng.random() < 0.12 else 1
    keys = tuple(_DEVICE_KEY_BASE + number * 4 + device for device in range(device_count))
    language = "de" if rng.random() < 0.6 else "en"
    purposes = _CONSENT_MIX[_draw_share([share for share, _ in _CONSENT_MIX], rng)][1]
    time_zone = _ZONE_MIX[_draw_share([share for share, _ in _ZONE_MIX], rng)][1]
    consent_ms = start_ms - int(rng.integers(30, 300)) * DAY_MS
    told = [*_interests(customer_id, products, rng, start_ms), *_habits(customer_id, rng, start_ms)]
    told += _account(customer_id, rng, start_ms)
    # a web shop asks before it keeps anything
    kept = tuple(t for t in told if purposes & needed_purpose(t.kind).bit)
    return Person(Customer(customer_id, keys, language, time_zone), purposes, consent_ms, kept)


def _habits(customer_id: str, rng: np.random.Generator, start_ms: int) -> list[Touchpoint]:
    """What she buys again and again, and when she last did; some searched for it since."""
    found = []
    for category_id in _REPLENISHED_CATEGORY_IDS:
        if rng.random() < 0.18:
            bought_ms = start_ms - int(rng.integers(2, 150)) * DAY_MS
            found.append(Touchpoint(customer_id, TouchpointKind.PURCHASE, bought_ms, category_id))
            if rng.random() < 0.3:
                searched_ms = max(bought_ms + DAY_MS, start_ms - int(rng.integers(1, 10)) * DAY_MS)
                found.append(Touchpoint(customer_id, TouchpointKind.SEARCH, searched_ms, category_id))
    return found


def _account(customer_id: str, rng: np.random.Generator, start_ms: int) -> list[Touchpoint]:
    """What loyalty programme, CRM, newsletter, social media and a survey say of her."""
    found = []
    kinds = TouchpointKind
    told_ms = start_ms - int(rng.integers(1, 40)) * DAY_MS
    if rng.random() < 0.35:
        found.append(
            Touchpoint(
                customer_id, kinds.LOYALTY_UPDATE, told_ms, source="loyalty", tier=1 + _draw_share((50, 35, 15), rng)
            )
        )
    if rng.random() < 0.06:
        found.append(
            Touchpoint(customer_id, kinds.CRM_PROFILE, told_ms, source="crm", account_kind=AccountKind.BUSINESS)
        )
    if rng.random() < 0.2:
        prefers = FulfilmentPreference.SHIP if rng.random() < 0.6 else FulfilmentPreference.COLLECT
        found.append(Touchpoint(customer_id, kinds.PREFERENCE, told_ms, source="web-shop", fulfilment=prefers))
    for _ in range(int(rng.poisson(1.2))):
        sent_ms = start_ms - int(rng.integers(HOUR_MS, 7 * DAY_MS))
        found.append(Touchpoint(customer_id, kinds.CONTACTED, sent_ms, source="newsletter"))
    liked = CATEGORIES[int(rng.integers(len(CATEGORIES)))].category_id
    if rng.random() < 0.15:
        found.append(Touchpoint(customer_id, kinds.SOCIAL_LIKE, told_ms, liked, source="social"))
    if rng.random() < 0.06:
        found.append(
            Touchpoint(
                customer_id,
                kinds.SURVEY_ANSWER,
                told_ms,
                liked,
                source="survey",
                is_interested=bool(rng.random() < 0.7),
            )
        )
    return found


def _interests(
    customer_id: str, products: dict[str, list[Product]], rng: np.random.Generator, start_ms: int
) -> list[Touchpoint]:
    """The last three weeks: up to six interests, some bought since (some of that brought back), and her sizes."""
    if rng.random() < 0.3:
        return []
    demand = np.array([words.demand for words in CATEGORIES], dtype=np.float64)
    interest_count = int(rng.integers(1, 7))
    interests = rng.choice(len(CATEGORIES), size=interest_count, replace=False, p=demand / demand.sum())
    sizes = {system: _draw_size(system, rng) for system in SIZE_VALUES}
    found = []
    for index in interests:
        words = CATEGORIES[int(index)]
        time_ms = start_ms - int(rng.integers(2 * HOUR_MS, 20 * DAY_MS))
        size = sizes.get(words.size_system)
        found.append(_interest(customer_id, words, products[words.category_id], rng, time_ms, size))
        if size is not None and rng.random() < 0.6:
            preferred_ms = start_ms - int(rng.integers(20, 200)) * DAY_MS
            kind = TouchpointKind.PREFERENCE
            found.append(Touchpoint(customer_id, kind, preferred_ms, words.category_id, "", size))
        if rng.random() < 0.12:
            bought_ms = int(rng.integers(time_ms, start_ms))
            found.append(Touchpoint(customer_id, TouchpointKind.PURCHASE, bought_ms, words.category_id))
            if rng.random() < 0.2:
                returned_ms = int(rng.integers(bought_ms, start_ms))
                found.append(Touchpoint(customer_id, TouchpointKind.RETURN, returned_ms, words.category_id))
    return found


def _interest(
    customer_id: str,
    words: CategoryWords,
    products: list[Product],
    rng: np.random.Generator,
    time_ms: int,
    size: Size | None,
) -> Touchpoint:
    """Mostly a search for a category, else a product looked at, wished for or put into the cart; half of them with
    her size.
    """
    told = size if rng.random() < 0.5 else None
    draw = rng.random()
    if draw < 0.7:
        return Touchpoint(customer_id, TouchpointKind.SEARCH, time_ms, words.category_id, "", told)
    kind = TouchpointKind.VIEW if draw < 0.86 else TouchpointKind.WISH if draw < 0.94 else TouchpointKind.CART
    product = products[int(rng.integers(len(products)))]
    return Touchpoint(customer_id, kind, time_ms, "", product.product_id, told)


def _draw_size(system: str, rng: np.random.Generator) -> Size:
    return Size(system, SIZE_VALUES[system][_draw_share(SIZE_SHARES[system], rng)])


def _draw_share(shares: Sequence[int], rng: np.random.Generator) -> int:
    """An index, as likely as its share."""
    weights = np.array(shares, dtype=np.float64)
    return int(rng.choice(len(weights), p=weights / weights.sum()))
