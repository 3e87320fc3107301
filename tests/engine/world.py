"""Small worlds for the engine's tests: one shop that would make one offer, and the pings of who walks past it.

Everything has a default that leads to OFFERED; a test changes the one thing it is about. Not a test file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import cos, radians
from typing import Any

import numpy as np

from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.journal.memory import MemoryJournal
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
    Size,
    StockFigure,
    Store,
)
from geooffer.model.columns import PING, Outcome, StructArray
from geooffer.model.frequency import DEFAULT_CAP_RULES, CapRule
from geooffer.model.policy import DAY_MS, HOUR_MS, Policy
from geooffer.model.shapes import Circle
from geooffer.model.signals import Touchpoint
from geooffer.model.units import METRES_PER_E7
from geooffer.model.verdicts import OfferVerdict, PingVerdict, Purpose, TouchpointKind, TransitionCause, TransitionKind

NOW_MS = 1_772_528_400_000
"""Tuesday 2026-03-03 10:00 in Berlin."""
SECOND_MS = 1_000
MINUTE_MS = 60_000
LATITUDE_E7 = 525_200_000
LONGITUDE_E7 = 134_050_000
ALL_PURPOSES = (1 << len(Purpose)) - 1
STANDING = Purpose.PRECISE_LOCATION_FOR_OFFERS.bit | Purpose.SEARCH_INTENT_USE.bit | Purpose.PERSONALISED_OFFERS.bit
EVERY_DAY = "08:00-20:00"
EU_43 = Size("EU", "43")
EU_44 = Size("EU", "44")


def north_e7(north_m: float) -> int:
    """The latitude so many metres north of the shop."""
    return LATITUDE_E7 + round(north_m / METRES_PER_E7)


def east_e7(east_m: float) -> int:
    """The longitude so many metres east of the shop."""
    return LONGITUDE_E7 + round(east_m / METRES_PER_E7 / cos(radians(LATITUDE_E7 / 1e7)))


def circle_at(radius_m: float, east_m: float = 0.0, north_m: float = 0.0) -> Circle:
    """A circle around a place in metres from the shop."""
    return Circle(north_e7(north_m), east_e7(east_m), round(radius_m * 100))


def store(store_id: str = "store-1", hours: str = EVERY_DAY, **changes: Any) -> Store:
    east_m, north_m = changes.pop("east_m", 0.0), changes.pop("north_m", 0.0)
    zone = changes.pop("time_zone", "Europe/Berlin")
    return Store(store_id, store_id, north_e7(north_m), east_e7(east_m), zone, hours, **changes)


def fence(fence_id: str = "fence-1", store_id: str = "store-1", **changes: Any) -> Geofence:
    place = {key: changes.pop(key) for key in ("radius_m", "east_m", "north_m") if key in changes}
    return Geofence(fence_id, circle_at(**{"radius_m": 50.0, **place}), store_id, **changes)


def offer(offer_id: str = "offer-1", product_id: str = "shoe", **changes: Any) -> Offer:
    changes = {"valid_from_ms": NOW_MS - 30 * DAY_MS, "valid_until_ms": NOW_MS + 300 * DAY_MS, **changes}
    return Offer(offer_id, product_id, **changes)


def campaign(campaign_id: str = "campaign-1", **changes: Any) -> Campaign:
    return Campaign(campaign_id, **changes)


def audience(audience_id: str = "audience-1", name: str = "") -> Audience:
    return Audience(audience_id, name)


def product(product_id: str = "shoe", category_id: str = "running-shoes", **changes: Any) -> Product:
    return Product(product_id, category_id, (("en", product_id),), **{"sizes": (EU_43,), **changes})


def price(amount_minor: int, valid_from_ms: int, product_id: str = "shoe", store_id: str = "") -> Price:
    return Price(product_id, amount_minor, "EUR", valid_from_ms, store_id)


def touchpoint(
    kind: TouchpointKind = TouchpointKind.SEARCH,
    time_ms: int = NOW_MS - HOUR_MS,
    customer_id: str = "ann",
    **changes: Any,
) -> Touchpoint:
    subject = {} if "product_id" in changes else {"category_id": "running-shoes"}
    return Touchpoint(customer_id, kind, time_ms, **{**subject, **changes})


@dataclass
class World:
    """A shop, ann and her phone 1. `build` registers all of it."""

    nouns: Sequence[Noun] = field(
        default_factory=lambda: [store(), fence(), Category("running-shoes"), product(), offer()]
    )
    prices: Sequence[Price] = field(
        default_factory=lambda: [price(10_000, NOW_MS - 60 * DAY_MS), price(8_000, NOW_MS - 3 * DAY_MS)]
    )
    stock: Sequence[StockFigure] = field(
        default_factory=lambda: [StockFigure("store-1", "shoe", EU_43, 5, NOW_MS - HOUR_MS)]
    )
    customers: Sequence[Customer] = field(default_factory=lambda: [Customer("ann", (1,))])
    purposes: int = ALL_PURPOSES
    touchpoints: Sequence[Touchpoint] = field(default_factory=lambda: [touchpoint(size=EU_43)])
    policy: Policy = field(default_factory=Policy)
    cap_rules: Sequence[CapRule] = DEFAULT_CAP_RULES
    index_kind: Any = "cells"
    overlap_count_max: int = 64

    def build(self, journal: Any = None) -> Engine:
        engine = Engine(
            journal=MemoryJournal() if journal is None else journal,
            clock=EngineClock("client", NOW_MS),
            policy=self.policy,
            cap_rules=self.cap_rules,
            index_kind=self.index_kind,
            decision_key=b"test",
            overlap_count_max=self.overlap_count_max,
        )
        engine.put_nouns(self.nouns, now_ms=NOW_MS - 90 * DAY_MS)
        engine.put_prices(self.prices, now_ms=NOW_MS - 90 * DAY_MS)
        engine.report_stock(self.stock)
        engine.upsert_customers(self.customers)
        for customer in self.customers:
            if self.purposes:
                consent(engine, self.purposes, customer_id=customer.customer_id)
        engine.record_touchpoints(self.touchpoints, now_ms=NOW_MS)
        engine.publish()
        return engine


def consent(
    engine: Engine, purposes: int, *, granted: bool = True, time_ms: int = NOW_MS - DAY_MS, customer_id: str = "ann"
) -> None:
    engine.record_consent(
        customer_id, purposes, granted=granted, time_ms=time_ms, now_ms=max(NOW_MS, time_ms), notice_version="1"
    )


def ping(
    time_ms: int = NOW_MS,
    *,
    device: int = 1,
    east_m: float = 0.0,
    north_m: float = 0.0,
    accuracy_m: float = 10.0,
    session: int = 0,
    sequence: int = 0,
    now_ms: int | None = None,
    malformed: int = 0,
    speed_m_per_s: float | None = None,
) -> StructArray:
    """One PING row; `now` is the fix time unless given."""
    row = np.zeros(1, dtype=PING)
    row["device_key"], row["session_id"], row["sequence"] = device, session, sequence
    row["fix_time_ms"], row["now_ms"] = time_ms, time_ms if now_ms is None else now_ms
    row["latitude_e7"], row["longitude_e7"] = north_e7(north_m), east_e7(east_m)
    row["accuracy_cm"] = round(accuracy_m * 100)
    row["malformed"] = malformed
    row["speed_cm_per_s"] = -1 if speed_m_per_s is None else round(speed_m_per_s * 100)
    return row


def pings(*rows: StructArray) -> StructArray:
    """Rows as one batch."""
    return np.concatenate(rows)


def verdicts(outcome: Outcome) -> list[PingVerdict]:
    return [PingVerdict(int(verdict)) for verdict in outcome.verdicts]


def tries(engine: Engine, outcome: Outcome) -> list[tuple[str, OfferVerdict]]:
    """(fence id, verdict) of each try."""
    return [
        (engine.registry.fence_id(int(item["fence_number"])), OfferVerdict(int(item["verdict"])))
        for item in outcome.tries
    ]


def try_verdicts(outcome: Outcome) -> list[OfferVerdict]:
    return [OfferVerdict(int(verdict)) for verdict in outcome.tries["verdict"]]


def transitions(engine: Engine, rows: StructArray) -> list[tuple[str, str, str, int]]:
    """(kind, cause, fence id, event time in seconds after NOW_MS) of each transition."""
    return [
        (
            TransitionKind(int(item["kind"])).name,
            TransitionCause(int(item["cause"])).name,
            engine.registry.fence_id(int(item["fence_number"])),
            (int(item["event_time_ms"]) - NOW_MS) // SECOND_MS,
        )
        for item in rows
    ]


def contact_count(engine: Engine, customer_id: str = "ann") -> int:
    """How many offers are counted against her caps."""
    from geooffer.model.keys import person_key

    view = engine.state.people.view
    slot = int(view.persons["contact_head"][engine.state.people.person_slots[person_key(customer_id)]])
    count = 0
    while slot >= 0:
        count += 1
        slot = int(view.contacts["next"][slot])
    return count
