"""Contacts and the cap rules over them (semantics D1.14–16, D2): exact sliding windows, walked entry by entry.

A person's contacts are the offers decided for her in the last 30 days, newest first. Only people who have had an
offer have any, and the caps themselves keep the list short.
"""

from __future__ import annotations

from numba import types

from geooffer.kernels.compile import entry, kernel
from geooffer.kernels.types import PEOPLE, POLICY
from geooffer.model.policy import DAY_MS, Policy
from geooffer.model.tables import CONTACT_FREE_COUNT, CONTACT_FREE_HEAD, PeopleTables
from geooffer.model.verdicts import OfferVerdict

ALREADY_OFFERED = int(OfferVerdict.ALREADY_OFFERED)
COOLDOWN = int(OfferVerdict.COOLDOWN)
FREQUENCY_CAP = int(OfferVerdict.FREQUENCY_CAP)


@kernel
def cap_verdict(
    people: PeopleTables, policy: Policy, person_slot: int, store_number: int, offer_number: int, now_ms: int
) -> int:
    """ALREADY_OFFERED, COOLDOWN, FREQUENCY_CAP or 0 for one candidate; one of exactly a window ago is out of it."""
    day_count = 0
    week_count = 0
    store_count = 0
    repeated = False
    cooling = False
    slot = people.persons[person_slot].contact_head
    while slot >= 0:
        contact = people.contacts[slot]
        age_ms = now_ms - contact.time_ms
        if contact.offer_number == offer_number and age_ms < policy.same_offer_after_ms:
            repeated = True
        if age_ms < policy.cooldown_ms:
            cooling = True
        if age_ms < DAY_MS:
            day_count += 1
            if contact.store_number == store_number:
                store_count += 1
        if age_ms < 7 * DAY_MS:
            week_count += 1
        slot = contact.next
    if repeated:
        return ALREADY_OFFERED
    if cooling:
        return COOLDOWN
    if (
        day_count >= policy.cap_day_count
        or week_count >= policy.cap_week_count
        or store_count >= policy.cap_store_day_count
    ):
        return FREQUENCY_CAP
    return 0


@kernel
def consume_caps(people: PeopleTables, person_slot: int, time_ms: int, store_number: int, offer_number: int) -> None:
    """Add a contact; the pool must have a free slot. The matcher calls it inline, the fold through `contact_add`."""
    slot = people.free[CONTACT_FREE_HEAD]
    people.free[CONTACT_FREE_HEAD] = people.contacts[slot].next
    people.free[CONTACT_FREE_COUNT] -= 1
    people.contacts[slot].time_ms = time_ms
    people.contacts[slot].store_number = store_number
    people.contacts[slot].offer_number = offer_number
    people.contacts[slot].next = people.persons[person_slot].contact_head
    people.persons[person_slot].contact_head = slot


@kernel
def _unlink_contact(people: PeopleTables, person_slot: int, previous: int, slot: int) -> int:
    following = people.contacts[slot].next
    if previous < 0:
        people.persons[person_slot].contact_head = following
    else:
        people.contacts[previous].next = following
    people.contacts[slot].next = people.free[CONTACT_FREE_HEAD]
    people.free[CONTACT_FREE_HEAD] = slot
    people.free[CONTACT_FREE_COUNT] += 1
    return following


@entry(lambda: types.void(PEOPLE, types.int64, types.int64, types.int64, types.int64))
def contact_add(people: PeopleTables, person_slot: int, time_ms: int, store_number: int, offer_number: int) -> None:
    """`consume_caps` for the fold of a recorded decision."""
    consume_caps(people, person_slot, time_ms, store_number, offer_number)


@entry(lambda: types.int64(PEOPLE, types.int64, types.int64, types.int64, types.int64))
def contact_remove(people: PeopleTables, person_slot: int, time_ms: int, store_number: int, offer_number: int) -> int:
    """Give caps back: remove the one contact of that time, store and offer. Returns how many were removed (0 or 1)."""
    previous = -1
    slot = people.persons[person_slot].contact_head
    while slot >= 0:
        contact = people.contacts[slot]
        if contact.time_ms == time_ms and contact.store_number == store_number and contact.offer_number == offer_number:
            _unlink_contact(people, person_slot, previous, slot)
            return 1
        previous = slot
        slot = contact.next
    return 0


@entry(lambda: types.int64(PEOPLE, types.int64, types.int64))
def contact_prune(people: PeopleTables, person_slot: int, before_ms: int) -> int:
    """Drop contacts older than `before_ms` (retention). Returns how many."""
    removed = 0
    previous = -1
    slot = people.persons[person_slot].contact_head
    while slot >= 0:
        if people.contacts[slot].time_ms < before_ms:
            slot = _unlink_contact(people, person_slot, previous, slot)
            removed += 1
        else:
            previous = slot
            slot = people.contacts[slot].next
    return removed


@entry(lambda: types.int64(PEOPLE, POLICY, types.int64, types.int64, types.int64, types.int64))
def cap_verdict_of(
    people: PeopleTables, policy: Policy, person_slot: int, store_number: int, offer_number: int, now_ms: int
) -> int:
    """`cap_verdict` for Python callers (tests against the obvious model)."""
    return cap_verdict(people, policy, person_slot, store_number, offer_number, now_ms)
