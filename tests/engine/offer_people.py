"""What is done to people, to the engine and to the obvious model alike. Not a test file.

Where the model says that a call is refused, the engine must refuse it, by the right error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from offer_draws import ALL_PURPOSES
from offer_model import BY_CATEGORY, CATEGORY_OF, Human
from offer_scene import CATEGORIES, ZONES
from offer_streams import Device, Streams

from geooffer.errors import (
    AlreadyExistsError,
    InvalidArgumentError,
    NotConsentedError,
    NotFoundError,
)
from geooffer.model.catalog import Customer
from geooffer.model.kinds import IdentityKind
from geooffer.model.signals import Identity, Touchpoint
from geooffer.model.verdicts import INTEREST_KINDS, Purpose, TouchpointKind


class PeopleTwins(Streams):
    """Customers, consent, signals, and who is who."""

    def welcome(self, name: str) -> None:
        """She consents to all, and is interested in everything."""
        self.consent(name, ALL_PURPOSES, granted=True, age_ms=0)
        for category in CATEGORIES:
            self.signal(name, TouchpointKind.SEARCH, category.category_id, age_ms=0)

    # -- people ----------------------------------------------------------------------------------------------

    def register(self, name: str, devices: tuple[int, ...]) -> None:
        """A new customer, with those of the devices that are free."""
        free = tuple(key for key in devices if self.human_with(key) is None)
        held = self.model.humans.get(name)
        if held is not None and held.name == name:
            return
        customer = Customer(name, free, time_zone=ZONES[name])
        if held is not None:
            with pytest.raises(AlreadyExistsError):
                self.engine.upsert_customers([customer])
            return
        self.engine.upsert_customers([customer])
        self.model.humans[name] = Human(name, ZONES[name], set(free))
        self._renew_devices(free)

    def _renew_devices(self, keys: Iterable[int]) -> None:
        for key in keys:
            self.devices[key] = Device()

    def _move_devices(self, keys: Iterable[int], owner: Human) -> None:
        """They take along where they are, unless their new owner does not want that to be known."""
        for key in keys:
            device = self.devices.setdefault(key, Device())
            if Purpose.PRECISE_LOCATION_FOR_OFFERS not in owner.consented():
                device.heard_ms = None

    def consent(self, name: str, purposes: int, *, granted: bool, age_ms: int) -> None:
        """Purposes given or taken back."""
        self.sync()
        time_ms = self.now_ms - age_ms

        def change() -> None:
            self.engine.record_consent(
                name, purposes, granted=granted, time_ms=time_ms, now_ms=self.now_ms, notice_version="1"
            )

        human = self.model.humans.get(name)
        if human is None:
            with pytest.raises(NotFoundError):
                change()
            return
        if self.planted != "consent" or granted:
            change()
        before = human.consented()
        for purpose in Purpose:
            if purposes & purpose.bit:
                human.hear_consent(purpose, time_ms, granted)
        self._follow_consent(human, before)

    def _follow_consent(self, human: Human, before: set[Purpose]) -> None:
        human.drop_what_is_not_consented()
        if Purpose.PRECISE_LOCATION_FOR_OFFERS not in human.consented():
            for key in human.devices:
                self.devices.setdefault(key, Device()).heard_ms = None
        if human.consented() != before:
            for sent in self.sent:
                if self.model.humans[sent.name] is human:
                    sent.close_gate()

    def signal(self, name: str, kind: TouchpointKind, subject: str, *, age_ms: int, identity: str = "") -> None:
        """A touchpoint, by customer id or by a linked pseudonym."""
        self.sync()
        time_ms = self.now_ms - age_ms
        human = self.identities.get(identity) if identity else self.model.humans.get(name)
        touchpoint = Touchpoint(
            "" if identity else name,
            kind,
            time_ms,
            category_id="" if subject in CATEGORY_OF else subject,
            product_id=subject if subject in CATEGORY_OF else "",
            identity=Identity(IdentityKind.WEB, identity) if identity else None,
            source="mail" if kind is TouchpointKind.CONTACTED else "",
        )

        def change() -> None:
            self.engine.record_touchpoints([touchpoint], now_ms=self.now_ms)

        if human is None:
            with pytest.raises(NotFoundError):
                change()
            return
        category = BY_CATEGORY[CATEGORY_OF.get(subject, subject)]
        needed = {Purpose.SEARCH_INTENT_USE if kind in INTEREST_KINDS else Purpose.PERSONALISED_OFFERS}
        if category.is_special:
            needed.add(Purpose.SPECIAL_CATEGORY_OFFERS)
        if not needed <= human.consented():
            with pytest.raises(NotConsentedError):
                change()
            return
        change()
        if kind is TouchpointKind.CONTACTED:
            human.hear_message(time_ms, "mail", category.category_id)
        else:
            human.signals.append(touchpoint)

    def erase(self, name: str) -> None:
        """She is forgotten under all her names."""
        human = self.model.humans.get(name)
        if human is None:
            with pytest.raises(NotFoundError):
                self.engine.delete_customer(name)
            return
        self.engine.delete_customer(name)
        gone = [sent for sent in self.sent if self.model.humans[sent.name] is human]
        self.sent = [sent for sent in self.sent if sent not in gone]
        for sent in gone:
            assert not self.engine.may_send(sent.decision)
            self.engine.release(sent.decision)  # nobody's caps: she is gone
        self.model.forget(human)
        self.identities = {key: held for key, held in self.identities.items() if held is not human}
        self.counts["erased"] += 1

    # -- who is who ------------------------------------------------------------------------------------------

    def unite(self, from_name: str, into_name: str) -> None:
        """Two customers are one human."""
        source, target = self.model.humans.get(from_name), self.model.humans.get(into_name)
        if source is None or target is None:
            with pytest.raises(NotFoundError):
                self.engine.merge_customers(from_name, into_name)
            return
        if self.planted == "united" and source is not target:
            for key in sorted(source.devices):
                self.engine.link_device(into_name, key)
        else:
            self.engine.merge_customers(from_name, into_name)
        if source is target:
            return
        before, moved = target.consented(), sorted(source.devices)
        for sent in self.sent:
            if self.model.humans[sent.name] is source:
                sent.close_gate()
        self._move_devices(moved, target)
        self.model.unite(source, target)
        self.identities = {key: target if held is source else held for key, held in self.identities.items()}
        self._follow_consent(target, before)
        self.counts["united"] += 1

    def link_device(self, name: str, key: int) -> None:
        """A device changes hands."""
        human, owner = self.model.humans.get(name), self.human_with(key)
        if human is None:
            with pytest.raises(NotFoundError):
                self.engine.link_device(name, key)
            return
        self.engine.link_device(name, key)
        if owner is human:
            return
        if owner is not None:
            owner.devices.remove(key)
            self._move_devices([key], human)
        else:
            self._renew_devices([key])
        human.devices.add(key)

    def unlink_device(self, name: str, key: int, new_name: str) -> None:
        """A device was somebody else's all the time; '' = nobody's."""
        human = self.model.humans.get(name)

        def change() -> None:
            self.engine.unlink_device(name, key, new_name)

        if human is None or key not in human.devices:
            with pytest.raises(NotFoundError):
                change()
            return
        if not self._part(human, new_name, change):
            return
        human.devices.remove(key)
        if new_name:
            self.model.humans[new_name].devices.add(key)
            self._move_devices([key], self.model.humans[new_name])

    def link_identity(self, name: str, identity: str) -> None:
        """A pseudonym stands for her from now on."""
        human = self.model.humans.get(name)
        if human is None:
            with pytest.raises(NotFoundError):
                self.engine.link_identity(name, Identity(IdentityKind.WEB, identity))
            return
        self.engine.link_identity(name, Identity(IdentityKind.WEB, identity))
        self.identities[identity] = human

    def unlink_identity(self, name: str, identity: str, new_name: str) -> None:
        """A pseudonym was somebody else's all the time; '' = nobody's."""
        human = self.model.humans.get(name)

        def change() -> None:
            self.engine.unlink_identity(name, Identity(IdentityKind.WEB, identity), new_name)

        if human is None or self.identities.get(identity) is not human:
            with pytest.raises(NotFoundError):
                change()
            return
        if not self._part(human, new_name, change):
            return
        if new_name:
            self.identities[identity] = self.model.humans[new_name]
        else:
            del self.identities[identity]

    def _part(self, human: Human, new_name: str, change: Callable[[], None]) -> bool:
        """Do it, and copy what goes along to the other; False where it is refused."""
        other = self.model.humans.get(new_name) if new_name else None
        if new_name and other is not None and other.name != new_name:
            with pytest.raises(AlreadyExistsError):
                change()
            return False
        if new_name and other is human:
            with pytest.raises(InvalidArgumentError):
                change()
            return False
        change()
        if new_name:
            if other is None:
                other = self.model.humans[new_name] = Human(new_name, human.zone)
            before = other.consented()
            self.model.copy(human, other)
            self._follow_consent(other, before)
            self.counts["parted"] += 1
        return True
