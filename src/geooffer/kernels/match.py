"""An offer against a person at a store (semantics D1): the verdicts of one candidate, in precedence.

What is the same for the whole try (hours, speed, quiet hours, standing purposes) is settled in attempt.py. Integers
only; prices in minor units, cuts compared by cross-multiplication, so that no rounding decides.
"""

from __future__ import annotations

from typing import NamedTuple

from geooffer.kernels.branch import UNKNOWN
from geooffer.kernels.caps import cap_verdict
from geooffer.kernels.compile import kernel
from geooffer.kernels.interest import CategoryFacts, is_recently_bought
from geooffer.kernels.occasion import Occasion
from geooffer.kernels.supply import find_supply
from geooffer.model.kinds import PUSHED_CHANNELS
from geooffer.model.policy import Policy
from geooffer.model.tables import FACT_AUDIENCE, CommerceTables, LiveTables, PeopleTables
from geooffer.model.verdicts import OfferVerdict, Purpose

STORE_CLOSED = int(OfferVerdict.STORE_CLOSED)
PURPOSE_NOT_CONSENTED = int(OfferVerdict.PURPOSE_NOT_CONSENTED)
SPECIAL_CATEGORY = int(OfferVerdict.SPECIAL_CATEGORY)
OFFER_INACTIVE = int(OfferVerdict.OFFER_INACTIVE)
AUDIENCE_MISMATCH = int(OfferVerdict.AUDIENCE_MISMATCH)
RECENTLY_BOUGHT = int(OfferVerdict.RECENTLY_BOUGHT)
NO_PRICE_ADVANTAGE = int(OfferVerdict.NO_PRICE_ADVANTAGE)
PUSHED = sum(channel.bit for channel in PUSHED_CHANNELS)
SPECIAL_BIT = Purpose.SPECIAL_CATEGORY_OFFERS.bit


class Match(NamedTuple):
    """Verdict 0 = nothing stops it before ranking; the other fields are set then. Stock row −1 = not tracked."""

    verdict: int
    price_step: int
    stock_row: int
    size_code: int
    fulfilment: int
    supply_store_number: int


class State(NamedTuple):
    """How a try stands before its candidates are judged. `capped`: what `standing_caps` says."""

    opened: int
    ships_only: bool
    capped: int
    try_index: int
    winner_index: int


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
def is_in_audience(people: PeopleTables, commerce: CommerceTables, occasion: Occasion, campaign_row: int) -> bool:
    """Tier, kind of account, channel and uploaded list of a campaign (D1.7); and no message on a channel that calls on
    her while she asked for another one.
    """
    campaign = commerce.campaigns[campaign_row]
    person = people.persons[occasion.person_slot]
    if (PUSHED >> occasion.channel) & 1 and person.channel != 0 and person.channel != occasion.channel:
        return False
    if person.tier < campaign.minimum_tier or not (campaign.account_kinds >> person.account_kind) & 1:
        return False
    if campaign.channels != 0 and not (campaign.channels >> occasion.channel) & 1:
        return False
    if campaign.audience_number < 0:
        return True
    slot = person.fact_head
    while slot >= 0:
        fact = people.facts[slot]
        if fact.kind == FACT_AUDIENCE and fact.category_number == campaign.audience_number:
            return bool(fact.value)
        slot = fact.next
    return False


@kernel
def _has_price_advantage(commerce: CommerceTables, offer_number: int, step: int) -> bool:
    if step < 0:
        return False
    reference_minor = commerce.prices[step].reference_minor
    if reference_minor < 0:
        return False
    left_percent = 100 - commerce.offers[offer_number].minimum_cut_percent
    return bool(commerce.prices[step].amount_minor * 100 <= reference_minor * left_percent)


@kernel
def match_candidate(
    people: PeopleTables,
    live: LiveTables,
    commerce: CommerceTables,
    policy: Policy,
    occasion: Occasion,
    state: State,
    offer_number: int,
    facts: CategoryFacts,
    is_interest: bool,
) -> Match:
    """The first verdict that stops a candidate she is interested in (or due for), up to the campaign's total."""
    offer = commerce.offers[offer_number]
    campaign = commerce.campaigns[offer.campaign_row]
    now_ms = occasion.now_ms
    if state.opened == UNKNOWN and not campaign.is_open_when_hours_unknown:
        return Match(STORE_CLOSED, -1, -1, -1, 0, -1)
    # before the cheaper questions, so that it stands here once: what follows is compiled into its place
    supply = find_supply(live, commerce, policy, occasion.store_number, offer_number, facts, state.ships_only, now_ms)
    if supply.verdict == STORE_CLOSED:
        return Match(STORE_CLOSED, -1, -1, -1, 0, -1)
    consented = people.persons[occasion.person_slot].consent_bits
    verdict = 0
    if offer.purposes & ~consented:
        verdict = PURPOSE_NOT_CONSENTED
    elif commerce.categories[offer.category_number].is_special and not consented & SPECIAL_BIT:
        verdict = SPECIAL_CATEGORY
    elif (
        offer.paused
        or campaign.paused
        or now_ms < offer.valid_from_ms
        or now_ms >= offer.valid_until_ms
        or not (occasion.triggers >> offer.trigger) & 1
    ):
        verdict = OFFER_INACTIVE
    elif not is_in_audience(people, commerce, occasion, offer.campaign_row):
        verdict = AUDIENCE_MISMATCH
    elif is_recently_bought(commerce, offer.category_number, facts.bought_ms, is_interest, now_ms):
        verdict = RECENTLY_BOUGHT
    else:
        verdict = supply.verdict
    if verdict != 0:
        return Match(verdict, -1, -1, -1, 0, -1)
    step = price_step(commerce, supply.store_number, offer.product_number, now_ms)
    if not _has_price_advantage(commerce, offer_number, step):
        return Match(NO_PRICE_ADVANTAGE, -1, -1, -1, 0, -1)
    verdict = cap_verdict(
        people, live, commerce, policy, occasion.person_slot, occasion.store_number, offer_number, state.capped, now_ms
    )
    return Match(verdict, step, supply.stock_row, supply.size_code, supply.fulfilment, supply.store_number)
