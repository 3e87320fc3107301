"""Price steps: added in batches, kept as history, listed by product and store."""

from __future__ import annotations

from typing import Any

from geooffer.errors import NotFoundError
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
        return pb.BatchUpsertPricesResponse(
            accepted_count=result.accepted_count,
            problems=result.problems,
            catalog_generation=self._control.engine.saved_generation,
        )

    def page(self, request: pb.ListPricesRequest) -> pb.ListPricesResponse:
        """One page of the steps of a product at a store, or of those of all stores."""
        registry = self._control.engine.registry
        product_id = checks.identifier(request.product_id, "product_id")
        store_id = checks.identifier(request.store_id, "store_id", required=False)
        if product_id not in registry.products:
            raise NotFoundError("no product of this product_id", field="product_id")
        if store_id and store_id not in registry.stores:
            raise NotFoundError("no store of this store_id", field="store_id")
        steps = registry.prices.get((product_id, store_id), ())
        page, token = page_of(
            steps, lambda step: (step.valid_from_ms,), encode_price, request, "prices", product_id, store_id
        )
        return pb.ListPricesResponse(
            prices=page, next_page_token=token, catalog_generation=self._control.engine.saved_generation
        )
