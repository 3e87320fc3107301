"""Whole lists of the control port, page by page, as nouns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from google.protobuf.message import Message

from geooffer.client.control import GeoofferControl
from geooffer.model.catalog import Geofence, Offer, Store
from geooffer.rpc import convert
from geooffer.v1 import campaign_service_pb2, store_service_pb2

PAGE_SIZE = 1_000

T = TypeVar("T")


async def list_stores(control: GeoofferControl) -> list[Store]:
    """All stores, by id. Raises what the service refuses."""
    kind = store_service_pb2.ListStoresRequest
    return await _all(control, control.stores.ListStores, kind, "stores", convert.decode_store)


async def list_geofences(control: GeoofferControl) -> list[Geofence]:
    """All geofences, by id. Raises what the service refuses."""
    kind = store_service_pb2.ListGeofencesRequest
    return await _all(control, control.stores.ListGeofences, kind, "geofences", _geofence)


async def list_offers(control: GeoofferControl) -> list[Offer]:
    """All offers, by id. Raises what the service refuses."""
    kind = campaign_service_pb2.ListOffersRequest
    return await _all(control, control.campaigns.ListOffers, kind, "offers", convert.decode_offer)


def _geofence(row: Any) -> Geofence:
    return convert.decode_geofence(row, repair=False)[0]


async def _all(
    control: GeoofferControl, method: Any, kind: Callable[..., Message], field: str, decode: Callable[[Any], T]
) -> list[T]:
    found: list[T] = []
    page_token = ""
    while True:
        answer = await control.call(method, kind(page_size=PAGE_SIZE, page_token=page_token))
        found += map(decode, getattr(answer, field))
        page_token = answer.next_page_token
        if not page_token:
            return found
