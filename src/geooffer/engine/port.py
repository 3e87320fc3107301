"""What the engine needs of a journal: take records in order, say what is durable. journal/ implements it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from geooffer.model.records import Entry


class Journal(Protocol):
    """An append-only log of entries.

    `append` may return before they are durable; then state is ahead of the disk, and nothing that depends on it may
    be told to anybody before `durable` has reached the ticket. A journal that failed never becomes durable again: the
    process ends and recovers (reliability.md).
    """

    @property
    def appended(self) -> int:
        """The latest ticket."""

    @property
    def durable(self) -> int:
        """All that was appended up to this ticket survives a power cut (as far as this journal can)."""

    def append(self, entries: Sequence[Entry]) -> int:
        """Take `entries`, whole, as part of a next commit; returns their ticket, which only grows.

        Raises JournalError; then nothing of it counts as written.
        """

    def read(self) -> Iterable[Entry]:
        """All entries kept, in the order written; the state to fold them into stands before the first."""
