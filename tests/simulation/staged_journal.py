"""A journal whose writer the simulation holds: appends wait until it lets some of them become one durable commit. Not a
test.

append ──► pending ──► write(n): one commit of the n oldest ──► durable
                                  └─ lost(n): the commit is on the disk, and nobody was told
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from geooffer.journal.commits import CommitStore
from geooffer.journal.frames import decode_entries, encode_entries
from geooffer.model.records import Entry


class StagedJournal:
    """engine/port.py: Journal; the group commit of journal/committer.py without its thread."""

    def __init__(self, store: CommitStore, seen: Callable[[int, Sequence[Entry]], None]) -> None:
        """`seen` is shown each append with its ticket."""
        self.store = store
        self._seen = seen
        self.fault = None
        self._pending: deque[tuple[int, Sequence[Entry]]] = deque()
        self._appended = self._durable = 0
        self.in_flight = 0
        """The ticket of the commit that was written last, or was being written."""

    @property
    def appended(self) -> int:
        return self._appended

    @property
    def durable(self) -> int:
        return self._durable

    @property
    def pending_count(self) -> int:
        """Appends that are not durable."""
        return len(self._pending)

    def append(self, entries: Sequence[Entry]) -> int:
        if entries:
            self._appended += 1
            self._pending.append((self._appended, entries))
            self._seen(self._appended, entries)
        return self._appended

    def write(self, append_count: int) -> None:
        """The oldest appends as one commit, durable and told."""
        ticket = self.write_untold(append_count)
        self._durable = max(self._durable, ticket)

    def write_untold(self, append_count: int) -> int:
        """The same, but the power goes before anybody learns it; returns the ticket that nobody was told."""
        group: list[Entry] = []
        ticket = 0
        for _ in range(min(append_count, len(self._pending))):
            ticket, entries = self._pending.popleft()
            group.extend(entries)
        self.in_flight = max(self.in_flight, ticket)
        if group:
            self.store.append(encode_entries(group), self.store.last.lsn)
        return ticket

    def read(self) -> Iterable[Entry]:
        return (entry for commit in self.store.read() for entry in decode_entries(commit.payload))
