"""A whole server with the native plane, over real sockets: what the wiring around the plane promises."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from geooffer.cli.assembly import RunningService, loopback_settings, running_service
from geooffer.dataplane.native_plane import NativeDataPlane
from geooffer.errors import ConfigurationError
from geooffer.rpc.quotas import QuotaRates
from geooffer.v1 import offer_service_pb2 as offers_pb
from geooffer.v1 import offer_service_pb2_grpc as offers_grpc
from geooffer.v1 import ping_service_pb2 as pb
from geooffer.v1 import ping_service_pb2_grpc as pb_grpc
from geooffer.v1 import verdicts_pb2
from geooffer.v1.places_pb2 import Place

pytest.importorskip("geooffer_native", reason="geooffer-native is not installed (make native)")

PING = pb.StreamPingsRequest(ping=pb.Ping(device_key=5, latitude_e7=473_000_000, longitude_e7=85_000_000))
Open = tuple[RunningService, grpc.aio.Channel]


@asynccontextmanager
async def opened(**settings: object) -> AsyncIterator[Open]:
    """A server with a native plane, and a channel to its public port."""
    async with (
        running_service(loopback_settings(plane="native", **settings)) as service,
        grpc.aio.insecure_channel(service.data_address) as channel,
    ):
        yield service, channel


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


async def exchange(channel: grpc.aio.Channel, token: str) -> pb.PingAnswer:
    """One message and its answer, on a stream that then ends well."""
    call = pb_grpc.PingServiceStub(channel).StreamPings(metadata=bearer(token))
    await call.write(PING)
    answer = await call.read()
    assert answer is not grpc.aio.EOF, await call.code()
    await call.done_writing()
    assert await call.read() is grpc.aio.EOF
    assert await call.code() is grpc.StatusCode.OK
    told: pb.PingAnswer = answer.answer
    return told


async def test_pings_are_decided_and_counted_and_other_services_answer_at_the_same_address() -> None:
    async with opened() as (service, channel):
        assert (service.plane.name, service.plane_reason) == ("native", "asked for")
        answer = await exchange(channel, service.issue_token("gateway"))
        assert answer.acknowledged_message_sequence == 1
        assert [row.verdict for row in answer.rejected_rows] == [verdicts_pb2.PING_VERDICT_NO_CONSENT]
        statistics = service.plane.statistics
        assert (statistics.rows, statistics.messages, statistics.batches) == (1, 1, 1)
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("geooffer.v1.PingService", "geooffer.v1.OfferService"):
            told = await health.Check(health_pb2.HealthCheckRequest(service=name))
            assert told.status == health_pb2.HealthCheckResponse.SERVING
        request = offers_pb.ListWakeRegionsRequest(place=Place(latitude_e7=473_000_000, longitude_e7=85_000_000))
        token = service.issue_token("device", device_key=5)
        await offers_grpc.OfferServiceStub(channel).ListWakeRegions(request, metadata=bearer(token))
    assert service.plane.statistics.rows == 1, "its figures outlive it"


async def test_the_port_behind_is_for_this_user_alone_and_goes_with_the_service() -> None:
    async with opened() as (service, _):
        plane = service.plane
        assert isinstance(plane, NativeDataPlane)
        socket = Path(plane.settings.upstream_path)
        assert stat.S_ISSOCK(socket.stat().st_mode)
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    assert not socket.parent.exists()


async def test_a_reload_reaches_the_workers() -> None:
    async with opened() as (service, channel):
        token, count = service.issue_token("gateway"), 1_024
        stub = pb_grpc.PingServiceStub(channel)
        batch = pb.PingBatch(device_keys=[5] * count, latitudes_e7=[1] * count, longitudes_e7=[1] * count)
        request = pb.IngestPingsRequest(batch=batch)
        for _ in range(4):
            await stub.IngestPings(request, metadata=bearer(token))
        service.callers.take_rates(QuotaRates(rows=1))
        await stub.IngestPings(request, metadata=bearer(token))
        # a full bucket holds 2,048 rows, and opening a call costs one
        with pytest.raises(grpc.aio.AioRpcError, match="pings a second"):
            await stub.IngestPings(request, metadata=bearer(token))


async def test_a_drain_ends_open_streams_with_a_status() -> None:
    async with opened() as (service, channel):
        call = pb_grpc.PingServiceStub(channel).StreamPings(metadata=bearer(service.issue_token("gateway")))
        await call.write(PING)
        await call.read()
        assert service.plane.statistics.streams == 1
        drained = asyncio.create_task(service.plane.drain(5.0))
        with pytest.raises(grpc.aio.AioRpcError, match="shutting down"):
            await call.read()
        assert await call.code() is grpc.StatusCode.UNAVAILABLE
        assert await drained
        with pytest.raises(grpc.aio.AioRpcError, match="shutting down"):
            await exchange_refused(channel, service.issue_token("gateway"))


async def exchange_refused(channel: grpc.aio.Channel, token: str) -> None:
    call = pb_grpc.PingServiceStub(channel).IngestPings(pb.IngestPingsRequest(ping=PING.ping), metadata=bearer(token))
    await call


async def test_an_address_in_use_is_a_configuration_error_and_leaves_no_thread() -> None:
    async with opened() as (service, channel):
        await exchange(channel, service.issue_token("gateway"))  # all its threads have begun
        before = plane_threads()
        with pytest.raises(ConfigurationError, match="cannot listen on"):
            async with running_service(loopback_settings(plane="native", data_address=service.data_address)):
                pass
        assert plane_threads() == before != []
    assert plane_threads() == []


def plane_threads() -> list[str]:
    """The ids of this process's native threads."""
    tasks = sorted(os.listdir("/proc/self/task"))
    return [task for task in tasks if Path(f"/proc/self/task/{task}/comm").read_text().startswith("plane-")]
