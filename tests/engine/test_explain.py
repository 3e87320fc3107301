"""D8: explain tells every candidate its verdict with the figures that decided, and changes nothing at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from offer_cases import DAYS_AGO, candidates, explained, judged, nouns, stock, two_offers
from offer_verdict_table import BUSINESS, SEARCH, WITHDRAWN, bought, in_campaign, waiting
from world import (
    ALL_PURPOSES,
    EU_43,
    HOUR_MS,
    NOW_MS,
    STANDING,
    World,
    campaign,
    consent,
    contact_count,
    fence,
    offer,
    ping,
    price,
    product,
    store,
    touchpoint,
)

from geooffer.engine.engine import Engine
from geooffer.engine.state import digest
from geooffer.errors import InvalidArgumentError, NotFoundError
from geooffer.model.catalog import Category
from geooffer.model.columns import FACTORS
from geooffer.model.frequency import CapRule
from geooffer.model.keys import person_key
from geooffer.model.kinds import CapScope, Channel
from geooffer.model.limits import PARTITION_COUNT
from geooffer.model.policy import DAY_MS, Policy
from geooffer.model.records import CATALOG_PARTITION
from geooffer.model.verdicts import OfferVerdict, PingVerdict

V = OfferVerdict


def after_an_offer(world: World) -> Engine:
    """An offer an hour ago."""
    engine = world.build()
    assert judged(engine, NOW_MS - HOUR_MS) is V.OFFERED
    return engine


def special() -> Engine:
    engine = World(purposes=WITHDRAWN).build()
    engine.put_nouns([Category("running-shoes", is_special=True)], now_ms=NOW_MS)
    return engine


def spent() -> Engine:
    world = World(nouns=in_campaign(budget_count=1))
    engine = replace(
        world, customers=[*world.customers, replace(world.customers[0], customer_id="bob", device_keys=(2,))]
    )
    built = replace(engine, touchpoints=[SEARCH, replace(SEARCH, customer_id="bob")]).build()
    assert judged(built, NOW_MS - HOUR_MS, device=2) is V.OFFERED
    return built


def stopped() -> Engine:
    engine = World().build()
    engine.switch_offers(is_stopped=True, author="officer", reason="wrong prices", now_ms=NOW_MS)
    return engine


ANSWERS: dict[OfferVerdict, tuple[Any, dict[str, Any], str]] = {
    V.STORE_CLOSED: (
        lambda: World(nouns=nouns(store=store(hours="Tu 12:00-20:00"))).build(),
        {},
        "closed until 2026-03-03 12:00 by its hours",
    ),
    V.TOO_FAST: (lambda: World().build(), {"speed_m_per_s": 12.5}, "her phone reports 12.5 m/s, over 8 m/s"),
    V.QUIET_HOURS: (
        lambda: World(policy=Policy(quiet_start_minute=570, quiet_end_minute=615)).build(),
        {},
        "10:00 in Europe/Berlin lies within the quiet hours 09:30–10:15 that began on Tuesday",
    ),
    V.PURPOSE_NOT_CONSENTED: (
        lambda: World(nouns=nouns(offer=offer(required_purposes=16)), purposes=STANDING).build(),
        {},
        "this offer needs consent to push_marketing",
    ),
    V.SPECIAL_CATEGORY: (special, {}, "running-shoes is a special category, to which she did not consent"),
    V.OFFER_INACTIVE: (
        lambda: World(nouns=nouns(offer=offer(valid_until_ms=NOW_MS))).build(),
        {},
        "valid until 2026-03-03 10:00",
    ),
    V.AUDIENCE_MISMATCH: (
        lambda: World(nouns=in_campaign(account_kinds=2), touchpoints=[SEARCH, BUSINESS]).build(),
        {},
        "for consumer accounts, hers is business",
    ),
    V.NO_INTENT: (
        lambda: World(touchpoints=()).build(),
        {},
        "no live search, view, wish or cart of the last 14 days matches, nothing is due",
    ),
    V.RECENTLY_BOUGHT: (
        lambda: World(nouns=waiting(10), touchpoints=[SEARCH, bought(DAYS_AGO[3])]).build(),
        {},
        "bought 3.0 days ago, this category waits 10 days",
    ),
    V.SIZE_MISMATCH: (lambda: World(touchpoints=[touchpoint()]).build(), {}, "her size is not known"),
    V.OUT_OF_STOCK: (lambda: World(stock=stock(1)).build(), {}, "1 on the shelf, 1 kept as safety stock"),
    V.STOCK_STALE: (
        lambda: World(stock=stock(5, as_of_ms=NOW_MS - 30 * HOUR_MS)).build(),
        {},
        "counted 30.0 h ago, more than 24 h",
    ),
    V.NO_PRICE_ADVANTAGE: (
        lambda: World(nouns=nouns(offer=offer(minimum_price_cut_percent=21))).build(),
        {},
        "price 8000 against lowest of 30 days 10000: cut under 21 %",
    ),
    V.ALREADY_OFFERED: (lambda: after_an_offer(World()), {}, "she had it within 24 h"),
    V.COOLDOWN: (
        lambda: after_an_offer(World(policy=Policy(same_offer_after_ms=0, cooldown_ms=2 * HOUR_MS))),
        {},
        "her last offer is less than 120 min ago",
    ),
    V.FREQUENCY_CAP: (
        lambda: after_an_offer(
            World(policy=Policy(same_offer_after_ms=0), cap_rules=(CapRule(CapScope.PERSON_CATEGORY, 1),))
        ),
        {},
        "1 of 1 decided for her in this category within 24 h, a rule of the policy",
    ),
    V.BUDGET_SPENT: (spent, {}, "campaign campaign-1 has nothing left"),
    V.BELOW_RELEVANCE: (
        lambda: World(policy=Policy(score_floor=1_500)).build(),
        {},
        "score 1370 = interest 990 + price_cut 200 + distance 100 + stock 20 + closing 60, under the floor of 1500",
    ),
    V.OUTRANKED: (lambda: two_offers("offer-2", 7_000), {}, "score 1370 is behind offer-2 with 1470"),
    V.HELD_OUT: (
        lambda: World(policy=Policy(held_out_per_10000=10_000)).build(),
        {},
        "would have won, but she is in the control group; price 8000, lowest of 30 days 10000; 5 in stock; "
        "score 1370 = interest 990 + price_cut 200 + distance 100 + stock 20 + closing 60",
    ),
    V.TOO_LATE: (
        lambda: World().build(),
        {"is_late": True},
        "the decision budget ran out; price 8000, lowest of 30 days 10000; 5 in stock; "
        "score 1370 = interest 990 + price_cut 200 + distance 100 + stock 20 + closing 60",
    ),
    V.OFFERED: (
        lambda: World().build(),
        {},
        "price 8000, lowest of 30 days 10000; 5 in stock; "
        "score 1370 = interest 990 + price_cut 200 + distance 100 + stock 20 + closing 60",
    ),
    V.OFFERS_STOPPED: (stopped, {}, "all offers are stopped (geooffer policy show)"),
}


@pytest.mark.parametrize("verdict", list(V))
def test_every_verdict_is_told_with_its_figures(verdict: OfferVerdict) -> None:
    build, options, detail = ANSWERS[verdict]
    is_late = options.get("is_late", False)
    row = ping(**{key: value for key, value in options.items() if key != "is_late"})
    told = candidates(build(), row, is_late=is_late)["offer-1"]
    assert (told.verdict, told.detail) == (verdict, detail)
    came_to_a_score = V.BELOW_RELEVANCE <= verdict <= V.OFFERED
    assert (told.score > 0, told.supply_store_id == "store-1") == (came_to_a_score, came_to_a_score)
    assert list(told.points) == list(FACTORS)
    assert sum(told.points.values()) == told.score


def everything(engine: Engine) -> list[Any]:
    """All that a ping could change, durable or not."""
    statistics, view = engine.statistics, engine.state.people.view
    return [
        *(digest(engine.state, partition) for partition in (CATALOG_PARTITION, *range(PARTITION_COUNT))),
        dict(engine.state.sequences),
        dict(statistics.ping_verdicts),
        dict(statistics.offer_verdicts),
        dict(statistics.transitions),
        statistics.offers,
        engine.recent_tries.of(person_key("ann"), NOW_MS),
        contact_count(engine),
        engine.state.totals.items(),
        [array.tobytes() for array in (view.devices, view.persons, view.presences, view.contacts)],
        [array.tobytes() for array in engine.state.live.view],
    ]


@pytest.mark.parametrize("verdict", list(V))
def test_explain_changes_nothing(verdict: OfferVerdict) -> None:
    """Digests, statistics, presence, caps and tries are the same bytes before and after."""
    engine = ANSWERS[verdict][0]()
    engine.publish()
    before = everything(engine)
    for speed_m_per_s in (None, 30.0):
        for is_late in (False, True):
            explained(engine, ping(speed_m_per_s=speed_m_per_s), is_late=is_late)
    engine.explain_asked("ann", "store-1", channel=Channel.EMAIL, now_ms=NOW_MS)
    assert everything(engine) == before


def test_explain_may_be_asked_about_any_time() -> None:
    """Tomorrow, next year, before the last fix: nothing moves, and the next ping is decided as if never asked."""
    engine = World().build()
    engine.step(ping(NOW_MS - HOUR_MS, north_m=2_000.0))
    for time_ms in (NOW_MS - 2 * HOUR_MS, NOW_MS + DAY_MS, NOW_MS + 400 * DAY_MS, NOW_MS - 400 * DAY_MS):
        explained(engine, ping(time_ms))
    assert judged(engine) is V.OFFERED


def test_a_saved_catalog_goes_live_first() -> None:
    engine = World().build()
    engine.put_nouns([offer(paused=True)], now_ms=NOW_MS)
    told = explained(engine, ping())
    assert told.fences[0].verdict is V.OFFER_INACTIVE
    assert told.catalog_generation == engine.saved_generation == engine.live_generation
    assert told.policy_version == engine.policy.version


def test_pings_that_are_not_looked_at() -> None:
    engine = World().build()
    assert explained(engine, ping(device=99)).ping_verdict is PingVerdict.NO_CONSENT
    assert explained(engine, ping(accuracy_m=100.01)).ping_verdict is PingVerdict.ACCURACY_TOO_COARSE
    consent(engine, 1, granted=False, time_ms=NOW_MS)
    told = explained(engine, ping())
    assert (told.ping_verdict, told.fences) == (PingVerdict.NO_CONSENT, ())


def test_fences_that_try_nothing() -> None:
    """P1: a fix too coarse for a small fence is no evidence; a fence without a store raises transitions only."""
    engine = World(nouns=[*nouns(), fence("bare", store_id="")]).build()
    first, bare = explained(engine, ping()).fences
    assert (first.verdict, bare.verdict, bare.store) == (V.OFFERED, None, None)
    first, _ = explained(engine, ping(accuracy_m=60.0)).fences
    assert first.verdict is None
    assert first.evidence == "none: accuracy 60 m is worse than this fence's bound of 50 m"


def test_fences_of_one_ping_share_her_caps() -> None:
    """The first fence's winner is in her cooldown for the second."""
    offers = [offer("offer-1", store_ids=("store-1",)), offer("offer-2", store_ids=("store-2",))]
    shops = [store(), store("store-2"), fence(), fence("fence-2", "store-2", radius_m=60.0)]
    world = World(nouns=[*shops, Category("running-shoes"), product(), *offers])
    engine = replace(world, stock=[*stock(5), *stock(5, store_id="store-2")]).build()
    assert [item.verdict for item in explained(engine, ping()).fences] == [V.OFFERED, V.COOLDOWN]


def test_fences_of_one_ping_share_a_campaigns_last_offer() -> None:
    """D10: the committer counts them one after the other."""
    offers = [offer(f"offer-{n}", store_ids=(f"store-{n}",), campaign_id="campaign-1") for n in (1, 2)]
    shops = [store(), store("store-2"), fence(), fence("fence-2", "store-2", radius_m=60.0)]
    world = World(
        nouns=[campaign(budget_count=1), *shops, Category("running-shoes"), product(), *offers],
        stock=[*stock(5), *stock(5, store_id="store-2")],
        policy=Policy(cooldown_ms=0),
    )
    engine = world.build()
    first, second = explained(engine, ping()).fences
    assert (first.verdict, second.verdict) == (V.OFFERED, V.BUDGET_SPENT)
    assert second.candidates[0].detail == "campaign campaign-1 has nothing left after the offers of this very ping"
    outcome = engine.step(ping())
    assert len(engine.commit(outcome)) == 1
    assert outcome.tries["verdict"].tolist() == [V.OFFERED, V.BUDGET_SPENT]


def test_asked_about_a_product_or_a_category() -> None:
    """D9: only what was asked for is a candidate; unknown names are refused."""
    world = World(nouns=[*nouns(), Category("hats"), product("hat", "hats"), offer("offer-2", "hat")])
    engine = world.build()
    ask = {"channel": Channel.WEB_SHOP, "now_ms": NOW_MS}
    assert [c.offer_id for c in engine.explain_asked("ann", "store-1", **ask).candidates] == ["offer-1", "offer-2"]
    told = engine.explain_asked("ann", "store-1", category_id="hats", **ask)
    assert [(c.offer_id, c.verdict) for c in told.candidates] == [("offer-2", V.NO_INTENT)]
    told = engine.explain_asked("ann", "store-1", product_id="shoe", **ask)
    assert [(c.offer_id, c.verdict) for c in told.candidates] == [("offer-1", V.OFFERED)]
    assert told.candidates[0].points["distance"] == 0
    for names in ({"product_id": "sock"}, {"category_id": "socks"}):
        with pytest.raises(NotFoundError):
            engine.explain_asked("ann", "store-1", **ask, **names)
    with pytest.raises(NotFoundError):
        engine.explain_asked("ann", "store-9", **ask)
    with pytest.raises(NotFoundError):
        engine.explain_asked("eve", "store-1", **ask)
    with pytest.raises(InvalidArgumentError):
        engine.explain_asked("ann", "store-1", product_id="shoe", category_id="hats", **ask)


def test_a_pushed_channel_needs_her_consent_to_marketing() -> None:
    """Privacy C1: who is called on by herself must have said yes; location is not used."""
    for purposes, expected in ((STANDING & ~1, V.PURPOSE_NOT_CONSENTED), (ALL_PURPOSES & ~1, V.OFFERED)):
        engine = World(purposes=purposes).build()
        for channel, verdict in ((Channel.SMS, expected), (Channel.WEB_SHOP, V.OFFERED)):
            assert engine.explain_asked("ann", "store-1", channel=channel, now_ms=NOW_MS).verdict is verdict


def test_the_price_and_stock_of_a_size_are_told() -> None:
    prices = [price(12_000, DAYS_AGO[60]), price(6_000, DAYS_AGO[1])]
    told = candidates(World(prices=prices, stock=stock(9, EU_43)).build())["offer-1"]
    assert told.detail.startswith("price 6000, lowest of 30 days 12000; 9 in stock; score ")
    assert told.points["price_cut"] == 500
