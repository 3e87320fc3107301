"""One try: the offers of a store against a person's intents, one winner or none (semantics section 5).

Intents lead: for each live intent (≤ 16) the offers of its category are looked at, so the cost does not grow with the
assortment. The try's verdict is the greatest among candidates that match an intent, NO_INTENT where none does.
"""

from __future__ import annotations

from geooffer.kernels.caps import cap_verdict, consume_caps
from geooffer.kernels.compile import kernel
from geooffer.kernels.match import candidate_verdict, interest_time, is_open
from geooffer.kernels.rank import score_of, strength
from geooffer.kernels.rows import TRY_COUNT, WINNER_COUNT, OutcomeRows
from geooffer.model.policy import Policy
from geooffer.model.tables import NEVER_MS, CommerceTables, PeopleTables, StockTable
from geooffer.model.verdicts import OfferVerdict, Purpose, TouchpointKind

STORE_CLOSED = int(OfferVerdict.STORE_CLOSED)
PURPOSE_NOT_CONSENTED = int(OfferVerdict.PURPOSE_NOT_CONSENTED)
NO_INTENT = int(OfferVerdict.NO_INTENT)
OFFERED = int(OfferVerdict.OFFERED)
STANDING_PURPOSES = (
    Purpose.PRECISE_LOCATION_FOR_OFFERS.bit | Purpose.SEARCH_INTENT_USE.bit | Purpose.PERSONALISED_OFFERS.bit
)
SEARCH = int(TouchpointKind.SEARCH)
VIEW = int(TouchpointKind.VIEW)
WISH = int(TouchpointKind.WISH)


@kernel
def best_intent(
    people: PeopleTables,
    commerce: CommerceTables,
    policy: Policy,
    person_slot: int,
    offer_number: int,
    now_ms: int,
) -> tuple[int, int]:
    """(strength, intent slot) of the strongest live intent that matches an offer; slot −1 = none.

    At equal strength the product's own intent wins, so that the order of the list never matters.
    """
    product_number = commerce.offers[offer_number].product_number
    category_number = commerce.products[product_number].category_number
    best = -1
    best_slot = -1
    slot = people.persons[person_slot].intent_head
    while slot >= 0:
        intent = people.intents[slot]
        is_product = intent.product_number == product_number
        if intent.category_number == category_number and (is_product or intent.product_number < 0):
            shown_ms = interest_time(people, policy, person_slot, slot, now_ms)
            if shown_ms != NEVER_MS:
                points = strength(is_product, shown_ms, now_ms)
                if points > best or (points == best and is_product):
                    best = points
                    best_slot = slot
        slot = intent.next
    return best, best_slot


@kernel
def reason_kind(people: PeopleTables, intent_slot: int) -> int:
    """What she did last about it; at a tie SEARCH before WISH before VIEW."""
    intent = people.intents[intent_slot]
    if intent.search_ms >= intent.view_ms and intent.search_ms >= intent.wish_ms:
        return SEARCH
    if intent.wish_ms >= intent.view_ms:
        return WISH
    return VIEW


@kernel
def _is_first_of_category(
    people: PeopleTables, policy: Policy, person_slot: int, intent_slot: int, now_ms: int
) -> bool:
    """No earlier live intent in the list has the same category: its offers were not looked at yet."""
    category_number = people.intents[intent_slot].category_number
    slot = people.persons[person_slot].intent_head
    while slot != intent_slot:
        if people.intents[slot].category_number == category_number:
            if interest_time(people, policy, person_slot, slot, now_ms) != NEVER_MS:
                return False
        slot = people.intents[slot].next
    return True


@kernel
def _comes_first(commerce: CommerceTables, offer_number: int, other_number: int) -> bool:
    """The total order behind the score: by offer id, whatever order the offers were registered in."""
    return commerce.offers[offer_number].id_rank < commerce.offers[other_number].id_rank


@kernel
def _consider(
    people: PeopleTables,
    stock: StockTable,
    commerce: CommerceTables,
    policy: Policy,
    person_slot: int,
    store_number: int,
    offer_number: int,
    triggers: int,
    now_ms: int,
    try_index: int,
    winner_index: int,
    out: OutcomeRows,
) -> None:
    """Judge one candidate; keep it in the winner row if it is the best so far, its verdict in the try row."""
    points, intent_slot = best_intent(people, commerce, policy, person_slot, offer_number, now_ms)
    if intent_slot < 0:
        return
    verdict, step, stock_row, size_code = candidate_verdict(
        people, stock, commerce, policy, person_slot, store_number, offer_number, triggers, now_ms
    )
    if verdict == 0:
        verdict = cap_verdict(people, policy, person_slot, store_number, offer_number, now_ms)
    attempt = out.tries[try_index]
    if verdict != 0:
        furthest = attempt.verdict
        if (
            attempt.offer_number < 0
            or verdict > furthest
            or (verdict == furthest and _comes_first(commerce, offer_number, attempt.offer_number))
        ):
            attempt.verdict = verdict
            attempt.offer_number = offer_number
        return
    price = commerce.prices[step]
    score = score_of(points, price.amount_minor, price.reference_minor)
    winner = out.winners[winner_index]
    if attempt.verdict == OFFERED and (
        winner.score > score or (winner.score == score and _comes_first(commerce, winner.offer_number, offer_number))
    ):
        return
    attempt.verdict = OFFERED
    attempt.offer_number = offer_number
    winner.score = score
    winner.offer_number = offer_number
    winner.product_number = commerce.offers[offer_number].product_number
    winner.category_number = commerce.products[winner.product_number].category_number
    winner.size_code = size_code
    winner.amount_minor = price.amount_minor
    winner.reference_amount_minor = price.reference_minor
    winner.available_count = stock.rows[stock_row].available_count if stock_row >= 0 else -1
    winner.stock_as_of_ms = stock.rows[stock_row].as_of_ms if stock_row >= 0 else NEVER_MS
    winner.reason_kind = reason_kind(people, intent_slot)


@kernel
def attempt_offer(
    people: PeopleTables,
    stock: StockTable,
    commerce: CommerceTables,
    policy: Policy,
    device_slot: int,
    row: int,
    fence_number: int,
    store_number: int,
    triggers: int,
    now_ms: int,
    out: OutcomeRows,
) -> None:
    """Write one try row, and one winner row where an offer won; the winner's caps are consumed at once."""
    person_slot = people.devices[device_slot].person_slot
    try_index = out.counts[TRY_COUNT]
    out.counts[TRY_COUNT] = try_index + 1
    winner_index = out.counts[WINNER_COUNT]
    attempt = out.tries[try_index]
    attempt.row = row
    attempt.fence_number = fence_number
    attempt.store_number = store_number
    attempt.offer_number = -1
    if not is_open(commerce, policy, store_number, now_ms):
        attempt.verdict = STORE_CLOSED
        return
    if STANDING_PURPOSES & ~people.persons[person_slot].consent_bits:
        attempt.verdict = PURPOSE_NOT_CONSENTED
        return
    attempt.verdict = NO_INTENT
    slot = people.persons[person_slot].intent_head
    while slot >= 0:
        category_number = people.intents[slot].category_number
        if (
            category_number < len(commerce.category_offer_starts) - 1
            and interest_time(people, policy, person_slot, slot, now_ms) != NEVER_MS
            and _is_first_of_category(people, policy, person_slot, slot, now_ms)
        ):
            for index in range(
                commerce.category_offer_starts[category_number], commerce.category_offer_starts[category_number + 1]
            ):
                _consider(
                    people,
                    stock,
                    commerce,
                    policy,
                    person_slot,
                    store_number,
                    commerce.category_offers[index],
                    triggers,
                    now_ms,
                    try_index,
                    winner_index,
                    out,
                )
        slot = people.intents[slot].next
    if attempt.verdict != OFFERED:
        return
    winner = out.winners[winner_index]
    winner.person_key = people.persons[person_slot].person_key
    winner.device_key = people.devices[device_slot].device_key
    winner.person_slot = person_slot
    winner.time_ms = now_ms
    winner.row = row
    winner.fence_number = fence_number
    winner.store_number = store_number
    winner.try_index = try_index
    out.counts[WINNER_COUNT] = winner_index + 1
    consume_caps(people, person_slot, now_ms, store_number, winner.offer_number)
