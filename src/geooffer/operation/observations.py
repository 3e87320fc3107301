"""What was observed since the start: the figures behind the histograms of /metrics, and calls by method and code."""

from __future__ import annotations

from collections import Counter

from geooffer.telemetry.histogram import Histogram
from geooffer.telemetry.observed import BatchesObserved, BatchObserved, CallObserved, CommitObserved

_US = 1_000
_MS = 1_000_000
_S = 1_000_000_000

STAGES = ("stamp", "step", "commit", "distribute")
"""Of a batch, in order; engine/pipeline.py and dataplane/gatherer.py say what each is."""

STAGE_BOUNDS_NS = tuple(
    bound * _US for bound in (5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 1_000_000)
)
BATCH_ROW_BOUNDS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024)
COMMIT_BOUNDS_NS = tuple(
    bound * _US for bound in (50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 100_000, 1_000_000)
)
CALL_BOUNDS_NS = (_MS // 2, _MS, 2 * _MS, 5 * _MS, 10 * _MS, 25 * _MS, 50 * _MS, 100 * _MS, 250 * _MS, _S, 5 * _S)

LIFELONG_METHODS = frozenset(
    {
        "/geooffer.v1.PingService/StreamPings",
        "/grpc.health.v1.Health/Watch",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    }
)
"""They last as long as the caller likes: counted, not timed."""


class Observations:
    """The hooks of gatherer, journal and ports. Each figure has one writing thread; any may read."""

    def __init__(self) -> None:
        self.stages = tuple(Histogram(STAGE_BOUNDS_NS) for _ in STAGES)
        self.batch_rows = Histogram(BATCH_ROW_BOUNDS)
        self.commits = Histogram(COMMIT_BOUNDS_NS)
        self.calls: Counter[tuple[str, str]] = Counter()
        """(method, code) → calls that ended."""
        self.call_times: dict[str, Histogram] = {}
        """By method."""

    def batch(self, observed: BatchObserved) -> None:
        """Once a batch: five bisections, whatever its size."""
        row_count, _, _, started_ns, stamped_ns, stepped_ns, committed_ns, distributed_ns = observed
        stamp, step, commit, distribute = self.stages
        stamp.observe(stamped_ns - started_ns)
        step.observe(stepped_ns - stamped_ns)
        commit.observe(committed_ns - stepped_ns)
        distribute.observe(distributed_ns - committed_ns)
        self.batch_rows.observe(row_count)

    def batches(self, observed: BatchesObserved) -> None:
        """What native workers decided since the last time; their stamp is part of the step."""
        self.stages[STAGES.index("step")].add(observed.step_times_ns, observed.step_total_ns)
        self.batch_rows.add(observed.row_counts, observed.row_total)

    def commit(self, observed: CommitObserved) -> None:
        """Once a group commit, on the journal's thread."""
        self.commits.observe(observed.ended_ns - observed.started_ns)

    def call(self, observed: CallObserved) -> None:
        """Once a call."""
        self.calls[observed.method, observed.code] += 1
        if observed.method in LIFELONG_METHODS:
            return
        if observed.method not in self.call_times:
            self.call_times[observed.method] = Histogram(CALL_BOUNDS_NS)
        self.call_times[observed.method].observe(observed.ended_ns - observed.started_ns)
