"""A snapshot and the journal after it as one source, and a partition of it folded alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from geooffer.engine.apply import fold
from geooffer.engine.parts import put_part
from geooffer.engine.state import State
from geooffer.errors import JournalError
from geooffer.journal.commits import GENESIS_HASH, Commit, CommitStore, Position, follow
from geooffer.journal.frames import RawEntry, decode_raw, partitions_of
from geooffer.journal.snapshots import Snapshot
from geooffer.journal.sqlite import SqliteReader
from geooffer.model.records import Entry

JOURNAL_NAME = "journal.sqlite3"
RESTORE_NAME = "restore.partial"
"""There while a restore is under way; what lies beside it is of two minds."""


def refuse_half_restored(directory: Path) -> None:
    """Raises JournalError where a restore was cut short."""
    if (directory / RESTORE_NAME).exists():
        raise JournalError(f"a restore into this directory was cut short ({RESTORE_NAME} is there): run it again")


def commits_after(store: CommitStore | SqliteReader, snapshot: Snapshot | None) -> Iterator[Commit]:
    """What the journal holds beyond the snapshot, each commit checked against the chain.

    Raises JournalError, saying where, unless the snapshot's position lies on the journal's chain.
    """
    start = Position() if snapshot is None else snapshot.position
    base, last = store.base, store.last
    if base.lsn > start.lsn:
        held = "there is no snapshot" if snapshot is None else f"the newest snapshot ends at {start.lsn}"
        raise JournalError(f"the journal begins after commit {base.lsn}, and {held}: commits are missing")
    if last.lsn < start.lsn:
        raise JournalError(f"the journal ends at commit {last.lsn}, before the snapshot's {start.lsn}")
    for position in (base, last):
        if position.lsn == start.lsn:
            _check_meeting(position, start, start)
    # not from the first that is kept: a server may be truncating up to the snapshot at this moment
    for commit in store.read(start.lsn):
        if commit.position.lsn == start.lsn + 1:
            _check_meeting(commit.position, follow(start, commit.written), start)
        yield commit


def _check_meeting(found: Position, expected: Position, start: Position) -> None:
    if found != expected:
        what = "a journal from its beginning" if start.hash == GENESIS_HASH else "the snapshot"
        raise JournalError(f"the journal is of another chain than {what}: they differ at commit {start.lsn}")


@dataclass(slots=True)
class Tail:
    """Records after a snapshot, by partition, undecoded."""

    position: Position
    """The latest commit of it."""
    entries: dict[int, list[RawEntry]] = field(default_factory=dict)
    record_count: int = 0
    size_bytes: int = 0

    def of(self, partition: int) -> Iterator[Entry]:
        """The records of one partition, in the order written."""
        for entry in self.entries.get(partition, ()):
            yield Entry(entry.partition, entry.sequence, decode_raw(entry.raw))


def read_tail(store: CommitStore | SqliteReader, snapshot: Snapshot | None, *, size_bytes_max: int) -> Tail:
    """What follows the snapshot, until all is read or `size_bytes_max` is reached. Raises JournalError."""
    tail = Tail(Position() if snapshot is None else snapshot.position)
    for commit in commits_after(store, snapshot):
        for entry in partitions_of(commit.payload):
            tail.entries.setdefault(entry.partition, []).append(entry)
            tail.record_count += 1
        tail.position = commit.position
        tail.size_bytes += len(commit.payload)
        if tail.size_bytes >= size_bytes_max:
            break
    return tail


def fold_partitions(snapshot: Snapshot | None, tail: Tail, partitions: Sequence[int]) -> Iterator[tuple[int, State]]:
    """Each partition's state after the tail, one after the other. Raises JournalError."""
    for partition in partitions:
        state = State()
        if snapshot is not None:
            put_part(state, snapshot.read_part(partition))
        fold(state, tail.of(partition))
        yield partition, state
