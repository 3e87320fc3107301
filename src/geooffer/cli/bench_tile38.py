"""`geooffer bench tile38-a` to `tile38-e`: entering and leaving fences, beside Tile38 where its server is given."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from geooffer.cli.bench_report import origin, print_origin, tell
from geooffer.cli.bench_transport import Plane, plane_named
from geooffer.cli.options import JsonOutput
from geooffer.cli.output import remark
from geooffer.errors import ConfigurationError

HELP = {
    "a": "23,000 devices and no fence.",
    "b": "23,000 circles of 5 km at shop clusters, seven and more rims crossed at every ping.",
    "c": "The same circles, nobody crosses anything.",
    "d": "23,000 circles of 150 m.",
    "e": "20,000 outlines of buildings.",
}


def register(group: typer.Typer) -> None:
    """Add a command for each load."""
    for name, text in HELP.items():
        group.command(f"tile38-{name}", help=f"{text} TILE38_SERVER=path: Tile38 beside it.")(_command(name))


def _command(name: str) -> Any:
    def command(
        plane: Annotated[Plane, typer.Option(help="native or python.")] = Plane.AUTO,
        seconds: Annotated[float, typer.Option(min=0.1, help="Measured time of each run.")] = 2.0,
        warmup: Annotated[float, typer.Option(min=0.0, help="Seconds before measuring.")] = 0.5,
        pairs: Annotated[int, typer.Option(min=1, help="Alternations with Tile38, of each way.")] = 3,
        json_output: JsonOutput = False,
    ) -> None:
        from geooffer.bench import native_load, tile38
        from geooffer.bench.fence_loads import load_named
        from geooffer.bench.fence_run import FencePlan, measure
        from geooffer.cli.bench_carrier import serve

        if native_load.program() is None:
            raise ConfigurationError(f"tile38-{name}: {native_load.NEEDED}")
        own = plane_named(plane)
        if own.endswith("echo"):
            raise ConfigurationError("an echo knows no fences")
        plan = FencePlan(load_named(name), own, seconds, warmup, pairs, tile38.server_path())
        tell(measure(plan, serve, remark) | origin(), _print, json_output)

    return command


def _print(report: dict[str, Any]) -> None:
    from geooffer.bench.tile38 import ABSENT

    print(
        f"{report['shape']} · plane {report['plane']} · {report['fences']:,} fences at {report['shops']} shops, ",
        end="",
    )
    print(f"{report['devices']:,} devices")
    for way, text in (("batched", "column messages, 4 connections"), ("singles", "50 connections, one ping at a time")):
        run = report[way]
        print(f"  {run['pings_per_s']:>10,} pings/s, {text}; ", end="")
        print(f"{run['events_per_ping']} events a ping, p99 {run['p99_us']:,} µs, ", end="")
        print(f"{run['server_cpu_ns_per_ping']:,} ns of server CPU a ping")
        if report["rival"]:
            spread = f"{run['ratio_min']} to {run['ratio_max']}"
            print(f"  {run['rival_pings_per_s']:>10,} of {report['rival']}, p99 {run['rival_p99_us']:,} µs; ", end="")
            print(f"ratio {run['ratio']} ({spread})")
    print("  every ENTER and EXIT as computed independently")
    if not report["rival"]:
        print(f"  {ABSENT}; in a study (another run, the same kind of machine) Tile38 1.37 did")
        print(f"  {report['study']}")
    print_origin(report)
