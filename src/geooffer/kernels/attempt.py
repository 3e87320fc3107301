"""One try: the offers of a store against a person's interests, one winner or none (semantics section 5).

Interests lead: for each category she has an intent in or is due for, the store's offers of that category are looked
at, so the cost does not grow with the assortment. The try's verdict is the greatest among candidates that match,
NO_INTENT where none does.
"""

from __future__ import annotations

from geooffer.kernels.branch import CLOSED, opening
from geooffer.kernels.calendar import is_quiet
from geooffer.kernels.caps import customer_zone, standing_caps
from geooffer.kernels.compile import kernel
from geooffer.kernels.consider import consider_category
from geooffer.kernels.contacts import add_contact
from geooffer.kernels.control_group import is_held_out
from geooffer.kernels.interest import (
    top_interest,
)
from geooffer.kernels.match import State
from geooffer.kernels.occasion import Occasion
from geooffer.kernels.rank import (
    setting_of,
)
from geooffer.kernels.rows import TRY_COUNT, WINNER_COUNT, OutcomeRows
from geooffer.kernels.types import wide
from geooffer.model.kinds import FulfilmentPreference
from geooffer.model.limits import INTENT_COUNT_MAX
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
OFFERS_STOPPED = int(OfferVerdict.OFFERS_STOPPED)
PURCHASE = int(TouchpointKind.PURCHASE)
SHIP = int(FulfilmentPreference.SHIP)


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
def _note_intents(
    people: PeopleTables, commerce: CommerceTables, policy: Policy, occasion: Occasion, out: OutcomeRows
) -> int:
    """Write the first intent of each category she has any in, and the category's top interest; the best to the front.

    Returns how many. Whatever comes later is seldom better than the best, and then most of it need not be looked at:
    8 intents and 16 offers took 690 ns in the order of the list.
    """
    count = 0
    best = 0
    seen = 0  # a bit per category, folded to 64: only where it is set an earlier intent may have had this one
    slot = wide(people.persons[occasion.person_slot].intent_head)
    while slot >= 0:
        category_number = wide(people.intents[slot].category_number)
        bit = 1 << (category_number & 63)
        if (
            category_number < len(commerce.categories)
            and (occasion.category_number < 0 or occasion.category_number == category_number)
            and not (seen & bit and _has_intent_before(people, occasion.person_slot, slot, category_number))
        ):
            top = top_interest(people, policy, slot, category_number, occasion.now_ms)
            out.scratch[count] = slot
            out.scratch[INTENT_COUNT_MAX + count] = top
            if top > out.scratch[INTENT_COUNT_MAX + best]:
                best = count
            count += 1
        seen |= bit
        slot = wide(people.intents[slot].next)
    if best > 0:
        for offset in (0, INTENT_COUNT_MAX):
            held = out.scratch[offset]
            out.scratch[offset] = out.scratch[offset + best]
            out.scratch[offset + best] = held
    return count


@kernel
def _may_be_due(
    people: PeopleTables, commerce: CommerceTables, occasion: Occasion, fact_slot: int, category_number: int
) -> bool:
    """A purchase of something that is used up, in a category she has no intent in (those were looked at before)."""
    return bool(
        people.facts[fact_slot].kind == FACT_PURCHASE
        and category_number < len(commerce.categories)
        and commerce.categories[category_number].is_consumable
        and (occasion.category_number < 0 or occasion.category_number == category_number)
        and not _has_intent_before(people, occasion.person_slot, -1, category_number)
    )


@kernel
def standing_verdict(people: PeopleTables, commerce: CommerceTables, policy: Policy, occasion: Occasion) -> int:
    """The verdict besides STORE_CLOSED that all candidates of a try share (D1.2–4), or 0."""
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
    store_number = occasion.store_number
    try_index = out.counts[TRY_COUNT]
    out.counts[TRY_COUNT] = try_index + 1
    winner_index = out.counts[WINNER_COUNT]
    attempt = out.tries[try_index]
    attempt.time_ms = occasion.now_ms
    attempt.row = row
    attempt.fence_number = fence_number
    attempt.store_number = store_number
    attempt.person_slot = person_slot
    attempt.offer_number = -1
    opened, closes_in_ms = opening(live, commerce, policy, store_number, occasion.now_ms)
    # told of shipping instead of a closed store, where she asked for that (S11)
    ships_only = opened == CLOSED and len(commerce.online_stores) > 0 and people.persons[person_slot].fulfilment == SHIP
    attempt.verdict = OFFERS_STOPPED if policy.offers_stopped else STORE_CLOSED
    if policy.offers_stopped or (opened == CLOSED and not ships_only):
        return
    attempt.verdict = standing_verdict(people, commerce, policy, occasion)
    if attempt.verdict != 0:
        return
    attempt.verdict = STORE_CLOSED if ships_only else NO_INTENT
    setting = setting_of(people, occasion, closes_in_ms)
    capped = standing_caps(people, commerce, policy, person_slot, store_number, occasion.now_ms)
    state = State(opened, ships_only, capped, try_index, winner_index)
    count = _note_intents(people, commerce, policy, occasion, out)
    # intents, the most promising first, and then purchases: one loop, so that its body is compiled once
    index = 0
    fact_slot = wide(people.persons[person_slot].fact_head)
    while index < count or fact_slot >= 0:
        first_slot = wide(-1)
        top = wide(-1)
        if index < count:
            first_slot = out.scratch[index]
            top = out.scratch[INTENT_COUNT_MAX + index]
            index += 1
            category_number = wide(people.intents[first_slot].category_number)
        else:
            category_number = wide(people.facts[fact_slot].category_number)
            is_wanted = _may_be_due(people, commerce, occasion, fact_slot, category_number)
            fact_slot = wide(people.facts[fact_slot].next)
            if not is_wanted:
                continue
        consider_category(
            people,
            live,
            commerce,
            policy,
            occasion,
            setting,
            state,
            category_number,
            first_slot,
            top,
            out,
        )
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
    winner.consent_epoch = people.persons[occasion.person_slot].consent_epoch
