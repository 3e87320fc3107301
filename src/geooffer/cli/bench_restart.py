"""`geooffer bench restart`: how long `serve` takes from the call to its ready line."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from geooffer.cli.bench_report import origin, tell
from geooffer.cli.options import JsonOutput
from geooffer.cli.output import remark


def register(group: typer.Typer) -> None:
    """Add the command to `geooffer bench`."""
    group.command("restart")(restart)


def restart(
    persons: Annotated[int, typer.Option(min=0, help="Persons in the snapshot.")] = 100_000,
    fences: Annotated[int, typer.Option(min=0, help="Fences in the snapshot.")] = 100_000,
    stores: Annotated[int, typer.Option(min=1, help="Stores they belong to.")] = 1_000,
    rounds: Annotated[int, typer.Option(min=1, help="Starts that are timed.")] = 3,
    json_output: JsonOutput = False,
) -> None:
    """Make a state directory once, then time starts of the real server on it, by phase."""
    from geooffer.bench.restart import make_directory, time_start

    with tempfile.TemporaryDirectory(prefix="geooffer-restart-") as name:
        directory = Path(name)
        make_directory(directory, person_count=persons, fence_count=fences, store_count=stores, on_made=remark)
        remark(f"first start, perhaps with compiling: {time_start(directory).seconds:.2f} s, not counted")
        starts = []
        for number in range(rounds):
            starts.append(time_start(directory))
            remark(f"start {number + 1} of {rounds}: {starts[-1].seconds:.2f} s")
    phases = {phase: statistics.median(start.phases.get(phase, 0.0) for start in starts) for phase in starts[0].phases}
    report: dict[str, Any] = {
        "shape": "restart",
        "persons": persons,
        "fences": fences,
        "stores": stores,
        "seconds": [round(start.seconds, 2) for start in starts],
        "median_seconds": round(statistics.median(start.seconds for start in starts), 2),
        "median_cpu_seconds": round(statistics.median(start.cpu_s for start in starts), 2),
        "phases": {phase: round(seconds, 2) for phase, seconds in phases.items()},
        "resident_mb": round(max(start.resident_bytes for start in starts) / 1e6),
        **origin(),
    }
    tell(report, _print, json_output)


def _print(report: dict[str, Any]) -> None:
    print(f"restart with {report['persons']:,} persons and {report['fences']:,} fences of {report['stores']:,} stores")
    print(f"  {report['median_seconds']:>7.2f} s to ready, median of {len(report['seconds'])}")
    print(f"  {report['median_cpu_seconds']:>7.2f} s of CPU")
    for phase, seconds in report["phases"].items():
        print(f"  {seconds:>7.2f} s {phase}")
    print(f"  {report['resident_mb']:>7,} MB resident; {report['machine']['cpu']}; commit {report['commit'] or '–'}")
