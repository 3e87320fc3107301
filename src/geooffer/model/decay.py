"""How interest fades: half every 3 days (semantics S-3), as a table of integers per hour, 2¹⁶ = full strength.

The table is computed with the decimal module, not with libm, so that every machine has the same one.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np

from geooffer.model.columns import Int32Array
from geooffer.model.policy import DAY_MS, HOUR_MS

HALF_LIFE_HOURS = 3 * DAY_MS // HOUR_MS
TABLE_HOURS = 400 * 24
FULL_STRENGTH = 1 << 16


def _table() -> Int32Array:
    with localcontext() as context:
        context.prec = 40
        step = Decimal(2) ** (Decimal(-1) / HALF_LIFE_HOURS)
        value = Decimal(FULL_STRENGTH)
        rows = []
        for _ in range(TABLE_HOURS):
            rows.append(int(value + Decimal("0.5")))
            value *= step
    return np.array(rows, dtype=np.int32)


DECAY = _table()
