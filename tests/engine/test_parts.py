"""Parts of a snapshot: whatever was folded is in them, whatever reads them goes on as if it had never stopped."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from offer_actions import OfferActions
from random_market import random_market
from test_batches import random_pings
from test_linking import WEB, town
from world import NOW_MS, ping

from geooffer.engine.apply import fold
from geooffer.engine.engine import Engine
from geooffer.engine.hash_places import home_places, places_of_keys, table_capacity
from geooffer.engine.part_columns import pack_array, unpack_rows
from geooffer.engine.parts import PARTITIONS, counts_of, put_part, put_parts, take_part
from geooffer.engine.people_rows import PeopleCounts
from geooffer.engine.state import State, digest
from geooffer.errors import JournalError
from geooffer.journal.field_arrays import pack, unpack
from geooffer.journal.memory import MemoryJournal
from geooffer.kernels.hashing import hash_find, home_index
from geooffer.model import tables
from geooffer.model.keys import partition_of, person_key
from geooffer.model.records import Entry


def taken_apart(state: State) -> State:
    """The state after all its parts were written and read, in an order of no meaning."""
    parts = [unpack(pack(take_part(state, partition))) for partition in reversed(PARTITIONS)]
    counts = [counts_of(part) for part in parts]
    again = State()
    put_parts(again, parts, PeopleCounts(*(sum(column) for column in zip(*counts, strict=True))))
    return again


def digests(state: State) -> list[str]:
    return [digest(state, partition) for partition in PARTITIONS]


def assert_equal(found: State, expected: State) -> None:
    assert digests(found) == digests(expected)
    for field in (
        "outcomes",
        "aliases",
        "identities",
        "owned_identities",
        "sequences",
        "policies",
        "latest_ms",
        "consents",
        "audit_seal",
        "consent_past",
        "consents_known_from",
        "snoozes",
    ):
        assert getattr(found, field) == getattr(expected, field), field
    for field in ("decisions", "released"):
        assert dict(getattr(found, field)) == dict(getattr(expected, field)), field
    assert found.totals.items() == expected.totals.items()
    assert found.people.stated == expected.people.stated
    assert found.rights.by_person == expected.rights.by_person
    assert found.rights.restricted == expected.rights.restricted
    assert found.people.customers == expected.people.customers
    for field in ("stores", "geofences", "products", "offers", "prices", "variants", "store_versions", "generation"):
        assert getattr(found.registry, field) == getattr(expected.registry, field), field


def folded_apart(entries: list[Entry], cut: int) -> State:
    """As the compactor does it: each partition folded alone from its part, with its own entries."""
    before, parts = fold(State(), entries[:cut]), []
    for partition in PARTITIONS:
        state = State()
        put_part(state, unpack(pack(take_part(before, partition))))
        fold(state, [entry for entry in entries[cut:] if entry.partition == partition])
        parts.append(unpack(pack(take_part(state, partition))))
    again = State()
    put_parts(again, parts)
    return again


def busy_market(seed: int) -> tuple[Engine, list[Entry]]:
    world = random_market(seed)
    for start in range(0, 300, 30):
        outcome = world.engine.step(random_pings(seed, world, 300)[start : start + 30])
        world.engine.commit(outcome)
    return world.engine, list(world.engine.journal.read())


@pytest.mark.parametrize("seed", [0, 8])
def test_parts_of_a_random_market_hold_all_and_fold_on(seed: int) -> None:
    engine, entries = busy_market(seed)
    assert engine.state.decisions, "or little would be proven"
    assert_equal(taken_apart(engine.state), engine.state)
    for cut in (0, len(entries) // 3, len(entries) - 1):
        again = taken_apart(fold(State(), entries[:cut]))
        assert_equal(fold(again, entries[cut:]), engine.state)
        assert_equal(folded_apart(entries, cut), engine.state)


class PartedActions(OfferActions):
    """Every restart goes through parts, and through partitions folded alone."""

    def teardown(self) -> None:
        if hasattr(self, "twins"):
            engine = self.twins.engine
            entries = list(engine.journal.read())
            assert_equal(taken_apart(engine.state), engine.state)
            assert_equal(folded_apart(entries, len(entries) // 2), engine.state)
            self.counts["parted states"] += 1
            self.counts["aliases"] += len(engine.state.aliases)
            self.counts["outcomes"] += len(engine.state.outcomes)


def test_partitions_fold_alone_whoever_is_united_parted_or_forgotten() -> None:
    PartedActions.counts = Counter()
    quick = settings(
        database=None, deadline=None, derandomize=True, max_examples=20, stateful_step_count=40,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(PartedActions, settings=quick)
    assert PartedActions.counts["parted states"] >= 20
    assert min(PartedActions.counts[name] for name in ("aliases", "outcomes", "united", "released")) > 3


def test_an_engine_on_parts_decides_as_the_other_would_after_a_restart() -> None:
    rows = random_pings(5, random_market(5), 200)
    first = random_market(5)
    first.engine.commit(first.engine.step(rows[:100].copy()))
    told = []
    for state in (fold(State(), first.engine.journal.read()), taken_apart(first.engine.state)):
        second = random_market(5)
        engine = Engine(
            journal=MemoryJournal(), clock=second.engine.clock, policy=first.engine.policy,
            cap_rules=first.engine.cap_rules, state=state,
        )  # fmt: skip
        outcome = engine.step(rows[100:].copy())
        decisions = [(decision.row, decision.offer.offer_id, decision.score) for decision in engine.commit(outcome)]
        outcome.tries["person_slot"] = 0  # where she lies in memory
        columns = map(pack_array, (outcome.verdicts, outcome.transitions, outcome.tries))
        told.append((decisions, *columns))
    assert told[0][0], "or nothing is compared"
    assert told[0] == told[1]


def test_who_was_united_takes_her_names_along_into_the_other_partition() -> None:
    engine = town()
    engine.link_identity("bob", WEB)
    assert len(engine.commit(engine.step(ping(device=2)))) == 1
    engine.merge_customers("bob", "ann")
    assert partition_of(person_key("bob")) != partition_of(person_key("ann"))
    left = take_part(engine.state, partition_of(person_key("bob")))["content"]
    assert left["customers"]["ids"] == []
    assert [len(column[1]) for column in (*left["aliases"], *left["identities"], left["decisions"]["keys"])] == [0] * 6
    assert_equal(taken_apart(engine.state), engine.state)


def test_nothing_soft_is_in_a_part() -> None:
    """M1: a device that is inside a fence right now leaves no trace of where it is."""
    engine = town(touchpoints=())
    engine.step(ping(NOW_MS, device=3))
    people = engine.state.people
    device = people.view.devices[people.device_slots[3]]
    assert device["presence_head"] >= 0
    parts = pack([take_part(engine.state, partition) for partition in PARTITIONS])
    quiet = town(touchpoints=())
    assert parts == pack([take_part(quiet.state, partition) for partition in PARTITIONS])


def test_every_attribute_of_the_state_is_known_here() -> None:
    """What is added to the state has to be added to its parts."""
    known = {
        "registry", "people", "live", "totals", "consents", "identities", "owned_identities", "aliases", "decisions",
        "released", "outcomes", "sequences", "latest_ms", "requests",
        "audit_seal", "consent_past", "consents_known_from", "snoozes", "consent_wheel", "accepted_notices",
        "policies", "rights",
    }  # fmt: skip
    assert set(vars(State())) == known


def test_a_part_that_does_not_decode_is_a_journal_error() -> None:
    part = take_part(town().state, partition_of(person_key("ann")))
    for broken in ({**part, "content": {}}, {**part, "content": {**part["content"], "persons": ("<i8", b"1")}}):
        with pytest.raises(JournalError):
            put_part(State(), broken)


def test_rows_of_an_older_layout_get_zeros_for_what_is_new() -> None:
    older = np.zeros(2, dtype=[("time_ms", "<i8"), ("gone", "<i4"), ("value", "<i4")])
    older["time_ms"], older["value"] = [5, 6], [7, 8]
    rows = unpack_rows(pack_array(older), tables.FACT)
    assert rows.dtype == tables.FACT
    assert rows["time_ms"].tolist() == [5, 6]
    assert rows["value"].tolist() == [7, 8]
    assert rows["kind"].tolist() == [0, 0]


@pytest.mark.parametrize("capacity", [8, 64, 1024])
def test_keys_placed_at_once_are_found_as_if_put_one_by_one(capacity: int) -> None:
    rng = np.random.default_rng(capacity)
    for _ in range(200):
        count = int(rng.integers(0, capacity // 2 + 1))
        keys = np.unique(rng.integers(-(2**63), 2**63 - 1, count))
        if rng.random() < 0.5:  # all homes near the end, so that many wrap around
            many = rng.integers(-(2**63), 2**63 - 1, 64 * capacity)
            keys = np.unique(many[home_places(many, capacity) >= capacity - 4])[: capacity // 2]
        keys = keys[keys != 0]
        assert home_places(keys, capacity).tolist() == [home_index(key, capacity) for key in keys.tolist()]
        places = places_of_keys(keys, capacity)
        assert len(set(places.tolist())) == len(keys)
        table, slots = np.zeros(capacity, dtype=np.int64), np.zeros(capacity, dtype=np.int32)
        table[places], slots[places] = keys, np.arange(len(keys), dtype=np.int32)
        assert [hash_find(table, slots, key) for key in keys.tolist()] == list(range(len(keys)))


def test_a_table_is_at_most_half_full() -> None:
    for count in (0, 1, 127, 128, 129, 5_000):
        capacity = table_capacity(count)
        assert capacity & (capacity - 1) == 0
        assert 2 * count < capacity
