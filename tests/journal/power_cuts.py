"""One life of a journal on a disk that loses its power: `run_seed` plays it and says what was lost.

The store appends, folds in its log, truncates and is opened again, until the power goes before a random operation of
the disk; then it is opened on what is left, and lives on. What `append` and `truncate` acknowledged has to be there.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from power_cut_vfs import Disk, PowerCutVfs

from geooffer.errors import JournalError
from geooffer.journal.commits import Commit, Position, follow
from geooffer.journal.sqlite import SqliteStore

CUT_COUNT_MAX = 3
ACTION_COUNT_MAX = 40
OPERATION_COUNT_MAX = 120


@dataclass(slots=True)
class Verdict:
    """What a seed showed, over all its power cuts."""

    seed: int
    acknowledged_count: int = 0
    """Commits."""
    cut_count: int = 0
    lost_count: int = 0
    """Commits that were acknowledged and are gone."""
    corruptions: list[str] = field(default_factory=list)
    """What else was not as written; a journal that does not open any more is one."""

    @property
    def is_sound(self) -> bool:
        """Nothing was lost and nothing was wrong."""
        return not self.lost_count and not self.corruptions


@dataclass(slots=True)
class _Known:
    """What the writer was told."""

    base: Position = field(default_factory=Position)
    commits: list[Commit] = field(default_factory=list)
    in_flight: bytes | None = None
    """Appended, and not acknowledged."""
    truncating_to: Position | None = None

    @property
    def last(self) -> Position:
        return self.commits[-1].position if self.commits else self.base


class _Life:
    def __init__(self, seed: int, synchronous: str) -> None:
        self._name = f"power-cut-{seed}-{synchronous}"
        self._synchronous = synchronous
        self._generator = np.random.default_rng(seed)
        self.disk = Disk(self._generator)
        self.known = _Known()
        self.verdict = Verdict(seed)

    def play(self) -> Verdict:
        vfs = PowerCutVfs(self._name, self.disk)
        try:
            self._open().close()  # made aside and renamed on a real disk: here it is simply there
            self.disk.sync_all()
            for _ in range(1 + int(self._generator.integers(CUT_COUNT_MAX))):
                self._live_until_cut()
                self.disk.cut_at = self.disk.operation_count
                self.disk.cut_power()
                self.verdict.cut_count += 1
                if not self._survives():
                    break
        finally:
            vfs.unregister()
        return self.verdict

    def _open(self) -> SqliteStore:
        return SqliteStore(
            Path("/journal.sqlite3"), synchronous=self._synchronous, vfs=self._name, laid_out_page_count=8
        )

    def _live_until_cut(self) -> None:
        self.disk.cut_at = self.disk.operation_count + int(self._generator.integers(1, OPERATION_COUNT_MAX))
        store = None
        try:
            store = self._open()
            for _ in range(ACTION_COUNT_MAX):
                store = self._act(store)
        except JournalError:
            if not self.disk.is_off:
                raise
        finally:
            _abandon(store)

    def _act(self, store: SqliteStore) -> SqliteStore:
        known, draw = self.known, self._generator.random()
        if draw < 0.75:
            size_bytes = int(self._generator.choice([0, 40, 300, 3_000, 9_000, 30_000]))
            known.in_flight = self._generator.bytes(size_bytes)
            position = store.append(known.in_flight, known.last.lsn)
            known.commits.append(Commit(position, known.in_flight))
            known.in_flight = None
            self.verdict.acknowledged_count += 1
        elif draw < 0.87:
            store.tidy(idle=True)
        elif draw < 0.95 and known.commits:
            known.truncating_to = known.commits[int(self._generator.integers(len(known.commits)))].position
            store.truncate(known.truncating_to)
            known.commits = [c for c in known.commits if c.position.lsn > known.truncating_to.lsn]
            known.base, known.truncating_to = known.truncating_to, None
        elif draw > 0.97:
            store.close()
            store = self._open()
        return store

    def _survives(self) -> bool:
        """Open what is left and compare; from then on that is what is known."""
        known, verdict = self.known, self.verdict
        store = None
        try:
            store = self._open()
            found, base = list(store.read()), store.base
        except JournalError as error:
            verdict.corruptions.append(error.message)
            return False
        finally:
            _abandon(store)
        end = known.truncating_to or known.base
        if not known.base.lsn <= base.lsn <= end.lsn:
            verdict.corruptions.append(f"base {base.lsn}, not {known.base.lsn}..{end.lsn}")
        expected = [commit for commit in known.commits if commit.position.lsn > base.lsn]
        if known.in_flight is not None and len(found) == len(expected) + 1:
            expected.append(Commit(follow(known.last, known.in_flight), known.in_flight))
        verdict.lost_count += max(0, len(expected) - len(found))
        if found != expected[: len(found)]:
            verdict.corruptions.append("commits that were never written")
        self.known = _Known(base, found)
        return not verdict.corruptions


def _abandon(store: SqliteStore | None) -> None:
    """The process is gone; closing on a disk without power changes nothing."""
    if store is not None:
        with suppress(JournalError):
            store.close()


def run_seed(seed: int, synchronous: str = "FULL") -> Verdict:
    """One life. Deterministic but for SQLite's own salts."""
    return _Life(seed, synchronous).play()
