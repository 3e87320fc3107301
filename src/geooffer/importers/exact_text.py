"""Integers as decimal text that every reader of this package turns into the same integers again.

A coordinate is written with seven decimals, v = n / 10⁷ exactly. A reader makes of it the nearest double d, and of that
round(10⁷ · d). Both steps err by at most 2⁻⁵³ of their result, together less than 1.8 · 10⁹ · 2⁻⁵² < 10⁻⁶ of a unit for
every |n| ≤ 1.8 · 10⁹: far from the half unit that would round to a neighbour.
"""

from __future__ import annotations

from geooffer.model.units import E7_PER_DEGREE


def degrees_text(value_e7: int) -> str:
    """E7 as degrees: −5 is "-0.0000005"."""
    whole, rest = divmod(abs(value_e7), E7_PER_DEGREE)
    return f"{'-' if value_e7 < 0 else ''}{whole}.{rest:07}"


def decimal_text(value: int, decimals: int) -> str:
    """value / 10^decimals in the fewest digits, value ≥ 0: 2550 with 2 is "25.5", 3000 is "30"."""
    whole, rest = divmod(value, 10**decimals)
    return f"{whole}.{rest:0{decimals}}".rstrip("0").rstrip(".")
