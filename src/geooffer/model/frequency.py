"""Frequency cap rules (semantics D2): {scope, window, limit, event}; all rules hold at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from geooffer.errors import InvalidArgumentError
from geooffer.model import limits
from geooffer.model.kinds import CapEvent, CapScope, CapWindow, CapZone
from geooffer.model.policy import DAY_MS


@dataclass(frozen=True, slots=True)
class CapRule:
    """At most `limit_count` events in the window. `window_ms` is for sliding windows, `zone` for calendar ones."""

    scope: CapScope
    limit_count: int
    window: CapWindow = CapWindow.SLIDING
    window_ms: int = DAY_MS
    zone: CapZone = CapZone.CUSTOMER
    event: CapEvent = CapEvent.DECIDED

    def validate(self) -> None:
        """Raise InvalidArgumentError naming the field outside its bound."""
        if not 0 <= self.limit_count <= limits.CAP_LIMIT_MAX:
            raise InvalidArgumentError(f"limit_count must be 0..{limits.CAP_LIMIT_MAX}", field="limit_count")
        if self.window is CapWindow.SLIDING and not 1 <= self.window_ms <= limits.CAP_WINDOW_MAX_MS:
            raise InvalidArgumentError("a sliding window lasts 1 ms to 31 days", field="window")
        if self.event is CapEvent.CONTACTED:
            self._validate_contacted()
        if self.scope is not CapScope.CAMPAIGN_TOTAL:
            return
        if self.event is not CapEvent.DECIDED:
            raise InvalidArgumentError("a campaign's total counts decisions", field="event")
        if self.window is not CapWindow.SLIDING and self.zone is not CapZone.UTC:
            rule = "a campaign's total has no customer and no store: its calendar is UTC"
            raise InvalidArgumentError(rule, field="zone")

    def _validate_contacted(self) -> None:
        """Others' messages have no store and no campaign, and only so many are kept: such a rule could never fill."""
        if self.scope in (CapScope.PERSON_STORE, CapScope.PERSON_CAMPAIGN):
            raise InvalidArgumentError("messages of others have no store and no campaign", field="scope")
        if self.limit_count > limits.CONTACTED_COUNT_MAX:
            rule = f"limit_count of messages must be 0..{limits.CONTACTED_COUNT_MAX}: so many are kept"
            raise InvalidArgumentError(rule, field="limit_count")


DEFAULT_CAP_RULES = (
    CapRule(CapScope.PERSON, 3),
    CapRule(CapScope.PERSON, 8, window_ms=7 * DAY_MS),
    CapRule(CapScope.PERSON_STORE, 1),
)
"""3 a day and 8 a week per person, 1 per store and day; all sliding."""


def check_rules(rules: Sequence[CapRule]) -> None:
    """Raise InvalidArgumentError for a rule out of bounds, or too many."""
    if len(rules) > limits.CAP_RULE_COUNT_MAX:
        raise InvalidArgumentError(f"at most {limits.CAP_RULE_COUNT_MAX} cap rules", field="cap_rules")
    for rule in rules:
        rule.validate()
