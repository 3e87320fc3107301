"""The load generator: many phones, one connection, one stream and one ping in flight each.

Closed loop: the next ping leaves when the last was acknowledged; finds capacity, says nothing of latency.
Open loop: every ping's time is fixed before the run; its latency counts from that time, sent late or not, so
that a slow service cannot slow the measuring (no coordinated omission).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import grpc

from geooffer.bench import direct_world
from geooffer.bench.processes import cpu_seconds, run_client
from geooffer.client import GeoofferClient
from geooffer.v1 import ping_service_pb2 as pb
from geooffer.v1.verdicts_pb2 import PingVerdict

OPEN_IN_PARALLEL = 50
SPIN_S = 0.002
OVERTIME_S = 60.0


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """One run against one server."""

    target: str
    tokens: list[str]
    """One device token a stream; stream i speaks for device i + 1."""
    seconds: float
    warmup_s: float
    rate: float
    """Pings a second over all streams, open loop; 0 = closed loop."""
    server_pid: int
    intent_every: int = direct_world.INTENT_EVERY
    """One phone in this many gets an offer."""


@dataclass(slots=True)
class LoadResult:
    """What one run measured. Counts are of the whole run, rates and latencies of the time after the warm-up."""

    sent: int = 0
    acknowledged: int = 0
    offers: int = 0
    offers_expected: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    measured_pings: int = 0
    measured_s: float = 0.0
    server_cpu_s: float = 0.0
    client_cpu_s: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    offer_latencies_s: list[float] = field(default_factory=list)
    """Of the pings that brought an offer, warm-up included; open loop."""


class Phone:
    """One connection, one stream, its path round and round."""

    def __init__(self, plan: LoadPlan, index: int) -> None:
        self.device_key = index + 1
        self.client = GeoofferClient(plan.target, token=plan.tokens[index], private_connection=True)
        self.call = self.client.open_call()
        self.messages = messages_of(self.device_key)
        self.sent = self.acknowledged = self.offers = 0
        self.rejected: Counter[str] = Counter()

    async def send(self) -> None:
        """The next ping of the path."""
        message = self.messages[self.sent % len(self.messages)]
        self.sent += 1
        await self.call.write(message)

    async def receive(self) -> int:
        """Wait for the next answer; returns how many pings it acknowledged."""
        answer = await answer_of(self.call)
        self.offers += len(answer.offers)
        for row in answer.rejected_rows:
            self.rejected[PingVerdict.Name(row.verdict)] += 1
        news = answer.acknowledged_message_sequence - self.acknowledged
        self.acknowledged = answer.acknowledged_message_sequence
        return news


async def answer_of(call: Any) -> pb.PingAnswer:
    """The next answer of a stream. Raises ConnectionError where the service ended it."""
    data = await call.read()
    if data is grpc.aio.EOF:
        raise ConnectionError("the service ended a stream in the middle of a measurement")
    return pb.StreamPingsResponse.FromString(data).answer


def messages_of(device_key: int) -> list[bytes]:
    """A phone's path, serialised once."""
    latitudes_e7, longitudes_e7, _inside = direct_world.path(device_key)
    return [
        pb.StreamPingsRequest(
            ping=pb.Ping(
                latitude_e7=latitude,
                longitude_e7=longitude,
                accuracy_cm=direct_world.ACCURACY_CM,
                speed_cm_per_s=direct_world.SPEED_CM_PER_S,
            )
        ).SerializeToString()
        for latitude, longitude in zip(latitudes_e7.tolist(), longitudes_e7.tolist(), strict=True)
    ]


def run_load(pipe: Connection, core: int | None) -> None:
    """The process's main: a LoadPlan in, a LoadResult out."""
    run_client(pipe, core, _run)


async def _run(plan: LoadPlan) -> LoadResult:
    phones = [Phone(plan, index) for index in range(len(plan.tokens))]
    result = LoadResult()
    # one limit for the whole run: a timer for each answer would cost more than the answer
    async with asyncio.timeout(plan.warmup_s + plan.seconds + OVERTIME_S):
        for first in range(0, len(phones), OPEN_IN_PARALLEL):
            await asyncio.gather(*map(_first_ping, phones[first : first + OPEN_IN_PARALLEL]))
        await (_open_loop if plan.rate else _closed_loop)(plan, phones, result)
    for phone in phones:
        result.sent += phone.sent
        result.acknowledged += phone.acknowledged
        result.offers += phone.offers
        result.offers_expected += direct_world.expected_offer_count(phone.device_key, phone.sent, plan.intent_every)
        result.rejected += phone.rejected
        await phone.client.close()
    return result


async def _first_ping(phone: Phone) -> None:
    await phone.send()
    await phone.receive()


class _Window:
    """CPU and wall time of the measured part of a run."""

    def __init__(self, plan: LoadPlan) -> None:
        self._plan = plan
        self._from_s = time.perf_counter()
        self._server_s = cpu_seconds(plan.server_pid)
        self._client_s = cpu_seconds(os.getpid())

    def close(self, result: LoadResult) -> None:
        result.measured_s = time.perf_counter() - self._from_s
        result.server_cpu_s = cpu_seconds(self._plan.server_pid) - self._server_s
        result.client_cpu_s = cpu_seconds(os.getpid()) - self._client_s


async def _closed_loop(plan: LoadPlan, phones: list[Phone], result: LoadResult) -> None:
    over = asyncio.Event()

    async def walk(phone: Phone) -> None:
        while not over.is_set():
            await phone.send()
            await phone.receive()

    walks = asyncio.gather(*map(walk, phones))
    await asyncio.wait({walks}, timeout=plan.warmup_s)
    window, before = _Window(plan), sum(phone.acknowledged for phone in phones)
    await asyncio.wait({walks}, timeout=plan.seconds)
    window.close(result)
    result.measured_pings = sum(phone.acknowledged for phone in phones) - before
    over.set()
    await walks


async def _open_loop(plan: LoadPlan, phones: list[Phone], result: LoadResult) -> None:
    count = int(plan.rate * (plan.warmup_s + plan.seconds))
    warmup_count = int(plan.rate * plan.warmup_s)
    start_s = time.perf_counter() + 0.1
    due_s = [start_s + number / plan.rate for number in range(count)]
    latencies_s = result.latencies_s
    turns = [asyncio.Semaphore(0) for _ in phones]

    async def send(index: int) -> None:
        for _number in range(index, count, len(phones)):
            await turns[index].acquire()
            await phones[index].send()

    async def receive(index: int) -> None:
        number, phone = index, phones[index]
        while number < count:
            offers = phone.offers
            for _ in range(await phone.receive()):
                latency_s = time.perf_counter() - due_s[number]
                if number >= warmup_count:
                    latencies_s.append(latency_s)
                if phone.offers > offers:
                    result.offer_latencies_s.append(latency_s)
                number += len(phones)

    tasks = asyncio.gather(*(work(index) for index in range(len(phones)) for work in (send, receive)))
    window: _Window | None = None
    for number in range(count):
        await _until(due_s[number], tasks)
        if number == warmup_count:
            window = _Window(plan)
        turns[number % len(phones)].release()
    await tasks
    if window is not None:
        window.close(result)
    result.measured_pings = len(latencies_s)


async def _until(moment_s: float, tasks: asyncio.Future[Any]) -> None:
    """Sleep towards a moment, then spin: the loop's own sleep is a millisecond late."""
    while (left_s := moment_s - time.perf_counter()) > 0 and not tasks.done():
        await asyncio.sleep(left_s - SPIN_S if left_s > SPIN_S else 0)
