"""The goals P1–P8 of the native plane, each with the command that shows it and where its figure stands in the report.

What a goal asks that no command of this machine can show is listed with the reason, never as reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Report = Mapping[str, Any]
Reports = Mapping[str, Report]

#: by name: what follows `geooffer bench` (with --json)
COMMANDS: dict[str, str] = {
    "direct": "direct --plane native --pairs 5 --seconds 2 --warmup 0.5 --rate 0.5 --latency-pairs 9 --trace",
    "direct8": "direct8 --plane native --pairs 5 --seconds 1.5 --warmup 0.5",
    "gateway": "gateway --plane native --pairs 5 --seconds 1.5 --warmup 0.5",
    "gateway8": "gateway8 --plane native --pairs 5 --seconds 1.5 --warmup 0.5",
    "direct vs python": "direct --plane native --rival python --pairs 3 --seconds 2 --warmup 0.5",
    "gateway vs python": "gateway --plane native --rival python --pairs 3 --seconds 2 --warmup 0.5",
    "packed": "packed --plane native --pairs 5 --seconds 1.5 --warmup 0.5 --persons 1024000",
    "kernel": "kernel",
    "hold": "direct --plane native --gil-hog hold --pairs 1 --seconds 2 --warmup 0.5 --rate 0.5 --latency-pairs 3",
    "burn": "direct --plane native --gil-hog burn --pairs 1 --seconds 2 --warmup 0.5 --rate 0.5 --latency-pairs 3",
    "snapshots": "direct --plane native --journal sqlite --compacting --pairs 1 --seconds 2 --warmup 0.5 --rate 0.5"
    " --latency-pairs 3",
    "offers": "direct --plane native --journal sqlite --everybody --pairs 0 --seconds 8 --warmup 0 --rate 5000",
    "busy offers": "direct --plane native --journal sqlite --everybody --gil-hog burn --pairs 0 --seconds 8 --warmup 0"
    " --rate 5000",
    "idle": "idle --plane native",
    "memory": "memory --persons 100000",
    "catalog": "catalog --seconds 3",
    "tile38-b": "tile38-b --plane native --pairs 1 --seconds 2",
    "tile38-c": "tile38-c --plane native --pairs 1 --seconds 2",
    "tile38-d": "tile38-d --plane native --pairs 3 --seconds 1.5",
    "tile38-e": "tile38-e --plane native --pairs 3 --seconds 1.5",
    "restart": "restart --persons 0 --fences 0 --rounds 3",
}


@dataclass(frozen=True, slots=True)
class Goal:
    """One bound."""

    name: str
    text: str
    command: str
    path: str
    """Keys and indices into the report, by points."""
    bound: float
    is_minimum: bool
    over: str = ""
    """Another command: the same path there divides the figure."""
    unit: str = "×"


GOALS = (
    Goal("P1", "direct beside its echo", "direct", "ratio", 0.85, True),
    Goal("P1", "direct8 beside its echo", "direct8", "ratio", 0.85, True),
    Goal("P1", "gateway beside its echo", "gateway", "ratio", 0.7, True),
    Goal("P1", "gateway8 beside its echo", "gateway8", "ratio", 0.5, True),
    Goal("P1", "direct beside grpc.aio", "direct vs python", "ratio", 6.0, True),
    Goal("P1", "gateway beside grpc.aio", "gateway vs python", "ratio", 50.0, True),
    Goal("P2", "packed on one core, 1 M persons", "packed", "pings_per_s", 2e6, True, unit="pings/s"),
    Goal("P3", "engine step outside all fences", "kernel", "outside_ns", 100.0, False, unit="ns"),
    Goal("P3", "engine step entering, with a decision", "kernel", "deciding_ns", 500.0, False, unit="ns"),
    # 1,600 → 100,000 fences: logarithms grow 1.6 ×
    Goal("P3", "growth from 1,600 to 100,000 fences", "kernel", "growth", 1.6, False),
    Goal("P4", "Tile38 b, batched beside pipelined", "tile38-b", "batched.ratio", 50.0, True),
    Goal("P4", "Tile38 c, batched beside pipelined", "tile38-c", "batched.ratio", 20.0, True),
    Goal("P4", "Tile38 d, batched beside pipelined", "tile38-d", "batched.ratio", 20.0, True),
    Goal("P4", "Tile38 e, batched beside pipelined", "tile38-e", "batched.ratio", 20.0, True),
    Goal("P4", "Tile38 b, one ping a message", "tile38-b", "singles.ratio", 10.0, True),
    Goal("P4", "Tile38 d, one ping a message", "tile38-d", "singles.ratio", 1.2, True),
    Goal("P4", "Tile38 e, one ping a message", "tile38-e", "singles.ratio", 1.2, True),
    Goal("P4", "Tile38 d, p99 beside its own", "tile38-d", "singles.p99_ratio", 1.0, False),
    Goal("P4", "Tile38 e, p99 beside its own", "tile38-e", "singles.p99_ratio", 1.0, False),
    Goal("P5", "p50 at 50 %", "direct", "open_loop.0.p50_us", 100.0, False, unit="µs"),
    Goal("P5", "p99 at 50 %", "direct", "open_loop.0.p99_us", 2_000.0, False, unit="µs"),
    Goal("P5", "p99.9 at 50 %", "direct", "open_loop.0.p999_us", 5_000.0, False, unit="µs"),
    Goal("P5", "p99 beside the echo's, median of 9 pairs", "direct", "open_loop.0.p99_ratio.ratio", 1.5, False),
    Goal("P5", "decided within their budget", "direct", "open_loop.0.share_within_budget", 0.999, True, unit=""),
    Goal("P5", "p50 while the GIL is held, over p50", "hold", "open_loop.0.p50_us", 1.5, False, over="direct"),
    Goal("P5", "p99 while the GIL is held", "hold", "open_loop.0.p99_us", 2_000.0, False, unit="µs"),
    Goal("P5", "p50 while Python burns, over p50", "burn", "open_loop.0.p50_us", 1.5, False, over="direct"),
    Goal("P5", "p99 while Python burns", "burn", "open_loop.0.p99_us", 2_000.0, False, unit="µs"),
    Goal("P5", "p99 while snapshots are written", "snapshots", "open_loop.0.p99_us", 2_000.0, False, unit="µs"),
    Goal("P5", "durable offers p99", "offers", "open_loop.0.offer_p99_us", 5_000.0, False, unit="µs"),
    Goal("P5", "durable p99, Python burns", "busy offers", "open_loop.0.offer_p99_us", 30_000.0, False, unit="µs"),
    Goal("P6", "hot state of a customer", "memory", "tables.persons+devices+hash of devices", 128.0, False, unit="B"),
    Goal("P6", "an idle direct stream", "idle", "direct_bytes", 15 * 1_024.0, False, unit="B"),
    Goal("P6", "an idle multiplexed stream", "idle", "multiplexed_bytes", 1_536.0, False, unit="B"),
    Goal("P7", "fence in force p99, 100k", "catalog", "changes.changes.in_force.p99_us", 50_000.0, False, unit="µs"),
    Goal("P8", "ready with a warm cache", "restart", "median_seconds", 2.0, False, unit="s"),
)

NOT_SHOWN = (
    ("P2", "a second core adds ≥ 0.8", "the load has the second core here; needs four"),
    (
        "P4",
        "≥ 10 × the composed stack, ≤ ¼ of its p99",
        "the shape `stack` is not built; Tile38 has figures where TILE38_SERVER names its server",
    ),
    ("P4", "≥ 3 × shapely, ≥ 50 × rtree", "benchmarks/test_index.py shows it (`make benchmarks`)"),
    (
        "P6",
        "10 M customers, bytes a fence",
        "`bench memory --persons 10000000`; benchmarks/index_growth.py",
    ),
    (
        "P7",
        "bulk load of 100k fences ≤ 3 s",
        "`bench catalog` tells fill_s through the API, not from arrays",
    ),
    ("P8", "first compile ≤ 60 s", "needs an empty cache: GEOOFFER_CACHE_DIR=… make kernels"),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A goal and what was found."""

    goal: Goal
    value: float | None
    """None: its command failed, or its report does not tell."""

    @property
    def is_reached(self) -> bool:
        """False also where there is no figure."""
        if self.value is None:
            return False
        return self.value >= self.goal.bound if self.goal.is_minimum else self.value <= self.goal.bound


def shown(goal: Goal, reports: Reports) -> Shown:
    """What a goal's command found; over another command's figure where the goal says so."""
    value = _figure(reports.get(goal.command), goal.path)
    if goal.over and value is not None:
        base = _figure(reports.get(goal.over), goal.path)
        value = value / base if base else None
    return Shown(goal, value)


def _figure(report: Report | None, path: str) -> float | None:
    """A number in a report; names joined by + are added."""
    if report is None:
        return None
    *way, last = path.split(".")
    found: Any = report
    for key in way:
        try:
            found = found[int(key)] if isinstance(found, list) else found[key]
        except (IndexError, KeyError):
            return None
    values = [found.get(name) for name in last.split("+")]
    return None if any(value is None for value in values) else float(sum(values))
