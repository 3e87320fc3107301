"""Ten times what the service decides: is it still as good, and as small? (reliability gate 6)

The peak is found closed loop; then real client processes offer `factor` times as much, open loop. Good is what was
decided within its budget, from the moment the connection took it; all else has to be told (SHED) or held back by flow
control, never late and never in memory. The same with queue and windows unbounded and no budget is the control: known
to fail.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from geooffer.bench import latency
from geooffer.bench.direct import Note
from geooffer.bench.gateways import GatewayPlan, GatewayResult, run_gateways
from geooffer.bench.processes import (
    READY_TIMEOUT_S,
    BenchmarkError,
    ReadyServer,
    cores,
    process,
    receive,
    resident_bytes,
)
from geooffer.model import limits

GOODPUT_SHARE_MIN = 0.9
GROWTH_MAX_BYTES = 64 * 1024 * 1024
"""What the bounds of docs/overload.md may fill at this load."""
SAMPLE_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class OverloadPlan:
    """What to measure. The defaults are for `make faults`."""

    state_dir: Path
    pair_count: int = 3
    seconds: float = 3.0
    warmup_s: float = 1.0
    factor: float = 10.0
    stream_count: int = 16
    row_count: int = 64
    client_count: int = 2
    bounded: bool = True
    """False: the control."""
    core: int | None = None
    """Of the server; set by `measure`."""


Serve = Callable[[Connection, OverloadPlan], None]
"""Runs in a process of its own: sends a ReadyServer (its token: a gateway's) and serves until the pipe closes."""


def measure(plan: OverloadPlan, serve: Serve, note: Note) -> dict[str, Any]:
    """Run it; the report, `passed` included. Raises BenchmarkError where a run measures nothing.

    Peak and overload alternate, so that a machine that slows down slows both; the share is the median of the pairs'.
    """
    server_core, load_core = cores()
    pairs: list[_Pair] = []
    with process(serve, replace(plan, core=server_core)) as (pipe, server):
        ready: ReadyServer = receive(pipe, server, READY_TIMEOUT_S)
        for number in range(plan.pair_count):
            peak, _ = _load(plan, ready, load_core, 0.0)
            peak_per_s = _per_s(plan, peak, "in_budget")
            if not peak_per_s:
                raise BenchmarkError("nothing was decided within its budget, not even closed loop")
            before_bytes = resident_bytes(ready.pid)
            over, most_bytes = _load(plan, ready, load_core, plan.factor * peak_per_s / plan.row_count)
            pairs.append(_Pair(peak_per_s, over, before_bytes, most_bytes, resident_bytes(ready.pid)))
            good = _per_s(plan, over, "in_budget")
            told = f"{good:,.0f} of {peak_per_s:,.0f} pings/s within their budget"
            note(f"pair {number + 1} of {plan.pair_count}: {told}")
    return _report(plan, pairs)


class _Pair(NamedTuple):
    """A closed loop and the overload after it."""

    peak_per_s: float
    over: list[GatewayResult]
    before_bytes: int
    most_bytes: int
    after_bytes: int


def _report(plan: OverloadPlan, pairs: list[_Pair]) -> dict[str, Any]:
    def median_per_s(name: str) -> int:
        return round(statistics.median(_per_s(plan, pair.over, name) for pair in pairs))

    shares = [_per_s(plan, pair.over, "in_budget") / pair.peak_per_s for pair in pairs]
    results = [result for pair in pairs for result in pair.over]
    offered = max(1, sum(result.offered for result in results))
    p50s_us, p99s_us = zip(*(_latencies_us(pair.over) for pair in pairs), strict=True)
    growth_bytes = max(max(pair.most_bytes, pair.after_bytes) for pair in pairs) - pairs[0].before_bytes
    share, p99_us = statistics.median(shares), statistics.median(p99s_us)
    in_time = p99_us <= limits.DECISION_BUDGET_DEFAULT_MS * 1_000
    return {
        "shape": "overload",
        "bounded": plan.bounded,
        "streams": plan.stream_count,
        "pings_per_message": plan.row_count,
        "pairs": plan.pair_count,
        "seconds": plan.seconds,
        "peak_per_s": round(statistics.median(pair.peak_per_s for pair in pairs)),
        "offered_per_s": median_per_s("offered"),
        "decided_per_s": median_per_s("decided"),
        "goodput_per_s": median_per_s("in_budget"),
        "goodput_share": round(share, 3),
        "goodput_share_min": round(min(shares), 3),
        "goodput_share_max": round(max(shares), 3),
        "shed_share": round(sum(result.shed for result in results) / offered, 4),
        "held_back_share": round(sum(result.held_back for result in results) / offered, 4),
        "accepted_p50_us": _finite(statistics.median(p50s_us)),
        "accepted_p99_us": _finite(p99_us),
        "rss_before_bytes": pairs[0].before_bytes,
        "rss_most_bytes": max(pair.most_bytes for pair in pairs),
        "rss_after_bytes": pairs[-1].after_bytes,
        "passed": share >= GOODPUT_SHARE_MIN and in_time and growth_bytes <= GROWTH_MAX_BYTES,
    }


def _latencies_us(results: list[GatewayResult]) -> tuple[float, float]:
    """(p50, p99) of what was decided; infinite where nothing was."""
    latencies_s = [value for result in results for value in result.latencies_s]
    if not latencies_s:
        return math.inf, math.inf
    told = latency.summary(latency.histogram_of(latencies_s))
    return told["p50_us"], told["p99_us"]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _load(plan: OverloadPlan, ready: ReadyServer, core: int | None, rate: float) -> tuple[list[GatewayResult], int]:
    """Offer it from all client processes; their results, and the most memory the server had meanwhile."""
    each = plan.stream_count // plan.client_count
    most_bytes = 0
    with ExitStack() as stack:
        clients = [stack.enter_context(process(run_gateways, core)) for _ in range(plan.client_count)]
        for number, (pipe, _) in enumerate(clients):
            pipe.send(
                GatewayPlan(
                    ready.data_address,
                    ready.tokens[0],
                    number * each,
                    each,
                    plan.row_count,
                    plan.seconds,
                    plan.warmup_s,
                    rate / plan.client_count,
                    limits.DECISION_BUDGET_DEFAULT_MS / 1_000,
                )
            )
        while not all(pipe.poll(SAMPLE_EVERY_S) for pipe, _ in clients):
            most_bytes = max(most_bytes, resident_bytes(ready.pid))
        return [receive(pipe, client, None) for pipe, client in clients], most_bytes


def _per_s(plan: OverloadPlan, results: list[GatewayResult], name: str) -> float:
    """Pings a second of what `name` counts in messages."""
    per_s: float = sum(getattr(result, name) / result.measured_s for result in results) * plan.row_count
    return per_s
