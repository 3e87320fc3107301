"""What is older than it may be held, dropped from the lists of many persons at once (privacy M7).

Called by the fold of RetentionSwept for one slice of a partition: some 2,000 persons, 2 to 3 ms where none of their
lines is in the processor's cache, most of it waiting for memory.
"""

from __future__ import annotations

from numba import types

from geooffer.kernels.compile import entry, kernel
from geooffer.kernels.contacts import prune_contacts
from geooffer.kernels.types import I4, I8, PEOPLE
from geooffer.model.columns import Int32Array, Int64Array
from geooffer.model.tables import NEVER_MS, PeopleTables

INTENTS_BEFORE_MS, FACTS_BEFORE_MS, CONTACTS_BEFORE_MS = range(3)
INTENT_FREE_HEAD, FACT_FREE_HEAD = range(2)
FLOOR_NUMBER = 2**31 - 1
"""Above every category and product: a floor of a whole moment."""


@kernel
def _drop_intents(people: PeopleTables, person_slot: int, before_ms: int, heads: Int64Array) -> None:
    """Forget interest from before `before_ms`, and let none of it come back late: her floor rises to that moment."""
    person = people.persons[person_slot]
    if person.intent_floor_ms < before_ms - 1:
        person.intent_floor_ms = before_ms - 1
        person.intent_floor_category = FLOOR_NUMBER
        person.intent_floor_product = FLOOR_NUMBER
    previous = -1
    slot = person.intent_head
    while slot >= 0:
        intent = people.intents[slot]
        if intent.search_ms < before_ms:
            intent.search_ms = NEVER_MS
        if intent.view_ms < before_ms:
            intent.view_ms = NEVER_MS
        if intent.wish_ms < before_ms:
            intent.wish_ms = NEVER_MS
        if intent.cart_ms < before_ms:
            intent.cart_ms = NEVER_MS
        following = intent.next
        if max(max(intent.search_ms, intent.view_ms), max(intent.wish_ms, intent.cart_ms)) == NEVER_MS:
            if previous < 0:
                person.intent_head = following
            else:
                people.intents[previous].next = following
            intent.category_number = 0
            intent.product_number = 0
            intent.next = heads[INTENT_FREE_HEAD]
            heads[INTENT_FREE_HEAD] = slot
        else:
            previous = slot
        slot = following


@kernel
def _drop_facts(people: PeopleTables, person_slot: int, before_ms: int, heads: Int64Array) -> None:
    person = people.persons[person_slot]
    previous = -1
    slot = person.fact_head
    while slot >= 0:
        fact = people.facts[slot]
        following = fact.next
        if fact.time_ms < before_ms:
            if previous < 0:
                person.fact_head = following
            else:
                people.facts[previous].next = following
            fact.time_ms = 0
            fact.category_number = 0
            fact.value = 0
            fact.kind = 0
            fact.next = heads[FACT_FREE_HEAD]
            heads[FACT_FREE_HEAD] = slot
        else:
            previous = slot
        slot = following


@entry(lambda: types.void(PEOPLE, I4, I8, I8))
def sweep_lists(people: PeopleTables, slots: Int32Array, bounds_ms: Int64Array, heads: Int64Array) -> None:
    """Drop what is older than `bounds_ms` (by *_BEFORE_MS) from the lists of the persons in `slots`.

    `heads`: free lists of intents and facts (by *_FREE_HEAD), changed in place.
    """
    for index in range(len(slots)):
        person_slot = slots[index]
        _drop_intents(people, person_slot, bounds_ms[INTENTS_BEFORE_MS], heads)
        _drop_facts(people, person_slot, bounds_ms[FACTS_BEFORE_MS], heads)
        prune_contacts(people, person_slot, bounds_ms[CONTACTS_BEFORE_MS])
