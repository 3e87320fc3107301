"""The grpc.aio plane where a socket takes nothing, and where the engine fails."""

from __future__ import annotations

import asyncio
from typing import Any

from plane_stage import ANNA, BERT, Plane
from test_ping_service import at_shop, away, batch_at_shop, failure_of

from geooffer.errors import DrainingError
from geooffer.v1 import ping_service_pb2 as pb


async def test_a_cancelled_stream_gives_back_offers_that_never_left(plane: Plane) -> None:
    gatherer = plane.plane._gatherer
    client = plane.client("device", ANNA)
    call = client.open_call()
    await call.write(pb.StreamPingsRequest(ping=away(0).to_message()).SerializeToString())
    await call.read()
    (stream,) = gatherer.streams.values()
    stream.take_draft = lambda: None  # type: ignore[method-assign]    # a socket that takes nothing
    await call.write(pb.StreamPingsRequest(ping=at_shop(1).to_message()).SerializeToString())
    while not plane.engine.statistics.offers:
        await asyncio.sleep(0.01)
    await client.close()
    while plane.plane.statistics.streams:
        await asyncio.sleep(0.01)
    assert plane.engine.statistics.offers == 0


async def test_a_failing_engine_ends_every_stream_and_takes_no_more(plane: Plane) -> None:
    def broken(_pings: Any) -> Any:
        raise RuntimeError("47.3, 8.5 must not be told")

    plane.engine.step = broken  # type: ignore[method-assign]
    loop = asyncio.get_running_loop()
    faults: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _loop, context: faults.append(context))
    client = plane.client("gateway")
    error = await failure_of(client, [batch_at_shop([BERT])])
    assert isinstance(error, DrainingError)
    assert "47.3" not in error.message
    assert plane.plane.fault is not None
    assert [type(context["exception"]) for context in faults] == [RuntimeError]
