"""The default shop with one thing changed, and its verdict by the matcher and by explain at once. Not a test file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from world import EU_43, NOW_MS, World, fence, offer, ping, price, product, store, try_verdicts

from geooffer.engine.engine import Engine
from geooffer.engine.explain import Explanation
from geooffer.engine.explain_candidate import CandidateExplanation
from geooffer.model.catalog import Category, Customer, Noun, Size, StockFigure
from geooffer.model.columns import StructArray
from geooffer.model.frequency import CapRule
from geooffer.model.policy import DAY_MS, HOUR_MS, Policy
from geooffer.model.units import parse_time_ms
from geooffer.model.verdicts import OfferVerdict

CATEGORY = Category("running-shoes")
DAYS_AGO = {days: NOW_MS - days * DAY_MS for days in (1, 2, 3, 5, 7, 10, 14, 15, 20, 29, 30, 31, 40, 60, 90)}
ALWAYS = Policy(
    quiet_start_minute=0,
    quiet_end_minute=0,
    cooldown_ms=0,
    same_offer_after_ms=0,
    intent_max_age_ms=399 * DAY_MS,
    stock_max_age_ms=399 * DAY_MS,
)
"""Whoever was interested once is so for a year, day and night: for tests of caps over long times."""


def nouns(*more: Noun, **changes: Noun) -> list[Noun]:
    """The default catalog with some nouns replaced, after `more`."""
    held: dict[str, Noun] = {"store": store(), "fence": fence(), "category": CATEGORY}
    return [*more, *{**held, "product": product(), "offer": offer(), **changes}.values()]


def stock(
    count: int, size: Size | None = EU_43, store_id: str = "store-1", as_of_ms: int = NOW_MS - HOUR_MS
) -> list[StockFigure]:
    return [StockFigure(store_id, "shoe", size, count, as_of_ms)]


def always(*rules: CapRule, zone: str = "", **changes: Noun) -> World:
    """A shop that never closes, an offer that may be repeated, and only these cap rules."""
    years = {"valid_until_ms": NOW_MS + 1_000 * DAY_MS}
    return World(
        nouns=nouns(**{"store": store(hours="24/7"), "offer": offer(**years), **changes}),
        customers=[Customer("ann", (1, 2), "en", zone)],
        policy=ALWAYS,
        cap_rules=rules,
    )


def at(text: str) -> int:
    """A moment, as RFC 3339."""
    return parse_time_ms(text)


def explained(engine: Engine, row: StructArray, *, is_late: bool = False) -> Explanation:
    """What explain says of a PING row."""
    return engine.explain(
        device_key=int(row["device_key"][0]),
        latitude_e7=int(row["latitude_e7"][0]),
        longitude_e7=int(row["longitude_e7"][0]),
        accuracy_cm=int(row["accuracy_cm"][0]),
        now_ms=int(row["now_ms"][0]),
        speed_cm_per_s=int(row["speed_cm_per_s"][0]),
        is_late=is_late,
    )


def candidates(engine: Engine, row: StructArray | None = None, **options: Any) -> dict[str, CandidateExplanation]:
    """By offer id, at the one fence over the ping."""
    (only,) = explained(engine, ping() if row is None else row, **options).fences
    return {candidate.offer_id: candidate for candidate in only.candidates}


def judged(engine: Engine, time_ms: int = NOW_MS, *, is_late: bool = False, **place: Any) -> OfferVerdict:
    """The verdict of a fresh visit, by the matcher; explain, asked before, must say the same."""
    row = ping(time_ms, **place)
    told = explained(engine, row, is_late=is_late)
    outcome = engine.step(row)
    engine.commit(outcome, late_rows=[0] if is_late else [])
    (verdict,) = try_verdicts(outcome)
    assert [item.verdict for item in told.fences] == [verdict], "explain disagrees with the matcher"
    return verdict


def chain_of_shops(count: int, **changes: Any) -> World:
    """Branches side by side, each with a fence, an offer and stock of its own, 1 km apart."""
    stores = [store(f"store-{index}", "24/7", east_m=1_000.0 * index) for index in range(count)]
    fences = [fence(f"fence-{index}", f"store-{index}", east_m=1_000.0 * index) for index in range(count)]
    offers = [offer(f"offer-{index}", store_ids=(f"store-{index}",)) for index in range(count)]
    figures = [
        figure for index in range(count) for figure in stock(50, store_id=f"store-{index}", as_of_ms=NOW_MS - HOUR_MS)
    ]
    policy = Policy(stock_max_age_ms=399 * DAY_MS, quiet_start_minute=0, quiet_end_minute=0, jump_fix_count=1)
    world = World(nouns=[*stores, *fences, CATEGORY, product(), *offers], stock=figures, policy=policy)
    return replace(world, **changes)


def walk_in(engine: Engine, shop: int, time_ms: int) -> OfferVerdict:
    """Come into one branch of the chain after a silence."""
    return judged(engine, time_ms, east_m=1_000.0 * shop, speed_m_per_s=1.4)


def two_offers(second_id: str, amount: int) -> Engine:
    """A boot beside the shoe, from 10,000 down to `amount`."""
    world = World(nouns=[*nouns(), product("boot"), offer(second_id, "boot")])
    engine = world.build()
    engine.put_prices([price(10_000, DAYS_AGO[60], "boot"), price(amount, DAYS_AGO[3], "boot")], now_ms=NOW_MS)
    engine.report_stock([StockFigure("store-1", "boot", EU_43, 5, NOW_MS)])
    return engine
