"""What waits, waits with the sender: small windows, one message a stream while the queue is long, bounded streams."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from plane_stage import BERT, SHOP, START_MS, Plane

from geooffer.client import Ping
from geooffer.dataplane import gatherer as gathering
from geooffer.errors import OverloadedError
from geooffer.rpc.checks import timestamp
from geooffer.v1 import ping_service_pb2 as pb

ROW_COUNT = 500
TOLD_S = 10.0


def batch(number: int) -> bytes:
    """About 12 KiB."""
    rows = pb.PingBatch(
        device_keys=[BERT] * ROW_COUNT,
        latitudes_e7=[SHOP[0]] * ROW_COUNT,
        longitudes_e7=[SHOP[1]] * ROW_COUNT,
        base_time=timestamp(START_MS + number * 1_000_000),
        fix_offsets_millis=range(0, ROW_COUNT * 1_000, 1_000),
    )
    return pb.StreamPingsRequest(batch=rows).SerializeToString()


async def until(condition: Any) -> None:
    async with asyncio.timeout(TOLD_S):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
def stopped(plane: Plane) -> Any:
    """The plane's gatherer, which decides nothing until its flush is given back."""
    gatherer = plane.plane.gatherer
    gatherer.asked = gatherer._ask_flush  # type: ignore[attr-defined]
    gatherer._ask_flush = lambda: None  # type: ignore[method-assign]
    return gatherer


async def write_until_stuck(call: Any, count: list[int]) -> None:
    while True:
        await call.write(batch(len(count)))
        count.append(1)


@pytest.mark.parametrize(("long_row_count", "read_count"), [(0, 1), (2 * ROW_COUNT, 3)])
async def test_while_the_queue_is_long_a_stream_is_read_on_one_message_at_a_time(
    plane: Plane, stopped: Any, monkeypatch: pytest.MonkeyPatch, long_row_count: int, read_count: int
) -> None:
    monkeypatch.setattr(gathering, "LONG_QUEUE_ROW_COUNT", long_row_count)
    async with plane.client("gateway") as client:
        call = client.open_call()
        written: list[int] = []
        writing = asyncio.create_task(write_until_stuck(call, written))
        await until(lambda: stopped.streams)
        (stream,) = stopped.streams.values()
        await until(lambda: stream.read_count == read_count)
        await asyncio.sleep(0.3)
        assert stream.read_count == read_count
        # the transport took one message beyond those, not megabytes of them
        assert len(written) <= read_count + 1
        stopped._ask_flush = stopped.asked
        stopped.asked()
        await until(lambda: stream.read_count > read_count + 3)
        writing.cancel()
        await asyncio.wait([writing])


async def test_streams_and_calls_are_bounded_together_and_room_comes_back(plane: Plane) -> None:
    service = plane.plane._service
    service._open_count_max = 1
    async with plane.client("gateway") as first, plane.client("gateway") as second:
        call = first.open_call()
        await call.write(batch(0))
        await call.read()
        with pytest.raises(OverloadedError):
            await second.ingest(Ping(47.0, 8.0, device_key=BERT, fix_time_ms=START_MS))
        refused = second.open_call()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await refused.read()
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        await call.done_writing()
        await until(lambda: not plane.plane.statistics.streams)
        answer = await second.ingest(Ping(47.0, 8.0, device_key=BERT, fix_time_ms=START_MS + 10**8))
        assert answer.acknowledged_message_sequence == 1
