"""Who is who: devices, loyalty accounts and web ids are linked to persons, persons united, and parted (S-5, S9, S13).

A device that moves is taken from one person and given to the other in one commit. Uniting two persons joins their
contact logs, so caps count per human over all devices; parting copies them, so none is given back.
"""

from __future__ import annotations

from dataclasses import astuple, replace

from geooffer.engine.consent_ledger import events_of
from geooffer.engine.people_changes import PeopleChanges
from geooffer.engine.people_history import parted_history, whole_history
from geooffer.errors import AlreadyExistsError, InvalidArgumentError, LimitExceededError, NotFoundError, RestrictedError
from geooffer.model.catalog import Customer
from geooffer.model.limits import DEVICES_PER_CUSTOMER_COUNT_MAX, IDENTITIES_PER_CUSTOMER_COUNT_MAX
from geooffer.model.raw_ids import refuse_raw_id
from geooffer.model.records import (
    CustomerPut,
    DecisionRecord,
    IdentityLinked,
    IdentityUnlinked,
    PersonArrived,
    PersonDeparted,
    Record,
)
from geooffer.model.signals import Identity
from geooffer.model.tables import NEVER_MS


class Linking(PeopleChanges):
    """Links of identities and devices to persons."""

    def link_identity(self, customer_id: str, identity: Identity) -> None:
        """A pseudonym stands for this customer; if it stood for another before, it moves alone. Idempotent."""
        key, hashed = self.key_of(customer_id), self.pseudonyms.identity(identity)
        refuse_raw_id(identity.identity_id, "identity")
        owner = self.state.identities.get((int(identity.kind), hashed))
        if owner == key:
            return
        if len(self.state.owned_identities.get(key, ())) >= IDENTITIES_PER_CUSTOMER_COUNT_MAX:
            raise LimitExceededError("too many identities for one customer", field="identity")
        changes: list[Record] = [IdentityLinked(key, int(identity.kind), hashed)]
        if owner is not None:
            changes.insert(0, IdentityUnlinked(owner, int(identity.kind), hashed))
        self.append(changes)

    def link_device(self, customer_id: str, device_key: int) -> None:
        """A device belongs to this customer from now on, whoever had it before. Idempotent."""
        key = self.key_of(customer_id)
        if device_key == 0:
            raise InvalidArgumentError("a device key is not 0", field="device_key")
        customer = self.state.people.customers[key]
        if device_key in customer.device_keys:
            return
        if len(customer.device_keys) >= DEVICES_PER_CUSTOMER_COUNT_MAX:
            raise LimitExceededError("too many devices", field="device_key")
        changes: list[Record] = []
        owner = self.person_of_device(device_key)
        if owner is not None:
            changes.append(CustomerPut(owner, self._without(owner, device_key)))
        devices = tuple(sorted((*customer.device_keys, device_key)))
        changes.append(CustomerPut(key, replace(customer, device_keys=devices)))
        self.append(changes)

    def merge_customers(self, from_id: str, into_id: str) -> None:
        """Two customers are one human: history, devices and identities go to `into_id`; `from_id` names her, too."""
        source, target = self.key_of(from_id), self.key_of(into_id)
        if source == target:
            return
        people = self.state.people
        held, into = people.customers[source], people.customers[target]
        if len(held.device_keys) + len(into.device_keys) > DEVICES_PER_CUSTOMER_COUNT_MAX:
            raise LimitExceededError("too many devices for one customer", field="from_customer_id")
        identities = tuple(sorted(self.state.owned_identities.get(source, ())))
        history = replace(
            whole_history(people, source, events_of(self.state, source), identities),
            decisions=tuple(self._decision_with_outcomes(key) for key in sorted(self.state.decision_keys_of(source))),
            consents_known_from_ms=self.state.consents_known_from.get(source, NEVER_MS),
            snoozed_until_ms=self.state.snoozes.get(source, NEVER_MS),
            rights=tuple(map(astuple, self.state.rights.of(source))),
            aliases=tuple(sorted(alias for alias, key in self.state.aliases.items() if key == source)),
        )
        devices = tuple(sorted((*into.device_keys, *held.device_keys)))
        zone = into.time_zone or held.time_zone
        self.append(
            [
                PersonDeparted(source, target),
                CustomerPut(target, replace(into, device_keys=devices, time_zone=zone)),
                PersonArrived(target, source, True, history, self.special_category_numbers()),
            ]
        )
        self.recent_tries.forget(source)

    def unlink_identity(self, customer_id: str, identity: Identity, new_customer_id: str = "") -> None:
        """The pseudonym stands for `new_customer_id` ('' = nobody) from now on; a new customer takes a copy along."""
        key, hashed = self.key_of(customer_id), self.pseudonyms.identity(identity)
        if self.state.identities.get((int(identity.kind), hashed)) != key:
            raise NotFoundError("this identity is not linked to the customer", field="identity")
        changes: list[Record] = [IdentityUnlinked(key, int(identity.kind), hashed)]
        if new_customer_id:
            other = self._parted(key, new_customer_id, (), changes)
            changes.append(IdentityLinked(other, int(identity.kind), hashed))
        self.append(changes)

    def unlink_device(self, customer_id: str, device_key: int, new_customer_id: str = "") -> None:
        """The device belongs to `new_customer_id` ('' = nobody) from now on; a new customer takes a copy along."""
        key = self.key_of(customer_id)
        if device_key not in self.state.people.customers[key].device_keys:
            raise NotFoundError("this device is not linked to the customer", field="device_key")
        changes: list[Record] = [CustomerPut(key, self._without(key, device_key))]
        if new_customer_id:
            self._parted(key, new_customer_id, (device_key,), changes)
        self.append(changes)

    def identity_count(self, customer_id: str) -> int:
        """How many pseudonyms are linked to a customer; which ones is not kept, only their hashes."""
        key = self.key_of(customer_id)
        return len(self.state.owned_identities.get(key, ()))

    def _parted(self, key: int, new_id: str, devices: tuple[int, ...], changes: list[Record]) -> int:
        """Append what makes or finds the other customer, with a copy of contacts and purchases. Raises RestrictedError:
        what is kept of somebody and not used is not used for another, either.
        """
        if self.state.rights.is_restricted(key):
            rule = "processing of this customer is restricted: nothing of hers is copied, name no new customer"
            raise RestrictedError(rule, field="customer_id")
        people, other = self.state.people, self.pseudonyms.person(refuse_raw_id(new_id, "new_customer_id"))
        if other in self.state.aliases:
            raise AlreadyExistsError("the new customer id names a customer it was united with", field="new_customer_id")
        if other == key:
            raise InvalidArgumentError("the new customer must be another one", field="new_customer_id")
        held = people.customers.get(other)
        if held is not None and held.customer_id != new_id:
            raise AlreadyExistsError("another customer has the same 64-bit key; rename this one")
        source = people.customers[key]
        made = held or Customer(new_id, (), source.language, source.time_zone)
        if len(made.device_keys) + len(devices) > DEVICES_PER_CUSTOMER_COUNT_MAX:
            raise LimitExceededError("too many devices", field="device_key")
        changes.append(CustomerPut(other, replace(made, device_keys=tuple(sorted((*made.device_keys, *devices))))))
        changes.append(PersonArrived(other, key, False, parted_history(people, key), self.special_category_numbers()))
        return other

    def _decision_with_outcomes(self, key: int) -> tuple[int, DecisionRecord, tuple[tuple[int, int], ...], bool]:
        is_released = key in self.state.released
        decision = self.state.released[key] if is_released else self.state.decisions[key]
        outcomes = sorted((int(kind), time_ms) for kind, time_ms in self.state.outcomes.get(key, {}).items())
        return key, decision, tuple(outcomes), is_released

    def _without(self, key: int, device_key: int) -> Customer:
        customer = self.state.people.customers[key]
        return replace(customer, device_keys=tuple(held for held in customer.device_keys if held != device_key))
