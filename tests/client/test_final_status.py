"""grpc/grpc#36066: a service that refuses a busy stream is understood every time."""

from __future__ import annotations

from itertools import repeat
from typing import Any

import grpc
import pytest

from geooffer.client import Backoff, GeoofferClient, Ping
from geooffer.errors import InvalidArgumentError
from geooffer.rpc.status import DETAILS_KEY, status_of


async def test_the_services_own_refusal_survives_writes_that_fail_meanwhile() -> None:
    async def refuse(_requests: Any, context: Any) -> None:
        await context.read()
        status = status_of(InvalidArgumentError("not like this", field="batch"))
        trailing = ((DETAILS_KEY, status.SerializeToString()),)
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "not like this", trailing_metadata=trailing)

    server = grpc.aio.server()
    handlers = {"StreamPings": grpc.stream_stream_rpc_method_handler(refuse)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("geooffer.v1.PingService", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with GeoofferClient(f"127.0.0.1:{port}", token="t", backoff=Backoff(0.001, 0.01, 2)) as client:
            for _ in range(100):
                with pytest.raises(InvalidArgumentError) as caught:
                    await anext(client.stream_answers(repeat(Ping(1.0, 2.0)), window_count=1_000))
                assert caught.value.field == "batch"
    finally:
        await server.stop(None)
