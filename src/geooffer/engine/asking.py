"""Asked, not walked (semantics D9, S3, S12): web shop, newsletter and messenger get the same verdicts, caps and budget.

A place given by the asker stands for where she could go: the nearest branches are tried in turn, nearest first.
Without a place the online stores are. At most one offer comes of a call.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from geooffer.engine.decisions import Decision
from geooffer.engine.hours import is_open_at
from geooffer.engine.neighbours import Branches
from geooffer.engine.outcomes import Outcomes
from geooffer.engine.registry import size_code
from geooffer.errors import InvalidArgumentError, NotFoundError
from geooffer.kernels.matcher import ask_store
from geooffer.kernels.occasion import ASKED_PURPOSES, asked_occasion
from geooffer.model.catalog import Category, Product, Size, Store
from geooffer.model.columns import Outcome
from geooffer.model.kinds import PUSHED_CHANNELS, AccountKind, Channel, Fulfilment
from geooffer.model.limits import (
    NEARBY_STORE_COUNT_MAX,
    NEARBY_STORE_DISTANCE_MAX_M,
    NEIGHBOUR_STORE_DISTANCE_MAX_M,
)
from geooffer.model.tables import FACT_SIZE
from geooffer.model.verdicts import OfferVerdict, Purpose, TouchpointKind

ASKED_STORE_COUNT = 5
SEARCHED_STORE_COUNT = 500
"""Farther branches are not looked at: the answer holds up pings while it is worked out."""
Place = tuple[int, int]
"""(latitude_e7, longitude_e7)."""


@dataclass(frozen=True, slots=True)
class NearbyStore:
    """A branch that has a product; how many is not told."""

    store: Store
    distance_m: int
    in_stock_as_of_ms: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """The offer, or how far the furthest candidate of any store tried came."""

    decision: Decision | None
    verdict: OfferVerdict
    nearby: tuple[NearbyStore, ...]


class Asking(Outcomes):
    """Decisions without a ping, and where goods are."""

    @cached_property
    def _branches(self) -> Branches:
        return Branches()

    def decide(
        self,
        customer_id: str,
        *,
        channel: Channel,
        now_ms: int,
        product_id: str = "",
        category_id: str = "",
        place: Place | None = None,
        is_silent: bool = False,
    ) -> Answer:
        """Decide for a customer on a channel, by the live catalog; the decision is durable when this returns.

        `place`: the nearest branches within 25 km of it are asked. `is_silent`: no offer may be made now, the one that
        would win is TOO_LATE and consumes nothing. Raises NotFoundError, InvalidArgumentError, JournalError.
        """
        key = self.key_of(customer_id)
        slot = self.state.people.person_slots[key]
        self.lapse_of([key], now_ms)
        product_number, category_number = self._asked_subject(product_id, category_id)
        self.cover_hours(now_ms)
        if self._spent_campaigns:
            self._refresh_totals(self._spent_campaigns, now_ms)
        verdicts: list[OfferVerdict] = []
        decision = None
        for store_number in self._asked_stores(place):
            outcome = self._ask(slot, store_number, channel, now_ms, product_number, category_number)
            decided = self.commit(outcome, late_rows=outcome.winners["row"].tolist() if is_silent else ())
            verdicts.append(OfferVerdict(int(outcome.tries["verdict"][0])))
            if len(outcome.winners):
                verdicts = verdicts[-1:]
                decision = decided[0] if decided else None
                break
        verdict = max(verdicts, default=OfferVerdict.NO_INTENT)
        if decision is not None:
            return Answer(decision, verdict, self._nearby(decision.product, decision.size, place, now_ms))
        return Answer(None, verdict, self.nearby_again(customer_id, product_id, None, place, now_ms))

    def told_again(self, key: int, stock_as_of_ms: int | None, now_ms: int) -> Decision | OfferVerdict:
        """A decision made by `decide`, from its record, to be told once more; or why not: her consent to what it needs
        is gone, or what it offers. Its figure of stock is that of the moment it was decided.
        """
        record = self.state.decisions.get(key)
        nouns, registry = self.snapshot.nouns, self.registry
        if record is None:
            return OfferVerdict.OFFER_INACTIVE
        person_key = self.state.resolve(record.person_key)
        self.lapse_of([person_key], now_ms)
        slot = self.state.people.person_slots[person_key]
        person = self.state.people.view.persons[slot]
        offer = nouns.offers.get(registry.offer_id(record.offer_number))
        product = nouns.products.get(registry.identifier(Product, record.product_number))
        category = nouns.categories.get(registry.identifier(Category, record.category_number))
        store = nouns.stores.get(registry.store_id(record.store_number))
        supply_store = nouns.stores.get(registry.store_id(record.supply_store_number))
        if offer is None or product is None or category is None or store is None or supply_store is None:
            return OfferVerdict.OFFER_INACTIVE
        if offer.valid_until_ms <= now_ms:
            return OfferVerdict.OFFER_INACTIVE
        channel = Channel(record.channel)
        pushed = Purpose.PUSH_MARKETING.bit if channel in PUSHED_CHANNELS else 0
        needed = ASKED_PURPOSES | pushed | offer.required_purposes
        if category.is_special:
            needed |= Purpose.SPECIAL_CATEGORY_OFFERS.bit
        if needed & ~int(person["consent_bits"]):
            return OfferVerdict.PURPOSE_NOT_CONSENTED
        return Decision(
            decision_id=self._name_decision(key),
            decision_key=key,
            row=-1,
            device_key=0,
            time_ms=record.time_ms,
            offer=offer,
            product=product,
            category=category,
            store=store,
            supply_store=supply_store,
            fulfilment=Fulfilment(record.fulfilment),
            geofence_id="",
            size=registry.size(record.size_code) if product.sizes else None,
            amount_minor=record.amount_minor,
            reference_amount_minor=record.reference_amount_minor,
            currency=nouns.currencies[product.product_id],
            account_kind=AccountKind(int(person["account_kind"])),
            available_count=None,
            stock_as_of_ms=stock_as_of_ms,
            score=record.score,
            points=record.points,
            reason_kind=TouchpointKind(record.reason_kind),
            channel=channel,
            language=self.state.people.language_of(person_key),
            catalog_generation=record.catalog_generation,
            policy_version=record.policy_version,
            person_slot=slot,
            person_key=person_key,
            consent_epoch=int(person["consent_epoch"]),
        )

    def nearby_again(
        self, customer_id: str, product_id: str, decision: Decision | None, place: Place | None, now_ms: int
    ) -> tuple[NearbyStore, ...]:
        """The branches that an answer of `decide` names, as they are now."""
        if decision is not None:
            return self._nearby(decision.product, decision.size, place, now_ms)
        product = self.registry.products.get(product_id)
        if product is None:
            return ()
        slot = self.state.people.person_slots[self.key_of(customer_id)]
        return self._nearby(product, self._size_known(slot, product), place, now_ms)

    def _nearby(self, product: Product, size: Size | None, place: Place | None, now_ms: int) -> tuple[NearbyStore, ...]:
        """Branches that have it; none without a place, or where the size that would be needed is not known."""
        if place is None or bool(product.sizes) != (size is not None):
            return ()
        return tuple(self.find_nearby_stock(product.product_id, size, place, now_ms))

    def _size_known(self, slot: int, product: Product) -> Size | None:
        """Her size, if the product comes in it."""
        view = self.state.people.view
        category_number = self.registry.number(Category, product.category_id)
        index = int(view.persons["fact_head"][slot])
        while index >= 0:
            fact = view.facts[index]
            if fact["kind"] == FACT_SIZE and fact["category_number"] == category_number:
                size = self.registry.size(int(fact["value"]))
                return size if size in self.registry.canonical_sizes(product) else None
            index = int(fact["next"])
        return None

    def _asked_subject(self, product_id: str, category_id: str) -> tuple[int, int]:
        registry = self.registry
        if product_id and category_id:
            raise InvalidArgumentError("name a product or a category, not both", field="category_id")
        if product_id:
            product = registry.products.get(product_id)
            if product is None:
                raise NotFoundError("no such product", field="product_id")
            return registry.number(Product, product_id), registry.number(Category, product.category_id)
        if category_id and category_id not in registry.categories:
            raise NotFoundError("no such category", field="category_id")
        return -1, registry.number(Category, category_id) if category_id else -1

    def _asked_stores(self, place: Place | None) -> list[int]:
        if place is None:
            return [int(number) for number in self.snapshot.commerce.online_stores]
        stores = self.snapshot.commerce.stores
        return [
            number
            for metres, number in self._branches.nearest(self.registry, *place, ASKED_STORE_COUNT)
            if metres <= NEIGHBOUR_STORE_DISTANCE_MAX_M and number < len(stores) and stores["live"][number]
        ]

    def _ask(
        self, slot: int, store_number: int, channel: Channel, now_ms: int, product_number: int, category_number: int
    ) -> Outcome:
        people = self.state.people
        rows = self._emptied_rows()
        occasion = asked_occasion(
            person_slot=slot,
            store_number=store_number,
            now_ms=now_ms,
            channel=channel,
            product_number=product_number,
            category_number=category_number,
        )
        with self.lock:
            people.make_room(0, 1)
            ask_store(people.view, self.state.live.view, self.snapshot.commerce, self.policy, occasion, rows)
        outcome = self._asked_outcome(rows)
        self.statistics.count(outcome)
        return outcome

    def find_nearby_stock(
        self, product_id: str, size: Size | None, place: Place, now_ms: int, count: int = 5
    ) -> list[NearbyStore]:
        """Branches that have a product (in a size) beyond the safety stock, nearest first.

        The 500 nearest within 100 km are looked at.

        Raises NotFoundError for an unknown product, InvalidArgumentError for a size it does not come in.
        """
        product = self.registry.products.get(product_id)
        if product is None:
            raise NotFoundError("no such product", field="product_id")
        code = size_code(self._size_of(product, size))
        variant = self.registry.variant(self.registry.number(Product, product_id), code)
        safety = product.safety_stock_count if product.safety_stock_count >= 0 else self.policy.safety_stock_count
        found: list[NearbyStore] = []
        for metres, number in self._branches.nearest(self.registry, *place, SEARCHED_STORE_COUNT):
            if metres > NEARBY_STORE_DISTANCE_MAX_M:
                break
            held = self.state.live.stock_of(number, variant)
            if held is None or held[0] <= safety or now_ms - held[1] > self.policy.stock_max_age_ms:
                continue
            store = self.registry.stores[self.registry.store_id(number)]
            closed = any(item.from_ms <= now_ms < item.until_ms for item in self.closures_of(store.store_id, now_ms))
            found.append(NearbyStore(store, metres, held[1], not closed and is_open_at(store, now_ms)))
            if len(found) >= min(count, NEARBY_STORE_COUNT_MAX):
                break
        return found
