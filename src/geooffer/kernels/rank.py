"""The score of a candidate: an integer anyone can check by hand, and a total order (score, then offer id).

score = match × 2^(−age / 3 days) + 10 × price cut in percent, where match is 2000 for an intent in this very product
and 1000 for one in its category. Step 2 of the project adds further factors.
"""

from __future__ import annotations

from geooffer.kernels.compile import kernel
from geooffer.model.decay import DECAY, FULL_STRENGTH, TABLE_HOURS
from geooffer.model.policy import HOUR_MS

PRODUCT_MATCH = 2000
CATEGORY_MATCH = 1000
PER_CUT_PERCENT = 10


@kernel
def strength(is_product_match: bool, interest_ms: int, now_ms: int) -> int:
    """Match and recency of one intent; interest in the future counts as now."""
    hours = min(max(now_ms - interest_ms, 0) // HOUR_MS, TABLE_HOURS - 1)
    match = PRODUCT_MATCH if is_product_match else CATEGORY_MATCH
    return match * DECAY[hours] // FULL_STRENGTH


@kernel
def score_of(strength_points: int, amount_minor: int, reference_minor: int) -> int:
    """The score; `reference_minor` > 0."""
    if reference_minor <= 0:
        return strength_points
    cut_percent = (reference_minor - amount_minor) * 100 // reference_minor
    return strength_points + PER_CUT_PERCENT * max(cut_percent, 0)
