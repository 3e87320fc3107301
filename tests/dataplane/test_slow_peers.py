"""Both planes, seen from outside: who reads nothing or is gone holds up himself alone; honest bursts are no attack."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
from plane_stage import Plane
from slow_stage import ROW_COUNT, bert, others_are_served, rejected_batch

from geooffer.client import GeoofferClient
from geooffer.rpc.auth import AUTHORIZATION_KEY
from geooffer.v1 import ping_service_pb2 as pb
from planes import both_planes
from relay import Relay

TOLD_S = 60.0
STILL_LOOK_COUNT = 25
GROWTH_MAX_BYTES = 64 * 2**20
"""Of server and client together; what a stream may write before it is held up is far less."""
BURST_STREAM_COUNT, BURST_PING_COUNT = 16, 250


class Flood:
    """Writes batches until flow control stops it."""

    def __init__(self, call: Any, first: int = 0) -> None:
        self.count = first
        """Handed to the transport, the last one perhaps in part."""
        self.over = False
        self._call = call
        self.task = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while not self.over:
            await self._call.write(rejected_batch(self.count))
            self.count += 1

    async def stuck(self) -> None:
        """Nothing more goes, look after look; others were served in between, so it is not this process that rests."""
        seen, look_count = -1, 0
        async with asyncio.timeout(TOLD_S):
            while look_count < STILL_LOOK_COUNT:
                look_count = look_count + 1 if self.count == seen else 0
                seen = self.count
                await asyncio.sleep(0.02)
        assert not self.task.done()


@asynccontextmanager
async def narrow_call(plane: Plane) -> AsyncIterator[Any]:
    """A gateway's stream whose window does not grow with what comes."""
    options = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65_536)]
    async with grpc.aio.insecure_channel(plane.port.address, options=options) as channel:
        bearer = ((AUTHORIZATION_KEY, f"Bearer {plane.token('gateway')}"),)
        yield channel.stream_stream("/geooffer.v1.PingService/StreamPings")(metadata=bearer)


async def read_all(call: Any, message_count: int) -> None:
    """Each row is told once, in order."""
    told: list[tuple[int, int]] = []
    acknowledged = 0
    async with asyncio.timeout(TOLD_S):
        while acknowledged < message_count:
            data = await call.read()
            assert data is not grpc.aio.EOF
            answer = pb.StreamPingsResponse.FromString(data).answer
            told += [(row.message_sequence, row.row) for row in answer.rejected_rows]
            acknowledged = answer.acknowledged_message_sequence
    assert told == [(sequence, row) for sequence in range(1, message_count + 1) for row in range(ROW_COUNT)]


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096


@both_planes
async def test_who_never_reads_holds_up_himself_alone_and_loses_nothing(plane: Plane) -> None:
    before_bytes = resident_bytes()
    async with narrow_call(plane) as call:
        flood = Flood(call)
        await flood.stuck()
        decided = plane.plane.statistics.rows
        await others_are_served(plane, 0, TOLD_S)
        assert plane.plane.statistics.rows == decided + 31, "nothing of the stuck stream is read on"
        assert resident_bytes() - before_bytes < GROWTH_MAX_BYTES
        flood.over = True
        # the last write waits for room still
        await asyncio.wait_for(asyncio.gather(read_all(call, flood.count + 1), flood.task), TOLD_S)


@both_planes
async def test_who_is_gone_without_a_word_holds_up_nobody(plane: Plane) -> None:
    async with Relay.before(plane.port.address) as relay:
        client = GeoofferClient(relay.address, token=plane.token("gateway"))
        call = client.open_call()
        await call.write(rejected_batch(0))
        await read_all(call, 1)
        relay.stop()  # the way back is dead, the socket is not
        flood = Flood(call, first=1)
        await flood.stuck()
        await others_are_served(plane, 0, TOLD_S)
        relay.cut()
        async with asyncio.timeout(TOLD_S):
            while plane.plane.statistics.streams:
                await asyncio.sleep(0.02)
        await asyncio.wait([flood.task], timeout=TOLD_S)
        assert flood.task.done()
        await client.close()


@both_planes
async def test_honest_bursts_are_no_attack(plane: Plane) -> None:
    """Many small messages at once on the streams of one connection: every one is acknowledged, none is calmed down."""
    async with grpc.aio.insecure_channel(plane.port.address) as channel:
        bearer = ((AUTHORIZATION_KEY, f"Bearer {plane.token('gateway')}"),)

        async def stream(number: int) -> int:
            call = channel.stream_stream("/geooffer.v1.PingService/StreamPings")(metadata=bearer)
            for second in range(BURST_PING_COUNT):
                ping = bert(second).to_message()
                ping.device_key = 20_000 + number
                await call.write(pb.StreamPingsRequest(ping=ping).SerializeToString())
            await call.done_writing()
            acknowledged = 0
            async for data in call:
                acknowledged = pb.StreamPingsResponse.FromString(data).answer.acknowledged_message_sequence
            return acknowledged

        async with asyncio.timeout(TOLD_S):
            told = await asyncio.gather(*(stream(number) for number in range(BURST_STREAM_COUNT)))
    assert told == [BURST_PING_COUNT] * BURST_STREAM_COUNT
