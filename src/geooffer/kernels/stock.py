"""The stock table: units of a variant at a store, open addressing by store_number << 32 | variant_number + 1."""

from __future__ import annotations

from numba import types

from geooffer.kernels.compile import entry, kernel
from geooffer.kernels.hashing import home_index
from geooffer.kernels.types import LIVE
from geooffer.model.tables import LiveTables


@kernel
def stock_key(store_number: int, variant_number: int) -> int:
    """The key of one figure; never 0."""
    return (store_number << 32) | (variant_number + 1)


@kernel
def find_stock(live: LiveTables, store_number: int, variant_number: int) -> int:
    """The row of the figure, or −1 where the store never reported this variant."""
    key = stock_key(store_number, variant_number)
    capacity = len(live.stock)
    index = home_index(key, capacity)
    while live.stock[index].key != 0:
        if live.stock[index].key == key:
            return index
        index = (index + 1) & (capacity - 1)
    return -1


@entry(lambda: types.int64(LIVE, types.int64, types.int64))
def stock_find(live: LiveTables, store_number: int, variant_number: int) -> int:
    """`find_stock` for Python callers."""
    return find_stock(live, store_number, variant_number)


@entry(lambda: types.int64(LIVE, types.int64, types.int64, types.int64, types.int64))
def stock_put(live: LiveTables, store_number: int, variant_number: int, available: int, as_of_ms: int) -> int:
    """Fold one figure; an older one than held is ignored. Returns 1 where it took a new row, else 0.

    The store's version counts figures that changed something a try could see: the count, or how old it is.
    """
    key = stock_key(store_number, variant_number)
    capacity = len(live.stock)
    index = home_index(key, capacity)
    while live.stock[index].key != 0 and live.stock[index].key != key:
        index = (index + 1) & (capacity - 1)
    is_new = live.stock[index].key == 0
    if not is_new and live.stock[index].as_of_ms > as_of_ms:
        return 0
    if is_new or live.stock[index].available_count != available or live.stock[index].as_of_ms != as_of_ms:
        live.store_versions[store_number] += 1
    live.stock[index].key = key
    live.stock[index].available_count = available
    live.stock[index].as_of_ms = as_of_ms
    return 1 if is_new else 0
