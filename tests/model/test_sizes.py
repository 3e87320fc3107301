"""Sizes of different systems meet in their chart's own, and nowhere else (S-2)."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geooffer.errors import InvalidArgumentError
from geooffer.model.catalog import Size
from geooffer.model.sizes import CHART_NAMES, CHARTS, canonical_size, letter_of

HAND_CHECKED = [
    # last length = EU × 2/3 cm = (UK + 25) / 3 inches: each row worked out with paper, 1 inch = 2.54 cm
    ("shoes_men", "UK", "9", "EU", "43"),  # 34 / 3 in = 28.787 cm = 43.18 points
    ("shoes_men", "UK", "8.5", "EU", "42.5"),  # 28.363 cm = 42.545
    ("shoes_men", "US", "10", "EU", "43"),  # one above UK
    ("shoes_men", "EU", "43", "EU", "43"),
    ("shoes_men", "DE", "42,5", "EU", "42.5"),
    ("shoes_men", "FR", "42 1/2", "EU", "42.5"),
    ("shoes_men", "eu ", " 42½ ", "EU", "42.5"),
    ("shoes_men", "EU", "43.0", "EU", "43"),
    ("shoes_men", "EU", "42 2/3", "EU", "42.5"),
    ("shoes_men", "EU", "43⅓", "EU", "43.5"),
    ("shoes_men", "CM", "27", "EU", "42.5"),  # 27 × 1.5 + 2 = 42.5
    ("shoes_men", "MONDO", "270", "EU", "42.5"),
    ("shoes_men", "CM", "26.5", "EU", "42"),  # 41.75: a tie goes up
    ("shoes_women", "UK", "5", "EU", "38"),  # 10 in = 25.4 cm = 38.1
    ("shoes_women", "US", "7", "EU", "38"),  # two above UK
    ("shoes_women", "UK", "4", "EU", "37"),  # 36.83
    ("shoes_children", "UK", "10", "EU", "28"),  # (10 + 12) × 1.27 = 27.94
    ("shoes_children", "US", "10.5c", "EU", "28"),
    ("shoes_children", "UK", "1Y", "EU", "33"),  # 26 × 1.27 = 33.02
    ("shoes_children", "UK", "1C", "EU", "16.5"),  # 13 × 1.27 = 16.51
    ("shoes_children", "CM", "15", "EU", "24.5"),
    ("clothing_women", "DE", "38", "DE", "38"),
    ("clothing_women", "EU", "38", "DE", "38"),
    ("clothing_women", "FR", "40", "DE", "38"),
    ("clothing_women", "IT", "44", "DE", "38"),
    ("clothing_women", "UK", "12", "DE", "38"),
    ("clothing_women", "US", "8", "DE", "38"),
    ("clothing_women", "int", "xxxl", "INT", "3XL"),
    ("clothing_men", "UK", "40", "DE", "50"),  # 40 in ≈ 100 cm chest
    ("clothing_men", "IT", "50", "DE", "50"),
    ("clothing_men", "INT", "m", "INT", "M"),
    ("trousers", "WL", "32/34", "WL", "32/34"),
    ("trousers", "W/L", "W32 L34", "WL", "32/34"),
    ("trousers", "US", "32x34", "WL", "32/34"),
    ("trousers", "WL", "32", "WL", "32"),
]

NUMBER = re.compile(r"\A[WL]?[0-9]{1,3}([.,/x ][0-9]{1,2}| 1/2|½)?[CY]?\Z")

REFUSED = [
    ("shoes_men", "INT", "M"),
    ("shoes_men", "IT", "43"),
    ("shoes_men", "JP", "27"),
    ("shoes_men", "", "43"),
    ("shoes_men", "EU", ""),
    ("shoes_men", "EU", "430"),
    ("shoes_men", "EU", "42.3"),
    ("shoes_men", "EU", "42 3/2"),
    ("shoes_men", "EU", "-43"),
    ("shoes_men", "EU", "٤٣"),
    ("shoes_men", "EU", "M"),
    ("shoes_men", "UK", "43"),
    ("shoes_children", "UK", "2"),
    ("shoes_children", "UK", "4"),
    ("clothing_women", "DE", "37"),
    ("clothing_women", "INT", "XXXXXXL"),
    ("clothing_men", "FR", "50"),
    ("trousers", "DE", "48"),
    ("trousers", "WL", "32/99"),
    ("trousers", "WL", "12/30"),
    ("trousers", "WL", "٣٢"),
]


@pytest.mark.parametrize(("chart", "system", "value", "wanted_system", "wanted"), HAND_CHECKED)
def test_a_size_becomes_its_charts_own(chart: str, system: str, value: str, wanted_system: str, wanted: str) -> None:
    assert canonical_size(chart, Size(system, value)) == Size(wanted_system, wanted)


@pytest.mark.parametrize(("chart", "system", "value"), REFUSED)
def test_what_a_chart_does_not_have_is_refused(chart: str, system: str, value: str) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        canonical_size(chart, Size(system, value))
    assert refused.value.field == "size"
    assert not value or value not in refused.value.message.replace("32/34", "").replace("22..60", "")


def test_an_unknown_chart_is_refused() -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        canonical_size("hats", Size("EU", "58"))
    assert refused.value.field == "size_chart"


def test_eu_43_is_not_us_43() -> None:
    with pytest.raises(InvalidArgumentError):
        canonical_size("shoes_men", Size("US", "43"))
    assert canonical_size("shoes_men", Size("EU", "43")) != canonical_size("shoes_men", Size("US", "9"))


@given(st.text(max_size=20), st.text(max_size=20))
def test_without_a_chart_a_size_stays_as_given(system: str, value: str) -> None:
    assert canonical_size("", Size(system, value)) == Size(system, value)


@given(st.sampled_from(CHART_NAMES), st.text(max_size=12), st.text(max_size=12))
def test_any_text_is_a_size_or_refused(chart: str, system: str, value: str) -> None:
    found = canonical_or_field(chart, Size(system, value))
    assert found == "size" or canonical_or_field(chart, found) == found


@given(st.sampled_from(CHART_NAMES[1:]), st.sampled_from(["EU", "UK", "US", "CM", "INT", "WL"]), st.from_regex(NUMBER))
def test_what_looks_like_a_size_is_one_or_refused(chart: str, system: str, value: str) -> None:
    found = canonical_or_field(chart, Size(system, value))
    assert found == "size" or canonical_or_field(chart, found) == found


def canonical_or_field(chart: str, size: Size) -> Size | str:
    """The canonical size, or the field the refusal names."""
    try:
        return canonical_size(chart, size)
    except InvalidArgumentError as refused:
        return refused.field


def test_canonical_sizes_are_fixed_points() -> None:
    for chart, table in CHARTS.items():
        for size in table.values():
            assert canonical_size(chart, size) == size


def test_larger_is_larger_in_every_system_and_no_two_meet() -> None:
    for chart, table in CHARTS.items():
        for system in {system for system, _ in table} - {"INT"}:
            pairs = sorted(
                (Fraction(value), Fraction(size.value))
                for (held, value), size in table.items()
                if held == system and value[-1].isdigit()
            )
            canonical = [size for _, size in pairs]
            assert canonical == sorted(set(canonical)), (chart, system)


def test_a_number_falls_under_one_letter_and_a_letter_under_none() -> None:
    # EN 13402-3: women M is a bust of 90..98 cm, DE 40 is 92; men L is a chest of 102..110, DE 52 is 104
    assert letter_of("clothing_women", Size("DE", "40")) == Size("INT", "M")
    assert letter_of("clothing_women", Size("DE", "38")) == Size("INT", "S")
    assert letter_of("clothing_women", Size("DE", "50")) == Size("INT", "XL")
    assert letter_of("clothing_men", Size("DE", "52")) == Size("INT", "L")
    assert letter_of("clothing_men", Size("INT", "L")) == Size("INT", "L")
    assert letter_of("shoes_men", Size("EU", "43")) is None
    for chart in ("clothing_women", "clothing_men"):
        assert all(letter_of(chart, size) for size in CHARTS[chart].values())
