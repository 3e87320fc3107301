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

from geooffer.bench.effect_load import messages_of
from geooffer.bench.load import answer_of
from geooffer.bench.paced_load import PacedLoad, run_paced_load
from geooffer.client import GeoofferClient


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


def run_catalog_load(pipe: Connection, core: int | None) -> None:
    """The process's main: a CatalogLoadPlan in, closed loop; then a Pace, open loop; at last None, and Answered out."""
    run_paced_load(pipe, core, _Load)


class _Load(PacedLoad):
    """The streams at work until `over` is set; closed loop, one message in flight a stream."""

    def __init__(self, plan: CatalogLoadPlan) -> None:
        self.answered = Answered()
        super().__init__(self.answered.answered_s)
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
            await self.work(streams)
        return self.answered


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
