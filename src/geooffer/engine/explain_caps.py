"""Repeats, cooldown, cap rules and budgets, told slowly over lists with the zone database (semantics D1.14–17, D2)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING

from geooffer.engine.explain_shopper import Contact, Shopper
from geooffer.engine.explain_store import local_time, zone_of
from geooffer.model.catalog import Campaign, Offer, Store
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import CapEvent, CapScope, CapWindow, CapZone
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.verdicts import OfferVerdict

if TYPE_CHECKING:
    from geooffer.engine.pipeline import Pipeline

V = OfferVerdict
Stopped = tuple[OfferVerdict, str]

_SCOPES = {
    CapScope.PERSON: "for her",
    CapScope.PERSON_STORE: "for her at this store",
    CapScope.PERSON_CATEGORY: "for her in this category",
    CapScope.PERSON_CAMPAIGN: "for her in this campaign",
}
_CALENDARS = {
    CapWindow.CALENDAR_DAY: "calendar day",
    CapWindow.CALENDAR_WEEK: "calendar week",
    CapWindow.CALENDAR_MONTH: "calendar month",
}


def caps_problem(
    engine: Pipeline, shopper: Shopper, store: Store, offer: Offer, campaign: Campaign, category_id: str, now_ms: int
) -> Stopped | None:
    """The first of ALREADY_OFFERED, COOLDOWN, FREQUENCY_CAP, BUDGET_SPENT that applies, with its figures."""
    repeated = _repeat_problem(engine, shopper, offer, now_ms)
    if repeated:
        return repeated
    for rules, owner in ((engine.cap_rules, "the policy"), (campaign.cap_rules, f"campaign {campaign.campaign_id}")):
        for rule in rules:
            detail = _full(rule, shopper, store, campaign, category_id, now_ms)
            if detail:
                return V.FREQUENCY_CAP, f"{detail}, a rule of {owner}"
    if offer.campaign_id and remaining(engine, campaign, now_ms) <= 0:
        return V.BUDGET_SPENT, f"campaign {campaign.campaign_id} has nothing left"
    return None


def remaining(engine: Pipeline, campaign: Campaign, now_ms: int) -> int:
    """What the next try would take to be left of a campaign: figures that stand at nothing are renewed before it."""
    number = engine.registry.number(Campaign, campaign.campaign_id)
    left = engine.state.live.remaining(number)
    return left if left > 0 else engine.campaign_remaining(number, now_ms)


def _repeat_problem(engine: Pipeline, shopper: Shopper, offer: Offer, now_ms: int) -> Stopped | None:
    policy = engine.policy
    offers = [contact for contact in shopper.contacts if contact.is_offer]
    for contact in offers:
        if contact.offer_id == offer.offer_id and now_ms - contact.decided_ms < policy.same_offer_after_ms:
            return V.ALREADY_OFFERED, f"she had it within {policy.same_offer_after_ms / HOUR_MS:g} h"
    ends = [item.ended_ms for item in offers if item.offer_id == offer.offer_id and item.ended_ms is not None]
    if any(now_ms - ended_ms < policy.ended_offer_after_ms for ended_ms in ends):
        return V.ALREADY_OFFERED, f"she dismissed or redeemed it within {policy.ended_offer_after_ms / DAY_MS:g} days"
    if any(now_ms - contact.decided_ms < policy.cooldown_ms for contact in offers):
        return V.COOLDOWN, f"her last offer is less than {policy.cooldown_ms / 60_000:g} min ago"
    return None


def _full(
    rule: CapRule, shopper: Shopper, store: Store, campaign: Campaign, category_id: str, now_ms: int
) -> str | None:
    """How full a rule about persons is, where it leaves no room; None where it does."""
    if rule.scope is CapScope.CAMPAIGN_TOTAL or (rule.scope is CapScope.PERSON_CAMPAIGN and not campaign.campaign_id):
        return None
    about = [contact for contact in shopper.contacts if _is_about(rule, contact, store, campaign, category_id)]
    times = list(_event_times(rule, about))
    if rule.window is CapWindow.SLIDING:
        used = sum(now_ms - time_ms < rule.window_ms for time_ms in times)
        window = f"within {rule.window_ms / HOUR_MS:g} h"
    else:
        zone = {CapZone.CUSTOMER: zone_of(shopper, store), CapZone.STORE: store.time_zone, CapZone.UTC: "UTC"}[
            rule.zone
        ]
        first = _first_day(rule.window, local_time(zone, now_ms).date())
        used = sum(local_time(zone, time_ms).date() >= first for time_ms in times)
        window = f"this {_CALENDARS[rule.window]} in {zone}"
    if used < rule.limit_count:
        return None
    return f"{used} of {rule.limit_count} {rule.event.name.lower()} {_SCOPES[rule.scope]} {window}"


def _is_about(rule: CapRule, contact: Contact, store: Store, campaign: Campaign, category_id: str) -> bool:
    match rule.scope:
        case CapScope.PERSON_STORE:
            return contact.store_id == store.store_id
        case CapScope.PERSON_CATEGORY:
            return contact.category_id == category_id
        case CapScope.PERSON_CAMPAIGN:
            return contact.campaign_id == campaign.campaign_id
        case _:
            return True


def _event_times(rule: CapRule, contacts: Iterable[Contact]) -> Iterable[int]:
    """When the counted events were; what is not known to have been delivered or displayed counts from its decision."""
    for contact in contacts:
        if contact.is_offer == (rule.event is CapEvent.CONTACTED):
            continue
        known = None
        if rule.event is CapEvent.DELIVERED:
            known = contact.delivered_ms
        elif rule.event is CapEvent.DISPLAYED:
            known = contact.displayed_ms
        yield contact.decided_ms if known is None else known


def _first_day(window: CapWindow, today: date) -> date:
    if window is CapWindow.CALENDAR_WEEK:
        return today - timedelta(days=today.weekday())
    return today.replace(day=1) if window is CapWindow.CALENDAR_MONTH else today
