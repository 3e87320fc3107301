"""`geooffer bench`: what this machine does. `direct`: pings a second against the transport's own ceiling, and latency
at a fixed rate; `memory` (bench_memory.py): what a person weighs; `offers` (bench_offers.py): durable offers.
"""

from __future__ import annotations

import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from geooffer.cli import (
    bench_catalog,
    bench_effect,
    bench_flaps,
    bench_hints,
    bench_journal,
    bench_memory,
    bench_offers,
    bench_overload,
    bench_restart,
)
from geooffer.cli.bench_report import origin, print_origin, tell
from geooffer.cli.options import JsonOutput
from geooffer.cli.output import remark
from geooffer.errors import ConfigurationError

BUSY_SHARE = 0.9


class Plane(StrEnum):
    """What carries the pings."""

    PYTHON = "python"
    ECHO = "echo"


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="Measure on this machine.")
    app.add_typer(group, name="bench")
    bench_catalog.register(group)
    bench_memory.register(group)
    bench_hints.register(group)
    bench_journal.register(group)
    bench_effect.register(group)
    bench_flaps.register(group)
    bench_offers.register(group)
    bench_overload.register(group)
    bench_restart.register(group)

    @group.command("direct")
    def direct(
        plane: Annotated[Plane, typer.Option(help="grpc.aio with the engine, or its echo alone.")] = Plane.PYTHON,
        seconds: Annotated[float, typer.Option(min=0.1, help="Measured time of each run.")] = 5.0,
        warmup: Annotated[float, typer.Option(min=0.0, help="Seconds before measuring.")] = 2.0,
        rate: Annotated[
            float, typer.Option(min=0.0, help="Pings per second of an open loop run; 0 = closed loop only.")
        ] = 0.0,
        streams: Annotated[int, typer.Option(min=1, max=10_000, help="Phones, a connection each.")] = 1_000,
        pairs: Annotated[int, typer.Option(min=1, help="Alternations of plane and echo.")] = 3,
        hgrm: Annotated[Path | None, typer.Option(help="Write the percentile curve here (with --rate).")] = None,
        picture: Annotated[Path | None, typer.Option(help="Draw the percentile curve here, as SVG.")] = None,
        json_output: JsonOutput = False,
    ) -> None:
        """Phones that connect themselves: server on one core, load generator on another, answers checked."""
        from geooffer.bench.direct import DirectPlan, measure
        from geooffer.cli.bench_server import serve

        if (hgrm or picture) and not rate:
            raise ConfigurationError("--hgrm and --picture need --rate: latency is measured open loop only")
        with tempfile.TemporaryDirectory(prefix="geooffer-bench-") as directory:
            plan = DirectPlan(
                plane=plane.value, stream_count=streams, seconds=seconds, warmup_s=warmup, rate=rate,
                pair_count=pairs, state_dir=Path(directory), hgrm=hgrm, picture=picture,
            )  # fmt: skip
            report = measure(plan, serve, remark)
        tell(report | {"shape": "direct"} | origin(), _print, json_output)


def _print(report: dict[str, Any]) -> None:
    print(f"{report['shape']} · plane {report['plane']} · {report['streams']:,} streams")
    print(f"  {report['pings_per_s']:>10,} pings/s closed loop, one in flight a stream")
    print(f"  {report['rival_pings_per_s']:>10,} pings/s the transport's echo; ratio {report['ratio']}")
    print(f"  {report['server_cpu_ns_per_ping']:>10,} ns of server CPU a ping")
    print(f"  {report['client_cpu_share']:>10.0%} of its core used by the load generator")
    if report["client_cpu_share"] > BUSY_SHARE:
        print("             so it may be the bottleneck: the rates are lower bounds, the ratio too close to 1")
    if report["p50_us"] is not None:
        print(f"  open loop at {report['rate']:,.0f} pings/s, from intended send to answer:")
        for name in ("p50_us", "p90_us", "p99_us", "p999_us", "max_us"):
            print(f"  {report[name]:>10,} µs {name.removesuffix('_us')}")
        print(f"  {report['share_within_budget']:>10.3%} within the budget of 50 ms")
    print(f"  verdicts {report['verdicts']}, {report['offers']:,} offers")
    print_origin(report)
