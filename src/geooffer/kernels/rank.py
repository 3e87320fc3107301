"""The score of a candidate: a sum of integers anyone can check by hand, and a total order (score, then offer id).

| factor    | points |
|-----------|--------|
| interest  | match (product 2000, category 1000) × kind (cart 1.2, search 1, wish .9, view .7) × 2^(−age/3 d) |
| due_again | 0..1000, rising from the end of the category's waiting time to 1.5 times it |
| affinity  | 200 for a like, 300 for a survey's "interested", fading like interest |
| price_cut | 10 per whole percent under the lowest price of 30 days |
| distance  | 100 at the store's point, 1 less per 2 m, none from 200 m on |
| dwell     | 50 once she has dwelt |
| stock     | 5 per unit beyond the safety stock, at most 50; 0 where untracked |
| loyalty   | 20 per tier, 0..180 |
| closing   | 1 per minute to closing, at most 60; 0 where hours are unknown |

A marked alternative (other branch, shipping) has no points for distance, dwell and closing.
"""

from __future__ import annotations

from typing import NamedTuple

from geooffer.kernels.compile import kernel
from geooffer.kernels.interest import CategoryFacts, Wish, faded
from geooffer.kernels.occasion import Occasion
from geooffer.kernels.supply import IN_STORE
from geooffer.model.tables import NEVER_MS, PeopleTables

LIKE_POINTS = 200
SURVEY_POINTS = 300
AFFINITY_POINTS_MAX = LIKE_POINTS + SURVEY_POINTS
PER_CUT_PERCENT = 10
DISTANCE_POINTS = 100
METRES_PER_DISTANCE_POINT = 2
DWELL_POINTS = 50
PER_UNIT = 5
STOCK_POINTS_MAX = 50
PER_TIER = 20
CLOSING_POINTS_MAX = 60
MINUTE_MS = 60_000


class Points(NamedTuple):
    """The factors of a score, in the order of model/columns.FACTORS."""

    interest: int
    due_again: int
    affinity: int
    price_cut: int
    distance: int
    dwell: int
    stock: int
    loyalty: int
    closing: int


class Setting(NamedTuple):
    """Points that all candidates of a try share; the alternatives of S12 have those of loyalty only."""

    distance: int
    dwell: int
    loyalty: int
    closing: int


@kernel
def setting_of(people: PeopleTables, occasion: Occasion, closes_in_ms: int) -> Setting:
    """Points of where she is, how long, who she is and what time it is."""
    distance = 0
    if occasion.distance_m >= 0:
        distance = max(DISTANCE_POINTS - occasion.distance_m // METRES_PER_DISTANCE_POINT, 0)
    return Setting(
        distance,
        DWELL_POINTS if occasion.has_dwelt else 0,
        PER_TIER * int(people.persons[occasion.person_slot].tier),
        min(closes_in_ms // MINUTE_MS, CLOSING_POINTS_MAX),
    )


@kernel
def affinity_points(facts: CategoryFacts, now_ms: int) -> int:
    """Points of likes and of what she told a survey, about a category."""
    points = 0
    if facts.liked_ms != NEVER_MS:
        points += faded(LIKE_POINTS, facts.liked_ms, now_ms)
    if facts.wanted_ms != NEVER_MS:
        points += faded(SURVEY_POINTS, facts.wanted_ms, now_ms)
    return points


@kernel
def best_rest(setting: Setting, affinity: int) -> int:
    """No score is above interest + due again + price cut + this: everything else is at its best."""
    return affinity + setting.distance + setting.dwell + STOCK_POINTS_MAX + setting.loyalty + setting.closing


@kernel
def points_of(setting: Setting, wish: Wish, cut_percent: int, spare_count: int, fulfilment: int) -> Points:
    """All factors; `spare_count`: units beyond the safety stock, −1 = untracked."""
    here = 1 if fulfilment == IN_STORE else 0
    return Points(
        max(wish.points, 0),
        max(wish.due, 0),
        wish.affinity,
        PER_CUT_PERCENT * cut_percent,
        here * setting.distance,
        here * setting.dwell,
        min(PER_UNIT * max(spare_count, 0), STOCK_POINTS_MAX),
        setting.loyalty,
        here * setting.closing,
    )


@kernel
def score_of(points: Points) -> int:
    """The sum of all factors."""
    return (
        points.interest
        + points.due_again
        + points.affinity
        + points.price_cut
        + points.distance
        + points.dwell
        + points.stock
        + points.loyalty
        + points.closing
    )
