"""Truncated commits leave the write-ahead log at once when an erasure asks, and a reader that stays is told of."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from geooffer.errors import JournalError
from geooffer.journal import committer as committer_module
from geooffer.journal.committer import GroupCommitter
from geooffer.journal.sqlite import SqliteStore
from geooffer.model.records import CATALOG_PARTITION, Entry, NounDeleted
from geooffer.services import erasures

MARK = "canaryperson-in-the-log"


@pytest.fixture(autouse=True)
def busy_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under load: nobody ever waits long enough for the journal to tidy up by itself."""
    monkeypatch.setattr(committer_module, "IDLE_S", 600.0)


async def truncated(path: Path) -> GroupCommitter:
    """A journal that holds a marked commit no more, in a log that still does."""
    committer = GroupCommitter(SqliteStore(path))
    committer.append([Entry(CATALOG_PARTITION, 1, NounDeleted("Store", MARK, 1))])
    committer.append([Entry(CATALOG_PARTITION, 2, NounDeleted("Store", "s-2", 1))])
    committer.call(lambda: None).result()
    committer.truncate(committer.store.last).result()
    return committer


def is_in_files(path: Path) -> bool:
    return any(MARK.encode() in file.read_bytes() for file in path.parent.iterdir())


async def test_nothing_of_it_is_left_when_it_returns(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    committer = await truncated(path)
    assert is_in_files(path), "the control"
    await erasures.wiped(committer)
    assert not is_in_files(path)
    committer.close()
    committer.store.close()


async def test_a_reader_that_does_not_end_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasures, "WIPE_ATTEMPT_COUNT", 5)
    path = tmp_path / "journal.sqlite3"
    committer = await truncated(path)
    reader = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM commits").fetchall()
    with pytest.raises(JournalError, match="reads the journal"):
        await erasures.wiped(committer)
    assert committer.fault is None, "the journal goes on"
    reader.execute("END")
    await erasures.wiped(committer)
    assert not is_in_files(path)
    reader.close()
    committer.close()
    committer.store.close()
