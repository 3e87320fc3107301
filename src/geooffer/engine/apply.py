"""The fold: one function that turns a record into state, live and in replay alike (reliability.md).

    state ── apply(record) ──► state      no decision is taken here, no reference checked: that was done before
                                          the record was written

Everything durable is in `State`; presence is soft and not part of it (semantics P7). `digest` names the durable
state of one partition, or of the catalog, by what it means and not by where it lies in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import astuple
from typing import Any

from geooffer.engine.people import People
from geooffer.engine.registry import Registry
from geooffer.engine.stock import Stock
from geooffer.errors import JournalError
from geooffer.kernels.caps import contact_add, contact_prune, contact_remove
from geooffer.model import records, tables
from geooffer.model.catalog import Category, Geofence, Offer, Product, Store
from geooffer.model.keys import partition_of
from geooffer.model.limits import CONTACT_RETENTION_MS
from geooffer.model.records import CATALOG_PARTITION, Entry, Record
from geooffer.model.signals import PurposeState
from geooffer.model.verdicts import Purpose, TouchpointKind

_KIND_BY_NAME = {kind.__name__: kind for kind in (Store, Geofence, Category, Product, Offer)}
_LOCATION = Purpose.PRECISE_LOCATION_FOR_OFFERS
_ALL_BITS = (1 << len(Purpose)) - 1


class State:
    """All durable state, and the next sequence of each partition."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.people = People()
        self.stock = Stock()
        self.consents: dict[int, dict[Purpose, PurposeState]] = {}
        self.sequences: dict[int, int] = {}


def partition_of_record(record: Record) -> int:
    """Where a record belongs: its person's partition, or the catalog's."""
    key = getattr(record, "person_key", None)
    return CATALOG_PARTITION if key is None else partition_of(key)


def apply(state: State, entry: Entry) -> None:
    """Fold one entry. Raises JournalError where its partition has a gap, else nothing for what this code wrote."""
    expected = state.sequences.get(entry.partition, 0) + 1
    if entry.sequence != expected:
        raise JournalError(f"partition {entry.partition} expects sequence {expected}, not {entry.sequence}")
    apply_record(state, entry.record)
    state.sequences[entry.partition] = entry.sequence


def apply_record(state: State, record: Record) -> None:
    """Fold one record."""
    _APPLY[type(record)](state, record)


def _noun_put(state: State, record: records.NounPut) -> None:
    state.registry.put(record.noun, record.time_ms)
    if isinstance(record.noun, Store):
        state.stock.cover_stores(state.registry.count(Store))


def _noun_deleted(state: State, record: records.NounDeleted) -> None:
    state.registry.delete(_KIND_BY_NAME[record.kind], record.noun_id, record.time_ms)
    if record.kind == "Store":
        state.stock.drop_store(state.registry.number(Store, record.noun_id))
    elif record.kind == "Product":
        state.stock.drop_variants(state.registry.variants_of(state.registry.number(Product, record.noun_id)))


def _price_put(state: State, record: records.PricePut) -> None:
    state.registry.put_price(record.price)


def _stock_put(state: State, record: records.StockPut) -> None:
    state.stock.put(record.store_number, record.variant_number, record.available_count, record.as_of_ms)


def _customer_put(state: State, record: records.CustomerPut) -> None:
    state.people.put_customer(record.person_key, record.customer)


def _customer_deleted(state: State, record: records.CustomerDeleted) -> None:
    state.people.delete_customer(record.person_key)
    state.consents.pop(record.person_key, None)


def _touchpoint(state: State, record: records.TouchpointRecord) -> None:
    people, slot = state.people, state.people.person_slots[record.person_key]
    kind = TouchpointKind(record.kind)
    if kind in (TouchpointKind.SEARCH, TouchpointKind.VIEW, TouchpointKind.WISH):
        people.add_interest(slot, kind, record.category_number, record.product_number, record.time_ms)
    elif kind is TouchpointKind.PURCHASE:
        people.add_fact(slot, tables.FACT_PURCHASE, record.category_number, 0, record.time_ms)
    if record.size_code >= 0:
        people.add_fact(slot, tables.FACT_SIZE, record.category_number, record.size_code, record.time_ms)


def _consent(state: State, record: records.ConsentRecord) -> None:
    """Per purpose the latest event wins, at a tie the withdrawal; what a withdrawn purpose held is dropped (C4)."""
    ledger = state.consents.setdefault(record.person_key, {})
    for purpose in Purpose:
        if not record.purposes & purpose.bit:
            continue
        held = ledger.get(purpose)
        rank = (record.time_ms, not record.granted, record.notice_version)
        if held is None or rank > (held.time_ms, not held.granted, held.notice_version):
            ledger[purpose] = PurposeState(record.granted, record.time_ms, record.notice_version)
    people, slot = state.people, state.people.person_slots[record.person_key]
    bits = sum(purpose.bit for purpose, held in ledger.items() if held.granted)
    people.set_consent(slot, bits)
    withdrawn = _ALL_BITS & ~bits
    if withdrawn & _LOCATION.bit:
        people.clear_presence(record.person_key)
    if withdrawn & Purpose.SEARCH_INTENT_USE.bit:
        people.clear_intents(slot)
    if withdrawn & Purpose.PERSONALISED_OFFERS.bit:
        people.clear_facts(slot)


def _decision(state: State, record: records.DecisionRecord) -> None:
    people, slot = state.people, state.people.person_slots[record.person_key]
    people.make_room(0, 1)
    contact_add(people.view, slot, record.time_ms, record.store_number, record.offer_number)
    forget_old_contacts(state, slot, record.time_ms)


def forget_old_contacts(state: State, person_slot: int, now_ms: int) -> None:
    """Retention of contacts, at each decision; the live path calls it for a decision whose caps it consumed."""
    contact_prune(state.people.view, person_slot, now_ms - CONTACT_RETENTION_MS)


def _decision_released(state: State, record: records.DecisionReleased) -> None:
    people, slot = state.people, state.people.person_slots.get(record.person_key, -1)
    if slot >= 0:
        contact_remove(people.view, slot, record.time_ms, record.store_number, record.offer_number)


_APPLY: dict[type, Callable[[State, Any], None]] = {
    records.NounPut: _noun_put,
    records.NounDeleted: _noun_deleted,
    records.PricePut: _price_put,
    records.StockPut: _stock_put,
    records.CustomerPut: _customer_put,
    records.CustomerDeleted: _customer_deleted,
    records.TouchpointRecord: _touchpoint,
    records.ConsentRecord: _consent,
    records.DecisionRecord: _decision,
    records.DecisionReleased: _decision_released,
}


def digest(state: State, partition: int) -> str:
    """SHA-256 over the durable state of one partition (CATALOG_PARTITION = the catalog), in canonical order."""
    hasher = hashlib.sha256()
    parts = _catalog_parts(state) if partition == CATALOG_PARTITION else _people_parts(state, partition)
    for part in parts:
        hasher.update(repr(part).encode())
    return hasher.hexdigest()


def _catalog_parts(state: State) -> list[Any]:
    registry = state.registry
    nouns = [
        (kind.__name__, registry.number(kind, key), astuple(noun))
        for kind in _KIND_BY_NAME.values()
        for key, noun in sorted(registry.nouns(kind).items())
    ]
    prices = [(key, [astuple(step) for step in steps]) for key, steps in sorted(registry.prices.items())]
    return [*nouns, prices, registry.variants, sorted(registry.removed_fences.items()), state.stock.figures()]


def _people_parts(state: State, partition: int) -> list[Any]:
    people = state.people
    parts: list[Any] = []
    for key, slot in sorted(people.person_slots.items()):
        if partition_of(key) != partition:
            continue
        view = people.view
        consents = sorted((int(purpose), astuple(held)) for purpose, held in state.consents.get(key, {}).items())
        person = view.persons[slot]
        parts.append(
            (
                key,
                astuple(people.customers[key]),
                consents,
                int(person["consent_bits"]),
                int(person["intent_floor_ms"]),
                int(person["intent_floor_category"]),
                int(person["intent_floor_product"]),
                _chain(view.intents, int(person["intent_head"])),
                _chain(view.facts, int(person["fact_head"])),
                _chain(view.contacts, int(person["contact_head"])),
            )
        )
    return parts


def _chain(rows: Any, head: int) -> list[tuple[int, ...]]:
    names = [name for name in rows.dtype.names if name not in ("next", "_pad")]
    found = []
    while head >= 0:
        found.append(tuple(int(rows[name][head]) for name in names))
        head = int(rows["next"][head])
    return sorted(found)
