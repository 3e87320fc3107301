"""Where a simulated life keeps its commits: in memory, or in SQLite on a disk that loses its power. Not a test."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "journal"))

from power_cut_vfs import Disk, PowerCutVfs

from geooffer.errors import JournalError
from geooffer.journal.commits import CommitStore
from geooffer.journal.memory import MemoryStore
from geooffer.journal.sqlite import SqliteStore

OPERATION_COUNT_MAX = 12
"""Disk operations that the commit in flight may still come to."""


class KeptInMemory:
    """What was appended is there after a crash."""

    def __init__(self) -> None:
        self.store: CommitStore = MemoryStore()

    def fail_soon(self, random: np.random.Generator) -> None:
        """A process that is killed does not lose what it wrote."""

    def reopen(self) -> CommitStore:
        return self.store

    def close(self) -> None:
        """Nothing to give back."""


class KeptOnDisk:
    """SQLite, with a disk that keeps for sure what was synced, and of the rest what it likes."""

    def __init__(self, seed: int, synchronous: str = "FULL") -> None:
        self._name, self._synchronous = f"simulation-{seed}-{synchronous}", synchronous
        self._disk = Disk(np.random.default_rng([seed, 9]))
        self._vfs = PowerCutVfs(self._name, self._disk)
        self.store: CommitStore = self._open()
        self.store.close()
        self._disk.sync_all()
        self.store = self._open()

    def _open(self) -> SqliteStore:
        return SqliteStore(
            Path("/journal.sqlite3"), synchronous=self._synchronous, vfs=self._name, laid_out_page_count=8
        )

    def fail_soon(self, random: np.random.Generator) -> None:
        """The power goes before one of the next operations."""
        self._disk.cut_at = self._disk.operation_count + int(random.integers(0, OPERATION_COUNT_MAX))

    def reopen(self) -> CommitStore:
        """The power comes back. Raises JournalError where the journal does not open."""
        self._disk.cut_at = self._disk.operation_count
        self._abandon()
        self._disk.cut_power()
        self.store = self._open()
        return self.store

    def close(self) -> None:
        self._abandon()
        self._vfs.unregister()

    def _abandon(self) -> None:
        try:
            self.store.close()
        except JournalError:
            return  # nothing that a process without power does reaches the disk
