"""Closing stores and pausing their offers at a moment's notice (semantics H2, S11): in force with the next ping."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from geooffer.engine.catalog_changes import CatalogChanges
from geooffer.engine.live import Closure
from geooffer.errors import InvalidArgumentError, LimitExceededError, NotFoundError
from geooffer.model.catalog import Store
from geooffer.model.kinds import SwitchKind
from geooffer.model.limits import CLOSURES_PER_STORE_COUNT_MAX, TIME_MAX_MS
from geooffer.model.records import StoresRestored, StoresSwitched


class StoreSwitches(CatalogChanges):
    """Closures and pauses, by store ids, region or tag."""

    def select_stores(self, *, store_ids: Sequence[str] = (), region: str = "", tag: str = "") -> list[str]:
        """Ids of the stores a call names, sorted: exactly one of the three ways. A region or tag means the stores that
        have it now. Raises InvalidArgumentError, NotFoundError.
        """
        if sum((bool(store_ids), bool(region), bool(tag))) != 1:
            raise InvalidArgumentError("name store ids, a region or a tag", field="store_ids")
        stores = self.registry.stores
        if store_ids:
            if any(store_id not in stores for store_id in store_ids):
                raise NotFoundError("no such store", field="store_ids")
            return sorted(set(store_ids))
        found = [key for key, store in stores.items() if (region and store.region == region) or tag in store.tags]
        if not found:
            raise NotFoundError("no store has this region or tag", field="region" if region else "tag")
        return sorted(found)

    def switch_stores(
        self,
        store_ids: Sequence[str],
        kind: SwitchKind,
        *,
        from_ms: int,
        until_ms: int | None,
        reason: str,
        now_ms: int,
    ) -> None:
        """Close stores, or pause their offers, in [from_ms, until_ms); None = until restored.

        Raises InvalidArgumentError, LimitExceededError.
        """
        until_ms = TIME_MAX_MS if until_ms is None else until_ms
        if until_ms <= from_ms:
            raise InvalidArgumentError("until_time must be after from_time", field="until_time")
        numbers = tuple(self.registry.number(Store, store_id) for store_id in store_ids)
        held = Counter(item.store_number for item in self.state.live.closures if item.until_ms > now_ms)
        if any(held[number] >= CLOSURES_PER_STORE_COUNT_MAX for number in numbers):
            rule = f"a store holds {CLOSURES_PER_STORE_COUNT_MAX} closures at most; reopen it first"
            raise LimitExceededError(rule, field="store_ids")
        self.append([StoresSwitched(numbers, int(kind), from_ms, until_ms, reason, now_ms)])

    def restore_stores(self, store_ids: Sequence[str], kind: SwitchKind, *, now_ms: int) -> None:
        """End what is in force of this kind at these stores, and what is to come."""
        numbers = tuple(self.registry.number(Store, store_id) for store_id in store_ids)
        self.append([StoresRestored(numbers, int(kind), now_ms)])

    def closures_of(self, store_id: str, now_ms: int) -> list[Closure]:
        """What is in force or to come at a store, by start. Raises NotFoundError."""
        if store_id not in self.registry.stores:
            raise NotFoundError("no such store", field="store_id")
        number = self.registry.number(Store, store_id)
        held = [item for item in self.state.live.closures if item.store_number == number and item.until_ms > now_ms]
        return sorted(held, key=lambda item: (item.from_ms, item.until_ms))
