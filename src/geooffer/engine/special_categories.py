"""Special categories that were none when she told of them (privacy M6): what is held of such a category goes with the
next sweep of everybody who did not consent to its use. Until then it makes no offer: the matcher asks consent itself.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from geooffer.engine.people import People
from geooffer.model.columns import Int32Array
from geooffer.model.records import RetentionSwept
from geooffer.model.verdicts import Purpose


def clear_special(people: People, swept: RetentionSwept, kept_keys: Collection[int]) -> None:
    """Drop intents and facts about the record's special categories from persons of its slice without consent to them,
    but not from `kept_keys`.
    """
    if not swept.special_category_numbers:
        return
    kept_slots = {people.person_slots[key] for key in kept_keys}
    view = people.view
    slots = people.slices.slots(swept.partition, swept.slice_number)
    slots = slots[view.persons["consent_bits"][slots] & Purpose.SPECIAL_CATEGORY_OFFERS.bit == 0]
    numbers = np.array(swept.special_category_numbers, dtype=np.int32)
    for slot in sorted(_slots_about(people, slots, numbers) - kept_slots):
        people.clear_categories(slot, swept.special_category_numbers)


def _slots_about(people: People, slots: Int32Array, category_numbers: Int32Array) -> set[int]:
    """Persons with an intent or a fact of these categories: all lists at once, step by step."""
    view = people.view
    found: set[int] = set()
    for rows, head in ((view.intents, "intent_head"), (view.facts, "fact_head")):
        owners, at = slots, view.persons[head][slots]
        while len(at := at[is_row := at >= 0]):
            owners = owners[is_row]
            found.update(owners[np.isin(rows["category_number"][at], category_numbers)].tolist())
            at = rows["next"][at]
    return found
