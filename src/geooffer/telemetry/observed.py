"""What a room tells when a piece of work is done. Times are nanoseconds of `time.perf_counter_ns`.

Each room has one hook for it, which does nothing unless somebody set it; it is called on the thread that did the work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple


class BatchObserved(NamedTuple):
    """One engine batch, as the data plane's gatherer saw it."""

    row_count: int
    message_count: int
    winner_count: int
    """Of the step; some may have come too late."""
    started_ns: int
    stamped_ns: int
    stepped_ns: int
    committed_ns: int
    distributed_ns: int


class BatchesObserved(NamedTuple):
    """Batches that native workers decided since the last time, counted by powers of two."""

    row_counts: Sequence[tuple[int, int]]
    """(rows at the most, batches)."""
    row_total: int
    step_times_ns: Sequence[tuple[int, int]]
    """(nanoseconds at the most, calls of the matcher)."""
    step_total_ns: int


class CommitObserved(NamedTuple):
    """One group commit, as the journal's writer saw it; durable from `ended_ns` on."""

    record_count: int
    size_bytes: int
    started_ns: int
    ended_ns: int


class CallObserved(NamedTuple):
    """One finished call of a port."""

    method: str
    """Full name, as rpc/roles.py has it: `/package.Service/Method`."""
    code: str
    """Name of the gRPC code it ended with."""
    started_ns: int
    ended_ns: int
    trace_parent: str
    """The caller's W3C `traceparent`, unchecked; '' where it sent none."""


BatchesHook = Callable[[BatchesObserved], None]
BatchHook = Callable[[BatchObserved], None]
CommitHook = Callable[[CommitObserved], None]
CallHook = Callable[[CallObserved], None]


def ignore(_observed: object) -> None:
    """The hook of a room nobody watches."""
