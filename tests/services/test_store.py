"""Stores and geofences over a real control port: the life of each, batches, pages, etags, request ids, repair."""

from __future__ import annotations

import asyncio
import math

import numpy as np
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from wire import refused

from geooffer.v1 import resources_pb2 as resources
from geooffer.v1 import shapes_pb2 as shapes
from geooffer.v1 import store_service_pb2 as pb


def a_store(store_id: str = "s1", **changes) -> resources.Store:
    values = {
        "store_id": store_id,
        "name": "Mitte",
        "latitude_e7": 525_200_000,
        "longitude_e7": 134_050_000,
        "time_zone": "Europe/Berlin",
        "opening_hours": "Tu-Sa 09:00-19:00; PH off",
        "country": "DE",
        "region": "DE-BE",
        "tags": ["city", "flagship"],
        "is_online": True,
    }
    return resources.Store(**(values | changes))


def a_circle(geofence_id: str = "f1", **changes) -> resources.Geofence:
    circle = shapes.Circle(latitude_e7=525_200_000, longitude_e7=134_050_000, radius_cm=5_000)
    return resources.Geofence(**({"geofence_id": geofence_id, "shape": shapes.Shape(circle=circle)} | changes))


def polygon(*rings: list[tuple[int, int]]) -> shapes.Shape:
    """Rings of (latitude, longitude) in units of 0.001°, one part."""
    part = shapes.PolygonPart()
    for ring in rings:
        part.rings.add(
            latitudes_e7=[round(y * 10_000) for y, _ in ring], longitudes_e7=[round(x * 10_000) for _, x in ring]
        )
    return shapes.Shape(polygon=shapes.Polygon(parts=[part]))


SQUARE = [(0, 0), (0, 10), (10, 10), (10, 0), (0, 0)]
BOW_TIE = [(0, 0), (10, 10), (10, 0), (0, 10), (0, 0)]


async def test_a_store_is_created_read_changed_and_deleted(plane):
    created = await plane.stores.CreateStore(pb.CreateStoreRequest(store=a_store()))
    assert created.catalog_generation == 1
    read = await plane.stores.GetStore(pb.GetStoreRequest(store_id="s1"))
    assert read.store == created.store
    expected = a_store(etag=created.store.etag)
    assert read.store == expected
    change = pb.UpdateStoreRequest(
        store=resources.Store(store_id="s1", name="Nord", etag=read.store.etag), update_mask=FieldMask(paths=["name"])
    )
    changed = await plane.stores.UpdateStore(change)
    assert changed.store.name == "Nord"
    assert changed.store.time_zone == "Europe/Berlin"
    assert changed.store.opening_hours == read.store.opening_hours
    assert changed.store.etag != read.store.etag
    gone = await plane.stores.DeleteStore(pb.DeleteStoreRequest(store_id="s1"))
    assert gone.catalog_generation == 3
    await refused(plane.stores.GetStore(pb.GetStoreRequest(store_id="s1")), "NOT_FOUND", "store_id")


async def test_a_stale_etag_changes_nothing(plane):
    first = (await plane.stores.CreateStore(pb.CreateStoreRequest(store=a_store()))).store
    await plane.stores.UpdateStore(pb.UpdateStoreRequest(store=a_store(name="Nord")))
    stale = pb.UpdateStoreRequest(store=a_store(name="Süd", etag=first.etag))
    await refused(plane.stores.UpdateStore(stale), "STALE_ETAG", "etag")
    await refused(plane.stores.DeleteStore(pb.DeleteStoreRequest(store_id="s1", etag=first.etag)), "STALE_ETAG")
    assert plane.engine.registry.stores["s1"].name == "Nord"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"store_id": ""}, "store_id"),
        ({"store_id": "a b"}, "store_id"),
        ({"store_id": "x" * 129}, "store_id"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 513}, "name"),
        ({"latitude_e7": 900_000_001}, "latitude_e7"),
        ({"longitude_e7": -1_800_000_001}, "longitude_e7"),
        ({"time_zone": "Berlin"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"time_zone": "localtime"}, "time_zone"),
        ({"opening_hours": "Mo-Fr 08:00-20:00 Sa 08:00-18:00"}, "opening_hours"),
        ({"opening_hours": " "}, "opening_hours"),
        ({"opening_hours": "Mo 09:00-10:00; " * 40 + "Tu off"}, "opening_hours"),
        ({"country": "Germany"}, "country"),
        ({"country": "de"}, "country"),
        ({"region": "x" * 129}, "region"),
        ({"region": "a\nb"}, "region"),
        ({"tags": ["city centre"]}, "tags"),
        ({"tags": ["city", "city"]}, "tags"),
        ({"tags": [f"t{number}" for number in range(33)]}, "tags"),
    ],
)
async def test_bad_fields_are_named_and_nothing_is_kept(plane, changes, field):
    await refused(plane.stores.CreateStore(pb.CreateStoreRequest(store=a_store(**changes))), "INVALID_ARGUMENT", field)
    assert plane.engine.saved_generation == 0


@pytest.mark.parametrize("path", ["store_id", "etag", "nothing", "weekly_hours"])
async def test_a_mask_names_changeable_fields_only(plane, path):
    await plane.stores.CreateStore(pb.CreateStoreRequest(store=a_store()))
    change = pb.UpdateStoreRequest(store=a_store(), update_mask=FieldMask(paths=[path]))
    await refused(plane.stores.UpdateStore(change), "INVALID_ARGUMENT", "update_mask")


async def test_a_request_id_gives_the_first_answer_again(plane):
    request = pb.CreateStoreRequest(store=a_store(), request_id="r1")
    first = await plane.stores.CreateStore(request)
    assert await plane.stores.CreateStore(request) == first
    assert plane.engine.saved_generation == 1
    other = pb.CreateStoreRequest(store=a_store("s2"), request_id="r1")
    await refused(plane.stores.CreateStore(other), "INVALID_ARGUMENT", "request_id")
    await refused(plane.stores.CreateStore(pb.CreateStoreRequest(store=a_store())), "ALREADY_EXISTS", "store_id")


async def test_a_failed_request_is_not_remembered(plane):
    request = pb.CreateGeofenceRequest(geofence=a_circle(store_id="s1"), request_id="r1")
    await refused(plane.stores.CreateGeofence(request), "NOT_FOUND", "store_id")
    await plane.stores.CreateStore(pb.CreateStoreRequest(store=a_store()))
    assert (await plane.stores.CreateGeofence(request)).geofence.store_id == "s1"


async def test_pages_hold_every_store_once_in_order(plane):
    stores = [a_store(f"s{number:03d}") for number in range(250)]
    await plane.stores.BatchUpsertStores(pb.BatchUpsertStoresRequest(stores=stores))
    seen: list[str] = []
    sizes, token = [], ""
    while True:
        page = await plane.stores.ListStores(pb.ListStoresRequest(page_token=token))
        seen += [store.store_id for store in page.stores]
        sizes.append(len(page.stores))
        token = page.next_page_token
        if not token:
            break
    assert seen == sorted(store.store_id for store in stores)
    assert sizes == [100, 100, 50]
    whole = await plane.stores.ListStores(pb.ListStoresRequest(page_size=5_000))
    assert len(whole.stores) == 250


async def test_forged_page_tokens_and_sizes_are_refused(plane):
    stores = [a_store(f"s{number}") for number in range(3)]
    await plane.stores.BatchUpsertStores(pb.BatchUpsertStoresRequest(stores=stores))
    good = (await plane.stores.ListStores(pb.ListStoresRequest(page_size=1))).next_page_token
    await refused(plane.stores.ListStores(pb.ListStoresRequest(page_size=-1)), "INVALID_ARGUMENT", "page_size")
    # of another list; no base64; no JSON; no pair; an integer where the key is a string
    await refused(plane.stores.ListGeofences(pb.ListGeofencesRequest(page_token=good)), "INVALID_ARGUMENT")
    for token in ("?", "eA==", "W10=", "W1sic3RvcmVzIl0sWzVdXQ=="):
        await refused(plane.stores.ListStores(pb.ListStoresRequest(page_token=token)), "INVALID_ARGUMENT", "page_token")


async def test_a_whole_batch_fails_with_its_first_bad_row(plane):
    batch = pb.BatchUpsertStoresRequest(stores=[a_store("a"), a_store("b", time_zone="?"), a_store("c")])
    await refused(plane.stores.BatchUpsertStores(batch), "INVALID_ARGUMENT", "stores[1].time_zone")
    assert not plane.engine.registry.stores


async def test_a_partial_batch_keeps_good_rows_and_names_bad_ones(plane):
    stores = [a_store(f"s{number}", time_zone="?" if number % 7 == 3 else "UTC") for number in range(200)]
    answer = await plane.stores.BatchUpsertStores(pb.BatchUpsertStoresRequest(stores=stores, partial=True))
    bad = [number for number in range(200) if number % 7 == 3]
    assert [problem.row for problem in answer.problems] == bad
    assert {(problem.reason, problem.field) for problem in answer.problems} == {("INVALID_ARGUMENT", "time_zone")}
    assert answer.accepted_count == 200 - len(bad) == len(plane.engine.registry.stores)
    fences = [a_circle("a", store_id="s0"), a_circle("b", store_id="nowhere"), a_circle("c", dwell_millis=-1)]
    answer = await plane.stores.BatchUpsertGeofences(pb.BatchUpsertGeofencesRequest(geofences=fences, partial=True))
    assert [(problem.row, problem.reason) for problem in answer.problems] == [(1, "NOT_FOUND"), (2, "INVALID_ARGUMENT")]
    assert answer.accepted_count == 1


@pytest.mark.parametrize("count", [0, 1_001])
async def test_a_batch_has_1_to_1000_rows(plane, count):
    batch = pb.BatchUpsertStoresRequest(stores=[a_store(f"s{number}") for number in range(count)], partial=True)
    await refused(plane.stores.BatchUpsertStores(batch), "INVALID_ARGUMENT", "stores")


async def test_a_store_in_use_stays(plane):
    await plane.stores.CreateStore(pb.CreateStoreRequest(store=a_store()))
    await plane.stores.CreateGeofence(pb.CreateGeofenceRequest(geofence=a_circle(store_id="s1")))
    await refused(plane.stores.DeleteStore(pb.DeleteStoreRequest(store_id="s1")), "IN_USE")
    await plane.stores.DeleteGeofence(pb.DeleteGeofenceRequest(geofence_id="f1"))
    await plane.stores.DeleteStore(pb.DeleteStoreRequest(store_id="s1"))


async def test_a_broken_polygon_is_refused_or_mended_and_said(plane):
    fence = resources.Geofence(geofence_id="f1", shape=polygon(BOW_TIE))
    await refused(plane.stores.CreateGeofence(pb.CreateGeofenceRequest(geofence=fence)), "INVALID_SHAPE")
    mended = await plane.stores.CreateGeofence(pb.CreateGeofenceRequest(geofence=fence, repair=True))
    assert mended.repair_note
    assert len(mended.geofence.shape.polygon.parts) == 2
    good = resources.Geofence(geofence_id="f2", shape=polygon(SQUARE))
    whole = await plane.stores.BatchUpsertGeofences(
        pb.BatchUpsertGeofencesRequest(geofences=[good, fence], repair=True)
    )
    assert [repair.row for repair in whole.repairs] == [1]
    assert whole.repairs[0].note == mended.repair_note


@pytest.mark.parametrize(
    "shape",
    [
        polygon(SQUARE, [(2, 2), (2, 4), (4, 4), (4, 2), (2, 2)]),
        polygon([(0, 179_995), (0, -179_995), (5, -179_995), (5, 179_995), (0, 179_995)]),
        polygon([(0, 179_990), (0, 180_000), (5, 180_000), (5, 179_990), (0, 179_990)]),
        a_circle().shape,
    ],
)
async def test_a_shape_read_back_and_written_again_is_the_same(plane, shape):
    fence = resources.Geofence(geofence_id="f1", shape=shape)
    created = (await plane.stores.CreateGeofence(pb.CreateGeofenceRequest(geofence=fence))).geofence
    held = plane.engine.registry.geofences["f1"]
    updated = await plane.stores.UpdateGeofence(pb.UpdateGeofenceRequest(geofence=created))
    assert updated.geofence == created
    assert plane.engine.registry.geofences["f1"] == held


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (None, "INVALID_ARGUMENT"),
        (shapes.Shape(), "INVALID_ARGUMENT"),
        (shapes.Shape(circle=shapes.Circle(radius_cm=99)), "INVALID_SHAPE"),
        (shapes.Shape(circle=shapes.Circle(latitude_e7=900_000_001, radius_cm=100)), "INVALID_ARGUMENT"),
        (shapes.Shape(polygon=shapes.Polygon()), "INVALID_SHAPE"),
        (polygon(SQUARE[:-1]), "INVALID_SHAPE"),
        (polygon([(0, 200_000), *SQUARE[1:]]), "INVALID_ARGUMENT"),
    ],
)
async def test_bad_shapes(plane, shape, reason):
    fence = resources.Geofence(geofence_id="f1", shape=shape)
    await refused(plane.stores.CreateGeofence(pb.CreateGeofenceRequest(geofence=fence)), reason)
    assert plane.engine.saved_generation == 0


async def test_ragged_and_oversized_rings(plane):
    ragged = polygon(SQUARE)
    ragged.polygon.parts[0].rings[0].latitudes_e7.append(0)
    fence = resources.Geofence(geofence_id="f1", shape=ragged)
    await refused(plane.stores.CreateGeofence(pb.CreateGeofenceRequest(geofence=fence)), "INVALID_ARGUMENT")
    huge = resources.Geofence(geofence_id="f1", shape=polygon(SQUARE * 2_001))
    await refused(plane.stores.CreateGeofence(pb.CreateGeofenceRequest(geofence=huge)), "INVALID_ARGUMENT")


async def test_a_change_is_saved_at_once_and_live_soon(plane):
    before = await plane.stores.GetCatalogState(pb.GetCatalogStateRequest())
    created = await plane.stores.CreateGeofence(pb.CreateGeofenceRequest(geofence=a_circle()))
    saved = await plane.stores.GetCatalogState(pb.GetCatalogStateRequest())
    assert saved.saved_generation == created.catalog_generation == before.saved_generation + 1
    for _ in range(100):
        state = await plane.stores.GetCatalogState(pb.GetCatalogStateRequest())
        if state.live_generation == created.catalog_generation:
            break
        await asyncio.sleep(0.02)
    assert state.live_generation == created.catalog_generation
    assert state.geofence_count == 1
    assert state.index_size_bytes > before.index_size_bytes


async def test_a_page_of_large_fences_ends_before_the_message_limit(plane):
    turns = np.arange(9_001) % 9_000 * (2 * math.pi / 9_000)
    shape = shapes.Shape(polygon=shapes.Polygon(parts=[shapes.PolygonPart()]))
    latitudes_e7, longitudes_e7 = (np.rint(2e6 * side(turns)).astype(int).tolist() for side in (np.sin, np.cos))
    shape.polygon.parts[0].rings.add(latitudes_e7=latitudes_e7, longitudes_e7=longitudes_e7)
    for start in range(0, 60, 30):
        fences = [resources.Geofence(geofence_id=f"f{number:03d}", shape=shape) for number in range(start, start + 30)]
        await plane.stores.BatchUpsertGeofences(pb.BatchUpsertGeofencesRequest(geofences=fences))
    seen, token, pages = [], "", 0
    while token or not pages:
        page = await plane.stores.ListGeofences(pb.ListGeofencesRequest(page_size=1_000, page_token=token))
        assert page.ByteSize() < 2 * 1024 * 1024
        seen += [fence.geofence_id for fence in page.geofences]
        token, pages = page.next_page_token, pages + 1
    assert seen == [f"f{number:03d}" for number in range(60)]
    assert pages > 1


async def test_a_geofence_has_a_time_and_settings_of_its_own(plane):
    """As stored, over a mask, and in the row that pings are decided by; outside a bound nothing is kept."""
    await plane.stores.CreateStore(pb.CreateStoreRequest(store=a_store()))
    settings = {"enter_fix_count": 2, "exit_fix_count": 3, "inside_accuracy_cm": 2_000, "outside_margin_cm": 4_000}
    fence = a_circle(store_id="s1", dwell_millis=30_000, **settings)
    fence.valid_from_time.FromMilliseconds(1_772_528_400_000)
    fence.valid_until_time.FromMilliseconds(1_772_528_400_001)
    created = (await plane.stores.CreateGeofence(pb.CreateGeofenceRequest(geofence=fence))).geofence
    fence.etag = created.etag
    assert created == fence
    plane.engine.publish()
    row = plane.engine.snapshot.fences.fences[0]
    assert {name: int(row[name]) for name in settings} == settings
    assert (int(row["valid_from_ms"]), int(row["valid_until_ms"])) == (1_772_528_400_000, 1_772_528_400_001)
    change = pb.UpdateGeofenceRequest(geofence=a_circle(), update_mask=FieldMask(paths=["valid_until_time"]))
    assert not (await plane.stores.UpdateGeofence(change)).geofence.HasField("valid_until_time")
    for name, value in (("enter_fix_count", 33), ("exit_fix_count", -1), ("inside_accuracy_cm", 10_001),
                        ("outside_margin_cm", 1_000_001)):  # fmt: skip
        bad = pb.CreateGeofenceRequest(geofence=a_circle("f2", **{name: value}))
        await refused(plane.stores.CreateGeofence(bad), "INVALID_ARGUMENT", name)
    fence.geofence_id = "f2"
    fence.valid_until_time.FromMilliseconds(1_772_528_400_000)
    bad = pb.CreateGeofenceRequest(geofence=fence)
    await refused(plane.stores.CreateGeofence(bad), "INVALID_ARGUMENT", "valid_until_time")
