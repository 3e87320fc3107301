"""What the service holds, read whole for comparing it: messages with their etags, prices in force, stock; and deleting.

Pages are not one snapshot: what changes between two of them may be missed or met in its newer form. An etag read here
and given back with a delete tells whether the row changed since.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from geooffer.client.control import GeoofferControl
from geooffer.client.pages import rows_of
from geooffer.model.catalog import Price, StockFigure
from geooffer.rpc import checks, convert, convert_campaigns
from geooffer.v1 import campaign_service_pb2 as campaigns
from geooffer.v1 import inventory_service_pb2 as inventory
from geooffer.v1 import store_service_pb2 as stores


@dataclass(frozen=True, slots=True)
class NounKind:
    """How one kind of noun stands on the wire. `name` is singular, as its fields have it, such as `geofence`."""

    name: str
    plural: str
    list_request: type[Message]
    delete_request: type[Message]
    list_method: Callable[[GeoofferControl], Any]
    delete_method: Callable[[GeoofferControl], Any]
    decode: Callable[[Any], Any]
    encode: Callable[[Any], Any]

    def id_of(self, message: Any) -> str:
        """The network's own id."""
        identifier: str = getattr(message, f"{self.name}_id")
        return identifier

    def canonical(self, noun: Any) -> Any:
        """The noun's message as the service will hand it out once it holds it, without etag.

        Raises GeoofferError where the wire's rules refuse it.
        """
        return self.encode(self.decode(self.encode(noun)))


NOUN_KINDS: dict[str, NounKind] = {
    "stores": NounKind(
        "store", "stores", stores.ListStoresRequest, stores.DeleteStoreRequest,
        lambda control: control.stores.ListStores, lambda control: control.stores.DeleteStore,
        convert.decode_store, convert.encode_store,
    ),
    "fences": NounKind(
        "geofence", "geofences", stores.ListGeofencesRequest, stores.DeleteGeofenceRequest,
        lambda control: control.stores.ListGeofences, lambda control: control.stores.DeleteGeofence,
        lambda message: convert.decode_geofence(message)[0], convert.encode_geofence,
    ),
    "categories": NounKind(
        "category", "categories", campaigns.ListCategoriesRequest, campaigns.DeleteCategoryRequest,
        lambda control: control.campaigns.ListCategories, lambda control: control.campaigns.DeleteCategory,
        convert.decode_category, convert.encode_category,
    ),
    "products": NounKind(
        "product", "products", campaigns.ListProductsRequest, campaigns.DeleteProductRequest,
        lambda control: control.campaigns.ListProducts, lambda control: control.campaigns.DeleteProduct,
        convert.decode_product, convert.encode_product,
    ),
    "audiences": NounKind(
        "audience", "audiences", campaigns.ListAudiencesRequest, campaigns.DeleteAudienceRequest,
        lambda control: control.campaigns.ListAudiences, lambda control: control.campaigns.DeleteAudience,
        convert_campaigns.decode_audience, convert_campaigns.encode_audience,
    ),
    "campaigns": NounKind(
        "campaign", "campaigns", campaigns.ListCampaignsRequest, campaigns.DeleteCampaignRequest,
        lambda control: control.campaigns.ListCampaigns, lambda control: control.campaigns.DeleteCampaign,
        convert_campaigns.decode_campaign, convert_campaigns.encode_campaign,
    ),
    "offers": NounKind(
        "offer", "offers", campaigns.ListOffersRequest, campaigns.DeleteOfferRequest,
        lambda control: control.campaigns.ListOffers, lambda control: control.campaigns.DeleteOffer,
        convert.decode_offer, convert.encode_offer,
    ),
}  # fmt: skip
"""By the name of the `import` subcommand, in an order in which each refers to earlier ones only."""


async def held_nouns(control: GeoofferControl, kind: NounKind) -> dict[str, Any]:
    """All messages of a kind by id, each with its etag. Raises what the service answers."""
    rows = rows_of(control, kind.list_method(control), kind.list_request(), kind.plural)
    return {kind.id_of(row): row async for row in rows}


async def delete_noun(control: GeoofferControl, kind: NounKind, identifier: str, etag: str) -> int:
    """Delete one noun that is still as it was read; returns the catalog generation.

    Raises NotFoundError, InUseError, StaleEtagError.
    """
    request = kind.delete_request(**{f"{kind.name}_id": identifier, "etag": etag})
    answer = await control.call(kind.delete_method(control), request)
    generation: int = answer.catalog_generation
    return generation


async def held_prices(control: GeoofferControl, time_ms: int) -> list[Price]:
    """Of every product's list, and of every store's own, the step in force at a moment."""
    request = campaigns.ListPricesRequest(in_force_time=checks.timestamp(time_ms))
    rows = rows_of(control, control.campaigns.ListPrices, request, "prices")
    return [convert.decode_price(row) async for row in rows]


async def held_stock(control: GeoofferControl, store_id: str) -> list[StockFigure]:
    """The figures held of a store. Raises NotFoundError."""
    request = inventory.GetStockRequest(store_id=store_id)
    rows = rows_of(control, control.inventory.GetStock, request, "figures")
    return [convert.decode_stock_figure(row) async for row in rows]
