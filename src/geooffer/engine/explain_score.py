"""The score by factor and the control group, worked out slowly (semantics S-3, D1.9, D1.20, D6; kernels/rank.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geooffer.engine.campaigns import experiment_key, held_out_threshold, repurchase_rule
from geooffer.engine.explain_shopper import Shopper
from geooffer.engine.explain_supply import Supply, price_at
from geooffer.kernels.interest import CATEGORY_MATCH, KIND_PER_MILLE, PRODUCT_MATCH
from geooffer.kernels.rank import (
    CLOSING_POINTS_MAX,
    DISTANCE_POINTS,
    DWELL_POINTS,
    LIKE_POINTS,
    METRES_PER_DISTANCE_POINT,
    PER_CUT_PERCENT,
    PER_TIER,
    PER_UNIT,
    STOCK_POINTS_MAX,
    SURVEY_POINTS,
)
from geooffer.model.catalog import Campaign, Category, Product
from geooffer.model.columns import FACTORS
from geooffer.model.decay import DECAY, FULL_STRENGTH, TABLE_HOURS
from geooffer.model.kinds import Fulfilment
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.repurchase import due_points
from geooffer.model.verdicts import TouchpointKind

if TYPE_CHECKING:
    from geooffer.engine.pipeline import Pipeline

_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Wish:
    """What speaks for a product: live interest (`points`, None = none) and due replenishment (None = not due)."""

    points: int | None
    kind: TouchpointKind | None
    due: int | None

    @property
    def is_there(self) -> bool:
        """She is interested, or due to buy again."""
        return self.points is not None or self.due is not None


def faded(points: int, since_ms: int, now_ms: int) -> int:
    """Half every 3 days; a moment in the future counts as now."""
    hours = min(max(now_ms - since_ms, 0) // HOUR_MS, TABLE_HOURS - 1)
    return points * int(DECAY[hours]) // FULL_STRENGTH


def wish_for(engine: Pipeline, shopper: Shopper, product: Product, category: Category, now_ms: int) -> Wish:
    """Her strongest live interest in a product or its category, and whether she is due."""
    bought_ms = shopper.last_purchase_ms(category.category_id)
    survey_ms, is_interested = shopper.surveys.get(category.category_id, (None, True))
    ends = [bought_ms, None if is_interested else survey_ms]
    found: list[tuple[int, bool, TouchpointKind]] = []
    for interest in shopper.interests:
        if interest.category_id != category.category_id or interest.product_id not in ("", product.product_id):
            continue
        if any(end_ms is not None and interest.time_ms <= end_ms for end_ms in ends):
            continue
        if now_ms - interest.time_ms > engine.policy.intent_max_age_ms:
            continue
        match = PRODUCT_MATCH if interest.product_id else CATEGORY_MATCH
        points = faded(match * KIND_PER_MILLE[int(interest.kind)] // 1000, interest.time_ms, now_ms)
        found.append((points, bool(interest.product_id), interest.kind))
    order = list(KIND_PER_MILLE)
    best = max(found, key=lambda item: (item[0], item[1], -order.index(int(item[2]))), default=None)
    return Wish(best[0] if best else None, best[2] if best else None, _due(category, bought_ms, now_ms))


def _due(category: Category, bought_ms: int | None, now_ms: int) -> int | None:
    """Points from the end of the waiting time until three times it, else None; 0 points are due, too."""
    rule = repurchase_rule(category)
    if rule is None or not rule.is_consumable or bought_ms is None:
        return None
    wait_ms = rule.wait_days * DAY_MS
    return due_points(bought_ms, now_ms, rule) if wait_ms < now_ms - bought_ms <= 3 * wait_ms else None


def waiting_detail(shopper: Shopper, category: Category, wish: Wish, now_ms: int) -> str | None:
    """A sentence where the category's waiting time is not over (D1.9), else None."""
    rule, bought_ms = repurchase_rule(category), shopper.last_purchase_ms(category.category_id)
    if rule is None or bought_ms is None or now_ms - bought_ms >= rule.wait_days * DAY_MS:
        return None
    if wish.points is not None and rule.search_lifts_wait:
        return None
    days = (now_ms - bought_ms) / DAY_MS
    return f"bought {days:.1f} days ago, this category waits {rule.wait_days} days"


def points_by_factor(
    engine: Pipeline,
    shopper: Shopper,
    product: Product,
    wish: Wish,
    supply: Supply,
    *,
    distance_m: int | None,
    has_dwelt: bool,
    closes_ms: int | None,
    now_ms: int,
) -> dict[str, int]:
    """By the names of model/columns.FACTORS; their sum is the score."""
    points = dict.fromkeys(FACTORS, 0)
    points["interest"] = wish.points or 0
    points["due_again"] = wish.due or 0
    liked_ms = shopper.liked_ms.get(product.category_id)
    if liked_ms is not None:
        points["affinity"] += faded(LIKE_POINTS, liked_ms, now_ms)
    survey_ms, is_interested = shopper.surveys.get(product.category_id, (0, False))
    if is_interested:
        points["affinity"] += faded(SURVEY_POINTS, survey_ms, now_ms)
    amount, reference = price_at(engine, supply.store, product.product_id, now_ms) or (0, None)
    if reference:
        points["price_cut"] = PER_CUT_PERCENT * max((reference - amount) * 100 // reference, 0)
    points["stock"] = min(PER_UNIT * (supply.spare_count or 0), STOCK_POINTS_MAX)
    points["loyalty"] = PER_TIER * shopper.tier
    if supply.fulfilment is Fulfilment.IN_STORE:
        if distance_m is not None:
            points["distance"] = max(DISTANCE_POINTS - distance_m // METRES_PER_DISTANCE_POINT, 0)
        points["dwell"] = DWELL_POINTS if has_dwelt else 0
        if closes_ms is not None:
            points["closing"] = min((closes_ms - now_ms) // 60_000, CLOSING_POINTS_MAX)
    return points


def is_held_out(engine: Pipeline, shopper: Shopper, campaign: Campaign) -> bool:
    """Whether she is in the control group of a campaign; '' = of offers without one (SplitMix64, keyed twice)."""
    share = campaign.held_out_per_10000 if campaign.campaign_id else engine.policy.held_out_per_10000
    if not share:
        return False
    salt = _split_mix(experiment_key(campaign.campaign_id)) >> 1
    return _split_mix(salt ^ (shopper.person_key & _MASK)) >> 1 < held_out_threshold(share)


def _split_mix(key: int) -> int:
    bits = (key + 0x9E37_79B9_7F4A_7C15) & _MASK
    bits = ((bits ^ bits >> 30) * 0xBF58_476D_1CE4_E5B9) & _MASK
    bits = ((bits ^ bits >> 27) * 0x94D0_49BB_1331_11EB) & _MASK
    return bits ^ bits >> 31
