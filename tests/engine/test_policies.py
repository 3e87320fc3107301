"""A3: proposed, approved, published, rolled back, stopped; what is in force after a restart, and what decides."""

from __future__ import annotations

from dataclasses import replace

import pytest
from world import LATITUDE_E7, LONGITUDE_E7, NOW_MS, World, campaign, ping

from geooffer.engine.apply import fold
from geooffer.engine.engine import Engine
from geooffer.engine.parts import PARTITIONS, put_part, take_part
from geooffer.engine.state import State, digest
from geooffer.errors import (
    InvalidArgumentError,
    LimitExceededError,
    NotFoundError,
    PermissionDeniedError,
    StaleEtagError,
)
from geooffer.journal.field_arrays import pack, unpack
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import CapScope
from geooffer.model.limits import POLICY_WAITING_COUNT_MAX
from geooffer.model.policy import HOUR_MS
from geooffer.model.policy_document import PolicyDocument
from geooffer.model.records import CATALOG_PARTITION
from geooffer.model.verdicts import OfferVerdict, Purpose

SEARCH = Purpose.SEARCH_INTENT_USE


def sign(text: bytes) -> bytes:
    return b"signed " + text[:16]


def changed(engine: Engine, **numbers: int) -> PolicyDocument:
    held = engine.policy_document
    return replace(held, numbers=held.numbers._replace(**numbers), reason="because")


def started() -> Engine:
    engine = World().build()
    engine.first_policy(author="geooffer", now_ms=NOW_MS, sign=sign)
    return engine


def offers(engine: Engine, **fix: int) -> tuple[int, OfferVerdict | None]:
    """(policy version of the decision or −1, verdict of the try or None)."""
    outcome = engine.step(ping(**fix))
    decisions = engine.commit(outcome)
    verdict = OfferVerdict(int(outcome.tries["verdict"][0])) if len(outcome.tries) else None
    return (decisions[0].policy_version if decisions else -1), verdict


def test_the_first_policy_is_the_engines_own_and_published_once() -> None:
    engine = started()
    engine.first_policy(author="geooffer", now_ms=NOW_MS, sign=sign)
    book = engine.state.policies
    assert (book.active, len(book.versions)) == (1, 1)
    assert engine.policy_document.rules() == PolicyDocument().rules()
    assert book.versions[1].signature == sign(book.versions[1].text.encode())


def test_a_tightening_applies_at_once_and_a_decision_carries_its_version() -> None:
    engine = started()
    held = engine.propose_policy(changed(engine, cooldown_ms=HOUR_MS), author="anna", now_ms=1, sign=sign)
    assert (held.version, held.is_loosening, engine.policy.cooldown_ms) == (2, False, HOUR_MS)
    assert offers(engine) == (2, OfferVerdict.OFFERED)


def test_a_loosening_waits_for_another_officer() -> None:
    engine = started()
    held = engine.propose_policy(changed(engine, cooldown_ms=1), author="anna", now_ms=1, sign=sign)
    assert held.is_loosening
    assert engine.policy.cooldown_ms == 30 * 60_000
    with pytest.raises(PermissionDeniedError):
        engine.approve_policy(held.version, officer="anna", now_ms=2, sign=sign)
    engine.approve_policy(held.version, officer="bert", now_ms=2, sign=sign)
    assert (engine.policy.cooldown_ms, engine.policy.version) == (1, held.version)
    with pytest.raises(NotFoundError):
        engine.approve_policy(held.version, officer="carl", now_ms=3, sign=sign)


def test_two_approvals_are_two_officers() -> None:
    engine = started()
    document = replace(changed(engine), approvals_needed=2)
    engine.propose_policy(document, author="anna", now_ms=1, sign=sign)
    one = replace(engine.policy_document, approvals_needed=1, reason="too slow")
    held = engine.propose_policy(one, author="anna", now_ms=2, sign=sign)
    assert held.is_loosening
    engine.approve_policy(held.version, officer="bert", now_ms=3, sign=sign)
    with pytest.raises(PermissionDeniedError):
        engine.approve_policy(held.version, officer="bert", now_ms=3, sign=sign)
    assert engine.policy_document.approvals_needed == 2
    engine.approve_policy(held.version, officer="carl", now_ms=3, sign=sign)
    assert engine.policy_document.approvals_needed == 1


def test_what_is_refused() -> None:
    engine = started()
    with pytest.raises(InvalidArgumentError, match="in force already"):
        engine.propose_policy(engine.policy_document, author="anna", now_ms=1, sign=sign)
    with pytest.raises(InvalidArgumentError, match="reason"):
        engine.propose_policy(replace(changed(engine, cooldown_ms=1), reason=" "), author="anna", now_ms=1, sign=sign)
    with pytest.raises(InvalidArgumentError, match="cooldown_ms"):
        engine.propose_policy(changed(engine, cooldown_ms=-1), author="anna", now_ms=1, sign=sign)
    with pytest.raises(NotFoundError):
        engine.approve_policy(9, officer="bert", now_ms=1, sign=sign)
    for cooldown_ms in range(POLICY_WAITING_COUNT_MAX):
        engine.propose_policy(changed(engine, cooldown_ms=cooldown_ms), author="anna", now_ms=1, sign=sign)
    with pytest.raises(LimitExceededError):
        engine.propose_policy(changed(engine, cooldown_ms=99), author="anna", now_ms=1, sign=sign)


@pytest.mark.parametrize("author", ["a\nb", "x" * 129, ""])
def test_who_cannot_be_written_into_a_document_changes_nothing(author: str) -> None:
    """A record that does not read again would end every start from then on."""
    engine = started()
    held = engine.propose_policy(changed(engine, cooldown_ms=1), author="anna", now_ms=1, sign=sign)
    if author:
        with pytest.raises(InvalidArgumentError):
            engine.propose_policy(changed(engine, cooldown_ms=HOUR_MS), author=author, now_ms=1, sign=sign)
    with pytest.raises(InvalidArgumentError):
        engine.approve_policy(held.version, officer=author, now_ms=1, sign=sign)
    with pytest.raises(InvalidArgumentError):
        engine.switch_offers(is_stopped=True, author=author, reason="x", now_ms=1)
    assert len(engine.state.policies.versions) == 2


def test_a_proposal_against_what_is_not_in_force_any_more_is_stale() -> None:
    engine = started()
    held = engine.propose_policy(changed(engine, cooldown_ms=1), author="anna", now_ms=1, sign=sign)
    engine.propose_policy(changed(engine, score_floor=1), author="anna", now_ms=1, sign=sign)
    with pytest.raises(StaleEtagError):
        engine.approve_policy(held.version, officer="bert", now_ms=2, sign=sign)


def test_a_rollback_of_a_loosening_is_at_once_and_of_a_tightening_is_approved() -> None:
    engine = started()
    engine.propose_policy(changed(engine, cooldown_ms=HOUR_MS), author="anna", now_ms=1, sign=sign)
    back = engine.roll_back_policy(1, author="anna", reason="too quiet", now_ms=2, sign=sign)
    assert (back.is_loosening, back.restores, engine.policy.version) == (True, 1, 2)
    engine.approve_policy(back.version, officer="bert", now_ms=3, sign=sign)
    assert (engine.policy.cooldown_ms, engine.policy.version) == (30 * 60_000, 3)
    again = engine.roll_back_policy(2, author="anna", reason="was right", now_ms=4, sign=sign)
    assert (again.is_loosening, engine.policy.cooldown_ms, engine.policy.version) == (False, HOUR_MS, 4)
    with pytest.raises(NotFoundError):
        engine.roll_back_policy(9, author="anna", reason="x", now_ms=5, sign=sign)


def test_the_kill_switch_stops_all_and_ends_with_another_try() -> None:
    engine = started()
    engine.switch_offers(is_stopped=True, author="ops", reason="wrong prices", now_ms=NOW_MS)
    assert offers(engine) == (-1, OfferVerdict.OFFERS_STOPPED)
    assert offers(engine, time_ms=NOW_MS + 1_000) == (-1, None)
    engine.switch_offers(is_stopped=False, author="ops", reason="mended", now_ms=NOW_MS)
    assert offers(engine, time_ms=NOW_MS + 2_000) == (1, OfferVerdict.OFFERED)


def test_the_end_of_no_stop_is_no_record() -> None:
    engine = started()
    count = len(list(engine.journal.read()))
    engine.switch_offers(is_stopped=False, author="ops", reason="mended", now_ms=NOW_MS)
    assert len(list(engine.journal.read())) == count
    assert engine.state.policies.stop == (False, 0, "", "")


def test_what_was_decided_before_the_kill_switch_does_not_leave() -> None:
    engine = started()
    outcome = engine.step(ping())
    (decision,) = engine.commit(outcome)
    assert engine.may_send(decision)
    engine.switch_offers(is_stopped=True, author="ops", reason="now", now_ms=NOW_MS)
    assert not engine.may_send(decision)


def test_what_was_decided_before_a_tightening_does_not_leave_after_it() -> None:
    engine = started()
    (decision,) = engine.commit(engine.step(ping()))
    held = engine.propose_policy(changed(engine, cooldown_ms=1), author="anna", now_ms=1, sign=sign)
    assert engine.may_send(decision), "a proposal is not in force"
    engine.approve_policy(held.version, officer="bert", now_ms=1, sign=sign)
    assert engine.may_send(decision), "by the looser policy it would have been decided, too"
    engine.propose_policy(changed(engine, score_floor=1), author="anna", now_ms=1, sign=sign)
    assert engine.gate_verdict(decision) is OfferVerdict.TOO_LATE
    again = Engine(journal=engine.journal, clock=engine.clock, state=fold(State(), engine.journal.read()))
    assert again.gate_verdict(decision) is OfferVerdict.TOO_LATE


def test_a_policy_comes_into_force_without_the_half_of_a_catalog() -> None:
    engine = started()
    engine.put_nouns([campaign(cap_rules=(CapRule(CapScope.PERSON_CAMPAIGN, 0),))], now_ms=NOW_MS)
    live = engine.live_generation
    assert live < engine.saved_generation
    engine.propose_policy(changed(engine, cooldown_ms=HOUR_MS, held_out_per_10000=5), author="a", now_ms=1, sign=sign)
    assert (engine.live_generation, engine.policy.cooldown_ms) == (live, HOUR_MS)
    engine.publish()
    assert engine.live_generation == engine.saved_generation


def test_cap_rules_and_the_control_group_follow_the_policy() -> None:
    engine = started()
    none = replace(engine.policy_document, cap_rules=(CapRule(CapScope.PERSON, 0),), reason="x")
    tighter = replace(none, cap_rules=(*engine.cap_rules, *none.cap_rules))
    engine.propose_policy(tighter, author="anna", now_ms=1, sign=sign)
    assert offers(engine) == (-1, OfferVerdict.FREQUENCY_CAP)
    engine = started()
    engine.propose_policy(changed(engine, held_out_per_10000=10_000), author="a", now_ms=1, sign=sign)
    assert offers(engine) == (-1, OfferVerdict.HELD_OUT)


def test_a_tightening_tries_no_visit_again_and_a_loosening_does() -> None:
    engine = started()
    engine.propose_policy(changed(engine, score_floor=100_000), author="anna", now_ms=1, sign=sign)
    assert offers(engine) == (-1, OfferVerdict.BELOW_RELEVANCE)
    engine.propose_policy(changed(engine, cooldown_ms=HOUR_MS), author="anna", now_ms=1, sign=sign)
    assert offers(engine, time_ms=NOW_MS + 1_000) == (-1, None)
    held = engine.propose_policy(changed(engine, score_floor=0), author="anna", now_ms=1, sign=sign)
    engine.approve_policy(held.version, officer="bert", now_ms=2, sign=sign)
    assert offers(engine, time_ms=NOW_MS + 2_000) == (held.version, OfferVerdict.OFFERED)


def test_replay_and_parts_bring_all_of_it_back() -> None:
    engine = started()
    engine.propose_policy(
        replace(changed(engine, cooldown_ms=HOUR_MS), minimum_notices=((SEARCH, "2026-01"),)),
        author="anna", now_ms=1, sign=sign,
    )  # fmt: skip
    engine.propose_policy(changed(engine, cooldown_ms=1), author="anna", now_ms=2, sign=sign)
    engine.roll_back_policy(1, author="anna", reason="x", now_ms=3, sign=sign)
    engine.approve_policy(3, officer="bert", now_ms=4, sign=sign)
    engine.switch_offers(is_stopped=True, author="ops", reason="now", now_ms=NOW_MS)
    replayed = fold(State(), engine.journal.read())
    parted = State()
    for partition in PARTITIONS:
        put_part(parted, unpack(pack(take_part(engine.state, partition))))
    for state in (replayed, parted):
        assert state.policies == engine.state.policies
        assert digest(state, CATALOG_PARTITION) == digest(engine.state, CATALOG_PARTITION)
        again = Engine(journal=engine.journal, clock=engine.clock, state=state)
        assert (again.policy, again.cap_rules) == (engine.policy, engine.cap_rules)
        assert again.policy_document == engine.policy_document
    assert (engine.policy.version, engine.policy.offers_stopped, engine.policy.retry_count) == (3, 1, 1)


def test_explain_tells_the_kill_switch() -> None:
    engine = started()
    engine.switch_offers(is_stopped=True, author="ops", reason="now", now_ms=NOW_MS)
    told = engine.explain(
        device_key=1, latitude_e7=LATITUDE_E7, longitude_e7=LONGITUDE_E7, accuracy_cm=1_000, now_ms=NOW_MS
    )
    assert [fence.verdict for fence in told.fences] == [OfferVerdict.OFFERS_STOPPED]
