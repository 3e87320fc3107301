"""The defaults are the semantics page's; each number has a hard bound, and a breach names its field."""

from __future__ import annotations

import pytest

from geooffer.errors import InvalidArgumentError
from geooffer.model import limits
from geooffer.model.policy import DAY_MS, HOUR_MS, Policy

MINUTE_MS = 60_000


def test_the_defaults_are_those_in_italics() -> None:
    assert Policy()._asdict() == {
        "version": 1,
        "assumed_accuracy_cm": 50_00,  # T1
        "accuracy_max_cm": 100_00,  # T1
        "future_tolerance_ms": 30_000,  # T2
        "historical_after_ms": 60_000,  # T3
        "jump_cm_per_s": 70_00,  # T4
        "jump_fix_count": 3,  # T4
        "inside_accuracy_floor_cm": 50_00,  # P1
        "outside_margin_cm": 10_00,  # P1
        "outside_accuracy_percent": 100,  # P1
        "enter_fix_count": 1,  # P2
        "exit_fix_count": 2,  # P2
        "dwell_ms": 60_000,  # P3
        "silent_after_ms": 15 * MINUTE_MS,  # P5
        "closing_margin_ms": 10 * MINUTE_MS,  # D1.1
        "fast_cm_per_s": 8_00,  # D1.2
        "quiet_start_minute": 21 * 60,  # H3
        "quiet_end_minute": 8 * 60,  # H3
        "quiet_days_mask": 0b111_1111,  # H3: every day
        "intent_max_age_ms": 14 * DAY_MS,  # D1.8
        "safety_stock_count": 1,  # D1.11
        "stock_max_age_ms": 24 * HOUR_MS,  # D1.12
        "same_offer_after_ms": DAY_MS,  # D1.14
        "ended_offer_after_ms": 30 * DAY_MS,  # D1.14: dismissed or redeemed
        "cooldown_ms": 30 * MINUTE_MS,  # D1.15
        "score_floor": 0,  # D1.18
        "held_out_per_10000": 0,  # D1.20
        "intent_retention_days": 14,  # privacy M7, as the following three
        "fact_retention_days": 3 * 365 + 1,
        "decision_retention_days": 32,
        "consent_evidence_retention_days": 3 * 365 + 1,
        "retry_count": 0,
        "offers_stopped": 0,
    }
    Policy().validate()


@pytest.mark.parametrize("name", Policy._fields)
def test_each_field_is_bounded_and_named(name: str) -> None:
    for value in (-1, 401 * DAY_MS, 1.5, None):
        with pytest.raises(InvalidArgumentError) as caught:
            Policy(**{name: value}).validate()  # type: ignore[arg-type]
        assert caught.value.field == name


@pytest.mark.parametrize("name", ["enter_fix_count", "exit_fix_count"])
def test_fix_counts_fit_the_byte_a_visit_counts_in(name: str) -> None:
    Policy(**{name: 255}).validate()
    for value in (0, 256):
        with pytest.raises(InvalidArgumentError):
            Policy(**{name: value}).validate()


@pytest.mark.parametrize("name", ["same_offer_after_ms", "ended_offer_after_ms", "cooldown_ms"])
def test_no_repeat_is_remembered_longer_than_contacts_are(name: str) -> None:
    assert limits.CAP_WINDOW_MAX_MS < limits.CONTACT_RETENTION_MS
    Policy(**{name: limits.CAP_WINDOW_MAX_MS}).validate()
    with pytest.raises(InvalidArgumentError):
        Policy(**{name: limits.CAP_WINDOW_MAX_MS + 1}).validate()


def test_quiet_hours_are_minutes_of_a_day_and_days_of_a_week() -> None:
    Policy(quiet_start_minute=1_439, quiet_end_minute=0, quiet_days_mask=0).validate()
    for field, value in (("quiet_start_minute", 1_440), ("quiet_end_minute", 1_440), ("quiet_days_mask", 128)):
        with pytest.raises(InvalidArgumentError) as caught:
            Policy(**{field: value}).validate()
        assert caught.value.field == field
