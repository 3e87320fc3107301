"""Persons and devices: slots, growth, and the short lists behind them (model/tables.py has the picture).

Only the control side inserts persons and devices; kernels find them by hash. Slots are never moved; a deleted
person's slots are cleared and reused.
"""

from __future__ import annotations

import numpy as np

from geooffer.engine.pools import ListPool, grown, link_free
from geooffer.kernels.caps import contact_prune
from geooffer.kernels.hashing import hash_put, hash_remove
from geooffer.kernels.visits import presence_clear
from geooffer.model import tables
from geooffer.model.catalog import Customer
from geooffer.model.columns import StructArray
from geooffer.model.keys import partition_of
from geooffer.model.limits import INTENT_COUNT_MAX
from geooffer.model.tables import NEVER_MS, PeopleTables
from geooffer.model.verdicts import TouchpointKind

LANGUAGES = ("en", "de")
_INTENT_FIELDS = {
    TouchpointKind.SEARCH: "search_ms",
    TouchpointKind.VIEW: "view_ms",
    TouchpointKind.WISH: "wish_ms",
}


class People:
    """The tables of people, and who is in which slot."""

    def __init__(self) -> None:
        self.customers: dict[int, Customer] = {}
        self.person_slots: dict[int, int] = {}
        self.device_slots: dict[int, int] = {}
        self._devices: StructArray = np.zeros(64, dtype=tables.DEVICE)
        self._persons: StructArray = np.zeros(64, dtype=tables.PERSON)
        self._free_devices: list[int] = []
        self._free_persons: list[int] = []
        self._device_count = 0
        self._person_count = 0
        self._hash_keys = np.zeros(256, dtype=np.int64)
        self._hash_slots = np.zeros(256, dtype=np.int32)
        self._intents = ListPool(tables.INTENT)
        self._facts = ListPool(tables.FACT)
        self._presences: StructArray = np.zeros(256, dtype=tables.PRESENCE)
        self._contacts: StructArray = np.zeros(256, dtype=tables.CONTACT)
        self._free = np.zeros(tables.FREE_LENGTH, dtype=np.int64)
        self._free[tables.PRESENCE_FREE_HEAD] = link_free(self._presences, 0, -1)
        self._free[tables.PRESENCE_FREE_COUNT] = len(self._presences)
        self._free[tables.CONTACT_FREE_HEAD] = link_free(self._contacts, 0, -1)
        self._free[tables.CONTACT_FREE_COUNT] = len(self._contacts)
        self._view: PeopleTables | None = None

    @property
    def view(self) -> PeopleTables:
        """The tables as kernels take them; good until the next change that grows one."""
        if self._view is None:
            self._view = PeopleTables(
                self._hash_keys,
                self._hash_slots,
                self._devices,
                self._persons,
                self._presences,
                self._intents.rows,
                self._facts.rows,
                self._contacts,
                self._free,
            )
        return self._view

    def make_room(self, presence_count: int, contact_count: int) -> None:
        """Grow the pools that kernels insert into until that many slots are free."""
        while self._free[tables.PRESENCE_FREE_COUNT] < presence_count:
            length = len(self._presences)
            self._presences = grown(self._presences, 2 * length)
            head = int(self._free[tables.PRESENCE_FREE_HEAD])
            self._free[tables.PRESENCE_FREE_HEAD] = link_free(self._presences, length, head)
            self._free[tables.PRESENCE_FREE_COUNT] += length
            self._view = None
        while self._free[tables.CONTACT_FREE_COUNT] < contact_count:
            length = len(self._contacts)
            self._contacts = grown(self._contacts, 2 * length)
            head = int(self._free[tables.CONTACT_FREE_HEAD])
            self._free[tables.CONTACT_FREE_HEAD] = link_free(self._contacts, length, head)
            self._free[tables.CONTACT_FREE_COUNT] += length
            self._view = None

    # -- persons and devices ---------------------------------------------------------------------------------

    def put_customer(self, key: int, customer: Customer) -> None:
        """Create the person or replace her devices and language. References were checked."""
        slot = self.person_slots.get(key)
        if slot is None:
            slot = self._new_person(key)
        old = self.customers.get(key)
        self.customers[key] = customer
        self._persons["language"][slot] = LANGUAGES.index(customer.language) if customer.language in LANGUAGES else 0
        kept = set(customer.device_keys)
        for device_key in old.device_keys if old else ():
            if device_key not in kept:
                self._remove_device(device_key)
        for device_key in customer.device_keys:
            if device_key not in self.device_slots:
                self._add_device(device_key, slot)

    def delete_customer(self, key: int) -> None:
        """Forget the person: devices, presence, intents, facts, contacts."""
        slot = self.person_slots.pop(key)
        for device_key in self.customers.pop(key).device_keys:
            self._remove_device(device_key)
        self.clear_intents(slot)
        self.clear_facts(slot)
        contact_prune(self.view, slot, tables.NEVER_MS * -1)
        epoch = int(self._persons["consent_epoch"][slot])
        self._persons[slot] = np.zeros((), dtype=tables.PERSON)
        # never used again for this slot: what was decided for her does not pass the send gate if she comes back
        self._persons["consent_epoch"][slot] = epoch + 1
        self._free_persons.append(slot)

    def _new_person(self, key: int) -> int:
        if self._free_persons:
            slot = self._free_persons.pop()
        else:
            slot = self._person_count
            self._person_count += 1
            if slot >= len(self._persons):
                self._persons = grown(self._persons, 2 * len(self._persons))
                self._view = None
        row = self._persons[slot]
        row["person_key"] = key
        row["partition"] = partition_of(key)
        row["intent_floor_ms"] = NEVER_MS
        row["intent_head"] = row["fact_head"] = row["contact_head"] = -1
        self.person_slots[key] = slot
        return slot

    def _add_device(self, device_key: int, person_slot: int) -> None:
        if self._free_devices:
            slot = self._free_devices.pop()
        else:
            slot = self._device_count
            self._device_count += 1
            if slot >= len(self._devices):
                self._devices = grown(self._devices, 2 * len(self._devices))
                self._view = None
        row = self._devices[slot]
        row["device_key"] = device_key
        row["person_slot"] = person_slot
        row["presence_head"] = -1
        row["watermark_ms"] = row["heard_ms"] = NEVER_MS
        if 2 * (len(self.device_slots) + 1) > len(self._hash_keys):
            self._grow_hash()
        hash_put(self._hash_keys, self._hash_slots, device_key, slot)
        self.device_slots[device_key] = slot

    def _grow_hash(self) -> None:
        self._hash_keys = np.zeros(2 * len(self._hash_keys), dtype=np.int64)
        self._hash_slots = np.zeros(len(self._hash_keys), dtype=np.int32)
        for device_key, slot in self.device_slots.items():
            hash_put(self._hash_keys, self._hash_slots, device_key, slot)
        self._view = None

    def _remove_device(self, device_key: int) -> None:
        slot = self.device_slots.pop(device_key)
        presence_clear(self.view, slot)
        hash_remove(self._hash_keys, self._hash_slots, device_key)
        self._devices[slot] = np.zeros((), dtype=tables.DEVICE)
        self._free_devices.append(slot)

    # -- consent and signals ---------------------------------------------------------------------------------

    def set_consent(self, slot: int, bits: int) -> None:
        """Replace the consent word; where it changes, pending offers no longer pass the send gate."""
        if self._persons["consent_bits"][slot] == bits:
            return
        self._persons["consent_bits"][slot] = bits
        self._persons["consent_epoch"][slot] += 1
        self._persons["signals_version"][slot] += 1

    def clear_presence(self, key: int) -> None:
        """Drop the presence and last fix of all the person's devices; nothing is emitted (P5)."""
        for device_key in self.customers[key].device_keys:
            presence_clear(self.view, self.device_slots[device_key])

    def add_interest(
        self, slot: int, kind: TouchpointKind, category_number: int, product_number: int, time_ms: int
    ) -> None:
        """Fold a search, view or wish: keep the latest of each kind, at most INTENT_COUNT_MAX keys (S-1, S-4).

        What is not above the person's floor, the highest interest that ever gave way, is forgotten in every key.
        So a key that gives way and comes back holds the same as one that stayed: the order of signals never matters.
        """
        field = _INTENT_FIELDS[kind]
        rank = (time_ms, category_number, product_number)
        if rank <= self._intent_floor(slot):
            return
        found, count, oldest = -1, 0, -1
        intents = self._intents.rows
        index = int(self._persons["intent_head"][slot])
        while index >= 0:
            row = intents[index]
            count += 1
            if row["category_number"] == category_number and row["product_number"] == product_number:
                found = index
            if oldest < 0 or self._interest_rank(index) < self._interest_rank(oldest):
                oldest = index
            index = int(row["next"])
        if found < 0:
            if count >= INTENT_COUNT_MAX:
                least = self._interest_rank(oldest)
                if rank > least:
                    self._unlink_intent(slot, oldest)
                self._raise_intent_floor(slot, min(rank, least))
                if rank < least:
                    return
            found = self._intents.allocate()
            row = self._intents.rows[found]
            row["search_ms"] = row["view_ms"] = row["wish_ms"] = NEVER_MS
            row["category_number"] = category_number
            row["product_number"] = product_number
            row["next"] = self._persons["intent_head"][slot]
            self._persons["intent_head"][slot] = found
        if self._intents.rows[field][found] < time_ms:
            self._intents.rows[field][found] = time_ms
            self._persons["signals_version"][slot] += 1
        self._view = None

    def _intent_floor(self, slot: int) -> tuple[int, int, int]:
        person = self._persons[slot]
        return (
            int(person["intent_floor_ms"]),
            int(person["intent_floor_category"]),
            int(person["intent_floor_product"]),
        )

    def _raise_intent_floor(self, slot: int, floor: tuple[int, int, int]) -> None:
        """`floor` gave way; the parts of her other intents that are not above it go with it."""
        person = self._persons[slot]
        person["intent_floor_ms"], person["intent_floor_category"], person["intent_floor_product"] = floor
        index = int(person["intent_head"])
        while index >= 0:
            row = self._intents.rows[index]
            for field in _INTENT_FIELDS.values():
                if (int(row[field]), int(row["category_number"]), int(row["product_number"])) <= floor:
                    row[field] = NEVER_MS
            index = int(row["next"])

    def _interest_rank(self, index: int) -> tuple[int, int, int]:
        row = self._intents.rows[index]
        shown_ms = max(int(row["search_ms"]), int(row["view_ms"]), int(row["wish_ms"]))
        return shown_ms, int(row["category_number"]), int(row["product_number"])

    def _unlink_intent(self, slot: int, target: int) -> None:
        following = int(self._intents.rows["next"][target])
        index = int(self._persons["intent_head"][slot])
        if index == target:
            self._persons["intent_head"][slot] = following
        else:
            while int(self._intents.rows["next"][index]) != target:
                index = int(self._intents.rows["next"][index])
            self._intents.rows["next"][index] = following
        self._intents.free(target)

    def add_fact(self, slot: int, kind: int, category_number: int, value: int, time_ms: int) -> None:
        """Fold a size or a purchase: the latest per category wins, at a tie the greater value (S-1)."""
        facts = self._facts.rows
        index = int(self._persons["fact_head"][slot])
        while index >= 0:
            row = facts[index]
            if row["kind"] == kind and row["category_number"] == category_number:
                if (time_ms, value) > (int(row["time_ms"]), int(row["value"])):
                    row["time_ms"], row["value"] = time_ms, value
                    self._persons["signals_version"][slot] += 1
                return
            index = int(row["next"])
        index = self._facts.allocate()
        head = int(self._persons["fact_head"][slot])
        self._facts.rows[index] = (time_ms, category_number, value, head, kind)
        self._persons["fact_head"][slot] = index
        self._persons["signals_version"][slot] += 1
        self._view = None

    def clear_intents(self, slot: int) -> None:
        """Drop all intents of a person."""
        index = int(self._persons["intent_head"][slot])
        while index >= 0:
            following = int(self._intents.rows["next"][index])
            self._intents.free(index)
            index = following
        self._persons["intent_head"][slot] = -1
        self._persons["intent_floor_ms"][slot] = NEVER_MS

    def clear_facts(self, slot: int) -> None:
        """Drop all sizes and purchases of a person."""
        index = int(self._persons["fact_head"][slot])
        while index >= 0:
            following = int(self._facts.rows["next"][index])
            self._facts.free(index)
            index = following
        self._persons["fact_head"][slot] = -1
