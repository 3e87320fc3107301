"""Attack list, half-open: connections that go silent have an end; the same options as `serve`, only shorter times."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hyperframe.frame import GoAwayFrame

from geooffer.cli.assembly import RunningService, loopback_settings, running_service
from geooffer.rpc import server
from raw_http2 import RawConnection, data_frame, message

STREAM, INGEST = "/geooffer.v1.PingService/StreamPings", "/geooffer.v1.PingService/IngestPings"
SHORT_MS = 1_000
TIMES = (
    "grpc.server_handshake_timeout_ms", "grpc.keepalive_time_ms", "grpc.keepalive_timeout_ms",
    "grpc.http2.ping_timeout_ms", "grpc.max_connection_idle_ms", "grpc.max_connection_age_ms",
    "grpc.max_connection_age_grace_ms",
)  # fmt: skip
NEVER_MS = 3_600_000


@pytest.fixture
async def hasty(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RunningService]:
    """A service whose options named by the test's parameter are short, and whose other times are never over."""
    known = server.channel_options

    def shorter(kind: server.PortKind) -> list[tuple[str, int]]:
        return [
            (name, (SHORT_MS if name in request.param else NEVER_MS) if name in TIMES else value)
            for name, value in known(kind)
        ]

    assert set(request.param) < set(dict(known("data"))), "serve sets them"
    monkeypatch.setattr(server, "channel_options", shorter)
    async with running_service(loopback_settings()) as running:
        yield running


def bearer(service: RunningService) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {service.issue_token('device', device_key=7)}"),)


async def closed(connection: RawConnection) -> None:
    async with asyncio.timeout(60):
        await connection.is_closed.wait()


@pytest.mark.parametrize("hasty", [("grpc.server_handshake_timeout_ms",)], indirect=True, ids=["handshake"])
async def test_who_never_says_a_word_is_hung_up_on(hasty: RunningService) -> None:
    async with RawConnection.to(hasty.data_address, greets=False) as connection:
        await closed(connection)


KEEPALIVE = ("grpc.keepalive_time_ms", "grpc.keepalive_timeout_ms", "grpc.http2.ping_timeout_ms")


@pytest.mark.parametrize("hasty", [KEEPALIVE], indirect=True, ids=["keepalive"])
async def test_who_answers_no_ping_is_gone_and_so_is_its_call(hasty: RunningService) -> None:
    """With an open stream, or in the middle of a message. While it answers, it stays, silent or not."""
    async with RawConnection.to(hasty.data_address) as first, RawConnection.to(hasty.data_address) as second:
        await first.send(first.request(1, STREAM, bearer(hasty)))
        await second.send(second.request(1, INGEST, bearer(hasty)))
        await second.send(data_frame(1, message(bytes(100))[:20], last=False))
        async with asyncio.timeout(60):
            while min(first.ping_count, second.ping_count) < 3:
                await asyncio.sleep(0.01)
        assert not first.is_closed.is_set()
        assert not second.is_closed.is_set()
        first.answers_pings = second.answers_pings = False
        await closed(first)
        await closed(second)
    async with asyncio.timeout(60):
        while hasty.plane.statistics.streams:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("hasty", [("grpc.max_connection_idle_ms",)], indirect=True, ids=["idle"])
async def test_a_connection_without_a_call_is_closed(hasty: RunningService) -> None:
    async with RawConnection.to(hasty.data_address) as connection:
        await told_to_go(connection)


AGE = ("grpc.max_connection_age_ms", "grpc.max_connection_age_grace_ms")


@pytest.mark.parametrize("hasty", [AGE], indirect=True, ids=["age"])
async def test_a_connection_with_a_call_is_told_to_go_and_cut(hasty: RunningService) -> None:
    """Whatever it does: a stream that is wanted comes back on another connection."""
    async with RawConnection.to(hasty.data_address) as connection:
        await connection.send(connection.request(1, STREAM, bearer(hasty)))
        await told_to_go(connection)
        await closed(connection)


async def told_to_go(connection: RawConnection) -> None:
    async with asyncio.timeout(60):
        while not any(isinstance(frame, GoAwayFrame) for frame in connection.frames):
            await asyncio.sleep(0.01)
