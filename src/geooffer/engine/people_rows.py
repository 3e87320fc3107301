"""Many persons at once, as columns: out of the tables for a snapshot, and into them at a start.

Only what is durable: of devices their keys, nothing of presence, watermarks or positions (privacy M1).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geooffer.engine.hash_places import places_of_keys, table_capacity
from geooffer.engine.people_slots import PeopleSlots
from geooffer.engine.pool_runs import put_lists, reserve, take_lists, take_run
from geooffer.engine.pools import ListPool, grown
from geooffer.model import tables
from geooffer.model.catalog import Customer
from geooffer.model.columns import Int32Array, Int64Array, StructArray
from geooffer.model.tables import NEVER_MS


class PeopleColumns(NamedTuple):
    """Persons of one partition: one row each, lists one after the other in the order of the rows."""

    customers: list[Customer]
    persons: StructArray
    """PERSON; heads and zone_number mean nothing here."""
    device_counts: Int32Array
    device_keys: Int64Array
    intent_counts: Int32Array
    intents: StructArray
    fact_counts: Int32Array
    facts: StructArray
    contact_counts: Int32Array
    contacts: StructArray


class PeopleCounts(NamedTuple):
    """Rows of tables, for making room at once."""

    persons: int = 0
    devices: int = 0
    intents: int = 0
    facts: int = 0
    contacts: int = 0


class PeopleRows(PeopleSlots):
    """Columns out and in."""

    def take_columns(self, partition: int) -> PeopleColumns:
        """All that the tables durably hold of the persons of one partition, in the order they came."""
        slots = np.fromiter(self.person_slots.values(), dtype=np.int64, count=len(self.person_slots))
        persons = self._persons[slots[self._persons["partition"][slots] == partition]]
        customers = [self.customers[key] for key in persons["person_key"].tolist()]
        device_counts = np.array([len(customer.device_keys) for customer in customers], dtype=np.int32)
        device_keys = [key for customer in customers for key in customer.device_keys]
        intents, intent_counts = take_lists(self._intents.rows, persons["intent_head"])
        facts, fact_counts = take_lists(self._facts.rows, persons["fact_head"])
        contacts, contact_counts = take_lists(self._contacts, persons["contact_head"])
        for field in ("intent_head", "fact_head", "contact_head", "zone_number"):
            persons[field] = 0
        return PeopleColumns(
            customers,
            persons,
            device_counts,
            np.array(device_keys, dtype=np.int64),
            intent_counts,
            intents,
            fact_counts,
            facts,
            contact_counts,
            contacts,
        )

    def make_room_for(self, counts: PeopleCounts) -> None:
        """Grow the tables once for what is about to come, in place of doubling on the way."""
        if counts.persons > len(self._persons):
            self._persons = grown(self._persons, len(self._persons) + counts.persons)
        if counts.devices > len(self._devices):
            self._devices = grown(self._devices, len(self._devices) + counts.devices)
        reserve(self._intents, counts.intents)
        reserve(self._facts, counts.facts)
        self._view = None

    def put_columns(self, columns: PeopleColumns) -> None:
        """Add persons that are not there yet. `index_devices` has to follow before any other use."""
        count = len(columns.persons)
        first = self._person_count
        if first + count > len(self._persons):
            self._persons = grown(self._persons, max(2 * len(self._persons), first + count))
        self._person_count += count
        rows = self._persons[first : first + count]
        rows[:] = columns.persons
        rows["zone_number"] = self._zone_numbers(columns.customers)
        rows["intent_head"] = _put_pool(self._intents, columns.intents, columns.intent_counts)
        rows["fact_head"] = _put_pool(self._facts, columns.facts, columns.fact_counts)
        rows["contact_head"] = self._put_contacts(columns.contacts, columns.contact_counts)
        keys = columns.persons["person_key"].tolist()
        self.person_slots.update(zip(keys, range(first, first + count), strict=True))
        self.customers.update(zip(keys, columns.customers, strict=True))
        self._put_devices(columns.device_keys, columns.device_counts, first)
        self._view = None

    def index_devices(self) -> None:
        """Build the hash table of devices from what is in their rows."""
        count = len(self.device_slots)
        keys = np.fromiter(self.device_slots.keys(), dtype=np.int64, count=count)
        slots = np.fromiter(self.device_slots.values(), dtype=np.int32, count=count)
        capacity = table_capacity(count)
        places = places_of_keys(keys, capacity)
        self._hash_keys = np.zeros(capacity, dtype=np.int64)
        self._hash_slots = np.zeros(capacity, dtype=np.int32)
        self._hash_keys[places], self._hash_slots[places] = keys, slots
        self._view = None

    def _zone_numbers(self, customers: list[Customer]) -> Int32Array:
        names = [customer.time_zone for customer in customers]
        numbers = {name: self.zones.number(name) for name in dict.fromkeys(names)}
        return np.fromiter(map(numbers.__getitem__, names), dtype=np.int32, count=len(names))

    def _put_contacts(self, rows: StructArray, counts: Int32Array) -> Int32Array:
        run = take_run(self._contacts, int(self._free[tables.CONTACT_FREE_HEAD]), len(rows))
        self._contacts = run.array
        self._free[tables.CONTACT_FREE_HEAD] = run.free_head
        self._free[tables.CONTACT_FREE_COUNT] += run.grown_count - len(rows)
        return put_lists(self._contacts, run.first, rows, counts)

    def _put_devices(self, keys: Int64Array, counts: Int32Array, first_person: int) -> None:
        first, count = self._device_count, len(keys)
        if first + count > len(self._devices):
            self._devices = grown(self._devices, max(2 * len(self._devices), first + count))
        self._device_count += count
        rows = self._devices[first : first + count]
        rows["device_key"] = keys
        rows["person_slot"] = np.repeat(np.arange(first_person, first_person + len(counts), dtype=np.int32), counts)
        rows["presence_head"] = -1
        rows["watermark_ms"] = rows["heard_ms"] = NEVER_MS
        self.device_slots.update(zip(keys.tolist(), range(first, first + count), strict=True))


def _put_pool(pool: ListPool, rows: StructArray, counts: Int32Array) -> Int32Array:
    run = take_run(pool.rows, pool.head, len(rows))
    pool.rows, pool.head = run.array, run.free_head
    return put_lists(pool.rows, run.first, rows, counts)
