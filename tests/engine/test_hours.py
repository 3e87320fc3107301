"""H1: weekly hours in the store's zone, half-open, over midnight and over the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from obvious_matcher import _is_open_at
from world import NOW_MS, World, ping, store

from geooffer.engine.hours import compile_hours, horizon_of, merged, time_zone
from geooffer.errors import InvalidArgumentError
from geooffer.model.catalog import WeeklyInterval
from geooffer.model.policy import DAY_MS, HOUR_MS, Policy
from geooffer.model.units import parse_time_ms

BERLIN = "Europe/Berlin"
ALWAYS = tuple(WeeklyInterval(day, 0, 1440) for day in range(7))


def is_open(weekly: tuple[WeeklyInterval, ...], zone: str, moment: str | int) -> bool:
    now_ms = parse_time_ms(moment) if isinstance(moment, str) else moment
    intervals = compile_hours(weekly, zone, now_ms // DAY_MS)
    return any(opens <= now_ms < closes for opens, closes in intervals)


SUNDAY_NIGHT = (WeeklyInterval(5, 22 * 60, 8 * 60),)  # Saturday 22:00 to Sunday 06:00
SUNDAY = (WeeklyInterval(6, 60, 4 * 60),)  # Sunday 01:00 to 05:00


@pytest.mark.parametrize(
    ("weekly", "moment", "expected"),
    [
        # 29 March 2026: 02:00 becomes 03:00, the night is an hour short
        (SUNDAY_NIGHT, "2026-03-28T21:59:59+01:00", False),
        (SUNDAY_NIGHT, "2026-03-28T22:00:00+01:00", True),
        (SUNDAY_NIGHT, "2026-03-29T03:00:00+02:00", True),
        (SUNDAY_NIGHT, "2026-03-29T05:59:59+02:00", True),
        (SUNDAY_NIGHT, "2026-03-29T06:00:00+02:00", False),
        (SUNDAY, "2026-03-29T00:59:59+01:00", False),
        (SUNDAY, "2026-03-29T01:00:00+01:00", True),
        (SUNDAY, "2026-03-29T04:59:59+02:00", True),
        (SUNDAY, "2026-03-29T05:00:00+02:00", False),
        # 25 October 2026: 03:00 becomes 02:00, the night is an hour long
        (SUNDAY, "2026-10-25T01:00:00+02:00", True),
        (SUNDAY, "2026-10-25T02:30:00+02:00", True),
        (SUNDAY, "2026-10-25T02:30:00+01:00", True),
        (SUNDAY, "2026-10-25T04:59:59+01:00", True),
        (SUNDAY, "2026-10-25T05:00:00+01:00", False),
        (SUNDAY_NIGHT, "2026-10-25T05:59:59+01:00", True),
        (SUNDAY_NIGHT, "2026-10-25T06:00:00+01:00", False),
        # the end of a week wraps into the next
        ((WeeklyInterval(6, 23 * 60, 120),), "2026-03-09T00:59:59+01:00", True),
        ((WeeklyInterval(6, 23 * 60, 120),), "2026-03-09T01:00:00+01:00", False),
    ],
)
def test_clock_changes_and_midnight(weekly: tuple[WeeklyInterval, ...], moment: str, expected: bool) -> None:
    assert is_open(weekly, BERLIN, moment) is expected


@pytest.mark.parametrize("weekly", [ALWAYS, (WeeklyInterval(0, 0, 10_080),), (WeeklyInterval(4, 1_439, 10_080),)])
@pytest.mark.parametrize("zone", [BERLIN, "Pacific/Honolulu", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_around_the_clock_is_always_open_and_never_about_to_close(
    weekly: tuple[WeeklyInterval, ...], zone: str
) -> None:
    """Whatever moment of the horizon: no gap, and no closing within a day."""
    for day in range(20_500, 20_520):
        from_ms, until_ms = horizon_of(day)
        intervals = compile_hours(weekly, zone, day)
        for now_ms in range(from_ms, until_ms, 7 * HOUR_MS):
            assert any(opens <= now_ms and now_ms + DAY_MS < closes for opens, closes in intervals)


INTERVAL = st.builds(WeeklyInterval, st.integers(0, 6), st.integers(0, 1_439), st.integers(1, 10_080))
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(INTERVAL, max_size=4).map(tuple),
    st.sampled_from(ZONES),
    st.integers(parse_time_ms("2025-01-01T00:00:00Z") // 60_000, parse_time_ms("2027-01-01T00:00:00Z") // 60_000),
    st.integers(-1, 6),
)
def test_compiled_hours_agree_with_looking_at_every_interval(
    weekly: tuple[WeeklyInterval, ...], zone: str, minute: int, days_later: int
) -> None:
    """Any moment of the horizon, whichever day it was compiled for."""
    now_ms = minute * 60_000
    day = now_ms // DAY_MS - days_later
    from_ms, until_ms = horizon_of(day)
    assert from_ms <= now_ms < until_ms
    intervals = compile_hours(weekly, zone, day)
    expected = _is_open_at(store(hours=weekly), ZoneInfo(zone), now_ms)
    assert any(opens <= now_ms < closes for opens, closes in intervals) is expected
    assert all(a[1] < b[0] for a, b in pairwise(intervals)), "merged"


def test_touching_intervals_are_one_so_that_no_margin_falls_between_them() -> None:
    assert merged([(5, 9), (1, 3), (3, 5), (20, 20), (12, 15), (13, 14)]) == [(1, 9), (12, 15)]
    lunch = (WeeklyInterval(1, 9 * 60, 70), WeeklyInterval(1, 10 * 60 + 10, 300))
    world = World(policy=Policy(closing_margin_ms=30 * 60_000))
    world.nouns = [store(hours=lunch), *world.nouns[1:]]
    assert world.build().step(ping(NOW_MS)).tries["verdict"].tolist() == [22]


def test_a_zone_that_does_not_exist_is_refused() -> None:
    for name in ("Europe/Nowhere", "", "../etc/passwd", "/etc/localtime", "Europe"):
        with pytest.raises(InvalidArgumentError):
            time_zone(name)


def test_now_is_tuesday_ten_in_berlin() -> None:
    assert datetime.fromtimestamp(NOW_MS / 1000, UTC).astimezone(ZoneInfo(BERLIN)).isoformat() == (
        "2026-03-03T10:00:00+01:00"
    )
