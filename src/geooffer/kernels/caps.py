"""Repeats, cooldown and cap rules over a person's contacts (semantics D1.14–16, D2): exact, walked entry by entry.

A person's contacts are what was decided for her, and others' messages reported as touchpoints, of the last 32 days.
Only people who have had an offer have any, and the caps themselves keep the list short.
"""

from __future__ import annotations

from geooffer.kernels.calendar import local_ms, window_first_day
from geooffer.kernels.compile import kernel
from geooffer.model.kinds import CapEvent, CapScope, CapWindow, CapZone
from geooffer.model.policy import DAY_MS, Policy
from geooffer.model.tables import CONTACT_OFFER, NEVER_MS, CommerceTables, LiveTables, PeopleTables
from geooffer.model.verdicts import OfferVerdict

ALREADY_OFFERED = int(OfferVerdict.ALREADY_OFFERED)
COOLDOWN = int(OfferVerdict.COOLDOWN)
FREQUENCY_CAP = int(OfferVerdict.FREQUENCY_CAP)
BUDGET_SPENT = int(OfferVerdict.BUDGET_SPENT)
SLIDING = int(CapWindow.SLIDING)
PERSON_STORE = int(CapScope.PERSON_STORE)
PERSON_CATEGORY = int(CapScope.PERSON_CATEGORY)
PERSON_CAMPAIGN = int(CapScope.PERSON_CAMPAIGN)
CAMPAIGN_TOTAL = int(CapScope.CAMPAIGN_TOTAL)
ZONE_CUSTOMER = int(CapZone.CUSTOMER)
ZONE_STORE = int(CapZone.STORE)
DELIVERED = int(CapEvent.DELIVERED)
DISPLAYED = int(CapEvent.DISPLAYED)
CONTACTED = int(CapEvent.CONTACTED)
UTC_ZONE = 0


@kernel
def customer_zone(people: PeopleTables, commerce: CommerceTables, person_slot: int, store_number: int) -> int:
    """Her time zone, else the store's."""
    own = int(people.persons[person_slot].zone_number)
    return own if own > 0 else int(commerce.stores[store_number].zone_number)


@kernel
def is_repeat(people: PeopleTables, policy: Policy, person_slot: int, offer_number: int, now_ms: int) -> bool:
    """She had this very offer, or ended it, not long enough ago; one of exactly a window ago is out of it."""
    slot = people.persons[person_slot].contact_head
    while slot >= 0:
        contact = people.contacts[slot]
        if contact.offer_number == offer_number and contact.kind == CONTACT_OFFER:
            if now_ms - contact.decided_ms < policy.same_offer_after_ms:
                return True
            if contact.ended_ms != NEVER_MS and now_ms - contact.ended_ms < policy.ended_offer_after_ms:
                return True
        slot = contact.next
    return False


@kernel
def is_cooling(people: PeopleTables, policy: Policy, person_slot: int, now_ms: int) -> bool:
    """Her last offer, of any store, is too fresh."""
    slot = people.persons[person_slot].contact_head
    while slot >= 0:
        contact = people.contacts[slot]
        if contact.kind == CONTACT_OFFER and now_ms - contact.decided_ms < policy.cooldown_ms:
            return True
        slot = contact.next
    return False


@kernel
def _event_ms(people: PeopleTables, slot: int, event: int) -> int:
    """When the counted event of a contact was, or NEVER_MS where this contact has none.

    What is not known to have been delivered or displayed counts from its decision: pending counts as happened.
    """
    contact = people.contacts[slot]
    if event == CONTACTED:
        return NEVER_MS if contact.kind == CONTACT_OFFER else int(contact.decided_ms)
    if contact.kind != CONTACT_OFFER:
        return NEVER_MS
    if event == DELIVERED and contact.delivered_ms != NEVER_MS:
        return int(contact.delivered_ms)
    if event == DISPLAYED and contact.displayed_ms != NEVER_MS:
        return int(contact.displayed_ms)
    return int(contact.decided_ms)


@kernel
def _is_in_scope(
    people: PeopleTables, slot: int, scope: int, store_number: int, category_number: int, campaign_number: int
) -> bool:
    contact = people.contacts[slot]
    if scope == PERSON_STORE:
        return bool(contact.store_number == store_number)
    if scope == PERSON_CATEGORY:
        return bool(contact.category_number == category_number)
    if scope == PERSON_CAMPAIGN:
        return bool(campaign_number >= 0 and contact.campaign_number == campaign_number)
    return True


@kernel
def is_full(
    people: PeopleTables,
    commerce: CommerceTables,
    rule_index: int,
    person_slot: int,
    store_number: int,
    category_number: int,
    campaign_number: int,
    now_ms: int,
) -> bool:
    """Whether one rule about persons leaves no room for another event now."""
    rule = commerce.cap_rules[rule_index]
    if rule.scope == PERSON_CAMPAIGN and campaign_number < 0:
        return False
    zone_number = UTC_ZONE
    first_day = 0
    if rule.window != SLIDING:
        if rule.zone == ZONE_CUSTOMER:
            zone_number = customer_zone(people, commerce, person_slot, store_number)
        elif rule.zone == ZONE_STORE:
            zone_number = int(commerce.stores[store_number].zone_number)
        first_day = window_first_day(local_ms(people, zone_number, now_ms) // DAY_MS, int(rule.window))
    count = 0
    slot = people.persons[person_slot].contact_head
    while slot >= 0:
        if _is_in_scope(people, slot, int(rule.scope), store_number, category_number, campaign_number):
            event_ms = _event_ms(people, slot, int(rule.event))
            if event_ms != NEVER_MS:
                if rule.window == SLIDING:
                    if now_ms - event_ms < rule.window_ms:
                        count += 1
                elif local_ms(people, zone_number, event_ms) // DAY_MS >= first_day:
                    count += 1
        slot = people.contacts[slot].next
    return bool(count >= rule.limit_count)


@kernel
def standing_caps(
    people: PeopleTables, commerce: CommerceTables, policy: Policy, person_slot: int, store_number: int, now_ms: int
) -> int:
    """What holds for every candidate of a try: COOLDOWN, FREQUENCY_CAP (rules per person and per store) or 0."""
    if is_cooling(people, policy, person_slot, now_ms):
        return COOLDOWN
    for index in range(commerce.policy_cap_counts[0]):
        if is_full(people, commerce, index, person_slot, store_number, -1, -1, now_ms):
            return FREQUENCY_CAP
    return 0


@kernel
def _is_candidate_rule_full(
    people: PeopleTables,
    commerce: CommerceTables,
    start: int,
    end: int,
    person_slot: int,
    store_number: int,
    offer_number: int,
    now_ms: int,
) -> bool:
    offer = commerce.offers[offer_number]
    for index in range(start, end):
        if commerce.cap_rules[index].scope != CAMPAIGN_TOTAL and is_full(
            people,
            commerce,
            index,
            person_slot,
            store_number,
            int(offer.category_number),
            int(offer.campaign_number),
            now_ms,
        ):
            return True
    return False


@kernel
def cap_verdict(
    people: PeopleTables,
    live: LiveTables,
    commerce: CommerceTables,
    policy: Policy,
    person_slot: int,
    store_number: int,
    offer_number: int,
    standing: int,
    now_ms: int,
) -> int:
    """ALREADY_OFFERED, COOLDOWN, FREQUENCY_CAP, BUDGET_SPENT or 0; `standing` is that of `standing_caps`."""
    if is_repeat(people, policy, person_slot, offer_number, now_ms):
        return ALREADY_OFFERED
    if standing != 0:
        return standing
    counts = commerce.policy_cap_counts
    campaign = commerce.campaigns[commerce.offers[offer_number].campaign_row]
    if _is_candidate_rule_full(
        people, commerce, counts[0], counts[1], person_slot, store_number, offer_number, now_ms
    ) or _is_candidate_rule_full(
        people,
        commerce,
        campaign.cap_start,
        campaign.cap_start + campaign.cap_count,
        person_slot,
        store_number,
        offer_number,
        now_ms,
    ):
        return FREQUENCY_CAP
    campaign_number = commerce.offers[offer_number].campaign_number
    if campaign_number >= 0 and live.campaign_remaining[campaign_number] <= 0:
        return BUDGET_SPENT
    return 0
