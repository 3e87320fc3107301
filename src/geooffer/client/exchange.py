"""One logical ping stream over as many calls as it takes.

    source ──► window of undecided messages ──► call ──► service
                      ▲                                      │
                      └──── acknowledged (cumulative) ◄──────┘

A message stays in the window until it is acknowledged as decided. When a call is lost, the next one sends the
window again, oldest first; the service finds repeated fixes by their sequence or time, so none counts twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from typing import Any

import grpc
import numpy as np

from geooffer.client.backoff import Backoff
from geooffer.client.errors import error_of, is_transient, retry_delay_s
from geooffer.client.final_status import FinalStatus
from geooffer.client.pings import PendingMessage, Streamable, pending
from geooffer.v1 import ping_service_pb2 as pb

OpenCall = Callable[[], Any]
"""Begins a StreamPings call with raw bytes both ways."""


class PingExchange:
    """Iterate over it once for the answers; message sequences in them count over the whole exchange."""

    def __init__(
        self,
        source: AsyncIterable[Streamable] | Iterable[Streamable],
        open_call: OpenCall,
        *,
        window_count: int,
        backoff: Backoff,
        renews_token: bool,
        random: np.random.Generator,
    ) -> None:
        self._source = _as_async(source)
        self._open_call = open_call
        self._window_count = window_count
        self._backoff = backoff
        self._renews_token = renews_token
        self._random = random
        self._undecided: dict[int, PendingMessage] = {}
        """By ordinal, from 0, over the whole exchange."""
        self._taken_count = 0
        self._decided_count = 0
        self._source_over = False
        self._failure_count = 0
        self._room = asyncio.Event()
        self._news = asyncio.Event()
        self.reconnect_count = 0
        self.location_wanted = True
        """False: the service may not use this phone's location; the iteration has ended, stop sending."""

    @property
    def decided_count(self) -> int:
        """Messages acknowledged as decided."""
        return self._decided_count

    async def answers(self) -> AsyncIterator[pb.PingAnswer]:
        """Every answer in order. Raises what the source raises, and what errors.error_of gives at the end."""
        feeder = asyncio.create_task(self._feed())
        try:
            while not self._over:
                async for answer in self._one_call(feeder):
                    yield answer
        finally:
            await _ended(feeder)

    @property
    def _over(self) -> bool:
        return not self.location_wanted or (self._source_over and not self._undecided)

    async def _one_call(self, feeder: asyncio.Task[None]) -> AsyncIterator[pb.PingAnswer]:
        """The answers of one call; waits before the next one where the call was lost."""
        call, asked_s = self._open_call(), 0.0
        status = FinalStatus(call)
        # a source that fails ends the call, and is the caller's to see
        feeder.add_done_callback(lambda task: None if _failure_of(task) is None else call.cancel())
        sender = asyncio.create_task(self._send(call, self._decided_count))
        try:
            async for answer in self._receive(call, self._decided_count):
                yield answer
            if not self._over:
                # ended OK with messages undecided: a service that closes early is a lost call
                self._failure_count += 1
        except (grpc.aio.AioRpcError, asyncio.CancelledError) as failure:
            if (fault := _failure_of(feeder)) is not None:
                raise fault from None
            if not isinstance(failure, grpc.aio.AioRpcError):
                raise
            self._failure_count += 1
            failure = await status.of(failure)
            if not self._may_retry(failure):
                raise error_of(failure) from None
            asked_s = retry_delay_s(failure)
        finally:
            call.cancel()
            await _ended(sender)
        if not self._over:
            self.reconnect_count += 1
            await asyncio.sleep(max(asked_s, self._backoff.wait_s(self._failure_count or 1, self._random)))

    async def _feed(self) -> None:
        """Take from the source while the window has room. Outlives calls: a lost one never loses a ping."""
        async for item in self._source:
            self._undecided[self._taken_count] = pending(item)
            self._taken_count += 1
            self._news.set()
            while len(self._undecided) >= self._window_count:
                self._room.clear()
                await self._room.wait()
        self._source_over = True
        self._news.set()

    async def _send(self, call: Any, ordinal: int) -> None:
        """Send everything undecided from `ordinal` on; a lost call ends this quietly, its reader reports."""
        try:
            while ordinal < self._taken_count or not self._source_over:
                if ordinal == self._taken_count:
                    self._news.clear()
                    await self._news.wait()
                    continue
                message = self._undecided[ordinal]
                ordinal += 1
                await call.write(message.as_sent(time.monotonic()))
            await call.done_writing()
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            return

    async def _receive(self, call: Any, base: int) -> AsyncIterator[pb.PingAnswer]:
        # not call.read(): that stops at the first status, also a false one (final_status.py), and the service's
        # own status comes only after its last message was read
        async for data in call:
            answer = pb.StreamPingsResponse.FromString(data).answer
            _count_from(base, answer)
            self._acknowledge(answer.acknowledged_message_sequence)
            self.location_wanted = answer.location_wanted
            yield answer
            if not answer.location_wanted:
                return

    def _acknowledge(self, decided_count: int) -> None:
        while self._decided_count < min(decided_count, self._taken_count):
            del self._undecided[self._decided_count]
            self._decided_count += 1
            self._failure_count = 0
        self._room.set()

    def _may_retry(self, failure: grpc.aio.AioRpcError) -> bool:
        if self._failure_count > self._backoff.attempt_count_max:
            return False
        if failure.code() == grpc.StatusCode.UNAUTHENTICATED:
            # an expired token ends a long stream; a fresh one is worth one attempt
            return self._renews_token and self._failure_count == 1
        return is_transient(failure)


def _failure_of(task: asyncio.Task[None]) -> BaseException | None:
    return task.exception() if task.done() and not task.cancelled() else None


async def _ended(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end, whatever that is."""
    task.cancel()
    await asyncio.wait([task])


def _count_from(base: int, answer: pb.PingAnswer) -> None:
    """Make message sequences count from the first message of the exchange, not of the call."""
    answer.acknowledged_message_sequence += base
    for part in (answer.rejected_rows, answer.transitions, answer.tries, answer.offers):
        for told in part:
            if told.message_sequence:
                told.message_sequence += base


async def _as_async(source: AsyncIterable[Streamable] | Iterable[Streamable]) -> AsyncIterator[Streamable]:
    if isinstance(source, AsyncIterable):
        async for item in source:
            yield item
    else:
        for item in source:
            yield item
