"""The fold of what people consent to (engine/apply.py has the table)."""

from __future__ import annotations

from geooffer.engine.consent_ledger import enforce_consent, refresh_word, take_event
from geooffer.engine.state import State
from geooffer.model import records, tables
from geooffer.model.consent import RecordedConsent
from geooffer.model.verdicts import Purpose


def consent(state: State, record: records.ConsentRecord) -> None:
    """As journals had it before ConsentTaken."""
    state.latest_ms = max(state.latest_ms, record.time_ms)
    event = RecordedConsent(record.granted, record.time_ms, record.notice_version, record.purposes)
    take_event(state, record.person_key, event)
    enforce_consent(state, record.person_key, record.special_category_numbers, record.time_ms)


def consent_taken(state: State, record: records.ConsentTaken) -> None:
    """She gave or took back."""
    state.latest_ms = max(state.latest_ms, record.time_ms)
    event = RecordedConsent(
        granted=record.granted,
        time_ms=record.time_ms,
        notice_version=record.notice_version,
        purposes=record.purposes,
        language=record.language,
        notice_hash=record.notice_hash,
        method=record.method,
        valid_until_ms=record.valid_until_ms,
        recorded_ms=record.recorded_ms,
    )
    take_event(state, record.person_key, event)
    enforce_consent(state, record.person_key, record.special_category_numbers, record.recorded_ms)


def consent_lapsed(state: State, record: records.ConsentLapsed) -> None:
    """It expired."""
    state.latest_ms = max(state.latest_ms, record.time_ms)
    enforce_consent(state, record.person_key, record.special_category_numbers, record.time_ms)


def location_snoozed(state: State, record: records.LocationSnoozed) -> None:
    """Her location is not used for a while, or again."""
    state.latest_ms = max(state.latest_ms, record.time_ms)
    if record.until_ms > record.time_ms:
        state.snoozes[record.person_key] = record.until_ms
    else:
        state.snoozes.pop(record.person_key, None)
    refresh_word(state, record.person_key, record.time_ms)


def older_events(history: records.PersonHistory) -> list[RecordedConsent]:
    """As journals had them before events were moved whole: (purpose, granted, time_ms, notice_version)."""
    masks: dict[tuple[bool, int, str], int] = {}
    for value, granted, time_ms, notice_version in history.consents:
        event = (granted, time_ms, notice_version)
        masks[event] = masks.get(event, 0) | Purpose(value).bit
    return [RecordedConsent(*event, purposes=mask) for event, mask in masks.items()]


def arrived_consent_facts(state: State, person_key: int, history: records.PersonHistory) -> None:
    """Of two horizons and two snoozes the later holds."""
    for table, arrived_ms in (
        (state.consents_known_from, history.consents_known_from_ms),
        (state.snoozes, history.snoozed_until_ms),
    ):
        if arrived_ms != tables.NEVER_MS:
            table[person_key] = max(table.get(person_key, arrived_ms), arrived_ms)


def keys_with_more(state: State, record: records.RetentionSwept) -> list[int]:
    """Person keys of the slice that have more than the latest events; few do."""
    has_more = {*state.consent_past, *state.snoozes} - state.rights.restricted
    if not has_more:
        return []
    slots = state.people.slices.slots(record.partition, record.slice_number)
    return [key for key in state.people.view.persons["person_key"][slots].tolist() if key in has_more]
