"""When the saved catalog goes live: a few changed fences at once, everything else soon.

    a few fences    in the next turn of the loop, and every QUICK_MS at most: only they are entered in the delta
    many fences     soon after the last change, by a merge in a thread, which goes live when it is done
    anything sold   soon after the last change and not much later than the first: an import of 100 batches compiles the
                    catalog a few times, not 100 times

A merge is also made when the delta has grown; pings and changes go on meanwhile (engine/fence_layers.py).
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Protocol

import structlog

from geooffer.engine.fence_merge import Merged, merge
from geooffer.engine.search_lexicon import CategoryWords
from geooffer.engine.search_text import SearchIndex
from geooffer.errors import GeoofferError
from geooffer.model.fence_tables import FenceTables
from geooffer.rpc.faults import text_of

QUIET_MS = 50
LATEST_MS = 500
QUICK_MS = 10
QUICK_PAUSES = 4
"""At least so many times as long as a publication worked until the next; not counted what others took of its core."""

MERGE_PAUSES = 3
"""After a merge, so many times as long as it took without one: an import changes the delta all the time."""
MERGE_RETRY_S = 1.0
"""Between two tries where a merge fails."""
NICENESS = 5
"""Of the thread that merges: where it shares a core with the pings, they have three quarters of it. Not more: a merge
that starves keeps the delta growing."""

log = structlog.get_logger(__name__)


def _step_back() -> None:
    """Let pings go before this thread."""
    if sys.platform == "linux":  # elsewhere threads have no priority of their own
        with suppress(OSError):  # where a sandbox forbids it, merges are made all the same
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


class Publishes(Protocol):
    """What the publisher needs of the engine."""

    @property
    def saved_generation(self) -> int:
        """Counts catalog changes."""

    @property
    def is_quick_to_publish(self) -> bool:
        """Whether only a few fences wait for publication."""

    @property
    def needs_merge(self) -> bool:
        """Whether so many fences wait that a publication would merge."""

    def publish(self) -> int:
        """Make the saved catalog live; returns its generation."""

    def merge_input(self) -> FenceTables | None:
        """What is to be merged now; None where no merge is due."""

    def take_merged(self, source: FenceTables, merged: Merged) -> int:
        """Make the saved catalog live on what was merged; returns its generation."""

    def forget_merge(self) -> None:
        """It failed."""

    def words_to_index(self) -> tuple[list[CategoryWords], int] | None:
        """What the index of search words is to be built from where the present one is old."""

    def set_words(self, index: SearchIndex, generation: int) -> None:
        """Take an index built of that."""


class Publisher:
    """Decides when `engine.publish()` is called, and merges aside. All calls come from the event loop's thread."""

    def __init__(
        self, engine: Publishes, *, quiet_ms: int = QUIET_MS, latest_ms: int = LATEST_MS, quick_ms: int = QUICK_MS
    ) -> None:
        self._engine = engine
        self._quiet_s = quiet_ms / 1000
        self._latest_s = latest_ms / 1000
        self._quick_s = quick_ms / 1000
        self._timer: asyncio.TimerHandle | None = None
        self._first_s = 0.0
        self._quick_next_s = 0.0
        self._indexing: asyncio.Task[None] | None = None
        self._merging: asyncio.Task[None] | None = None
        self._merge_timer: asyncio.TimerHandle | None = None
        self._merge_next_s = 0.0
        self._merge_retry_s = 0.0
        self._is_closed = False
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="merge", initializer=_step_back)

    @property
    def is_merging(self) -> bool:
        """Whether a merge is under way."""
        return self._merging is not None and not self._merging.done()

    def changed(self) -> None:
        """A catalog change was saved; it goes live by itself. Needs a running event loop."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        if self._timer is None:
            self._first_s = now_s
        else:
            self._timer.cancel()
        due_s = min(now_s + self._quiet_s, self._first_s + self._latest_s)
        if self._engine.is_quick_to_publish:
            due_s = min(due_s, max(now_s, self._quick_next_s))
        self._timer = loop.call_at(due_s, self._fire)

    def flush(self) -> int:
        """Publish now what is pending; returns the live generation. Raises what the engine raises."""
        self._forget()
        generation = self._engine.publish()
        self._index()
        return generation

    def close(self) -> None:
        """Forget a pending publication; a merge under way ends by itself."""
        self._forget()
        self._is_closed = True
        self._executor.shutdown(wait=False)

    def _forget(self) -> None:
        for timer in (self._timer, self._merge_timer):
            if timer is not None:
                timer.cancel()
        self._timer = self._merge_timer = None

    def _fire(self) -> None:
        self._timer = None
        began_s = time.thread_time()
        if not self._engine.needs_merge:
            try:
                generation = self._engine.publish()
            except GeoofferError as error:
                self._failed(error)
                return
            log.debug("catalog_live", generation=generation)
        worked_s = time.thread_time() - began_s
        self._quick_next_s = asyncio.get_running_loop().time() + max(self._quick_s, QUICK_PAUSES * worked_s)
        self._index()
        self._merge_if_due()

    def _merge_if_due(self) -> None:
        """Begin a merge in a thread; not at once after one that failed, or after another for which no change waits."""
        if self._merge_timer is not None:
            self._merge_timer.cancel()
            self._merge_timer = None
        if self.is_merging or self._is_closed:
            return
        loop = asyncio.get_running_loop()
        due_s = self._merge_retry_s if self._engine.needs_merge else max(self._merge_next_s, self._merge_retry_s)
        if loop.time() < due_s:
            self._merge_timer = loop.call_at(due_s, self._merge_if_due)
            return
        source = self._engine.merge_input()
        if source is not None:
            merging = loop.run_in_executor(self._executor, merge, source)
            self._merging = loop.create_task(self._merge(source, merging))

    def _failed(self, error: GeoofferError) -> None:
        """The old catalog stays live; GetCatalogState shows the gap, the next change tries again."""
        log.error("publish_failed", reason=error.reason, saved=self._engine.saved_generation)

    async def _merge(self, source: FenceTables, merging: asyncio.Future[Merged]) -> None:
        """Tens of milliseconds to some seconds, in which pings and changes go on."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        try:
            merged = await merging
            self._merge_next_s = loop.time() + MERGE_PAUSES * (loop.time() - began_s)
            generation = self._engine.take_merged(source, merged)
        except GeoofferError as error:
            self._failed(error)
        except Exception as error:  # noqa: BLE001  (no memory, or a fault of ours: changes must not wait for ever)
            log.error("merge_failed", reason=text_of(error), saved=self._engine.saved_generation)
            self._engine.forget_merge()
            self._merge_retry_s = loop.time() + MERGE_RETRY_S
        else:
            log.debug("catalog_merged", generation=generation)
        if not self._is_closed:
            loop.call_soon(self._merge_if_due)

    def _index(self) -> None:
        if self._indexing is None or self._indexing.done():
            self._indexing = asyncio.get_running_loop().create_task(self._index_words())

    async def _index_words(self) -> None:
        """Build the index of search words in a thread: seconds, for 100,000 titles, in which pings go on."""
        while (wanted := self._engine.words_to_index()) is not None:
            words, generation = wanted
            index = await asyncio.to_thread(SearchIndex.build, words)
            self._engine.set_words(index, generation)
            log.debug("search_words_live", generation=generation)
