"""A transport shape under load: a plane and its rival in processes of their own, loaded in turn, natively.

Both servers live on one core, the load on another; who is not loaded is stopped (SIGSTOP), so that its sweeps take
nothing from the other. Closed loop finds the capacity; latency is measured open loop only, at shares of it.
"""

from __future__ import annotations

import os
import signal
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from geooffer.bench import load_world
from geooffer.bench.direct import Served
from geooffer.bench.fence_loads import FenceLoad
from geooffer.bench.load_world import LoadWorld
from geooffer.bench.native_load import Loaded, loaded, run_plans
from geooffer.bench.processes import (
    END_TIMEOUT_S,
    READY_TIMEOUT_S,
    BenchmarkError,
    ReadyServer,
    cores,
    going_on,
    process,
    receive,
)
from geooffer.bench.shapes import Shape
from geooffer.kernels.compile import compile_all
from geooffer.model import limits

CLOSED_LOOP_BUDGET_MS = 10_000
"""A closed loop waits in its own queue by design: nothing of it is shed."""
ACCEPTED_SHARE_MIN = 0.99
COUNTED_WITHIN_COUNT = 20
Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class CarrierPlan:
    """What a server is to be; `serve` (cli/bench_carrier.py) makes it."""

    plane: str
    """native, python, native-echo or python-echo."""
    shape: Shape
    core: int | None
    state_dir: Path
    journal: str = "memory"
    hog: str = ""
    """burn or hold: a Python thread that runs Python code for ever, or holds the GIL for a second at a time."""
    compacts: bool = False
    """One snapshot after the other is written meanwhile."""
    intent_every: int = 20
    fences: FenceLoad | None = None
    """Instead of the world of the transport shapes."""


@dataclass(frozen=True, slots=True)
class ReadyCarrier(ReadyServer):
    """A server that listens."""

    ca_pem: str
    """What its certificate is checked by; empty = clear text."""


Serve = Callable[[Connection, CarrierPlan], None]
"""Runs in a process of its own: sends a ReadyCarrier, answers everything with a Served, until the pipe closes."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How one run goes."""

    warmup_s: float
    seconds: float
    rows_per_s: float = 0.0
    """Open loop; 0 = closed."""
    traces: bool = False
    trace_above_us: int = 1_000


@dataclass(slots=True)
class Carrier:
    """A server that listens, and what was asked of it so far."""

    plan: CarrierPlan
    pipe: Connection
    server: Any
    ready: ReadyCarrier
    load_pipe: Connection
    load: Any
    verdicts: Counter[str] = field(default_factory=Counter)
    late_offers: int = 0
    told: Any = None
    """Bool per device: her offer came in an earlier run."""

    @property
    def is_echo(self) -> bool:
        """It decides nothing."""
        return self.plan.plane.endswith("echo")

    def run(self, pace: Pace) -> Loaded:
        """Load it once. Raises BenchmarkError where the answers do not add up."""
        with going_on(self.ready.pid):
            self.load_pipe.send(self._load_plan(pace))
            result = loaded(receive(self.load_pipe, self.load, None))
            self._check(result, is_open=pace.rows_per_s > 0)
        return result

    def _load_plan(self, pace: Pace) -> dict[str, Any]:
        shape = self.plan.shape
        is_open = pace.rows_per_s > 0
        return {
            "address": self.ready.data_address,
            "ca_pem": self.ready.ca_pem,
            "server_name": "localhost" if self.ready.ca_pem else "",
            "tokens": self.ready.tokens,
            "connection_count": shape.connection_count,
            "streams_per_connection": shape.streams_per_connection,
            "window": shape.window,
            "row_count": shape.row_count,
            "messages_per_s": pace.rows_per_s / shape.rows_per_message,
            "seed": 7,
            "warmup_s": pace.warmup_s,
            "measure_s": pace.seconds,
            "server_pid": self.ready.pid,
            "budget_ms": limits.DECISION_BUDGET_DEFAULT_MS,
            "decision_budget_ms": 0 if is_open else CLOSED_LOOP_BUDGET_MS,
            "session_id": time.time_ns(),
            "trace": pace.traces,
            "trace_above_us": pace.trace_above_us,
            "world": self.world_json(),
        }

    def world_json(self) -> dict[str, Any]:
        """Who is where, as native/load reads it."""
        return LoadWorld(self.plan.shape.device_count, self.plan.shape.role == "gateway").json()

    def _check(self, result: Loaded, *, is_open: bool) -> None:
        """A bench that is fast because it drops work fails: every ping acknowledged, judged once, offers as due."""
        self.check_acknowledged(result)
        if self.is_echo:
            return
        if result.unwanted:
            raise BenchmarkError(f"{result.unwanted:,} answers say that locations are not wanted")
        served = self._served(result.sent_rows)
        news = served.verdicts - self.verdicts
        late, self.late_offers = served.late_offers - self.late_offers, served.late_offers
        self.verdicts = served.verdicts
        if news.total() != result.sent_rows:
            raise BenchmarkError(f"{result.sent_rows:,} pings sent, {news.total():,} verdicts given: {dict(news)}")
        # an open loop does not wait: where the server is starved, pings of one phone meet in one batch and are stale
        judged = news["ACCEPTED"] + news["SHED"] + (news["STALE_FIX"] if is_open else 0)
        if judged < ACCEPTED_SHARE_MIN * result.sent_rows:
            raise BenchmarkError(f"too few of {result.sent_rows:,} pings were accepted: {dict(news)}")
        self.check_answers(result, news, late)

    def check_acknowledged(self, result: Loaded) -> None:
        """Raises BenchmarkError where a stream broke, or a ping was not answered."""
        if result.errors:
            raise BenchmarkError(f"streams ended with errors: {result.errors}")
        if result.acknowledged != result.sent:
            raise BenchmarkError(f"{result.sent:,} messages sent, {result.acknowledged:,} acknowledged")

    def _served(self, row_count: int) -> Served:
        """What the server counted, when it has counted all of this run's rows: the native plane's threads tell the
        loop of them some milliseconds later.
        """
        for _ in range(COUNTED_WITHIN_COUNT):
            self.pipe.send("report")
            served: Served = receive(self.pipe, self.server, END_TIMEOUT_S)
            if (served.verdicts - self.verdicts).total() >= row_count:
                break
            time.sleep(0.1)
        return served

    def check_answers(self, result: Loaded, news: Counter[str], late: int) -> None:
        """As many offers as are due."""
        shape = self.plan.shape
        world = LoadWorld(shape.device_count, shape.role == "gateway")
        steps = load_world.steps_taken(world, shape.rows_per_message, result.stream_sent)
        due = load_world.offers_due(world, steps, self.plan.intent_every)
        told = np.zeros_like(due) if self.told is None else self.told
        expected = int((due & ~told).sum())
        self.told = told | due
        # shed pings may have been the ones with an offer, and one that was late may come at a later try
        exact = not news["SHED"] and not late and news["ACCEPTED"] == result.sent_rows and not self.late_offers
        if exact and result.offers != expected:
            raise BenchmarkError(f"{expected:,} offers expected, {result.offers:,} received")


@contextmanager
def carriers(plans: list[CarrierPlan], serve: Serve) -> Iterator[list[Carrier]]:
    """Servers side by side on one core and the load on another; all stopped but the one that runs."""
    if not all(plan.plane.endswith("echo") for plan in plans):
        compile_all()  # once and here: servers are waited for only so long
    _, load_core = cores()
    with ExitStack() as stack:
        load_pipe, load = stack.enter_context(process(run_plans, load_core))
        found = []
        for plan in plans:
            pipe, server, ready = stack.enter_context(stopped_server(plan, serve))
            found.append(Carrier(plan, pipe, server, ready, load_pipe, load))
        yield found


@contextmanager
def stopped_server(plan: CarrierPlan, serve: Serve) -> Iterator[tuple[Connection, Any, ReadyCarrier]]:
    """A server on the servers' core, stopped when it listens."""
    server_core, _ = cores()
    with process(serve, replace(plan, core=server_core)) as (pipe, server):
        ready: ReadyCarrier = receive(pipe, server, READY_TIMEOUT_S)
        os.kill(ready.pid, signal.SIGSTOP)
        try:
            yield pipe, server, ready
        finally:
            os.kill(ready.pid, signal.SIGCONT)


def ratios(own: list[float], rival: list[float]) -> dict[str, float]:
    """Median and spread of the pairs' ratios."""
    found = [a / b for a, b in zip(own, rival, strict=True)]
    return {
        "ratio": round(statistics.median(found), 3),
        "ratio_min": round(min(found), 3),
        "ratio_max": round(max(found), 3),
    }
