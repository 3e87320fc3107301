"""One candidate offer, judged slowly: semantics D1 read from top to bottom, with the figures that decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geooffer.engine.prices import merged_history, with_references
from geooffer.engine.registry import size_code
from geooffer.kernels.interest import CATEGORY_MATCH, PRODUCT_MATCH
from geooffer.kernels.rank import PER_CUT_PERCENT
from geooffer.model.catalog import Category, Offer, Product, Store
from geooffer.model.decay import DECAY, FULL_STRENGTH, TABLE_HOURS
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.tables import FACT_PURCHASE, FACT_SIZE
from geooffer.model.verdicts import OfferTrigger, OfferVerdict

if TYPE_CHECKING:
    from geooffer.engine.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Contact:
    """An offer she had."""

    time_ms: int
    store_id: str
    offer_id: str


@dataclass(slots=True)
class Shopper:
    """What the decision may know of a person, read from the tables into plain values."""

    consent_bits: int
    intents: list[tuple[int, int, int]]
    """(category number, product number or −1, time last shown)."""
    sizes: dict[int, int]
    purchases: dict[int, int]
    contacts: list[Contact]

    @classmethod
    def of_device(cls, engine: Pipeline, device_key: int) -> Shopper:
        """The person whose device it is."""
        view = engine.state.people.view
        slot = int(view.devices["person_slot"][engine.state.people.device_slots[device_key]])
        person = view.persons[slot]
        intents, sizes, purchases, contacts = [], {}, {}, []
        index = int(person["intent_head"])
        while index >= 0:
            row = view.intents[index]
            shown_ms = max(int(row["search_ms"]), int(row["view_ms"]), int(row["wish_ms"]))
            intents.append((int(row["category_number"]), int(row["product_number"]), shown_ms))
            index = int(row["next"])
        index = int(person["fact_head"])
        while index >= 0:
            row = view.facts[index]
            if row["kind"] == FACT_SIZE:
                sizes[int(row["category_number"])] = int(row["value"])
            elif row["kind"] == FACT_PURCHASE:
                purchases[int(row["category_number"])] = int(row["time_ms"])
            index = int(row["next"])
        index = int(person["contact_head"])
        while index >= 0:
            row = view.contacts[index]
            store_id = engine.registry.store_id(int(row["store_number"]))
            contacts.append(
                Contact(int(row["decided_ms"]), store_id, engine.registry.offer_id(int(row["offer_number"])))
            )
            index = int(row["next"])
        return cls(int(person["consent_bits"]), intents, sizes, purchases, contacts)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offer and how far it came; OFFERED means only that nothing stops it before ranking."""

    offer: Offer
    offer_number: int
    verdict: OfferVerdict
    score: int
    detail: str
    matches_intent: bool


def judge(
    engine: Pipeline, shopper: Shopper, store: Store, offer: Offer, trigger: OfferTrigger, now_ms: int
) -> Candidate:
    """The first verdict that applies. The store is open and the standing purposes are given."""
    product = engine.snapshot.nouns.products[offer.product_id]
    points = _interest_points(engine, shopper, product, now_ms)
    verdict, detail, cut_percent = _first_verdict(engine, shopper, store, offer, product, trigger, points, now_ms)
    score = points + PER_CUT_PERCENT * cut_percent if verdict is OfferVerdict.OFFERED else 0
    if verdict is OfferVerdict.OFFERED:
        detail = f"{detail}; score {score} = interest {points} + {PER_CUT_PERCENT} × cut {cut_percent} %"
    number = engine.registry.number(Offer, offer.offer_id)
    return Candidate(offer, number, verdict, score, detail, points >= 0)


def _first_verdict(
    engine: Pipeline,
    shopper: Shopper,
    store: Store,
    offer: Offer,
    product: Product,
    trigger: OfferTrigger,
    points: int,
    now_ms: int,
) -> tuple[OfferVerdict, str, int]:
    if offer.required_purposes & ~shopper.consent_bits:
        return OfferVerdict.PURPOSE_NOT_CONSENTED, "a purpose this offer needs is not consented to", 0
    if offer.paused:
        return OfferVerdict.OFFER_INACTIVE, "paused", 0
    if not offer.valid_from_ms <= now_ms < offer.valid_until_ms:
        return OfferVerdict.OFFER_INACTIVE, "outside its validity", 0
    if offer.store_ids and store.store_id not in offer.store_ids:
        return OfferVerdict.OFFER_INACTIVE, "not for this store", 0
    if offer.trigger is not trigger:
        return OfferVerdict.OFFER_INACTIVE, f"waits for {offer.trigger.name}", 0
    if points < 0:
        days = engine.policy.intent_max_age_ms // DAY_MS
        return OfferVerdict.NO_INTENT, f"no live search, view or wish of the last {days} days matches", 0
    stopped = _size_and_stock(engine, shopper, store, product)
    if stopped is not None:
        return *stopped, 0
    price = _price(engine, store, product, now_ms)
    if price is None or price[1] < 0:
        return OfferVerdict.NO_PRICE_ADVANTAGE, "no earlier price is known", 0
    amount, reference = price
    if amount * 100 > reference * (100 - offer.minimum_price_cut_percent):
        detail = f"price {amount} against lowest of 30 days {reference}: cut under {offer.minimum_price_cut_percent} %"
        return OfferVerdict.NO_PRICE_ADVANTAGE, detail, 0
    capped = _caps(engine, shopper, store, offer, now_ms)
    if capped is not None:
        return *capped, 0
    cut_percent = max((reference - amount) * 100 // reference, 0) if reference > 0 else 0
    return OfferVerdict.OFFERED, f"price {amount}, lowest of 30 days {reference}", cut_percent


def _interest_points(engine: Pipeline, shopper: Shopper, product: Product, now_ms: int) -> int:
    """Strength of the best live intent for the product, −1 where none is."""
    category_number = engine.registry.number(Category, product.category_id)
    product_number = engine.registry.number(Product, product.product_id)
    best = -1
    for intent_category, intent_product, shown_ms in shopper.intents:
        if intent_category != category_number or intent_product not in (-1, product_number):
            continue
        if now_ms - shown_ms > engine.policy.intent_max_age_ms:
            continue
        if shopper.purchases.get(category_number, shown_ms - 1) >= shown_ms:
            continue
        hours = min(max(now_ms - shown_ms, 0) // HOUR_MS, TABLE_HOURS - 1)
        match = PRODUCT_MATCH if intent_product == product_number else CATEGORY_MATCH
        best = max(best, match * int(DECAY[hours]) // FULL_STRENGTH)
    return best


def _size_and_stock(
    engine: Pipeline, shopper: Shopper, store: Store, product: Product
) -> tuple[OfferVerdict, str] | None:
    if not product.stock_tracked:
        return None
    code = -1
    if product.sizes:
        known = shopper.sizes.get(engine.registry.number(Category, product.category_id))
        if known is None:
            return OfferVerdict.SIZE_MISMATCH, "her size is not known"
        if known not in {size_code(size) for size in product.sizes}:
            return OfferVerdict.SIZE_MISMATCH, "the product does not come in her size"
        code = known
    product_number = engine.registry.number(Product, product.product_id)
    held = engine.state.live.stock_of(
        engine.registry.number(Store, store.store_id), engine.registry.variant(product_number, code)
    )
    if held is None:
        if product.sizes:
            return OfferVerdict.SIZE_MISMATCH, "this store does not carry her size"
        return OfferVerdict.OUT_OF_STOCK, "this store does not carry it"
    if held[0] - engine.policy.safety_stock_count <= 0:
        safety = engine.policy.safety_stock_count
        return OfferVerdict.OUT_OF_STOCK, f"{held[0]} on the shelf, {safety} kept as safety stock"
    return None


def _price(engine: Pipeline, store: Store, product: Product, now_ms: int) -> tuple[int, int] | None:
    """(amount, reference or −1) in force now, or None."""
    prices = engine.snapshot.nouns.prices
    chain, own = prices.get((product.product_id, ""), ()), prices.get((product.product_id, store.store_id), ())
    steps = [step for step in with_references(merged_history(chain, own)) if step[0] <= now_ms]
    return (steps[-1][1], steps[-1][2]) if steps else None


def _caps(
    engine: Pipeline, shopper: Shopper, store: Store, offer: Offer, now_ms: int
) -> tuple[OfferVerdict, str] | None:
    policy = engine.policy
    ages = [(now_ms - contact.time_ms, contact) for contact in shopper.contacts]
    if any(age < policy.same_offer_after_ms and contact.offer_id == offer.offer_id for age, contact in ages):
        return OfferVerdict.ALREADY_OFFERED, f"she had it within {policy.same_offer_after_ms // HOUR_MS} h"
    if any(age < policy.cooldown_ms for age, _ in ages):
        return OfferVerdict.COOLDOWN, f"her last offer is less than {policy.cooldown_ms // 60_000} min ago"
    day = [contact for age, contact in ages if age < DAY_MS]
    week = [contact for age, contact in ages if age < 7 * DAY_MS]
    here = [contact for contact in day if contact.store_id == store.store_id]
    for count, limit, name in (
        (len(day), 3, "a day"),
        (len(week), 8, "a week"),
        (len(here), 1, "a day at this store"),
    ):
        if count >= limit:
            return OfferVerdict.FREQUENCY_CAP, f"{count} of {limit} offers {name}"
    return None
