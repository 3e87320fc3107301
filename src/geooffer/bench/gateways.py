"""A load of gateways: few streams, many pings a message, so that one core can offer ten times what one decides.

Closed loop: a stream's next message leaves when its last was acknowledged; finds the peak. Open loop: each message's
moment is fixed beforehand. A gateway that has `WINDOW_COUNT` messages unanswered sends no further one (what it would
have sent is counted as held back): what waits here tells nothing of the service. Latency counts from when the
connection took a message: what flow control holds back has not arrived (semantics D7).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from geooffer.bench import direct_world
from geooffer.bench.load import answer_of
from geooffer.bench.processes import run_client
from geooffer.client import GeoofferClient
from geooffer.v1 import ping_service_pb2 as pb
from geooffer.v1.verdicts_pb2 import PING_VERDICT_SHED

WINDOW_COUNT = 16
STREAMS_PER_CONNECTION_COUNT = 4
TICK_S = 0.001
OVERTIME_S = 30.0
VARIANT_COUNT = 8


@dataclass(frozen=True, slots=True)
class GatewayPlan:
    """One process's part of a run."""

    target: str
    token: str
    first_stream: int
    stream_count: int
    row_count: int
    """Pings a message, each of another device."""
    seconds: float
    warmup_s: float
    rate: float
    """Messages a second over its streams, open loop; 0 = closed loop."""
    budget_s: float


@dataclass(slots=True)
class GatewayResult:
    """Of the time after the warm-up, in messages; `latencies_s` of those decided."""

    offered: int = 0
    held_back: int = 0
    shed: int = 0
    decided: int = 0
    in_budget: int = 0
    measured_s: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    """From the moment the connection took a message to its answer."""
    waits_s: list[float] = field(default_factory=list)
    """From the moment it was due."""


def device_keys(stream: int, row_count: int) -> range:
    """The devices a stream speaks for; nobody else does."""
    return range(1 + stream * row_count, 1 + (stream + 1) * row_count)


def messages_of(stream: int, row_count: int) -> list[bytes]:
    """A few messages to be sent in turn: every device a little further on its path."""
    paths = [direct_world.path(key) for key in device_keys(stream, row_count)]
    return [
        pb.StreamPingsRequest(
            batch=pb.PingBatch(
                device_keys=device_keys(stream, row_count),
                latitudes_e7=[int(latitudes[step]) for latitudes, _, _ in paths],
                longitudes_e7=[int(longitudes[step]) for _, longitudes, _ in paths],
                accuracies_cm=[direct_world.ACCURACY_CM] * row_count,
                speeds_cm_per_s=[direct_world.SPEED_CM_PER_S] * row_count,
            )
        ).SerializeToString()
        for step in range(VARIANT_COUNT)
    ]


class GatewayStream:
    """One stream and what of it is unanswered."""

    def __init__(self, client: GeoofferClient, plan: GatewayPlan, stream: int) -> None:
        self.call = client.open_call()
        self._messages = messages_of(stream, plan.row_count)
        self._row_count = plan.row_count
        self._written_count = 0
        self._due: asyncio.Queue[float] = asyncio.Queue()
        self.unanswered: deque[float] = deque()
        """When each was due, oldest first."""
        self._handed_over_s: dict[int, float] = {}
        """When each was taken by the connection, by sequence."""
        self._acknowledged = 0
        self._shed: set[int] = set()

    def offer(self, due_s: float) -> None:
        """Have one message written as soon as the connection takes it."""
        self.unanswered.append(due_s)
        self._due.put_nowait(due_s)

    async def write(self) -> None:
        """For ever."""
        while True:
            await self._due.get()
            await self.call.write(self._messages[self._written_count % VARIANT_COUNT])
            self._written_count += 1
            if self._written_count > self._acknowledged:
                self._handed_over_s[self._written_count] = time.perf_counter()

    async def read(self) -> list[tuple[float, float, bool]]:
        """Wait for an answer; of each message it acknowledges: (when due, when handed over, was it shed?)."""
        answer = await answer_of(self.call)
        rows, index = answer.rejected_rows, 0
        while index < len(rows):
            row = rows[index]
            is_shed = row.verdict == PING_VERDICT_SHED
            if is_shed:
                self._shed.add(row.message_sequence)
            index += self._row_count - row.row if is_shed else 1  # a message is shed whole
        told = []
        for sequence in range(self._acknowledged + 1, answer.acknowledged_message_sequence + 1):
            # that it was written may not have been told yet, when the answer is here already
            handed_over_s = self._handed_over_s.pop(sequence, time.perf_counter())
            told.append((self.unanswered.popleft(), handed_over_s, sequence in self._shed))
            self._shed.discard(sequence)
        self._acknowledged = max(self._acknowledged, answer.acknowledged_message_sequence)
        return told


def run_gateways(pipe: Connection, core: int | None) -> None:
    """The process's main: a GatewayPlan in, a GatewayResult out."""
    run_client(pipe, core, _run)


async def _run(plan: GatewayPlan) -> GatewayResult:
    connection_count = -(-plan.stream_count // STREAMS_PER_CONNECTION_COUNT)
    clients = [GeoofferClient(plan.target, token=plan.token, private_connection=True) for _ in range(connection_count)]
    streams = [
        GatewayStream(clients[number % connection_count], plan, plan.first_stream + number)
        for number in range(plan.stream_count)
    ]
    load = _Load(plan, streams)
    async with asyncio.timeout(plan.warmup_s + plan.seconds + OVERTIME_S):
        result = await load.run()
    for client in clients:
        await client.close()
    return result


class _Load:
    """The streams at work, and what is counted of them."""

    def __init__(self, plan: GatewayPlan, streams: list[GatewayStream]) -> None:
        self._plan = plan
        self._streams = streams
        self._result = GatewayResult()
        self._begin_s = time.perf_counter() + plan.warmup_s
        self._end_s = self._begin_s + plan.seconds

    async def run(self) -> GatewayResult:
        works = [
            asyncio.ensure_future(work) for stream in self._streams for work in (stream.write(), self._read(stream))
        ]
        offering = asyncio.ensure_future(self._offer())
        done, _ = await asyncio.wait({offering, *works}, return_when=asyncio.FIRST_COMPLETED)
        for task in (offering, *works):
            task.cancel()
        await asyncio.gather(offering, *works, return_exceptions=True)
        for task in done:
            task.result()
        self._result.measured_s = self._plan.seconds
        return self._result

    async def _offer(self) -> None:
        """The schedule: open loop by the clock, closed loop one to begin with (`_read` goes on)."""
        if not self._plan.rate:
            for stream in self._streams:
                self._send(stream, time.perf_counter())
            await asyncio.sleep(self._end_s - time.perf_counter())
            return
        start_s, number = time.perf_counter(), 0
        while (now_s := time.perf_counter()) < self._end_s:
            while (due_s := start_s + number / self._plan.rate) <= now_s:
                self._send(self._streams[number % len(self._streams)], due_s)
                number += 1
            await asyncio.sleep(TICK_S)

    def _send(self, stream: GatewayStream, due_s: float) -> None:
        counts = self._begin_s <= due_s < self._end_s
        self._result.offered += counts
        if len(stream.unanswered) >= WINDOW_COUNT:
            self._result.held_back += counts
        else:
            stream.offer(due_s)

    async def _read(self, stream: GatewayStream) -> None:
        result = self._result
        while True:
            for due_s, handed_over_s, is_shed in await stream.read():
                now_s = time.perf_counter()
                if not self._plan.rate:
                    self._send(stream, now_s)
                if not self._begin_s <= now_s < self._end_s:
                    continue
                if is_shed:
                    result.shed += 1
                    continue
                result.decided += 1
                result.in_budget += now_s - handed_over_s <= self._plan.budget_s
                result.latencies_s.append(now_s - handed_over_s)
                result.waits_s.append(now_s - due_s)
