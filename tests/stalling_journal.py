"""A journal whose disk the test holds in its hand: it stalls, goes on, or fails when told."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from geooffer.errors import JournalError
from geooffer.journal.memory import MemoryJournal
from geooffer.model.records import Entry


class StallingJournal(MemoryJournal):
    """Durable at once, until `stall`."""

    def __init__(self) -> None:
        super().__init__()
        self.fault: JournalError | None = None
        self.wake: Callable[[], None] = lambda: None
        """To be the `wake` of rpc/durability.py."""
        self.appended_record_count = 0
        self.record_count = 0
        self.pending_age_ns = 0
        self._durable_up_to: int | None = None

    @property
    def durable(self) -> int:
        """The ticket the disk has come to."""
        return self.appended if self._durable_up_to is None else self._durable_up_to

    def append(self, entries: Sequence[Entry]) -> int:
        """Keep, and count as pending while stalled. Raises JournalError after `fail`."""
        if self.fault is not None:
            raise JournalError("the journal takes no more records")
        self.appended_record_count += len(entries)
        if self._durable_up_to is None:
            self.record_count = self.appended_record_count
        return super().append(entries)

    def stall(self) -> None:
        """From now on nothing becomes durable."""
        self._durable_up_to = self.appended

    def go_on(self) -> None:
        """All is durable, and what comes is at once."""
        self._durable_up_to = None
        self.record_count = self.appended_record_count
        self.pending_age_ns = 0
        self.wake()

    def fail(self) -> None:
        """What is pending never becomes durable."""
        if self._durable_up_to is None:
            self.stall()
        self.fault = JournalError("the disk is gone")
        self.wake()
