"""Whole lists of the control port: nouns, and how far erasures have come."""

from __future__ import annotations

from geooffer.client.control import GeoofferControl
from geooffer.client.pages import rows_of
from geooffer.model.catalog import Geofence, Offer, Store
from geooffer.rpc import convert
from geooffer.v1 import campaign_service_pb2, policy_service_pb2, privacy_service_pb2, rights_pb2, store_service_pb2


async def list_stores(control: GeoofferControl) -> list[Store]:
    """All stores, by id. Raises what the service refuses."""
    rows = rows_of(control, control.stores.ListStores, store_service_pb2.ListStoresRequest(), "stores")
    return [convert.decode_store(row) async for row in rows]


async def list_geofences(control: GeoofferControl) -> list[Geofence]:
    """All geofences, by id. Raises what the service refuses."""
    rows = rows_of(control, control.stores.ListGeofences, store_service_pb2.ListGeofencesRequest(), "geofences")
    return [convert.decode_geofence(row)[0] async for row in rows]


async def list_offers(control: GeoofferControl) -> list[Offer]:
    """All offers, by id. Raises what the service refuses."""
    rows = rows_of(control, control.campaigns.ListOffers, campaign_service_pb2.ListOffersRequest(), "offers")
    return [convert.decode_offer(row) async for row in rows]


async def list_erasures(control: GeoofferControl) -> list[privacy_service_pb2.Erasure]:
    """All erasures, newest first. Raises what the service refuses."""
    request = privacy_service_pb2.ListErasuresRequest()
    return [row async for row in rows_of(control, control.privacy.ListErasures, request, "erasures")]


async def list_requests(
    control: GeoofferControl, *, customer_id: str = "", only_open: bool = False
) -> list[rights_pb2.RightsRequest]:
    """Requests by which persons used their rights, what is due first. Raises what the service refuses."""
    request = rights_pb2.ListRequestsRequest(customer_id=customer_id, only_open=only_open)
    return [row async for row in rows_of(control, control.privacy.ListRequests, request, "requests")]


async def list_policies(control: GeoofferControl) -> list[policy_service_pb2.PolicyVersion]:
    """All versions of the policy that are remembered, newest first. Raises what the service refuses."""
    request = policy_service_pb2.ListPoliciesRequest()
    return [row async for row in rows_of(control, control.policies.ListPolicies, request, "policies")]
