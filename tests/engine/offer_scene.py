"""The small town of the offer machine: three shops and a web shop, six offers, two campaigns. Not a test file.

All that is not about people is kept out of the way: always open, nothing that runs out of stock, every price cut deep
enough. So what decides is consent, interest, purchases, repeats, cooldown, cap rules and budgets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from world import LATITUDE_E7, LONGITUDE_E7, NOW_MS, east_e7, fence, offer, price, product, store

from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.journal.memory import MemoryJournal
from geooffer.model.catalog import Campaign, Category, Offer, Product, Store
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import Channel
from geooffer.model.policy import DAY_MS, Policy
from geooffer.model.repurchase import RepurchaseRule
from geooffer.model.verdicts import Purpose

ALWAYS = "24/7"
CUT_MS = NOW_MS - 3 * DAY_MS
"""When all prices were cut; a wall clock set back over several restarts may read less."""
STORES: tuple[Store, ...] = (
    store("store-0", ALWAYS),
    store("store-1", ALWAYS, east_m=20.0, time_zone="America/New_York"),
    store("store-2", ALWAYS, east_m=1_000.0, time_zone="Asia/Kathmandu"),
    store("web", ALWAYS, east_m=9_000.0, is_online=True),
)
STORES_BY_PLACE = (("store-0", "store-1"), ("store-2",), ())
"""Which fences cover a fix at each place: two that overlap, one alone, none."""
PLACES_E7 = tuple((LATITUDE_E7, east_e7(east_m)) for east_m in (0.0, 1_000.0, 5_000.0))
NEAREST_STORES = (
    ("store-0", "store-1", "store-2"),
    ("store-2", "store-1", "store-0"),
    ("store-2", "store-1", "store-0"),
)
"""Branches by distance from each place."""
CATEGORIES: tuple[Category, ...] = (
    Category("category-0"),
    Category("category-1", repurchase=RepurchaseRule(2)),
    Category("category-2", repurchase=RepurchaseRule(1, is_consumable=True, search_lifts_wait=True)),
    Category("category-3", is_special=True),
)
PRODUCTS: tuple[Product, ...] = tuple(
    product(f"product-{number}", f"category-{category}", sizes=(), stock_tracked=False)
    for number, category in enumerate((0, 1, 2, 3, 0))
)
OFFERS: tuple[Offer, ...] = (
    offer("offer-0", "product-0"),
    offer("offer-1", "product-1", campaign_id="campaign-0"),
    offer("offer-2", "product-2", campaign_id="campaign-1", store_ids=("store-0", "store-2")),
    offer("offer-3", "product-3", campaign_id="campaign-0"),
    offer("offer-4", "product-4", required_purposes=Purpose.PUSH_MARKETING.bit, store_ids=("store-1", "web")),
    offer("offer-5", "product-4", campaign_id="campaign-1"),
)
ZONES = {
    "ann": "",
    "bob": "Europe/Berlin",
    "carla": "America/New_York",
    "dan": "Asia/Kathmandu",
    "eve": "",
}
"""The customers and the time zones they may have told."""
DEVICES = {"ann": (1, 2), "bob": (3,), "carla": (4, 5), "dan": (6,), "eve": (7,)}
DEVICE_KEYS = tuple(range(1, 9))
"""8 belongs to nobody at first."""
CAMPAIGN_IDS = ("campaign-0", "campaign-1")
WEB_ONLY = Channel.WEB_SHOP.bit | Channel.EMAIL.bit


@dataclass(frozen=True)
class Rules:
    """What is drawn once per run: policy, cap rules, campaigns, and which clock time follows."""

    policy: Policy
    cap_rules: tuple[CapRule, ...]
    campaigns: tuple[Campaign, ...]
    clock_kind: str


def build_engine(rules: Rules, journal: MemoryJournal, *, start_ms: int) -> Engine:
    """An engine over a journal, whatever is in it."""
    clock = EngineClock("client", start_ms) if rules.clock_kind == "client" else EngineClock("system")
    return Engine(journal=journal, clock=clock, policy=rules.policy, cap_rules=rules.cap_rules, decision_key=b"scene")


def register_catalog(engine: Engine, campaigns: Sequence[Campaign]) -> None:
    """Everything of the town but its people."""
    fences = [
        fence(f"fence-{number}", item.store_id, radius_m=60.0, east_m=(0.0, 20.0, 1_000.0)[number])
        for number, item in enumerate(STORES[:3])
    ]
    offers = [replace(item, valid_until_ms=NOW_MS + 3_000 * DAY_MS) for item in OFFERS]
    engine.put_nouns([*STORES, *fences, *CATEGORIES, *PRODUCTS, *campaigns, *offers], now_ms=NOW_MS - 90 * DAY_MS)
    steps = [
        price(amount, from_ms, item.product_id)
        for item in PRODUCTS
        for amount, from_ms in ((10_000, NOW_MS - 60 * DAY_MS), (8_000, CUT_MS))
    ]
    engine.put_prices(steps, now_ms=NOW_MS - 90 * DAY_MS)
    engine.publish()


assert LONGITUDE_E7 < PLACES_E7[1][1] < PLACES_E7[2][1]
