"""D2: what a cap rule may say; the defaults are those in italics."""

from __future__ import annotations

from typing import Any

import pytest

from geooffer.errors import InvalidArgumentError
from geooffer.model import limits
from geooffer.model.frequency import DEFAULT_CAP_RULES, CapRule, check_rules
from geooffer.model.kinds import CapEvent, CapScope, CapWindow, CapZone
from geooffer.model.policy import DAY_MS


def test_the_defaults_are_three_a_day_eight_a_week_and_one_a_store_and_day() -> None:
    assert [(rule.scope, rule.limit_count, rule.window, rule.window_ms, rule.event) for rule in DEFAULT_CAP_RULES] == [
        (CapScope.PERSON, 3, CapWindow.SLIDING, DAY_MS, CapEvent.DECIDED),
        (CapScope.PERSON, 8, CapWindow.SLIDING, 7 * DAY_MS, CapEvent.DECIDED),
        (CapScope.PERSON_STORE, 1, CapWindow.SLIDING, DAY_MS, CapEvent.DECIDED),
    ]
    check_rules(DEFAULT_CAP_RULES)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"limit_count": -1}, "limit_count"),
        ({"limit_count": limits.CAP_LIMIT_MAX + 1}, "limit_count"),
        ({"window_ms": 0}, "window"),
        ({"window_ms": limits.CAP_WINDOW_MAX_MS + 1}, "window"),
        ({"scope": CapScope.CAMPAIGN_TOTAL, "event": CapEvent.DISPLAYED}, "event"),
        ({"scope": CapScope.PERSON_STORE, "event": CapEvent.CONTACTED}, "scope"),
        ({"scope": CapScope.PERSON_CAMPAIGN, "event": CapEvent.CONTACTED}, "scope"),
        ({"scope": CapScope.CAMPAIGN_TOTAL, "window": CapWindow.CALENDAR_DAY}, "zone"),
        ({"scope": CapScope.CAMPAIGN_TOTAL, "window": CapWindow.CALENDAR_WEEK, "zone": CapZone.STORE}, "zone"),
    ],
)
def test_what_is_out_of_bounds_is_refused_by_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        CapRule(**{"scope": CapScope.PERSON, "limit_count": 1, **changes}).validate()
    assert caught.value.field == field


@pytest.mark.parametrize("window", [window for window in CapWindow if window is not CapWindow.SLIDING])
def test_calendar_windows_have_no_length_and_totals_follow_utc(window: CapWindow) -> None:
    CapRule(CapScope.PERSON, 0, window, window_ms=0).validate()
    CapRule(CapScope.CAMPAIGN_TOTAL, limits.CAP_LIMIT_MAX, window, zone=CapZone.UTC).validate()


def test_so_many_rules_and_no_more() -> None:
    rules = [CapRule(CapScope.PERSON, 1)] * limits.CAP_RULE_COUNT_MAX
    check_rules(rules)
    with pytest.raises(InvalidArgumentError) as caught:
        check_rules([*rules, rules[0]])
    assert caught.value.field == "cap_rules"
