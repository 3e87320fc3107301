"""What a plane beside the interpreter promises: the GIL is nothing to it, and nothing of it outlives the process."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from plane_stage import BERT, SHOP, START_MS

from geooffer.client import GeoofferClient
from geooffer.rpc.checks import timestamp
from geooffer.v1 import ping_service_pb2 as pb
from planes import NATIVE, both_planes, native_plane
from raw_http2 import RawConnection, data_frame, message

SCRIPT = Path(__file__).with_name("lone_service.py")
END_S = 60.0
HELD_S = 4.0
PING_COUNT = 200
CONNECTION_COUNT, WARM_COUNT, AT_ONCE = 10_000, 1_000, 25
LEAK_MAX_BYTES = 16 * 2**20
"""A leak of 2 KiB a connection would be more."""


class Lone:
    """The process, and its orders."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.ready = json.loads(self.line())

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def order(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def figures(self) -> dict[str, int]:
        self.order("figures")
        told: dict[str, int] = json.loads(self.line())
        return told

    def client(self) -> GeoofferClient:
        return GeoofferClient(self.ready["address"], token=self.ready["token"])

    def ended(self) -> tuple[int, str]:
        """Exit code and stderr."""
        _, err = self.process.communicate(timeout=END_S)
        return self.process.returncode, err


@contextmanager
def lone_service(kind: str) -> Iterator[Lone]:
    command = [sys.executable, "-W", "error", str(SCRIPT), kind]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Lone(process)
        finally:
            process.kill()


def ping(number: int) -> bytes:
    batch = pb.PingBatch(
        device_keys=[BERT],
        latitudes_e7=[SHOP[0]],
        longitudes_e7=[SHOP[1]],
        base_time=timestamp(START_MS + number * 1_000),
    )
    return pb.StreamPingsRequest(batch=batch).SerializeToString()


async def acknowledged(call: Any, number: int) -> None:
    while True:
        data = await call.read()
        assert data is not grpc.aio.EOF
        if pb.StreamPingsResponse.FromString(data).answer.acknowledged_message_sequence >= number:
            return


@native_plane
async def test_while_a_thread_holds_the_gil_pings_are_decided_and_answered(plane_kind: str) -> None:
    """The process says "released" when it has the GIL again: all answers came before."""
    with lone_service(plane_kind) as lone:
        async with lone.client() as client:
            call = client.open_call()
            await call.write(ping(0))
            await acknowledged(call, 1)
            lone.order(f"hold {HELD_S}")
            assert await asyncio.to_thread(lone.line) == "held"
            released = asyncio.create_task(asyncio.to_thread(lone.line))
            for number in range(1, PING_COUNT):
                await call.write(ping(number))
                await acknowledged(call, number + 1)
            assert not released.done(), "the GIL was free again before all was answered"
            assert await released == "released"
            assert lone.figures()["rows"] == PING_COUNT
            await call.done_writing()
        lone.order("end")
        assert lone.ended() == (0, "")


@native_plane
async def test_an_end_with_streams_open_leaves_no_word(plane_kind: str) -> None:
    """Exit code 0, and nobody tells of an exception that could not be raised."""
    with lone_service(plane_kind) as lone:
        async with lone.client() as client:
            calls = await streams_of(lone, client)
            lone.order("end")
            assert await asyncio.to_thread(lone.ended) == (0, "")
            for call in calls:
                assert await call.code() is grpc.StatusCode.UNAVAILABLE


@native_plane
async def test_an_interpreter_that_ends_amid_serving_joins_the_threads(plane_kind: str) -> None:
    """Without a drain: no crash, no panic, no exception that could not be raised but that of Python's own loop."""
    with lone_service(plane_kind) as lone:
        async with lone.client() as client:
            calls = await streams_of(lone, client)
            writing = asyncio.create_task(write_on(calls))
            lone.order("leave")
            code, err = await asyncio.to_thread(lone.ended)
            writing.cancel()
            assert code == 0, err
            assert "panicked" not in err
            assert "geooffer_native" not in err, err


async def streams_of(lone: Lone, client: GeoofferClient) -> list[Any]:
    calls = [client.open_call() for _ in range(20)]
    for call in calls:
        await call.write(ping(0))
        await acknowledged(call, 1)
    assert lone.figures()["streams"] == len(calls)
    return calls


async def write_on(calls: list[Any]) -> None:
    for number in range(1, 100_000):
        for call in calls:
            await call.write(ping(number))


def held_by(process_id: int) -> dict[str, int]:
    """Resident bytes, open files, threads."""
    folder = Path(f"/proc/{process_id}")
    status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    return {
        "bytes": int(status["VmRSS"].split()[0]) * 1_024,
        "files": len(list((folder / "fd").iterdir())),
        "threads": int(status["Threads"]),
    }


async def connect(lone: Lone, number: int) -> None:
    """A connection with one stream, ended in one of the ways connections end."""
    more = [("authorization", f"Bearer {lone.ready['token']}")]
    refused = number % 5 == 0
    async with RawConnection.to(lone.ready["address"]) as connection:
        path = "/geooffer.v1.PingService/StreamPings"
        await connection.send(connection.request(1, path, () if refused else more))
        await connection.send(data_frame(1, message(ping(number)), last=number % 3 == 0))
        if refused and number % 3 < 2:  # a refusal is trailers alone: no data to wait for
            assert (await connection.ended(1))["grpc-status"] == "16"
        elif number % 3 == 0:
            await connection.ended(1)
        elif number % 3 == 1:
            await connection.answered(1)


@both_planes
@pytest.mark.long
@pytest.mark.timeout(1_200)
async def test_ten_thousand_connects_and_disconnects_leak_nothing(plane_kind: str) -> None:
    with lone_service(plane_kind) as lone:

        async def crowd(count: int) -> None:
            numbers = iter(range(count))

            async def one() -> None:
                for number in numbers:
                    await connect(lone, number)

            await asyncio.gather(*(one() for _ in range(AT_ONCE)))
            async with asyncio.timeout(END_S):
                while lone.figures()["streams"]:
                    await asyncio.sleep(0.05)

        await crowd(WARM_COUNT)
        before = await settled(lone.process.pid)
        await crowd(CONNECTION_COUNT)
        after = await settled(lone.process.pid)
        assert after["files"] <= before["files"]
        assert after["threads"] <= before["threads"] + (plane_kind != NATIVE)
        assert after["bytes"] - before["bytes"] < LEAK_MAX_BYTES
        lone.order("end")
        assert (await asyncio.to_thread(lone.ended))[0] == 0


async def settled(process_id: int) -> dict[str, int]:
    """When the transport has closed what it closes later."""
    found = held_by(process_id)
    async with asyncio.timeout(END_S):
        while True:
            await asyncio.sleep(1.0)
            last, found = found, held_by(process_id)
            if found["files"] == last["files"]:
                return found
