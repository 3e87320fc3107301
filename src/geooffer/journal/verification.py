"""Is a state directory sound? Everything in it is read, checked and folded, a partition at a time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from geooffer.engine.parts import PARTITIONS
from geooffer.engine.state import digest
from geooffer.errors import JournalError
from geooffer.journal.commits import Position
from geooffer.journal.decision_key import fault_of_key
from geooffer.journal.keyring import Keyring
from geooffer.journal.snapshots import newest_snapshot
from geooffer.journal.sqlite import SqliteReader
from geooffer.journal.tail import JOURNAL_NAME, fold_partitions, read_tail, refuse_half_restored
from geooffer.model.tables import NEVER_MS


@dataclass(frozen=True, slots=True)
class Verified:
    """A sound directory."""

    position: Position
    snapshot_lsn: int
    """0 = there is no snapshot."""
    record_count: int
    """In the journal after the snapshot."""
    person_count: int
    latest_ms: int
    """When the latest of what carries the service's time was recorded; NEVER_MS = nothing does."""
    seconds: float
    key_id: str = ""
    """Of the key the snapshot is encrypted under; '' = there is none, or it is not encrypted."""
    digests: dict[int, str] = field(default_factory=dict)
    """By partition, −1 = the catalog; equal for equal states, whoever folded them (engine/state.py)."""


def verify_state(
    directory: Path,
    *,
    with_digests: bool = False,
    keyring: Keyring | None = None,
    on_partition: Callable[[int], None] = lambda partition: None,
) -> Verified:
    """Read, check and fold all; also beside a running server. Raises JournalError, saying where it is not sound.

    `with_digests` takes some minutes a million persons; `on_partition` is told of each before it is folded.
    """
    started_s = time.perf_counter()
    refuse_half_restored(directory)
    snapshot = newest_snapshot(directory, keyring)
    if not (directory / JOURNAL_NAME).exists():
        raise JournalError(f"{JOURNAL_NAME} is missing")
    reader = SqliteReader(directory / JOURNAL_NAME, keyring=keyring)
    try:
        reader.check_file()
        tail = read_tail(reader, snapshot, size_bytes_max=sys.maxsize)
    finally:
        reader.close()
    person_count, latest_ms, digests = 0, NEVER_MS, {}
    states = fold_partitions(snapshot, tail, PARTITIONS)
    for expected in PARTITIONS:
        on_partition(expected)
        try:
            partition, state = next(states)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise JournalError(f"the records of partition {expected} do not fold ({type(error).__name__})") from error
        person_count += len(state.people.person_slots)
        latest_ms = max(latest_ms, state.latest_ms)
        if with_digests:
            digests[partition] = digest(state, partition)
    if fault := fault_of_key(directory, tail.position.lsn):
        raise JournalError(fault)
    lsn = 0 if snapshot is None else snapshot.position.lsn
    seconds = time.perf_counter() - started_s
    key_id = "" if snapshot is None else snapshot.key_id
    return Verified(tail.position, lsn, tail.record_count, person_count, latest_ms, seconds, key_id, digests)
