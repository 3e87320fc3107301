"""The grpc.aio data plane: gatherer, service and the sweep for silent devices, behind dataplane/port.py."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from geooffer.dataplane.admission import AdmissionQueue, Budget
from geooffer.dataplane.distribution import tell_sweep
from geooffer.dataplane.gatherer import Gatherer
from geooffer.dataplane.ping_service import NAME, PingService
from geooffer.dataplane.port import PlaneName, PlaneStatistics, Queued
from geooffer.engine.engine import Engine
from geooffer.model import limits
from geooffer.rpc.durability import Durability
from geooffer.rpc.quotas import Quotas
from geooffer.rpc.server import Service
from geooffer.rpc.write_gate import WriteGate
from geooffer.telemetry.observed import BatchesHook, BatchHook, ignore

SWEEP_EVERY_S = 1.0


class GrpcDataPlane:
    """Made inside the running loop that also runs the server; the engine belongs to that loop's thread."""

    def __init__(
        self,
        engine: Engine,
        durability: Durability,
        *,
        real_now_ms: Callable[[], int],
        default_budget_ms: int | None = None,
        write_gate: WriteGate | None = None,
        queue: AdmissionQueue | None = None,
        quotas: Quotas | None = None,
    ) -> None:
        """`default_budget_ms`: for pings that name none; by default 50, and none with the client clock.

        `write_gate`, `queue`: see Gatherer; `quotas`: see PingService.
        """
        if default_budget_ms is None:
            client_clock = engine.clock.kind == "client"
            default_budget_ms = 0 if client_clock else limits.DECISION_BUDGET_DEFAULT_MS
        self.statistics = PlaneStatistics()
        self.on_batches: BatchesHook = ignore
        self._engine = engine
        self._real_now_ms = real_now_ms
        self._gatherer = Gatherer(
            engine,
            durability,
            budget=Budget(default_budget_ms),
            real_now_ms=real_now_ms,
            statistics=self.statistics,
            write_gate=write_gate,
            queue=queue,
        )
        self._service = PingService(self._gatherer, quotas=quotas)
        self._sweep: asyncio.Task[None] | None = None

    @property
    def gatherer(self) -> Gatherer:
        """For tests and benchmarks that look inside."""
        return self._gatherer

    @property
    def name(self) -> PlaneName:
        """As the setting `plane` calls it."""
        return "python"

    @property
    def address(self) -> str | None:
        """None: the data port is where it listens."""
        return None

    @property
    def gateway_address(self) -> str | None:
        """None: all come to the data port."""
        return None

    @property
    def on_batch(self) -> BatchHook:
        """Told of every batch decided."""
        return self._gatherer.on_batch

    @on_batch.setter
    def on_batch(self, hook: BatchHook) -> None:
        self._gatherer.on_batch = hook

    @property
    def queued(self) -> Queued:
        """As of now."""
        queue = self._gatherer.queue
        oldest_s = queue.oldest_arrival_s
        # asyncio's loop has this clock, too
        age_s = 0.0 if oldest_s is None else max(0.0, time.monotonic() - oldest_s)
        return Queued(len(queue), queue.row_count, age_s)

    @property
    def held_offer_count(self) -> int:
        """Offers decided that wait for the journal."""
        return self._gatherer.held_offer_count

    @property
    def fault(self) -> BaseException | None:
        """Why no ping is decided any more; None while all is well."""
        return self._gatherer.fault

    def service(self) -> Service:
        """What the data port is assembled from."""
        return Service(NAME, self._service.add)

    def start(self) -> None:
        """Begin sweeping for silent devices."""
        self._sweep = asyncio.create_task(self._sweep_silent())

    async def drain(self, grace_s: float) -> bool:
        """Take nothing more; decide, answer, end. False if streams were open still after `grace_s` s."""
        drained = await self._service.drain(grace_s)
        if self._sweep is not None:
            self._sweep.cancel()
        return drained

    async def stop(self) -> None:
        """Nothing: the data port carries it."""

    async def _sweep_silent(self) -> None:
        while self.fault is None:
            await asyncio.sleep(SWEEP_EVERY_S)
            now_ms = self._engine.clock.now_ms(self._real_now_ms())
            try:
                tell_sweep(self._engine.advance(now_ms), self._gatherer.streams, self._engine)
            except Exception as error:
                self._gatherer.fail(error)
                raise
