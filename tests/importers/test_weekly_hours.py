"""Plain weekly hours, and the refusal of everything else that OpenStreetMap allows."""

from __future__ import annotations

import pytest

from geooffer.errors import InvalidArgumentError
from geooffer.importers.weekly_hours import weekly_hours
from geooffer.model.catalog import WeeklyInterval


def triples(text: str) -> list[tuple[int, int, int]]:
    return [(item.day, item.open_minute, item.duration_minutes) for item in weekly_hours(text, "weekly_hours")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("24/7", [(0, 0, 10_080)]),
        ("Tu 09:00-20:00", [(1, 540, 660)]),
        ("tu 9:00 - 20:00", [(1, 540, 660)]),
        ("Mo,We 09:00-12:00,14:00-18:00", [(0, 540, 180), (0, 840, 240), (2, 540, 180), (2, 840, 240)]),
        ("Sa-Mo 10:00-11:00", [(0, 600, 60), (5, 600, 60), (6, 600, 60)]),
        ("Fr 22:00-02:00", [(4, 1320, 240)]),
        ("Fr 22:00-26:00", [(4, 1320, 240)]),
        ("Su 00:00-24:00", [(6, 0, 1440)]),
        ("Su 08:00-08:00", [(6, 480, 1440)]),
        ("Mo-Su 10:00-20:00; Tu-Su off", [(0, 600, 600)]),
        ("Mo-Tu 10:00-20:00; Tu 12:00-13:00", [(0, 600, 600), (1, 720, 60)]),
        ("Mo 14:00-15:00,09:00-10:00", [(0, 540, 60), (0, 840, 60)]),
    ],
)
def test_a_plain_week_is_read(text: str, expected: list[tuple[int, int, int]]) -> None:
    assert triples(text) == expected


def test_no_day_means_every_day() -> None:
    assert weekly_hours("09:00-10:00", "x") == tuple(WeeklyInterval(day, 540, 60) for day in range(7))


@pytest.mark.parametrize(
    "text",
    [
        "PH off", "Mo-Fr 09:00-20:00; PH off", "Jan-Mar 10:00-12:00", "week 1-10 Mo 10:00-12:00", "Mo", "always",
        "Mo 25:00-26:00", "Mo 09:60-10:00", "Mo 24:00-25:00", "Mo 09:00", "Mo 9-17", "Mo-Xx 09:00-10:00",
        "Mo 20:00-49:00", 'Mo 09:00-10:00 "by appointment"', "sunrise-sunset", "Mo,,Tu 09:00-10:00",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_its_column(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^opening_hours: rule \d"):
        weekly_hours(text, "opening_hours")


def test_too_many_intervals_are_refused() -> None:
    spans = ",".join(f"{hour:02}:00-{hour:02}:30" for hour in range(10))
    with pytest.raises(InvalidArgumentError, match="more than 64"):
        weekly_hours(f"Mo-Su {spans}", "weekly_hours")
