"""Winners committed after something happened to them: no offer rather than a wrong one, and caps where they were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from native_caller import NativeCaller
from world import (
    ALL_PURPOSES,
    EU_43,
    MINUTE_MS,
    NOW_MS,
    World,
    campaign,
    consent,
    contact_count,
    offer,
    ping,
    price,
    product,
    store,
    touchpoint,
    try_verdicts,
)

from geooffer.engine.apply import fold
from geooffer.engine.decisions import Decision
from geooffer.engine.engine import Engine
from geooffer.engine.join import REMEMBERED_CONTEXT_COUNT
from geooffer.engine.parts import PARTITIONS
from geooffer.engine.state import State, digest
from geooffer.errors import JournalError
from geooffer.journal.memory import MemoryJournal
from geooffer.model.catalog import Category, Customer, Offer
from geooffer.model.columns import Outcome
from geooffer.model.records import DecisionRecord, Entry
from geooffer.model.verdicts import OfferVerdict, Purpose

V = OfferVerdict


class Flaky(MemoryJournal):
    """A journal that refuses when told to."""

    broken = False

    def append(self, entries: Sequence[Entry]) -> int:
        if self.broken:
            raise JournalError("the disk is full")
        return super().append(entries)


class Pending:
    """A winner that was decided natively and is not committed yet."""

    def __init__(self, world: World | None = None, device: int = 1) -> None:
        self.engine = (world or World()).build(Flaky())
        self.caller = NativeCaller(self.engine)
        self.caller.join.keep_ahead(NOW_MS)
        self.outcome, self.number = self.walk(device)
        assert try_verdicts(self.outcome) == [V.OFFERED]

    def walk(self, device: int, time_ms: int = NOW_MS) -> tuple[Outcome, int]:
        done, outcome = self.caller.decide(ping(time_ms, device=device), np.zeros(1, np.int64))
        assert done == 1
        return outcome, self.caller.context_number

    def commit(self) -> list[Decision]:
        return self.caller.join.commit(self.outcome, self.number)

    def is_refused(self, verdict: OfferVerdict = V.TOO_LATE) -> bool:
        """No decision, no record of one, the try says why, and what is folded anew is the same."""
        decisions = self.commit()
        records = [entry for entry in self.engine.journal.read() if isinstance(entry.record, DecisionRecord)]
        again = fold(State(), self.engine.journal.read())
        assert [digest(again, each) for each in PARTITIONS] == [digest(self.engine.state, each) for each in PARTITIONS]
        return not decisions and not records and try_verdicts(self.outcome) == [verdict]


def two() -> World:
    return World(
        customers=[Customer("ann", (1,)), Customer("bob", (2,))],
        touchpoints=[touchpoint(customer_id=name, size=EU_43) for name in ("ann", "bob")],
    )


def test_nothing_happened() -> None:
    pending = Pending()
    (decision,) = pending.commit()
    assert contact_count(pending.engine) == 1
    assert pending.engine.may_send(decision)
    assert pending.engine.recent_tries.held(decision.person_key)[0].verdict is V.OFFERED


def test_she_was_erased() -> None:
    pending = Pending()
    pending.engine.delete_customer("ann")
    assert pending.is_refused()


def test_she_was_erased_and_her_places_are_somebody_elses() -> None:
    """The slot of the person, of the phone and of the contact are given to bob, who won the same offer meanwhile."""
    pending = Pending()
    engine = pending.engine
    ann = engine.key_of("ann")
    engine.delete_customer("ann")
    engine.upsert_customers([Customer("bob", (2,))])
    consent(engine, ALL_PURPOSES, customer_id="bob")
    engine.record_touchpoints([touchpoint(customer_id="bob", size=EU_43)], now_ms=NOW_MS)
    bobs, number = pending.walk(2)
    assert bobs.winners["person_slot"].tolist() == pending.outcome.winners["person_slot"].tolist()
    assert bobs.winners["contact_slot"].tolist() == pending.outcome.winners["contact_slot"].tolist()
    assert not pending.commit()
    assert try_verdicts(pending.outcome) == [V.TOO_LATE]
    bob = engine.key_of("bob")
    assert engine.recent_tries.held(bob) == engine.recent_tries.held(ann) == [], "ann's try is told of nobody"
    assert contact_count(engine, "bob") == 1, "what bob's offer consumed stays consumed"
    (decision,) = pending.caller.join.commit(bobs, number)
    assert decision.person_key == bob
    assert len(engine.recent_tries.held(bob)) == 1


def test_the_same_person_came_back_with_the_same_phone() -> None:
    pending = Pending()
    engine = pending.engine
    engine.delete_customer("ann")
    engine.upsert_customers([Customer("ann", (1,))])
    consent(engine, ALL_PURPOSES)
    assert pending.is_refused()
    assert engine.recent_tries.held(engine.key_of("ann")) == []


def test_she_was_united_with_another() -> None:
    pending = Pending(two())
    engine = pending.engine
    engine.merge_customers("ann", "bob")
    assert contact_count(engine, "bob") == 0, "what is not committed does not go along"
    assert pending.is_refused()


def test_her_contact_is_gone() -> None:
    pending = Pending()
    winner = pending.outcome.winners[0]
    pending.engine.state.people.remove_contact(int(winner["person_slot"]), int(winner["contact_slot"]))
    assert pending.is_refused()


def test_her_consent_changed() -> None:
    pending = Pending()
    consent(pending.engine, Purpose.PUSH_MARKETING.bit, granted=False, time_ms=NOW_MS)
    assert pending.is_refused()
    assert contact_count(pending.engine) == 0


@pytest.mark.parametrize(
    "noun",
    [
        offer(paused=True),
        product(vat_basis_points=700),
        store(region="north"),
        Category("running-shoes", is_special=True),
    ],
)
def test_what_the_offer_is_about_changed(noun: object) -> None:
    pending = Pending()
    pending.engine.put_nouns([noun], now_ms=NOW_MS)  # type: ignore[list-item]
    pending.engine.publish()
    assert pending.is_refused()
    assert contact_count(pending.engine) == 0


def test_the_offer_is_gone() -> None:
    pending = Pending()
    pending.engine.delete_noun(Offer, "offer-1", now_ms=NOW_MS)
    pending.engine.publish()
    assert pending.is_refused()
    assert contact_count(pending.engine) == 0


def test_another_catalog_that_says_the_same_of_it() -> None:
    """The record names the generation and policy that decided."""
    pending = Pending()
    engine, generation = pending.engine, pending.engine.live_generation
    engine.put_nouns([offer("offer-2"), product("sandal"), store("store-2", east_m=9_000.0)], now_ms=NOW_MS)
    engine.put_prices([price(9_000, NOW_MS + MINUTE_MS)], now_ms=NOW_MS)
    engine.publish()
    engine.policy = engine.policy._replace(version=7, cooldown_ms=1)
    assert engine.live_generation > generation
    (decision,) = pending.commit()
    assert (decision.catalog_generation, decision.policy_version) == (generation, 1)
    record = engine.state.decisions[decision.decision_key]
    assert (record.catalog_generation, record.policy_version) == (generation, 1)


def test_a_tightening_came_into_force() -> None:
    pending = Pending()
    engine = pending.engine
    engine.first_policy(author="a", now_ms=NOW_MS, sign=bytes)
    held = engine.policy_document
    tighter = replace(held, numbers=held.numbers._replace(cooldown_ms=held.numbers.cooldown_ms + 1), reason="r")
    engine.propose_policy(tighter, author="b", now_ms=NOW_MS, sign=bytes)
    assert engine.gate_version == 2
    assert pending.is_refused()


def test_all_offers_were_stopped() -> None:
    pending = Pending()
    pending.engine.switch_offers(is_stopped=True, author="a", reason="r", now_ms=NOW_MS)
    assert pending.is_refused()
    assert contact_count(pending.engine) == 0


def test_her_campaign_was_spent_by_another() -> None:
    world = two()
    world.nouns = [
        *(noun for noun in world.nouns if not isinstance(noun, Offer)),
        campaign(budget_count=1),
        offer(campaign_id="campaign-1"),
    ]
    pending = Pending(world)
    bobs, number = pending.walk(2)
    assert len(pending.caller.join.commit(bobs, number)) == 1
    assert not pending.commit()
    assert try_verdicts(pending.outcome) == [V.BUDGET_SPENT]
    assert contact_count(pending.engine) == 0


def test_it_was_decided_so_long_ago_that_nobody_knows_by_what() -> None:
    pending = Pending()
    for version in range(REMEMBERED_CONTEXT_COUNT + 1):
        pending.engine.policy = pending.engine.policy._replace(version=2 + version)
    assert pending.is_refused()
    assert contact_count(pending.engine) == 0


def test_the_journal_fails() -> None:
    pending = Pending()
    pending.engine.journal.broken = True  # type: ignore[attr-defined]
    with pytest.raises(JournalError):
        pending.commit()
    assert contact_count(pending.engine) == 0
    assert try_verdicts(pending.outcome) == [V.TOO_LATE]
    pending.engine.journal.broken = False  # type: ignore[attr-defined]


def test_the_native_gate_says_what_the_engines_says() -> None:
    pending = Pending()
    (decision,) = pending.commit()
    gate = decision.person_slot, decision.person_key, decision.consent_epoch, decision.policy_version
    engine: Engine = pending.engine
    assert pending.caller.may_send(*gate) == 1
    engine.switch_offers(is_stopped=True, author="a", reason="r", now_ms=NOW_MS)
    assert pending.caller.may_send(*gate) == engine.may_send(decision) == 0
    engine.switch_offers(is_stopped=False, author="a", reason="r", now_ms=NOW_MS)
    assert pending.caller.may_send(*gate) == engine.may_send(decision) == 1
    assert pending.caller.join.gate_until_ms(decision, NOW_MS) > NOW_MS + 10**12
    engine.set_minimum_notices({Purpose.PRECISE_LOCATION_FOR_OFFERS: "v2"})
    assert pending.caller.may_send(*gate) == engine.may_send(decision, NOW_MS) == 0
    consent(engine, ALL_PURPOSES, granted=False, time_ms=NOW_MS)
    assert pending.caller.may_send(*gate) == 0
