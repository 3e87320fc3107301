"""The pings beside changes of the catalog: gateways, first closed loop, then at moments fixed beforehand.

Open loop, each message's time counts from when it was due, sent late or not: a service that stands still cannot slow
the measuring. What the parent process needs of a message is when it was due and when it was answered.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from geooffer.bench.effect_load import Pace, messages_of
from geooffer.bench.load import answer_of
from geooffer.bench.processes import run_client
from geooffer.client import GeoofferClient

TICK_S = 0.001


@dataclass(frozen=True, slots=True)
class CatalogLoadPlan:
    """Gateways of devices 1..n."""

    target: str
    token: str
    stream_count: int
    row_count: int
    """Pings a message, each of another person."""


@dataclass(slots=True)
class Answered:
    """By message: when it was due (closed loop: sent) and when it was answered, on the clock of time.perf_counter."""

    due_s: array[float] = field(default_factory=lambda: array("d"))
    answered_s: array[float] = field(default_factory=lambda: array("d"))

    def messages_per_s(self, from_s: float, until_s: float) -> float:
        """Answered in that time."""
        return sum(from_s <= moment_s < until_s for moment_s in self.answered_s) / (until_s - from_s)


def run_catalog_load(pipe: Connection, core: int | None) -> None:
    """The process's main: a CatalogLoadPlan in, closed loop; then a Pace, open loop; at last None, and Answered out."""

    async def run(plan: CatalogLoadPlan) -> Answered:
        load = _Load(plan)
        loop = asyncio.get_running_loop()

        def told() -> None:
            try:
                pace: Pace | None = pipe.recv()
            except EOFError:
                pace = None
            if pace is None:
                loop.remove_reader(pipe.fileno())
                load.over.set()
            else:
                load.rate = pace.share * load.answered.messages_per_s(pace.from_s, pace.until_s)
                load.paced.set()

        loop.add_reader(pipe.fileno(), told)
        return await load.run()

    run_client(pipe, core, run)


class _Load:
    """The streams at work until `over` is set."""

    def __init__(self, plan: CatalogLoadPlan) -> None:
        self.answered = Answered()
        self.over, self.paced = asyncio.Event(), asyncio.Event()
        self.rate = 0.0
        """Messages a second; 0 = closed loop, one in flight a stream."""
        self._plan = plan

    async def run(self) -> Answered:
        """Raises what ended a stream."""
        plan = self._plan
        async with AsyncExitStack() as ending:
            streams = []
            for number in range(plan.stream_count):
                client = GeoofferClient(plan.target, token=plan.token, private_connection=True)
                await ending.enter_async_context(client)
                messages = messages_of(1 + number * plan.row_count, plan.row_count)
                streams.append(_Stream(client.open_call(), messages, self))
            for stream in streams:
                stream.due(time.perf_counter())
            works = [asyncio.create_task(work) for stream in streams for work in (stream.write(), stream.read())]
            works += [asyncio.create_task(self._pace(streams)), asyncio.create_task(self._until_over())]
            done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)
            for work in done:
                work.result()
        return self.answered

    async def _until_over(self) -> None:
        await self.over.wait()

    async def _pace(self, streams: list[_Stream]) -> None:
        await self.paced.wait()
        due_s, number = time.perf_counter(), 0
        while True:
            while due_s <= time.perf_counter():
                streams[number % len(streams)].due(due_s)
                number, due_s = number + 1, due_s + 1 / self.rate
            await asyncio.sleep(TICK_S)


class _Stream:
    """One gateway stream."""

    def __init__(self, call: Any, messages: list[bytes], load: _Load) -> None:
        self._call = call
        self._messages = messages
        self._load = load
        self._turns = asyncio.Semaphore(0)
        self._due_s: list[float] = []
        """By sequence − 1."""

    def due(self, moment_s: float) -> None:
        """One message more is to be sent."""
        self._due_s.append(moment_s)
        self._turns.release()

    async def write(self) -> None:
        """For ever."""
        number = 0
        while True:
            await self._turns.acquire()
            await self._call.write(self._messages[number % len(self._messages)])
            number += 1

    async def read(self) -> None:
        """For ever."""
        answered, acknowledged = self._load.answered, 0
        while True:
            answer = await answer_of(self._call)
            now_s = time.perf_counter()
            news = max(answer.acknowledged_message_sequence - acknowledged, 0)
            answered.due_s.extend(self._due_s[acknowledged : acknowledged + news])
            answered.answered_s.extend([now_s] * news)
            acknowledged += news
            if not self._load.rate:
                for _ in range(news):
                    self.due(now_s)
