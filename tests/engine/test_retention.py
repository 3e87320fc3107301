"""M7: what is older than it may be held is gone a day later, partition by partition, live and in replay alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world import ALL_PURPOSES, EU_43, HOUR_MS, NOW_MS, World, consent, contact_count, ping, touchpoint

from geooffer.engine.apply import fold
from geooffer.engine.engine import Engine
from geooffer.engine.person_slices import PersonSlices, slice_index
from geooffer.engine.retention import swept_at
from geooffer.engine.state import State, digest
from geooffer.journal.memory import MemoryJournal
from geooffer.model import limits, tables
from geooffer.model.catalog import Category, Customer
from geooffer.model.keys import partition_of, person_key
from geooffer.model.kinds import Channel, OutcomeKind, SwitchKind
from geooffer.model.policy import DAY_MS, Policy
from geooffer.model.records import RetentionSwept
from geooffer.model.verdicts import TouchpointKind

K = TouchpointKind
NAMES = ("ann", "bob", "carla", "dora")
CATEGORIES = tuple(f"category-{number}" for number in range(4))
LONG = Policy(intent_max_age_ms=399 * DAY_MS, stock_max_age_ms=399 * DAY_MS, same_offer_after_ms=0, cooldown_ms=0)


def town(journal: MemoryJournal | None = None, **changes: object) -> Engine:
    world = World(customers=[Customer(name, (number + 1,)) for number, name in enumerate(NAMES)])
    world = replace(world, nouns=[*world.nouns, *map(Category, CATEGORIES)], touchpoints=())
    return replace(world, **changes).build(journal)  # type: ignore[arg-type]


def sweep_all(engine: Engine, now_ms: int) -> int:
    """Sweeps until nothing is due; how many there were."""
    count = 0
    while engine.sweep_retention(now_ms):
        count += 1
    return count


def everything(state: State) -> list[str]:
    return [digest(state, partition) for partition in range(-1, limits.PARTITION_COUNT)]


def times(engine: Engine, kind: str) -> Iterator[int]:
    """All moments that are held of anybody, of one kind of list."""
    view = engine.state.people.view
    rows, fields = {
        "intent": (view.intents, ("search_ms", "view_ms", "wish_ms", "cart_ms")),
        "fact": (view.facts, ("time_ms",)),
        "contact": (view.contacts, ("decided_ms",)),
    }[kind]
    for slot in engine.state.people.person_slots.values():
        index = int(view.persons[f"{kind}_head"][slot])
        while index >= 0:
            yield from (int(rows[name][index]) for name in fields if rows[name][index] != tables.NEVER_MS)
            index = int(rows["next"][index])


SIGNAL = st.tuples(
    st.sampled_from(NAMES),
    st.sampled_from([K.SEARCH, K.VIEW, K.WISH, K.CART, K.PURCHASE, K.RETURN, K.SOCIAL_LIKE, K.CONTACTED]),
    st.sampled_from(CATEGORIES),
    st.one_of(st.integers(0, 60), st.integers(0, 1_400), st.sampled_from([14, 32, 1_096])),
)


@settings(max_examples=60)
@given(signals=st.lists(SIGNAL, max_size=40), uniting=st.lists(st.permutations(NAMES), max_size=2))
def test_only_what_is_young_enough_is_held_and_all_of_that(
    signals: list[tuple[str, K, str, int]], uniting: list[list[str]]
) -> None:
    journal = MemoryJournal()
    engine = town(journal, purposes=0)
    for name in NAMES:
        consent(engine, ALL_PURPOSES, customer_id=name)
    for name, kind, category_id, age_days in signals:
        source = "shop" if kind is K.CONTACTED else ""
        engine.record_touchpoints(
            [touchpoint(kind, NOW_MS - age_days * DAY_MS, name, category_id=category_id, source=source)], now_ms=NOW_MS
        )
    for first, second, *_ in uniting:
        engine.merge_customers(first, second)
    held = {kind: sorted(times(engine, kind)) for kind in ("intent", "fact", "contact")}
    sweep_all(engine, NOW_MS)
    for kind, retention_ms in (
        ("intent", limits.INTENT_RETENTION_MS),
        ("fact", limits.FACT_RETENTION_MS),
        ("contact", limits.DECISION_RETENTION_MS),
    ):
        assert sorted(times(engine, kind)) == [time for time in held[kind] if time >= NOW_MS - retention_ms], kind
    assert everything(fold(State(), journal.read())) == everything(engine.state)


def test_decisions_and_outcomes_go_when_they_are_32_days_old_whatever_became_of_them() -> None:
    journal = MemoryJournal()
    engine = town(journal, policy=LONG, touchpoints=[touchpoint(size=EU_43, customer_id=name) for name in NAMES])
    told = []
    for number, kind in enumerate((OutcomeKind.DISPLAYED, OutcomeKind.FAILED, OutcomeKind.DISMISSED)):
        (decision,) = engine.commit(engine.step(ping(NOW_MS + number, device=number + 1)))
        engine.report_outcome(decision.decision_id, kind, time_ms=NOW_MS + 20 * DAY_MS, now_ms=NOW_MS + 20 * DAY_MS)
        told.append(decision.decision_key)
    sweep_all(engine, NOW_MS + limits.DECISION_RETENTION_MS)
    assert set(engine.state.decisions) | set(engine.state.released) == set(told), "not a millisecond too early"
    end_ms = NOW_MS + limits.DECISION_RETENTION_MS + DAY_MS
    sweep_all(engine, end_ms)
    assert len(engine.state.decisions) == len(engine.state.released) == len(engine.state.outcomes) == 0
    # what she dismissed is not offered again for 30 days from then: that contact is the one that stays
    assert [contact_count(engine, name) for name in NAMES] == [1, 0, 1, 0]
    sweep_all(engine, NOW_MS + 20 * DAY_MS + limits.DECISION_RETENTION_MS + DAY_MS)
    assert [contact_count(engine, name) for name in NAMES] == [0, 0, 0, 0]
    assert everything(fold(State(), journal.read())) == everything(engine.state)


def test_a_slice_is_swept_once_a_day_and_empty_ones_are_not_written() -> None:
    journal = MemoryJournal()
    engine = town(journal)
    before = len(journal)
    assert sweep_all(engine, NOW_MS) == len({slice_index(person_key(name)) for name in NAMES})
    assert sweep_all(engine, NOW_MS + DAY_MS - 1) == 0
    assert sweep_all(engine, NOW_MS + DAY_MS) == 4
    written = [entry.record for entry in journal.read()][before:]
    assert len(written) == 8
    assert all(isinstance(record, RetentionSwept) for record in written)


def test_interest_that_was_swept_does_not_come_back_late() -> None:
    engine = town()
    old = touchpoint(K.SEARCH, NOW_MS - 20 * DAY_MS)
    sweep_all(engine, NOW_MS)
    engine.record_touchpoints([old, touchpoint(K.VIEW, NOW_MS - HOUR_MS)], now_ms=NOW_MS)
    assert list(times(engine, "intent")) == [NOW_MS - HOUR_MS]


def test_a_policy_may_shorten_the_time_but_not_lengthen_it() -> None:
    assert swept_at(NOW_MS, Policy(intent_max_age_ms=DAY_MS), 0, 0).intents_before_ms == NOW_MS - DAY_MS
    assert swept_at(NOW_MS, LONG, 0, 0).intents_before_ms == NOW_MS - limits.INTENT_RETENTION_MS
    assert limits.DECISION_RETENTION_MS <= limits.DECISION_RETENTION_MAX_MS


def test_a_partition_folds_alone_with_decisions_sweeps_and_moves() -> None:
    """No record of another partition, and none of the catalog, is needed (reliability.md)."""
    journal = MemoryJournal()
    engine = town(journal, policy=LONG, touchpoints=[touchpoint(size=EU_43, customer_id=name) for name in NAMES])
    for number, _ in enumerate(NAMES):
        engine.commit(engine.step(ping(NOW_MS + number, device=number + 1)))
    engine.merge_customers("ann", "bob")
    engine.unlink_device("carla", 3, "dora")
    for days in (1, 40):
        sweep_all(engine, NOW_MS + days * DAY_MS)
        engine.commit(engine.step(ping(NOW_MS + days * DAY_MS + HOUR_MS, device=4)))
    engine.delete_customer("carla")
    entries = list(journal.read())
    for partition in {partition_of(person_key(name)) for name in NAMES}:
        alone = fold(State(), [entry for entry in entries if entry.partition == partition])
        assert digest(alone, partition) == digest(engine.state, partition)


def test_closures_that_are_over_go_with_the_catalogs_sweep() -> None:
    engine = town()
    engine.switch_stores(
        ["store-1"], SwitchKind.CLOSED, from_ms=NOW_MS, until_ms=NOW_MS + HOUR_MS, reason="flood", now_ms=NOW_MS
    )
    engine.switch_stores(
        ["store-1"], SwitchKind.CLOSED, from_ms=NOW_MS, until_ms=NOW_MS + 9 * DAY_MS, reason="fair", now_ms=NOW_MS
    )
    sweep_all(engine, NOW_MS + DAY_MS)
    assert [closure.reason for closure in engine.state.live.closures] == ["fair"]


def test_tries_of_yesterday_are_forgotten() -> None:
    engine = town()
    engine.commit(engine.step(ping()))
    key = person_key("ann")
    assert len(engine.recent_tries.of(key, NOW_MS)) == 1
    sweep_all(engine, NOW_MS + DAY_MS)
    assert engine.recent_tries._tries == {}


def test_what_is_freed_says_nothing_any_more() -> None:
    engine = town(policy=LONG, touchpoints=[touchpoint(size=EU_43, customer_id=name) for name in NAMES])
    engine.commit(engine.step(ping()))
    people = engine.state.people
    engine.delete_customer("ann")
    sweep_all(engine, NOW_MS + 1_200 * DAY_MS)
    view = people.view
    for rows in (view.intents, view.facts):
        said = [name for name in rows.dtype.names if np.any((rows[name] != 0) & (rows[name] != tables.NEVER_MS))]
        assert said == ["next"]
    assert not np.any(view.contacts["decision_key"])
    assert not np.any(view.contacts["decided_ms"])


@pytest.mark.parametrize("asked", [False, True])
def test_a_sweep_changes_no_verdict(asked: bool) -> None:
    """Metamorphic: what was swept did not count any more."""
    verdicts = []
    for sweeps in (False, True):
        engine = town(policy=Policy(stock_max_age_ms=399 * DAY_MS), touchpoints=[touchpoint(size=EU_43)])
        found = []
        for days in (0, 1, 13, 14, 15, 33, 40):
            now_ms = NOW_MS + days * DAY_MS
            if sweeps:
                sweep_all(engine, now_ms)
            if asked:
                found.append(engine.decide("ann", channel=Channel.IN_APP, now_ms=now_ms).verdict)
            else:
                outcome = engine.step(ping(now_ms))
                engine.commit(outcome)
                found.append(outcome.tries["verdict"].tolist())
            if days == 15:
                engine.record_touchpoints([touchpoint(K.SEARCH, now_ms, size=EU_43)], now_ms=now_ms)
        verdicts.append(found)
    assert verdicts[0] == verdicts[1]


@given(st.lists(st.tuples(st.booleans(), st.integers(-(2**63), 2**63 - 1)), max_size=60))
def test_slices_hold_every_person_once(steps: list[tuple[bool, int]]) -> None:
    slices, held = PersonSlices(), dict[int, int]()
    for number, (comes, key) in enumerate(steps):
        if comes and key not in held:
            held[key] = number
            slices.add(key, number)
        elif held:
            gone = next(iter(held))
            slices.remove(gone, held.pop(gone))
    filled = PersonSlices()
    filled.fill(held)
    for partition in range(limits.PARTITION_COUNT):
        for number in range(limits.RETENTION_SLICE_COUNT):
            index = partition * limits.RETENTION_SLICE_COUNT + number
            expected = sorted(slot for key, slot in held.items() if slice_index(key) == index)
            assert sorted(slices.slots(partition, number)) == sorted(filled.slots(partition, number)) == expected
    assert slices.count == filled.count == len(held)
