"""Gateway streams at work beside what is measured: first closed loop, then at moments fixed beforehand, until told."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Protocol

from geooffer.bench.processes import run_client

TICK_S = 0.001


@dataclass(frozen=True, slots=True)
class Pace:
    """To go on open loop at `share` of what was answered in a time."""

    share: float
    from_s: float
    until_s: float


class PacedStream(Protocol):
    """One stream; `write` and `read` go on for ever."""

    def due(self, moment_s: float) -> None:
        """One message more was to be sent at this moment."""

    async def write(self) -> None:
        """Send what is due."""

    async def read(self) -> None:
        """Take the answers."""


class PacedLoad(ABC):
    """The streams at work until `over` is set."""

    def __init__(self, answered_s: array[float]) -> None:
        """`answered_s`: when each message was answered, which the streams go on writing."""
        self.over = asyncio.Event()
        self.rate = 0.0
        """Messages a second; 0 = closed loop."""
        self._answered_s = answered_s
        self._paced = asyncio.Event()

    def go_on(self, pace: Pace) -> None:
        """Open loop from now on."""
        self.rate = pace.share * messages_per_s(self._answered_s, pace.from_s, pace.until_s)
        self._paced.set()

    async def work(self, streams: Sequence[PacedStream]) -> None:
        """Until `over`. Raises what ended a stream."""
        works = [asyncio.create_task(work) for stream in streams for work in (stream.write(), stream.read())]
        works += [asyncio.create_task(self._pace(streams)), asyncio.create_task(self._until_over())]
        done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)
        for work in done:
            work.result()

    @abstractmethod
    async def run(self) -> Any:
        """Connect the streams, work, and return what they saw."""

    async def _until_over(self) -> None:
        await self.over.wait()

    async def _pace(self, streams: Sequence[PacedStream]) -> None:
        await self._paced.wait()
        due_s, number = time.perf_counter(), 0
        while True:
            while due_s <= time.perf_counter():
                streams[number % len(streams)].due(due_s)
                number, due_s = number + 1, due_s + 1 / self.rate
            await asyncio.sleep(TICK_S)


def messages_per_s(answered_s: array[float], from_s: float, until_s: float) -> float:
    """Answered in that time."""
    return sum(from_s <= moment_s < until_s for moment_s in answered_s) / (until_s - from_s)


def run_paced_load(pipe: Connection, core: int | None, load_of: Callable[[Any], PacedLoad]) -> None:
    """The process's main: a plan in; then perhaps a Pace, and at last None; what the load saw out."""

    async def run(plan: Any) -> Any:
        load = load_of(plan)
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
                load.go_on(pace)

        loop.add_reader(pipe.fileno(), told)
        return await load.run()

    run_client(pipe, core, run)
