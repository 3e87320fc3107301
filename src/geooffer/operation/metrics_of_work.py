"""How long work takes: stages of a batch, commits of the journal, calls of the ports."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.metrics_core import CounterMetricFamily as Counter
from prometheus_client.metrics_core import GaugeMetricFamily as Gauge
from prometheus_client.metrics_core import HistogramMetricFamily, Metric

from geooffer.operation.observations import STAGES, Observations
from geooffer.operation.watched import Parts
from geooffer.telemetry.histogram import HistogramReading

_NS_PER_S = 1e9
_FILES = ("", "-wal")


def stage_metrics(observations: Observations) -> Iterator[Metric]:
    """Of the engine's batches."""
    stages = HistogramMetricFamily(
        "geooffer_batch_stage_seconds", "Time of one batch in each stage of its life.", labels=["stage"]
    )
    for name, histogram in zip(STAGES, observations.stages, strict=True):
        add_reading(stages, [name], histogram.read(), _NS_PER_S)
    yield stages
    rows = HistogramMetricFamily("geooffer_batch_rows", "Pings a batch.")
    add_reading(rows, [], observations.batch_rows.read(), 1)
    yield rows


def journal_metrics(parts: Parts, observations: Observations) -> Iterator[Metric]:
    """Of the journal on disk, its snapshots, and the disk; nothing where the journal is in memory."""
    committer = parts.committer
    if committer is not None:
        yield Counter("geooffer_journal_commits", "Group commits made durable.", committer.commit_count)
        yield Counter("geooffer_journal_records", "Records made durable.", committer.record_count)
        yield Counter("geooffer_journal_written_bytes", "Bytes of those records.", committer.size_bytes)
        seconds = HistogramMetricFamily("geooffer_journal_commit_seconds", "Time of one group commit, fsync included.")
        add_reading(seconds, [], observations.commits.read(), _NS_PER_S)
        yield seconds
        pending_count = max(0, committer.appended_record_count - committer.record_count)
        yield Gauge("geooffer_journal_pending_records", "Records not durable yet.", pending_count)
        age_s = committer.pending_age_ns / _NS_PER_S
        yield Gauge("geooffer_journal_pending_age_seconds", "Since the oldest of them was appended; 0: none.", age_s)
        yield Gauge("geooffer_journal_last_lsn", "The latest commit.", committer.store.last.lsn)
        yield Gauge(
            "geooffer_journal_fault", "1 where the journal has failed: the process ends.", committer.fault is not None
        )
    if parts.journal_path is not None:
        yield Gauge("geooffer_journal_file_bytes", "The journal's files.", _size_bytes(parts.journal_path))
    yield from _snapshot_metrics(parts)
    if parts.disk is not None:
        yield Gauge("geooffer_disk_free_bytes", "Free on the disk of the state directory.", parts.disk.free_bytes)
        yield Gauge("geooffer_disk_low", "1 where nothing new is written until there is room.", parts.disk.is_low)


def _snapshot_metrics(parts: Parts) -> Iterator[Metric]:
    kept = parts.compactions
    if kept is None:
        return
    yield Gauge(
        "geooffer_snapshot_lsn", "The commit up to which the newest snapshot holds all; 0: none.", kept.snapshot_lsn
    )
    age_s = math.nan if kept.snapshot_age_s is None else kept.snapshot_age_s
    yield Gauge("geooffer_snapshot_age_seconds", "Since the newest snapshot was complete; NaN: none.", age_s)
    compactions = Counter("geooffer_compactions", "Snapshots attempted.", labels=["outcome"])
    compactions.add_metric(["ok"], kept.compaction_count)
    compactions.add_metric(["failed"], kept.failure_count)
    yield compactions


def call_metrics(observations: Observations) -> Iterator[Metric]:
    """Of both ports; methods are those of rpc/roles.py, for no other one is ever called."""
    calls = Counter("geooffer_calls", "Calls ended, by method and gRPC code.", labels=["method", "code"])
    for (method, code), count in dict(observations.calls).items():
        calls.add_metric([method.lstrip("/"), code], count)
    yield calls
    seconds = HistogramMetricFamily("geooffer_call_seconds", "Time of a call, streams excepted.", labels=["method"])
    for method, histogram in dict(observations.call_times).items():
        add_reading(seconds, [method.lstrip("/")], histogram.read(), _NS_PER_S)
    yield seconds


def add_reading(family: HistogramMetricFamily, labels: list[str], reading: HistogramReading, unit: float) -> None:
    """Put a histogram into a family; `unit`: how many of what was observed make one of what is told."""
    bounds = [*(f"{bound / unit:g}" for bound in reading.bounds), "+Inf"]
    buckets = [(bound, float(count)) for bound, count in zip(bounds, reading.cumulative_counts, strict=True)]
    family.add_metric(labels, buckets, reading.total / unit)


def _size_bytes(path: Path) -> int:
    """Of a database and its write-ahead log; what is not there weighs nothing."""
    total = 0
    for suffix in _FILES:
        try:
            total += os.stat(f"{path}{suffix}").st_size
        except FileNotFoundError:
            continue
    return total
