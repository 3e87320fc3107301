"""H3, D2: local time, weekdays, months and quiet hours of the kernels against datetime and zoneinfo."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geooffer.engine.people import People
from geooffer.kernels import calendar
from geooffer.model.kinds import CapWindow
from geooffer.model.limits import TIME_MAX_MS, TIME_MIN_MS
from geooffer.model.policy import DAY_MS, Policy

ZONES = ["", "Europe/Berlin", "America/New_York", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_ONE = date(1970, 1, 1)
MOMENT = st.integers(TIME_MIN_MS, TIME_MAX_MS)


@pytest.fixture(scope="module")
def people() -> People:
    """Nobody, but six zones: the kernels read only these."""
    found = People()
    assert [found.zones.number(name) for name in ZONES] == list(range(len(ZONES)))
    return found


def wall(name: str, time_ms: int) -> datetime:
    zone = ZoneInfo(name or "UTC")
    return (EPOCH + timedelta(milliseconds=time_ms)).astimezone(zone).replace(tzinfo=UTC)


@given(MOMENT, st.integers(0, len(ZONES) - 1))
def test_local_time_is_that_of_the_zone(people: People, time_ms: int, number: int) -> None:
    local = calendar.local_ms(people.view, number, time_ms)
    assert EPOCH + timedelta(milliseconds=local) == wall(ZONES[number], time_ms)


@pytest.mark.parametrize(("moment", "ahead_ms"), [(0, 0), (-1, 0), (-(10**12), 0)])
def test_before_1970_the_first_step_holds(people: People, moment: int, ahead_ms: int) -> None:
    assert calendar.local_ms(people.view, 0, moment) == moment + ahead_ms


def test_every_day_from_1900_to_2101_has_its_weekday_week_and_month() -> None:
    """The first of a month by civil-from-days, also over the leap days of 1900 (none), 2000 (one) and 2100 (none)."""
    first, last = (date(1900, 1, 1) - DAY_ONE).days, (date(2101, 1, 1) - DAY_ONE).days
    for number in range(first, last):
        day = DAY_ONE + timedelta(days=number)
        assert calendar.weekday.py_func(number) == day.weekday()  # type: ignore[attr-defined]
        assert calendar.first_of_month.py_func(number) == (day.replace(day=1) - DAY_ONE).days  # type: ignore[attr-defined]


@given(st.integers(0, TIME_MAX_MS // DAY_MS))
def test_compiled_and_uncompiled_windows_are_one(number: int) -> None:
    day = DAY_ONE + timedelta(days=number)
    starts = {
        CapWindow.CALENDAR_DAY: day,
        CapWindow.CALENDAR_WEEK: date.fromisocalendar(*day.isocalendar()[:2], 1),
        CapWindow.CALENDAR_MONTH: day.replace(day=1),
    }
    for window, start in starts.items():
        assert calendar.window_first_day(number, int(window)) == (start - DAY_ONE).days


def is_quiet_slowly(policy: Policy, now: datetime) -> bool:
    """Each of the windows that began yesterday and today, as an interval."""
    for day in (now.date() - timedelta(days=1), now.date()):
        if not policy.quiet_days_mask >> day.weekday() & 1:
            continue
        start = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=policy.quiet_start_minute)
        length = (policy.quiet_end_minute - policy.quiet_start_minute) % 1_440
        if start <= now < start + timedelta(minutes=length):
            return True
    return False


MINUTE = st.one_of(st.sampled_from([0, 1, 480, 719, 720, 1_260, 1_439]), st.integers(0, 1_439))


@given(MINUTE, MINUTE, st.integers(0, 127), MOMENT, st.integers(0, len(ZONES) - 1), st.booleans())
def test_quiet_hours_are_those_of_the_wall(
    people: People, start: int, end: int, mask: int, time_ms: int, number: int, at_the_edge: bool
) -> None:
    """A window over midnight belongs to the day it starts; start = end: no quiet hours."""
    policy = Policy(quiet_start_minute=start, quiet_end_minute=end, quiet_days_mask=mask)
    if at_the_edge:  # bring the wall to the first millisecond of the window, give or take one
        local = calendar.local_ms(people.view, number, time_ms)
        time_ms += start * 60_000 - local % DAY_MS - time_ms % 2
    told = calendar.is_quiet(people.view, policy, number, time_ms)
    assert told is is_quiet_slowly(policy, wall(ZONES[number], time_ms))


def test_the_default_night_ends_at_eight_sharp(people: People) -> None:
    berlin = ZONES.index("Europe/Berlin")
    told = []
    for text in ("20:59:59.999", "21:00:00", "23:59:59.999", "00:00:00", "07:59:59.999", "08:00:00"):
        hour, minute, second = text.split(":")
        time = datetime(2026, 3, 3, int(hour), int(minute), tzinfo=ZoneInfo("Europe/Berlin"))
        time_ms = round(time.timestamp() * 1000) + round(float(second) * 1000)
        told.append(calendar.is_quiet(people.view, Policy(), berlin, time_ms))
    assert told == [False, True, True, True, True, False]
    assert np.array(told).any()
