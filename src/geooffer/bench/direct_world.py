"""The stated mix of the `direct` shape: each phone alone, 95 % of its pings outside all fences, 4–5 % inside.

. . . . .      fences: circles of 50 m, 500 m apart, one store each
.(o). .(o)     a phone stays around one of them; an inside ping tries a decision where nothing tried before
. . . . .      one phone in twenty searched for what the stores have: exactly one offer each

A phone is at both places within milliseconds and says that it walks: what is measured is pings, not ways. So the policy
believes every fix, having judged it (T4). It is about noon at the stores whenever the benchmark runs, so that no quiet
hours silence it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geooffer.model.catalog import (
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
from geooffer.model.columns import Int32Array
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.records import ConsentRecord
from geooffer.model.shapes import Circle
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import Purpose, TouchpointKind

if TYPE_CHECKING:
    from geooffer.engine.engine import Engine  # not at run time: the load generator needs none

FENCE_COUNT = 1_600
_GRID_WIDTH = 40
_STEP_LATITUDE_E7, _STEP_LONGITUDE_E7 = 45_000, 66_000  # 500 m each
HALF_STEP_E7 = (_STEP_LATITUDE_E7 // 2, _STEP_LONGITUDE_E7 // 2)
"""From a fence to the middle between four."""
_ORIGIN_LATITUDE_E7, _ORIGIN_LONGITUDE_E7 = 472_000_000, 84_000_000
RADIUS_CM = 5_000
PATH_LENGTH = 64
INSIDE_SHARE = 0.045
INTENT_EVERY = 20
_CHUNK_COUNT = 10_000
ACCURACY_CM = 1_000
SPEED_CM_PER_S = 120


def fence_centre(number: int) -> tuple[int, int]:
    """Latitude and longitude of fence `number`, E7."""
    row, column = divmod(number % FENCE_COUNT, _GRID_WIDTH)
    return (
        _ORIGIN_LATITUDE_E7 + row * _STEP_LATITUDE_E7,
        _ORIGIN_LONGITUDE_E7 + column * _STEP_LONGITUDE_E7,
    )


def noon_zone(now_ms: int) -> str:
    """The IANA zone of whole hours where it is between 12 and 13 o'clock (its sign is the opposite of ISO 8601's)."""
    ahead_hours = 12 - now_ms % DAY_MS // HOUR_MS
    return f"Etc/GMT{-ahead_hours:+d}" if ahead_hours else "Etc/GMT"


def catalog(now_ms: int) -> list[Noun]:
    """Stores that never close, their fences, one product; the offer is added by `offer`."""
    zone = noon_zone(now_ms)
    nouns: list[Noun] = [Category("shoes", (("en", "Running shoes"),))]
    nouns.append(Product("runner", "shoes", (("en", "Runner"),)))
    for number in range(FENCE_COUNT):
        latitude_e7, longitude_e7 = fence_centre(number)
        nouns.append(Store(f"s{number}", f"Store {number}", latitude_e7, longitude_e7, zone, "24/7"))
        shape = Circle(latitude_e7, longitude_e7, RADIUS_CM)
        nouns.append(Geofence(f"f{number}", shape, store_id=f"s{number}"))
    return nouns


def offer(now_ms: int) -> Offer:
    """Valid for a day, at every store."""
    return Offer("spring", "runner", now_ms - DAY_MS, now_ms + DAY_MS)


def prices(now_ms: int) -> list[Price]:
    """A price that was lowered a day ago."""
    return [
        Price("runner", 10_000, "EUR", now_ms - 60 * DAY_MS),
        Price("runner", 7_900, "EUR", now_ms - DAY_MS),
    ]


def stock(now_ms: int) -> list[StockFigure]:
    """Plenty, everywhere."""
    return [StockFigure(f"s{number}", "runner", None, 1_000_000, now_ms) for number in range(FENCE_COUNT)]


def customers(count: int, first_key: int = 1) -> list[Customer]:
    """One phone each, `count` device keys from the first one on."""
    return [Customer(f"c{key}", (key,)) for key in range(first_key, first_key + count)]


def searches(count: int, now_ms: int, every: int = INTENT_EVERY) -> list[Touchpoint]:
    """Of every `every`th customer."""
    return [
        Touchpoint(f"c{key}", TouchpointKind.SEARCH, now_ms - DAY_MS, category_id="shoes")
        for key in range(1, count + 1)
        if has_intent(key, every)
    ]


def has_intent(device_key: int, every: int = INTENT_EVERY) -> bool:
    """Whether this phone's customer searched."""
    return device_key % every == 0


def fill(engine: Engine, customer_count: int, now_ms: int, intent_every: int = INTENT_EVERY) -> None:
    """The whole of it, straight into the engine and live: what is measured is pings, not imports."""
    engine.policy = engine.policy._replace(jump_fix_count=1)
    engine.put_nouns([*catalog(now_ms), offer(now_ms)], now_ms=now_ms)
    engine.put_prices(prices(now_ms), now_ms=now_ms)
    engine.report_stock(stock(now_ms))
    add_people(engine, customer_count, now_ms)
    engine.record_touchpoints(searches(customer_count, now_ms, intent_every), now_ms=now_ms)
    engine.publish()


def add_people(engine: Engine, customer_count: int, now_ms: int) -> None:
    """One phone each, who consented to everything two days ago."""
    purposes = sum(purpose.bit for purpose in Purpose)
    for first in range(1, customer_count + 1, _CHUNK_COUNT):
        people = customers(min(_CHUNK_COUNT, customer_count + 1 - first), first)
        engine.upsert_customers(people)
        engine.append(
            [
                ConsentRecord(engine.key_of(customer.customer_id), purposes, True, now_ms - 2 * DAY_MS, "bench")
                for customer in people
            ]
        )


def path(device_key: int) -> tuple[Int32Array, Int32Array, list[bool]]:
    """A phone's fixes, to be gone through round and round: latitudes and longitudes E7, shape (64,); inside?

    Outside fixes lie half-way between four fences (350 m from each), give or take 50 m.
    """
    random = np.random.default_rng([7, device_key])
    latitude_e7, longitude_e7 = fence_centre(device_key)
    inside = random.random(PATH_LENGTH) < INSIDE_SHARE
    jitter = random.integers(-4_500, 4_500, size=(2, PATH_LENGTH))
    shake = random.integers(-900, 900, size=(2, PATH_LENGTH))
    latitudes = np.where(inside, latitude_e7 + shake[0], latitude_e7 + _STEP_LATITUDE_E7 // 2 + jitter[0])
    longitudes = np.where(inside, longitude_e7 + shake[1], longitude_e7 + _STEP_LONGITUDE_E7 // 2 + jitter[1])
    return latitudes.astype(np.int32), longitudes.astype(np.int32), inside.tolist()


def expected_offer_count(device_key: int, ping_count: int, every: int = INTENT_EVERY) -> int:
    """Offers for a phone's first `ping_count` pings, told without the engine: one at the first inside ping."""
    return int(has_intent(device_key, every) and any(path(device_key)[2][:ping_count]))
