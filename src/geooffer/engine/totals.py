"""Campaign totals over all persons: how many offers were decided, and what their limits leave (semantics D10).

Folded from decisions and releases of every partition, so the order between partitions does not matter.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from geooffer.model.catalog import Campaign
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import CapScope, CapWindow
from geooffer.model.limits import CAP_WINDOW_MAX_MS
from geooffer.model.policy import DAY_MS
from geooffer.model.tables import NEVER_MS, NO_LIMIT


def total_rules(campaign: Campaign, policy_rules: Iterable[CapRule]) -> list[CapRule]:
    """The rules that limit all offers of a campaign together."""
    return [rule for rule in (*policy_rules, *campaign.cap_rules) if rule.scope is CapScope.CAMPAIGN_TOTAL]


def window_start_ms(rule: CapRule, now_ms: int) -> int:
    """The first moment that still counts; calendar windows of totals follow UTC, weeks begin on Monday.

    Before any time is known (`now_ms` NEVER_MS) everything kept counts: what seems spent is looked at again by then.
    """
    if now_ms == NEVER_MS:
        return NEVER_MS
    if rule.window is CapWindow.SLIDING:
        return now_ms - rule.window_ms + 1
    today = datetime.fromtimestamp(now_ms // 1000, tz=UTC).date()
    first = today
    if rule.window is CapWindow.CALENDAR_WEEK:
        first = today - timedelta(days=today.weekday())
    elif rule.window is CapWindow.CALENDAR_MONTH:
        first = today.replace(day=1)
    return (first - date(1970, 1, 1)).days * DAY_MS


class CampaignTotals:
    """Decisions per campaign number: all of them counted, the times of the last 31 days kept."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._times: dict[int, list[int]] = {}

    def add(self, campaign_number: int, time_ms: int) -> None:
        """One more offer of a campaign."""
        self._counts[campaign_number] = self._counts.get(campaign_number, 0) + 1
        times = self._times.setdefault(campaign_number, [])
        insort(times, time_ms)
        old = bisect_left(times, times[-1] - CAP_WINDOW_MAX_MS)
        del times[:old]

    def remove(self, campaign_number: int, time_ms: int) -> None:
        """An offer never reached anyone: it does not count."""
        self._counts[campaign_number] -= 1
        times = self._times[campaign_number]
        index = bisect_left(times, time_ms)
        if index < len(times) and times[index] == time_ms:
            del times[index]

    def count(self, campaign_number: int) -> int:
        """Offers of a campaign so far."""
        return self._counts.get(campaign_number, 0)

    def remaining(self, campaign_number: int, campaign: Campaign, rules: Iterable[CapRule], now_ms: int) -> int:
        """How many more offers every limit leaves now; NO_LIMIT without any."""
        left = campaign.budget_count - self.count(campaign_number) if campaign.budget_count else NO_LIMIT
        times = self._times.get(campaign_number, [])
        for rule in rules:
            used = len(times) - bisect_left(times, window_start_ms(rule, now_ms))
            left = min(left, rule.limit_count - used)
        return left

    def items(self) -> list[tuple[int, int, tuple[int, ...]]]:
        """(campaign number, count, times), sorted: for comparing two folds."""
        return [(number, count, tuple(self._times[number])) for number, count in sorted(self._counts.items())]
