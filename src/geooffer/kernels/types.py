"""Numba types of the tables and columns that cross into kernels, derived from the layouts in model/."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import types

from geooffer.kernels.compile import kernel
from geooffer.model import columns, tables
from geooffer.model.policy import Policy


def array_of(dtype: np.dtype[Any]) -> Any:
    """The Numba type of a C-contiguous, aligned, one-dimensional array of `dtype`."""
    return types.Array(numba.from_dtype(dtype), 1, "C")


I4 = types.Array(types.int32, 1, "C")
I8 = types.Array(types.int64, 1, "C")
U1 = types.Array(types.uint8, 1, "C")

PINGS = array_of(columns.PING)
TRANSITIONS = array_of(columns.TRANSITION)
TRIES = array_of(columns.TRY)
WINNERS = array_of(columns.WINNER)

PEOPLE = types.NamedTuple(
    [
        I8,
        I4,
        array_of(tables.DEVICE),
        array_of(tables.PERSON),
        array_of(tables.PRESENCE),
        array_of(tables.INTENT),
        array_of(tables.FACT),
        array_of(tables.CONTACT),
        array_of(tables.SUSPECT),
        I8,
        I4,
        array_of(tables.ZONE_STEP),
    ],
    tables.PeopleTables,
)
LIVE = types.NamedTuple([array_of(tables.STOCK), I8, array_of(tables.CLOSURE), I4, I8], tables.LiveTables)
COMMERCE = types.NamedTuple(
    [
        array_of(tables.STORE_ROW),
        array_of(tables.HOURS),
        array_of(tables.CATEGORY_ROW),
        array_of(tables.PRODUCT_ROW),
        array_of(tables.VARIANT),
        array_of(tables.PRICE_STEP),
        I8,
        I4,
        I4,
        array_of(tables.OFFER_ROW),
        I4,
        I4,
        I4,
        I4,
        I4,
        array_of(tables.CAMPAIGN_ROW),
        array_of(tables.CAP_RULE),
        I4,
        I4,
        I4,
    ],
    tables.CommerceTables,
)
POLICY = types.NamedUniTuple(types.int64, len(Policy._fields), Policy)


@kernel
def wide(value: Any) -> int:
    """An integer of a table as int64, where Numba would otherwise keep the narrow type and fail to unify."""
    return np.int64(value)  # type: ignore[return-value]
