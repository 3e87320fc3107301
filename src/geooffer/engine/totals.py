"""Campaign totals over all persons: how many offers were decided, and what their limits leave (semantics D10).

Folded from decisions and releases of every partition, so the order between partitions does not matter; what each
partition contributes is kept apart, so that a partition can be written and read alone.
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


class _Tally:
    """Offers of one campaign: all of them counted, the times of the last 31 days kept, sorted."""

    def __init__(self) -> None:
        self.count = 0
        self.newest_ms = NEVER_MS
        """Of all that ever came: what is kept follows from the decisions alone, not from their order."""
        self.times: list[int] = []

    def add(self, count: int, newest_ms: int, times: Iterable[int]) -> None:
        self.count += count
        self.newest_ms = max(self.newest_ms, newest_ms)
        for time_ms in times:
            insort(self.times, time_ms)
        del self.times[: bisect_left(self.times, self.newest_ms - CAP_WINDOW_MAX_MS)]

    def remove(self, time_ms: int) -> None:
        self.count -= 1
        index = bisect_left(self.times, time_ms)
        if index < len(self.times) and self.times[index] == time_ms:
            del self.times[index]


Contribution = tuple[int, int, int, tuple[int, ...]]
"""(campaign number, count, newest_ms, times kept) of the decisions of one partition."""


class CampaignTotals:
    """Decisions per campaign number, over all persons and by the partition they are in."""

    def __init__(self) -> None:
        self._tallies: dict[int, _Tally] = {}
        self._by_partition: dict[int, dict[int, _Tally]] = {}

    def add(self, campaign_number: int, time_ms: int, partition: int = 0) -> None:
        """One more offer of a campaign."""
        self.unite(partition, [(campaign_number, 1, time_ms, (time_ms,))])

    def remove(self, campaign_number: int, time_ms: int, partition: int = 0) -> None:
        """An offer never reached anyone: it does not count."""
        for tallies in (self._tallies, self._by_partition[partition]):
            tallies[campaign_number].remove(time_ms)

    def unite(self, partition: int, contributions: Iterable[Contribution]) -> None:
        """Count what a partition contributes."""
        own = self._by_partition.setdefault(partition, {})
        for campaign_number, count, newest_ms, times in contributions:
            for tallies in (self._tallies, own):
                tallies.setdefault(campaign_number, _Tally()).add(count, newest_ms, times)

    def contributions(self, partition: int) -> list[Contribution]:
        """What the decisions of a partition contribute, by campaign number."""
        return [
            (number, tally.count, tally.newest_ms, tuple(tally.times))
            for number, tally in sorted(self._by_partition.get(partition, {}).items())
        ]

    def count(self, campaign_number: int) -> int:
        """Offers of a campaign so far."""
        tally = self._tallies.get(campaign_number)
        return 0 if tally is None else tally.count

    def remaining(self, campaign_number: int, campaign: Campaign, rules: Iterable[CapRule], now_ms: int) -> int:
        """How many more offers every limit leaves now; NO_LIMIT without any."""
        left = campaign.budget_count - self.count(campaign_number) if campaign.budget_count else NO_LIMIT
        tally = self._tallies.get(campaign_number)
        times = [] if tally is None else tally.times
        for rule in rules:
            used = len(times) - bisect_left(times, window_start_ms(rule, now_ms))
            left = min(left, rule.limit_count - used)
        return left

    def next_look_ms(self, campaign_number: int, campaign: Campaign, rules: Iterable[CapRule], now_ms: int) -> int:
        """Where nothing is left at `now_ms`: no moment before this one leaves anything without a release; NO_LIMIT =
        none ever does."""
        if now_ms == NEVER_MS:
            return NEVER_MS
        if campaign.budget_count and campaign.budget_count <= self.count(campaign_number):
            return NO_LIMIT
        tally = self._tallies.get(campaign_number)
        times = [] if tally is None else tally.times
        latest_ms = NEVER_MS
        for rule in rules:
            used = len(times) - bisect_left(times, window_start_ms(rule, now_ms))
            if used < rule.limit_count:
                continue
            if rule.limit_count <= 0:
                return NO_LIMIT
            if rule.window is CapWindow.SLIDING:
                latest_ms = max(latest_ms, times[-rule.limit_count] + rule.window_ms)
            else:
                latest_ms = max(latest_ms, (now_ms // DAY_MS + 1) * DAY_MS)
        return latest_ms

    def items(self) -> list[tuple[int, int, tuple[int, ...]]]:
        """(campaign number, count, times), sorted: for comparing two folds."""
        return [(number, tally.count, tuple(tally.times)) for number, tally in sorted(self._tallies.items())]
