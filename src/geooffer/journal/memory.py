"""The journal that lives as long as the process: commits in a list, encoded, chained and checked like durable ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from geooffer.errors import JournalError
from geooffer.journal.commits import Commit, CommitStore, Position, checked, follow
from geooffer.journal.frames import decode_entries, encode_entries
from geooffer.model.records import Entry


class MemoryStore:
    """Commits in a list (journal/commits.py: CommitStore)."""

    def __init__(self) -> None:
        self._commits: list[Commit] = []
        self._base = Position()

    @property
    def base(self) -> Position:
        """The position before the first commit kept."""
        return self._base

    @property
    def last(self) -> Position:
        """The latest commit."""
        return self._commits[-1].position if self._commits else self._base

    @property
    def size_bytes(self) -> int:
        """Bytes of all payloads kept."""
        return sum(len(commit.payload) for commit in self._commits)

    def append(self, payload: bytes, expected_lsn: int) -> Position:
        """One more commit. Raises JournalError where the latest one is not `expected_lsn`."""
        if expected_lsn != self.last.lsn:
            raise JournalError(f"the latest commit is {self.last.lsn}, the writer expected {expected_lsn}")
        self._commits.append(Commit(follow(self.last, payload), payload))
        return self.last

    def read(self, after_lsn: int | None = None) -> Iterator[Commit]:
        """Commits after `after_lsn`, checked."""
        previous = self._base
        if after_lsn is not None and not self._base.lsn <= after_lsn <= self.last.lsn:
            raise JournalError(f"commit {after_lsn} is not in the journal")
        for commit in list(self._commits):
            previous = checked(previous, commit)
            if after_lsn is None or commit.position.lsn > after_lsn:
                yield commit

    def truncate(self, up_to: Position) -> None:
        """Forget commits up to this one. Raises JournalError where the chain never was there."""
        known = {commit.position for commit in self._commits} | {self._base}
        if up_to not in known:
            raise JournalError(f"commit {up_to.lsn} of another chain cannot be truncated to")
        self._commits = [commit for commit in self._commits if commit.position.lsn > up_to.lsn]
        self._base = up_to

    def truncate_step(self, up_to: Position) -> bool:
        """All of it."""
        self.truncate(up_to)
        return True

    @property
    def is_tidy(self) -> bool:
        """Always."""
        return True

    def tidy(self, *, idle: bool) -> None:
        """Nothing grows beside the commits."""

    def close(self) -> None:
        """Nothing to give back."""


class DirectJournal:
    """Commits on the caller's thread: what was appended is durable when `append` returns. One commit an append."""

    def __init__(self, store: CommitStore) -> None:
        self.store = store
        self._sequences: dict[int, int] = {}
        self._appended = 0

    @property
    def appended(self) -> int:
        """The latest ticket."""
        return self._appended

    @property
    def durable(self) -> int:
        """The same."""
        return self._appended

    def append(self, entries: Sequence[Entry]) -> int:
        """Keep `entries`. Raises JournalError where a partition's sequence has a gap, and keeps none of them."""
        if not entries:
            return self._appended
        sequences = dict(self._sequences)
        for entry in entries:
            expected = sequences.get(entry.partition, entry.sequence - 1) + 1
            if entry.sequence != expected:
                raise JournalError(f"partition {entry.partition} expects sequence {expected}, not {entry.sequence}")
            sequences[entry.partition] = expected
        self.store.append(encode_entries(entries), self.store.last.lsn)
        self.store.tidy(idle=False)
        self._sequences = sequences
        self._appended += 1
        return self._appended

    def read(self) -> Iterable[Entry]:
        """All entries kept, in the order written, decoded from their frames."""
        return (entry for commit in self.store.read() for entry in decode_entries(commit.payload))


class MemoryJournal(DirectJournal):
    """The journal of tests and of the demo."""

    def __init__(self) -> None:
        self._memory = MemoryStore()
        super().__init__(self._memory)

    def __len__(self) -> int:
        """Entries kept."""
        return sum(1 for _ in self.read())

    @property
    def size_bytes(self) -> int:
        """Bytes of all frames."""
        return self._memory.size_bytes
