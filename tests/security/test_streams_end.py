"""G2: a stream lasts as long as its token, whichever it is; and a watcher who reads nothing holds nobody up."""

from __future__ import annotations

import asyncio
import time

import grpc
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from every_method import METHODS, Method, is_on
from forged_tokens import claims
from grpc_health.v1 import health_pb2
from hyperframe.frame import SettingsFrame

from geooffer.cli.assembly import RunningService
from geooffer.rpc import roles
from geooffer.rpc.auth import TokenVerifier
from geooffer.rpc.server import PortOptions, bind_port
from planes import both_planes
from raw_http2 import RawConnection, data_frame, message

STREAMS = [method for method in METHODS if method.client_streams or method.server_streams]
WATCH = "/grpc.health.v1.Health/Watch"
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
TOKEN_REQUIRED = "a valid token is required"


def test_there_are_streams() -> None:
    assert {method.path.rpartition("/")[2] for method in STREAMS} >= {"StreamPings", "Watch", "ServerReflectionInfo"}


@both_planes
@pytest.mark.parametrize("method", STREAMS, ids=lambda method: method.path.rpartition("/")[2])
async def test_every_stream_ends_with_its_token(service: RunningService, method: Method) -> None:
    """Whatever a stream is for, and though nothing is ever sent on it. Bound: the leeway after `exp`."""
    key = service.callers.private_key
    assert isinstance(key, Ed25519PrivateKey)
    now = int(time.time())
    # exp lies in the leeway already (5 s), so the stream opens and has seconds to live
    late = claims(role=roles.OPERATOR, sub="op", device_key_ranges=[[1, 9]], iat=now - 60, exp=now - 3)
    metadata = (("authorization", f"Bearer {jwt.encode(late, key, 'EdDSA')}"),)
    address = service.data_address if is_on(method, "data") else service.control_address
    async with grpc.aio.insecure_channel(address) as channel:
        if method.client_streams:
            call = channel.stream_stream(method.path)(metadata=metadata, timeout=60)
        else:
            call = channel.unary_stream(method.path)(b"", metadata=metadata, timeout=60)
        with pytest.raises(grpc.aio.AioRpcError):
            async for _ in call:
                pass
        assert (await call.code(), await call.details()) == (grpc.StatusCode.UNAUTHENTICATED, TOKEN_REQUIRED)
    assert time.time() >= now - 3 + service.callers.verifier.leeway_s - 1, "it was open at all"


async def test_a_watcher_who_reads_nothing_holds_nobody_up() -> None:
    """With a window of 0 its first answer never leaves; others are told, and the port drains."""
    key = Ed25519PrivateKey.generate()
    token = jwt.encode(claims(role=roles.GATEWAY, sub="g", device_key_ranges=[[1, 9]]), key, "EdDSA")
    metadata = (("authorization", f"Bearer {token}"),)

    async def durable() -> None:
        """Nothing is recorded."""

    port = bind_port(
        "data", PortOptions("127.0.0.1:0"), verifier=TokenVerifier(key.public_key()), durable=durable, services=[]
    )
    await port.start()
    async with (
        RawConnection.to(port.address) as stuck,
        grpc.aio.insecure_channel(port.address) as channel,
        asyncio.timeout(60),
    ):
        await stuck.send(SettingsFrame(0, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 0}))
        await stuck.send(stuck.request(1, WATCH, metadata))
        await stuck.send(data_frame(1, message(b"")))
        while 1 not in stuck.headers:
            await asyncio.sleep(0.01)
        watch = channel.unary_stream(WATCH)(b"", metadata=metadata)
        assert health_pb2.HealthCheckResponse.FromString(await watch.read()).status == SERVING
        await port.report_ready(False)
        assert health_pb2.HealthCheckResponse.FromString(await watch.read()).status == NOT_SERVING
        await port.drain()
    await port.stop(0)
