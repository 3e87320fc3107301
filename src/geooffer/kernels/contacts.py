"""The list of a person's contacts: added by the matcher as it decides and by the fold, removed when caps come back."""

from __future__ import annotations

from numba import types

from geooffer.kernels.compile import entry, kernel
from geooffer.kernels.types import PEOPLE
from geooffer.model.tables import CONTACT_FREE_COUNT, CONTACT_FREE_HEAD, NEVER_MS, PeopleTables

NOT_COMMITTED = -1


@kernel
def add_contact(people: PeopleTables, person_slot: int, kind: int, time_ms: int) -> int:
    """A new contact at the head, its numbers −1; the pool must have a free slot. Returns the slot."""
    slot = people.free[CONTACT_FREE_HEAD]
    contact = people.contacts[slot]
    people.free[CONTACT_FREE_HEAD] = contact.next
    people.free[CONTACT_FREE_COUNT] -= 1
    contact.decided_ms = time_ms
    contact.delivered_ms = NEVER_MS
    contact.displayed_ms = NEVER_MS
    contact.ended_ms = NEVER_MS
    contact.decision_key = NOT_COMMITTED
    contact.store_number = -1
    contact.offer_number = -1
    contact.category_number = -1
    contact.campaign_number = -1
    contact.kind = kind
    contact.is_shadow = 0
    contact.next = people.persons[person_slot].contact_head
    people.persons[person_slot].contact_head = slot
    return slot


@kernel
def _unlink(people: PeopleTables, person_slot: int, previous: int, slot: int) -> int:
    """Take the contact after `previous` (−1 = the head) out of the list, and all it said with it. Returns the next."""
    contact = people.contacts[slot]
    following = contact.next
    contact.decided_ms = 0
    contact.delivered_ms = 0
    contact.displayed_ms = 0
    contact.ended_ms = 0
    contact.decision_key = 0
    contact.store_number = 0
    contact.offer_number = 0
    contact.category_number = 0
    contact.campaign_number = 0
    if previous < 0:
        people.persons[person_slot].contact_head = following
    else:
        people.contacts[previous].next = following
    people.contacts[slot].next = people.free[CONTACT_FREE_HEAD]
    people.free[CONTACT_FREE_HEAD] = slot
    people.free[CONTACT_FREE_COUNT] += 1
    return following


@entry(lambda: types.int64(PEOPLE, types.int64, types.int64, types.int64))
def contact_add(people: PeopleTables, person_slot: int, kind: int, time_ms: int) -> int:
    """`add_contact` for the fold; the pool must have a free slot."""
    return add_contact(people, person_slot, kind, time_ms)


@entry(lambda: types.int64(PEOPLE, types.int64, types.int64))
def contact_remove(people: PeopleTables, person_slot: int, slot: int) -> int:
    """Give caps back: take one contact out of the person's list. Returns how many were removed (0 or 1)."""
    previous = -1
    current = people.persons[person_slot].contact_head
    while current >= 0:
        if current == slot:
            _unlink(people, person_slot, previous, slot)
            return 1
        previous = current
        current = people.contacts[current].next
    return 0


@entry(lambda: types.int64(PEOPLE, types.int64, types.int64, types.int64))
def contact_find(people: PeopleTables, person_slot: int, kind: int, decision_key: int) -> int:
    """The slot of the contact of that kind and key, or −1."""
    slot = people.persons[person_slot].contact_head
    while slot >= 0:
        if people.contacts[slot].kind == kind and people.contacts[slot].decision_key == decision_key:
            return slot
        slot = people.contacts[slot].next
    return -1


@kernel
def prune_contacts(people: PeopleTables, person_slot: int, before_ms: int) -> int:
    """Drop contacts of which nothing happened since `before_ms` (retention). Returns how many."""
    removed = 0
    previous = -1
    slot = people.persons[person_slot].contact_head
    while slot >= 0:
        contact = people.contacts[slot]
        latest_ms = max(max(contact.decided_ms, contact.delivered_ms), max(contact.displayed_ms, contact.ended_ms))
        if latest_ms < before_ms:
            slot = _unlink(people, person_slot, previous, slot)
            removed += 1
        else:
            previous = slot
            slot = contact.next
    return removed


@entry(lambda: types.int64(PEOPLE, types.int64, types.int64))
def contact_prune(people: PeopleTables, person_slot: int, before_ms: int) -> int:
    """`prune_contacts` for the fold of one person."""
    return prune_contacts(people, person_slot, before_ms)
