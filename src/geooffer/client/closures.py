"""Stores closed, offers paused, stock that is old: what a store network asks and does at a moment's notice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from geooffer.client.control import GeoofferControl
from geooffer.client.pages import rows_of
from geooffer.model.kinds import SwitchKind
from geooffer.rpc import checks
from geooffer.v1 import inventory_service_pb2 as inventory
from geooffer.v1 import store_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class StoreSelection:
    """Which stores: exactly one of ids, a region or a tag."""

    store_ids: Sequence[str] = ()
    region: str = ""
    tag: str = ""

    def as_fields(self) -> dict[str, Any]:
        """Fields of a request."""
        return {"store_ids": self.store_ids, "region": self.region, "tag": self.tag}


async def switch_stores(
    control: GeoofferControl,
    kind: SwitchKind,
    selection: StoreSelection,
    *,
    from_ms: int | None = None,
    until_ms: int | None = None,
    reason: str = "",
) -> pb.CloseStoresResponse | pb.PauseOffersResponse:
    """Close stores or pause their offers; None = from now, until ended. Raises InvalidArgumentError, NotFoundError,
    LimitExceededError.
    """
    is_closing = kind is SwitchKind.CLOSED
    request = (pb.CloseStoresRequest if is_closing else pb.PauseOffersRequest)(**selection.as_fields(), reason=reason)
    for name, value_ms in (("from_time", from_ms), ("until_time", until_ms)):
        if value_ms is not None:
            getattr(request, name).CopyFrom(checks.timestamp(value_ms))
    method = control.stores.CloseStores if is_closing else control.stores.PauseOffers
    answer: pb.CloseStoresResponse | pb.PauseOffersResponse = await control.call(method, request)
    return answer


async def restore_stores(
    control: GeoofferControl, kind: SwitchKind, selection: StoreSelection
) -> pb.ReopenStoresResponse | pb.ResumeOffersResponse:
    """End closures or pauses, also those to come. Raises InvalidArgumentError, NotFoundError."""
    is_closing = kind is SwitchKind.CLOSED
    request = (pb.ReopenStoresRequest if is_closing else pb.ResumeOffersRequest)(**selection.as_fields())
    method = control.stores.ReopenStores if is_closing else control.stores.ResumeOffers
    answer: pb.ReopenStoresResponse | pb.ResumeOffersResponse = await control.call(method, request)
    return answer


async def list_closures(control: GeoofferControl, store_id: str = "") -> list[pb.Closure]:
    """Closures and pauses in force or to come, of one store or of all. Raises NotFoundError."""
    request = pb.ListClosuresRequest(store_id=store_id)
    return [row async for row in rows_of(control, control.stores.ListClosures, request, "closures")]


async def list_stale_stock(control: GeoofferControl) -> dict[str, int]:
    """Stores whose newest stock figure is too old: id → when it was counted, ms since 1970."""
    rows = rows_of(control, control.inventory.ListStaleStock, inventory.ListStaleStockRequest(), "stores")
    return {row.store_id: row.newest_as_of_time.ToMilliseconds() async for row in rows}
