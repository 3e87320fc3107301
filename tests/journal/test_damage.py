"""Bits that flip and files that are cut: what is read is what was written, or a JournalError; never something else.

One thing no store can tell from a write that a power cut tore: damage in the last commit of a log that nobody folded
in (the process was killed). It is missing then, as if it had never been acknowledged; nothing else may be.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import apsw
import numpy as np
import pytest

from geooffer.errors import JournalError
from geooffer.journal import sqlite
from geooffer.journal.commits import Commit, Position
from geooffer.journal.keyring import Keyring
from geooffer.journal.sqlite import SqliteReader, SqliteStore
from geooffer.journal.verification import verify_state

PAGE_SIZE_BYTES = 4_096
FRAME_SIZE_BYTES = PAGE_SIZE_BYTES + 24
LOG_HEADER_SIZE_BYTES = 32
KEYRING = Keyring([bytes(range(32))])


@dataclass(frozen=True, slots=True)
class Files:
    """A journal at rest, or as a killed process left it."""

    main: bytes
    log: bytes
    base: Position
    commits: list[Commit]
    keyring: Keyring | None = None

    def put(self, directory: Path) -> Path:
        """Where it can be opened."""
        path = directory / "journal.sqlite3"
        path.write_bytes(self.main)
        if self.log:
            Path(f"{path}-wal").write_bytes(self.log)
        return path


def payload(generator: np.random.Generator, size_bytes: int) -> bytes:
    return generator.bytes(size_bytes)


def keyring_of(request: pytest.FixtureRequest) -> Keyring | None:
    return KEYRING if request.param == "encrypted" else None


@pytest.fixture(scope="module", params=["plain", "encrypted"])
def at_rest(request: pytest.FixtureRequest) -> Files:
    """Every kind of page: header, schema, interior, leaf and overflow pages of commits, free trunk and leaf pages."""
    generator = np.random.default_rng(1)
    with tempfile.TemporaryDirectory(prefix="geooffer-journal-") as directory:
        path = Path(directory) / "journal.sqlite3"
        keyring = keyring_of(request)
        store = SqliteStore(path, synchronous="OFF", laid_out_page_count=8, keyring=keyring)
        for number in range(70):
            store.append(payload(generator, 20_000 if number % 9 == 4 else 500), store.last.lsn)
        store.truncate([commit.position for commit in store.read()][15])
        base, commits = store.base, list(store.read())
        store.close()
        kinds = {kind for (kind,) in _page_kinds(path)}
        assert kinds == {"internal", "leaf", "overflow"}
        with apsw.Connection(str(path)) as connection:
            assert int(connection.execute("PRAGMA freelist_count").get) > 3  # type: ignore[arg-type]
        connection.close()
        return Files(path.read_bytes(), b"", base, commits, keyring)


def _page_kinds(path: Path) -> list[tuple[str]]:
    connection = apsw.Connection(str(path))
    rows = connection.execute("SELECT DISTINCT pagetype FROM dbstat").fetchall()
    connection.close()
    return rows  # type: ignore[return-value]


@pytest.fixture(scope="module", params=["plain", "encrypted"])
def killed(request: pytest.FixtureRequest) -> Files:
    """Some commits in the file, 12 more in the log; with what the log had before its present round."""

    def write(store: SqliteStore) -> None:
        generator = np.random.default_rng(2)
        for _ in range(30):
            store.append(payload(generator, 6_000), store.last.lsn)
        store.tidy(idle=True)
        for number in range(12):
            store.append(payload(generator, 9_000 if number % 3 else 300), store.last.lsn)

    return left_behind(write, laid_out_page_count=8, keyring=keyring_of(request))


@pytest.fixture(scope="module", params=["plain", "encrypted"])
def killed_early(request: pytest.FixtureRequest) -> Files:
    """12 commits in a log that was laid out and never folded in: zeros behind them."""

    def write(store: SqliteStore) -> None:
        generator = np.random.default_rng(3)
        for number in range(12):
            store.append(payload(generator, 5_000 if number % 5 == 0 else 300), store.last.lsn)

    files = left_behind(write, laid_out_page_count=40, keyring=keyring_of(request))
    assert files.log.endswith(bytes(5 * FRAME_SIZE_BYTES))
    return files


def left_behind(
    write: Callable[[SqliteStore], None], *, laid_out_page_count: int, keyring: Keyring | None = None
) -> Files:
    """The files as they are when `write` has written, with the store still open."""
    with tempfile.TemporaryDirectory(prefix="geooffer-journal-") as directory:
        path = Path(directory) / "journal.sqlite3"
        store = SqliteStore(path, synchronous="OFF", laid_out_page_count=laid_out_page_count, keyring=keyring)
        write(store)
        files = Files(path.read_bytes(), Path(f"{path}-wal").read_bytes(), store.base, list(store.read()), keyring)
        store.close()
        return files


def read(files: Files) -> tuple[Position, list[Commit]] | None:
    """What a store says of them, and a reader too; None for a JournalError."""
    with tempfile.TemporaryDirectory(prefix="geooffer-journal-") as directory:
        path = files.put(Path(directory))
        try:
            store = SqliteStore(path, synchronous="OFF", laid_out_page_count=8, keyring=files.keyring)
        except JournalError:
            return None
        try:
            found = store.base, list(store.read())
            reader = SqliteReader(path, keyring=files.keyring)
            assert (reader.base, list(reader.read())) == found
            reader.close()
        except JournalError as error:
            if "commit" not in error.message and "header" not in error.message:
                raise AssertionError("the error does not say where") from error
            return None
        finally:
            store.close()
        return found


def check_as_reader(files: Files) -> bool:
    """Whether `verify-state` would find fault, without changing anything."""
    with tempfile.TemporaryDirectory(prefix="geooffer-journal-") as directory:
        path = files.put(Path(directory))
        try:
            reader = SqliteReader(path, keyring=files.keyring)
        except JournalError:
            return True
        try:
            reader.check_file()
            list(reader.read())
        except JournalError:
            return True
        finally:
            reader.close()
        return False


def flipped(content: bytes, offset: int, bit: int) -> bytes:
    changed = bytearray(content)
    changed[offset] ^= 1 << bit
    return bytes(changed)


def test_the_files_read_back(at_rest: Files, killed: Files, killed_early: Files) -> None:
    for files in (at_rest, killed, killed_early):
        assert read(files) == (files.base, files.commits)


def check_flips_at_rest(files: Files, seed: int, flips_per_page: int) -> int:
    """Flip bits in every page, more in its first bytes (that is where structure is); how many were refused."""
    generator = np.random.default_rng(seed)
    refused = 0
    for page in range(len(files.main) // PAGE_SIZE_BYTES):
        for flip in range(flips_per_page):
            width = PAGE_SIZE_BYTES if flip % 2 else 110
            offset = page * PAGE_SIZE_BYTES + int(generator.integers(width))
            changed = Files(
                flipped(files.main, offset, int(generator.integers(8))), b"", files.base, files.commits, files.keyring
            )
            found = read(changed)
            refused += found is None
            assert found in (None, (files.base, files.commits)), f"byte {offset} of page {page + 1}"
    return refused


def test_a_flipped_bit_in_the_file_is_found_or_harmless(at_rest: Files) -> None:
    assert check_flips_at_rest(at_rest, 3, 4) > 30


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("seed", range(10, 14))
def test_many_flipped_bits_in_the_file_are_found_or_harmless(at_rest: Files, seed: int) -> None:
    assert check_flips_at_rest(at_rest, seed, 100) > 1_000


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.long)])
def test_every_bit_of_the_file_header_is_found_or_harmless(at_rest: Files, step: int) -> None:
    for bit in range(0, 800, step):
        changed = Files(flipped(at_rest.main, bit // 8, bit % 8), b"", at_rest.base, at_rest.commits, at_rest.keyring)
        assert read(changed) in (None, (at_rest.base, at_rest.commits)), f"byte {bit // 8}"


def test_a_file_that_was_cut_is_refused(at_rest: Files) -> None:
    sizes = [*range(0, len(at_rest.main), PAGE_SIZE_BYTES), 1, 99, 100, 4_095, 4_097, len(at_rest.main) - 1]
    for size in sizes:
        assert read(Files(at_rest.main[:size], b"", at_rest.base, at_rest.commits, at_rest.keyring)) is None, size


def check_log(files: Files, log: bytes, last_commit_offset: int, offset: int) -> bool:
    """Whether it was refused; only what lies in the last commit may be lost."""
    found = read(Files(files.main, log, files.base, files.commits, files.keyring))
    allowed = [None, (files.base, files.commits)]
    if offset >= last_commit_offset:
        allowed.append((files.base, files.commits[:-1]))
    assert found in allowed, f"byte {offset} of the log: {found and len(found[1])} commits"
    return found is None


def last_commit_offset(log: bytes) -> int:
    """Where the last commit of the present round begins."""
    offset = start = end = LOG_HEADER_SIZE_BYTES
    while offset < len(log) and log[offset + 8 : offset + 16] == log[16:24]:
        offset += FRAME_SIZE_BYTES
        if log[offset - FRAME_SIZE_BYTES + 4 : offset - FRAME_SIZE_BYTES + 8] != bytes(4):
            start, end = end, offset
    return start


def check_flips_in_log(files: Files, seed: int, flips_per_frame: int) -> int:
    """Flip bits in every frame, half of them in its header."""
    generator = np.random.default_rng(seed)
    last = last_commit_offset(files.log)
    refused = 0
    for frame in range((len(files.log) - LOG_HEADER_SIZE_BYTES) // FRAME_SIZE_BYTES):
        for flip in range(flips_per_frame):
            width = FRAME_SIZE_BYTES if flip % 2 else 24
            offset = LOG_HEADER_SIZE_BYTES + frame * FRAME_SIZE_BYTES + int(generator.integers(width))
            log = flipped(files.log, offset, int(generator.integers(8)))
            refused += check_log(files, log, last, offset)
    return refused


def test_a_flipped_bit_in_the_log_costs_no_commit_but_the_last(killed: Files) -> None:
    assert last_commit_offset(killed.log) > LOG_HEADER_SIZE_BYTES
    assert check_flips_in_log(killed, 4, 3) > 20


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_many_flipped_bits_in_the_log_cost_no_commit_but_the_last(killed: Files) -> None:
    assert check_flips_in_log(killed, 5, 200) > 1_000


def test_every_bit_of_the_log_header_is_found_or_harmless(killed: Files) -> None:
    for bit in range(0, LOG_HEADER_SIZE_BYTES * 8, 5):
        check_log(killed, flipped(killed.log, bit // 8, bit % 8), len(killed.log), bit // 8)


def test_a_frame_that_is_wiped_costs_no_commit_but_the_last(killed: Files) -> None:
    last = last_commit_offset(killed.log)
    for offset in range(LOG_HEADER_SIZE_BYTES, len(killed.log), FRAME_SIZE_BYTES):
        for length in (24, FRAME_SIZE_BYTES):
            log = killed.log[:offset] + bytes(length) + killed.log[offset + length :]
            check_log(killed, log, last, offset)


def test_a_log_with_zeros_behind_its_commits_is_checked_as_well(killed_early: Files) -> None:
    """As in production, before it is folded in for the first time."""
    files, last = killed_early, last_commit_offset(killed_early.log)
    assert check_flips_in_log(files, 6, 1) > 8
    for bit in range(0, 8 * LOG_HEADER_SIZE_BYTES, 5):
        check_log(files, flipped(files.log, bit // 8, bit % 8), len(files.log), bit // 8)
    # a commit of one frame whose header is gone, and the one behind it, look like one that was torn (docs/journal.md)
    for offset in range(LOG_HEADER_SIZE_BYTES, last - FRAME_SIZE_BYTES, FRAME_SIZE_BYTES):
        check_log(files, files.log[:offset] + bytes(24) + files.log[offset + 24 :], last, offset)


@pytest.mark.parametrize("size_bytes", [LOG_HEADER_SIZE_BYTES, 512, PAGE_SIZE_BYTES, 4 * PAGE_SIZE_BYTES])
def test_the_first_block_of_the_log_that_is_lost_is_not_taken_for_an_empty_log(
    killed: Files, killed_early: Files, size_bytes: int
) -> None:
    for files in (killed, killed_early):
        wiped = Files(files.main, bytes(size_bytes) + files.log[size_bytes:], files.base, files.commits)
        assert read(wiped) is None


def test_without_the_check_of_the_log_commits_would_be_lost(killed: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: what SQLite makes of a flipped bit by itself is a journal that ends earlier."""
    monkeypatch.setattr(sqlite, "check_log", lambda *_: None)
    offset = LOG_HEADER_SIZE_BYTES + 3 * FRAME_SIZE_BYTES + 1_000
    found = read(Files(killed.main, flipped(killed.log, offset, 3), killed.base, killed.commits, killed.keyring))
    assert found is not None
    assert 0 < len(found[1]) < len(killed.commits) - 1


def test_a_reader_finds_what_a_server_would_refuse(killed: Files) -> None:
    assert not check_as_reader(killed)
    for frame in range(1, 12):
        log = flipped(killed.log, LOG_HEADER_SIZE_BYTES + frame * FRAME_SIZE_BYTES + 1_000, 3)
        damaged = Files(killed.main, log, killed.base, killed.commits, killed.keyring)
        assert check_as_reader(damaged) == (read(damaged) is None)
        assert check_as_reader(damaged)


def test_verification_looks_behind_the_last_commit_that_is_read(killed: Files, tmp_path: Path) -> None:
    log = flipped(killed.log, LOG_HEADER_SIZE_BYTES + 3 * FRAME_SIZE_BYTES + 1_000, 3)
    Files(killed.main, log, killed.base, killed.commits, killed.keyring).put(tmp_path)
    with pytest.raises(JournalError, match="write-ahead log is damaged at frame"):
        verify_state(tmp_path)
