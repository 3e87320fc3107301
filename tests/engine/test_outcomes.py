"""What channels report of decisions, in any order: a failure gives caps back, unless it reached her all the same."""

from __future__ import annotations

from itertools import permutations

import pytest
from world import NOW_MS, SECOND_MS, World, campaign, offer, ping

from geooffer.engine.engine import Engine
from geooffer.engine.state import digest
from geooffer.errors import NotFoundError
from geooffer.journal.memory import MemoryJournal
from geooffer.model.keys import partition_of, person_key
from geooffer.model.kinds import OutcomeKind
from geooffer.model.verdicts import OfferVerdict

K = OutcomeKind
KEY = person_key("ann")


def decided(journal: MemoryJournal | None = None) -> tuple[Engine, str]:
    """An engine, and the one decision it took, of a campaign with a budget."""
    world = World()
    world.nouns = [*world.nouns[:-1], campaign(budget_count=5), offer(campaign_id="campaign-1")]
    engine = world.build(journal)
    [decision] = engine.commit(engine.step(ping()))
    return engine, decision.decision_id


def contact_count(engine: Engine) -> int:
    people = engine.state.people
    count, index = 0, int(people.view.persons["contact_head"][people.person_slots[KEY]])
    while index >= 0:
        count, index = count + 1, int(people.view.contacts["next"][index])
    return count


def report(engine: Engine, name: str, *kinds: OutcomeKind) -> None:
    for kind in kinds:
        engine.report_outcome(name, kind, time_ms=NOW_MS + SECOND_MS, now_ms=NOW_MS + SECOND_MS)


def test_a_failure_gives_the_caps_and_the_budget_back_once() -> None:
    engine, name = decided()
    report(engine, name, K.FAILED, K.FAILED)
    assert contact_count(engine) == 0
    assert engine.campaign_remaining(0, NOW_MS) == 5
    assert engine.statistics.outcomes[K.FAILED] == 1
    with pytest.raises(NotFoundError):
        engine.decision(name)


@pytest.mark.parametrize("order", list(permutations((K.FAILED, K.DELIVERED, K.DISPLAYED, K.FAILED))))
def test_what_reached_her_counts_whatever_the_order(order: tuple[OutcomeKind, ...]) -> None:
    journal = MemoryJournal()
    engine, name = decided(journal)
    report(engine, name, *order)
    assert contact_count(engine) == 1
    assert engine.campaign_remaining(0, NOW_MS) == 4
    assert set(engine.decision(name).outcomes) == {K.DELIVERED, K.DISPLAYED}
    again = Engine(journal=journal, clock=engine.clock, decision_key=b"test")
    assert digest(again.state, partition_of(KEY)) == digest(engine.state, partition_of(KEY))
    assert again.decision(name) == engine.decision(name)


@pytest.mark.parametrize("kind", [K.DELIVERED, K.DISMISSED])
def test_a_phone_whose_clock_is_off_cannot_date_an_outcome_before_its_decision(kind: OutcomeKind) -> None:
    engine, name = decided()
    engine.report_outcome(name, kind, time_ms=0, now_ms=NOW_MS + SECOND_MS)
    assert engine.decision(name).outcomes == {kind: NOW_MS}


def test_what_never_left_is_told_as_too_late() -> None:
    engine = World().build()
    [decision] = engine.commit(engine.step(ping()))
    engine.release(decision)
    assert [attempt.verdict for attempt in engine.recent_tries.of(KEY, NOW_MS)] == [OfferVerdict.TOO_LATE]
    assert engine.statistics.offer_verdicts[OfferVerdict.OFFERED] == 0


def test_an_erased_person_is_not_brought_back_by_a_late_report() -> None:
    engine, name = decided()
    report(engine, name, K.FAILED)
    engine.delete_customer("ann")
    with pytest.raises(NotFoundError):
        report(engine, name, K.DELIVERED)
