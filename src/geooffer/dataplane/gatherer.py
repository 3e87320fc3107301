"""Collects the rows of all streams that are ready and decides them in one engine step.

There is no timer: the first message of a moment asks the loop for a flush, and by the time the loop comes
to it every other stream that was ready has put its message too. Busy means larger batches, idle means no waiting.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from time import perf_counter_ns

import numpy as np

from geooffer.dataplane.admission import AdmissionQueue, Budget, QueuedMessage
from geooffer.dataplane.distribution import Batch, distribute, tell_shed
from geooffer.dataplane.port import PlaneStatistics, fault_of
from geooffer.dataplane.stream import PingStream
from geooffer.engine.engine import Engine
from geooffer.errors import JournalError
from geooffer.model import limits
from geooffer.rpc.answers import AnswerDraft, OfferDraft, encode
from geooffer.rpc.codec import PingMessage, as_arrays
from geooffer.rpc.durability import Durability
from geooffer.rpc.render import OfferRenderer
from geooffer.rpc.write_gate import WriteGate
from geooffer.telemetry.observed import BatchHook, BatchObserved, ignore

BATCH_ROW_COUNT_MAX = limits.PING_BATCH_ROW_COUNT_MAX
LONG_QUEUE_ROW_COUNT = 2 * BATCH_ROW_COUNT_MAX
_STREAM_NUMBER_MAX = 2**31 - 1


class Gatherer:
    """Owns the open streams and the queue; the only caller of the engine's ping path.

    A batch is decided and answered without waiting for the journal; only its offers wait until they are durable.
    """

    def __init__(
        self,
        engine: Engine,
        durability: Durability,
        *,
        budget: Budget,
        real_now_ms: Callable[[], int],
        statistics: PlaneStatistics,
        write_gate: WriteGate | None = None,
        queue: AdmissionQueue | None = None,
    ) -> None:
        """`write_gate`: whether offers may be decided, which have to be written; by default whenever the journal keeps
        up."""
        self.engine = engine
        self.streams: dict[int, PingStream] = {}
        self.fault: BaseException | None = None
        self.statistics = statistics
        self.on_batch: BatchHook = ignore
        """Told of every batch decided."""
        self._durability = durability
        self._budget = budget
        self._real_now_ms = real_now_ms
        self.queue = queue or AdmissionQueue()
        self.held_offer_count = 0
        """Decided, and waiting for the journal."""
        self._write_gate = write_gate or WriteGate(durability)
        self._ingests: set[PingStream] = set()
        self._renderer = OfferRenderer()
        self._numbers = itertools.count(1)
        self._flush_asked = False
        self._loop = asyncio.get_running_loop()
        durability.on_fault(lambda: self.fail(JournalError("the journal failed")))

    # -- streams ---------------------------------------------------------------------------------------------

    def next_number(self) -> int:
        """A stream number nobody has; numbers come round after 2³¹ streams."""
        number = next(self._numbers) % _STREAM_NUMBER_MAX or next(self._numbers)
        while number in self.streams:
            number = next(self._numbers) % _STREAM_NUMBER_MAX or next(self._numbers)
        return number

    @property
    def is_long(self) -> bool:
        """The queue is longer than what the next steps take: streams are read on one message at a time."""
        return self.queue.row_count > LONG_QUEUE_ROW_COUNT

    def open(self, stream: PingStream) -> None:
        """A stream, or the single exchange of IngestPings, has begun; `close` ends it."""
        if stream.number:
            self.streams[stream.number] = stream
        else:
            self._ingests.add(stream)

    def submit(self, stream: PingStream, message: PingMessage) -> None:
        """Queue a message that was read now."""
        if self.fault is not None:
            raise self.fault
        now_s = self._loop.time()
        sequence = stream.read(message.row_count)
        deadline_s = self._budget.deadline_s(message, now_s)
        shed = self.queue.put(QueuedMessage(stream, sequence, message, deadline_s, now_s, self._real_now_ms()))
        if shed:
            self._shed(shed)
        self._ask_flush()

    def encode(self, stream: PingStream, draft: AnswerDraft) -> bytes:
        """The bytes of a draft that is about to be written; its offers pass the send gate here."""
        return encode(
            draft,
            self._renderer,
            self._may_leave,
            location_wanted=stream.location_wanted,
            catalog_generation=stream.catalog_generation,
        )

    def close(self, stream: PingStream) -> None:
        """Forget a stream; offers that never left give their caps back."""
        self.streams.pop(stream.number, None)
        self._ingests.discard(stream)
        unsent = stream.close()
        if self.fault is None:
            for draft in unsent:
                for item in draft.offers:
                    self.engine.release(item.decision)

    # -- the flush -------------------------------------------------------------------------------------------

    def _ask_flush(self) -> None:
        if not self._flush_asked:
            self._flush_asked = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_asked = False
        if self.fault is not None:
            return
        taken, shed = self.queue.take(self._loop.time(), BATCH_ROW_COUNT_MAX)
        try:
            if shed:
                self._shed(shed)
            if taken:
                self._decide(taken)
        except Exception as error:
            self.fail(error)
            raise
        if self.queue.row_count:
            self._ask_flush()

    def _decide(self, messages: list[QueuedMessage]) -> None:
        """Life of a batch: stamp, step, commit, distribute (engine/pipeline.py tells the inside)."""
        pings, ages = as_arrays(
            [item.message.rows for item in messages], [item.message.fix_ages_ms for item in messages]
        )
        batch = Batch(messages)
        arrivals_ms = np.array([item.arrival_ms for item in messages], np.int64)
        arrivals_ms = arrivals_ms.repeat([item.message.row_count for item in messages])
        engine = self.engine
        started_ns = perf_counter_ns()
        engine.clock.stamp(pings, ages, self._real_now_ms(), arrivals_ms)
        stamped_ns = perf_counter_ns()
        outcome = engine.step(pings)
        stepped_ns = perf_counter_ns()
        late: set[int] = set()
        if len(outcome.winners):
            won = outcome.winners["row"].tolist()
            # what cannot be written now, or is decided by a wrong time: silence, and her caps come back
            is_shut = engine.clock.is_far_ahead or self._is_write_shut(len(won))
            late = set(won) if is_shut else batch.late_rows(self._loop.time(), won)
        decisions = engine.commit(outcome, late_rows=late)
        committed_ns = perf_counter_ns()
        self.statistics.batches += 1
        self.statistics.messages += len(messages)
        self.statistics.rows += len(pings)
        self.statistics.late_offers += len(late)
        self.statistics.due_offers += len(late)
        settle = distribute(batch, pings, outcome, decisions, engine)
        if decisions:
            self.held_offer_count += len(decisions)
            self._settle_when_durable(engine.journal.appended, len(decisions), settle)
        times = (started_ns, stamped_ns, stepped_ns, committed_ns, perf_counter_ns())
        self.on_batch(BatchObserved(len(pings), len(messages), len(outcome.winners), *times))

    def _is_write_shut(self, winner_count: int) -> bool:
        return self.held_offer_count + winner_count > limits.HELD_OFFER_COUNT_MAX or self._write_gate.is_shut

    def _settle_when_durable(self, ticket: int, offer_count: int, settle: Callable[[bool], None]) -> None:
        def settled() -> None:
            self.held_offer_count -= offer_count
            try:
                settle(self._durability.is_durable(ticket))
            except Exception as error:
                # whoever waits after this one must still learn how it went
                self.fail(error)
                raise

        self._durability.when_settled(ticket, settled)

    def _shed(self, messages: list[QueuedMessage]) -> None:
        rows = sum(item.message.row_count for item in messages)
        malformed = sum(sum(item.message.malformed_rows()) for item in messages)
        self.engine.statistics.count_unseen(malformed_count=malformed, shed_count=rows - malformed)
        self.statistics.messages += len(messages)
        self.statistics.shed_rows += rows - malformed
        tell_shed(messages)

    def _may_leave(self, item: OfferDraft) -> bool:
        """The send gate: budget and consent once more, at the last moment."""
        in_time = item.deadline_s >= self._loop.time()
        self.statistics.due_offers += 1
        self.statistics.timely_offers += in_time
        if in_time and self.engine.may_send(item.decision, self.engine.clock.now_ms(self._real_now_ms())):
            return True
        self.statistics.late_offers += 1
        self.engine.release(item.decision)
        return False

    def fail(self, error: Exception) -> None:
        """The engine cannot decide any more: serving stops, every stream ends."""
        if self.fault is not None:
            return
        self.fault = fault_of(error)
        self.queue.clear()
        for stream in [*self.streams.values(), *self._ingests]:
            stream.stop_reading(self.fault)
            stream.abandon()
