"""Winners that are committed some time after they were decided: what may have happened to them meanwhile.

the person was erased, or united with another     her contact is gone, and with it the caps it consumed
a contact's slot was given to somebody else       it is not hers: nothing is taken from whoever has it now
her consent, the catalog, the policy changed      pipeline.py gives the caps back
"""

from __future__ import annotations

from typing import NamedTuple

from geooffer.engine.people import People
from geooffer.engine.registry import CatalogNouns, Registry
from geooffer.kernels.contacts import NOT_COMMITTED
from geooffer.model.catalog import Category, Product
from geooffer.model.columns import StructArray
from geooffer.model.tables import CONTACT_OFFER


class DecidedBy(NamedTuple):
    """What pings were decided by at some moment."""

    generation: int
    policy_version: int
    nouns: CatalogNouns
    vacancy_count: int
    """How many persons' slots had become free (people_slots.py)."""


def is_pending(people: People, winner: StructArray) -> bool:
    """Whether the winner's person is there, and the contact it was decided with is still hers and not committed."""
    view = people.view
    person_slot, contact_slot = int(winner["person_slot"]), int(winner["contact_slot"])
    person_key = int(winner["person_key"])
    if people.person_slots.get(person_key) != person_slot:
        return False
    contact = view.contacts[contact_slot]
    if (
        contact["kind"] != CONTACT_OFFER
        or contact["decision_key"] != NOT_COMMITTED
        or contact["decided_ms"] != winner["time_ms"]
        or contact["offer_number"] != winner["offer_number"]
    ):
        return False
    slot = int(view.persons["contact_head"][person_slot])
    while slot >= 0 and slot != contact_slot:
        slot = int(view.contacts["next"][slot])
    return slot == contact_slot


def same_nouns(registry: Registry, before: CatalogNouns, now: CatalogNouns, winner: StructArray) -> bool:
    """Whether all that is said of the offer is in both catalogs, and the same."""
    product_id = registry.identifier(Product, int(winner["product_number"]))
    pairs = (
        (before.offers, now.offers, registry.offer_id(int(winner["offer_number"]))),
        (before.products, now.products, product_id),
        (before.currencies, now.currencies, product_id),
        (before.categories, now.categories, registry.identifier(Category, int(winner["category_number"]))),
        (before.stores, now.stores, registry.store_id(int(winner["store_number"]))),
        (before.stores, now.stores, registry.store_id(int(winner["supply_store_number"]))),
    )
    return all(key in old and key in new and old[key] == new[key] for old, new, key in pairs)
