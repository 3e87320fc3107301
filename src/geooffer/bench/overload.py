"""Ten times what the service decides: is it still as good, and as small? (reliability gate 6)

The peak is found closed loop; then real client processes offer `factor` times as much, open loop. Good is what was
decided within its budget, from the moment the connection took it; all else has to be told (SHED) or held back by flow
control, never late and never in memory. The same with queue and windows unbounded and no budget is the control: known
to fail.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from geooffer.bench import latency
from geooffer.bench.direct import BenchmarkError, Note, ReadyServer
from geooffer.bench.direct import _process as process
from geooffer.bench.direct import _receive as receive
from geooffer.bench.gateways import GatewayPlan, GatewayResult, run_gateways
from geooffer.bench.processes import cores, resident_bytes
from geooffer.model import limits

GOODPUT_SHARE_MIN = 0.9
GROWTH_MAX_BYTES = 64 * 1024 * 1024
"""What the bounds of docs/overload.md may fill at this load."""
READY_TIMEOUT_S = 180.0
SAMPLE_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class OverloadPlan:
    """What to measure. The defaults are for `make faults`."""

    state_dir: Path
    seconds: float = 5.0
    warmup_s: float = 1.0
    factor: float = 10.0
    stream_count: int = 32
    row_count: int = 64
    client_count: int = 2
    bounded: bool = True
    """False: the control."""
    core: int | None = None
    """Of the server; set by `measure`."""


Serve = Callable[[Connection, OverloadPlan], None]
"""Runs in a process of its own: sends a ReadyServer (its token: a gateway's) and serves until the pipe closes."""


def measure(plan: OverloadPlan, serve: Serve, note: Note) -> dict[str, Any]:
    """Run it; the report, `passed` included. Raises BenchmarkError where a run measures nothing."""
    server_core, load_core = cores()
    with process(serve, replace(plan, core=server_core)) as (pipe, server):
        ready: ReadyServer = receive(pipe, server, READY_TIMEOUT_S)
        peak, _ = _load(plan, ready, load_core, 0.0)
        peak_per_s = _per_s(plan, peak, "in_budget")
        if not peak_per_s:
            raise BenchmarkError("nothing was decided within its budget, not even closed loop")
        note(f"closed loop: {peak_per_s:,.0f} pings/s decided within their budget")
        before_bytes = resident_bytes(ready.pid)
        rate = plan.factor * peak_per_s / plan.row_count
        over, most_bytes = _load(plan, ready, load_core, rate)
        after_bytes = resident_bytes(ready.pid)
    goodput_per_s = _per_s(plan, over, "in_budget")
    latencies_s = [value for result in over for value in result.latencies_s]
    offered = sum(result.offered for result in over)
    p99_us = latency.summary(latency.histogram_of(latencies_s))["p99_us"] if latencies_s else None
    growth_bytes = max(most_bytes, after_bytes) - before_bytes
    share = goodput_per_s / peak_per_s
    in_time = p99_us is not None and p99_us <= limits.DECISION_BUDGET_DEFAULT_MS * 1_000
    return {
        "shape": "overload",
        "bounded": plan.bounded,
        "streams": plan.stream_count,
        "pings_per_message": plan.row_count,
        "seconds": plan.seconds,
        "peak_per_s": round(peak_per_s),
        "offered_per_s": round(_per_s(plan, over, "offered")),
        "decided_per_s": round(_per_s(plan, over, "decided")),
        "goodput_per_s": round(goodput_per_s),
        "goodput_share": round(share, 3),
        "shed_share": round(sum(result.shed for result in over) / max(1, offered), 4),
        "held_back_share": round(sum(result.held_back for result in over) / max(1, offered), 4),
        "accepted_p50_us": round(statistics.median(latencies_s) * 1e6) if latencies_s else None,
        "accepted_p99_us": p99_us,
        "rss_before_bytes": before_bytes,
        "rss_most_bytes": most_bytes,
        "rss_after_bytes": after_bytes,
        "passed": share >= GOODPUT_SHARE_MIN and in_time and growth_bytes <= GROWTH_MAX_BYTES,
    }


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
