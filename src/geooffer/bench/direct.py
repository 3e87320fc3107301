"""The shape `direct`: phones connect themselves, one stream and one ping in flight each.

Runs alternate plane, echo, plane, echo on fresh servers, so that a machine that slows down slows both. The rate is
the median of the plane's runs, the ratio the median of the pairs' ratios. Latency is measured open loop only.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from geooffer.bench import latency
from geooffer.bench.direct_world import INTENT_EVERY
from geooffer.bench.latency_picture import write_picture
from geooffer.bench.load import LoadPlan, LoadResult, run_load
from geooffer.bench.processes import (
    END_TIMEOUT_S,
    READY_TIMEOUT_S,
    BenchmarkError,
    ReadyServer,
    cores,
    process,
    receive,
)
from geooffer.model import limits

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """What a benchmark's server is to be; `serve` (cli/bench_server.py) makes it."""

    plane: str
    """python or echo."""
    stream_count: int
    core: int | None
    state_dir: Path
    journal: str = "memory"
    """memory or sqlite."""
    intent_every: int = INTENT_EVERY
    compacts: bool = False
    """One snapshot after the other is written meanwhile."""


@dataclass(frozen=True, slots=True)
class Served:
    """What a server did."""

    verdicts: Counter[str]
    late_offers: int
    """Taken back because their budget of 50 ms was over: rightly so, and no answer is missing."""
    pauses_s: list[float] = field(default_factory=list)
    """How much later than asked the loop came round, twice in 5 ms: what a ping waits for everything else."""


Serve = Callable[[Connection, ServerPlan], None]
"""Runs in a process of its own: sends a ReadyServer (or an error's text), then serves until the pipe closes."""


@dataclass(frozen=True, slots=True)
class DirectPlan:
    """What to measure."""

    plane: str
    stream_count: int
    seconds: float
    warmup_s: float
    rate: float
    """0 = closed loop only."""
    pair_count: int
    state_dir: Path
    hgrm: Path | None
    picture: Path | None


@dataclass(slots=True)
class _Tally:
    verdicts: Counter[str] = field(default_factory=Counter)
    offers: int = 0


def measure(plan: DirectPlan, serve: Serve, note: Note) -> dict[str, Any]:
    """Run the plan; the benchmark's JSON without shape, machine, versions and commit. Raises BenchmarkError."""
    tally = _Tally()
    own: list[LoadResult] = []
    rival: list[LoadResult] = []
    for pair in range(plan.pair_count):
        own.append(_run(plan, serve, plan.plane, 0.0, tally))
        rival.append(_run(plan, serve, "echo", 0.0, None))
        rates = f"{_rate(own[-1]):,.0f} pings/s, echo {_rate(rival[-1]):,.0f}"
        note(f"closed loop, pair {pair + 1} of {plan.pair_count}: {rates}")
    ratios = [_rate(a) / _rate(b) for a, b in zip(own, rival, strict=True)]
    report: dict[str, Any] = {
        "plane": plan.plane,
        "streams": plan.stream_count,
        "seconds": plan.seconds,
        "pings_per_s": round(statistics.median(map(_rate, own))),
        "server_cpu_ns_per_ping": round(statistics.median(_cpu_ns(run) for run in own)),
        "client_cpu_share": round(statistics.median(_client_share(run) for run in own), 3),
        "rate": plan.rate,
        "p50_us": None, "p90_us": None, "p99_us": None, "p999_us": None, "max_us": None,
        "share_within_budget": None,
        "rival": "echo",
        "rival_pings_per_s": round(statistics.median(map(_rate, rival))),
        "ratio": round(statistics.median(ratios), 3),
        "ratio_min": round(min(ratios), 3),
        "ratio_max": round(max(ratios), 3),
    }  # fmt: skip
    if plan.rate:
        report |= _latencies(plan, serve, tally, note)
    report["verdicts"] = dict(sorted(tally.verdicts.items()))
    report["offers"] = tally.offers
    return report


def _latencies(plan: DirectPlan, serve: Serve, tally: _Tally, note: Note) -> dict[str, Any]:
    note(f"open loop at {plan.rate:,.0f} pings/s")
    own = _run(plan, serve, plan.plane, plan.rate, tally)
    rival = _run(plan, serve, "echo", plan.rate, None)
    histogram = latency.histogram_of(own.latencies_s)
    if plan.hgrm is not None:
        latency.write_hgrm(histogram, plan.hgrm)
    budget_s = limits.DECISION_BUDGET_DEFAULT_MS / 1000
    within = sum(value <= budget_s for value in own.latencies_s)
    echo_histogram = latency.histogram_of(rival.latencies_s)
    if plan.picture is not None:
        curves = {plan.plane: histogram, "echo": echo_histogram}
        title = f"direct, {plan.stream_count:,} streams, {plan.rate:,.0f} pings/s, from intended send to answer"
        write_picture(curves, plan.picture, title)
    echo = latency.summary(echo_histogram)
    return latency.summary(histogram) | {
        "share_within_budget": round(within / len(own.latencies_s), 5),
        "rival_p50_us": echo["p50_us"],
        "rival_p99_us": echo["p99_us"],
    }


def _run(plan: DirectPlan, serve: Serve, plane: str, rate: float, tally: _Tally | None) -> LoadResult:
    server_core, _ = cores()
    server_plan = ServerPlan(plane, plan.stream_count, server_core, plan.state_dir)
    result, served = run_once(server_plan, serve, seconds=plan.seconds, warmup_s=plan.warmup_s, rate=rate)
    if tally is not None:
        tally.verdicts += served.verdicts
        tally.offers += result.offers
    return result


def run_once(
    server_plan: ServerPlan,
    serve: Serve,
    *,
    seconds: float,
    warmup_s: float,
    rate: float,
    beside: AbstractContextManager[Any] | None = None,
) -> tuple[LoadResult, Served]:
    """One fresh server under load, and what it did (nothing of the echo). `beside`: what is measured meanwhile, from
    when the server is filled and listens to the last answer. Raises BenchmarkError for missing answers.
    """
    _, load_core = cores()
    served = Served(Counter(), 0)
    with (
        process(serve, server_plan) as (pipe, server),
        process(run_load, load_core) as (load_pipe, load),
    ):
        ready: ReadyServer = receive(pipe, server, READY_TIMEOUT_S)
        every = server_plan.intent_every
        plan = LoadPlan(ready.data_address, ready.tokens, seconds, warmup_s, rate, ready.pid, every)
        with nullcontext() if beside is None else beside:
            load_pipe.send(plan)
            result: LoadResult = receive(load_pipe, load, None)
        if server_plan.plane != "echo":
            pipe.send("report")
            served = receive(pipe, server, END_TIMEOUT_S)
            _check(result, served)
        elif result.acknowledged != result.sent:
            raise BenchmarkError(f"{result.sent:,} pings sent, {result.acknowledged:,} echoed")
    return result, served


def _check(result: LoadResult, served: Served) -> None:
    """A bench that is fast because it drops work fails: every ping acknowledged, judged once, offers as told."""
    if result.acknowledged != result.sent:
        raise BenchmarkError(f"{result.sent:,} pings sent, {result.acknowledged:,} acknowledged")
    if served.verdicts.total() != result.sent:
        raise BenchmarkError(f"{result.sent:,} pings sent, {served.verdicts.total():,} verdicts given")
    # shed pings may have been the ones with an offer; without them the count is exact
    exact = not served.verdicts["SHED"] and not result.rejected and not served.late_offers
    if result.offers > result.offers_expected or (exact and result.offers != result.offers_expected):
        told = f"{result.offers_expected:,} offers expected, {result.offers:,} received"
        raise BenchmarkError(told)


def _rate(run: LoadResult) -> float:
    return run.measured_pings / run.measured_s


def _cpu_ns(run: LoadResult) -> float:
    return run.server_cpu_s * 1e9 / max(1, run.measured_pings)


def _client_share(run: LoadResult) -> float:
    return run.client_cpu_s / run.measured_s
