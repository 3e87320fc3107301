"""A3: what is classed tightening, against an oracle that is slow and obvious: for each rule, every situation it ends.

A change may be classed tightening only where each situation that was silent stays silent. Exhaustive over small
domains: every number with every pair of values, quiet hours by every minute of a week, cap rules by every pair of
rules and every history of up to two events. The direction of each field is written here by hand;
tests/engine/test_policy_property.py asks the real engine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import chain, combinations_with_replacement, permutations, product
from operator import or_
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from geooffer.errors import InvalidArgumentError
from geooffer.model.frequency import CapRule
from geooffer.model.kinds import CapEvent, CapScope, CapWindow, CapZone
from geooffer.model.policy import HOUR_MS, Policy
from geooffer.model.policy_difference import difference, is_loosening
from geooffer.model.policy_document import SECTIONS, PolicyDocument

BASE = PolicyDocument()
Silences = Callable[[int, int], bool]
"""(value of the field, situation) → a try in that situation ends without a decision by this rule."""

SILENCES: dict[str, Silences] = {
    "fast_cm_per_s": lambda limit, speed_cm_per_s: speed_cm_per_s > limit,
    "intent_max_age_ms": lambda limit, age_ms: age_ms > limit,
    "intent_retention_days": lambda limit, age_days: age_days > limit,
    "same_offer_after_ms": lambda limit, since_ms: since_ms < limit,
    "ended_offer_after_ms": lambda limit, since_ms: since_ms < limit,
    "cooldown_ms": lambda limit, since_ms: since_ms < limit,
    "score_floor": lambda floor, score: score < floor,
    "held_out_per_10000": lambda share, place: place < share,
}
UNKNOWN = (
    "assumed_accuracy_cm", "accuracy_max_cm", "future_tolerance_ms", "historical_after_ms",
    "jump_cm_per_s", "jump_fix_count",
    "inside_accuracy_floor_cm", "outside_margin_cm", "outside_accuracy_percent", "enter_fix_count", "exit_fix_count",
    "dwell_ms", "silent_after_ms", "closing_margin_ms", "safety_stock_count", "stock_max_age_ms",
    "fact_retention_days", "decision_retention_days", "consent_evidence_retention_days",
)  # fmt: skip
QUIET = ("quiet_start_minute", "quiet_end_minute", "quiet_days_mask")


def is_tightening(old: PolicyDocument, new: PolicyDocument) -> bool:
    return not is_loosening(difference(old, new, lambda before, after: False))


def valid_values(name: str) -> list[int]:
    """Values around the default and the smallest ones, as far as a document may have them."""
    default = getattr(Policy(), name)
    found = []
    for value in sorted({*range(8), default - 1, default, default + 1, 2 * default}):
        try:
            replace(BASE, numbers=Policy()._replace(**{name: value})).validate()
        except InvalidArgumentError:
            continue
        found.append(value)
    return found


def test_every_number_is_looked_at() -> None:
    told = [name for names in SECTIONS.values() for name in names]
    assert sorted([*SILENCES, *UNKNOWN, *QUIET]) == sorted(told)


@pytest.mark.parametrize("name", sorted(SILENCES))
def test_a_number_tightens_exactly_where_every_silence_stays(name: str) -> None:
    silences, values = SILENCES[name], valid_values(name)
    situations = sorted({value + step for value in values for step in (-1, 0, 1)})
    assert len(values) > 2
    for before, after in permutations(values, 2):
        old, new = (replace(BASE, numbers=Policy()._replace(**{name: value})) for value in (before, after))
        stays = all(silences(after, each) for each in situations if silences(before, each))
        assert is_tightening(old, new) == stays, (name, before, after)


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_number_whose_direction_is_not_known_loosens_both_ways(name: str) -> None:
    values = valid_values(name)
    assert len(values) > 1
    for before, after in permutations(values, 2):
        old, new = (replace(BASE, numbers=Policy()._replace(**{name: value})) for value in (before, after))
        (change,) = difference(old, new, lambda before, after: False)
        assert not change.is_tightening
        assert change.why


# -- quiet hours ---------------------------------------------------------------------------------------------------

MONDAY = datetime(2026, 3, 2)


def quiet_week(start: int, end: int, mask: int) -> np.ndarray:
    """For every minute of a week, whether it is quiet (semantics H3): a walk through the windows, night by night."""
    quiet = np.zeros(7 * 1_440, dtype=bool)
    for day in range(7):
        if not mask >> day & 1 or start == end:
            continue
        moment = MONDAY + timedelta(days=day, minutes=start)
        while True:
            quiet[int((moment - MONDAY).total_seconds()) // 60 % len(quiet)] = True
            moment += timedelta(minutes=1)
            if moment.hour * 60 + moment.minute == end:
                break
    return quiet


def test_quiet_hours_tighten_exactly_where_every_minute_of_the_week_stays_quiet() -> None:
    hours = [(start, end, mask) for start, end in product((0, 480, 1_260), (0, 480, 1_439)) for mask in (1, 3, 127)]
    weeks = {quiet: quiet_week(*quiet) for quiet in hours}
    tighter = 0
    for before, after in permutations(hours, 2):
        old, new = (
            replace(BASE, numbers=Policy()._replace(**dict(zip(QUIET, quiet, strict=True))))
            for quiet in (before, after)
        )
        stays = bool((weeks[before] <= weeks[after]).all())
        assert is_tightening(old, new) == stays, (before, after)
        tighter += stays
    assert 0 < tighter < len(hours) ** 2


# -- cap rules -----------------------------------------------------------------------------------------------------

ZONES = {CapZone.CUSTOMER: "Asia/Kathmandu", CapZone.STORE: "America/New_York", CapZone.UTC: "UTC"}
NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
"""A Monday morning in UTC and for her, and Sunday evening still at the store."""
AGES_H = (1, 4, 20, 30, 60, 24 * 20)


@dataclass(frozen=True)
class Event:
    """An offer she had, or (kind "message") somebody else's message; `seen` = delivered and displayed an hour later."""

    age_h: int
    kind: str = "offer"
    same_store: bool = True
    same_category: bool = True
    same_campaign: bool = True
    seen: bool = False


def all_events() -> Iterator[Event]:
    for age_h in AGES_H:
        yield from (Event(age_h, seen=seen) for seen in (False, True))
        yield Event(age_h, same_store=False)
        yield Event(age_h, same_category=False)
        yield Event(age_h, same_campaign=False)
        yield Event(age_h, same_store=False, same_category=False, same_campaign=False)
        yield from (Event(age_h, "message", same_category=same) for same in (False, True))


EVENTS = tuple(all_events())
HISTORIES = tuple(chain.from_iterable(combinations_with_replacement(EVENTS, count) for count in range(3)))


def counts(rule: CapRule, event: Event) -> bool:
    """Whether a rule counts an event: its kind, its scope, its window."""
    if (event.kind == "message") != (rule.event is CapEvent.CONTACTED):
        return False
    if not {
        CapScope.PERSON: True,
        CapScope.PERSON_STORE: event.same_store,
        CapScope.PERSON_CATEGORY: event.same_category,
        CapScope.PERSON_CAMPAIGN: event.same_campaign,
        CapScope.CAMPAIGN_TOTAL: event.same_campaign,
    }[rule.scope]:
        return False
    is_later = event.seen and rule.event in (CapEvent.DELIVERED, CapEvent.DISPLAYED)
    moment = NOW - timedelta(hours=event.age_h - is_later)
    if rule.window is CapWindow.SLIDING:
        return NOW - moment < timedelta(milliseconds=rule.window_ms)
    zone = ZoneInfo(ZONES[rule.zone])
    day, today = moment.astimezone(zone).date(), NOW.astimezone(zone).date()
    if rule.window is CapWindow.CALENDAR_WEEK:
        return day.isocalendar()[:2] == today.isocalendar()[:2]
    if rule.window is CapWindow.CALENDAR_MONTH:
        return (day.year, day.month) == (today.year, today.month)
    return day == today


def silenced(rule: CapRule) -> int:
    """A bit for every history after which the rule is full."""
    counted = {event: counts(rule, event) for event in EVENTS}
    return sum(
        1 << bit
        for bit, history in enumerate(HISTORIES)
        if sum(counted[event] for event in history) >= rule.limit_count
    )


def all_rules() -> Iterator[CapRule]:
    for scope, event, limit in product(CapScope, CapEvent, (0, 1, 2)):
        yield from (CapRule(scope, limit, window_ms=hours * HOUR_MS, event=event) for hours in (2, 48))
        for window, zone in product((CapWindow.CALENDAR_DAY, CapWindow.CALENDAR_WEEK), CapZone):
            yield CapRule(scope, limit, window, zone=zone, event=event)
        yield CapRule(scope, limit, CapWindow.CALENDAR_MONTH, zone=CapZone.UTC, event=event)


def is_valid(rule: CapRule) -> bool:
    try:
        rule.validate()
    except InvalidArgumentError:
        return False
    return True


RULES = tuple(filter(is_valid, all_rules()))


FEW_RULES = tuple(rule for rule in RULES if rule.limit_count and rule.event is not CapEvent.DELIVERED)


@pytest.fixture(scope="module")
def silences() -> dict[CapRule, int]:
    return {rule: silenced(rule) for rule in RULES}


def with_caps(*rules: CapRule) -> PolicyDocument:
    return replace(BASE, cap_rules=rules)


def test_a_rule_more_tightens_and_a_rule_less_loosens() -> None:
    for rule in RULES:
        assert is_tightening(with_caps(), with_caps(rule))
        assert not is_tightening(with_caps(rule), with_caps())


@pytest.mark.parametrize("rules", [FEW_RULES, pytest.param(RULES, marks=pytest.mark.long)], ids=["few", "all"])
def test_no_rule_that_takes_anothers_place_and_is_classed_tightening_ends_a_silence(
    rules: tuple[CapRule, ...], silences: dict[CapRule, int], capsys: pytest.CaptureFixture[str]
) -> None:
    tighter = spared = 0
    for old, new in permutations(rules, 2):
        stays = silences[old] & ~silences[new] == 0
        # of the same kind: the classing is not careful for nothing
        is_alike = replace(old, limit_count=1, window_ms=1) == replace(new, limit_count=1, window_ms=1)
        if is_tightening(with_caps(old), with_caps(new)):
            assert stays, (old, new)
            tighter += 1
        else:
            assert not (stays and is_alike and new.limit_count), (old, new)
            spared += stays
    assert tighter > 100
    with capsys.disabled():
        pairs, told = len(rules) * (len(rules) - 1), f"{tighter} tightenings, {spared} approved without need"
        sys.stdout.write(f"\n{pairs} pairs of cap rules, {len(HISTORIES)} histories: {told}\n")


def test_no_list_of_rules_that_is_classed_tightening_ends_a_silence(silences: dict[CapRule, int]) -> None:
    rng = np.random.default_rng(11)
    tighter = 0
    for _ in range(4_000):
        held = [RULES[int(index)] for index in rng.integers(0, len(RULES), int(rng.integers(0, 4)))]
        wanted = [item for item in held if rng.random() < 0.8]
        for place, item in enumerate(wanted):
            if rng.random() < 0.5:
                like = [rule for rule in RULES if (rule.scope, rule.event) == (item.scope, item.event)]
                wanted[place] = like[int(rng.integers(0, len(like)))]
        wanted += [RULES[int(index)] for index in rng.integers(0, len(RULES), int(rng.integers(0, 2)))]
        before, after = (reduce(or_, (silences[item] for item in rules), 0) for rules in (held, wanted))
        if is_tightening(with_caps(*held), with_caps(*wanted)):
            assert before & ~after == 0, (held, wanted)
            tighter += held != wanted
    assert tighter > 100
