"""Random policies, cap rules, campaigns and categories for random_market.py. Not a test."""

from __future__ import annotations

from typing import Any

import numpy as np

from geooffer.model.catalog import Campaign, Category
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import ALL_ACCOUNTS, AccountKind, CapEvent, CapScope, CapWindow, CapZone, Channel
from geooffer.model.policy import DAY_MS, HOUR_MS, Policy
from geooffer.model.repurchase import RepurchaseRule

Rng = np.random.Generator
MINUTE_MS = 60_000


def _pick(rng: Rng, values: Any) -> Any:
    return values[int(rng.integers(0, len(values)))]


def random_policy(rng: Rng) -> Policy:
    """Every figure that section 5 reads is moved; some worlds never sleep, some have no cooldown."""
    quiet = _pick(
        rng, [*[(0, 0)] * 6, (21 * 60, 8 * 60), (22 * 60 + 30, 6 * 60 + 15), (12 * 60, 14 * 60), (1_000, 990)]
    )
    return Policy(
        closing_margin_ms=_pick(rng, [0, 10, 30]) * MINUTE_MS,
        fast_cm_per_s=_pick(rng, [800, 800, 200]),
        quiet_start_minute=quiet[0],
        quiet_end_minute=quiet[1],
        quiet_days_mask=_pick(rng, [127, 127, 31, 96, 0]),
        intent_max_age_ms=_pick(rng, [14, 14, 3]) * DAY_MS,
        safety_stock_count=_pick(rng, [0, 1, 2]),
        stock_max_age_ms=_pick(rng, [DAY_MS, 2 * DAY_MS, 400 * DAY_MS, 400 * DAY_MS]),
        same_offer_after_ms=_pick(rng, [0, HOUR_MS, DAY_MS]),
        ended_offer_after_ms=_pick(rng, [0, 2 * DAY_MS, 30 * DAY_MS]),
        cooldown_ms=_pick(rng, [0, 0, 30 * MINUTE_MS]),
        score_floor=_pick(rng, [0, 0, 0, 0, 800, 1_200]),
        held_out_per_10000=_pick(rng, [0, 0, 0, 0, 3_000, 10_000]),
    )


def random_rule(rng: Rng) -> CapRule:
    """Any scope, window, zone and event that go together."""
    scope = _pick(rng, list(CapScope))
    window = _pick(rng, list(CapWindow))
    is_total = scope is CapScope.CAMPAIGN_TOTAL
    zone = CapZone.UTC if is_total else _pick(rng, list(CapZone))
    event = CapEvent.DECIDED if is_total else _pick(rng, list(CapEvent))
    if event is CapEvent.CONTACTED and scope in (CapScope.PERSON_STORE, CapScope.PERSON_CAMPAIGN):
        scope = CapScope.PERSON  # messages of others have no store and no campaign
    days = _pick(rng, [0.05, 1, 1, 7, 31])
    return CapRule(scope, int(rng.integers(1, 6)), window, int(days * DAY_MS), zone, event)


def random_rules(rng: Rng, count: int) -> tuple[CapRule, ...]:
    return tuple(random_rule(rng) for _ in range(count))


def random_campaign(rng: Rng, index: int) -> Campaign:
    """Each field is at its silent default more often than not."""

    def seldom(share: float) -> bool:
        return bool(rng.random() < share)

    return Campaign(
        f"campaign-{index}",
        paused=seldom(0.03),
        budget_count=int(rng.integers(1, 6)) if seldom(0.3) else 0,
        minimum_tier=int(rng.integers(1, 4)) if seldom(0.12) else 0,
        account_kinds=_pick(rng, list(AccountKind)).bit if seldom(0.12) else ALL_ACCOUNTS,
        channels=_pick(rng, [Channel.IN_APP.bit, Channel.EMAIL.bit | Channel.IN_APP.bit, Channel.WEB_SHOP.bit])
        if seldom(0.12)
        else 0,
        audience_id=f"audience-{int(rng.integers(0, 2))}" if seldom(0.15) else "",
        cap_rules=random_rules(rng, int(rng.integers(0, 3))),
        held_out_per_10000=_pick(rng, [0, 0, 2_500, 5_000]),
        score_floor=_pick(rng, [0, 0, 0, 0, 1_500]),
        is_open_when_hours_unknown=seldom(0.5),
        offers_other_branch=seldom(0.6),
        offers_shipping=seldom(0.6),
    )


def random_category(rng: Rng, index: int) -> Category:
    """Waiting times by preset or in figures; any may be a special category, men's shoes have a chart."""
    rule = None
    if rng.random() < 0.4:
        days = int(rng.integers(1, 25))
        rule = RepurchaseRule(days, bool(rng.random() < 0.6), bool(rng.random() < 0.5))
    preset = _pick(rng, ["", "coffee", "groceries", "perfume", "books", "washing_machine", "none"])
    return Category(
        f"category-{index}",
        size_chart="shoes_men" if index == 0 else "",
        repurchase_preset=preset if rule is None else "",
        repurchase=rule,
        is_special=bool(rng.random() < (0.4 if index == 2 else 0.05)),
    )
