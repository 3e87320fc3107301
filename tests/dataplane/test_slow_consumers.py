"""Streams that never read, read slowly, or are gone without a word, over real sockets: each holds up itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from plane_stage import ANNA, SHOP, START_MS, Plane
from slow_stage import ROW_COUNT, others_are_served, rejected_batch

from geooffer.client import GeoofferClient, Ping
from geooffer.dataplane.stream import UNSENT_DRAFT_COUNT_MAX
from geooffer.model import limits
from geooffer.rpc.answers import DRAFT_WEIGHT_MAX
from geooffer.rpc.auth import AUTHORIZATION_KEY
from geooffer.rpc.checks import timestamp
from geooffer.v1 import ping_service_pb2 as pb
from relay import Relay

TOLD_S = 20.0
STUCK_LOOK_COUNT = 15
#: what a stream may hold unsent: the drafts that stop its reading, and those of what it had read by then
DRAFT_COUNT_MAX = UNSENT_DRAFT_COUNT_MAX + limits.STREAM_QUEUE_ROW_COUNT_MAX // DRAFT_WEIGHT_MAX + 4


class Flood:
    """Writes until flow control stops it, or `over`."""

    def __init__(self, call: Any, first: int = 0) -> None:
        self.count = first
        self.over = False
        self._call = call
        self._task = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while not self.over:
            self.count += 1
            await self._call.write(rejected_batch(self.count - 1))

    async def stuck(self, plane: Plane, *, by_server: bool = True) -> None:
        """Wait until nothing more can be written: the server reads it no more (else the way back is dead), and look
        after look nothing moves. Not just until nothing has moved for a while: then this process may not have run.
        """
        (stream,) = await one_stream(plane)
        async with asyncio.timeout(TOLD_S):
            seen, look_count = (-1, -1), 0
            while look_count < STUCK_LOOK_COUNT:
                found = (self.count, len(stream._drafts))
                is_still = found == seen and not (by_server and stream._room.is_set())
                seen, look_count = found, look_count + 1 if is_still else 0
                await asyncio.sleep(0.02)
        assert not self._task.done()

    async def ended(self) -> None:
        """The stream is gone, and the writing with it."""
        await asyncio.wait([self._task], timeout=TOLD_S)
        assert self._task.done()
        assert self._task.cancelled() or self._task.exception() is not None


async def one_stream(plane: Plane) -> Any:
    """The streams, as soon as there are any."""
    async with asyncio.timeout(TOLD_S):
        while not plane.plane.gatherer.streams:
            await asyncio.sleep(0.01)
    return plane.plane.gatherer.streams.values()


async def read_all(call: Any, row_count: int) -> int:
    """Read until so many rows were refused; returns the last acknowledgement. Each row is told once, in order."""
    told: list[tuple[int, int]] = []
    acknowledged = 0
    async with asyncio.timeout(TOLD_S):
        while len(told) < row_count or acknowledged * ROW_COUNT < row_count:
            data = await call.read()
            assert data is not grpc.aio.EOF
            answer = pb.StreamPingsResponse.FromString(data).answer
            told += [(row.message_sequence, row.row) for row in answer.rejected_rows]
            acknowledged = answer.acknowledged_message_sequence
    expected = [(sequence, row) for sequence in range(1, row_count // ROW_COUNT + 1) for row in range(ROW_COUNT)]
    assert told == expected
    return acknowledged


def unsent_count(plane: Plane) -> int:
    return max(len(stream._drafts) for stream in plane.plane.gatherer.streams.values())


async def test_a_stream_that_never_reads_holds_up_itself_alone_and_loses_nothing(plane: Plane) -> None:
    async with narrow_call(plane) as call:
        flood = Flood(call)
        await flood.stuck(plane)
        assert unsent_count(plane) <= DRAFT_COUNT_MAX
        decided = plane.plane.statistics.rows
        await others_are_served(plane, 0, TOLD_S)
        # nothing of the stuck stream was read on meanwhile
        assert plane.plane.statistics.rows == decided + 31
        assert unsent_count(plane) <= DRAFT_COUNT_MAX
        # it reads after all: every row of all that was taken is told, once
        flood.over = True
        assert await read_all(call, flood.count * ROW_COUNT) == flood.count


@pytest.mark.parametrize("pause_s", [0.002])
async def test_a_slow_socket_gets_everything_late_and_others_in_time(plane: Plane, pause_s: float) -> None:
    async with Relay.before(plane.port.address) as relay:
        relay.back_pause_s = pause_s
        async with GeoofferClient(relay.address, token=plane.token("gateway")) as client:
            call = client.open_call()
            count = 40
            writing = asyncio.create_task(write_all(call, count))
            reading = asyncio.create_task(read_all(call, count * ROW_COUNT))
            await others_are_served(plane, 0, TOLD_S)
            assert unsent_count(plane) <= DRAFT_COUNT_MAX
            assert await asyncio.wait_for(reading, TOLD_S) == count
            await writing


async def write_all(call: Any, count: int) -> None:
    for number in range(count):
        await call.write(rejected_batch(number))


async def test_a_half_open_connection_holds_up_nobody_and_its_end_gives_room_back(plane: Plane) -> None:
    async with Relay.before(plane.port.address) as relay:
        client = GeoofferClient(relay.address, token=plane.token("gateway"))
        call = client.open_call()
        await call.write(rejected_batch(0))
        assert await read_all(call, ROW_COUNT) == 1
        relay.stop()  # the way back is dead, the socket is not
        flood = Flood(call, first=1)
        await flood.stuck(plane, by_server=False)
        assert unsent_count(plane) <= DRAFT_COUNT_MAX
        await others_are_served(plane, 0, TOLD_S)
        assert unsent_count(plane) <= DRAFT_COUNT_MAX
        relay.cut()
        async with asyncio.timeout(TOLD_S):
            while plane.plane.statistics.streams:
                await asyncio.sleep(0.02)
        await flood.ended()
        assert not plane.plane.gatherer.streams
        await client.close()


async def test_an_offer_behind_unread_answers_gives_its_caps_back_when_the_stream_dies(plane: Plane) -> None:
    """Its bytes were never handed to the socket: they stood behind answers nobody read."""
    async with narrow_call(plane) as call:
        flood = Flood(call)
        await flood.stuck(plane)
        (stream,) = plane.plane.gatherer.streams.values()
        # what it reads next is an offer; room is made for it as if an answer had been taken
        plane.plane.gatherer.submit(stream, message_of(stream, ANNA))
        async with asyncio.timeout(TOLD_S):
            while not plane.engine.statistics.offers:
                await asyncio.sleep(0.01)
        assert [len(draft.offers) for draft in stream._drafts][-2:] == [0, 1], "it stands behind the others"
    async with asyncio.timeout(TOLD_S):
        while plane.plane.statistics.streams:
            await asyncio.sleep(0.02)
    await flood.ended()
    assert plane.engine.statistics.offers == 0
    async with plane.client("device", ANNA) as client:
        again = Ping(SHOP[0] / 1e7, SHOP[1] / 1e7, accuracy_m=10, speed_m_per_s=1.2, fix_time_ms=START_MS + 7_200_000)
        assert len((await client.ingest(again)).offers) == 1


@asynccontextmanager
async def narrow_call(plane: Plane) -> AsyncIterator[Any]:
    """A gateway's stream whose window does not grow with what comes: less to write until it is full."""
    options = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65_536)]
    async with grpc.aio.insecure_channel(plane.port.address, options=options) as channel:
        bearer = ((AUTHORIZATION_KEY, f"Bearer {plane.token('gateway')}"),)
        yield channel.stream_stream("/geooffer.v1.PingService/StreamPings")(metadata=bearer)


def message_of(stream: Any, key: int) -> Any:
    from geooffer.rpc import codec

    batch = pb.PingBatch(
        device_keys=[key], latitudes_e7=[SHOP[0]], longitudes_e7=[SHOP[1]], base_time=timestamp(START_MS + 3_600_000)
    )
    data = pb.StreamPingsRequest(batch=batch).SerializeToString()
    return codec.decode_stream_request(data, stream.sender, stream.number)
