"""The shape `offers`: from the intended sending of a ping to the offer whose record is durable.

The phones of the shape `direct`, each with one offer to get, at a fixed rate. Runs alternate: journal in memory (what
the rest costs), SQLite, SQLite while snapshots are written one after the other. Every offer's latency counts; a ping
without an offer waits for no journal, and its latency beside shows whether that is so. What the disk alone takes on
the server's core, while it works in memory, is measured in a run of its own (bench/disk_probe.py), under load only.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from geooffer.bench import latency
from geooffer.bench.direct import Serve, ServerPlan, run_once
from geooffer.bench.disk_probe import Probed, ProbePlan, probing
from geooffer.bench.load import LoadResult
from geooffer.bench.processes import cores

COMPACTING = "sqlite, writing snapshots"
PROBED = "memory, disk probed beside"
PROBE_RATE = 50.0
"""Writes a second, about as many as a second of this shape has commits."""
JOURNALS = ("memory", "sqlite", COMPACTING, PROBED)


@dataclass(frozen=True, slots=True)
class OffersPlan:
    """What to measure."""

    stream_count: int
    seconds: float
    rate: float
    """Pings a second over all phones, open loop."""
    round_count: int


def measure(plan: OffersPlan, serve: Serve, note: Callable[[str], None]) -> dict[str, Any]:
    """Latencies of offers and of all pings by run; medians over rounds of the percentiles. Raises BenchmarkError."""
    runs: dict[str, list[LoadResult]] = {name: [] for name in JOURNALS}
    pauses: dict[str, list[list[float]]] = {name: [] for name in JOURNALS}
    disk: list[list[float]] = []
    core, _ = cores()
    for number in range(plan.round_count):
        for name in JOURNALS:
            with tempfile.TemporaryDirectory(prefix="geooffer-bench-") as directory:
                server = ServerPlan(
                    "python", plan.stream_count, core, Path(directory), name.split(",")[0], intent_every=1
                )
                server = replace(server, compacts=name == COMPACTING)
                probed = Probed()
                probe = probing(ProbePlan(Path(directory), PROBE_RATE, core), probed) if name == PROBED else None
                times = {"seconds": plan.seconds, "warmup_s": 0.0, "rate": plan.rate}
                result, served = run_once(server, serve, **times, beside=probe)
                if probe is not None:
                    disk.append(probed.latencies_s)
            runs[name].append(result)
            pauses[name].append(served.pauses_s)
            worst = _percentiles([result.offer_latencies_s])
            so_far = f"{result.offers:,} offers, p99 {worst['p99_us']:,} µs"
            note(f"round {number + 1} of {plan.round_count}, {name}: {so_far}")
    told = {
        name: {
            "offers": sum(result.offers for result in results),
            "expected": sum(result.offers_expected for result in results),
            "offer": _percentiles([result.offer_latencies_s for result in results]),
            "ping": _percentiles([result.latencies_s for result in results]),
            "pause": _percentiles(pauses[name]),
        }
        for name, results in runs.items()
    }
    shape = {"rate": plan.rate, "streams": plan.stream_count, "seconds": plan.seconds}
    return shape | {"runs": told, "disk": _percentiles(disk)}


def _percentiles(rounds: list[list[float]]) -> dict[str, Any]:
    found = [latency.summary(latency.histogram_of(values)) for values in rounds]
    return {name: round(statistics.median(item[name] for item in found)) for name in found[0]}
