"""The native data plane behind dataplane/port.py: Rust threads carry, decide and answer pings; Python does the rest.

What crosses (native/plane/src/control.rs) is taken here, on the loop's thread:

    Decided    winners, hints, tries to be told  native_commit.py: commit, wait for the journal, hand back with gates
    Undecided  rows the matcher leaves to us     Join.decide: Python's own engine.step, under the engine's lock
    Left       offers sent or taken back         native_commit.py: caps come back
    Refused    verified callers, refused         rpc/refusals.py

Every 50 ms the pools get room, and lapses and opening hours are looked at before a ping would have to wait for them;
every second silent devices are swept. Tries that nobody is told of are fetched then, too, and whenever somebody asks.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from geooffer.dataplane.native_answers import sweep_fields
from geooffer.dataplane.native_callers import refusal_of, row_rates, tls_bytes, tokens_json
from geooffer.dataplane.native_commit import Commits
from geooffer.dataplane.native_figures import Figures
from geooffer.dataplane.native_module import native_module
from geooffer.dataplane.native_rows import outcome_bytes
from geooffer.dataplane.native_settings import Access, NativeSettings
from geooffer.dataplane.port import PING_SERVICE, PlaneName, PlaneStatistics, Queued, fault_of
from geooffer.engine.engine import Engine
from geooffer.engine.join import Join
from geooffer.errors import ConfigurationError, GeoofferError, JournalError
from geooffer.model import columns
from geooffer.model.catalog import Geofence
from geooffer.rpc.durability import Durability
from geooffer.rpc.server import Service
from geooffer.rpc.write_gate import WriteGate
from geooffer.telemetry.observed import BatchesHook, BatchHook, ignore

if TYPE_CHECKING:
    from geooffer_native import Plane, Undecided

KEEP_AHEAD_EVERY_S = 0.05
SWEEP_EVERY_S = 1.0
_POLL_S = 0.02


class NativeDataPlane:
    """Made inside the running loop; the engine belongs to that loop's thread, except inside the engine's lock."""

    def __init__(
        self,
        engine: Engine,
        durability: Durability,
        settings: NativeSettings,
        access: Access,
        *,
        real_now_ms: Callable[[], int],
        write_gate: WriteGate | None = None,
    ) -> None:
        self.on_batch: BatchHook = ignore
        self.on_batches: BatchesHook = ignore
        self._module = native_module()
        self._engine = engine
        self.settings = settings
        self._access = access
        self._real_now_ms = real_now_ms
        self._durability = durability
        self._write_gate = write_gate or WriteGate(durability)
        self._loop = asyncio.get_running_loop()
        self._fault: GeoofferError | None = None
        self._native: Plane | None = None
        self._join: Join | None = None
        self._commits: Commits | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._lock = self._module.EngineLock()
        self._fence_count = 0
        self.figures = Figures(lambda: 0 if self._commits is None else self._commits.late_count)
        """All that the Rust side counts."""

    # -- what dataplane/port.py asks for ---------------------------------------------------------------------

    @property
    def name(self) -> PlaneName:
        """As the setting `plane` calls it."""
        return "native"

    @property
    def address(self) -> str | None:
        """Where it listens itself."""
        return None if self._native is None else self._native.phone_address

    @property
    def gateway_address(self) -> str | None:
        """Where gateways connect; None: at `address`."""
        return None if self._native is None else self._native.gateway_address

    @property
    def fault(self) -> BaseException | None:
        """Why no ping is decided any more; None while all is well."""
        return self._fault

    @property
    def held_offer_count(self) -> int:
        """Offers decided that wait for the journal."""
        return 0 if self._commits is None else self._commits.held_offer_count

    @property
    def commits(self) -> Commits | None:
        """What became of winners; None before it listens."""
        return self._commits

    def now_ns(self) -> int:
        """On the plane's own clock; 0 before it listens, and after its end."""
        return 0 if self._native is None else self._native.now_ns()

    @property
    def statistics(self) -> PlaneStatistics:
        """As of now."""
        return self.figures.statistics

    @property
    def queued(self) -> Queued:
        """As of now."""
        return self.figures.queued

    def service(self) -> Service:
        """For the data port's health alone: pings never come there."""
        return Service(PING_SERVICE, lambda server: None)

    def start(self) -> None:
        """Listen, decide, sweep. Raises ConfigurationError where it cannot listen."""
        self._join = Join(self._engine, acquire=self._lock.acquire, release=self._leave)
        access, tls = self._access, self._access.tls
        count = self._fence_count = self._engine.registry.count(Geofence)
        try:
            self._native = self._module.Plane(
                json.dumps(asdict(self.settings)),
                tokens_json=tokens_json(access.verifier),
                row_rates=row_rates(access.quotas.rates),
                tls=None if tls is None else tls_bytes(tls.files),
                fence_ids=[self._engine.registry.identifier(Geofence, number) for number in range(count)],
                join=self._join,
                lock=self._lock,
                real_now_ms=self._real_now_ms,
            )
        except OSError as error:
            self._join.close()
            why = f"cannot listen on {self.settings.phone_address}: {error}"
            raise ConfigurationError(why, field="data_address") from None
        except BaseException:
            self._join.close()
            raise
        # whoever ends without `stop` takes down what workers read: they have to be joined before
        atexit.register(self._native.stop, 0.0)
        self._commits = Commits(
            self._engine,
            self._join,
            self._native,
            self._durability,
            self._write_gate,
            real_now_ms=self._real_now_ms,
            fail=self.fail,
        )
        self._engine.collect_tries = self._collect_tries
        self.figures.begin(self._native)
        self._durability.on_fault(lambda: self.fail(JournalError("the journal failed")))
        self._loop.add_reader(self._native.wake_fd, self._on_woken)
        self._tasks = [asyncio.create_task(work()) for work in (self._keep_ahead, self._sweep_silent)]

    async def drain(self, grace_s: float) -> bool:
        """Take no more pings; decide, answer, end. False if streams were open still after `grace_s` s."""
        native = self._native
        if native is None:
            return True
        native.begin_drain()
        until_s = self._loop.time() + grace_s
        while native.open_stream_count() and self._loop.time() < until_s:
            await asyncio.sleep(_POLL_S)
        for task in self._tasks:
            task.cancel()
        return native.open_stream_count() == 0

    async def stop(self) -> None:
        """Close the listeners, end what is left, join all threads; what came back until then is taken."""
        native, join = self._native, self._join
        if native is None or join is None:
            return
        for task in self._tasks:
            task.cancel()
        await asyncio.to_thread(native.stop, 1.0)
        atexit.unregister(native.stop)
        self._loop.remove_reader(native.wake_fd)
        if self._fault is None:
            self._take_last(native)
        self._collect_figures()
        self._engine.collect_tries = None
        self.figures.end()
        self._native = None
        join.close()

    # -- what crosses ----------------------------------------------------------------------------------------

    def _on_woken(self) -> None:
        native = self._native
        if native is None:
            return
        try:
            os.read(native.wake_fd, 4_096)
        except BlockingIOError:
            return
        if self._fault is not None:
            native.take()
            return
        try:
            self._take_all(native)
        except Exception as error:
            self.fail(error)
            raise

    def _take_all(self, native: Plane, *, may_decide: bool = True) -> None:
        assert self._commits is not None
        kinds = self._module
        for crossing in native.take():
            match crossing:
                case kinds.Decided():
                    self._commits.take(crossing)
                case kinds.Undecided():
                    if may_decide:
                        self._decide(native, crossing)
                case kinds.Left():
                    self._commits.left(crossing)
                case kinds.Refused():
                    identity, error = refusal_of(crossing)
                    self._access.refusals.tell(identity, crossing.method, error)

    def _collect_tries(self) -> None:
        """What won nothing and nobody is told of: workers keep it until it is asked for, and wake nobody."""
        if self._native is not None and self._join is not None:
            for context_number, rows in self._native.take_tried():
                self._join.remember_tries(np.frombuffer(rows, dtype=columns.TRY), context_number)

    def _collect_figures(self) -> None:
        self._collect_tries()
        self.figures.count_shed(self._engine.statistics)
        if (observed := self.figures.new_batches()) is not None:
            self.on_batches(observed)

    def _take_last(self, native: Plane) -> None:
        """What workers left behind: nobody is told of it any more, and nothing of it keeps its caps."""
        assert self._commits is not None
        self._commits.begin_end()
        try:
            self._take_all(native, may_decide=False)
            self._commits.end()
        except JournalError as error:
            self.fail(error)

    def _decide(self, native: Plane, crossing: Undecided) -> None:
        """Python's own `engine.step`, on rows the compiled matcher leaves to us."""
        assert self._join is not None
        pings = np.frombuffer(crossing.pings, dtype=columns.PING).copy()
        ages_ms = np.frombuffer(crossing.ages_ms, dtype=np.int64).copy()
        arrivals_ms = np.frombuffer(crossing.arrivals_ms, dtype=np.int64)
        outcome = self._join.decide(pings, ages_ms, self._real_now_ms(), arrivals_ms)
        made = outcome_bytes(
            outcome,
            pings,
            catalog_generation=self._engine.live_generation,
            context_number=self._join.context_number,
            future_tolerance_ms=self._engine.policy.future_tolerance_ms,
        )
        native.decided(crossing.worker, made)

    def _leave(self) -> None:
        """The engine's lock is left: before a worker can see a new fence, its id is known there."""
        try:
            self._tell_names()
        finally:
            self._lock.release()

    def _tell_names(self) -> None:
        registry = self._engine.registry
        count = registry.count(Geofence)
        if count > self._fence_count and self._native is not None:
            names = [registry.identifier(Geofence, number) for number in range(self._fence_count, count)]
            self._native.extend_fence_names(self._fence_count, names)
            self._fence_count = count

    # -- by the clock ----------------------------------------------------------------------------------------

    async def _keep_ahead(self) -> None:
        while self._fault is None:
            await asyncio.sleep(KEEP_AHEAD_EVERY_S)
            assert self._join is not None
            try:
                self._join.keep_ahead(self._engine.clock.now_ms(self._real_now_ms()))
                self._collect_figures()
                self.figures.check_workers()
            except Exception as error:
                self.fail(error)
                raise

    async def _sweep_silent(self) -> None:
        while self._fault is None:
            await asyncio.sleep(SWEEP_EVERY_S)
            try:
                transitions = self._engine.advance(self._engine.clock.now_ms(self._real_now_ms()))
                for number, fields in sweep_fields(transitions, self._engine).items():
                    if self._native is not None:
                        self._native.tell(number, fields)
            except Exception as error:
                self.fail(error)
                raise

    # -- reloads and faults ----------------------------------------------------------------------------------

    def follow(self) -> None:
        """Take over what a reload changed: key ring, quotas, certificate."""
        native, access = self._native, self._access
        if native is None:
            return
        native.set_tokens(tokens_json(access.verifier))
        native.set_quotas(*row_rates(access.quotas.rates))
        if access.tls is not None:
            native.set_tls(*tls_bytes(access.tls.files))

    def fail(self, error: Exception) -> None:
        """The engine cannot decide any more: serving stops, every stream ends."""
        if self._fault is not None:
            return
        self._fault = fault_of(error)
        if self._native is not None:
            self._native.fault(self._fault.reason, self._fault.message)
