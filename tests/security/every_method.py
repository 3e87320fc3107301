"""Every method there is, from the descriptors of the generated code, and a call of any of them with raw bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import grpc
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

import geooffer.v1

CALL_TIMEOUT_S = 60.0


class Method(NamedTuple):
    """One row of the matrix."""

    path: str
    service: str
    client_streams: bool
    server_streams: bool
    request: Any
    """Descriptor of the request message."""


def _methods_of(modules: Iterable[Any]) -> list[Method]:
    return [
        Method(
            f"/{service.full_name}/{method.name}",
            service.full_name,
            method.client_streaming,
            method.server_streaming,
            method.input_type,
        )
        for module in modules
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    ]


_FOLDER = Path(geooffer.v1.__file__).parent
OURS = _methods_of(import_module(f"geooffer.v1.{path.stem}") for path in sorted(_FOLDER.glob("*_pb2.py")))
METHODS = [*OURS, *_methods_of((health_pb2, reflection_pb2))]
DATA_SERVICES = ("geooffer.v1.PingService", "geooffer.v1.OfferService", "grpc.health.v1.Health")
BOTH_SERVICES = ("grpc.health.v1.Health",)


def is_on(method: Method, port: str) -> bool:
    """Whether `port` (data or control) is to serve it."""
    if method.service in BOTH_SERVICES:
        return True
    return (method.service in DATA_SERVICES) == (port == "data")


async def outcome(
    channel: grpc.aio.Channel, method: Method, data: bytes = b"", metadata: tuple[tuple[str, str], ...] = ()
) -> tuple[grpc.StatusCode, str]:
    """Code and text a call with one message ends with; OK for a stream that begins to answer."""
    options: dict[str, Any] = {"metadata": metadata, "timeout": CALL_TIMEOUT_S}
    try:
        if not method.client_streams and not method.server_streams:
            await channel.unary_unary(method.path)(data, **options)
        elif method.client_streams:
            kind = channel.stream_stream if method.server_streams else channel.stream_unary
            call = kind(method.path)(iter([data] if data else []), **options)
            await (_first(call) if method.server_streams else call)
        else:
            await _first(channel.unary_stream(method.path)(data, **options))
    except grpc.aio.AioRpcError as error:
        return error.code(), error.details() or ""
    return grpc.StatusCode.OK, ""


async def _first(call: Any) -> None:
    async for _ in call:
        call.cancel()
        # a stream that was answered once is good; its end is waited for, so that no test hears of it
        try:
            await call.code()
        except asyncio.CancelledError:
            return
        return
