"""Local time from UTC by a table of steps: quiet hours (semantics H3) and calendar windows of cap rules (D2)."""

from __future__ import annotations

from geooffer.kernels.compile import kernel
from geooffer.model.kinds import CapWindow
from geooffer.model.policy import DAY_MS, Policy
from geooffer.model.tables import PeopleTables

CALENDAR_WEEK = int(CapWindow.CALENDAR_WEEK)
CALENDAR_MONTH = int(CapWindow.CALENDAR_MONTH)
MINUTE_MS = 60_000


@kernel
def local_ms(people: PeopleTables, zone_number: int, time_ms: int) -> int:
    """Local wall time as milliseconds since 1970-01-01 00:00 on that wall."""
    start = people.zone_starts[zone_number]
    low = start + 1  # the first step holds for all time before the second
    high = people.zone_starts[zone_number + 1]
    while low < high:
        middle = (low + high) // 2
        if people.zone_steps[middle].from_ms <= time_ms:
            low = middle + 1
        else:
            high = middle
    return time_ms + people.zone_steps[low - 1].offset_ms


@kernel
def weekday(day: int) -> int:
    """0 = Monday; day 0 = 1970-01-01, a Thursday."""
    return (day + 3) % 7


@kernel
def is_quiet(people: PeopleTables, policy: Policy, zone_number: int, now_ms: int) -> bool:
    """Within quiet hours on the wall of a zone. A window over midnight belongs to the day it starts."""
    if policy.quiet_start_minute == policy.quiet_end_minute:
        return False
    wall_ms = local_ms(people, zone_number, now_ms)
    day = wall_ms // DAY_MS
    minute = (wall_ms - day * DAY_MS) // MINUTE_MS
    if policy.quiet_start_minute < policy.quiet_end_minute:
        if minute < policy.quiet_start_minute or minute >= policy.quiet_end_minute:
            return False
    elif minute < policy.quiet_end_minute:
        day -= 1  # the window that began yesterday
    elif minute < policy.quiet_start_minute:
        return False
    return bool((policy.quiet_days_mask >> weekday(day)) & 1)


@kernel
def first_of_month(day: int) -> int:
    """The day number of the first of the month; civil-from-days in integers (H. Hinnant, chrono algorithms)."""
    shifted = day + 719_468
    era_day = shifted % 146_097
    era_year = (era_day - era_day // 1_460 + era_day // 36_524 - era_day // 146_096) // 365
    year_day = era_day - (365 * era_year + era_year // 4 - era_year // 100)
    month = (5 * year_day + 2) // 153  # 0 = March
    day_of_month = year_day - (153 * month + 2) // 5
    return day - day_of_month


@kernel
def window_first_day(day: int, window: int) -> int:
    """The first local day of the calendar window that `day` lies in; weeks begin on Monday (ISO 8601)."""
    if window == CALENDAR_WEEK:
        return day - weekday(day)
    if window == CALENDAR_MONTH:
        return first_of_month(day)
    return day
