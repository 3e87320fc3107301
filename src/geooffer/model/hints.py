"""What a fix's own place says about when the next ping is useful: rows that kernels/nearest.py writes (product S14)."""

from __future__ import annotations

import numpy as np

DWELL_WAIT_COUNT_MAX = 4
"""Different dwell times told of one place; those of further fences are found by the longest interval."""
NO_RIM_CM = 2**31 - 1
REACH_CM = 5_000_000
"""No fence is looked for farther than 50 km: as far as 70 m/s come in the longest interval and some."""

HINT = np.dtype(
    [
        ("opens_ms", "<i8"),  # when the next fence that covers the fix comes into force; 0 = none will
        ("distance_cm", "<i4"),  # at most the way to the nearest fence that does not cover the fix; ≤ REACH_CM
        ("leave_cm", "<i4"),  # at most the way beyond the margin of what it has not left, may be negative; or NO_RIM_CM
        ("enter_accuracy_cm", "<i4"),  # covered by a fence, but too coarse: one as accurate as this enters; 0 = none
    ],
    align=True,
)
assert HINT.itemsize == 24
