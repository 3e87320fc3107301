"""C3, C5: was it allowed then? The engine against a list that is replayed, whatever order events come in."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_retention import sweep_all
from world import ALL_PURPOSES, NOW_MS, World, consent

from geooffer.engine.apply import fold
from geooffer.engine.consent_ledger import consent_rank, superseded_times_ms
from geooffer.engine.engine import Engine
from geooffer.engine.parts import PARTITIONS, put_parts, take_part
from geooffer.engine.state import State, digest
from geooffer.errors import InvalidArgumentError, NotFoundError
from geooffer.journal.field_arrays import pack, unpack
from geooffer.model.catalog import Customer
from geooffer.model.consent import ConsentMethod, RecordedConsent
from geooffer.model.limits import CONSENT_EVENTS_PER_PERSON_COUNT_MAX, TIME_MAX_MS
from geooffer.model.policy import DAY_MS
from geooffer.model.verdicts import Purpose

STEP_MS = 1_000


@dataclass(frozen=True)
class Said:
    """An event of a few moments, so that ties are frequent."""

    purposes: int
    granted: bool
    moment: int
    ends: int
    """0 = open; else so many moments later."""
    arrives: int
    """Not before `moment`: nothing may be dated ahead."""

    @property
    def time_ms(self) -> int:
        return NOW_MS + self.moment * STEP_MS

    @property
    def valid_until_ms(self) -> int:
        return self.time_ms + self.ends * STEP_MS if self.ends and self.granted else 0


SAID = st.builds(
    lambda purposes, granted, moment, ends, delay: Said(purposes, granted, moment, ends, moment + delay),
    st.integers(1, ALL_PURPOSES), st.booleans(), st.integers(0, 8), st.sampled_from([0, 0, 1, 2, 5]),
    st.integers(0, 4),
)  # fmt: skip


def was_allowed(said: list[Said], purpose: Purpose, time_ms: int) -> bool:
    """Slow and obvious: replay in order of time; at one moment grants first (open ones before short ones), then
    withdrawals."""
    answer, until_ms = False, 0
    for event in sorted(said, key=lambda each: (each.time_ms, not each.granted, -(each.valid_until_ms or 2**62))):
        if event.purposes & purpose.bit and event.time_ms <= time_ms:
            answer, until_ms = event.granted, event.valid_until_ms
    return answer and (until_ms == 0 or time_ms < until_ms)


def town() -> Engine:
    return World(purposes=0, touchpoints=(), customers=[Customer("ann", (1,)), Customer("bob", (2,))]).build()


def record(engine: Engine, event: Said, now_ms: int) -> None:
    engine.record_consent(
        "ann", event.purposes, granted=event.granted, time_ms=event.time_ms, now_ms=now_ms,
        notice_version="1" if event.granted else "", valid_until_ms=event.valid_until_ms,
    )  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(said=st.lists(SAID, max_size=12))
def test_what_was_allowed_is_what_a_replayed_list_says(said: list[Said]) -> None:
    check_said(said)


@pytest.mark.long
@settings(max_examples=300, deadline=None)
@given(said=st.lists(SAID, max_size=12))
def test_what_was_allowed_is_what_many_replayed_lists_say(said: list[Said]) -> None:
    check_said(said)


def check_said(said: list[Said]) -> None:
    engine = town()
    come: list[Said] = []
    for event in sorted(said, key=lambda each: each.arrives):
        now_ms = NOW_MS + event.arrives * STEP_MS
        record(engine, event, now_ms)
        come.append(event)
        expected = sum(purpose.bit for purpose in Purpose if was_allowed(come, purpose, now_ms))
        assert engine.consented_now("ann", now_ms) == expected, "the word is what the list says of now"
    for moment in range(-1, 15):
        time_ms = NOW_MS + moment * STEP_MS
        known = [event for event in said if NOW_MS + event.arrives * STEP_MS <= time_ms]
        for purpose in Purpose:
            told = engine.was_allowed("ann", purpose, time_ms)
            assert told.allowed is was_allowed(said, purpose, time_ms)
            assert told.is_complete
            # the same event told twice was known the first time
            assert told.was_known is was_allowed(known, purpose, time_ms)
    for moment in range(15):  # and the word as time goes by, without a further event
        now_ms = NOW_MS + (12 + moment) * STEP_MS
        expected = sum(purpose.bit for purpose in Purpose if was_allowed(said, purpose, now_ms))
        assert engine.consented_now("ann", now_ms) == expected
    assert engine.consent_events("bob") == []
    check_recovered(engine)


def check_recovered(engine: Engine) -> None:
    """Replayed, and through the parts of a snapshot, the ledger is the same."""
    again = fold(State(), engine.journal.read())
    apart = State()
    put_parts(apart, [unpack(pack(take_part(engine.state, partition))) for partition in PARTITIONS])
    for state in (again, apart):
        assert state.consents == engine.state.consents
        assert state.consent_past == engine.state.consent_past
        assert [digest(state, each) for each in PARTITIONS] == [digest(engine.state, each) for each in PARTITIONS]


@settings(max_examples=60, deadline=None)
@given(said=st.lists(SAID, min_size=1, max_size=8), data=st.data())
def test_any_order_and_any_repetition_hold_the_same(said: list[Said], data: st.DataObject) -> None:
    now_ms = NOW_MS + 20 * STEP_MS
    orders = [said, data.draw(st.permutations(said)), [*said, *data.draw(st.lists(st.sampled_from(said), max_size=4))]]
    engines = []
    for order in orders:
        engine = town()
        for event in order:
            record(engine, event, now_ms)
        engines.append(engine)
    assert engines[0].consent_events("ann") == engines[1].consent_events("ann") == engines[2].consent_events("ann")
    assert len(engines[0].consent_events("ann")) == len(
        {replace(each, arrives=0, ends=each.ends * each.granted) for each in said}
    )


def test_an_event_keeps_all_it_was_told_with_and_a_name() -> None:
    engine = town()
    consent(engine, 3, time_ms=NOW_MS - 5)
    held = engine.record_consent(
        "ann", 1, granted=True, time_ms=NOW_MS, now_ms=NOW_MS + 3, notice_version="v2", language="de",
        notice_hash=bytes(range(32)), method=ConsentMethod.PAPER, valid_until_ms=NOW_MS + DAY_MS,
    )  # fmt: skip
    assert engine.consent_events("ann")[-1] == held
    assert (held.language, held.notice_hash, held.method) == ("de", bytes(range(32)), 5)
    assert (held.valid_until_ms, held.recorded_ms) == (NOW_MS + DAY_MS, NOW_MS + 3)
    name = engine.consent_event_id("ann", held)
    assert engine.find_consent_event("ann", name) == held
    with pytest.raises(NotFoundError):
        engine.find_consent_event("bob", name)


@settings(max_examples=100, deadline=None)
@given(said=st.lists(SAID, max_size=12))
def test_when_an_event_lost_its_last_purpose_is_found_in_one_pass(said: list[Said]) -> None:
    """Against the slow and obvious: for each event and purpose the first later one."""
    told = {(each.purposes, each.granted, each.time_ms, each.valid_until_ms): each for each in said}.values()
    held = [
        RecordedConsent(each.granted, each.time_ms, "1", each.purposes, "", b"", 0, each.valid_until_ms)
        for each in told
    ]
    events = sorted(held, key=consent_rank)
    found = superseded_times_ms(events)
    for number, event in enumerate(events):
        later = events[number + 1 :]
        ends = [
            min((other.time_ms for other in later if other.purposes & purpose.bit), default=TIME_MAX_MS)
            for purpose in Purpose
            if event.purposes & purpose.bit
        ]
        assert found[number] == max(ends)


def test_superseded_events_are_held_as_long_as_configured_and_what_holds_is_held() -> None:
    engine = town()
    kept_ms = engine.policy.consent_evidence_kept_ms
    consent(engine, 3, time_ms=NOW_MS - 10)
    consent(engine, 1, granted=False, time_ms=NOW_MS)
    consent(engine, 2, granted=False, time_ms=NOW_MS + 5)
    sweep_all(engine, NOW_MS + 5 + kept_ms)
    assert len(engine.consent_events("ann")) == 3, "the grant was superseded exactly so long ago"
    sweep_all(engine, NOW_MS + 5 + kept_ms + DAY_MS)
    assert [event.granted for event in engine.consent_events("ann")] == [False, False]
    told = engine.was_allowed("ann", Purpose.BACKGROUND_LOCATION, NOW_MS + 4)
    assert (told.allowed, told.is_complete) == (False, False)
    assert engine.was_allowed("ann", Purpose.BACKGROUND_LOCATION, NOW_MS + 5).is_complete
    assert engine.consents_known_from_ms("ann") == NOW_MS + 5
    check_recovered(engine)


def test_events_are_bounded_and_the_oldest_give_way() -> None:
    engine = town()
    count = CONSENT_EVENTS_PER_PERSON_COUNT_MAX + 10
    for number in range(count):
        consent(engine, 1, granted=number % 2 == 0, time_ms=NOW_MS + number)
    events = engine.consent_events("ann")
    assert len(events) == CONSENT_EVENTS_PER_PERSON_COUNT_MAX + 1
    assert events[0].time_ms == NOW_MS + count - len(events)
    assert not engine.was_allowed("ann", Purpose(0), NOW_MS).is_complete
    assert engine.was_allowed("ann", Purpose(0), events[0].time_ms + (events[0].granted is False)).is_complete
    check_recovered(engine)


def test_erased_she_has_no_events_and_united_she_has_all() -> None:
    engine = town()
    consent(engine, 1, time_ms=NOW_MS - 10)
    consent(engine, 1, granted=False, time_ms=NOW_MS - 5)
    consent(engine, 1, time_ms=NOW_MS - 7, customer_id="bob")
    engine.snooze_location("bob", NOW_MS + DAY_MS, now_ms=NOW_MS)
    engine.merge_customers("bob", "ann")
    assert [event.time_ms for event in engine.consent_events("ann")] == [NOW_MS - 10, NOW_MS - 7, NOW_MS - 5]
    assert engine.snoozed_until_ms("ann") == NOW_MS + DAY_MS
    check_recovered(engine)
    assert engine.delete_customer("ann")["consents"] == 3
    assert engine.state.consents == engine.state.consent_past == engine.state.snoozes == {}
    engine.upsert_customers([Customer("ann", (1,))])
    assert engine.consent_events("ann") == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"valid_until_ms": NOW_MS}, "valid_until_time"),
        ({"valid_until_ms": NOW_MS - 1}, "valid_until_time"),
        ({"valid_until_ms": 2**50}, "valid_until_time"),
        ({"granted": False, "valid_until_ms": NOW_MS + 1}, "valid_until_time"),
        ({"time_ms": NOW_MS + 30_001}, "event_time"),
        ({"purposes": 0}, "purposes"),
    ],
)
def test_a_malformed_event_is_none(changes: dict[str, int], field: str) -> None:
    engine = town()
    values = {"granted": True, "time_ms": NOW_MS, "now_ms": NOW_MS, "notice_version": "1"} | changes
    purposes = values.pop("purposes", 1)
    with pytest.raises(InvalidArgumentError) as caught:
        engine.record_consent("ann", purposes, **values)  # type: ignore[arg-type]
    assert caught.value.field == field
    assert engine.consent_events("ann") == []
    assert engine.consented_now("ann", NOW_MS) == 0
