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
    # pings: T1, T2, T3
    assumed_accuracy_cm: int = 5_000
    accuracy_max_cm: int = 10_000
    future_tolerance_ms: int = 30_000
    historical_after_ms: int = 60_000
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
    intent_max_age_ms: int = 14 * DAY_MS
    safety_stock_count: int = 1
    same_offer_after_ms: int = DAY_MS
    cooldown_ms: int = 30 * 60_000
    cap_day_count: int = 3
    cap_week_count: int = 8
    cap_store_day_count: int = 1

    def validate(self) -> None:
        """Raise InvalidArgumentError naming the first field outside its hard bound."""
        for name, value in self._asdict().items():
            low = 1 if name in ("enter_fix_count", "exit_fix_count") else 0
            high = limits.CAP_LIMIT_MAX if name.startswith("cap_") else 400 * DAY_MS
            high = limits.FIX_COUNT_MAX if name.endswith("_fix_count") else high
            if not isinstance(value, int) or not low <= value <= high:
                raise InvalidArgumentError(f"{name} must be an integer in {low}..{high}", field=name)
        if self.same_offer_after_ms > limits.CONTACT_RETENTION_MS:
            raise InvalidArgumentError("same_offer_after_ms exceeds the retention of contacts")
