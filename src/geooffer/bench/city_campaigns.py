"""Campaigns of the demo city: for whom offers are, how many there may be, who is held out, what helps if it is gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geooffer.bench.city_people import OFFERS, Person
from geooffer.model.catalog import Audience, Campaign
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import AccountKind, CapEvent, CapScope, CapWindow, CapZone
from geooffer.model.policy import DAY_MS
from geooffer.model.verdicts import TouchpointKind

WEEK, GOLD, CLUB, OPENING, OFFICE = "week", "gold-members", "running-club", "opening-days", "for-your-office"
CLUB_AUDIENCE = Audience("runners", "Members of the running club")
_CLUB_SHARE = 0.3
_CLUB_CATEGORY_IDS = ("running-shoes", "running-analysis")
_OFFICE_CATEGORY_IDS = ("coffee-machines", "headphones", "coffee")

CAMPAIGNS: tuple[Campaign, ...] = (
    Campaign(
        WEEK,
        "Offers of the week",
        held_out_per_10000=300,
        score_floor=250,
        offers_other_branch=True,
        offers_shipping=True,
    ),
    Campaign(GOLD, "For gold members", minimum_tier=2, held_out_per_10000=300),
    Campaign(CLUB, "For the running club", audience_id=CLUB_AUDIENCE.audience_id),
    Campaign(
        OPENING,
        "Opening days",
        budget_count=60,
        cap_rules=(
            CapRule(CapScope.PERSON_CAMPAIGN, 1, window=CapWindow.CALENDAR_WEEK, zone=CapZone.CUSTOMER),
            CapRule(CapScope.PERSON, 4, window_ms=7 * DAY_MS, event=CapEvent.CONTACTED),
        ),
    ),
    Campaign(OFFICE, "For your office", account_kinds=AccountKind.BUSINESS.bit),
)
"""`week` holds three in a hundred out and helps with another branch or by post; `opening-days` has a budget of 60,
tells each customer once a week and nobody who had four messages of the week already, newsletters included.
"""


@dataclass(frozen=True, slots=True)
class Members:
    """Who is on an uploaded list."""

    audience: Audience
    customer_ids: list[str]


def draw_campaign(category_id: str, rng: np.random.Generator) -> str:
    """The campaign of an offer, '' = none: for everybody."""
    draw = rng.random()
    if draw < 0.10:
        return GOLD
    if draw < 0.22:
        return OPENING
    if draw < 0.36 and category_id in _CLUB_CATEGORY_IDS:
        return CLUB
    if draw < 0.42 and category_id in _OFFICE_CATEGORY_IDS:
        return OFFICE
    return "" if draw > 0.85 else WEEK


def draw_members(people: Sequence[Person], rng: np.random.Generator) -> Members:
    """Some of those who look for running things and want personal offers."""
    runners = [
        person.customer.customer_id
        for person in people
        if person.purposes & OFFERS
        and any(t.kind is TouchpointKind.SEARCH and t.category_id in _CLUB_CATEGORY_IDS for t in person.touchpoints)
    ]
    return Members(CLUB_AUDIENCE, [name for name in runners if rng.random() < _CLUB_SHARE])
