"""From a state directory to a running engine: snapshot + journal, folded by the code that folded them live.

state_dir/
  journal.sqlite3 (-wal, -shm)   commits since the snapshot
  decision.key                   makes decision ids; mode 0600
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from geooffer.engine.apply import fold
from geooffer.engine.state import State
from geooffer.journal.frames import decode_entries
from geooffer.journal.sqlite import SqliteStore

JOURNAL_NAME = "journal.sqlite3"


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a directory held; the store is open and the caller's to close."""

    state: State
    store: SqliteStore
    record_count: int
    """Folded from the journal, on top of the snapshot."""


def recover(directory: Path) -> Recovered:
    """Open `directory`, made where it does not exist. Raises JournalError where it cannot be trusted, saying where."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = SqliteStore(directory / JOURNAL_NAME)
    state, record_count = State(), 0
    for commit in store.read():
        entries = decode_entries(commit.payload)
        record_count += len(entries)
        fold(state, entries)
    return Recovered(state, store, record_count)
