"""The offers of one category against one person: judged, scored, the best kept (semantics D1, D1.18–19).

What cannot win any more is not judged to the end: once there is a winner, losers' own verdicts matter to nobody but
explain, which asks for all of them.
"""

from __future__ import annotations

from geooffer.kernels.compile import kernel
from geooffer.kernels.interest import (
    NOT_DUE,
    CategoryFacts,
    Wish,
    category_facts,
    due_points,
    general_interest,
    product_interest,
)
from geooffer.kernels.match import State, match_candidate
from geooffer.kernels.occasion import Occasion
from geooffer.kernels.rank import (
    AFFINITY_POINTS_MAX,
    PER_CUT_PERCENT,
    Setting,
    affinity_points,
    best_rest,
    points_of,
    score_of,
)
from geooffer.kernels.rows import OutcomeRows, write_winner
from geooffer.kernels.supply import first_own_offer, safety_stock
from geooffer.kernels.types import wide
from geooffer.model.policy import Policy
from geooffer.model.repurchase import DUE_FULL_POINTS
from geooffer.model.tables import CommerceTables, LiveTables, PeopleTables
from geooffer.model.verdicts import OfferVerdict, TouchpointKind

NO_INTENT = int(OfferVerdict.NO_INTENT)
BELOW_RELEVANCE = int(OfferVerdict.BELOW_RELEVANCE)
OFFERED = int(OfferVerdict.OFFERED)
PURCHASE = int(TouchpointKind.PURCHASE)


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
    setting: Setting,
    state: State,
    offer_number: int,
    facts: CategoryFacts,
    wish: Wish,
    out: OutcomeRows,
) -> None:
    """Judge one candidate; keep it in the winner row if it is the best so far, its verdict in the try row."""
    attempt = out.tries[state.try_index]
    winner = out.winners[state.winner_index]
    if attempt.verdict == OFFERED:
        cut_points = PER_CUT_PERCENT * commerce.offers[offer_number].max_cut_percent
        if max(wish.points, 0) + max(wish.due, 0) + cut_points + best_rest(setting, wish.affinity) < winner.score:
            return  # behind at its very best: its own verdict is not asked for
    found = match_candidate(people, live, commerce, policy, occasion, state, offer_number, facts, wish.points >= 0)
    if found.verdict != 0:
        _keep_furthest(commerce, out, state.try_index, offer_number, found.verdict)
        return
    spare_count = -1
    if found.stock_row >= 0:
        product_number = commerce.offers[offer_number].product_number
        spare_count = live.stock[found.stock_row].available_count - safety_stock(commerce, policy, product_number)
    cut_percent = commerce.prices[found.price_step].cut_percent
    points = points_of(setting, wish, cut_percent, spare_count, found.fulfilment)
    score = score_of(points)
    campaign_row = commerce.offers[offer_number].campaign_row
    if score < max(policy.score_floor, commerce.campaigns[campaign_row].score_floor):
        _keep_furthest(commerce, out, state.try_index, offer_number, BELOW_RELEVANCE)
        return
    if attempt.verdict == OFFERED and (
        winner.score > score or (winner.score == score and _comes_first(commerce, winner.offer_number, offer_number))
    ):
        return
    attempt.verdict = OFFERED
    attempt.offer_number = offer_number
    kind = wish.kind if wish.points >= wish.due else PURCHASE
    write_winner(live, commerce, out, state.winner_index, offer_number, found, points, score, kind)


@kernel
def _is_behind(
    people: PeopleTables,
    commerce: CommerceTables,
    occasion: Occasion,
    setting: Setting,
    category_number: int,
    top: int,
    score: int,
) -> bool:
    """No offer of the category can reach the winner's score, whatever her facts say."""
    category = commerce.categories[category_number]
    best = max(top, 0) + PER_CUT_PERCENT * category.max_cut_percent
    best += DUE_FULL_POINTS if category.is_consumable else 0
    affinity = AFFINITY_POINTS_MAX if people.persons[occasion.person_slot].has_affinity else 0
    return bool(best + best_rest(setting, affinity) < score)


@kernel
def consider_category(
    people: PeopleTables,
    live: LiveTables,
    commerce: CommerceTables,
    policy: Policy,
    occasion: Occasion,
    setting: Setting,
    state: State,
    category_number: int,
    first_slot: int,
    top: int,
    out: OutcomeRows,
) -> None:
    """The store's offers of one category, those of every store and its own, as far as she is interested or due.

    `first_slot`: her first intent of the category, −1 = none; `top`: the most points her intents in it can have.
    """
    if out.tries[state.try_index].verdict == OFFERED and _is_behind(
        people, commerce, occasion, setting, category_number, top, out.winners[state.winner_index].score
    ):
        return
    everywhere = commerce.everywhere_offer_starts[category_number]
    everywhere_end = commerce.everywhere_offer_starts[category_number + 1]
    own = first_own_offer(commerce, occasion.store_number, category_number)
    own_end = commerce.own_offer_starts[occasion.store_number + 1]
    if everywhere == everywhere_end and (own == own_end or commerce.own_offer_categories[own] != category_number):
        return
    facts = category_facts(people, occasion.person_slot, category_number)
    due = due_points(commerce, category_number, facts.bought_ms, occasion.now_ms)
    general, general_kind, has_products = general_interest(
        people, policy, first_slot, category_number, facts.ended_ms, occasion.now_ms
    )
    if general < 0 and due == NOT_DUE and not has_products:
        return
    affinity = affinity_points(facts, occasion.now_ms)
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
        if has_products:
            interest, kind = product_interest(
                people, policy, first_slot, category_number, product_number, facts.ended_ms, occasion.now_ms
            )
            if interest < general:
                interest = general
                kind = general_kind
        if interest >= 0 or due != NOT_DUE:
            wish = Wish(interest, kind, due, affinity)
            _consider(people, live, commerce, policy, occasion, setting, state, offer_number, facts, wish, out)
