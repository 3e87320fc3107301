"""The stock table: units of a variant at a store, open addressing by store_number << 32 | variant_number + 1."""

from __future__ import annotations

from numba import types

from geooffer.kernels.compile import entry, kernel
from geooffer.kernels.hashing import home_index
from geooffer.kernels.types import STOCK_TABLE
from geooffer.model.tables import StockTable


@kernel
def stock_key(store_number: int, variant_number: int) -> int:
    """The key of one figure; never 0."""
    return (store_number << 32) | (variant_number + 1)


@kernel
def find_stock(stock: StockTable, store_number: int, variant_number: int) -> int:
    """The row of the figure, or −1 where the store never reported this variant."""
    key = stock_key(store_number, variant_number)
    capacity = len(stock.rows)
    index = home_index(key, capacity)
    while stock.rows[index].key != 0:
        if stock.rows[index].key == key:
            return index
        index = (index + 1) & (capacity - 1)
    return -1


@entry(lambda: types.int64(STOCK_TABLE, types.int64, types.int64))
def stock_find(stock: StockTable, store_number: int, variant_number: int) -> int:
    """`find_stock` for Python callers."""
    return find_stock(stock, store_number, variant_number)


@entry(lambda: types.int64(STOCK_TABLE, types.int64, types.int64, types.int64, types.int64))
def stock_put(stock: StockTable, store_number: int, variant_number: int, available: int, as_of_ms: int) -> int:
    """Fold one figure; an older one than held is ignored. Returns 1 where it took a new row, else 0.

    The store's version counts figures that changed something a try could see.
    """
    key = stock_key(store_number, variant_number)
    capacity = len(stock.rows)
    index = home_index(key, capacity)
    while stock.rows[index].key != 0 and stock.rows[index].key != key:
        index = (index + 1) & (capacity - 1)
    is_new = stock.rows[index].key == 0
    if not is_new and stock.rows[index].as_of_ms > as_of_ms:
        return 0
    if is_new or stock.rows[index].available_count != available:
        stock.store_versions[store_number] += 1
    stock.rows[index].key = key
    stock.rows[index].available_count = available
    stock.rows[index].as_of_ms = as_of_ms
    return 1 if is_new else 0
