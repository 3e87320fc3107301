"""Art. 15 to 21: what a person asks for stands until it is answered; restricted is kept, and not used; objected stays
so until she consents anew."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_parts import assert_equal, taken_apart
from test_retention import NAMES, everything, sweep_all, town
from world import ALL_PURPOSES, EU_43, HOUR_MS, NOW_MS, ping, touchpoint, verdicts

from geooffer.engine.apply import fold
from geooffer.engine.engine import Engine
from geooffer.engine.state import State
from geooffer.errors import InUseError, InvalidArgumentError, NotConsentedError, NotFoundError, RestrictedError
from geooffer.journal.memory import MemoryJournal
from geooffer.model import limits
from geooffer.model.kinds import Channel, IdentityKind
from geooffer.model.policy import DAY_MS
from geooffer.model.rights import (
    DIRECT_MARKETING_PURPOSES,
    RestrictionGround,
    RightsKind,
    RightsState,
    months_after,
)
from geooffer.model.signals import Identity
from geooffer.model.verdicts import OfferVerdict, PingVerdict, Purpose, TouchpointKind

ACCURACY = RestrictionGround.ACCURACY_CONTESTED
MARKETING = sum(purpose.bit for purpose in DIRECT_MARKETING_PURPOSES)


def shop(journal: MemoryJournal | None = None) -> Engine:
    return town(journal, touchpoints=[touchpoint(size=EU_43, customer_id=name) for name in NAMES])


def restrict(engine: Engine, name: str = "ann", request_id: str = "r1", now_ms: int = NOW_MS) -> None:
    engine.restrict_person(name, request_id, ground=ACCURACY, reason="her letter", now_ms=now_ms)


def lift(engine: Engine, name: str = "ann", now_ms: int = NOW_MS + DAY_MS) -> None:
    engine.lift_restriction(name, informed_ms=now_ms - 1, reason="figures put right", now_ms=now_ms)


def held_of(engine: Engine, name: str = "ann") -> dict[str, object]:
    told = engine.export_person(name, now_ms=NOW_MS)
    return {part: told[part] for part in ("interests", "facts", "contacts", "decisions", "stated_fields", "consents")}


# -- due dates -----------------------------------------------------------------------------------------------


@given(st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)), st.integers(1, 3))
def test_a_month_later_is_the_same_day_or_the_last_one(moment: datetime, count: int) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    found = datetime.fromtimestamp(months_after(int(moment.timestamp()) * 1000, count) / 1000, UTC)
    assert (found.year * 12 + found.month) - (moment.year * 12 + moment.month) == count
    assert found.timetz() == moment.timetz()
    assert found.day == min(moment.day, calendar.monthrange(found.year, found.month)[1])


def test_due_dates_by_hand() -> None:
    def due(day: str, count: int) -> str:
        moment = datetime.fromisoformat(f"{day}T12:00:00+00:00")
        return datetime.fromtimestamp(months_after(int(moment.timestamp() * 1000), count) / 1000, UTC).isoformat()[:10]

    assert due("2026-01-31", 1) == "2026-02-28"
    assert due("2028-01-31", 1) == "2028-02-29"
    assert due("2026-11-30", 3) == "2027-02-28"
    assert due("2026-12-05", 1) == "2027-01-05"


# -- requests ------------------------------------------------------------------------------------------------


def test_a_letter_waits_until_the_action_answers_it() -> None:
    engine = shop()
    received_ms = NOW_MS - 40 * DAY_MS
    asked = engine.record_rights_request("ann", RightsKind.EXPORT, "r1", received_ms=received_ms, now_ms=NOW_MS)
    assert (asked.is_open, asked.due_ms) == (True, months_after(received_ms, 1))
    assert asked.is_overdue(NOW_MS)
    (answered,) = engine.answer_export("ann", "r2", reason="her letter", document_digest="ab" * 32, now_ms=NOW_MS)
    assert (answered.request_id, answered.state, answered.closed_ms) == ("r1", RightsState.ANSWERED, NOW_MS)
    assert answered.answer == "ab" * 32
    assert not answered.is_overdue(NOW_MS)
    (at_once,) = engine.answer_export("ann", "r3", reason="by phone", document_digest="cd" * 32, now_ms=NOW_MS + 5)
    assert (at_once.request_id, at_once.received_ms, at_once.reason) == ("r3", NOW_MS + 5, "by phone")
    assert engine.rights_requests("ann") == [answered, at_once]
    assert engine.rights_request("r3") == ("ann", at_once)


@pytest.mark.parametrize("kind", [RightsKind.RESTRICT, RightsKind.OBJECT])
def test_a_letter_that_is_acted_on_is_one_request(kind: RightsKind) -> None:
    """What is done about it stands in the request that came in, with its own reason and due date."""
    engine = shop()
    received_ms = NOW_MS - 3 * DAY_MS
    engine.record_rights_request("ann", kind, "r1", received_ms=received_ms, now_ms=NOW_MS, reason="her letter")
    engine.extend_rights_request("r1", "many", now_ms=NOW_MS)
    if kind is RightsKind.RESTRICT:
        ground = RestrictionGround.LEGAL_CLAIMS
        (held,) = engine.restrict_person("ann", "r2", ground=ground, reason="a claim", now_ms=NOW_MS + 1)
        assert held.is_in_force
    else:
        (held,) = engine.object_person("ann", "r2", purposes=16, reason="a claim", now_ms=NOW_MS + 1)
    assert engine.rights_requests("ann") == [held]
    assert (held.request_id, held.received_ms, held.due_ms) == ("r1", received_ms, months_after(received_ms, 3))
    assert (held.reason, held.answer, held.extension_reason) == ("her letter", "a claim", "many")
    assert (held.ground, held.purposes) == ((3, 0) if kind is RightsKind.RESTRICT else (0, 16))
    assert_equal(fold(State(), engine.journal.read()), engine.state)


def test_more_time_once_with_a_reason_and_only_in_time() -> None:
    engine = shop()
    engine.record_rights_request("ann", RightsKind.ERASE, "r1", received_ms=NOW_MS, now_ms=NOW_MS)
    longer = engine.extend_rights_request("r1", "four hundred requests at once", now_ms=NOW_MS + DAY_MS)
    assert longer.due_ms == months_after(NOW_MS, 3)
    assert (longer.extended_ms, longer.extension_reason) == (NOW_MS + DAY_MS, "four hundred requests at once")
    with pytest.raises(InUseError, match="extended already"):
        engine.extend_rights_request("r1", "again", now_ms=NOW_MS + DAY_MS)
    engine.record_rights_request("bob", RightsKind.ERASE, "r2", received_ms=NOW_MS - 40 * DAY_MS, now_ms=NOW_MS)
    with pytest.raises(InUseError, match="overdue"):
        engine.extend_rights_request("r2", "late", now_ms=NOW_MS)
    refused = engine.refuse_rights_request("r2", "cannot be told who asks", now_ms=NOW_MS)
    assert (refused.state, refused.answer) == (RightsState.REFUSED, "cannot be told who asks")
    with pytest.raises(InUseError, match="answered already"):
        engine.refuse_rights_request("r2", "twice", now_ms=NOW_MS)


def test_what_cannot_be_recorded() -> None:
    engine = shop()
    with pytest.raises(InvalidArgumentError, match="future"):
        engine.record_rights_request("ann", RightsKind.EXPORT, "r1", received_ms=NOW_MS + 1, now_ms=NOW_MS)
    for call in (
        lambda: engine.record_rights_request("nobody", RightsKind.EXPORT, "r1", received_ms=1, now_ms=NOW_MS),
        lambda: restrict(engine, "nobody"),
        lambda: lift(engine, "nobody"),
        lambda: engine.object_person("nobody", "r1", purposes=1, reason="", now_ms=NOW_MS),
        lambda: engine.rights_request("r1"),
    ):
        with pytest.raises(NotFoundError):
            call()
    with pytest.raises(InUseError, match="not restricted"):
        lift(engine)
    for purposes in (0, 1 << len(Purpose)):
        with pytest.raises(InvalidArgumentError, match="purpose"):
            engine.object_person("ann", "r1", purposes=purposes, reason="", now_ms=NOW_MS)
    assert engine.rights_requests("ann") == []


# -- restriction ---------------------------------------------------------------------------------------------


def test_restricted_nothing_is_used_and_everything_is_kept() -> None:
    engine = shop()
    (before,) = engine.commit(engine.step(ping()))
    held = held_of(engine)
    restrict(engine)
    assert not engine.may_send(before), "an offer on its way does not pass the send gate"
    assert held_of(engine) == held
    assert not engine.location_wanted(1)
    assert verdicts(engine.step(ping(NOW_MS + HOUR_MS))) == [PingVerdict.NO_CONSENT]
    assert engine.recent_tries.held(engine.key_of("ann")) == []
    with pytest.raises(NotConsentedError):
        engine.record_touchpoints([touchpoint(TouchpointKind.VIEW)], now_ms=NOW_MS)
    asked = engine.decide(
        "ann", channel=Channel.IN_APP, now_ms=NOW_MS, product_id="shoe", place=(525_200_000, 134_050_000)
    )
    assert (asked.decision, asked.verdict) == (None, OfferVerdict.PURPOSE_NOT_CONSENTED)
    assert len(engine.commit(engine.step(ping(device=2)))) == 1, "nobody else is touched"


def test_what_she_says_meanwhile_counts_when_the_restriction_is_lifted() -> None:
    engine = shop()
    restrict(engine)
    engine.record_consent("ann", ALL_PURPOSES, granted=True, time_ms=NOW_MS, now_ms=NOW_MS, notice_version="2")
    assert not engine.location_wanted(1), "consent does not end a restriction"
    held = held_of(engine)
    engine.withdraw_now("ann", Purpose.SEARCH_INTENT_USE.bit, now_ms=NOW_MS + 1)
    assert held_of(engine)["interests"] == held["interests"], "nothing of hers is erased"
    lift(engine)
    assert engine.location_wanted(1)
    assert held_of(engine)["interests"] == []
    (request,) = engine.rights_requests("ann")
    assert (request.lifted_ms, request.informed_ms) == (NOW_MS + DAY_MS, NOW_MS + DAY_MS - 1)
    assert request.lift_reason == "figures put right"
    assert not request.is_in_force


def test_lifted_offers_come_again() -> None:
    engine = shop()
    restrict(engine)
    lift(engine, now_ms=NOW_MS + HOUR_MS)
    assert len(engine.commit(engine.step(ping(NOW_MS + HOUR_MS)))) == 1


def test_the_sweep_and_an_erasure_leave_the_restricted_alone() -> None:
    engine = shop()
    engine.commit(engine.step(ping()))
    engine.commit(engine.step(ping(device=2)))
    restrict(engine)
    held = held_of(engine)
    later_ms = NOW_MS + 40 * DAY_MS
    sweep_all(engine, later_ms)
    assert held_of(engine) == held
    assert held_of(engine, "bob")["interests"] == held_of(engine, "bob")["decisions"] == []
    with pytest.raises(RestrictedError, match="lift that first"):
        engine.check_erasable("ann")
    engine.check_erasable("bob")
    lift(engine, now_ms=later_ms + 1)
    engine.check_erasable("ann")
    sweep_all(engine, later_ms + 2 * DAY_MS)
    assert held_of(engine)["interests"] == held_of(engine)["decisions"] == []


def test_she_is_told_before_it_is_lifted_and_restricted_once() -> None:
    engine = shop()
    restrict(engine)
    with pytest.raises(InUseError, match="already"):
        restrict(engine, request_id="r2")
    with pytest.raises(InvalidArgumentError, match="told before"):
        engine.lift_restriction("ann", informed_ms=NOW_MS + 1, reason="", now_ms=NOW_MS)
    with pytest.raises(InvalidArgumentError, match="before the restriction began"):
        engine.lift_restriction("ann", informed_ms=NOW_MS - 1, reason="", now_ms=NOW_MS)


def test_united_with_another_she_stays_restricted() -> None:
    engine = shop()
    restrict(engine)
    engine.merge_customers("ann", "bob")
    assert not engine.location_wanted(1)
    assert not engine.location_wanted(2)
    assert [request.request_id for request in engine.rights_requests("ann")] == ["r1"]
    lift(engine, "bob")
    assert engine.location_wanted(2)


def test_nothing_of_hers_is_copied_to_another() -> None:
    """A copy would be used: her contacts for somebody else's caps, her purchases for what is due again."""
    engine = shop()
    engine.commit(engine.step(ping()))
    web = Identity(IdentityKind.WEB, "web-1")
    engine.link_identity("ann", web)
    restrict(engine)
    for part in (lambda: engine.unlink_device("ann", 1, "carl"), lambda: engine.unlink_identity("ann", web, "carl")):
        with pytest.raises(RestrictedError, match="name no new customer"):
            part()
    with pytest.raises(NotFoundError):
        engine.customer("carl")
    engine.unlink_device("ann", 1)
    engine.unlink_identity("ann", web)
    assert engine.customer("ann").device_keys == ()


def test_what_expired_goes_before_a_request_is_taken_down() -> None:
    """The request closes the word; a snapshot of that would not know that something is still to go."""
    engine = shop()
    consent = {"granted": True, "time_ms": NOW_MS, "now_ms": NOW_MS, "notice_version": "2"}
    engine.record_consent("ann", Purpose.SEARCH_INTENT_USE.bit, valid_until_ms=NOW_MS + 9, **consent)  # type: ignore[arg-type]
    assert held_of(engine)["interests"] != []
    engine.answer_export("ann", "r1", reason="a letter", document_digest="00", now_ms=NOW_MS + 9)
    assert held_of(engine)["interests"] == []


# -- objection -----------------------------------------------------------------------------------------------


def test_an_objection_stops_a_purpose_until_she_consents_anew() -> None:
    engine = shop()
    (answered,) = engine.object_person("ann", "r1", purposes=MARKETING, reason="by mail", now_ms=NOW_MS)
    assert (answered.kind, answered.purposes, answered.state) == (RightsKind.OBJECT, MARKETING, RightsState.ANSWERED)
    assert verdicts(engine.step(ping())) == [PingVerdict.NO_CONSENT]
    assert engine.consented_now("ann", NOW_MS) == Purpose.AGGREGATE_STATISTICS.bit
    # told late, given before: it does not count
    for time_ms in (NOW_MS - DAY_MS, NOW_MS - 1, NOW_MS):
        engine.record_consent("ann", ALL_PURPOSES, granted=True, time_ms=time_ms, now_ms=NOW_MS + 9, notice_version="9")
    assert engine.consented_now("ann", NOW_MS + 9) == Purpose.AGGREGATE_STATISTICS.bit
    engine.record_consent("ann", ALL_PURPOSES, granted=True, time_ms=NOW_MS + 1, now_ms=NOW_MS + 9, notice_version="9")
    assert engine.consented_now("ann", NOW_MS + 9) == ALL_PURPOSES


# -- durable -------------------------------------------------------------------------------------------------


def test_replay_parts_and_the_live_state_agree() -> None:
    journal = MemoryJournal()
    engine = shop(journal)
    restrict(engine)
    engine.object_person("bob", "r2", purposes=1, reason="x", now_ms=NOW_MS)
    engine.record_rights_request("carla", RightsKind.EXPORT, "r3", received_ms=NOW_MS - 9, now_ms=NOW_MS)
    engine.merge_customers("ann", "dora")
    replayed = fold(State(), journal.read())
    for state in (replayed, taken_apart(engine.state)):
        assert_equal(state, engine.state)
        assert everything(state) == everything(engine.state)
        assert state.rights.by_person == engine.state.rights.by_person
        assert state.rights.restricted == engine.state.rights.restricted == {engine.key_of("dora")}
        assert state.rights.owners == engine.state.rights.owners


def test_answered_requests_go_after_three_years_and_open_ones_stay() -> None:
    engine = shop()
    engine.answer_export("ann", "r1", reason="x", document_digest="", now_ms=NOW_MS)
    engine.record_rights_request("ann", RightsKind.EXPORT, "r2", received_ms=NOW_MS, now_ms=NOW_MS)
    restrict(engine, "bob", "r3")
    sweep_all(engine, NOW_MS + limits.RIGHTS_RETENTION_MS)
    assert len(engine.rights_requests("ann")) == 2
    sweep_all(engine, NOW_MS + limits.RIGHTS_RETENTION_MS + DAY_MS)
    assert [held.request_id for held in engine.rights_requests("ann")] == ["r2"]
    assert [held.request_id for held in engine.rights_requests("bob")] == ["r3"]


def test_erased_her_requests_are_gone() -> None:
    engine = shop()
    engine.answer_export("ann", "r1", reason="x", document_digest="", now_ms=NOW_MS)
    engine.record_rights_request("ann", RightsKind.ERASE, "r2", received_ms=NOW_MS - DAY_MS, now_ms=NOW_MS)
    received_ms = NOW_MS - DAY_MS
    assert engine.erasure_asked_for("ann") == (received_ms, months_after(received_ms, 1))
    assert engine.erasure_asked_for("bob") == (0, 0)
    assert engine.delete_customer("ann")["rights_requests"] == 2
    with pytest.raises(NotFoundError):
        engine.rights_request("r1")
    assert not engine.state.rights.by_person
    assert not engine.state.rights.owners


def test_at_most_so_many_are_held_and_open_ones_never_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geooffer.engine.rights_book.RIGHTS_REQUESTS_PER_PERSON_COUNT_MAX", 3)
    engine = shop()
    engine.record_rights_request("ann", RightsKind.ERASE, "open", received_ms=NOW_MS, now_ms=NOW_MS)
    for number in range(5):
        engine.answer_export("ann", f"r{number}", reason="x", document_digest="", now_ms=NOW_MS + number)
    assert [held.request_id for held in engine.rights_requests("ann")] == ["open", "r3", "r4"]
