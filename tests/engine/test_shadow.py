"""A4: a candidate tried beside the live policy changes no byte of the state and compares what it says it compares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from random_market import random_market
from test_batches import random_pings
from world import ALL_PURPOSES, NOW_MS, World, campaign, offer, ping

from geooffer.engine.parts import PARTITIONS
from geooffer.engine.shadow import Shadow
from geooffer.engine.shadow_counts import FEW_PERSON_COUNT, Counts
from geooffer.engine.state import digest
from geooffer.model.consent import Notice
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import CapScope
from geooffer.model.policy import DAY_MS
from geooffer.model.policy_document import PolicyDocument
from geooffer.model.verdicts import OfferVerdict, Purpose

V = OfferVerdict


def candidate(engine, **numbers: int) -> PolicyDocument:
    held = engine.policy_document
    return replace(held, numbers=held.numbers._replace(**numbers))


def soft_state(engine) -> list[bytes]:
    view = engine.state.people.view
    soft = (view.devices, view.persons, view.presences, view.contacts, view.free)
    return [array.tobytes() for array in (*soft, engine.state.live.view.campaign_remaining)]


@pytest.mark.parametrize("seed", [1, 4, 9])
def test_deciding_by_a_candidate_leaves_no_trace(seed: int) -> None:
    market = random_market(seed)
    engine, pings = market.engine, random_pings(seed, market, 200)
    looser = candidate(engine, cooldown_ms=0, score_floor=0, same_offer_after_ms=0, exit_fix_count=1)
    total, notices = CapRule(CapScope.CAMPAIGN_TOTAL, 0), ((Purpose.PERSONALISED_OFFERS, "unknown"),)
    shadow = Shadow(replace(looser, cap_rules=(total,), minimum_notices=notices if seed == 9 else ()), 1)
    tries = 0
    for start in range(0, 200, 20):
        batch = pings[start : start + 20]
        engine.state.people.make_room(5_000, 5_000)
        held = soft_state(engine), [digest(engine.state, partition) for partition in PARTITIONS]
        tried = shadow.before(engine, batch)
        assert tried is not None
        tries += len(tried.outcome.tries)
        assert (soft_state(engine), [digest(engine.state, partition) for partition in PARTITIONS]) == held
        engine.commit(engine.step(batch))
    assert tries, "or little would be proven"


@pytest.mark.parametrize("seed", [2, 5])
def test_a_shadow_changes_no_decision(seed: int) -> None:
    told = []
    for is_on in (False, True):
        market = random_market(seed)
        if is_on:
            market.engine.shadow = Shadow(candidate(market.engine, score_floor=100_000), 1)
        pings = random_pings(seed, market, 300)
        for start in range(0, 300, 30):
            market.engine.commit(market.engine.step(pings[start : start + 30]))
        told.append([digest(market.engine.state, partition) for partition in PARTITIONS])
    assert told[0] == told[1]


def test_the_same_policy_shifts_nothing() -> None:
    market = random_market(3)
    shadow = market.engine.shadow = Shadow(market.engine.policy_document, 1)
    pings = random_pings(3, market, 300)
    for start in range(0, 300, 30):
        market.engine.commit(market.engine.step(pings[start : start + 30]))
    assert shadow.counts.pings
    assert (shadow.counts.gained, shadow.counts.lost, shadow.counts.shifts) == (0, 0, {})


def test_what_is_lost_is_counted_and_told_only_of_many() -> None:
    engine = World().build()
    no_caps = replace(engine.policy_document, cap_rules=(CapRule(CapScope.PERSON, 0),))
    shadow = engine.shadow = Shadow(no_caps, 1)
    engine.commit(engine.step(ping(NOW_MS)))
    counts = shadow.counts
    assert (counts.offers, counts.candidate_offers, counts.lost, counts.gained) == (1, 0, 1, 0)
    assert counts.shifts == {(OfferVerdict.OFFERED, OfferVerdict.FREQUENCY_CAP): 1}
    assert counts.told("lost", counts.lost) == -1
    assert counts.told("gained", counts.gained) == 0
    for slot in range(FEW_PERSON_COUNT):
        counts.note("lost", slot)
    assert counts.told("lost", 7) == 7


def look(candidate_of: Callable[[PolicyDocument], PolicyDocument], world: World | None = None) -> Counts:
    """One ping that makes an offer, and what a candidate makes of it."""
    engine = (world or World()).build()
    for name, days in (("old", 9), ("1", 5), ("new", 1)):
        notice = Notice(name, NOW_MS - days * DAY_MS, ALL_PURPOSES, (("en", "00" * 32),), "Shop")
        engine.register_notices([notice], now_ms=NOW_MS)
    shadow = engine.shadow = Shadow(candidate_of(engine.policy_document), 1)
    assert engine.commit(engine.step(ping(NOW_MS)))
    return shadow.counts


def test_who_would_be_held_out_loses_her_offer() -> None:
    counts = look(lambda held: replace(held, numbers=held.numbers._replace(held_out_per_10000=10_000)))
    assert (counts.offers, counts.candidate_offers, counts.lost) == (1, 0, 1)
    assert counts.shifts == {(OfferVerdict.OFFERED, OfferVerdict.HELD_OUT): 1}


def test_totals_of_campaigns_in_the_policys_caps_are_tried() -> None:
    world = World()
    world.nouns = [*world.nouns[:-1], campaign(), offer(campaign_id="campaign-1")]
    total = CapRule(CapScope.CAMPAIGN_TOTAL, 0)
    counts = look(lambda held: replace(held, cap_rules=(*held.cap_rules, total)), world)
    assert counts.shifts == {(OfferVerdict.OFFERED, OfferVerdict.BUDGET_SPENT): 1}
    total = replace(total, limit_count=1)
    assert look(lambda held: replace(held, cap_rules=(*held.cap_rules, total)), world).shifts == {}


@pytest.mark.parametrize(("notice", "lost"), [("old", 0), ("1", 0), ("new", 1), ("never registered", 1)])
def test_minimum_notices_are_tried(notice: str, lost: int) -> None:
    """Her consent is by notice "1"."""
    counts = look(lambda held: replace(held, minimum_notices=((Purpose.SEARCH_INTENT_USE, notice),)))
    assert (counts.offers, counts.lost) == (1, lost)


def test_a_number_that_gives_another_away_is_not_told_either() -> None:
    counts = Counts(offers=40, candidate_offers=23, gained=3, lost=20)
    for name, count in (("offers", 40), ("candidate_offers", 23), ("gained", 3), ("lost", 20)):
        for slot in range(count):
            counts.note(name, slot)
    assert counts.told_offers() == {"offers": -1, "candidate_offers": -1, "gained": -1, "lost": 20}
    counts.gained = 0
    assert counts.told_offers()["gained"] == 0
    offered, quiet, cooling, capped = (int(V[name]) for name in ("OFFERED", "QUIET_HOURS", "COOLDOWN", "FREQUENCY_CAP"))
    for shift, slots in (
        ((offered, quiet), range(3)),
        ((offered, cooling), range(12)),
        ((offered, capped), range(50)),
        ((quiet, cooling), range(10)),
        ((capped, quiet), range(9)),
    ):
        counts.shifts[shift] = len(slots)
        for slot in slots:
            counts.note(shift, slot)
    assert [shift for shift, _ in counts.told_shifts()] == [(quiet, cooling), (offered, capped)]


def test_no_more_persons_are_kept_than_prove_that_they_are_not_few() -> None:
    counts = Counts()
    for slot in range(50):
        counts.note("gained", slot)
    assert len(counts.persons["gained"]) == FEW_PERSON_COUNT


def test_a_sample_is_one_ping_a_person_and_bounded() -> None:
    market = random_market(7)
    shadow = Shadow(market.engine.policy_document, 1, person_count_max=3)
    tried = shadow.before(market.engine, random_pings(7, market, 100))
    assert tried is not None
    assert len(tried.rows) == len(np.unique(tried.rows)) <= 3
