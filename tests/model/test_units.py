"""Conversions: what their docstrings call exact is exact."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geooffer.errors import InvalidArgumentError
from geooffer.model import limits, units


@given(st.integers(-limits.LONGITUDE_MAX_E7, limits.LONGITUDE_MAX_E7))
def test_g1_e7_to_degrees_and_back_is_the_same_integer(value_e7: int) -> None:
    """G1."""
    assert units.degrees_to_e7(units.e7_to_degrees(value_e7)) == value_e7


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_g1_what_is_no_number_is_refused(value: float) -> None:
    for convert in (units.degrees_to_e7, units.metres_to_cm, units.latitude_from_degrees):
        with pytest.raises(InvalidArgumentError):
            convert(value)


def test_g1_degrees_round_to_the_nearest() -> None:
    assert units.degrees_to_e7(0.00000004) == 0
    assert units.degrees_to_e7(0.00000006) == 1
    assert units.degrees_to_e7(-0.00000006) == -1
    assert units.metres_to_cm(1.005) == 100
    assert units.metres_to_cm(1.015) == 101  # binary 1.015 lies under the tie


def test_g1_the_bounds_belong_to_the_range() -> None:
    assert units.latitude_from_degrees(90.0) == limits.LATITUDE_MAX_E7
    assert units.longitude_from_degrees(-180.0) == -limits.LONGITUDE_MAX_E7
    for convert, outside in ((units.latitude_from_degrees, 90.0000001), (units.longitude_from_degrees, -180.0000001)):
        with pytest.raises(InvalidArgumentError):
            convert(outside)


def test_g2_a_metre_on_the_sphere() -> None:
    """A quarter of the meridian of a sphere of 6,371,008.8 m is 90 degrees."""
    assert math.isclose(units.METRES_PER_E7 * 900_000_000, math.pi / 2 * 6_371_008.8, rel_tol=1e-15)


@given(st.integers(limits.TIME_MIN_MS, limits.TIME_MAX_MS))
def test_times_round_trip(time_ms: int) -> None:
    assert units.parse_time_ms(units.format_time_ms(time_ms)) == time_ms


def test_times_need_a_zone_and_a_legal_year() -> None:
    assert units.parse_time_ms("2026-03-03T10:00:00+01:00") == 1_772_528_400_000
    assert units.parse_time_ms(" 2026-03-03T09:00:00Z ") == 1_772_528_400_000
    assert units.format_time_ms(1_772_528_400_000) == "2026-03-03T09:00:00Z"
    assert units.format_time_ms(1_772_528_400_007) == "2026-03-03T09:00:00.007Z"
    for bad in ("2026-03-03T10:00:00", "yesterday", "", "1969-12-31T23:59:59Z", "2100-01-01T00:00:01Z"):
        with pytest.raises(InvalidArgumentError):
            units.parse_time_ms(bad)
    assert datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1000 == limits.TIME_MAX_MS
