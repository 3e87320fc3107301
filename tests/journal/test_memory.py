"""The in-memory journal: sequences without gaps, all of a commit or nothing."""

from __future__ import annotations

import pytest

from geooffer.errors import JournalError
from geooffer.journal.memory import MemoryJournal
from geooffer.model.records import CustomerDeleted, Entry


def entry(partition: int, sequence: int) -> Entry:
    return Entry(partition, sequence, CustomerDeleted(sequence))


def test_entries_come_back_in_the_order_written() -> None:
    journal = MemoryJournal()
    written = [entry(0, 1), entry(5, 1), entry(0, 2), entry(-1, 1)]
    journal.append(written[:3])
    journal.append(written[3:])
    assert list(journal.read()) == written
    assert len(journal) == 4
    assert journal.size_bytes > 0


@pytest.mark.parametrize("sequence", [0, 1, 3])
def test_a_gap_or_a_repeat_is_refused_and_nothing_of_the_commit_is_kept(sequence: int) -> None:
    journal = MemoryJournal()
    journal.append([entry(0, 1)])
    with pytest.raises(JournalError):
        journal.append([entry(1, 1), entry(0, sequence)])
    assert list(journal.read()) == [entry(0, 1)]
    journal.append([entry(0, 2), entry(1, 1)])


def test_an_entry_that_does_not_encode_keeps_nothing_of_its_commit() -> None:
    journal = MemoryJournal()
    with pytest.raises(JournalError):
        journal.append([entry(0, 1), Entry(0, 2, object())])  # type: ignore[arg-type]
    journal.append([entry(0, 1)])
    assert list(journal.read()) == [entry(0, 1)]
