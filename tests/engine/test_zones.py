"""Offsets as steps against the zone database itself: many zones, random moments, every step to the millisecond."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from geooffer.engine.zones import Zones, zone_steps
from geooffer.errors import InvalidArgumentError
from geooffer.model.limits import TIME_MAX_MS, TIME_MIN_MS
from geooffer.model.tables import NEVER_MS
from geooffer.model.units import parse_time_ms

ZONES = [
    "UTC",
    "Europe/Berlin",
    "Europe/London",  # BST the whole year until the end of October 1971
    "Europe/Dublin",  # winter time is the exception there: negative daylight saving
    "America/New_York",
    "America/St_Johns",  # half an hour, and for years one minute past midnight
    "America/Sao_Paulo",  # gave it up in 2019
    "America/Caracas",  # half an hour back and forth
    "Africa/Casablanca",  # Ramadan: four changes a year
    "Africa/Monrovia",  # 44 minutes and 30 seconds until 1972
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Asia/Pyongyang",
    "Asia/Gaza",
    "Australia/Lord_Howe",  # half an hour of daylight saving
    "Pacific/Apia",  # went without 30 December 2011
    "Pacific/Kwajalein",  # went without a day in 1993
    "Antarctica/Troll",  # two hours of daylight saving
]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def offset_ms(zone: ZoneInfo, time_ms: int) -> int:
    offset = (EPOCH + timedelta(milliseconds=time_ms)).astimezone(zone).utcoffset()
    assert offset is not None
    return round(offset.total_seconds() * 1000)


@pytest.mark.parametrize("name", ZONES)
def test_steps_are_those_of_the_database(name: str) -> None:
    zone, steps = ZoneInfo(name), zone_steps(name)
    starts = [start for start, _ in steps]
    assert starts == sorted(set(starts))
    assert starts[0] == NEVER_MS
    rng = np.random.default_rng(len(name))
    moments = [TIME_MIN_MS, TIME_MAX_MS - 1, *rng.integers(TIME_MIN_MS, TIME_MAX_MS, 500).tolist()]
    for start in starts[1:]:
        moments += [start - 1, start, start + 1]
    for moment in moments:
        assert steps[bisect_right(starts, moment) - 1][1] == offset_ms(zone, moment), moment
    for (_, before), (_, after) in pairwise(steps):
        assert before != after


def test_the_steps_of_berlin_in_2026_are_the_ones_on_the_calendar() -> None:
    steps = dict(zone_steps("Europe/Berlin"))
    hour_ms = 3_600_000
    assert steps[parse_time_ms("2026-03-29T01:00:00Z")] == 2 * hour_ms
    assert steps[parse_time_ms("2026-10-25T01:00:00Z")] == 1 * hour_ms


def test_a_zone_without_changes_is_one_step() -> None:
    assert zone_steps("UTC") == ((NEVER_MS, 0),)


def test_numbers_are_given_once_and_0_is_nobodys_zone() -> None:
    zones = Zones()
    assert [zones.number(name) for name in ("", "Asia/Kolkata", "Europe/Berlin", "Asia/Kolkata", "")] == [0, 1, 2, 1, 0]
    assert zones.starts.tolist() == [0, 1, 1 + len(zone_steps("Asia/Kolkata")), len(zones.steps)]
    for number, name in ((1, "Asia/Kolkata"), (2, "Europe/Berlin")):
        rows = zones.steps[zones.starts[number] : zones.starts[number + 1]]
        assert [tuple(map(int, row)) for row in rows.tolist()] == list(zone_steps(name))


def test_a_name_that_is_no_zone_is_refused() -> None:
    with pytest.raises(InvalidArgumentError):
        zone_steps("Europe/Nowhere")
