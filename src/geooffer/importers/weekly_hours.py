"""Plain weekly hours as text: "Mo-Fr 09:00-20:00; Sa 10:00-18:00,19:00-02:00; Su off".

The subset of OpenStreetMap's `opening_hours` that is a plain week. As there, a later rule replaces the
earlier ones for the days it names. Anything else (holidays, months, weeks, comments) is refused, not guessed
at: a half-understood rule would send people to a closed door.
"""

from __future__ import annotations

import re

from geooffer.errors import InvalidArgumentError
from geooffer.model import limits
from geooffer.model.catalog import WeeklyInterval

_DAYS = {name: index for index, name in enumerate(("mo", "tu", "we", "th", "fr", "sa", "su"))}
_SPAN = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})")
_RULE = re.compile(r"((?:mo|tu|we|th|fr|sa|su)[a-z,\s-]*?)?\s*([0-9].*|off|closed)", re.IGNORECASE | re.DOTALL)
_DAY_MINUTES = 24 * 60


def weekly_hours(text: str, column: str) -> tuple[WeeklyInterval, ...]:
    """The intervals of a week, ascending; '' has none.

    Raises InvalidArgumentError with column and rule number.
    """
    try:
        return _parse(text)
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"{column}: {error.message}", field=column) from None


def _parse(text: str) -> tuple[WeeklyInterval, ...]:
    if text.strip() == "24/7":
        return (WeeklyInterval(0, 0, 7 * _DAY_MINUTES),)
    week: dict[int, list[WeeklyInterval]] = {day: [] for day in range(7)}
    for index, rule in enumerate(filter(None, (part.strip() for part in text.split(";"))), start=1):
        days, spans = _parse_rule(rule, f"rule {index}")
        for day in days:
            week[day] = [WeeklyInterval(day, start, length) for start, length in spans]
    intervals = tuple(interval for day in range(7) for interval in sorted(week[day], key=_start))
    if len(intervals) > limits.WEEKLY_INTERVAL_COUNT_MAX:
        raise InvalidArgumentError(f"more than {limits.WEEKLY_INTERVAL_COUNT_MAX} intervals a week")
    return intervals


def _start(interval: WeeklyInterval) -> int:
    return interval.open_minute


def _parse_rule(rule: str, name: str) -> tuple[list[int], list[tuple[int, int]]]:
    match = _RULE.fullmatch(rule)
    if match is None:
        raise InvalidArgumentError(f'{name} is not like "Mo-Fr 09:00-20:00" or "Su off" (a plain week only)')
    days = _parse_days(match[1], name) if match[1] else list(range(7))
    if match[2].lower() in ("off", "closed"):
        return days, []
    return days, [_parse_span(span.strip(), name) for span in match[2].split(",")]


def _parse_days(text: str, name: str) -> list[int]:
    days: list[int] = []
    for part in text.lower().split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        if first not in _DAYS or (dash and last not in _DAYS):
            raise InvalidArgumentError(f"{name} names a day that is none of Mo Tu We Th Fr Sa Su")
        count = (_DAYS[last] - _DAYS[first]) % 7 + 1 if dash else 1
        days += [(_DAYS[first] + step) % 7 for step in range(count)]
    return days


def _parse_span(text: str, name: str) -> tuple[int, int]:
    """(open minute, length in minutes).

    A close at or before the open is on the next day; 24:00 ends the day.
    """
    match = _SPAN.fullmatch(text)
    if match is None:
        raise InvalidArgumentError(f"{name} has a time span that is not like 09:00-20:00")
    start = int(match[1]) * 60 + int(match[2])
    end = int(match[3]) * 60 + int(match[4])
    if start >= _DAY_MINUTES or end > 2 * _DAY_MINUTES or int(match[2]) > 59 or int(match[4]) > 59:
        raise InvalidArgumentError(f"{name} has a time of day that does not exist")
    length = end - start
    return start, length if length > 0 else length + _DAY_MINUTES
