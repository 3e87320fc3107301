"""Consent events as they are told: in an export, to an officer, in a receipt. Each event once, with the facts of its
notice (ISO/IEC TS 27560).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geooffer.engine.consent_ledger import superseded_times_ms
from geooffer.model.consent import ConsentMethod, Notice, RecordedConsent
from geooffer.model.limits import TIME_MAX_MS
from geooffer.model.units import format_time_ms
from geooffer.model.verdicts import Purpose

if TYPE_CHECKING:
    from geooffer.engine.consent_changes import ConsentChanges

Row = dict[str, Any]


def purpose_names(mask: int) -> list[str]:
    """Names of the purposes in a mask, in the order of their bits."""
    return [purpose.name for purpose in Purpose if mask & purpose.bit]


def consent_rows(engine: ConsentChanges, customer_id: str) -> list[Row]:
    """All her events, oldest first. Raises NotFoundError."""
    held = engine.consent_of(customer_id)
    rows, events = [], engine.consent_events(customer_id)
    for event, superseded_at_ms in zip(events, superseded_times_ms(events), strict=True):
        holds = [purpose.name for purpose in Purpose if held.get(purpose) is event]
        kept = "until erased"
        if not holds:
            kept = format_time_ms(min(superseded_at_ms + engine.policy.consent_evidence_kept_ms, TIME_MAX_MS))
        row = {"event_id": engine.consent_event_id(customer_id, event), "is_latest_of": holds, "kept_until": kept}
        rows.append(row | event_row(event) | notice_row(engine.registry.notices.get(event.notice_version)))
    return rows


def event_row(event: RecordedConsent) -> Row:
    """What she said."""
    return {
        "purposes": purpose_names(event.purposes),
        "granted": event.granted,
        "time": format_time_ms(event.time_ms),
        "recorded_time": format_time_ms(event.recorded_ms) if event.recorded_ms else "",
        "valid_until": format_time_ms(event.valid_until_ms) if event.valid_until_ms else "",
        "method": ConsentMethod(event.method).name,
        "notice_version": event.notice_version,
        "language": event.language,
        "notice_sha256": event.notice_hash.hex(),
    }


def notice_row(notice: Notice | None) -> Row:
    """What she was told, '' where the notice is not registered."""
    if notice is None:
        notice = Notice("", 0, 0, (), "")
    return {
        "controller": notice.controller,
        "recipients": list(notice.recipients),
        "withdrawal_method": notice.withdrawal_method,
        "retention_reference": notice.retention_reference,
    }
