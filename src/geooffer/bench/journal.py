"""The shape `journal`: durable events a second, and what a commit takes, by how many events share one.

Runs alternate with raw appends of the same bytes to a file and fdatasync, the physical cost, on the same disk: journal,
raw, journal, raw. An event is a record of the kinds that come by the thousand, with figures of its own (SQLite skips
the write of a value that does not change). It is encoded, chained, inserted and synced; the write-ahead log is folded
in when it is full, as under load, and the commit that waits for that shows it. At the end all is read back and counted.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from geooffer.bench.latency import histogram_of, summary
from geooffer.bench.processes import BenchmarkError
from geooffer.journal.frames import encode_entries, partitions_of
from geooffer.journal.sqlite import SqliteStore
from geooffer.model.columns import FACTORS
from geooffer.model.limits import PARTITION_COUNT
from geooffer.model.records import DecisionRecord, Entry, OutcomeRecord, Record, StockPut, TouchpointRecord

BATCHES = (1, 16, 64, 256)
POOL_EVENT_COUNT = 8_192
NOW_MS = 1_772_528_400_000
WARMUP_COMMIT_COUNT = 5

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class JournalPlan:
    """What to measure."""

    directory: Path
    """On the disk in question."""
    batches: tuple[int, ...] = BATCHES
    seconds: float = 2.0
    """Of each run."""
    pair_count: int = 3
    seed: int = 1


@dataclass(slots=True)
class _Run:
    event_count: int = 0
    size_bytes: int = 0
    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)

    @property
    def events_per_s(self) -> float:
        return self.event_count / self.seconds


def measure(plan: JournalPlan, note: Note) -> dict[str, Any]:
    """Run the plan; the benchmark's JSON without machine, versions and commit. Raises BenchmarkError."""
    pool = events(plan.seed)
    rows = []
    for batch in plan.batches:
        rows.append(_measure_batch(plan, pool, batch))
        note(
            f"batch {batch}: {rows[-1]['events_per_s']:,} durable events/s, p99 {rows[-1]['p99_us']:,} µs a commit, "
            f"{rows[-1]['ratio']} × raw"
        )
    return {
        "shape": "journal",
        "store": "sqlite",
        "rival": "append + fdatasync of the same bytes",
        "seconds": plan.seconds,
        "pairs": plan.pair_count,
        "batches": rows,
    }


def events(seed: int) -> list[Entry]:
    """POOL_EVENT_COUNT entries: decisions, signals, stock and outcomes in equal shares, all figures drawn."""
    generator = np.random.default_rng(seed)
    draws = generator.integers(0, 2**31, size=(POOL_EVENT_COUNT, 16)).tolist()
    makers = (_decision, _touchpoint, _stock, _outcome)
    return [
        Entry(row[0] % PARTITION_COUNT, number + 1, makers[number % len(makers)](row))
        for number, row in enumerate(draws)
    ]


def _decision(row: Sequence[int]) -> Record:
    return DecisionRecord(
        person_key=row[0] << 31 | row[1], time_ms=NOW_MS + row[2], store_number=row[3] % 2_000,
        offer_number=row[4] % 10_000, product_number=row[5] % 50_000, category_number=row[6] % 500,
        campaign_number=row[7] % 50, size_code=row[8], amount_minor=row[9] % 20_000,
        reference_amount_minor=row[9] % 20_000 + 500, score=row[10] % 5_000,
        points=tuple((row[11] >> place) % 1_000 for place in range(len(FACTORS))), reason_kind=1, fulfilment=1,
        supply_store_number=row[3] % 2_000, channel=1, is_shadow=False, catalog_generation=row[12],
        policy_version=1,
    )  # fmt: skip


def _touchpoint(row: Sequence[int]) -> Record:
    return TouchpointRecord(row[0] << 31 | row[1], 1 + row[2] % 4, NOW_MS + row[3], row[4] % 500, row[5] % 50_000)


def _stock(row: Sequence[int]) -> Record:
    return StockPut(row[0] % 2_000, row[1] % 200_000, row[2] % 50, NOW_MS + row[3])


def _outcome(row: Sequence[int]) -> Record:
    return OutcomeRecord(row[0] << 31 | row[1], row[2] << 25 | row[3], 1 + row[4] % 4, NOW_MS + row[5])


def _measure_batch(plan: JournalPlan, pool: list[Entry], batch: int) -> dict[str, Any]:
    own, raw = _Run(), _Run()
    ratios = []
    groups = _groups(pool, batch)
    path = plan.directory / f"journal-{batch}.sqlite3"
    store = SqliteStore(path)
    descriptor = os.open(plan.directory / f"raw-{batch}", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        for _ in range(plan.pair_count):
            own_run = _run_store(store, groups, plan.seconds)
            raw_run = _run_raw(descriptor, groups, plan.seconds)
            ratios.append(own_run.events_per_s / raw_run.events_per_s)
            _add(own, own_run)
            _add(raw, raw_run)
    finally:
        os.close(descriptor)
        store.close()
    _check(path, own.event_count + plan.pair_count * WARMUP_COMMIT_COUNT * batch)
    return {
        "batch": batch,
        "events_per_s": round(own.events_per_s),
        "commits_per_s": round(own.events_per_s / batch),
        "bytes_per_event": round(own.size_bytes / own.event_count, 1),
        **summary(histogram_of(own.latencies_s)),
        "rival_events_per_s": round(raw.events_per_s),
        **{f"rival_{name}": value for name, value in summary(histogram_of(raw.latencies_s)).items()},
        "ratio": round(statistics.median(ratios), 3),
        "ratio_min": round(min(ratios), 3),
        "ratio_max": round(max(ratios), 3),
    }


def _groups(pool: list[Entry], batch: int) -> Iterator[list[Entry]]:
    """Groups without end; the same figures come again after the whole pool only."""
    start = 0
    while True:
        if start + batch > len(pool):
            start = 0
        yield pool[start : start + batch]
        start += batch


def _run_store(store: SqliteStore, groups: Iterator[list[Entry]], seconds: float) -> _Run:
    def commit(group: list[Entry]) -> int:
        store.tidy(idle=False)
        payload = encode_entries(group)
        store.append(payload, store.last.lsn)
        return len(payload)

    return _timed(commit, groups, seconds)


def _run_raw(descriptor: int, groups: Iterator[list[Entry]], seconds: float) -> _Run:
    """Of frames that are made beforehand: what is measured is the disk."""
    frames = [encode_entries(next(groups)) for _ in range(64)]
    turn = iter(range(2**62))

    def commit(_group: list[Entry]) -> int:
        frame = frames[next(turn) % len(frames)]
        os.write(descriptor, frame)
        os.fdatasync(descriptor)
        return len(frame)

    return _timed(commit, groups, seconds)


def _timed(commit: Callable[[list[Entry]], int], groups: Iterator[list[Entry]], seconds: float) -> _Run:
    for _ in range(WARMUP_COMMIT_COUNT):
        commit(next(groups))
    run = _Run()
    started_s = latest_s = time.perf_counter()
    while latest_s - started_s < seconds:
        group = next(groups)
        run.size_bytes += commit(group)
        run.event_count += len(group)
        ended_s = time.perf_counter()
        run.latencies_s.append(ended_s - latest_s)
        latest_s = ended_s
    run.seconds = latest_s - started_s
    return run


def _add(total: _Run, run: _Run) -> None:
    total.event_count += run.event_count
    total.size_bytes += run.size_bytes
    total.seconds += run.seconds
    total.latencies_s += run.latencies_s


def _check(path: Path, event_count: int) -> None:
    store = SqliteStore(path)
    try:
        found = sum(len(partitions_of(commit.payload)) for commit in store.read())
    finally:
        store.close()
    if found != event_count:
        raise BenchmarkError(f"{event_count} events were written, {found} read back")
