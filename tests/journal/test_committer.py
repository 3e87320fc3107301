"""Group commit: order, durability before it is told, chores between commits, and one failure is the last."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from geooffer.errors import JournalError
from geooffer.journal.commits import Position
from geooffer.journal.committer import GROUP_RECORD_COUNT_MAX, GroupCommitter
from geooffer.journal.frames import decode_entries
from geooffer.journal.memory import MemoryStore
from geooffer.journal.sqlite import SqliteStore
from geooffer.model.records import Entry, StockPut

WAIT_S = 30.0


def entry(sequence: int) -> Entry:
    return Entry(-1, sequence, StockPut(1, 2, sequence, 4))


class SlowStore(MemoryStore):
    """A store whose disk stands still until it is let go, and which can fail."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.go.set()
        self.entered = threading.Event()
        self.error: Exception | None = None

    def append(self, payload: bytes, expected_lsn: int) -> Position:
        self.entered.set()
        assert self.go.wait(WAIT_S)
        if self.error is not None:
            raise self.error
        return super().append(payload, expected_lsn)


class Told:
    """Waits until a condition holds, woken by on_durable."""

    def __init__(self) -> None:
        self._changed = threading.Condition()

    def __call__(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def until(self, holds: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(holds, WAIT_S)


@pytest.fixture
def store() -> SlowStore:
    return SlowStore()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def committer(store: SlowStore, told: Told) -> Iterator[GroupCommitter]:
    committer = GroupCommitter(store, on_durable=told)
    yield committer
    store.go.set()
    committer.close()


def test_nothing_is_durable_before_the_store_says_so(store: SlowStore, told: Told, committer: GroupCommitter) -> None:
    store.go.clear()
    ticket = committer.append([entry(1)])
    assert store.entered.wait(WAIT_S)
    assert (committer.appended, committer.durable, committer.pending_record_count) == (ticket, 0, 1)
    assert committer.pending_age_ns > 0
    store.go.set()
    told.until(lambda: committer.durable == ticket)
    assert committer.pending_record_count == 0
    assert list(committer.read()) == [entry(1)]


def test_what_came_meanwhile_is_one_commit_in_order(store: SlowStore, told: Told, committer: GroupCommitter) -> None:
    store.go.clear()
    tickets = [committer.append([entry(1)])]
    assert store.entered.wait(WAIT_S)
    tickets += [committer.append([entry(number), entry(number + 1)]) for number in range(2, 200, 2)]
    assert tickets == sorted(tickets)
    store.go.set()
    told.until(lambda: committer.durable == tickets[-1])
    assert [len(decode_entries(commit.payload)) for commit in store.read()] == [1, 198]
    assert list(committer.read()) == [entry(number) for number in range(1, 200)]


def test_a_group_is_bounded_and_an_append_is_never_split(
    store: SlowStore, told: Told, committer: GroupCommitter
) -> None:
    store.go.clear()
    committer.append([entry(1)])
    assert store.entered.wait(WAIT_S)
    sizes = [GROUP_RECORD_COUNT_MAX - 1, 2, 3 * GROUP_RECORD_COUNT_MAX, 5]
    for size in sizes:
        ticket = committer.append([entry(number) for number in range(1, size + 1)])
    store.go.set()
    told.until(lambda: committer.durable == ticket)
    assert [len(decode_entries(commit.payload)) for commit in store.read()] == [1, *sizes]


def test_a_failed_commit_is_the_last(store: SlowStore, told: Told, committer: GroupCommitter) -> None:
    durable = committer.append([entry(1)])
    told.until(lambda: committer.durable == durable)
    store.go.clear()
    store.entered.clear()
    committer.append([entry(2)])
    assert store.entered.wait(WAIT_S)
    committer.append([entry(3)])
    waiting = committer.call(lambda: None)
    store.error = OSError("no space")
    store.go.set()
    told.until(lambda: committer.fault is not None)
    store.error = None
    with pytest.raises(JournalError):
        committer.append([entry(4)])
    for future in (waiting, committer.call(lambda: None), committer.truncate(Position())):
        assert isinstance(future.exception(WAIT_S), JournalError)
    assert committer.durable == durable
    assert list(committer.read()) == [entry(1)]


def test_a_chore_that_fails_is_a_fault(told: Told, committer: GroupCommitter) -> None:
    def fail() -> None:
        raise OSError("disk")

    assert isinstance(committer.call(fail).exception(WAIT_S), JournalError)
    told.until(lambda: committer.fault is not None)
    with pytest.raises(JournalError):
        committer.append([entry(1)])


def test_chores_and_commits_take_turns(store: SlowStore, told: Told, committer: GroupCommitter) -> None:
    """Under permanent load one chore runs between two commits; many chores let commits through."""
    order: list[str] = []
    store.go.clear()
    committer.append([entry(1)])
    assert store.entered.wait(WAIT_S)
    committer.on_commit = lambda observed: order.append("commit")
    size = GROUP_RECORD_COUNT_MAX
    tickets = [committer.append([entry(number) for number in range(size)]) for _ in range(4)]
    futures = [committer.call(lambda: order.append("chore")) for _ in range(6)]
    store.go.set()
    told.until(lambda: committer.durable == tickets[-1])
    futures[-1].result(WAIT_S)
    assert order == ["commit", *["commit", "chore"] * 4, "chore", "chore"]


def test_close_commits_what_is_pending_and_runs_what_waits(store: SlowStore) -> None:
    committer = GroupCommitter(store)
    store.go.clear()
    committer.append([entry(1)])
    assert store.entered.wait(WAIT_S)
    ticket = committer.append([entry(2)])
    ran = committer.call(lambda: None)
    threading.Timer(0.05, store.go.set).start()
    committer.close()
    assert committer.durable == ticket
    assert ran.result(0) is None
    with pytest.raises(JournalError):
        committer.append([entry(3)])
    assert isinstance(committer.call(lambda: None).exception(0), JournalError)


def test_truncation_goes_in_steps_while_commits_come(tmp_path: Path, told: Told) -> None:
    store = SqliteStore(tmp_path / "journal.sqlite3")
    committer = GroupCommitter(store, on_durable=told)
    try:
        for number in range(1, 201):
            ticket = committer.append([entry(number)])
            told.until(lambda ticket=ticket: committer.durable == ticket)  # type: ignore[misc]
        up_to = [commit.position for commit in store.read()][150]
        done = committer.truncate(up_to)
        more = [committer.append([entry(number)]) for number in range(201, 231)]
        assert done.result(WAIT_S) is None
        told.until(lambda: committer.durable == more[-1])
        assert store.base == up_to
        assert list(committer.read()) == [entry(number) for number in range(152, 231)]
        other_chain = committer.truncate(Position(5, bytes(32)))
        assert isinstance(other_chain.exception(WAIT_S), JournalError)
    finally:
        committer.close()
        store.close()


def test_who_stops_waiting_for_a_truncation_does_not_fail_the_journal(told: Told) -> None:
    class SteppedStore(MemoryStore):
        is_let_go = threading.Event()

        def truncate_step(self, up_to: Position) -> bool:
            assert self.is_let_go.wait(WAIT_S)
            return super().truncate_step(up_to)

    store = SteppedStore()
    committer = GroupCommitter(store, on_durable=told)
    ticket = committer.append([entry(1)])
    told.until(lambda: committer.durable == ticket)
    done = committer.truncate(store.last)
    assert not done.cancel()
    store.is_let_go.set()
    assert done.result(WAIT_S) is None
    ticket = committer.append([entry(2)])
    told.until(lambda: committer.durable == ticket or committer.fault is not None)
    committer.close()
    assert committer.fault is None
    assert list(committer.read()) == [entry(2)]


def test_the_log_is_folded_in_when_nobody_waits(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "journal.sqlite3")
    committer = GroupCommitter(store)
    try:
        committer.append([entry(1)])
        waited = threading.Event()
        for _ in range(3_000):
            if committer.durable and store.is_tidy:
                break
            waited.wait(0.01)
        assert store.is_tidy
    finally:
        committer.close()
        store.close()
