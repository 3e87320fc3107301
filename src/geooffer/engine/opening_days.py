"""What the rules of an expression make of one day: its open minutes, nights counted to the day they begin (H1).

The library says which dates a selector means and which minutes a list of times; the rules are put together here, day
by day, because the library lets a day's rule cut the night before it: in "Th 18:00-02:00; Fr 18:00-04:00" it closes on
Thursday at midnight. Here an opening is over when its own rule says so.

Within a day a rule after `;` replaces the ones before, one after `,` adds to them, one after `||` fills what they
leave, and `off` takes its times away. Two rules err on the side of silence:
- "PH off; Mo-Sa 08:00-20:00" closes on holidays, although by the letter its second rule opens again; every network
  that writes so means that. Only a rule with dates of its own (or with PH) opens a holiday that an earlier one closed.
- Nobody here knows school holidays: where `SH` is named, open is what is open either way, and the rest is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours, validate

from geooffer.engine.opening_rules import Joint, Rule, Rules, Says
from geooffer.engine.public_holidays import is_public_holiday

Minutes = tuple[tuple[int, int], ...]
"""Half-open spans of minutes after a midnight by the clock on the wall, ascending and merged; up to 48 hours."""

DAY_MINUTES = 1_440
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_REFERENCE_DAY = date(2001, 1, 1)
_SUN_STEP_E7 = 1_000_000  # 0.1°: sunrise is the same to a minute, and neighbours share their compiled hours


class GivenUpError(Exception):
    """The library cannot evaluate what it parsed; the hours are unknown."""


@contextmanager
def library_may_give_up() -> Iterator[None]:
    """Turns a panic of the library ("(sunset+06:00)-26:00" in June) into GivenUpError.

    A panic is a BaseException of a class that nothing exports, and it would end the server on the day it comes up.
    """
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise GivenUpError("a panic of the library") from None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a calendar is read: '' and None where an expression does not ask for it."""

    country: str = ""
    region: str = ""
    sun: tuple[float, float, str] | None = None
    """(latitude, longitude, IANA zone), degrees."""


def sun_place(latitude_e7: int, longitude_e7: int, zone_name: str) -> tuple[float, float, str]:
    """The place of sunrise, rounded so that stores of a town share it."""
    steps = round(latitude_e7 / _SUN_STEP_E7), round(longitude_e7 / _SUN_STEP_E7)
    return steps[0] / 10, steps[1] / 10, zone_name


def open_minutes(rules: Rules, day: date, place: Place) -> tuple[Minutes, Minutes]:
    """(open, unknown) minutes of the openings that begin on `day`. Raises GivenUpError."""
    opens, unknown = _states(rules, day, place, school_holiday=False)
    if not any(rule.school for rule in rules.rules):
        return opens, unknown
    others, unknown_too = _states(rules, day, place, school_holiday=True)
    differing = (*minus(opens, others), *minus(others, opens))
    return minus(opens, differing), union((*unknown, *unknown_too, *differing))


def _states(rules: Rules, day: date, place: Place, *, school_holiday: bool) -> tuple[Minutes, Minutes]:
    opens: Minutes = ()
    unknown: Minutes = ()
    holiday_closed = False
    for rule in rules.rules:
        if not _applies(rule, day, place, school_holiday):
            continue
        if holiday_closed and not rule.wide and not rule.public_offsets:
            continue
        spans = _spans(rule.times, day, place)
        if rule.says is Says.CLOSED:
            holiday_closed = holiday_closed or (not rule.times and _on_holiday(rule, day, place))
            if rule.joint is not Joint.FALLBACK:
                # without times it is the whole opening that falls away, its night included
                opens = minus(opens, spans) if rule.times else ()
                unknown = minus(unknown, spans) if rule.times else ()
            continue
        if rule.joint is Joint.NORMAL:
            opens = unknown = ()
        elif rule.joint is Joint.FALLBACK:
            spans = minus(spans, (*opens, *unknown))
        opens, unknown = minus(opens, spans), minus(unknown, spans)
        if rule.says is Says.OPEN:
            opens = union((*opens, *spans))
        else:
            unknown = union((*unknown, *spans))
    return opens, unknown


def _applies(rule: Rule, day: date, place: Place, school_holiday: bool) -> bool:
    if not _selects(rule.wide, day):
        return False
    if not rule.names_holidays or rule.days:
        chosen = _selects(rule.days, day)
        if chosen or not rule.names_holidays:
            return chosen
    return (rule.school and school_holiday) or _on_holiday(rule, day, place)


def _on_holiday(rule: Rule, day: date, place: Place) -> bool:
    return any(
        is_public_holiday(day - timedelta(days=offset), place.country, place.region) for offset in rule.public_offsets
    )


@lru_cache(maxsize=65_536)
def _selects(selector: str, day: date) -> bool:
    if not selector:
        return True
    with library_may_give_up():
        return _parsed(f"{selector} 00:00-24:00").is_open(datetime(day.year, day.month, day.day, 12))


@lru_cache(maxsize=8192)
def _parsed(text: str) -> OpeningHours:
    if not validate(text):
        raise GivenUpError("a canonical selector that does not parse by itself")
    return OpeningHours(text)


def _spans(times: str, day: date, place: Place) -> Minutes:
    """The minutes of a list of times; the day matters to the sun only."""
    return _spans_on(times, day if place.sun else _REFERENCE_DAY, place.sun) if times else ((0, DAY_MINUTES),)


@lru_cache(maxsize=65_536)
def _spans_on(times: str, day: date, sun: tuple[float, float, str] | None) -> Minutes:
    text = f"{day.year} {_MONTHS[day.month - 1]} {day.day} {times}"
    if sun is None:
        hours = OpeningHours(text)
    else:
        # the library takes the sun from a place only where it may also infer the zone
        hours = OpeningHours(text, timezone=ZoneInfo(sun[2]), coords=sun[:2], auto_country=False, auto_timezone=True)
    midnight = datetime(day.year, day.month, day.day)
    with library_may_give_up():
        found = list(hours.intervals(midnight, midnight + timedelta(days=3)))
    spans = [(_wall(begin), _wall(end)) for begin, end, state, _ in found if end is not None and str(state) == "open"]
    return union(tuple((_minutes(begin - midnight), _minutes(end - midnight)) for begin, end in spans))


def _wall(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def _minutes(elapsed: timedelta) -> int:
    return elapsed // timedelta(minutes=1)


def union(spans: Iterable[tuple[int, int]]) -> Minutes:
    """Ascending, with overlapping and touching spans made one and empty ones dropped."""
    result: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if end <= begin:
            continue
        if result and begin <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((begin, end))
    return tuple(result)


def minus(spans: Minutes, removed: Iterable[tuple[int, int]]) -> Minutes:
    """What of `spans` lies outside `removed`."""
    rest = list(spans)
    for begin, end in removed:
        rest = [
            piece
            for first, last in rest
            for piece in ((first, min(last, begin)), (max(first, end), last))
            if piece[0] < piece[1]
        ]
    return union(rest)
