"""A4: a candidate tried beside the live policy changes no byte of the state and compares what it says it compares."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from random_market import random_market
from test_batches import random_pings
from world import NOW_MS, World, ping

from geooffer.engine.parts import PARTITIONS
from geooffer.engine.shadow import FEW_PERSON_COUNT, Counts, Shadow
from geooffer.engine.state import digest
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import CapScope
from geooffer.model.policy_document import PolicyDocument
from geooffer.model.verdicts import OfferVerdict


def candidate(engine, **numbers: int) -> PolicyDocument:
    held = engine.policy_document
    return replace(held, numbers=held.numbers._replace(**numbers))


def soft_state(engine) -> list[bytes]:
    view = engine.state.people.view
    return [array.tobytes() for array in (view.devices, view.persons, view.presences, view.contacts, view.free)]


@pytest.mark.parametrize("seed", [1, 4, 9])
def test_deciding_by_a_candidate_leaves_no_trace(seed: int) -> None:
    market = random_market(seed)
    engine, pings = market.engine, random_pings(seed, market, 200)
    shadow = Shadow(candidate(engine, cooldown_ms=0, score_floor=0, same_offer_after_ms=0, exit_fix_count=1), 1)
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
