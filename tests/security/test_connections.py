"""Attack list: connections without end take neither the other port nor the files that the journal needs."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import grpc
import pytest

from geooffer.cli.assembly import loopback_settings, running_service
from geooffer.rpc import open_files
from planes import both_planes, plane_settings
from raw_http2 import RawConnection

CHECK = "/grpc.health.v1.Health/Check"
BOUND = 20
OWN = [("grpc.use_local_subchannel_pool", 1)]


async def is_served(address: str) -> bool:
    async with grpc.aio.insecure_channel(address, options=OWN) as channel:
        try:
            return bool(await channel.unary_unary(CHECK)(b"", timeout=60))
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
            return False


@both_planes
async def test_beyond_the_bound_connections_are_hung_up_on(monkeypatch: pytest.MonkeyPatch, plane_kind: str) -> None:
    """The other port serves meanwhile; when some go, others come in."""
    monkeypatch.setitem(open_files.CONNECTION_COUNT_MAX, "data", BOUND)
    async with (
        running_service(loopback_settings(**plane_settings(plane_kind))) as service,
        AsyncExitStack() as stack,
        asyncio.timeout(120),
    ):
        opened = [await stack.enter_async_context(RawConnection.to(service.data_address)) for _ in range(3 * BOUND)]
        while sum(connection.is_closed.is_set() for connection in opened) < 2 * BOUND:
            await asyncio.sleep(0.01)
        assert not await is_served(service.data_address)
        assert await is_served(service.control_address)
        for connection in opened:
            connection.writer.transport.abort()
        while not await is_served(service.data_address):
            await asyncio.sleep(0.05)
