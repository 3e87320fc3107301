"""The control client against a whole real server: nouns in, counts and typed errors out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from geooffer.bench import direct_world
from geooffer.cli.assembly import RunningService, loopback_settings, running_service
from geooffer.client import CallError, GeoofferClient, Ping
from geooffer.client.batches import CALL_SIZE_MAX_BYTES, chunks
from geooffer.errors import ConfigurationError, NotFoundError, PermissionDeniedError, UnauthenticatedError
from geooffer.model.catalog import Category, Customer, Geofence, Product, StockFigure, Store
from geooffer.model.policy import DAY_MS
from geooffer.model.shapes import Circle
from geooffer.model.signals import ConsentEvent
from geooffer.model.verdicts import Purpose
from geooffer.rpc.convert import encode_category
from geooffer.v1 import resources_pb2
from geooffer.v1.store_service_pb2 import GetStoreRequest

START_MS = 1_772_528_400_000
EVERYTHING = sum(purpose.bit for purpose in Purpose)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[RunningService]:
    settings = loopback_settings(state_dir=tmp_path, clock_start="2026-03-03T09:00:00Z")
    async with running_service(settings) as running:
        yield running


def client_of(service: RunningService, role: str = "operator", **more: int) -> GeoofferClient:
    return GeoofferClient(
        service.data_address, control_target=service.control_address, token=service.issue_token(role, **more)
    )


async def test_a_shop_is_set_up_and_its_offer_is_received(service: RunningService) -> None:
    async with client_of(service) as client:
        control = client.control
        nouns = direct_world.catalog(START_MS)
        stores = [noun for noun in nouns if isinstance(noun, Store)]
        fences = [noun for noun in nouns if isinstance(noun, Geofence)]
        assert (await control.upsert_stores(stores)).accepted_count == 1_600  # two calls
        assert (await control.upsert_geofences(fences)).accepted_count == 1_600
        await control.upsert_categories([noun for noun in nouns if isinstance(noun, Category)])
        await control.upsert_products([noun for noun in nouns if isinstance(noun, Product)])
        await control.upsert_prices(direct_world.prices(START_MS))
        last = await control.upsert_offers([direct_world.offer(START_MS)])
        assert (await control.report_stock(direct_world.stock(START_MS))).accepted_count == 1_600
        assert (await control.upsert_customers(direct_world.customers(20))).accepted_count == 20
        consents = [ConsentEvent(f"c{key}", EVERYTHING, True, START_MS - DAY_MS, "v1") for key in (19, 20)]
        assert (await control.record_consents(consents)).accepted_count == 2
        assert (await control.record_touchpoints(direct_world.searches(20, START_MS))).accepted_count == 1
        assert await control.wait_live(last.catalog_generation) >= last.catalog_generation
        state = await control.catalog_state()
        assert (state.store_count, state.geofence_count, state.offer_count) == (1_600, 1_600, 1)
    latitude_e7, longitude_e7 = direct_world.fence_centre(0)
    for key, offer_count in ((20, 1), (19, 0)):
        async with client_of(service, "device", device_key=key) as phone:
            ping = Ping(latitude_e7 / 1e7, longitude_e7 / 1e7, accuracy_m=5.0, fix_time_ms=START_MS + key)
            offers = [offer async for offer in phone.stream_pings([ping])]
        assert [offer.reason for offer in offers] == ["because you searched for Running shoes"] * offer_count
    async with client_of(service) as client:
        assert (await client.control.statistics()).offer_count == 1


async def test_refused_rows_are_data_with_their_place_over_all_calls(service: RunningService) -> None:
    async with client_of(service) as client:
        stores = [Store(f"s{n}", "x", 0, 0, "UTC") for n in range(1_500)]
        stores[3] = Store("bad id!", "x", 0, 0, "UTC")
        stores[1_200] = Store("s1200", "x", 0, 0, "Mars/Olympus")
        result = await client.control.upsert_stores(stores)
        assert (result.accepted_count, [row.row for row in result.refused]) == (1_498, [3, 1_200])
        assert [row.field for row in result.refused] == ["store_id", "time_zone"]
        with pytest.raises(NotFoundError):
            await client.control.upsert_geofences(
                [Geofence("f", Circle(0, 0, 1_000), store_id="nowhere")], partial=False
            )


async def test_errors_are_the_services_own_classes(service: RunningService) -> None:
    async with client_of(service) as client:
        with pytest.raises(NotFoundError):
            await client.control.call(client.control.stores.GetStore, GetStoreRequest(store_id="s"))
        with pytest.raises(NotFoundError):
            await client.control.report_stock([StockFigure("s", "p", None, 1, START_MS)], partial=False)
    async with client_of(service, "device", device_key=5) as phone:
        with pytest.raises(PermissionDeniedError):
            await phone.control.upsert_customers([Customer("c", ())])
    async with GeoofferClient(control_target=service.control_address, token="no") as client:
        with pytest.raises(UnauthenticatedError):
            await client.control.catalog_state()
        with pytest.raises(ConfigurationError):
            await client.ingest(Ping(0.0, 0.0))


async def test_waiting_for_what_never_goes_live_times_out(service: RunningService) -> None:
    async with client_of(service) as client:
        with pytest.raises(TimeoutError):
            await client.control.wait_live(10**6, timeout_s=0.1)


async def test_a_control_port_that_is_not_there_is_a_call_error() -> None:
    async with GeoofferClient(control_target="127.0.0.1:1", token="t") as client:
        with pytest.raises(CallError) as caught:
            await client.control.catalog_state()
    assert caught.value.code == "UNAVAILABLE"


def test_chunks_keep_order_rows_and_bytes_within_bounds() -> None:
    long_name = "x" * 100_000
    rows = [encode_category(Category(f"c{n}", (("en", long_name if n % 20 == 0 else "y"),))) for n in range(2_500)]
    seen: list[resources_pb2.Category] = []
    for first, chunk in chunks(rows):
        assert first == len(seen)
        assert len(chunk) <= 1_000
        assert sum(row.ByteSize() + 4 for row in chunk) <= CALL_SIZE_MAX_BYTES
        seen += chunk
    assert seen == rows
    assert list(chunks([])) == []
