"""Sine and cosine of E7 angles without libm, so that every machine gets the same bits.

libm's results differ between systems in the last bit; a fix near a circle's rim would be inside on one
machine and outside on another. Here an angle is split *in integers* into a multiple of 0.1° and a rest of at
most 0.05°. The multiples' sines come from a table computed in 192-bit integer arithmetic and rounded once;
the rest takes three terms of Taylor's series (the next is below 2⁻⁶⁷). Only IEEE additions and
multiplications follow, and the compile policy allows no fused ones. Errors stay below 2.3e-16, about one unit
in the last place of 1 (tests/kernels/test_trig.py, against 50-digit decimals).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geooffer.kernels.compile import kernel
from geooffer.model.units import E7_PER_DEGREE, EARTH_RADIUS_M

_BITS = 192
_ONE = 1 << _BITS
_STEPS_PER_QUADRANT = 900
STEP_E7 = 90 * E7_PER_DEGREE // _STEPS_PER_QUADRANT


def _arctangent_of_reciprocal(divisor: int) -> int:
    """arctan(1 / divisor) in units of 2⁻¹⁹²: Gregory's series."""
    term = _ONE // divisor
    total = 0
    index = 0
    while term:
        total += term // (2 * index + 1) * (1 if index % 2 == 0 else -1)
        term //= divisor * divisor
        index += 1
    return total


def pi_fixed() -> int:
    """π in units of 2⁻¹⁹² by Machin's formula, 16 arctan(1/5) − 4 arctan(1/239); last bits are rounding."""
    return 16 * _arctangent_of_reciprocal(5) - 4 * _arctangent_of_reciprocal(239)


def _sine_cosine_fixed(angle: int) -> tuple[int, int]:
    """Sine and cosine of a small fixed-point angle by Taylor's series."""
    term = _ONE
    sums = [0, 0, 0, 0]
    index = 0
    while term:
        sums[index % 4] += term
        index += 1
        term = (term * angle >> _BITS) // index
    return sums[1] - sums[3], sums[0] - sums[2]


def _sine_table() -> npt.NDArray[np.float64]:
    """sin(i × 0.1°) for i = 0..900, each correctly rounded: one step turned 900 times in integers."""
    step_sine, step_cosine = _sine_cosine_fixed(pi_fixed() // (2 * _STEPS_PER_QUADRANT))
    sine, cosine = 0, _ONE
    table = np.empty(_STEPS_PER_QUADRANT + 1, np.float64)
    for index in range(_STEPS_PER_QUADRANT + 1):
        table[index] = sine / _ONE
        sine, cosine = (
            sine * step_cosine + cosine * step_sine >> _BITS,
            cosine * step_cosine - sine * step_sine >> _BITS,
        )
    table[_STEPS_PER_QUADRANT] = 1.0
    return table


SINES = _sine_table()
RADIANS_PER_E7 = pi_fixed() / (_ONE * 180 * E7_PER_DEGREE)
PI = pi_fixed() / _ONE
RADIANS_PER_CM = 1.0 / (EARTH_RADIUS_M * 100.0)
METRES_PER_E7 = EARTH_RADIUS_M * RADIANS_PER_E7


@kernel
def sine_cosine_e7(angle_e7: int) -> tuple[float, float]:
    """Sine and cosine of an angle in E7 degrees, any int64 below 2⁶² in size."""
    turn = angle_e7 % 3_600_000_000
    quadrant = turn // 900_000_000
    within = turn - quadrant * 900_000_000
    index = (within + STEP_E7 // 2) // STEP_E7
    rest = (within - index * STEP_E7) * RADIANS_PER_E7
    square = rest * rest
    rest_sine = rest * (1.0 - square * (1.0 / 6.0) * (1.0 - square * (1.0 / 20.0)))
    rest_cosine = 1.0 - square * 0.5 * (1.0 - square * (1.0 / 12.0))
    table_sine = SINES[index]
    table_cosine = SINES[_STEPS_PER_QUADRANT - index]
    sine = table_sine * rest_cosine + table_cosine * rest_sine
    cosine = table_cosine * rest_cosine - table_sine * rest_sine
    if quadrant == 0:
        return sine, cosine
    if quadrant == 1:
        return cosine, -sine
    if quadrant == 2:
        return -sine, -cosine
    return -cosine, sine


@kernel
def unit_vector(latitude_e7: int, longitude_e7: int) -> tuple[float, float, float]:
    """The point on the unit sphere: x towards (0°, 0°), y towards (0°, 90° east), z north."""
    latitude_sine, latitude_cosine = sine_cosine_e7(latitude_e7)
    longitude_sine, longitude_cosine = sine_cosine_e7(longitude_e7)
    return latitude_cosine * longitude_cosine, latitude_cosine * longitude_sine, latitude_sine


@kernel
def chord_squared_of_half(half_angle: float) -> float:
    """(2 sin h)² of an angle 0 ≤ h in radians; 4 from π/2 on.

    h is halved until Taylor's series is short, then doubled back by sin² 2x = 4 sin² x (1 − sin² x). Unlike
    1 − cos it keeps its relative precision down to the smallest angles.
    """
    if half_angle >= PI * 0.5:
        return 4.0
    doublings = 0
    while half_angle > 0.25:
        half_angle *= 0.5
        doublings += 1
    square = half_angle * half_angle
    series = 1.0
    for index in range(7, 0, -1):
        series = 1.0 - square / ((2 * index) * (2 * index + 1)) * series
    sine = half_angle * series
    sine_squared = sine * sine
    for _ in range(doublings):
        sine_squared = 4.0 * sine_squared * (1.0 - sine_squared)
    return 4.0 * sine_squared


@kernel
def chord_squared_of_cm(distance_cm: int) -> float:
    """The squared straight line, on the unit sphere, under a great-circle distance ≥ 0."""
    return chord_squared_of_half(distance_cm * RADIANS_PER_CM * 0.5)
