"""A3: changes by hand, and how they are told: tightening, loosening, or not known, which is loosening. Every field and
every pair of cap rules: test_policy_classing.py."""

from __future__ import annotations

from dataclasses import replace

import pytest

from geooffer.model.frequency import CapRule
from geooffer.model.kinds import CapEvent, CapScope, CapWindow, CapZone
from geooffer.model.policy import DAY_MS, Policy
from geooffer.model.policy_difference import Change, difference, is_loosening
from geooffer.model.policy_document import PolicyDocument
from geooffer.model.verdicts import Purpose

BASE = PolicyDocument()
SEARCH = Purpose.SEARCH_INTENT_USE


def changes(new: PolicyDocument, old: PolicyDocument = BASE) -> tuple[Change, ...]:
    return difference(old, new, lambda before, after: before < after)


def of_numbers(**values: int) -> tuple[Change, ...]:
    return changes(replace(BASE, numbers=Policy()._replace(**values)))


@pytest.mark.parametrize(
    ("quiet", "is_tightening"),
    [
        ({"quiet_start_minute": 20 * 60}, True),
        ({"quiet_end_minute": 9 * 60}, True),
        ({"quiet_start_minute": 22 * 60}, False),
        ({"quiet_days_mask": 126}, False),
        ({"quiet_start_minute": 480}, False),  # start = end: no quiet hours at all
        ({"quiet_start_minute": 20 * 60, "quiet_end_minute": 7 * 60}, False),
        ({"quiet_start_minute": 0, "quiet_end_minute": 1_439}, False),  # the last minute of the day is lost
    ],
)
def test_quiet_hours_tighten_where_every_minute_stays_quiet(quiet: dict[str, int], is_tightening: bool) -> None:
    assert {change.is_tightening for change in of_numbers(**quiet)} == {is_tightening}


def test_a_day_more_is_tighter() -> None:
    old = replace(BASE, numbers=Policy(quiet_days_mask=3))
    assert [change.is_tightening for change in changes(BASE, old)] == [True]


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (BASE.cap_rules[::-1], []),
        ((*BASE.cap_rules, CapRule(CapScope.PERSON, 9)), []),  # the least limit of a window holds already
        ((*BASE.cap_rules, CapRule(CapScope.PERSON_CATEGORY, 1)), [("", "1", True)]),
        (BASE.cap_rules[:2], [("1", "", False)]),
        ((CapRule(CapScope.PERSON, 2), *BASE.cap_rules[1:]), [("3", "2", True)]),
        ((CapRule(CapScope.PERSON, 4), *BASE.cap_rules[1:]), [("3", "4", False)]),
        # the same limit over a longer window says more
        ((CapRule(CapScope.PERSON, 3, window_ms=2 * DAY_MS), *BASE.cap_rules[1:]), [("3", "", True), ("", "3", True)]),
        (
            (CapRule(CapScope.PERSON, 3, window_ms=DAY_MS // 2), *BASE.cap_rules[1:]),
            [("3", "", False), ("", "3", True)],
        ),
        (
            (CapRule(CapScope.PERSON, 3, event=CapEvent.DISPLAYED), *BASE.cap_rules[1:]),
            [("3", "", False), ("", "3", True)],
        ),
        (
            (CapRule(CapScope.PERSON, 3, CapWindow.CALENDAR_DAY, zone=CapZone.UTC), *BASE.cap_rules[1:]),
            [("3", "", False), ("", "3", True)],
        ),
    ],
)
def test_cap_rules(rules: tuple[CapRule, ...], told: list[tuple[str, str, bool]]) -> None:
    found = changes(replace(BASE, cap_rules=rules))
    assert sorted((change.before, change.after, change.is_tightening) for change in found) == sorted(told)


@pytest.mark.parametrize(
    ("before", "after", "is_tightening"), [("", "b", True), ("b", "", False), ("a", "b", True), ("b", "a", False)]
)
def test_minimum_notices(before: str, after: str, is_tightening: bool) -> None:
    old, new = (replace(BASE, minimum_notices=((SEARCH, name),) if name else ()) for name in (before, after))
    (change,) = changes(new, old)
    assert (change.field, change.is_tightening) == ("minimum_notice.search_intent_use", is_tightening)


def test_fewer_approvals_are_a_loosening() -> None:
    two = replace(BASE, approvals_needed=2)
    assert not is_loosening(changes(two))
    assert is_loosening(changes(BASE, two))


def test_one_loosening_among_tightenings_loosens() -> None:
    new = replace(BASE, numbers=Policy(cooldown_ms=DAY_MS, score_floor=9, fast_cm_per_s=900))
    assert is_loosening(changes(new))
    assert sum(change.is_tightening for change in changes(new)) == 2


def test_who_when_and_why_are_no_changes() -> None:
    assert changes(replace(BASE, reason="x", author="y", version=3, numbers=Policy(version=8, retry_count=4))) == ()
