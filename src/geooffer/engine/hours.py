"""Opening hours, compiled to UTC intervals for the coming days; never parsed per ping (semantics H1).

The text is OpenStreetMap's `opening_hours` (engine/opening_rules.py), read day by day in the store's own calendar
(engine/opening_days.py). Wall times become UTC by the zone database, so a day with a clock change has 23 or 25 hours.
A wall time that a jump skips is the moment of the jump; one that comes twice is the first.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from geooffer.engine.opening_days import GivenUpError, Place, open_minutes, sun_place, union
from geooffer.engine.opening_rules import is_readable, read_rules
from geooffer.errors import InvalidArgumentError
from geooffer.model.catalog import Store
from geooffer.model.policy import DAY_MS

HORIZON_BEFORE_DAYS = 5  # `now` may be a day back, a zone 14 hours off, and an opening last 48 hours
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


def check_opening_hours(text: str) -> str:
    """`text`, where it is '' (unknown) or an expression. Raises InvalidArgumentError, which does not repeat it."""
    if text and not is_readable(text):
        rule = "opening_hours must be an OpenStreetMap expression such as Mo-Sa 08:00-20:00; PH off"
        raise InvalidArgumentError(rule, field="opening_hours")
    return text


def compile_hours(
    opening_hours: str,
    country: str,
    region: str,
    zone_name: str,
    latitude_e7: int,
    longitude_e7: int,
    first_day: int,
) -> tuple[Interval, ...] | None:
    """Open intervals [open_ms, close_ms), ascending and merged, that begin on the days of the horizon.

    None = hours unknown: no text, one that does not parse or cannot be evaluated, or one that says only `unknown`. A
    time that is unknown beside others that are open counts as not open. `first_day`: days since 1970-01-01 UTC of the
    day that is HORIZON_BEFORE_DAYS into the horizon. Stores whose text asks neither for holidays nor for the sun share
    results.
    """
    rules = read_rules(opening_hours)
    if rules is None:
        return None
    place = Place(
        country if rules.needs_country else "",
        region if rules.needs_country else "",
        sun_place(latitude_e7, longitude_e7, zone_name) if rules.needs_place else None,
    )
    return _compile(opening_hours, place, zone_name, first_day)


def store_hours(store: Store, first_day: int) -> tuple[Interval, ...] | None:
    """`compile_hours` of a store; a web shop of which nothing is said never closes."""
    return compile_hours(
        store.opening_hours or ("24/7" if store.is_online else ""),
        store.country,
        store.region,
        store.time_zone,
        store.latitude_e7,
        store.longitude_e7,
        first_day,
    )


def is_open_at(store: Store, now_ms: int) -> bool:
    """Whether a store is known to be open by its hours."""
    intervals = store_hours(store, now_ms // DAY_MS) or ()
    return any(opens <= now_ms < closes for opens, closes in intervals)


@lru_cache(maxsize=8192)
def _compile(opening_hours: str, place: Place, zone_name: str, first_day: int) -> tuple[Interval, ...] | None:
    rules = read_rules(opening_hours)
    assert rules is not None
    zone = time_zone(zone_name)
    start = date(1970, 1, 1) + timedelta(days=first_day - HORIZON_BEFORE_DAYS)
    spans: list[tuple[int, int]] = []
    has_unknown = False
    for offset in range(HORIZON_BEFORE_DAYS + HORIZON_AFTER_DAYS + 1):
        try:
            opens, unknown = open_minutes(rules, start + timedelta(days=offset), place)
        except GivenUpError:
            return None
        has_unknown = has_unknown or bool(unknown)
        spans += [(offset * 1_440 + begin, offset * 1_440 + end) for begin, end in opens]
    if has_unknown and not spans:
        return None
    # merged before clocks change: two halves of a night that touch at 02:30 are one, whatever happens to 02:30
    midnight = datetime(start.year, start.month, start.day)
    return merged((_utc_ms(midnight, begin, zone), _utc_ms(midnight, end, zone)) for begin, end in union(spans))


def _utc_ms(midnight: datetime, minute: int, zone: ZoneInfo) -> int:
    wall = midnight + timedelta(minutes=minute)
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != wall:
        moment = _jump(wall, zone)
    return int(moment.timestamp()) * 1000


def _jump(wall: datetime, zone: ZoneInfo) -> datetime:
    """The second at which the clock jumps over `wall`."""
    after = wall.replace(tzinfo=zone).astimezone(UTC)
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Ascending, with overlapping and touching intervals made one; empty ones (clock changes) dropped."""
    return union(intervals)


def horizon_of(first_day: int) -> tuple[int, int]:
    """(from_ms, until_ms): hours compiled for `first_day` are right for now in [from_ms, until_ms)."""
    return (first_day - 1) * DAY_MS, (first_day + HORIZON_AFTER_DAYS - 2) * DAY_MS
