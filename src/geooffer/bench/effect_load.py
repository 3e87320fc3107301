"""The load beside the races: gateways that never rest, and a note of every ping sent and every offer received.

Closed loop, a few messages in flight a stream: the server is never without work, which is its peak. With a rate: so
many pings a second, at moments fixed beforehand. One person in four is inside her fence at every third ping, the
others at every twenty-first; whoever comes in gets an offer, because no cap holds.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from geooffer.bench import direct_world
from geooffer.bench.load import answer_of
from geooffer.bench.paced_load import PacedLoad, messages_per_s, run_paced_load
from geooffer.client import GeoofferClient
from geooffer.v1 import ping_service_pb2 as pb

ACTIVE_PERIOD, CROWD_PERIOD = 3, 21
"""Pings from one entry to the next; outside at least twice, which ends a visit (semantics P2)."""
ACTIVE_EVERY = 4
AWAY_E7 = 30_000
BUDGET_MS = 60_000
"""Offers leave however late: what keeps one back is the gate, not its age."""
OPEN_WINDOW_COUNT = 16


@dataclass(frozen=True, slots=True)
class EffectLoadPlan:
    """Gateways of devices 1..n."""

    target: str
    token: str
    stream_count: int
    row_count: int
    """Pings a message, each of another person."""
    window_count: int
    """Messages in flight a stream, closed loop."""


@dataclass(slots=True)
class Received:
    """What the gateways saw, on the clock of time.perf_counter."""

    offer_keys: array[int] = field(default_factory=lambda: array("q"))
    ping_sent_s: array[float] = field(default_factory=lambda: array("d"))
    """When the ping was sent that each offer answers."""
    offer_received_s: array[float] = field(default_factory=lambda: array("d"))
    answered_s: array[float] = field(default_factory=lambda: array("d"))
    """When each message was acknowledged."""

    def pings_per_s(self, from_s: float, until_s: float, row_count: int) -> float:
        """Answered in that time."""
        return row_count * messages_per_s(self.answered_s, from_s, until_s)


def is_active(device_key: int) -> bool:
    """Whether she is inside at every third ping."""
    return device_key % ACTIVE_EVERY == 1


def messages_of(first_key: int, row_count: int) -> list[bytes]:
    """To be sent in turn, round and round."""
    keys = range(first_key, first_key + row_count)
    centres = [direct_world.fence_centre(key) for key in keys]
    messages = []
    for step in range(CROWD_PERIOD):
        away_e7 = [0 if (key // ACTIVE_EVERY + step) % _period(key) == 0 else AWAY_E7 for key in keys]
        batch = pb.PingBatch(
            device_keys=keys,
            latitudes_e7=[centre[0] + away for centre, away in zip(centres, away_e7, strict=True)],
            longitudes_e7=[centre[1] for centre in centres],
            accuracies_cm=[direct_world.ACCURACY_CM] * row_count,
            speeds_cm_per_s=[direct_world.SPEED_CM_PER_S] * row_count,
            decision_budget_millis=BUDGET_MS,
        )
        messages.append(pb.StreamPingsRequest(batch=batch).SerializeToString())
    return messages


def _period(device_key: int) -> int:
    return ACTIVE_PERIOD if is_active(device_key) else CROWD_PERIOD


def run_effect_load(pipe: Connection, core: int | None) -> None:
    """The process's main: an EffectLoadPlan in; then perhaps a Pace, and at last None; Received out."""
    run_paced_load(pipe, core, EffectLoad)


class EffectLoad(PacedLoad):
    """The streams at work until `over` is set."""

    def __init__(self, plan: EffectLoadPlan) -> None:
        self.received = Received()
        super().__init__(self.received.answered_s)
        self._plan = plan

    async def run(self) -> Received:
        """Raises what ended a stream."""
        plan = self._plan
        async with AsyncExitStack() as ending:
            streams = []
            for number in range(plan.stream_count):
                client = GeoofferClient(plan.target, token=plan.token, private_connection=True)
                await ending.enter_async_context(client)
                streams.append(_Stream(client.open_call(), plan, number, self))
            await self.work(streams)
        return self.received


class _Stream:
    """One gateway stream."""

    def __init__(self, call: Any, plan: EffectLoadPlan, number: int, load: EffectLoad) -> None:
        self._call = call
        self._load = load
        self._first_key = 1 + number * plan.row_count
        self._messages = messages_of(self._first_key, plan.row_count)
        self._turns = asyncio.Semaphore(plan.window_count)
        self._in_flight_count = plan.window_count
        self._sent_s: list[float] = []
        """By sequence − 1."""

    def due(self, moment_s: float) -> None:
        """Let the next message go, unless so many are unanswered that it would only wait here."""
        if self._in_flight_count < OPEN_WINDOW_COUNT:
            self._in_flight_count += 1
            self._turns.release()

    async def write(self) -> None:
        """For ever."""
        while True:
            await self._turns.acquire()
            message = self._messages[len(self._sent_s) % len(self._messages)]
            self._sent_s.append(time.perf_counter())
            await self._call.write(message)

    async def read(self) -> None:
        """For ever."""
        received, acknowledged = self._load.received, 0
        while True:
            answer = await answer_of(self._call)
            now_s = time.perf_counter()
            for offer in answer.offers:
                received.offer_keys.append(self._first_key + offer.row)
                received.ping_sent_s.append(self._sent_s[offer.message_sequence - 1])
                received.offer_received_s.append(now_s)
            for _ in range(answer.acknowledged_message_sequence - acknowledged):
                received.answered_s.append(now_s)
                self._in_flight_count -= 1
                if not self._load.rate:
                    self.due(now_s)
            acknowledged = max(acknowledged, answer.acknowledged_message_sequence)
