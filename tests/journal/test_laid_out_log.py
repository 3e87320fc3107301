"""The write-ahead log is filled with zeros when it is empty, so that commits need not grow it."""

from __future__ import annotations

import errno
import mmap
import os
import subprocess
import sys
import threading
from pathlib import Path

import apsw
import pytest

from geooffer.errors import JournalError
from geooffer.journal import sqlite
from geooffer.journal.sqlite import LAID_OUT_PAGE_COUNT, SqliteReader, SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


def fast(path: Path) -> SqliteStore:
    """Unsynced: these tests cut no power."""
    return SqliteStore(path, synchronous="OFF")


def test_commits_overwrite_the_log_that_was_laid_out(path: Path) -> None:
    """What grows waits for the file system's journal, so for all that other processes write."""
    store = fast(path)
    log = Path(f"{path}-wal")
    assert log.read_bytes() == bytes(32 + LAID_OUT_PAGE_COUNT * 4_120)
    for lsn in range(300):
        store.append(bytes(3_000), lsn)
        store.tidy(idle=lsn % 50 == 0)
        assert log.stat().st_size == 32 + LAID_OUT_PAGE_COUNT * 4_120
    store.truncate(store.last)
    store.tidy(idle=True)
    assert not store.has_remains
    assert log.read_bytes() == bytes(32 + LAID_OUT_PAGE_COUNT * 4_120)
    store.close()


def test_a_full_disk_gets_back_the_room_of_a_log_that_cannot_be_laid_out(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file it is folded into wants it more."""
    write, room_bytes = os.write, [1_500_000]

    def full(descriptor: int, data: bytes) -> int:
        if not room_bytes[0]:
            raise OSError(errno.ENOSPC, "of a test")
        written = write(descriptor, data[: room_bytes[0]])
        room_bytes[0] -= written
        return written

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        store = fast(path)
    assert room_bytes == [0]
    assert Path(f"{path}-wal").stat().st_size == 0
    for lsn in range(3):
        store.append(b"kept", lsn)
    assert [commit.payload for commit in store.read()] == [b"kept"] * 3
    store.close()


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_log_that_is_not_laid_out_for_another_reason_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    fast(path).close()
    error = errno.EIO if call == "write" else errno.ENOSPC  # what a sync did not get to the disk is not known

    def broken(*_: object) -> int:
        raise OSError(error, "of a test")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, broken)
        with pytest.raises(JournalError, match="laying out the log failed: OSError"):
            fast(path)


LOOKER = """
import sys, time
from pathlib import Path
from geooffer.journal.sqlite import SqliteReader
end_s = time.monotonic() + float(sys.argv[2])
count = 0
while time.monotonic() < end_s:
    reader = SqliteReader(Path(sys.argv[1]))
    reader.check_file()
    reader.base
    list(reader.read())
    reader.close()
    count += 1
print(count)
"""


@pytest.mark.parametrize("seconds", [1.5, pytest.param(30.0, marks=pytest.mark.long)])
def test_a_reader_finds_no_fault_while_the_log_is_emptied_and_laid_out(path: Path, seconds: float) -> None:
    store = fast(path)
    looker = subprocess.Popen([sys.executable, "-c", LOOKER, str(path), str(seconds)], stdout=subprocess.PIPE)
    while looker.poll() is None:
        for _ in range(10):
            store.append(os.urandom(500), store.last.lsn)
            store.tidy(idle=False)
        store.truncate(store.last)
        for _ in range(30):
            store.tidy(idle=True)
            if not store.has_remains:
                break
    store.close()
    looked_count, _ = looker.communicate()
    assert looker.returncode == 0
    assert int(looked_count) > 10


def test_a_log_whose_header_changes_just_then_is_busy_and_not_damaged(path: Path) -> None:
    """What a commit on another core does for an instant, held: the index's two headers differ, its writer is at it."""
    store = fast(path)
    store.append(b"kept", 0)
    reader = SqliteReader(path)
    frame_count = reader._log_frame_count()
    writer = apsw.Connection(str(path))
    writer.execute("BEGIN IMMEDIATE")
    with open(f"{path}-shm", "r+b") as file, mmap.mmap(file.fileno(), 96) as headers:
        sound = headers[0]
        headers[0] = sound ^ 1
        with pytest.raises(apsw.BusyError):
            reader._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)

        def commit() -> None:
            headers[0] = sound
            writer.execute("COMMIT")

        timer = threading.Timer(0.1, commit)
        timer.start()
        assert reader._log_frame_count() == frame_count
        timer.join()
        writer.execute("BEGIN IMMEDIATE")
        headers[0] = sound ^ 1
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sqlite, "BUSY_TIMEOUT_MS", 20)
            with pytest.raises(JournalError, match="in use"):
                reader._log_frame_count()
        commit()
    reader.check_file()
    for connection in (writer, reader, store):
        connection.close()
