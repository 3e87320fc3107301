"""Good requests of PolicyService, and of the two services that are not ours; all succeed in this order, at any time."""

from __future__ import annotations

from canary_marks import CATALOG, LATITUDE_E7, LONGITUDE_E7, OTHER, PERSON, RAW_ID
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2 as health
from grpc_reflection.v1alpha import reflection_pb2 as reflection

from geooffer.model.limits import IDENTITIES_PER_CUSTOMER_COUNT_MAX
from geooffer.v1 import offer_service_pb2 as offers
from geooffer.v1 import policy_service_pb2 as policies
from geooffer.v1 import privacy_service_pb2 as privacy
from geooffer.v1 import resources_pb2 as resources
from geooffer.v1 import rights_pb2 as rights
from geooffer.v1 import shapes_pb2 as shapes
from geooffer.v1 import signal_service_pb2 as signal
from geooffer.v1 import store_service_pb2 as stores

SERVICE = "/geooffer.v1.PolicyService"
POLICY = f"{CATALOG}-policy"
"""Stands for the text of a policy that allows a little more than the one in force."""


def policy_requests() -> list[tuple[str, Message]]:
    """A loosening that waits, is approved by another officer and taken back; a stop; a candidate tried beside it."""
    reason = f"{OTHER} asked for it"
    requests: list[Message] = [
        policies.GetPolicyRequest(),
        policies.ListPoliciesRequest(page_size=10),
        policies.ProposePolicyRequest(text=POLICY, reason=reason, validate_only=True),
        policies.ProposePolicyRequest(text=POLICY, reason=reason),
        policies.ApprovePolicyRequest(version=1),
        policies.RollbackPolicyRequest(version=1, reason=reason),
        policies.SetKillSwitchRequest(is_stopped=True, reason=reason),
        policies.SetKillSwitchRequest(is_stopped=False, reason=reason),
        *(policies.DryRunPolicyRequest(mode=mode, text=POLICY) for mode in (1, 2, 3)),
    ]
    return [(f"{SERVICE}/{request.DESCRIPTOR.name.removesuffix('Request')}", request) for request in requests]


def refused_requests() -> list[tuple[str, str, Message]]:
    """(reason, method, request) of refusals that no single wrong field makes; in this order."""
    circle = shapes.Circle(latitude_e7=LATITUDE_E7 + 90_000, longitude_e7=LONGITUDE_E7, radius_cm=5_000)
    in_zone = shapes.Circle(latitude_e7=-100_000_000, longitude_e7=0, radius_cm=5_000)
    bow = shapes.Ring(
        latitudes_e7=[LATITUDE_E7 + d for d in (0, 9_000, 9_000, 0, 0)],
        longitudes_e7=[LONGITUDE_E7 + d for d in (0, 9_000, 0, 9_000, 0)],
    )
    bow_tie = shapes.Shape(polygon=shapes.Polygon(parts=[shapes.PolygonPart(rings=[bow])]))

    def fence(name: str, shape: shapes.Shape) -> resources.Geofence:
        return resources.Geofence(geofence_id=f"{CATALOG}-{name}", store_id=f"{CATALOG}-shop", shape=shape)

    many = [fence(f"many-{number}", shapes.Shape(circle=circle)) for number in range(65)]
    stale = resources.Store(store_id=f"{CATALOG}-shop", name="Shop", etag="stale")
    raw = signal.UpsertCustomersRequest(customers=[signal.Customer(customer_id=RAW_ID)])
    hers = {"customer_id": f"{PERSON}-3", "reason": f"{PERSON} wrote"}
    links = [
        signal.LinkIdentityRequest(link=signal.IdentityLink(customer_id=f"{PERSON}-3", web_id=f"{PERSON}-web-{number}"))
        for number in range(IDENTITIES_PER_CUSTOMER_COUNT_MAX + 1)
    ]
    update = stores.UpdateStoreRequest(store=stale, update_mask=FieldMask(paths=["name"]))
    rows = [
        ("STALE_ETAG", "StoreService/UpdateStore", update),
        ("INVALID_SHAPE", "StoreService/CreateGeofence", stores.CreateGeofenceRequest(geofence=fence("bow", bow_tie))),
        ("EXCLUSION_ZONE_OVERLAP", "StoreService/CreateGeofence", stores.CreateGeofenceRequest(
            geofence=fence("zone", shapes.Shape(circle=in_zone)))),
        ("OVERLAP_LIMIT", "StoreService/BatchUpsertGeofences", stores.BatchUpsertGeofencesRequest(geofences=many)),
        ("RAW_IDENTIFIER", "SignalService/UpsertCustomers", raw),
        *(("", "SignalService/LinkIdentity", link) for link in links),
        ("LIMIT_EXCEEDED", "SignalService/LinkIdentity", links[-1]),
        ("", "PrivacyService/RestrictSubject", rights.RestrictSubjectRequest(ground=1, **hers)),
        ("RESTRICTED", "PrivacyService/EraseSubject", privacy.EraseSubjectRequest(customer_id=f"{PERSON}-3")),
        *[("QUOTA_EXCEEDED", "OfferService/SnoozeLocation", offers.SnoozeLocationRequest())] * 30,
    ]  # fmt: skip
    return [(reason, f"/geooffer.v1.{name}", request) for reason, name, request in rows]


def transport_requests() -> list[tuple[str, Message]]:
    """Of the two services that are not ours."""
    listing = reflection.ServerReflectionRequest(host=OTHER, list_services="*")
    return [
        ("/grpc.health.v1.Health/Check", health.HealthCheckRequest()),
        ("/grpc.health.v1.Health/Check", health.HealthCheckRequest(service="geooffer.v1.PingService")),
        ("/grpc.health.v1.Health/Watch", health.HealthCheckRequest(service="geooffer.v1.PingService")),
        ("/grpc.health.v1.Health/List", health.HealthListRequest()),
        ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", listing),
    ]
