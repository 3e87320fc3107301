"""Plain weekly hours, slow and obvious: the text the tests write, read by looking at every span of the last days.

Knows "Mo 09:00-20:00, We-Fr 22:00-28:00" and "08:00-20:00" (every day) and nothing else; no library, no tables.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
SPAN = re.compile(r"(?:([A-Z][a-z])(?:-([A-Z][a-z]))? )?(\d\d):(\d\d)-(\d\d):(\d\d)")


def weekly(spans: list[tuple[int, int, int]]) -> str:
    """Text of (day, open minute, duration in minutes) spans; all hold, none replaces another."""
    return ", ".join(f"{DAYS[day]} {clock(start)}-{clock(start + length)}" for day, start, length in spans)


def clock(minute: int) -> str:
    """Minutes after midnight as on a sign."""
    return f"{minute // 60:02}:{minute % 60:02}"


def is_open_at(text: str, zone: ZoneInfo, now_ms: int) -> bool:
    """Whether some span of today or of the two days before covers this moment; 02:30 of a skipped hour is 03:00."""
    moment = datetime.fromtimestamp(now_ms // 1000, UTC)
    for back in range(-1, 4):
        day = (moment.astimezone(zone) - timedelta(days=back)).date()
        for part in filter(None, text.split(", ")):
            match = SPAN.fullmatch(part)
            assert match is not None, part
            first = DAYS.index(match[1]) if match[1] else 0
            last = DAYS.index(match[2] or match[1]) if match[1] else 6
            if not first <= day.weekday() <= last:
                continue
            opens = int(match[3]) * 60 + int(match[4])
            closes = int(match[5]) * 60 + int(match[6])
            closes += 0 if closes > opens else 1440
            midnight = datetime(day.year, day.month, day.day)
            if _first_at_or_after(midnight, opens, zone) <= moment < _first_at_or_after(midnight, closes, zone):
                return True
    return False


@cache
def _first_at_or_after(midnight: datetime, minute: int, zone: ZoneInfo) -> datetime:
    """The first moment at which the clock on the wall shows this time or a later one, minute by minute."""
    wall = midnight + timedelta(minutes=minute)
    moment = wall.replace(tzinfo=zone).astimezone(UTC) - timedelta(hours=3)
    while moment.astimezone(zone).replace(tzinfo=None) < wall:
        moment += timedelta(minutes=1)
    return moment
