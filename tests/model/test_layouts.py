"""Sizes and offsets that compiled kernels and later the native plane rely on: a change must be meant."""

from __future__ import annotations

import numpy as np
import pytest

from geooffer.model import columns, fence_tables, tables

SIZES = {
    columns.PING: 64,
    columns.TRANSITION: 32,
    columns.TRY: 32,
    columns.WINNER: 152,
    tables.DEVICE: 64,
    tables.PERSON: 64,
    tables.PRESENCE: 40,
    tables.SUSPECT: 40,
    tables.INTENT: 48,
    tables.FACT: 24,
    tables.CONTACT: 64,
    tables.STOCK: 24,
    tables.STORE_ROW: 56,
    tables.CATEGORY_ROW: 16,
    tables.CAMPAIGN_ROW: 48,
    tables.CAP_RULE: 24,
    tables.ZONE_STEP: 16,
    tables.CLOSURE: 24,
    tables.PRODUCT_ROW: 28,
    tables.OFFER_ROW: 56,
    tables.PRICE_STEP: 32,
    tables.HOURS: 16,
    tables.VARIANT: 8,
    fence_tables.FENCE_ROW: 88,
    fence_tables.PART_ROW: 72,
    fence_tables.EDGE: 16,
    fence_tables.NODE: 32,
    fence_tables.ITEM: 20,
    fence_tables.CELL: 16,
}

TAIL_BYTES = {columns.WINNER: 4}
"""Behind the last field, never written: to a whole number of int64."""


def names_of(dtype: np.dtype[np.void]) -> str:
    assert dtype.names is not None
    return dtype.names[0]


@pytest.mark.parametrize("dtype", SIZES, ids=names_of)
def test_rows_have_their_size_and_no_hidden_gaps(dtype: np.dtype[np.void]) -> None:
    assert dtype.itemsize == SIZES[dtype]
    assert dtype.isalignedstruct
    assert dtype.names is not None
    fields = [dtype.fields[name] for name in dtype.names]  # type: ignore[index]
    end = 0
    for field_type, offset in (field[:2] for field in fields):
        assert offset == end, "padding is written out as _pad"
        assert offset % field_type.base.itemsize == 0
        end = offset + field_type.itemsize
    assert end + TAIL_BYTES.get(dtype, 0) == dtype.itemsize


def test_every_table_of_the_rooms_is_listed() -> None:
    found = [value for room in (columns, tables, fence_tables) for value in vars(room).values() if _is_table(value)]
    assert {id(value) for value in found} == {id(value) for value in SIZES}


def _is_table(value: object) -> bool:
    return isinstance(value, np.dtype) and value.names is not None


def test_time_never_leaves_room_for_differences() -> None:
    """now − NEVER and NEVER + age stay inside int64."""
    assert -(2**63) < tables.NEVER_MS - 4_102_444_800_000 < tables.NEVER_MS + 4_102_444_800_000 < 0
