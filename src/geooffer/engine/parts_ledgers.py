"""What is held of persons beside their tables, as columns of a part: customers, consents, decisions, names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import islice
from typing import Any

import numpy as np

from geooffer.engine.decision_book import DecisionBook
from geooffer.engine.part_columns import (
    coded,
    columns_of,
    int32s,
    int64s,
    make_all,
    numbers_of,
    uncoded,
    unpack_array,
)
from geooffer.engine.state import State
from geooffer.model.catalog import Customer
from geooffer.model.columns import Int32Array
from geooffer.model.consent import RecordedConsent
from geooffer.model.keys import partition_of
from geooffer.model.kinds import OutcomeKind
from geooffer.model.records import DecisionRecord
from geooffer.model.verdicts import Purpose

_TUPLES = frozenset({"points"})
_FLAGS = frozenset({"is_shadow"})
_TEXT_COLUMNS = ("language", "notice_hash", "method")
_MOMENT_COLUMNS = ("valid_until_ms", "recorded_ms")

# -- customers ---------------------------------------------------------------------------------------------------


def take_customers(customers: Sequence[Customer]) -> dict[str, Any]:
    """Ids, languages and zones; their devices are a column of the tables."""
    return {
        "ids": [customer.customer_id for customer in customers],
        "languages": coded(customer.language for customer in customers),
        "time_zones": coded(customer.time_zone for customer in customers),
    }


def make_customers(part: dict[str, Any], device_counts: Int32Array, device_keys: list[int]) -> list[Customer]:
    """The inverse."""
    columns = {
        "customer_id": part["ids"],
        "device_keys": _tuples(device_counts, device_keys),
        "language": uncoded(*part["languages"]),
        "time_zone": uncoded(*part["time_zones"]),
    }
    return make_all(Customer, columns, len(part["ids"]))


def _tuples(counts: Int32Array, values: list[int]) -> Iterable[tuple[int, ...]]:
    if len(counts) == len(values) and bool((counts == 1).all()):
        return zip(values)  # most have one
    following = iter(values)
    return [tuple(islice(following, count)) for count in counts.tolist()]


# -- consents ----------------------------------------------------------------------------------------------------


def take_consents(state: State, person_keys: Sequence[int]) -> dict[str, Any]:
    """One row an event: whose it is, which purposes it holds (0 = it was superseded), and its fields."""
    rows = [(owner, mask, event) for owner, key in enumerate(person_keys) for mask, event in _held_events(state, key)]
    columns = columns_of([event for _, _, event in rows], RecordedConsent)
    owners = {key: owner for owner, key in enumerate(person_keys)}
    return {
        "owners": int32s(owner for owner, _, _ in rows),
        "purposes": int32s(mask for _, mask, _ in rows),
        "granted": int32s(columns.pop("granted")),
        "times_ms": int64s(columns.pop("time_ms")),
        "notices": coded(columns.pop("notice_version")),
        "purposes_named": int32s(columns.pop("purposes")),
        **{name: int64s(columns.pop(name)) for name in _MOMENT_COLUMNS},
        **{name: coded(values) for name, values in columns.items()},
        "known_from": _moments(state.consents_known_from, owners),
        "snoozed": _moments(state.snoozes, owners),
    }


def _held_events(state: State, key: int) -> Iterator[tuple[int, RecordedConsent]]:
    masks: dict[int, int] = {}
    events: dict[int, RecordedConsent] = {}
    for purpose, held in state.consents.get(key, {}).items():
        events[id(held)] = held
        masks[id(held)] = masks.get(id(held), 0) | purpose.bit
    for place, held in events.items():
        yield masks[place], held
    for past in state.consent_past.get(key, ()):
        yield 0, past


def _moments(held: dict[int, int], owners: dict[int, int]) -> tuple[Any, Any]:
    rows = [(owners[key], time_ms) for key, time_ms in held.items() if key in owners]
    return int32s(owner for owner, _ in rows), int64s(time_ms for _, time_ms in rows)


def put_consents(state: State, part: dict[str, Any], person_keys: Sequence[int]) -> None:
    """The inverse; the purposes of one event share one object (engine/consent_ledger.py), all ledgers their hashes."""
    masks = numbers_of(part["purposes"])
    columns: dict[str, Iterable[Any]] = {
        "granted": map(bool, numbers_of(part["granted"])),
        "time_ms": numbers_of(part["times_ms"]),
        "notice_version": uncoded(*part["notices"]),
        "purposes": numbers_of(part["purposes_named"]) if "purposes_named" in part else masks,
        **{name: uncoded(*part[name]) for name in _TEXT_COLUMNS if name in part},
        **{name: numbers_of(part[name]) for name in _MOMENT_COLUMNS if name in part},
    }
    owners = unpack_array(part["owners"])
    events = make_all(RecordedConsent, columns, len(owners))
    templates = {mask: {purpose: None for purpose in Purpose if mask & purpose.bit} for mask in dict.fromkeys(masks)}
    ledgers = map(dict.fromkeys, map(templates.__getitem__, masks), events)
    keys = [person_keys[owner] for owner in owners.tolist()]
    if len(owners) == len(np.unique(owners)) and 0 not in templates:
        state.consents.update(zip(keys, ledgers, strict=True))
    else:
        for key, mask, event, ledger in zip(keys, masks, events, ledgers, strict=True):
            if mask:
                state.consents.setdefault(key, {}).update(ledger)
            else:
                state.consent_past[key] = (*state.consent_past.get(key, ()), event)
    for table, name in ((state.consents_known_from, "known_from"), (state.snoozes, "snoozed")):
        for owner, time_ms in zip(*map(numbers_of, part.get(name, ())), strict=True):
            table[person_keys[owner]] = time_ms
            if table is state.snoozes:
                state.consent_wheel.add(time_ms, person_keys[owner])
    _wind_wheel(state, keys, masks, events)


def _wind_wheel(state: State, keys: list[int], masks: list[int], events: list[RecordedConsent]) -> None:
    """Have those looked at whose consent will expire, or expired and has not been acted on: its purpose is open."""
    persons, slots = state.people.view.persons, state.people.person_slots
    for key, mask, event in zip(keys, masks, events, strict=True):
        if event.valid_until_ms and event.granted and mask:
            is_open = mask & int(persons["consent_bits"][slots[key]])
            if is_open or event.valid_until_ms > state.latest_ms:
                state.consent_wheel.add(event.valid_until_ms, key)


# -- decisions ---------------------------------------------------------------------------------------------------


def take_decisions(book: DecisionBook, partition: int) -> dict[str, Any]:
    """Decisions about the persons of one partition, oldest first."""
    held = [(key, record) for key, record in book.items() if partition_of(record.person_key) == partition]
    columns = columns_of([record for _, record in held], DecisionRecord)
    points = columns.pop("points")
    return {
        "keys": int64s(key for key, _ in held),
        "point_counts": int32s(map(len, points)),
        "points": int32s(point for row in points for point in row),
        **{name: int64s(values) for name, values in columns.items()},
    }


def put_decisions(book: DecisionBook, part: dict[str, Any]) -> None:
    """The inverse."""
    columns: dict[str, Iterable[Any]] = {}
    for name in (field.name for field in fields(DecisionRecord)):
        if name in _TUPLES:
            columns[name] = _tuples(unpack_array(part["point_counts"]), numbers_of(part[name]))
        elif name in part:
            columns[name] = map(bool, numbers_of(part[name])) if name in _FLAGS else numbers_of(part[name])
    keys = numbers_of(part["keys"])
    for key, record in zip(keys, make_all(DecisionRecord, columns, len(keys)), strict=True):
        book[key] = record


def take_outcomes(state: State, decision_keys: Iterable[int]) -> tuple[Any, Any, Any]:
    """(decision keys, kinds, times), one row an outcome."""
    rows = [(key, int(kind), time_ms) for key in decision_keys for kind, time_ms in state.outcomes.get(key, {}).items()]
    return int64s(row[0] for row in rows), int32s(row[1] for row in rows), int64s(row[2] for row in rows)


def put_outcomes(state: State, part: Sequence[Any]) -> None:
    """The inverse."""
    for key, kind, time_ms in zip(*map(numbers_of, part), strict=True):
        state.outcomes.setdefault(key, {})[OutcomeKind(kind)] = time_ms
