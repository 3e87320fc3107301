"""D1.17, D10: totals of campaigns, judged early by the matcher and in the end by the committer."""

from __future__ import annotations

import pytest
from offer_cases import DAYS_AGO, always, at, candidates, judged
from world import (
    EU_43,
    MINUTE_MS,
    NOW_MS,
    World,
    campaign,
    contact_count,
    offer,
    ping,
    pings,
    price,
    product,
    touchpoint,
    try_verdicts,
)

from geooffer.model.catalog import Customer
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import CapScope, CapWindow, CapZone
from geooffer.model.policy import HOUR_MS
from geooffer.model.verdicts import OfferVerdict

V = OfferVerdict
UTC = CapZone.UTC
DAY, WEEK, MONTH = CapWindow.CALENDAR_DAY, CapWindow.CALENDAR_WEEK, CapWindow.CALENDAR_MONTH


def two_people(**limits: object) -> World:
    """Ann and bob, both interested; the offer's campaign has limits over all persons."""
    world = always(offer=offer(campaign_id="campaign-1"))
    world.nouns = [campaign(**limits), *world.nouns]  # type: ignore[arg-type]
    world.customers = [Customer("ann", (1,)), Customer("bob", (5,))]
    world.touchpoints = [touchpoint(size=EU_43, customer_id=name) for name in ("ann", "bob")]
    return world


def test_the_budget_of_a_campaign_is_spent_for_everybody() -> None:
    engine = two_people(budget_count=1).build()
    assert judged(engine) is V.OFFERED
    assert judged(engine, NOW_MS + MINUTE_MS, device=5) is V.BUDGET_SPENT
    assert candidates(engine, ping(NOW_MS, device=5))["offer-1"].detail == "campaign campaign-1 has nothing left"


@pytest.mark.parametrize(
    ("rule", "still_full", "free"),
    [
        (CapRule(CapScope.CAMPAIGN_TOTAL, 1), "2026-03-04T08:59:59.999Z", "2026-03-04T09:00:00Z"),
        (CapRule(CapScope.CAMPAIGN_TOTAL, 1, DAY, zone=UTC), "2026-03-03T23:59:59.999Z", "2026-03-04T00:00:00Z"),
        (CapRule(CapScope.CAMPAIGN_TOTAL, 1, WEEK, zone=UTC), "2026-03-08T23:59:59.999Z", "2026-03-09T00:00:00Z"),
        (CapRule(CapScope.CAMPAIGN_TOTAL, 1, MONTH, zone=UTC), "2026-03-31T23:59:59.999Z", "2026-04-01T00:00:00Z"),
    ],
)
@pytest.mark.parametrize("owner", ["policy", "campaign"])
def test_a_total_in_a_window_comes_back(rule: CapRule, still_full: str, free: str, owner: str) -> None:
    """D2: scope campaign total, sliding or by the calendar of UTC; from the policy it holds for every campaign."""
    world = two_people(cap_rules=(rule,) if owner == "campaign" else ())
    world.cap_rules = (rule,) if owner == "policy" else ()
    for then, expected in ((still_full, V.BUDGET_SPENT), (free, V.OFFERED)):
        engine = world.build()
        assert judged(engine) is V.OFFERED
        assert judged(engine, at(then), device=5) is expected


def test_the_committer_refuses_the_second_of_one_batch() -> None:
    """D10: kernels read a slightly old figure; refused, his caps come back, and there is no second-best."""
    world = two_people(budget_count=1)
    second = [product("boot", sizes=(), stock_tracked=False), offer("offer-2", "boot", minimum_price_cut_percent=0)]
    world.nouns = [*world.nouns, *second]
    world.prices = [*world.prices, price(9_900, DAYS_AGO[60], "boot"), price(9_800, DAYS_AGO[3], "boot")]
    engine = world.build()
    outcome = engine.step(pings(ping(device=1), ping(device=5)))
    assert try_verdicts(outcome) == [V.OFFERED, V.OFFERED]
    (decision,) = engine.commit(outcome)
    assert (decision.row, decision.offer.offer_id) == (0, "offer-1")
    assert try_verdicts(outcome) == [V.OFFERED, V.BUDGET_SPENT]
    assert contact_count(engine, "ann") == 1
    assert contact_count(engine, "bob") == 0
    assert engine.statistics.offer_verdicts[V.BUDGET_SPENT] == 1
    # at the next look the spent campaign is known, and the other offer has its turn
    assert judged(engine, NOW_MS + HOUR_MS, device=5) is V.OFFERED


def test_a_released_offer_gives_the_budget_back() -> None:
    engine = two_people(budget_count=1).build()
    (decision,) = engine.commit(engine.step(ping()))
    assert judged(engine, device=5) is V.BUDGET_SPENT
    engine.release(decision)
    assert judged(engine, NOW_MS + HOUR_MS, device=5) is V.OFFERED


def test_spent_comes_after_every_rule_about_her() -> None:
    world = two_people(budget_count=1)
    world.cap_rules = (CapRule(CapScope.PERSON, 1),)
    engine = world.build()
    assert judged(engine) is V.OFFERED
    assert judged(engine, NOW_MS + HOUR_MS) is V.FREQUENCY_CAP
    assert judged(engine, NOW_MS + HOUR_MS, device=5) is V.BUDGET_SPENT
