"""Sine and cosine without libm: against 50-digit decimals, and the same bits after every turn."""

from __future__ import annotations

import math
from decimal import Decimal, getcontext
from itertools import pairwise

import numpy as np
import pytest

from geooffer.kernels import trig
from geooffer.model.units import METRES_PER_E7

getcontext().prec = 50
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")


def decimal_sine(angle_e7: int) -> Decimal:
    """Taylor's series in decimals: slow, obvious, and exact to far more digits than a double has."""
    x = Decimal(angle_e7 % 3_600_000_000) * PI / Decimal(1_800_000_000)
    term, total, order = x, Decimal(0), 1
    while abs(term) > Decimal("1e-45"):
        total += term
        term = -term * x * x / ((order + 1) * (order + 2))
        order += 2
    return total


def angles() -> list[int]:
    edges = [0, 1, -1, 500_000, 499_999, 500_001, 900_000_000, 1_800_000_000, -1_800_000_000, 3_600_000_000]
    return edges + np.random.default_rng(1).integers(-3_600_000_000, 3_600_000_000, 500).tolist()


def test_sine_and_cosine_are_within_two_parts_in_ten_to_the_sixteen() -> None:
    for angle in angles():
        sine, cosine = trig.sine_cosine_e7(angle)
        assert abs(Decimal(sine) - decimal_sine(angle)) < Decimal("2.3e-16")
        assert abs(Decimal(cosine) - decimal_sine(angle + 900_000_000)) < Decimal("2.3e-16")


def test_table_is_correctly_rounded() -> None:
    for index in (1, 7, 300, 450, 899):
        exact = decimal_sine(index * trig.STEP_E7)
        assert Decimal(float(trig.SINES[index])) == Decimal(float(exact))
    assert math.pi == trig.PI
    assert pytest.approx(METRES_PER_E7, rel=1e-15) == trig.METRES_PER_E7


def test_turns_hold_to_the_bit() -> None:
    for angle in angles():
        sine, cosine = trig.sine_cosine_e7(angle)
        assert trig.sine_cosine_e7(angle - 3_600_000_000) == (sine, cosine)
        assert trig.sine_cosine_e7(angle + 1_800_000_000) == (-sine, -cosine)


def test_right_angles_are_exact() -> None:
    got = [trig.sine_cosine_e7(quarter * 900_000_000) for quarter in range(4)]
    assert got == [(0, 1), (1, 0), (0, -1), (-1, 0)]


@pytest.mark.parametrize("distance_m", [1, 50, 1_000, 100_000, 1_200_000, 9_000_000, 20_000_000])
def test_chord_of_a_distance(distance_m: int) -> None:
    half = distance_m / 6_371_008.8 / 2
    expected = (2 * math.sin(half)) ** 2
    assert trig.chord_squared_of_cm(distance_m * 100) == pytest.approx(expected, rel=1e-13)


def test_chord_grows_with_distance_up_to_the_antipode() -> None:
    chords = [trig.chord_squared_of_cm(distance) for distance in range(0, 2_100_000_000, 10_000_019)]
    assert all(low <= high for low, high in pairwise(chords))
    assert chords[-1] == 4.0


def test_compiled_and_uncompiled_agree_to_the_bit() -> None:
    for angle in angles()[:200]:
        assert trig.sine_cosine_e7.py_func(angle) == trig.sine_cosine_e7(angle)  # type: ignore[attr-defined]
