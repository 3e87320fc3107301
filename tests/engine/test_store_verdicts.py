"""D1.1–3, H1–H3: closed, paused, about to close; driving past; quiet hours. Every moment worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from offer_cases import ALWAYS, always, at, candidates, explained, judged, nouns
from world import MINUTE_MS, NOW_MS, SECOND_MS, STANDING, World, campaign, offer, ping, store, try_verdicts

from geooffer.engine.explain_store import Opening
from geooffer.model.catalog import Customer
from geooffer.model.kinds import SwitchKind
from geooffer.model.policy import HOUR_MS, Policy
from geooffer.model.verdicts import OfferVerdict

V = OfferVerdict
CLOSED, PAUSED = SwitchKind.CLOSED, SwitchKind.OFFERS_PAUSED

# -- 1 STORE_CLOSED --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(SwitchKind))
@pytest.mark.parametrize(
    ("from_ms", "until_ms", "expected"),
    [
        (NOW_MS, None, V.STORE_CLOSED),
        (NOW_MS + 1, None, V.OFFERED),
        (NOW_MS - HOUR_MS, NOW_MS, V.OFFERED),
        (NOW_MS - HOUR_MS, NOW_MS + 1, V.STORE_CLOSED),
    ],
)
def test_a_switch_holds_from_and_until_to_the_millisecond(
    kind: SwitchKind, from_ms: int, until_ms: int | None, expected: OfferVerdict
) -> None:
    """H2: closures and pauses win over opening hours at once, in [from, until)."""
    engine = World().build()
    engine.switch_stores(["store-1"], kind, from_ms=from_ms, until_ms=until_ms, reason="", now_ms=NOW_MS - HOUR_MS)
    assert judged(engine) is expected


def test_a_restored_store_gives_offers_again() -> None:
    engine = World().build()
    for kind in SwitchKind:
        engine.switch_stores(["store-1"], kind, from_ms=NOW_MS, until_ms=None, reason="", now_ms=NOW_MS)
    assert judged(engine) is V.STORE_CLOSED
    engine.restore_stores(["store-1"], CLOSED, now_ms=NOW_MS + MINUTE_MS)
    assert judged(engine, NOW_MS + HOUR_MS) is V.STORE_CLOSED
    engine.restore_stores(["store-1"], PAUSED, now_ms=NOW_MS + HOUR_MS)
    assert judged(engine, NOW_MS + 2 * HOUR_MS) is V.OFFERED


def test_explain_lists_what_is_in_force_and_to_come() -> None:
    engine = World().build()
    engine.switch_stores(["store-1"], PAUSED, from_ms=NOW_MS, until_ms=None, reason="too full", now_ms=NOW_MS)
    noon_ms = NOW_MS + 2 * HOUR_MS
    engine.switch_stores(["store-1"], CLOSED, from_ms=noon_ms, until_ms=noon_ms + HOUR_MS, reason="", now_ms=NOW_MS)
    state = explained(engine, ping()).fences[0].store
    assert state is not None
    assert (state.opening, state.detail) == (Opening.CLOSED, "offers paused until it is restored: too full")
    assert [(item.kind, item.from_ms) for item in state.switches] == [(PAUSED, NOW_MS), (CLOSED, noon_ms)]
    state = explained(engine, ping(noon_ms)).fences[0].store
    assert state is not None
    assert state.detail == "closed until 2026-03-03 13:00", "a closure goes before a pause"


@pytest.mark.parametrize(
    ("hours", "opening", "detail"),
    [
        ("08:00-20:00", Opening.OPEN, "open until 2026-03-03 20:00"),
        ("Tu 09:00-10:05", Opening.CLOSED, "closes at 2026-03-03 10:05, in less than 10 min"),
        ("We 08:00-20:00", Opening.CLOSED, "closed until 2026-03-04 08:00 by its hours"),
        ("", Opening.UNKNOWN, "opening hours unknown"),
    ],
)
def test_explain_tells_the_hours(hours: str, opening: Opening, detail: str) -> None:
    state = explained(World(nouns=nouns(store=store(hours=hours))).build(), ping()).fences[0].store
    assert state is not None
    assert (state.opening, state.detail) == (opening, detail)


@pytest.mark.parametrize(("treats_as_open", "expected"), [(False, V.STORE_CLOSED), (True, V.OFFERED)])
def test_the_campaign_decides_about_unknown_hours(treats_as_open: bool, expected: OfferVerdict) -> None:
    """H1: unknown is not closed; without a campaign it is treated as closed."""
    meant = campaign(is_open_when_hours_unknown=treats_as_open)
    changed = nouns(meant, store=store(hours=""), offer=offer(campaign_id="campaign-1"))
    assert judged(World(nouns=changed).build()) is expected


# -- 2 TOO_FAST ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("speed_m_per_s", "expected"), [(0, V.OFFERED), (8, V.OFFERED), (8.01, V.TOO_FAST)])
def test_the_reported_speed_may_be_exactly_8_metres_a_second(speed_m_per_s: float, expected: OfferVerdict) -> None:
    """D1.2: over 8 m/s she drives past."""
    assert judged(World().build(), speed_m_per_s=speed_m_per_s) is expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    # 1,000 m north, both fixes accurate to 10 m: 980 m for certain; at 8 m/s that takes 122.5 s
    [(122, V.TOO_FAST), (123, V.OFFERED)],
)
def test_without_a_reported_speed_the_way_from_the_last_fix_counts(seconds: int, expected: OfferVerdict) -> None:
    engine = World().build()
    engine.step(ping(north_m=1_000.0))
    assert judged(engine, NOW_MS + seconds * SECOND_MS) is expected


@pytest.mark.parametrize(("accuracy_m", "expected"), [(20.0, V.TOO_FAST), (80.0, V.OFFERED)])
def test_doubt_about_the_places_says_slow(accuracy_m: float, expected: OfferVerdict) -> None:
    """Both accuracies are subtracted. 300 m in 22 s: at least 230 m, 10.5 m/s; or perhaps only 170 m, 7.7 m/s."""
    engine = World().build()
    engine.step(ping(north_m=300.0, accuracy_m=accuracy_m))
    assert judged(engine, NOW_MS + 22 * SECOND_MS, accuracy_m=50.0) is expected


def test_the_reported_speed_goes_before_the_way() -> None:
    engine = World().build()
    engine.step(ping(north_m=500.0))
    assert judged(engine, NOW_MS + 10 * SECOND_MS, speed_m_per_s=1.4) is V.OFFERED


def test_closed_comes_before_fast_and_fast_before_quiet() -> None:
    fast = {"speed_m_per_s": 30.0}
    assert judged(World(nouns=nouns(store=store(hours="off"))).build(), **fast) is V.STORE_CLOSED
    night = Policy(quiet_start_minute=600, quiet_end_minute=660)
    assert judged(World(policy=night).build(), **fast) is V.TOO_FAST
    assert judged(World(policy=night, purposes=STANDING & ~8, touchpoints=()).build()) is V.QUIET_HOURS


# -- 3 QUIET_HOURS ---------------------------------------------------------------------------------------------

NIGHT = ALWAYS._replace(quiet_start_minute=21 * 60, quiet_end_minute=8 * 60)
LUNCH = ALWAYS._replace(quiet_start_minute=12 * 60, quiet_end_minute=13 * 60 + 30)
MONDAYS = 1  # bit 0 of the mask


@pytest.mark.parametrize(
    ("policy", "zone", "moment", "expected"),
    [
        # Berlin is UTC+1 in winter, UTC+2 in summer
        (NIGHT, "", "2026-03-03T19:59:59.999Z", V.OFFERED),
        (NIGHT, "", "2026-03-03T20:00:00Z", V.QUIET_HOURS),  # 21:00:00
        (NIGHT, "", "2026-03-04T06:59:59.999Z", V.QUIET_HOURS),
        (NIGHT, "", "2026-03-04T07:00:00Z", V.OFFERED),  # 08:00:00
        (NIGHT, "", "2026-07-01T18:59:59.999Z", V.OFFERED),
        (NIGHT, "", "2026-07-01T19:00:00Z", V.QUIET_HOURS),
        # the clock jumps on 29 March: 08:00 is 06:00Z from that morning on, 07:00Z the morning before
        (NIGHT, "", "2026-03-28T06:59:59.999Z", V.QUIET_HOURS),
        (NIGHT, "", "2026-03-29T05:59:59.999Z", V.QUIET_HOURS),
        (NIGHT, "", "2026-03-29T06:00:00Z", V.OFFERED),
        # hers, where it is known: 10:00 in Berlin is 04:00 in New York, and 22:00 in Auckland
        (NIGHT, "America/New_York", "2026-03-03T09:00:00Z", V.QUIET_HOURS),
        (NIGHT, "Pacific/Auckland", "2026-03-03T09:00:00Z", V.QUIET_HOURS),
        (NIGHT, "Pacific/Auckland", "2026-03-03T20:00:00Z", V.OFFERED),  # 09:00 there
        # a window within a day
        (LUNCH, "", "2026-03-03T10:59:59.999Z", V.OFFERED),
        (LUNCH, "", "2026-03-03T11:00:00Z", V.QUIET_HOURS),
        (LUNCH, "", "2026-03-03T12:29:59.999Z", V.QUIET_HOURS),
        (LUNCH, "", "2026-03-03T12:30:00Z", V.OFFERED),
        # a window over midnight belongs to the day it starts: Monday is 2 March
        (NIGHT._replace(quiet_days_mask=MONDAYS), "", "2026-03-02T06:00:00Z", V.OFFERED),  # Monday 07:00: Sunday's
        (NIGHT._replace(quiet_days_mask=MONDAYS), "", "2026-03-02T20:00:00Z", V.QUIET_HOURS),  # Monday 21:00
        (NIGHT._replace(quiet_days_mask=MONDAYS), "", "2026-03-03T06:59:00Z", V.QUIET_HOURS),  # Tuesday 07:59
        (NIGHT._replace(quiet_days_mask=MONDAYS), "", "2026-03-03T20:00:00Z", V.OFFERED),  # Tuesday 21:00
        (NIGHT._replace(quiet_days_mask=127 & ~MONDAYS), "", "2026-03-03T06:59:00Z", V.OFFERED),
        (LUNCH._replace(quiet_days_mask=MONDAYS), "", "2026-03-02T11:00:00Z", V.QUIET_HOURS),
        (LUNCH._replace(quiet_days_mask=MONDAYS), "", "2026-03-03T11:00:00Z", V.OFFERED),
        # start = end: no quiet hours
        (NIGHT._replace(quiet_end_minute=21 * 60), "", "2026-03-03T20:00:00Z", V.OFFERED),
    ],
)
def test_quiet_hours(policy: Policy, zone: str, moment: str, expected: OfferVerdict) -> None:
    """H3: 21:00–08:00 in the customer's zone, else the store's."""
    world = replace(always(), policy=policy, customers=[Customer("ann", (1,), "en", zone)])
    assert judged(world.build(), at(moment)) is expected


def test_explain_tells_whose_night_it_is() -> None:
    world = replace(always(), policy=NIGHT, customers=[Customer("ann", (1,), "en", "America/New_York")])
    detail = candidates(world.build())["offer-1"].detail
    assert detail == "04:00 in America/New_York lies within the quiet hours 21:00–08:00 that began on Monday"


def test_what_is_discarded_at_night_is_not_sent_in_the_morning() -> None:
    """H3: discarded, never sent later: the visit goes on, and its try has been."""
    engine = replace(always(), policy=NIGHT).build()
    morning_ms = at("2026-03-04T07:00:00Z")
    assert judged(engine, morning_ms - MINUTE_MS) is V.QUIET_HOURS
    assert try_verdicts(engine.step(ping(morning_ms + MINUTE_MS))) == []
