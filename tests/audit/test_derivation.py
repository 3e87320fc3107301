"""What the log tells of records: by kind, with its caller, no coordinates, and the same again after a crash."""

from __future__ import annotations

import json
from typing import get_args

from audit_scene import COMMITS, NOW_MS, decision, note

from geooffer.audit import entries as kinds
from geooffer.audit.derivation import Draft, drafts_of, is_audited, told_fields
from geooffer.model.catalog import Geofence, Price, Store
from geooffer.model.records import (
    AudiencePut,
    CallNoted,
    ConsentRecord,
    Entry,
    NounDeleted,
    NounPut,
    PolicyMoved,
    PolicyStopSwitched,
    PricePut,
    Record,
    StockPut,
    StoresSwitched,
)
from geooffer.model.shapes import Circle

SHOP = Store("s-1", "Mitte", 525_200_000, 134_050_000, "Europe/Berlin")
FENCE = Geofence("g-1", Circle(525_200_001, 134_050_001, 12_000), "s-1")


def drafts(*records: Record, lsn: int = 7) -> list[Draft]:
    return drafts_of(lsn, [Entry(0, number, record) for number, record in enumerate(records, start=1)])


def test_changes_of_the_catalog_by_one_call_are_told_together() -> None:
    prices = [PricePut(Price("p-1", number, "EUR", NOW_MS), NOW_MS) for number in range(100)]
    found = drafts(
        note(count=102), NounPut(SHOP, NOW_MS), NounDeleted("Offer", "o-1", NOW_MS), *prices,
        note("CampaignService/AddAudienceMembers", 1), AudiencePut(5, 1, True, NOW_MS),
    )  # fmt: skip
    assert [draft.payload for draft in found] == [
        {
            "put Store": {"count": 1, "ids": ["s-1"]},
            "delete Offer": {"count": 1, "ids": ["o-1"]},
            "put Price": {"count": 100},
        },
        {"put AudienceMember": {"count": 1}},
    ]
    assert [draft.note.method for draft in found if draft.note] == [
        "StoreService/CreateStore",
        "CampaignService/AddAudienceMembers",
    ]


def test_a_note_ends_with_its_records() -> None:
    found = drafts(note(count=1), StoresSwitched((1,), 1, 0, 9, "flood", NOW_MS), decision(5), decision(6))
    assert [draft.note is not None for draft in found] == [True, False, False]
    assert found[0].payload["reason"] == "flood"


def test_refused_calls_are_of_security_and_read_ones_of_their_service() -> None:
    refused = note("PrivacyService/ExportSubject", 0, reason="PERMISSION_DENIED")
    read = note("ConsentService/GetConsent", 0, subject_key=5)
    found = drafts(refused, read, note("DiagnosticsService/ExplainPing", 0))
    assert [(draft.kind, draft.subject_key) for draft in found] == [
        (kinds.SECURITY, None),
        (kinds.CONSENT, 5),
        (kinds.ADMIN, None),
    ]


def test_no_coordinate_of_anything_is_told() -> None:
    found = drafts(NounPut(SHOP, NOW_MS), NounPut(FENCE, NOW_MS))
    text = json.dumps([draft.payload for draft in found])
    assert not any(str(number)[:5] in text for number in (525_200_000, 134_050_000))


def test_decisions_and_consents_carry_what_was_decided_and_whom_it_is_about() -> None:
    found = drafts(decision(5), ConsentRecord(6, 3, True, NOW_MS, "2026-01", (1, 2)))
    assert [(draft.kind, draft.subject_key) for draft in found] == [(kinds.DECISION, 5), (kinds.CONSENT, 6)]
    assert found[0].payload["policy_version"] == 10
    assert found[0].payload["points"] == [1, 2]
    assert found[1].payload["notice_version"] == "2026-01"
    assert "person_key" not in json.dumps([draft.payload for draft in found])


def test_stock_is_not_told_and_every_other_class_is_or_says_so() -> None:
    assert drafts(StockPut(1, 2, 3, 4)) == []
    audited = {cls.__name__ for cls in get_args(Record) if is_audited(cls.__new__(cls))}
    assert {"DecisionRecord", "ConsentTaken", "CustomerDeleted", "PolicyMoved", "RightsRequested", "NounPut"} <= audited
    assert not {"TouchpointRecord", "StockPut", "CallNoted", "AuditSealed"} & audited


def test_the_same_is_told_again() -> None:
    for number, commit in enumerate(COMMITS):
        assert drafts(*commit, lsn=number) == drafts(*commit, lsn=number)


def test_what_is_told_of_a_record_is_plain() -> None:
    told = told_fields(CallNoted("m", "r", b"\x01", 5, None, "x" * 999))
    assert told["caller"] == "01"
    assert len(told["reason"]) == 256
    json.dumps(told)


def test_who_wrote_a_policy_is_told_by_pseudonym_alone() -> None:
    moved = PolicyMoved(1, 7, NOW_MS, "jane.officer", 'author = "jane.officer"', signature=b"s")
    switched = PolicyStopSwitched(True, NOW_MS, "jane.officer", "an incident")
    found = drafts(note("PolicyService/ProposePolicy"), moved, note("PolicyService/SetKillSwitch"), switched)
    assert "jane" not in json.dumps([draft.payload for draft in found])
    assert (found[0].payload["version"], found[1].payload["reason"]) == (7, "an incident")
    assert all(draft.note is not None and draft.note.caller for draft in found)
