"""The native load generator (native/load) in a process of its own: a plan in, what it measured out.

It comes with the extension `geooffer_native`; or `GEOOFFER_LOAD_PROGRAM` names the program `geooffer-load` (cargo build
--release -p geooffer-load), which is taken then. Neither: `program()` is None, and `direct` has a Python generator.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from hdrh.histogram import HdrHistogram

from geooffer.bench import latency
from geooffer.bench.processes import BenchmarkError, pin
from geooffer.errors import GeoofferError
from geooffer.model.verdicts import OfferVerdict, PingVerdict, TransitionKind

PROGRAM_VARIABLE = "GEOOFFER_LOAD_PROGRAM"
NEEDED = f"the native load generator is needed: `make native`, or {PROGRAM_VARIABLE}=path of geooffer-load"

Run = Callable[[str], str]
"""A plan's JSON in, a report's JSON out. Raises BenchmarkError."""


def program() -> Run | None:
    """What runs plans on this machine."""
    path = os.environ.get(PROGRAM_VARIABLE)
    if path:
        return lambda plan: _run_program(path, plan)
    try:
        native = importlib.import_module("geooffer_native")
    except ImportError:
        return None
    run: Run | None = getattr(native, "run_load", None)
    return None if run is None else lambda plan: _run_extension(run, plan)


def _run_program(path: str, plan: str) -> str:
    done = subprocess.run([path], input=plan, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchmarkError(done.stderr.strip() or f"the load generator ended with {done.returncode}")
    return done.stdout


def _run_extension(run: Run, plan: str) -> str:
    try:
        return run(plan)
    except ValueError as error:
        raise BenchmarkError(str(error)) from error


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one run of the native generator measured. Counts are of messages unless they say rows."""

    sent: int
    acknowledged: int
    sent_rows: int
    stream_sent: list[int]
    rejected: Counter[str]
    tries: Counter[str]
    transitions: Counter[str]
    """ENTER, EXIT, DWELL: told to gateways."""
    offers: int
    unwanted: int
    errors: dict[str, int]
    measured_rows: int
    in_budget_rows: int
    measured_s: float
    server_cpu_s: float
    client_cpu_s: float
    client_wait_s: float
    stolen_ms: int
    histogram: HdrHistogram
    """Latency in µs from the intended time; of a closed loop it tells nothing of the service."""
    offer_histogram: HdrHistogram
    lag_histogram: HdrHistogram
    """The load's own lateness."""
    trace: dict[str, Any] | None

    @property
    def rows_per_s(self) -> float:
        """Answered."""
        return self.measured_rows / self.measured_s

    @property
    def server_cpu_ns(self) -> float:
        """Of all its threads, a row."""
        return self.server_cpu_s * 1e9 / max(1, self.measured_rows)

    @property
    def client_share(self) -> float:
        """Of a core, used by the load; an open loop spins and uses all of it."""
        return self.client_cpu_s / self.measured_s

    @property
    def budget_share(self) -> float:
        """Of the rows, answered within their budget and not shed."""
        return self.in_budget_rows / max(1, self.measured_rows)


def loaded(report: dict[str, Any]) -> Loaded:
    """From the generator's JSON."""
    plain = {name: report[name] for name in Loaded.__dataclass_fields__ if name in report}
    return Loaded(
        **plain
        | {
            "rejected": _named(report["rejected"], PingVerdict),
            "tries": _named(report["tries"], OfferVerdict),
            "transitions": _named(report["transitions"], TransitionKind),
            "histogram": latency.histogram_of_buckets(report["latency"]["buckets"]),
            "offer_histogram": latency.histogram_of_buckets(report["offer_latency"]["buckets"]),
            "lag_histogram": latency.histogram_of_buckets(report["send_lag"]["buckets"]),
        }
    )


def _named(counts: dict[str, int], verdicts: Any) -> Counter[str]:
    names = {int(verdict): verdict.name for verdict in verdicts}
    return Counter({names.get(int(number), number): count for number, count in counts.items()})


def run_plans(pipe: Connection, core: int | None) -> None:
    """The process's main: plans in, for each a report or the text of what went wrong out, until the pipe closes."""
    pin(core)
    run = program()
    while True:
        try:
            plan: dict[str, Any] = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        if run is None:
            pipe.send(NEEDED)
            continue
        try:
            pipe.send(json.loads(run(json.dumps(plan))))
        except GeoofferError as error:
            pipe.send(error.message)
