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
def repeat_verdict(people: PeopleTables, policy: Policy, person_slot: int, offer_number: int, now_ms: int) -> int:
    """ALREADY_OFFERED, COOLDOWN or 0; one of exactly a window ago is out of it."""
    repeated = False
    cooling = False
    slot = people.persons[person_slot].contact_head
    while slot >= 0:
        contact = people.contacts[slot]
        if contact.kind == CONTACT_OFFER:
            if contact.offer_number == offer_number:
                if now_ms - contact.decided_ms < policy.same_offer_after_ms:
                    repeated = True
                if contact.ended_ms != NEVER_MS and now_ms - contact.ended_ms < policy.ended_offer_after_ms:
                    repeated = True
            if now_ms - contact.decided_ms < policy.cooldown_ms:
                cooling = True
        slot = contact.next
    if repeated:
        return ALREADY_OFFERED
    return COOLDOWN if cooling else 0


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
def full_rule(
    people: PeopleTables,
    commerce: CommerceTables,
    person_slot: int,
    store_number: int,
    category_number: int,
    campaign_number: int,
    campaign_row: int,
    now_ms: int,
) -> int:
    """Index of the first cap rule about persons that is full, the policy's before the campaign's, or −1."""
    for index in range(commerce.policy_cap_count[0]):
        if commerce.cap_rules[index].scope != CAMPAIGN_TOTAL and is_full(
            people, commerce, index, person_slot, store_number, category_number, campaign_number, now_ms
        ):
            return index
    start = commerce.campaigns[campaign_row].cap_start
    for index in range(start, start + commerce.campaigns[campaign_row].cap_count):
        if commerce.cap_rules[index].scope != CAMPAIGN_TOTAL and is_full(
            people, commerce, index, person_slot, store_number, category_number, campaign_number, now_ms
        ):
            return index
    return -1


@kernel
def cap_verdict(
    people: PeopleTables,
    live: LiveTables,
    commerce: CommerceTables,
    policy: Policy,
    person_slot: int,
    store_number: int,
    offer_number: int,
    now_ms: int,
) -> int:
    """ALREADY_OFFERED, COOLDOWN, FREQUENCY_CAP, BUDGET_SPENT or 0 for one candidate."""
    verdict = repeat_verdict(people, policy, person_slot, offer_number, now_ms)
    if verdict != 0:
        return verdict
    offer = commerce.offers[offer_number]
    campaign_number = int(offer.campaign_number)
    if (
        full_rule(
            people,
            commerce,
            person_slot,
            store_number,
            int(offer.category_number),
            campaign_number,
            int(offer.campaign_row),
            now_ms,
        )
        >= 0
    ):
        return FREQUENCY_CAP
    if campaign_number >= 0 and live.campaign_remaining[campaign_number] <= 0:
        return BUDGET_SPENT
    return 0
