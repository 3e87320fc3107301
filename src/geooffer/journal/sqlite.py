"""Commits in SQLite, one row each: WAL, `synchronous=FULL`, one writer.

    header   key, value          schema, partition_count, base_lsn, base_hash
    commits  lsn, hash, payload  one row a group commit, chained by hash (journal/commits.py)

A row a commit and not a row a record: an UPSERT per change gives a tenth of the rate and 65 ms at p99 (measured
elsewhere on this design). The SQLite is the one inside apsw: what the standard library links may have the bug that
loses commits when a WAL is reset.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw

from geooffer.errors import JournalError
from geooffer.journal.commits import GENESIS_HASH, Commit, Position, checked, follow
from geooffer.model.limits import PARTITION_COUNT

SQLITE_VERSION_MIN = (3, 51, 3)
LAYOUT = 1
"""Of the tables; what is in a payload has a schema of its own (journal/frames.py)."""

_TABLES = """
CREATE TABLE header (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
CREATE TABLE commits (lsn INTEGER PRIMARY KEY, hash BLOB NOT NULL, payload BLOB NOT NULL) STRICT;
"""


class SqliteStore:
    """journal/commits.py: CommitStore in one file (with its -wal and -shm beside it)."""

    def __init__(self, path: Path, *, synchronous: str = "FULL", vfs: str | None = None) -> None:
        """Open or create. `synchronous`, `vfs`: for fault tests. Raises JournalError for a file that is no journal of
        ours, or whose latest commit does not follow."""
        version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
        if version < SQLITE_VERSION_MIN:
            raise JournalError(f"SQLite {apsw.sqlite_lib_version()} is too old: it may lose commits")
        self._fault: JournalError | None = None
        try:
            flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
            self._connection = apsw.Connection(str(path), flags=flags, vfs=vfs)
            self._set_up(synchronous)
            self._base = self._read_base()
            self._last = self._read_last()
        except apsw.Error as error:
            raise JournalError(f"the journal does not open: {type(error).__name__}") from error

    @property
    def base(self) -> Position:
        """The position before the first commit kept."""
        return self._base

    @property
    def last(self) -> Position:
        """The latest commit."""
        return self._last

    def append(self, payload: bytes, expected_lsn: int) -> Position:
        """One more commit: INSERT and fsync. Raises JournalError, then for ever."""
        if self._fault is not None:
            raise self._fault
        if expected_lsn != self._last.lsn:
            raise JournalError(f"the latest commit is {self._last.lsn}, the writer expected {expected_lsn}")
        position = follow(self._last, payload)
        try:
            self._connection.execute("INSERT INTO commits VALUES (?, ?, ?)", (position.lsn, position.hash, payload))
        except apsw.Error as error:
            self._fault = JournalError(f"commit {position.lsn} failed: {type(error).__name__}")
            raise self._fault from error
        self._last = position
        return position

    def read(self, after_lsn: int | None = None) -> Iterator[Commit]:
        """Commits after `after_lsn`, each checked against the chain."""
        previous = self._base
        try:
            for lsn, digest, payload in self._connection.execute("SELECT lsn, hash, payload FROM commits ORDER BY lsn"):
                commit = Commit(Position(lsn, digest), payload)
                previous = checked(previous, commit)
                if after_lsn is None or lsn > after_lsn:
                    yield commit
        except apsw.Error as error:
            raise JournalError(f"the journal is damaged after commit {previous.lsn}: {type(error).__name__}") from error

    def truncate(self, up_to: Position) -> None:
        """Delete commits up to this one."""
        if up_to != self._base and self._position_at(up_to.lsn) != up_to:
            raise JournalError(f"commit {up_to.lsn} of another chain cannot be truncated to")
        with self._connection:
            self._connection.execute("DELETE FROM commits WHERE lsn <= ?", (up_to.lsn,))
            self._put_base(up_to)
        self._base = up_to

    def close(self) -> None:
        """Close the file; the last connection folds the WAL into it."""
        self._connection.close()

    # -- inside ----------------------------------------------------------------------------------------------

    def _set_up(self, synchronous: str) -> None:
        execute = self._connection.execute
        self._connection.set_busy_timeout(5_000)
        if execute("PRAGMA journal_mode=WAL").get != "wal":
            raise JournalError("the file system does not allow a write-ahead log")
        execute(f"PRAGMA synchronous={synchronous}")
        execute("PRAGMA secure_delete=ON")
        execute("PRAGMA mmap_size=0")
        with self._connection:
            if not execute("SELECT count(*) FROM sqlite_schema").get:
                execute(_TABLES)
                execute("INSERT INTO header VALUES ('layout', ?), ('partition_count', ?)", (LAYOUT, PARTITION_COUNT))
                self._put_base(Position())
        if (layout := self._header("layout")) != LAYOUT:
            raise JournalError(f"journal layout {layout} is not {LAYOUT}")
        if (count := self._header("partition_count")) != PARTITION_COUNT:
            raise JournalError(f"the journal has {count} partitions, this program {PARTITION_COUNT}")

    def _header(self, key: str) -> object:
        return self._connection.execute("SELECT value FROM header WHERE key = ?", (key,)).get

    def _put_base(self, base: Position) -> None:
        execute = self._connection.execute
        execute("INSERT OR REPLACE INTO header VALUES ('base_lsn', ?), ('base_hash', ?)", (base.lsn, base.hash))

    def _read_base(self) -> Position:
        lsn, digest = self._header("base_lsn"), self._header("base_hash")
        if not isinstance(lsn, int) or not isinstance(digest, bytes) or len(digest) != len(GENESIS_HASH):
            raise JournalError("the journal's header is damaged")
        return Position(lsn, digest)

    def _read_last(self) -> Position:
        row = self._connection.execute("SELECT lsn, hash FROM commits ORDER BY lsn DESC LIMIT 1").get
        return self._base if row is None else Position(*row)

    def _position_at(self, lsn: int) -> Position | None:
        row = self._connection.execute("SELECT lsn, hash FROM commits WHERE lsn = ?", (lsn,)).get
        return None if row is None else Position(*row)
