"""Where the goods would come from, told slowly (semantics D1.10–13, S12): her size, stock, alternatives, price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geooffer.engine.explain_shopper import Shopper
from geooffer.engine.explain_store import Opening, state_of
from geooffer.engine.neighbours import distance_m
from geooffer.engine.prices import merged_history, with_references
from geooffer.engine.registry import size_code
from geooffer.model.catalog import Campaign, Offer, Product, Store
from geooffer.model.kinds import Fulfilment, SwitchKind
from geooffer.model.limits import NEIGHBOUR_STORE_COUNT_MAX, NEIGHBOUR_STORE_DISTANCE_MAX_M
from geooffer.model.policy import HOUR_MS
from geooffer.model.verdicts import OfferVerdict

if TYPE_CHECKING:
    from geooffer.engine.pipeline import Pipeline

V = OfferVerdict


@dataclass(frozen=True, slots=True)
class Supply:
    """`verdict` None = there are goods. `spare_count`: units beyond the safety stock, None = not tracked."""

    verdict: OfferVerdict | None
    detail: str
    store: Store
    fulfilment: Fulfilment = Fulfilment.IN_STORE
    spare_count: int | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The article in her size; code −1 = no sizes."""

    product: Product
    code: int
    safety_count: int


def supply_of(
    engine: Pipeline, shopper: Shopper, store: Store, offer: Offer, campaign: Campaign, ships_only: bool, now_ms: int
) -> Supply:
    """Here, else at the nearest other branch, else by post; `ships_only`: the store is closed, only posting helps."""
    product = engine.snapshot.nouns.products[offer.product_id]
    closed = Supply(V.STORE_CLOSED, "the store is closed and this cannot be shipped to her", store)
    if not product.stock_tracked:
        return closed if ships_only else Supply(None, "stock is not tracked", store)
    code, problem = _her_size(engine, shopper, product)
    if problem:
        return closed if ships_only else Supply(V.SIZE_MISMATCH, problem, store)
    safety_count = product.safety_stock_count if product.safety_stock_count >= 0 else engine.policy.safety_stock_count
    wanted = _Wanted(product, code, safety_count)
    here = _stock_at(engine, store, wanted, now_ms)
    if here.verdict is None and not ships_only:
        return here
    # a figure too old to trust is no reason to send her elsewhere
    if here.verdict is not V.STOCK_STALE and campaign.offers_other_branch and not ships_only:
        for other in _other_branches(engine, store):
            found = _stock_at(engine, other, wanted, now_ms)
            if found.verdict is None and _takes_part(engine, other, offer, campaign, now_ms):
                detail = f"not here ({here.detail}); at {other.store_id} {found.detail}"
                return Supply(None, detail, other, Fulfilment.OTHER_BRANCH, found.spare_count)
    if (here.verdict is not V.STOCK_STALE or ships_only) and campaign.offers_shipping and product.is_sold_online:
        for other in _online_stores(engine, now_ms):
            found = _stock_at(engine, other, wanted, now_ms)
            if found.verdict is None:
                detail = f"ships from {other.store_id}: {found.detail}"
                return Supply(None, detail, other, Fulfilment.SHIP_TO_HOME, found.spare_count)
    return closed if ships_only else here


def _her_size(engine: Pipeline, shopper: Shopper, product: Product) -> tuple[int, str]:
    """(size code or −1, what is wrong with it or '')."""
    sizes = engine.registry.canonical_sizes(product)
    if not sizes:
        return -1, ""
    code = shopper.size_codes.get(product.category_id)
    if code is None:
        return -1, "her size is not known"
    if code not in {size_code(size) for size in sizes}:
        return -1, "the product does not come in her size"
    return code, ""


def _stock_at(engine: Pipeline, store: Store, wanted: _Wanted, now_ms: int) -> Supply:
    registry, policy = engine.registry, engine.policy
    product_number = registry.number(Product, wanted.product.product_id)
    variant_number = registry.variant(product_number, wanted.code)
    held = engine.state.live.stock_of(registry.number(Store, store.store_id), variant_number)
    if held is None:
        if wanted.product.sizes:
            return Supply(V.SIZE_MISMATCH, "this store does not carry her size", store)
        return Supply(V.OUT_OF_STOCK, "this store does not carry it", store)
    available_count, as_of_ms = held
    if store.is_online and not wanted.product.is_sold_online:
        return Supply(V.OUT_OF_STOCK, "the web shop has it, but does not sell it", store)
    if available_count - wanted.safety_count <= 0:
        detail = f"{available_count} on the shelf, {wanted.safety_count} kept as safety stock"
        return Supply(V.OUT_OF_STOCK, detail, store)
    if now_ms - as_of_ms > policy.stock_max_age_ms:
        age, bound = (now_ms - as_of_ms) / HOUR_MS, policy.stock_max_age_ms / HOUR_MS
        return Supply(V.STOCK_STALE, f"counted {age:.1f} h ago, more than {bound:g} h", store)
    fulfilment = Fulfilment.SHIP_TO_HOME if store.is_online else Fulfilment.IN_STORE
    return Supply(None, f"{available_count} in stock", store, fulfilment, available_count - wanted.safety_count)


def _other_branches(engine: Pipeline, store: Store) -> list[Store]:
    """The nearest other branches within reach, nearest first."""
    if store.is_online:
        return []
    far = []
    for other in engine.snapshot.nouns.stores.values():
        if not other.is_online and other.store_id != store.store_id:
            metres = distance_m(store.latitude_e7, store.longitude_e7, other.latitude_e7, other.longitude_e7)
            far.append((int(metres), engine.registry.number(Store, other.store_id), other))
    within = [item for item in sorted(far, key=lambda item: item[:2]) if item[0] <= NEIGHBOUR_STORE_DISTANCE_MAX_M]
    return [other for _, _, other in within[:NEIGHBOUR_STORE_COUNT_MAX]]


def _online_stores(engine: Pipeline, now_ms: int) -> list[Store]:
    """Those that are not closed at a moment's notice, by id; a warehouse's hours do not matter."""
    stores = [store for _, store in sorted(engine.snapshot.nouns.stores.items()) if store.is_online]
    return [
        store
        for store in stores
        if not any(
            item.kind is SwitchKind.CLOSED and item.from_ms <= now_ms
            for item in state_of(engine, store, now_ms).switches
        )
    ]


def _takes_part(engine: Pipeline, store: Store, offer: Offer, campaign: Campaign, now_ms: int) -> bool:
    """The offer holds at that branch, too, and she may go there now."""
    if offer.store_ids and store.store_id not in offer.store_ids:
        return False
    opening = state_of(engine, store, now_ms).opening
    return opening is Opening.OPEN or (opening is Opening.UNKNOWN and campaign.is_open_when_hours_unknown)


def price_at(engine: Pipeline, store: Store, product_id: str, now_ms: int) -> tuple[int, int | None] | None:
    """(amount, lowest of the 30 days before it or None) in force at a store, or None where it has no price yet."""
    prices = engine.snapshot.nouns.prices
    chain, own = prices.get((product_id, ""), ()), prices.get((product_id, store.store_id), ())
    steps = [step for step in with_references(merged_history(chain, own)) if step[0] <= now_ms]
    if not steps:
        return None
    _, amount_minor, reference_minor = steps[-1]
    return amount_minor, reference_minor if reference_minor >= 0 else None


def price_problem(engine: Pipeline, store: Store, offer: Offer, now_ms: int) -> str | None:
    """Why the price at the supplying store is no advantage (D1.13), or None where it is one."""
    price = price_at(engine, store, offer.product_id, now_ms)
    if price is None:
        return f"no price is in force at {store.store_id}"
    amount, reference = price
    if reference is None:
        return f"price {amount}, no earlier price is known"
    if (reference - amount) * 100 < offer.minimum_price_cut_percent * reference:
        return f"price {amount} against lowest of 30 days {reference}: cut under {offer.minimum_price_cut_percent} %"
    return None
