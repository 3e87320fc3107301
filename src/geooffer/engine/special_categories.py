"""Special categories that were none when she told of them (privacy M6): what is held of such a category goes with the
next sweep of everybody who did not consent to its use. Until then it makes no offer: the matcher asks consent itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np

from geooffer.engine.people import People
from geooffer.engine.registry import Registry
from geooffer.model.catalog import Product
from geooffer.model.columns import Int32Array, StructArray
from geooffer.model.records import RetentionSwept


def clear_special(people: People, swept: RetentionSwept, is_kept: Callable[[int], bool]) -> None:
    """Drop intents and facts about the record's special categories from persons of its slice, but not from those whose
    key `is_kept`. Not by the consent word: what a policy demands of notices is in no record, and the fold of tomorrow
    has to drop what that of today did.
    """
    if not swept.special_category_numbers:
        return
    slots = people.slices.slots(swept.partition, swept.slice_number)
    categories, products = swept.special_category_numbers, swept.special_product_numbers
    for slot in sorted(_slots_about(people, slots, categories, products)):
        if not is_kept(int(people.view.persons["person_key"][slot])):
            people.clear_categories(slot, categories, products)


def moved_products(
    people: People, slots: Int32Array, registry: Registry, special_category_numbers: Collection[int]
) -> tuple[int, ...]:
    """Products in a special category in which these persons told an interest when they were in another one, sorted."""
    told: set[int] = set()
    for _, at in _steps(people, slots, people.view.intents, "intent_head"):
        rows = people.view.intents[at]
        is_elsewhere = (rows["product_number"] >= 0) & ~np.isin(rows["category_number"], list(special_category_numbers))
        told.update(rows["product_number"][is_elsewhere].tolist())
    held = ((number, registry.products.get(registry.identifier(Product, number))) for number in sorted(told))
    return tuple(number for number, product in held if product and registry.categories[product.category_id].is_special)


def _slots_about(
    people: People, slots: Int32Array, category_numbers: Sequence[int], product_numbers: Sequence[int]
) -> set[int]:
    """Persons with an intent or a fact of these categories, or an intent of these products."""
    view = people.view
    found: set[int] = set()
    for owners, at in _steps(people, slots, view.intents, "intent_head"):
        found.update(owners[np.isin(view.intents["product_number"][at], product_numbers)].tolist())
        found.update(owners[np.isin(view.intents["category_number"][at], category_numbers)].tolist())
    for owners, at in _steps(people, slots, view.facts, "fact_head"):
        found.update(owners[np.isin(view.facts["category_number"][at], category_numbers)].tolist())
    return found


def _steps(people: People, slots: Int32Array, rows: StructArray, head: str) -> Iterator[tuple[Int32Array, Int32Array]]:
    """(persons, places of a row of theirs), until all lists have ended: all of them at once, step by step."""
    owners, at = slots, people.view.persons[head][slots]
    while len(at := at[is_row := at >= 0]):
        owners = owners[is_row]
        yield owners, at
        at = rows["next"][at]
