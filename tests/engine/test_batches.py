"""The same pings cut into other batches, over another index, in bigger pools: the same verdicts, events and offers."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from random_market import RandomMarket, random_market
from world import (
    EU_43,
    MINUTE_MS,
    NOW_MS,
    World,
    east_e7,
    fence,
    north_e7,
    ping,
    pings,
    store,
    touchpoint,
    transitions,
    try_verdicts,
)

from geooffer.engine.engine import Engine
from geooffer.engine.state import digest
from geooffer.model.catalog import Customer
from geooffer.model.columns import PING, StructArray
from geooffer.model.kinds import CapScope
from geooffer.model.policy import DAY_MS, HOUR_MS, Policy
from geooffer.model.verdicts import OfferVerdict


def random_pings(seed: int, world: RandomMarket, count: int) -> StructArray:
    """Devices that hop in and out of the fences for some days, with every fault a row may have."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(count, dtype=PING)
    now_ms = world.start_ms
    for row in rows:
        now_ms += int(rng.choice([0, 1_000, 30_000, 40 * MINUTE_MS, DAY_MS], p=[0.1, 0.4, 0.4, 0.09, 0.01]))
        row["device_key"] = int(rng.choice([*world.devices, 99]))
        row["now_ms"] = now_ms
        row["fix_time_ms"] = now_ms - int(rng.choice([0, 5_000, 90_000, -60_000], p=[0.8, 0.1, 0.05, 0.05]))
        row["latitude_e7"] = north_e7(float(rng.choice([0, 80, 150, 400])))
        row["longitude_e7"] = east_e7(float(rng.choice([0, 80, 150, 400])))
        row["accuracy_cm"] = int(rng.choice([0, 500, 4_000, 20_000, -1], p=[0.1, 0.6, 0.2, 0.05, 0.05]))
        row["session_id"] = int(rng.integers(1, 3))
        row["sequence"] = int(rng.integers(0, 200)) if rng.random() < 0.1 else 0
    return rows


def market_without_totals(seed: int) -> RandomMarket:
    """What persons share is excepted: a campaign's last offer goes to whoever is committed first (D10)."""
    world = random_market(seed)
    engine = world.engine
    engine.cap_rules = tuple(rule for rule in engine.cap_rules if rule.scope is not CapScope.CAMPAIGN_TOTAL)
    campaigns = [
        replace(
            campaign,
            budget_count=0,
            cap_rules=tuple(rule for rule in campaign.cap_rules if rule.scope is not CapScope.CAMPAIGN_TOTAL),
        )
        for campaign in engine.registry.campaigns.values()
    ]
    engine.put_nouns(campaigns, now_ms=world.start_ms)
    engine.publish()
    return world


Log = list[tuple[int | str, ...]]


def run(world: RandomMarket, rows: StructArray, cuts: list[int]) -> tuple[Log, list[str]]:
    """(everything that was told, by row of the whole; digests of all partitions)."""
    engine = world.engine
    log: Log = []
    for start, end in pairwise([0, *cuts, len(rows)]):
        outcome = engine.step(rows[start:end].copy())
        decisions = engine.commit(outcome)
        log += [("ping", start + row, int(verdict)) for row, verdict in enumerate(outcome.verdicts)]
        for kind, part in (("transition", outcome.transitions), ("try", outcome.tries)):
            names = [name for name in part.dtype.names or () if name not in ("row", "_pad")]
            log += [(kind, start + int(item["row"]), *(int(item[name]) for name in names)) for item in part]
        for decision in decisions:
            log.append(
                (
                    "decision",
                    start + decision.row,
                    decision.decision_id,
                    decision.offer.offer_id,
                    decision.score,
                    decision.reason_kind,
                )
            )
    return sorted(log, key=lambda item: (str(item[0]), item[1])), [
        digest(engine.state, partition) for partition in range(-1, 64)
    ]


@pytest.mark.parametrize("seed", [0, 8, 20, *(pytest.param(seed, marks=pytest.mark.long) for seed in (3, 5, 6, 21))])
def test_batches_and_indexes_change_nothing(seed: int) -> None:
    rows = random_pings(seed, random_market(seed), 400)
    whole = run(market_without_totals(seed), rows, [])
    assert {item[0] for item in whole[0]} == {"ping", "transition", "try", "decision"}
    rng = np.random.default_rng(seed)
    random_cuts = sorted(int(cut) for cut in rng.choice(np.arange(1, 400), 30, replace=False))
    for cuts in (list(range(1, 400)), random_cuts, [200, 200]):
        assert run(market_without_totals(seed), rows, cuts) == whole
    for index_kind in ("packed", "rtree"):
        world = market_without_totals(seed)
        world.engine.index_kind = index_kind  # type: ignore[assignment]
        assert run(world, rows, random_cuts) == whole


def test_a_batch_that_runs_past_the_horizon_of_hours_is_decided_by_the_right_day() -> None:
    """H1: intervals are renewed daily, also in the middle of a batch."""
    opens_on_tuesdays = store(hours="Tu 10:00-11:00")
    world = World(policy=Policy(intent_max_age_ms=300 * DAY_MS, stock_max_age_ms=300 * DAY_MS, same_offer_after_ms=0))
    world.nouns = [opens_on_tuesdays, *world.nouns[1:]]
    days = [0, 1, 7, 8, 14, 70, 71, 140]
    rows = pings(*(ping(NOW_MS + day * DAY_MS) for day in days))
    # from 29 March on 10:00 in Berlin is an hour earlier in UTC: the store is closed again an hour after it opened
    expected = {0: "OFFERED", 7: "OFFERED", 14: "OFFERED"}
    for cuts in ([], [1, 2, 3, 4, 5, 6, 7], [3], [5]):
        engine = world.build()
        told = []
        for start, end in pairwise([0, *cuts, len(rows)]):
            outcome = engine.step(rows[start:end])
            engine.commit(outcome)
            told += [verdict.name for verdict in try_verdicts(outcome)]
        assert dict(zip(days, told, strict=True)) == {day: expected.get(day, "STORE_CLOSED") for day in days}


def test_more_outcome_rows_than_there_is_room_for_at_once() -> None:
    """NEED_ROOM: 64 overlapping fences × many devices in one batch overflow transitions, tries and presences."""
    fences = [fence(f"fence-{index:02}", radius_m=100.0 + index) for index in range(64)]
    devices = tuple(range(1, 33))
    people = [Customer(f"customer-{index}", tuple(32 * index + key for key in devices)) for index in range(8)]
    engine = World(nouns=[store(), *fences], prices=(), stock=(), customers=people, touchpoints=()).build()
    rows = pings(*(ping(NOW_MS + key, device=key) for person in people for key in person.device_keys))
    outcome = engine.step(rows)
    assert len(outcome.transitions) == len(outcome.tries) == 256 * 64
    assert outcome.transitions["row"].tolist() == [row for row in range(256) for _ in range(64)]
    assert outcome.tries["row"].tolist() == outcome.transitions["row"].tolist()
    later = rows.copy()
    later["fix_time_ms"] += HOUR_MS
    later["now_ms"] += HOUR_MS
    outcome = engine.step(later)
    assert len(outcome.transitions) == 2 * 256 * 64
    kinds = transitions(engine, outcome.transitions[:128])
    assert [kind for kind, *_ in kinds] == ["EXIT"] * 64 + ["ENTER"] * 64
    swept = engine.advance(NOW_MS + DAY_MS)
    assert len(swept) == 256 * 64
    assert int(engine.state.people._free[1]) == len(engine.state.people._presences), "every presence was given back"


def test_one_row_may_want_more_room_than_all_there_is() -> None:
    """512 fences over one point: 512 silent exits, 512 enters, 512 tries in one row."""
    fences = [fence(f"fence-{index:03}", radius_m=100.0) for index in range(512)]
    engine = World(nouns=[store(), *fences], prices=(), stock=(), touchpoints=(), overlap_count_max=512).build()
    for hour in range(3):
        outcome = engine.step(ping(NOW_MS + hour * HOUR_MS))
        assert len(outcome.transitions) == (512 if hour == 0 else 1_024)
        assert len(outcome.tries) == 512


def test_winners_point_at_their_tries_also_where_room_ran_out() -> None:
    """Twenty people win somewhere in a batch of 16,000 tries; a late one revokes its own try and no other."""
    fences = [fence(f"fence-{index:02}", radius_m=100.0 + index) for index in range(64)]
    people = [Customer(f"customer-{index}", (index + 1,)) for index in range(200)]
    world = World(customers=people, touchpoints=())
    world.nouns = [*world.nouns[:1], *fences, *world.nouns[2:]]
    wishes = [name.customer_id for name in people[::10]]
    world.touchpoints = [touchpoint(customer_id=name, size=EU_43) for name in wishes]
    engine = world.build()
    outcome = engine.step(pings(*(ping(NOW_MS + key, device=key) for key in range(1, 201))))
    assert len(outcome.tries) == 200 * 64
    assert outcome.winners["row"].tolist() == list(range(0, 200, 10))
    won = outcome.tries[outcome.winners["try_index"]]
    assert won["row"].tolist() == outcome.winners["row"].tolist()
    assert won["fence_number"].tolist() == outcome.winners["fence_number"].tolist()
    assert set(won["verdict"].tolist()) == {OfferVerdict.OFFERED}
    decisions = engine.commit(outcome, late_rows=[190])
    assert len(decisions) == 19
    late = outcome.tries[outcome.tries["verdict"] == OfferVerdict.TOO_LATE]
    assert late["row"].tolist() == [190]


def test_thousands_of_people_come_and_go() -> None:
    """Slots, hash tables, intents, facts and contacts grow and are used again; nobody gets another's."""
    engine = World(touchpoints=()).build()
    names = [f"customer-{index}" for index in range(3_000)]
    engine.upsert_customers([Customer(name, (10_000 + i, -10_000 - i)) for i, name in enumerate(names)])
    for name in names:
        engine.record_consent(name, 127, granted=True, time_ms=NOW_MS, now_ms=NOW_MS, notice_version="1")
    engine.record_touchpoints([touchpoint(customer_id=name, size=EU_43) for name in names[::2]], now_ms=NOW_MS)
    for name in names[::3]:
        engine.delete_customer(name)
    newcomers = [f"newcomer-{index}" for index in range(800)]
    engine.upsert_customers([Customer(name, (50_000 + i,)) for i, name in enumerate(newcomers)])
    rows = []
    for index in range(3_000):
        rows += [ping(device=10_000 + index), ping(device=-10_000 - index)]
    rows += [ping(device=50_000 + index) for index in range(800)]
    batch = pings(*rows)
    winners: list[int] = []
    for start in range(0, len(batch), 1_024):
        outcome = engine.step(batch[start : start + 1_024])
        expected = [
            3 if key >= 50_000 or abs(key) % 3 == 10_000 % 3 else 10
            for key in device_keys(batch[start : start + 1_024])
        ]
        assert outcome.verdicts.tolist() == expected
        winners += [decision.device_key - 10_000 for decision in engine.commit(outcome)]
    assert winners == [index for index in range(3_000) if index % 2 == 0 and index % 3]


def device_keys(rows: StructArray) -> list[int]:
    return [int(key) for key in rows["device_key"]]


def test_an_engine_replayed_from_its_journal_has_the_same_digest_in_every_partition() -> None:
    """P7, reliability: live fold and replay are one code; presence is not part of it."""
    for seed in range(4):
        world = random_market(seed)
        rows = random_pings(seed, world, 300)
        engine = world.engine
        for start in range(0, 300, 37):
            outcome = engine.step(rows[start : start + 37])
            decisions = engine.commit(outcome, late_rows=[5, 9])
            for decision in decisions[::3]:
                engine.release(decision)
        engine.delete_customer("customer-1")
        engine.upsert_customers([Customer("customer-1", (12,)), Customer("customer-2", ())])
        later_ms = world.start_ms + 1
        engine.record_consent("customer-3", 4, granted=False, time_ms=later_ms, now_ms=later_ms, notice_version="2")
        engine.delete_noun(type(fence()), "fence-3", now_ms=later_ms)
        digests = [digest(engine.state, partition) for partition in range(-1, 64)]
        again = Engine(journal=engine._journal, clock=engine.clock, policy=engine.policy, cap_rules=engine.cap_rules)
        assert [digest(again.state, partition) for partition in range(-1, 64)] == digests
        assert again.state.sequences == engine.state.sequences
        assert len(set(digests)) > 5
        # and it decides alike: a restart ends visits on both sides
        probe_ms = world.start_ms + 100 * DAY_MS
        engine.advance(probe_ms)
        probe = pings(*(ping(probe_ms, device=device) for device in world.devices))
        engine.publish()
        for live, replayed in zip(engine.step(probe), again.step(probe), strict=True):
            names = [name for name in live.dtype.names or () if name not in ("person_slot", "stream_number")]
            assert np.array_equal(live[names] if names else live, replayed[names] if names else replayed)
