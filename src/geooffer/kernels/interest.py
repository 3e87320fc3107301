"""What a person wants of a category: live interest, due replenishment, likes (semantics S-3, D1.8, D1.9).

One walk of her facts answers everything a category needs; intents are weighed by kind, match and age.
"""

from __future__ import annotations

from typing import NamedTuple

from geooffer.kernels.compile import kernel
from geooffer.kernels.types import wide
from geooffer.model.decay import DECAY, FULL_STRENGTH, TABLE_HOURS
from geooffer.model.policy import HOUR_MS, Policy
from geooffer.model.repurchase import DUE_FULL_POINTS
from geooffer.model.tables import (
    FACT_LIKE,
    FACT_PURCHASE,
    FACT_RETURN,
    FACT_SIZE,
    FACT_SURVEY,
    NEVER_MS,
    CommerceTables,
    PeopleTables,
)
from geooffer.model.verdicts import TouchpointKind

SEARCH = int(TouchpointKind.SEARCH)
VIEW = int(TouchpointKind.VIEW)
WISH = int(TouchpointKind.WISH)
CART = int(TouchpointKind.CART)
NO_KIND = 0

PRODUCT_MATCH = 2000
CATEGORY_MATCH = 1000
#: per mille of the match, by kind of interest
KIND_PER_MILLE = {CART: 1200, SEARCH: 1000, WISH: 900, VIEW: 700}
CART_WEIGHT, SEARCH_WEIGHT = KIND_PER_MILLE[CART], KIND_PER_MILLE[SEARCH]
WISH_WEIGHT, VIEW_WEIGHT = KIND_PER_MILLE[WISH], KIND_PER_MILLE[VIEW]
NOT_DUE = -1


class CategoryFacts(NamedTuple):
    """What her facts say about one category; NEVER_MS = nothing. `ended_ms`: interest up to then is over."""

    bought_ms: int
    ended_ms: int
    size_code: int
    size_ms: int
    liked_ms: int
    wanted_ms: int


class Wish(NamedTuple):
    """How much she wants one candidate. `points` −1 = no live interest, `due` NOT_DUE = not due again."""

    points: int
    kind: int
    due: int
    affinity: int


@kernel
def category_facts(people: PeopleTables, person_slot: int, category_number: int) -> CategoryFacts:
    """One walk of her facts. A return as late as the purchase undoes it; a survey's "no" ends interest, too."""
    bought_ms = NEVER_MS
    returned_ms = NEVER_MS
    survey_ms = NEVER_MS
    is_interested = 0
    size_code = -1
    size_ms = NEVER_MS
    liked_ms = NEVER_MS
    slot = people.persons[person_slot].fact_head
    while slot >= 0:
        fact = people.facts[slot]
        if fact.category_number == category_number:
            kind = fact.kind
            if kind == FACT_PURCHASE:
                bought_ms = fact.time_ms
            elif kind == FACT_SIZE:
                size_code = fact.value
                size_ms = fact.time_ms
            elif kind == FACT_RETURN:
                returned_ms = fact.time_ms
            elif kind == FACT_LIKE:
                liked_ms = fact.time_ms
            elif kind == FACT_SURVEY:
                survey_ms = fact.time_ms
                is_interested = fact.value
        slot = fact.next
    if returned_ms >= bought_ms:
        bought_ms = NEVER_MS
    wanted_ms = survey_ms if is_interested else NEVER_MS
    ended_ms = bought_ms if is_interested else max(bought_ms, survey_ms)
    return CategoryFacts(bought_ms, ended_ms, size_code, size_ms, liked_ms, wanted_ms)


@kernel
def faded(points: int, since_ms: int, now_ms: int) -> int:
    """Half every 3 days (S-3); a moment in the future counts as now."""
    hours = min(max(now_ms - since_ms, 0) // HOUR_MS, TABLE_HOURS - 1)
    return points * DECAY[hours] // FULL_STRENGTH


@kernel
def _kind_points(match: int, weight: int, shown_ms: int, ended_ms: int, policy: Policy, now_ms: int) -> int:
    """Points of one kind of one intent; −1 where there is none, it is over, or it is too old."""
    if shown_ms <= ended_ms or now_ms - shown_ms > policy.intent_max_age_ms:
        return -1
    return faded(match * weight // 1000, shown_ms, now_ms)


@kernel
def intent_points(
    people: PeopleTables, policy: Policy, intent_slot: int, ended_ms: int, now_ms: int
) -> tuple[int, int]:
    """(points, kind) of one intent's strongest live kind, (−1, 0) where none is; ties: CART, SEARCH, WISH, VIEW."""
    intent = people.intents[intent_slot]
    match = CATEGORY_MATCH if intent.product_number < 0 else PRODUCT_MATCH
    best = _kind_points(match, CART_WEIGHT, intent.cart_ms, ended_ms, policy, now_ms)
    kind = CART if best >= 0 else NO_KIND
    points = _kind_points(match, SEARCH_WEIGHT, intent.search_ms, ended_ms, policy, now_ms)
    if points > best:
        best = points
        kind = SEARCH
    points = _kind_points(match, WISH_WEIGHT, intent.wish_ms, ended_ms, policy, now_ms)
    if points > best:
        best = points
        kind = WISH
    points = _kind_points(match, VIEW_WEIGHT, intent.view_ms, ended_ms, policy, now_ms)
    if points > best:
        best = points
        kind = VIEW
    return best, kind


@kernel
def top_interest(people: PeopleTables, policy: Policy, first_slot: int, category_number: int, now_ms: int) -> int:
    """The most points any intent of a category can have, ends aside; −1 = none. `first_slot` as in general_interest."""
    best = -1
    slot = first_slot
    while slot >= 0:
        if people.intents[slot].category_number == category_number:
            points, _ = intent_points(people, policy, slot, NEVER_MS, now_ms)
            best = max(best, points)
        slot = wide(people.intents[slot].next)
    return best


@kernel
def general_interest(
    people: PeopleTables, policy: Policy, first_slot: int, category_number: int, ended_ms: int, now_ms: int
) -> tuple[int, int, bool]:
    """(points, kind) of her interest in a category as such, (−1, 0) where none; and whether she has any in a product.

    `first_slot`: her first intent of that category, −1 = none.
    """
    best = -1
    kind = NO_KIND
    has_products = False
    slot = first_slot
    while slot >= 0:
        intent = people.intents[slot]
        if intent.category_number == category_number:
            if intent.product_number < 0:
                best, kind = intent_points(people, policy, slot, ended_ms, now_ms)
            else:
                has_products = True
        slot = wide(intent.next)
    return best, kind, has_products


@kernel
def product_interest(
    people: PeopleTables,
    policy: Policy,
    first_slot: int,
    category_number: int,
    product_number: int,
    ended_ms: int,
    now_ms: int,
) -> tuple[int, int]:
    """(points, kind) of her interest in exactly this product, (−1, 0) where none.

    An intent is kept once per (category, product), so the first match is the only one.
    """
    slot = first_slot
    while slot >= 0:
        intent = people.intents[slot]
        if intent.product_number == product_number and intent.category_number == category_number:
            return intent_points(people, policy, slot, ended_ms, now_ms)
        slot = wide(intent.next)
    return -1, NO_KIND


@kernel
def due_points(commerce: CommerceTables, category_number: int, bought_ms: int, now_ms: int) -> int:
    """NOT_DUE, or 0..DUE_FULL_POINTS: rising from the end of the waiting time to 1.5 times it, full until 3 times.

    model/repurchase.due_points is the oracle.
    """
    category = commerce.categories[category_number]
    if not category.is_consumable or bought_ms == NEVER_MS:
        return NOT_DUE
    wait_ms = category.wait_ms
    age_ms = now_ms - bought_ms
    if age_ms <= wait_ms or age_ms > 3 * wait_ms:
        return NOT_DUE
    if 2 * age_ms >= 3 * wait_ms:
        return DUE_FULL_POINTS
    return 2 * DUE_FULL_POINTS * (age_ms - wait_ms) // wait_ms


@kernel
def is_recently_bought(
    commerce: CommerceTables, category_number: int, bought_ms: int, is_interest: bool, now_ms: int
) -> bool:
    """The waiting time is not over (D1.9); live interest, which is newer than the purchase, may lift it."""
    category = commerce.categories[category_number]
    if bought_ms == NEVER_MS or category.wait_ms == 0 or now_ms - bought_ms >= category.wait_ms:
        return False
    return not (is_interest and category.search_lifts_wait)
