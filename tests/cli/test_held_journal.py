"""The journal of a server: one server a directory, what was written is there again, damage is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from geooffer.cli.assembly import loopback_settings
from geooffer.cli.held_journal import open_journal
from geooffer.errors import ConfigurationError, JournalError
from geooffer.journal.recovery import JOURNAL_NAME
from geooffer.model.records import Entry, StockPut


def test_a_second_server_is_refused_while_the_first_runs(tmp_path: Path) -> None:
    settings = loopback_settings(journal="sqlite", state_dir=tmp_path)
    first = open_journal(settings, None)
    with pytest.raises(ConfigurationError, match="another server uses this state directory"):
        open_journal(settings, None)
    first.journal.append([Entry(-1, 1, StockPut(1, 2, 3, 4))])
    first.close()
    second = open_journal(settings, None)
    assert second.last_lsn == 1
    assert second.decision_key == first.decision_key
    second.close()


def test_a_damaged_journal_is_refused_and_the_directory_is_free_again(tmp_path: Path) -> None:
    settings = loopback_settings(journal="sqlite", state_dir=tmp_path)
    open_journal(settings, None).close()
    path = tmp_path / JOURNAL_NAME
    content = path.read_bytes()
    path.write_bytes(content[:4_096])
    for _ in range(2):
        with pytest.raises(JournalError):
            open_journal(settings, None)
    path.write_bytes(content)
    open_journal(settings, None).close()
