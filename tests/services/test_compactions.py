"""Snapshots while a server runs: on demand, or when the journal is over its bound; a failing compactor harms nobody."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog

from geooffer.engine.clock import EngineClock
from geooffer.engine.engine import Engine
from geooffer.engine.parts import PARTITIONS
from geooffer.engine.state import State, digest
from geooffer.errors import JournalError
from geooffer.journal.committer import GroupCommitter
from geooffer.journal.compactor import only_compactor
from geooffer.journal.recovery import recover
from geooffer.journal.snapshots import newest_snapshot, snapshot_paths
from geooffer.model.catalog import Customer
from geooffer.model.limits import RETENTION_SWEEP_INTERVAL_MS
from geooffer.services import compactions as module
from geooffer.services.compactions import AGE_MAX_S, Compactions

NOW_MS = 1_772_528_400_000
SECRET = "47.3723, 8.5388 customer-7"


class Kept:
    """An engine on a state directory, and who has its snapshots written."""

    def __init__(self, directory: Path, **bounds: int) -> None:
        recovered = recover(directory)
        self.directory = directory
        self.committer = GroupCommitter(recovered.store)
        self.engine = Engine(
            journal=self.committer, clock=EngineClock("client", NOW_MS), state=recovered.state, decision_key=b"k"
        )
        self.compactions = Compactions(
            self.committer,
            directory,
            recovered_record_count=recovered.record_count,
            recovered_size_bytes=recovered.size_bytes,
            **({"record_count_max": 10**6, "size_bytes_max": 10**9} | bounds),
        )

    async def add(self, first: int, count: int) -> None:
        for number in range(first, first + count):
            self.engine.upsert_customers([Customer(f"customer-{number}", (number + 1,))])
            await asyncio.sleep(0)
        await until(lambda: self.committer.durable == self.committer.appended)

    def close(self) -> State:
        self.committer.close()
        self.committer.store.close()
        return self.engine.state


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not holds():
            await asyncio.sleep(0.02)


def recovered_digests(directory: Path) -> list[str]:
    recovered = recover(directory)
    recovered.store.close()
    return [digest(recovered.state, partition) for partition in PARTITIONS]


def digests(state: State) -> list[str]:
    return [digest(state, partition) for partition in PARTITIONS]


@asynccontextmanager
async def running(compactions: Compactions) -> AsyncIterator[None]:
    task = asyncio.create_task(compactions.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_on_demand_the_journal_begins_after_the_new_snapshot(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    await kept.add(0, 40)
    lsns = [await kept.compactions.compact()]
    await kept.add(40, 10)
    lsns.append(await kept.compactions.compact())
    assert lsns == sorted(set(lsns))
    store = kept.committer.store
    assert store.base.lsn == store.last.lsn == lsns[-1] == kept.compactions.snapshot_lsn
    assert [path.name for path in snapshot_paths(tmp_path)] == [f"snapshot-{lsns[-1]}"]
    assert kept.compactions.compaction_count == 2
    age_s = kept.compactions.snapshot_age_s
    assert age_s is not None
    assert age_s >= 0
    await kept.add(50, 5)
    assert digests(kept.close()) == recovered_digests(tmp_path)


async def test_over_its_bound_the_journal_is_compacted_while_it_is_written(tmp_path: Path) -> None:
    kept = Kept(tmp_path, record_count_max=30)
    assert kept.compactions.snapshot_age_s is None
    async with running(kept.compactions):
        await kept.add(0, 29)
        assert not kept.compactions.is_due
        await kept.add(29, 1)
        assert kept.compactions.is_due
        number = 30
        while kept.compactions.compaction_count == 0:
            await kept.add(number, 1)
            number += 1
            await asyncio.sleep(0.01)
    assert 0 < kept.committer.store.base.lsn <= kept.committer.store.last.lsn
    assert kept.compactions.failure_count == 0
    assert digests(kept.close()) == recovered_digests(tmp_path)


async def test_a_quiet_journal_is_compacted_once_a_day(tmp_path: Path) -> None:
    """Else what was swept from the tables would stand in files for as long as little is written."""
    kept = Kept(tmp_path)
    await kept.add(0, 3)
    for has_snapshot in (False, True):
        assert (kept.compactions.snapshot_age_s is not None) is has_snapshot
        kept.compactions.age_max_s = 3_600.0
        assert not kept.compactions.is_due
        kept.compactions.age_max_s = 0.0
        assert kept.compactions.is_due
        await kept.compactions.compact()
        assert not kept.compactions.is_due, "nothing came since"
        await kept.add(3, 1)
    kept.close()
    assert AGE_MAX_S == RETENTION_SWEEP_INTERVAL_MS / 1_000


async def test_what_an_earlier_process_left_is_finished_and_counts(tmp_path: Path) -> None:
    """Killed between the snapshot and the truncation; and a start knows how long its journal is."""
    kept = Kept(tmp_path)
    await kept.add(0, 20)
    kept.close()
    from geooffer.journal.compactor import compact

    position = compact(tmp_path).position
    (tmp_path / "snapshot-1.partial").mkdir()
    kept = Kept(tmp_path, record_count_max=10)
    assert not kept.compactions.is_due
    async with running(kept.compactions):
        await until(lambda: kept.committer.store.base == position and not (tmp_path / "snapshot-1.partial").exists())
    await kept.add(20, 10)
    kept.close()
    kept = Kept(tmp_path, record_count_max=10)
    assert kept.compactions.is_due
    kept.close()


async def test_what_an_earlier_process_left_waits_for_a_compaction_under_way(tmp_path: Path) -> None:
    """Of two truncations at once the one ahead takes the other's end away, which is a fault of the journal."""
    from geooffer.journal.compactor import compact

    kept = Kept(tmp_path)
    await kept.add(0, 20)
    kept.close()
    position = compact(tmp_path).position
    kept = Kept(tmp_path)
    async with running(kept.compactions):
        async with kept.compactions._turn:
            await asyncio.sleep(0.2)
            assert kept.committer.store.base.lsn == 0
        await until(lambda: kept.committer.store.base == position)
    kept.close()


async def test_a_compactor_that_fails_is_tried_again_and_harms_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(tmp_path)
    await kept.add(0, 10)
    await kept.compactions.compact()
    await kept.add(10, 10)
    snapshot = newest_snapshot(tmp_path)
    assert snapshot is not None
    part = snapshot.path / "people-05.part"
    whole = part.read_bytes()
    part.write_bytes(whole + b"x")
    told: list[bool] = []
    kept.compactions.on_compaction = lambda started_ns, ended_ns, lsn, is_good: told.append(is_good)
    with pytest.raises(JournalError, match=r"ended with 1: snapshot-.*/people-05\.part has"):
        await kept.compactions.compact()
    monkeypatch.setattr(module, "TIMEOUT_S", 0.01)
    with pytest.raises(JournalError, match="did not end"):
        await kept.compactions.compact()
    monkeypatch.undo()
    assert kept.compactions.failure_count == 2
    assert kept.committer.fault is None
    await kept.add(20, 1)
    part.write_bytes(whole)
    assert await kept.compactions.compact() == kept.committer.store.last.lsn
    assert told == [False, False, True]
    assert digests(kept.close()) == recovered_digests(tmp_path)


async def test_a_server_that_ends_ends_its_compactor(tmp_path: Path) -> None:
    kept = Kept(tmp_path, record_count_max=1)
    await kept.add(0, 10)
    with only_compactor(tmp_path):  # so that the child waits
        async with running(kept.compactions):
            await until(lambda: (tmp_path / "compactor.lock").exists())
            await asyncio.sleep(1.5)
    kept.close()
    assert not snapshot_paths(tmp_path)
    with only_compactor(tmp_path):
        pass


async def test_a_fault_nobody_foresaw_ends_no_snapshots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what is done first, at a start. Logged by type and place: the text may hold anything."""
    kept = Kept(tmp_path, record_count_max=1)
    monkeypatch.setattr(module, "RETRY_MIN_S", 0.0)
    kept.compactions._retry_s = 0.0
    raised = iter((KeyError(SECRET), RuntimeError(SECRET)))

    async def child() -> bytes:
        for error in raised:
            raise error
        return await Compactions._child(kept.compactions)

    def newest(directory: Path) -> None:
        raise AttributeError(SECRET)

    def paths(directory: Path) -> list[Path]:
        # as where the process may open no more files: even to see whether a snapshot is due takes one
        monkeypatch.setattr(module, "snapshot_paths", snapshot_paths)
        raise OSError(errno.EMFILE, SECRET)

    await kept.add(0, 3)
    kept.compactions.record_count_max, kept.compactions.age_max_s = 10**9, 0.0
    with structlog.testing.capture_logs() as logs:
        monkeypatch.setattr(kept.compactions, "_child", child)
        monkeypatch.setattr(module, "newest_snapshot", newest)
        monkeypatch.setattr(module, "snapshot_paths", paths)
        async with running(kept.compactions):
            await until(lambda: kept.compactions.compaction_count == 1)
    assert kept.compactions.failure_count == 2, "of those that began: the metric"
    failed = [entry["error"].split(" at ")[0] for entry in logs if entry["event"] == "compaction_failed"]
    assert failed == ["AttributeError", "OSError", "KeyError", "RuntimeError"]
    assert SECRET not in str(logs)
    kept.close()
