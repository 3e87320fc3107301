"""D1.4–13: each verdict about offer, interest, size, stock and price as worked out by hand (offer_verdict_table.py)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from offer_cases import CATEGORY, candidates, judged, nouns
from offer_verdict_table import CASES, PUSH, WITHDRAWN, in_campaign
from world import ALL_PURPOSES, MINUTE_MS, NOW_MS, STANDING, World, consent, offer, ping, pings, try_verdicts

from geooffer.model.policy import HOUR_MS, Policy
from geooffer.model.verdicts import OfferVerdict, Purpose

V = OfferVerdict


@pytest.mark.parametrize("name", CASES)
def test_the_verdict_is_the_one_worked_out_by_hand(name: str) -> None:
    world, expected = CASES[name]
    assert judged(world.build()) is expected


def test_explain_tells_what_the_matcher_does_not_look_at() -> None:
    """D1: each candidate has a verdict, also one that she is not interested in."""
    engine = CASES["the audience comes before interest"][0].build()
    assert candidates(engine)["offer-1"].verdict is V.AUDIENCE_MISMATCH
    assert judged(engine) is V.NO_INTENT


def test_a_list_opens_and_closes_for_her() -> None:
    """D1.7: on the campaign's uploaded list from when she is put on it until she is taken off."""
    awake = Policy(quiet_start_minute=0, quiet_end_minute=0)
    built = World(nouns=in_campaign(audience_id="audience-1"), policy=awake).build()
    assert judged(built) is V.AUDIENCE_MISMATCH
    built.put_audience_members("audience-1", ["ann"], are_members=True, now_ms=NOW_MS)
    assert judged(built, NOW_MS + HOUR_MS) is V.OFFERED
    built.put_audience_members("audience-1", ["ann"], are_members=False, now_ms=NOW_MS + HOUR_MS)
    assert judged(built, NOW_MS + 2 * HOUR_MS) is V.AUDIENCE_MISMATCH


def test_a_special_category_needs_explicit_consent() -> None:
    """D1.5: here the category became a special one after her search; new searches would not even be kept."""
    special = replace(CATEGORY, is_special=True)
    for purposes, expected in ((WITHDRAWN, V.SPECIAL_CATEGORY), (ALL_PURPOSES, V.OFFERED)):
        engine = World(purposes=purposes).build()
        engine.put_nouns([special], now_ms=NOW_MS)
        engine.publish()
        assert judged(engine) is expected


def test_the_offers_own_purpose_comes_before_the_special_category() -> None:
    engine = World(nouns=nouns(offer=offer(required_purposes=PUSH)), purposes=WITHDRAWN & ~PUSH).build()
    engine.put_nouns([replace(CATEGORY, is_special=True)], now_ms=NOW_MS)
    assert judged(engine) is V.PURPOSE_NOT_CONSENTED


def test_the_special_category_comes_before_an_inactive_offer() -> None:
    engine = World(nouns=nouns(offer=offer(paused=True)), purposes=WITHDRAWN).build()
    engine.put_nouns([replace(CATEGORY, is_special=True)], now_ms=NOW_MS)
    assert judged(engine) is V.SPECIAL_CATEGORY


@pytest.mark.parametrize("purpose", [Purpose.SEARCH_INTENT_USE, Purpose.PERSONALISED_OFFERS])
def test_a_standing_purpose_that_was_never_given_stops_every_offer(purpose: Purpose) -> None:
    """D1.4: all three are needed on a walk; without the first there is not even a try (T6)."""
    engine = World(purposes=STANDING & ~purpose.bit, touchpoints=()).build()
    assert judged(engine) is V.PURPOSE_NOT_CONSENTED
    told = candidates(engine)["offer-1"]
    assert told.detail == f"missing consent: {purpose.name.lower()}"


def test_the_later_grant_of_a_purpose_opens_the_try_of_an_open_visit() -> None:
    """Section 5: tried again on a later inside fix when the person's signals changed; consent is one of them."""
    engine = World(nouns=nouns(offer=offer(required_purposes=PUSH)), purposes=STANDING).build()
    assert try_verdicts(engine.step(pings(ping()))) == [V.PURPOSE_NOT_CONSENTED]
    consent(engine, ALL_PURPOSES, time_ms=NOW_MS + 1)
    assert try_verdicts(engine.step(pings(ping(NOW_MS + MINUTE_MS)))) == [V.OFFERED]
