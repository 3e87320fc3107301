"""H1: opening hours as UTC intervals, against times computed by hand, and against slow and obvious readings."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from obvious_hours import is_open_at, weekly
from opening_hours import OpeningHours
from world import NOW_MS, World, ping, store

from geooffer.engine.commerce import compile_stores
from geooffer.engine.hours import (
    check_opening_hours,
    compile_hours,
    horizon_of,
    merged,
    time_zone,
)
from geooffer.engine.zones import Zones
from geooffer.errors import InvalidArgumentError
from geooffer.model.policy import DAY_MS, HOUR_MS, Policy
from geooffer.model.units import format_time_ms, parse_time_ms

BERLIN = "Europe/Berlin"
NEW_YORK = "America/New_York"
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]
MINUTES = st.integers(parse_time_ms("2025-01-01T00:00:00Z") // 60_000, parse_time_ms("2027-01-01T00:00:00Z") // 60_000)


def hours(text: str, day: str, country: str = "", region: str = "", zone: str = BERLIN) -> list[str] | None:
    """The intervals that touch the 48 hours from 00:00 UTC of `day`, written out."""
    first_ms = parse_time_ms(f"{day}T00:00:00Z")
    found = compile_hours(text, country, region, zone, 525_200_000, 134_050_000, first_ms // DAY_MS)
    if found is None:
        return None
    return [
        f"{format_time_ms(opens)[5:16]} {format_time_ms(closes)[5:16]}"
        for opens, closes in found
        if opens < first_ms + 2 * DAY_MS and closes > first_ms
    ]


# Each row: what the sign says, the UTC day, and the openings of 48 hours, computed by hand with a wall calendar.
CLOCK_CHANGES = [
    # Berlin, 29 March 2026: at 02:00 (01:00 UTC) the clock shows 03:00
    ("Fr-Sa 22:00-04:00", BERLIN, "2026-03-28", ["03-27T21:00 03-28T03:00", "03-28T21:00 03-29T02:00"]),
    ("Su 01:00-05:00", BERLIN, "2026-03-28", ["03-29T00:00 03-29T03:00"]),
    ("Su 02:30-05:00", BERLIN, "2026-03-28", ["03-29T01:00 03-29T03:00"]),  # 02:30 is skipped: the jump
    ("Sa 22:00-02:30", BERLIN, "2026-03-28", ["03-28T21:00 03-29T01:00"]),
    ("Su 02:10-02:40", BERLIN, "2026-03-28", []),  # never on any clock
    ("Su 09:00-12:00", BERLIN, "2026-03-28", ["03-29T07:00 03-29T10:00"]),
    ("Sa 09:00-12:00", BERLIN, "2026-03-28", ["03-28T08:00 03-28T11:00"]),
    # Berlin, 25 October 2026: at 03:00 (01:00 UTC) the clock shows 02:00 again
    ("Fr-Sa 22:00-04:00", BERLIN, "2026-10-24", ["10-23T20:00 10-24T02:00", "10-24T20:00 10-25T03:00"]),
    ("Sa 22:00-02:30", BERLIN, "2026-10-24", ["10-24T20:00 10-25T00:30"]),  # the first 02:30
    ("Su 02:30-05:00", BERLIN, "2026-10-24", ["10-25T00:30 10-25T04:00"]),
    ("Sa 22:00-26:30, Su 02:30-05:00", BERLIN, "2026-10-24", ["10-24T20:00 10-25T04:00"]),  # touching: one
    ("Su 09:00-12:00", BERLIN, "2026-10-24", ["10-25T08:00 10-25T11:00"]),
    # New York, 8 March 2026: at 02:00 (07:00 UTC) the clock shows 03:00
    ("Fr-Sa 22:00-04:00", NEW_YORK, "2026-03-07", ["03-07T03:00 03-07T09:00", "03-08T03:00 03-08T08:00"]),
    ("Su 09:00-17:00", NEW_YORK, "2026-03-08", ["03-08T13:00 03-08T21:00"]),
    # New York, 1 November 2026: at 02:00 (06:00 UTC) the clock shows 01:00 again
    ("Sa 22:00-04:00", NEW_YORK, "2026-10-31", ["11-01T02:00 11-01T09:00"]),
    ("Sa 22:00-01:30", NEW_YORK, "2026-10-31", ["11-01T02:00 11-01T05:30"]),
    # Lord Howe moves by half an hour: 4 October 2026, 02:00 (3 October 15:30 UTC) becomes 02:30
    ("Su 02:10-04:00", "Australia/Lord_Howe", "2026-10-03", ["10-03T15:30 10-03T17:00"]),
    # no clock change in Kathmandu (+05:45)
    ("Mo 09:00-10:00", "Asia/Kathmandu", "2026-03-02", ["03-02T03:15 03-02T04:15"]),
]


@pytest.mark.parametrize(("text", "zone", "day", "expected"), CLOCK_CHANGES)
def test_nights_and_clock_changes(text: str, zone: str, day: str, expected: list[str]) -> None:
    assert hours(text, day, zone=zone) == expected


NIGHTS = [
    # a night belongs to the day it begins on, whatever the next day's own rule
    ("Mo-Th 18:00-02:00; Fr-Sa 18:00-04:00; Su off", "2026-03-05", ["03-04T17:00 03-05T01:00",
                                                                    "03-05T17:00 03-06T01:00",
                                                                    "03-06T17:00 03-07T03:00"]),
    ("Fr-Sa 22:00-04:00; Su off", "2026-03-07", ["03-06T21:00 03-07T03:00", "03-07T21:00 03-08T03:00"]),
    ("Fr 22:00-04:00; Sa 10:00-20:00", "2026-03-06", ["03-06T21:00 03-07T03:00", "03-07T09:00 03-07T19:00"]),
    ("Mo-Su 22:00-04:00; Mar 07 off", "2026-03-06", ["03-05T21:00 03-06T03:00", "03-06T21:00 03-07T03:00"]),
    ("18:00-24:00, 00:00-02:00", "2026-03-04", ["03-03T17:00 03-04T01:00", "03-04T17:00 03-05T01:00",
                                                "03-05T17:00 03-06T01:00"]),
    # open-ended: known to be open until midnight; after a stated end nothing is known
    ("We 18:00+", "2026-03-04", ["03-04T17:00 03-04T23:00"]),
    ("We 17:00-19:00+", "2026-03-04", ["03-04T16:00 03-04T18:00"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "day", "expected"), NIGHTS)
def test_a_night_belongs_to_the_day_it_begins_on(text: str, day: str, expected: list[str]) -> None:
    assert hours(text, day) == expected


CALENDAR = [
    # 8 March 2026 (Sunday, International Women's Day) is a holiday in Berlin, not in Bavaria
    ("Mo-Su 10:00-18:00; PH off", "DE", "DE-BE", "2026-03-07", ["03-07T09:00 03-07T17:00"]),
    ("Mo-Su 10:00-18:00; PH off", "DE", "DE-BY", "2026-03-07", ["03-07T09:00 03-07T17:00", "03-08T09:00 03-08T17:00"]),
    ("Mo-Su 10:00-18:00; PH off", "DE", "North", "2026-03-07", ["03-07T09:00 03-07T17:00", "03-08T09:00 03-08T17:00"]),
    ("Mo-Su 10:00-18:00; PH off", "FR", "DE-BE", "2026-03-07", ["03-07T09:00 03-07T17:00", "03-08T09:00 03-08T17:00"]),
    # Epiphany, Tuesday 6 January 2026, the other way round
    ("Mo-Sa 10:00-18:00; PH off", "DE", "DE-BE", "2026-01-06", ["01-06T09:00 01-06T17:00", "01-07T09:00 01-07T17:00"]),
    ("Mo-Sa 10:00-18:00; PH off", "DE", "DE-BY", "2026-01-06", ["01-07T09:00 01-07T17:00"]),
    # Good Friday, 3 April 2026, all over Germany; no country, no holiday; a country nobody has a calendar of
    ("Mo-Sa 10:00-18:00; PH off", "DE", "", "2026-04-03", ["04-04T08:00 04-04T16:00"]),
    ("Mo-Sa 10:00-18:00; PH off", "", "DE-BE", "2026-04-03", ["04-03T08:00 04-03T16:00", "04-04T08:00 04-04T16:00"]),
    ("Mo-Sa 10:00-18:00; PH off", "XX", "", "2026-04-03", ["04-03T08:00 04-03T16:00", "04-04T08:00 04-04T16:00"]),
    # Thanksgiving, 26 November 2026 (the zone here is Berlin's)
    ("Mo-Sa 10:00-18:00; PH off", "US", "US-NY", "2026-11-26", ["11-27T09:00 11-27T17:00"]),
    # holidays written in other ways
    ("Mo-Sa 10:00-18:00; Su,PH off", "DE", "", "2026-04-03", ["04-04T08:00 04-04T16:00"]),
    ("Mo-Sa 10:00-18:00; Su, PH off", "DE", "", "2026-04-05", []),  # Easter: Sunday off, Monday a holiday
    ("Mo-Sa 10:00-18:00; PH Su off", "DE", "", "2026-04-03", ["04-04T08:00 04-04T16:00"]),
    ("PH off; Mo-Sa 10:00-18:00", "DE", "", "2026-04-03", ["04-04T08:00 04-04T16:00"]),
    ("PH off; Apr 03 10:00-12:00", "DE", "", "2026-04-03", ["04-03T08:00 04-03T10:00"]),
    ("Mo-Sa 10:00-18:00, PH off", "DE", "", "2026-04-03", ["04-04T08:00 04-04T16:00"]),
    ("Mo-Th,PH 10:00-12:00", "DE", "", "2026-04-03", ["04-03T08:00 04-03T10:00"]),
    ("PH 11:00-12:00", "DE", "", "2026-04-05", ["04-06T09:00 04-06T10:00"]),
    ("Apr PH 11:00-12:00", "DE", "", "2026-04-30", []),  # 1 May is not in April
    ("Mo-Sa 07:00-20:00; PH -1 day 07:00-14:00; PH off", "DE", "", "2026-04-01", ["04-01T05:00 04-01T18:00",
                                                                                  "04-02T05:00 04-02T12:00"]),
    # Christmas Eve is Thursday 2026-12-24, no public holiday; the 25th is one
    ("Mo-Sa 08:00-20:00; Dec 24 08:00-14:00; PH off", "DE", "", "2026-12-24", ["12-24T07:00 12-24T13:00"]),
    ("Mo-Sa 08:00-20:00; Dec 24,Dec 31 off; PH off", "DE", "", "2026-12-23", ["12-23T07:00 12-23T19:00"]),
    ("24/7; Dec 22 off; Dec 24 18:00-24:00 off; PH off", "DE", "", "2026-12-24", ["12-22T23:00 12-24T17:00"]),
    # school holidays: nobody knows, so what is open either way
    ("Mo-Fr 08:00-18:00; SH 10:00-14:00", "", "", "2026-03-05", ["03-05T09:00 03-05T13:00", "03-06T09:00 03-06T13:00"]),
    ("Mo-Fr 08:00-18:00; SH 08:00-20:00", "DE", "", "2026-03-04", ["03-04T07:00 03-04T17:00",
                                                                   "03-05T07:00 03-05T17:00"]),
    # week 10 of 2026 is 2 to 8 March; first Wednesday; months; Easter Sunday is 5 April
    ("week 10-52/2 We 09:00-10:00", "", "", "2026-03-04", ["03-04T08:00 03-04T09:00"]),
    ("week 11-53/2 We 09:00-10:00", "", "", "2026-03-04", []),
    ("We[1] 09:00-10:00", "", "", "2026-03-04", ["03-04T08:00 03-04T09:00"]),
    ("We[2] 09:00-10:00", "", "", "2026-03-04", []),
    ("Mar-Mar We[1] +1 day,Fr 09:00-10:00", "", "", "2026-03-04", ["03-05T08:00 03-05T09:00"]),
    ("Mar We[1] 09:00-10:00", "", "", "2026-03-04", ["03-04T08:00 03-04T09:00"]),
    ("Mar Su[-1]-Oct Su[-1] We 09:00-10:00", "", "", "2026-04-01", ["04-01T07:00 04-01T08:00"]),
    ("Mar Su[-1]-Oct Su[-1] We 09:00-10:00", "", "", "2026-03-25", []),
    ("Apr-Oct We 09:00-18:00; Nov-Mar We 09:00-12:00", "", "", "2026-03-04", ["03-04T08:00 03-04T11:00"]),
    ("easter -2 days off; Fr-Sa 09:00-10:00; easter -2 days off", "", "", "2026-04-03", ["04-04T07:00 04-04T08:00"]),
    # closed, lunch, comments
    ("off", "", "", "2026-03-04", []),
    ("Mo-Fr 09:00-18:00; We off", "", "", "2026-03-04", ["03-05T08:00 03-05T17:00"]),
    ("We 09:00-18:00; 12:00-13:00 off", "", "", "2026-03-04", ["03-04T08:00 03-04T11:00", "03-04T12:00 03-04T17:00"]),
    ('We 09:00-18:00; Th "by appointment"', "", "", "2026-03-04", ["03-04T08:00 03-04T17:00"]),
    ('We 09:00-18:00 open "side door; PH too"', "", "", "2026-03-04", ["03-04T08:00 03-04T17:00"]),
    ('We 09:00-18:00 || "ring the bell"', "", "", "2026-03-04", ["03-04T08:00 03-04T17:00"]),
    ("We 09:00-18:00, We 12:00-13:00 unknown", "", "", "2026-03-04", ["03-04T08:00 03-04T11:00",
                                                                      "03-04T12:00 03-04T17:00"]),
    ("We 09:00-18:00 || We 08:00-10:00", "", "", "2026-03-04", ["03-04T07:00 03-04T17:00"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "country", "region", "day", "expected"), CALENDAR)
def test_holidays_and_calendars(text: str, country: str, region: str, day: str, expected: list[str]) -> None:
    assert hours(text, day, country, region) == expected


@pytest.mark.parametrize(
    "text",
    ["", " ", "unknown", "PH Mo-Fr 09:00-18:00", "Mo-Fr SH 09:00-18:00", '"by appointment"',
     'Mo-Fr 09:00-18:00 "by appointment"', "SH 09:00-10:00",
     '"summer": Mo-Fr 09:00-10:00', "Mo-Fr 08:00-20:00 Sa 08:00-18:00", "dauerhaft geschlossen", "Mo-Sa 07:00"],
)  # fmt: skip
def test_unknown_is_not_closed(text: str) -> None:
    assert hours(text, "2026-03-04") is None
    assert hours("off", "2026-03-04") == []


def test_what_the_library_cannot_evaluate_is_unknown_and_ends_nothing() -> None:
    """It panics where an opening would be longer than two days; on other days of the year it does not."""
    text = "(sunset+06:00)-25:00"
    check_opening_hours(text)
    assert hours(text, "2026-06-21") is None
    assert hours(text, "2026-12-21") not in (None, [])


@pytest.mark.parametrize(
    "text", ["often", "Mo-Fr 08:00-20:00 Sa 08:00-18:00", " ", "Mo-Sa 07:00", "24/7;", "PH-1 day off"]
)
def test_what_does_not_parse_is_refused_at_the_door(text: str) -> None:
    with pytest.raises(InvalidArgumentError) as refusal:
        check_opening_hours(text)
    assert refusal.value.field == "opening_hours"
    assert text.strip() == "" or text not in refusal.value.message
    assert check_opening_hours("") == ""


def test_sunrise_is_that_of_the_store() -> None:
    """Berlin, 27 March 2026: the almanac has sunrise at 04:52 and sunset at 17:31 UTC; Munich 04:59 and 17:36."""
    day = parse_time_ms("2026-03-27T00:00:00Z") // DAY_MS
    found = {}
    for town, latitude_e7, longitude_e7 in (("Berlin", 525_200_000, 134_050_000), ("Munich", 481_400_000, 115_800_000)):
        intervals = compile_hours("sunrise-sunset", "", "", BERLIN, latitude_e7, longitude_e7, day)
        assert intervals is not None
        found[town] = next(pair for pair in intervals if pair[0] // DAY_MS == day)
    for town, times in {"Berlin": ("04:52", "17:31"), "Munich": ("04:59", "17:36")}.items():
        for moment_ms, time in zip(found[town], times, strict=True):
            assert abs(moment_ms - parse_time_ms(f"2026-03-27T{time}:00Z")) <= 3 * 60_000, town


@pytest.mark.parametrize("text", ["24/7", "Mo-Su 00:00-24:00", "00:00-12:00,12:00-24:00", "08:00-08:00"])
@pytest.mark.parametrize("zone", [BERLIN, "Pacific/Honolulu", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_around_the_clock_is_always_open_and_never_about_to_close(text: str, zone: str) -> None:
    """Whatever moment of the horizon: no gap, and no closing within a day."""
    for day in range(20_500, 20_520):
        from_ms, until_ms = horizon_of(day)
        intervals = compile_hours(text, "", "", zone, 0, 0, day)
        assert intervals is not None
        for now_ms in range(from_ms, until_ms, 7 * HOUR_MS):
            assert any(opens <= now_ms and now_ms + DAY_MS < closes for opens, closes in intervals)


def test_beyond_the_horizon_nothing_is_said() -> None:
    day = NOW_MS // DAY_MS
    intervals = compile_hours("24/7", "", "", BERLIN, 0, 0, day)
    assert intervals is not None
    assert len(intervals) == 1
    assert intervals[0][0] <= horizon_of(day)[0]
    assert horizon_of(day)[1] < intervals[0][1] < NOW_MS + 14 * DAY_MS


SPANS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 1_439), st.integers(1, 1_440)), max_size=4)


@settings(max_examples=150, deadline=None)
@given(SPANS, st.sampled_from(ZONES), MINUTES, st.integers(-1, 6))
@example([(6, 150, 60)], BERLIN, parse_time_ms("2026-10-25T01:15:00Z") // 60_000, 0)
@example([(5, 1_380, 195)], BERLIN, parse_time_ms("2026-03-29T01:00:00Z") // 60_000, 0)
def test_compiled_hours_agree_with_looking_at_every_span(
    spans: list[tuple[int, int, int]], zone: str, minute: int, days_later: int
) -> None:
    """Any moment of the horizon, whichever day it was compiled for; the oracle knows neither library nor tables."""
    now_ms = minute * 60_000
    day = now_ms // DAY_MS - days_later
    from_ms, until_ms = horizon_of(day)
    assert from_ms <= now_ms < until_ms
    intervals = compile_hours(weekly(spans) or "off", "", "", zone, 0, 0, day)
    assert intervals is not None
    expected = is_open_at(weekly(spans), ZoneInfo(zone), now_ms)
    assert any(opens <= now_ms < closes for opens, closes in intervals) is expected
    assert all(a[1] < b[0] for a, b in pairwise(intervals)), "merged"


DAY_SETS = st.sampled_from(
    ["", "Mo-Fr ", "Sa ", "Su ", "PH ", "PH,Su ", "Mo,We-Th ", "Dec ", "Dec 24 ", "week 52 ", "Fr[2] "]
)
TIMES = st.sampled_from(
    ["08:00-12:00", "10:00-18:00,19:00-20:00", "09:00-24:00", "12:00-13:00 off", "off", "14:00-15:30"]
)
RULES = st.lists(st.tuples(st.sampled_from(["; ", ", "]), DAY_SETS, TIMES), min_size=1, max_size=4)


@settings(max_examples=100, deadline=None)
@given(RULES, st.integers(0, 20))
def test_rules_within_a_day_agree_with_the_library_minute_by_minute(
    rules: list[tuple[str, str, str]], day: int
) -> None:
    """Where no night and no "PH off" before other rules is involved, the library decides the same, over Christmas."""
    text = ""
    for joint, days, times in rules:
        text += (joint if text else "") + days + times
    if "PH" in text and "off" in text:
        text = "; ".join(part for part in text.split("; ") if "PH" not in part) + "; PH off"
    text = text.removeprefix("; ")
    first = date(2026, 12, 14) + timedelta(days=day)
    compiled = compile_hours(text, "DE", "", "UTC", 0, 0, (first - date(1970, 1, 1)).days)
    assert compiled is not None
    library = OpeningHours(text, country="DE", auto_country=False, auto_timezone=False)
    start = datetime(first.year, first.month, first.day)
    for minute in range(0, 2_880, 15):
        now_ms = int((start + timedelta(minutes=minute)).replace(tzinfo=UTC).timestamp()) * 1000
        mine = any(opens <= now_ms < closes for opens, closes in compiled)
        assert mine is library.is_open(start + timedelta(minutes=minute)), (text, minute)


def test_stores_that_open_alike_share_their_intervals_and_unknown_is_told_from_closed() -> None:
    world = World()
    alike = [store(f"store-{number}", hours="Mo-Sa 09:00-18:00") for number in range(2, 5)]
    world.nouns = [*world.nouns, *alike, store("store-5", hours=""), store("store-6", hours="off")]
    rows, table = compile_stores(world.build().registry, Zones(), NOW_MS // DAY_MS)
    assert rows["hours_known"].tolist() == [1, 1, 1, 1, 0, 1]
    assert rows["hours_count"].tolist()[4:] == [0, 0]
    assert len({(row["hours_start"], row["hours_count"]) for row in rows[1:4]}) == 1
    assert len(table) == rows["hours_count"][0] + rows["hours_count"][1]


def test_touching_intervals_are_one_so_that_no_margin_falls_between_them() -> None:
    assert merged([(5, 9), (1, 3), (3, 5), (20, 20), (12, 15), (13, 14)]) == ((1, 9), (12, 15))
    world = World(policy=Policy(closing_margin_ms=30 * 60_000))
    world.nouns = [store(hours="Tu 09:00-10:10,10:10-15:00"), *world.nouns[1:]]
    assert world.build().step(ping(NOW_MS)).tries["verdict"].tolist() == [22]


def test_a_zone_that_does_not_exist_is_refused() -> None:
    for name in ("Europe/Nowhere", "", "../etc/passwd", "/etc/localtime", "Europe"):
        with pytest.raises(InvalidArgumentError):
            time_zone(name)


def test_now_is_tuesday_ten_in_berlin() -> None:
    assert datetime.fromtimestamp(NOW_MS / 1000, UTC).astimezone(ZoneInfo(BERLIN)).isoformat() == (
        "2026-03-03T10:00:00+01:00"
    )
