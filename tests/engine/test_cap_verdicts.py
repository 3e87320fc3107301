"""D1.14–16, D2: repeats, cooldown and cap rules, each moment worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from offer_cases import DAYS_AGO, always, at, candidates, chain_of_shops, judged, nouns, stock, walk_in
from world import (
    EU_43,
    MINUTE_MS,
    NOW_MS,
    World,
    campaign,
    contact_count,
    fence,
    offer,
    ping,
    pings,
    price,
    product,
    store,
    touchpoint,
    try_verdicts,
)

from geooffer.engine.engine import Engine
from geooffer.errors import InvalidArgumentError
from geooffer.model.catalog import Category, Customer, StockFigure
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import CapEvent, CapScope, CapWindow, CapZone, OutcomeKind
from geooffer.model.limits import CONTACTED_COUNT_MAX
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import OfferVerdict, TouchpointKind

V = OfferVerdict
CUSTOMER, STORE, UTC = CapZone.CUSTOMER, CapZone.STORE, CapZone.UTC
DAY, WEEK, MONTH = CapWindow.CALENDAR_DAY, CapWindow.CALENDAR_WEEK, CapWindow.CALENDAR_MONTH


# -- 14 ALREADY_OFFERED, 15 COOLDOWN ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wait_ms", "expected"), [(HOUR_MS, V.ALREADY_OFFERED), (DAY_MS - 1, V.ALREADY_OFFERED), (DAY_MS, V.OFFERED)]
)
def test_already_offered_ends_after_exactly_24_hours(wait_ms: int, expected: OfferVerdict) -> None:
    """D1.14: this offer to this person within 24 h."""
    engine = World(stock=stock(5, as_of_ms=NOW_MS)).build()
    assert judged(engine) is V.OFFERED
    assert judged(engine, NOW_MS + wait_ms) is expected


def test_already_offered_holds_over_devices_and_fences() -> None:
    """D1.14: whatever device, fence or restart."""
    world = World(customers=[Customer("ann", (1, 2))])
    engine = replace(world, nouns=[*world.nouns, fence("fence-2", east_m=200.0)]).build()
    assert judged(engine) is V.OFFERED
    assert judged(engine, NOW_MS + HOUR_MS, device=2) is V.ALREADY_OFFERED
    assert judged(engine, NOW_MS + 2 * HOUR_MS, east_m=200.0) is V.ALREADY_OFFERED


@pytest.mark.parametrize("kind", [OutcomeKind.DISMISSED, OutcomeKind.REDEEMED])
@pytest.mark.parametrize(("ago_ms", "expected"), [(30 * DAY_MS - 1, V.ALREADY_OFFERED), (30 * DAY_MS, V.OFFERED)])
def test_what_she_dismissed_or_redeemed_rests_for_30_days(
    kind: OutcomeKind, ago_ms: int, expected: OfferVerdict
) -> None:
    """D1.14: counted from when she did so, not from the offer."""
    engine = always().build()
    (decision,) = engine.commit(engine.step(ping()))
    ended_ms = NOW_MS + HOUR_MS
    engine.report_outcome(decision.decision_id, kind, time_ms=ended_ms, now_ms=ended_ms)
    assert judged(engine, ended_ms + ago_ms) is expected


def test_what_was_only_displayed_does_not_rest() -> None:
    engine = always().build()
    (decision,) = engine.commit(engine.step(ping()))
    engine.report_outcome(decision.decision_id, OutcomeKind.DISPLAYED, time_ms=NOW_MS + 1, now_ms=NOW_MS + 1)
    assert judged(engine, NOW_MS + HOUR_MS) is V.OFFERED


def test_a_better_placed_second_shop_waits_for_the_cooldown() -> None:
    """D1.15: two fences entered by one fix; the first takes the offer, the second is in her cooldown."""
    shops = [store(), store("store-2"), fence(), fence("fence-2", "store-2", radius_m=60.0)]
    offers = [offer("offer-1", store_ids=("store-1",)), offer("offer-2", store_ids=("store-2",))]
    figures = [*stock(5), *stock(5, store_id="store-2")]
    engine = World(nouns=[*shops, Category("running-shoes"), product(), *offers], stock=figures).build()
    assert try_verdicts(engine.step(pings(ping()))) == [V.OFFERED, V.COOLDOWN]


@pytest.mark.parametrize(("wait_ms", "expected"), [(30 * MINUTE_MS - 1, V.COOLDOWN), (30 * MINUTE_MS, V.OFFERED)])
def test_cooldown_ends_after_exactly_30_minutes(wait_ms: int, expected: OfferVerdict) -> None:
    """D1.15: less than 30 min since her last offer anywhere."""
    engine = chain_of_shops(2).build()
    assert walk_in(engine, 0, NOW_MS) is V.OFFERED
    assert walk_in(engine, 1, NOW_MS + wait_ms) is expected


# -- 16 FREQUENCY_CAP: the defaults ----------------------------------------------------------------------------


def test_three_offers_a_sliding_day() -> None:
    """D2: 3 per sliding day and person; the fourth waits until the first is exactly a day old."""
    engine = chain_of_shops(6).build()
    for shop in range(3):
        assert walk_in(engine, shop, NOW_MS + shop * HOUR_MS) is V.OFFERED
    assert walk_in(engine, 3, NOW_MS + 3 * HOUR_MS) is V.FREQUENCY_CAP
    assert walk_in(engine, 4, NOW_MS + DAY_MS - 1) is V.FREQUENCY_CAP
    assert walk_in(engine, 5, NOW_MS + DAY_MS) is V.OFFERED


def test_eight_offers_a_sliding_week() -> None:
    """D2: 8 per sliding week and person: 3 on the first day, 3 on the second, 2 on the third."""
    engine = chain_of_shops(12).build()
    for shop in range(8):
        assert walk_in(engine, shop, NOW_MS + shop // 3 * DAY_MS + shop % 3 * HOUR_MS) is V.OFFERED
    engine.record_touchpoints([touchpoint(time_ms=NOW_MS + 6 * DAY_MS)], now_ms=NOW_MS + 6 * DAY_MS)
    assert walk_in(engine, 8, NOW_MS + 6 * DAY_MS) is V.FREQUENCY_CAP
    assert walk_in(engine, 9, NOW_MS + 7 * DAY_MS - 1) is V.FREQUENCY_CAP
    assert walk_in(engine, 10, NOW_MS + 7 * DAY_MS) is V.OFFERED


def test_one_offer_a_store_and_day() -> None:
    """D2: 1 per store and day, also for another offer of that store."""
    engine = World(nouns=[*nouns(), product("boot"), offer("offer-2", "boot")], stock=stock(5, as_of_ms=NOW_MS)).build()
    engine.put_prices([price(10_000, DAYS_AGO[60], "boot"), price(5_000, DAYS_AGO[3], "boot")], now_ms=NOW_MS)
    engine.report_stock([StockFigure("store-1", "boot", EU_43, 9, NOW_MS)])
    assert judged(engine) is V.OFFERED
    assert judged(engine, NOW_MS + HOUR_MS) is V.FREQUENCY_CAP
    assert judged(engine, NOW_MS + DAY_MS) is V.OFFERED


# -- 16 FREQUENCY_CAP: scopes, windows, events -----------------------------------------------------------------


@pytest.mark.parametrize("scope", [CapScope.PERSON, CapScope.PERSON_STORE, CapScope.PERSON_CATEGORY])
@pytest.mark.parametrize("window", list(CapWindow))
def test_a_limit_of_zero_silences_everything(scope: CapScope, window: CapWindow) -> None:
    """D2: every rule holds at once."""
    engine = always(CapRule(CapScope.PERSON, 5), CapRule(scope, 0, window)).build()
    assert judged(engine) is V.FREQUENCY_CAP


@pytest.mark.parametrize(
    ("rule", "zone", "first", "still_full", "free"),
    [
        # New York is UTC−4 from 2026-03-08 on: 03:30Z is 23:30 there, the day ends at 04:00Z
        (
            CapRule(CapScope.PERSON, 1, DAY, zone=CUSTOMER),
            "America/New_York",
            "2026-03-10T03:30:00Z",
            "2026-03-10T03:59:59.999Z",
            "2026-03-10T04:00:00Z",
        ),
        # hers is not known: the store's, Berlin, UTC+1: the day ends at 23:00Z
        (
            CapRule(CapScope.PERSON, 1, DAY, zone=CUSTOMER),
            "",
            "2026-03-10T03:30:00Z",
            "2026-03-10T22:59:59.999Z",
            "2026-03-10T23:00:00Z",
        ),
        (
            CapRule(CapScope.PERSON, 1, DAY, zone=STORE),
            "America/New_York",
            "2026-03-09T23:00:00Z",
            "2026-03-10T22:59:59.999Z",
            "2026-03-10T23:00:00Z",
        ),
        (
            CapRule(CapScope.PERSON, 1, DAY, zone=UTC),
            "America/New_York",
            "2026-03-10T00:00:00Z",
            "2026-03-10T23:59:59.999Z",
            "2026-03-11T00:00:00Z",
        ),
        # Berlin's clocks jump forward on 29 March: a day of 23 hours
        (
            CapRule(CapScope.PERSON, 1, DAY, zone=STORE),
            "",
            "2026-03-28T23:00:00Z",
            "2026-03-29T21:59:59.999Z",
            "2026-03-29T22:00:00Z",
        ),
        # and back on 25 October: a day of 25 hours
        (
            CapRule(CapScope.PERSON, 1, DAY, zone=STORE),
            "",
            "2026-10-24T22:00:00Z",
            "2026-10-25T22:59:59.999Z",
            "2026-10-25T23:00:00Z",
        ),
        # ISO weeks begin on Monday: Monday 9 March 00:00 in Berlin is Sunday 23:00Z
        (
            CapRule(CapScope.PERSON, 1, WEEK, zone=STORE),
            "",
            "2026-03-08T23:00:00Z",
            "2026-03-15T22:59:59.999Z",
            "2026-03-15T23:00:00Z",
        ),
        (
            CapRule(CapScope.PERSON, 1, WEEK, zone=UTC),
            "",
            "2026-03-15T23:59:59Z",
            "2026-03-15T23:59:59.999Z",
            "2026-03-16T00:00:00Z",
        ),
        # March ends in Berlin's summer time: 1 April 00:00 is 22:00Z
        (
            CapRule(CapScope.PERSON, 1, MONTH, zone=STORE),
            "",
            "2026-03-03T09:00:00Z",
            "2026-03-31T21:59:59.999Z",
            "2026-03-31T22:00:00Z",
        ),
        # Auckland is UTC+13 until 5 April: 1 April 00:00 is 11:00Z of 31 March
        (
            CapRule(CapScope.PERSON, 1, MONTH, zone=CUSTOMER),
            "Pacific/Auckland",
            "2026-03-03T09:00:00Z",
            "2026-03-31T10:59:59.999Z",
            "2026-03-31T11:00:00Z",
        ),
        (
            CapRule(CapScope.PERSON, 1, MONTH, zone=UTC),
            "",
            "2026-12-31T23:59:59.999Z",
            "2026-12-31T23:59:59.999Z",
            "2027-01-01T00:00:00Z",
        ),
        (
            CapRule(CapScope.PERSON, 1, window_ms=31 * DAY_MS),
            "",
            "2026-03-03T09:00:00Z",
            "2026-04-03T08:59:59.999Z",
            "2026-04-03T09:00:00Z",
        ),
    ],
)
def test_a_window_ends_to_the_millisecond(rule: CapRule, zone: str, first: str, still_full: str, free: str) -> None:
    """D2: sliding and calendar windows, in her zone, the store's or UTC, over changes of clocks."""
    for then, expected in ((still_full, V.FREQUENCY_CAP), (free, V.OFFERED)):
        engine = always(rule, zone=zone).build()
        assert judged(engine, at(first)) is V.OFFERED
        assert judged(engine, at(then), device=2) is expected


@pytest.mark.parametrize(
    ("event", "kind"), [(CapEvent.DELIVERED, OutcomeKind.DELIVERED), (CapEvent.DISPLAYED, OutcomeKind.DISPLAYED)]
)
def test_what_was_delivered_or_displayed_counts_from_then(event: CapEvent, kind: OutcomeKind) -> None:
    """D2: pending counts as happened, from the decision; once known, from the first time reported."""
    rule = CapRule(CapScope.PERSON, 1, event=event)
    seen_ms = NOW_MS + 2 * HOUR_MS
    for is_reported, full_until_ms in ((False, NOW_MS + DAY_MS), (True, seen_ms + DAY_MS)):
        for then_ms, expected in ((full_until_ms - 1, V.FREQUENCY_CAP), (full_until_ms, V.OFFERED)):
            engine = always(rule).build()
            (decision,) = engine.commit(engine.step(ping()))
            for late_ms in (HOUR_MS, 0) if is_reported else ():
                reported_ms = seen_ms + late_ms
                engine.report_outcome(decision.decision_id, kind, time_ms=reported_ms, now_ms=reported_ms)
            assert judged(engine, then_ms) is expected


def test_what_failed_gives_its_caps_back() -> None:
    """D3: the channel reports FAILED."""
    engine = always(CapRule(CapScope.PERSON, 1)).build()
    (decision,) = engine.commit(engine.step(ping()))
    engine.report_outcome(decision.decision_id, OutcomeKind.FAILED, time_ms=NOW_MS, now_ms=NOW_MS)
    assert contact_count(engine) == 0
    assert judged(engine, NOW_MS + HOUR_MS) is V.OFFERED


@pytest.mark.parametrize(("ago_ms", "expected"), [(DAY_MS - 1, V.FREQUENCY_CAP), (DAY_MS, V.OFFERED)])
def test_others_messages_fill_a_rule_of_contacts(ago_ms: int, expected: OfferVerdict) -> None:
    """D2: *contacted* counts newsletters and others' messages, not offers; the other events do not count them."""
    message = Touchpoint("ann", TouchpointKind.CONTACTED, NOW_MS - ago_ms, source="newsletter")
    rules = CapRule(CapScope.PERSON, 1, event=CapEvent.CONTACTED), CapRule(CapScope.PERSON, 2)
    engine = always(*rules).build()
    engine.record_touchpoints([message, message], now_ms=NOW_MS)
    assert judged(engine) is expected
    if expected is V.OFFERED:
        assert judged(engine, NOW_MS + HOUR_MS) is V.OFFERED
        assert judged(engine, NOW_MS + 2 * HOUR_MS) is V.FREQUENCY_CAP


def test_a_message_about_a_category_fills_that_category() -> None:
    about = {"source": "newsletter", "category_id": "running-shoes"}
    engine = always(CapRule(CapScope.PERSON_CATEGORY, 1, event=CapEvent.CONTACTED)).build()
    engine.record_touchpoints([Touchpoint("ann", TouchpointKind.CONTACTED, NOW_MS, **about)], now_ms=NOW_MS)  # type: ignore[arg-type]
    assert judged(engine, NOW_MS) is V.FREQUENCY_CAP


@pytest.mark.parametrize(
    "rule",
    [
        CapRule(CapScope.PERSON_STORE, 1, event=CapEvent.CONTACTED),
        CapRule(CapScope.PERSON_CAMPAIGN, 1, event=CapEvent.CONTACTED),
        CapRule(CapScope.PERSON, CONTACTED_COUNT_MAX + 1, event=CapEvent.CONTACTED),
    ],
)
def test_a_rule_of_messages_that_could_never_fill_is_refused(rule: CapRule) -> None:
    with pytest.raises(InvalidArgumentError):
        always(rule).build()


def two_goods(rule: CapRule) -> Engine:
    """Shoes of campaign-1 and a hat of campaign-2; the hat comes up when the shoes are sold out."""
    campaigns = [campaign("campaign-1"), campaign("campaign-2", cap_rules=(rule,))]
    hat = [Category("hats"), product("hat", "hats", sizes=()), offer("offer-2", "hat", campaign_id="campaign-2")]
    shoe = offer(campaign_id="campaign-1")
    world = always(offer=shoe)
    world.nouns = [*campaigns, *world.nouns, *hat]
    world.prices = [*world.prices, price(10_000, DAYS_AGO[60], "hat"), price(9_000, DAYS_AGO[3], "hat")]
    world.touchpoints = [*world.touchpoints, touchpoint(category_id="hats")]
    engine = world.build()
    engine.report_stock([StockFigure("store-1", "hat", None, 9, NOW_MS)])
    assert judged(engine) is V.OFFERED
    engine.report_stock(stock(0, as_of_ms=NOW_MS + 1))
    return engine


def test_scopes_of_a_campaigns_own_rules() -> None:
    """D2: the shoes do not fill the hat's category or campaign, but they fill the person and the store."""
    for scope, expected in (
        (CapScope.PERSON, V.FREQUENCY_CAP),
        (CapScope.PERSON_STORE, V.FREQUENCY_CAP),
        (CapScope.PERSON_CATEGORY, V.OFFERED),
        (CapScope.PERSON_CAMPAIGN, V.OFFERED),
    ):
        engine = two_goods(CapRule(scope, 1))
        assert judged(engine, NOW_MS + HOUR_MS) is expected
        if expected is V.OFFERED:
            assert judged(engine, NOW_MS + 2 * HOUR_MS) is V.FREQUENCY_CAP


def test_explain_tells_which_rule_is_full() -> None:
    engine = always(CapRule(CapScope.PERSON, 5), CapRule(CapScope.PERSON_STORE, 1, DAY, zone=STORE)).build()
    assert judged(engine) is V.OFFERED
    told = candidates(engine, ping(NOW_MS + HOUR_MS))["offer-1"]
    assert told.verdict is V.FREQUENCY_CAP
    assert (
        told.detail == "1 of 1 decided for her at this store this calendar day in Europe/Berlin, a rule of the policy"
    )
    engine = two_goods(CapRule(CapScope.PERSON, 1, window_ms=7 * DAY_MS))
    assert candidates(engine, ping(NOW_MS + HOUR_MS))["offer-2"].detail == (
        "1 of 1 decided for her within 168 h, a rule of campaign campaign-2"
    )
