"""The journal's SQLite file: how it is made, opened, recognised and read. journal/sqlite.py appends to it.

    header   key, value          layout, partition_count, base_lsn, base_hash, seal
    commits  lsn, hash, payload  one row a group commit, chained by hash (journal/commits.py)

`seal` is a hash over the rest of the header, which nothing else covers. What SQLite is used is that inside apsw: the
one the standard library links may have the bug that loses commits when a write-ahead log is reset.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import apsw

from geooffer.errors import JournalError
from geooffer.journal.commits import GENESIS_HASH, HASH_SIZE_BYTES, Commit, Position, checked
from geooffer.journal.keyring import Keyring, is_sealed
from geooffer.journal.synced_files import FILE_MODE, sync_directory
from geooffer.model.limits import PARTITION_COUNT

SQLITE_VERSION_MIN = (3, 51, 3)
LAYOUT = 1
"""Of the tables; what is in a payload has a schema of its own (journal/frames.py)."""
APPLICATION_ID = 0x67656F6A
"""`geoj`, in the file's header: what tools like file(1) tell a database by."""
BUSY_TIMEOUT_MS = 5_000
READ_COMMIT_COUNT = 32
"""Commits read by one statement: an open one would keep the write-ahead log from being reset."""

_TABLES = (
    "CREATE TABLE commits (lsn INTEGER PRIMARY KEY, hash BLOB NOT NULL, payload BLOB NOT NULL) STRICT",
    "CREATE TABLE header (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID",
)
_NO_LOCK = nullcontext()
DAMAGE = (apsw.Error, MemoryError, OverflowError, UnicodeDecodeError)
"""What reading a damaged file raises."""


def check_library() -> None:
    """Raise JournalError for a SQLite that may lose commits."""
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < SQLITE_VERSION_MIN:
        raise JournalError(f"SQLite {apsw.sqlite_lib_version()} is too old: it may lose commits")


def make_file(path: Path) -> None:
    """Make an empty journal, whole or not at all: under another name, synced, then renamed.

    So a file of that name that is no journal never is one in the making.
    """
    if Path(f"{path}-wal").exists():
        raise JournalError("the journal is gone, only its write-ahead log is there")
    draft = path.with_name(path.name + ".new")
    for leftover in (draft, Path(f"{draft}-wal"), Path(f"{draft}-shm"), Path(f"{draft}-journal")):
        leftover.unlink(missing_ok=True)
    # SQLite gives its log the rights of the file, so these are set before it sees it
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))
    connection = apsw.Connection(str(draft), flags=apsw.SQLITE_OPEN_READWRITE)
    set_up(connection)
    connection.close()
    draft.replace(path)
    sync_directory(path.parent)


@contextmanager
def opening(path: Path, *, flags: int, vfs: str | None = None) -> Iterator[apsw.Connection]:
    """A connection, to be checked inside the block: whatever is found raises JournalError, and it is closed, unwritten.
    It stays open after a block without an error.
    """
    try:
        connection = apsw.Connection(str(path), flags=flags, vfs=vfs)
    except DAMAGE as error:
        raise JournalError(f"the journal does not open: {type(error).__name__}") from error
    try:
        yield connection
    except DAMAGE as error:
        drop(connection)
        raise JournalError(f"the journal does not open: {type(error).__name__}") from error
    except JournalError:
        drop(connection)
        raise


def set_up(connection: apsw.Connection) -> None:
    """Make the tables of an empty journal."""
    execute = connection.execute
    if execute("PRAGMA journal_mode=WAL").get != "wal":
        raise JournalError("the file system does not allow a write-ahead log")
    execute("PRAGMA synchronous=FULL")
    with connection:
        execute(f"PRAGMA application_id={APPLICATION_ID}")
        for table in _TABLES:
            execute(table)
        execute("INSERT INTO header VALUES ('layout', ?), ('partition_count', ?)", (LAYOUT, PARTITION_COUNT))
        put_base(connection, Position())


def put_base(connection: apsw.Connection, base: Position) -> None:
    """Write the position before the first commit kept, inside the caller's transaction."""
    connection.execute(
        "INSERT OR REPLACE INTO header VALUES ('base_lsn', ?), ('base_hash', ?), ('seal', ?)",
        (base.lsn, base.hash, _seal(LAYOUT, PARTITION_COUNT, base)),
    )


def check_identity(connection: apsw.Connection) -> None:
    """Raise JournalError where the file is no journal, or one this program does not understand."""
    found = connection.execute("PRAGMA application_id").get
    if found != APPLICATION_ID:
        raise JournalError(f"the file is not a geooffer journal: its application id is {found}")
    layout = _header(connection, "layout")
    if isinstance(layout, int) and layout > LAYOUT:
        raise JournalError(
            f"the journal has layout {layout}, this program knows {LAYOUT}: it was written by a newer one"
        )
    tables = connection.execute("SELECT sql FROM sqlite_schema ORDER BY sql").fetchall()
    if layout != LAYOUT or tables != [(table,) for table in _TABLES]:
        raise JournalError("the journal's tables are damaged")
    if connection.execute("PRAGMA journal_mode").get != "wal":
        raise JournalError("the journal's file header is damaged: it has no write-ahead log")


def drop(connection: apsw.Connection) -> None:
    """Close after an error, and write nothing more."""
    with suppress(*DAMAGE):  # the error that led here is the one to tell
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.close(force=True)


def read_base(connection: apsw.Connection) -> Position:
    """The position before the first commit kept."""
    # in one statement: between two the writer may truncate
    rows: Any = connection.execute("SELECT key, value FROM header").fetchall()
    held: dict[str, Any] = dict(rows)
    layout, partition_count, lsn = held.get("layout"), held.get("partition_count"), held.get("base_lsn")
    if isinstance(layout, int) and isinstance(partition_count, int) and isinstance(lsn, int) and lsn >= 0:
        base = _position(lsn, held.get("base_hash"))
        sound = lsn > 0 or base.hash == GENESIS_HASH
        if sound and held.get("seal") == _seal(layout, partition_count, base):
            if partition_count != PARTITION_COUNT:
                raise JournalError(f"the journal has {partition_count} partitions, this program {PARTITION_COUNT}")
            return base
    raise JournalError("the journal's header is damaged")


def read_last(connection: apsw.Connection) -> Position:
    """The latest commit, or the base."""
    row = connection.execute("SELECT lsn, hash FROM commits ORDER BY lsn DESC LIMIT 1").get
    return read_base(connection) if row is None else _position(*row)


def position_at(connection: apsw.Connection, lsn: int) -> Position | None:
    """The position of a commit that is kept, or the base's."""
    row = connection.execute("SELECT lsn, hash FROM commits WHERE lsn = ?", (lsn,)).get
    if row is not None:
        return _position(*row)
    base = read_base(connection)
    return base if base.lsn == lsn else None


def read_commits(
    connection: apsw.Connection,
    after_lsn: int | None,
    lock: AbstractContextManager[object] = _NO_LOCK,
    keyring: Keyring | None = None,
) -> Iterator[Commit]:
    """Commits after `after_lsn` (default: all), each checked against the chain. Raises JournalError, saying where.

    No statement is left open between two commits, and `lock` is not held: a slow reader holds up nobody. Without
    `keyring` payloads are what was written.
    """
    place, was_sealed = "in its header", False
    try:
        with lock:
            previous, rows = _start(connection, after_lsn)
        while rows:
            for lsn, digest, payload in rows:
                place = f"after commit {previous.lsn}"
                if not isinstance(payload, bytes):
                    raise JournalError(f"the journal is damaged {place}: a commit holds no bytes")
                commit = Commit(_position(lsn, digest), payload)
                before, previous = previous, checked(previous, commit)
                if keyring is not None and (is_sealed(payload) or was_sealed):
                    commit = _opened(keyring, before, commit)
                    was_sealed = True
                yield commit
            place = f"after commit {previous.lsn}"
            with lock:
                rows = _rows(connection, previous.lsn)
    except DAMAGE as error:
        raise JournalError(f"the journal is damaged {place}: {type(error).__name__}") from error


def _opened(keyring: Keyring, before: Position, commit: Commit) -> Commit:
    """A commit decrypted. After one that is encrypted there is none that is not: it would be somebody else's."""
    try:
        if not is_sealed(commit.payload):
            raise JournalError("it is not encrypted, and those before are")
        return Commit(commit.position, keyring.open_commit(before, commit.payload), commit.payload)
    except JournalError as error:
        raise JournalError(f"commit {commit.position.lsn} of the journal: {error.message}") from error


def _start(connection: apsw.Connection, after_lsn: int | None) -> tuple[Position, list[tuple[Any, ...]]]:
    """Where to start and the first rows, of one moment. No transaction: on the writer's connection a commit of
    another thread would be part of it, and not durable when it says so.
    """
    while True:
        start = read_base(connection) if after_lsn is None else position_at(connection, after_lsn)
        if start is None:
            raise JournalError(f"commit {after_lsn} is not in the journal")
        rows = _rows(connection, start.lsn)
        if position_at(connection, start.lsn) == start:
            return start, rows  # else it was truncated in between


def _rows(connection: apsw.Connection, after_lsn: int) -> list[tuple[Any, ...]]:
    statement = "SELECT lsn, hash, payload FROM commits WHERE lsn > ? ORDER BY lsn LIMIT ?"
    return connection.execute(statement, (after_lsn, READ_COMMIT_COUNT)).fetchall()


def _position(lsn: object, digest: object) -> Position:
    if not isinstance(lsn, int) or not isinstance(digest, bytes) or len(digest) != HASH_SIZE_BYTES:
        raise JournalError(f"the journal is damaged at commit {lsn}: it has no hash")
    return Position(lsn, digest)


def _header(connection: apsw.Connection, key: str) -> object:
    return connection.execute("SELECT value FROM header WHERE key = ?", (key,)).get


def _seal(layout: int, partition_count: int, base: Position) -> bytes:
    hasher = hashlib.blake2b(digest_size=HASH_SIZE_BYTES, person=b"geooffer.header")
    for number in (layout, partition_count, base.lsn):
        hasher.update(number.to_bytes(8, "little"))
    hasher.update(base.hash)
    return hasher.digest()
