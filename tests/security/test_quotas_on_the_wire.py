"""G4: whoever asks for too much is told how long to wait; nobody else notices, and nobody is kept from withdrawing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from geooffer.cli.assembly import RunningService, loopback_settings, running_service
from geooffer.rpc.quotas import REGION_LIST_BURST_COUNT, WITHDRAWAL_BURST_COUNT, QuotaRates
from geooffer.rpc.status import DETAILS_KEY
from geooffer.v1 import offer_service_pb2 as offers
from geooffer.v1 import ping_service_pb2 as pb
from geooffer.v1 import places_pb2 as places
from geooffer.v1 import signal_service_pb2 as signal
from planes import both_planes, plane_settings

INGEST, STREAM = "/geooffer.v1.PingService/IngestPings", "/geooffer.v1.PingService/StreamPings"
NEARBY, REGIONS = "/geooffer.v1.OfferService/FindNearbyStock", "/geooffer.v1.OfferService/ListWakeRegions"
SNOOZE, WITHDRAW_OWN = "/geooffer.v1.OfferService/SnoozeLocation", "/geooffer.v1.OfferService/WithdrawOwnConsent"
STATE = "/geooffer.v1.StoreService/GetCatalogState"
WITHDRAW = "/geooffer.v1.ConsentService/WithdrawConsent"
BATCH = pb.PingBatch(latitudes_e7=[470_000_000] * 1_024, longitudes_e7=[80_000_000] * 1_024)


@pytest.fixture
async def bounded(plane_kind: str) -> AsyncIterator[RunningService]:
    """A pace of hours: no bucket fills while a test runs."""
    settings = loopback_settings(clock="system", **plane_settings(plane_kind))
    async with running_service(settings) as running:
        running.callers.take_rates(QuotaRates(device_rows=1, device_calls=1, rows=1, calls=1))
        yield running


def bearer(service: RunningService, role: str, **more: Any) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {service.issue_token(role, **more)}"),)


async def exceeded(call: Any) -> str:
    """Assert that a call fails for its caller's quota; returns the text."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    error = caught.value
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED, error.details()
    (packed,) = [value for key, value in error.trailing_metadata() if key == DETAILS_KEY]
    info, quota, retry = error_details_pb2.ErrorInfo(), error_details_pb2.QuotaFailure(), error_details_pb2.RetryInfo()
    for detail in status_pb2.Status.FromString(packed).details:
        assert sum(detail.Unpack(kind) for kind in (info, quota, retry)) == 1
    assert info.reason == "QUOTA_EXCEEDED"
    assert len(quota.violations) == 1
    assert 0 < retry.retry_delay.ToMilliseconds() <= 86_400_000
    return error.details() or ""


@both_planes
async def test_a_device_sends_so_much_by_whatever_way(bounded: RunningService) -> None:
    """Two full batches, then no more: not by calls, streams, other tokens of its own, or new connections."""
    request = pb.IngestPingsRequest(batch=BATCH).SerializeToString()
    ping = pb.StreamPingsRequest(ping=pb.Ping(latitude_e7=470_000_000)).SerializeToString()
    async with grpc.aio.insecure_channel(bounded.data_address) as channel:
        mine = bearer(bounded, "device", device_key=7)
        await channel.unary_unary(INGEST)(request, metadata=mine)
        assert await exceeded(channel.unary_unary(INGEST)(request, metadata=mine)) == (
            "too many pings a second; retry later"
        )
        small = pb.IngestPingsRequest(ping=pb.Ping()).SerializeToString()
        for _ in range(600):
            try:
                await channel.unary_unary(INGEST)(small, metadata=bearer(bounded, "device", device_key=7))
            except grpc.aio.AioRpcError:
                break
        else:
            pytest.fail("opening costs nothing")
        await exceeded(channel.stream_stream(STREAM)(iter([ping]), metadata=mine).read())
    async with grpc.aio.insecure_channel(
        bounded.data_address, options=[("grpc.use_local_subchannel_pool", 1)]
    ) as channel:
        await exceeded(channel.unary_unary(INGEST)(small, metadata=mine))
        # another device has a share of its own
        await channel.unary_unary(INGEST)(request, metadata=bearer(bounded, "device", device_key=8))
        # a gateway pays for all devices it names
        gateway = bearer(bounded, "gateway")
        named = pb.PingBatch(device_keys=list(range(1, 1_025)))
        named.MergeFrom(BATCH)
        many = pb.IngestPingsRequest(batch=named).SerializeToString()
        await channel.unary_unary(INGEST)(many, metadata=gateway)
        await exceeded(channel.unary_unary(INGEST)(many, metadata=gateway))


@both_planes
async def test_calls_of_devices_and_of_services(bounded: RunningService) -> None:
    async with (
        grpc.aio.insecure_channel(bounded.data_address) as data,
        grpc.aio.insecure_channel(bounded.control_address) as control,
    ):
        for channel, method, who in (
            (data, NEARBY, bearer(bounded, "device", device_key=7)),
            (control, STATE, bearer(bounded, "marketing")),
        ):
            told = await _until_exceeded(channel, method, who)
            assert told <= 11
        # an officer who has used up her share withdraws all the same
        officer = bearer(bounded, "privacy_officer")
        await _until_exceeded(control, "/geooffer.v1.ConsentService/GetConsent", officer)
        for _ in range(20):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await control.unary_unary(WITHDRAW)(b"", metadata=officer)
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        bounded.callers.take_rates(QuotaRates())
        await control.unary_unary(STATE)(b"", metadata=bearer(bounded, "marketing"))


@both_planes
async def test_what_a_phone_takes_back_is_hers_and_has_an_end(bounded: RunningService) -> None:
    """Each withdrawal and snooze leaves a record: a loop stops, nobody who means it does, and neither uses up the
    other's share."""
    async with (
        grpc.aio.insecure_channel(bounded.data_address) as data,
        grpc.aio.insecure_channel(bounded.control_address) as control,
    ):
        customer = signal.UpsertCustomersRequest(customers=[signal.Customer(customer_id="c", device_keys=[7, 8])])
        await control.unary_unary("/geooffer.v1.SignalService/UpsertCustomers")(
            customer.SerializeToString(), metadata=bearer(bounded, "operator")
        )
        bounded.callers.take_rates(QuotaRates(device_calls=1, device_withdrawals_per_hour=1))
        mine, before = bearer(bounded, "device", device_key=7), bounded.engine.journal.appended
        snooze = offers.SnoozeLocationRequest()
        snooze.until_time.GetCurrentTime()
        assert await _until_exceeded(data, SNOOZE, mine, snooze.SerializeToString()) == 10
        withdrawal = offers.WithdrawOwnConsentRequest(purposes=[1]).SerializeToString()
        assert await _until_exceeded(data, WITHDRAW_OWN, mine, withdrawal) == WITHDRAWAL_BURST_COUNT
        assert await exceeded(data.unary_unary(WITHDRAW_OWN)(withdrawal, metadata=mine)) == (
            "too many withdrawals an hour; retry later"
        )
        # of two withdrawals in one millisecond one is kept
        assert 10 < bounded.engine.journal.appended - before <= 10 + WITHDRAWAL_BURST_COUNT


@both_planes
async def test_stock_is_searched_so_often_a_day_by_a_person(bounded: RunningService) -> None:
    """By whichever of her devices, and whether the product exists or not; others have a share of their own."""
    request = offers.FindNearbyStockRequest(product_id="x", place=places.Place()).SerializeToString()
    async with (
        grpc.aio.insecure_channel(bounded.data_address) as data,
        grpc.aio.insecure_channel(bounded.control_address) as control,
    ):
        customer = signal.UpsertCustomersRequest(customers=[signal.Customer(customer_id="c", device_keys=[7, 8])])
        await control.unary_unary("/geooffer.v1.SignalService/UpsertCustomers")(
            customer.SerializeToString(), metadata=bearer(bounded, "operator")
        )
        bounded.callers.take_rates(QuotaRates(stock_searches_per_day=20))
        for _ in range(15):
            with pytest.raises(grpc.aio.AioRpcError, match="no such product"):
                await data.unary_unary(NEARBY)(request, metadata=bearer(bounded, "device", device_key=7))
        assert await _until_exceeded(data, NEARBY, bearer(bounded, "device", device_key=8), request) == 5
        assert "day" in await exceeded(
            data.unary_unary(NEARBY)(request, metadata=bearer(bounded, "device", device_key=7))
        )
        for key in (9, 10):  # of nobody: each its own
            assert await _until_exceeded(data, NEARBY, bearer(bounded, "device", device_key=key), request) == 20
        with pytest.raises(grpc.aio.AioRpcError, match="no such product"):
            await data.unary_unary(NEARBY)(request, metadata=bearer(bounded, "gateway"))


async def test_a_phone_lists_regions_at_a_tenth_of_its_calls(bounded: RunningService) -> None:
    """Where fences are many a list takes milliseconds; a gateway's are its calls."""
    bounded.callers.quotas.replace(QuotaRates(device_calls=2))
    place = places.Place(latitude_e7=470_000_000, longitude_e7=80_000_000)
    request = offers.ListWakeRegionsRequest(place=place).SerializeToString()
    nearby = offers.FindNearbyStockRequest(product_id="x", place=place).SerializeToString()
    async with grpc.aio.insecure_channel(bounded.data_address) as data:
        phone = bearer(bounded, "device", device_key=7)
        for _ in range(REGION_LIST_BURST_COUNT):
            await data.unary_unary(REGIONS)(request, metadata=phone)
        assert await _until_exceeded(data, REGIONS, phone, request) < REGION_LIST_BURST_COUNT - 2, "its calls go on"
        with pytest.raises(grpc.aio.AioRpcError, match="no such product"):
            await data.unary_unary(NEARBY)(nearby, metadata=phone)
        gateway = bearer(bounded, "gateway")
        for _ in range(4 * REGION_LIST_BURST_COUNT):
            await data.unary_unary(REGIONS)(request, metadata=gateway)


async def _until_exceeded(channel: grpc.aio.Channel, method: str, metadata: Any, data: bytes = b"") -> int:
    """How many calls got past their quota."""
    for count in range(100):
        try:
            await channel.unary_unary(method)(data, metadata=metadata)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
                return count
    pytest.fail("no quota")
