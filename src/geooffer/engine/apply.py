"""The fold: one function that turns a record into state, live and in replay alike (reliability.md).

state ── apply(record) ──► state      no decision is taken here, no reference checked: that was done before
                                      the record was written
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import starmap
from typing import Any

from geooffer.engine import apply_consent
from geooffer.engine.consent_ledger import (
    enforce_consent,
    forget_consents,
    granted_bits,
    refresh_word,
    sweep_consents,
    take_event,
)
from geooffer.engine.live import Closure
from geooffer.engine.people import INTENT_FIELDS
from geooffer.engine.people_history import add_history
from geooffer.engine.registry import KINDS
from geooffer.engine.special_categories import clear_special
from geooffer.engine.state import State, decision_key
from geooffer.errors import JournalError
from geooffer.kernels.contacts import contact_prune
from geooffer.model import records, tables
from geooffer.model.catalog import Campaign, Product, Store
from geooffer.model.consent import RecordedConsent
from geooffer.model.keys import partition_of, slice_of
from geooffer.model.kinds import OutcomeKind, SwitchKind
from geooffer.model.limits import CONTACT_RETENTION_MS, REQUEST_RETENTION_MS, RIGHTS_RETENTION_MS
from geooffer.model.records import CATALOG_PARTITION, Entry, Record
from geooffer.model.rights import RightsRequest, RightsStep
from geooffer.model.verdicts import Purpose, TouchpointKind

_KIND_BY_NAME = {kind.__name__: kind for kind in KINDS}


def partition_of_record(record: Record) -> int:
    """Where a record belongs: its person's partition, or the catalog's."""
    if isinstance(record, records.RetentionSwept):
        return record.partition
    key = getattr(record, "person_key", None)
    return CATALOG_PARTITION if key is None else partition_of(key)


def apply(state: State, entry: Entry) -> None:
    """Fold one entry. Raises JournalError where its partition has a gap, else nothing for what this code wrote."""
    expected = state.sequences.get(entry.partition, 0) + 1
    if entry.sequence != expected:
        raise JournalError(f"partition {entry.partition} expects sequence {expected}, not {entry.sequence}")
    state.sequences[entry.partition] = entry.sequence
    record = entry.record
    if isinstance(record, records.DecisionRecord):
        _decision(state, record, decision_key(entry.partition, entry.sequence))
    else:
        _APPLY[type(record)](state, record)


def fold(state: State, entries: Iterable[Entry]) -> State:
    """Fold entries in the order written into `state`; returns it."""
    for entry in entries:
        apply(state, entry)
    state.people.forget_moved()
    return state


def _noun_put(state: State, record: records.NounPut) -> None:
    state.registry.put(record.noun, record.time_ms)
    if isinstance(record.noun, Store):
        state.live.cover_stores(state.registry.count(Store))
        state.people.zones.number(record.noun.time_zone)
    elif isinstance(record.noun, Campaign):
        state.live.cover_campaigns(state.registry.count(Campaign))


def _noun_deleted(state: State, record: records.NounDeleted) -> None:
    state.registry.delete(_KIND_BY_NAME[record.kind], record.noun_id, record.time_ms)
    if record.kind == "Store":
        state.live.drop_store(state.registry.number(Store, record.noun_id))
    elif record.kind == "Product":
        state.live.drop_variants(state.registry.variants_of(state.registry.number(Product, record.noun_id)))


def _price_put(state: State, record: records.PricePut) -> None:
    state.registry.put_price(record.price)


def _stock_put(state: State, record: records.StockPut) -> None:
    state.live.put_stock(record.store_number, record.variant_number, record.available_count, record.as_of_ms)


def _customer_put(state: State, record: records.CustomerPut) -> None:
    state.people.put_customer(record.person_key, record.customer)


def _customer_deleted(state: State, record: records.CustomerDeleted) -> None:
    state.people.delete_customer(record.person_key)
    _forget_references(state, record.person_key)


def _forget_references(state: State, person_key: int) -> None:
    """What names a person from outside her row goes with her."""
    forget_consents(state, person_key)
    for identity in list(state.owned_identities.get(person_key, ())):
        state.disown_identity(identity)
    for alias in state.aliases_of(person_key):
        del state.aliases[alias]
    for key in state.decision_keys_of(person_key):
        _forget_decision(state, key)
    state.requests.forget_person(person_key)
    state.rights.forget(person_key)


def _touchpoint(state: State, record: records.TouchpointRecord) -> None:
    people, slot = state.people, state.people.person_slots[record.person_key]
    kind, category_number = TouchpointKind(record.kind), record.category_number
    if kind in INTENT_FIELDS:
        people.add_interest(slot, kind, category_number, record.product_number, record.time_ms)
    elif kind in _FACTS:
        people.add_fact(slot, _FACTS[kind], category_number, max(record.is_interested, 0), record.time_ms)
    elif kind is TouchpointKind.CONTACTED:
        people.add_message_contact(
            slot, time_ms=record.time_ms, source_key=record.source_key, category_number=category_number
        )
    if record.size_code >= 0:
        people.add_fact(slot, tables.FACT_SIZE, category_number, record.size_code, record.time_ms)
    for field, value, is_stated in (
        ("channel", record.channel, record.channel != 0 and kind is not TouchpointKind.CONTACTED),
        ("language", record.language, record.language != ""),
        ("fulfilment", record.fulfilment, record.fulfilment != 0),
        ("tier", record.tier, record.tier >= 0),
        ("account_kind", record.account_kind, record.account_kind != 0),
    ):
        if is_stated:
            people.state_field(record.person_key, field, record.time_ms, value)


_FACTS = {
    TouchpointKind.PURCHASE: tables.FACT_PURCHASE,
    TouchpointKind.RETURN: tables.FACT_RETURN,
    TouchpointKind.SOCIAL_LIKE: tables.FACT_LIKE,
    TouchpointKind.SURVEY_ANSWER: tables.FACT_SURVEY,
}


def _audience_put(state: State, record: records.AudiencePut) -> None:
    people, slot = state.people, state.people.person_slots[record.person_key]
    people.add_fact(slot, tables.FACT_AUDIENCE, record.audience_number, int(record.is_member), record.time_ms)


def _identity_linked(state: State, record: records.IdentityLinked) -> None:
    state.own_identity((record.kind, record.identity_key), record.person_key)


def _identity_unlinked(state: State, record: records.IdentityUnlinked) -> None:
    if state.identities.get((record.kind, record.identity_key)) == record.person_key:
        state.disown_identity((record.kind, record.identity_key))


def _person_departed(state: State, record: records.PersonDeparted) -> None:
    """All that is held of her goes; what she leaves stands in the PersonArrived of the same commit."""
    for key in state.decision_keys_of(record.person_key):
        _take_from_total(state, state.decisions.get(key))
        _forget_decision(state, key)
    state.people.delete_customer(record.person_key)
    _forget_references(state, record.person_key)


def _person_arrived(state: State, record: records.PersonArrived) -> None:
    if record.is_alias:
        state.aliases |= dict.fromkeys((record.from_key, *record.history.aliases), record.person_key)
    add_history(state.people, record.person_key, record.history)
    for kind, identity_key in record.history.identities:
        state.own_identity((kind, identity_key), record.person_key)
    for key, decision, outcomes, is_released in record.history.decisions:
        _arrived_decision(state, replace(decision, person_key=record.person_key), key, dict(outcomes), is_released)
    for event in (
        *apply_consent.older_events(record.history),
        *starmap(RecordedConsent, record.history.consent_events),
    ):
        take_event(state, record.person_key, event)
    apply_consent.arrived_consent_facts(state, record.person_key, record.history)
    state.rights.take(record.person_key, [RightsRequest(*held) for held in record.history.rights])  # type: ignore[arg-type]
    enforce_consent(state, record.person_key, record.special_category_numbers, record.time_ms)


def _arrived_decision(
    state: State, decision: records.DecisionRecord, key: int, outcomes: dict[int, int], is_released: bool
) -> None:
    if is_released:
        state.released[key] = decision
        return
    state.decisions[key] = decision
    _add_to_total(state, decision)
    if outcomes:
        state.outcomes[key] = {OutcomeKind(kind): time_ms for kind, time_ms in outcomes.items()}


def _decision(state: State, record: records.DecisionRecord, key: int) -> None:
    people, slot = state.people, state.people.person_slots[record.person_key]
    people.add_offer_contact(
        slot,
        time_ms=record.time_ms,
        decision_key=key,
        store_number=record.store_number,
        offer_number=record.offer_number,
        category_number=record.category_number,
        campaign_number=record.campaign_number,
        is_shadow=record.is_shadow,
    )
    keep_decision(state, slot, record, key)


def keep_decision(state: State, person_slot: int, record: records.DecisionRecord, key: int) -> None:
    """What a decision changes besides her contacts; the live path, whose kernel wrote the contact, calls it, too."""
    state.latest_ms = max(state.latest_ms, record.time_ms)
    _add_to_total(state, record)
    state.decisions[key] = record
    contact_prune(state.people.view, person_slot, record.time_ms - CONTACT_RETENTION_MS)


def _add_to_total(state: State, decision: records.DecisionRecord) -> None:
    if decision.campaign_number >= 0 and not decision.is_shadow:
        state.totals.add(decision.campaign_number, decision.time_ms, partition_of(decision.person_key))


def _take_from_total(state: State, decision: records.DecisionRecord | None) -> None:
    if decision is not None and decision.campaign_number >= 0 and not decision.is_shadow:
        state.totals.remove(decision.campaign_number, decision.time_ms, partition_of(decision.person_key))


def _forget_decision(state: State, key: int) -> None:
    state.decisions.pop(key, None)
    state.released.pop(key, None)
    state.outcomes.pop(key, None)


def _decision_released(state: State, record: records.DecisionReleased) -> None:
    decision = state.decisions.get(record.decision_key)
    if decision is not None:
        _forget_decision(state, record.decision_key)
        state.released[record.decision_key] = decision
        _take_from_total(state, decision)
    slot = state.people.person_slots.get(record.person_key, -1)
    if slot >= 0:
        contact = state.people.find_offer_contact(slot, record.decision_key)
        if contact >= 0:
            state.people.remove_contact(slot, contact)


def _outcome(state: State, record: records.OutcomeRecord) -> None:
    kind, time_ms = OutcomeKind(record.kind), record.time_ms
    ends = kind in (OutcomeKind.DISMISSED, OutcomeKind.REDEEMED)
    if record.decision_key in state.released:
        _revive(state, record)
    if record.decision_key in state.decisions:
        known = state.outcomes.setdefault(record.decision_key, {})
        known[kind] = (max if ends else min)(known.get(kind, time_ms), time_ms)
    slot = state.people.person_slots.get(record.person_key, -1)
    contact = state.people.find_offer_contact(slot, record.decision_key) if slot >= 0 else -1
    if contact >= 0:
        never = tables.NEVER_MS
        state.people.set_contact_times(
            contact,
            delivered_ms=time_ms if kind is OutcomeKind.DELIVERED else never,
            displayed_ms=time_ms if kind is OutcomeKind.DISPLAYED else never,
            ended_ms=time_ms if ends else never,
        )


def _revive(state: State, record: records.OutcomeRecord) -> None:
    """It was said to have failed, and now to have reached her: it counts after all. In doubt one offer too few (D2)."""
    decision = replace(state.released.pop(record.decision_key), person_key=record.person_key)
    slot = state.people.person_slots.get(record.person_key, -1)
    if slot < 0:
        return
    if state.people.find_offer_contact(slot, record.decision_key) < 0:
        _decision(state, decision, record.decision_key)
    else:  # a copy that somebody took along has come back to her: it counts once
        keep_decision(state, slot, decision, record.decision_key)


def _stores_switched(state: State, record: records.StoresSwitched) -> None:
    kind, span = SwitchKind(record.kind), (record.from_ms, record.until_ms)
    closures = [Closure(number, kind, *span, record.reason) for number in record.store_numbers]
    state.live.switch(closures, record.time_ms)


def _stores_restored(state: State, record: records.StoresRestored) -> None:
    state.live.restore(record.store_numbers, SwitchKind(record.kind), record.time_ms)


def _request_answered(state: State, record: records.RequestAnswered) -> None:
    state.requests.add(record)


def _rights_requested(state: State, record: records.RightsRequested) -> None:
    state.latest_ms = max(state.latest_ms, record.time_ms)
    state.rights.request(record)


def _rights_step_taken(state: State, record: records.RightsStepTaken) -> None:
    state.latest_ms = max(state.latest_ms, record.time_ms)
    state.rights.take_step(record)
    if record.step == RightsStep.LIFTED:
        enforce_consent(state, record.person_key, record.special_category_numbers, record.time_ms)
    else:
        refresh_word(state, record.person_key, record.time_ms)


def _retention_swept(state: State, record: records.RetentionSwept) -> None:
    state.latest_ms = max(state.latest_ms, record.time_ms)
    state.requests.forget_before(record.partition, record.time_ms - REQUEST_RETENTION_MS)
    if record.partition == CATALOG_PARTITION:
        state.live.drop_over(record.time_ms)
        return
    restricted = state.rights.restricted  # what is held of them is kept until that is lifted
    state.people.sweep_slice(record, restricted)
    clear_special(state.people, record, lambda key: key in restricted or _may_hold_special(state, key, record.time_ms))
    sweep_consents(state, apply_consent.keys_with_more(state, record), record.consents_before_ms, record.time_ms)
    for held in (state.decisions, state.released):
        for key in held.older_keys(record.partition, record.slice_number, record.contacts_before_ms):
            if held[key].person_key not in restricted:
                _forget_decision(state, key)
    state.rights.sweep(_keys_with_rights(state, record), record.time_ms - RIGHTS_RETENTION_MS)


def _may_hold_special(state: State, person_key: int, now_ms: int) -> bool:
    return bool(granted_bits(state, person_key, now_ms) & Purpose.SPECIAL_CATEGORY_OFFERS.bit)


def _keys_with_rights(state: State, record: records.RetentionSwept) -> list[int]:
    place = record.partition, record.slice_number
    return [key for key in state.rights.by_person if (partition_of(key), slice_of(key)) == place]


def _policy_moved(state: State, record: records.PolicyMoved) -> None:
    state.latest_ms = max(state.latest_ms, record.time_ms)
    state.policies.move(record)


def _policy_stop_switched(state: State, record: records.PolicyStopSwitched) -> None:
    state.latest_ms = max(state.latest_ms, record.time_ms)
    state.policies.switch_stop(record)


def _call_noted(state: State, record: records.CallNoted) -> None:
    """It says who acted; what was done says another record."""


def _audit_sealed(state: State, record: records.AuditSealed) -> None:
    state.audit_seal = (record.number, record.hash)


_APPLY: dict[type, Callable[[State, Any], None]] = {
    records.NounPut: _noun_put,
    records.NounDeleted: _noun_deleted,
    records.PricePut: _price_put,
    records.StockPut: _stock_put,
    records.CustomerPut: _customer_put,
    records.CustomerDeleted: _customer_deleted,
    records.TouchpointRecord: _touchpoint,
    records.AudiencePut: _audience_put,
    records.IdentityLinked: _identity_linked,
    records.IdentityUnlinked: _identity_unlinked,
    records.PersonDeparted: _person_departed,
    records.PersonArrived: _person_arrived,
    records.ConsentRecord: apply_consent.consent,
    records.ConsentTaken: apply_consent.consent_taken,
    records.ConsentLapsed: apply_consent.consent_lapsed,
    records.LocationSnoozed: apply_consent.location_snoozed,
    records.DecisionReleased: _decision_released,
    records.OutcomeRecord: _outcome,
    records.StoresSwitched: _stores_switched,
    records.StoresRestored: _stores_restored,
    records.RetentionSwept: _retention_swept,
    records.RequestAnswered: _request_answered,
    records.RightsRequested: _rights_requested,
    records.RightsStepTaken: _rights_step_taken,
    records.PolicyMoved: _policy_moved,
    records.PolicyStopSwitched: _policy_stop_switched,
    records.CallNoted: _call_noted,
    records.AuditSealed: _audit_sealed,
}
