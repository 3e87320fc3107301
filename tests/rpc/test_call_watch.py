"""Every call is told once, with the code its caller saw; pings are not, and the calls are as they were."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from geooffer.errors import InvalidArgumentError
from geooffer.rpc.auth import TokenVerifier, issue_token
from geooffer.rpc.call_watch import CallWatch
from geooffer.rpc.durability import at_once
from geooffer.rpc.interceptors import CallGate
from geooffer.rpc.keys import development_keys
from geooffer.telemetry.observed import CallObserved

HEALTH = "/grpc.health.v1.Health/"
"""Of which every role may call all methods: here they are four of our own making."""


async def _check(request: bytes, context: Any) -> bytes:
    if request == b"wrong":
        raise InvalidArgumentError("no")
    if request == b"bug":
        raise RuntimeError("whatever")
    if request == b"slow":
        await asyncio.sleep(30)
    return request


async def _watch(request: bytes, context: Any) -> AsyncIterator[bytes]:
    yield request
    yield request
    if request == b"wrong":
        raise InvalidArgumentError("no")


async def _pings(_requests: Any, context: Any) -> None:
    while (data := await context.read()) is not grpc.aio.EOF:
        await context.write(data)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[tuple[grpc.aio.Channel, Any, list[CallObserved]]]:
    """(channel, metadata of an operator, what was told)."""
    import time

    keys = development_keys(tmp_path)
    told: list[CallObserved] = []
    server = grpc.aio.server(interceptors=[CallWatch(told.append), CallGate(TokenVerifier(keys.public_key), at_once)])
    unary = grpc.unary_unary_rpc_method_handler
    health = {"Check": unary(_check), "List": unary(_check), "Watch": grpc.unary_stream_rpc_method_handler(_watch)}
    pings = {"StreamPings": grpc.stream_stream_rpc_method_handler(_pings), "IngestPings": unary(_check)}
    for name, handlers in (("grpc.health.v1.Health", health), ("geooffer.v1.PingService", pings)):
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    token = issue_token(keys.private_key, role="operator", subject="me", now_s=time.time())
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel, (("authorization", f"Bearer {token}"), ("traceparent", "00-aa")), told
    await server.stop(0)


async def test_codes_are_what_callers_see(stage: Any) -> None:
    channel, metadata, told = stage
    seen = []
    for name, sent, timeout_s in (
        ("Check", b"x", 30), ("Check", b"wrong", 30), ("Check", b"bug", 30), ("Check", b"slow", 0.2), ("Nope", b"x", 30)
    ):  # fmt: skip
        try:
            await channel.unary_unary(HEALTH + name)(sent, metadata=metadata, timeout=timeout_s)
            seen.append("OK")
        except grpc.aio.AioRpcError as error:
            seen.append(error.code().name)
    assert seen == ["OK", "INVALID_ARGUMENT", "INTERNAL", "DEADLINE_EXCEEDED", "UNIMPLEMENTED"]
    with pytest.raises(grpc.aio.AioRpcError):
        await channel.unary_unary(HEALTH + "List")(b"x")
    async with asyncio.timeout(30):
        while len(told) < 5:
            await asyncio.sleep(0.01)
    codes = sorted((call.method.rpartition("/")[2], call.code) for call in told)
    assert codes == [
        ("Check", "CANCELLED"), ("Check", "INTERNAL"), ("Check", "INVALID_ARGUMENT"), ("Check", "OK"),
        ("List", "UNAUTHENTICATED"),
    ]  # fmt: skip
    assert all(call.started_ns < call.ended_ns for call in told)
    assert {call.trace_parent for call in told} == {"00-aa", ""}


async def test_streams_are_told_at_their_end_and_pings_not_at_all(stage: Any) -> None:
    channel, metadata, told = stage
    assert [part async for part in channel.unary_stream(HEALTH + "Watch")(b"x", metadata=metadata)] == [b"x", b"x"]
    with pytest.raises(grpc.aio.AioRpcError, match="no"):
        assert [part async for part in channel.unary_stream(HEALTH + "Watch")(b"wrong", metadata=metadata)]
    streamed = channel.stream_stream("/geooffer.v1.PingService/StreamPings")(iter([b"1", b"2"]), metadata=metadata)
    assert [part async for part in streamed] == [b"1", b"2"]
    assert await channel.unary_unary("/geooffer.v1.PingService/IngestPings")(b"x", metadata=metadata) == b"x"
    async with asyncio.timeout(30):
        while len(told) < 3:
            await asyncio.sleep(0.01)
    assert [(call.method, call.code) for call in told] == [
        (HEALTH + "Watch", "OK"),
        (HEALTH + "Watch", "INVALID_ARGUMENT"),
        ("/geooffer.v1.PingService/StreamPings", "OK"),
    ]
