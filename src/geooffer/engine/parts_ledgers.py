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
from geooffer.model.keys import partition_of
from geooffer.model.kinds import OutcomeKind
from geooffer.model.records import DecisionRecord
from geooffer.model.signals import PurposeState
from geooffer.model.verdicts import Purpose

_TUPLES = frozenset({"points"})
_FLAGS = frozenset({"is_shadow"})

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
    """One row for all purposes of a person that came with one event: (person, purposes, granted, time, notice)."""
    rows = list(_consent_rows(state, person_keys))
    owners, masks, granted, times, notices = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    return {
        "owners": int32s(owners),
        "purposes": int32s(masks),
        "granted": int32s(granted),
        "times_ms": int64s(times),
        "notices": coded(notices),
    }


def _consent_rows(state: State, person_keys: Sequence[int]) -> Iterator[tuple[int, int, bool, int, str]]:
    for owner, key in enumerate(person_keys):
        groups: dict[tuple[bool, int, str], int] = {}
        for purpose, held in state.consents.get(key, {}).items():
            event = (held.granted, held.time_ms, held.notice_version)
            groups[event] = groups.get(event, 0) | purpose.bit
        for event, mask in groups.items():
            yield owner, mask, *event


def put_consents(state: State, part: dict[str, Any], person_keys: Sequence[int]) -> None:
    """The inverse; the purposes of one event share one object (engine/apply.py), all ledgers their hashes."""
    columns = {
        "granted": map(bool, numbers_of(part["granted"])),
        "time_ms": numbers_of(part["times_ms"]),
        "notice_version": uncoded(*part["notices"]),
    }
    owners = unpack_array(part["owners"])
    events = make_all(PurposeState, columns, len(owners))
    masks = numbers_of(part["purposes"])
    templates = {mask: {purpose: None for purpose in Purpose if mask & purpose.bit} for mask in dict.fromkeys(masks)}
    ledgers = map(dict.fromkeys, map(templates.__getitem__, masks), events)
    keys = map(person_keys.__getitem__, owners.tolist())
    if len(owners) == len(np.unique(owners)):
        state.consents.update(zip(keys, ledgers, strict=True))
        return
    for key, ledger in zip(keys, ledgers, strict=True):
        state.consents.setdefault(key, {}).update(ledger)


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
