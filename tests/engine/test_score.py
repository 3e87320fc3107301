"""S-3, D1.18–22, D6: the score by factor, the floor, ranks, control groups, late winners; all figures by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from offer_cases import DAYS_AGO, always, candidates, judged, nouns, stock, two_offers
from world import (
    EU_43,
    MINUTE_MS,
    NOW_MS,
    World,
    campaign,
    contact_count,
    offer,
    ping,
    price,
    product,
    store,
    touchpoint,
    try_verdicts,
)

from geooffer.model.catalog import Category, Customer
from geooffer.model.columns import FACTORS
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import CapScope
from geooffer.model.policy import HOUR_MS, Policy
from geooffer.model.repurchase import RepurchaseRule
from geooffer.model.signals import Touchpoint
from geooffer.model.tables import NO_LIMIT
from geooffer.model.verdicts import OfferTrigger, OfferVerdict, TouchpointKind

V = OfferVerdict
K = TouchpointKind
SIZE = touchpoint(K.PREFERENCE, size=EU_43)


def points(world: World, row: object = None) -> dict[str, int]:
    """Of the winner, by the matcher; explain says the same. Only factors that count."""
    engine = world.build()
    told = candidates(engine, row)["offer-1"]  # type: ignore[arg-type]
    (decision,) = engine.commit(engine.step(ping() if row is None else row))  # type: ignore[arg-type]
    assert told.points == dict(zip(FACTORS, decision.points, strict=True))
    assert told.score == decision.score == sum(decision.points)
    assert told.reason_kind is decision.reason_kind
    return {name: value for name, value in told.points.items() if value}


def interest(*signals: Touchpoint) -> int:
    return points(World(touchpoints=[SIZE, *signals]))["interest"]


def test_the_default_score_by_hand() -> None:
    """A category searched an hour ago: 1000 × 2^(−1/72) = 990.4; 20 % off; at the door; 4 pairs beyond the safety
    stock; 10 hours to closing.
    """
    assert points(World()) == {"interest": 990, "price_cut": 200, "distance": 100, "stock": 20, "closing": 60}


@pytest.mark.parametrize(("kind", "fresh"), [(K.CART, 1_200), (K.SEARCH, 1_000), (K.WISH, 900), (K.VIEW, 700)])
def test_kinds_of_interest(kind: TouchpointKind, fresh: int) -> None:
    """S-3: halved every 3 days; the product counts twice what its category does."""
    assert interest(touchpoint(kind, NOW_MS)) == fresh
    assert interest(touchpoint(kind, DAYS_AGO[3])) == fresh // 2
    assert interest(touchpoint(kind, NOW_MS, product_id="shoe")) == 2 * fresh


def test_the_strongest_interest_counts_not_their_sum() -> None:
    week = touchpoint(K.SEARCH, DAYS_AGO[3], product_id="shoe")
    assert interest(week, touchpoint(K.VIEW, NOW_MS), touchpoint(K.WISH, NOW_MS)) == 1_000
    assert interest(week, touchpoint(K.CART, NOW_MS)) == 1_200


@pytest.mark.parametrize(
    ("age_ms", "expected"),
    [
        (10 * 24 * HOUR_MS + 1, 0),  # a moment after the wait
        (11 * 24 * HOUR_MS, 200),
        (15 * 24 * HOUR_MS, 1_000),  # 1.5 times
        (30 * 24 * HOUR_MS, 1_000),  # 3 times
    ],
)
def test_due_again_rises_to_full_at_one_and_a_half_waits(age_ms: int, expected: int) -> None:
    """S2: 0 at 10 days, 1000 at 15; the reason is the purchase."""
    category = Category("running-shoes", repurchase=RepurchaseRule(10, is_consumable=True))
    world = World(nouns=nouns(category=category), touchpoints=[touchpoint(K.PURCHASE, NOW_MS - age_ms, size=EU_43)])
    assert points(world).get("due_again", 0) == expected
    assert candidates(world.build())["offer-1"].reason_kind is K.PURCHASE


def test_due_and_interested_add_up_and_the_stronger_is_the_reason() -> None:
    category = Category("running-shoes", repurchase=RepurchaseRule(10, is_consumable=True))
    for kind, reason in ((K.CART, K.CART), (K.VIEW, K.PURCHASE)):
        signals = [touchpoint(K.PURCHASE, DAYS_AGO[15], size=EU_43), touchpoint(kind, NOW_MS)]
        world = World(nouns=nouns(category=category), touchpoints=signals)
        assert points(world)["due_again"] == 1_000
        assert candidates(world.build())["offer-1"].reason_kind is reason


def test_affinity() -> None:
    """200 for a like, 300 for a survey's "interested", halved every 3 days; a purchase does not end them."""
    like = touchpoint(K.SOCIAL_LIKE, NOW_MS)
    survey = touchpoint(K.SURVEY_ANSWER, DAYS_AGO[3], is_interested=True)
    bought = touchpoint(K.PURCHASE, NOW_MS - 2 * HOUR_MS)
    search = touchpoint(size=EU_43)
    assert points(World(touchpoints=[search, like]))["affinity"] == 200
    assert points(World(touchpoints=[search, like, survey, bought]))["affinity"] == 200 + 150
    no = touchpoint(K.SURVEY_ANSWER, DAYS_AGO[3], is_interested=False)
    assert "affinity" not in points(World(touchpoints=[search, no]))


@pytest.mark.parametrize(("amount", "expected"), [(8_000, 200), (8_001, 190), (9_900, 10), (9_901, 0), (0, 1_000)])
def test_price_cut_by_whole_percent(amount: int, expected: int) -> None:
    world = World(
        nouns=nouns(offer=offer(minimum_price_cut_percent=0)),
        prices=[price(10_000, DAYS_AGO[60]), price(amount, DAYS_AGO[3])],
    )
    assert points(world).get("price_cut", 0) == expected


@pytest.mark.parametrize(
    ("north_m", "expected"), [(1.9, 100), (2.1, 99), (50.0, 75), (100.1, 50), (198.1, 1), (230.0, 0)]
)
def test_distance_to_the_store(north_m: float, expected: int) -> None:
    """One point less per 2 m from the store's own point, wherever its fence is."""
    world = World(nouns=nouns(store=store(north_m=north_m)))
    assert points(world).get("distance", 0) == expected


@pytest.mark.parametrize(("count", "expected"), [(2, 5), (10, 45), (11, 50), (500, 50)])
def test_stock_beyond_the_safety_stock(count: int, expected: int) -> None:
    assert points(World(stock=stock(count)))["stock"] == expected


def test_untracked_goods_have_no_points_for_stock() -> None:
    world = World(nouns=nouns(product=product(sizes=(), stock_tracked=False)), stock=())
    assert "stock" not in points(world)


def test_loyalty() -> None:
    for tier, expected in ((1, 20), (9, 180)):
        told = Touchpoint("ann", K.LOYALTY_UPDATE, NOW_MS - HOUR_MS, tier=tier)
        assert points(World(touchpoints=[touchpoint(size=EU_43), told]))["loyalty"] == expected


def test_minutes_to_closing() -> None:
    for closing, expected in (("10:10", 10), ("10:59", 59), ("11:00", 60), ("23:00", 60)):
        assert points(World(nouns=nouns(store=store(hours=f"09:00-{closing}"))))["closing"] == expected


def test_dwell() -> None:
    """50 once she has dwelt; explain speaks of the first fix of a visit, where such an offer still waits."""
    engine = World(nouns=nouns(offer=offer(trigger=OfferTrigger.DWELL))).build()
    told = candidates(engine)["offer-1"]
    assert (told.verdict, told.detail) == (V.OFFER_INACTIVE, "waits for DWELL")
    assert judged(engine) is V.OFFER_INACTIVE
    (decision,) = engine.commit(engine.step(ping(NOW_MS + MINUTE_MS)))
    assert dict(zip(FACTORS, decision.points, strict=True))["dwell"] == 50


# -- 18 BELOW_RELEVANCE ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("floor", "expected"), [(1_370, V.OFFERED), (1_371, V.BELOW_RELEVANCE)])
@pytest.mark.parametrize("owner", ["policy", "campaign"])
def test_the_greater_floor_holds(floor: int, expected: OfferVerdict, owner: str) -> None:
    """990 + 200 + 100 + 20 + 60 = 1,370 is not under 1,370."""
    meant = campaign(score_floor=floor if owner == "campaign" else 1)
    policy = Policy(score_floor=floor if owner == "policy" else 1)
    world = World(nouns=nouns(meant, offer=offer(campaign_id="campaign-1")), policy=policy)
    told = candidates(world.build())["offer-1"]
    assert (told.verdict, told.score) == (expected, 1_370), "the points are told either way"
    assert judged(world.build()) is expected


# -- 19 OUTRANKED ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("second_id", "amount", "winner"),
    [
        ("offer-0", 9_000, "offer-1"),
        ("offer-2", 7_000, "offer-2"),
        ("offer-0", 8_000, "offer-0"),  # equal: the lower id
        ("offer-2", 8_000, "offer-1"),
    ],
)
def test_the_better_score_wins_then_the_lower_id(second_id: str, amount: int, winner: str) -> None:
    """Section 5: at most one offer per try, by total order; explain names who won."""
    engine = two_offers(second_id, amount)
    told = candidates(engine)
    (loser,) = set(told) - {winner}
    assert (told[winner].verdict, told[loser].verdict) == (V.OFFERED, V.OUTRANKED)
    assert told[loser].detail == f"score {told[loser].score} is behind {winner} with {told[winner].score}"
    (decision,) = engine.commit(engine.step(ping()))
    assert decision.offer.offer_id == winner


# -- 20 HELD_OUT -----------------------------------------------------------------------------------------------


def held_out(per_10000: int, **changes: object) -> World:
    world = always(CapRule(CapScope.PERSON, 1), offer=offer(campaign_id="campaign-1"))
    meant = campaign(held_out_per_10000=per_10000, **changes)
    return replace(world, nouns=[meant, *world.nouns])


def test_held_out_consumes_her_caps_but_no_budget() -> None:
    """D1.20, D6: a shadow offer: nothing is sent, the figures of who is not told stay comparable."""
    engine = held_out(10_000, budget_count=1).build()
    outcome = engine.step(ping())
    assert try_verdicts(outcome) == [V.HELD_OUT]
    assert engine.commit(outcome) == []
    assert contact_count(engine) == 1
    assert engine.campaign_remaining(0, NOW_MS) == 1
    assert engine.statistics.offers == 0
    assert judged(engine, NOW_MS + HOUR_MS) is V.FREQUENCY_CAP


def test_the_control_group_is_sticky_and_of_the_size_asked_for() -> None:
    """D6: the same persons at every try, others in another experiment; 2,000 persons at 30 % give 600 ± 62 (3 σ)."""
    chosen = {}
    for name in ("spring", "summer"):
        world = held_out(3_000)
        meant = campaign(name, held_out_per_10000=3_000)
        world = replace(world, nouns=[meant, *nouns(store=store(hours="24/7"), offer=offer(campaign_id=name))])
        world.customers = [Customer(f"customer-{index}", (index + 1,)) for index in range(2_000)]
        world.touchpoints = [touchpoint(size=EU_43, customer_id=f"customer-{index}") for index in range(2_000)]
        engine = world.build()
        told = [candidates(engine, ping(device=index + 1))["offer-1"].verdict for index in range(50)]
        verdicts = [try_verdicts(engine.step(ping(device=index + 1)))[0] for index in range(2_000)]
        assert set(verdicts) == {V.HELD_OUT, V.OFFERED}
        assert verdicts[:50] == told
        chosen[name] = {index for index, verdict in enumerate(verdicts) if verdict is V.HELD_OUT}
        assert abs(len(chosen[name]) - 600) <= 62
    # independent: 0.3 × 0.3 of 2,000 are in both, 180 ± 39
    assert abs(len(chosen["spring"] & chosen["summer"]) - 180) <= 39


def test_offers_without_a_campaign_have_the_policys_control_group() -> None:
    assert judged(World(policy=Policy(held_out_per_10000=10_000)).build()) is V.HELD_OUT


# -- 21 TOO_LATE -----------------------------------------------------------------------------------------------


def test_a_late_winner_gives_its_caps_and_budget_back() -> None:
    """D1.21, D7: a late offer is a wrong offer; the next visit may have it."""
    engine = held_out(0, budget_count=1).build()
    assert judged(engine, is_late=True) is V.TOO_LATE
    assert contact_count(engine) == 0
    assert engine.campaign_remaining(0, NOW_MS) == 1
    assert judged(engine, NOW_MS + HOUR_MS) is V.OFFERED


def test_late_is_told_before_held_out() -> None:
    """Nothing would have been sent, but nothing was in time, either: no shadow is kept."""
    engine = held_out(10_000).build()
    assert judged(engine, is_late=True) is V.TOO_LATE
    assert contact_count(engine) == 0


def test_a_campaign_without_limits_never_runs_out() -> None:
    engine = held_out(0).build()
    assert judged(engine) is V.OFFERED
    assert engine.campaign_remaining(0, NOW_MS) == NO_LIMIT
