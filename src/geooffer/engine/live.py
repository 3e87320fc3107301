"""What changes between two publishes: stock of all stores, closures, what is left of campaigns (LiveTables)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import numpy as np

from geooffer.engine.hash_places import places_of_keys, table_capacity
from geooffer.kernels.stock import stock_find, stock_put
from geooffer.model import tables
from geooffer.model.columns import Int32Array, Int64Array, StructArray
from geooffer.model.kinds import SwitchKind
from geooffer.model.tables import NEVER_MS, NO_LIMIT, LiveTables

Figure = tuple[int, int, int, int]
"""(store_number, variant_number, available_count, as_of_ms)."""


class Closure(NamedTuple):
    """A store is closed, or its offers paused, in [from_ms, until_ms)."""

    store_number: int
    kind: SwitchKind
    from_ms: int
    until_ms: int
    reason: str


class Live:
    """The tables and how full they are."""

    def __init__(self) -> None:
        self.closures: list[Closure] = []
        self.newest_stock_ms: dict[int, int] = {}
        """By store number: the latest time any of its stock was counted."""
        self._stock: StructArray = np.zeros(256, dtype=tables.STOCK)
        self._stock_count = 0
        self._versions: Int64Array = np.zeros(16, dtype=np.int64)
        self._closures: StructArray = np.zeros(0, dtype=tables.CLOSURE)
        self._closure_heads: Int32Array = np.full(16, -1, dtype=np.int32)
        self._remaining: Int64Array = np.full(16, NO_LIMIT, dtype=np.int64)
        self._renew()

    def _renew(self) -> None:
        self.view = LiveTables(self._stock, self._versions, self._closures, self._closure_heads, self._remaining)

    def cover_stores(self, store_count: int) -> None:
        """Make sure that every store number below `store_count` has a version and a list of closures."""
        if store_count > len(self._versions):
            length = max(store_count, 2 * len(self._versions))
            versions = np.zeros(length, dtype=np.int64)
            versions[: len(self._versions)] = self._versions
            heads = np.full(length, -1, dtype=np.int32)
            heads[: len(self._closure_heads)] = self._closure_heads
            self._versions, self._closure_heads = versions, heads
            self._renew()

    def cover_campaigns(self, campaign_count: int) -> None:
        """Make sure that every campaign number below `campaign_count` has a remaining total."""
        if campaign_count > len(self._remaining):
            remaining = np.full(max(campaign_count, 2 * len(self._remaining)), NO_LIMIT, dtype=np.int64)
            remaining[: len(self._remaining)] = self._remaining
            self._remaining = remaining
            self._renew()

    def set_remaining(self, campaign_number: int, count: int) -> None:
        """What is left of a campaign's totals; NO_LIMIT where it has none."""
        self._remaining[campaign_number] = count

    def remaining(self, campaign_number: int) -> int:
        """What kernels take to be left of a campaign."""
        return int(self._remaining[campaign_number])

    # -- stock -----------------------------------------------------------------------------------------------

    def put_stock(self, store_number: int, variant_number: int, available_count: int, as_of_ms: int) -> None:
        """Fold one figure; older than held is ignored."""
        self.cover_stores(store_number + 1)
        if 2 * (self._stock_count + 1) > len(self._stock):
            self._rebuild_stock(2 * len(self._stock), lambda _: True)
        self._stock_count += stock_put(self.view, store_number, variant_number, available_count, as_of_ms)
        self.newest_stock_ms[store_number] = max(self.newest_stock_ms.get(store_number, NEVER_MS), as_of_ms)

    def stock_of(self, store_number: int, variant_number: int) -> tuple[int, int] | None:
        """(available_count, as_of_ms), or None where never reported."""
        row = stock_find(self.view, store_number, variant_number)
        if row < 0:
            return None
        return int(self._stock["available_count"][row]), int(self._stock["as_of_ms"][row])

    def drop_store(self, store_number: int) -> None:
        """Forget stock and closures of a deleted store."""
        self._rebuild_stock(len(self._stock), lambda figure: figure[0] != store_number)
        self.newest_stock_ms.pop(store_number, None)
        self._set_closures([closure for closure in self.closures if closure.store_number != store_number])

    def drop_variants(self, variant_numbers: Collection[int]) -> None:
        """Forget the figures of a deleted product in all stores."""
        self._rebuild_stock(len(self._stock), lambda figure: figure[1] not in variant_numbers)

    def figures(self) -> list[Figure]:
        """All figures, sorted."""
        used = self._stock[self._stock["key"] != 0]
        keys = used["key"]
        rows = zip(
            (keys >> 32).tolist(),
            ((keys & 0xFFFF_FFFF) - 1).tolist(),
            used["available_count"].tolist(),
            used["as_of_ms"].tolist(),
            strict=True,
        )
        return sorted(rows)

    def _rebuild_stock(self, length: int, keeps: Callable[[Figure], bool]) -> None:
        figures = [figure for figure in self.figures() if keeps(figure)]
        versions = self._versions.copy()
        self._stock = np.zeros(length, dtype=tables.STOCK)
        self._renew()
        self._stock_count = 0
        for store_number, variant_number, available_count, as_of_ms in figures:
            self._stock_count += stock_put(self.view, store_number, variant_number, available_count, as_of_ms)
        self._versions[:] = versions

    def stock_rows(self) -> StructArray:
        """All figures, STOCK rows by key."""
        used = self._stock[self._stock["key"] != 0]
        rows: StructArray = used[np.argsort(used["key"])]
        return rows

    def restore_rows(
        self, stock: StructArray, versions: Int64Array, newest_stock_ms: dict[int, int], closures: list[Closure]
    ) -> None:
        """Into empty tables that cover all stores: what a snapshot holds."""
        capacity = table_capacity(len(stock))
        self._stock = np.zeros(capacity, dtype=tables.STOCK)
        self._stock[places_of_keys(np.ascontiguousarray(stock["key"]), capacity)] = stock
        self._stock_count = len(stock)
        self.newest_stock_ms = newest_stock_ms
        if len(versions) > len(self._versions):
            self.cover_stores(len(versions))
        self._versions[: len(versions)] = versions
        self._set_closures(closures)

    # -- closures --------------------------------------------------------------------------------------------

    def switch(self, added: Sequence[Closure], time_ms: int) -> None:
        """Close stores or pause their offers; takes effect with the next ping. What is over by `time_ms` is dropped."""
        held = {closure: None for closure in self.closures if closure.until_ms > time_ms}
        self._set_closures(list(held | dict.fromkeys(added)))
        self._versions[[closure.store_number for closure in added]] += 1

    def restore(self, store_numbers: Collection[int], kind: SwitchKind, time_ms: int) -> None:
        """End what is in force of this kind at these stores, and drop what is to come."""
        numbers = set(store_numbers)
        kept = []
        for closure in self.closures:
            if closure.store_number in numbers and closure.kind is kind and closure.until_ms > time_ms:
                if closure.from_ms >= time_ms:
                    continue
                closure = closure._replace(until_ms=time_ms)
            kept.append(closure)
        self._set_closures(kept)
        self._versions[sorted(numbers)] += 1

    def drop_over(self, time_ms: int) -> None:
        """Forget closures that were over by `time_ms` (retention)."""
        self._set_closures([closure for closure in self.closures if closure.until_ms > time_ms])

    def _set_closures(self, closures: list[Closure]) -> None:
        self.closures = closures
        self._closures = np.zeros(len(closures), dtype=tables.CLOSURE)
        self._closure_heads = np.full(len(self._versions), -1, dtype=np.int32)
        for index, closure in enumerate(closures):
            head = self._closure_heads[closure.store_number]
            self._closures[index] = (closure.from_ms, closure.until_ms, int(closure.kind), head)
            self._closure_heads[closure.store_number] = index
        self._renew()
