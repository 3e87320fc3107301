"""From call to effect: withdrawals, snoozes, restrictions, erasures, stricter policies, rollbacks and the kill switch
are raced against offers, at the server's peak, and none may leave once the call has returned (privacy C4, A3).

    gateways, closed loop ── pings without pause ──► server on its core: SQLite, audit log, both ports
    callers ── one call after the other ───────────►

In one run: the disk alone, on the server's core while the server waits (beside one at its peak its writes would be
waiting for the core); the peak, which is the load alone; the races.
What counts as an offer too late, and as effect, is in effect_judge.py.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from geooffer.bench import latency
from geooffer.bench.disk_probe import Probed, ProbePlan, probing
from geooffer.bench.effect_calls import EffectTokens, RacePlan, Trial, calling, race
from geooffer.bench.effect_judge import judge
from geooffer.bench.effect_load import EffectLoadPlan, Received, run_effect_load
from geooffer.bench.effect_watch import Watched
from geooffer.bench.paced_load import Pace
from geooffer.bench.processes import (
    END_TIMEOUT_S,
    READY_TIMEOUT_S,
    BenchmarkError,
    ReadyServer,
    cores,
    cpu_seconds,
    process,
    receive,
    watch_pauses,
)

GOAL_P99_US = 10_000
PROBE_RATE = 100.0
"""Writes a second."""


@dataclass(frozen=True, slots=True)
class EffectPlan:
    """What to measure."""

    state_dir: Path
    plane: str = "python"
    stream_count: int = 8
    row_count: int = 64
    window_count: int = 1
    """Messages in flight a stream, closed loop."""
    share: float = 1.0
    """Of the peak, open loop; 1: closed loop, as much as it bears."""
    warmup_s: float = 1.0
    peak_s: float = 3.0
    probe_s: float = 3.0
    races: RacePlan = field(default_factory=RacePlan)
    core: int | None = None
    """Of the server; set by `measure`."""

    @property
    def person_count(self) -> int:
        """Devices 1..n, one a person."""
        return self.stream_count * self.row_count


@dataclass(frozen=True, slots=True)
class ReadyEffectServer(ReadyServer):
    """With what its callers need."""

    control_address: str
    effect_tokens: EffectTokens


Serve = Callable[[Connection, EffectPlan], None]
"""Runs in a process of its own: sends a ReadyEffectServer, then Watched for each message, until the pipe closes."""


def measure(plan: EffectPlan, serve: Serve, note: Callable[[str], None]) -> dict[str, Any]:
    """The report, `passed` included. Raises BenchmarkError where a kind of call was raced by no offer."""
    server_core, load_core = cores()
    plan = replace(plan, core=server_core)
    with process(serve, plan) as (pipe, server), process(run_effect_load, load_core) as (load_pipe, load):
        ready: ReadyEffectServer = receive(pipe, server, READY_TIMEOUT_S)
        run = _Run(plan, ready, load_pipe, note)
        asyncio.run(run.run())
        load_pipe.send(None)
        received: Received = receive(load_pipe, load, END_TIMEOUT_S)
        pipe.send("report")
        watched: Watched = receive(pipe, server, END_TIMEOUT_S)
    return run.report(watched, received)


class _Run:
    """What happens while server and load run."""

    def __init__(
        self, plan: EffectPlan, ready: ReadyEffectServer, load_pipe: Connection, note: Callable[[str], None]
    ) -> None:
        self._plan = plan
        self._ready = ready
        self._load_pipe = load_pipe
        self._note = note
        self._probed = Probed()
        self._peak_s = self._races_s = (0.0, 0.0)
        self._server_cpu_s = 0.0
        self._trials: list[Trial] = []
        self._pauses_s: list[float] = []
        """Of the caller's loop, which has nothing else to do: what others take of the machine."""

    async def run(self) -> None:
        plan, ready = self._plan, self._ready
        tokens = ready.effect_tokens
        gateways = (plan.stream_count, plan.row_count, plan.window_count)
        load = EffectLoadPlan(ready.data_address, tokens.gateway, *gateways)
        async with AsyncExitStack() as ending:
            caller = await calling(ending, ready.data_address, ready.control_address, tokens)
            await caller.let_flow()
            self._note("the disk alone")
            await asyncio.to_thread(self._probe)
            self._note(f"the peak: {plan.person_count:,} persons on {plan.stream_count} streams, closed loop")
            self._load_pipe.send(load)
            await asyncio.sleep(plan.warmup_s)
            self._peak_s = await _during(plan.peak_s)
            if plan.share < 1.0:
                self._load_pipe.send(Pace(plan.share, *self._peak_s))
                await asyncio.sleep(plan.warmup_s)
            self._note("the races")
            began_s, cpu_s = time.perf_counter(), cpu_seconds(ready.pid)
            watching = asyncio.create_task(watch_pauses(self._pauses_s))
            self._trials = await race(caller, plan.races)
            watching.cancel()
            self._races_s = (began_s, time.perf_counter())
            self._server_cpu_s = cpu_seconds(ready.pid) - cpu_s

    def _probe(self) -> None:
        with probing(ProbePlan(self._plan.state_dir, PROBE_RATE, self._plan.core), self._probed):
            time.sleep(self._plan.probe_s)

    def report(self, watched: Watched, received: Received) -> dict[str, Any]:
        """Raises BenchmarkError."""
        plan = self._plan
        peak_per_s = received.pings_per_s(*self._peak_s, plan.row_count)
        per_s = received.pings_per_s(*self._races_s, plan.row_count)
        seconds = self._races_s[1] - self._races_s[0]
        calls = judge(self._trials, watched, received)
        for kind, found in calls.items():
            if not found["trials_with_offers_before"]:
                raise BenchmarkError(f"{kind}: nobody had got an offer before: nothing was raced")
        late = sum(found[name] for found in calls.values() for name in ("offers_left_late", "offers_answered_late"))
        return {
            "plane": plan.plane,
            "persons": plan.person_count,
            "streams": plan.stream_count,
            "peak_pings_per_s": round(peak_per_s),
            "pings_per_s": round(per_s),
            "load_share": round(per_s / peak_per_s, 3),
            "server_cpu_share": round(self._server_cpu_s / seconds, 3),
            "offers": len(watched.left_s),
            "offers_per_s": round(_count_between(watched.left_s, *self._races_s) / seconds),
            "offers_held_back": watched.held_back_count,
            "offers_late": late,
            "calls": calls,
            "disk": _summary(self._probed.latencies_s),
            "pauses": _summary(watched.pauses_s),
            "caller_pauses": _summary(self._pauses_s),
            "commits": _commits(watched, self._races_s),
            "passed": late == 0 and all(found["p99_us"] <= GOAL_P99_US for found in calls.values()),
        }


async def _during(seconds: float) -> tuple[float, float]:
    """Let a time go by; from when till when."""
    began_s = time.perf_counter()
    await asyncio.sleep(seconds)
    return began_s, time.perf_counter()


def _count_between(moments_s: Iterable[float], from_s: float, until_s: float) -> int:
    return sum(from_s <= moment_s < until_s for moment_s in moments_s)


def _commits(watched: Watched, during_s: tuple[float, float]) -> dict[str, int]:
    """How long the journal's commits took meanwhile."""
    took_s = [ended_s - started_s for started_s, ended_s in watched.commits if during_s[0] <= started_s < during_s[1]]
    return {"count": len(took_s)} | _summary(took_s)


def _summary(seconds: Iterable[float]) -> dict[str, int]:
    return latency.summary(latency.histogram_of(seconds))
