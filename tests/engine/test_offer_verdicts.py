"""D1: each verdict of a try, worked out by hand from the semantics. The default world is OFFERED; one thing changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from world import (
    ALL_PURPOSES,
    EU_43,
    EU_44,
    MINUTE_MS,
    NOW_MS,
    STANDING,
    World,
    consent,
    fence,
    offer,
    ping,
    pings,
    price,
    product,
    store,
    touchpoint,
    tries,
    try_verdicts,
)

from geooffer.engine.engine import Engine
from geooffer.model.catalog import Category, Noun, StockFigure
from geooffer.model.policy import DAY_MS, HOUR_MS, Policy
from geooffer.model.verdicts import OfferTrigger, OfferVerdict, Purpose, TouchpointKind

V = OfferVerdict
CATEGORY = Category("running-shoes")
PUSH = Purpose.PUSH_MARKETING.bit


def nouns(**changes: Noun) -> list[Noun]:
    """The default catalog with some nouns replaced."""
    held: dict[str, Noun] = {"store": store(), "fence": fence(), "category": CATEGORY}
    return list({**held, "product": product(), "offer": offer(), **changes}.values())


def stock(count: int, size: object = EU_43, store_id: str = "store-1") -> list[StockFigure]:
    return [StockFigure(store_id, "shoe", size, count, NOW_MS - HOUR_MS)]  # type: ignore[arg-type]


def open_until(minutes: int) -> list[Noun]:
    """The store closes so many minutes after 10:00 on Tuesdays."""
    return nouns(store=store(hours=f"Tu 09:00-10:{minutes:02}"))


DAYS_AGO = {days: NOW_MS - days * DAY_MS for days in (1, 2, 3, 5, 14, 20, 29, 30, 31, 40, 60, 90)}
UNTRACKED = product(sizes=(), stock_tracked=False)
SIZELESS = product(sizes=())

CASES: dict[str, tuple[World, OfferVerdict]] = {
    "the shoe she searched for": (World(), V.OFFERED),
    # 1 STORE_CLOSED
    "hours unknown": (World(nouns=nouns(store=store(hours=""))), V.STORE_CLOSED),
    "opens at 10:00 sharp (half-open)": (
        World(nouns=nouns(store=store(hours="Tu 10:00-11:00"))),
        V.OFFERED,
    ),
    "opens a minute later": (World(nouns=nouns(store=store(hours="Tu 10:01-11:00"))), V.STORE_CLOSED),
    "open on another day": (World(nouns=nouns(store=store(hours="We 08:00-20:00"))), V.STORE_CLOSED),
    "exactly 10 min to closing is not less": (World(nouns=open_until(10)), V.OFFERED),
    "9 min to closing": (World(nouns=open_until(9)), V.STORE_CLOSED),
    "no margin: open to the last moment": (
        World(nouns=open_until(1), policy=Policy(closing_margin_ms=0)),
        V.OFFERED,
    ),
    "no margin: closed at the closing time": (
        World(nouns=open_until(0), policy=Policy(closing_margin_ms=0)),
        V.STORE_CLOSED,
    ),
    "closed comes before consent": (
        World(nouns=nouns(store=store(hours="")), purposes=STANDING & ~4, touchpoints=()),
        V.STORE_CLOSED,
    ),
    # 4 PURPOSE_NOT_CONSENTED
    "the offer's own purpose is missing": (
        World(nouns=nouns(offer=offer(required_purposes=PUSH)), purposes=STANDING),
        V.PURPOSE_NOT_CONSENTED,
    ),
    "the offer's own purpose is given": (
        World(nouns=nouns(offer=offer(required_purposes=PUSH)), purposes=STANDING | PUSH),
        V.OFFERED,
    ),
    "purpose comes before inactive": (
        World(nouns=nouns(offer=offer(required_purposes=PUSH, paused=True)), purposes=STANDING),
        V.PURPOSE_NOT_CONSENTED,
    ),
    # 6 OFFER_INACTIVE
    "paused": (World(nouns=nouns(offer=offer(paused=True))), V.OFFER_INACTIVE),
    "valid from now on": (World(nouns=nouns(offer=offer(valid_from_ms=NOW_MS))), V.OFFERED),
    "valid from a moment later": (World(nouns=nouns(offer=offer(valid_from_ms=NOW_MS + 1))), V.OFFER_INACTIVE),
    "valid until now (half-open)": (World(nouns=nouns(offer=offer(valid_until_ms=NOW_MS))), V.OFFER_INACTIVE),
    "valid a moment longer": (World(nouns=nouns(offer=offer(valid_until_ms=NOW_MS + 1))), V.OFFERED),
    "waits for the dwell": (World(nouns=nouns(offer=offer(trigger=OfferTrigger.DWELL))), V.OFFER_INACTIVE),
    "for another store": (
        World(nouns=[store("store-2"), *nouns(offer=offer(store_ids=("store-2",)))]),
        V.OFFER_INACTIVE,
    ),
    "for this store among others": (
        World(nouns=[store("store-2"), *nouns(offer=offer(store_ids=("store-1", "store-2")))]),
        V.OFFERED,
    ),
    # 8 NO_INTENT
    "no signal at all": (World(touchpoints=()), V.NO_INTENT),
    "a size is no intent": (World(touchpoints=[touchpoint(TouchpointKind.PREFERENCE, size=EU_43)]), V.NO_INTENT),
    "14 days old": (World(touchpoints=[touchpoint(time_ms=DAYS_AGO[14], size=EU_43)]), V.OFFERED),
    "older than 14 days": (World(touchpoints=[touchpoint(time_ms=DAYS_AGO[14] - 1, size=EU_43)]), V.NO_INTENT),
    "a view of the product": (
        World(touchpoints=[touchpoint(TouchpointKind.VIEW, product_id="shoe", size=EU_43)]),
        V.OFFERED,
    ),
    "a wish": (World(touchpoints=[touchpoint(TouchpointKind.WISH, size=EU_43)]), V.OFFERED),
    "interest in another category": (
        World(
            nouns=[Category("hats"), *nouns()],
            touchpoints=[
                touchpoint(category_id="hats"),
                touchpoint(TouchpointKind.PREFERENCE, size=EU_43),
            ],
        ),
        V.NO_INTENT,
    ),
    "interest in another product of the category": (
        World(
            nouns=[*nouns(), product("boot")],
            touchpoints=[touchpoint(TouchpointKind.VIEW, product_id="boot", size=EU_43)],
        ),
        V.NO_INTENT,
    ),
    "a purchase ends the intent": (
        World(touchpoints=[touchpoint(size=EU_43), touchpoint(TouchpointKind.PURCHASE, NOW_MS - MINUTE_MS)]),
        V.NO_INTENT,
    ),
    "a purchase at the moment of the search ends it": (
        World(touchpoints=[touchpoint(size=EU_43), touchpoint(TouchpointKind.PURCHASE)]),
        V.NO_INTENT,
    ),
    "a search after the purchase": (
        World(touchpoints=[touchpoint(size=EU_43), touchpoint(TouchpointKind.PURCHASE, NOW_MS - 2 * HOUR_MS)]),
        V.OFFERED,
    ),
    # 10 SIZE_MISMATCH
    "her size is unknown": (World(touchpoints=[touchpoint()]), V.SIZE_MISMATCH),
    "the product does not come in her size": (World(touchpoints=[touchpoint(size=EU_44)]), V.SIZE_MISMATCH),
    "this store never had her size": (World(stock=()), V.SIZE_MISMATCH),
    "another store has her size": (
        World(nouns=[store("store-2"), *nouns()], stock=stock(5, store_id="store-2")),
        V.SIZE_MISMATCH,
    ),
    "only other sizes here": (
        World(nouns=nouns(product=product(sizes=(EU_43, EU_44))), stock=stock(5, EU_44)),
        V.SIZE_MISMATCH,
    ),
    # 11 OUT_OF_STOCK
    "sold out in her size": (World(stock=stock(0)), V.OUT_OF_STOCK),
    "only the safety stock is left": (World(stock=stock(1)), V.OUT_OF_STOCK),
    "one more than the safety stock": (World(stock=stock(2)), V.OFFERED),
    "no safety stock kept": (World(stock=stock(1), policy=Policy(safety_stock_count=0)), V.OFFERED),
    "sizeless and never reported": (
        World(nouns=nouns(product=SIZELESS), stock=(), touchpoints=[touchpoint()]),
        V.OUT_OF_STOCK,
    ),
    "sizeless and on the shelf": (
        World(nouns=nouns(product=SIZELESS), stock=stock(2, None), touchpoints=[touchpoint()]),
        V.OFFERED,
    ),
    "a service has no shelf": (
        World(nouns=nouns(product=UNTRACKED), stock=(), touchpoints=[touchpoint()]),
        V.OFFERED,
    ),
    # 13 NO_PRICE_ADVANTAGE
    "no price": (World(prices=()), V.NO_PRICE_ADVANTAGE),
    "only one price ever": (World(prices=[price(8_000, DAYS_AGO[60])]), V.NO_PRICE_ADVANTAGE),
    "a price that starts tomorrow": (
        World(prices=[price(10_000, DAYS_AGO[60]), price(8_000, NOW_MS + DAY_MS)]),
        V.NO_PRICE_ADVANTAGE,
    ),
    "dearer than before": (
        World(prices=[price(8_000, DAYS_AGO[60]), price(10_000, DAYS_AGO[3])]),
        V.NO_PRICE_ADVANTAGE,
    ),
    "raised for a week to be cut again": (
        World(prices=[price(8_000, DAYS_AGO[60]), price(10_000, DAYS_AGO[14]), price(8_000, DAYS_AGO[3])]),
        V.NO_PRICE_ADVANTAGE,
    ),
    "cut exactly by the minimum": (
        World(nouns=nouns(offer=offer(minimum_price_cut_percent=20))),
        V.OFFERED,
    ),
    "cut under the minimum": (
        World(nouns=nouns(offer=offer(minimum_price_cut_percent=21))),
        V.NO_PRICE_ADVANTAGE,
    ),
    "size comes before price": (World(prices=(), touchpoints=[touchpoint()]), V.SIZE_MISMATCH),
}


@pytest.mark.parametrize("name", CASES)
def test_the_verdict_is_the_one_worked_out_by_hand(name: str) -> None:
    world, expected = CASES[name]
    engine = world.build()
    explained = engine.explain(
        device_key=1,
        latitude_e7=int(ping()["latitude_e7"][0]),
        longitude_e7=int(ping()["longitude_e7"][0]),
        accuracy_cm=1_000,
        now_ms=NOW_MS,
    )
    outcome = engine.step(pings(ping()))
    assert tries(engine, outcome) == [("fence-1", expected)]
    assert len(engine.commit(outcome)) == (expected is V.OFFERED)
    assert [item.verdict for item in explained.fences] == [expected], "explain disagrees with the matcher"


def offered(engine: Engine, time_ms: int, device: int = 1) -> OfferVerdict:
    """The verdict of a fresh visit at that time (a silence of more than 15 min ends the last one)."""
    outcome = engine.step(pings(ping(time_ms, device=device)))
    engine.commit(outcome)
    return try_verdicts(outcome)[0]


def two_shops() -> World:
    """Two overlapping branches with an offer each for the same shoe."""
    return World(
        nouns=[
            store(),
            store("store-2"),
            fence(),
            fence("fence-2", "store-2", radius_m=60.0),
            CATEGORY,
            product(),
            offer("offer-1", store_ids=("store-1",)),
            offer("offer-2", store_ids=("store-2",)),
        ],
        stock=[*stock(5), *stock(5, store_id="store-2")],
    )


def test_already_offered_ends_after_exactly_24_hours() -> None:
    """D1.14: this offer to this person within 24 h."""
    engine = World().build()
    assert offered(engine, NOW_MS) is V.OFFERED
    assert offered(engine, NOW_MS + HOUR_MS) is V.ALREADY_OFFERED
    assert offered(engine, NOW_MS + DAY_MS - 1) is V.ALREADY_OFFERED
    engine = World().build()
    assert offered(engine, NOW_MS) is V.OFFERED
    assert offered(engine, NOW_MS + DAY_MS) is V.OFFERED


def test_already_offered_holds_over_devices_and_fences() -> None:
    """D1.14: whatever device, fence or restart."""
    world = World()
    world = replace(
        world, customers=[replace(world.customers[0], device_keys=(1, 2))], nouns=[*world.nouns, fence("fence-2")]
    )
    engine = world.build()
    assert offered(engine, NOW_MS) is V.OFFERED
    assert try_verdicts(engine.step(pings(ping(NOW_MS + HOUR_MS, device=2)))) == [V.ALREADY_OFFERED] * 2


def test_a_better_placed_second_shop_waits_for_the_cooldown() -> None:
    """D1.15: two fences entered by one fix; the first takes the offer, the second is in her cooldown."""
    engine = two_shops().build()
    assert try_verdicts(engine.step(pings(ping()))) == [V.OFFERED, V.COOLDOWN]


def chain_of_shops(count: int) -> World:
    """Branches side by side, each with a fence, an offer and stock of its own, 1 km apart."""
    stores = [store(f"store-{index}") for index in range(count)]
    fences = [fence(f"fence-{index}", f"store-{index}", east_m=1_000.0 * index) for index in range(count)]
    offers = [offer(f"offer-{index}", store_ids=(f"store-{index}",)) for index in range(count)]
    figures = [figure for index in range(count) for figure in stock(50, store_id=f"store-{index}")]
    return World(nouns=[*stores, *fences, CATEGORY, product(), *offers], stock=figures)


def walk_in(engine: Engine, shop: int, time_ms: int) -> OfferVerdict:
    """Come into one branch of the chain after a silence."""
    outcome = engine.step(pings(ping(time_ms, east_m=1_000.0 * shop)))
    engine.commit(outcome)
    return try_verdicts(outcome)[0]


def test_cooldown_ends_after_exactly_30_minutes() -> None:
    """D1.15: less than 30 min since her last offer anywhere."""
    for wait_ms, expected in ((30 * MINUTE_MS - 1, V.COOLDOWN), (30 * MINUTE_MS, V.OFFERED)):
        engine = chain_of_shops(2).build()
        assert walk_in(engine, 0, NOW_MS) is V.OFFERED
        assert walk_in(engine, 1, NOW_MS + wait_ms) is expected


def test_three_offers_a_sliding_day() -> None:
    """D2: 3 per sliding day and person; the fourth waits until the first is exactly a day old."""
    engine = chain_of_shops(6).build()
    for shop in range(3):
        assert walk_in(engine, shop, NOW_MS + shop * HOUR_MS) is V.OFFERED
    assert walk_in(engine, 3, NOW_MS + 3 * HOUR_MS) is V.FREQUENCY_CAP
    assert walk_in(engine, 4, NOW_MS + DAY_MS - 1) is V.FREQUENCY_CAP
    assert walk_in(engine, 5, NOW_MS + DAY_MS) is V.OFFERED


def test_eight_offers_a_sliding_week() -> None:
    """D2: 8 per sliding week and person."""
    engine = chain_of_shops(12).build()
    interest = [touchpoint(time_ms=NOW_MS + day * DAY_MS, size=EU_43) for day in range(8)]
    shop = 0
    for day in range(3):
        for hour in range(3):
            if shop == 8:
                break
            engine.record_touchpoints([interest[day]], now_ms=NOW_MS + day * DAY_MS)
            assert walk_in(engine, shop, NOW_MS + day * DAY_MS + hour * HOUR_MS) is V.OFFERED
            shop += 1
    engine.record_touchpoints([interest[6]], now_ms=NOW_MS + 6 * DAY_MS)
    assert walk_in(engine, 8, NOW_MS + 6 * DAY_MS) is V.FREQUENCY_CAP
    assert walk_in(engine, 9, NOW_MS + 7 * DAY_MS - 1) is V.FREQUENCY_CAP
    assert walk_in(engine, 10, NOW_MS + 7 * DAY_MS) is V.OFFERED


def test_one_offer_a_store_and_day() -> None:
    """D2: 1 per store and day, also for another offer of that store."""
    engine = World(nouns=[*nouns(), product("boot"), offer("offer-2", "boot")]).build()
    engine.put_prices([price(10_000, DAYS_AGO[60], "boot"), price(5_000, DAYS_AGO[3], "boot")], now_ms=NOW_MS)
    engine.report_stock([StockFigure("store-1", "boot", EU_43, 9, NOW_MS)])
    engine.publish()
    assert offered(engine, NOW_MS) is V.OFFERED
    assert offered(engine, NOW_MS + HOUR_MS) is V.FREQUENCY_CAP
    assert offered(engine, NOW_MS + DAY_MS) is V.OFFERED


def test_a_cap_limit_of_zero_silences_everything() -> None:
    """D2: every rule holds at once."""
    for rule in ("cap_day_count", "cap_week_count", "cap_store_day_count"):
        engine = World(policy=Policy(**{rule: 0})).build()
        assert offered(engine, NOW_MS) is V.FREQUENCY_CAP


def test_the_better_offer_wins_and_the_other_is_outranked() -> None:
    """Section 5: at most one offer per try, the best by score."""
    world = World(nouns=[*nouns(), product("boot"), offer("offer-0", "boot")])
    engine = world.build()
    engine.put_prices([price(10_000, DAYS_AGO[60], "boot"), price(9_000, DAYS_AGO[3], "boot")], now_ms=NOW_MS)
    engine.report_stock([StockFigure("store-1", "boot", EU_43, 9, NOW_MS)])
    here = ping()
    explained = engine.explain(
        device_key=1,
        latitude_e7=int(here["latitude_e7"][0]),
        longitude_e7=int(here["longitude_e7"][0]),
        accuracy_cm=0,
        now_ms=NOW_MS,
    )
    told = {item.offer_id: item.verdict for item in explained.fences[0].candidates}
    assert told == {"offer-0": V.OUTRANKED, "offer-1": V.OFFERED}
    engine.publish()
    (decision,) = engine.commit(engine.step(pings(here)))
    assert decision.offer.offer_id == "offer-1"
    # 1,000 for the category, an hour old: 1000 × 2^(−1/72) = 990.4; 20 % off: + 200
    assert decision.score == 990 + 200


def test_interest_in_the_product_beats_interest_in_its_category() -> None:
    """S-3: product beats category; half after every 3 days."""
    world = World(touchpoints=[touchpoint(time_ms=DAYS_AGO[3], product_id="shoe", size=EU_43)])
    engine = world.build()
    (decision,) = engine.commit(engine.step(pings(ping())))
    assert decision.score == 1_000 + 200
    world = World(touchpoints=[touchpoint(time_ms=DAYS_AGO[3], size=EU_43)])
    engine = world.build()
    (decision,) = engine.commit(engine.step(pings(ping())))
    assert decision.score == 500 + 200


def test_the_later_grant_of_a_purpose_opens_the_try_of_an_open_visit() -> None:
    """Section 5: tried again on a later inside fix when the person's signals changed; consent is one of them."""
    engine = World(nouns=nouns(offer=offer(required_purposes=PUSH)), purposes=STANDING).build()
    assert try_verdicts(engine.step(pings(ping()))) == [V.PURPOSE_NOT_CONSENTED]
    consent(engine, ALL_PURPOSES, time_ms=NOW_MS + 1)
    assert try_verdicts(engine.step(pings(ping(NOW_MS + MINUTE_MS)))) == [V.OFFERED]
