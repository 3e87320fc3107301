"""Attack list, transport: floods of frames on a real data port, beside a client that has to be served all the while.

What is asserted is what the transport (gRPC core) was seen to do, as docs/security.md tells: where it does not close a
connection, that the flood changes nothing for others and leaves nothing behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from hyperframe.frame import (
    ContinuationFrame,
    Frame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from geooffer.cli.assembly import RunningService
from geooffer.model import limits
from geooffer.v1 import ping_service_pb2 as pb
from planes import NATIVE, both_planes
from raw_http2 import RawConnection, data_frame, message

INGEST, STREAM = "/geooffer.v1.PingService/IngestPings", "/geooffer.v1.PingService/StreamPings"
PING = pb.IngestPingsRequest(ping=pb.Ping(device_key=7)).SerializeToString()
GROWTH_MAX_BYTES = 192 * 2**20
"""Of the whole process, the attacker's own buffers included; an unbounded queue of these floods would be more."""
FLOOD_COUNT = 20_000


class Witness:
    """Another client, on a connection of its own, that calls all the while; and what the flood left behind."""

    def __init__(self, service: RunningService, channel: grpc.aio.Channel) -> None:
        self.service = service
        self.served = 0
        self._call = channel.unary_unary(INGEST)
        self._metadata = bearer(service, "operator")
        self._before_bytes = resident_bytes()
        self.open = service.plane.statistics.streams

    async def run(self) -> None:
        while True:
            await self._call(PING, metadata=self._metadata, timeout=60)
            self.served += 1

    async def is_served(self) -> None:
        """Now."""
        before = self.served
        async with asyncio.timeout(60):
            while self.served <= before + 1:
                await asyncio.sleep(0.01)

    async def check(self) -> None:
        """Served now, no stream left open, memory bounded."""
        await self.is_served()
        async with asyncio.timeout(60):
            while self.service.plane.statistics.streams > 1:
                await asyncio.sleep(0.01)
        assert resident_bytes() - self._before_bytes < GROWTH_MAX_BYTES


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096


def bearer(service: RunningService, role: str) -> tuple[tuple[str, str], ...]:
    token = service.issue_token(role, device_key=7 if role == "device" else None)
    return (("authorization", f"Bearer {token}"),)


@pytest.fixture
async def witness(service: RunningService) -> AsyncIterator[Witness]:
    async with grpc.aio.insecure_channel(
        service.data_address, options=[("grpc.use_local_subchannel_pool", 1)]
    ) as channel:
        witness = Witness(service, channel)
        calling = asyncio.create_task(witness.run())
        yield witness
        assert not calling.done(), "another client was refused"
        calling.cancel()


async def flooded(connection: RawConnection, frame: Frame, count: int = FLOOD_COUNT) -> bool:
    """Send it over and over; whether the peer has closed by then."""
    data = frame.serialize()
    for number in range(count):
        if not await connection.send(data):
            return True
        if number % 100 == 0:
            await asyncio.sleep(0)
    return await closes(connection, 1.0)


async def closes(connection: RawConnection, timeout_s: float = 60.0) -> bool:
    try:
        async with asyncio.timeout(timeout_s):
            await connection.is_closed.wait()
    except TimeoutError:
        return False
    return True


@both_planes
async def test_rapid_reset(witness: Witness) -> None:
    """3,000 streams, each reset as soon as it is asked for: none is left, and none of its work."""
    more = bearer(witness.service, "device")
    async with RawConnection.to(witness.service.data_address) as connection:
        for number in range(3_000):
            stream_id = 2 * number + 1
            asked = connection.request(stream_id, STREAM, more).serialize()
            if not await connection.send(asked + RstStreamFrame(stream_id, error_code=8).serialize()):
                break
        await witness.check()
    await witness.check()


@both_planes
@pytest.mark.parametrize(
    "frame",
    [PingFrame(0, b"12345678"), data_frame(1, b"", last=False), ContinuationFrame(1, b"")],
    ids=["ping", "empty data", "empty continuation"],
)
async def test_floods_that_end_the_connection(witness: Witness, frame: Frame) -> None:
    async with RawConnection.to(witness.service.data_address) as connection:
        if isinstance(frame, ContinuationFrame):
            await connection.send(HeadersFrame(1, connection.encoder.encode([(":method", "POST")])))
        elif not isinstance(frame, PingFrame):
            await connection.send(connection.request(1, STREAM, bearer(witness.service, "operator")))
        assert await flooded(connection, frame)
        await witness.check()


@both_planes
@pytest.mark.parametrize(
    "frame",
    [SettingsFrame(0, settings={4: 65_535}), WindowUpdateFrame(0, 2**31 - 1), PriorityFrame(1, stream_weight=3)],
    ids=["settings", "window update", "priority"],
)
async def test_floods_that_grpc_core_sits_out(witness: Witness, frame: Frame, plane_kind: str) -> None:
    """It acknowledges or ignores each and does not close; a proxy in front may. The native plane does."""
    async with RawConnection.to(witness.service.data_address) as connection:
        assert await flooded(connection, frame) or plane_kind != NATIVE
        await witness.check()


@both_planes
async def test_headers_that_never_end(witness: Witness) -> None:
    async with RawConnection.to(witness.service.data_address) as connection:
        await connection.send(HeadersFrame(1, connection.encoder.encode([(":method", "POST")])))
        for number in range(5_000):
            part = connection.encoder.encode([(f"x-{number}", "y" * 100)])
            if not await connection.send(ContinuationFrame(1, part)):
                break
        assert await closes(connection)
        await witness.check()


@both_planes
async def test_a_header_bomb(witness: Witness) -> None:
    """One entry of the table named 2,000 times: a frame of 2 KB that unpacks to 8 MB, a hundred times over."""
    more = [*bearer(witness.service, "operator"), *[("x-bomb", "y" * 4_000)] * 2_000]
    async with RawConnection.to(witness.service.data_address) as connection:
        for number in range(100):
            asked = connection.request(2 * number + 1, INGEST, more, flags=("END_HEADERS", "END_STREAM"))
            if not await connection.send(asked):
                break
        await witness.check()
        assert {headers.get("grpc-status") for headers in connection.headers.values()} <= {"8"}


@both_planes
async def test_more_streams_than_a_connection_has(witness: Witness) -> None:
    more = bearer(witness.service, "operator")
    async with RawConnection.to(witness.service.data_address) as connection:
        for number in range(limits.STREAMS_PER_CONNECTION_COUNT_MAX + 50):
            await connection.send(connection.request(2 * number + 1, STREAM, more))
        async with asyncio.timeout(60):
            while sum(isinstance(frame, RstStreamFrame) for frame in connection.frames) < 40:
                await asyncio.sleep(0.01)
        assert witness.service.plane.statistics.streams <= limits.STREAMS_PER_CONNECTION_COUNT_MAX + 1
    await witness.check()


@both_planes
@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", bytes(100_000)]
)
async def test_what_is_no_http2_is_hung_up_on(witness: Witness, data: bytes) -> None:
    async with RawConnection.to(witness.service.data_address, greets=False) as connection:
        await connection.send(data)
        assert await closes(connection)
        await witness.check()


@both_planes
async def test_halves_hold_nobody_up(witness: Witness) -> None:
    """Two hundred connections that stop in the middle of the preface, of headers, of a message."""
    more = bearer(witness.service, "operator")
    half = message(PING * 50)[:20]
    async with asyncio.TaskGroup() as group, asyncio.timeout(120):
        done = asyncio.Event()

        async def stop_at(part: int) -> None:
            async with RawConnection.to(witness.service.data_address, greets=part > 0) as connection:
                if part == 1:
                    await connection.send(connection.request(1, INGEST, more).serialize()[:12])
                elif part == 2:
                    await connection.send(connection.request(1, INGEST, more))
                    await connection.send(data_frame(1, half, last=False))
                await done.wait()

        for number in range(200):
            group.create_task(stop_at(number % 3))
        await witness.is_served()
        done.set()
    await witness.check()
