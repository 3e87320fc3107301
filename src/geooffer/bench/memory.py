"""What a person weighs in memory: a device, 8 intents, 3 sizes, 2 purchases, 7 consents, as the engine holds them.

Persons, devices and consents come in by the fold, one record each. The lists behind a person (intents, facts) are those
that the fold made for the first person, copied to all others row by row: by the fold that alone would take a million
persons fifteen minutes (860 µs each, measured). Nothing is kept of the journal. Weighed three ways:

* tables: the arrays' own sizes, `nbytes` (they grow by doubling: just above a power of two they are half empty);
* Python objects: `sys.getsizeof` over a sample of persons, and of the dicts that hold them;
* the process: how much its resident memory grew.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from geooffer.bench.processes import resident_bytes
from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.engine.pools import ListPool
from geooffer.kernels.compile import compile_all
from geooffer.model.catalog import Category, Customer, Product, Size
from geooffer.model.columns import Int32Array, StructArray
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.records import ConsentRecord, Entry
from geooffer.model.signals import Touchpoint
from geooffer.model.verdicts import Purpose, TouchpointKind

NOW_MS = 1_772_528_400_000
INTENT_COUNT, SIZE_COUNT, PURCHASE_COUNT = 8, 3, 2
CHUNK_COUNT = 10_000
SAMPLE_COUNT = 1_000
_EVERYTHING = sum(purpose.bit for purpose in Purpose)

OnBuilt = Callable[[int], None]
"""Told how many persons more there are."""


class _NoJournal:
    """Keeps nothing: what is weighed is the state."""

    appended = durable = 0

    def append(self, entries: Sequence[Entry]) -> int:
        """Forget them."""
        return 0

    def read(self) -> Iterable[Entry]:
        """There is nothing."""
        return ()


@dataclass(frozen=True, slots=True)
class Weights:
    """Bytes per person."""

    person_count: int
    tables: dict[str, float]
    objects: dict[str, float]
    resident: float | None
    """None where the system does not tell."""
    seconds: float


def weigh(person_count: int, on_built: OnBuilt) -> Weights:
    """Build so many persons and weigh them. Takes about a minute a million, and 2 GB."""
    compile_all()
    engine = _engine()
    gc.collect()
    before_bytes, started_s = resident_bytes(os.getpid()), time.perf_counter()
    _put_persons(engine, person_count, on_built)
    _copy_lists(engine, person_count)
    seconds = time.perf_counter() - started_s
    gc.collect()
    after_bytes = resident_bytes(os.getpid())
    resident = (after_bytes - before_bytes) / person_count if before_bytes and after_bytes else None
    tables = {name: size_bytes / person_count for name, size_bytes in _table_bytes(engine).items()}
    return Weights(person_count, tables, _object_bytes(engine, person_count), resident, seconds)


def _engine() -> Engine:
    """An assortment to be interested in."""
    engine = Engine(journal=_NoJournal(), clock=EngineClock("client", NOW_MS))
    size = Size("EU", "43")
    nouns: list[Category | Product] = [Category(f"c{number}") for number in range(INTENT_COUNT)]
    nouns += [Product(f"p{number}", f"c{number}", (("en", "p"),), (size,)) for number in range(INTENT_COUNT)]
    engine.put_nouns(nouns, now_ms=NOW_MS)
    return engine


def engine_with_one_person() -> Engine:
    """The assortment, and the first person with all she has."""
    engine = _engine()
    _put_persons(engine, 1, lambda count: None)
    return engine


def customer_id(number: int) -> str:
    """As long as a UUID: what retailers use."""
    return f"customer-{number:027d}"


def signals(number: int) -> list[Touchpoint]:
    """8 searches, half of them for a product, 3 with a size; 2 purchases before them."""
    name, size = customer_id(number), Size("EU", "43")
    found = []
    for index in range(INTENT_COUNT):
        category_id, product_id = ("", f"p{index}") if index % 2 else (f"c{index}", "")
        told = size if index < SIZE_COUNT else None
        time_ms = NOW_MS - index * HOUR_MS
        found.append(Touchpoint(name, TouchpointKind.SEARCH, time_ms, category_id, product_id, told))
    bought = TouchpointKind.PURCHASE
    found += [Touchpoint(name, bought, NOW_MS - 60 * DAY_MS, f"c{index}") for index in range(PURCHASE_COUNT)]
    return found


def _put_persons(engine: Engine, person_count: int, on_built: OnBuilt) -> None:
    for first in range(0, person_count, CHUNK_COUNT):
        numbers = range(first, min(first + CHUNK_COUNT, person_count))
        customers = [Customer(customer_id(number), (number + 1,), "de") for number in numbers]
        engine.upsert_customers(customers)
        # a moment of her own each, as in life: no two persons share it
        engine.append(
            [
                ConsentRecord(
                    engine.key_of(customer.customer_id), _EVERYTHING, True, NOW_MS - DAY_MS - number, "2026-01"
                )
                for number, customer in zip(numbers, customers, strict=True)
            ]
        )
        if first == 0:
            engine.record_touchpoints(signals(0), now_ms=NOW_MS)
        on_built(len(numbers))


def _copy_lists(engine: Engine, person_count: int) -> None:
    """The lists of the first person, for all."""
    people = engine.state.people
    persons = people.view.persons
    first_slot = people.person_slots[engine.key_of(customer_id(0))]
    others = np.array([slot for slot in people.person_slots.values() if slot != first_slot], dtype=np.int32)
    # the pools are private to the people: growing them is what the fold would do, and here it is done at once
    for pool, head in ((people._intents, "intent_head"), (people._facts, "fact_head")):
        heads = _fill(pool, int(persons[head][first_slot]), len(others))
        persons[head][others] = heads
    persons["signals_version"][others] = persons["signals_version"][first_slot]
    people._view = None
    assert len(others) == person_count - 1


def _fill(pool: ListPool, head: int, copy_count: int) -> Int32Array:
    """Grow a pool until the list from `head` fits `copy_count` times more, and put the copies there; their heads."""
    rows: list[StructArray] = []
    while head >= 0:
        rows.append(pool.rows[head])
        head = int(pool.rows["next"][head])
    model = np.array(rows, dtype=pool.rows.dtype)
    slots = np.array([pool.allocate() for _ in range(copy_count * len(model))], dtype=np.int32)
    slots = slots.reshape(copy_count, len(model))
    for place in range(len(model)):
        copied = np.repeat(model[place : place + 1], copy_count)
        copied["next"] = slots[:, place + 1] if place + 1 < len(model) else -1
        pool.rows[slots[:, place]] = copied
    heads: Int32Array = slots[:, 0].copy()
    return heads


def _table_bytes(engine: Engine) -> dict[str, int]:
    view = engine.state.people.view
    return {
        "devices": view.devices.nbytes,
        "persons": view.persons.nbytes,
        "hash of devices": view.device_hash_keys.nbytes + view.device_hash_slots.nbytes,
        "intents": view.intents.nbytes,
        "sizes and purchases": view.facts.nbytes,
    }


def _object_bytes(engine: Engine, person_count: int) -> dict[str, float]:
    """Of each dict its share of the table and, from a sample, its entries; what two dicts share counts in the first."""
    state, seen = engine.state, set[int]()
    people = state.people
    weighed: dict[str, Mapping[Any, Any]] = {
        "customers": people.customers,
        "slots of persons": people.person_slots,
        "slots of devices": people.device_slots,
        "consents": state.consents,
        "statements": people.stated,
    }
    result = {}
    for name, held in weighed.items():
        sample = list(held.items())[1 : SAMPLE_COUNT + 1]  # not the first: it pays for what all share
        for item in list(held.items())[:1]:
            _deep_bytes(item, seen)
        entries = sum(_deep_bytes(key, seen) + _deep_bytes(value, seen) for key, value in sample)
        result[name] = sys.getsizeof(held) / person_count + entries / max(1, len(sample))
    return {name: weight for name, weight in result.items() if weight >= 0.5}


def _deep_bytes(thing: Any, seen: set[int]) -> int:
    """An object and what it holds, each once."""
    if id(thing) in seen or isinstance(thing, type | Purpose):
        return 0
    seen.add(id(thing))
    held: Iterable[Any] = ()
    if isinstance(thing, dict):
        held = [*thing.keys(), *thing.values()]
    elif isinstance(thing, tuple | list):
        held = thing
    elif is_dataclass(thing):
        held = [getattr(thing, field.name) for field in fields(thing)]
    return sys.getsizeof(thing) + sum(_deep_bytes(part, seen) for part in held)
