"""The area inside edges that are straight in longitude and latitude, on the sphere of semantics G2.

By Green's theorem a counter-clockwise ring encloses −R² Σ Δλ · mean(sin φ) over its edges. With φ = φ₀ + δ
the constant sin φ₀ drops out (ΣΔλ = 0), and the rest, sin φ₀ (cos δ − 1) + cos φ₀ sin δ, is a short
polynomial in δ ≤ 10°, whose mean over an edge from a to b follows from mean(δⁿ) = Σ aⁱ bⁿ⁻ⁱ / (n + 1). No
cancellation, no libm.
"""

from __future__ import annotations

from numba import types

from geooffer.kernels.compile import entry
from geooffer.kernels.fence_types import EDGES
from geooffer.kernels.trig import RADIANS_PER_E7, sine_cosine_e7
from geooffer.model.columns import StructArray
from geooffer.model.units import EARTH_RADIUS_M


@entry(lambda: types.float64(EDGES), in_threads=True)
def area_of_edges_m2(edges: StructArray) -> float:
    """Square metres inside the closed rings made of `edges`: counter-clockwise adds, clockwise takes away."""
    if len(edges) == 0:
        return 0.0
    reference_e7 = int(edges[0]["latitude_a_e7"])
    sine, cosine = sine_cosine_e7(reference_e7)
    total = 0.0
    for index in range(len(edges)):
        edge = edges[index]
        a = (int(edge["latitude_a_e7"]) - reference_e7) * RADIANS_PER_E7
        b = (int(edge["latitude_b_e7"]) - reference_e7) * RADIANS_PER_E7
        width = (int(edge["longitude_b_e7"]) - int(edge["longitude_a_e7"])) * RADIANS_PER_E7
        mean = 0.0
        coefficient = 1.0  # of sin and cos in turn: δⁿ / n! with signs + + − −
        power_sum = 1.0  # Σ aⁱ bⁿ⁻ⁱ
        power_b = 1.0
        for order in range(1, 10):
            power_b *= b
            power_sum = a * power_sum + power_b
            coefficient /= order
            sign = 1.0 if (order - 1) % 4 < 2 else -1.0
            if order % 2 == 1:
                mean += sign * cosine * coefficient * power_sum / (order + 1)
            else:
                mean -= sign * sine * coefficient * power_sum / (order + 1)
        total -= width * mean
    return total * EARTH_RADIUS_M * EARTH_RADIUS_M
