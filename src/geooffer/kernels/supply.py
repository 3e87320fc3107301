"""Where the goods are: her size, the stock of this store, else a marked alternative (semantics D1.10–12, S12)."""

from __future__ import annotations

from typing import NamedTuple

from geooffer.kernels.branch import CLOSED, OPEN, is_switched, opening
from geooffer.kernels.compile import kernel
from geooffer.kernels.interest import CategoryFacts
from geooffer.kernels.stock import find_stock
from geooffer.kernels.types import wide
from geooffer.model.kinds import Fulfilment, SwitchKind
from geooffer.model.policy import Policy
from geooffer.model.tables import NEVER_MS, CommerceTables, LiveTables
from geooffer.model.verdicts import OfferVerdict

SIZE_MISMATCH = int(OfferVerdict.SIZE_MISMATCH)
OUT_OF_STOCK = int(OfferVerdict.OUT_OF_STOCK)
STOCK_STALE = int(OfferVerdict.STOCK_STALE)
STORE_CLOSED = int(OfferVerdict.STORE_CLOSED)
SWITCHED_OFF = int(SwitchKind.CLOSED)
IN_STORE = int(Fulfilment.IN_STORE)
OTHER_BRANCH = int(Fulfilment.OTHER_BRANCH)
SHIP_TO_HOME = int(Fulfilment.SHIP_TO_HOME)


class Supply(NamedTuple):
    """Verdict 0 = there are goods. `stock_row` −1 = not tracked; `size_code` −1 = no sizes."""

    verdict: int
    store_number: int
    stock_row: int
    size_code: int
    fulfilment: int


@kernel
def find_variant(commerce: CommerceTables, product_number: int, size_code: int) -> int:
    """Variant number of a product's size (−1 = the product as such), or −1."""
    low = commerce.products[product_number].variant_start
    end = low + commerce.products[product_number].variant_count
    high = end
    while low < high:
        middle = (low + high) // 2
        if commerce.variants[middle].size_code < size_code:
            low = middle + 1
        else:
            high = middle
    if low < end and commerce.variants[low].size_code == size_code:
        return commerce.variants[low].variant_number
    return -1


@kernel
def safety_stock(commerce: CommerceTables, policy: Policy, product_number: int) -> int:
    """Units of a product that are never promised."""
    own = commerce.products[product_number].safety_stock_count
    return own if own >= 0 else policy.safety_stock_count


@kernel
def stock_verdict(
    live: LiveTables, policy: Policy, store_number: int, variant_number: int, safety_count: int, now_ms: int
) -> tuple[int, int]:
    """(SIZE_MISMATCH where the store never had it, OUT_OF_STOCK, STOCK_STALE or 0; its row)."""
    row = find_stock(live, store_number, variant_number)
    if row < 0:
        return SIZE_MISMATCH, -1
    if live.stock[row].available_count <= safety_count:
        return OUT_OF_STOCK, row
    if now_ms - live.stock[row].as_of_ms > policy.stock_max_age_ms:
        return STOCK_STALE, row
    return 0, row


@kernel
def is_for_store(commerce: CommerceTables, offer_number: int, store_number: int) -> bool:
    """The offer is for every store or names this one."""
    if commerce.offers[offer_number].everywhere:
        return True
    category_number = commerce.offers[offer_number].category_number
    index = first_own_offer(commerce, store_number, category_number)
    end = commerce.own_offer_starts[store_number + 1]
    while index < end and commerce.own_offer_categories[index] == category_number:
        if commerce.own_offers[index] == offer_number:
            return True
        index += 1
    return False


@kernel
def first_own_offer(commerce: CommerceTables, store_number: int, category_number: int) -> int:
    """Index into own_offers of the store's first offer in a category, or where it would stand."""
    low = commerce.own_offer_starts[store_number]
    high = commerce.own_offer_starts[store_number + 1]
    while low < high:
        middle = (low + high) // 2
        if commerce.own_offer_categories[middle] < category_number:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _shipped(
    live: LiveTables,
    commerce: CommerceTables,
    policy: Policy,
    variant_number: int,
    safety_count: int,
    size_code: int,
    now_ms: int,
) -> Supply:
    """From the first online store, by store id, that can send it; verdict OUT_OF_STOCK where none can.

    Its hours do not matter, a closure does (H2): a warehouse on strike ships nothing.
    """
    for index in range(len(commerce.online_stores)):
        store_number = wide(commerce.online_stores[index])
        verdict, row = stock_verdict(live, policy, store_number, variant_number, safety_count, now_ms)
        if verdict == 0 and is_switched(live, store_number, now_ms) != SWITCHED_OFF:
            return Supply(0, store_number, row, size_code, SHIP_TO_HOME)
    return Supply(OUT_OF_STOCK, -1, -1, size_code, SHIP_TO_HOME)


@kernel
def _elsewhere(
    live: LiveTables,
    commerce: CommerceTables,
    policy: Policy,
    store_number: int,
    offer_number: int,
    variant_number: int,
    safety_count: int,
    size_code: int,
    now_ms: int,
) -> Supply:
    """The nearest other branch of this offer that has it and is open; verdict OUT_OF_STOCK where none is."""
    campaign = commerce.campaigns[commerce.offers[offer_number].campaign_row]
    start = commerce.stores[store_number].neighbour_start
    for index in range(start, start + commerce.stores[store_number].neighbour_count):
        other = wide(commerce.neighbours[index])
        verdict, row = stock_verdict(live, policy, other, variant_number, safety_count, now_ms)
        if verdict == 0 and is_for_store(commerce, offer_number, other):
            state, _ = opening(live, commerce, policy, other, now_ms)
            if state == OPEN or (state != CLOSED and campaign.is_open_when_hours_unknown):
                return Supply(0, other, row, size_code, OTHER_BRANCH)
    return Supply(OUT_OF_STOCK, -1, -1, size_code, OTHER_BRANCH)


@kernel
def find_supply(
    live: LiveTables,
    commerce: CommerceTables,
    policy: Policy,
    store_number: int,
    offer_number: int,
    facts: CategoryFacts,
    ships_only: bool,
    now_ms: int,
) -> Supply:
    """Here, else at another branch, else by post, as far as the campaign allows; the verdict is that of this store.

    `ships_only`: the store is closed, so only shipping helps; else STORE_CLOSED.
    """
    product_number = commerce.offers[offer_number].product_number
    campaign = commerce.campaigns[commerce.offers[offer_number].campaign_row]
    product = commerce.products[product_number]
    may_ship = campaign.offers_shipping and product.is_sold_online
    if not product.stock_tracked:
        return Supply(STORE_CLOSED if ships_only else 0, store_number, -1, -1, IN_STORE)
    size_code = -1
    if product.has_sizes:
        if facts.size_ms == NEVER_MS:
            return Supply(STORE_CLOSED if ships_only else SIZE_MISMATCH, store_number, -1, -1, IN_STORE)
        size_code = wide(facts.size_code)
    variant_number = find_variant(commerce, product_number, size_code)
    safety_count = safety_stock(commerce, policy, product_number)
    verdict = SIZE_MISMATCH
    row = -1
    if variant_number >= 0:
        verdict, row = stock_verdict(live, policy, store_number, variant_number, safety_count, now_ms)
        is_online = commerce.stores[store_number].is_online
        if is_online and not product.is_sold_online and verdict != SIZE_MISMATCH:
            verdict = OUT_OF_STOCK  # it lies in the warehouse for the branches
        if verdict == 0 and not ships_only:
            return Supply(0, store_number, row, size_code, SHIP_TO_HOME if is_online else IN_STORE)
        if verdict != STOCK_STALE or ships_only:
            if campaign.offers_other_branch and not ships_only:
                other = _elsewhere(
                    live,
                    commerce,
                    policy,
                    store_number,
                    offer_number,
                    variant_number,
                    safety_count,
                    size_code,
                    now_ms,
                )
                if other.verdict == 0:
                    return other
            if may_ship:
                shipped = _shipped(live, commerce, policy, variant_number, safety_count, size_code, now_ms)
                if shipped.verdict == 0:
                    return shipped
    if ships_only:
        return Supply(STORE_CLOSED, store_number, -1, -1, IN_STORE)
    if verdict == SIZE_MISMATCH and not product.has_sizes:
        verdict = OUT_OF_STOCK
    return Supply(verdict, store_number, row, size_code, IN_STORE)
