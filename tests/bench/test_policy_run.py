"""A4: on the made-up population the dry run's numbers equal the outcome after publishing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from geooffer.bench.city import build_city
from geooffer.bench.city_in_process import load_engine, run_engine
from geooffer.bench.city_run import CityRun
from geooffer.bench.policy_run import Outcome, compare, dry_run, publish, walk
from geooffer.engine.apply import fold
from geooffer.engine.engine import Engine
from geooffer.engine.state import State
from geooffer.model.catalog import Store
from geooffer.model.policy import HOUR_MS
from geooffer.model.policy_document import PolicyDocument

SEED, CUSTOMER_COUNT = 5, 120
BASE = PolicyDocument()


def changed(**numbers: int) -> PolicyDocument:
    return replace(BASE, numbers=BASE.numbers._replace(**numbers), reason="try")


def decided(engine: Engine) -> set[tuple[str, int, str]]:
    """(customer, time, store) of every offer made, from the journal alone, counted without the dry run's code."""
    state = fold(State(), engine.journal.read())
    customers, registry = state.people.customers, state.registry
    return {
        (customers[record.person_key].customer_id, record.time_ms, registry.identifier(Store, record.store_number))
        for record in state.decisions.values()
        if not record.is_shadow
    }


@pytest.mark.parametrize(
    "candidate",
    [
        pytest.param(changed(cooldown_ms=2 * HOUR_MS, fast_cm_per_s=150), id="tighter"),
        pytest.param(changed(cooldown_ms=0, same_offer_after_ms=0), id="looser", marks=pytest.mark.long),
    ],
)
def test_the_prediction_equals_the_outcome_after_publishing(candidate: PolicyDocument) -> None:
    told = dry_run(BASE, candidate, seed=SEED, customer_count=CUSTOMER_COUNT)
    city = build_city(SEED, CUSTOMER_COUNT)
    made = []
    for is_published in (False, True):
        engine = load_engine(city)
        engine.first_policy(author="geooffer", now_ms=city.start_ms, sign=lambda text: b"signed")
        if is_published:
            publish(engine, candidate, city.start_ms)
            assert engine.policy.version == 2
        run = CityRun.of(city)
        run_engine(city, engine, run)
        made.append(decided(engine))
        assert {record.policy_version for record in engine.state.decisions.values()} == {engine.policy.version}
    before, after = made
    assert (told.base_offer_count, told.candidate_offer_count) == (len(before), len(after))
    for number, offers in ((told.gained_count, after - before), (told.lost_count, before - after)):
        persons = {customer for customer, _, _ in offers}
        assert number == (len(offers) if len(persons) >= 10 or not offers else None)
    assert before != after


def test_a_candidate_like_the_base_changes_nothing() -> None:
    told = dry_run(BASE, BASE, seed=SEED, customer_count=40)
    assert (told.gained_count, told.lost_count, told.person_count, told.tries, told.pings) == (0, 0, 0, (), ())


def test_numbers_about_few_people_are_not_told() -> None:
    nobody = Outcome({}, {}, {}, frozenset())
    nine = frozenset((f"c{number}", number, "s") for number in range(9))
    ten = nine | {("c9", 9, "s")}
    assert compare(nobody, replace(nobody, people=nine)).gained_count is None
    told = compare(nobody, replace(nobody, people=ten))
    assert (told.gained_count, told.person_count, told.lost_count) == (10, 10, 0)


def test_walks_are_the_same_again() -> None:
    city = build_city(SEED, 40)
    assert walk(city, BASE) == walk(city, BASE)
