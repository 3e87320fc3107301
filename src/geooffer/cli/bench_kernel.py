"""`geooffer bench kernel`: what a step of the engine costs a ping, without transport."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from geooffer.cli.bench_report import origin, print_origin, tell
from geooffer.cli.options import JsonOutput
from geooffer.cli.output import remark


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("kernel")(kernel)


def kernel(
    fences: Annotated[list[int] | None, typer.Option(min=1, help="Catalogs to measure in turn.")] = None,
    persons: Annotated[int, typer.Option(min=1_024, max=10_000_000, help="Each with a device.")] = 102_400,
    steps: Annotated[int, typer.Option(min=1, help="Timed steps of 1,024 rows, of each kind.")] = 100,
    json_output: JsonOutput = False,
) -> None:
    """The compiled matcher over arrays: outside all fences, entering with a decision, and the stated mix."""
    from geooffer.bench.kernel import KernelPlan, measure

    plan = KernelPlan(tuple(sorted(fences or (1_600, 100_000))), persons, steps)
    tell(measure(plan, remark) | origin(), _print, json_output)


def _print(report: dict[str, Any]) -> None:
    print(f"kernel · {report['persons']:,} persons, {report['rows']:,} rows a step, median ns a ping")
    for kind, catalogs in report["ns_per_ping"].items():
        for count, found in catalogs.items():
            told = f"best {found['best_ns']:,.0f}; {found['tries_per_ping']} tries, {found['winners_per_ping']} winners"
            print(f"  {found['ns']:>10,.0f} {kind}, {count:,} fences ({told} a ping)")
    print(f"  {report['growth']:>10} × from {report['growth_from']:,} to {report['growth_to']:,} fences, outside")
    print_origin(report)
