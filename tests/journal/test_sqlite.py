"""The SQLite store beyond what all stores do: its files, its log, other processes."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path

import apsw
import pytest

from geooffer.errors import JournalError
from geooffer.journal import sqlite_file
from geooffer.journal.sqlite import LAID_OUT_PAGE_COUNT, LOG_PAGE_COUNT_MAX, SqliteReader, SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


def fast(path: Path) -> SqliteStore:
    """Unsynced: these tests cut no power."""
    return SqliteStore(path, synchronous="OFF")


def test_files_are_the_owners_alone(path: Path) -> None:
    store = fast(path)
    store.append(b"x", 0)
    names = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert names == {f"journal.sqlite3{suffix}": 0o600 for suffix in ("", "-wal", "-shm")}
    store.close()
    path.chmod(0o644)
    fast(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_is_written_as_promised(path: Path) -> None:
    store = SqliteStore(path)
    pragmas = ("journal_mode", "synchronous", "secure_delete", "mmap_size", "wal_autocheckpoint", "cache_spill")
    found = [store._connection.execute(f"PRAGMA {name}").get for name in pragmas]
    assert found == ["wal", 2, 1, 0, 0, 0]
    store.close()


def test_an_old_sqlite_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.2")
    with pytest.raises(JournalError, match="too old"):
        fast(path)
    assert not path.exists()


def test_what_a_crash_left_of_a_file_in_the_making_is_in_nobodys_way(path: Path) -> None:
    for suffix in ("", "-wal", "-journal"):
        path.with_name(f"journal.sqlite3.new{suffix}").write_bytes(b"half")
    store = fast(path)
    store.append(b"x", 0)
    store.close()
    assert [file.name for file in path.parent.iterdir()] == ["journal.sqlite3"]


# -- files of others -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"x", b"name,price\n" * 1_000, bytes(8_192)])
def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    for opener in (fast, SqliteReader):
        with pytest.raises(JournalError):
            opener(path)
    assert path.read_bytes() == content


def test_a_database_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    with apsw.Connection(str(path)) as connection:
        connection.execute("CREATE TABLE commits (lsn INTEGER PRIMARY KEY, hash BLOB, payload BLOB)")
    connection.close()
    content = path.read_bytes()
    for opener in (fast, SqliteReader):
        with pytest.raises(JournalError, match="not a geooffer journal"):
            opener(path)
    assert path.read_bytes() == content


def test_a_newer_layout_is_refused_by_its_number(path: Path) -> None:
    fast(path).close()
    alter(path, "UPDATE header SET value = 7 WHERE key = 'layout'")
    for opener in (fast, SqliteReader):
        with pytest.raises(JournalError, match=r"layout 7.* newer"):
            opener(path)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE header SET value = 63 WHERE key = 'partition_count'",
        "UPDATE header SET value = 1 WHERE key = 'base_lsn'",
        "UPDATE header SET value = zeroblob(31) WHERE key = 'base_hash'",
        "UPDATE header SET value = NULL WHERE key = 'seal'",
        "DELETE FROM header WHERE key = 'base_lsn'",
        "DROP TABLE commits",
        "CREATE TABLE more (x)",
    ],
)
def test_a_changed_header_or_schema_is_refused(path: Path, statement: str) -> None:
    fast(path).close()
    alter(path, statement)
    for opener in (fast, SqliteReader):
        with pytest.raises(JournalError, match="damaged"):
            opener(path)


def test_a_log_without_its_file_is_refused(path: Path) -> None:
    Path(f"{path}-wal").write_bytes(b"log")
    with pytest.raises(JournalError, match="only its write-ahead log"):
        fast(path)


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("DELETE FROM commits WHERE lsn = 3", "gap: commit 3 expected, 4 found"),
        ("DELETE FROM commits WHERE lsn = 1", "gap: commit 1 expected, 2 found"),
        ("UPDATE commits SET payload = x'00' WHERE lsn = 3", "damaged at commit 3"),
        ("UPDATE commits SET hash = zeroblob(32) WHERE lsn = 3", "damaged at commit 3"),
        ("UPDATE commits SET hash = zeroblob(31) WHERE lsn = 3", "damaged at commit 3"),
        ("UPDATE commits SET lsn = 9 WHERE lsn = 5", "gap: commit 5 expected, 9 found"),
        ("INSERT INTO commits SELECT 6, hash, payload FROM commits WHERE lsn = 5", "damaged at commit 6"),
        ("INSERT INTO commits SELECT -1, hash, payload FROM commits WHERE lsn = 5", ""),
        (
            "UPDATE commits SET payload = (SELECT payload FROM commits AS other WHERE other.lsn = 7 - commits.lsn) "
            "WHERE lsn IN (3, 4)",
            "damaged at commit 3",
        ),
    ],
)
def test_rows_that_were_changed_are_found_and_the_place_told(path: Path, statement: str, place: str) -> None:
    store = fast(path)
    for lsn in range(5):
        store.append(b"payload %d" % lsn, lsn)
    before = list(store.read())
    store.close()
    alter(path, statement)
    store, reader = fast(path), SqliteReader(path)
    for opened in (store, reader):
        if place:
            with pytest.raises(JournalError, match=place):
                list(opened.read())
        else:
            assert list(opened.read()) == before
        opened.close()


def alter(path: Path, statement: str) -> None:
    """As somebody with SQLite at hand would."""
    with apsw.Connection(str(path)) as connection:
        connection.execute(statement)
    connection.close()


# -- the log -------------------------------------------------------------------------------------------------


def test_the_log_is_bounded_while_commits_come_without_a_pause(path: Path) -> None:
    store = fast(path)
    payload = bytes(100_000)
    for lsn in range(150):
        store.append(payload, lsn)
        store.tidy(idle=False)
        assert store.log_page_count < LOG_PAGE_COUNT_MAX + 40
    assert Path(f"{path}-wal").stat().st_size <= 32 + LAID_OUT_PAGE_COUNT * 4_120
    assert path.stat().st_size > 2 * LOG_PAGE_COUNT_MAX * 4_096
    store.close()


def test_what_was_truncated_is_gone_from_all_files(path: Path) -> None:
    store = fast(path)
    for lsn in range(40):
        store.append(b"secret " * 2_000, lsn)
    store.append(b"kept", 40)
    store.truncate([commit.position for commit in store.read()][39])
    assert not store.is_tidy
    store.tidy(idle=True)
    assert store.is_tidy
    for file in path.parent.iterdir():
        assert b"secret" not in file.read_bytes()
    assert [commit.payload for commit in store.read()] == [b"kept"]
    store.close()


def test_a_step_of_a_truncation_is_small(path: Path) -> None:
    store = fast(path)
    for lsn in range(100):
        store.append(bytes(30_000), lsn)
    up_to, bases = store.last, [0]
    while not store.truncate_step(up_to):
        bases.append(store.base.lsn)
        assert next(store.read()).position.lsn == store.base.lsn + 1
    assert max(after - before for before, after in pairwise(bases)) <= 9
    assert store.base == store.last == up_to
    store.close()


# -- others --------------------------------------------------------------------------------------------------


def test_a_second_writer_is_fenced_off_for_good(path: Path) -> None:
    first, second = fast(path), fast(path)
    first.append(b"1", 0)
    with pytest.raises(JournalError, match="another process has written"):
        second.append(b"other 1", 0)
    with pytest.raises(JournalError):
        second.append(b"2", 1)
    with pytest.raises(JournalError):
        second.truncate_step(first.last)
    first.append(b"2", 1)
    first.truncate(first.last)
    third = fast(path)
    assert (third.last, list(third.read())) == (first.last, [])
    third.append(b"3", 2)
    third.truncate(third.last)
    with pytest.raises(JournalError, match="another process has written"):
        first.append(b"other 3", 2)
    for store in (first, second, third):
        store.close()


READ = """
import sys
import threading
from itertools import pairwise
from pathlib import Path
from geooffer.journal.sqlite import SqliteReader
reader = SqliteReader(Path(sys.argv[1]))
for line in sys.stdin:
    print(sum(1 for _ in reader.read(int(line))), reader.base.lsn, reader.last.lsn, flush=True)
reader.close()
"""


def test_another_process_reads_what_is_committed_while_the_writer_writes(path: Path) -> None:
    store = fast(path)
    with subprocess.Popen(
        [sys.executable, "-c", READ, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for lsn in range(60):
            store.append(bytes(9_000), lsn)
            if lsn % 20 == 10:
                process.stdin.write("0\n" if lsn < 50 else "12\n")
                process.stdin.flush()
                expected = (lsn + 1, 0, lsn + 1) if lsn < 50 else (lsn + 1 - 12, 12, lsn + 1)
                assert tuple(map(int, process.stdout.readline().split())) == expected
            if lsn == 35:
                store.truncate([commit.position for commit in store.read()][11])
            store.tidy(idle=lsn % 7 == 0)
        process.stdin.close()
        assert process.wait(60) == 0
    store.close()


def test_a_reader_holds_up_neither_commits_nor_the_log(path: Path) -> None:
    store = fast(path)
    for lsn in range(100):
        store.append(bytes(1_000), lsn)
    reader = SqliteReader(path)
    slow = reader.read()
    next(slow)
    store.append(b"x", 100)
    store.tidy(idle=True)
    assert store.is_tidy
    assert sum(1 for _ in slow) == 100
    reader.close()
    store.close()


def test_a_reader_changes_nothing(path: Path) -> None:
    with pytest.raises(JournalError):
        SqliteReader(path)
    store = fast(path)
    store.append(b"x", 0)
    reader = SqliteReader(path)
    with pytest.raises(apsw.ReadOnlyError):
        reader._connection.execute("DELETE FROM commits")
    reader.close()
    store.close()
    content = path.read_bytes()
    reader = SqliteReader(path)
    assert reader.last.lsn == 1
    reader.close()
    assert path.read_bytes() == content
    assert sqlite_file.LAYOUT == 1


def test_another_thread_may_read_what_the_writer_writes(path: Path) -> None:
    store = fast(path)
    store.append(b"0", 0)
    stopped = threading.Event()
    counts: list[int] = []

    def read() -> None:
        while not stopped.is_set():
            counts.append(sum(1 for _ in store.read()))

    reader = threading.Thread(target=read)
    reader.start()
    for lsn in range(1, 400):
        store.append(bytes(500), lsn)
        store.tidy(idle=lsn % 50 == 0)
    stopped.set()
    reader.join()
    assert counts == sorted(counts)
    assert counts[-1] > 1
    assert sum(1 for _ in store.read()) == 400
    store.close()


def test_a_reader_checks_the_file_beside_the_writer(path: Path) -> None:
    store = fast(path)
    store.append(b"0", 0)
    reader = SqliteReader(path)
    stopped = threading.Event()
    checks: list[int] = []

    def check() -> None:
        while not stopped.is_set() or not checks:
            reader.check_file()
            checks.append(1)

    checker = threading.Thread(target=check)
    checker.start()
    for lsn in range(1, 300):
        store.append(bytes(5_000), lsn)
        store.tidy(idle=lsn % 50 == 0)
    stopped.set()
    checker.join()
    assert checks
    reader.check_file()
    reader.close()
    store.close()
