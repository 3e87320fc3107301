"""Price steps: added in batches, kept as history, listed by product and store."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from geooffer.errors import InvalidArgumentError, NotFoundError
from geooffer.model.catalog import Price
from geooffer.rpc import checks
from geooffer.rpc.convert import decode_price, encode_price
from geooffer.services.batches import apply_batch
from geooffer.services.control import Control
from geooffer.services.pages import page_of
from geooffer.v1 import campaign_service_pb2 as pb


class PriceCalls:
    """The price calls of CampaignService."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def upsert(self, request: pb.BatchUpsertPricesRequest) -> pb.BatchUpsertPricesResponse:
        """Add or replace steps."""

        def put(prices: list[Price]) -> Any:
            now_ms = self._control.now_ms()
            results = self._control.engine.put_prices(prices, now_ms=now_ms, partial=request.partial)
            self._control.catalog_changed()
            return results

        result = await apply_batch(request.prices, "prices", decode_price, put, partial=request.partial)
        return self._control.batch_answer(result, pb.BatchUpsertPricesResponse)

    def page(self, request: pb.ListPricesRequest) -> pb.ListPricesResponse:
        """One page of the steps of a product at a store, of those of all stores, or of all products."""
        product_id = checks.identifier(request.product_id, "product_id", required=False)
        store_id = checks.identifier(request.store_id, "store_id", required=False)
        if store_id and not product_id:
            raise InvalidArgumentError("store_id needs product_id", field="store_id")
        in_force_ms = checks.time_ms(request, "in_force_time") if request.HasField("in_force_time") else None
        steps = self._steps(product_id, store_id, in_force_ms)
        scope = ("prices", product_id, store_id, "" if in_force_ms is None else str(in_force_ms))
        page, token = page_of(steps, _key, encode_price, request, *scope)
        return pb.ListPricesResponse(
            prices=page, next_page_token=token, catalog_generation=self._control.engine.saved_generation
        )

    def _steps(self, product_id: str, store_id: str, in_force_ms: int | None) -> Iterator[Price]:
        """Of the lists that are asked for: every step, or the last one that began by `in_force_ms`."""
        registry = self._control.engine.registry
        lists: Iterable[Sequence[Price]] = registry.prices.values()
        if product_id:
            if product_id not in registry.products:
                raise NotFoundError("no product of this product_id", field="product_id")
            if store_id and store_id not in registry.stores:
                raise NotFoundError("no store of this store_id", field="store_id")
            lists = [registry.prices.get((product_id, store_id), ())]
        if in_force_ms is None:
            return chain.from_iterable(lists)
        counts = ((steps, bisect_right(steps, in_force_ms, key=_valid_from_ms)) for steps in lists)
        return (steps[count - 1] for steps, count in counts if count)


def _key(price: Price) -> tuple[str, str, int]:
    return price.product_id, price.store_id, price.valid_from_ms


def _valid_from_ms(price: Price) -> int:
    return price.valid_from_ms
