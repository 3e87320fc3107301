"""What the offer machine draws: rules of a town, rows of a stream, signals. Not a test file."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st
from offer_scene import CAMPAIGN_IDS, CATEGORIES, DEVICE_KEYS, PRODUCTS, WEB_ONLY, ZONES, Rules

from geooffer.model.catalog import Campaign
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import CapEvent, CapScope, CapWindow, CapZone
from geooffer.model.policy import DAY_MS, HOUR_MS, Policy
from geooffer.model.verdicts import Purpose, TouchpointKind

MINUTE_MS = 60_000
ALL_PURPOSES = (1 << len(Purpose)) - 1


@dataclass(frozen=True)
class Row:
    """A ping to be: how long after the one before, from where, and what is wrong with it."""

    device: int
    place: int
    after_ms: int
    kind: str


def _rule(scope: CapScope, window: CapWindow, window_ms: int, limit: int, zone: CapZone, event: CapEvent) -> CapRule:
    if scope is CapScope.CAMPAIGN_TOTAL:
        zone, event = CapZone.UTC, CapEvent.DECIDED
    elif event is CapEvent.CONTACTED and scope in (CapScope.PERSON_STORE, CapScope.PERSON_CAMPAIGN):
        event = CapEvent.DECIDED  # messages of others have no store and no campaign
    return CapRule(scope, limit, window, window_ms, zone, event)


CAP_RULE = st.builds(
    _rule,
    st.sampled_from(CapScope),
    st.sampled_from(CapWindow),
    st.sampled_from([1, HOUR_MS, DAY_MS, 7 * DAY_MS, 31 * DAY_MS]),
    st.sampled_from([1, 1, 2, 3, 5, 0]),
    st.sampled_from(CapZone),
    st.sampled_from(CapEvent),
)
CAP_RULES = st.lists(CAP_RULE, max_size=4).map(tuple)


def _campaigns(
    budgets: tuple[int, ...],
    rules: tuple[tuple[CapRule, ...], ...],
    held_out: tuple[int, ...],
    channels: tuple[int, ...],
) -> tuple[Campaign, ...]:
    return tuple(
        Campaign(name, budget_count=budget, cap_rules=own, held_out_per_10000=share, channels=mask)
        for name, budget, own, share, mask in zip(CAMPAIGN_IDS, budgets, rules, held_out, channels, strict=True)
    )


def _pair(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.tuples(strategy, strategy)


CAMPAIGNS = st.builds(
    _campaigns,
    _pair(st.sampled_from([1, 2, 4, 0])),
    _pair(st.lists(CAP_RULE, max_size=1).map(tuple)),
    _pair(st.sampled_from([0, 0, 5_000, 10_000])),
    _pair(st.sampled_from([0, 0, 0, WEB_ONLY])),
)
POLICY = st.builds(
    lambda same, ended, cooldown, age, share, quiet: Policy(
        same_offer_after_ms=same,
        ended_offer_after_ms=ended,
        cooldown_ms=cooldown,
        intent_max_age_ms=age,
        held_out_per_10000=share,
        quiet_start_minute=quiet[0],
        quiet_end_minute=quiet[1],
        jump_fix_count=1,  # phones of these draws are at two places
    ),
    st.sampled_from([0, HOUR_MS, DAY_MS, 31 * DAY_MS]),
    st.sampled_from([0, DAY_MS, 31 * DAY_MS]),
    st.sampled_from([0, 0, 1, 30 * MINUTE_MS]),
    st.sampled_from([14 * DAY_MS, 300 * DAY_MS]),
    st.sampled_from([0, 0, 3_000]),
    st.sampled_from([(0, 0), (0, 0), (1_260, 480), (720, 780)]),
)
RULES = st.builds(Rules, POLICY, CAP_RULES, CAMPAIGNS, st.sampled_from(["system", "client"]))
ROW = st.builds(
    Row,
    st.sampled_from(DEVICE_KEYS),
    st.sampled_from([0, 0, 0, 1, 1, 2]),
    st.sampled_from([0, 1_000, 20_000, 20 * MINUTE_MS, 2 * HOUR_MS, DAY_MS]),
    st.sampled_from(["live"] * 9 + ["again", "historical", "future", "coarse", "malformed", "fast", "new session"]),
)
ROWS = st.lists(ROW, min_size=1, max_size=6)
NAME = st.sampled_from(list(ZONES))
PURPOSES = st.one_of(st.just(ALL_PURPOSES), st.sampled_from(Purpose).map(lambda purpose: purpose.bit))
AGE_MS = st.sampled_from([0, 0, HOUR_MS, DAY_MS, 5 * DAY_MS])
SIGNAL_KIND = st.sampled_from(
    [
        TouchpointKind.SEARCH,
        TouchpointKind.VIEW,
        TouchpointKind.WISH,
        TouchpointKind.CART,
        TouchpointKind.PURCHASE,
        TouchpointKind.RETURN,
        TouchpointKind.CONTACTED,
    ]
)
SUBJECT = st.sampled_from([*(item.category_id for item in CATEGORIES), *(item.product_id for item in PRODUCTS)])
