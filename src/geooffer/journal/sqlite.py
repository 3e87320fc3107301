"""Commits in SQLite, one row each: WAL, `synchronous=FULL`, one writer (journal/sqlite_file.py: the tables).

A row a commit and not a row a record: an UPSERT per change gives a tenth of the rate and 65 ms at p99 (measured
elsewhere on this design).

The write-ahead log is folded into the file between commits, by the writer: when nobody waits, or when the log has
reached its bound. Truncation goes in steps, so that a commit waits for one step at most.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw

from geooffer.errors import JournalError
from geooffer.journal import sqlite_file
from geooffer.journal.commits import Commit, Position, follow
from geooffer.journal.keyring import CommitSealer, Keyring
from geooffer.journal.sqlite_file import BUSY_TIMEOUT_MS, DAMAGE
from geooffer.journal.sqlite_log import check_log, lay_out
from geooffer.journal.synced_files import FILE_MODE

LOG_PAGE_COUNT_MAX = 1_024
"""4 MiB: then the log is folded in even while commits wait."""
LAID_OUT_PAGE_COUNT = LOG_PAGE_COUNT_MAX + 64
"""The bound, and the commit that reaches it."""
TRUNCATE_STEP_SIZE_BYTES = 256 * 1024
"""Payloads deleted at once."""
TRUNCATE_STEP_COMMIT_COUNT = 64
CACHE_SIZE_KIB = 65_536

_APPEND = """INSERT INTO commits SELECT ?, ?, ?
WHERE coalesce((SELECT max(lsn) FROM commits), (SELECT value FROM header WHERE key = 'base_lsn')) = ?"""


class SqliteStore:
    """journal/commits.py: CommitStore in one file (with its -wal and -shm beside it); the only writer."""

    def __init__(
        self,
        path: Path,
        *,
        synchronous: str = "FULL",
        vfs: str | None = None,
        laid_out_page_count: int = LAID_OUT_PAGE_COUNT,
        keyring: Keyring | None = None,
    ) -> None:
        """Open or create. `keyring`: what is appended is encrypted. All others are for fault tests; a VFS is used
        without shared memory, so by nobody else. Raises JournalError, saying where, for a file that is no journal of
        ours or is damaged.
        """
        sqlite_file.check_library()
        self._path = path
        self._keyring = keyring
        self._sealer = None if keyring is None else CommitSealer(keyring)
        self._vfs = vfs
        self._laid_out_page_count = laid_out_page_count
        self._fault: JournalError | None = None
        self._log_page_count = 0
        self._folded_page_count = 0
        """Of all pages written so far."""
        self._lock = threading.Lock()
        """A connection is used by one thread at a time; SQLite's reaction to two is an error."""
        self._next_fold_page_count = LOG_PAGE_COUNT_MAX
        self._has_remains = False
        """The log holds copies of what was truncated."""
        if vfs is None:
            self._prepare_files()
        flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if vfs else 0)
        with sqlite_file.opening(path, flags=flags, vfs=vfs) as self._connection:
            self._set_up(synchronous)
            self._base = sqlite_file.read_base(self._connection)
            self._last = sqlite_file.read_last(self._connection)

    @property
    def base(self) -> Position:
        """The position before the first commit kept."""
        return self._base

    @property
    def last(self) -> Position:
        """The latest commit."""
        return self._last

    @property
    def log_page_count(self) -> int:
        """Pages written to the log since it was last folded into the file."""
        return self._log_page_count

    def append(self, payload: bytes, expected_lsn: int) -> Position:
        """One more commit: INSERT and fsync. Raises JournalError; for good, unless the argument alone was wrong."""
        if self._fault is not None:
            raise self._fault
        if expected_lsn != self._last.lsn:
            raise JournalError(f"the latest commit is {self._last.lsn}, the writer expected {expected_lsn}")
        if self._sealer is not None:
            payload = self._sealer.seal(self._last, payload)
        position = follow(self._last, payload)
        with self._lock:
            try:
                self._connection.execute(_APPEND, (position.lsn, position.hash, payload, expected_lsn))
            except DAMAGE as error:
                raise self._fail(f"commit {position.lsn} failed: {type(error).__name__}") from error
            if self._connection.changes() != 1:
                raise self._fail(f"commit {position.lsn} is not the next one: another process has written the journal")
            self._count_log_pages()
        self._last = position
        return position

    def read(self, after_lsn: int | None = None) -> Iterator[Commit]:
        """Commits after `after_lsn`, each checked against the chain."""
        return sqlite_file.read_commits(self._connection, after_lsn, self._lock, self._keyring)

    def truncate(self, up_to: Position) -> None:
        """Delete commits up to this one, all steps at once."""
        while not self.truncate_step(up_to):
            pass

    def truncate_step(self, up_to: Position) -> bool:
        """Delete some of the commits up to this one, as many as take a few milliseconds; True when all are gone."""
        if self._fault is not None:
            raise self._fault
        if up_to == self._base:
            return True
        with self._lock:
            try:
                if sqlite_file.position_at(self._connection, up_to.lsn) != up_to:
                    raise JournalError(f"commit {up_to.lsn} of another chain cannot be truncated to")
                base = self._step_end(up_to)
                with self._connection:
                    self._connection.execute("DELETE FROM commits WHERE lsn <= ?", (base.lsn,))
                    sqlite_file.put_base(self._connection, base)
                self._count_log_pages()
            except DAMAGE as error:
                raise self._fail(f"truncation up to commit {up_to.lsn} failed: {type(error).__name__}") from error
        self._base = base
        self._has_remains = True
        return base == up_to

    @property
    def is_tidy(self) -> bool:
        """Nothing is left to do when there is time."""
        return self._log_page_count == 0 and not self._has_remains

    @property
    def has_remains(self) -> bool:
        """Bytes of truncated commits may still stand in the write-ahead log; `tidy` with `idle` wipes them."""
        return self._has_remains

    def tidy(self, *, idle: bool) -> None:
        """Fold the write-ahead log into the file: if `idle`, or it has reached its bound. Between commits only."""
        page_count = self._log_page_count
        if self._fault is not None or self.is_tidy or (not idle and page_count < self._next_fold_page_count):
            return
        wipes = idle and self._has_remains
        mode = apsw.SQLITE_CHECKPOINT_TRUNCATE if wipes else apsw.SQLITE_CHECKPOINT_PASSIVE
        with self._lock:
            try:
                self._connection.set_busy_timeout(0)
                written_count, folded_count = self._connection.wal_checkpoint(mode=mode)
            except (apsw.BusyError, apsw.LockedError):
                return  # somebody reads at this moment: the next gap will do
            except DAMAGE as error:
                raise self._fail(f"folding in the log failed: {type(error).__name__}") from error
            finally:
                self._connection.set_busy_timeout(BUSY_TIMEOUT_MS)
            if wipes:
                self._has_remains = False
                self._lay_out_log()
        if folded_count >= written_count:
            self._folded_page_count += page_count
            self._log_page_count, self._next_fold_page_count = 0, LOG_PAGE_COUNT_MAX
        else:  # a reader holds the rest: not again with every commit
            self._next_fold_page_count = page_count + LOG_PAGE_COUNT_MAX

    def close(self) -> None:
        """Close the file; the last connection folds the log into it, unless the store has failed: then nothing more
        is written. Raises JournalError where that fails; no commit is lost by it.
        """
        try:
            if self._fault is not None:
                self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            self._connection.close()
        except DAMAGE as error:
            raise JournalError(f"the journal did not close in order: {type(error).__name__}") from error

    # -- inside ----------------------------------------------------------------------------------------------

    def _prepare_files(self) -> None:
        """Make the file where it is missing, and all of them the owner's alone."""
        try:
            if not self._path.exists():
                sqlite_file.make_file(self._path)
            for suffix in ("", "-wal", "-shm"):
                file = Path(f"{self._path}{suffix}")
                if file.exists():
                    file.chmod(FILE_MODE)
        except (OSError, apsw.Error) as error:
            raise JournalError(f"the journal cannot be made: {type(error).__name__}") from error

    def _set_up(self, synchronous: str) -> None:
        connection, execute = self._connection, self._connection.execute
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        if self._vfs is not None:
            execute("PRAGMA locking_mode=EXCLUSIVE")
            if not execute("SELECT count(*) FROM sqlite_schema").get:
                sqlite_file.set_up(connection)
        sqlite_file.check_identity(connection)
        frame_count, _ = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
        last_lsn = sqlite_file.read_last(connection).lsn
        check_log(self._path, self._vfs, max(0, frame_count), execute("PRAGMA page_size").get, last_lsn)
        found = execute("PRAGMA quick_check(1)").get
        if found != "ok":
            raise JournalError(f"the journal's file is damaged {self._damaged_place()}")
        execute(f"PRAGMA synchronous={synchronous}")
        execute("PRAGMA secure_delete=ON")
        execute("PRAGMA mmap_size=0")
        # a commit goes to the log whole and in the order of its pages: sqlite_log.py relies on it
        execute("PRAGMA cache_spill=OFF")
        execute(f"PRAGMA cache_size=-{CACHE_SIZE_KIB}")
        connection.wal_autocheckpoint(0)
        # what a power cut left behind the last commit must not lie behind new ones
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        self._count_log_pages()
        self._folded_page_count, self._log_page_count = self._log_page_count, 0
        self._lay_out_log()

    def _lay_out_log(self) -> None:
        """After the log was cut to nothing."""
        try:
            lay_out(self._path, self._vfs, self._laid_out_page_count, self._connection.pragma("page_size"))
        except (OSError, *DAMAGE) as error:
            raise self._fail(f"laying out the log failed: {type(error).__name__}") from error

    def _count_log_pages(self) -> None:
        """SQLite counts what it writes; a hook of the log would need Python's lock once more within each commit, which
        is 5 ms of waiting beside a busy thread (measured).
        """
        self._log_page_count = self._connection.status(apsw.SQLITE_DBSTATUS_CACHE_WRITE)[0] - self._folded_page_count

    def _damaged_place(self) -> str:
        """Where reading stops, for the error's text."""
        latest = "in its header"
        try:
            latest = f"after commit {sqlite_file.read_base(self._connection).lsn}"
            for commit in self.read():
                latest = f"after commit {commit.position.lsn}"
        except (JournalError, *DAMAGE):
            return latest
        return "outside its commits"

    def _step_end(self, up_to: Position) -> Position:
        statement = "SELECT lsn, hash, length(payload) FROM commits WHERE lsn <= ? ORDER BY lsn LIMIT ?"
        rows: list[tuple[Any, ...]] = self._connection.execute(
            statement, (up_to.lsn, TRUNCATE_STEP_COMMIT_COUNT)
        ).fetchall()
        end, size_bytes = up_to, 0
        for lsn, digest, payload_size_bytes in rows:
            end, size_bytes = Position(lsn, digest), size_bytes + payload_size_bytes
            if size_bytes >= TRUNCATE_STEP_SIZE_BYTES:
                break
        return end

    def _fail(self, text: str) -> JournalError:
        self._fault = JournalError(text)
        return self._fault


class SqliteReader:
    """The same commits for another connection or process, while the store writes them; it changes nothing."""

    def __init__(self, path: Path, *, keyring: Keyring | None = None) -> None:
        """Open. Without `keyring` payloads are what was written, encrypted or not. Raises JournalError for a file that
        is missing or is no journal of ours.
        """
        sqlite_file.check_library()
        self._keyring = keyring
        self._path = path
        with sqlite_file.opening(path, flags=apsw.SQLITE_OPEN_READONLY) as self._connection:
            self._connection.set_busy_timeout(BUSY_TIMEOUT_MS)
            sqlite_file.check_identity(self._connection)
            sqlite_file.read_base(self._connection)

    @property
    def base(self) -> Position:
        """The position before the first commit kept, as of now."""
        return sqlite_file.read_base(self._connection)

    @property
    def last(self) -> Position:
        """The latest commit, as of now."""
        return sqlite_file.read_last(self._connection)

    def read(self, after_lsn: int | None = None) -> Iterator[Commit]:
        """Commits after `after_lsn`, also those that come meanwhile; each checked against the chain."""
        return sqlite_file.read_commits(self._connection, after_lsn, keyring=self._keyring)

    def check_file(self) -> None:
        """Check what `read` does not touch: the file's structure, and the log behind the commits that are read.

        Raises JournalError; a server may write meanwhile.
        """
        frame_count = -1
        try:
            found = self._connection.execute("PRAGMA quick_check(1)").get
            if found != "ok":
                raise JournalError("the journal's file is damaged: its pages do not fit together")
            while True:
                last_lsn = sqlite_file.read_last(self._connection).lsn  # a new look at the log
                latest_count = self._log_frame_count()
                page_size: Any = self._connection.execute("PRAGMA page_size").get
                try:
                    check_log(self._path, None, max(0, latest_count), page_size, last_lsn)
                    return
                except JournalError:
                    if latest_count == frame_count:
                        raise  # twice the same: no commit came while the log was looked at
                    frame_count = latest_count
        except DAMAGE as error:
            raise JournalError(f"the journal's file is damaged: {type(error).__name__}") from error

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _log_frame_count(self) -> int:
        """Frames of the log that SQLite takes.

        It reads the log's header without a lock; where a commit changes it just then it wants the writer's lock once,
        and alone of all that reads does not wait for it: that is no damage.
        """
        end_s = time.monotonic() + BUSY_TIMEOUT_MS / 1_000
        while True:
            try:
                return self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)[0]
            except apsw.BusyError as error:
                if time.monotonic() >= end_s:
                    raise JournalError("the journal's file is in use: its log could not be looked at") from error
                time.sleep(0.001)
