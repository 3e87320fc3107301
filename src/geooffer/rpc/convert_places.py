"""Places and the branches near them, to and from the wire. No error quotes a coordinate."""

from __future__ import annotations

from geooffer.engine.asking import NearbyStore, Place
from geooffer.model.shapes import Circle
from geooffer.rpc import checks
from geooffer.v1 import offer_service_pb2 as pb_offers
from geooffer.v1 import places_pb2 as pb


def decode_place(message: pb.Place, field: str) -> Place:
    """(latitude_e7, longitude_e7). Raises InvalidArgumentError."""
    return (
        checks.latitude(message.latitude_e7, f"{field}.latitude_e7"),
        checks.longitude(message.longitude_e7, f"{field}.longitude_e7"),
    )


def encode_region(circle: Circle) -> pb_offers.WakeRegion:
    """A circle to watch, in whole metres."""
    centre = pb.Place(latitude_e7=circle.latitude_e7, longitude_e7=circle.longitude_e7)
    return pb_offers.WakeRegion(centre=centre, radius_m=circle.radius_cm // 100)


def encode_nearby_store(nearby: NearbyStore) -> pb.NearbyStore:
    """The wire form; how many it has is not told."""
    store = nearby.store
    return pb.NearbyStore(
        store_id=store.store_id,
        store_name=store.name,
        place=pb.Place(latitude_e7=store.latitude_e7, longitude_e7=store.longitude_e7),
        distance_m=nearby.distance_m,
        is_open=nearby.is_open,
        in_stock_as_of_time=checks.timestamp(nearby.in_stock_as_of_ms),
    )
