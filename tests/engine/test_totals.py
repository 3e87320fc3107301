"""D10: what campaigns spent over all persons, against a plain list; and that kernels hear of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from world import EU_43, NOW_MS, World, campaign, offer, ping, touchpoint, try_verdicts

from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.engine.totals import CampaignTotals, total_rules, window_start_ms
from geooffer.journal.memory import MemoryJournal
from geooffer.model.catalog import Campaign, Customer, Offer, StockFigure
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import CapScope, CapWindow, CapZone, OutcomeKind
from geooffer.model.limits import CAP_WINDOW_MAX_MS
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.tables import NEVER_MS, NO_LIMIT
from geooffer.model.units import parse_time_ms
from geooffer.model.verdicts import OfferVerdict

V = OfferVerdict


def total(limit: int, window: CapWindow = CapWindow.SLIDING, window_ms: int = DAY_MS) -> CapRule:
    return CapRule(CapScope.CAMPAIGN_TOTAL, limit, window, window_ms, CapZone.UTC)


CALENDAR = [CapWindow.CALENDAR_DAY, CapWindow.CALENDAR_WEEK, CapWindow.CALENDAR_MONTH]


@pytest.mark.parametrize(
    ("now", "starts"),
    [
        # a Wednesday in the middle, the first moment of a Monday that is a 1st, the last one before it, a leap day
        ("2026-03-11T13:00:00Z", ("2026-03-11", "2026-03-09", "2026-03-01")),
        ("2026-06-01T00:00:00Z", ("2026-06-01", "2026-06-01", "2026-06-01")),
        ("2026-05-31T23:59:59.999Z", ("2026-05-31", "2026-05-25", "2026-05-01")),
        ("2028-02-29T06:00:00Z", ("2028-02-29", "2028-02-28", "2028-02-01")),
        ("2027-01-01T00:00:00Z", ("2027-01-01", "2026-12-28", "2027-01-01")),
    ],
)
def test_calendar_windows_of_totals_follow_utc(now: str, starts: tuple[str, ...]) -> None:
    for window, start in zip(CALENDAR, starts, strict=True):
        assert window_start_ms(total(1, window), parse_time_ms(now)) == parse_time_ms(f"{start}T00:00:00Z")


@pytest.mark.parametrize("window", CapWindow)
def test_before_any_time_is_known_everything_counts(window: CapWindow) -> None:
    """A start with a campaign that has a calendar total must not fail for want of a date."""
    totals = CampaignTotals()
    totals.add(0, NOW_MS)
    assert totals.remaining(0, campaign(), [total(3, window)], NEVER_MS) == 2
    world = World(cap_rules=(total(3, window),))
    world.nouns = [*world.nouns[:-1], campaign(), offer(campaign_id="campaign-1")]
    journal = MemoryJournal()
    assert len(world.build(journal).commit(world.build().step(ping(device=9)))) == 0
    again = Engine(journal=journal, clock=EngineClock("system"), cap_rules=world.cap_rules)
    assert again.campaign_remaining(0, NEVER_MS) == 3


CHANGE = st.tuples(st.integers(0, 2), st.integers(0, 70 * 24).map(lambda hour: NOW_MS + hour * HOUR_MS), st.booleans())
RULE = st.builds(
    total, st.integers(0, 6), st.sampled_from(CapWindow), st.sampled_from([1, HOUR_MS, DAY_MS, CAP_WINDOW_MAX_MS])
)


@given(st.lists(CHANGE, max_size=40), st.integers(0, 8), st.lists(RULE, max_size=3))
def test_what_is_left_is_that_of_the_list(
    changes: list[tuple[int, int, bool]], budget: int, rules: list[CapRule]
) -> None:
    """Offers are decided in the order of time, and some come back."""
    totals = CampaignTotals()
    spent: dict[int, list[int]] = {0: [], 1: [], 2: []}
    now_ms = NOW_MS
    for number, time_ms, comes_back in sorted(changes, key=lambda change: change[1]):
        if comes_back and spent[number]:
            totals.remove(number, spent[number].pop())
        else:
            totals.add(number, time_ms)
            spent[number].append(time_ms)
        now_ms = time_ms
    for number, times in spent.items():
        expected = [budget - len(times)] if budget else [NO_LIMIT]
        for rule in rules:
            used = sum(_is_within(rule, time_ms, now_ms) for time_ms in times)
            expected.append(rule.limit_count - used)
        assert totals.count(number) == len(times)
        assert totals.remaining(number, Campaign("c", budget_count=budget), rules, now_ms) == min(expected)


def _is_within(rule: CapRule, time_ms: int, now_ms: int) -> bool:
    if rule.window is CapWindow.SLIDING:
        return now_ms - time_ms < rule.window_ms
    now, then = (datetime.fromtimestamp(value / 1000, UTC).date() for value in (now_ms, time_ms))
    if rule.window is CapWindow.CALENDAR_WEEK:
        return then.isocalendar()[:2] == now.isocalendar()[:2]
    return then == now if rule.window is CapWindow.CALENDAR_DAY else (then.year, then.month) == (now.year, now.month)


def test_the_rules_of_a_total_are_the_policys_and_the_campaigns() -> None:
    own, shared, other = total(1), total(2), CapRule(CapScope.PERSON, 1)
    assert total_rules(campaign(cap_rules=(other, own)), [shared, other]) == [shared, own]


def two_customers(**changes: object) -> Engine:
    world = World(
        customers=[Customer("ann", (1,)), Customer("bob", (2,))],
        touchpoints=[touchpoint(customer_id=name, size=EU_43) for name in ("ann", "bob")],
    )
    nouns = [noun for noun in world.nouns if not isinstance(noun, Offer)]
    world.nouns = [*nouns, campaign(**changes), offer(campaign_id="campaign-1")]
    return world.build()


def test_what_comes_back_and_what_counts_after_all_is_known_at_the_next_ping() -> None:
    engine = two_customers(budget_count=1)
    (decision,) = engine.commit(engine.step(ping()))
    told = []
    for minute, kind in enumerate((None, OutcomeKind.FAILED, OutcomeKind.DELIVERED)):
        if kind is not None:
            engine.report_outcome(decision.decision_id, kind, time_ms=NOW_MS, now_ms=NOW_MS)
        told.append(engine.state.live.remaining(0))
        if kind is not OutcomeKind.FAILED:
            assert try_verdicts(engine.step(ping(NOW_MS + minute * HOUR_MS, device=2))) == [V.BUDGET_SPENT]
    assert told == [0, 1, 0]


def test_a_window_that_opens_again_is_noticed_by_itself() -> None:
    engine = two_customers(cap_rules=(total(1, CapWindow.CALENDAR_DAY),))
    assert len(engine.commit(engine.step(ping()))) == 1
    midnight = datetime.fromtimestamp(NOW_MS / 1000, UTC).replace(hour=0, minute=0) + timedelta(days=1)
    midnight_ms = int(midnight.timestamp()) * 1000
    assert engine.campaign_remaining(0, midnight_ms - 1) == 0
    assert engine.campaign_remaining(0, midnight_ms) == 1
    morning_ms = midnight_ms + 9 * HOUR_MS
    engine.report_stock([StockFigure("store-1", "shoe", EU_43, 5, morning_ms)])
    assert try_verdicts(engine.step(ping(morning_ms, device=2))) == [V.OFFERED]
