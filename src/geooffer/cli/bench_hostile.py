"""`geooffer bench hostile`: what honest phones wait while others attack, on either plane."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from geooffer.cli.bench_report import origin, print_origin, tell
from geooffer.cli.bench_transport import Plane, plane_named
from geooffer.cli.options import JsonOutput
from geooffer.cli.output import remark
from geooffer.errors import ConfigurationError


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("hostile")(hostile)


def hostile(
    plane: Annotated[Plane, typer.Option(help="auto: native where it is built; native or python.")] = Plane.AUTO,
    only: Annotated[list[str] | None, typer.Option(help="Attacks of these names alone.")] = None,
    seconds: Annotated[float, typer.Option(min=0.5, help="Measured time of each attack.")] = 3.0,
    rate: Annotated[float, typer.Option(min=1.0, help="Honest pings a second, open loop.")] = 500.0,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 where a bound is broken.")] = False,
    json_output: JsonOutput = False,
) -> None:
    """Slow readers, floods of frames, resets, halves and giants, one after the other, beside an open loop."""
    from geooffer.bench.attacks import ATTACKS
    from geooffer.bench.hostile import HostilePlan, measure
    from geooffer.bench.native_load import NEEDED, program
    from geooffer.cli.bench_carrier import serve

    kinds = [kind for kind in ATTACKS if not only or kind in only]
    if not kinds:
        raise ConfigurationError(f"--only names none of {', '.join(ATTACKS)}")
    if plane_named(plane) not in ("native", "python"):
        raise ConfigurationError("--plane: an echo has nothing to lose; native or python")
    if program() is None:
        raise ConfigurationError(f"hostile: {NEEDED}")
    report = measure(HostilePlan(plane_named(plane), kinds, seconds, rate), serve, remark)
    tell(report | origin(), _print, json_output)
    if check and not report["passed"]:
        raise typer.Exit(1)


def _print(report: dict[str, Any]) -> None:
    print(f"hostile · plane {report['plane']} · {report['rate']:,.0f} honest pings/s, open loop")
    for row in report["attacks"]:
        state = "" if row["passed"] else "  NOT WITHIN ITS BOUNDS"
        sent = f"{row['attacker_sent_bytes'] / 2**20:>8.1f} MiB sent, hung up on {row['attacker_closed_count']:,} ×"
        if row["fault"]:
            print(f"  {row['attack']:<20} honest streams were not served: {row['fault']}")
            continue
        print(
            f"  {row['attack']:<20} p50 {row['p50_us']:>7,}  p99 {row['p99_us']:>8,} µs"
            f"  {row['share_within_budget']:>8.2%} within 50 ms  {row['growth_bytes'] / 2**20:>6.1f} MiB more"
            f"  {sent}{state}"
        )
    print_origin(report)
