"""From a state directory to a running engine: snapshot + journal, folded by the code that folded them live.

state_dir/
  snapshot-<lsn>/                the state at one commit (journal/snapshots.py)
  journal.sqlite3 (-wal, -shm)   commits since then, and for a moment some before
  decision.key                   makes decision ids; mode 0600
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from geooffer.engine.apply import fold
from geooffer.engine.parts import PARTITIONS, Part, put_parts
from geooffer.engine.state import State
from geooffer.errors import JournalError
from geooffer.journal.frames import decode_entries
from geooffer.journal.keyring import Keyring
from geooffer.journal.snapshots import Snapshot, newest_snapshot
from geooffer.journal.sqlite import SqliteStore
from geooffer.journal.synced_files import make_directory
from geooffer.journal.tail import JOURNAL_NAME, commits_after, refuse_half_restored

__all__ = ["JOURNAL_NAME", "OnProgress", "Recovered", "recover"]

PROGRESS_RECORD_COUNT = 20_000
OnProgress = Callable[[str], None]
"""Told what is being done, often; a sentence."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a directory held; the store is open and the caller's to close."""

    state: State
    store: SqliteStore
    record_count: int
    """Folded from the journal, on top of the snapshot."""
    size_bytes: int = 0
    """Of those records' commits."""
    snapshot_lsn: int = 0
    """The commit the snapshot ends with; 0 = there is none."""
    seconds: float = 0.0

    @property
    def person_count(self) -> int:
        """Persons in all partitions."""
        return len(self.state.people.person_slots)


def recover(
    directory: Path,
    on_progress: OnProgress = lambda text: None,
    *,
    is_restoring: bool = False,
    keyring: Keyring | None = None,
) -> Recovered:
    """Open `directory`, made where it does not exist. Raises JournalError where it cannot be trusted, saying where.

    `is_restoring`: the caller is the restore that is under way there. `keyring`: what is written is encrypted from now
    on; what is there is read, encrypted or not.
    """
    started_s = time.perf_counter()
    make_directory(directory)
    if not is_restoring:
        refuse_half_restored(directory)
    snapshot = newest_snapshot(directory, keyring)
    journal_path = directory / JOURNAL_NAME
    if snapshot is not None and not journal_path.exists():
        raise JournalError(f"{JOURNAL_NAME} is missing beside {snapshot.path.name}")
    store = SqliteStore(journal_path, keyring=keyring)
    try:
        with _quiet_collector():
            state = State()
            if snapshot is not None:
                put_parts(state, _told_parts(snapshot, on_progress), snapshot.counts)
            record_count, size_bytes = _fold_tail(state, store, snapshot, on_progress)
    except BaseException:
        store.close()
        raise
    lsn = 0 if snapshot is None else snapshot.position.lsn
    return Recovered(state, store, record_count, size_bytes, lsn, time.perf_counter() - started_s)


def _fold_tail(state: State, store: SqliteStore, snapshot: Snapshot | None, on_progress: OnProgress) -> tuple[int, int]:
    record_count = size_bytes = told_count = 0
    for commit in commits_after(store, snapshot):
        entries = decode_entries(commit.payload)
        fold(state, entries)
        record_count += len(entries)
        size_bytes += len(commit.payload)
        if record_count - told_count >= PROGRESS_RECORD_COUNT:
            told_count = record_count
            on_progress(f"recovering: {record_count:,} records, commit {commit.position.lsn} of {store.last.lsn}")
    return record_count, size_bytes


def _told_parts(snapshot: Snapshot, on_progress: OnProgress) -> Iterator[Part]:
    for number, part in enumerate(snapshot.read_parts(), start=1):
        on_progress(f"recovering: part {number} of {len(PARTITIONS)} of {snapshot.path.name}")
        yield part


@contextmanager
def _quiet_collector() -> Iterator[None]:
    """Millions of new objects, none of them garbage: looking for some meanwhile takes longer than making them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()  # they live as long as the process: compiling the catalog next must not walk them either
    finally:
        if was_enabled:
            gc.enable()
