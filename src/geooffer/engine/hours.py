"""Weekly opening hours, compiled to UTC intervals for the coming days; never parsed per ping (semantics H1).

Local wall times become UTC by the zone database, so a day with a clock change has 23 or 25 hours; a wall time that
does not exist is read with the offset before the jump (PEP 495, fold = 0).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from geooffer.errors import InvalidArgumentError
from geooffer.model.catalog import WeeklyInterval
from geooffer.model.policy import DAY_MS

HORIZON_BEFORE_DAYS = 9  # an interval of a whole week, west of Greenwich, begins that early
HORIZON_AFTER_DAYS = 9

Interval = tuple[int, int]


@cache
def zone_names() -> frozenset[str]:
    """The names of the IANA database that the project pins (not the machine's: `localtime` is no zone)."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="ascii").split())


def time_zone(name: str) -> ZoneInfo:
    """The IANA zone of that name. Raises InvalidArgumentError."""
    if name not in zone_names():  # never ZoneInfo(name) first: it reads whatever file a caller names
        raise InvalidArgumentError("time_zone must be an IANA name such as Europe/Berlin", field="time_zone")
    return ZoneInfo(name)


@lru_cache(maxsize=4096)
def compile_hours(weekly: tuple[WeeklyInterval, ...], zone_name: str, first_day: int) -> tuple[Interval, ...]:
    """Open intervals [open_ms, close_ms), ascending and merged, that begin on the days of the horizon.

    `first_day`: days since 1970-01-01 UTC of the day that is HORIZON_BEFORE_DAYS into the horizon.
    """
    zone = time_zone(zone_name)
    start = date(1970, 1, 1) + timedelta(days=first_day - HORIZON_BEFORE_DAYS)
    intervals = []
    for offset in range(HORIZON_BEFORE_DAYS + HORIZON_AFTER_DAYS + 1):
        day = start + timedelta(days=offset)
        midnight = datetime(day.year, day.month, day.day)
        for item in weekly:
            if item.day == day.weekday():
                opens = midnight + timedelta(minutes=item.open_minute)
                closes = opens + timedelta(minutes=item.duration_minutes)
                intervals.append((_utc_ms(opens, zone), _utc_ms(closes, zone)))
    return tuple(merged(intervals))


def _utc_ms(wall: datetime, zone: ZoneInfo) -> int:
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    return int(moment.timestamp()) * 1000


def merged(intervals: Sequence[Interval]) -> list[Interval]:
    """Ascending, with overlapping and touching intervals made one; empty ones (clock changes) dropped."""
    result: list[Interval] = []
    for opens, closes in sorted(intervals):
        if closes <= opens:
            continue
        if result and opens <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], closes))
        else:
            result.append((opens, closes))
    return result


def horizon_of(first_day: int) -> tuple[int, int]:
    """(from_ms, until_ms): hours compiled for `first_day` are right for now in [from_ms, until_ms)."""
    return (first_day - 1) * DAY_MS, (first_day + HORIZON_AFTER_DAYS - 2) * DAY_MS
