"""Changes about people: customers, touchpoints, consent. Nothing is kept without consent for its purpose (S3).

Errors name no person and no content. Partial results as in engine/catalog_changes.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from geooffer.engine.catalog_changes import CatalogChanges
from geooffer.engine.core import RowResults
from geooffer.engine.registry import NO_SIZE, size_code
from geooffer.errors import (
    AlreadyExistsError,
    InvalidArgumentError,
    NotConsentedError,
    NotFoundError,
)
from geooffer.model.catalog import Category, Customer, Product
from geooffer.model.keys import person_key
from geooffer.model.limits import DEVICES_PER_CUSTOMER_COUNT_MAX
from geooffer.model.records import ConsentRecord, CustomerDeleted, CustomerPut, Record, TouchpointRecord
from geooffer.model.signals import PurposeState, Touchpoint
from geooffer.model.verdicts import Purpose, TouchpointKind

_INTEREST = (TouchpointKind.SEARCH, TouchpointKind.VIEW, TouchpointKind.WISH)


class PeopleChanges(CatalogChanges):
    """Customers, touchpoints, consent."""

    def upsert_customers(self, customers: Sequence[Customer], *, partial: bool = False) -> RowResults:
        """Create persons or replace their devices and language. A device belongs to one person at most."""
        owners: dict[int, int] = {}
        ids: dict[int, str] = {}

        def record(customer: Customer) -> Record:
            key = person_key(customer.customer_id)
            self._check_customer(key, customer, owners, ids)
            ids[key] = customer.customer_id
            owners.update(dict.fromkeys(customer.device_keys, key))
            return CustomerPut(key, customer)

        return self.append_each(customers, record, partial=partial)

    def _check_customer(self, key: int, customer: Customer, owners: dict[int, int], ids: dict[int, str]) -> None:
        held = self.state.people.customers.get(key)
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

    def _key_of(self, customer_id: str) -> int:
        key = person_key(customer_id)
        held = self.state.people.customers.get(key)
        if held is None or held.customer_id != customer_id:
            raise NotFoundError("no such customer", field="customer_id")
        return key

    def customer(self, customer_id: str) -> Customer:
        """The person as registered. Raises NotFoundError."""
        return self.state.people.customers[self._key_of(customer_id)]

    def delete_customer(self, customer_id: str) -> None:
        """Forget the person and everything held of her. Raises NotFoundError."""
        self.append([CustomerDeleted(self._key_of(customer_id))])

    def record_touchpoints(
        self, touchpoints: Sequence[Touchpoint], *, now_ms: int, partial: bool = False
    ) -> RowResults:
        """Take signals in any order; the same set gives the same state however often it comes (S-1)."""

        def record(touchpoint: Touchpoint) -> Record:
            return self._touchpoint_record(touchpoint, now_ms)

        return self.append_each(touchpoints, record, partial=partial)

    def _touchpoint_record(self, touchpoint: Touchpoint, now_ms: int) -> TouchpointRecord:
        key = self._key_of(touchpoint.customer_id)
        if touchpoint.time_ms > now_ms + self.policy.future_tolerance_ms:
            raise InvalidArgumentError("the touchpoint lies in the future", field="event_time")
        category_number, product_number = self._subject(touchpoint)
        bits = int(self.state.people.view.persons["consent_bits"][self.state.people.person_slots[key]])
        needed = Purpose.SEARCH_INTENT_USE if touchpoint.kind in _INTEREST else Purpose.PERSONALISED_OFFERS
        if not bits & needed.bit:
            raise NotConsentedError("she did not consent to this use; the touchpoint was not kept")
        if touchpoint.kind is TouchpointKind.PREFERENCE and touchpoint.size is None:
            raise InvalidArgumentError("a preference needs a size", field="size")
        # a size is kept for personal offers only: without that purpose the interest stays and the size goes
        keeps_size = touchpoint.size is not None and bits & Purpose.PERSONALISED_OFFERS.bit
        return TouchpointRecord(
            person_key=key,
            kind=int(touchpoint.kind),
            time_ms=touchpoint.time_ms,
            category_number=category_number,
            product_number=product_number,
            size_code=size_code(touchpoint.size) if keeps_size else NO_SIZE,
        )

    def _subject(self, touchpoint: Touchpoint) -> tuple[int, int]:
        """(category number, product number or −1) of what the touchpoint is about."""
        if bool(touchpoint.category_id) == bool(touchpoint.product_id):
            raise InvalidArgumentError("name either a category or a product", field="category_id")
        registry = self.registry
        if touchpoint.category_id:
            if touchpoint.category_id not in registry.categories:
                raise NotFoundError("no such category", field="category_id")
            return registry.number(Category, touchpoint.category_id), -1
        product = registry.products.get(touchpoint.product_id)
        if product is None:
            raise NotFoundError("no such product", field="product_id")
        return registry.number(Category, product.category_id), registry.number(Product, product.product_id)

    def record_consent(
        self, customer_id: str, purposes: int, *, granted: bool, time_ms: int, now_ms: int, notice_version: str
    ) -> None:
        """Give or withdraw purposes (mask of Purpose bits). What is dated in the future is refused (C3).

        A little ahead is a clock that is off: such an event counts as of now, so that a withdrawal now undoes it.
        """
        key = self._key_of(customer_id)
        if not 0 < purposes < 1 << len(Purpose):
            raise InvalidArgumentError("name at least one purpose", field="purposes")
        if time_ms > now_ms + self.policy.future_tolerance_ms:
            raise InvalidArgumentError("consent lies in the future", field="event_time")
        self.append([ConsentRecord(key, purposes, granted, min(time_ms, now_ms), notice_version)])

    def consent_of(self, customer_id: str) -> dict[Purpose, PurposeState]:
        """The latest event of each purpose ever asked for. Raises NotFoundError."""
        return dict(self.state.consents.get(self._key_of(customer_id), {}))
