"""One try: the offers of a store against a person's interests, one winner or none (semantics section 5).

Interests lead: for each category she has an intent in or is due for, the store's offers of that category are looked
at, so the cost does not grow with the assortment. The try's verdict is the greatest among candidates that match,
NO_INTENT where none does.
"""

from __future__ import annotations

from geooffer.kernels.branch import CLOSED, opening
from geooffer.kernels.calendar import is_quiet
from geooffer.kernels.caps import customer_zone
from geooffer.kernels.compile import kernel
from geooffer.kernels.contacts import add_contact
from geooffer.kernels.control_group import is_held_out
from geooffer.kernels.interest import (
    NO_KIND,
    NOT_DUE,
    CategoryFacts,
    category_facts,
    due_points,
    product_interest,
)
from geooffer.kernels.match import match_candidate
from geooffer.kernels.occasion import Occasion
from geooffer.kernels.rank import points_of, score_of
from geooffer.kernels.rows import TRY_COUNT, WINNER_COUNT, OutcomeRows, write_winner
from geooffer.kernels.supply import first_own_offer, safety_stock
from geooffer.kernels.types import wide
from geooffer.model.kinds import FulfilmentPreference
from geooffer.model.policy import Policy
from geooffer.model.tables import CONTACT_OFFER, FACT_PURCHASE, CommerceTables, LiveTables, PeopleTables
from geooffer.model.verdicts import OfferVerdict, TouchpointKind

STORE_CLOSED = int(OfferVerdict.STORE_CLOSED)
TOO_FAST = int(OfferVerdict.TOO_FAST)
QUIET_HOURS = int(OfferVerdict.QUIET_HOURS)
PURPOSE_NOT_CONSENTED = int(OfferVerdict.PURPOSE_NOT_CONSENTED)
NO_INTENT = int(OfferVerdict.NO_INTENT)
BELOW_RELEVANCE = int(OfferVerdict.BELOW_RELEVANCE)
HELD_OUT = int(OfferVerdict.HELD_OUT)
OFFERED = int(OfferVerdict.OFFERED)
PURCHASE = int(TouchpointKind.PURCHASE)
SHIP = int(FulfilmentPreference.SHIP)


@kernel
def _comes_first(commerce: CommerceTables, offer_number: int, other_number: int) -> bool:
    """The total order behind the score: by offer id, whatever order the offers were registered in."""
    return bool(commerce.offers[offer_number].id_rank < commerce.offers[other_number].id_rank)


@kernel
def _keep_furthest(commerce: CommerceTables, out: OutcomeRows, try_index: int, offer_number: int, verdict: int) -> None:
    attempt = out.tries[try_index]
    furthest = attempt.verdict
    if (
        attempt.offer_number < 0
        or verdict > furthest
        or (verdict == furthest and _comes_first(commerce, offer_number, attempt.offer_number))
    ):
        attempt.verdict = verdict
        attempt.offer_number = offer_number


@kernel
def _consider(
    people: PeopleTables,
    live: LiveTables,
    commerce: CommerceTables,
    policy: Policy,
    occasion: Occasion,
    offer_number: int,
    facts: CategoryFacts,
    interest: int,
    interest_kind: int,
    due: int,
    store_state: int,
    closes_in_ms: int,
    ships_only: bool,
    try_index: int,
    winner_index: int,
    out: OutcomeRows,
) -> None:
    """Judge one candidate; keep it in the winner row if it is the best so far, its verdict in the try row."""
    found = match_candidate(
        people, live, commerce, policy, occasion, offer_number, facts, interest >= 0, store_state, ships_only
    )
    if found.verdict != 0:
        _keep_furthest(commerce, out, try_index, offer_number, found.verdict)
        return
    price = commerce.prices[found.price_step]
    spare_count = -1
    if found.stock_row >= 0:
        product_number = commerce.offers[offer_number].product_number
        spare_count = live.stock[found.stock_row].available_count - safety_stock(commerce, policy, product_number)
    points = points_of(
        people,
        occasion,
        facts,
        interest,
        due,
        price.amount_minor,
        price.reference_minor,
        spare_count,
        found.fulfilment,
        closes_in_ms,
    )
    score = score_of(points)
    campaign_row = commerce.offers[offer_number].campaign_row
    if score < max(policy.score_floor, commerce.campaigns[campaign_row].score_floor):
        _keep_furthest(commerce, out, try_index, offer_number, BELOW_RELEVANCE)
        return
    attempt = out.tries[try_index]
    winner = out.winners[winner_index]
    if attempt.verdict == OFFERED and (
        winner.score > score or (winner.score == score and _comes_first(commerce, winner.offer_number, offer_number))
    ):
        return
    attempt.verdict = OFFERED
    attempt.offer_number = offer_number
    kind = interest_kind if interest >= due else PURCHASE
    write_winner(live, commerce, out, winner_index, offer_number, found, points, score, kind)


@kernel
def _consider_category(
    people: PeopleTables,
    live: LiveTables,
    commerce: CommerceTables,
    policy: Policy,
    occasion: Occasion,
    category_number: int,
    has_intents: bool,
    store_state: int,
    closes_in_ms: int,
    ships_only: bool,
    try_index: int,
    winner_index: int,
    out: OutcomeRows,
) -> None:
    """The store's offers of one category, those of every store and its own, as far as she is interested or due."""
    person_slot = occasion.person_slot
    facts = category_facts(people, person_slot, category_number)
    due = due_points(commerce, category_number, facts.bought_ms, occasion.now_ms)
    general = -1
    general_kind = NO_KIND
    if has_intents:
        general, general_kind = product_interest(
            people, policy, person_slot, category_number, -1, facts.ended_ms, occasion.now_ms
        )
    elif due == NOT_DUE:
        return
    everywhere = commerce.everywhere_offer_starts[category_number]
    everywhere_end = commerce.everywhere_offer_starts[category_number + 1]
    own = first_own_offer(commerce, occasion.store_number, category_number)
    own_end = commerce.own_offer_starts[occasion.store_number + 1]
    while True:
        if everywhere < everywhere_end:
            offer_number = wide(commerce.everywhere_offers[everywhere])
            everywhere += 1
        elif own < own_end and commerce.own_offer_categories[own] == category_number:
            offer_number = wide(commerce.own_offers[own])
            own += 1
        else:
            return
        product_number = wide(commerce.offers[offer_number].product_number)
        if occasion.product_number >= 0 and occasion.product_number != product_number:
            continue
        interest = general
        kind = general_kind
        if has_intents:
            points, product_kind = product_interest(
                people, policy, person_slot, category_number, product_number, facts.ended_ms, occasion.now_ms
            )
            if points >= general and points >= 0:
                interest = points
                kind = product_kind
        if interest >= 0 or due != NOT_DUE:
            _consider(
                people,
                live,
                commerce,
                policy,
                occasion,
                offer_number,
                facts,
                interest,
                kind,
                due,
                store_state,
                closes_in_ms,
                ships_only,
                try_index,
                winner_index,
                out,
            )


@kernel
def _has_intent_before(people: PeopleTables, person_slot: int, intent_slot: int, category_number: int) -> bool:
    """An intent of this category stands in the list before `intent_slot` (−1 = anywhere)."""
    slot = people.persons[person_slot].intent_head
    while slot != intent_slot:
        if people.intents[slot].category_number == category_number:
            return True
        slot = people.intents[slot].next
    return False


@kernel
def standing_verdict(
    people: PeopleTables,
    commerce: CommerceTables,
    policy: Policy,
    occasion: Occasion,
    store_state: int,
    ships_only: bool,
) -> int:
    """The verdict that all candidates of a try share (D1.1–4), or 0."""
    if store_state == CLOSED and not ships_only:
        return STORE_CLOSED
    if occasion.is_fast:
        return TOO_FAST
    zone_number = customer_zone(people, commerce, occasion.person_slot, occasion.store_number)
    if occasion.may_be_quiet and is_quiet(people, policy, zone_number, occasion.now_ms):
        return QUIET_HOURS
    if occasion.purposes & ~people.persons[occasion.person_slot].consent_bits:
        return PURPOSE_NOT_CONSENTED
    return 0


@kernel
def attempt_offer(
    people: PeopleTables,
    live: LiveTables,
    commerce: CommerceTables,
    policy: Policy,
    occasion: Occasion,
    device_key: int,
    row: int,
    fence_number: int,
    out: OutcomeRows,
) -> None:
    """Write one try row, and one winner row where an offer won; the winner's caps are consumed at once."""
    person_slot = occasion.person_slot
    try_index = out.counts[TRY_COUNT]
    out.counts[TRY_COUNT] = try_index + 1
    winner_index = out.counts[WINNER_COUNT]
    attempt = out.tries[try_index]
    attempt.time_ms = occasion.now_ms
    attempt.row = row
    attempt.fence_number = fence_number
    attempt.store_number = occasion.store_number
    attempt.person_slot = person_slot
    attempt.offer_number = -1
    store_state, closes_in_ms = opening(live, commerce, policy, occasion.store_number, occasion.now_ms)
    # told of shipping instead of a closed store, where she asked for that (S11)
    ships_only = (
        store_state == CLOSED and len(commerce.online_stores) > 0 and people.persons[person_slot].fulfilment == SHIP
    )
    attempt.verdict = standing_verdict(people, commerce, policy, occasion, store_state, ships_only)
    if attempt.verdict != 0:
        return
    attempt.verdict = STORE_CLOSED if ships_only else NO_INTENT
    slot = people.persons[person_slot].intent_head
    while slot >= 0:
        category_number = wide(people.intents[slot].category_number)
        if (
            category_number < len(commerce.categories)
            and (occasion.category_number < 0 or occasion.category_number == category_number)
            and not _has_intent_before(people, person_slot, slot, category_number)
        ):
            _consider_category(
                people,
                live,
                commerce,
                policy,
                occasion,
                category_number,
                True,
                store_state,
                closes_in_ms,
                ships_only,
                try_index,
                winner_index,
                out,
            )
        slot = people.intents[slot].next
    slot = people.persons[person_slot].fact_head
    while slot >= 0:
        category_number = wide(people.facts[slot].category_number)
        if (
            people.facts[slot].kind == FACT_PURCHASE
            and category_number < len(commerce.categories)
            and (occasion.category_number < 0 or occasion.category_number == category_number)
            and not _has_intent_before(people, person_slot, -1, category_number)
        ):
            _consider_category(
                people,
                live,
                commerce,
                policy,
                occasion,
                category_number,
                False,
                store_state,
                closes_in_ms,
                ships_only,
                try_index,
                winner_index,
                out,
            )
        slot = people.facts[slot].next
    if attempt.verdict == OFFERED:
        _win(people, commerce, occasion, device_key, row, fence_number, try_index, winner_index, out)


@kernel
def _win(
    people: PeopleTables,
    commerce: CommerceTables,
    occasion: Occasion,
    device_key: int,
    row: int,
    fence_number: int,
    try_index: int,
    winner_index: int,
    out: OutcomeRows,
) -> None:
    """Complete the winner row and consume its caps; a person held out consumes them for a shadow (D1.20)."""
    winner = out.winners[winner_index]
    person_key = people.persons[occasion.person_slot].person_key
    campaign_row = commerce.offers[winner.offer_number].campaign_row
    winner.person_key = person_key
    winner.device_key = device_key
    winner.person_slot = occasion.person_slot
    winner.time_ms = occasion.now_ms
    winner.row = row
    winner.fence_number = fence_number
    winner.store_number = occasion.store_number
    winner.channel = occasion.channel
    winner.try_index = try_index
    winner.is_shadow = 0
    if is_held_out(commerce, campaign_row, person_key):
        winner.is_shadow = 1
        out.tries[try_index].verdict = HELD_OUT
    out.counts[WINNER_COUNT] = winner_index + 1
    slot = add_contact(people, occasion.person_slot, CONTACT_OFFER, occasion.now_ms)
    contact = people.contacts[slot]
    contact.store_number = occasion.store_number
    contact.offer_number = winner.offer_number
    contact.category_number = winner.category_number
    contact.campaign_number = winner.campaign_number
    contact.is_shadow = winner.is_shadow
    winner.contact_slot = slot
