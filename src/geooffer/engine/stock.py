"""Stock figures of all stores: growth around the kernels of kernels/stock.py."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np

from geooffer.kernels.stock import stock_find, stock_put
from geooffer.model import tables
from geooffer.model.tables import StockTable

Figure = tuple[int, int, int, int]
"""(store_number, variant_number, available_count, as_of_ms)."""


class Stock:
    """The table and how full it is."""

    def __init__(self) -> None:
        self._rows = np.zeros(256, dtype=tables.STOCK)
        self._versions = np.zeros(16, dtype=np.int64)
        self._count = 0
        self.view = StockTable(self._rows, self._versions)

    def cover_stores(self, store_count: int) -> None:
        """Make sure that every store number below `store_count` has a version."""
        if store_count > len(self._versions):
            versions = np.zeros(max(store_count, 2 * len(self._versions)), dtype=np.int64)
            versions[: len(self._versions)] = self._versions
            self._versions = versions
            self.view = StockTable(self._rows, self._versions)

    def put(self, store_number: int, variant_number: int, available_count: int, as_of_ms: int) -> None:
        """Fold one figure; older than held is ignored."""
        self.cover_stores(store_number + 1)
        if 2 * (self._count + 1) > len(self._rows):
            self._rebuild(2 * len(self._rows), lambda _: True)
        self._count += stock_put(self.view, store_number, variant_number, available_count, as_of_ms)

    def get(self, store_number: int, variant_number: int) -> tuple[int, int] | None:
        """(available_count, as_of_ms), or None where never reported."""
        row = stock_find(self.view, store_number, variant_number)
        if row < 0:
            return None
        return int(self._rows["available_count"][row]), int(self._rows["as_of_ms"][row])

    def drop_store(self, store_number: int) -> None:
        """Forget the figures of a deleted store."""
        self._rebuild(len(self._rows), lambda figure: figure[0] != store_number)

    def drop_variants(self, variant_numbers: Collection[int]) -> None:
        """Forget the figures of a deleted product in all stores."""
        self._rebuild(len(self._rows), lambda figure: figure[1] not in variant_numbers)

    def figures(self) -> list[Figure]:
        """All figures, sorted."""
        used = self._rows[self._rows["key"] != 0]
        keys = used["key"]
        rows = zip(
            (keys >> 32).tolist(),
            ((keys & 0xFFFF_FFFF) - 1).tolist(),
            used["available_count"].tolist(),
            used["as_of_ms"].tolist(),
            strict=True,
        )
        return sorted(rows)

    def _rebuild(self, length: int, keeps: Callable[[Figure], bool]) -> None:
        figures = [figure for figure in self.figures() if keeps(figure)]
        versions = self._versions.copy()
        self._rows = np.zeros(length, dtype=tables.STOCK)
        self.view = StockTable(self._rows, self._versions)
        self._count = 0
        for store_number, variant_number, available_count, as_of_ms in figures:
            self._count += stock_put(self.view, store_number, variant_number, available_count, as_of_ms)
        self._versions[:] = versions
