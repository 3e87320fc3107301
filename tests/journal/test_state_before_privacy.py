"""A state directory from before consent had events, and before rights, policies and zones, is read and goes on.

`before_privacy.tar.xz` was written by the commit before those (tests/journal/kept_town.py; six persons, one decision):
a snapshot, and one commit after it.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from kept_town import EVERYTHING, NOW_MS, KeptTown, digests, recovered_digests

from geooffer.journal.compactor import compact
from geooffer.model.consent import ConsentMethod, RecordedConsent
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.rights import RestrictionGround
from geooffer.model.verdicts import Purpose

HELD = Path(__file__).with_name("before_privacy.tar.xz")
INTENTS, PUSH = Purpose.SEARCH_INTENT_USE.bit, Purpose.PUSH_MARKETING.bit


@pytest.fixture
def old_town(tmp_path: Path) -> KeptTown:
    with tarfile.open(HELD) as archive:
        archive.extractall(tmp_path, filter="data")
    return KeptTown(tmp_path)


def said(granted: bool, time_ms: int, purposes: int) -> RecordedConsent:
    return RecordedConsent(granted, time_ms, "2026-01", purposes)


def test_what_was_held_is_held(old_town: KeptTown) -> None:
    engine = old_town.engine
    people = engine.state.people
    assert {customer.customer_id for customer in people.customers.values()} == {
        f"customer-{n}" for n in (0, 1, 2, 4, 5)
    }
    assert engine.customer("customer-3").customer_id == "customer-0", "united with her then"
    given = NOW_MS - HOUR_MS
    assert engine.consent_events("customer-0") == [said(True, given, EVERYTHING)]
    assert engine.consent_events("customer-1") == [said(True, given, EVERYTHING), said(False, NOW_MS, PUSH)]
    kept = [said(True, given, EVERYTHING & ~INTENTS), said(False, NOW_MS, INTENTS)]
    assert engine.consent_events("customer-2") == kept, "of what was superseded then nothing was kept"
    assert engine.consented_now("customer-1", NOW_MS) == EVERYTHING & ~PUSH
    assert engine.consented_now("customer-2", NOW_MS) == EVERYTHING & ~INTENTS
    assert [len(people.customers[held.person_key].device_keys) for held in engine.state.decisions.values()] == [1]
    assert engine.state.rights.by_person == {}
    old_town.close()


def test_it_goes_on_and_the_next_snapshot_holds_all(old_town: KeptTown, tmp_path: Path) -> None:
    engine = old_town.engine
    assert engine.was_allowed("customer-0", Purpose.SEARCH_INTENT_USE, NOW_MS).allowed
    assert not engine.was_allowed("customer-2", Purpose.SEARCH_INTENT_USE, NOW_MS).allowed
    later_ms = NOW_MS + HOUR_MS
    again = engine.record_consent(
        "customer-2", INTENTS, granted=True, time_ms=later_ms, now_ms=later_ms, notice_version="2026-02",
        method=ConsentMethod.APP, valid_until_ms=later_ms + DAY_MS,
    )  # fmt: skip
    engine.snooze_location("customer-1", later_ms + DAY_MS, now_ms=later_ms)
    engine.restrict_person(
        "customer-4", "r-1", ground=RestrictionGround.LEGAL_CLAIMS, reason="a claim", now_ms=later_ms
    )
    assert engine.consent_events("customer-2")[-1] == again
    while engine.sweep_retention(later_ms):
        pass
    expected, people = digests(engine.state), dict(engine.state.people.customers)
    old_town.close()
    assert recovered_digests(tmp_path) == expected
    compact(tmp_path)
    assert recovered_digests(tmp_path) == expected
    new = KeptTown(tmp_path)
    assert new.engine.state.people.customers == people
    assert new.engine.consented_now("customer-2", later_ms) == EVERYTHING
    assert new.engine.consented_now("customer-2", later_ms + DAY_MS) == EVERYTHING & ~INTENTS
    assert not new.engine.consented_now("customer-1", later_ms) & Purpose.PRECISE_LOCATION_FOR_OFFERS.bit
    assert new.engine.consented_now("customer-4", later_ms) == 0
    new.close()
