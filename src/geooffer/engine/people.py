"""What is held of a person: consent word, intents, facts, contacts and what she stated of herself.

The lists are those of model/tables.py; every change here is called by the fold, so it never fails and never asks.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from geooffer.engine.people_rows import PeopleRows
from geooffer.engine.pools import ListPool
from geooffer.kernels.contacts import contact_add, contact_find, contact_prune, contact_remove
from geooffer.kernels.retention import sweep_lists
from geooffer.kernels.visits import presence_clear
from geooffer.model import tables
from geooffer.model.kinds import AccountKind
from geooffer.model.limits import CONTACTED_COUNT_MAX, INTENT_COUNT_MAX
from geooffer.model.records import RetentionSwept
from geooffer.model.tables import NEVER_MS
from geooffer.model.verdicts import TouchpointKind

INTENT_FIELDS = {
    TouchpointKind.SEARCH: "search_ms",
    TouchpointKind.VIEW: "view_ms",
    TouchpointKind.WISH: "wish_ms",
    TouchpointKind.CART: "cart_ms",
}
Stated = dict[str, tuple[int, int | str]]
"""Field → (time_ms, value) of the latest statement: language, channel, fulfilment, tier, account_kind."""


class People(PeopleRows):
    """The tables of people and all that changes a person."""

    def __init__(self) -> None:
        super().__init__()
        self.stated: dict[int, Stated] = {}

    def delete_customer(self, key: int) -> None:
        """Forget the person: devices, presence, intents, facts, contacts, statements."""
        slot = self.person_slots[key]
        self.clear_intents(slot)
        self.clear_facts(slot)
        contact_prune(self.view, slot, tables.NEVER_MS * -1)
        self.stated.pop(key, None)
        self._free_person(key)

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
        """Fold a search, view, wish or cart: keep the latest of each kind, at most INTENT_COUNT_MAX keys (S-1, S-4).

        What is not above the person's floor, the highest interest that ever gave way, is forgotten in every key.
        So a key that gives way and comes back holds the same as one that stayed: the order of signals never matters.
        """
        field = INTENT_FIELDS[kind]
        rank = (time_ms, category_number, product_number)
        if rank <= self.intent_floor(slot):
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
                self.raise_intent_floor(slot, min(rank, least))
                if rank < least:
                    return
            found = self._intents.allocate()
            row = self._intents.rows[found]
            for name in INTENT_FIELDS.values():
                row[name] = NEVER_MS
            row["category_number"] = category_number
            row["product_number"] = product_number
            row["next"] = self._persons["intent_head"][slot]
            self._persons["intent_head"][slot] = found
        if self._intents.rows[field][found] < time_ms:
            self._intents.rows[field][found] = time_ms
            self._persons["signals_version"][slot] += 1
        self._view = None

    def intent_floor(self, slot: int) -> tuple[int, int, int]:
        person = self._persons[slot]
        return (
            int(person["intent_floor_ms"]),
            int(person["intent_floor_category"]),
            int(person["intent_floor_product"]),
        )

    def raise_intent_floor(self, slot: int, floor: tuple[int, int, int]) -> None:
        """`floor` gave way; the parts of her other intents that are not above it go with it."""
        if floor <= self.intent_floor(slot):
            return
        person = self._persons[slot]
        person["intent_floor_ms"], person["intent_floor_category"], person["intent_floor_product"] = floor
        index = int(person["intent_head"])
        while index >= 0:
            row = self._intents.rows[index]
            for field in INTENT_FIELDS.values():
                if (int(row[field]), int(row["category_number"]), int(row["product_number"])) <= floor:
                    row[field] = NEVER_MS
            index = int(row["next"])

    def _interest_rank(self, index: int) -> tuple[int, int, int]:
        row = self._intents.rows[index]
        shown_ms = max(int(row[field]) for field in INTENT_FIELDS.values())
        return shown_ms, int(row["category_number"]), int(row["product_number"])

    def _unlink_intent(self, slot: int, target: int) -> None:
        self._unlink(self._intents, "intent_head", slot, target)

    def _unlink_fact(self, slot: int, target: int) -> None:
        self._unlink(self._facts, "fact_head", slot, target)

    def _unlink(self, pool: ListPool, head: str, slot: int, target: int) -> None:
        following = int(pool.rows["next"][target])
        index = int(self._persons[head][slot])
        if index == target:
            self._persons[head][slot] = following
        else:
            while int(pool.rows["next"][index]) != target:
                index = int(pool.rows["next"][index])
            pool.rows["next"][index] = following
        pool.free(target)

    def add_fact(self, slot: int, kind: int, category_number: int, value: int, time_ms: int) -> None:
        """Fold a size or a purchase: the latest per category wins, at a tie the greater value (S-1).

        Of lists, which are changed by calls in order, the later call wins a tie: who is taken off one in the very
        millisecond she was put on it is off.
        """
        facts = self._facts.rows
        index = int(self._persons["fact_head"][slot])
        while index >= 0:
            row = facts[index]
            if row["kind"] == kind and row["category_number"] == category_number:
                held = int(row["time_ms"]), int(row["value"])
                is_same_moment = kind == tables.FACT_AUDIENCE and time_ms == held[0] and value != held[1]
                if (time_ms, value) > held or is_same_moment:
                    row["time_ms"], row["value"] = time_ms, value
                    self._persons["signals_version"][slot] += 1
                return
            index = int(row["next"])
        if kind in (tables.FACT_LIKE, tables.FACT_SURVEY):
            self._persons["has_affinity"][slot] = 1
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

    def is_on_list(self, slot: int, audience_number: int) -> bool:
        """Whether the person is on an uploaded list."""
        index = int(self._persons["fact_head"][slot])
        while index >= 0:
            row = self._facts.rows[index]
            if row["kind"] == tables.FACT_AUDIENCE and row["category_number"] == audience_number:
                return bool(row["value"])
            index = int(row["next"])
        return False

    def clear_facts(self, slot: int) -> None:
        """Drop all sizes, purchases, likes and lists of a person."""
        index = int(self._persons["fact_head"][slot])
        while index >= 0:
            following = int(self._facts.rows["next"][index])
            self._facts.free(index)
            index = following
        self._persons["fact_head"][slot] = -1
        self._persons["has_affinity"][slot] = 0

    def sweep_slice(self, swept: RetentionSwept, kept_keys: Collection[int] = ()) -> None:
        """Drop what is older than the record's bounds from the lists of one slice's persons, but not of `kept_keys`."""
        self.index_slices()
        slots = self.slices.slots(swept.partition, swept.slice_number)
        if kept_keys:
            kept_slots = [self.person_slots[key] for key in kept_keys]
            slots = np.ascontiguousarray(slots[~np.isin(slots, kept_slots)])
        heads = np.array([self._intents.head, self._facts.head], dtype=np.int64)
        bounds_ms = np.array([swept.intents_before_ms, swept.facts_before_ms, swept.contacts_before_ms], dtype=np.int64)
        sweep_lists(self.view, slots, bounds_ms, heads)
        self._intents.head, self._facts.head = (int(head) for head in heads)

    def clear_categories(
        self, slot: int, category_numbers: Collection[int], product_numbers: Collection[int] = ()
    ) -> None:
        """Drop intents and facts about some categories (special ones without consent), and intents about products."""
        for rows, head, unlink in (
            (self._intents.rows, "intent_head", self._unlink_intent),
            (self._facts.rows, "fact_head", self._unlink_fact),
        ):
            index = int(self._persons[head][slot])
            while index >= 0:
                following = int(rows["next"][index])
                is_about = rows["category_number"][index] in category_numbers or (
                    head == "intent_head" and rows["product_number"][index] in product_numbers
                )
                if is_about and not (head == "fact_head" and rows["kind"][index] == tables.FACT_AUDIENCE):
                    unlink(slot, index)
                index = following

    # -- contacts --------------------------------------------------------------------------------------------

    def add_offer_contact(
        self,
        slot: int,
        *,
        time_ms: int,
        decision_key: int,
        store_number: int,
        offer_number: int,
        category_number: int,
        campaign_number: int,
        is_shadow: bool,
    ) -> int:
        """A decision consumes her caps. Returns the contact's slot."""
        self.make_room(0, 1)
        index = contact_add(self.view, slot, tables.CONTACT_OFFER, time_ms)
        row = self._contacts[index]
        row["decision_key"] = decision_key
        row["store_number"], row["offer_number"] = store_number, offer_number
        row["category_number"], row["campaign_number"] = category_number, campaign_number
        row["is_shadow"] = is_shadow
        return index

    def add_message_contact(self, slot: int, *, time_ms: int, source_key: int, category_number: int) -> None:
        """Somebody else's message; the same (time, source) again is the same one, about the greater category (S-1).

        The newest are kept.
        """
        held = []
        index = int(self._persons["contact_head"][slot])
        while index >= 0:
            row = self._contacts[index]
            if row["kind"] == tables.CONTACT_MESSAGE:
                held.append((int(row["decided_ms"]), int(row["decision_key"]), index))
            index = int(row["next"])
        for time, key, index in held:
            if (time, key) == (time_ms, source_key):
                row = self._contacts[index]
                row["category_number"] = max(int(row["category_number"]), category_number)
                return
        if len(held) >= CONTACTED_COUNT_MAX:
            oldest = min(held)
            if (time_ms, source_key) < oldest[:2]:
                return
            contact_remove(self.view, slot, oldest[2])
        self.make_room(0, 1)
        index = contact_add(self.view, slot, tables.CONTACT_MESSAGE, time_ms)
        self._contacts["decision_key"][index] = source_key
        self._contacts["category_number"][index] = category_number

    def clear_messages(self, slot: int) -> None:
        """Drop others' messages; what was offered stays, so that no cap comes back."""
        index = int(self._persons["contact_head"][slot])
        while index >= 0:
            following = int(self._contacts["next"][index])
            if self._contacts["kind"][index] == tables.CONTACT_MESSAGE:
                contact_remove(self.view, slot, index)
            index = following

    def find_offer_contact(self, slot: int, decision_key: int) -> int:
        """The contact of a decision, or −1 where it is gone."""
        return contact_find(self.view, slot, tables.CONTACT_OFFER, decision_key)

    def remove_contact(self, slot: int, index: int) -> None:
        """Its caps come back."""
        contact_remove(self.view, slot, index)

    def set_contact_times(self, index: int, *, delivered_ms: int, displayed_ms: int, ended_ms: int) -> None:
        """Fold what is known of a contact: the first delivery and display, the last end; NEVER_MS = nothing new."""
        row = self._contacts[index]
        for field, time_ms in (("delivered_ms", delivered_ms), ("displayed_ms", displayed_ms)):
            if time_ms != NEVER_MS and (row[field] == NEVER_MS or time_ms < row[field]):
                row[field] = time_ms
        row["ended_ms"] = max(int(row["ended_ms"]), ended_ms)

    # -- what she stated -------------------------------------------------------------------------------------

    def state_field(self, key: int, field: str, time_ms: int, value: int | str) -> None:
        """Keep the latest statement of a field, at a tie the greater value (S-1), and bring it into her row."""
        stated = self.stated.setdefault(key, {})
        held = stated.get(field)
        if held is not None and (time_ms, str(value)) <= (held[0], str(held[1])):
            return
        stated[field] = (time_ms, value)
        if field in ("tier", "account_kind", "fulfilment", "channel"):
            slot = self.person_slots[key]
            self._persons[field][slot] = value
            self._persons["signals_version"][slot] += 1

    def clear_stated(self, key: int) -> None:
        """Drop what she stated of herself (consent withdrawn)."""
        self.stated.pop(key, None)
        row = self._persons[self.person_slots[key]]
        row["tier"], row["account_kind"], row["fulfilment"], row["channel"] = 0, AccountKind.CONSUMER, 0, 0

    def language_of(self, key: int) -> str:
        """The language she asked for, else the one she is registered with."""
        stated = self.stated.get(key, {}).get("language")
        return str(stated[1]) if stated else self.customers[key].language
