"""The numbers a policy may set (semantics, in italics there) with their defaults and units.

A NamedTuple of integers, so that compiled kernels take it as it is (Numba NamedUniTuple of int64).
"""

from __future__ import annotations

from typing import NamedTuple

from geooffer.errors import InvalidArgumentError
from geooffer.model import limits

HOUR_MS = 3_600_000
DAY_MS = 86_400_000


class Policy(NamedTuple):
    """Defaults are semantics.md's; `version` counts published policies."""

    version: int = 1
    # pings: T1, T2, T3, T4
    assumed_accuracy_cm: int = 5_000
    accuracy_max_cm: int = 10_000
    future_tolerance_ms: int = 30_000
    historical_after_ms: int = 60_000
    jump_cm_per_s: int = 7_000
    """Over this, both accuracies subtracted, a fix is not believed."""
    jump_fix_count: int = 3
    """So many in a row that agree with one another are; 1 = every fix is."""
    # presence: P1, P2, P3, P5
    inside_accuracy_floor_cm: int = 5_000
    outside_margin_cm: int = 1_000
    outside_accuracy_percent: int = 100
    enter_fix_count: int = 1
    exit_fix_count: int = 2
    dwell_ms: int = 60_000
    silent_after_ms: int = 15 * 60_000
    # decisions: D1, D2
    closing_margin_ms: int = 10 * 60_000
    fast_cm_per_s: int = 800
    quiet_start_minute: int = 21 * 60
    """Minutes after local midnight; start = end: no quiet hours."""
    quiet_end_minute: int = 8 * 60
    quiet_days_mask: int = 127
    """Bit 0 = Monday; a window over midnight belongs to the day it starts."""
    intent_max_age_ms: int = 14 * DAY_MS
    safety_stock_count: int = 1
    stock_max_age_ms: int = DAY_MS
    same_offer_after_ms: int = DAY_MS
    ended_offer_after_ms: int = 30 * DAY_MS
    """How long an offer she dismissed or redeemed is not repeated."""
    cooldown_ms: int = 30 * 60_000
    score_floor: int = 0
    held_out_per_10000: int = 0
    """Share of persons in the control group of offers without a campaign."""
    # retention (privacy M7), within the ceilings of limits.py
    intent_retention_days: int = 14
    fact_retention_days: int = 1_096
    decision_retention_days: int = 32
    consent_evidence_retention_days: int = 1_096
    """Of consent events, from when others took their place; what holds now is held until erased."""
    # set by the service, in no document
    retry_count: int = 0
    """Changes of policy after which visits in progress are tried once more: loosenings, and ends of a stop."""
    offers_stopped: int = 0
    """1 = the kill switch is on: every try ends OFFERS_STOPPED."""

    @property
    def intents_kept_ms(self) -> int:
        """How long a search, view, wish or cart is held: no longer than it counts."""
        return min(self.intent_max_age_ms, self.intent_retention_days * DAY_MS, limits.INTENT_RETENTION_MS)

    @property
    def facts_kept_ms(self) -> int:
        """How long sizes, purchases, likes, answers and memberships of lists are held."""
        return min(self.fact_retention_days * DAY_MS, limits.FACT_RETENTION_MS)

    @property
    def decisions_kept_ms(self) -> int:
        """How long decisions, their outcomes and contacts are held after the last thing that happened of them."""
        return min(self.decision_retention_days * DAY_MS, limits.DECISION_RETENTION_MAX_MS)

    @property
    def consent_evidence_kept_ms(self) -> int:
        """How long a superseded consent event is held."""
        return min(self.consent_evidence_retention_days * DAY_MS, limits.CONSENT_EVIDENCE_RETENTION_MAX_MS)

    def validate(self) -> None:
        """Raise InvalidArgumentError naming the first field outside its hard bound."""
        for name, value in self._asdict().items():
            low, high = _BOUNDS.get(name, (0, 400 * DAY_MS))
            if not isinstance(value, int) or not low <= value <= high:
                raise InvalidArgumentError(f"{name} must be an integer in {low}..{high}", field=name)


_BOUNDS = {
    "jump_cm_per_s": (1, limits.SPEED_MAX_CM_PER_S),
    "jump_fix_count": (1, limits.JUMP_FIX_COUNT_MAX),
    "enter_fix_count": (1, limits.FIX_COUNT_MAX),
    "exit_fix_count": (1, limits.FIX_COUNT_MAX),
    "quiet_start_minute": (0, 1_439),
    "quiet_end_minute": (0, 1_439),
    "quiet_days_mask": (0, 127),
    "same_offer_after_ms": (0, limits.CAP_WINDOW_MAX_MS),
    "cooldown_ms": (0, limits.CAP_WINDOW_MAX_MS),
    "ended_offer_after_ms": (0, limits.CAP_WINDOW_MAX_MS),
    "score_floor": (0, limits.SCORE_FLOOR_MAX),
    "held_out_per_10000": (0, 10_000),
    "intent_retention_days": (1, limits.INTENT_RETENTION_MS // DAY_MS),
    "fact_retention_days": (1, limits.FACT_RETENTION_MS // DAY_MS),
    "decision_retention_days": (limits.CONTACT_RETENTION_MS // DAY_MS, limits.DECISION_RETENTION_MAX_MS // DAY_MS),
    "consent_evidence_retention_days": (1, limits.CONSENT_EVIDENCE_RETENTION_MAX_MS // DAY_MS),
    "retry_count": (0, 2**31),
    "offers_stopped": (0, 1),
}
