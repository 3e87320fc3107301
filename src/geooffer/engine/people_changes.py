"""Changes about people: customers, touchpoints, lists. Nothing is kept without consent for its purpose (S3).

Errors name no person and no content. Partial results as in engine/catalog_changes.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from geooffer.engine.core import RowResults
from geooffer.engine.decisions import decision_id
from geooffer.engine.held_rows import held_rows
from geooffer.engine.hours import time_zone
from geooffer.engine.registry import NO_SIZE, size_code
from geooffer.engine.search_lexicon import CategoryWords
from geooffer.engine.search_text import SearchIndex
from geooffer.engine.store_switches import StoreSwitches
from geooffer.engine.touchpoints import check_fields, needed_purpose
from geooffer.engine.words import category_words
from geooffer.errors import (
    AlreadyExistsError,
    InvalidArgumentError,
    NotConsentedError,
    NotFoundError,
    OverloadedError,
)
from geooffer.model.catalog import Audience, Category, Customer, Product
from geooffer.model.keys import text_key
from geooffer.model.limits import DEVICES_PER_CUSTOMER_COUNT_MAX
from geooffer.model.raw_ids import refuse_raw_id
from geooffer.model.records import AudiencePut, CustomerDeleted, CustomerPut, Record, TouchpointRecord
from geooffer.model.signals import Identity, Touchpoint
from geooffer.model.sizes import canonical_size
from geooffer.model.verdicts import Purpose, TouchpointKind

WORDS_INLINE_PRODUCT_COUNT = 1_000
"""An assortment of so many products is indexed within some 60 ms."""


class PeopleChanges(StoreSwitches):
    """Customers, touchpoints, lists."""

    _words: SearchIndex | None = None
    _words_generation = -1

    def upsert_customers(self, customers: Sequence[Customer], *, partial: bool = False) -> RowResults:
        """Create persons or replace their devices and language. A device belongs to one person at most."""
        owners: dict[int, int] = {}
        ids: dict[int, str] = {}

        def record(customer: Customer) -> Record:
            key = self.pseudonyms.person(customer.customer_id)
            self._check_customer(key, customer, owners, ids)
            ids[key] = customer.customer_id
            owners.update(dict.fromkeys(customer.device_keys, key))
            return CustomerPut(key, customer)

        return self.append_each(customers, record, partial=partial)

    def _check_customer(self, key: int, customer: Customer, owners: dict[int, int], ids: dict[int, str]) -> None:
        held = self.state.people.customers.get(key)
        if held is None:  # whoever is known by such an id already has to be reachable by it
            refuse_raw_id(customer.customer_id, "customer_id")
        if customer.time_zone:
            time_zone(customer.time_zone)
        if key in self.state.aliases:
            raise AlreadyExistsError("this customer id names a customer it was united with", field="customer_id")
        known_id = ids.get(key) or (held.customer_id if held else customer.customer_id)
        if known_id != customer.customer_id:
            raise AlreadyExistsError("another customer has the same 64-bit key; rename this one")
        if len(customer.device_keys) > DEVICES_PER_CUSTOMER_COUNT_MAX:
            raise InvalidArgumentError("too many devices", field="device_keys")
        if len(set(customer.device_keys)) != len(customer.device_keys):
            raise InvalidArgumentError("a device is listed twice", field="device_keys")
        people = self.state.people
        for device_key in customer.device_keys:
            if device_key == 0:
                raise InvalidArgumentError("a device key is not 0", field="device_keys")
            owner = owners.get(device_key)
            if owner is None and device_key in people.device_slots:
                slot = int(people.view.devices["person_slot"][people.device_slots[device_key]])
                owner = int(people.view.persons["person_key"][slot])
            if owner is not None and owner != key:
                raise AlreadyExistsError("a device belongs to another customer", field="device_keys")

    def key_of(self, customer_id: str) -> int:
        """The key under which a customer's history stands. Raises NotFoundError."""
        key = self.state.resolve(self.pseudonyms.person(customer_id))
        held = self.state.people.customers.get(key)
        if held is None or (held.customer_id != customer_id and key == self.pseudonyms.person(customer_id)):
            raise NotFoundError("no such customer", field="customer_id")
        return key

    def owner_of(self, customer_id: str, identity: Identity | None) -> int:
        """The person a customer id or a linked pseudonym stands for. Raises NotFoundError."""
        if identity is None:
            return self.key_of(customer_id)
        if customer_id:
            raise InvalidArgumentError("name the customer or one identity, not both", field="customer_id")
        key = self.state.identities.get((int(identity.kind), self.pseudonyms.identity(identity)))
        if key is None:
            raise NotFoundError("no customer is linked to this identity", field="identity")
        return key

    def customer(self, customer_id: str) -> Customer:
        """The person as registered. Raises NotFoundError."""
        return self.state.people.customers[self.key_of(customer_id)]

    def keys_of(self, customer_id: str) -> list[int]:
        """All keys that mean this customer: her own, then those of customers united with her. Raises NotFoundError."""
        key = self.key_of(customer_id)
        return [key, *self.state.aliases_of(key)]

    def delete_customer(self, customer_id: str) -> dict[str, int]:
        """Forget the person, all her ids and everything held of her, in memory and by one record; the bytes already in
        files go with the next snapshot (services/erasures.py). Returns how much it was, by table. Raises NotFoundError.
        """
        key = self.key_of(customer_id)
        counts = held_rows(self.state, key) | {"recent_tries": len(self.recent_tries.held(key))}
        names = [decision_id(self._decision_key, decision) for decision in self.state.decision_keys_of(key)]
        self.append([CustomerDeleted(key)])
        self.recent_tries.forget(key)
        for name in names:
            self._decision_keys.pop(name, None)
        return counts

    def record_touchpoints(
        self, touchpoints: Sequence[Touchpoint], *, now_ms: int, partial: bool = False
    ) -> RowResults:
        """Take signals in any order; the same set gives the same state however often it comes (S-1)."""

        def record(touchpoint: Touchpoint) -> Record:
            return self._touchpoint_record(touchpoint, now_ms)

        return self.append_each(touchpoints, record, partial=partial)

    def _touchpoint_record(self, touchpoint: Touchpoint, now_ms: int) -> TouchpointRecord:
        key = self.owner_of(touchpoint.customer_id, touchpoint.identity)
        if touchpoint.time_ms > now_ms + self.policy.future_tolerance_ms:
            raise InvalidArgumentError("the touchpoint lies in the future", field="event_time")
        check_fields(touchpoint)
        self.lapse_of([key], now_ms)
        bits = int(self.state.people.view.persons["consent_bits"][self.state.people.person_slots[key]])
        if not bits & needed_purpose(touchpoint.kind).bit:
            raise NotConsentedError("she did not consent to this use; the touchpoint was not kept")
        category_number, product_number = self._subject(touchpoint)
        category = None
        if category_number >= 0:
            category = self.registry.categories[self.registry.identifier(Category, category_number)]
            if category.is_special and not bits & Purpose.SPECIAL_CATEGORY_OFFERS.bit:
                raise NotConsentedError("a special category needs her explicit consent; the touchpoint was not kept")
        # a size is kept for personal offers only: without that purpose the interest stays and the size goes
        keeps_size = touchpoint.size is not None and category is not None and bits & Purpose.PERSONALISED_OFFERS.bit
        code = NO_SIZE
        if keeps_size and touchpoint.size is not None and category is not None:
            code = size_code(canonical_size(category.size_chart, touchpoint.size))
        return TouchpointRecord(
            person_key=key,
            kind=int(touchpoint.kind),
            time_ms=touchpoint.time_ms,
            category_number=category_number,
            product_number=product_number,
            size_code=code,
            source_key=text_key(touchpoint.source, b"geooffer.source")
            if touchpoint.kind is TouchpointKind.CONTACTED
            else 0,
            channel=int(touchpoint.channel or 0),
            language=touchpoint.language,
            fulfilment=int(touchpoint.fulfilment or 0),
            is_interested=-1 if touchpoint.is_interested is None else int(touchpoint.is_interested),
            tier=-1 if touchpoint.tier is None else touchpoint.tier,
            account_kind=int(touchpoint.account_kind or 0),
        )

    def _subject(self, touchpoint: Touchpoint) -> tuple[int, int]:
        """(category number, product number), −1 each where the touchpoint is about none."""
        registry = self.registry
        category_id = touchpoint.category_id
        if touchpoint.search_text:
            found = self.category_of_text(touchpoint.search_text)
            if found is None:
                raise NotFoundError("no category of the assortment matches the search text", field="search_text")
            category_id = found
        if category_id:
            if category_id not in registry.categories:
                raise NotFoundError("no such category", field="category_id")
            return registry.number(Category, category_id), -1
        if not touchpoint.product_id:
            return -1, -1
        product = registry.products.get(touchpoint.product_id)
        if product is None:
            raise NotFoundError("no such product", field="product_id")
        return registry.number(Category, product.category_id), registry.number(Product, product.product_id)

    def category_of_text(self, search_text: str) -> str | None:
        """The category that search text means, or None; the text itself is not kept (S-2).

        A small assortment is indexed on the spot. A large one takes seconds: who runs the engine builds its index aside
        (`words_to_index`, `set_words`); until then the last one answers. Raises OverloadedError where there is none.
        """
        if self._words_generation != self.registry.words_generation:
            if len(self.registry.products) <= WORDS_INLINE_PRODUCT_COUNT:
                self.set_words(SearchIndex.build(category_words(self.registry)), self.registry.words_generation)
            elif self._words is None:
                raise OverloadedError("the index of search words is being built")
        return self._words.category_of(search_text) if self._words is not None else None

    def words_to_index(self) -> tuple[list[CategoryWords], int] | None:
        """(what the index is to be built from, its generation) where the present one is old, else None."""
        generation = self.registry.words_generation
        if self._words_generation == generation or len(self.registry.products) <= WORDS_INLINE_PRODUCT_COUNT:
            return None
        return category_words(self.registry), generation

    def set_words(self, index: SearchIndex, generation: int) -> None:
        """Answer by an index built of `words_to_index` from now on."""
        self._words, self._words_generation = index, generation

    def put_audience_members(
        self, audience_id: str, customer_ids: Sequence[str], *, are_members: bool, now_ms: int, partial: bool = False
    ) -> RowResults:
        """Put customers on an uploaded list, or take them off it."""
        if audience_id not in self.registry.audiences:
            raise NotFoundError("no such audience", field="audience_id")
        number = self.registry.number(Audience, audience_id)

        def record(customer_id: str) -> Record:
            key = self.key_of(customer_id)
            self.lapse_of([key], now_ms)
            bits = int(self.state.people.view.persons["consent_bits"][self.state.people.person_slots[key]])
            if are_members and not bits & Purpose.PERSONALISED_OFFERS.bit:
                raise NotConsentedError("she did not consent to personal offers; she was not put on the list")
            return AudiencePut(key, number, are_members, now_ms)

        return self.append_each(customer_ids, record, partial=partial)

    def audience_members(self, audience_id: str) -> list[str]:
        """Customer ids on a list, sorted. Raises NotFoundError."""
        if audience_id not in self.registry.audiences:
            raise NotFoundError("no such audience", field="audience_id")
        number, people = self.registry.number(Audience, audience_id), self.state.people
        return sorted(
            people.customers[key].customer_id
            for key, slot in people.person_slots.items()
            if people.is_on_list(slot, number)
        )
