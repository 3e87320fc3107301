"""Interest halves every 3 days (S-3): the table against exact arithmetic."""

from __future__ import annotations

from fractions import Fraction

from geooffer.model.decay import DECAY, FULL_STRENGTH, HALF_LIFE_HOURS, TABLE_HOURS


def is_nearest(value: int, hours: int) -> bool:
    """|value − F·2^(−h/72)| ≤ ½, exactly: compare 72nd powers of fractions, so that no root is drawn."""
    power = Fraction(FULL_STRENGTH) ** HALF_LIFE_HOURS / 2**hours
    low, high = Fraction(2 * value - 1, 2), Fraction(2 * value + 1, 2)
    return (low <= 0 or low**HALF_LIFE_HOURS <= power) and power <= high**HALF_LIFE_HOURS


def test_the_half_life_is_3_days() -> None:
    assert HALF_LIFE_HOURS == 72
    assert [int(DECAY[72 * halves]) for halves in range(6)] == [65_536, 32_768, 16_384, 8_192, 4_096, 2_048]


def test_every_entry_is_the_nearest_integer() -> None:
    wrong = [hours for hours in range(TABLE_HOURS) if not is_nearest(int(DECAY[hours]), hours)]
    assert wrong == []


def test_interest_never_grows() -> None:
    assert all(DECAY[1:] <= DECAY[:-1])
    assert len(DECAY) == TABLE_HOURS == 9_600
