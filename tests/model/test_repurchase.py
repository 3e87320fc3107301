"""Just bought is silence; about used up is due again (product S2)."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geooffer.errors import InvalidArgumentError
from geooffer.model.policy import DAY_MS
from geooffer.model.repurchase import DUE_FULL_POINTS, PRESETS, WAIT_DAYS_MAX, RepurchaseRule, due_points

PERFUME = PRESETS["perfume"]


@pytest.mark.parametrize(
    ("days", "points"),
    [
        *((-1, 0), (0, 0), (74, 0), (75, 0)),
        *((90, 400), (93.75, 500), (112, 986), (112.5, 1_000), (150, 1_000), (225, 1_000), (226, 0), (10_000, 0)),
    ],
)
def test_perfume_is_due_again_after_75_days(days: float, points: int) -> None:
    bought_ms = 1_700_000_000_000
    assert (PERFUME.wait_days, PERFUME.is_consumable, PERFUME.search_lifts_wait) == (75, True, False)
    assert due_points(bought_ms, bought_ms + int(days * DAY_MS), PERFUME) == points


def test_the_edges_are_exact_to_the_millisecond() -> None:
    rule = RepurchaseRule(1, is_consumable=True)
    ages = (DAY_MS, DAY_MS + 1, 3 * DAY_MS // 2 - 1, 3 * DAY_MS // 2, 3 * DAY_MS, 3 * DAY_MS + 1)
    assert [due_points(0, age, rule) for age in ages] == [0, 0, 999, 1_000, 1_000, 0]


@given(st.integers(1, WAIT_DAYS_MAX), st.integers(-DAY_MS, 8_000 * DAY_MS))
def test_points_are_the_line_of_the_picture(wait_days: int, age_ms: int) -> None:
    share = Fraction(age_ms, wait_days * DAY_MS)
    if share > 3 or share < 1:
        line = Fraction(0)
    else:
        line = min(Fraction(1), (share - 1) * 2)
    assert due_points(5, 5 + age_ms, RepurchaseRule(wait_days, True)) == line * DUE_FULL_POINTS // 1


@given(st.sampled_from(sorted(PRESETS)), st.integers(0, 20_000 * DAY_MS))
def test_what_lasts_is_never_due(name: str, age_ms: int) -> None:
    points = due_points(0, age_ms, PRESETS[name])
    assert 0 <= points <= DUE_FULL_POINTS
    if not PRESETS[name].is_consumable or age_ms <= PRESETS[name].wait_days * DAY_MS:
        assert points == 0


def test_presets_say_what_people_expect() -> None:
    assert len(PRESETS) >= 30
    assert PRESETS["washing_machine"].wait_days >= 5 * 365
    assert not PRESETS["washing_machine"].is_consumable
    assert not PRESETS["washing_machine"].search_lifts_wait
    assert PRESETS["books"].search_lifts_wait
    assert 60 <= PERFUME.wait_days <= 90
    asked = (
        "perfume coffee detergent diapers cosmetics shampoo toothpaste pet_food contact_lenses printer_ink "
        "running_shoes shoes clothing books toys electronics smartphone furniture mattress washing_machine services"
    )
    assert set(asked.split()) <= PRESETS.keys()


@pytest.mark.parametrize(("days", "used_up"), [(-1, False), (0, True), (WAIT_DAYS_MAX + 1, False)])
def test_a_wait_out_of_range_is_refused(days: int, used_up: bool) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        RepurchaseRule(days, is_consumable=used_up)
    assert refused.value.field == "wait_days"
