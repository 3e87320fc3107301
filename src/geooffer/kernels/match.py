"""An offer against a person at a store (semantics D1): the verdicts of one candidate, in precedence.

The caller has settled what is the same for the whole try (store open, standing purposes). Integers only; prices in
minor units, cuts compared by cross-multiplication, so that no rounding decides.
"""

from __future__ import annotations

from geooffer.kernels.compile import kernel
from geooffer.kernels.stock import find_stock
from geooffer.model.policy import Policy
from geooffer.model.tables import FACT_PURCHASE, FACT_SIZE, NEVER_MS, CommerceTables, PeopleTables, StockTable
from geooffer.model.verdicts import OfferVerdict

PURPOSE_NOT_CONSENTED = int(OfferVerdict.PURPOSE_NOT_CONSENTED)
OFFER_INACTIVE = int(OfferVerdict.OFFER_INACTIVE)
SIZE_MISMATCH = int(OfferVerdict.SIZE_MISMATCH)
OUT_OF_STOCK = int(OfferVerdict.OUT_OF_STOCK)
NO_PRICE_ADVANTAGE = int(OfferVerdict.NO_PRICE_ADVANTAGE)


@kernel
def is_open(commerce: CommerceTables, policy: Policy, store_number: int, now_ms: int) -> bool:
    """Within an opening interval [open, close), and not less than the closing margin before its end."""
    start = commerce.stores[store_number].hours_start
    low = start
    high = start + commerce.stores[store_number].hours_count
    while low < high:  # first interval that opens after now
        middle = (low + high) // 2
        if commerce.hours[middle].open_ms <= now_ms:
            low = middle + 1
        else:
            high = middle
    if low == start:
        return False
    left_ms = commerce.hours[low - 1].close_ms - now_ms
    return left_ms > 0 and left_ms >= policy.closing_margin_ms


@kernel
def fact_value(people: PeopleTables, person_slot: int, kind: int, category_number: int) -> tuple[int, int]:
    """(value, time) of a person's fact about a category; time NEVER_MS = none."""
    slot = people.persons[person_slot].fact_head
    while slot >= 0:
        fact = people.facts[slot]
        if fact.kind == kind and fact.category_number == category_number:
            return fact.value, fact.time_ms
        slot = fact.next
    return -1, NEVER_MS


@kernel
def interest_time(people: PeopleTables, policy: Policy, person_slot: int, intent_slot: int, now_ms: int) -> int:
    """When the intent was last shown, or NEVER_MS where it is too old or ended by a purchase (S-3, D1.8)."""
    intent = people.intents[intent_slot]
    shown_ms = max(intent.search_ms, max(intent.view_ms, intent.wish_ms))
    if now_ms - shown_ms > policy.intent_max_age_ms:
        return NEVER_MS
    _, bought_ms = fact_value(people, person_slot, FACT_PURCHASE, intent.category_number)
    if bought_ms >= shown_ms:
        return NEVER_MS
    return shown_ms


@kernel
def is_for_store(commerce: CommerceTables, offer_number: int, store_number: int) -> bool:
    """The offer is for every store or names this one."""
    if commerce.offers[offer_number].everywhere:
        return True
    low = commerce.offers[offer_number].store_start
    end = low + commerce.offers[offer_number].store_count
    high = end
    while low < high:
        middle = (low + high) // 2
        if commerce.offer_stores[middle] < store_number:
            low = middle + 1
        else:
            high = middle
    return low < end and commerce.offer_stores[low] == store_number


@kernel
def price_step(commerce: CommerceTables, store_number: int, product_number: int, now_ms: int) -> int:
    """Index of the price step in force at a store, or −1 where none is."""
    start = commerce.products[product_number].price_start
    count = commerce.products[product_number].price_count
    key = (store_number << 32) | product_number
    low = 0
    high = len(commerce.own_price_keys)
    while low < high:
        middle = (low + high) // 2
        if commerce.own_price_keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    if low < len(commerce.own_price_keys) and commerce.own_price_keys[low] == key:
        start = commerce.own_price_starts[low]
        count = commerce.own_price_counts[low]
    first = start
    low = start
    high = start + count
    while low < high:  # first step that begins after now
        middle = (low + high) // 2
        if commerce.prices[middle].valid_from_ms <= now_ms:
            low = middle + 1
        else:
            high = middle
    return low - 1 if low > first else -1


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
def candidate_verdict(
    people: PeopleTables,
    stock: StockTable,
    commerce: CommerceTables,
    policy: Policy,
    person_slot: int,
    store_number: int,
    offer_number: int,
    triggers: int,
    now_ms: int,
) -> tuple[int, int, int, int]:
    """(verdict or 0, price step, stock row, size code) of one candidate before caps and rank.

    `triggers`: bits 1 << OfferTrigger of what this try is about. Stock row −1 = not tracked; size −1 = no sizes.
    """
    offer = commerce.offers[offer_number]
    if offer.purposes & ~people.persons[person_slot].consent_bits:
        return PURPOSE_NOT_CONSENTED, -1, -1, -1
    if (
        offer.paused
        or now_ms < offer.valid_from_ms
        or now_ms >= offer.valid_until_ms
        or not (triggers >> offer.trigger) & 1
        or not is_for_store(commerce, offer_number, store_number)
    ):
        return OFFER_INACTIVE, -1, -1, -1
    product = commerce.products[offer.product_number]
    stock_row = -1
    size_code = -1
    if product.stock_tracked:
        if product.has_sizes:
            size_code, known_ms = fact_value(people, person_slot, FACT_SIZE, product.category_number)
            if known_ms == NEVER_MS:
                return SIZE_MISMATCH, -1, -1, -1
        variant_number = find_variant(commerce, offer.product_number, size_code)
        if variant_number >= 0:
            stock_row = find_stock(stock, store_number, variant_number)
        if stock_row < 0:
            return (SIZE_MISMATCH if product.has_sizes else OUT_OF_STOCK), -1, -1, size_code
        if stock.rows[stock_row].available_count <= policy.safety_stock_count:
            return OUT_OF_STOCK, -1, stock_row, size_code
    step = price_step(commerce, store_number, offer.product_number, now_ms)
    if step < 0 or commerce.prices[step].reference_minor < 0:
        return NO_PRICE_ADVANTAGE, step, stock_row, size_code
    amount_percent = commerce.prices[step].amount_minor * 100
    if amount_percent > commerce.prices[step].reference_minor * (100 - offer.minimum_cut_percent):
        return NO_PRICE_ADVANTAGE, step, stock_row, size_code
    return 0, step, stock_row, size_code
