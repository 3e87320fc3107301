"""Persons and devices: slots, growth, and the view that kernels take (model/tables.py has the picture).

Only the control side inserts persons and devices; kernels find them by hash. Slots are never moved; a deleted
person's slots are cleared and reused. What lies in the lists behind a person is engine/people.py's.
"""

from __future__ import annotations

import numpy as np

from geooffer.engine.person_slices import PersonSlices
from geooffer.engine.pools import ListPool, grown, link_free
from geooffer.engine.zones import Zones
from geooffer.kernels.hashing import hash_put, hash_remove
from geooffer.kernels.visits import presence_clear
from geooffer.model import tables
from geooffer.model.catalog import Customer
from geooffer.model.columns import StructArray
from geooffer.model.keys import partition_of
from geooffer.model.kinds import AccountKind
from geooffer.model.tables import NEVER_MS, PeopleTables
from geooffer.model.verdicts import Purpose


class PeopleSlots:
    """The tables of people, and who is in which slot."""

    def __init__(self) -> None:
        self.customers: dict[int, Customer] = {}
        self.person_slots: dict[int, int] = {}
        self.slices = PersonSlices()
        self.device_slots: dict[int, int] = {}
        self._devices: StructArray = np.zeros(64, dtype=tables.DEVICE)
        self._persons: StructArray = np.zeros(64, dtype=tables.PERSON)
        self._free_devices: list[int] = []
        self._free_persons: list[int] = []
        self._moved: dict[int, int] = {}
        """Devices taken from a person in this commit, by key: their slots."""
        self._device_count = 0
        self._person_count = 0
        self.vacancy_count = 0
        """How often a person's slot became free."""
        self._vacated: dict[int, int] = {}
        """Slot → `vacancy_count` when it last did."""
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
        self.zones = Zones()
        self._view: PeopleTables | None = None

    @property
    def view(self) -> PeopleTables:
        """The tables as kernels take them; good until the next change that grows one."""
        if self._view is None or self._view.zone_starts is not self.zones.starts:
            self._view = PeopleTables(
                self._hash_keys,
                self._hash_slots,
                self._devices,
                self._persons,
                self._presences,
                self._intents.rows,
                self._facts.rows,
                self._contacts,
                self._presences.view(tables.SUSPECT),
                self._free,
                self.zones.starts,
                self.zones.steps,
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

    def index_slices(self) -> None:
        """Know the persons of each slice, where they were read in at once and not one by one."""
        if self.slices.count != len(self.person_slots):
            self.slices.fill(self.person_slots)

    # -- persons and devices ---------------------------------------------------------------------------------

    def put_customer(self, key: int, customer: Customer) -> None:
        """Create the person or replace her devices, language and time zone. References were checked."""
        slot = self.person_slots.get(key)
        if slot is None:
            slot = self._new_person(key)
        old = self.customers.get(key)
        self.customers[key] = customer
        self._persons["zone_number"][slot] = self.zones.number(customer.time_zone)
        kept = set(customer.device_keys)
        for device_key in old.device_keys if old else ():
            if device_key not in kept:
                self._remove_device(device_key)
        for device_key in customer.device_keys:
            if device_key not in self.device_slots:
                self._add_device(device_key, slot)

    def _free_person(self, key: int) -> None:
        """Give the slot back; her lists are empty already."""
        slot = self.person_slots.pop(key)
        self.slices.remove(key, slot)
        for device_key in self.customers.pop(key).device_keys:
            self._remove_device(device_key)
        epoch = int(self._persons["consent_epoch"][slot])
        self._persons[slot] = np.zeros((), dtype=tables.PERSON)
        # never used again for this slot: what was decided for her does not pass the send gate if she comes back
        self._persons["consent_epoch"][slot] = epoch + 1
        self._free_persons.append(slot)
        self.vacancy_count += 1
        self._vacated[slot] = self.vacancy_count

    def has_stayed(self, slot: int, vacancy_count: int) -> bool:
        """Whether the person in this slot is whoever was there when so many slots had become free."""
        return self._vacated.get(slot, 0) <= vacancy_count

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
        row["account_kind"] = AccountKind.CONSUMER
        row["intent_head"] = row["fact_head"] = row["contact_head"] = -1
        self.person_slots[key] = slot
        self.slices.add(key, slot)
        return slot

    def _add_device(self, device_key: int, person_slot: int) -> None:
        slot = self._moved.pop(device_key, None)
        if slot is None:
            slot = self._new_device(device_key)
        row = self._devices[slot]
        row["person_slot"] = person_slot
        index = int(row["presence_head"])
        while index >= 0:  # the same visits, another person: each is worth a new try
            self._presences["tried_version"][index] = -1
            index = int(self._presences["next"][index])
        if not self._persons["consent_bits"][person_slot] & Purpose.PRECISE_LOCATION_FOR_OFFERS.bit:
            presence_clear(self.view, slot)
        if 2 * (len(self.device_slots) + 1) > len(self._hash_keys):
            self._grow_hash()
        hash_put(self._hash_keys, self._hash_slots, device_key, slot)
        self.device_slots[device_key] = slot

    def _new_device(self, device_key: int) -> int:
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
        row["presence_head"] = -1
        row["watermark_ms"] = row["heard_ms"] = NEVER_MS
        return slot

    def _grow_hash(self) -> None:
        self._hash_keys = np.zeros(2 * len(self._hash_keys), dtype=np.int64)
        self._hash_slots = np.zeros(len(self._hash_keys), dtype=np.int32)
        for device_key, slot in self.device_slots.items():
            hash_put(self._hash_keys, self._hash_slots, device_key, slot)
        self._view = None

    def _remove_device(self, device_key: int) -> None:
        """Take a device from its person. Until the commit ends it may be given to another, with all it is in (S-5)."""
        slot = self.device_slots.pop(device_key)
        hash_remove(self._hash_keys, self._hash_slots, device_key)
        self._moved[device_key] = slot

    @property
    def has_moved(self) -> bool:
        """Whether a device was taken from somebody in this commit, and not given to anybody yet."""
        return bool(self._moved)

    def forget_moved(self) -> None:
        """The commit is over: what was taken from a person and given to nobody is gone."""
        for slot in self._moved.values():
            presence_clear(self.view, slot)
            self._devices[slot] = np.zeros((), dtype=tables.DEVICE)
            self._free_devices.append(slot)
        self._moved.clear()
