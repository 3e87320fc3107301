"""What a transport shape does: capacity closed loop beside its rival, then latency open loop at shares of it."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geooffer.bench import latency
from geooffer.bench.carried import Carrier, CarrierPlan, Pace, Serve, carriers, ratios
from geooffer.bench.direct_world import INTENT_EVERY
from geooffer.bench.latency_picture import write_picture
from geooffer.bench.native_load import Loaded
from geooffer.bench.shapes import Shape

Note = Callable[[str], None]
_LATENCY_KEYS = ("rate", "p50_us", "p90_us", "p99_us", "p999_us", "max_us", "share_within_budget")


@dataclass(frozen=True, slots=True)
class TransportPlan:
    """What to measure."""

    shape: Shape
    plane: str
    """native or python; native-echo and python-echo measure the ceiling alone, against the other's."""
    rival: str
    """Any of the four."""
    seconds: float
    warmup_s: float
    pair_count: int
    """0 = open loop only, at rates given."""
    rates: tuple[float, ...] = ()
    """Pings a second of open loop runs; below 1: shares of the capacity that the closed loop found."""
    latency_pair_count: int = 1
    hog: str = ""
    journal: str = "memory"
    compacts: bool = False
    intent_every: int = INTENT_EVERY
    traces: bool = False
    hgrm: Path | None = None
    picture: Path | None = None


def measure(plan: TransportPlan, serve: Serve, note: Note) -> dict[str, Any]:
    """Run the plan; the benchmark's JSON without machine, versions and commit. Raises BenchmarkError."""
    with tempfile.TemporaryDirectory(prefix="geooffer-bench-") as directory:
        plans = [_carrier_plan(plan, plane, Path(directory) / plane) for plane in (plan.plane, plan.rival)]
        with carriers(plans, serve) as (own, rival):
            return measure_pair(plan, own, rival, note)


def _carrier_plan(plan: TransportPlan, plane: str, state_dir: Path) -> CarrierPlan:
    return CarrierPlan(
        plane, plan.shape, None, state_dir, journal=plan.journal, hog=plan.hog,
        compacts=plan.compacts and not plane.endswith("echo"), intent_every=plan.intent_every,
    )  # fmt: skip


def measure_pair(plan: TransportPlan, own: Carrier, rival: Carrier, note: Note) -> dict[str, Any]:
    """The same with servers that listen already."""
    report: dict[str, Any] = {
        "shape": plan.shape.name,
        "plane": plan.plane,
        "rival": plan.rival,
        "connections": plan.shape.connection_count,
        "streams": plan.shape.stream_count,
        "window": plan.shape.window,
        "pings_per_message": plan.shape.rows_per_message,
        "persons": plan.shape.device_count,
        "seconds": plan.seconds,
        "pairs": plan.pair_count,
        "hog": plan.hog,
        "journal": plan.journal,
        **dict.fromkeys(_LATENCY_KEYS),
    }
    offers = 0
    if plan.pair_count:
        runs, others = closed_loop(plan, own, rival, note)
        report |= _capacity(runs, others)
        offers += sum(run.offers for run in runs)
    rates = [rate * report["pings_per_s"] if rate < 1 else rate for rate in plan.rates]
    report["open_loop"] = [_open_loop(plan, own, rival, rate, note) for rate in rates]
    if report["open_loop"]:
        first = report["open_loop"][0]
        report |= {name: first[name] for name in _LATENCY_KEYS}
        report |= {f"rival_{name}": first["rival"][name] for name in ("p50_us", "p99_us")}
    report["verdicts"] = dict(sorted(own.verdicts.items()))
    report["offers"] = offers + sum(run["offers"] for run in report["open_loop"])
    return report


def _capacity(runs: Sequence[Loaded], others: Sequence[Loaded]) -> dict[str, Any]:
    """What closed loops found."""
    return {
        "pings_per_s": round(statistics.median(run.rows_per_s for run in runs)),
        "pings_per_s_best": round(max(run.rows_per_s for run in runs)),
        "server_cpu_ns_per_ping": round(statistics.median(run.server_cpu_ns for run in runs)),
        "rival_server_cpu_ns_per_ping": round(statistics.median(run.server_cpu_ns for run in others)),
        "client_cpu_share": round(statistics.median(run.client_share for run in runs), 3),
        "rival_client_cpu_share": round(statistics.median(run.client_share for run in others), 3),
        "rival_pings_per_s": round(statistics.median(run.rows_per_s for run in others)),
        **ratios([run.rows_per_s for run in runs], [run.rows_per_s for run in others]),
        **_cpu_ratio(runs, others),
        "stolen_ms": sum(run.stolen_ms for run in (*runs, *others)),
    }


def _cpu_ratio(runs: Sequence[Loaded], others: Sequence[Loaded]) -> dict[str, float]:
    """By the servers' CPU time a ping: the ratio where the load was the bottleneck."""
    found = [b.server_cpu_ns / a.server_cpu_ns for a, b in zip(runs, others, strict=True) if a.server_cpu_ns]
    return {"cpu_ratio": round(statistics.median(found), 3)} if found else {}


def closed_loop(plan: TransportPlan, own: Carrier, rival: Carrier, note: Note) -> tuple[list[Loaded], list[Loaded]]:
    """A B A B: what each did, pair by pair."""
    pace = Pace(plan.warmup_s, plan.seconds)
    runs, others = [], []
    for number in range(plan.pair_count):
        runs.append(own.run(pace))
        others.append(rival.run(pace))
        told = f"{runs[-1].rows_per_s:,.0f} pings/s, {plan.rival} {others[-1].rows_per_s:,.0f}"
        note(f"{plan.shape.name}, closed loop, pair {number + 1} of {plan.pair_count}: {told}")
    return runs, others


def _open_loop(plan: TransportPlan, own: Carrier, rival: Carrier, rate: float, note: Note) -> dict[str, Any]:
    pace = Pace(plan.warmup_s, plan.seconds, rate, plan.traces)
    runs, others = [], []
    for number in range(plan.latency_pair_count):
        runs.append(own.run(pace))
        others.append(rival.run(pace))
        p99s = [run.histogram.get_value_at_percentile(99) for run in (runs[-1], others[-1])]
        pairs = f"pair {number + 1} of {plan.latency_pair_count}"
        note(f"{plan.shape.name}, open loop at {rate:,.0f}/s, {pairs}: p99 {p99s[0]:,} µs, {plan.rival} {p99s[1]:,}")
    if plan.hgrm is not None:
        latency.write_hgrm(_merged(runs), plan.hgrm)
    if plan.picture is not None:
        title = f"{plan.shape.name}, {rate:,.0f} pings/s open loop, from intended send to answer"
        write_picture({plan.plane: _merged(runs), plan.rival: _merged(others)}, plan.picture, title)
    return {
        "rate": round(rate),
        **_medians(runs),
        "share_within_budget": round(statistics.median(run.budget_share for run in runs), 6),
        "offers": sum(run.offers for run in runs),
        "offer_p99_us": _offer_p99_us(runs),
        "rival": {"plane": plan.rival, **_medians(others)},
        "p99_ratio": _p99_ratios(runs, others),
        "send_lag_p99_us": int(_merged_lags(runs).get_value_at_percentile(99)),
        "server_busy": round(statistics.median(run.server_cpu_s / run.measured_s for run in runs), 3),
        "shed": sum(run.rejected["SHED"] for run in runs),
        "stolen_ms": sum(run.stolen_ms for run in (*runs, *others)),
        "trace": [run.trace for run in runs if run.trace],
    }


def _medians(runs: Sequence[Loaded]) -> dict[str, int]:
    """Of each percentile the median over runs; the maximum of all."""
    found = [latency.summary(run.histogram) for run in runs]
    told = {name: round(statistics.median(item[name] for item in found)) for name in found[0]}
    return told | {"max_us": max(item["max_us"] for item in found)}


def _p99_ratios(runs: Sequence[Loaded], others: Sequence[Loaded]) -> dict[str, float]:
    p99s = [[float(run.histogram.get_value_at_percentile(99)) for run in side] for side in (runs, others)]
    return ratios(p99s[0], p99s[1])


def _offer_p99_us(runs: Sequence[Loaded]) -> int | None:
    merged = latency.merged(run.offer_histogram for run in runs)
    return int(merged.get_value_at_percentile(99)) if merged.get_total_count() else None


def _merged(runs: Sequence[Loaded]) -> Any:
    return latency.merged(run.histogram for run in runs)


def _merged_lags(runs: Sequence[Loaded]) -> Any:
    return latency.merged(run.lag_histogram for run in runs)
