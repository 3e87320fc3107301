"""Any cap rule over any contacts, at and beside the ends of its window: the kernel against a slow reading of D2."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from offer_cases import always, judged
from world import ping

from geooffer.model.frequency import CapRule
from geooffer.model.kinds import CapEvent, CapScope, CapWindow, CapZone, OutcomeKind
from geooffer.model.policy import DAY_MS, HOUR_MS
from geooffer.model.signals import Touchpoint
from geooffer.model.units import parse_time_ms
from geooffer.model.verdicts import OfferVerdict, TouchpointKind

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "UTC")
NOWS = tuple(
    parse_time_ms(text)
    for text in (
        "2026-03-08T23:00:00Z",  # Monday 00:00 in Berlin, the day New York's clocks jump
        "2026-03-29T22:00:00Z",  # the end of Berlin's short day
        "2026-03-31T22:00:00Z",  # 1 April there
        "2026-04-04T13:30:00Z",  # Auckland, half an hour before 02:00 comes twice
        "2026-06-30T18:30:00Z",  # midnight of 1 July in Kolkata
        "2026-10-25T23:00:00Z",
        "2026-11-01T04:00:00Z",
    )
)
RULE = st.builds(
    CapRule,
    st.sampled_from([CapScope.PERSON, CapScope.PERSON_STORE, CapScope.PERSON_CATEGORY]),
    st.sampled_from([1, 1, 1, 2, 0]),
    st.sampled_from(CapWindow),
    st.sampled_from([1, HOUR_MS, DAY_MS, 7 * DAY_MS, 31 * DAY_MS]),
    st.sampled_from(CapZone),
    st.sampled_from([CapEvent.DECIDED, CapEvent.DELIVERED, CapEvent.DISPLAYED, CapEvent.DISPLAYED, CapEvent.CONTACTED]),
)
AGE = st.sampled_from([0, HOUR_MS, DAY_MS, 7 * DAY_MS, 31 * DAY_MS])
MIDNIGHT = st.tuples(st.sampled_from(ZONES), st.sampled_from([0, 0, 0, 1, 2, 3, 4, 5, 6, 30]))
MOMENT = st.tuples(st.one_of(MIDNIGHT, AGE), st.integers(-1, 1))
CONTACT = st.tuples(MOMENT, st.sampled_from([True, False, False]), st.one_of(st.none(), MOMENT))
"""(when, is it somebody else's message, when it was displayed)."""


def moment_ms(now_ms: int, drawn: tuple[tuple[str, int] | int, int]) -> int:
    """An age, or a local midnight some days ago; a millisecond to either side; never after `now_ms`."""
    base, shift_ms = drawn
    if isinstance(base, int):
        return min(now_ms - base + shift_ms, now_ms)
    zone = ZoneInfo(base[0])
    today = datetime.fromtimestamp(now_ms // 1000, UTC).astimezone(zone).date()
    midnight = datetime.combine(today - timedelta(days=base[1]), time(), zone)
    return min(int(midnight.timestamp()) * 1000 + shift_ms, now_ms)


DRAWN = RULE, st.sampled_from(["", *ZONES]), st.sampled_from(NOWS), st.integers(-1, 1), st.lists(CONTACT, max_size=3)


@settings(max_examples=80, deadline=None)
@given(*DRAWN)
def test_a_rule_is_full_as_read_slowly(
    rule: CapRule, zone: str, around_ms: int, shift_ms: int, contacts: list[tuple[object, bool, object]]
) -> None:
    check_rule(rule, zone, around_ms, shift_ms, contacts)


@pytest.mark.long
@settings(max_examples=1_000, deadline=None)
@given(*DRAWN)
def test_many_rules_are_full_as_read_slowly(
    rule: CapRule, zone: str, around_ms: int, shift_ms: int, contacts: list[tuple[object, bool, object]]
) -> None:
    check_rule(rule, zone, around_ms, shift_ms, contacts)


def check_rule(
    rule: CapRule, zone: str, around_ms: int, shift_ms: int, contacts: list[tuple[object, bool, object]]
) -> None:
    """Decisions are made by walking, before there is a rule; then one more visit is judged by it."""
    now_ms = around_ms + shift_ms
    engine = always(zone=zone).build()
    told = [(moment_ms(now_ms, drawn), is_message, seen) for drawn, is_message, seen in contacts]  # type: ignore[arg-type]
    for index, (time_ms, is_message, seen) in enumerate(sorted(told, key=lambda item: item[0])):
        if is_message:
            about = {"category_id": "running-shoes", "source": f"source-{index}"}
            engine.record_touchpoints([Touchpoint("ann", TouchpointKind.CONTACTED, time_ms, **about)], now_ms=time_ms)  # type: ignore[arg-type]
            continue
        engine.advance(time_ms + HOUR_MS)  # nobody is there any more
        for decision in engine.commit(engine.step(ping(time_ms))):
            seen_ms = -1 if seen is None else moment_ms(now_ms, seen)  # type: ignore[arg-type]
            if seen_ms >= decision.time_ms:
                delivered_ms = max(seen_ms - DAY_MS, decision.time_ms)
                for kind, time_ms in ((OutcomeKind.DELIVERED, delivered_ms), (OutcomeKind.DISPLAYED, seen_ms)):
                    engine.report_outcome(decision.decision_id, kind, time_ms=time_ms, now_ms=now_ms)
    engine.cap_rules = (rule,)
    engine.put_nouns([*engine.registry.categories.values()], now_ms=now_ms)
    engine.advance(now_ms + HOUR_MS)
    verdict = judged(engine, now_ms, device=2)
    assert verdict in (OfferVerdict.FREQUENCY_CAP, OfferVerdict.OFFERED)
    if rule.limit_count == 0:
        assert verdict is OfferVerdict.FREQUENCY_CAP
