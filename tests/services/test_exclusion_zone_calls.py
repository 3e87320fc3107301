"""Exclusion zones over a real control port: their life, what they silence, and fences that may not be there."""

from __future__ import annotations

import asyncio

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from wire import refused

from geooffer.rpc import roles
from geooffer.v1 import resources_pb2 as resources
from geooffer.v1 import shapes_pb2 as shapes
from geooffer.v1 import store_service_pb2 as stores
from geooffer.v1 import zones_pb2 as pb
from geooffer.v1.privacy_service_pb2_grpc import PrivacyServiceStub

HERE = (525_200_000, 134_050_000)
METHODS = (
    "CreateExclusionZone",
    "GetExclusionZone",
    "ListExclusionZones",
    "UpdateExclusionZone",
    "DeleteExclusionZone",
    "BatchUpsertExclusionZones",
)


def disc(radius_m: int, north_m: int = 0) -> shapes.Shape:
    latitude_e7 = HERE[0] + round(north_m * 89.93)
    circle = shapes.Circle(latitude_e7=latitude_e7, longitude_e7=HERE[1], radius_cm=100 * radius_m)
    return shapes.Shape(circle=circle)


def a_zone(zone_id: str = "clinic-1", north_m: int = 0, **changes) -> pb.ExclusionZone:
    values = {
        "zone_id": zone_id,
        "category": pb.ZONE_CATEGORY_CLINIC,
        "shape": disc(20, north_m),
        "buffer_cm": 3_000,
        "name": "Poliklinik",
        "valid_from_time": {"seconds": 1_772_000_000},
    }
    return pb.ExclusionZone(**(values | changes))


def a_fence(geofence_id: str = "f1", north_m: int = 0, radius_m: int = 50, **changes) -> resources.Geofence:
    return resources.Geofence(**({"geofence_id": geofence_id, "shape": disc(radius_m, north_m)} | changes))


async def a_store(plane) -> None:
    row = resources.Store(store_id="s1", latitude_e7=HERE[0], longitude_e7=HERE[1], time_zone="Europe/Berlin")
    await plane.stores.CreateStore(stores.CreateStoreRequest(store=row))


async def test_a_zone_is_created_read_listed_changed_and_deleted(plane):
    privacy = PrivacyServiceStub(plane.channel)
    await plane.stores.CreateGeofence(stores.CreateGeofenceRequest(geofence=a_fence("f1", north_m=80)))
    await plane.stores.CreateGeofence(stores.CreateGeofenceRequest(geofence=a_fence("f2", north_m=120)))
    created = await privacy.CreateExclusionZone(pb.CreateExclusionZoneRequest(zone=a_zone(), request_id="one"))
    assert (created.silenced.geofence_count, list(created.silenced.geofence_ids)) == (1, ["f1"])
    again = await privacy.CreateExclusionZone(pb.CreateExclusionZoneRequest(zone=a_zone(), request_id="one"))
    assert again.zone == created.zone
    assert created.zone == a_zone(etag=created.zone.etag)
    read = await privacy.GetExclusionZone(pb.GetExclusionZoneRequest(zone_id="clinic-1"))
    assert read.zone == created.zone
    change = pb.UpdateExclusionZoneRequest(
        zone=pb.ExclusionZone(zone_id="clinic-1", buffer_cm=10_000, etag=read.zone.etag),
        update_mask=FieldMask(paths=["buffer_cm", "valid_from_time"]),
    )
    changed = await privacy.UpdateExclusionZone(change)
    assert list(changed.silenced.geofence_ids) == ["f1", "f2"]
    assert not changed.zone.HasField("valid_from_time")
    assert changed.zone.name == "Poliklinik"
    listed = await privacy.ListExclusionZones(pb.ListExclusionZonesRequest())
    assert list(listed.zones) == [changed.zone]
    assert not listed.next_page_token
    await refused(privacy.CreateExclusionZone(pb.CreateExclusionZoneRequest(zone=a_zone())), "ALREADY_EXISTS")
    stale = pb.DeleteExclusionZoneRequest(zone_id="clinic-1", etag="0")
    await refused(privacy.DeleteExclusionZone(stale), "STALE_ETAG")
    await privacy.DeleteExclusionZone(pb.DeleteExclusionZoneRequest(zone_id="clinic-1"))
    await refused(privacy.GetExclusionZone(pb.GetExclusionZoneRequest(zone_id="clinic-1")), "NOT_FOUND")


async def test_it_is_in_force_when_the_call_returns_and_its_memory_is_told(plane):
    """Before the catalog is published: the live generation has not moved."""
    privacy = PrivacyServiceStub(plane.channel)
    before = await plane.stores.GetCatalogState(stores.GetCatalogStateRequest())
    await privacy.CreateExclusionZone(pb.CreateExclusionZoneRequest(zone=a_zone()))
    assert sum(len(tables.zones) for tables in plane.engine.exclusion) == 1
    state = await plane.stores.GetCatalogState(stores.GetCatalogStateRequest())
    assert state.index_size_bytes > before.index_size_bytes


async def test_a_stores_fence_over_a_zone_is_refused_or_clipped(plane):
    privacy = PrivacyServiceStub(plane.channel)
    await a_store(plane)
    await privacy.CreateExclusionZone(pb.CreateExclusionZoneRequest(zone=a_zone()))
    fence = a_fence("f1", north_m=60, store_id="s1")
    text = await refused(
        plane.stores.CreateGeofence(stores.CreateGeofenceRequest(geofence=fence)), "EXCLUSION_ZONE_OVERLAP", "shape"
    )
    assert "clinic-1 (clinic)" in text
    assert "52" not in text
    asked = stores.CreateGeofenceRequest(geofence=fence, clip_to_zones=True)
    clipped = await plane.stores.CreateGeofence(asked)
    assert clipped.repair_note.startswith("clipped by exclusion zone clinic-1: 1 part of ")
    assert clipped.geofence.shape.HasField("polygon")
    rows = [a_fence("f2", north_m=70, store_id="s1"), a_fence("f3", north_m=10, radius_m=5, store_id="s1"),
            a_fence("f4", north_m=900, store_id="s1")]  # fmt: skip
    batch = stores.BatchUpsertGeofencesRequest(geofences=rows, partial=True, clip_to_zones=True)
    answer = await plane.stores.BatchUpsertGeofences(batch)
    assert [(row.row, row.reason) for row in answer.problems] == [(1, "EXCLUSION_ZONE_OVERLAP")]
    assert [row.row for row in answer.repairs] == [0]
    await plane.stores.UpdateGeofence(
        stores.UpdateGeofenceRequest(geofence=a_fence("f4", north_m=40, store_id="s1"), clip_to_zones=True)
    )


async def test_a_batch_is_taken_row_by_row_or_only_judged(plane):
    privacy = PrivacyServiceStub(plane.channel)
    await plane.stores.CreateGeofence(stores.CreateGeofenceRequest(geofence=a_fence("f1", north_m=500)))
    rows = [a_zone("z1"), a_zone("z2", category=0), a_zone("z3", 500), a_zone("z4", buffer_cm=1_000_001)]
    judged = await privacy.BatchUpsertExclusionZones(
        pb.BatchUpsertExclusionZonesRequest(zones=rows, partial=True, validate_only=True)
    )
    assert plane.engine.registry.exclusion_zones == {}
    taken = await privacy.BatchUpsertExclusionZones(pb.BatchUpsertExclusionZonesRequest(zones=rows, partial=True))
    for answer in (judged, taken):
        assert answer.accepted_count == 2
        assert [(row.row, row.field) for row in answer.problems] == [(1, "category"), (3, "buffer_cm")]
        assert list(answer.silenced.geofence_ids) == ["f1"]
    assert sorted(plane.engine.registry.exclusion_zones) == ["z1", "z3"]
    whole = pb.BatchUpsertExclusionZonesRequest(zones=[a_zone("z5"), a_zone("z6", buffer_cm=-1)])
    await refused(privacy.BatchUpsertExclusionZones(whole), "INVALID_ARGUMENT", "zones[1].buffer_cm")
    assert "z5" not in plane.engine.registry.exclusion_zones


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"zone_id": ""}, "INVALID_ARGUMENT", "zone_id"),
        ({"category": 99}, "INVALID_ARGUMENT", "category"),
        ({"shape": None}, "INVALID_ARGUMENT", "shape"),
        ({"shape": disc(0)}, "INVALID_SHAPE", "shape.circle.radius_cm"),
        ({"valid_until_time": {"seconds": 1_772_000_000}}, "INVALID_ARGUMENT", "valid_until_time"),
        ({"name": "x\n"}, "INVALID_ARGUMENT", "name"),
    ],
)
async def test_what_is_out_of_range_is_refused_by_field(plane, changes, reason, field):
    request = pb.CreateExclusionZoneRequest(zone=a_zone(**changes))
    await refused(PrivacyServiceStub(plane.channel).CreateExclusionZone(request), reason, field)


def test_only_officers_and_operators_see_or_change_zones():
    for method in METHODS:
        path = f"/geooffer.v1.PrivacyService/{method}"
        assert {role for role in roles.ROLES if roles.allowed(role, path)} == {"privacy_officer", "operator"}


async def test_a_zone_that_is_over_silences_nothing_and_one_to_come_does(plane):
    await plane.stores.CreateGeofence(stores.CreateGeofenceRequest(geofence=a_fence("f1")))
    for valid_until_s, valid_from_s, count in ((1_000, 1, 0), (0, 4_000_000_000, 1)):
        row = a_zone(valid_from_time={"seconds": valid_from_s})
        if valid_until_s:
            row.valid_until_time.FromSeconds(valid_until_s)
        request = pb.BatchUpsertExclusionZonesRequest(zones=[row])
        answer = await PrivacyServiceStub(plane.channel).BatchUpsertExclusionZones(request)
        assert (answer.accepted_count, answer.silenced.geofence_count) == (1, count)


async def test_pings_go_on_while_it_is_looked_up_what_many_zones_silence(plane, monkeypatch):
    """Between two zones the loop turns; it did not once in the whole answer."""
    turns: list[int] = []
    looked_up = plane.engine.fences_silenced
    turned, stop = 0, asyncio.Event()

    def count_turn() -> None:
        nonlocal turned
        turned += 1
        if not stop.is_set():
            asyncio.get_running_loop().call_soon(count_turn)

    def fences_silenced(zone):
        turns.append(turned)
        return looked_up(zone)

    monkeypatch.setattr(plane.engine, "fences_silenced", fences_silenced)
    zones = [a_zone(f"z-{number}", north_m=number) for number in range(20)]
    count_turn()
    request = pb.BatchUpsertExclusionZonesRequest(zones=zones)
    await PrivacyServiceStub(plane.channel).BatchUpsertExclusionZones(request)
    stop.set()
    assert len(turns) == 20
    assert len(set(turns)) == 20
