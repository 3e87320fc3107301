"""When the saved catalog goes live: soon after the last change, and not much later than the first.

An import of 100 batches compiles the catalog a few times, not 100 times; one change is live within 100 ms.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from geooffer.engine.search_lexicon import CategoryWords
from geooffer.engine.search_text import SearchIndex
from geooffer.errors import GeoofferError

QUIET_MS = 50
LATEST_MS = 500

log = structlog.get_logger(__name__)


class Publishes(Protocol):
    """What the publisher needs of the engine."""

    @property
    def saved_generation(self) -> int:
        """Counts catalog changes."""

    def publish(self) -> int:
        """Make the saved catalog live; returns its generation."""

    def words_to_index(self) -> tuple[list[CategoryWords], int] | None:
        """What the index of search words is to be built from where the present one is old."""

    def set_words(self, index: SearchIndex, generation: int) -> None:
        """Take an index built of that."""


class Publisher:
    """Debounces `engine.publish()`. All calls come from the event loop's thread."""

    def __init__(self, engine: Publishes, *, quiet_ms: int = QUIET_MS, latest_ms: int = LATEST_MS) -> None:
        self._engine = engine
        self._quiet_s = quiet_ms / 1000
        self._latest_s = latest_ms / 1000
        self._timer: asyncio.TimerHandle | None = None
        self._first_s = 0.0
        self._indexing: asyncio.Task[None] | None = None

    def changed(self) -> None:
        """A catalog change was saved; it goes live by itself. Needs a running event loop."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        if self._timer is None:
            self._first_s = now_s
        else:
            self._timer.cancel()
        due_s = min(now_s + self._quiet_s, self._first_s + self._latest_s)
        self._timer = loop.call_at(due_s, self._fire)

    def flush(self) -> int:
        """Publish now what is pending; returns the live generation. Raises what the engine raises."""
        self.close()
        generation = self._engine.publish()
        self._index()
        return generation

    def close(self) -> None:
        """Forget a pending publication."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        self._timer = None
        try:
            generation = self._engine.publish()
        except GeoofferError as error:
            # the old catalog stays live; GetCatalogState shows the gap, the next change tries again
            log.error("publish_failed", reason=error.reason, saved=self._engine.saved_generation)
            return
        log.debug("catalog_live", generation=generation)
        self._index()

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
