"""People of the demo city: their languages, devices, consents, sizes and what they lately looked for.

Nothing is arranged for a story: some never consented, some searched too long ago, some never told a size,
some bought already. What comes of it is found out by walking past the shops.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geooffer.bench.city_words import CATEGORIES, SIZE_SHARES, SIZE_VALUES, CategoryWords
from geooffer.model.catalog import Customer, Product, Size
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
#: A web shop asks before it keeps anything: interests serve the use of searches, the rest personalised offers.
_PURPOSE_OF = {TouchpointKind.SEARCH: SEARCH, TouchpointKind.VIEW: SEARCH, TouchpointKind.WISH: SEARCH}


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
    shares = np.array([share for share, _ in _CONSENT_MIX], dtype=np.float64)
    purposes = _CONSENT_MIX[int(rng.choice(len(_CONSENT_MIX), p=shares / shares.sum()))][1]
    consent_ms = start_ms - int(rng.integers(30, 300)) * DAY_MS
    touchpoints = _touchpoints(customer_id, products, rng, start_ms)
    kept = tuple(t for t in touchpoints if purposes & _PURPOSE_OF.get(t.kind, OFFERS))
    return Person(Customer(customer_id, keys, language), purposes, consent_ms, kept)


def _touchpoints(
    customer_id: str, products: dict[str, list[Product]], rng: np.random.Generator, start_ms: int
) -> tuple[Touchpoint, ...]:
    """The last three weeks: up to six interests, some bought since, and her sizes where she told them."""
    if rng.random() < 0.3:
        return ()
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
    return tuple(found)


def _interest(
    customer_id: str,
    words: CategoryWords,
    products: list[Product],
    rng: np.random.Generator,
    time_ms: int,
    size: Size | None,
) -> Touchpoint:
    """Mostly a search for a category, else a product looked at or wished for; half of them with her size."""
    told = size if rng.random() < 0.5 else None
    draw = rng.random()
    if draw < 0.7:
        return Touchpoint(customer_id, TouchpointKind.SEARCH, time_ms, words.category_id, "", told)
    kind = TouchpointKind.VIEW if draw < 0.88 else TouchpointKind.WISH
    product = products[int(rng.integers(len(products)))]
    return Touchpoint(customer_id, kind, time_ms, "", product.product_id, told)


def _draw_size(system: str, rng: np.random.Generator) -> Size:
    shares = np.array(SIZE_SHARES[system], dtype=np.float64)
    return Size(system, SIZE_VALUES[system][int(rng.choice(len(shares), p=shares / shares.sum()))])
